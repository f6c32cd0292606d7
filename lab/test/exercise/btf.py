# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's BTF: functions with their parameters, structures with their members."""

import struct
from dataclasses import dataclass

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR = range(1, 15)
DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(15, 20)
# Bytes after the 12 of each type, by kind: for the type, and for each of its vlen members.
EXTRA = {INT: (4, 0), ARRAY: (12, 0), STRUCT: (0, 12), UNION: (0, 12), ENUM: (0, 8), FUNC_PROTO: (0, 8), VAR: (4, 0),
         DATASEC: (0, 12), DECL_TAG: (4, 0), ENUM64: (0, 12)}
MODIFIERS = {TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG}


@dataclass(frozen=True)
class Member:
    name: str
    type: int
    bit: int  # where it starts
    bits: int  # how many it has, if it is a bit field


class Btf:
    def __init__(self, path="/sys/kernel/btf/vmlinux"):
        with open(path, "rb") as file:
            self.data = data = file.read()
        header, types, types_len, self.strings, _ = struct.unpack_from("=4x5I", data)
        self.strings += header
        self.at = [None]  # where each type is
        self.ids = {FUNC: {}, STRUCT: {}, VAR: {}}  # by name
        named = {FUNC: [], STRUCT: [], VAR: []}
        position, end = header + types, header + types + types_len
        unpack, add = struct.Struct("=II").unpack_from, self.at.append
        while position < end:
            name, info = unpack(data, position)
            kind = info >> 24 & 0x1f
            if kind in named and name:
                named[kind].append((name, len(self.at)))
            add(position)
            once, each = EXTRA.get(kind, (0, 0))
            position += 12 + once + each * (info & 0xffff)
        for kind, entries in named.items():
            for name, id_ in entries:
                self.ids[kind].setdefault(self.string(name), id_)

    def string(self, offset):
        start = self.strings + offset
        return self.data[start:self.data.index(b"\0", start)].decode()

    def head(self, id_):
        """A type's name, kind, and size or type."""
        name, info, size = struct.unpack_from("=3I", self.data, self.at[id_])
        return self.string(name), info >> 24 & 0x1f, size

    def skip(self, id_):
        """The type without its modifiers and other names."""
        while id_:
            _, kind, target = self.head(id_)
            if kind not in MODIFIERS:
                break
            id_ = target
        return id_

    def pointee(self, id_):
        """The name of the structure that a pointer is to, if it is one."""
        id_ = self.skip(id_)
        if not id_ or self.head(id_)[1] != PTR:
            return None
        return self.structure(self.head(id_)[2])

    def structure(self, id_):
        """The name of a type, if it is a structure."""
        id_ = self.skip(id_)
        if not id_ or self.head(id_)[1] != STRUCT:
            return None
        return self.head(id_)[0] or None

    def function(self, name):
        return self.ids[FUNC][name]

    def parameters(self, function):
        """The names and types of a function's parameters."""
        proto = self.head(self.function(function))[2]
        at = self.at[proto]
        count = struct.unpack_from("=I", self.data, at + 4)[0] & 0xffff
        for i in range(count):
            name, type_ = struct.unpack_from("=II", self.data, at + 12 + 8 * i)
            yield self.string(name), type_

    def members(self, id_, base=0):
        """The members of a structure or union, with those of what has no name in it."""
        at = self.at[id_]
        info, = struct.unpack_from("=I", self.data, at + 4)
        for i in range(info & 0xffff):
            name, type_, offset = struct.unpack_from("=3I", self.data, at + 12 + 12 * i)
            bits = offset >> 24 if info >> 31 else 0
            bit = base + (offset & 0xffffff if info >> 31 else offset)
            if name:
                yield Member(self.string(name), type_, bit, bits)
            elif self.head(self.skip(type_))[1] in (STRUCT, UNION):
                yield from self.members(self.skip(type_), bit)

    def member(self, struct_, name):
        """One member, or None if there is no such."""
        id_ = self.ids[STRUCT].get(struct_)
        return next((m for m in self.members(id_) if m.name == name), None) if id_ else None

    def offset(self, struct_, *names):
        """Where a member is, in bytes; each further name is a member of the last one."""
        id_, bit = self.ids[STRUCT][struct_], 0
        for name in names:
            member = next(m for m in self.members(id_) if m.name == name)
            bit += member.bit
            id_ = self.skip(member.type)
        return bit // 8

    def size(self, struct_):
        return self.head(self.ids[STRUCT][struct_])[2]

    def variable(self, name):
        return self.ids[VAR].get(name)
