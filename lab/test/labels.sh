#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The fields subj= and obj= that audit writes where a security module has contexts, in
# the guest, as root: a kernel with Smack on. One line for each check.

# shellcheck source=lab/demo/policy.sh
. "$(dirname "$0")/../demo/policy.sh"
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/report.sh"

grep -q smack /sys/kernel/security/lsm || die "boot with lsm=landlock,bpf,smack."
trap clear_scene EXIT
start_auditd
touch "$state/file"
setfattr -n security.SMACK64 -v Object "$state/file"
auditctl -a always,exit -F arch=b64 -S chmod -k labels >/dev/null
(echo -n Subject >/proc/self/attr/smack/current && perl -e 'chmod 0600, $ARGV[0] or die' "$state/file")
wait_for "the records" grep -q 'type=PROCTITLE .* proctitle=7065726C' "$audit_log" # perl

syscall=$(grep -a 'type=SYSCALL .* key="labels"' "$audit_log")
holds "subj= is the task's label" "$syscall" \
	grep -q ' exe="[^"]*perl[^"]*" subj=Subject key="labels"$' <<<"${syscall%%$'\x1d'*}"
path=$(grep -a "type=PATH .* name=\"$state/file\"" "$audit_log")
holds "obj= is the file's label" "$path" \
	grep -q ' rdev=00:00 obj=Object nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0$' <<<"${path%%$'\x1d'*}"
exit $((failed > 0))
