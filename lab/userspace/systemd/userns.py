#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a process in a user namespace may do to the files of others.

Without an argument, the namespace is one of the machine's own. With "registered", it
gets its users from nsresourced, whose programs then watch it. Prints one line for each
operation, "mkdir: ok" or "mkdir: EPERM", and first the process that tries them. Runs as
root.
"""
import array
import errno
import json
import os
import shutil
import socket
import sys

FOLDER = "/var/tmp/lab-userns"
SOCKET = "/run/systemd/io.systemd.NamespaceResource"
FIRST, COUNT = 1000000, 65536


def attempt(name, operation, *arguments):
    try:
        operation(*arguments)
        result = "ok"
    except OSError as error:
        result = errno.errorcode[error.errno]
    print(f"{name}: {result}", flush=True)


def inside():
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.chdir(FOLDER)
    attempt("mkdir", os.mkdir, "folder")
    attempt("create", os.open, "file", os.O_CREAT | os.O_WRONLY)
    attempt("symlink", os.symlink, "own", "symlink")
    attempt("link", os.link, "own", "link")
    attempt("chown", os.chown, "own", 1, 1)
    # Its own mounts, even if they show the same files, are its own business.
    os.unshare(os.CLONE_NEWNS)
    os.chdir(FOLDER)
    attempt("mkdir in its own mount", os.mkdir, "folder-of-its-own")


def call(method, parameters, descriptor):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(SOCKET)
    connection.sendmsg(
        [json.dumps({"method": method, "parameters": parameters}).encode() + b"\0"],
        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))],
    )
    reply = b""
    while not reply.endswith(b"\0"):
        part = connection.recv(4096)
        if not part:
            sys.exit(f"nsresourced hung up: {reply}")
        reply += part
    answer = json.loads(reply[:-1])
    if "error" in answer:
        sys.exit(f"nsresourced refuses: {answer}")


def give_users(pid, registered):
    if not registered:
        for kind in "uid", "gid":
            with open(f"/proc/{pid}/{kind}_map", "w", encoding="ascii") as file:
                file.write(f"0 {FIRST} {COUNT}")
        return FIRST
    descriptor = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
    call(
        "io.systemd.NamespaceResource.AllocateUserRange",
        {"name": f"lab-{pid}", "size": COUNT, "target": 0, "userNamespaceFileDescriptor": 0},
        descriptor,
    )
    with open(f"/proc/{pid}/uid_map", encoding="ascii") as file:
        return int(file.read().split()[1])


def main():
    registered = sys.argv[1:] == ["registered"]
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.unshare(os.CLONE_NEWUSER)
        os.write(ready[1], b"x")
        os.close(go[1])
        if os.read(go[0], 1) == b"x":
            inside()
        os._exit(0)
    os.read(ready[0], 1)
    print(f"process: {pid}", flush=True)
    first = give_users(pid, registered)
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.mkdir(FOLDER)
    os.chmod(FOLDER, 0o777)
    with open(f"{FOLDER}/own", "w", encoding="ascii"):
        os.chown(f"{FOLDER}/own", first, first)
    os.write(go[1], b"x")
    os.waitpid(pid, 0)


main()
