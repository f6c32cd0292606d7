#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tests, in the guest, as root: the kselftests (or the one that is named),
# and auditd and ausearch on the denials of the demonstration's policy and of the
# examples, and on the longest records. With -s, on the debug kernel, also
# allocations that fail, random programs, SECONDS of stress, and a search for leaks.
# One line for each check, as it ends; ends with an error if one of them fails. What
# outside.sh looks at is left in build/guest: test.sh [-s SECONDS] [SELFTEST]

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"
# shellcheck source=lab/test/examples.sh
. "$(dirname "$0")/examples.sh"

objects=build/test
results=$PWD/build/guest
received=$results/selftests.records

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

# They take the audit socket, so they come before auditd does. This guest has all
# that they need: one that is skipped has failed, but what PREEMPT_RT doesn't have.
selftests() { # [SELFTEST]
	local line name why='' ended='' lacking='' may_skip=() only
	only="lsm_audit_*${1:+/$1},lsm_hook_*${1:+/$1},summarization_*${1:+/$1}"
	[[ ${1:-} != */* ]] || only=$1	# of one test: the others are not even loaded
	if [[ $(uname -v) == *" PREEMPT_RT "* ]]; then
		lacking='audit_kfuncs_subjects/timer|hook_path_context/(timer|spinlock)' may_skip=(-s '[0-3]')
	elif zgrep -qsx CONFIG_PROVE_RAW_LOCK_NESTING=y /proc/config.gz; then
		lacking='audit_kfuncs_table/(raw_spinlock|raw_spinlock_irq|hrtimer|hard_irq_work)' may_skip=(-s '[0-4]')
	fi
	rm -f "$received"
	while IFS= read -r line; do
		name=${line##* }
		name=${name#lsm_}
		name=${name#audit_}
		name=${name%%:*}
		if [[ $lacking && $line =~ ^#.*\ lsm_($lacking):SKIP ]]; then
			echo "skip selftest: $name - not with PREEMPT_RT, or PROVE_RAW_LOCK_NESTING"
			continue
		fi
		case $line in
		*:FAIL:*) why=${why:-: $line} ;;
		\#*/*:OK) check "selftest: $name" ;;
		\#*/*:SKIP* | \#*/*:FAIL*)
			check "selftest: $name" "${line##*:}$why: see build/guest/selftests.log"
			why=
			;;
		"test_progs: all passed") ended=yes ;;
		esac
	done < <({ AUDIT_LOG=$received lab/test/progs.sh "${may_skip[@]}" "build/selftests${stress:+-debug}" -v \
		-a "$only" 2>&1 || :; } |
		tee "$results/selftests.log" | grep -aE --line-buffered '^(#[0-9]+/.*:(OK|SKIP|FAIL)|[a-z0-9_]+:FAIL:|test_progs: )')
	[ -n "$ended" ] || check "selftest: all" "$(tail -n 1 "$results/selftests.log")$why: see build/guest/selftests.log"
}

# auditd wrote the records of the denials, and shall write some of the greatest length.
longest() {
	bpftool prog loadall "$objects/longest.bpf.o" /sys/fs/bpf/longest autoattach >"$state/bpftool.out" 2>&1 ||
		die "longest.bpf.o does not load: $(tail -n 1 "$state/bpftool.out")"
	report auditd < <(lab/test/longest.py "$memory" "$audit_log" 2>&1 || echo "not ok longest.py - it failed")
	rm -r /sys/fs/bpf/longest
}

# libbpf binds each kfunc as bpf_audit.h declares it, and the verifier accepts it. In
# programs with other structures a denial is reported; where the kernel has no such
# kfuncs, it isn't, and holds.
header() {
	if bpftool prog loadall "$objects/header.bpf.o" /sys/fs/bpf/header >"$state/bpftool.out" 2>&1; then
		check "bpf_audit.h without vmlinux.h"
		rm -r /sys/fs/bpf/header
	else
		check "bpf_audit.h without vmlinux.h" "$(tail -n 5 "$state/bpftool.out" | tr '\n' '|')"
	fi

	other_structures "$objects/header" <<-END
		own own-structures
		without vmlinux-without-kfuncs
		none
	END
}

# On overlayfs a program tells the backing file from the one that is opened.
backing() {
	pins=/sys/fs/bpf/backing problems=()
	mkdir "$memory/"{layer,empty,merged}
	touch "$memory/layer/file"
	mount -t overlay -o "lowerdir=$memory/layer:$memory/empty" overlay "$memory/merged"
	build/examples/load "$objects/header/backing.bpf.o" "$pins"
	read_ids
	run_confined perl -e "sysopen F, '$memory/merged/file', 04010000 or exit 1"
	new_records
	diff <(printf '%s\n' "${records[@]#*): }" | sed 's/ ino=.*//') - >"$state/difference" <<-END ||
		prog-id=$(program_id backing) pid=$pid comm="perl" cause="file" path="$memory/merged/file" dev="overlay"
		prog-id=$(program_id backing) pid=$pid comm="perl" cause="backing-file" path="/file" dev="tmpfs"
	END
		problems+=("$output: $(tr '\n' '|' <"$state/difference")")
	check "backing files" "${problems[@]}"
	rm -r "$pins"
	umount "$memory/merged"
}

nothing_lost() {
	local lost
	lost=$(auditctl -s | sed -n 's/^lost //p')
	if [ "$lost" = 0 ]; then check "no record lost"; else check "no record lost" "audit lost $lost"; fi
}

# Random programs, from a seed that the summary tells.
fuzz() {
	local summary
	summary=$({ lab/test/fuzz/fuzz.sh --programs 60 2>&1 || :; } | tail -n 1)
	case $summary in
	"fuzz: passed: "*) check "$summary" ;;
	*) check "fuzz" "$summary: see build/guest/fuzz.log" ;;
	esac
}

stress() { # SECONDS
	report stress < <(lab/test/stress/stress.py build/stress "$1" 2>"$results/stress.err" ||
		echo "not ok stress.py - it failed: $(tail -n 1 "$results/stress.err")")
}

feedback() { report feedback < <(lab/test/feedback.sh 10 2>&1 || echo "not ok feedback.sh - it failed"); }

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

[ -z "$stress" ] || mount_once debugfs /sys/kernel/debug	# where memory is made to run out
selftests "${1:-}"
if [ -z "${1:-}" ]; then
	report lsm-audit-log < <(lab/test/audit-log.sh 2>&1 || echo "not ok audit-log.sh - it failed")
	set_scene build/demo/policy.bpf.o
	each_denial
	rm -r "$pins"
	examples
	header
	backing
	longest
	nothing_lost
	cp "$audit_log" "$results/auditd.records"
	cp /sys/kernel/btf/vmlinux "$results/vmlinux.btf"
	dmesg >"$results/dmesg"
fi
if [ -n "$stress" ] && [ -z "${1:-}" ]; then
	auditctl --signal stop
	wait_for "auditd to end" no_auditd
	fuzz
	stress "$stress"
	feedback
	leaks
fi
exit $((failed > 0))
