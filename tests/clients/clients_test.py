#!/usr/bin/env python3
"""The examples of adapters/kafka/CLIENTS.md, run as they stand there, with a real broker and a real server: each client sees every event
exactly once, each stream in order, with all headers, every character as it was.

    clients_test.py RAPPORT
"""
import collections
import datetime
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from fetched import fetched  # noqa: E402

SOURCE = HERE.parents[1]
PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
BROKER = SOURCE / "ops" / "kafka" / "broker"
CACHE = pathlib.Path(os.environ.get("RAPPORT_CACHE", pathlib.Path.home() / ".cache" / "rapport"))
PYTHON, NODE, CONNECT, BROWSER = map(fetched, ("python", "node", "connect", "browser"))
WAIT_SECONDS = 120
sys.path.insert(0, PYTHON)
import jsonschema  # noqa: E402

# Every kind of character that a record may meet on its way.
WORDS = "北京星辰 — Größe “½” ✓ 🚀 \\ \" \t é"
HEADER = re.compile(r"(?:^|,)(ce_[a-z]+|content-type|id|eventType|rapport-prev|traceparent):")


def rapport(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=WAIT_SECONDS)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def example(name):
    """A block of the page."""
    page = (SOURCE / "adapters" / "kafka" / "CLIENTS.md").read_text()
    return re.search(rf"<!-- client: {name} -->\n```\w+\n(.*?)```", page, re.S)[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Reading:
    """A client at work: its lines one after the other, until it is ended."""

    def __init__(self, command, folder, **variables):
        self.errors = open(folder / "errors", "w+")
        self.process = subprocess.Popen(command, cwd=folder, env=dict(os.environ, **variables), stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, start_new_session=True)
        self.watch = threading.Timer(WAIT_SECONDS, self.end)  # whoever waits for a line then gets none
        self.watch.start()

    def lines(self, count):
        found = [line for line in (self.process.stdout.readline() for _ in range(count)) if line]
        if len(found) < count:
            self.errors.seek(0)
            raise AssertionError(f"{len(found)} of {count} lines; {self.errors.read()[-2000:]}")
        return found

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.watch.cancel()
        self.end()
        self.process.communicate(timeout=WAIT_SECONDS)
        self.errors.close()


class Server:
    def __init__(self, data, port):
        self.process = subprocess.Popen([PROGRAM, "serve", "--data", data, "--listen", f"127.0.0.1:{port}", "--quiet"], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def command(self, address, body):
        request = urllib.request.Request(f"{self.url}/v1/{address}", method="POST", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            return json.load(answer)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(WAIT_SECONDS)
        self.process.stdout.close()


class ClientsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        cls.data = cls.root / "store"
        rapport("demo", "--data", cls.data, "--customers", "25", "--years", "1", "--quiet")
        for number in range(3):
            rapport("command", f"opportunity/李雷 {number}", "open", json.dumps({"name": WORDS, "pipelineId": "default", "stageId": "prospecting"}), "--data", cls.data,
                    "--tag", "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        started = subprocess.run([BROKER, "start", cls.root / "broker"], capture_output=True, text=True)
        assert started.returncode == 0, started.stderr
        cls.address = started.stdout.strip().splitlines()[-1].removeprefix("bootstrap=")
        rapport("publish", "--data", cls.data, "--kafka", cls.address, "--until-caught-up", "--quiet")
        cls.origin = json.loads(rapport("inspect", "--data", cls.data, "--format", "json"))["origin"]
        # A dump has personal texts sealed, as topics have them.
        stored = (json.loads(line) for line in rapport("dump", "--data", cls.data, "--quiet").splitlines())
        cls.events = {event["position"]: event for event in stored if "position" in event and "leaf" in event}
        cls.count = len(cls.events)

    @classmethod
    def tearDownClass(cls):
        subprocess.run([BROKER, "kill", cls.root / "broker"], capture_output=True)
        cls.folder.cleanup()

    def setUp(self):
        self.place = self.root / self.id().rpartition(".")[2]
        self.place.mkdir()

    def written(self, name, file):
        """The example as a file, with the addresses of this run."""
        path = self.place / file
        path.write_text(example(name).replace("localhost:9092", self.address))
        return path

    def tool(self, name, main, libs):
        """One of Kafka's shell scripts, as a command of the path."""
        tools = self.place / "bin"
        tools.mkdir()
        log = f"-Dlog4j.configuration=file:{SOURCE}/ops/kafka/log4j.properties -Drapport.log={self.place}/client.log"
        (tools / name).write_text(f"#!/bin/sh\nexec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 {log} -cp '{libs}/*' {main} \"$@\"\n")
        (tools / name).chmod(0o755)
        return f"{tools}:{os.environ['PATH']}"

    # --- what every client must see ---

    def headers_of(self, event):
        wanted = {
            "ce_specversion": "1.0", "ce_id": event["id"], "ce_source": self.origin, "ce_type": event["type"], "ce_subject": event["stream"],
            "ce_dataschema": f"urn:rapport:schema:{event['type']}:1", "ce_sequence": str(event["position"]), "ce_partitionkey": event["stream"],
            "ce_streamversion": str(event["version"]), "content-type": "application/json", "id": event["id"], "eventType": event["type"],
        }
        if event["occurredPrecision"] != "unknown":
            wanted["ce_time"] = event["occurredAt"]
        traces = [tag.partition("=")[2] for tag in event["tags"] if tag.startswith("traceparent=")]
        return wanted | ({"traceparent": traces[0]} if traces else {})

    def check(self, records):
        """Each record: key, headers, value, partition."""
        self.assertEqual(sorted(int(record["headers"]["ce_sequence"]) for record in records), list(range(1, self.count + 1)), "each event once")
        versions, before = collections.Counter(), {}
        for record in records:
            headers = record["headers"]
            event = self.events[int(headers["ce_sequence"])]
            self.assertEqual(headers | self.headers_of(event), headers)
            self.assertEqual((record["key"], record["value"]), (event["stream"], event["data"]))
            versions[record["key"]] += 1
            self.assertEqual(int(headers["ce_streamversion"]), versions[record["key"]], "a stream in order")
            place = (event["type"].partition(".")[0], record["partition"])
            self.assertEqual(int(headers["rapport-prev"]), before.get(place, 0), "the record before in the partition")
            before[place] = event["position"]
        self.assertTrue(any(record["value"].get("name") == WORDS for record in records))
        self.assertTrue(any("traceparent" in record["headers"] for record in records))

    # --- the clients ---

    def test_kcat(self):
        with Reading(["bash", self.written("kcat", "kcat.sh")], self.place) as reading:
            read = [json.loads(line) for line in reading.lines(self.count)]
        self.check([{"partition": record["partition"], "key": record["key"], "value": json.loads(record["payload"]),
                     "headers": dict(zip(record["headers"][::2], record["headers"][1::2]))} for record in read])

    def test_kafkas_own_console_consumer(self):
        pinned = subprocess.run(["cksum"], input=(SOURCE / "ops" / "kafka" / "pom.xml").read_bytes(), capture_output=True).stdout.decode().split()[0]
        path = self.tool("kafka-console-consumer.sh", "org.apache.kafka.tools.consumer.ConsoleConsumer", CACHE / "kafka" / pinned / "libs")
        with Reading(["bash", self.written("console", "console.sh")], self.place, PATH=path) as reading:
            lines = [line.rstrip("\n").split("\t") for line in reading.lines(self.count)]
        records = []
        for partition, headers, key, value in lines:
            parts = HEADER.split(headers)[1:]
            records.append({"partition": int(partition.removeprefix("Partition:")), "headers": dict(zip(parts[::2], parts[1::2])), "key": key, "value": json.loads(value)})
        self.check(records)

    def test_python(self):
        with Reading([sys.executable, self.written("python", "reader.py")], self.place, PYTHONPATH=PYTHON) as reading:
            records = [json.loads(line) for line in reading.lines(self.count)]
        self.check(records)
        self.check_can_fail(records)
        self.fits_the_catalogue(records)

    def check_can_fail(self, records):
        def changed(change):
            copies = json.loads(json.dumps(records))
            change(copies)
            return copies

        def swap(copies):
            key = next(key for key, count in collections.Counter(record["key"] for record in copies).items() if count > 1)
            first, second = [place for place, record in enumerate(copies) if record["key"] == key][:2]
            copies[first], copies[second] = copies[second], copies[first]

        harms = (lambda copies: copies.pop(7), lambda copies: copies.append(copies[7]), swap, lambda copies: copies[7]["headers"].pop("ce_time"),
                 lambda copies: copies[7]["headers"].update(ce_id="other"), lambda copies: copies[7].update(key="other"),
                 lambda copies: next(record["value"] for record in copies if record["value"].get("name") == WORDS).update(name=WORDS[1:]))
        for number, harm in enumerate(harms):
            with self.assertRaises(AssertionError, msg=f"harm {number}"):
                self.check(changed(harm))

    def fits_the_catalogue(self, records):
        rapport("export", "catalogue", self.place / "catalogue")
        schemas = {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in (self.place / "catalogue" / "schemas").iterdir()}
        valid = {name: jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER) for name, schema in schemas.items()}
        for record in records:
            kind = record["headers"]["ce_type"]
            self.assertEqual(record["headers"]["ce_dataschema"], schemas[kind]["$id"])
            valid[kind].validate(record["value"])
            valid[kind + ".headers"].validate(record["headers"])
        self.assertTrue(any("sealed" in (record["value"].get("name") or "") for record in records), "personal texts came sealed")

    def test_rows_of_views_fit_the_catalogue(self):
        channels = {channel["address"]: channel for channel in json.loads(rapport("schema", "asyncapi"))["channels"].values()}
        for view in ("pipeline", "service", "loyalty", "customer360"):
            done = subprocess.run(["kcat", "-b", self.address, "-C", "-t", f"crm.{view}.state.v1", "-e", "-q", "-J"], capture_output=True, text=True, timeout=WAIT_SECONDS)
            records = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertGreater(len(records), 10, view)
            messages = [message for message in channels[f"crm.{view}.state.v1"]["messages"].values() if message["payload"]["type"] == "object"]
            kinds = {frozenset(message["payload"]["required"]): jsonschema.Draft202012Validator(message["payload"]) for message in messages}
            headers = jsonschema.Draft202012Validator(messages[0]["headers"])
            for record in records:
                headers.validate(dict(zip(record["headers"][::2], record["headers"][1::2])))
                row = json.loads(record["payload"])
                kinds[frozenset(row) - {"erased"}].validate(row)
                self.assertRegex(record["key"], r"^(account|opportunity|case|loyaltyMember)-.")

    def test_cloudevents_sdk(self):
        with Reading([sys.executable, self.written("cloudevents", "reader.py")], self.place, PYTHONPATH=PYTHON) as reading:
            read = [json.loads(line) for line in reading.lines(self.count)]
        self.assertEqual(sorted(int(record["attributes"]["sequence"]) for record in read), list(range(1, self.count + 1)))
        for record in read:
            attributes = record["attributes"]
            event = self.events[int(attributes["sequence"])]
            wanted = {name.removeprefix("ce_"): value for name, value in self.headers_of(event).items() if name.startswith("ce_") and name != "ce_time"}
            self.assertEqual(attributes | wanted | {"datacontenttype": "application/json"}, attributes)
            if event["occurredPrecision"] != "unknown":
                self.assertEqual(datetime.datetime.fromisoformat(attributes["time"]), datetime.datetime.fromisoformat(event["occurredAt"]))
            self.assertEqual(record["value"], event["data"])

    def test_kafkajs(self):
        with Reading(["node", self.written("kafkajs", "reader.js")], self.place, NODE_PATH=NODE) as reading:
            self.check([json.loads(line) for line in reading.lines(self.count)])

    def test_kafka_connect(self):
        worker, sink = self.written("connect-worker", "worker.properties"), self.written("connect-sink", "sink.properties")
        worker.write_text(worker.read_text().replace("localhost:8083", f"127.0.0.1:{free_port()}"))
        (self.place / "events.txt").touch()
        path = self.tool("connect-standalone.sh", "org.apache.kafka.connect.cli.ConnectStandalone", CONNECT)
        # A line is the value as Java shows a map, with the record's place; its order is Java's own.
        with Reading(["connect-standalone.sh", worker, sink], self.place, PATH=path), Reading(["tail", "-f", "-n", "+1", "events.txt"], self.place) as file:
            lines = file.lines(self.count)
        places = collections.Counter(re.search(r"_topic=(crm\.\w+\.events\.v1)", line)[1] + re.search(r"_partition=\d+", line)[0] + re.search(r"_offset=\d+", line)[0]
                                     for line in lines)
        self.assertEqual(len(places), self.count, "each record once")
        self.assertEqual(collections.Counter(as_words(re.sub(r"_(topic|partition|offset)=[^,}]*", "", line)) for line in lines),
                         collections.Counter(as_words(java(event["data"])) for event in self.events.values()))

    def expect_live(self, events):
        self.assertEqual([event["position"] for event in events], list(range(1, len(events) + 1)), "each event once, in order")
        for event in events:
            for name in ("id", "stream", "version", "type", "occurredAt", "leaf"):
                if event["position"] in self.events:
                    self.assertEqual(event[name], self.events[event["position"]][name])
        self.assertTrue(any(event["data"].get("name") == WORDS for event in events))

    def test_curl_reads_server_sent_events(self):
        server = Server(self.data, 0)
        try:
            script = self.place / "curl.sh"
            script.write_text(example("curl").replace("http://localhost:8080", server.url))
            events = []
            with Reading(["bash", script], self.place) as reading:
                while len(events) < self.count:
                    line = reading.lines(1)[0].rstrip("\n")
                    if line.startswith("id: "):
                        position = int(line[4:])
                    if line.startswith("data: "):
                        events.append(json.loads(line[6:]))
                        self.assertEqual(events[-1]["position"], position)
            self.expect_live(events)
        finally:
            server.end()

    def test_curl_reads_pages_that_wait(self):
        server = Server(self.data, 0)
        try:
            def page_from(position):
                command = example("page").replace("http://localhost:8080", server.url).replace("from=1", f"from={position}").replace("wait=30", "wait=1")
                return json.loads(subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=WAIT_SECONDS).stdout)

            events = []
            while page := page_from(len(events) + 1):
                events += page
            self.assertEqual(len(events), self.count)
            self.expect_live(events)
        finally:
            server.end()

    def test_a_browser_reads_them_and_comes_back_for_what_it_missed(self):
        copy = self.place / "store"  # it gets events of its own
        subprocess.run(["cp", "-r", self.data, copy], check=True)
        port = free_port()
        server = Server(copy, port)
        try:
            script = self.place / "page.js"
            script.write_text(example("browser"))
            with Reading(["node", HERE / "browser.js", BROWSER, server.url, script], self.place, NODE_PATH=NODE) as reading:
                events = [json.loads(line) for line in reading.lines(self.count)]
                server.end(signal.SIGKILL)
                server = Server(copy, port)
                receipts = [server.command(f"account/late-{number}/create", {"kind": "person", "name": WORDS}) for number in range(3)]
                events += [json.loads(line) for line in reading.lines(len(receipts))]
            self.expect_live(events)
            self.assertEqual([event["position"] for event in events[-3:]], [receipt["position"] for receipt in receipts])
        finally:
            server.end()


def java(value):
    """As Java shows what JSON says."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={java(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(java, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def as_words(line):
    return tuple(sorted(word for word in re.split(r"[\s{},\[\]]+", line) if word))


if __name__ == "__main__":
    unittest.main(verbosity=2)
