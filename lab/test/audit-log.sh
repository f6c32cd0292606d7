#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lsm-audit-log in the guest, as root: what it says of a denial of the
# demonstration's policy while it is loaded and after, live and from auditd's
# log. One line for each check; ends with an error if one of them fails.

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"

tool=$PWD/build/lsm-audit-log/lsm-audit-log
live=$state/live

# says NAME FILE TEXT...: a line of the file has all of these texts.
says() {
	local name=$1 file=$2 lines text
	shift 2
	lines=$(<"$file")
	for text; do lines=$(grep -F -e "$text" <<<"$lines") || break; done
	if [ -n "$lines" ]; then check "$name"; else check "$name" "no line with '$text': $(tail -n 2 "$file")"; fi
}

listen() { # FILE OPTION...: to `listener`
	local file=$1
	shift
	"$tool" "$@" >"$file" 2>"$file.err" & listener=$!
	helpers+=("$listener")
	wait_for "lsm-audit-log to listen" grep -qE "^[^ ]+ +9 +$listener +00000001 " /proc/net/netlink
}

leave() { # to `status`
	status=0
	kill -INT "$listener"
	wait "$listener" || status=$?
}

deny() { # something, with a record
	run_confined sh -c "exec $stage/tool"
	new_records
}

# Another mount, whose name isn't UTF-8, hides nothing.
odd=/run/$'\xe9'
mkdir -p "$odd"
mount -t tmpfs odd "$odd"

set_scene build/demo/policy.bpf.o
id=$(program_id exec_from_tmp)
tag=$(bpftool -j prog show id "$id" | sed -n 's/.*"tag":"\([0-9a-f]*\)".*/\1/p')
known="\"program\":{\"id\":$id,\"name\":\"exec_from_tmp\",\"tag\":\"$tag\",\"hook\":\"bprm_check_security\",\"pinned\":[\"$pins/exec_from_tmp\"],\"loaded\":\"2"
record="\"pid\":PID,\"comm\":\"sh\",\"cause\":\"no-exec-from-tmp\",\"path\":\"$stage/tool\",\"dev\":\"tmpfs\""

listen "$live" --json
deny
wait_for "lsm-audit-log to see the record" grep -q no-exec-from-tmp "$live"
says "live: the program and the record" "$live" "$known" "${record/PID/$pid}"

"$tool" --json "$audit_log" >"$state/out"
says "log, loaded: the program and the record" "$state/out" "$known" "${record/PID/$pid}"
"$tool" --prog exec_from_tmp --cause no-exec-from-tmp --pid "$pid" --path "$stage" --since 10m "$audit_log" >"$state/out"
says "log, as text, in one line" "$state/out" "pid=$pid" "by exec_from_tmp (id $id, tag $tag) on bprm_check_security, loaded 2" ", pinned at $pins/exec_from_tmp"
exe=$(realpath "$(command -v sh)")
call='"syscall":{"arch":'
says "live: the system call" "$live" "$call" '"uid":0,' "\"exe\":\"$exe\"" "${record/PID/$pid}"
"$tool" --json -ui 0 -c sh -x "$exe" -f "$stage" -ts today -te now "$audit_log" >"$state/out"
says "log: the system call, by ausearch's options" "$state/out" "$call" '"uid":0,' "\"exe\":\"$exe\"" "${record/PID/$pid}"
"$tool" --uid 12345 "$audit_log" >"$state/out"
"$tool" --since=-10y --until boot "$audit_log" >>"$state/out"
if [ -s "$state/out" ]; then check "log, another user, another time" "$(head -n 1 "$state/out")"; else check "log, another user, another time"; fi
gzip -c "$audit_log" >"$state/log.gz"
"$tool" --json -p "$pid" "$state/log.gz" >"$state/out"
says "log, compressed" "$state/out" "$known" "${record/PID/$pid}"
"$tool" --prog listen "$audit_log" >"$state/out"
if [ -s "$state/out" ]; then check "log, another program" "it is shown"; else check "log, another program"; fi

# A program's last record, read when it has gone.
kill -STOP "$listener"
deny
rm -r "$pins"
# A kworker unloads it, and writes the record of that.
wait_for "program $id to be unloaded" no_program "$id"
settle
kill -CONT "$listener"
wait_for "lsm-audit-log to see the record" grep -q "\"pid\":$pid," "$live"
says "live, unloaded before it is read" "$live" "$known" "${record/PID/$pid}"
leave
if [ "$status" = 0 ] && [ ! -s "$live.err" ]; then check "live: nothing else"; else check "live: nothing else" "exit code $status, $(<"$live.err")"; fi

"$tool" --json "$audit_log" >"$state/out"
gone="\"program\":{\"id\":$id,\"name\":null,\"tag\":null,\"hook\":null,\"pinned\":null,\"loaded\":\"2"
says "log, unloaded: what LOAD and UNLOAD say" "$state/out" "$gone" '"loader":"/usr/sbin/bpftool","unloaded":"2' "${record/PID/$pid}"

# More than the socket holds, while nobody reads.
load_policy build/demo/policy.bpf.o
listen "$live" --stats
kill -STOP "$listener"
dropped() { awk -v pid="$listener" '$2 == 9 && $3 == pid { print $9 }' /proc/net/netlink; }
for ((burst = 0; $(dropped) == 0; burst++)); do
	((burst < 20)) || die "20 bursts of 5,000 denials did not fill the socket"
	# shellcheck disable=SC2016
	run_confined perl -e 'open $tty, "/dev/ptmx"; $key = "x"; ioctl $tty, 0x5412, $key for 1 .. 5000'
	settle
done
kill -CONT "$listener"
wait_for "lsm-audit-log to say what it missed" grep -q "records are missing here" "$live.err"
deny
sleep 1
leave
says "live: what was lost is said" "$live.err" "they came faster than they were read"
says "live: statistics" "$live" "type_into_tty" "file_ioctl" "no-tty-injection"
if [ "$status" = 1 ]; then check "live: exit code after a loss"; else check "live: exit code after a loss" "$status, expected 1"; fi
exit $((failed > 0))
