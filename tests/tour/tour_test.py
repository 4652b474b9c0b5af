#!/usr/bin/env python3
"""Runs a tour of README.md as it stands there and compares every line of its output.

    tour_test.py README.md TOUR BUILD

A tour is the console blocks between `<!-- tour: TOUR -->` and `<!-- end of tour -->`. A line that starts with `$ ` is a command
(continued while it ends with a backslash), what follows is its output. `…` stands for anything within a line; a line of
`…` alone for any lines. Commands run in one temporary folder that has deals.csv, deals.json and a link to ops; the page's port
8080 is another one that is free. A process that the tour left in the background, its id in NAME.pid, is ended.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile


def commands_of(text, tour):
    """The tour's commands, each with the output that the page shows."""
    section = re.search(rf"<!-- tour: {tour} -->(.*?)<!-- end of tour -->", text, re.S)
    if not section:
        sys.exit(f"README.md has no tour {tour}")
    found = []
    for block in re.findall(r"```console\n(.*?)```", section.group(1), re.S):
        lines = iter(block.splitlines())
        for line in lines:
            if line.startswith("$ "):
                command = line[2:]
                while command.endswith("\\"):
                    command = command[:-1] + next(lines).strip()
                found.append((command, []))
            else:
                found[-1][1].append(line.rstrip())
    return found


def pattern_of(lines):
    parts = []
    for line in lines:
        parts.append(r"(?:.*\n)*?" if line == "…" else ".*".join(re.escape(part) for part in line.split("…")) + r"[ ]*\n")
    return re.compile("".join(parts) + r"\Z")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def end_background(folder):
    for file in folder.glob("*.pid"):
        try:
            os.kill(int(file.read_text()), signal.SIGKILL)
        except ProcessLookupError:
            pass


def main():
    readme, tour, build = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    source = readme.resolve().parent
    commands = commands_of(readme.read_text(), tour)
    environment = dict(os.environ, PATH=f"{build}{os.pathsep}{os.environ['PATH']}", LC_ALL="C.UTF-8", RAPPORT_FORMAT="table")
    environment.pop("RAPPORT_DATA", None)
    failures = 0
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="rapport-tour-") as folder:
        for name in ("deals.csv", "deals.json"):
            (pathlib.Path(folder) / name).write_bytes((source / "tests" / "tour" / name).read_bytes())
        (pathlib.Path(folder) / "ops").symlink_to(source / "ops")
        shell = {}
        try:
            for command, wanted in commands:
                command = command.replace("127.0.0.1:8080", "127.0.0.1:" + port)
                # `X=$(…)` is remembered for the commands after it.
                done = subprocess.run(["bash", "-c", "".join(f"{k}={v!r}; " for k, v in shell.items()) + command + '\necho "::${bootstrap:-}" >&2'],
                                      cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
                errors, _, remembered = done.stderr.rpartition("::")
                shell["bootstrap"] = remembered.strip()
                shown = done.stdout if done.stdout.endswith("\n") or not done.stdout else done.stdout + "\n"
                if not pattern_of(wanted).match(shown):
                    failures += 1
                    print(f"$ {command}\n--- README says\n" + "\n".join(wanted) + f"\n--- it is\n{done.stdout}{errors}")
        finally:
            end_background(pathlib.Path(folder))
            subprocess.run([source / "ops" / "kafka" / "broker", "stop", "kafka"], cwd=folder, capture_output=True)
    print(f"{len(commands)} commands, {failures} differ")
    return 1 if failures or not commands else 0


sys.exit(main())
