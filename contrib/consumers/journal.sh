#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest, as root: let systemd-journald read what the selftests write.
# build/guest/journal.records is what they received, journal.json what the
# journal has. The selftests are built by 'make test'.

set -euo pipefail

guest=$PWD/build/guest
mkdir -p /run/systemd/journal /run/log/journal
systemd-id128 new >/run/id
mount --bind /run/id /etc/machine-id
# With the socket of systemd-journald-audit.socket: audit's multicast group 1 and
# room for 128 MB.
python3 -c '
import os, socket
audit = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
audit.setsockopt(socket.SOL_SOCKET, 33, 128 << 20)	# SO_RCVBUFFORCE
audit.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
audit.bind((0, 1))
os.dup2(audit.detach(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv("/usr/lib/systemd/systemd-journald", ["systemd-journald"])
' & journald=$!
sleep 2
(cd build/selftests && AUDIT_LOG=/tmp/journal.records ./test_progs -a 'lsm_audit_*' | tail -n 1)
journalctl --sync
cp /tmp/journal.records "$guest"
journalctl --output json --all _TRANSPORT=audit >"$guest/journal.json"
kill "$journald"
