#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""See that auparse, the library behind ausearch, splits every record of type
1427 in some logs into exactly the keys and values that its text has.

records.py LOG...: prints 'ok ...' or 'not ok ... - reason' for
each log, which is as auditd writes it.
"""

import collections
import os
import re
import sys

import auparse

FIELD = re.compile(r'([a-z-]+)=("[^"]*"|[^" ]\S*|)')


def split(text):
    """The fields of a record's text, by the grammar alone."""
    fields, at = [], 0
    while at < len(text):
        field = FIELD.match(text, at)
        if not field:
            sys.exit(f"not a record's text: {text[at:]!r}")
        fields.append(field.groups())
        at = field.end()
        while at < len(text) and text[at] == " ":
            at += 1
    return fields


def written(log):
    """The records in a log, each with its fields."""
    with open(log, encoding="ascii") as file:
        lines = [line.rstrip("\n") for line in file if line.startswith("type=UNKNOWN[1427] ")]
    return [(line, split(line.split("): ", 1)[1])) for line in lines]


def parsed(log):
    """The same as auparse has it."""
    parser = auparse.AuParser(auparse.AUSOURCE_FILE, log)
    while parser.parse_next_event():
        more = parser.first_record()
        while more:
            if parser.get_type() == 1427:
                fields = []
                while True:
                    fields.append((parser.get_field_name(), parser.get_field_str()))
                    if not parser.next_field():
                        break
                # Of the line's own keys it makes fields, as well.
                yield parser.get_record_text(), [field for field in fields if field[0] not in ("type", "node")]
            more = parser.next_record()


def without_last_colon(fields):
    """What auparse 4.0 makes of an address that ends with '::', for any type."""
    return [(key, value[:-1] if value.endswith("::") else value) for key, value in fields]


def problems(log):
    expected, got = written(log), list(parsed(log))
    if not expected:
        yield "there are no records"
    difference = collections.Counter(line for line, _ in expected)
    difference.subtract(line for line, _ in got)
    for line, count in difference.items():
        if count:
            yield f"{abs(count)} times {'not ' if count > 0 else ''}read: {line}"
    fields_of = dict(expected)
    for line, fields in got:
        if fields not in (fields_of.get(line, fields), without_last_colon(fields_of.get(line, fields))):
            yield f"{line} is split into {fields}"
    for line, fields in expected:
        if len({key for key, _ in fields}) != len(fields):
            yield f"a key comes twice: {line}"


def main(*logs):
    for log in logs:
        found = list(problems(log))
        name = f"splits {len(written(log))} records of {os.path.basename(log)}"
        print(f"not ok {name} - {len(found)} problems: {found[0]}" if found else f"ok {name}")


main(*sys.argv[1:])
