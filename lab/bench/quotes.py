#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Say where the pages and messages differ from what was measured.

usage: quotes.py FIGURES... QUOTES

FIGURES are tables of report.py and of lab/series/patch-costs.sh, QUOTES says what stands
where. Figures may differ by a percent, as those of two boots may. The files are looked
for from the current folder.
"""

import pathlib
import re
import sys

FIELDS = {
    "": "median",
    "baseline": "baseline:median",
    "ratio": "ratio",
    "call": "call",
    "call baseline": "baseline:call",
    "call ratio": "call:ratio",
}
FIGURE = re.compile(r"{([^}]*)}")
NUMBER = r"(\d+(?:\.\d+)?)"


def near(found, wanted):
    return abs(found - wanted) <= 0.01 * max(wanted, 1)


def plain(text):
    """The words of a text, its numbers without commas."""
    return " ".join(re.sub(r"(?<=\d),(?=\d{3}\b)", "", text).split())


def read(path):
    """Returns {case: {column: figure}}."""
    head, *rows = (line.split("\t") for line in path.read_text().splitlines() if line[0] != "#")
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    *tables, quoted = map(pathlib.Path, sys.argv[1:])
    figures = {case: row for table in tables for case, row in read(table).items()}
    wrong = quotes = 0

    for line in quoted.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, words = line.split(": ", 1)
        texts, names = FIGURE.split(plain(words))[::2], FIGURE.findall(words)
        wanted = []
        for case, _, field in (figure.partition(" ") for figure in names):
            try:
                wanted.append(float(figures[case][FIELDS.get(field, field)]))
            except KeyError:
                sys.exit(f"quotes.py: no table has a figure {{{case} {field}}}.")
        quotes += 1
        pattern = r"(?<![\w.])" + NUMBER.join(map(re.escape, texts))
        found = re.search(pattern, plain(pathlib.Path(name).read_text()))
        if not found or any(not near(float(f), w) for f, w in zip(found.groups(), wanted)):
            expected = "".join(t + f"{w:g}" for t, w in zip(texts, wanted)) + texts[len(wanted)]
            print(f"{name}: should say: {expected}" + (f", not: {found[0]}" if found else ""))
            wrong += 1
    if not quotes:
        sys.exit(f"quotes.py: {quoted} quotes nothing.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
