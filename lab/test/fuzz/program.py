# SPDX-License-Identifier: GPL-2.0-only
"""Random programs, as lists of steps that both the assembler and the model read."""

import dataclasses
from dataclasses import dataclass, field

KFUNCS = ("start", "end", "cause", "rule", "cap", "path", "path_at", "file", "ioctl_op", "dentry", "inode", "task",
          "net_sock", "net_sockaddr")
OBJECT_OF = {"path": "path", "path_at": "path", "file": "file", "ioctl_op": "file", "dentry": "dentry", "inode": "inode",
             "task": "task", "net_sock": "sock"}
# What the parameters after the context take.
PARAMETERS = {"end": (), "cause": ("string",), "rule": ("number",), "cap": ("number",), "path": ("path",),
              "path_at": ("path", "dentry"), "file": ("file",),
              "ioctl_op": ("file", "number"), "dentry": ("dentry",), "inode": ("inode",), "task": ("task",),
              "net_sock": ("number", "sock"), "net_sockaddr": ("number", "address", "address", "number")}
# What no parameter takes, and what only some do.
NEVER = ("the hook's arguments", "a map", "the context's middle")
ONLY_FOR = {"stack memory": ("address",), "a map's value": ("address",), "a read-only map's value": ("string",),
            "a number": ("number",), "an ended context": ("number",), "a context": ("context",)}
INT_MAX, INT_MIN = 2**31 - 1, -2**31
CONTEXTS = 3  # records that are open at once, at most
MAX_SLOTS = 31  # results that a program can store

CAUSES = (
    b"fuzz", b"x", b"no-exec-from-tmp", b"a b", b'quote"', b"x=y", b"' path=/etc/shadow", b"line\nbreak",
    b"type=1427 msg=audit(1.0:1): prog-id=1", b"tab\t", b"\x7f", b"\x01", "gr\u00fc\u00df".encode(),
    b"\xff\xfe", b"\\", b"%s%n%d", b"'", b"~!@#$^&*()", b"?", b"x" * 254, b"x" * 255, b"\x80" * 255,
    b'"' * 255, b" " * 128, b"y" * 256, b"", b"z" * 300, b"(null)", b"prog-id=1", b"hu\"h" + b"w" * 251,
)
VALID_CAUSES = [i for i, cause in enumerate(CAUSES) if 0 < len(cause) < 256]
CAPS = (-1, 41, 42, 63, 64, 255, INT_MAX, INT_MIN, 2**32 + 5, -2**32)
RULES = (0, 1, 9, 10, 42, INT_MAX, INT_MIN, 2**32, 10**19 - 1, 10**19, 2**63, 2**64 - 1, -1)
NETIFS = (0, 1, 1, 1, -1, 2, 999, INT_MAX, INT_MIN)
CMDS = (0, 1, 0x5401, 0x5412, 0x7fff, 0x8000, 0xffff, 0x10000, 0x12345, -1, INT_MIN)
ADDRLENS = (16, 24, 28, 128, -1, 0, 1, 2, 15, 17, 23, 25, 127, 129, 255, INT_MAX, INT_MIN, 2**32 + 16)


def ipv4(host, port):
    return b"\2\0" + port.to_bytes(2, "big") + bytes(map(int, host.split("."))) + bytes(8)


def ipv6(words, port):
    words = [int(word, 16) for word in words.split()]
    return (b"\12\0" + port.to_bytes(2, "big") + bytes(4)
            + b"".join(word.to_bytes(2, "big") for word in words) + bytes(4))


# Addresses in a map, each with the room of the longest address.
ADDRESSES = (
    ipv4("127.0.0.1", 80), ipv4("0.0.0.0", 0), ipv4("0.0.0.0", 53), ipv4("169.254.169.254", 0),
    ipv4("255.255.255.255", 65535), ipv4("10.0.0.1", 1),
    ipv6("0 0 0 0 0 0 0 1", 443), ipv6("0 0 0 0 0 0 0 0", 0), ipv6("0 0 0 0 0 0 0 0", 8080),
    ipv6("0 0 0 0 0 ffff 102 304", 7), ipv6("fe80 0 0 0 1 0 0 1", 0), ipv6("2001 db8 0 1 1 1 1 1", 5),
    ipv6("2001 db8 ffff ffff ffff ffff ffff ffff", 65535), ipv6("0 0 0 0 0 5efe a00 1", 22),
    ipv6("0 0 0 0 0 0 a00 1", 22), ipv6("1 0 0 2 0 0 0 3", 9), ipv6("a 0 0 b 0 0 c 0", 11),
    b"\0\0" + b"\xaa" * 26, b"\1\0/tmp/socket", b"\20\0" + bytes(10), b"\xff\xff" + b"\xff" * 26,
    b"\3\0" + bytes(14),
)
INET = [i for i, a in enumerate(ADDRESSES) if a[0] == 2]
INET6 = [i for i, a in enumerate(ADDRESSES) if a[0] == 10]


@dataclass(frozen=True)
class Object:
    """Something of a kind that a kfunc takes: an argument of the hook, or what a helper gives."""
    kind: str
    source: object  # the number of the hook's argument, or "current", "victim", "exe"
    via: str = ""  # the way from there: "f_path", "f_inode", "d_inode", "bprm"
    nullable: bool = False  # the program has to check it

    def __str__(self):
        return f"{self.source}{'.' + self.via if self.via else ''}"


@dataclass(frozen=True)
class Wrong:
    """What a call passes in a register instead of what its kfunc takes there."""
    register: int
    wanted: str  # "context", "number", "string", "address", or the kind of an object
    what: str  # one of NEVER and ONLY_FOR, or "an object"
    source: object = None  # that object, or the number of the ended context

    def __str__(self):
        what = f"{'an' if self.source.kind == 'inode' else 'a'} {self.source.kind}" if self.what == "an object" else self.what
        return f"{what} as {'an' if self.wanted[0] in 'ai' else 'a'} {self.wanted}"


@dataclass(frozen=True)
class Start:
    context: int
    slot: int


@dataclass(frozen=True)
class End:
    context: int
    leak: bool = False  # forget it instead
    wrong: Wrong | None = None


@dataclass(frozen=True)
class Call:
    """Arguments are numbers, ("arg", n) for a number that the hook got, Objects and addresses:
    None, ("map", n), ("stack", n) and ("hook", n)."""
    kfunc: str
    context: int
    slot: int
    args: tuple
    nested: bool = False  # from a function of the program
    wrong: Wrong | None = None


@dataclass(frozen=True)
class If:
    """Skip the next steps, all of them calls, unless the last call succeeded (or failed)."""
    succeeded: bool
    skip: int


@dataclass(frozen=True)
class Region:
    kind: str  # "rcu", "preempt", "irq"
    enter: bool


@dataclass(frozen=True)
class Helper:
    name: str


@dataclass
class Program:
    hook: object
    mode: str  # "lsm", "lsm.s", "lsm_cgroup"
    steps: list = field(default_factory=list)
    objects: dict = field(default_factory=dict)  # in the order of their first use
    slots: int = 0
    raw: bool = False  # attach it by BPF_RAW_TRACEPOINT_OPEN
    spoiled: str = ""  # what the verifier should find
    complaint: str = ""  # how it says so, a regular expression
    # Known once it is loaded
    number: int = 0
    fd: int = -1
    prog_id: int = 0
    base: int = 0

    def listing(self):
        """A readable list of what the program does."""
        def word(arg):
            if isinstance(arg, tuple):
                return f"{arg[0]}[{arg[1]}]"
            return "NULL" if arg is None else str(arg)

        lines = [f"{self.mode}/{self.hook.name}"]
        for step in self.steps:
            match step:
                case Start(context, slot):
                    lines.append(f"ac{context} = start()  #{slot}")
                case End(context):
                    lines.append(f"end(ac{context})")
                case Call("cause", context, slot, (index,)):
                    lines.append(f"cause(ac{context}, {CAUSES[index]!r})  #{slot}")
                case Call(kfunc, context, slot, args, nested, wrong):
                    where = (" in a function" if nested else "") + (f", R{wrong.register} being {wrong}" if wrong else "")
                    lines.append(f"{kfunc}({', '.join([f'ac{context}', *map(word, args)])})  #{slot}{where}")
                case If(succeeded, skip):
                    lines.append(f"if it {'succeeded' if succeeded else 'failed'}, the next {skip}:")
                case Region(kind, enter):
                    lines.append(f"{kind} {'{' if enter else '}'}")
                case Helper(name):
                    lines.append(f"bpf_{name}()")
        return "\n    ".join(lines)


class Generator:
    """Makes programs from a random number generator."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, *choices):
        """One of (weight, value) pairs."""
        return self.rng.choices([value for _, value in choices], [weight for weight, _ in choices])[0]

    def program(self, hook, cgroup):
        """A program for a hook, to be attached to a cgroup or not."""
        rng = self.rng
        mode = "lsm_cgroup" if cgroup else "lsm.s" if hook.sleepable and rng.random() < 0.6 else "lsm"
        program = Program(hook, mode, raw=not cgroup and rng.random() < 0.2)
        self.available = hook.objects + self.helpers_objects(hook)
        stuffed = hook.long_paths and rng.random() < 0.3
        if stuffed:
            self.stuffed_record(program)
        else:
            self.records(program)
        match rng.random():
            case share if share < 0.03:
                self.spoil(program)
            case share if share < 0.06:
                self.pass_wrong(program)
        return program

    def helpers_objects(self, hook):
        """Objects that any program can get at, by kinds."""
        tasks = [Object("task", "victim")] + ([] if hook.interrupt else [Object("task", "current")])
        return tasks + [Object("file", "exe"), Object("path", "exe", "f_path"), Object("inode", "exe", "f_inode")]

    def records(self, program):
        """Some records, one after the other or several at once, in and out of regions."""
        rng = self.rng
        number = self.pick((6, 1), (3, 2), (1, 3))
        left, opened, region = number, [], None
        calls = rng.randint(1, 5 + 3 * number)
        nested = rng.random() < 0.1
        while left or opened:
            if program.slots >= MAX_SLOTS - CONTEXTS:
                left = calls = 0
                if not opened:
                    break
            what = self.pick((8 if calls and opened else 0, "call"),
                             (0 if not left else 3 if opened else 20, "start"),
                             (0 if not opened else 0.5 if calls else 8, "end"),
                             (0.5, "region"), (0.6, "helper"),
                             (0.6 if calls > 1 and opened and program.slots else 0, "if"))
            if what == "start":
                free = [c for c in range(CONTEXTS) if c not in opened]
                if not free:
                    continue
                opened.append(rng.choice(free))
                program.steps.append(Start(opened[-1], program.slots))
                program.slots += 1
                left -= 1
            elif what == "end":
                program.steps.append(End(opened.pop(rng.randrange(len(opened)))))
            elif what == "region":
                if region:
                    program.steps.append(Region(region, False))
                    region = None
                else:
                    region = self.pick((3, "rcu"), (1, "preempt"), (1, "irq"))
                    program.steps.append(Region(region, True))
            elif what == "helper":
                program.steps.append(Helper(rng.choice(("ktime_get_ns", "get_prandom_u32", "get_smp_processor_id",
                                                        "get_current_uid_gid", "get_current_comm"))))
            elif what == "if":
                if not isinstance(program.steps[-1], Call):
                    continue
                skip = rng.randint(1, 3)
                program.steps.append(If(rng.random() < 0.5, skip))
                for _ in range(skip):
                    self.call(program, rng.choice(opened), nested)
                calls = max(0, calls - skip)
            else:
                self.call(program, rng.choice(opened), nested)
                calls -= 1
        if region:
            program.steps.append(Region(region, False))

    def stuffed_record(self, program):
        """One record with as much in it as can be, in any order."""
        rng = self.rng
        program.steps.append(Start(0, program.slots))
        program.slots += 1
        long6 = [i for i in INET6 if ADDRESSES[i][8] == 0x20]
        fields = [
            ("cause", (rng.choice([i for i in VALID_CAUSES if len(CAUSES[i]) > 100]),)),
            ("cap", (rng.randint(10, 40),)),
            ("task", (rng.choice([o for o in self.available if o.kind == "task"]),)),
            ("net_sockaddr", (rng.choice(NETIFS), ("map", rng.choice(long6)), ("map", rng.choice(long6)), 28)),
            rng.choice((("path", (self.object("path"),)), ("file", (self.object("file"),)),
                        ("ioctl_op", (self.object("file"), 0xffff)))),
        ]
        rng.shuffle(fields)
        for _ in range(rng.randint(0, 2)):
            fields.append(rng.choice(fields))
        for kfunc, args in fields:
            self.add(program, kfunc, 0, args, False)
        program.steps.append(End(0))

    def object(self, kind):
        """An object of a kind, rather one of the hook's; None if there is none."""
        objects = [o for o in self.available if o.kind == kind]
        own = [o for o in objects if isinstance(o.source, int)]
        if own and self.rng.random() < 0.8:
            objects = own
        return self.rng.choice(objects) if objects else None

    def call(self, program, context, nested):
        """A call to one of the kfuncs that add to a record."""
        rng = self.rng
        while True:
            kfunc = rng.choice(KFUNCS[2:])
            if kfunc not in OBJECT_OF:
                break
            object_ = self.object(OBJECT_OF[kfunc])
            entry = self.object("dentry") if kfunc == "path_at" else None
            if object_ and (entry or kfunc != "path_at"):
                break
        if kfunc == "cause":
            args = (rng.choice(VALID_CAUSES) if rng.random() < 0.8 else rng.randrange(len(CAUSES)),)
        elif kfunc == "rule":
            # Of a hook's argument only the lower half is known.
            args = (self.pick((4, rng.choice(RULES)), (2, rng.getrandbits(64))),)
        elif kfunc == "path_at":
            args = (object_, entry)
        elif kfunc == "cap":
            args = (self.pick((6, rng.randint(0, 40)), (1, 0), (1, 40), (4, rng.choice(CAPS)),
                              (3 if program.hook.ints else 0, self.hook_int(program.hook))),)
        elif kfunc == "ioctl_op":
            args = (object_, self.pick((3, rng.choice(CMDS)), (2 if program.hook.ints else 0, self.hook_int(program.hook))))
        elif kfunc == "net_sock":
            args = (rng.choice(NETIFS), object_)
        elif kfunc == "net_sockaddr":
            args = self.addresses(program.hook)
        else:
            args = (object_,)
        self.add(program, kfunc, context, args, nested and rng.random() < 0.7)

    def hook_int(self, hook):
        return ("arg", self.rng.choice(hook.ints)) if hook.ints else 0

    def addresses(self, hook):
        """netif, two addresses and their length: most of them good, some of them anything."""
        rng = self.rng

        def address(family):
            return self.pick((5, ("map", rng.choice(family))), (1, ("stack", rng.choice(family))), (2, None),
                             (6 if hook.address else 0, ("hook", hook.address)))

        netif = rng.choice(NETIFS)
        families = self.pick((4, INET), (4, INET6), (2, range(len(ADDRESSES))))
        pair = [address(families), address(families)]
        if hook.address and rng.random() < 0.4:
            length = ("arg", hook.address + 1)
        elif rng.random() < 0.3:
            length = rng.choice(ADDRLENS)
        else:
            length = rng.choice((16, 17, 24, 128) if families is INET else (24, 25, 28, 28, 128))
        return (netif, *pair, length)

    def add(self, program, kfunc, context, args, nested):
        for arg in args:
            if isinstance(arg, Object):
                program.objects.setdefault(arg)
        program.steps.append(Call(kfunc, context, program.slots, args, nested))
        program.slots += 1

    def spoil(self, program):
        """Make a program that the verifier has to refuse."""
        rng = self.rng
        ends = [i for i, step in enumerate(program.steps) if isinstance(step, End)]
        where = rng.choice(ends)
        match rng.randrange(3):
            case 0:
                program.spoiled = "leak"
                program.steps[where] = End(program.steps[where].context, leak=True)
            case 1:
                program.spoiled = "double end"
                program.steps.insert(where, program.steps[where])
            case 2:
                program.spoiled = "use after end"
                program.steps.insert(where + 1, Call("cap", program.steps[where].context, 0, (1,)))

    def pass_wrong(self, program):
        """Make one call pass something of a wrong kind. The verifier must say of which register it is."""
        rng, steps = self.rng, program.steps
        at = rng.choice([i for i, step in enumerate(steps) if isinstance(step, (Call, End))])
        kfunc = "end" if isinstance(steps[at], End) else steps[at].kfunc
        wanted = ("context",) + PARAMETERS[kfunc]
        # Half of the time the context, which is what matters most.
        number = 0 if rng.random() < 0.5 else rng.randrange(len(wanted))
        wanted = wanted[number]
        ended = self.ended(steps[:at])
        objects = [o for o in self.available if o.kind != wanted and not o.nullable]
        choices = list(NEVER) + [what for what, for_ in ONLY_FOR.items() if wanted not in for_]
        if not ended:
            choices = [what for what in choices if what != "an ended context"]
        if objects:
            choices += ["an object"] * 3
        what, source = rng.choice(choices), None
        if what == "an object":
            source = rng.choice(objects)
            program.objects.setdefault(source)
        elif what == "an ended context":
            source = rng.choice(ended)
        wrong = Wrong(number + 1, wanted, what, source)
        steps[at] = dataclasses.replace(steps[at], wrong=wrong)
        program.spoiled = str(wrong)
        program.complaint = rf"\bR{wrong.register}\b"
        if (wanted, what) == ("address", "a read-only map's value"):
            program.complaint = "write into map forbidden"

    @staticmethod
    def ended(steps):
        """Contexts that have been ended, and not started again, by then."""
        ended = set()
        for step in steps:
            match step:
                case Start(context):
                    ended.discard(context)
                case End(context):
                    ended.add(context)
        return sorted(ended)
