#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Make the source of the kernel that make bench compares with: build/linux
# without the overlay, and with the patch BASELINE= instead, in
# build/linux-baseline. What is the same in both is hard links: whoever changes
# a file of either tree makes a new one. With -p only see that there is such a patch.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"

patch=$build/bench/baseline.patch
if [ -z "${LAB_INSIDE:-}" ]; then
	[ -f "${BASELINE:-}" ] ||
		die "there is no baseline${BASELINE:+ in $BASELINE}: name the patch that adds the kfuncs to this Linux in C, as BASELINE=/path/to/patch."
	[ "${1:-}" != -p ] || exit 0
	make_dirs "$build/bench"
	install -m 644 "$BASELINE" "$patch"
fi
inside "$@"

linux=$build/linux
orig=$build/linux.orig
tree=$build/linux-baseline
stage=$build/overlay-baseline
[ -f "$linux/Makefile" ] || die "there is no kernel source in build/linux: run 'make tree'."

lock "$build" tree

# The stage: all files in which the two trees differ.
export GIT_CEILING_DIRECTORIES=$repo	# or git would take the patch for one of ours
patched() { (cd "$build" && git apply --numstat "$patch" 2>"$log/baseline.log") | cut -f 3; }
changed=$(patched) || die "the baseline is not a patch that git can read: $(head -n 1 "$log/baseline.log")."
rm -rf --one-file-system "$stage"
mkdir -p "$stage"
# What the tree differs in from runs before, also from one that was cut off
cat "$build"/linux-baseline.{manifest,before} 2>/dev/null | sort -u >"$build/linux-baseline.part" || :
mv "$build/linux-baseline.part" "$build/linux-baseline.before"
sort -u "$build/linux.manifest" - <<<"$changed" >"$build/linux-baseline.manifest"
while IFS= read -r file; do
	from=$linux
	! grep -qxF "$file" "$build/linux.manifest" || from=$orig
	[ ! -f "$from/$file" ] || (cd "$from" && cp -p --parents "$file" "$stage")
done <"$build/linux-baseline.manifest"
(cd "$stage" && git apply --whitespace=nowarn "$patch") 2>"$log/baseline.log" ||
	die "the baseline does not apply to Linux $(cat "$build/linux.version"): $(head -n 1 "$log/baseline.log")."

# Only what changes is written, so that a build after it is incremental.
{ rsync -a --delete --link-dest="$linux" --exclude-from=<(sed 's|^|/|' "$build/linux-baseline.manifest") "$linux/" "$tree/" &&
	rsync -rlpc --out-format='  %n' "$stage/" "$tree/" | { grep -v '/$' || true; }; } 2>"$log/baseline.log" ||
	blame "$log/baseline.log" "making $tree failed: see $log/baseline.log, mend that and run again."
while IFS= read -r file; do
	[ -f "$stage/$file" ] || rm -f "$tree/$file"
done <"$build/linux-baseline.manifest"
# A file that another patch had changed comes back with the time of the original,
# which is older than the object of the changed one.
while IFS= read -r file; do
	[ ! -f "$linux/$file" ] || { cp "$linux/$file" "$tree/$file.part" && mv "$tree/$file.part" "$tree/$file"; }
done < <(comm -23 "$build/linux-baseline.before" "$build/linux-baseline.manifest")
rm "$build/linux-baseline.before"
say "baseline: build/linux-baseline is Linux $(cat "$build/linux.version") with the baseline's patch"
