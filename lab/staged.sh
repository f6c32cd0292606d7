# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
#
# What series/bisect.sh, series/fixes.sh, series/patch-costs.sh and test/tree-selftests.sh
# share: a tree of their own, build/linux-bisect, that holds some of the patches of
# build/series, and the kernel of it in build/bisect.

linux=$build/linux
orig=$build/linux.orig
tree=$build/linux-bisect
stage=$build/overlay-bisect
out=$build/bisect
expected=
export GIT_CEILING_DIRECTORIES=$repo	# or git would take the patches for ours
export KERNEL_DIR=$out

# The stage: what the files of the series are, without any patch.
pristine_stage() {
	rm -rf --one-file-system "$stage"
	mkdir -p "$stage"
	while IFS= read -r file; do
		[ ! -f "$orig/$file" ] || (cd "$orig" && cp -p --parents "$file" "$stage")
	done <"$build/linux.manifest"
}

apply() { # PATCH
	(cd "$stage" && git apply --whitespace=nowarn "$1") || die "$1 does not apply: run 'make series'."
}

make_tree() {
	(
		lock "$build" tree
		rsync -a --delete --link-dest="$linux" --exclude-from=<(sed 's|^|/|' "$build/linux.manifest") "$linux/" "$tree/"
	) || die "making $tree failed: is the disk full?"
}

# Only what differs is written, as a new file: the others are links to build/linux.
lay() {
	local file
	while IFS= read -r file; do
		[ -f "$stage/$file" ] || rm -f "$tree/$file"
	done <"$build/linux.manifest"
	rsync -rlpc "$stage/" "$tree/"
}

# configure FRAGMENT...
configure() {
	local lost
	{ cat "$@"; echo CONFIG_WERROR=y; } >"$out/.allconfig"
	kmake KCONFIG_CONFIG=.config.new KCONFIG_ALLCONFIG="$out/.allconfig" allnoconfig
	lost=$(not_taken "$out/.allconfig" "$out/.config.new" | paste -sd ' ')
	# A patch brings its option.
	[ -f "$tree/security/lsm_audit_kfuncs/Kconfig" ] || lost=${lost/CONFIG_BPF_LSM_AUDIT=y/}
	[ -f "$tree/kernel/audit_test.c" ] || lost=${lost/CONFIG_AUDIT_KUNIT_TEST=y/}
	[ -z "${lost// /}" ] || { echo "error: Kconfig did not take $lost"; return 1; }
	adopt "$out/.config.new"
}
