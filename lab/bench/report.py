#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare what records cost on two kernels.

usage: report.py FOLDER

Reads the results of the selftests' bench lsm-audit-cost, two boots of each
kernel: kernel.1, kernel.2, baseline.1, baseline.2. Writes table.txt, table.tsv,
scaling.tsv, records.png and scaling.png to the same folder. Two boots that
differ by more than a percent are an error.
"""

import pathlib
import subprocess
import sys

TOLERANCE = 0.01
ROUNDING = 1  # a time is the difference of two readings in whole ns
# Cases of functions that the baseline lacks, and what they may cost.
OURS_ALONE = {"path_at": "path", "rule": "cap"}
NONE = "-"


def read(path):
    """Returns {case: {figure: instructions}}."""
    results = {}
    for line in path.read_text().splitlines():
        if line.startswith("RESULT "):
            figures = dict(word.split("=") for word in line.split()[1:])
            case = figures.pop("case")
            results[case] = {name: int(figure) for name, figure in figures.items()}
    if not results:
        sys.exit(f"report.py: {path} has no results.")
    return results


def agree(folder, kernel):
    """Returns the results of the first boot, once the second confirms them."""
    first, second = (read(folder / f"{kernel}.{boot}") for boot in (1, 2))
    for case, figures in first.items():
        for name in ("min", "median"):
            a, b = figures[name], second[case][name]
            if abs(a - b) > max(TOLERANCE * a, ROUNDING):
                sys.exit(
                    f"report.py: build/{kernel} took {a} instructions for {case} ({name}) in one boot, "
                    f"and {b} in the other: that is more than {TOLERANCE:.0%} apart; run it again."
                )
    return first


def ratio(ours, theirs):
    return f"{ours / theirs:.3f}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    ours, theirs = agree(folder, "kernel"), agree(folder, "baseline")
    if theirs.keys() != ours.keys() - OURS_ALONE.keys():
        sys.exit("report.py: the two kernels ran different cases.")
    for case, like in OURS_ALONE.items():
        if {case, like} <= ours.keys() and ours[case]["median"] > (1 + TOLERANCE) * ours[like]["median"]:
            sys.exit(
                f"report.py: {case} takes {ours[case]['median']} instructions, "
                f"{like} takes {ours[like]['median']}: it is to be no dearer."
            )

    rows = []
    for case, mine in ours.items():
        other = theirs.get(case)
        rows.append(
            [case]
            + [str(other[k]) if other else NONE for k in ("min", "median")]
            + [str(mine[k]) for k in ("min", "median")]
            + [ratio(mine["median"], other["median"]) if other else NONE]
            + [str(other["call_median"]) if other else NONE, str(mine["call_median"])]
            + [ratio(mine["call_median"], other["call_median"]) if other else NONE]
        )
    head = "case baseline:min baseline:median min median ratio baseline:call call call:ratio".split()
    (folder / "table.tsv").write_text("".join("\t".join(r) + "\n" for r in [head] + rows))

    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = [
        "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths)))
        for row in [head] + rows
    ]
    text = "Instructions, at least and in the median; 'call' is the whole system call.\n\n"
    text += "\n".join(lines) + "\n"
    (folder / "table.txt").write_text(text)
    print(text, end="")

    subprocess.run(
        ["gnuplot", "-c", pathlib.Path(__file__).with_name("charts.gp"), folder], check=True
    )


if __name__ == "__main__":
    main()
