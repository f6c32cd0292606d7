#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: the audit log of build/texts/calls under rules for all that it does, or
# what build/texts/costs prints, as the file OUT: capture.sh calls|costs OUT

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../../demo/policy.sh"

program=$PWD/build/texts/$1 out=$PWD/$2
start_auditd
auditctl -b 60000 >/dev/null
mkdir -p /run/texts /dev/mqueue
mount -t tmpfs tmpfs /run/texts
mount_once mqueue /dev/mqueue
mkdir -p /dev/pts
mount_once devpts /dev/pts
ip link set lo up
umask 022

cd /run/texts
cp "$program" .
# costs CONDITION: what the calls take without the records beside SYSCALL, PROCTITLE and
# EOE whose type meets the condition.
costs() {
	auditctl -D >/dev/null
	auditctl -a never,exclude -F msgtype!=SYSCALL -F msgtype!=PROCTITLE -F msgtype!=EOE -F "msgtype$1" >/dev/null
	auditctl -a always,exit -S all -F exe=/run/texts/costs >/dev/null
	auditctl -a always,exit -S all -F exe=/run/texts/capable >/dev/null
	auditctl -a always,io_uring -S msg_ring >/dev/null
	./costs
}
if [ "$1" = costs ]; then
	cp costs capable
	costs '=1' >with
	costs '!=1' >without
	paste -d ' ' with without | cut -d ' ' -f 1,2,4 >"$out"
	exit
fi
auditctl -a always,exit -S all -F exe=/run/texts/calls -k 'a key' >/dev/null
auditctl -a always,exit -S all -F exe=/run/texts/gone >/dev/null
auditctl -a always,exit -S all -F exe=/run/texts/with-capability -k plain >/dev/null
auditctl -a always,exit -S execve -S execveat -k exec >/dev/null
auditctl -a always,io_uring -S openat >/dev/null
auditctl -w /run/texts/dir -p wa -k watch >/dev/null
env -i /run/texts/calls /run/texts/calls </dev/null
auditctl -D >/dev/null

written() { grep -q 'op=remove_rule key="watch"' "$audit_log"; }
wait_for "the last record" written
[ "$(auditctl -s | sed -n 's/^lost //p')" = 0 ] || die "audit lost records."
cp "$audit_log" "$out"
