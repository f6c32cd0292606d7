#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tests, in the guest, as root: the kselftests (or the one that is named),
<<<<<<< HEAD
# what KUnit said, and auditd and ausearch on the denials of the demonstration's
# policy and on the longest records. One line for each check, as it ends; ends
# with an error if one of them fails: test.sh [SELFTEST]
=======
# what KUnit said, the demonstration's policy, and the tools of audit's own user
# space on all records of the run. With -s, on the debug kernel, also allocations
# that fail, SECONDS of stress, and a search for leaks. One line for each check,
# as it ends; the last line counts them. Ends with an error if one of them fails:
# test.sh [-s SECONDS] [SELFTEST]
>>>>>>> f1d1bfd (WIP debug)

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"

objects=build/test
received=$PWD/build/guest/selftests.records
failed=0

# check NAME [PROBLEM...]
check() {
	local name=$1
	shift
	if [ $# = 0 ]; then
		echo "ok $name"
	else
		failed=$((failed + 1))
		printf -v problems '; %s' "$@"
		echo "not ok $name - ${problems#; }"
	fi
}

# BTF has the prototypes that programs declare, parameter names included.
one_per_line() { tr -s '\n\t ' ' ' | grep -o 'extern [^;]*bpf_audit_log_[^;]*;' | sort; }
prototypes() {
	local difference
	if difference=$(diff <(one_per_line <lab/demo/audit_kfuncs.h) \
		<(bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep bpf_audit_log_ | one_per_line)); then
		check "prototypes in BTF"
	else
		check "prototypes in BTF" "$(tr '\n' '|' <<<"$difference")"
	fi
}

denial() { # TITLE, then as examine
	local title=$1
	shift
	examine "$@"
	if [ -n "$record" ]; then
		found_by -p "$pid"
		found_by -c "$2"
	fi
	check "denial: $title" "${problems[@]}"
}

# found_by OPTION VALUE: the record, by what its system call's record says.
found_by() {
	search --raw "$@" | grep -qF "$record" || problems+=("ausearch $* does not find it")
}

# report GROUP: the results that a command prints, one on each line.
report() {
	local line
	while IFS= read -r line; do
		case $line in
		"ok "*) check "$1: ${line#ok }" ;;
		"not ok "*) line=${line#not ok }; check "$1: ${line%% - *}" "${line#* - }" ;;
		*) check "$1: $line" "it is not a result" ;;
		esac
	done
}

# The kernel ran them when it booted; each suite of ours has to be among them.
kunit() {
	local suites
	mapfile -t suites < <(git -c safe.directory='*' grep -hoP 'kunit_tests\(\K\w+' -- '*.rs')
	dmesg >"$state/dmesg"
	build/linux/tools/testing/kunit/kunit.py parse --json="$state/kunit.json" "$state/dmesg" >"$state/kunit.out" 2>&1 || :
	report kunit < <(lab/test/kunit.py "$state/kunit.json" "${suites[@]}" 2>&1 || echo "not ok kunit.py - it failed")
}

# They take the audit socket, so they come before auditd does. This guest has all
# that they need: one that is skipped has failed.
selftests() { # [SELFTEST]
	local line name summary=''
	rm -f "$received"
	while IFS= read -r line; do
		name=${line#* lsm_audit_}
		name=${name%%:*}
		case $line in
		\#*/*:OK) check "selftest: $name" ;;
		\#*/*:SKIP* | \#*/*:FAIL*) check "selftest: $name" "${line##*:}: see build/guest/selftests.log" ;;
		Summary:*) summary=$line ;;
		esac
	done < <(cd "build/selftests${stress:+-debug}" &&
		{ AUDIT_LOG=$received ./test_progs -v -a "lsm_audit_*${1:+/$1}" "${deny[@]}" 2>&1 || :; } |
		tee ../guest/selftests.log | grep -aE --line-buffered '^(#[0-9]+/.*:(OK|SKIP|FAIL)|Summary:)')
	case $summary in
	"Summary: "[1-9]*/[1-9]*" PASSED, 0 SKIPPED, 0"*" FAILED") ;;
	*) check "selftest: all" "test_progs says '${summary:-nothing}': see build/guest/selftests.log" ;;
	esac
}

# auditd wrote the records of the denials, and shall write some of the greatest length.
longest() {
	bpftool prog loadall "$objects/longest.bpf.o" /sys/fs/bpf/longest autoattach >"$state/bpftool.out" 2>&1 ||
		die "longest.bpf.o does not load: $(tail -n 1 "$state/bpftool.out")"
	report auditd < <(lab/test/longest.py "$memory" "$state/audit.log" 2>&1 || echo "not ok longest.py - it failed")
	rm -r /sys/fs/bpf/longest
}

nothing_lost() {
	local lost
	lost=$(auditctl -s | sed -n 's/^lost //p')
	if [ "$lost" = 0 ]; then check "no record lost"; else check "no record lost" "audit lost $lost"; fi
}

# Programs of all kinds, from a generator.
fuzz() {
	[ ! -x lab/fuzz/fuzz.sh ] || report fuzz < <(lab/fuzz/fuzz.sh 2>&1 || echo "not ok fuzz.sh - it failed")
}

stress() { # SECONDS
	auditctl --signal stop
	wait_for "auditd to end" no_auditd
	report stress < <(lab/stress/stress.py build/stress "$1" 2>"$state/stress.err" ||
		echo "not ok stress.py - it failed: $(tail -n 1 "$state/stress.err")")
}

# What kmemleak finds by one scan may have been on its way to where it is kept.
leaks() {
	local kmemleak=/sys/kernel/debug/kmemleak found
	echo scan >$kmemleak
	sleep 6
	echo scan >$kmemleak
	found=$(head -n 20 $kmemleak | tr '\n' '|')
	if [ -z "$found" ]; then check "kmemleak finds nothing"; else check "kmemleak finds nothing" "$found"; fi
}

stress=
while getopts s: opt; do
	case $opt in
	s) stress=$OPTARG ;;
	*) die "usage: test.sh [-s SECONDS] [SELFTEST]" ;;
	esac
done
shift $((OPTIND - 1))

# The tests where memory runs out are for a kernel that can let it.
deny=()
if [ -n "$stress" ]; then mount_once debugfs /sys/kernel/debug; else deny=(-d "*/no_memory*"); fi
selftests "${1:-}"
if [ -z "${1:-}" ]; then
	set_scene build/demo/policy.bpf.o
	prototypes
	kunit
	each_denial
	longest
	nothing_lost
	cp "$state/audit.log" build/guest/auditd.records
fi
if [ -n "$stress" ]; then
	fuzz
	stress "$stress"
	leaks
fi
exit $((failed > 0))
