# SPDX-License-Identifier: GPL-2.0-only
"""What the kfuncs return and print, by the specification and the kernel's security/lsm_audit.c.

It is written without a look at the module. Where several things are wrong with
one call, the specification doesn't say which error is returned: any of theirs
is right. Values that are absent are omitted, and claimed nevertheless, but for those
that another field could have: netif, a negative entry's device and inode, the path of a
unix socket that has none.
"""

import errno
import functools
import os
import socket

from facts import Task
from program import ADDRESSES, CAUSES, Call, End, If, Object, Region, Start

EINVAL, EAFNOSUPPORT, EOPNOTSUPP, E2BIG = -errno.EINVAL, -errno.EAFNOSUPPORT, -errno.EOPNOTSUPP, -errno.E2BIG
CAP_LAST_CAP = 40
MIN_LEN = {socket.AF_INET: 16, socket.AF_INET6: 24}
MAX_LEN = 128
RECORD_MAX = 8913  # bytes that auditd writes whole, from "audit(" on (Documentation/bpf/audit_kfuncs.rst)
# That begins with "audit(1795473545.953:38): ", with a serial of one to ten digits.
HEADER_MIN, HEADER_MAX = 25, 34
# A call may be refused for the longest that its values could have been: a device's name in hex,
# say. But the path at hand counts as it is, and a name as in hex.
SLACK = 700
PATH_MAX = 4096

FILE_KEYS = frozenset(("path", "dev", "ino"))
NAME_KEYS = frozenset(("name", "dev", "ino"))
SOCK_KEYS = frozenset(("laddr", "lport", "faddr", "fport"))
KEYS = {
    "cause": frozenset(("cause",)), "rule": frozenset(("rule-id",)), "cap": frozenset(("capability",)),
    "path": FILE_KEYS, "path_at": FILE_KEYS, "file": FILE_KEYS,
    "ioctl_op": FILE_KEYS | {"ioctlcmd"}, "dentry": NAME_KEYS, "inode": NAME_KEYS,
    "task": frozenset(("opid", "ocomm")), "net_sock": SOCK_KEYS,
    "net_sockaddr": frozenset(("saddr", "src", "daddr", "dest")),
}
LOOKS_UP_NAME = {"path", "path_at", "file", "ioctl_op", "dentry", "inode"}


@functools.cache
def untrusted(string):
    """audit_log_untrustedstring(): quoted, or in hex if there is a quote, a space, a control or a
    byte that isn't ASCII."""
    if all(0x21 <= byte <= 0x7e and byte != 0x22 for byte in string):
        return f'"{string.decode()}"'
    return string.hex().upper()


def path_text(path):
    """audit_log_d_path(): room for eleven bytes more than a path may have, one of them NUL."""
    return untrusted(path) if len(path) < PATH_MAX + 11 else '"<too_long>"'


def ipv6_text(address):
    """%pI6c: the first of the longest runs of zeroes, if longer than one word, is left out."""
    words = [int.from_bytes(address[i:i + 2], "big") for i in range(0, 16, 2)]
    mapped = address[:12] == bytes(10) + b"\xff\xff"
    isatap = address[8] | 2 == 2 and address[9:12] == b"\0\x5e\xfe"
    if mapped or isatap:
        words = words[:6]
    runs = [(next((j for j in range(i, len(words)) if words[j]), len(words)) - i, -i) for i in range(len(words))]
    length, start = max(runs)
    text = [f"{word:x}" for word in words]
    if mapped or isatap:
        text.append(socket.inet_ntop(socket.AF_INET, address[12:]))
    if length < 2:
        return ":".join(text)
    return ":".join(text[:-start]) + "::" + ":".join(text[-start + length:])


def address_text(address):
    return ipv6_text(address) if len(address) == 16 else socket.inet_ntop(socket.AF_INET, address)


def int32(value):
    value &= 2**32 - 1
    return value - 2**32 if value >= 2**31 else value


class Record:
    """A record that is being written."""

    def __init__(self, program, facts):
        if program.hook.interrupt:
            pid, comm = "?", "?"
        else:
            pid, comm = facts.pid, untrusted(facts.comm)
        self.fields = [("prog-id", program.prog_id), ("pid", pid), ("comm", comm)]
        self.text = " ".join(f"{key}={value}" for key, value in self.fields)
        self.claimed = set()

    def add(self, keys, fields, text):
        self.claimed |= keys
        self.fields += fields
        self.text += text


class Model:
    """Runs programs as the kernel should. The interfaces are those of init_net, by index."""

    def __init__(self, interfaces):
        self.interfaces = interfaces

    def run(self, program, facts, stored):
        """Returns what each slot may hold (nothing for one that is left out), and the records. Where
        a call may succeed or not, what was stored tells which it did."""
        self.program, self.facts, self.stored = program, facts, stored
        returns, records, opened = {}, [], {}
        self.locked = program.hook.locked
        skip, ok = 0, True
        for i, step in enumerate(program.steps):
            if skip:
                skip -= 1
                continue
            match step:
                case Start(context, slot):
                    opened[context] = Record(program, facts)
                    returns[slot] = (1,)
                case End(context):
                    records.append(opened.pop(context))
                case Region("irq" | "preempt", enter):
                    self.locked = program.hook.locked or enter
                case If(succeeded, count):
                    if succeeded != ok:
                        skip = count
                case Call():
                    allowed = returns[step.slot] = self.call(step, opened[step.context])
                    ok = allowed == (0,)
        return returns, records

    def call(self, step, record):
        """What a call may return. Adds what it prints to the record."""
        keys, errors, fields, trailer = self.effect(step.kfunc, step.args)
        if keys & record.claimed:
            errors.add(EINVAL)
        if self.locked and step.kfunc in LOOKS_UP_NAME:
            errors.add(EOPNOTSUPP)
        if errors:
            return tuple(errors)
        text = "".join([f" {key}={value}" for key, value in fields]) + trailer
        length = len(record.text) + len(text)
        if length + HEADER_MIN > RECORD_MAX:
            return (E2BIG,)
        # How long a path that is too long would be isn't known.
        slack = SLACK + 2 * PATH_MAX * ("<too_long>" in text)
        if length + HEADER_MAX + slack > RECORD_MAX and self.stored[step.slot] == E2BIG:
            return (E2BIG,)
        record.add(keys, fields, text)
        return (0,)

    def value(self, arg):
        """The number that an argument stands for."""
        return self.facts.args[arg[1]] if isinstance(arg, tuple) else arg

    def object(self, arg):
        """What is so of an object."""
        match arg.source:
            case "current":
                return Task(self.facts.pid, self.facts.comm)
            case "victim":
                return self.facts.victim
            case "exe":
                return self.facts.exe
        return self.facts.args[arg.source]

    def effect(self, kfunc, args):
        """The keys that a call claims, the errors that it may return, what it prints."""
        keys, errors, fields, trailer = KEYS[kfunc], set(), [], ""
        thing = next((self.object(arg) for arg in args if isinstance(arg, Object)), None)
        if thing is None and kfunc not in ("cause", "rule", "cap", "net_sockaddr"):
            return keys, {EINVAL}, [], ""
        match kfunc:
            case "cause":
                cause = CAUSES[args[0]]
                if not 1 <= len(cause) <= 255:
                    errors.add(EINVAL)
                fields = [("cause", untrusted(cause))]
            case "cap":
                cap = int32(self.value(args[0]))
                if not 0 <= cap <= CAP_LAST_CAP:
                    errors.add(EINVAL)
                fields, trailer = [("capability", cap)], " "
            case "rule":
                fields = [("rule-id", self.value(args[0]) & 2**64 - 1)]
            case "path_at":
                entry = self.object(args[1])
                # Of what a program may pass, only entries have a path with the folder's.
                if entry is None or not entry.path or os.path.dirname(entry.path) != thing.path:
                    errors.add(EINVAL)
                else:
                    fields = [("path", path_text(entry.path))] + self.inode(entry)
            case "path" | "file" | "ioctl_op":
                fields = [("path", path_text(thing.path))] + self.inode(thing)
                if kfunc == "ioctl_op":
                    fields.append(("ioctlcmd", f"{self.value(args[1]) & 0xffff:#x}"))
            case "dentry":
                if thing.ino is None:
                    keys = frozenset(("name",))
                fields = [("name", untrusted(thing.name))] + self.inode(thing)
            case "inode":
                name = [] if thing.alias is None else [("name", untrusted(thing.alias))]
                fields = name + self.inode(thing)
            case "task":
                if thing.tgid:
                    fields = [("opid", thing.tgid), ("ocomm", untrusted(thing.comm))]
            case "net_sock":
                if thing.family == socket.AF_UNIX and self.locked:
                    errors.add(EOPNOTSUPP)
                # Without its network side, nobody knows a socket's namespace.
                fields = self.socket(thing) + (self.interface(args[0]) if thing.family is not None else [])
            case "net_sockaddr":
                fields = self.sockaddr(args, errors)
        return keys | ({"netif", "path"} & {key for key, _ in fields}), errors, fields, trailer

    def inode(self, node):
        return [] if node.ino is None else [("dev", untrusted(node.dev)), ("ino", node.ino)]

    def interface(self, netif):
        name = self.interfaces.get(int32(self.value(netif)))
        return [("netif", name)] if name else []

    def endpoint(self, address, port, names):
        """An address and a port, where they aren't zero."""
        fields = [(names[0], address_text(address))] if any(address) else []
        return fields + ([(names[1], port)] if port else [])

    def socket(self, sock):
        if sock.family in MIN_LEN:
            return self.endpoint(*sock.local, ("laddr", "lport")) + self.endpoint(*sock.peer, ("faddr", "fport"))
        if sock.path is not None:
            return [("path", path_text(sock.path))]
        if sock.abstract is not None:
            return [("path", sock.abstract.hex().upper())]
        return []

    def sockaddr(self, args, errors):
        """Checks the addresses. Returns what is printed if nothing is wrong."""
        netif, *pair, addrlen = args
        addrlen = int32(self.value(addrlen))
        given = [(arg, self.address(arg)) for arg in pair if arg is not None]
        families = {address[0] | address[1] << 8 for _, address in given}
        if len(families) != 1:
            errors.add(EINVAL)
        for family in families:
            if family not in MIN_LEN:
                errors.add(EAFNOSUPPORT)
                # No minimum is stated for these, but a family has to fit.
                if not 2 <= addrlen <= MAX_LEN:
                    errors.add(EINVAL)
            elif not MIN_LEN[family] <= addrlen <= MAX_LEN:
                errors.add(EINVAL)
        if any(arg[0] == "stack" and address[0] == socket.AF_INET6 and not address[1] for arg, address in given):
            errors.add(EINVAL)
        if errors:
            return []
        fields = []
        for arg, names in zip(pair, (("saddr", "src"), ("daddr", "dest"))):
            if arg is not None:
                address = self.address(arg)
                host = address[4:8] if address[0] == socket.AF_INET else address[8:24]
                fields += self.endpoint(host, int.from_bytes(address[2:4], "big"), names)
        return fields + self.interface(netif)

    def address(self, arg):
        return self.facts.args[arg[1]] if arg[0] == "hook" else ADDRESSES[arg[1]]
