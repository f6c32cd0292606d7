#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build and run the tests: test.sh in the guest, then, unless it is just one
# SELFTEST, outside.sh on what came out of it. With -s it is for the debug kernel,
# and also lets memory run out, stresses audit for SECONDS, and exercises a program
# on each hook for as long. One line for each check, the last line counts them:
# lab/test/run.sh [-s SECONDS] [SELFTEST]

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"
lock "$build" test
results=$log/test.results
boot=(-n test -t 3600)
# The results of KUnit stand at its start, and others, such as faults, may fill it.
arguments="kunit.enable=1 kunit.autorun=1 log_buf_len=4M"
stress=()
lsms=()
if [ "${1:-}" = -s ]; then
	stress=("${@:1:2}")
	shift 2
	# That kernel is slow, and takes a third of its memory for itself.
	results=$log/test-debug.results
	boot=(-n test-debug -t 7200 -c "$(nproc)" -m 3G)
	# Smack answers some hooks in BPF's place, or BPF in Smack's: it isn't on. In the
	# boots for losses and waits it is, behind bpf, which has no contexts.
	lsms=(-a "lsm=landlock,bpf")
	arguments+=" slab_debug=U,kmalloc-16,kmalloc-32"
fi

"$lab/machine/run.sh" lab/programs.sh
"$lab/machine/run.sh" lab/test/build-selftests.sh
"$lab/userspace/audit-log.sh"
rm -f build/guest/{*.records,vmlinux.btf,dmesg,kunit.*}
status=0
"$lab/machine/boot.sh" "${boot[@]}" "${lsms[@]}" -a "$arguments" lab/test/test.sh "${stress[@]}" "$@" | tee "$results" || status=$?
if [ $# = 0 ]; then
	"$lab/machine/run.sh" lab/test/outside.sh | tee -a "$results" || status=$?
	# A hardening that people use; its allocator fails where others wait.
	"$lab/machine/boot.sh" -n losses -c 4 -a slab_debug=FZ lab/test/losses.sh | tee -a "$results" || status=$?
	"$lab/machine/boot.sh" -n audit-off -a audit=0 lab/test/audit-off.sh | tee -a "$results" || status=$?
	# One processor, so that kauditd runs when a task that needs it doesn't.
	"$lab/machine/boot.sh" -n waits -c 1 lab/test/waits.sh | tee -a "$results" || status=$?
	if [ ${#stress[@]} -gt 0 ]; then
		"$lab/machine/boot.sh" -n labels lab/test/labels.sh | tee -a "$results" || status=$?
		"$lab/test/exercise/run.sh" "${stress[1]}" | sed -n 's/^\(ok\|not ok\) /&exercise: /p' | tee -a "$results" || status=$?
	fi
fi

conclude "$results" "$status"
