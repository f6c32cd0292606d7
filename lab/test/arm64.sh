#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the tests that a kernel for arm64 can have here, in an emulated machine: KUnit's,
# at boot, and the kselftests, compiled for it. The kernel is KERNEL_DIR. The last line
# is their sum: lab/test/arm64.sh

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"
kunit=$build/guest/arm64.dmesg
results=$log/arm64.results
rm -f "$kunit" "$results"

"$lab/arm64root.sh"
"$lab/selftests.sh"
"$lab/boot.sh" -n arm64 -t 1200 -a "kunit.enable=1 kunit.autorun=1" bash -c "dmesg >$kunit; cd build/selftests-arm64 &&
	./test_progs -a 'lsm_audit_*' -d '*/no_memory*,*/leak_detector'" | tee "$results" ||
	die "not all selftests passed: see $results."
summary=$(grep -E '^Summary: [1-9][0-9]*/[1-9][0-9]* PASSED, 0 SKIPPED, 0/0 FAILED$' "$results") ||
	die "not all selftests passed: see $results."
"$lab/run.sh" "$build/linux/tools/testing/kunit/kunit.py" parse "$kunit" >>"$results" ||
	die "not all KUnit tests passed: see $results."
echo "KUnit: $(sed -nE 's/.*Testing complete\. //p' "$results"); test_progs: ${summary#Summary: }"
