#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Many processes write records (stress.bpf.c) while all that can be done to
audit is done to it; at the end every record is accounted for.

stress.py FOLDER SECONDS [SEED]: half of the time with readers that are killed
and auditd among them, half with one reader that never dies. Prints one line
for each check, 'ok NAME' or 'not ok NAME - reason'. FOLDER has stress.bpf.o
and load (load.c).

Where a record can get to (kernel/audit.c):

- bpf_audit_log_start() returns NULL, and audit has counted one loss:
  audit_log_start() does for a full backlog and for want of memory, and
  Context::start() does if there is no context. Here nothing else makes it
  return NULL: no rule excludes type 1427, and the programs leave consumers out.
- __audit_log_end() drops it for the rate limit, and counts a loss.
- kauditd_retry_skb(), kauditd_hold_skb() and kauditd_rehold_skb() keep it while
  there is no reader, or a slow one; where they drop it they count a loss. They
  drop without a count if audit was not enabled at boot: it was, by audit=1.
- netlink_unicast() puts it in the socket of a reader, who reads it, or is killed
  before it does: then the socket is freed with what is in it.

A count can't be had of these last ones, but a bound: a socket holds no more than
its receive buffer. In all,

	started = received + lost after the start + unread by the killed
	lost after the start = audit's "lost" - refused

and where no reader is killed, all of that is exact. Nothing else adds to
"lost", because a rule excludes all other types of records.
"""

import collections
import contextlib
import itertools
import json
import mmap
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

AUDIT_SET = 1001
AUDIT_STATUS_PID = 4
RECORD = 1427
NETLINK_AUDIT = 9
SO_RCVBUFFORCE = 33
PINS = "/sys/fs/bpf/stress"
STATE = "/run/audit-stress"

# The only rule: no record but ours.
ONLY_OURS = "never,exclude", "-F", f"msgtype!={RECORD}"

TEXT = re.compile(
    rb"audit\(\d+\.\d{3}:\d+\): prog-id=\d+ pid=(\?|\d+) comm=(\?|\"[!-~]+\"|[0-9A-F]+)"
    rb"( cause=\"open\" path=(\"[!-~]+\"|[0-9A-F]+) dev=\"[!-~]+\" ino=\d+"
    rb"| (saddr=\S+ )?(src=\d+ )?cause=\"bind\""
    rb"|( laddr=\S+)?( lport=\d+)?( faddr=\S+)?( fport=\d+)?( path=\S+)? cause=\"connect\""
    rb"| opid=\d+ ocomm=(\"[!-~]*\"|[0-9A-F]+) capability=5 "
    rb"| cause=\"receive\""
    rb"|( name=\S+)? dev=\"[!-~]+\" ino=\d+)")


def run(*command, check=True):
    return subprocess.run(command, capture_output=True, check=check, text=True).stdout


def set_name(name):
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(name)


class Tally:
    """Counts that outlive the process that counts."""

    def __init__(self):
        self.memory = mmap.mmap(-1, 4096)

    def add(self, index):
        struct.pack_into("Q", self.memory, 8 * index, self[index] + 1)

    def __getitem__(self, index):
        return struct.unpack_from("Q", self.memory, 8 * index)[0]


WHOLE, TRUNCATED, MARKS = range(3)


class Reader:
    """A process that has the audit socket and counts what it reads."""

    buffer = 64 << 10
    # The kernel doubles that, and no record takes less than 512 bytes of it.
    unread_max = 2 * buffer // 512 + 1

    def __init__(self, tally):
        ready, reader_ready = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            self.read(tally, reader_ready)
        os.close(reader_ready)
        if not os.read(ready, 1):
            sys.exit("the reader does not get the audit socket")
        os.close(ready)

    @classmethod
    def read(cls, tally, ready):
        set_name("auditd")
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, cls.buffer)
        status = struct.pack("IIII28x", AUDIT_STATUS_PID, 0, 0, os.getpid())
        sock.sendto(struct.pack("IHHII", 16 + len(status), AUDIT_SET, 1, 1, 0) + status, (0, 0))
        os.write(ready, b"x")
        while True:
            try:
                message = sock.recv(65536)
            except OSError:     # an answer did not fit; records do not get lost like that
                continue
            kind, = struct.unpack_from("H", message, 4)
            if kind == RECORD:
                whole = TEXT.fullmatch(message[16:].rstrip(b"\0"))
                tally.add(WHOLE if whole else TRUNCATED)
                if not whole:
                    print(message, file=sys.stderr, flush=True)
            elif b"stress-mark" in message:
                tally.add(MARKS)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Auditd:
    """The real one. What it has read is in its log."""

    # Its socket has the system's default buffer, and what it has read may not be
    # in its log yet.
    unread_max = 1000
    log = STATE + "/audit.log"

    def __init__(self, _tally):
        os.makedirs(STATE + "/plugins", exist_ok=True)
        with open(STATE + "/auditd.conf", "w", encoding="ascii") as file:
            file.write(f"log_file = {self.log}\nplugin_dir = {STATE}/plugins\n"
                       "log_format = RAW\nflush = NONE\nmax_log_file_action = IGNORE\n"
                       "space_left = 2\nadmin_space_left = 1\nspace_left_action = IGNORE\n"
                       "admin_space_left_action = IGNORE\ndisk_full_action = IGNORE\n"
                       "disk_error_action = IGNORE\n")
        os.chmod(STATE + "/auditd.conf", 0o640)
        run("auditd", "-c", STATE, "-s", "nochange")
        with open("/run/auditd.pid", encoding="ascii") as file:
            self.pid = int(file.read())

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            while True:
                os.kill(self.pid, 0)
                time.sleep(0.05)

    @classmethod
    def received(cls):
        if not os.path.exists(cls.log):
            return 0
        with open(cls.log, encoding="ascii", errors="replace") as file:
            return sum(line.startswith(f"type=UNKNOWN[{RECORD}] ") for line in file)


class Load:
    """Thousands of processes that make the programs run."""

    def __init__(self):
        self.workers = [subprocess.Popen(LOAD, stdout=subprocess.PIPE, text=True)
                        for _ in range(2 * os.cpu_count())]

    def stop(self):
        for worker in self.workers:
            worker.terminate()
        return sum(int(worker.communicate()[0]) for worker in self.workers)


def counts():
    """What the programs counted, on all processors."""
    total = collections.Counter()
    for entry in json.loads(run("bpftool", "-j", "map", "dump", "pinned", PINS + "-maps/counts")):
        for value in entry["formatted"]["values"]:
            total.update(value["value"])
    return total


def final_counts():
    """The counts of programs that are detached, when the last of them has run."""
    previous, count = None, counts()
    while count != previous:
        time.sleep(1)
        previous, count = count, counts()
    return count


def lost():
    return int(re.search(r"^lost (\d+)$", run("auditctl", "-s"), re.M)[1])


def load_programs(pins, *options):
    run("bpftool", "prog", "loadall", OBJECT, pins, *options, "autoattach")


def shrink(cache):
    """KASAN keeps what is freed for a while, and gives it up here."""
    with open(f"/sys/kernel/slab/{cache}/shrink", "w", encoding="ascii") as file:
        file.write("1")


def contexts_held():
    """The contexts that the kernel holds: SLUB's debugging has a line with a count
    and the function that allocated, and the lines of its stack. If the cache of
    16 bytes is contended, kmalloc_nolock() takes the next."""
    held = 0
    for cache in "kmalloc-16", "kmalloc-32":
        shrink(cache)
        with open(f"/sys/kernel/debug/slab/{cache}/alloc_traces", encoding="ascii") as file:
            for entry in re.split(r"\n(?= *\d+ )", file.read()):
                if " rust_bpf_audit_log_start+" in entry or " rust_helper_kmalloc_nolock+" in entry:
                    held += int(entry.split()[0])
    return held


def buffers_held():
    shrink("audit_buffer")
    with open("/proc/slabinfo", encoding="ascii") as file:
        return int(re.search(r"^audit_buffer +(\d+)", file.read(), re.M)[1])


class Disturbance:
    """All that can be done to audit while records are written."""

    def __init__(self, tally, reader_dies):
        self.tally = tally
        self.done = collections.Counter()
        self.rates = itertools.cycle(["10", "0", "1000"])
        self.reader = Reader(tally)
        self.kinds = [Reader, Reader, Auditd] if reader_dies else []
        self.killed = collections.Counter()

    def limit_backlog(self):
        run("auditctl", "-b", random.choice(["1", "64", "1000", "8192"]))
        run("auditctl", "--backlog_wait_time", random.choice(["0", "10", "100"]))

    def limit_rate(self):
        run("auditctl", "-r", next(self.rates))

    def stop_reader(self):
        os.kill(self.reader.pid, signal.SIGSTOP)
        time.sleep(random.uniform(0, 3))
        os.kill(self.reader.pid, signal.SIGCONT)

    def kill_reader(self):
        if random.random() < 0.5:
            os.kill(self.reader.pid, signal.SIGSTOP)
            time.sleep(random.uniform(0, 2))
        self.reader.kill()
        self.killed[type(self.reader)] += 1
        time.sleep(random.uniform(0, 2))
        self.reader = random.choice(self.kinds)(self.tally)

    def reload_programs(self):
        """They run beside those that are always there, and count with them."""
        load_programs(PINS + "-2", "map", "name", "counts", "pinned", PINS + "-maps/counts")
        time.sleep(random.uniform(0, 1))
        shutil.rmtree(PINS + "-2")

    def go_on(self, seconds):
        ways = [self.limit_backlog, self.limit_rate, self.stop_reader, self.reload_programs]
        if self.kinds:
            ways.append(self.kill_reader)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for way in random.sample(ways, len(ways)):
                way()
                self.done[way.__name__] += 1
                time.sleep(random.uniform(0, 1))

    def settle(self):
        """Read all that is still on the way."""
        if not isinstance(self.reader, Reader):
            self.reader.kill()
            self.killed[Auditd] += 1
            self.reader = Reader(self.tally)
        run("auditctl", "-r", "0")
        run("auditctl", "-b", "0")
        run("auditctl", "-d", *ONLY_OURS)
        marks = self.tally[MARKS]
        for _ in range(60):
            run("auditctl", "-m", "stress-mark")
            time.sleep(0.5)
            if self.tally[MARKS] > marks:
                return
        print("not ok the reader - it does not read what is on the way")


def account(seconds, reader_dies):
    """One run. Prints whether its records are all accounted for."""
    name = "readers that die" if reader_dies else "a reader that lives"
    tally = Tally()
    disturbance = Disturbance(tally, reader_dies)
    run("auditctl", "--backlog_wait_time", "10")
    run("auditctl", "-a", *ONLY_OURS)
    lost_before, log_before = lost(), Auditd.received()
    load_programs(PINS, "pinmaps", PINS + "-maps")
    load = Load()
    try:
        disturbance.go_on(seconds)
    except Exception:
        # What is tested next shall find audit free.
        with contextlib.suppress(OSError):
            disturbance.reader.kill()
        raise
    finally:
        processes = load.stop()
        shutil.rmtree(PINS)
    count = final_counts()
    shutil.rmtree(PINS + "-maps")
    disturbance.settle()

    received = tally[WHOLE] + tally[TRUNCATED] + Auditd.received() - log_before
    lost_later = lost() - lost_before - count["refused"]
    unread = count["started"] - received - lost_later
    bound = sum(kind.unread_max * times for kind, times in disturbance.killed.items())
    disturbance.reader.kill()

    figures = (f"{processes} processes, {count['started']} started = {received} received"
               f" + {lost_later} lost later + {unread} unread"
               f" (by {sum(disturbance.killed.values())} killed readers, at most {bound});"
               f" {count['refused']} refused; {dict(disturbance.done)}")
    check(f"{name}: {figures}", 0 <= unread <= bound)
    check(f"{name}: some are received, and some lost", received > 0 and lost_later > 0, "they are not")
    check(f"{name}: each record is ended", count["started"] == count["ended"],
          str(dict(count)))
    check(f"{name}: none is truncated", not tally[TRUNCATED], f"{tally[TRUNCATED]} are")


def check(name, ok, reason="that does not add up"):
    print(f"ok {name}" if ok else f"not ok {name} - {reason}", flush=True)


OBJECT, LOAD, SECONDS = sys.argv[1] + "/stress.bpf.o", sys.argv[1] + "/load", int(sys.argv[2])
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)


def main():
    random.seed(SEED)
    check(f"the seed is {SEED}", True)
    account(SECONDS / 2, reader_dies=True)
    account(SECONDS / 2, reader_dies=False)
    time.sleep(1)
    held = contexts_held()
    check("no context is held", not held, f"{held} are")
    held = buffers_held()
    check("no audit buffer is held", not held, f"{held} are")


main()
