#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Whether records have the context of a task where bpf is asked before the security
# module that has contexts: in the guest, as root. One line for each check.

set -euo pipefail
# shellcheck source=lab/test/report.sh
. "$(dirname "$0")/../../test/report.sh"

order=$(cat /sys/kernel/security/lsm)
holds "bpf is before smack" "$order" grep -q 'bpf.*smack' <<<"$order"

# A change of audit's configuration, from the kernel's log: no daemon runs.
dmesg -C
status=0
auditctl -r 1000 >/dev/null 2>&1 || status=$?
log=$(dmesg)
holds "auditctl -r succeeds" "exit status $status" test "$status" = 0
holds "its record has the context of the task" "$log" grep -q 'type=1305 .* subj=_ ' <<<"$log"
holds "audit finds no error" "$log" test "$(grep -c 'error in audit_log_subj_ctx' <<<"$log")" = 0
exit $((failed > 0))
