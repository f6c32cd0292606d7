# SPDX-License-Identifier: GPL-2.0-only
"""The names and kinds of lockdep's lock classes, read from the kernel's memory."""

import ctypes
import functools
import struct

import bpf

PROG_TYPE_SYSCALL, PROG_TEST_RUN = 31, 10
PROBE_READ_KERNEL = 113
SIZE = 256
WAIT = {0: "none", 1: "rcu", 2: "raw", 3: "spin", 4: "sleep"}


def symbols(*names):
    """The addresses of some symbols, 0 for one that isn't there."""
    found = dict.fromkeys(names, 0)
    with open("/proc/kallsyms", encoding="ascii") as file:
        for line in file:
            address, _, name = line.split()[:3]
            if name in found:
                found[name] = int(address, 16)
    return found


class Memory:
    """Reads the kernel's memory with a program that copies it to its context."""

    def __init__(self):
        insn = struct.Struct("=BBhi").pack
        code = b"".join((
            insn(0xbf, 6 | 1 << 4, 0, 0),  # r6 = r1
            insn(0x79, 3 | 1 << 4, 0, 0),  # r3 = *(u64 *)(r1 + 0)
            insn(0xbf, 1 | 10 << 4, 0, 0), insn(0x07, 1, 0, -SIZE),  # r1 = r10 - SIZE
            insn(0xb7, 2, 0, SIZE), insn(0x85, 0, 0, PROBE_READ_KERNEL), insn(0xbf, 7, 0, 0),
            *(part for at in range(0, SIZE, 8) for part in (
                insn(0x79, 1 | 10 << 4, at - SIZE, 0), insn(0x7b, 6 | 1 << 4, at, 0))),
            insn(0xb7, 0, 0, 0), insn(0x95, 0, 0, 0)))
        insns, license_ = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
        self.fd = bpf.bpf(bpf.PROG_LOAD, struct.pack(
            "=IIQQIIQII16sII36xI", PROG_TYPE_SYSCALL, len(code) // 8, bpf.address(insns), bpf.address(license_),
            0, 0, 0, 0, bpf.F_SLEEPABLE, b"peek", 0, 0, 0))

    def read(self, address):
        """SIZE bytes from an address on."""
        context = ctypes.create_string_buffer(struct.pack("=Q", address), SIZE)
        bpf.bpf(PROG_TEST_RUN, struct.pack("=IIIIQQIIIIQQ", self.fd, 0, 0, 0, 0, 0, 0, 0, SIZE, 0, bpf.address(context), 0))
        return context.raw


class Locks:
    def __init__(self, btf):
        self.memory, self.btf = Memory(), btf
        self.classes, self.size = symbols("lock_classes")["lock_classes"], btf.size("lock_class")

    def word(self, data, size, member):
        return struct.unpack_from(size, data, self.btf.offset("lock_class", member))[0]

    @functools.cache
    def describe(self, index):
        """A class's name and its kind: "sleep", "spin", "raw", "rcu" or "none"."""
        data = self.memory.read(self.classes + index * self.size)
        pointer, subclass = self.word(data, "=Q", "name"), self.word(data, "=I", "subclass")
        version = self.word(data, "=i", "name_version")
        # What has an outer type of its own is no lock: RCU sections, and bottom halves that are off.
        kind = WAIT.get(self.word(data, "=B", "wait_type_outer") or self.word(data, "=B", "wait_type_inner"), "?")
        name = self.memory.read(pointer).split(b"\0")[0].decode(errors="replace") if pointer else f"class {index}"
        name += f"#{version}" if version > 1 else ""
        return name + (f"/{subclass}" if subclass else ""), kind
