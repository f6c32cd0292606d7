# SPDX-License-Identifier: GPL-2.0-only
"""The hooks that programs are attached to, and what makes each run exactly once.

An action prepares, passes the hook once while the programs are armed, and returns
the facts of the hook's arguments by number. The decorator says what those are, as
"number:kind", where kind is file, path, dentry+, dentry- (negative), inode, task,
sock, addr, bprm or int, with a "?" if it may be NULL.
"""

import contextlib
import ctypes
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
from dataclasses import dataclass

from facts import Node, Sock, Task
from program import ADDRESSES, Object

HOOKS = []
PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_NAME = 1, 3, 15
IP_PASSSEC = 18
libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, eq=False)
class Hook:
    name: str
    number: int
    action: object
    objects: list
    ints: list  # arguments that are numbers
    address: int | None  # the argument that is an address; its length is the next one
    sleepable: bool
    cgroup: bool  # programs can be attached to a cgroup, and return an int
    interrupt: bool  # the current task need not be the subject
    locked: bool  # under a spinlock, or where one may have been interrupted
    long_paths: bool


def hook(args="", sleepable=False, cgroup=True, interrupt=False, locked=False):
    def add(action):
        objects, ints, address, long_paths = [], [], None, False
        for arg in args.split():
            number, kind = arg.split(":")
            number = int(number)
            match kind:
                case "file" | "file?":
                    ways, long_paths = (("file", ""), ("path", "f_path"), ("inode", "f_inode")), True
                case "bprm":
                    ways = ("file", "bprm"), ("path", "bprm f_path"), ("inode", "bprm f_inode")
                case "dentry+":
                    ways = ("dentry", ""), ("inode", "d_inode")
                case "dentry-":
                    ways = (("dentry", ""),)
                case "int":
                    ways = ()
                    ints.append(number)
                case "addr":
                    ways, address = (), number
                case _:
                    ways = ((kind.removesuffix("?"), ""),)
            objects += [Object(kind, number, way, nullable=arg.endswith("?")) for kind, way in ways]
        HOOKS.append(Hook(action.__name__, len(HOOKS) + 1, action, objects, ints, address, sleepable, cgroup,
                          interrupt, interrupt or locked, long_paths))
        return action
    return add


NAMES = (b"plain", b"a b", b'q"uote', b"x=y", b"new\nline", b"\x01", b"\xff\xfe", "gr\u00fcn".encode(), b"'", b"~",
         b" ", b"(deleted)", b"path=\"passwd\"", b"n" * 200, b"\x80" * 100, b"[1427]", b"a\\b", b"%s")
COMMS = (b"fuzz", b"a b", b'x" uid=0', b"\xc3\xa9", b"fifteen-bytes-x", b"=", b"\x01\x02", b"(sd-pam)", b"-", b'"',
         b"tab\tname", b"\xff" * 15, b"?", b"kworker/0:1", b" ")
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


def read_comm(pid):
    with open(f"/proc/{pid}/comm", "rb") as file:
        return file.read()[:-1]


def file_system(path):
    """The type of the file system that holds a path, which is its s_id if it has no device."""
    with open("/proc/self/mountinfo", "rb") as file:
        mounts = [line.split() for line in file]
    return max((len(fields[4]), i, fields[fields.index(b"-") + 1]) for i, fields in enumerate(mounts)
               if path.startswith(fields[4].rstrip(b"/") + b"/"))[2]


class Env:
    """What actions work with: a folder on tmpfs, other tasks, and chance."""

    def __init__(self, folder, armed):
        self.folder = os.fsencode(folder)
        self.armed = armed  # the programs of the hook run inside this context
        self.rng = self.victim = None
        self.count = 0
        self.opened = []  # until the run ends
        self.children = [self.child(comm) for comm in (b"child", b"a child", b'"', b"\xff\xff", b"fifteen bytes x")]
        self.tasks = self.children + [Task(1, read_comm(1)), Task(2, b"kthreadd")]
        exe = os.path.realpath("/proc/self/exe").encode()
        self.exe = Node(exe, b"", os.path.basename(exe), file_system(exe), os.stat(exe).st_ino)
        # A folder whose files have paths of about the greatest length.
        self.deep, self.deep_fd = self.folder, os.open(self.folder, os.O_RDONLY)
        while len(self.deep) < 3600:
            name = b"\x80" * 255
            os.mkdir(name, dir_fd=self.deep_fd)
            self.deep += b"/" + name
            self.deep_fd = os.open(name, os.O_RDONLY, dir_fd=self.deep_fd)

    @staticmethod
    def child(comm):
        """A task that sleeps for as long as this one lives."""
        ready, tell = os.pipe()
        pid = os.fork()
        if not pid:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            libc.prctl(PR_SET_NAME, comm, 0, 0, 0)
            os.close(tell)
            while True:
                signal.pause()
        os.close(ready)
        os.close(tell)
        return Task(pid, comm)

    def close(self):
        for thing in self.opened:
            thing.close() if isinstance(thing, socket.socket) else os.close(thing)
        self.opened.clear()

    def keep(self, thing):
        """It is closed when the run ends."""
        self.opened.append(thing)
        return thing

    # Files

    def fresh(self):
        """A path that nothing has yet."""
        self.count += 1
        return b"%s/%s%d" % (self.folder, self.rng.choice(NAMES), self.count)

    def file(self):
        path = self.fresh()
        with open(path, "wb") as file:
            file.write(b"contents")
        return path

    def subfolder(self):
        path = self.fresh()
        os.mkdir(path)
        return path

    def node(self, path):
        """What is so of a file on our tmpfs."""
        name = os.path.basename(path)
        return Node(path, name, name, b"tmpfs", os.lstat(path).st_ino)

    def parent(self, path):
        return self.node(os.path.dirname(path))

    def negative(self, path):
        return Node(path, os.path.basename(path))

    def of_fd(self, fd, dev, alias=None):
        return Node(os.fsencode(os.readlink(f"/proc/self/fd/{fd}")), b"", alias, dev, os.fstat(fd).st_ino)

    def open_file(self, *kinds):
        """An open file of one of some kinds, or of any, and what is so of it."""
        kind = self.rng.choice(kinds or ("file", "file", "deep", "deep", "deleted", "memfd", "pipe", "eventfd",
                                         "socket", "null"))
        dev, alias = b"tmpfs", None
        match kind:
            case "file":
                path = self.file()
                return self.keep(os.open(path, os.O_RDWR)), self.node(path)
            case "deep":
                self.count += 1
                name = b"%d" % self.count + b"\x80" * self.rng.choice((0, 100, 200, 245, 249))
                fd = self.keep(os.open(name, os.O_RDWR | os.O_CREAT, dir_fd=self.deep_fd))
                return fd, Node(self.deep + b"/" + name, name, name, dev, os.fstat(fd).st_ino)
            case "deleted":
                path = self.file()
                fd = os.open(path, os.O_RDWR)
                os.unlink(path)
            case "memfd":
                fd = os.memfd_create(self.rng.choice(("plain", "a b")))
            case "pipe":
                reader, fd = os.pipe()
                self.keep(reader)
                dev = b"pipefs"
            case "eventfd":
                fd, dev = os.eventfd(0), b"anon_inodefs"
            case "socket":
                left, right = socket.socketpair()
                self.keep(right)
                fd, dev = left.detach(), b"sockfs"
            case "null":
                fd, dev, alias = os.open("/dev/null", os.O_RDWR), b"devtmpfs", b"null"
        return self.keep(fd), self.of_fd(fd, dev, alias)

    # Sockets

    def new_socket(self, family, kind=socket.SOCK_STREAM):
        sock = self.keep(socket.socket(family, kind))
        sock.setblocking(False)
        return sock

    def ip_socket(self, kind=socket.SOCK_STREAM, bound=None):
        """A socket of IPv4 or IPv6, bound to the loopback address or not."""
        family = self.rng.choice((socket.AF_INET, socket.AF_INET6))
        sock = self.new_socket(family, kind)
        if bound or bound is None and self.rng.random() < 0.5:
            sock.bind((self.rng.choice((LOOPBACK[family], "")) if bound is None else LOOPBACK[family], 0))
        return sock

    def unix_socket(self, kind=socket.SOCK_STREAM, bound=None):
        """A unix socket: without a name, with an abstract one, or bound to a file."""
        sock = self.new_socket(socket.AF_UNIX, kind)
        match self.rng.choice(("path", "deep", "abstract", "auto") + (() if bound else ("", ""))):
            case "path":
                self.count += 1
                name = self.rng.choice([name for name in NAMES if len(name) < 60])
                sock.bind(b"%s/%s%d" % (self.folder, name, self.count))
            case "deep":
                self.count += 1
                sock.bind(f"/proc/self/fd/{self.deep_fd}/{self.count}")
            case "abstract":
                self.count += 1
                sock.bind(b"\0" + self.rng.choice((b"plain", b"\0\0", b"a b", b"\xff" * 90)) + b"%d" % self.count)
            case "auto":
                sock.bind("")
        return sock

    def any_socket(self):
        match self.rng.choice(("ip", "ip", "udp", "connected", "mapped", "unix", "unix", "pair", "netlink", "packet")):
            case "ip":
                return self.ip_socket()
            case "udp":
                return self.ip_socket(socket.SOCK_DGRAM)
            case "connected":
                return self.connected()
            case "mapped":
                sock = self.new_socket(socket.AF_INET6, socket.SOCK_DGRAM)
                sock.connect(("::ffff:127.0.0.1", 53))
                return sock
            case "unix":
                return self.unix_socket()
            case "pair":
                left, right = socket.socketpair()
                self.keep(right)
                return self.keep(left)
            case "netlink":
                return self.new_socket(socket.AF_NETLINK, socket.SOCK_RAW)
            case "packet":
                return self.new_socket(socket.AF_PACKET, socket.SOCK_RAW)

    def connected(self, kind=socket.SOCK_DGRAM):
        """A socket of IPv4 or IPv6 that is connected to itself."""
        sock = self.ip_socket(kind, bound=True)
        sock.connect(sock.getsockname())
        return sock

    def listener(self):
        sock = self.ip_socket(bound=True) if self.rng.random() < 0.6 else self.unix_socket(bound=True)
        sock.listen()
        return sock

    def client(self, listener):
        """Connects to a socket."""
        sock = self.new_socket(listener.family)
        quietly(sock.connect, listener.getsockname())
        self.readable(listener)

    def readable(self, sock):
        """Waits for what was sent to it."""
        if not select.select([sock], [], [], 60)[0]:
            raise TimeoutError("nothing came in a minute")

    def of_socket(self, sock):
        """What is so of a socket."""
        if sock.family in LOOPBACK:
            try:
                peer = sock.getpeername()
            except OSError:
                peer = None
            local, peer = (
                (socket.inet_pton(sock.family, name[0]), name[1]) if name else (b"", 0)
                for name in (sock.getsockname(), peer))
            return Sock(sock.family, local, peer)
        if sock.family == socket.AF_UNIX:
            name = os.fsencode(sock.getsockname())
            if name.startswith(b"\0"):
                return Sock(sock.family, abstract=name)
            if name:
                return Sock(sock.family, path=name.replace(b"/proc/self/fd/%d" % self.deep_fd, self.deep))
        return Sock(sock.family)

    def address(self):
        """An address as bytes, of the length that the hook is told."""
        address = self.rng.choice(ADDRESSES)
        length = {2: (16, 16, 20, 28, 128), 10: (28, 28, 24, 26, 64, 128)}.get(address[0], (len(address),))
        return address.ljust(128, b"\0")[:self.rng.choice(length)]


def quietly(function, *args):
    """What the system call says doesn't matter: the hook has been passed."""
    with contextlib.suppress(OSError):
        return function(*args)


# Files

@hook("0:file", sleepable=True)
def file_open(env):
    path = env.file()
    args = {0: env.node(path)}
    with env.armed:
        env.keep(os.open(path, os.O_RDONLY))
    return args


@hook("0:file 1:int", sleepable=True)
def file_post_open(env):
    path = env.file()
    args = {0: env.node(path), 1: os.R_OK}
    with env.armed:
        env.keep(os.open(path, os.O_RDONLY))
    return args


@hook("0:file 1:int")
def file_permission(env):
    fd, node = env.open_file()
    with env.armed:
        os.write(fd, b"\0\0\0\0\0\0\0\1")
    return {0: node, 1: os.W_OK}


@hook("0:file 1:int", sleepable=True)
def file_ioctl(env):
    fd, node = env.open_file()
    command = env.rng.choice((0x5401, 0x5412, 0xffff, 0x1, 0x12345678, 40, 41))
    with env.armed:
        quietly(fcntl.ioctl, fd, command, 0)
    return {0: node, 1: command}


@hook("0:file", sleepable=True)
def file_lock(env):
    fd, node = env.open_file()
    with env.armed:
        quietly(fcntl.flock, fd, fcntl.LOCK_SH)
    return {0: node}


@hook("0:file 1:int")
def file_fcntl(env):
    fd, node = env.open_file()
    with env.armed:
        fcntl.fcntl(fd, fcntl.F_GETFL)
    return {0: node, 1: fcntl.F_GETFL}


@hook("0:file")
def file_truncate(env):
    fd, node = env.open_file("file", "deep", "deleted", "memfd")
    with env.armed:
        os.ftruncate(fd, 1)
    return {0: node}


@hook("0:file", cgroup=False, locked=True)
def file_set_fowner(env):
    fd, node = env.open_file()
    with env.armed:
        fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    return {0: node}


@hook("0:file?", sleepable=True)
def mmap_file(env):
    fd, node = env.open_file("file", "deep", "deleted", "memfd")
    os.ftruncate(fd, 4096)
    with env.armed:
        mmap.mmap(fd, 4096).close()
    return {0: node}


@hook("0:file", sleepable=True)
def file_receive(env):
    fd, node = env.open_file()
    left, right = map(env.keep, socket.socketpair())
    socket.send_fds(left, [b"x"], [fd])
    with env.armed:
        env.opened += socket.recv_fds(right, 1, 1)[1]
    return {0: node}


def execute(env):
    path = env.file()
    os.chmod(path, 0o755)
    args = {0: env.node(path)}
    with env.armed:
        quietly(os.execv, path, ["not executable"])
    return args


@hook("0:bprm", sleepable=True)
def bprm_check_security(env):
    return execute(env)


@hook("0:bprm", sleepable=True)
def bprm_creds_for_exec(env):
    return execute(env)


# Paths, directory entries, inodes

@hook("0:path 1:dentry-", sleepable=True)
def path_mkdir(env):
    path = env.fresh()
    with env.armed:
        os.mkdir(path)
    return {0: env.parent(path), 1: env.negative(path)}


@hook("0:inode 1:dentry-")
def inode_mkdir(env):
    return path_mkdir(env)


def remove_folder(env):
    path = env.subfolder()
    args = {0: env.parent(path), 1: env.node(path)}
    with env.armed:
        os.rmdir(path)
    return args


@hook("0:path 1:dentry+", sleepable=True)
def path_rmdir(env):
    return remove_folder(env)


@hook("0:inode 1:dentry+", sleepable=True)
def inode_rmdir(env):
    return remove_folder(env)


def remove_file(env):
    path = env.file()
    args = {0: env.parent(path), 1: env.node(path)}
    with env.armed:
        os.unlink(path)
    return args


@hook("0:path 1:dentry+", sleepable=True)
def path_unlink(env):
    return remove_file(env)


@hook("0:inode 1:dentry+", sleepable=True)
def inode_unlink(env):
    return remove_file(env)


def make_link(env):
    path = env.fresh()
    with env.armed:
        os.symlink("target", path)
    return {0: env.parent(path), 1: env.negative(path)}


@hook("0:path 1:dentry-", sleepable=True)
def path_symlink(env):
    return make_link(env)


@hook("0:inode 1:dentry-", sleepable=True)
def inode_symlink(env):
    return make_link(env)


def make_fifo(env):
    path = env.fresh()
    with env.armed:
        os.mkfifo(path)
    return {0: env.parent(path), 1: env.negative(path)}


@hook("0:path 1:dentry-")
def path_mknod(env):
    return make_fifo(env)


@hook("0:inode 1:dentry-", sleepable=True)
def inode_mknod(env):
    return make_fifo(env)


@hook("0:inode 1:dentry-", sleepable=True)
def inode_create(env):
    path = env.fresh()
    with env.armed:
        env.keep(os.open(path, os.O_WRONLY | os.O_CREAT))
    return {0: env.parent(path), 1: env.negative(path)}


def rename(env):
    old, folder = env.file(), env.subfolder()
    new = folder + b"/" + os.path.basename(env.fresh())
    args = {0: env.parent(old), 1: env.node(old), 2: env.node(folder), 3: env.negative(new)}
    with env.armed:
        os.rename(old, new)
    return args


@hook("0:path 1:dentry+ 2:path 3:dentry-", sleepable=True)
def path_rename(env):
    return rename(env)


@hook("0:inode 1:dentry+ 2:inode 3:dentry-", sleepable=True)
def inode_rename(env):
    return rename(env)


@hook("0:dentry+ 1:path 2:dentry-", sleepable=True)
def path_link(env):
    old, new = env.file(), env.fresh()
    args = {0: env.node(old), 1: env.parent(new), 2: env.negative(new)}
    with env.armed:
        os.link(old, new)
    return args


@hook("0:path", sleepable=True)
def path_truncate(env):
    path = env.file()
    with env.armed:
        os.truncate(path, 1)
    return {0: env.node(path)}


@hook("0:path", sleepable=True)
def path_chmod(env):
    path = env.file()
    with env.armed:
        os.chmod(path, 0o700)
    return {0: env.node(path)}


@hook("0:path", sleepable=True)
def path_chown(env):
    path = env.file()
    with env.armed:
        os.chown(path, 1, 1)
    return {0: env.node(path)}


@hook("0:path", sleepable=True)
def inode_getattr(env):
    path = env.file()
    with env.armed:
        os.stat(path)
    return {0: env.node(path)}


@hook("0:inode")
def inode_permission(env):
    path = env.subfolder()
    fd = env.keep(os.open(path, os.O_RDONLY))
    with env.armed:
        os.fchdir(fd)
    return {0: env.node(path)}


@hook("1:dentry+", sleepable=True)
def inode_setattr(env):
    return {1: path_chmod(env)[0]}


@hook("1:dentry+", cgroup=False)
def inode_post_setattr(env):
    return {1: path_chmod(env)[0]}


@hook("0:dentry+", sleepable=True)
def inode_readlink(env):
    path = env.fresh()
    os.symlink("target", path)
    with env.armed:
        os.readlink(path)
    return {0: env.node(path)}


@hook("0:dentry+", sleepable=True)
def inode_getxattr(env):
    path = env.file()
    with env.armed:
        quietly(os.getxattr, path, "user.x")
    return {0: env.node(path)}


@hook("1:dentry+", sleepable=True)
def inode_setxattr(env):
    path = env.file()
    with env.armed:
        quietly(os.setxattr, path, "user.x", b"x")
    return {1: env.node(path)}


@hook("0:inode")
def inode_init_security_anon(env):  # the second inode is NULL, which the verifier knows
    with env.armed:
        fd = env.keep(os.memfd_create("x"))
    return {0: env.of_fd(fd, b"tmpfs")}


# Tasks

@hook("0:task")
def task_getpgid(env):
    task = env.rng.choice(env.tasks)
    with env.armed:
        os.getpgid(task.tgid)
    return {0: task}


@hook("0:task")
def task_getsid(env):
    task = env.rng.choice(env.tasks)
    with env.armed:
        os.getsid(task.tgid)
    return {0: task}


@hook("0:task 2:int")
def task_kill(env):
    task = env.rng.choice(env.tasks)
    with env.armed:
        os.kill(task.tgid, 0)
    return {0: task, 2: 0}


@hook("0:task 1:int")
def task_setnice(env):
    task = env.rng.choice(env.children)
    with env.armed:
        os.setpriority(os.PRIO_PROCESS, task.tgid, 0)
    return {0: task, 1: 0}


@hook("0:task", sleepable=True)
def task_setscheduler(env):
    task = env.rng.choice(env.children)
    with env.armed:
        os.sched_setscheduler(task.tgid, os.SCHED_OTHER, os.sched_param(0))
    return {0: task}


@hook("0:task 1:int", locked=True)
def task_setrlimit(env):
    task = env.rng.choice(env.children)
    with env.armed:
        resource.prlimit(task.tgid, resource.RLIMIT_CORE, (0, 0))
    return {0: task, 1: resource.RLIMIT_CORE}


@hook("0:task 1:int", locked=True)
def ptrace_access_check(env):
    task = env.rng.choice(env.children)
    with env.armed:
        os.readlink(f"/proc/{task.tgid}/exe")
    return {0: task, 1: 9}  # PTRACE_MODE_READ | PTRACE_MODE_FSCREDS


@hook("0:int 1:int", sleepable=True)
def task_prctl(env):
    value = env.rng.choice((0, 1, 40, 41, 2**31, 2**32 + 7, 2**64 - 1))
    with env.armed:
        libc.prctl(PR_GET_DUMPABLE, ctypes.c_ulong(value), 0, 0, 0)
    return {0: PR_GET_DUMPABLE, 1: value}


@hook("2:int")
def capable(env):
    name = socket.gethostname()
    with env.armed:
        socket.sethostname(name)
    return {2: 21}  # CAP_SYS_ADMIN


# Sockets

@hook("0:int 1:int 2:int", sleepable=True)
def socket_create(env):
    family = env.rng.choice((socket.AF_UNIX, socket.AF_INET, socket.AF_INET6))
    kind = env.rng.choice((socket.SOCK_STREAM, socket.SOCK_DGRAM))
    with env.armed:
        env.keep(socket.socket(family, kind))
    return {0: family, 1: kind, 2: 0}


@hook("0:sock 1:int 2:int", sleepable=True)
def socket_post_create(env):
    family = env.rng.choice((socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET))
    with env.armed:
        env.keep(socket.socket(family, socket.SOCK_DGRAM))
    return {0: Sock(family), 1: family, 2: socket.SOCK_DGRAM}


@hook("0:sock 1:sock", sleepable=True)
def socket_socketpair(env):
    with env.armed:
        env.opened += socket.socketpair()
    return {0: Sock(socket.AF_UNIX), 1: Sock(socket.AF_UNIX)}


def give_address(env, function):
    sock = env.any_socket()
    address = env.address()
    args = {0: env.of_socket(sock), 1: address, 2: len(address)}
    with env.armed:
        function(sock.fileno(), address, len(address))
    return args


@hook("0:sock 1:addr 2:int", sleepable=True)
def socket_bind(env):
    return give_address(env, libc.bind)


@hook("0:sock 1:addr 2:int", sleepable=True)
def socket_connect(env):
    return give_address(env, libc.connect)


@hook("0:sock 1:int", sleepable=True)
def socket_listen(env):
    sock = env.ip_socket() if env.rng.random() < 0.5 else env.unix_socket()
    args = {0: env.of_socket(sock), 1: 5}
    with env.armed:
        quietly(sock.listen, 5)
    return args


@hook("0:sock 1:sock", sleepable=True)
def socket_accept(env):  # the new socket has no sk yet
    listener = env.listener()
    env.client(listener)
    args = {0: env.of_socket(listener), 1: Sock(None)}
    with env.armed:
        env.keep(listener.accept()[0])
    return args


@hook("1:sock", cgroup=False, interrupt=True)
def sock_graft(env):  # with bottom halves off
    listener = env.listener()
    env.client(listener)
    with env.armed:
        sock = env.keep(listener.accept()[0])
    return {1: env.of_socket(sock)}


@hook("0:sock", sleepable=True)
def socket_getsockname(env):
    sock = env.any_socket()
    args = {0: env.of_socket(sock)}
    with env.armed:
        sock.getsockname()
    return args


@hook("0:sock", sleepable=True)
def socket_getpeername(env):
    sock = env.any_socket()
    args = {0: env.of_socket(sock)}
    with env.armed:
        quietly(sock.getpeername)
    return args


@hook("0:sock 1:int 2:int", sleepable=True)
def socket_getsockopt(env):
    sock = env.any_socket()
    args = {0: env.of_socket(sock), 1: socket.SOL_SOCKET, 2: socket.SO_TYPE}
    with env.armed:
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
    return args


@hook("0:sock 1:int 2:int")
def socket_setsockopt(env):
    sock = env.any_socket()
    args = {0: env.of_socket(sock), 1: socket.SOL_SOCKET, 2: socket.SO_REUSEADDR}
    with env.armed:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return args


@hook("0:sock 1:int", sleepable=True)
def socket_shutdown(env):
    sock = env.any_socket()
    args = {0: env.of_socket(sock), 1: socket.SHUT_RD}
    with env.armed:
        quietly(sock.shutdown, socket.SHUT_RD)
    return args


@hook("0:sock 2:int", sleepable=True)
def socket_sendmsg(env):
    sock = env.any_socket()
    args = {0: env.of_socket(sock), 2: 3}
    with env.armed:
        quietly(sock.send, b"abc", socket.MSG_NOSIGNAL)
    return args


@hook("0:sock 2:int 3:int", sleepable=True)
def socket_recvmsg(env):
    sock = env.any_socket()
    args = {0: env.of_socket(sock), 2: 7, 3: socket.MSG_DONTWAIT}
    with env.armed:
        quietly(sock.recv, 7, socket.MSG_DONTWAIT)
    return args


@hook("0:sock 1:sock", locked=True)
def unix_may_send(env):  # with the receiver's lock held
    left, right = env.unix_socket(socket.SOCK_DGRAM), env.unix_socket(socket.SOCK_DGRAM, bound=True)
    args = {0: env.of_socket(left), 1: env.of_socket(right)}
    with env.armed:
        left.sendto(b"x", right.getsockname())
    return args


@hook(cgroup=False)
def socket_getpeersec_dgram(env):  # the socket is NULL, which the verifier knows
    sock = env.new_socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setsockopt(socket.SOL_IP, IP_PASSSEC, 1)
    sock.sendto(b"x", sock.getsockname())
    env.readable(sock)
    with env.armed:
        sock.recvmsg(1, 512)
    return {}


@hook(cgroup=False, interrupt=True)
def socket_sock_rcv_skb(env):  # in a softirq
    sock = env.connected()
    with env.armed:
        sock.send(b"x")
        env.readable(sock)
    return {}
