#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare what a consumer of audit logs says of the records of type 1427 with
what their text says, by the grammar in Documentation/bpf/audit_kfuncs.rst.

compare.py CONSUMER OUTPUT LOG: a line of figures, then each difference. Ends
with 1 if the log holds no such record.
"""

import collections
import json
import re
import sys
import urllib.parse

RECORD = re.compile(r"type=(?:UNKNOWN\[1427\]|BPF_LSM_ACCESS) msg=audit\(([0-9.]+:[0-9]+)\): ([^\x1d\n]*)")
FIELD = re.compile(r'([a-z-]+)=("[^"]*"|[^" ]\S*) *')
STRINGS = {"cause", "comm", "dev", "name", "netif", "ocomm", "path"}
# What makes audit write hex: audit_string_contains_control() in kernel/audit.c.
CONTROL = re.compile(rb'[^\x21-\x7e]|"')


def decoded(key, value):
    """The bytes that a value stands for."""
    if value.startswith('"'):
        return value[1:-1].encode()
    if key in STRINGS and re.fullmatch("([0-9A-F]{2})+", value) and CONTROL.search(bytes.fromhex(value)):
        return bytes.fromhex(value)
    return value.encode()


def split(text):
    """The fields of a record's text, as they are written."""
    fields, at = {}, 0
    while at < len(text):
        field = FIELD.match(text, at)
        if not field:
            sys.exit(f"not a record's text: {text[at:]!r}")
        fields[field[1]] = field[2]
        at = field.end()
    return fields


# What the consumers say: the event, the name of the type, and the fields in bytes.

def laurel(event):
    for name in event.keys() & {"UNKNOWN[1427]", "BPF_LSM_ACCESS"}:
        for record in event[name]:
            # What it adds is in capitals, a question mark is null to it, and % escapes a byte.
            yield event["ID"], name, {
                key: b"?" if value is None else urllib.parse.unquote_to_bytes(str(value))
                for key, value in record.items()
                if key.islower()
            }


def syslog_ng(record):
    fields = {key: value.encode() for key, value in record["audit"].items()}
    event = fields.pop("msg").decode()
    yield event[len("audit(") : -len("):")], fields.pop("type").decode(), fields


def rsyslog(record):
    if "fields" in record:
        yield record["id"], record["type"], {key: value.encode() for key, value in record["fields"].items()}


def journald(entry):
    if entry["_AUDIT_TYPE"] == "1427":
        fields = {}
        for name, value in entry.items():
            field = re.fullmatch("_(?:AUDIT_FIELD_)?([A-Z_]+)", name)
            if field and (name.startswith("_AUDIT_FIELD_") or name in ("_PID", "_COMM")):
                # Bytes that are no text are a list of numbers.
                fields[field[1].lower().replace("_", "-")] = bytes(value) if isinstance(value, list) else value.encode()
        stamp = int(entry["_SOURCE_REALTIME_TIMESTAMP"])
        yield f"{stamp // 1000000}.{stamp // 1000 % 1000:03}:{entry['_AUDIT_ID']}", entry["_AUDIT_TYPE_NAME"], fields


def main(consumer, output, log):
    said = collections.defaultdict(list)
    with open(output, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            for event, name, fields in globals()[consumer](json.loads(line)):
                said[event].append((name, fields))

    count = collections.Counter()
    names, differences = set(), []

    def differ(what, event, text):
        count[what] += 1
        differences.append(f"{what}: {event} {text}")

    with open(log, encoding="utf-8", newline="\n") as lines:
        records = [match.groups() for match in map(RECORD.match, lines) if match]
    for event, text in records:
        fields = split(text)
        count["fields"] += len(fields)
        candidates = [record for record in said[event] if re.search("1427|BPF_LSM_ACCESS", record[0])]
        if not candidates:
            differ("not read", event, text)
            count["missing"] += len(fields)
            continue
        # A consumer keeps the order of an event's records.
        said[event].remove(candidates[0])
        name, got = candidates[0]
        names.add(name)
        for key, value in fields.items():
            if key not in got:
                differ("missing", event, f"{key}={value}")
            elif got[key] == decoded(key, value):
                count["right"] += 1
            elif got[key] == value.encode():
                differ("as written", event, f"{key}={value}")
            else:
                differ("wrong", event, f"{key}={value} is {got[key]}")
        for key in sorted(got.keys() - fields.keys()):
            differ("added", event, f"{key}={got[key]}")

    print(f"{consumer}: {len(records) - count['not read']} of {len(records)} records read, as {' '.join(names)};"
          f" of {count['fields']} fields {count['right']} right, {count['as written']} as written,"
          f" {count['wrong']} wrong, {count['missing']} missing; {count['added']} added")
    for difference in differences:
        print(difference)
    sys.exit(not records)


main(*sys.argv[1:])
