#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Registers itself as the audit daemon, and sends packets to itself, which arrive in
softirqs on top of it. It is more urgent than kauditd, so the queue grows meanwhile.
Prints how many it sent, and of how many it then received the record.
"""

import os
import socket
import struct

import audit

NETFILTER_PKT = 1324
PACKETS = 1000

netlink = audit.Netlink()
# All records have room in it, so that none is lost on the way from the queue.
netlink.sock.setsockopt(socket.SOL_SOCKET, audit.SO_RCVBUFFORCE, 1 << 26)
netlink.request(audit.AUDIT_SET, struct.pack("=11I", audit.STATUS_PID, 0, 0, os.getpid(), 0, 0, 0, 0, 0, 0, 0))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
for _ in range(PACKETS):
    sender.sendto(b"", ("127.0.0.1", 9))
os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

received = 0
netlink.sock.settimeout(5)
try:
    while True:
        _, kind, _, _, _ = audit.HEADER.unpack_from(netlink.sock.recv(1 << 14))
        received += kind == NETFILTER_PKT
except TimeoutError:
    print(PACKETS, received)
