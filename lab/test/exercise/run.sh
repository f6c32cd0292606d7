#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boot the debug kernel with a program on each hook, and make the hooks run for some
# seconds. One line for each check, the last line counts them; what was seen is in
# build/guest/exercise.table: lab/test/exercise/run.sh SECONDS [OPTION-OF-EXERCISE.PY...]

# shellcheck source=lab/lib.sh
. "$(dirname "$0")/../../lib.sh"
cd "$repo"
seconds=$1
shift
results=$log/exercise.results
table=build/guest/exercise.table

"$lab/machine/run.sh" lab/test/exercise/build.sh
rm -f "$table"
status=0
# That kernel is slow, the more so with all that load; its own watchdogs have to wait, too.
"$lab/machine/boot.sh" -n exercise -t $((seconds + 3600)) -c "$(nproc)" -m 3G \
	-a "rcupdate.rcu_cpu_stall_timeout=180 workqueue.watchdog_thresh=180" \
	lab/test/exercise/exercise.py --seconds "$seconds" "$@" "$table" | tee "$results" || status=$?
conclude "$results" "$status" "; what was seen is in $table"
