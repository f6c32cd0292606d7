#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Attach a program to each hook, have each call every kfunc with every object that it
can get hold of, and make the hooks run. To be run in the guest, as root.

exercise.py [--seconds N] [--seed N] [--only GLOB] TABLE: prints one line for each check,
'ok NAME' or 'not ok NAME - reason', and writes what was seen to the file TABLE.
"""

import argparse
import concurrent.futures
import ctypes
import fnmatch
import multiprocessing
import os
import random
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../fuzz"))

# pylint: disable=wrong-import-position
import audit
import bpf
import programs
from btf import Btf
from load import WHOLE, Load
from locks import Locks
from reader import daemon
from table import Table

FORK = multiprocessing.get_context("fork")
# What a hook is told by who refuses programs on it.
NOT_A_HOOK, NOT_SLEEPABLE = "points to wrong type name", "is not sleepable"


def check(name, problem=""):
    print(f"not ok {name} - {problem}" if problem else f"ok {name}", flush=True)


def posted(what, results, total):
    """Says now and then how far a long step is."""
    said = time.monotonic()
    for number, result in enumerate(results, 1):
        if time.monotonic() - said > 20:
            said = time.monotonic()
            print(f"exercise: {what}: {number} of {total}", flush=True)
        yield result


class Exercise:
    def __init__(self, options):
        self.options = options
        self.kernel = programs.Kernel(Btf())
        self.locks = Locks(self.kernel.btf) if self.kernel.lockdep else None
        self.causes = {}
        causes = b""
        for hook in self.kernel.hooks:
            self.causes[hook] = len(causes)
            causes += hook.encode() + b"\0"
        self.maps = {"control": bpf.Array(programs.CONTROL_SIZE), "results": bpf.Array(2 * len(self.kernel.hooks) * programs.PROGRAM_SIZE),
                     "causes": bpf.Array(len(causes), causes),
                     "contexts": bpf.bpf(bpf.MAP_CREATE, struct.pack(
                         "=5I", 1, programs.KEY.size, programs.VALUE.size, programs.MAX_CONTEXTS, 0))}
        control = self.maps["control"].value
        for at, (address, _) in programs.ADDRESSES.items():
            control[at:at + len(address)] = address
        self.programs, self.refused_hooks, self.refused_calls, self.nowhere = {}, {}, {}, set()
        self.verdicts = {}  # of calls that don't depend on the hook

    def spare(self, *processes):
        """Programs shall not run for some processes."""
        processes = list(processes) + [2**32 - 1] * (programs.MAX_SPARED - len(processes))
        struct.pack_into(f"={programs.MAX_SPARED}I", self.maps["control"].value, programs.SPARED, *processes)

    def load(self):
        """Loads a program for each hook, and a sleepable one where there can be one."""
        hooks = fnmatch.filter(self.kernel.hooks, self.options.only)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            calls = dict(zip(hooks, posted("sorting out calls", pool.map(self.sound_calls, hooks), len(hooks))))
            wanted = [(hook, sleepable, calls[hook]) for hook in hooks if calls[hook] is not None
                      for sleepable in (False, True)]
            loaded = pool.map(self.load_one, range(len(wanted)), *zip(*wanted))
            self.programs = {program.number: program for program in posted("loading", loaded, len(wanted)) if program}

    def refuse(self, program, call, why):
        self.refused_calls.setdefault(why, []).append((program.name, str(call)))
        # A pointer that isn't good here isn't good elsewhere, if not for the hook.
        if call.object.last and call.object.last[:2] not in programs.AS_GOOD and call.object.last[2]:
            self.nowhere.add(call.object.last)

    def sound_calls(self, hook):
        """The calls that the verifier accepts, or None where there can't be a program."""
        program, calls = programs.Program(hook, False, 0, 0), []
        for call in self.kernel.calls(hook):
            if call.object.last in self.nowhere:
                continue
            everywhere = not isinstance(call.object.source, int)
            why = self.verdicts.get(call, "") if everywhere else ""
            if why == "":
                try:
                    why = programs.why_refused(self.kernel, self.maps, program, call, self.causes[hook])
                except programs.Refused as refused:
                    if NOT_A_HOOK not in str(refused):
                        self.refused_hooks[program.name] = str(refused)
                    return None
                if everywhere:
                    self.verdicts[call] = why
            if why:
                self.refuse(program, call, why)
            else:
                calls.append(call)
        return calls

    def load_one(self, number, hook, sleepable, calls):
        """Loads one. Returns it, or None if the verifier refused it."""
        program = programs.Program(hook, sleepable, number, number * programs.PROGRAM_SIZE)
        try:
            refused = programs.load(self.kernel, self.maps, program, calls, self.causes[hook])
        except programs.Refused as why:
            if NOT_A_HOOK not in str(why) and NOT_SLEEPABLE not in str(why):
                self.refused_hooks[program.name] = str(why)
            return None
        for call, why in refused.items():
            self.refuse(program, call, why)
        return program

    def attach(self):
        return [bpf.attach(program.fd) for program in self.programs.values()]

    def contexts(self):
        """What the map of contexts has: (key, value) of each."""
        key, value = bytes(programs.KEY.size), bytes(programs.VALUE.size)
        return [(programs.KEY.unpack(key), programs.VALUE.unpack(value))
                for key, value in bpf_map_items(self.maps["contexts"], key, value)]


def bpf_map_items(fd, key, value):
    """Each key and value of a map, in batches."""
    lookup_batch, many = 24, 4096
    keys, values = ctypes.create_string_buffer(len(key) * many), ctypes.create_string_buffer(len(value) * many)
    position = ctypes.create_string_buffer(8)
    first = True
    while True:
        attr = ctypes.create_string_buffer(struct.pack(
            "=QQQQIIQQ", 0 if first else bpf.address(position), bpf.address(position), bpf.address(keys),
            bpf.address(values), many, fd, 0, 0), 152)
        done = bpf.libc.syscall(bpf.SYS_BPF, lookup_batch, attr, 152) < 0
        if done and ctypes.get_errno() != 2:  # ENOENT: that was the last batch
            raise OSError(ctypes.get_errno(), "BPF_MAP_LOOKUP_BATCH")
        count, = struct.unpack_from("=I", attr, 32)
        for i in range(count):
            yield keys.raw[i * len(key):(i + 1) * len(key)], values.raw[i * len(value):(i + 1) * len(value)]
        if done:
            return
        first = False


def process_of(name):
    """The process of a name, such as kauditd."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                if file.read() == name + "\n":
                    return int(pid)
        except OSError:
            pass
    sys.exit(f"exercise: there is no {name}.")


def start_daemon():
    """Starts the audit daemon. Returns it, and a connection to it."""
    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=daemon, args=(theirs,), daemon=True)
    process.start()
    if (answer := ours.recv()) != "ready":
        sys.exit(f"exercise: {answer}.")
    return process, ours


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--only", default="*", help="just hooks like this")
    parser.add_argument("--jobs", default="*", help="just load like this")
    parser.add_argument("table")
    options = parser.parse_args()
    # Whether all that there is has run for long enough to say what hasn't fired.
    options.whole = options.seconds >= WHOLE and (options.only, options.jobs) == ("*", "*")
    check(f"the seed is {options.seed}")

    audit.only_ours()
    process, connection = start_daemon()
    exercise = Exercise(options)
    start = time.monotonic()
    exercise.load()
    links = exercise.attach()
    check(f"{len(exercise.programs)} programs on {len({p.hook for p in exercise.programs.values()})} hooks, loaded and attached in "
          f"{time.monotonic() - start:.0f} s")
    exercise.spare(os.getpid(), process.pid, process_of("kauditd"))
    load = Load(options)
    lost_before = audit.status()[0]
    control = exercise.maps["control"].value
    struct.pack_into("=I", control, programs.ON, 1)
    try:
        problem = load.run()
    finally:
        struct.pack_into("=I", control, programs.ON, 0)
        for link in links:
            os.close(link)
    check(f"load: {load.summary()}", problem)
    time.sleep(1)
    audit.mark("exercise")
    records, bad, examples = connection.recv()
    # lockdep says nothing true any more, of interrupts neither, once it has complained.
    exercise.kernel.lockdep = exercise.kernel.lockdep and not load.splat
    table = Table(exercise, records, examples)
    table.write(options.table, load)
    account(table, bad, audit.status()[0] - lost_before)
    for name, problems in (*load.checks(), *table.checks()):
        check(name, f"{len(problems)}: {problems[0]}" if problems else "")


def account(table, bad, lost):
    """Whether every record is accounted for, and sound."""
    received = sum(table.records.values())
    started, missing = table.started, table.missing
    check(f"hooks: {len(table.fired)} of {len(table.hooks)} fired, in {table.runs} runs, {table.sampled} of which wrote "
          f"{started} records", "" if table.fired else "none did")
    # A record that wasn't started is lost, and so is one that didn't get to the daemon.
    check(f"records: {started} started = {received} received + {lost - missing} lost later; {missing} lost before",
          "" if started == received + lost - missing else "that does not add up")
    check("records are of sound grammar", f"{len(bad)} are not, such as {bad[0]!r}" if bad else "")
    check("records are ended", "" if started == table.ended else f"{table.ended} of {started} are")


main()
