#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Run the test_progs of FOLDER, in the guest. All must pass, and at least one subtest, but what
# SKIPPED, a pattern for grep -E, says of how many may be skipped; then the last line says so.
# Without options, which are those of test_progs, all tests of ours:
# lab/test/progs.sh [-s SKIPPED] FOLDER [OPTION...]

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
skipped=0
if [ "${1:-}" = -s ]; then
	skipped=$2
	shift 2
fi
folder=${1:?name the folder of test_progs}
shift
[ $# -gt 0 ] || set -- -a 'lsm_audit_*,lsm_hook_*'

# Some tests are for a kernel that can let memory run out, and knows who has it. That one is
# slow, and here emulated: two minutes, which test_progs gives a test, are too short for it.
options=(-d '*/no_memory*,*/leak_detector')
! zgrep -qsx CONFIG_FAILSLAB=y /proc/config.gz || options=(-w 1200)

output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
(cd "$folder" && ./test_progs "${options[@]}" "$@") 2>&1 | tee "$output" || status=$?
summary=$(grep -a '^Summary: ' "$output" | tail -n 1) || :
if [ "$status" != 0 ] || ! grep -qE "^Summary: [1-9][0-9]*/[1-9][0-9]* PASSED, ($skipped) SKIPPED, 0/0 FAILED$" <<<"$summary"; then
	die "test_progs ended with $status and says '${summary:-nothing}'."
fi
echo "test_progs: all passed"
