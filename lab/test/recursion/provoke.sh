#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, as root: load the program that writes a record from within a
# record, with a rule under which it is called, and open a file. Ends with the
# verifier's message, or "survived", or not at all.

set -euo pipefail
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
echo "security modules: $(cat /sys/kernel/security/lsm)"
if ! bpftool prog loadall build/recursion/recursion.bpf.o /sys/fs/bpf/recursion autoattach >/tmp/recursion.log 2>&1; then
	echo "refused: $(grep -m 1 'is not allowed' /tmp/recursion.log || tail -n 1 /tmp/recursion.log)"
	exit
fi
auditctl -a never,exclude -F subj_user=nobody
echo "loaded, with the rule $(auditctl -l)"
bash -c 'echo -n victim >/proc/self/comm; : </dev/null'
echo survived
