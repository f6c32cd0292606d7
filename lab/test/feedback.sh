#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Records that make for more records: programs that report everything, on hooks
# that auditd and kauditd pass (feedback.bpf.c), each alone and all at once, for
# SECONDS each (20), under an ordinary load and with a journal that reads all
# records, too. The queue has to keep to its limit; when the load ends, so have
# the records, and the memory has to come back. One line for each; ends with an
# error if one of them fails: feedback.sh [SECONDS]

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"

seconds=${1:-20}
object=build/test/feedback.bpf.o
pins=/sys/fs/bpf/feedback
hooks=(file_permission capable socket_sock_rcv_skb netlink_send)
failed=0

limit=8192		# records; start_auditd sets it
more=64			# ... that may be written at once, by tasks that saw room or by what else runs
drain=10		# seconds after the load in which the queue is to get as good as empty
idle=5			# seconds after that, in which it stays so
idle_records=2000	# what else runs here may cause so many in that time
memory_left=16384	# KiB of memory that may stay in use
rss_left=8192		# KiB by which auditd may have grown

# KASAN holds back what was freed, up to this share of the memory (mm/kasan/quarantine.c).
! grep -q ' __asan_load8$' /proc/kallsyms || memory_left=$((memory_left + $(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 32))

status() { auditctl -s | sed -n "s/^$1 //p"; }
kib() { sed -n "s/^$1:[[:space:]]*\([0-9]*\) kB/\1/p" "$2"; }
records() { bpftool -j map dump pinned "$pins/maps/feedback_bss" | sed 's/.*"records":\([0-9]*\).*/\1/'; }

work() {
	while :; do
		cat /etc/passwd >/dev/null
		echo packet >/dev/udp/127.0.0.1/4711
		auditctl -s >/dev/null
		stat /root >/dev/null
	done
}

# Like systemd's, it listens to audit's multicast group, and isn't known to audit.
journal() {
	exec python3 -c '
import os, socket
records = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
records.bind((0, 1))
log = os.open("/dev/null", os.O_WRONLY)
while True:
    try:
        os.write(log, records.recv(16384))
    except OSError:  # some did not fit into its buffer
        pass
'
}

# unfiltered HOOK...
unfiltered() {
	local auditd memory rss wrote lost backlog most=0 least problems=() workers=() hook name end
	auditd=$(pgrep -x auditd)
	memory=$(kib MemAvailable /proc/meminfo) rss=$(kib VmRSS "/proc/$auditd/status") least=$memory
	lost=$(status lost)
	mkdir -p "$pins"
	bpftool prog loadall "$object" "$pins/links" pinmaps "$pins/maps" autoattach >"$state/bpftool.out" 2>&1 ||
		die "$object does not load: $(tail -n 1 "$state/bpftool.out")"
	for hook in "${hooks[@]}"; do
		[[ " $* " == *" $hook "* ]] || rm "$pins/links/$hook"
	done

	work & workers+=($!)
	work & workers+=($!)
	journal & workers+=($!)
	end=$((SECONDS + seconds))
	while ((SECONDS < end)); do
		sleep 1
		backlog=$(status backlog)
		((backlog <= most)) || most=$backlog
		memory_now=$(kib MemAvailable /proc/meminfo)
		((memory_now >= least)) || least=$memory_now
	done
	kill "${workers[@]}"
	wait "${workers[@]}" 2>/dev/null || :
	wrote=$(records)

	sleep "$drain"
	backlog=$(status backlog)
	((backlog <= more)) || problems+=("the queue holds $backlog records $drain s after the load")
	local before after
	before=$(records)
	sleep "$idle"
	after=$(records)
	((after - before <= idle_records)) || problems+=("$((after - before)) records came in $idle s without load")
	backlog=$(status backlog)
	((backlog <= more)) || problems+=("the queue holds $backlog records after that")
	rm -r "$pins"

	((wrote > 20)) || problems+=("only $wrote records were written")
	((most <= limit + more)) || problems+=("the queue held $most records, its limit is $limit")
	sleep 1
	local memory_after rss_after
	memory_after=$(kib MemAvailable /proc/meminfo) rss_after=$(kib VmRSS "/proc/$auditd/status")
	((memory - memory_after <= memory_left)) || problems+=("$((memory - memory_after)) KiB of memory did not come back")
	((rss_after - rss <= rss_left)) || problems+=("auditd grew by $((rss_after - rss)) KiB")

	name="unfiltered $* (in $seconds s $wrote records, $(($(status lost) - lost)) lost, queue up to $most, memory down by up to $((memory - least)) KiB; then $((after - before)) records in $idle s)"
	if [ ${#problems[@]} = 0 ]; then
		echo "ok $name"
	else
		failed=$((failed + 1))
		printf -v problems '; %s' "${problems[@]}"
		echo "not ok $name - ${problems#; }"
	fi
}

trap clear_scene EXIT

mount_once bpf /sys/fs/bpf
ip link set lo up
start_auditd
# The log lies in memory: keep it small.
printf '%s\n' "max_log_file = 1" "num_logs = 2" "max_log_file_action = ROTATE" >>"$state/auditd.conf"
auditctl --signal reload >/dev/null
nc -lku 127.0.0.1 4711 >/dev/null </dev/null & helpers+=($!)

for hook in "${hooks[@]}"; do
	unfiltered "$hook"
done
unfiltered "${hooks[@]}"
exit $((failed > 0))
