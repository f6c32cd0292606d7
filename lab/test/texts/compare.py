#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare the events of audit logs of the same system calls on two kernels.

usage: compare.py PRISTINE PRISTINE2 OURS

What differs from run to run (times, serials, process ids, inode numbers, addresses, and
what fcntl() finds in a register) is made the same. Events that differ even between the
two logs of one kernel are left out, and counted; any other event that is not in all three
logs is an error, and printed. So is a type of record that is missing.
"""

import collections
import pathlib
import re
import sys

RECORD = re.compile(r"type=(\S+) msg=audit\(\d+\.\d{3}:(\d+)\): (.*)$")
PID = r"\b(?:pid|ppid|opid|audit_pid)="
# What calls.c causes; auditd may not have a name for the last two.
TYPES = """SYSCALL PROCTITLE PATH CWD OPENAT2 EXECVE BPRM_FCAPS SOCKADDR OBJ_PID MMAP FD_PAIR IPC IPC_SET_PERM
MQ_OPEN MQ_SENDRECV MQ_NOTIFY MQ_GETSETATTR CAPSET LOGIN KERN_MODULE TIME_INJOFFSET TIME_ADJNTPVAL URINGOP
CONFIG_CHANGE UNKNOWN[1423] UNKNOWN[1424]""".split()
UNLIKE = 0.01  # of the events, that may differ between two runs of one kernel


def events(path):
    """Returns the number of times that each event is there, as its records' texts."""
    lines = pathlib.Path(path).read_text(errors="surrogateescape").splitlines()
    pids = {int(pid) for line in lines for pid in re.findall(rf"{PID}(\d+)", line)}
    pids = {pid for pid in pids if pid > 100}
    pids |= {-pid & mask for pid in pids for mask in (2**32 - 1, 2**64 - 1)}

    def argument(match):
        value = int(match[2], 16 if match[1][0] == "a" else 10)
        return match[1] + ("PID" if value in pids else match[2])

    found = collections.defaultdict(list)
    for line in lines:
        record = RECORD.match(line)
        if not record:
            sys.exit(f"compare.py: {path} has a line that is no record: {line}")
        kind, serial, text = record.groups()
        if kind.startswith(("DAEMON_", "SERVICE_")):
            continue
        text = re.sub(rf"({PID})\d+", r"\1PID", text)
        text = re.sub(r"\b(exit=)(\d+)\b", argument, text)
        text = re.sub(r"\b(a[0-3]=)([0-9a-f]+)\b", argument, text)
        text = re.sub(r"\b(a[0-3]=)(?:5555|7ff[ef])[0-9a-f]{8}\b", r"\1ADDRESS", text)
        text = re.sub(r"( syscall=72 .* a2=)\w+", r"\1ANY", text)
        text = re.sub(r"\b(ino|inode)=\d+", r"\1=INODE", text)
        text = re.sub(r"\bdomain=[0-9a-f]+", "domain=ID", text)
        found[serial].append(f"type={kind} {text}")
    return collections.Counter("\n".join(records) for records in found.values())


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    first, second, ours = map(events, sys.argv[1:])
    unlike = (first - second) + (second - first)
    differences = 0
    for sign, some in (("-", first - ours), ("+", ours - first)):
        for event, count in some.items():
            if event not in unlike:
                differences += count
                print("\n".join(f"{sign} {line}" for line in event.splitlines()))
    texts = [line for event, count in ours.items() for line in event.splitlines() * count]
    types = sorted({line.split()[0].removeprefix("type=") for line in texts})
    print(f"{sum(ours.values())} events of {len(texts)} records, of {len(types)} types: {' '.join(types)}")
    print(f"{unlike.total()} events differ between two runs of one kernel, {differences} others between the two kernels")
    missing = [kind for kind in TYPES if kind not in types]
    if missing:
        sys.exit(f"compare.py: there is no record of {' '.join(missing)}.")
    if unlike.total() > UNLIKE * first.total():
        sys.exit("compare.py: that is too little to tell anything.")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
