#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes and removes a folder, which a rule of audit records, as the process "waits".

waits.py FOLDER SECONDS: prints how many system calls were made, how many of them took
longer than five seconds, and the milliseconds that the slowest took.
"""

import os
import sys
import time


def main(folder, seconds):
    with open("/proc/self/comm", "w", encoding="ascii") as comm:
        comm.write("waits")
    calls, long, slowest = 0, 0, 0.0
    end = time.monotonic() + int(seconds)
    while (start := time.monotonic()) < end:
        os.mkdir(folder)
        took = time.monotonic() - start
        os.rmdir(folder)
        calls += 1
        long += took > 5
        slowest = max(slowest, took)
    print(calls, long, round(1000 * slowest))


main(*sys.argv[1:])
