#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Provoke each program of smoke.bpf.c, and compare what the kfuncs returned
and the whole text of the records with the table below.

smoke.py MAP LOG: the pinned map of the programs' variables, and auditd's log.
Prints one line for each program, 'ok NAME' or 'not ok NAME - reason'.
"""

import contextlib
import ctypes
import errno
import json
import os
import re
import socket
import subprocess
import sys
import time

EINVAL, EAFNOSUPPORT, EOPNOTSUPP = -errno.EINVAL, -errno.EAFNOSUPPORT, -errno.EOPNOTSUPP
PR_SET_NAME = 15
IP_PASSSEC = 18
STAGE = "/tmp/demo/smoke"
FILE = STAGE + "/file"


def open_file():
    os.close(os.open(FILE, os.O_RDONLY))


def make_folder():
    os.mkdir(STAGE + "/new")


def remove_folder():
    os.rmdir(STAGE + "/folder")


@contextlib.contextmanager
def bound(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        yield sock


def bind_ipv4():
    with bound(socket.AF_INET, ("127.0.0.1", 4004)):
        pass


def bind_each():
    bind_ipv4()
    with bound(socket.AF_INET6, ("::1", 4006)):
        pass


def listen_each():
    for family, address in (
        (socket.AF_INET, ("127.0.0.1", 4004)),
        (socket.AF_INET6, ("::1", 4006)),
        (socket.AF_UNIX, STAGE + "/socket"),
        (socket.AF_UNIX, "\0abstract"),
    ):
        with bound(family, address) as sock:
            sock.listen()


def send_datagram(port=0, option=None):
    with bound(socket.AF_INET, ("127.0.0.1", port), socket.SOCK_DGRAM) as sock:
        if option:
            sock.setsockopt(socket.SOL_IP, option, 1)
        sock.sendto(b"x", sock.getsockname())
        sock.recvmsg(1, 512)


def table(ino, folder_ino):
    """(program, comm or None if that is the program's name, what provokes it,
    what the kfuncs return, the text of each record after comm=)"""
    file = f'path="{FILE}" dev="tmpfs" ino={ino}'
    inode = f'name="file" dev="tmpfs" ino={ino}'
    return (
        ("log_head", "log head", open_file, [], [""]),
        ("log_cause", None, open_file, [0], [' cause="smoke"']),
        ("log_cause_hex", None, open_file, [0], [" cause=" + 'a" pid=1\n'.encode().hex().upper()]),
        ("log_cap", None, open_file, [0], [" capability=40"]),
        ("log_path", None, open_file, [0], [" " + file]),
        ("log_file", None, open_file, [0], [" " + file]),
        ("log_ioctl_op", None, open_file, [0], [f" {file} ioctlcmd=0x5412"]),
        ("log_inode", None, open_file, [0], [" " + inode]),
        ("log_task", None, open_file, [0], [f' opid={os.getpid()} ocomm="log_task"']),
        ("log_dentry", None, remove_folder, [0], [f' name="folder" dev="tmpfs" ino={folder_ino}']),
        ("negative_dentry", None, make_folder, [0], [' name="new"']),
        ("log_net_sock", None, listen_each, [0, 0, 0, 0], [
            " laddr=127.0.0.1 lport=4004 netif=lo",
            " laddr=::1 lport=4006 netif=lo",
            f' path="{STAGE}/socket" netif=lo',
            f" path={b'\0abstract'.hex().upper()} netif=lo",
        ]),
        ("log_sockaddr", None, bind_each, [0, 0], [
            " saddr=127.0.0.1 src=4004 daddr=127.0.0.1 dest=4004 netif=lo",
            " saddr=::1 src=4006 daddr=::1 dest=4006 netif=lo",
        ]),
        ("twice", None, open_file, [0, EINVAL] * 4,
         [f' cause="once" capability=1  {file} opid={os.getpid()} ocomm="twice"']),
        ("shared_keys", None, open_file, [0] + [EINVAL] * 4, [" " + inode]),
        ("refused", None, open_file, [EINVAL, EINVAL, 0, EINVAL, EINVAL, EINVAL, 0],
         [f' cause="{"x" * 255}" capability=0']),
        ("bad_sockaddr", None, bind_ipv4, [EINVAL] * 8 + [EAFNOSUPPORT, 0, EINVAL],
         [" daddr=::1 dest=443"]),
        ("null_socket", None, lambda: send_datagram(option=IP_PASSSEC), [EINVAL], [""]),
        ("rcu_section", None, open_file, [0], [" " + file]),
        ("softirq", None, lambda: send_datagram(port=4444), [0, EOPNOTSUPP], [' cause="softirq"']),
    )


def set_comm(name):
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


def run(*command):
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def find(tree, name):
    """The value of a name anywhere in bpftool's nest of lists and objects."""
    if isinstance(tree, dict) and name in tree:
        return tree[name]
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for child in children:
        found = find(child, name)
        if found is not None:
            return found
    return None


def read_records(log):
    """All texts of our records, by program id."""
    run("auditctl", "-m", "smoke-end")
    deadline = time.monotonic() + 20
    while "text=smoke-end " not in open(log, encoding="ascii").read():
        if time.monotonic() > deadline:
            sys.exit("waited 20 s in vain for auditd.")
        time.sleep(0.05)
    found = {}
    for line in run("ausearch", "-if", log, "-m", "1427", "--raw").splitlines():
        if match := re.fullmatch(r"type=UNKNOWN\[1427\] msg=audit\(\S+\): (prog-id=(\d+) .*)", line):
            found.setdefault(int(match[2]), []).append(match[1])
    return found


def expected_record(prog_id, program, comm, text):
    if program == "softirq":
        return f"prog-id={prog_id} pid=? comm=?{text}"
    comm = comm.encode().hex().upper() if " " in comm else f'"{comm}"'
    return f"prog-id={prog_id} pid={os.getpid()} comm={comm}{text}"


def main(variables_map, log):
    os.mkdir(STAGE)
    os.mkdir(STAGE + "/folder")
    open(FILE, "x", encoding="ascii").close()
    rows = table(os.stat(FILE).st_ino, os.stat(STAGE + "/folder").st_ino)

    for program, comm, provoke, _, _ in rows:
        set_comm(comm or program)
        provoke()
    set_comm("smoke.py")

    ids = {prog["name"]: prog["id"] for prog in json.loads(run("bpftool", "-j", "prog")) if "name" in prog}
    variables = json.loads(run("bpftool", "-j", "map", "dump", "pinned", variables_map))
    found = read_records(log)
    for program, comm, _, returns, texts in rows:
        actual = find(variables, program + "_ret")
        got = actual["value"][:actual["count"]]
        records = found.get(ids[program], [])
        expected = [expected_record(ids[program], program, comm or program, text) for text in texts]
        if got != returns:
            print(f"not ok {program} - returned {got}, expected {returns}")
        elif records != expected:
            print(f"not ok {program} - records {records}, expected {expected}")
        else:
            print(f"ok {program}")


main(*sys.argv[1:])
