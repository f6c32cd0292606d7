#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Say where the instructions of one audit record go, or of its whole system call.

usage: profile.py VMLINUX SOCKET [call]

Steps a guest through one record, instruction by instruction, by QEMU's gdb stub
on the unix socket SOCKET: from the entry of bpf_audit_log_start() until
bpf_audit_log_end() has returned; with "call", through the system call that asks
for a record, with the records that the kernel adds at its end. Prints for each
function how often it was called, what it took itself, and what it took with all
that it called. QEMU masks interrupts while it steps. A record in which the
processor goes to another task, as when kauditd is woken, is left for the next one.
"""

import bisect
import collections
import pathlib
import socket
import subprocess
import sys
import time

RECORD = "bpf_audit_log_start", "bpf_audit_log_end"
CALL = "do_syscall_64", "do_syscall_64"
RSP, RIP = 7, 16  # in the order of gdb's registers
RECORDS_BEFORE = 50  # warm caches and lists
TRIES = 60  # most system calls are other ones


class Stub:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        for _ in range(300):
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit(f"profile.py: no guest answers on {path}.")
        self.stream = self.socket.makefile("rb")

    def ask(self, command):
        checksum = sum(command.encode()) & 0xFF
        self.socket.sendall(f"${command}#{checksum:02x}".encode())
        while self.stream.read(1) != b"$":
            pass
        answer = b""
        while not answer.endswith(b"#"):
            answer += self.stream.read(1)
        self.stream.read(2)
        self.socket.sendall(b"+")
        return answer[:-1].decode()

    def registers(self):
        answer = self.ask("g")
        read = lambda n: int.from_bytes(bytes.fromhex(answer[16 * n : 16 * n + 16]), "little")
        return read(RIP), read(RSP)

    def run_to(self, address):
        self.ask(f"Z1,{address:x},1")
        self.ask("c")
        self.ask(f"z1,{address:x},1")

    def step(self):
        self.ask("s")
        return self.registers()


class Symbols:
    def __init__(self, vmlinux):
        self.address = {}
        text = subprocess.run(["nm", vmlinux], check=True, capture_output=True, text=True).stdout
        functions = []
        for line in text.splitlines():
            address, kind, name = line.split()
            if kind in "tTwW" and not name.startswith(("__pfx_", ".")):
                functions.append((int(address, 16), name))
            self.address[name] = int(address, 16)
        functions.sort()
        self.starts = [address for address, _ in functions]
        self.names = [name for _, name in functions]

    def at(self, address):
        """Returns the name and the start of the function at an address."""
        if not self.address["_stext"] <= address < self.address["_etext"]:
            return "[bpf]", None
        i = bisect.bisect_right(self.starts, address) - 1
        return self.names[i], self.starts[i]


class Profile:
    """What one record takes, or one system call with a record."""

    def __init__(self, span):
        self.first, self.last = span
        self.own, self.whole, self.calls = (collections.Counter() for _ in range(3))

    def record(self, stub, symbols):
        """Steps through the next one. Returns whether it had a record, and the processor to the end."""
        stub.run_to(symbols.address[self.first])
        pc, sp = stub.registers()
        # Frames are (name, stack pointer on entry); what is above one is its caller's.
        stack = [(self.first, sp)]
        self.calls[self.first] = 1
        ending = None
        while True:
            name, _ = symbols.at(pc)
            if name == "__schedule":
                return False
            self.own[name] += 1
            self.whole.update({frame for frame, _ in stack} | {name})
            if name == self.last and ending is None:
                ending = sp
            pc, sp = stub.step()
            while stack and sp > stack[-1][1]:
                stack.pop()
            if ending is not None and sp > ending:
                return RECORD[0] in self.calls
            name, start = symbols.at(pc)
            if pc == start or not stack:
                self.calls[name] += 1
                stack.append((name, sp))
            elif name != stack[-1][0]:
                stack[-1] = (name, stack[-1][1])


def main():
    if sys.argv[3:] not in ([], ["call"]):
        sys.exit(__doc__)
    span = CALL if sys.argv[3:] else RECORD
    symbols = Symbols(sys.argv[1])
    stub = Stub(pathlib.Path(sys.argv[2]))

    for _ in range(RECORDS_BEFORE):
        stub.run_to(symbols.address[RECORD[0]])
        stub.step()
    for _ in range(TRIES):
        profile = Profile(span)
        if profile.record(stub, symbols):
            break
    else:
        sys.exit(f"profile.py: {TRIES} in a row had no record or lost the processor: run it again.")
    stub.ask("D")

    print(f"{sum(profile.own.values())} instructions")
    print(f"{'own':>6} {'whole':>6} {'calls':>5}  function")
    for name, count in profile.own.most_common():
        print(f"{count:6} {profile.whole[name]:6} {profile.calls[name]:5}  {name}")


if __name__ == "__main__":
    main()
