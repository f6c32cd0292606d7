#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The checks of what test.sh has left in build/guest, where the machine is not an
# emulated one: the kernel's BTF, its KUnit results, and auparse on all records.
# One line for each check; ends with an error if one of them fails.

set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.."
# shellcheck source=lab/test/report.sh
. lab/test/report.sh

results=$PWD/build/guest

# BTF has the prototypes that programs declare, parameter names included. Without
# vmlinux.h they know u16 as __u16, and u64 as __u64.
one_per_line() { tr -s '\n\t ' ' ' | grep -o 'extern [^;]*bpf_audit_log_[^;]*;' | sort; }
prototypes() {
	local difference
	if difference=$(diff <(sed 's/__u\([0-9]\)/u\1/' lab/examples/bpf_audit.h | one_per_line) \
		<(bpftool btf dump file "$results/vmlinux.btf" format c | grep bpf_audit_log_ | one_per_line)); then
		check "prototypes in BTF"
	else
		check "prototypes in BTF" "$(tr '\n' '|' <<<"$difference")"
	fi
}

# Where a structure is missing, bpf_audit.h says so and doesn't compile: with it
# libbpf would not bind the kfunc, without a word, and nothing would be reported.
header() {
	local name output
	for name in own without; do
		if output=$(lab/programs.sh "lab/test/header/$name.bpf.c" /dev/null -DINCOMPLETE 2>&1); then
			check "bpf_audit.h: $name, incomplete" "it compiles"
		elif [[ $output != *"define the structure before the call: see BPF_AUDIT_CONTEXT_ONLY in bpf_audit.h"* ]]; then
			check "bpf_audit.h: $name, incomplete" "the compiler says: ${output//$'\n'/|}"
		else
			check "bpf_audit.h: $name, incomplete"
		fi
	done
}

# The kernel ran them when it booted; each suite of ours has to be among them.
kunit() {
	local suites
	mapfile -t suites < <(grep -rhoP --include='*.rs' 'kunit_tests\(\K\w+' rust security
		grep -rhoP '^kunit_test_suites?\(\K\w+(?=_test_suite)' kernel)
	[ ${#suites[@]} -ge 2 ] || check kunit "no suite was found in rust, security and kernel"
	build/linux/tools/testing/kunit/kunit.py parse --json="$results/kunit.json" "$results/dmesg" >"$results/kunit.out" 2>&1 || :
	report kunit < <(lab/test/kunit.py "$results/kunit.json" "${suites[@]}" 2>&1 || echo "not ok kunit.py - it failed")
}

prototypes
header
kunit
report auparse < <(lab/test/records.py "$results"/*.records 2>&1 || echo "not ok records.py - it failed")
exit $((failed > 0))
