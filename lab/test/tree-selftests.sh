#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# See that our patches break none of the kernel's own BPF selftests that lab/test/tree-selftests
# names. They are built from the pristine source, with the types of the pristine kernel,
# and run on that kernel and on the one in KERNEL_DIR, by default build/kernel: whatever
# passes on the first must pass on the second. Many pass on neither, since the
# configuration is small, and without bpf_testmod.ko. What passed on the pristine kernel
# is noted; it is not run again until its configuration or the tests change. It shares
# its tree and its objects with bisect.sh and fixes.sh.

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=lab/kbuild.sh
. "$lab/kbuild.sh"
inside "$@"
cd "$repo"

ours=${KERNEL_DIR:-$build/kernel}
# shellcheck source=lab/staged.sh
. "$lab/staged.sh"

list=$lab/test/tree-selftests
results=$build/tree-selftests
[ -f "$ours/arch/x86/boot/bzImage" ] || die "there is no kernel in $ours: run 'make kernel'."
make_dirs "$out" "$results" "$log" "$build/guest"
lock "$build" bisect

# step TEXT COMMAND...: with its output in out_log.
step() {
	out_log=$log/tree-selftests.log
	say "tree-selftests: $1 (log in $out_log)"
	(set -e; "${@:2}") >"$out_log" 2>&1 </dev/null &
	keep_posted $! tree-selftests
	wait $! || { grep -E '(error|fatal error):|Error ' "$out_log" | head -n 5 >&2; die "$1 failed: see $out_log."; }
}

pristine() {
	pristine_stage
	make_tree
	lay
	configure "$lab/kernel/kernel.config"
	kmake vmlinux bzImage
}

# run NAME KERNEL [TEST,...]: on it, all tests or these. Which passed is in NAME.passed.
run() {
	local kernel=$2
	say "tree-selftests: on ${kernel#"$repo/"} (the output is in $results/$1)"
	KERNEL_DIR=$kernel "$lab/machine/boot.sh" -n tree-selftests -t 3600 \
		lab/test/progs.sh build/selftests-bisect-tree -w 600 -a "${3:-*}" >"$results/$1" 2>&1 </dev/null || :
	grep -q '^Summary: ' "$results/$1" || die "they did not end: see $results/$1 and $log/tree-selftests.console."
	sed -nE 's|^#[0-9/]+ +(.*):OK$|\1|p' "$results/$1" | sort -u >"$results/$1.passed"
}
complained() { grep -m 1 '^error: the kernel complained' "$results/$1"; } # NAME

# missing: what passed on the pristine kernel and not on ours.
missing() { comm -23 "$results/pristine.passed" "$results/ours.passed"; }

key=$(cat "$list" "$lab/kernel/kernel.config" "$build/linux.version" "$build/toolroot/.key" 2>/dev/null | sha256sum)
if [ "$(cat "$results/key" 2>/dev/null)" != "$key" ]; then
	rm -f "$results/key"
	step "the pristine kernel" pristine
	step "its selftests" "$lab/test/build-selftests.sh" test_progs "$list"
	run pristine "$out"
	[ "$(grep -c / "$results/pristine.passed")" -gt 1000 ] ||
		die "on the pristine kernel hardly any selftest passes: see $results/pristine."
	echo "$key" >"$results/key"
fi

run ours "$ours"
# A test may make a kernel complain on purpose.
! complaint=$(complained ours) || complained pristine >/dev/null || die "${complaint#error: }"
if [ -n "$(missing)" ]; then
	# Some depend on the time that a busy machine has for them: those once more.
	cp "$results/ours.passed" "$results/once.passed"
	run again "$ours" "$(missing | sed 's|/.*||' | sort -u | paste -sd ,)"
	sort -u "$results/once.passed" "$results/again.passed" >"$results/ours.passed"
fi
count=$(wc -l <"$results/pristine.passed")
[ -z "$(missing)" ] || {
	missing | sed 's/^/not ok /'
	die "$(missing | wc -l) of $count results of the pristine kernel are not those of ${ours#"$repo/"}: see $results/ours."
}
say "all $count results that pass on the pristine kernel pass on ${ours#"$repo/"}, too"
