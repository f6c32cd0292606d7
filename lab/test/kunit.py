#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Say how the KUnit tests of some suites ended.

kunit.py RESULTS SUITE...: what the kernel's kunit.py made of the kernel's log.
Prints one line for each test, 'ok SUITE.TEST' or 'not ok SUITE.TEST - reason'.
"""

import json
import sys


def main(results, *suites):
    with open(results, encoding="utf-8") as file:
        found = {group["name"]: group["test_cases"] for group in json.load(file)["sub_groups"]}
    for suite in suites:
        if not found.get(suite):
            print(f"not ok {suite} - the kernel did not run it")
        for test in found.get(suite, ()):
            if test["status"] == "PASS":
                print(f"ok {suite}.{test['name']}")
            else:
                print(f"not ok {suite}.{test['name']} - {test['status']}: see dmesg")


main(*sys.argv[1:])
