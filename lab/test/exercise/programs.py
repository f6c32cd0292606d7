# SPDX-License-Identifier: GPL-2.0-only
"""Programs that call every kfunc with every object that they can get hold of.

A program notes in which context it runs: what preempt_count() says, what kind of
task is current, and which locks lockdep says are held. The first run in a context,
each whose number is a power of two, and each 1024th, writes records: as many as it
takes to pass each object to each kfunc that takes one. What is refused is found by
asking the verifier.
"""

import ctypes
import os
import re
import struct
from dataclasses import dataclass, field

import bpf
from bpf import JA
from btf import FUNC
from program import KFUNCS

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = range(11)
LDX_B, LDX_H, LDX_W, LDX_DW, STX_W, STX_H, STX_DW, ST_W, ST_DW = 0x71, 0x69, 0x61, 0x79, 0x63, 0x6b, 0x7b, 0x62, 0x7a
MOV_IMM, MOV_REG, MOV32_REG, ADD_IMM, ADD_REG, SUB_IMM, NEG32 = 0xb7, 0xbf, 0xbc, 0x07, 0x0f, 0x17, 0x84
AND_IMM, AND_REG, OR_IMM, OR_REG, LSH_IMM, RSH_IMM = 0x57, 0x5f, 0x47, 0x4f, 0x67, 0x77
SUB_REG, MUL_REG, XOR_REG, XOR_IMM = 0x1f, 0x2f, 0xaf, 0xa7
JEQ, JEQ_REG, JNE, JSET = 0x15, 0x1d, 0x55, 0x45
CALL, EXIT, LD_IMM64, ATOMIC_W, ATOMIC_DW = 0x85, 0x95, 0x18, 0xc3, 0xdb
FETCH = 1
PSEUDO_MAP, PSEUDO_MAP_VALUE, PSEUDO_BTF_ID, PSEUDO_KFUNC = 1, 2, 3, 2
INSN = struct.Struct("=BBhi")
HELPERS = {"map_lookup_elem": 1, "map_update_elem": 2, "get_current_pid_tgid": 14, "get_current_uid_gid": 15,
           "this_cpu_ptr": 154, "get_current_task_btf": 158}

# The control map: whether programs do anything, whose runs aren't looked at, and two
# addresses.
ON, SPARED, ADDRESS4, ADDRESS6, CONTROL_SIZE = 0, 8, 64, 96, 4096
MAX_SPARED = 8
ADDRESSES = {ADDRESS4: (b"\2\0\0\x50\x7f\0\0\1" + bytes(8), 16),
             ADDRESS6: (b"\12\0\0\x50" + bytes(4) + bytes(15) + b"\1" + bytes(4), 28)}

# The results map: for each program a block for its runs, then one for each result, which
# counts them by errno.
BLOCK = 512
PROGRAM_SIZE = 128 * BLOCK
RUNS, SAMPLED, NO_ROOM = 0, 8, 16

# A context, as it is a key of their map, and what is known of it.
MAX_LOCKS = 24
KEY = struct.Struct(f"=IIHxxxxxx{MAX_LOCKS}H")
VALUE = struct.Struct("=QQIIII")
COUNT, TIMES, NAMED, UNSUPPORTED, OTHER, NO_RECORD = 0, 8, 16, 20, 24, 28
MAX_CONTEXTS = 1 << 17
KEY_AT, VALUE_AT = -72, -112
NMI_HARDIRQ, SOFTIRQ, SERVING_SOFTIRQ, PREEMPT = 0xff0000, 0xff00, 0x100, 0xff
FLAGS = {1: "irqs off", 2: "user", 4: "exiting", 8: "kthread", 0x10: "memalloc", 0x20: "no fs", 0x40: "userns",
         0x80: "nofs", 0x100: "spinlock"}
SPINNING = 0x100
PF = {0x4: 4, 0x200000: 8, 0x800: 0x10, 0x40000: 0x80}
HELD = 0x8000  # set in a lock's class, so that none is 0

# What takes an object of a type. The first five look up a name or a path, and have keys in common,
# and so has path_at, which takes a path and an entry.
TAKERS = {"file": ("file", "ioctl_op"), "path": ("path",), "dentry": ("dentry",), "inode": ("inode",),
          "task_struct": ("task",), "socket": ("net_sock",), "sockaddr": ("net_sockaddr",)}
NAMING = {"file", "ioctl_op", "path", "path_at", "dentry", "inode"}
# The members that lead on to other objects: those that the verifier vouches for.
WAYS = {("linux_binprm", "file"), ("file", "f_inode"), ("dentry", "d_inode"), ("socket", "sk"),
        ("vm_area_struct", "vm_file"), ("vm_area_struct", "vm_mm"), ("mm_struct", "exe_file"), ("mm_struct", "owner"),
        ("task_struct", "real_parent"), ("task_struct", "group_leader"), ("sk_buff", "sk"), ("request_sock", "sk")}
# Those that are as good as what they are a member of, so that it depends on the hook.
AS_GOOD = {("linux_binprm", "file"), ("file", "f_inode"), ("dentry", "d_inode"), ("vm_area_struct", "vm_file")}

@dataclass(frozen=True)
class Object:
    """An argument of the hook by number, "current", "exe", or a place in the control map; and the
    members to follow from there: (structure, member, whether it is a pointer)."""
    source: object
    ways: tuple = ()
    length: int | None = None  # the argument that an address's length is

    @property
    def last(self):
        return self.ways[-1] if self.ways else None

    def __str__(self):
        source = f"arg{self.source}" if isinstance(self.source, int) else self.source
        return ".".join([source, *(member for _, member, _ in self.ways)])


@dataclass(frozen=True)
class Call:
    kfunc: str
    object: Object | None = None
    entry: Object | None = None

    def __str__(self):
        return f"{self.kfunc}({', '.join(str(arg) for arg in (self.object, self.entry) if arg)})"


@dataclass
class Program:
    hook: str
    sleepable: bool
    number: int
    base: int  # where its results are
    results: list = field(default_factory=list)  # the kfunc of each block but the first
    insns: int = 0
    fd: int = -1

    @property
    def name(self):
        return f"{'lsm.s' if self.sleepable else 'lsm'}/{self.hook}"


class Kernel:
    """What programs need to know of the kernel."""

    def __init__(self, btf):
        self.btf = btf
        bpf.no_others(btf.ids[FUNC])
        self.kfuncs = {name: btf.function(f"bpf_audit_log_{name}") for name in KFUNCS}
        self.get_exe, self.put_file = btf.function("bpf_get_task_exe_file"), btf.function("bpf_put_file")
        self.preempt_count = btf.variable("__preempt_count")
        self.hardirqs_enabled = btf.variable("hardirqs_enabled")
        self.lockdep = self.hardirqs_enabled is not None and self.locks_are_known()
        self.hooks = sorted(name.removeprefix("bpf_lsm_") for name in btf.ids[FUNC] if name.startswith("bpf_lsm_"))

    def locks_are_known(self):
        """A held lock's class and context are the low bits of one word."""
        class_idx, context = self.btf.member("held_lock", "class_idx"), self.btf.member("held_lock", "irq_context")
        return class_idx and (class_idx.bit % 32, class_idx.bits) == (0, 13) and (
            context.bit, context.bits) == (class_idx.bit + 13, 2)

    def objects(self, struct_, source, ways=(), seen=()):
        """Everything that can be got from a structure of a type: (type, object)."""
        if struct_ in TAKERS:
            yield struct_, Object(source, ways)
        if struct_ in seen or struct_ not in self.btf.ids[4] or struct_ == "sockaddr":
            return
        for member in self.btf.members(self.btf.ids[4][struct_]):
            target, pointer = self.btf.pointee(member.type), True
            if not target:
                target, pointer = self.btf.structure(member.type), False
            on = (*ways, (struct_, member.name, pointer))
            if (struct_, member.name) in WAYS:
                yield from self.objects(target, source, on, (*seen, struct_))
            elif target in TAKERS and target != "sockaddr":
                yield target, Object(source, on)

    def calls(self, hook):
        """The calls with the objects of a hook, current and its executable."""
        objects = []
        parameters = list(self.btf.parameters(f"bpf_lsm_{hook}"))
        for i, (_, type_) in enumerate(parameters):
            struct_ = self.btf.pointee(type_)
            if struct_ == "sockaddr":
                objects.append((struct_, Object(i, (), i + 1 if i + 1 < len(parameters) else None)))
            elif struct_:
                objects += self.objects(struct_, i)
        objects += self.objects("task_struct", "current")
        objects += [("sockaddr", Object("address4")), ("sockaddr", Object("address6"))]
        objects += self.objects("file", "exe")
        entries = [Object(i) for i, (_, type_) in enumerate(parameters) if self.btf.pointee(type_) == "dentry"]
        return [Call(kfunc, object_) for struct_, object_ in objects for kfunc in TAKERS[struct_]] + [
            Call("path_at", object_, entry) for struct_, object_ in objects if struct_ == "path" for entry in entries]


class Assembler(bpf.Code):
    def __init__(self, kernel, maps, program, calls, cause, only_to_verify=False):
        self.kernel, self.btf, self.maps, self.program, self.cause = kernel, kernel.btf, maps, program, cause
        super().__init__()
        self.count = 0
        self.owner = {}  # instruction: the call that it belongs to
        self.program.results = []
        self.emit(MOV_REG, R6, R1)
        if only_to_verify:
            self.map_value(R7, "results")
        else:
            self.prologue()
        exe = [call for call in calls if call.object.source == "exe"]
        self.records([call for call in calls if call not in exe])
        if exe:
            self.with_exe(exe)
        self.label("exit")
        self.emit(MOV_IMM, R0)
        self.emit(EXIT)
        for at, label in self.jumps.items():
            self.insns[at][2] = self.labels[label] - at - 1
        program.insns = len(self.insns)
        self.code = b"".join(INSN.pack(*insn) for insn in self.insns)

    # Instructions

    def new_label(self):
        self.count += 1
        return f"l{self.count}"

    def imm64(self, dst, kind, imm, offset=0):
        self.emit(LD_IMM64, dst, kind, 0, imm)
        self.emit(0, 0, 0, 0, offset)

    def helper(self, name):
        self.emit(CALL, imm=HELPERS[name])

    def kfunc(self, btf_id):
        self.emit(CALL, src=PSEUDO_KFUNC, imm=btf_id)

    def map_value(self, dst, name, offset=0):
        self.imm64(dst, PSEUDO_MAP_VALUE, self.maps[name].fd, offset)

    def add_one(self, dst, off, code=ATOMIC_DW, scratch=R2):
        self.emit(MOV_IMM, scratch, imm=1)
        self.emit(code, dst, scratch, off)

    def set_if(self, code, register, imm, bit):
        """Sets a bit of R9 if a register is as the jump says."""
        yes, no = self.new_label(), self.new_label()
        self.jump(yes, code, register, imm=imm)
        self.jump(no)
        self.label(yes)
        self.emit(OR_IMM, R9, imm=bit)
        self.label(no)
        self.forget(R9)

    def forget(self, register):
        """Read again, it is any number to the verifier, which so needn't follow each path to here."""
        self.emit(STX_H, R10, register, KEY_AT + 8)
        self.emit(LDX_H, register, R10, KEY_AT + 8)

    # The context

    def prologue(self):
        """Ends the program unless this run is to be sampled. Then R7 is what is known of its context."""
        self.helper("get_current_pid_tgid")
        self.emit(RSH_IMM, R0, imm=32)
        self.map_value(R1, "control")
        self.emit(LDX_W, R2, R1, ON)
        self.jump("exit", JEQ, R2)
        for i in range(MAX_SPARED):
            self.emit(LDX_W, R2, R1, SPARED + 4 * i)
            self.jump("exit", JEQ_REG, R0, R2)
        self.map_value(R1, "results", self.program.base)
        self.add_one(R1, RUNS)
        for at in range(VALUE_AT, 0, 8):
            self.emit(ST_DW, R10, off=at)
        self.emit(ST_W, R10, off=KEY_AT, imm=self.program.number)
        self.helper("get_current_task_btf")
        self.emit(MOV_REG, R7, R0)
        self.imm64(R1, PSEUDO_BTF_ID, self.kernel.preempt_count)
        self.helper("this_cpu_ptr")
        self.emit(LDX_W, R8, R0)
        self.emit(AND_IMM, R8, imm=NMI_HARDIRQ | SOFTIRQ | PREEMPT)
        self.emit(STX_W, R10, R8, KEY_AT + 4)
        self.flags()
        if self.kernel.lockdep:
            self.locks()
        self.emit(STX_H, R10, R9, KEY_AT + 8)
        self.sample()

    def flags(self):
        """What kind of task is current, in R9; of a task that is merely interrupted, nothing."""
        self.emit(MOV_IMM, R9)
        if self.kernel.hardirqs_enabled:
            self.imm64(R1, PSEUDO_BTF_ID, self.kernel.hardirqs_enabled)
            self.helper("this_cpu_ptr")
            self.emit(LDX_W, R1, R0)
            self.set_if(JEQ, R1, 0, 1)
        self.jump("interrupted", JSET, R8, imm=NMI_HARDIRQ | SOFTIRQ)
        self.helper("get_current_uid_gid")
        self.emit(MOV32_REG, R0, R0)
        self.set_if(JNE, R0, 0, 2)
        self.emit(LDX_W, R1, R7, self.btf.offset("task_struct", "flags"))
        for bit, flag in PF.items():
            self.set_if(JSET, R1, bit, flag)
        self.emit(LDX_DW, R1, R7, self.btf.offset("task_struct", "fs"))
        self.set_if(JEQ, R1, 0, 0x20)
        self.emit(LDX_DW, R1, R7, self.btf.offset("task_struct", "cred"))
        self.jump("interrupted", JEQ, R1)
        self.emit(LDX_DW, R1, R1, self.btf.offset("cred", "user_ns"))
        self.jump("interrupted", JEQ, R1)
        self.emit(LDX_W, R1, R1, self.btf.offset("user_namespace", "level"))
        self.set_if(JNE, R1, 0, 0x40)
        self.label("interrupted")

    def locks(self):
        """The classes of the locks that are held, less those of what was interrupted. And whether
        one of them spins, in R9: a class may be another one's when its name is looked up."""
        size, at = self.btf.size("held_lock"), self.btf.offset("task_struct", "held_locks")
        instance = at + self.btf.offset("held_lock", "instance")
        outer, inner = (self.btf.offset("lockdep_map", f"wait_type_{name}") for name in ("outer", "inner"))
        at += self.btf.member("held_lock", "class_idx").bit // 8
        self.emit(MOV_IMM, R5)
        for bits, context in (NMI_HARDIRQ, 2 << 13), (SERVING_SOFTIRQ, 1 << 13):
            label = self.new_label()
            self.emit(MOV_REG, R1, R8)
            self.emit(AND_IMM, R1, imm=bits)
            self.jump(label, JEQ, R1)
            self.emit(OR_IMM, R5, imm=context)
            self.label(label)
        self.forget(R5)
        self.emit(LDX_W, R4, R7, self.btf.offset("task_struct", "lockdep_depth"))
        for i in range(MAX_LOCKS):
            # Without a jump: the verifier would follow both ways of each.
            self.emit(LDX_W, R1, R7, at + i * size)
            self.emit(MOV_REG, R2, R1)
            self.emit(AND_IMM, R2, imm=3 << 13)
            self.emit(XOR_REG, R2, R5)
            self.emit(ADD_IMM, R2, imm=-1)
            self.emit(RSH_IMM, R2, imm=63)  # whether its context is this one
            self.emit(MOV_IMM, R3, imm=i)
            self.emit(SUB_REG, R3, R4)
            self.emit(RSH_IMM, R3, imm=63)  # whether there is such a lock
            self.emit(AND_REG, R2, R3)
            # Its type is 2 or 3; an outer one have RCU sections, and bottom halves that are off.
            self.emit(LDX_DW, R0, R7, instance + i * size)
            self.emit(LDX_B, R3, R0, inner)
            self.emit(AND_IMM, R3, imm=~1)
            self.emit(XOR_IMM, R3, imm=2)
            self.emit(LDX_B, R0, R0, outer)
            self.emit(OR_REG, R3, R0)
            self.emit(ADD_IMM, R3, imm=-1)
            self.emit(RSH_IMM, R3, imm=63)
            self.emit(AND_REG, R3, R2)
            self.emit(LSH_IMM, R3, imm=SPINNING.bit_length() - 1)
            self.emit(OR_REG, R9, R3)
            self.emit(AND_IMM, R1, imm=(1 << 13) - 1)
            self.emit(OR_IMM, R1, imm=HELD)
            self.emit(MUL_REG, R1, R2)
            self.emit(STX_H, R10, R1, KEY_AT + 16 + 2 * i)

    def look_up(self, helper="map_lookup_elem"):
        self.imm64(R1, PSEUDO_MAP, self.maps["contexts"])
        self.emit(MOV_REG, R2, R10)
        self.emit(ADD_IMM, R2, imm=KEY_AT)
        self.helper(helper)

    def sample(self):
        self.look_up()
        self.jump("found", JNE, R0)
        self.emit(MOV_REG, R3, R10)
        self.emit(ADD_IMM, R3, imm=VALUE_AT)
        self.emit(MOV_IMM, R4, imm=1)  # BPF_NOEXIST
        self.look_up("map_update_elem")
        self.look_up()
        self.jump("found", JNE, R0)
        self.map_value(R1, "results", self.program.base)
        self.add_one(R1, NO_ROOM)
        self.jump("exit")
        self.label("found")
        self.emit(MOV_REG, R7, R0)
        self.emit(MOV_IMM, R1, imm=1)
        self.emit(ATOMIC_DW, R7, R1, COUNT, FETCH)
        self.emit(MOV_REG, R2, R1)
        self.emit(ADD_IMM, R2, imm=1)
        self.emit(AND_REG, R1, R2)
        self.jump("sampled", JEQ, R1)
        self.emit(AND_IMM, R2, imm=1023)
        self.jump("exit", JNE, R2)
        self.label("sampled")
        self.add_one(R7, TIMES)
        self.map_value(R1, "results", self.program.base)
        self.add_one(R1, SAMPLED)

    # The records

    def tally(self, kfunc):
        """Counts the result in R0, by errno."""
        self.program.results.append(kfunc)
        self.emit(MOV_REG, R1, R0)
        self.emit(NEG32, R1)
        self.emit(AND_IMM, R1, imm=BLOCK // 4 - 1)
        self.emit(LSH_IMM, R1, imm=2)
        self.map_value(R2, "results", self.program.base + BLOCK * len(self.program.results))
        self.emit(ADD_REG, R2, R1)
        self.add_one(R2, 0, ATOMIC_W, R3)

    def tally_in_context(self):
        """Counts whether a name could be looked up, for this context."""
        named, other, done = self.new_label(), self.new_label(), self.new_label()
        self.emit(MOV32_REG, R1, R0)
        self.emit(NEG32, R1)
        self.emit(MOV_IMM, R2, imm=1)
        self.jump(named, JEQ, R1)
        self.jump(other, JNE, R1, imm=95)  # EOPNOTSUPP
        self.emit(ATOMIC_W, R7, R2, UNSUPPORTED)
        self.jump(done)
        self.label(named)
        self.emit(ATOMIC_W, R7, R2, NAMED)
        self.jump(done)
        self.label(other)
        self.emit(ATOMIC_W, R7, R2, OTHER)
        self.label(done)

    def records(self, calls):
        """Each record has one field with a name or an address, as those may have keys in common."""
        tasks = [call for call in calls if call.kfunc == "task"]
        others = [call for call in calls if call.kfunc != "task"]
        for i in range(max(len(tasks), len(others), 1)):
            self.record([Call("cause"), Call("rule"), *others[i:i + 1], *tasks[i:i + 1], Call("cap")])

    def record(self, calls):
        missed = self.new_label()
        self.kfunc(self.kernel.kfuncs["start"])
        self.emit(MOV_REG, R9, R0)
        self.emit(MOV_IMM, R0)
        started = self.new_label()
        self.jump(started, JNE, R9)
        self.add_one(R7, NO_RECORD, ATOMIC_W)
        self.emit(MOV_IMM, R0, imm=-1)
        self.label(started)
        self.tally("start")
        self.jump(missed, JEQ, R9)
        for call in calls:
            start = len(self.insns)
            self.call(call)
            self.owner.update(dict.fromkeys(range(start, len(self.insns)), call))
        self.emit(MOV_REG, R1, R9)
        self.kfunc(self.kernel.kfuncs["end"])
        self.emit(MOV_IMM, R0)
        self.tally("end")
        self.label(missed)

    def call(self, call):
        skip = self.new_label()
        match call.kfunc:
            case "cause":
                self.map_value(R2, "causes", self.cause)
            case "cap":
                self.emit(MOV_IMM, R2, imm=21)
            case "rule":
                self.emit(MOV_IMM, R2, imm=-1)
            case "path_at":
                self.load(call.object, R2, skip)
                self.load(call.entry, R3, skip)
            case "ioctl_op":
                self.load(call.object, R2, skip)
                self.emit(MOV_IMM, R3, imm=0x5401)
            case "net_sock":
                self.load(call.object, R3, skip)
                self.emit(MOV_IMM, R2, imm=1)
            case "net_sockaddr":
                self.addresses(call.object, skip)
            case _:
                self.load(call.object, R2, skip)
        self.emit(MOV_REG, R1, R9)
        self.kfunc(self.kernel.kfuncs[call.kfunc])
        if call.kfunc in NAMING:
            self.tally_in_context()
        self.tally(call.kfunc)
        self.label(skip)

    def load(self, object_, dst, skip):
        """Loads an object, and skips the call if it is NULL."""
        if object_.source == "current":
            self.helper("get_current_task_btf")
            self.emit(MOV_REG, dst, R0)
        elif object_.source == "exe":
            self.emit(MOV_REG, dst, R8)
        else:
            self.emit(LDX_DW, dst, R6, 8 * object_.source)
            self.jump(skip, JEQ, dst)
        for struct_, member, pointer in object_.ways:
            offset = self.btf.offset(struct_, member)
            if pointer:
                self.emit(LDX_DW, dst, dst, offset)
                self.jump(skip, JEQ, dst)
            else:
                self.emit(ADD_IMM, dst, imm=offset)

    def addresses(self, object_, skip):
        if object_.source == "address4":
            self.emit(MOV_IMM, R3)
            self.map_value(R4, "control", ADDRESS4)
            self.emit(MOV_IMM, R5, imm=16)
        elif object_.source == "address6":
            self.map_value(R3, "control", ADDRESS6)
            self.emit(MOV_REG, R4, R3)
            self.emit(MOV_IMM, R5, imm=28)
        else:
            self.load(object_, R3, skip)
            self.emit(MOV_IMM, R4)
            self.emit(LDX_DW, R5, R6, 8 * object_.length) if object_.length else self.emit(MOV_IMM, R5, imm=16)
        self.emit(MOV_IMM, R2, imm=1)

    def with_exe(self, calls):
        self.helper("get_current_task_btf")
        self.emit(MOV_REG, R1, R0)
        self.kfunc(self.kernel.get_exe)
        self.jump("exit", JEQ, R0)
        self.emit(MOV_REG, R8, R0)
        self.records(calls)
        self.emit(MOV_REG, R1, R8)
        self.kfunc(self.kernel.put_file)


AT = re.compile(r"^(\d+): \([0-9a-f]{2}\) ", re.M)
REASON = re.compile(r"^Reason:\n(.*?)\n\nAt:\n  insn (\d+)", re.M | re.S)  # since Linux 7.3
LOG_STATS = 4
NOISE = ("processed ", "verification time", "stack depth", "max_states", "insns_processed")


class Refused(Exception):
    """The verifier's reason, and the instruction that it was about."""

    def __init__(self, log, error):
        reason = REASON.search(log)
        lines = [line for line in log.splitlines() if line and not line.startswith(NOISE)]
        super().__init__(" ".join(reason[1].split()) if reason else lines[-1] if lines else str(error))
        places = [reason[2]] if reason else AT.findall(log)
        self.at = int(places[-1]) if places else None


def load(kernel, maps, program, calls, cause):
    """Loads a program. Returns the calls that the verifier refused, each with why."""
    dropped, calls = {}, list(calls)
    while True:
        assembler = Assembler(kernel, maps, program, calls, cause)
        try:
            program.fd = verify(assembler.code, kernel.btf.function(f"bpf_lsm_{program.hook}"), program.sleepable)
            return dropped
        except Refused as refused:
            call = assembler.owner.get(refused.at)
            if call not in calls:
                raise
            dropped[call] = str(refused)
            calls.remove(call)


def why_refused(kernel, maps, program, call, cause):
    """Why the verifier refuses a call in a program on a hook, or None. A small program tells it sooner."""
    assembler = Assembler(kernel, maps, program, [call], cause, only_to_verify=True)
    try:
        os.close(verify(assembler.code, kernel.btf.function(f"bpf_lsm_{program.hook}"), program.sleepable))
        return None
    except Refused as refused:
        if assembler.owner.get(refused.at) != call:
            raise
        return str(refused)


def verify(code, hook, sleepable):
    """Loads instructions. Returns the file descriptor."""
    insns, license_ = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    # Statistics and the reason come without each instruction, but it takes these to find it before 7.3.
    for level in LOG_STATS, 1:
        log = ctypes.create_string_buffer(1 << 12 if level == LOG_STATS else 1 << 18)  # it keeps the end
        attr = struct.pack(
            "=IIQQIIQII16sII36xI", bpf.PROG_TYPE_LSM, len(code) // INSN.size, bpf.address(insns),
            bpf.address(license_), level, len(log), bpf.address(log),
            0, bpf.F_SLEEPABLE if sleepable else 0, b"exercise", 0, bpf.LSM_MAC, hook)
        try:
            return bpf.bpf(bpf.PROG_LOAD, attr)
        except OSError as error:
            if level == 1 or REASON.search(log.value.decode()):
                raise Refused(log.value.decode(), error) from None
    raise AssertionError("unreachable")
