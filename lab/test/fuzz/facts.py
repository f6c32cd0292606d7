# SPDX-License-Identifier: GPL-2.0-only
"""What is so when a program runs: what its hook gets, and who runs it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """A file, a directory entry or an inode, whichever of them a kfunc is given."""
    path: bytes = b""
    name: bytes = b""
    alias: bytes | None = None  # the name that leads to the inode, if one does
    dev: bytes = b""
    ino: int | None = None  # None: a negative entry


@dataclass(frozen=True)
class Task:
    tgid: int
    comm: bytes


@dataclass(frozen=True)
class Sock:
    """A socket; addresses and ports are as getsockname() and getpeername() tell."""
    family: int | None  # None: it has no sk
    local: tuple = (b"", 0)  # address in network order, port
    peer: tuple = (b"", 0)
    path: bytes | None = None  # a unix socket's: bound to a file
    abstract: bytes | None = None


@dataclass
class Facts:
    """Of one run of a hook's programs."""
    pid: int
    comm: bytes
    victim: Task
    exe: Node
    args: dict = field(default_factory=dict)  # by number: Node, Task, Sock, bytes of an address, int, None
