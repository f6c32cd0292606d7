#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tests, in the guest, as root: the kselftests (or the one that is named),
# what KUnit said, the demonstration's policy, each kfunc, and programs that the
# verifier has to refuse. One line for each check, as it ends; the last line
# counts them. Ends with an error if one of them fails: test.sh [SELFTEST]

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"

objects=build/test
passed=0
failed=0

# check NAME [PROBLEM...]
check() {
	local name=$1
	shift
	if [ $# = 0 ]; then
		passed=$((passed + 1))
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
	check "denial: $title" "${problems[@]}"
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
	while IFS= read -r line; do
		name=${line#*lsm_audit_kfuncs/}
		name=${name%%:*}
		case $line in
		\#*/*:OK) check "selftest: $name" ;;
		\#*/*:SKIP* | \#*/*:FAIL*) check "selftest: $name" "${line##*:}: see build/guest/selftests.log" ;;
		Summary:*) summary=$line ;;
		esac
	done < <(cd build/selftests && { ./test_progs -v -a "lsm_audit_kfuncs${1:+/$1}" 2>&1 || :; } |
		tee ../guest/selftests.log | grep -aE --line-buffered '^(#1/.*:(OK|SKIP|FAIL)|Summary:)')
	case $summary in
	"Summary: 1/"[1-9]*" PASSED, 0 SKIPPED, 0"*" FAILED") ;;
	*) check "selftest: all" "test_progs says '${summary:-nothing}': see build/guest/selftests.log" ;;
	esac
}

smoke() {
	bpftool prog loadall "$objects/smoke.bpf.o" /sys/fs/bpf/smoke pinmaps /sys/fs/bpf/smoke-maps autoattach \
		>"$state/bpftool.out" 2>&1 || {
		check "smoke: load" "$(tail -n 5 "$state/bpftool.out")"
		return 0
	}
	report smoke < <(python3 lab/test/smoke.py /sys/fs/bpf/smoke-maps/smoke_bss "$state/audit.log" 2>&1 || echo "not ok smoke.py - it failed")
	rm -r /sys/fs/bpf/smoke /sys/fs/bpf/smoke-maps
}

# Each program of refused/ names the verifier's sentence after "refused:".
refused() {
	local source name sentence output
	for source in lab/test/refused/*.bpf.c; do
		name=$(basename "$source" .bpf.c)
		sentence=$(sed -n 's|^.*refused: \(.*\) \*/$|\1|p' "$source")
		if output=$(bpftool prog load "$objects/refused/$name.bpf.o" "/sys/fs/bpf/$name" 2>&1); then
			check "refused: $name" "it was loaded"
			rm "/sys/fs/bpf/$name"
		elif [ -z "$sentence" ] || ! grep -qF "$sentence" <<<"$output"; then
			check "refused: $name" "the verifier does not say '$sentence' but: $(tail -n 5 <<<"$output" | tr '\n' '|')"
		else
			check "refused: $name"
		fi
	done

	name="without CAP_SYS_BOOT"
	if output=$(setpriv --bounding-set=-sys_boot bpftool prog loadall build/demo/policy.bpf.o /sys/fs/bpf/refused 2>&1); then
		check "refused: $name" "it was loaded"
		rm -r /sys/fs/bpf/refused
	elif ! grep -qF "destructive kfunc calls require CAP_SYS_BOOT capability" <<<"$output"; then
		check "refused: $name" "the verifier says: $(tail -n 5 <<<"$output" | tr '\n' '|')"
	else
		check "refused: $name"
	fi
}

nothing_lost() {
	local lost
	lost=$(auditctl -s | sed -n 's/^lost //p')
	if [ "$lost" = 0 ]; then check "no record lost"; else check "no record lost" "audit lost $lost"; fi
}

selftests "${1:-}"
if [ -z "${1:-}" ]; then
	set_scene build/demo/policy.bpf.o
	prototypes
	kunit
	each_denial
	smoke
	refused
	nothing_lost
fi
echo "$passed passed, $failed failed"
exit $((failed > 0))
