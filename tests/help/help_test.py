#!/usr/bin/env python3
"""Every verb's help has an example, and every example works as it stands.

    help_test.py RAPPORT OPS

The examples of all verbs run in one folder, in an order in which each finds what it needs: a demo first. A broker is started for
those that speak of one; IMPORT-ID is the id of the import example's import.
"""
import csv
import gzip
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

FIRST = ["demo", "keygen", "dump", "import"]


def retail_file(path):
    """A small file of the shape that the import's example names."""
    rows = [
        ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"],
        ["536365", "85123A", "LANTERN", "6", "2010-12-01 08:26:00", "2.55", "17850", "United Kingdom"],
        ["C536379", "D", "Discount", "-1", "2010-12-01 09:41:00", "27.5", "14527", "United Kingdom"],
    ]
    with gzip.open(path, "wt", newline="") as file:
        csv.writer(file).writerows(rows)


class Help:
    def __init__(self, rapport, ops):
        self.rapport, self.ops = rapport, ops
        self.environment = dict(os.environ, PATH=f"{rapport.parent}{os.pathsep}{os.environ['PATH']}", RAPPORT_FORMAT="json")
        self.environment.pop("RAPPORT_DATA", None)

    def run(self, command, folder):
        return subprocess.run(["bash", "-c", command], cwd=folder, env=self.environment, capture_output=True, text=True, timeout=240)

    def verbs(self):
        text = self.run("rapport --help", ".").stdout
        return re.findall(r"^  ([a-z][a-z-]*) +\S", text.split("Subcommands:")[1], re.M)

    def examples(self, verb):
        text = self.run(f"rapport {verb} --help", ".").stdout
        return re.findall(r"^  (rapport .*)$", text.partition("\nExample:\n")[2], re.M)

    def serve(self, command, folder):
        """Starts, listens, stops when told to."""
        server = subprocess.Popen(["bash", "-c", "exec " + command.replace(":8080", ":0")], cwd=folder, env=self.environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        listening = server.stdout.readline()
        server.send_signal(signal.SIGTERM)
        return None if server.wait(60) == 0 and "listening on http://" in listening else f"it said {listening!r}"


def main():
    rapport, ops = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    helper = Help(rapport, ops)
    verbs = helper.verbs()
    verbs = [verb for verb in FIRST if verb in verbs] + [verb for verb in verbs if verb not in FIRST and verb != "bench"] + ["bench"]
    failures, bootstrap, import_id = [], None, None
    with tempfile.TemporaryDirectory(prefix="rapport-help-") as folder:
        retail_file(pathlib.Path(folder) / "online_retail.csv.gz")
        (pathlib.Path(folder) / "new.key").write_text("0123456789abcdef" * 4)
        try:
            for verb, command in [(verb, command) for verb in verbs for command in helper.examples(verb) or [None]]:
                if not command:
                    failures.append(f"{verb}: its help has no example")
                    continue
                if "localhost:9092" in command:
                    if not bootstrap:
                        started = helper.run(f"{ops}/kafka/broker start kafka", folder).stdout
                        bootstrap = re.search(r"bootstrap=(\S+)", started).group(1)
                    command = command.replace("localhost:9092", bootstrap)
                command = command.replace("IMPORT-ID", import_id or "IMPORT-ID").replace("--customers 200", "--customers 20")
                command = command.replace("--events 20000", "--events 2000")
                if verb in ("import", "revert"):
                    command = command.replace("rapport-data", "imported")  # a demo and a preset name their rules alike
                if verb == "serve":
                    wrong = helper.serve(command, folder)
                else:
                    done = helper.run(command, folder)
                    wrong = None if done.returncode == 0 else done.stderr
                    if verb == "import" and not wrong:
                        import_id = json.loads(done.stdout)["import"]
                if wrong:
                    failures.append(f"{command}\n{wrong}")
        finally:
            helper.run(f"{ops}/kafka/broker stop kafka", folder)
    print(f"{len(verbs)} examples, {len(failures)} do not work")
    print("\n".join(failures))
    return 1 if failures or len(verbs) < 15 else 0


sys.exit(main())
