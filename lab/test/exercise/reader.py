# SPDX-License-Identifier: GPL-2.0-only
"""The audit daemon of the guest: it counts the records of our type, by program, and
sees that each is of sound grammar."""

import collections
import os
import re
import socket
import struct

import audit

STRING = rb'(?:"[!#-~]*"|(?:[0-9A-F]{2})+)'
HEAD = re.compile(rb"audit\(\d+\.\d{3}:\d+\): prog-id=(\d+) pid=(?:\d+ comm=" + STRING + rb"|\? comm=\?)")
NUMBER = rb"\d+"
IP = rb"[0-9a-f.:]+"
VALUES = {b"cause": STRING, b"rule-id": NUMBER, b"capability": NUMBER, b"path": STRING, b"name": STRING, b"dev": STRING, b"ino": NUMBER,
          b"ioctlcmd": rb"0x[0-9a-f]+", b"opid": NUMBER, b"ocomm": STRING, b"laddr": IP, b"lport": NUMBER,
          b"faddr": IP, b"fport": NUMBER, b"netif": rb"(?:\S+)", b"saddr": IP, b"src": NUMBER, b"daddr": IP,
          b"dest": NUMBER}
FIELD = re.compile(rb" +(" + rb"|".join(rb"%s=%s" % item for item in VALUES.items()) + rb")(?= |$)")


def is_sound(text, at):
    """Whether a record is known fields, none of which comes twice, from somewhere on."""
    keys = set()
    while field := FIELD.match(text, at):
        key = field[1].split(b"=", 1)[0]
        if key in keys:
            return False
        keys.add(key)
        at = field.end()
    return not text[at:].strip(b" ")


def daemon(connection):
    """Counts until a mark comes, then tells what it has counted: records by program, those that
    aren't sound, and one of each program."""
    netlink = audit.Netlink()
    netlink.sock.setsockopt(socket.SOL_SOCKET, audit.SO_RCVBUFFORCE, 1 << 25)
    mask = audit.STATUS_ENABLED | audit.STATUS_PID | audit.STATUS_RATE_LIMIT | audit.STATUS_BACKLOG_LIMIT
    netlink.send(audit.AUDIT_SET, struct.pack("=11I", mask, 1, 0, os.getpid(), 0, 8192, 0, 0, 0, 0, 0))
    connection.send("ready")
    records, bad, examples = collections.Counter(), [], {}
    receive, offset = netlink.sock.recv, audit.HEADER.size
    while True:
        message = receive(1 << 14)
        kind = message[4] | message[5] << 8
        if kind == audit.AUDIT_BPF_LSM_ACCESS:
            text = message[offset:].rstrip(b"\0\n")
            head = HEAD.match(text)
            program = int(head[1]) if head else 0
            records[program] += 1
            if not head or not is_sound(text, head.end()):
                bad.append(text)
            examples.setdefault(program, text)
        elif kind == audit.NLMSG_ERROR and struct.unpack_from("=i", message, offset)[0]:
            connection.send("the kernel won't have an audit daemon")
        elif kind == audit.AUDIT_USER:
            connection.send((records, bad, examples))
