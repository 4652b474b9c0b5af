#!/usr/bin/env python3
"""Adds up the test cases of one ctest run and prints `N passed, N failed` as the last line.

    ops/test_totals.py FOLDER

FOLDER holds ctest.xml (ctest --output-junit), tests.json (ctest --show-only=json-v1) and cases/, where each run of a
GoogleTest program left an XML file named after the program. A program with such files counts with its cases; any
other test counts as one. A program that crashed, ran out of time or failed outside its cases left no failed case
behind, so that each failed test counts as at least one failure. Skipped and disabled tests are told apart.
"""
import collections
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

Counts = collections.namedtuple("Counts", "passed failed skipped")


def program_of(command, programs):
    """The GoogleTest program that a test's command runs, directly or behind a wrapper; None without one."""
    names = (pathlib.PurePath(word).name for word in " ".join(command).split())
    return next((name for name in names if name in programs), None)


def cases_by_program(folder):
    """Counts of each program over all its files: NAME.xml, and NAME_1.xml and so on for further runs."""
    files = sorted(folder.glob("*.xml"))
    stems = {file.stem for file in files}
    total = {}
    for file in files:
        further = re.fullmatch(r"(.+)_\d+", file.stem)
        name = further[1] if further and further[1] in stems else file.stem
        found = count_cases(file)
        total[name] = Counts(*map(sum, zip(total.get(name, Counts(0, 0, 0)), found)))
    return total


def count_cases(file):
    try:
        cases = list(ElementTree.parse(file).iter("testcase"))
    except ElementTree.ParseError:
        return Counts(0, 1, 0)  # Cut off while it was written.
    failed = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.get("result") in ("skipped", "suppressed") or case.get("status") == "notrun" for case in cases)
    return Counts(len(cases) - failed - skipped, failed, skipped)


def count_test(case):
    """A ctest test as a whole. One whose program is missing has status notrun, too, but is a failure."""
    status = case.get("status")
    if status == "run":
        return Counts(1, 0, 0)
    message = case.find("skipped").get("message", "") if case.find("skipped") is not None else ""
    if status == "disabled" or (status == "notrun" and message.startswith("SKIP_")):
        return Counts(0, 0, 1)
    return Counts(0, 1, 0)


def main(folder):
    commands = {test["name"]: test.get("command", []) for test in json.loads((folder / "tests.json").read_text())["tests"]}
    programs = cases_by_program(folder / "cases")
    failed_tests = collections.Counter()
    total = Counts(0, 0, 0)
    for case in ElementTree.parse(folder / "ctest.xml").iter("testcase"):
        counts = count_test(case)
        program = program_of(commands.get(case.get("name"), []), programs)
        if program is None:
            total = Counts(*map(sum, zip(total, counts)))
        else:
            failed_tests[program] += counts.failed
    for program in programs.keys() & {program_of(command, programs) for command in commands.values()}:
        passed, failed, skipped = programs[program]
        total = Counts(*map(sum, zip(total, (passed, max(failed, failed_tests[program]), skipped))))
    if total.skipped:
        print(f"{total.skipped} skipped")
    print(f"{total.passed} passed, {total.failed} failed")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
