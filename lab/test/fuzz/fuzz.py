#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fuzz the audit kfuncs with random programs, and compare what they return and
write with a model of the specification. To be run in the guest, as root.

Programs are made, loaded and attached in batches. Then each hook is passed
--runs times, for all of its programs at once, by another process; a third one
is the audit daemon. Ends with an error if anything isn't as the model says, if
records are lost, or if too few programs write records.
"""

import argparse
import collections
import errno
import itertools
import multiprocessing
import os
import random
import re
import resource
import socket
import struct
import subprocess
import sys
import time

import assemble
import audit
import bpf
import hooks
from compare import NOT_CALLED, Comparison
from facts import Facts
from model import Model
from program import KFUNCS, Call, End, Generator, Start

FOLDER = "/tmp/fuzz"
# How many programs a batch has at most. A trampoline has room for 38 programs, and attaching one is
# slow. A cgroup has room for 64, on ten hooks at a time.
PER_HOOK, PER_CGROUP_HOOK, CGROUP_HOOKS = 12, 60, 10
BATCH = PER_HOOK * len(hooks.HOOKS) + PER_CGROUP_HOOK * CGROUP_HOOKS
FORK = multiprocessing.get_context("fork")


def say(text):
    print(text, flush=True)


class Armed:
    """The context in which programs run: those of one hook, for one process."""

    def __init__(self, control):
        self.control = control.value

    def set(self, hook, run, victim):
        self.words = struct.pack("=4I", hook.number, os.getpid(), run, victim.tgid)

    def __enter__(self):
        self.control[:16] = self.words

    def __exit__(self, *exception):
        self.control[:8] = bytes(8)


def actor(connection, control, folder):
    """The process that passes hooks."""
    env = hooks.Env(folder, Armed(control))
    connection.send("ready")
    while True:
        number, seed, runs = connection.recv()
        hook = hooks.HOOKS[number - 1]
        env.rng = random.Random(seed)
        facts = []
        for run in range(runs):
            comm = env.rng.choice(hooks.COMMS)
            hooks.libc.prctl(hooks.PR_SET_NAME, comm, 0, 0, 0)
            victim = env.rng.choice(env.children if hook.interrupt else env.tasks)
            env.armed.set(hook, run, victim)
            facts.append(Facts(os.getpid(), comm, victim, env.exe, hook.action(env)))
            env.close()
        connection.send(facts)


class Fuzzer:
    def __init__(self, options):
        self.options = options
        self.rng = random.Random(options.seed)
        self.generator = Generator(self.rng)
        self.btf = bpf.Btf(assemble.FUNCTIONS + [f"bpf_lsm_{hook.name}" for hook in hooks.HOOKS],
                           {struct_ for struct_, _ in assemble.MEMBERS.values()})
        self.maps = {
            "control": bpf.Array(4096),
            "results": bpf.Array(BATCH * assemble.PROGRAM_SIZE),
            "causes": bpf.Array(len(assemble.CAUSES_BYTES), assemble.CAUSES_BYTES),
            "addresses": bpf.Array(len(assemble.ADDRESSES_BYTES)),
        }
        self.maps["addresses"].value[:] = assemble.ADDRESSES_BYTES
        self.model = Model(dict(socket.if_nameindex()))
        self.seen = set()
        self.count = collections.Counter()
        self.refused = collections.Counter()
        self.errnos = collections.Counter()
        self.pairs = collections.Counter()
        self.hooks = collections.Counter()
        self.time = collections.Counter()
        self.comparing = None
        self.started = self.said = time.monotonic()

    def prepare(self):
        """Starts the other processes, and makes the guest a quiet place."""
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        os.mkdir(FOLDER)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", FOLDER], check=True)
        os.mkdir(f"{FOLDER}/cgroup")
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", f"{FOLDER}/cgroup"], check=True)
        self.cgroup = os.open(f"{FOLDER}/cgroup", os.O_RDONLY)
        os.mkdir(f"{FOLDER}/stage")
        audit.only_ours()
        self.actor = self.process(actor, self.maps["control"], f"{FOLDER}/stage")
        self.daemon = self.process(audit.daemon)

    @staticmethod
    def process(target, *args):
        ours, theirs = FORK.Pipe()
        FORK.Process(target=target, args=(theirs, *args), daemon=True).start()
        if (answer := ours.recv()) != "ready":
            sys.exit(f"fuzz: {answer}.")
        return ours

    def clocked(self, what, function, *args):
        start = time.monotonic()
        result = function(*args)
        self.time[what] += time.monotonic() - start
        return result

    def progress(self, always=False):
        now = time.monotonic()
        if always or now - self.said >= 5:
            self.said = now
            seconds = now - self.started
            say(f"{seconds:5.0f} s: {self.count['accepted']} programs accepted, {self.count['refused']} refused, "
                f"{self.count['records']} records came, {self.count['compared']} are compared ({self.count['compared'] / seconds:.0f}/s)")

    # A batch

    def make(self, hook, cgroup, base):
        """A new program, loaded; None if it was refused or isn't new."""
        program = self.clocked("generate", self.generator.program, hook, cgroup)
        assembler = self.clocked("assemble", lambda: assemble.Assembler(program, self.btf).assemble())
        hash_ = assembler.hash()
        if hash_ in self.seen:
            self.count["repeated"] += 1
            return None
        self.seen.add(hash_)
        program.base = base
        try:
            program.fd = self.clocked(
                "load", bpf.load, assembler.relocate(self.maps, base), self.btf.function[f"bpf_lsm_{hook.name}"],
                program.mode == "lsm_cgroup", program.mode == "lsm.s")
        except bpf.Refused as refused:
            self.count["refused"] += 1
            self.count["of a wrong kind"] += bool(program.complaint)
            self.refused[program.spoiled or f"unexpected: {refused}"] += 1
            if not program.spoiled:
                self.count["disagreements"] += 1
                say(f"DISAGREEMENT (--seed {self.options.seed}): refused: {refused}\n    {program.listing()}")
            elif not re.search(program.complaint, str(refused)):
                self.count["disagreements"] += 1
                say(f"DISAGREEMENT (--seed {self.options.seed}): {program.spoiled}, but refused for: {refused}\n    {program.listing()}")
            return None
        if program.spoiled:
            # It isn't run: it may do anything.
            os.close(program.fd)
            self.count["disagreements"] += 1
            say(f"DISAGREEMENT (--seed {self.options.seed}): {program.spoiled}, and yet it was loaded: {program.listing()}")
            return None
        program.prog_id = bpf.prog_id(program.fd)
        self.count["accepted"] += 1
        program.number = self.count["accepted"]
        self.hooks[f"{program.mode}/{hook.name}"] += 1
        for first, second in itertools.pairwise(name(step) for step in program.steps if name(step)):
            self.pairs[first, second] += 1
        return program

    def batch(self, wanted):
        """Makes at most as many programs as wanted, runs them, and compares."""
        places = [(hook, False) for hook in hooks.HOOKS] * PER_HOOK
        on_cgroup = self.rng.sample([hook for hook in hooks.HOOKS if hook.cgroup], CGROUP_HOOKS)
        places += [(hook, True) for hook in on_cgroup] * PER_CGROUP_HOOK
        self.rng.shuffle(places)
        programs, base = [], 0
        for hook, cgroup in places:
            if len(programs) == wanted:
                break
            if program := self.make(hook, cgroup, base):
                programs.append(program)
                base += assemble.PROGRAM_SIZE
            self.progress()
        used = len(programs) * assemble.PROGRAM_SIZE
        results = self.maps["results"].value
        results[:used] = struct.pack("=i", NOT_CALLED) * (used // 4)
        for program in programs:
            for run in range(assemble.RUNS):
                at = program.base + run * assemble.RUN_SIZE
                results[at:at + 4] = bytes(4)
        links = [self.clocked("attach", self.attach, program) for program in programs]
        self.progress()

        facts = {}
        for hook in {program.hook: None for program in programs}:
            self.actor.send((hook.number, self.rng.getrandbits(64), self.options.runs))
            facts[hook] = self.clocked("run", self.wait, self.actor)
            self.progress()
        audit.mark("fuzz")
        records = self.clocked("receive", self.wait, self.daemon)
        self.count["records"] += len(records)
        for fd in links + [program.fd for program in programs]:
            self.clocked("detach", os.close, fd)
            self.progress()
        self.compare(programs, facts, records, bytes(results[:used]))
        lost, _ = audit.status()
        if lost:
            sys.exit(f"fuzz: audit lost {lost} records.")

    def attach(self, program):
        return bpf.attach(program.fd, self.cgroup if program.mode == "lsm_cgroup" else None, program.raw)

    # Another process compares, while this one goes on with the next batch.

    def compare(self, *batch):
        self.join()
        ours, theirs = FORK.Pipe()
        FORK.Process(target=self.compare_beside, args=(theirs, *batch), daemon=True).start()
        self.comparing = ours

    def compare_beside(self, connection, *batch):
        comparison = Comparison(self.model, self.options.seed, self.options.verbose)
        comparison.compare(*batch)
        sys.stdout.flush()
        connection.send((comparison.count, comparison.errnos))

    def wait(self, connection):
        """What another process has to say."""
        while not connection.poll(1):
            self.progress()
        return connection.recv()

    def join(self):
        """Waits for the comparison that goes on, if one does."""
        if self.comparing:
            count, errnos = self.clocked("wait for comparison", self.wait, self.comparing)
            self.comparing = None
            self.count += count
            self.errnos += errnos

    # The whole

    def run(self):
        options, wanted = self.options, self.options.programs
        say(f"fuzz: --seed {options.seed} --programs {wanted} --runs {options.runs}")
        self.prepare()
        while self.count["accepted"] < wanted and self.count["disagreements"] < options.stop_after:
            self.batch(wanted - self.count["accepted"])
        self.join()
        self.progress(always=True)
        self.summary()
        count = self.count
        share = count["with records"] / max(1, count["accepted"])
        good = not count["disagreements"] and count["accepted"] >= wanted and share >= 0.9
        say(f"fuzz: {'passed' if good else 'FAILED'}: {count['accepted']} distinct programs accepted, each run "
            f"{options.runs} times, {100 * share:.1f} % with a record in each run; {count['refused']} refused, "
            f"{count['of a wrong kind']} of them for something of a wrong kind; "
            f"{count['compared']} records compared, {count['parsed']} parsed by auparse, 0 lost; "
            f"{count['disagreements']} disagreements; --seed {options.seed}")
        return 0 if good else 1

    def summary(self):
        say("\nloads refused, by what was wrong with the program:")
        for reason, number in self.refused.most_common():
            say(f"{number:8} {reason}")
        say("\ncalls, by kfunc and result:")
        for kfunc in KFUNCS:
            results = [f"{result(kfunc, value)} {number}"
                       for (name, value), number in self.errnos.most_common() if name == kfunc]
            say(f"{kfunc:>12}: {', '.join(results)}")
        say("\nprograms by pairs of kfuncs, the first in rows:")
        say(f"{'':12}" + "".join(f"{name[-6:]:>7}" for name in KFUNCS))
        for first in KFUNCS:
            say(f"{first:12}" + "".join(f"{self.pairs[first, second]:7}" for second in KFUNCS))
        say("\nprograms by hook:")
        line = ""
        for hook, number in sorted(self.hooks.items()):
            line += f"{hook} {number}  "
            if len(line) > 90:
                say(line)
                line = ""
        say(line)
        say("seconds: " + ", ".join(f"{what} {seconds:.1f}" for what, seconds in self.time.most_common()))


def result(kfunc, value):
    """What a kfunc returned, in words."""
    if kfunc == "start":
        return "a context" if value else "NULL"
    return "nothing" if value is None else errno.errorcode.get(-value, value)


def name(step):
    """The kfunc of a step."""
    match step:
        case Start():
            return "start"
        case End():
            return "end"
        case Call(kfunc):
            return kfunc
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--programs", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=10, choices=range(1, assemble.RUNS + 1))
    parser.add_argument("--stop-after", type=int, default=20, help="this many disagreements")
    parser.add_argument("--verbose", action="store_true", help="show programs that are refused unexpectedly, and all disagreements")
    # Each program of a batch is open, and so is its link.
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * BATCH, 4 * BATCH))
    return Fuzzer(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
