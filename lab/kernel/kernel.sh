#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build a kernel from build/linux: lab/kernel/kernel.sh [-c] [NAME [VARIABLE=VALUE...]] goes
# to build/NAME (by default "kernel"), with -c only its configuration. If there is
# a build/linux-NAME, that is its source. Its configuration is allnoconfig with
# lab/kernel/kernel.config and, for another NAME, lab/kernel/NAME.config on top (for kernel-rt
# kernel-debug's in between); every symbol named there must be in the result, as the last of
# them has it. Variables (LLVM=-19) are for kbuild.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/kbuild.sh
. "$lab/kbuild.sh"
inside "$@"

only=
[ "${1:-}" != -c ] || { only=yes; shift; }
name=${1:-kernel}
shift $(($# ? 1 : 0))
tree=$build/linux
[ ! -d "$tree-$name" ] || tree=$tree-$name
out=$build/$name
out_log=$log/$name.log
expected=2400	# build lines
fragments=("$lab/kernel/kernel.config")
[ "$name" != kernel-rt ] || fragments+=("$lab/kernel/kernel-debug.config")
[ "$name" = kernel ] || fragments+=("$lab/kernel/$name.config")
[ "$name" = kernel ] || expected=3100
[ -f "${fragments[-1]}" ] || die "there is no ${fragments[-1]}: choose a kernel that has a lab/kernel/NAME.config."
[ -f "$tree/Makefile" ] || die "there is no kernel source in $tree: run 'make tree'."

make_dirs "$log" "$out"
lock "$build" "$name"
# What is compiled must not change meanwhile.
[ "$tree" != "$build/linux" ] || share "$build" tree
# An objects folder holds about 2 GB in the end.
[ -e "$out/vmlinux" ] || need_space "$build" "$(left "$out" 2500)" "building a kernel"

# The configuration is made anew each time, and taken only if it differs.
cat "${fragments[@]}" >"$out/.allconfig"
kmake KCONFIG_CONFIG=.config.new KCONFIG_ALLCONFIG="$out/.allconfig" "$@" allnoconfig >"$out_log" 2>&1 ||
	explain "configuring $name"
lost=$(not_taken "$out/.allconfig" "$out/.config.new" | paste -sd ' ')
[ -z "$lost" ] ||
	die "the kernel's Kconfig did not take $lost: mend lab/kernel/${fragments[-1]##*/}, or the tool that such a symbol depends on (see $out/.config.new)."
adopt "$out/.config.new"
[ -z "$only" ] || exit 0

say "$name: building (log in $out_log); from nothing it takes 6 to 15 minutes on two cores"
start=$SECONDS
{ kmake "$@" vmlinux bzImage && make_kmod "$out" kmake "$@"; } >>"$out_log" 2>&1 &
keep_posted $! "$name"
wait $! || explain "building $name"
[ ! -s "$out_log" ] || grep -E '(warning|WARNING):' "$out_log" || true
say "$name: $out/arch/x86/boot/bzImage is ready after $((SECONDS - start)) s"
