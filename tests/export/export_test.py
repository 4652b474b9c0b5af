#!/usr/bin/env python3
"""Files for analysts: each holds exactly the events or rows that were asked for, as they are everywhere else, or is not there.

    tests/export/export_test.py build/release/rapport
"""
import csv
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

WAIT_SECONDS = 120


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="rapport-export-")
        cls.data = str(pathlib.Path(cls.folder.name) / "data")
        cls.run_program("demo", "--customers", "20", "--years", "1")
        cls.run_program("command", "account/odd", "create", json.dumps({"kind": "person", "name": "Åsa \"字\", \n=1+1", "industry": ""}))
        cls.events = [json.loads(line) for line in cls.run_program("events").splitlines()]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def run_program(cls, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments, "--data", cls.data, "--quiet"], capture_output=True, text=True, timeout=WAIT_SECONDS)
        assert done.returncode == code, (arguments, done.returncode, done.stderr)
        return done.stderr if code else done.stdout

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rapport-exported-")
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name)

    def export(self, *arguments):
        return json.loads(self.run_program("export", *map(str, arguments)))

    def lines(self, name):
        return [json.loads(line) for line in (self.out / name).read_text().splitlines()]

    def table(self, name):
        with open(self.out / name, newline="") as file:
            self.assertFalse(file.read(1) == "\ufeff")
            file.seek(0)
            return list(csv.DictReader(file, strict=True))

    def test_json_lines_are_the_events(self):
        done = self.export("events", self.out / "all.jsonl", "--open")
        self.assertEqual(self.lines("all.jsonl"), self.events)
        self.assertEqual((done["events"], done["to"], done["bytes"]), (len(self.events), len(self.events), (self.out / "all.jsonl").stat().st_size))
        self.assertEqual([path.name for path in self.out.iterdir()], ["all.jsonl"])

    def test_personal_texts_stay_unless_they_are_asked_for(self):
        self.export("events", self.out / "all.jsonl")
        self.assertNotIn("Åsa", (self.out / "all.jsonl").read_text())
        closed, open_ = self.lines("all.jsonl")[-1], self.events[-1]
        self.assertEqual(open_["data"]["name"], "Åsa \"字\", \n=1+1")
        self.assertIsNone(closed["data"]["name"])
        open_ = json.loads(json.dumps(open_))
        open_["data"]["name"] = None
        self.assertEqual(closed, open_)

    def test_a_range_a_filter_a_stream(self):
        last = len(self.events)
        self.export("events", self.out / "range.jsonl", "--from", 5, "--to", 9, "--open")
        self.assertEqual(self.lines("range.jsonl"), self.events[4:9])
        self.export("events", self.out / "some.jsonl", "--match", "category=case", "--match", "type=opportunity.won", "--open")
        self.assertEqual(self.lines("some.jsonl"), [event for event in self.events if event["stream"].startswith("case-") or event["type"] == "opportunity.won"])
        self.export("events", self.out / "stream.jsonl", "--stream", "account-odd", "--open")
        self.assertEqual(self.lines("stream.jsonl"), self.events[-1:])
        self.assertEqual(self.export("events", self.out / "none.csv", "--from", last + 1)["events"], 0)
        self.assertEqual(len((self.out / "none.csv").read_text().splitlines()), 1, "a header")

    def test_csv_of_every_event_has_its_data_as_json(self):
        self.export("events", self.out / "all.csv", "--open")
        rows = self.table("all.csv")
        self.assertEqual(len(rows), len(self.events))
        for row, event in zip(rows, self.events):
            self.assertEqual(json.loads(row["data"]), event["data"])
            self.assertEqual((int(row["position"]), row["actorId"], row["recordedAt"], row["leaf"]), (event["position"], event["actor"]["id"], event["recordedAt"], event["leaf"]))
        raw = (self.out / "all.csv").read_bytes()
        self.assertTrue(raw.endswith(b"\r\n"))

    def test_csv_of_a_type_has_a_column_a_field(self):
        self.export("events", self.out / "won.csv", "--type", "opportunity.won")
        won = [event for event in self.events if event["type"] == "opportunity.won"]
        self.assertGreater(len(won), 0)
        rows = self.table("won.csv")
        self.assertEqual([int(row["data.amount.amountMinor"]) for row in rows], [event["data"]["amount"]["amountMinor"] for event in won])
        self.assertEqual([row["data.amount.currency"] for row in rows], [event["data"]["amount"]["currency"] for event in won])
        self.assertIn("data.orderId", rows[0])
        self.assertNotIn("data", rows[0])

    def test_nothing_and_an_empty_text_are_two_things(self):
        self.export("events", self.out / "created.csv", "--type", "account.created", "--stream", "account-odd", "--open")
        header, line = (self.out / "created.csv").read_text().split("\n", 1)
        row = self.table("created.csv")[0]
        self.assertEqual(row["data.name"], "Åsa \"字\", \n=1+1")
        self.assertIn(',"",', line)  # the industry
        self.assertIn(",,", line)  # what is not known

    def test_a_folder_gets_a_file_a_type(self):
        done = self.export("events", f"{self.out}/types/", "--format", "csv")
        counts = {}
        for event in self.events:
            counts[event["type"]] = counts.get(event["type"], 0) + 1
        self.assertEqual({path.stem: len(self.table(f"types/{path.name}")) for path in (self.out / "types").iterdir()}, counts)
        self.assertEqual(len(done["files"]), len(counts))

    def test_a_report(self):
        report = json.loads(self.run_program("query", "pipeline/opportunities", "status=won", "--sort", "-amountMinor", "--format", "json"))
        done = self.export("view", "pipeline/opportunities", self.out / "won.csv", "status=won", "--sort", "-amountMinor")
        self.assertEqual((done["rows"], done["position"]), (len(report["rows"]), report["position"]))
        self.assertEqual([row["id"] for row in self.table("won.csv")], [row["id"] for row in report["rows"]])
        self.export("view", "pipeline/opportunities", self.out / "won.jsonl", "status=won", "--sort", "-amountMinor")
        self.assertEqual(self.lines("won.jsonl"), report["rows"])
        self.export("view", "pipeline/opportunities", self.out / "then.jsonl", "--known-at", "10")
        self.assertEqual(self.lines("then.jsonl"), json.loads(self.run_program("query", "pipeline/opportunities", "--known-at", "10", "--format", "json"))["rows"])

    def test_an_option_with_nothing_in_it_is_a_slip_and_not_now(self):
        said = self.run_program("export", "view", "pipeline/summary", str(self.out / "now.csv"), "--as-of", "", code=2)
        self.assertIn('"field":"asOf"', said)
        self.assertEqual(list(self.out.iterdir()), [])

    def test_through_a_server_it_is_the_same_file(self):
        self.export("events", self.out / "here.csv")
        server = subprocess.Popen([PROGRAM, "serve", "--data", self.data, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            self.assertIn("listening", server.stdout.readline())
            self.export("events", self.out / "there.csv")
            self.export("view", "pipeline/opportunities", self.out / "view.csv")
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=WAIT_SECONDS)
        self.assertEqual((self.out / "here.csv").read_bytes(), (self.out / "there.csv").read_bytes())

    def test_a_failure_leaves_what_was_there(self):
        (self.out / "kept.csv").write_text("old")
        for arguments, code in ((("events", self.out / "kept.csv", "--type", "opportunity.wno"), "events.unknown_type"),
                                (("events", self.out / "kept.csv", "--match", "category=oportunity"), "events.unknown_category"),
                                (("view", "pipeline/nothing", self.out / "kept.csv"), "view.unknown_report")):
            self.assertIn(code, self.run_program("export", *map(str, arguments), code=2))
            self.assertEqual((self.out / "kept.csv").read_text(), "old")
        self.assertIn("export.unwritable", self.run_program("export", "events", str(self.out / "no/such/folder.csv"), code=3))
        self.assertEqual([path.name for path in self.out.iterdir()], ["kept.csv"])

    def test_a_full_disk_is_an_error(self):
        if os.path.exists("/dev/full"):
            (self.out / "full.jsonl.part").symlink_to("/dev/full")
            self.assertIn("export.unwritable", self.run_program("export", "events", str(self.out / "full.jsonl"), code=3))
            self.assertFalse((self.out / "full.jsonl").exists())

    def test_formats_that_are_not_to_be_had_are_refused(self):
        for arguments in (("--format", "parquet"), ("--format", "arrow")):
            self.assertIn("export.format_unavailable", self.run_program("export", "events", str(self.out / "x"), *arguments, code=2))
        self.assertIn("export.format_unavailable", self.run_program("export", "events", str(self.out / "x.parquet"), code=2))
        self.assertEqual(list(self.out.iterdir()), [])


if __name__ == "__main__":
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
