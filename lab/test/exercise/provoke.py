#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes hooks run that stress-ng and the kernel's selftests don't reach.

provoke.py FOLDER [NAME...]: FOLDER has a file system mounted on each of its folders.
Each provoker runs in a process of its own; what fails is printed and doesn't matter,
as long as the hooks have run.
"""

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

libc = ctypes.CDLL(None, use_errno=True)
HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "../../../build/exercise/provoke")
PROVOKERS = {}
KEYS = {"add": 248, "request": 249, "ctl": 250}


def provoker(function):
    PROVOKERS[function.__name__] = function
    return function


def syscall(number, *args):
    """Returns what a system call does; strings and buffers may be arguments."""
    args = [a.encode() if isinstance(a, str) else a for a in args]
    args = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    result = libc.syscall(ctypes.c_long(number), *args)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"syscall {number}: {os.strerror(error)}")
    return result


def quietly(function, *args, **kwargs):
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return function(*args, **kwargs)


def run(command, **kwargs):
    """Runs a command line. Returns its output."""
    result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=180, check=False, **kwargs)
    if result.returncode:
        print(f"{command}: {result.returncode}: {result.stderr.strip()[-200:]}", flush=True)
    return result.stdout


def buffer(data, size=None):
    return ctypes.create_string_buffer(data, size or len(data))


class Place:
    """A folder of this run's own on one of the file systems."""

    def __init__(self, folder):
        self.folder = folder

    def __iter__(self):
        """A new folder on each."""
        for name in sorted(os.listdir(self.folder)):
            path = os.path.join(self.folder, name)
            if os.path.isdir(path) and os.access(path, os.W_OK):
                with contextlib.suppress(OSError):
                    yield tempfile.mkdtemp(prefix="provoke", dir=path)

    def on(self, name):
        path = os.path.join(self.folder, name)
        return tempfile.mkdtemp(prefix="provoke", dir=path if os.path.isdir(path) else "/tmp")


# Files

@provoker
def attributes(place):
    """Extended attributes, ACLs, file attributes, capabilities, on each file system."""
    for folder in place:
        path = f"{folder}/file"
        with open(path, "w", encoding="ascii") as file:
            file.write("x")
            fd = file.fileno()
            for name in "user.x", "security.x", "trusted.x", "security.capability", "security.SMACK64":
                value = b"x" if name != "security.capability" else struct.pack("<IIIII", 0x02000000, 1, 0, 0, 0)
                quietly(os.setxattr, path, name, value)
                quietly(os.getxattr, path, name)
                quietly(os.listxattr, path)
                quietly(os.removexattr, path, name)
            for options in "-m u:1:r", "-m g:1:rw", "-b", "-d -m u:1:r":
                run(f"setfacl {options} {folder if '-d' in options else path} 2>/dev/null; getfacl -cp {path}")
            quietly(fcntl.ioctl, fd, 0x801c581f, bytearray(28))  # FS_IOC_FSGETXATTR
            attr = bytearray(28)
            with contextlib.suppress(OSError):
                fcntl.ioctl(fd, 0x801c581f, attr)
                fcntl.ioctl(fd, 0x401c5820, attr)
            quietly(syscall, 468, -100, path, buffer(bytes(24)), 24, 0)  # file_getattr
            quietly(syscall, 469, -100, path, buffer(bytes(24)), 24, 0)  # file_setattr
            with contextlib.suppress(OSError):
                flags = bytearray(8)
                fcntl.ioctl(fd, 0x80086601, flags)
                fcntl.ioctl(fd, 0x40086602, flags)
        # What is written to loses its capabilities and set-uid bits.
        quietly(os.setxattr, path, "security.capability", struct.pack("<IIIII", 0x02000000, 1, 0, 0, 0))
        quietly(os.chmod, path, 0o6777)
        with contextlib.suppress(OSError), open(path, "a", encoding="ascii") as file:
            file.write("y")
        quietly(os.chown, path, os.getuid(), os.getgid())
        quietly(os.truncate, path, 0)
    # A file system without extended attributes asks the LSM.
    for path in "/proc/self/comm", "/dev/pts/ptmx", "/sys/kernel/debug/sleep_time", "/proc/version":
        quietly(os.setxattr, path, "security.x", b"x")
        quietly(os.getxattr, path, "security.x")
    left, right = os.pipe()
    quietly(os.setxattr, left, "security.x", b"x")
    os.close(left), os.close(right)


@provoker
def names(place):
    """Create, link, rename and remove everything."""
    for folder in place:
        for step in ("os.mkdir('d')", "open('f', 'w').close()", "os.symlink('f', 's')", "os.readlink('s')",
                     "open('s').close()", "os.link('f', 'l')", "os.mkfifo('p')", "os.mknod('r', 0o600 | 0o100000)", "os.mknod('n', 0o600 | 0o20000, 0)",
                     "os.rename('f', 'd/f')", "os.rename('d/f', 'f')", "os.chmod('f', 0o700)",
                     "os.close(os.open('.', os.O_TMPFILE | os.O_RDWR))", "os.chown('f', 1, 1)", "os.truncate('f', 9)",
                     "os.utime('f')", "os.stat('f')", "os.statvfs('f')", "os.unlink('l')", "os.unlink('s')",
                     "os.unlink('p')", "os.unlink('r')", "os.rmdir('d')", "os.unlink('f')"):
            os.chdir(folder)
            quietly(exec, step)  # pylint: disable=exec-used
    os.chdir("/")


@provoker
def notify(place):
    """inotify, dnotify, fanotify; SIGIO and leases."""
    folder = place.on("ext4")
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    fd = libc.inotify_init()
    libc.inotify_add_watch(fd, folder.encode(), 0xfff)
    directory = os.open(folder, os.O_RDONLY)
    quietly(fcntl.fcntl, directory, fcntl.F_NOTIFY, 0x8000003f)
    fan = libc.fanotify_init(0, os.O_RDONLY)
    libc.fanotify_mark(fan, 1, ctypes.c_uint64(0x3b), -100, folder.encode())
    path = f"{folder}/f"
    with open(path, "w", encoding="ascii") as file:
        file.write("x")
    with open(path, encoding="ascii") as file:
        quietly(fcntl.fcntl, file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.flock(file, fcntl.LOCK_EX)
    for pair in (socket.socketpair(), socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)):
        for end in pair:
            for set_ in (lambda e: fcntl.fcntl(e, fcntl.F_SETOWN, os.getpid()),
                         lambda e: fcntl.fcntl(e, fcntl.F_SETSIG, signal.SIGIO),
                         lambda e: fcntl.fcntl(e, fcntl.F_SETFL, fcntl.fcntl(e, fcntl.F_GETFL) | os.O_ASYNC)):
                set_(end)
        pair[0].send(b"x")
    reader, writer = os.pipe()
    fcntl.fcntl(reader, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(reader, fcntl.F_SETFL, fcntl.fcntl(reader, fcntl.F_GETFL) | os.O_ASYNC)
    os.write(writer, b"x")
    # Over the loopback, it is an interrupt that sends the signal.
    server, client = tcp_pair()
    fcntl.fcntl(server, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(server, fcntl.F_SETFL, fcntl.fcntl(server, fcntl.F_GETFL) | os.O_ASYNC)
    client.send(b"x")
    # Of a serial line, it is one that holds the lock of the port (tty_wakeup()), once more was written
    # than fits: from another processor than the first, which else sends it right away.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with contextlib.suppress(OSError):
        line = os.open("/dev/ttyS0", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        fcntl.fcntl(line, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(line, fcntl.F_SETFL, fcntl.fcntl(line, fcntl.F_GETFL) | os.O_ASYNC)
        os.write(line, b"\r" * 10000)
    time.sleep(0.1)


@provoker
def ioctls(place):
    """ioctl() of the 32-bit kind."""
    for fd in 0, 1:
        run(f"{TOOL} ioctl32 {fd} 0x5401; {TOOL} ioctl32 {fd} 0x541b </proc/version")


@provoker
def maps(place):
    """Memory maps, of an overlay's files, too."""
    for folder in place:
        with contextlib.suppress(OSError), open(f"{folder}/m", "wb+") as file:
            file.truncate(8192)
            for flags, prot in ((mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE), (mmap.MAP_PRIVATE, mmap.PROT_READ)):
                memory = mmap.mmap(file.fileno(), 8192, flags, prot)
                address = ctypes.addressof(ctypes.c_char.from_buffer(memory)) if prot & mmap.PROT_WRITE else 0
                if address:
                    libc.mprotect(ctypes.c_void_p(address), 4096, mmap.PROT_READ)
            quietly(os.pread, file.fileno(), 10, 0)
    libc.mmap(ctypes.c_void_p(4096), 4096, 3, 0x32, -1, 0)  # MAP_FIXED, below mmap_min_addr
    os.close(os.memfd_create("x"))
    with contextlib.suppress(OSError):
        os.close(syscall(323, 1))  # userfaultfd, UFFD_USER_MODE_ONLY
    quietly(syscall, 447, 0)  # memfd_secret


@provoker
def overlay(place):
    """An overlay copies up what is changed."""
    base = place.on("tmpfs")
    for name in "lower", "upper", "work", "merged":
        os.mkdir(f"{base}/{name}")
    for name in "a", "b", "c", "d":
        with open(f"{base}/lower/{name}", "w", encoding="ascii") as file:
            file.write("x" * 5000)
    quietly(os.setxattr, f"{base}/lower/a", "user.x", b"x")
    quietly(os.setxattr, f"{base}/lower/a", "security.x", b"x")
    run(f"mount -t overlay -o lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work overlay {base}/merged")
    quietly(os.chmod, f"{base}/merged/a", 0o600)
    with contextlib.suppress(OSError), open(f"{base}/merged/b", "rb") as file:
        mmap.mmap(file.fileno(), 4096, mmap.MAP_PRIVATE, mmap.PROT_READ).close()
    with contextlib.suppress(OSError), open(f"{base}/merged/new", "wb") as file:
        file.write(b"x")
    quietly(os.rename, f"{base}/merged/c", f"{base}/merged/e")
    quietly(os.link, f"{base}/merged/d", f"{base}/merged/l")
    quietly(os.mkdir, f"{base}/merged/dir")
    with contextlib.suppress(OSError):
        os.setxattr(f"{base}/merged/b", "user.y", b"y")
    run(f"umount {base}/merged")


# Mounts

MOVE_MOUNT_F_EMPTY_PATH = 4


def fs_context(type_, **options):
    """Opens a file system context with options. Returns it."""
    context = syscall(430, type_, 0)  # fsopen
    for key, value in options.items():
        quietly(syscall, 431, context, 1, key, value, 0)  # fsconfig, FSCONFIG_SET_STRING
    return context


def create_mount(context):
    quietly(syscall, 431, context, 6, 0, 0, 0)  # FSCONFIG_CMD_CREATE
    return syscall(432, context, 0, 0)  # fsmount


@provoker
def mounts(place):
    """The mount API, old and new; options of an LSM; pivot_root()."""
    base = place.on("tmpfs")
    libc.unshare(0x20000)
    libc.mount(b"none", b"/", None, 1 << 14 | 1 << 18, None)  # MS_REC | MS_PRIVATE
    for name in "a", "b", "c":
        os.mkdir(f"{base}/{name}")
    with contextlib.suppress(OSError):
        mount = create_mount(fs_context("tmpfs", size="1m", source="x"))
        syscall(429, mount, "", -100, f"{base}/a", MOVE_MOUNT_F_EMPTY_PATH)
    run(f"mount -t tmpfs tmpfs {base}/b && mount -o remount,ro {base}/b && mount --bind {base}/b {base}/c && umount {base}/c")
    with contextlib.suppress(OSError):
        tree = syscall(428, -100, f"{base}/b", 1)  # open_tree, OPEN_TREE_CLONE
        syscall(442, tree, "", 0x1000, buffer(struct.pack("=QQQQ", 2, 0, 0, 0)), 32)  # mount_setattr, AT_EMPTY_PATH
        syscall(429, tree, "", -100, f"{base}/c", MOVE_MOUNT_F_EMPTY_PATH)
        syscall(433, -100, f"{base}/b", 0)  # fspick
    # MOUNT_ATTR_IDMAP, of a mount that is detached; if may, for this user namespace
    with contextlib.suppress(OSError):
        mount = create_mount(fs_context("tmpfs", size="1m", source="x"))
        with open("/proc/self/ns/user", "rb") as namespace:
            syscall(442, mount, "", 0x1000, buffer(struct.pack("=QQQQ", 0x100000, 0, 0, namespace.fileno())), 32)
    for options in "smackfsdef=_", "smackfsroot=*", "context=x":
        run(f"mount -t tmpfs -o {options} tmpfs {base}/c && mount -o remount,{options} {base}/c; umount {base}/c 2>/dev/null")
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        file.read()
    with open("/proc/self/mounts", encoding="utf-8") as file:
        file.read()
    os.makedirs(f"{base}/b/old", exist_ok=True) if os.access(f"{base}/b", os.W_OK) else run(f"mount -o remount,rw {base}/b")
    quietly(os.mkdir, f"{base}/b/old")
    os.chdir(f"{base}/b")
    libc.syscall(155, b".", b"old")  # pivot_root
    quietly(os.chroot, "/")
    run("umount -l /old")


@provoker
def quota(place):
    """Quotas of ext4, in files, and of tmpfs. Who gets a file is over the limit, which asks capable()
    with the lock of the inode held (__dquot_transfer())."""
    base = place.on("tmpfs")
    for name in "q", "t":
        os.mkdir(f"{base}/{name}")
    run(f"truncate -s 32M {base}/image && mkfs.ext4 -q {base}/image && "
        f"mount -o loop,usrquota,grpquota {base}/image {base}/q && quotacheck -cugm {base}/q && quotaon {base}/q && "
        f"setquota -u 1000 10 20 10 20 {base}/q && setquota -u 1001 1 1 1 1 {base}/q && chmod 777 {base}/q")
    run(f"setpriv --reuid 1000 --clear-groups dd if=/dev/zero of={base}/q/f bs=1k count=30; chown 1001 {base}/q/f; "
        f"repquota -a; quotaoff {base}/q; umount {base}/q")
    run(f"mount -t tmpfs -o usrquota tmpfs {base}/t && chmod 777 {base}/t && setquota -u 1000 10 20 10 20 {base}/t && "
        f"setquota -u 1001 1 1 1 1 {base}/t && setpriv --reuid 1000 --clear-groups dd if=/dev/zero of={base}/t/f bs=1k count=30; chown 1001 {base}/t/f; umount {base}/t")


@provoker
def btrfs(place):
    """A subvolume is mounted by way of another mount of the file system."""
    base = place.on("tmpfs")
    os.mkdir(f"{base}/m")
    run(f"truncate -s 120M {base}/image && mkfs.btrfs -q {base}/image && mount -o loop {base}/image {base}/m && "
        f"btrfs subvolume create {base}/m/s && btrfs subvolume snapshot {base}/m/s {base}/m/t && umount {base}/m && "
        f"mount -o loop,subvol=s {base}/image {base}/m && umount {base}/m")


@provoker
def nfs(place):
    """NFS 4.2 to this machine, with labels, and with a mount below the one that is mounted."""
    base = place.on("tmpfs")
    for name in "mnt", "export":
        os.mkdir(f"{base}/{name}")
    run("ip link set lo up; mount -t nfsd nfsd /proc/fs/nfsd; mkdir -p /run/rpc_pipefs /var/lib/nfs; "
        "mount -t tmpfs tmpfs /var/lib/nfs; mkdir -p /var/lib/nfs/v4recovery /var/lib/nfs/sm /var/lib/nfs/rpc_pipefs; "
        "touch /var/lib/nfs/etab /var/lib/nfs/rmtab")
    run(f"mount -t tmpfs tmpfs {base}/export && mkdir {base}/export/sub && mount -t tmpfs tmpfs {base}/export/sub && "
        f"exportfs -o rw,no_root_squash,insecure,fsid=0,crossmnt,security_label 127.0.0.1:{base}/export && "
        f"exportfs -o rw,no_root_squash,insecure,fsid=1,security_label 127.0.0.1:{base}/export/sub")
    mountd = subprocess.Popen(["rpc.mountd", "-F", "-N", "3"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run("echo 3 >/proc/fs/nfsd/nfsv4gracetime; rpc.nfsd -N 3 2 || rpc.nfsd 2")
    time.sleep(1)
    run(f"mount -t nfs4 -o vers=4.2,soft,timeo=50,retrans=1 127.0.0.1:/ {base}/mnt && cd {base}/mnt && echo x >f && "
        f"ls -l sub && echo y >sub/f && mkdir d && ln -s f l && mv f g && setfattr -n security.SMACK64 -v x g; "
        f"getfattr -n security.SMACK64 {base}/mnt/g; mkdir -p {base}/mnt2 && "
        f"mount -t nfs4 -o vers=4.2,soft,timeo=50,retrans=1 127.0.0.1:/ {base}/mnt2; umount {base}/mnt2 {base}/mnt/sub {base}/mnt")
    run("rpc.nfsd 0; exportfs -ua")
    mountd.kill()


@provoker
def cachefiles(place):
    """What cachefilesd tells the kernel: a folder, and the security context to work in."""
    base = place.on("ext4")
    run("modprobe cachefiles 2>/dev/null; true")
    with open("/dev/cachefiles", "wb", buffering=0) as file:
        for line in f"dir {base}", "tag exercise", "secctx _", "bind":
            try:
                file.write(line.encode())
            except OSError as error:
                print(f"cachefiles: {line}: {error}", flush=True)


@provoker
def verity(place):
    """fs-verity with a signature, dm-verity, and block devices that come and go."""
    base = place.on("tmpfs")
    os.mkdir(f"{base}/v")
    run(f"cd {base} && openssl req -newkey rsa:2048 -nodes -keyout key.pem -x509 -out cert.pem -subj /CN=exercise 2>/dev/null && "
        f"openssl x509 -in cert.pem -outform der -out cert.der && keyctl padd asymmetric '' %keyring:.fs-verity <cert.der && "
        f"truncate -s 32M image && mkfs.ext4 -q -O verity -b 4096 image && mount -o loop image v && "
        f"head -c 9000 /dev/urandom >v/f && fsverity sign v/f v.sig --key=key.pem --cert=cert.pem && "
        f"fsverity enable v/f --signature=v.sig && cat v/f >/dev/null; umount v; mount -o loop image v && cat v/f >/dev/null; umount v")
    run(f"cd {base} && truncate -s 1M data hash && veritysetup format data hash >out && "
        f"veritysetup open data exercise hash $(sed -n 's/^Root hash: *//p' out) && dd if=/dev/mapper/exercise of=/dev/null bs=4k; "
        f"veritysetup close exercise")


# Tasks

@provoker
def tasks(place):
    """What tasks do to themselves and others."""
    child = os.fork()
    if not child:
        libc.ptrace(0, 0, 0, 0)
        signal.pause()
    time.sleep(0.05)
    for function, *args in (
            (os.setpgid, child, child), (os.getpgid, child), (os.getsid, child), (os.setpriority, 0, child, 1),
            (os.sched_setscheduler, child, os.SCHED_BATCH, os.sched_param(0)), (os.sched_getscheduler, child),
            (os.sched_setaffinity, child, os.sched_getaffinity(0)), (os.sched_getaffinity, child),
            (resource.prlimit, child, resource.RLIMIT_CORE), (resource.prlimit, child, resource.RLIMIT_CORE, (0, 0)),
            (syscall, 251, 1, child, 0x4005), (syscall, 252, 1, child), (os.kill, child, 0),
            (syscall, 256, child, 64, buffer(struct.pack("=Q", 1)), buffer(struct.pack("=Q", 1))),  # migrate_pages
            (syscall, 279, child, 0, 0, 0, 0, 0),  # move_pages
            (syscall, 310, child, buffer(bytes(16)), 1, buffer(bytes(16)), 1, 0),  # process_vm_readv
            (syscall, 312, os.getpid(), child, 0, 0, 0),  # kcmp
            (os.readlink, f"/proc/{child}/exe"), (os.listdir, f"/proc/{child}/fd"), (os.getgroups,),
            (syscall, 459, 100, buffer(bytes(64)), buffer(struct.pack("=I", 64)), 0),  # lsm_get_self_attr
            (libc.ptrace, 16, child, 0, 0), (libc.ptrace, 17, child, 0, 0), (os.kill, child, signal.SIGKILL)):
        quietly(function, *args)
    os.waitpid(child, 0)
    # lsm_set_self_attr() for the BPF LSM
    context = struct.pack("=QQQQ8s", 109, 0, 40, 8, b"x")
    for attribute in 100, 101, 102, 103, 104, 105:
        quietly(syscall, 460, attribute, buffer(context), len(context), 0)
    for name in "current", "exec", "fscreate", "keycreate", "sockcreate":
        with contextlib.suppress(OSError), open(f"/proc/self/attr/{name}", "r+", encoding="ascii") as file:
            file.read()
            file.write("_")
    libc.prctl(3, 0, 0, 0, 0)
    child = os.fork()
    if not child:
        quietly(os.setgroups, [1, 2])
        quietly(os.setresgid, 1, 1, 1)
        quietly(os.setresuid, 1, 1, 1)
        header, data = buffer(struct.pack("=II", 0x20080522, 0)), buffer(bytes(24))
        quietly(syscall, 125, header, data)
        quietly(syscall, 126, header, data)
        libc.unshare(0x10000000)
        os._exit(0)
    os.waitpid(child, 0)
    for program in "/bin/true", "/usr/bin/su", "/usr/bin/mount":
        quietly(subprocess.run, [program, "--version"], capture_output=True, timeout=20, check=False)


@provoker
def rootless(place):
    """mount_setattr(MOUNT_ATTR_IDMAP) of a tmpfs in a user namespace: capable() under mount_lock."""
    child = os.fork()
    if not child:
        quietly(os.setresgid, 1000, 1000, 1000)
        quietly(os.setresuid, 1000, 1000, 1000)
        libc.unshare(0x10000000 | 0x20000)
        with open("/proc/self/uid_map", "w", encoding="ascii") as file:
            quietly(file.write, "0 1000 1")
            quietly(file.flush)
        for _ in range(20):
            with contextlib.suppress(OSError):
                mount = create_mount(fs_context("tmpfs", size="1m"))
                with open("/proc/self/ns/user", "rb") as namespace:
                    syscall(442, mount, "", 0x1000, buffer(struct.pack("=QQQQ", 0x100000, 0, 0, namespace.fileno())), 32)
        os._exit(0)
    os.waitpid(child, 0)


@provoker
def tiny(place):
    """What others do, in a cgroup with next to no memory: what fails there fails inside of system calls."""
    try:
        group = tempfile.mkdtemp(prefix="tiny", dir=os.path.join(place.folder, "../cgroup"))
    except PermissionError:  # an ordinary user has none
        return
    with open(f"{group}/memory.max", "w", encoding="ascii") as file:
        file.write("2M")
    for function in names, attributes, maps, notify, tasks, keys, ipc, sockets:
        child = os.fork()
        if not child:
            with open(f"{group}/cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")
            signal.alarm(8)
            quietly(function, place)
            os._exit(0)
        os.waitpid(child, 0)
    with open(f"{group}/cgroup.kill", "w", encoding="ascii") as file:
        file.write("1")
    time.sleep(1)
    quietly(os.rmdir, group)


@provoker
def keys(place):
    """Keys: made, read, linked, watched, revoked, and given to the parent."""
    def key(*args):
        return quietly(syscall, KEYS["ctl"], *args)

    key(1, "exercise")
    ring = -3
    id_ = quietly(syscall, KEYS["add"], "user", "exercise", "payload", 7, ring) or 0
    quietly(syscall, KEYS["add"], "user", "exercise", "payload2", 8, ring)
    quietly(syscall, KEYS["request"], "user", "exercise", "info", ring)
    quietly(syscall, KEYS["request"], "user", "isn't there", "info", ring)
    for args in ((6, id_, buffer(bytes(64)), 64), (11, id_, buffer(bytes(64)), 64), (17, id_, buffer(bytes(64)), 64),
                 (5, id_, 0x3f3f3f3f), (4, id_, 1, 1), (15, id_, 100), (14, 1)):
        key(*args)
    pipe = (ctypes.c_int * 2)()
    if libc.pipe2(pipe, 0x80) == 0:  # O_NOTIFICATION_PIPE
        quietly(fcntl.ioctl, pipe[0], 0x5760, 8)  # IOC_WATCH_QUEUE_SET_SIZE
        key(32, id_, pipe[0], 1)  # KEYCTL_WATCH_KEY
        key(32, ring, pipe[0], 2)
    key(2, id_, "payload3", 8)
    key(3, id_)
    key(22, -3, 0)  # KEYCTL_GET_PERSISTENT
    child = os.fork()
    if not child:
        key(1, "of the child")
        key(18)  # KEYCTL_SESSION_TO_PARENT
        os._exit(0)
    os.waitpid(child, 0)
    os.getppid()


@provoker
def ipc(place):
    """System V IPC and POSIX message queues, with audit collecting what they are about."""
    for get, arg in ((29, (0, 4096, 0o1600)), (64, (0, 2, 0o1600)), (68, (0, 0o1600))):
        id_ = quietly(syscall, get, *arg)
        if id_ is None:
            continue
        if get == 29:
            at = quietly(syscall, 30, id_, 0, 0)
            quietly(syscall, 67, at or 0)
            for command in 2, 1, 11, 12:
                quietly(syscall, 31, id_, command, buffer(bytes(256)))
            quietly(syscall, 31, id_, 0, 0)
        elif get == 64:
            quietly(syscall, 65, id_, buffer(struct.pack("=Hhh", 0, 1, 0)), 1)
            for command in 2, 1, 12, 13:
                quietly(syscall, 66, id_, 0, command, buffer(bytes(256)))
            quietly(syscall, 66, id_, 0, 0, 0)
        else:
            message = buffer(struct.pack("=q8s", 1, b"message"), 64)
            quietly(syscall, 69, id_, message, 8, 0)
            quietly(syscall, 69, id_, message, 8, 0)
            quietly(syscall, 70, id_, message, 8, 0, 0)
            for command in 2, 1:
                quietly(syscall, 71, id_, command, buffer(bytes(256)))
            quietly(syscall, 71, id_, 0, 0)
    for key_ in 1, 1:
        for get, arg in ((29, (key_, 4096, 0o1600)), (64, (key_, 2, 0o1600)), (68, (key_, 0o1600))):
            quietly(syscall, get, *arg)
    attr = buffer(struct.pack("=8q", 0, 4, 64, 0, 0, 0, 0, 0))
    queue = quietly(syscall, 240, "exercise", os.O_RDWR | os.O_CREAT, 0o600, attr)
    if queue is not None:
        quietly(syscall, 242, queue, "x", 1, 1, 0)
        quietly(syscall, 243, queue, buffer(bytes(64)), 64, 0, 0)
        quietly(syscall, 241, "exercise")


@provoker
def kernel(place):
    """Clock, log, modules, accounting, and what a locked-down kernel forbids."""
    now = time.time()
    quietly(time.clock_settime, time.CLOCK_REALTIME, now)
    quietly(syscall, 164, buffer(struct.pack("=qq", int(now), 0)), 0)  # settimeofday
    quietly(syscall, 159, buffer(bytes(208)))  # adjtimex
    for action in 10, 3, 9:
        libc.klogctl(action, buffer(bytes(64)), 64)
    quietly(syscall, 175, buffer(b"not a module" * 20), 240, "")  # init_module
    # Nobody may have it open for writing.
    path = f"{place.on('tmpfs')}/module"
    with open(path, "wb") as file:
        file.write(b"not a module" * 20)
    with open(path, "rb") as file:
        quietly(syscall, 313, file.fileno(), "", 0)  # finit_module
    for family in 9, 10, 24, 44, 45:
        quietly(lambda f=family: socket.socket(f, socket.SOCK_STREAM).close())
    with open("/dev/null", "wb") as file:
        for path in "/dev/mem", "/dev/kmem", "/proc/kcore", "/dev/port":
            with contextlib.suppress(OSError), open(path, "rb") as memory:
                file.write(memory.read(16))
    # A loop device that comes and goes
    with contextlib.suppress(OSError), open("/dev/loop-control", "rb") as control:
        number = fcntl.ioctl(control, 0x4c80, 77)
        fcntl.ioctl(control, 0x4c81, number)
    quietly(syscall, 172, 3)  # iopl
    quietly(syscall, 173, 0x80, 1, 1)  # ioperm
    # Programs on /sys/kernel/tracing ask, too.
    with contextlib.suppress(OSError), open("/sys/kernel/debug/sched/debug", "rb") as file:
        file.read(16)


@provoker
def perf(place):
    """perf_event_open(), and its file."""
    attr = struct.pack("=IIQQQQQ", 1, 112, 0, 1, 0, 0, 0)  # software, cpu-clock
    fd = quietly(syscall, 298, buffer(attr, 128), 0, -1, -1, 0)
    if fd is not None:
        for ioctl in 0x2400, 0x2401, 0x2403:
            quietly(fcntl.ioctl, fd, ioctl, 0)
        quietly(os.read, fd, 64)
        with contextlib.suppress(OSError, ValueError):
            mmap.mmap(fd, 4096 * 2).close()


@provoker
def uring(place):
    """io_uring: its personalities, its poller, its commands."""
    for flags in 0, 2:
        parameters = buffer(struct.pack("=III", 0, 0, flags), 120)
        fd = quietly(syscall, 425, 8, parameters)
        if fd is None:
            continue
        personality = quietly(syscall, 427, fd, 9, 0, 0) or 0
        sq_off = struct.unpack_from("=10I", parameters, 40)
        with contextlib.suppress(OSError, ValueError):
            ring = mmap.mmap(fd, 4096, mmap.MAP_SHARED, offset=0)
            sqes = mmap.mmap(fd, 4096, mmap.MAP_SHARED, offset=0x10000000)
            null = os.open("/dev/null", os.O_RDWR)
            for i, opcode in enumerate((0, 46)):  # NOP, URING_CMD
                sqes[64 * i:64 * i + 64] = struct.pack("=BBHiQQIIQHH20x", opcode, 0, 0, null, 0, 0, 0, 0, i, 0, personality)
                struct.pack_into("=I", ring, sq_off[6] + 4 * i, i)
            struct.pack_into("=I", ring, sq_off[1], 2)
            quietly(syscall, 426, fd, 2, 0, 2, 0, 0)  # io_uring_enter, IORING_ENTER_SQ_WAKEUP
            time.sleep(0.1)
        os.close(fd)


@provoker
def bpf(place):
    """Maps and programs, and a token that lets a user namespace have them."""
    def call(command, attr):
        return syscall(321, command, buffer(attr, 152), 152)

    insns = buffer(struct.pack("=BBhiBBhi", 0xb7, 0, 0, 0, 0x95, 0, 0, 0))
    license_ = buffer(b"GPL\0")

    def some(token, flags):
        map_ = quietly(call, 0, struct.pack("=5I56xi", 2, 4, 4, 1, flags, token))
        program = quietly(call, 5, struct.pack("=IIQQ20xI96xi", 1, 2, ctypes.addressof(insns),
                                               ctypes.addressof(license_), flags, token))
        for fd in map_, program:
            if fd is not None:
                quietly(call, 15, struct.pack("=IIQ", fd, 64, ctypes.addressof(buffer(bytes(64)))))
                os.close(fd)

    some(0, 0)
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        ours.close()
        libc.unshare(0x10000000 | 0x20000)
        context = syscall(430, "bpf", 0)
        socket.send_fds(theirs, [b"x"], [context])
        theirs.recv(1)
        mount = syscall(432, context, 0, 0)
        root = os.open(".", os.O_RDONLY, dir_fd=mount)  # O_PATH, as the mount's is, won't do
        token = call(36, struct.pack("=II", 0, root))
        some(token, 1 << 16)
        os._exit(0)
    theirs.close()
    with contextlib.suppress(OSError, ValueError):
        _, (context,), _, _ = socket.recv_fds(ours, 1, 1)
        for key in "delegate_cmds", "delegate_maps", "delegate_progs", "delegate_attachs":
            syscall(431, context, 1, key, "any", 0)
        syscall(431, context, 6, 0, 0, 0)
        ours.send(b"x")
    ours.close()
    os.waitpid(child, 0)


@provoker
def auditing(place):
    """Rules, one of which has the LSM look at a subject."""
    run("auditctl -a exit,always -F subj_user=_ -S settimeofday -k exercise && "
        "auditctl -d exit,always -F subj_user=_ -S settimeofday -k exercise")
    run("auditctl -a exit,always -F obj_user=_ -S settimeofday -k exercise && "
        "auditctl -d exit,always -F obj_user=_ -S settimeofday -k exercise")


@provoker
def binder(place):
    """A transaction with a node and a file in it."""
    base = place.on("tmpfs")
    os.mkdir(f"{base}/b")
    run(f"mount -t binder binder {base}/b && {TOOL} binder {base}/b/binder </proc/version; umount -l {base}/b")


# Sockets

def tcp_pair(family=socket.AF_INET, protocol=0, kind=socket.SOCK_STREAM):
    listener = socket.socket(family, kind, protocol)
    listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
    listener.listen()
    client = socket.socket(family, kind, protocol)
    client.connect(listener.getsockname()[:2])
    server, _ = listener.accept()
    return server, client


@provoker
def sockets(place):
    """All kinds of sockets, and what can be asked of them."""
    run("ip link set lo up")
    base = place.on("tmpfs")
    for family, kind, protocol in ((socket.AF_INET, 1, 0), (socket.AF_INET6, 1, 0), (socket.AF_INET, 1, 262),
                                   (socket.AF_INET6, 1, 262), (socket.AF_INET, 1, 132), (socket.AF_INET, 5, 132)):
        with contextlib.suppress(OSError):
            server, client = tcp_pair(family, protocol, kind)
            client.send(b"x")
            server.recv(1)
            for option in 31, 59, 17:  # SO_PEERSEC, SO_PEERGROUPS, SO_PEERCRED
                quietly(client.getsockopt, 1, option, 256)
            client.getsockname(), client.getpeername()
            client.shutdown(socket.SHUT_RDWR)
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET:
        left, right = socket.socketpair(socket.AF_UNIX, kind)
        left.setsockopt(1, 34, 1)  # SO_PASSSEC
        right.setsockopt(1, 34, 1)
        right.setsockopt(1, 16, 1)  # SO_PASSCRED
        socket.send_fds(left, [b"x"], [0])
        quietly(right.recvmsg, 16, 512)
        quietly(left.getsockopt, 1, 31, 256)
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(f"{base}/s{int(kind)}")
        if kind != socket.SOCK_DGRAM:
            listener.listen()
        client = socket.socket(socket.AF_UNIX, kind)
        client.connect(f"{base}/s{int(kind)}")
        client.send(b"x")
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind((address, 0))
        quietly(sock.setsockopt, socket.SOL_IP, 18, 1)  # IP_PASSSEC
        quietly(sock.setsockopt, 1, 37, struct.pack("=I", 0x1a))  # SO_TIMESTAMPING of what was sent
        sock.sendto(b"x", sock.getsockname()[:2])
        quietly(sock.recvmsg, 16, 512)
        quietly(sock.recvmsg, 16, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    for protocol in 0, 4, 6, 9, 12, 16:
        with contextlib.suppress(OSError):
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
            sock.send(bytes(16))
    with contextlib.suppress(OSError):
        sock = socket.socket(38, socket.SOCK_SEQPACKET)  # AF_ALG
        sock.bind(("hash", "sha256"))
        sock.accept()[0].send(b"x")


@provoker
def sctp(place):
    """Associations: one to one, one to many, peeled off, and to several addresses."""
    run("ip link set lo up")
    listener = socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, 132)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    address = listener.getsockname()
    raw = struct.pack("=H", 2) + struct.pack(">H", address[1]) + socket.inet_aton("127.0.0.1") + bytes(8)
    client = socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, 132)
    quietly(client.setsockopt, 132, 100, struct.pack("=H", 2) + bytes(2) + socket.inet_aton("127.0.0.2") + bytes(8))  # BINDX_ADD
    quietly(client.setsockopt, 132, 110, raw)  # CONNECTX
    client.sendto(b"x", address)
    listener.recvfrom(16)
    # SCTP_SOCKOPT_PEELOFF
    quietly(client.getsockopt, 132, 102, 8)
    association = quietly(client.getsockopt, 132, 14, 256)
    with contextlib.suppress(OSError):
        number = struct.unpack_from("=i", association or bytes(4))[0] or 1
        value, size = buffer(struct.pack("=ii", number, 0)), buffer(struct.pack("=I", 8))
        syscall(55, client.fileno(), 132, 102, value, size)
    quietly(client.setsockopt, 132, 15, raw)


@provoker
def mptcp(place):
    """A connection with a second subflow."""
    run("ip link set lo up; ip addr add 127.0.0.2/8 dev lo 2>/dev/null; sysctl -qw net.mptcp.enabled=1; "
        "ip mptcp limits set subflows 4 add_addr_accepted 4; ip mptcp endpoint add 127.0.0.2 dev lo subflow signal")
    server, client = tcp_pair(protocol=262)
    for _ in range(5):
        client.send(b"x" * 1000)
        server.recv(1000)
        server.send(b"y" * 1000)
        client.recv(1000)
        time.sleep(0.1)
    run("ip mptcp endpoint flush")


@provoker
def tun(place):
    """A tun device with queues that come and go, and one that stays."""
    def device(flags, name=b"ex0"):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        quietly(fcntl.ioctl, fd, 0x400454ca, struct.pack("=16sH22x", name, flags))  # TUNSETIFF
        return fd

    first, second = device(0x0101 | 0x1000), device(0x0101 | 0x1000)  # IFF_TUN | IFF_MULTI_QUEUE
    for flags in 0x400, 0x200:  # IFF_DETACH_QUEUE, IFF_ATTACH_QUEUE
        quietly(fcntl.ioctl, second, 0x400454d9, struct.pack("=16sH22x", b"ex0", flags))
    os.close(first), os.close(second)
    first = device(0x1001, b"ex1")
    quietly(fcntl.ioctl, first, 0x400454cb, 1)  # TUNSETPERSIST
    os.close(first)
    os.close(device(0x1001, b"ex1"))
    run("ip link del ex1")


@provoker
def xfrm(place):
    """IPsec over the loopback: policies and states, with security contexts, looked up and acquired."""
    key = "0x" + "11" * 20
    run("ip link set lo up; ip link add exd0 type dummy; ip addr add 10.9.0.1/24 dev exd0; ip link set exd0 up")
    for context in "", "ctx _":
        run(f"ip xfrm state add src 10.9.0.1 dst 10.9.0.2 proto esp spi 0x100 mode transport aead 'rfc4106(gcm(aes))' {key} 128 "
            f"{context}; ip xfrm policy add src 10.9.0.1 dst 10.9.0.2 dir out {context} tmpl src 10.9.0.1 dst 10.9.0.2 proto esp mode transport; "
            f"ip xfrm policy add src 10.9.0.1 dst 10.9.0.3 dir out {context} tmpl src 10.9.0.1 dst 10.9.0.3 proto esp mode transport; "
            f"ip xfrm policy add src 127.0.0.1 dst 127.0.0.1 dir in {context} tmpl level use proto esp mode transport; "
            f"ip xfrm state add src 127.0.0.1 dst 127.0.0.1 proto esp spi 0x200 mode transport aead 'rfc4106(gcm(aes))' {key} 128; "
            f"ip xfrm policy add src 127.0.0.1 dst 127.0.0.1 dir out tmpl src 127.0.0.1 dst 127.0.0.1 proto esp mode transport")
        for address in "10.9.0.2", "10.9.0.3", "127.0.0.1":
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            # A policy of the socket's own, which a clone gets, too: struct xfrm_userpolicy_info
            quietly(sock.sendto, b"x", (address, 9))
            quietly(sock.sendto, b"x", (address, 9))
        run("ip xfrm state list; ip xfrm policy list; ip xfrm policy deleteall; ip xfrm state deleteall; "
            "ip xfrm policy flush; ip xfrm state flush")
    # A socket's own policy, which its children inherit: IP_XFRM_POLICY
    info = bytearray(168)
    struct.pack_into("=H", info, 40, socket.AF_INET)  # the selector's family
    info[160] = 0  # XFRM_POLICY_IN
    listener = socket.socket()
    quietly(listener.setsockopt, socket.SOL_IP, 17, bytes(info))
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    client = socket.socket()
    client.settimeout(2)
    quietly(client.connect, listener.getsockname())
    run("ip link del exd0")


@provoker
def netfilter(place):
    """Marks that an LSM gives to packets, a queue that tells them, and connections that have them."""
    run("ip link set lo up; nft add table inet ex; nft 'add secmark inet ex mark { \"_\" ; }'; "
        "nft 'add chain inet ex in { type filter hook input priority 0; }'; "
        "nft 'add chain inet ex out { type filter hook output priority 0; }'; "
        "nft 'add rule inet ex in ct state new meta secmark set \"mark\"'; nft 'add rule inet ex in ct secmark set meta secmark'; "
        "nft 'add rule inet ex out udp dport 4242 queue num 5 bypass'")
    queue = quietly(nfqueue, 5)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    quietly(sock.sendto, b"x", ("127.0.0.1", 4242))
    quietly(sock.sendto, b"x", sock.getsockname())
    quietly(tcp_pair)
    with contextlib.suppress(OSError), open("/proc/net/nf_conntrack", encoding="ascii") as file:
        file.read()
    # ctnetlink: IPCTNL_MSG_CT_GET, all of them
    with contextlib.suppress(OSError):
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        netlink.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 1, 0x301, 1, 0, 2, 0, 0))
        netlink.recv(1 << 14)
    run("nft delete table inet ex")
    if queue:
        queue.close()


def nfqueue(number):
    """Binds a queue that tells the security context of a packet's socket."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)

    def configure(*attributes):
        body = b"".join(struct.pack("=HH", 4 + len(data), type_) + data.ljust(-(-len(data) // 4) * 4, b"\0")
                        for type_, data in attributes)
        sock.send(struct.pack("=IHHIIBB", 20 + len(body), 3 << 8 | 2, 5, 1, 0, 0, 0) + struct.pack(">H", number) + body)
        sock.recv(1 << 12)

    configure((1, struct.pack(">BxH", 1, 0)))  # NFQNL_CFG_CMD_BIND
    configure((2, struct.pack(">IB", 0xffff, 2)))  # NFQNL_COPY_PACKET
    configure((4, struct.pack(">I", 16)), (5, struct.pack(">I", 16)))  # NFQA_CFG_F_SECCTX
    return sock


@provoker
def fuse(place):
    """A file system without a server that does anything, but with security contexts for what is created."""
    base = place.on("tmpfs")
    os.mkdir(f"{base}/f")
    fd = os.open("/dev/fuse", os.O_RDWR)
    libc.mount(b"fuse", f"{base}/f".encode(), b"fuse", 0,
               f"fd={fd},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode())
    child = os.fork()
    if not child:
        with contextlib.suppress(OSError):
            os.close(os.open(f"{base}/f/new", os.O_CREAT | os.O_RDWR))
        with contextlib.suppress(OSError):
            os.mkdir(f"{base}/f/dir")
        os._exit(0)
    fuse_header = struct.Struct("=IIQQIIII")
    end = time.monotonic() + 5
    while time.monotonic() < end and not os.waitpid(child, os.WNOHANG)[0]:
        os.set_blocking(fd, False)
        try:
            request = os.read(fd, 1 << 17)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                break
            time.sleep(0.02)
            continue
        length, opcode, unique, node, *_ = fuse_header.unpack_from(request)
        answer, status = b"", 0
        attr = struct.pack("=QQQQQQIIIIIIIIII", node, 0, 0, 0, 0, 0, 0, 0, 0, 0o40777, 1, 0, 0, 0, 4096, 0)
        if opcode == 26:  # INIT: FUSE_INIT_EXT, FUSE_SECURITY_CTX
            answer = struct.pack("=IIIIHHIIHHI28x", 7, 38, 0, 1 << 30, 12, 10, 1 << 16, 1, 0, 0, 1)
        elif opcode == 3:  # GETATTR
            answer = struct.pack("=QII", 0, 0, 0) + attr
        elif opcode == 1:  # LOOKUP
            status = -errno.ENOENT
        elif opcode in (2, 42, 36):
            continue
        else:
            status = -errno.EPERM
        quietly(os.write, fd, struct.pack("=IiQ", 16 + len(answer), status, unique) + answer)
    os.close(fd)
    run(f"umount -l {base}/f")


def main(folder, *chosen):
    if folder == "--list":
        print(*PROVOKERS)
        return
    place = Place(folder)
    for name in chosen or PROVOKERS:
        child = os.fork()
        if not child:
            signal.alarm(360)  # load.py has a limit, too, which is shorter in short runs
            os.setpgid(0, 0)
            try:
                PROVOKERS[name](place)
            except Exception as error:  # pylint: disable=broad-except
                print(f"{name}: {type(error).__name__}: {error}", flush=True)
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        quietly(os.killpg, child, signal.SIGKILL)
        if status:
            print(f"{name}: status {status}", flush=True)


main(*sys.argv[1:])
