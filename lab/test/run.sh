#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build and run the tests: test.sh in the guest, then, unless it is just one
# SELFTEST, outside.sh on what came out of it. One line for each check, the last
# line counts them: lab/test/run.sh [SELFTEST]

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$repo"
results=$log/test.results

"$lab/run.sh" lab/demo/build.sh
"$lab/run.sh" lab/selftests.sh
rm -f build/guest/{*.records,vmlinux.btf,dmesg,kunit.*}
status=0
"$lab/boot.sh" -n test -a "kunit.enable=1 kunit.autorun=1" lab/test/test.sh "$@" | tee "$results" || status=$?
[ $# -gt 0 ] || "$lab/run.sh" lab/test/outside.sh | tee -a "$results" || status=$?

passed=$(grep -c '^ok ' "$results" || :)
failed=$(grep -c '^not ok ' "$results" || :)
if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
	echo "not ok the run - it ended with $status: see above"
	failed=1
fi
echo "$passed passed, $failed failed"
exit $((failed > 0))
