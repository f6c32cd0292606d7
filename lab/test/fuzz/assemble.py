# SPDX-License-Identifier: GPL-2.0-only
"""Programs as instructions.

A program checks that it is meant (the word at 0 of the control map says which
process and which hook), loads the objects that it needs to its stack, and does
its steps. Each result goes to its own slot in the results map, the slots of
each run after those of the last. What can be NULL is checked; then all that is
held is given back in the reverse order.
"""

import hashlib
import struct

from bpf import JA, Code
from program import ADDRESSES, CAUSES, CONTEXTS, KFUNCS, Call, End, Helper, If, Object, Region, Start

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = range(11)
ARGUMENTS = (R2, R3, R4, R5)
RUNS = 16  # results are kept for as many runs
RUN_SIZE = 128
PROGRAM_SIZE = RUNS * RUN_SIZE
ADDRESS_SIZE = 128

# The control map
CONTROL_HOOK, CONTROL_PROCESS, CONTROL_RUN, CONTROL_VICTIM = 0, 4, 8, 12

# Where things are in the stack, from the frame pointer down
CONTEXT_AT = [-8 * (i + 1) for i in range(CONTEXTS)]
ADDRESS_AT = [-48, -64]
IRQ_FLAGS_AT = -72
COMM_AT = -88
OBJECTS_FROM = -96

HELPERS = {"ktime_get_ns": 5, "get_prandom_u32": 7, "get_smp_processor_id": 8, "get_current_pid_tgid": 14,
           "get_current_uid_gid": 15, "get_current_comm": 16, "get_current_task_btf": 158}
REGIONS = {"rcu": ("bpf_rcu_read_lock", "bpf_rcu_read_unlock"),
           "preempt": ("bpf_preempt_disable", "bpf_preempt_enable"),
           "irq": ("bpf_local_irq_save", "bpf_local_irq_restore")}
FUNCTIONS = [f"bpf_audit_log_{name}" for name in KFUNCS] + [name for pair in REGIONS.values() for name in pair] + [
    "bpf_get_task_exe_file", "bpf_put_file", "bpf_task_from_pid", "bpf_task_release"]
MEMBERS = {"f_path": ("file", "f_path"), "f_inode": ("file", "f_inode"), "d_inode": ("dentry", "d_inode"),
           "bprm": ("linux_binprm", "file"), "family": ("sock_common", "skc_family")}
AF_NETLINK = 16

LDX_H, LDX_W, LDX_DW, STX_W, STX_DW, ST_W = 0x69, 0x61, 0x79, 0x63, 0x7b, 0x62
MOV_IMM, MOV_REG, ADD_IMM, ADD_REG = 0xb7, 0xbf, 0x07, 0x0f
AND_IMM, OR_IMM, LSH_IMM, RSH_IMM = 0x57, 0x47, 0x67, 0x77
JEQ_IMM, JNE_IMM, JNE_REG, JEQ32_IMM, JNE32_IMM = 0x15, 0x55, 0x5d, 0x16, 0x56
CALL, EXIT, LD_IMM64 = 0x85, 0x95, 0x18
PSEUDO_CALL, PSEUDO_KFUNC, PSEUDO_MAP, PSEUDO_MAP_VALUE = 1, 2, 1, 2
ATOMIC_W = 0xc3
INSN = struct.Struct("=BBhi")
VICTIM = Object("task", "victim")

CAUSES_AT, _bytes = [], b""
for _cause in CAUSES:
    CAUSES_AT.append(len(_bytes))
    _bytes += _cause + b"\0"
CAUSES_BYTES = _bytes
ADDRESSES_BYTES = b"".join(address.ljust(ADDRESS_SIZE, b"\0") for address in ADDRESSES)


class Assembler(Code):
    """Turns one program into instructions, in two steps: what the first leaves open is what differs
    between programs that do the same, and between kernels."""

    def __init__(self, program, btf):
        self.program, self.btf = program, btf
        super().__init__()
        self.relocations = []  # (instruction, what its immediate value is)
        self.held = {}  # what has to be given back: the function that does it
        self.pads = []  # (label, those functions)
        self.functions = []  # kfuncs called from a function
        self.object_at = {}

    def load_imm64(self, dst, value):
        self.emit(LD_IMM64, dst, 0, 0, signed(value))
        self.emit(0, 0, 0, 0, signed(value >> 32))

    def relocation(self, kind, name=None):
        """The next instruction's immediate value is known later."""
        self.relocations.append((len(self.insns), kind, name))

    def map_value(self, dst, map_, offset=0):
        self.relocation("map", map_)
        self.emit(LD_IMM64, dst, PSEUDO_MAP_VALUE)
        self.emit(0, 0, 0, 0, offset)

    def helper(self, name):
        self.emit(CALL, imm=HELPERS[name])

    def kfunc(self, name):
        self.relocation("kfunc", name)
        self.emit(CALL, src=PSEUDO_KFUNC, imm=FUNCTIONS.index(name))

    def number(self, dst, arg):
        """A number, which may not fit in 32 bits, or one that the hook got."""
        if isinstance(arg, tuple):
            self.emit(LDX_DW, dst, R6, 8 * arg[1])
        elif -2**31 <= arg < 2**31:
            self.emit(MOV_IMM, dst, imm=arg)
        else:
            self.load_imm64(dst, arg)

    def unless_null(self):
        """What is held is given back if R0 is NULL."""
        label = f"pad{len(self.pads)}"
        self.pads.append((label, list(self.held.values())))
        self.jump(label, JEQ_IMM, R0)

    # Parts of a program

    def assemble(self):
        """Makes the instructions."""
        program = self.program
        self.emit(MOV_REG, R6, R1)
        self.prologue()
        for object_ in program.objects:
            self.load_object(object_)
        for number, step in enumerate(program.steps):
            self.label(f"step{number}")
            self.step(number, step)
        self.label(f"step{len(program.steps)}")
        self.give_back(self.held.values())
        self.label("exit")
        self.emit(MOV_IMM, R0, imm=1 if program.mode == "lsm_cgroup" else 0)
        self.emit(EXIT)
        for label, held in self.pads:
            self.label(label)
            self.give_back(held)
            self.jump("exit")
        for kfunc in self.functions:
            self.label(f"in {kfunc}")
            self.kfunc(f"bpf_audit_log_{kfunc}")
            self.emit(EXIT)
        for at, label in self.jumps.items():
            distance = self.labels[label] - at - 1
            if self.insns[at][0] == CALL:
                self.insns[at][3] = distance
            else:
                self.insns[at][2] = distance
        self.code = bytearray().join([INSN.pack(*insn) for insn in self.insns])
        return self

    def hash(self):
        """The same for programs that differ only in maps, BTF ids, and their and their hook's number."""
        return hashlib.sha1(self.code).digest()

    def relocate(self, maps, base):
        """Returns the instructions as the kernel takes them; base is where the results go."""
        def put(at, value):
            struct.pack_into("=i", self.code, at * INSN.size + 4, value)

        for at, kind, name in self.relocations:
            match kind:
                case "map":
                    put(at, maps[name].fd)
                    if name == "results":
                        put(at + 1, base)
                case "kfunc":
                    put(at, self.btf.function[name])
                case "hook":
                    put(at, self.program.hook.number)
        return bytes(self.code)

    def prologue(self):
        """End unless this hook is meant, here and now; R7 is where this run's results go."""
        hook = self.program.hook
        if hook.interrupt:
            self.relocation("hook")
            self.emit(MOV_IMM, R0)
        else:
            self.helper("get_current_pid_tgid")
            self.emit(RSH_IMM, R0, imm=32)
            self.emit(LSH_IMM, R0, imm=32)
            self.relocation("hook")
            self.emit(OR_IMM, R0)
        self.map_value(R1, "control")
        self.emit(LDX_W if hook.interrupt else LDX_DW, R2, R1, CONTROL_HOOK)
        self.jump("exit", JNE_REG, R0, R2)
        if hook.name == "socket_sock_rcv_skb":
            # Audit's own delivery passes this hook.
            self.emit(LDX_DW, R2, R6)
            self.emit(LDX_H, R2, R2, self.btf.member[MEMBERS["family"]])
            self.jump("exit", JEQ_IMM, R2, imm=AF_NETLINK)
        self.emit(LDX_W, R7, R1, CONTROL_RUN)
        self.emit(AND_IMM, R7, imm=RUNS - 1)
        self.emit(LSH_IMM, R7, imm=RUN_SIZE.bit_length() - 1)
        self.map_value(R1, "results")
        self.emit(ADD_REG, R7, R1)
        self.emit(MOV_IMM, R1, imm=1)
        self.emit(ATOMIC_W, R7, R1)

    def load_object(self, object_):
        """Puts a pointer to an object on the stack."""
        if object_ in self.object_at:
            return
        at = self.object_at[object_] = OBJECTS_FROM - 8 * len(self.object_at)
        if object_.source == "current":
            self.helper("get_current_task_btf")
        elif object_.source == "victim":
            self.map_value(R1, "control")
            self.emit(LDX_W, R1, R1, CONTROL_VICTIM)
            self.kfunc("bpf_task_from_pid")
            self.unless_null()
            self.held[object_] = lambda: self.release(at, "bpf_task_release")
        elif object_.source == "exe":
            self.load_exe()
        else:
            self.emit(LDX_DW, R0, R6, 8 * object_.source)
            if object_.nullable:
                self.unless_null()
        for way in object_.via.split():
            offset = self.btf.member[MEMBERS[way]]
            if way == "f_path":
                self.emit(ADD_IMM, R0, imm=offset)
            else:
                self.emit(LDX_DW, R0, R0, offset)
            if way == "d_inode":
                self.unless_null()
        self.emit(STX_DW, R10, R0, at)

    def load_exe(self):
        """R0 becomes the file that the current task executes, or, in an interrupt, the victim."""
        if "exe" not in self.object_at:
            if self.program.hook.interrupt:
                self.load_object(VICTIM)
                self.emit(LDX_DW, R1, R10, self.object_at[VICTIM])
            else:
                self.helper("get_current_task_btf")
                self.emit(MOV_REG, R1, R0)
            at = self.object_at["exe"] = OBJECTS_FROM - 8 * len(self.object_at)
            self.kfunc("bpf_get_task_exe_file")
            self.unless_null()
            self.emit(STX_DW, R10, R0, at)
            self.held["exe"] = lambda: self.release(at, "bpf_put_file")
        self.emit(LDX_DW, R0, R10, self.object_at["exe"])

    def release(self, at, kfunc):
        self.emit(LDX_DW, R1, R10, at)
        self.kfunc(kfunc)

    def give_back(self, functions):
        for function in reversed(functions):
            function()

    def step(self, number, step):
        match step:
            case Start(context, slot):
                self.kfunc("bpf_audit_log_start")
                self.emit(MOV_IMM, R1, imm=0)
                self.emit(STX_W, R7, R1, 4 + 4 * slot)
                self.unless_null()
                self.emit(MOV_IMM, R1, imm=1)
                self.emit(STX_W, R7, R1, 4 + 4 * slot)
                self.emit(STX_DW, R10, R0, CONTEXT_AT[context])
                self.held[context] = lambda: self.release(CONTEXT_AT[context], "bpf_audit_log_end")
            case End(context, leak, wrong):
                if wrong:
                    self.wrong(wrong, context)
                    self.kfunc("bpf_audit_log_end")
                elif not leak:
                    self.release(CONTEXT_AT[context], "bpf_audit_log_end")
                self.held.pop(context, None)
            case Call():
                self.call(step)
            case If(succeeded, skip):
                self.jump(f"step{number + 1 + skip}", JNE32_IMM if succeeded else JEQ32_IMM, R8)
            case Region(kind, enter):
                self.region(kind, enter)
            case Helper(name):
                if name == "get_current_comm":
                    self.emit(MOV_REG, R1, R10)
                    self.emit(ADD_IMM, R1, imm=COMM_AT)
                    self.emit(MOV_IMM, R2, imm=16)
                self.helper(name)

    def region(self, kind, enter):
        def function(name):
            if kind == "irq":
                self.emit(MOV_REG, R1, R10)
                self.emit(ADD_IMM, R1, imm=IRQ_FLAGS_AT)
            self.kfunc(name)

        if enter:
            function(REGIONS[kind][0])
            self.held[kind] = lambda: function(REGIONS[kind][1])
        else:
            self.held.pop(kind)()

    def call(self, step):
        args = step.args
        if step.kfunc == "net_sockaddr":
            self.stack_addresses(args[1:3])
        if step.kfunc == "cause":
            self.map_value(R2, "causes", CAUSES_AT[args[0]])
        else:
            for register, arg in zip(ARGUMENTS, args):
                self.argument(register, arg)
        self.emit(LDX_DW, R1, R10, CONTEXT_AT[step.context])
        if step.wrong:
            self.wrong(step.wrong, step.context)
        if step.nested:
            if step.kfunc not in self.functions:
                self.functions.append(step.kfunc)
            self.jump(f"in {step.kfunc}", CALL, src=PSEUDO_CALL)
        else:
            self.kfunc(f"bpf_audit_log_{step.kfunc}")
        self.emit(MOV_REG, R8, R0)
        self.emit(STX_W, R7, R0, 4 + 4 * step.slot)

    def argument(self, register, arg):
        match arg:
            case None:
                self.emit(MOV_IMM, register, imm=0)
            case int() | ("arg", _):
                self.number(register, arg)
            case ("map", index):
                self.map_value(register, "addresses", index * ADDRESS_SIZE)
            case ("hook", index):
                self.emit(LDX_DW, register, R6, 8 * index)
            case ("stack", _):
                self.emit(MOV_REG, register, R10)
                self.emit(ADD_IMM, register, imm=ADDRESS_AT[ARGUMENTS.index(register) - 1])
            case _:
                self.emit(LDX_DW, register, R10, self.object_at[arg])

    def wrong(self, wrong, context):
        """Puts something of a wrong kind in a register."""
        register = wrong.register
        match wrong.what:
            case "the hook's arguments":
                self.emit(MOV_REG, register, R6)
            case "a map":
                self.relocation("map", "addresses")
                self.emit(LD_IMM64, register, PSEUDO_MAP)
                self.emit(0)
            case "stack memory":
                self.emit(MOV_REG, register, R10)
                self.emit(ADD_IMM, register, imm=ADDRESS_AT[1])
            case "a map's value":
                self.map_value(register, "addresses")
            case "a read-only map's value":
                self.map_value(register, "causes")
            case "a number":
                self.load_imm64(register, 0xffff888012345678)
            case "a context" | "the context's middle":
                self.emit(LDX_DW, register, R10, CONTEXT_AT[context])
                if wrong.what != "a context":
                    self.emit(ADD_IMM, register, imm=8)
            case "an ended context":
                self.emit(LDX_DW, register, R10, CONTEXT_AT[wrong.source])
            case "an object":
                self.emit(LDX_DW, register, R10, self.object_at[wrong.source])

    def stack_addresses(self, addresses):
        """The first 16 bytes of an address, which is what the verifier asks for, go to the stack."""
        for at, address in zip(ADDRESS_AT, addresses):
            if address and address[0] == "stack":
                for i, word in enumerate(struct.unpack("=4i", ADDRESSES[address[1]][:16].ljust(16, b"\0"))):
                    self.emit(ST_W, R10, off=at + 4 * i, imm=word)


def signed(value):
    value &= 2**32 - 1
    return value - 2**32 if value >= 2**31 else value
