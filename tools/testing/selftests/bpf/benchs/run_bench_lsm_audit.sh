#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only

# shellcheck source=/dev/null
source ./benchs/run_common.sh

set -eufo pipefail

header "What a record costs, in ns"
$RUN_BENCH -q lsm-audit-cost | sed 's/^RESULT //'

header "Records per second, by the number of CPUs that write them"
for b in lsm-audit-atomic lsm-audit-sleepable; do
	for p in $(seq "$(nproc)"); do
		out=$($RUN_BENCH -p"$p" "$b")
		summarize "$b -p$p" "$out"
		echo "$out" | grep '^Records: .*LOSSES' || true
	done
done
