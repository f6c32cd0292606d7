#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build a kernel from build/linux: lab/kernel.sh [NAME [VARIABLE=VALUE...]] goes
# to build/NAME (by default "kernel"). If there is a build/linux-NAME, that is
# its source. Its configuration is allnoconfig with lab/kernel.config and, for
# another NAME, lab/NAME.config on top; every symbol named there must be in the
# result. Variables (LLVM=-19) are for kbuild.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/lib.sh"
inside "$@"

name=${1:-kernel}
shift $(($# ? 1 : 0))
tree=$build/linux
[ ! -d "$tree-$name" ] || tree=$tree-$name
out=$build/$name
out_log=$log/$name.log
fragments=("$lab/kernel.config")
[ "$name" = kernel ] || fragments+=("$lab/$name.config")
[ -f "${fragments[-1]}" ] || die "there is no ${fragments[-1]}: choose a kernel that has a lab/NAME.config."
[ -f "$tree/Makefile" ] || die "there is no kernel source in $tree: run 'make tree'."

make_dirs "$log" "$out"
lock "$build" "$name"
# An objects folder holds about 2 GB in the end.
[ -e "$out/vmlinux" ] || need_space "$build" 2500 "building a kernel"

kmake() { make -C "$tree" O="$out" -j "${JOBS:-$(nproc)}" "$@"; }

explain() {
	echo "--- the last errors in $out_log:" >&2
	grep -E '(error|Error|undefined|No space)' "$out_log" | grep -v '^  [A-Z]' | tail -n 25 >&2 || tail -n 15 "$out_log" >&2
	blame "$out_log" "$1 failed: see $out_log, mend that and run again."
}

# The configuration is made anew each time, and taken only if it differs.
cat "${fragments[@]}" >"$out/.allconfig"
kmake KCONFIG_CONFIG=.config.new KCONFIG_ALLCONFIG="$out/.allconfig" "$@" allnoconfig >"$out_log" 2>&1 ||
	explain "configuring $name"
# A later fragment may take back what an earlier one set.
lost=$(sed -nE 's/^(# )?(CONFIG_[A-Z0-9a-z_]+)(=| is not set).*/\2/p' "$out/.allconfig" | sort -u |
	while IFS= read -r symbol; do
		want=$(grep -E "^(# )?$symbol(=| is not set)" "$out/.allconfig" | tail -n 1)
		case $want in
		\#*) ! grep -q "^$symbol=" "$out/.config.new" || echo "$symbol" ;;
		*) grep -qxF "$want" "$out/.config.new" || echo "$want" ;;
		esac
	done | paste -sd ' ')
[ -z "$lost" ] ||
	die "the kernel's Kconfig did not take $lost: mend lab/${fragments[-1]##*/}, or the tool that such a symbol depends on (see $out/.config.new)."
if cmp -s "$out/.config.new" "$out/.config"; then
	rm "$out/.config.new"
else
	mv "$out/.config.new" "$out/.config"
fi

posting() {
	local lines
	lines=$(grep -c '^  ' "$out_log" || true)
	echo "$lines of about 2400 build lines at most, now $(grep '^  ' "$out_log" | tail -n 1 | awk '{ print $1, $2 }')"
}

say "$name: building (log in $out_log); from nothing it takes 6 to 15 minutes on two cores"
start=$SECONDS
kmake "$@" vmlinux bzImage >>"$out_log" 2>&1 &
keep_posted $! "$name"
wait $! || explain "building $name"
[ ! -s "$out_log" ] || grep -E '(warning|WARNING):' "$out_log" || true
say "$name: $out/arch/x86/boot/bzImage is ready after $((SECONDS - start)) s"
