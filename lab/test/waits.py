#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes and removes a folder, which a rule of audit records, as the process "waits".

waits.py FOLDER SECONDS LIMIT: prints how many system calls were made, how many of them
took longer than LIMIT milliseconds, and the milliseconds that the slowest took.

waits.py FOLDER: fills the queue, and waits for room as two tasks at once: first as the
sender of a message to audit, which writes no record when it wakes, then as one that makes
a folder. Prints whether both did, and for how many milliseconds. For one processor.
"""

import os
import resource
import socket
import struct
import sys
import time

AUDIT_SET = 1001
AUDIT_STATUS_BACKLOG_LIMIT = 0x10
NETLINK_AUDIT = 9
NLM_F_REQUEST = 1


def measured(function, *args):
    """Calls it, and returns when that began and ended, and how often it slept."""
    slept, start = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw, time.monotonic()
    function(*args)
    end = time.monotonic()
    return start, end, resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - slept


def backlog_limit(limit):
    """A message that sets it: struct nlmsghdr, and struct audit_status as far as that."""
    status = struct.pack("=6I", AUDIT_STATUS_BACKLOG_LIMIT, 0, 0, 0, 0, limit)
    return struct.pack("=IHHII", 16 + len(status), AUDIT_SET, NLM_F_REQUEST, 0, 0) + status


def two_waiters(folder):
    audit = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
    ours, theirs = socket.socketpair()
    # Neither kauditd nor the other task runs before this one sleeps.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    # What is called for the first time may sleep until it is read from the disk.
    measured(audit.sendto, backlog_limit(8192), (0, 0))
    if os.fork() == 0:
        measured(os.mkdir, folder)
        os.rmdir(folder)
        theirs.send(b"ready")
        theirs.recv(1)
        theirs.send(struct.pack("=3d", *measured(os.mkdir, folder)))
        os.rmdir(folder)
        os._exit(0)
    ours.recv(5)
    for _ in range(4):
        os.mkdir(folder)
        os.rmdir(folder)
    ours.send(b"!")
    start, end, slept = measured(audit.sendto, backlog_limit(2), (0, 0))
    their_start, their_end, they_slept = struct.unpack("=3d", ours.recv(24))
    os.wait()
    both = slept > 0 and they_slept > 0 and start < their_start < end
    print(int(both), round(1000 * (end - start)), round(1000 * (their_end - their_start)))


def one_waiter(folder, seconds, limit):
    with open("/proc/self/comm", "w", encoding="ascii") as comm:
        comm.write("waits")
    calls, long, slowest = 0, 0, 0.0
    end = time.monotonic() + int(seconds)
    while (start := time.monotonic()) < end:
        os.mkdir(folder)
        took = time.monotonic() - start
        os.rmdir(folder)
        calls += 1
        long += 1000 * took > int(limit)
        slowest = max(slowest, took)
    print(calls, long, round(1000 * slowest))


if len(sys.argv) == 2:
    two_waiters(sys.argv[1])
else:
    one_waiter(*sys.argv[1:])
