#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write records around the longest legal length, by a program that is attached
(longest.bpf.c), and see that auditd writes each of them whole.

longest.py FOLDER LOG: a folder for files with long paths, and auditd's log.
Prints 'ok NAME' or 'not ok NAME - reason'.
"""

import ctypes
import fcntl
import os
import re
import subprocess
import sys
import time

MAX_RECORD_LEN = 8913  # rust/kernel/audit.rs
IOCTL_LONGEST, IOCTL_TOO_LONG = 0xFFFF, 0xFFFE
PR_SET_NAME = 15
COMM = " " * 15
CAUSE = b"\n" * 255
NAME_LEN = 200
# The lengths in bytes of paths that make the record pass the limit.
LENGTHS = range(3990, 4070)
# This one isn't written: after the longest of everything else there is room for that.
TOO_LONG = 4200


def hexed(string):
    return string.hex().upper()


def open_deep(folder, length):
    """Open a new file whose path has that length: more than open() takes."""
    at = os.open(folder, os.O_PATH)
    path = folder
    while True:
        left = length - len(path) - 1
        # The last name isn't empty, and is no folder's.
        name = " " * min(NAME_LEN, left - 2) if left > NAME_LEN else '"' * left
        if left > NAME_LEN and not os.access(name, os.F_OK, dir_fd=at):
            os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_PATH if left > NAME_LEN else os.O_RDWR | os.O_CREAT, dir_fd=at)
        os.close(at)
        at, path = below, path + "/" + name
        if left <= NAME_LEN:
            return at, path


def wait_for_auditd(log):
    subprocess.run(["auditctl", "-m", "longest-end"], check=True)
    deadline = time.monotonic() + 120
    while True:
        text = open(log, "rb").read()
        if b"text=longest-end " in text:
            return text
        if time.monotonic() > deadline:
            sys.exit("waited 120 s in vain for auditd.")
        time.sleep(0.05)


def problems(folder, log):
    ctypes.CDLL(None).prctl(PR_SET_NAME, COMM.encode(), 0, 0, 0)
    paths = []
    for length in *LENGTHS, TOO_LONG:
        fd, path = open_deep(folder, length)
        try:
            fcntl.ioctl(fd, IOCTL_LONGEST if length != TOO_LONG else IOCTL_TOO_LONG)
        except OSError:
            pass  # no file system knows it
        os.close(fd)
        paths.append(path)

    head = f" pid={os.getpid()} comm={hexed(COMM.encode())} ".encode()
    records = [line for line in wait_for_auditd(log).split(b"\n") if b"UNKNOWN[1427]" in line and head in line]
    if len(records) != len(paths):
        yield f"{len(records)} records in the log, expected {len(paths)}"

    if not re.search(rb' path="<too_long>" dev="\w+" ino=\d+ ioctlcmd=0xfffe$', records[-1]):
        yield f"the record with a path that is too long ends with {records[-1][-80:]}"

    whole = 0
    for path, line in zip(paths[:-1], records):
        message = line.split(b" msg=", 1)[1]
        cause = b" cause=" + hexed(CAUSE).encode()
        path_text = b" path=" + hexed(path.encode()).encode() + b" dev="
        if path_text not in message:
            yield f"the path of {len(path)} bytes isn't whole"
        if message.endswith(cause):
            whole = max(whole, len(message))
        elif not re.search(rb" ioctlcmd=0xffff$", message):
            yield f"the record with a path of {len(path)} bytes ends with {message[-40:]}"
        elif len(message) + len(cause) <= MAX_RECORD_LEN:
            yield f"a cause was refused that makes {len(message) + len(cause)} bytes"
    # A byte of the path is two of the record.
    if not MAX_RECORD_LEN - 1 <= whole <= MAX_RECORD_LEN:
        yield f"the longest record has {whole} bytes, expected {MAX_RECORD_LEN}"


def main(folder, log):
    found = list(problems(folder, log))
    print("not ok longest record - " + "; ".join(found) if found else "ok longest record")


main(*sys.argv[1:])
