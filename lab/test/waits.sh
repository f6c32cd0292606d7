#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Who waits for room in audit's queue must go on when there is some, in the guest, as
# root. The kernel has one processor, and waits.bpf.c lets kauditd flush the queue
# before a task that woke it gets to wait. One line for each check: waits.sh [SECONDS]

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"

seconds=${1:-20}
limit=15000	# ms; a machine that others use, too, may stand still for a while
object=build/test/waits.bpf.o
pins=/sys/fs/bpf/waits

[ "$(nproc)" = 1 ] || die "boot with one processor."
trap clear_scene EXIT
mount_once bpf /sys/fs/bpf
start_auditd
# The log lies in memory: keep it small.
printf '%s\n' "max_log_file = 1" "num_logs = 2" "max_log_file_action = ROTATE" >>"$state/auditd.conf"
auditctl --signal reload >/dev/null
auditctl -b 2 >/dev/null
# In jiffies: longer than what counts as long also if HZ is 1000.
auditctl --backlog_wait_time 25000 >/dev/null
auditctl -a always,exit -F arch=b64 -S mkdir -F success=1 >/dev/null
mkdir -p "$pins"
bpftool prog loadall "$object" "$pins/links" pinmaps "$pins/maps" autoattach >"$state/bpftool.out" 2>&1 ||
	die "$object does not load: $(tail -n 1 "$state/bpftool.out")"
read -r calls long slowest < <(lab/test/waits.py "$state/folder" "$seconds" "$limit") || die "waits.py failed."
# No record of the sender's system call, either.
auditctl -A never,exit -F arch=b64 -S sendto >/dev/null
# Another task's record, if one happens to follow, wakes the second: try it three times.
# Where kauditd ran before both waited, it tells nothing.
together=0 sender=0 task=0
for _ in {1..20}; do
	read -r both first second < <(lab/test/waits.py "$state/folder") || die "waits.py failed."
	[ "$both" = 1 ] || continue
	sender=$((first > sender ? first : sender))
	task=$((second > task ? second : task))
	together=$((together + 1))
	((together < 3 && sender < limit && task < limit)) || break
done
auditctl -D >/dev/null
delays=$(bpftool -j map dump pinned "$pins/maps/waits_bss" | sed 's/.*"delays":\([0-9]*\).*/\1/')

problems=()
((delays > 10)) || problems+=("only $delays waits")
[ "$long" = 0 ] || problems+=("$long calls took longer than $limit ms, in which the queue is flushed many times")
check "queue of 2 records: $calls calls, $delays waits, the slowest took $slowest ms" "${problems[@]}"

# kauditd wakes both: the first writes no record, for which it would look again.
problems=()
[ "$together" -gt 0 ] || problems+=("in none of 20 times did they wait at the same time")
((sender < limit && task < limit)) || problems+=("one waited longer than $limit ms")
check "a sender of a message waited $sender ms, and a task behind it $task ms, at the most" "${problems[@]}"
exit $((failed > 0))
