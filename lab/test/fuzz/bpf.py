# SPDX-License-Identifier: GPL-2.0-only
"""The bpf() system call, instructions for it, and the kernel's BTF, as far as the fuzzer needs them."""

import ctypes
import errno
import mmap
import os
import re
import struct

from program import KFUNCS

SYS_BPF = 321  # x86-64
MAP_CREATE, MAP_UPDATE_ELEM, PROG_LOAD, OBJ_GET_INFO_BY_FD, RAW_TRACEPOINT_OPEN, MAP_FREEZE, LINK_CREATE = 0, 2, 5, 15, 17, 22, 28
MAP_TYPE_ARRAY = 2
F_RDONLY_PROG, F_MMAPABLE = 1 << 7, 1 << 10
PROG_TYPE_LSM = 29
LSM_MAC, LSM_CGROUP = 27, 43
F_SLEEPABLE = 1 << 4
LOG_STATS = 4  # without the trace, of which the verifier's advice is a part

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    """Returns what bpf(2) does; the attribute is padded, so that unused fields are zero."""
    size = 152
    buffer = ctypes.create_string_buffer(attr.ljust(size, b"\0"), size)
    result = libc.syscall(SYS_BPF, command, buffer, size)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def address(buffer):
    return ctypes.addressof(buffer)


class Array:
    """An array map of one value, which the program addresses directly."""

    def __init__(self, size, contents=None):
        """With contents, the value is constant for programs and for everyone."""
        flags = F_MMAPABLE if contents is None else F_RDONLY_PROG
        self.fd = bpf(MAP_CREATE, struct.pack("=5I", MAP_TYPE_ARRAY, 4, size, 1, flags))
        if contents is None:
            self.value = mmap.mmap(self.fd, size)
        else:
            key, value = ctypes.create_string_buffer(4), ctypes.create_string_buffer(contents, size)
            bpf(MAP_UPDATE_ELEM, struct.pack("=I4xQQQ", self.fd, address(key), address(value), 0))
            bpf(MAP_FREEZE, struct.pack("=I", self.fd))


JA = 0x05


class Code:
    """Instructions, with jumps to labels that are known at the end."""

    def __init__(self):
        self.insns = []
        self.jumps = {}  # instruction: label
        self.labels = {}

    def emit(self, code, dst=0, src=0, off=0, imm=0):
        self.insns.append([code, dst | src << 4, off, imm])

    def jump(self, label, code=JA, dst=0, src=0, imm=0):
        self.jumps[len(self.insns)] = label
        self.emit(code, dst, src, 0, imm)

    def label(self, label):
        self.labels[label] = len(self.insns)


class Refused(Exception):
    """The verifier refused a program; the text is its last complaint."""


def load(insns, attach_btf_id, cgroup=False, sleepable=False):
    """Loads an LSM program. Returns its file descriptor."""
    code, license_ = ctypes.create_string_buffer(insns), ctypes.create_string_buffer(b"GPL")
    log = None
    for level in 0, LOG_STATS:
        if level:
            log = ctypes.create_string_buffer(1 << 16)
        attr = struct.pack(
            "=IIQQIIQII16sII36xI",
            PROG_TYPE_LSM, len(insns) // 8, address(code), address(license_),
            level, len(log) if log else 0, address(log) if log else 0,
            0, F_SLEEPABLE if sleepable else 0, b"fuzz", 0, LSM_CGROUP if cgroup else LSM_MAC,
            attach_btf_id,
        )
        try:
            return bpf(PROG_LOAD, attr)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
                raise
            if level:
                raise Refused(complaint(log.value.decode(), error)) from None
    raise AssertionError("unreachable")


def complaint(log, error):
    """The verifier's last line that isn't about its work or a state of registers."""
    lines = [line for line in log.splitlines()
             if line and not line.startswith(("processed ", "verification time", "stack depth", "max_states", "subprog "))]
    return f"{lines[-1] if lines else 'no log'} ({error.strerror})"


def prog_id(fd):
    info = ctypes.create_string_buffer(232)
    bpf(OBJ_GET_INFO_BY_FD, struct.pack("=IIQ", fd, len(info), address(info)))
    return struct.unpack_from("=I", info, 4)[0]


def attach(fd, cgroup_fd=None, raw=False):
    """Returns the file descriptor of the link."""
    if raw:
        return bpf(RAW_TRACEPOINT_OPEN, struct.pack("=QI", 0, fd))
    if cgroup_fd is not None:
        return bpf(LINK_CREATE, struct.pack("=4I", fd, cgroup_fd, LSM_CGROUP, 0))
    return bpf(LINK_CREATE, struct.pack("=4I", fd, 0, LSM_MAC, 0))


STRUCT, UNION, FUNC = 4, 5, 12
# Bytes after the 12 of each type, by kind: for the type, and for each of its vlen members.
EXTRA = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12),
         17: (4, 0), 19: (0, 12)}


def no_others(functions):
    """A kfunc that isn't in the list would not be tried, and nobody would notice."""
    # One with implicit arguments has a second name.
    others = {name.removesuffix("_impl") for name in functions if name.startswith("bpf_audit_log_")} - {
        f"bpf_audit_log_{name}" for name in KFUNCS}
    if others:
        raise SystemExit(f"{', '.join(sorted(others))}: nothing tries these; add them to lab/test/fuzz/program.py, "
                         "and to TAKERS in lab/test/exercise/programs.py.")


class Btf:
    """The ids of functions, and the offsets of structure members, in the kernel's BTF."""

    def __init__(self, functions, structs, path="/sys/kernel/btf/vmlinux"):
        with open(path, "rb") as file:
            self.data = data = file.read()
        header, types, types_len, strings, strings_len = struct.unpack_from("=4x5I", data)
        self.strings = data[header + strings:header + strings + strings_len]
        functions, structs = self.places(functions), self.places(structs)
        self.function, self.member = {}, {}
        self.types = [None]  # where each is
        found = []
        position, end = header + types, header + types + types_len
        unpack, add = struct.Struct("=II").unpack_from, self.types.append
        while position < end:
            name, info = unpack(data, position)
            kind = info >> 24 & 0x1f
            if kind == FUNC and name in functions:
                self.function.setdefault(functions[name], len(self.types))
            elif kind == STRUCT and name in structs:
                found.append((structs[name], position))
            add(position)
            once, each = EXTRA.get(kind, (0, 0))
            position += 12 + once + each * (info & 0xffff)
        for name, position in found:
            self.read_members(name, position, 0)
        no_others(name.decode() for name in re.findall(rb"(?<=\0)bpf_audit_log_\w+(?=\0)", self.strings))

    def places(self, names):
        """Each name by its place in the strings."""
        places = {self.strings.find(b"\0" + name.encode() + b"\0") + 1: name for name in names}
        if 0 in places:
            raise SystemExit(f"fuzz: the kernel doesn't have {places[0]}: is CONFIG_BPF_LSM_AUDIT on?")
        return places

    def read_members(self, struct_, position, base):
        """Those of a structure or union in it, too, if it has no name."""
        _, info = struct.unpack_from("=II", self.data, position)
        for at in range(position + 12, position + 12 + 12 * (info & 0xffff), 12):
            name, type_, offset = struct.unpack_from("=3I", self.data, at)
            offset = base + (offset & 0xffffff if info >> 31 else offset) // 8
            if name:
                name = self.strings[name:self.strings.index(b"\0", name)].decode()
                self.member.setdefault((struct_, name), offset)
            elif struct.unpack_from("=I", self.data, self.types[type_] + 4)[0] >> 24 & 0x1f in (STRUCT, UNION):
                self.read_members(struct_, self.types[type_], offset)
