# SPDX-License-Identifier: GPL-2.0-only
"""What programs returned and wrote, against the model; and the fields of their records, against auparse."""

import collections
import itertools
import re
import struct

import audit
from assemble import RUN_SIZE
from program import Call, End, Start

NOT_CALLED = -2**31
SHOWN = 10  # disagreements of a batch that are printed, if not all are


def brief(text):
    """A text with what is repeated in it shown once."""
    return re.sub(r"(..?)\1{15,}", lambda match: f"[{match[1]} x {len(match[0]) // len(match[1])}]", str(text))


class Comparison:
    """Of a batch of programs."""

    def __init__(self, model, seed, verbose):
        self.model, self.seed, self.verbose = model, seed, verbose
        self.count = collections.Counter()
        self.errnos = collections.Counter()  # by kfunc and result

    def disagree(self, what, expected, got, program=None):
        self.count["disagreements"] += 1
        if self.verbose or self.count["disagreements"] <= SHOWN:
            print(f"DISAGREEMENT (--seed {self.seed}{f', program {program.number}' if program else ''}): {what}\n"
                  f"  expected {brief(expected)}\n  got      {brief(got)}")
            if program:
                print(f"  program with prog-id {program.prog_id}, {brief(program.listing())}")

    def compare(self, programs, facts, records, results):
        """Facts are a list of runs by hook; results are the bytes of the map."""
        by_program = collections.defaultdict(list)
        for record in records:
            text = audit.RECORD.fullmatch(record)[2]
            by_program[int(text[8:text.index(" ")])].append(text)
        fields = {}
        for program in programs:
            expected = []
            for run, facts_of in enumerate(facts[program.hook]):
                expected += self.compare_run(program, run, facts_of, results)
            got, texts = by_program.pop(program.prog_id, []), [record.text for record in expected]
            if got != texts:
                first = next(i for i, pair in enumerate(itertools.zip_longest(texts, got)) if len(set(pair)) > 1)
                self.disagree(f"record {first}; {len(texts)} records should come, {len(got)} came",
                              *(list_[first] if first < len(list_) else "no record" for list_ in (texts, got)), program)
            for record in expected:
                fields[record.text] = [("type", "UNKNOWN[1427]")] + [(key, str(value)) for key, value in record.fields]
            self.count["compared"] += len(got)
            self.count["with records"] += len(got) >= len(facts[program.hook])
        for prog_id, texts in by_program.items():
            self.disagree(f"a record of program {prog_id}, which isn't ours", "none", texts[0])
        self.compare_fields(records, fields)

    def compare_run(self, program, run, facts, results):
        """Compares what a run stored. Returns the records that it should have written."""
        ran, *stored = struct.unpack_from("=32i", results, program.base + run * RUN_SIZE)
        returns, records = self.model.run(program, facts, stored)
        if ran != 1:
            self.disagree(f"runs of run {run}", 1, ran, program)
        for slot in range(program.slots):
            allowed = returns.get(slot, (NOT_CALLED,))
            if stored[slot] not in allowed:
                self.disagree(f"return #{slot} of run {run}", " or ".join(map(str, allowed)), stored[slot], program)
        for step in program.steps:
            match step:
                case Start(_, slot):
                    self.errnos["start", stored[slot]] += 1
                case Call(kfunc, _, slot) if slot in returns:
                    self.errnos[kfunc, stored[slot]] += 1
                case End():
                    self.errnos["end", None] += 1
        return records

    def compare_fields(self, records, expected):
        """auparse must find each record, and in it the fields that the model says."""
        parsed = 0
        for text, fields in audit.parse(records):
            parsed += 1
            text = audit.RECORD.search(text)[2]
            if text in expected and fields != expected[text]:
                self.disagree("the fields that auparse finds", expected[text], fields)
        self.count["parsed"] += parsed
        if parsed != len(records):
            self.disagree("the number of records that auparse finds", len(records), parsed)
