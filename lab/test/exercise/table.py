# SPDX-License-Identifier: GPL-2.0-only
"""What the programs counted, as tables, and what has to be so of it."""

import collections
import errno
import os
import re
import struct

import bpf
import never
import programs
from programs import BLOCK, FLAGS, HELD, NMI_HARDIRQ, PREEMPT, SERVING_SOFTIRQ, SOFTIRQ, SPINNING

EXPECTED = {0, errno.EINVAL, errno.EOPNOTSUPP, errno.E2BIG, errno.EAFNOSUPPORT, errno.EFAULT}
SELFTEST = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "../../../tools/testing/selftests/bpf/prog_tests/lsm_audit_kfuncs_hooks.c")
TASK_FLAGS = 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80


def classes():
    """The class that the selftest's table gives each hook."""
    with open(SELFTEST, encoding="utf-8") as file:
        groups = re.findall(r"\{ ([A-Z]+), HOOKS\(([^)]*)\)", file.read())
    return {hook: class_ for class_, hooks in groups for hook in re.findall(r"\w+", hooks)}


def word(error):
    # ENOTSUP is another name of it.
    names = errno.errorcode | {errno.EOPNOTSUPP: "EOPNOTSUPP"}
    return "ok" if not error else names.get(error, str(error))


class Context:
    """Where a program ran, how often, and what became of its names there."""

    def __init__(self, key, value, locks):
        self.program, preempt, self.flags, *held = key
        self.count, self.times, self.named, self.unsupported, self.other, self.no_record = value
        self.preempt, self.irqs_off = preempt, bool(self.flags & 1)
        self.locks = [locks.describe(lock & ~HELD) for lock in held if lock] if locks else []
        # The last is the trampoline's own.
        if self.locks and self.locks[-1][0].startswith("rcu"):
            self.locks.pop()

    @property
    def preemptible(self):
        return not self.preempt and not self.irqs_off

    @property
    def in_rcu(self):
        """Whether it is in an RCU section of a caller, as the holder of any spinlock is with PREEMPT_RT."""
        return any(kind == "rcu" for _, kind in self.locks)

    @property
    def spinning(self):
        """Whether lockdep says that a spinlock is held."""
        return bool(self.flags & SPINNING)

    @property
    def where(self):
        """One word for what may be done here."""
        if self.preempt & NMI_HARDIRQ:
            return "hardirq"
        if self.preempt & SERVING_SOFTIRQ:
            return "softirq"
        if self.irqs_off:
            return "irqs-off"
        if self.preempt & SOFTIRQ:
            return "bh-off"
        return "preempt-off" if self.preempt & PREEMPT else "task"

    def __str__(self):
        who = [name for bit, name in FLAGS.items() if self.flags & bit and bit & TASK_FLAGS]
        held = [f"{name} ({kind})" for name, kind in self.locks]
        return f"{self.where}{' ' if who else ''}{', '.join(who)} [{', '.join(held)}]"


class Table:
    def __init__(self, exercise, records, examples):
        self.exercise = exercise
        self.programs, self.examples = exercise.programs, examples
        self.hooks = sorted({program.hook for program in self.programs.values()})
        ids = {bpf.prog_id(program.fd): program for program in self.programs.values()}
        self.records = collections.Counter()
        for id_, count in records.items():
            self.records[ids[id_].hook if id_ in ids else f"program {id_}"] += count
        self.contexts = [Context(key, value, exercise.locks) for key, value in exercise.contexts()]
        self.by_hook = collections.defaultdict(list)
        for context in self.contexts:
            self.by_hook[self.programs[context.program].hook].append(context)
        self.read_results()

    def read_results(self):
        data = self.exercise.maps["results"].value
        self.hook_runs, self.results = collections.Counter(), collections.defaultdict(collections.Counter)
        self.runs = self.sampled = self.no_room = 0
        for program in self.programs.values():
            runs, sampled, no_room = struct.unpack_from("=QQQ", data, program.base)
            self.runs, self.sampled, self.no_room = self.runs + runs, self.sampled + sampled, self.no_room + no_room
            self.hook_runs[program.hook] += runs
            for i, kfunc in enumerate(program.results, 1):
                counts = struct.unpack_from(f"={BLOCK // 4}I", data, program.base + i * BLOCK)
                for error, count in enumerate(counts):
                    if count:
                        self.results[program.hook, kfunc][error] += count
        self.total = collections.defaultdict(collections.Counter)
        for (_, kfunc), counts in self.results.items():
            self.total[kfunc].update(counts)
        # A start that returns NULL is counted as 1.
        self.started, self.missing = self.total["start"][0], self.total["start"][1]
        self.ended = self.total["end"][0]
        self.fired = [hook for hook in self.hooks if self.hook_runs[hook]]

    def checks(self):
        """Names of what has to be so, each with what is otherwise."""
        yield "no context is forgotten", [f"{self.no_room} runs"] if self.no_room else []
        yield "results are among those documented", [
            f"{kfunc}() on {hook} returns {word(error)}" for (hook, kfunc), counts in self.results.items()
            for error in counts if error not in EXPECTED and kfunc != "start"]
        if self.exercise.options.whole:
            yield "hooks that never fired are known", [
                hook for hook in self.hooks if not self.hook_runs[hook] and hook not in never.WHAT]
        known, realtime = classes(), " PREEMPT_RT " in os.uname().version
        yield "hooks that interrupts run are in a class that says so", [
            f"{self.describe(context)} is {known.get(hook)}" for hook, contexts in self.by_hook.items()
            if known.get(hook) not in ("NESTED", "REFUSED")
            for context in contexts if context.where in ("hardirq", "softirq")]
        if not self.exercise.kernel.lockdep:
            return
        yield "no name is looked up where a spinlock may be held", [
            self.describe(context) for context in self.contexts
            if context.named and (not context.preemptible or context.spinning)]
        yield "names are looked up elsewhere", [
            self.describe(context) for context in self.contexts
            if context.unsupported and context.preemptible and not context.flags & 0x24 and
            not (realtime and context.in_rcu)]

    def describe(self, context):
        return f"{self.programs[context.program].name}: {context}"

    def write(self, path, load):
        with open(path, "w", encoding="utf-8") as file:
            def say(text=""):
                print(text, file=file)

            say(f"{len(self.programs)} programs on {len(self.hooks)} hooks; {len(self.fired)} hooks fired, "
                f"{self.runs} runs in {len(self.contexts)} contexts, {self.sampled} runs wrote {self.started} records")
            say()
            self.write_totals(say)
            self.write_hooks(say)
            self.write_never(say)
            self.write_refused(say)
            load.write(say)
            self.write_examples(say)

    def write_totals(self, say):
        say("# Results of each kfunc")
        for kfunc in programs.KFUNCS:
            counts = self.total[kfunc]
            if kfunc == "start":
                counts = {"a record": counts[0], "NULL": counts[1]}
            say(f"{kfunc:13} " + ", ".join(
                f"{count} {word(error) if isinstance(error, int) else error}" for error, count in sorted(counts.items(), key=str)))
        say()

    def write_hooks(self, say):
        say("# Hooks that fired: runs, those of users, records received, where")
        for hook in self.fired:
            contexts = self.by_hook[hook]
            where = collections.Counter()
            for context in contexts:
                where[context.where] += context.count
            user = sum(context.count for context in contexts if context.flags & 2)
            sleepable = any(program.sleepable for program in self.programs.values() if program.hook == hook)
            say(f"{hook}{' (and sleepable)' if sleepable else ''}: {self.hook_runs[hook]} runs, {user} of users, "
                f"{self.records[hook]} records; " + ", ".join(f"{name} {count}" for name, count in where.most_common()))
            for kfunc in programs.KFUNCS[2:]:
                if counts := self.results.get((hook, kfunc)):
                    say(f"    {kfunc}: " + ", ".join(f"{count} {word(error)}" for error, count in sorted(counts.items())))
            self.write_locks(say, contexts)
        say()

    def write_locks(self, say, contexts):
        """The locks that were held, each with how often and where."""
        locks = collections.defaultdict(collections.Counter)
        for context in contexts:
            for name, kind in set(context.locks):
                locks[kind][name] += context.count
        for kind, names in sorted(locks.items()):
            say(f"    {kind}: " + ", ".join(f"{name} ({count})" for name, count in names.most_common()))

    def write_never(self, say):
        say("# Hooks that never fired, and what it would take")
        for hook in self.hooks:
            if not self.hook_runs[hook]:
                say(f"{hook}: {never.WHAT.get(hook, '?')}")
        say()

    def write_refused(self, say):
        say("# Hooks that can't have a program, or whose program can't call the kfuncs")
        for name, why in sorted(self.exercise.refused_hooks.items()):
            say(f"{name}: {re.sub(r'attach_btf_id [0-9]+ ', '', why)}")
        say()
        say("# Calls that the verifier refuses")
        by_reason = collections.defaultdict(list)
        for why, calls in self.exercise.refused_calls.items():
            by_reason[re.sub(r"^.* but R\d is ", "", why)] += calls
        for why, calls in sorted(by_reason.items(), key=lambda item: -len(item[1])):
            hooks = collections.defaultdict(list)
            for hook, call in calls:
                hooks[call].append(hook)
            say(f"{len(calls)} times: {why}")
            for call, of in sorted(hooks.items()):
                say(f"    {call} on {of[0]}{f' and {len(of) - 1} more' if len(of) > 1 else ''}")
        say("Once refused, a pointer that isn't the hook's own was not tried on other hooks. The task's root: "
            "task_struct.fs is no pointer that the verifier trusts.")
        say()

    def write_examples(self, say):
        say("# A record of each program")
        for text in self.examples.values():
            say(text.decode(errors="replace"))
