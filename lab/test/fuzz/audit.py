# SPDX-License-Identifier: GPL-2.0-only
"""The audit daemon of the guest, which hands over the records of our type, and
auparse, which splits them again."""

import os
import re
import socket
import struct
import subprocess

import auparse

NETLINK_AUDIT = 9
AUDIT_GET, AUDIT_SET, AUDIT_USER, AUDIT_BPF_LSM_ACCESS = 1000, 1001, 1005, 1427
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 1, 4, 2
STATUS_ENABLED, STATUS_PID, STATUS_RATE_LIMIT, STATUS_BACKLOG_LIMIT = 1, 4, 8, 16
SO_RCVBUFFORCE = 33
HEADER = struct.Struct("=IHHII")
RECORD = re.compile(r"audit\((\d+\.\d+:\d+)\): (.*)", re.DOTALL)


class Netlink:
    """A socket to the kernel's audit."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
        self.sequence = 0

    def send(self, type_, payload=b"", flags=NLM_F_REQUEST | NLM_F_ACK):
        self.sequence += 1
        self.sock.send(HEADER.pack(HEADER.size + len(payload), type_, flags, self.sequence, 0) + payload)

    def request(self, type_, payload=b""):
        """Sends a message and waits for the answer to it. Returns its data."""
        self.send(type_, payload)
        data = None
        while True:
            message = self.sock.recv(1 << 14)
            _, kind, _, sequence, _ = HEADER.unpack_from(message)
            if sequence != self.sequence:
                continue
            if kind == type_:
                return message[HEADER.size:]
            if kind == NLMSG_ERROR:
                if error := struct.unpack_from("=i", message, HEADER.size)[0]:
                    raise OSError(-error, os.strerror(-error))
                if type_ != AUDIT_GET:
                    return data


def status():
    """Returns how many records audit has lost, and how many wait."""
    netlink = Netlink()
    answer = struct.unpack_from("=8I", netlink.request(AUDIT_GET))
    netlink.sock.close()
    return answer[6], answer[7]


def mark(text):
    """Sends a record that comes after all that are queued now."""
    netlink = Netlink()
    netlink.request(AUDIT_USER, text.encode() + b"\0")
    netlink.sock.close()


def only_ours():
    """Records of other types aren't written, but for those of users."""
    for first, last in (1300, AUDIT_BPF_LSM_ACCESS - 1), (AUDIT_BPF_LSM_ACCESS + 1, 2099):
        subprocess.run(["auditctl", "-a", "exclude,always", "-F", f"msgtype>={first}", "-F", f"msgtype<={last}"],
                       check=True, stdout=subprocess.DEVNULL)


def daemon(connection):
    """Be the audit daemon: at each mark, pass on the records since the last one."""
    netlink = Netlink()
    netlink.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
    mask = STATUS_ENABLED | STATUS_PID | STATUS_RATE_LIMIT | STATUS_BACKLOG_LIMIT
    netlink.send(AUDIT_SET, struct.pack("=11I", mask, 1, 0, os.getpid(), 0, 0, 0, 0, 0, 0, 0))
    connection.send("ready")
    records, receive = [], netlink.sock.recv
    while True:
        message = receive(1 << 14)
        _, kind, _, _, _ = HEADER.unpack_from(message)
        if kind == AUDIT_BPF_LSM_ACCESS:
            records.append(message[HEADER.size:].rstrip(b"\0\n").decode(errors="surrogateescape"))
        elif kind == NLMSG_ERROR and struct.unpack_from("=i", message, HEADER.size)[0]:
            connection.send("the kernel won't have an audit daemon")
        elif kind == AUDIT_USER:
            connection.send(records)
            records = []


def parse(records):
    """Yields what auparse makes of each record: its text and its fields."""
    log = "".join(f"type=UNKNOWN[{AUDIT_BPF_LSM_ACCESS}] msg={record}\n" for record in records)
    parser = auparse.AuParser(auparse.AUSOURCE_BUFFER, log)
    while parser.parse_next_event():
        parser.first_record()
        while True:
            text, fields = parser.get_record_text(), []
            parser.first_field()
            while True:
                fields.append((parser.get_field_name(), parser.get_field_str()))
                if not parser.next_field():
                    break
            yield text, fields
            if not parser.next_record():
                break
