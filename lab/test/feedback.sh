#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Records that make for more records: programs that report everything, on hooks
# that auditd and kauditd pass (feedback.bpf.c), each alone and all at once, for
# SECONDS each (20), under an ordinary load and with a journal that reads all
# records, too. The queue has to keep to its limit, and auditd to the number of
# records that it may cause; when the load ends, so have the other records, auditd
# and kauditd have to be nearly idle, and the memory has to come back. One line for
# each HOOK (all); ends with an error if one of them fails: feedback.sh [SECONDS [HOOK...]]

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"

seconds=${1:-20}
object=build/test/feedback.bpf.o
pins=/sys/fs/bpf/feedback
mapfile -t hooks < <(sed -n 's/^REPORT(\(.*\))$/\1/p' lab/test/feedback.bpf.c)
failed=0

limit=8192		# records; start_auditd sets it
more=264		# ... that may be written at once: by tasks that saw room, and 200 by auditd
drain=10		# seconds after the load in which the queue is to get as good as empty
idle=5			# seconds after that, in which it stays so
idle_rate=1000		# records per second that all but auditd may cause then, this script for one
idle_share=50		# percent of a processor that auditd and kauditd may take then
memory_left=16384	# KiB of memory that may stay in use
rss_left=8192		# KiB by which auditd may have grown

# KASAN holds back what was freed, up to this share of the memory (mm/kasan/quarantine.c).
# Emulated, such a kernel takes most of a processor for the records that auditd may have,
# and long for a full queue.
if grep -q ' __asan_load8$' /proc/kallsyms; then
	memory_left=$((memory_left + $(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 32))
	idle_share=90
	drain=60
fi

status() { auditctl -s | sed -n "s/^$1 //p"; }
kib() { sed -n "s/^$1:[[:space:]]*\([0-9]*\) kB/\1/p" "$2"; }

# allowance SECONDS: the records that the daemon may have caused (kernel/audit.c,
# audit_feedback_rs), which the windows of five seconds cut anywhere.
allowance() { echo $((100 * ($1 / 5 + 2))); }

# ticks PID...: of 10 ms
ticks() { cat "${@/*//proc/&/stat}" | awk '{ sub(/.*\) /, ""); sum += $12 + $13 } END { print sum }'; }

# NAME=VALUE of each counter of feedback.bpf.c, of the time, and of the processor's
counters() {
	echo "seconds=$SECONDS ticks=$(ticks "$auditd" "$kauditd")"
	bpftool -j map dump pinned "$pins/maps/feedback_bss" | grep -o '"[a-z_]*":[0-9]\+' | tr -d '"' | tr : =
}

# since BEFORE AFTER: to `new`, what came between; auditd has to be within its bounds.
declare -A new
since() {
	local counter name most
	for counter in $1; do
		new[${counter%=*}]=-${counter#*=}
	done
	for counter in $2; do
		name=${counter%=*}
		new[$name]=$((${new[$name]} + ${counter#*=}))
	done
	most=$(allowance "${new[seconds]}")
	((new[auditd_records] <= most)) ||
		problems+=("auditd caused ${new[auditd_records]} records in ${new[seconds]} s, where $most are allowed")
	((new[kauditd_records] == 0)) || problems+=("kauditd caused ${new[kauditd_records]} records")
}

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
	local auditd kauditd memory rss lost backlog most=0 least problems=() workers=() hook name end load
	local first loaded before after
	auditd=$(pgrep -x auditd) kauditd=$(pgrep -x kauditd)
	memory=$(kib MemAvailable /proc/meminfo) rss=$(kib VmRSS "/proc/$auditd/status") least=$memory
	lost=$(status lost)
	mkdir -p "$pins"
	bpftool prog loadall "$object" "$pins/links" pinmaps "$pins/maps" autoattach >"$state/bpftool.out" 2>&1 ||
		die "$object does not load: $(tail -n 1 "$state/bpftool.out")"
	for hook in "${hooks[@]}"; do
		[[ " $* " == *" $hook "* ]] || rm "$pins/links/$hook"
	done

	first=$(counters)
	work & workers+=($!)
	work & workers+=($!)
	journal & workers+=($!)
	end=$((SECONDS + seconds))
	while ((SECONDS < end)); do
		sleep 1
		auditctl --signal rotate >/dev/null
		backlog=$(status backlog)
		((backlog <= most)) || most=$backlog
		memory_now=$(kib MemAvailable /proc/meminfo)
		((memory_now >= least)) || least=$memory_now
	done
	kill "${workers[@]}"
	wait "${workers[@]}" 2>/dev/null || :
	loaded=$(counters)

	end=$((SECONDS + drain))
	while backlog=$(status backlog) && ((backlog > more && SECONDS < end)); do
		sleep 1
	done
	((backlog <= more)) || problems+=("the queue holds $backlog records $drain s after the load")
	before=$(counters)
	sleep "$idle"
	after=$(counters)
	# Reading the counters has itself just caused some hundred records.
	end=$((SECONDS + idle))
	while backlog=$(status backlog) && ((backlog > more && SECONDS < end)); do
		sleep 1
	done
	((backlog <= more)) || problems+=("the queue holds $backlog records after that")
	rm -r "$pins"

	since "$first" "$loaded"
	((new[records] > 0)) || problems+=("no record was written")
	((new[runs] > 0)) || problems+=("neither auditd nor kauditd came here")
	load="in ${new[seconds]} s ${new[records]} records, ${new[auditd_records]} of them auditd's; auditd and kauditd took $((new[ticks] / new[seconds])) % of a processor"
	since "$before" "$after"
	((new[records] - new[auditd_records] <= idle_rate * new[seconds])) ||
		problems+=("$((new[records] - new[auditd_records])) records of others came in ${new[seconds]} s without load")
	((new[ticks] / new[seconds] <= idle_share)) ||
		problems+=("auditd and kauditd took $((new[ticks] / new[seconds])) % of a processor without load")
	((most <= limit + more)) || problems+=("the queue held $most records, its limit is $limit")
	sleep 1
	local memory_after rss_after
	memory_after=$(kib MemAvailable /proc/meminfo) rss_after=$(kib VmRSS "/proc/$auditd/status")
	((memory - memory_after <= memory_left)) || problems+=("$((memory - memory_after)) KiB of memory did not come back")
	((rss_after - rss <= rss_left)) || problems+=("auditd grew by $((rss_after - rss)) KiB")

	name="unfiltered $* ($load; $(($(status lost) - lost)) lost, queue up to $most, memory down by up to $((memory - least)) KiB; then in ${new[seconds]} s ${new[records]}, ${new[auditd_records]} of them auditd's, $((new[ticks] / new[seconds])) %)"
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

shift $(($# > 0))
for hook in "${@:-${hooks[@]}}"; do
	unfiltered "$hook"
done
[ $# -gt 0 ] || unfiltered "${hooks[@]}"
exit $((failed > 0))
