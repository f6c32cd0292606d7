#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Registers itself as the audit daemon, and sends packets to itself, which arrive in
softirqs on top of it. It is more urgent than kauditd, so the queue grows meanwhile.
Prints how many it sent.
"""

import os
import socket
import struct

import audit

PACKETS = 1000

netlink = audit.Netlink()
netlink.request(audit.AUDIT_SET, struct.pack("=11I", audit.STATUS_PID, 0, 0, os.getpid(), 0, 0, 0, 0, 0, 0, 0))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
for _ in range(PACKETS):
    sender.sendto(b"", ("127.0.0.1", 9))
print(PACKETS)
