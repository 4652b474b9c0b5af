#!/usr/bin/env python3
"""serve --kafka, publish and worker as programs with a real broker, killed with -9 in the middle.

    tests/broker_program/broker_program_test.py build/release/rapport ops/kafka/broker
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

BROKER = str(pathlib.Path(sys.argv.pop(2)).resolve())
PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
WAIT_SECONDS = 120
VIEWS = ("pipeline", "service", "loyalty", "customer360")


def rapport(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments), "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS)
    assert done.returncode == 0, f"{arguments}: {done.returncode} {done.stderr}"
    return json.loads(done.stdout)


def get(url):
    with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
        return answer.read().decode()


def soon(claim):
    """Whether a claim comes true before long."""
    until = time.monotonic() + WAIT_SECONDS
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class BrokerProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.data = self.root / "store"
        started = subprocess.run([BROKER, "start", self.root / "broker"], capture_output=True, text=True)
        self.assertEqual(started.returncode, 0, started.stderr)
        self.address = started.stdout.strip().splitlines()[-1].removeprefix("bootstrap=")

    def tearDown(self):
        subprocess.run([BROKER, "kill", self.root / "broker"], capture_output=True)
        self.folder.cleanup()

    def kcat(self, topic):
        done = subprocess.run(["kcat", "-b", self.address, "-C", "-t", topic, "-e", "-q", "-f", "%h\\n"],
                              capture_output=True, text=True, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [int(re.search(r"ce_sequence=(\d+)", line)[1]) for line in done.stdout.splitlines()]

    def expect_published_once(self, head):
        topics = rapport("publish", "--data", self.data, "--kafka", self.address, "--until-caught-up")["topics"]
        sequences = [sequence for topic in topics if topic.endswith(".events.v1") for sequence in self.kcat(topic)]
        self.assertEqual(sorted(sequences), list(range(1, head + 1)))

    def kill_again_and_again(self, delays, *arguments):
        """How often the program was killed with -9 while it was at work."""
        kills = 0
        for delay in delays:
            process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        return kills

    def test_publisher_and_worker_killed_in_the_middle_lose_and_double_nothing(self):
        inspected = rapport("demo", "--data", self.data, "--customers", "400", "--years", "1", "--quiet")
        head = inspected["position"]
        self.kill_again_and_again((0.3, 0.5, 0.7, 0.9, 1.1), "publish", "--data", self.data, "--kafka", self.address, "--quiet")
        self.expect_published_once(head)
        for view in VIEWS:
            state = self.root / f"state-{view}"
            self.kill_again_and_again((0.3, 0.5, 0.8), "worker", view, "--kafka", self.address, "--state", state, "--quiet")
            done = rapport("worker", view, "--kafka", self.address, "--state", state, "--until-caught-up", "--quiet")
            self.assertEqual((done["position"], done["digest"]), (head, inspected["views"][view]["digest"]), view)
        self.expect_flips_noticed(self.root / "state-pipeline", inspected["views"]["pipeline"]["digest"])

    def expect_flips_noticed(self, state, digest):
        """One bit of any file of a worker's state turned: refused, or the rows are the same."""
        copy = self.root / "flipped"
        for file in sorted(file.relative_to(state) for file in state.rglob("*") if file.is_file() and file.stat().st_size):
            for part in (7, 2, 1.001):
                shutil.copytree(state, copy)
                content = bytearray((copy / file).read_bytes())
                content[int(len(content) / part)] ^= 16
                (copy / file).write_bytes(content)
                said = subprocess.run([PROGRAM, "inspect", "--state", copy, "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS)
                self.assertIn(said.returncode, (0, 3), f"{file}: {said.stderr}")
                if said.returncode == 0:
                    self.assertEqual(json.loads(said.stdout)["views"]["pipeline"]["digest"], digest, f"{file} at 1/{part}")
                shutil.rmtree(copy)

    def rows_on_topic(self, view):
        """What a reader of the compacted topic holds."""
        done = subprocess.run(["kcat", "-b", self.address, "-C", "-t", f"crm.{view}.state.v1", "-e", "-q", "-f", "%k\t%S\t%s\n"],
                              capture_output=True, text=True, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = {}
        for line in done.stdout.splitlines():
            key, size, value = line.split("\t", 2)
            if int(size) > 0:
                rows[key] = json.loads(value)
            else:
                rows.pop(key, None)
        return rows

    def test_rows_of_views_are_on_their_topics_as_reports_have_them(self):
        rapport("demo", "--data", self.data, "--customers", "100", "--years", "1", "--quiet")
        self.kill_again_and_again((0.4, 0.8, 1.2), "publish", "--data", self.data, "--kafka", self.address, "--quiet")

        def expect_the_same():
            sent = rapport("publish", "--data", self.data, "--kafka", self.address, "--until-caught-up")["topics"]
            reported = {"opportunity-" + row["id"]: row for row in rapport("query", "pipeline/opportunities", "--data", self.data)["rows"]}
            self.assertGreater(len(reported), 50)
            self.assertEqual(self.rows_on_topic("pipeline"), reported)
            return sent["crm.pipeline.state.v1"]

        expect_the_same()
        self.assertEqual(expect_the_same(), 0)
        deal = next(key for key, row in self.rows_on_topic("pipeline").items() if row["status"] == "open")
        rapport("command", deal.replace("-", "/", 1), "win", "{}", "--data", self.data, "--reason", "signed")
        self.assertEqual(expect_the_same(), 1)
        self.assertEqual(self.rows_on_topic("pipeline")[deal]["status"], "won")
        status = rapport("bus", "status", "--data", self.data)
        topics = {topic["topic"]: topic for topic in status["topics"]}
        self.assertEqual(topics["crm.pipeline.state.v1"]["position"], status["head"])
        none = rapport("publish", "--data", self.data, "--kafka", self.address, "--until-caught-up", "--kafka-rows", "none")["topics"]
        self.assertNotIn("crm.pipeline.state.v1", none)

    def test_rows_of_another_log_are_left_alone(self):
        rapport("demo", "--data", self.data, "--customers", "20", "--years", "1", "--quiet")
        rapport("publish", "--data", self.data, "--kafka", self.address, "--until-caught-up")
        before = self.rows_on_topic("pipeline")
        self.assertGreater(len(before), 5)
        other = self.root / "other"
        rapport("demo", "--data", other, "--customers", "40", "--years", "1", "--seed", "2", "--quiet")
        refused = subprocess.run([PROGRAM, "publish", "--data", other, "--kafka", self.address, "--format", "json"], capture_output=True,
                                 text=True, timeout=WAIT_SECONDS)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("bus.other_log", refused.stderr)
        self.assertEqual(self.rows_on_topic("pipeline"), before)

    def test_a_workers_state_is_its_own_to_write_and_anyones_to_read_and_members_of_a_group_answer_together(self):
        local = rapport("demo", "--data", self.data, "--customers", "20", "--years", "1", "--quiet")
        rapport("publish", "--data", self.data, "--kafka", self.address, "--until-caught-up", "--quiet")
        states = [self.root / "a", self.root / "b"]
        held = [state / "pipeline.shares" / "held" for state in states]
        common = [PROGRAM, "worker", "pipeline", "--kafka", self.address, "--quiet", "--format", "json"]
        start = lambda *more: subprocess.Popen(common + list(map(str, more)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        whole, members = start("--state", self.root / "whole"), [start("--state", state, "--group", "crm") for state in states]
        try:
            self.expect_answers_soon(local, "--state", self.root / "whole")
            self.assertTrue(soon(lambda: all(file.exists() and len(file.read_text().splitlines()) == 3 for file in held)))
            self.expect_answers_soon(local, "--state", states[0], "--state", states[1])
            for code, *asked in (("state.incomplete", "query", "pipeline/summary", "--state", states[0]),
                                 ("view.in_use", *common[1:5], "--state", self.root / "whole"),
                                 ("store.locked", *common[1:5], "--state", states[0], "--group", "crm")):
                refused = subprocess.run([PROGRAM, *map(str, asked), "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS)
                self.assertEqual((refused.returncode, f'"code":"{code}"' in refused.stderr), (3, True), refused.stderr)
        finally:
            for worker in (whole, *members):
                worker.send_signal(signal.SIGTERM)
            ended = [json.loads(worker.communicate(timeout=WAIT_SECONDS)[0]) for worker in (whole, *members)]
        self.assertEqual({said["position"] for said in ended}, {local["position"]})
        self.assertEqual({share["share"] for said in ended[1:] for share in said["shares"]}, {f"{number}/6" for number in range(1, 7)})

    def expect_answers_soon(self, local, *states):
        """While workers are at work, inspect and query answer as the store does."""
        def answer(*arguments):
            done = subprocess.run([PROGRAM, *map(str, arguments), "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS)
            return json.loads(done.stdout) if done.returncode == 0 else {}

        views = lambda: answer("inspect", *states).get("views", {}).get("pipeline", {})
        self.assertTrue(soon(lambda: views().get("position") == local["position"]), views())
        self.assertEqual(views()["digest"], local["views"]["pipeline"]["digest"])
        self.assertEqual(answer("query", "pipeline/summary", *states)["rows"], answer("query", "pipeline/summary", "--data", self.data)["rows"])

    def create(self, url, account):
        request = urllib.request.Request(f"{url}/v1/account/{account}/create", method="POST", data=b'{"kind":"person","name":"Li"}',
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
            self.assertEqual(answer.status, 200)

    def serve(self):
        process = subprocess.Popen([PROGRAM, "serve", "--data", self.data, "--kafka", self.address, "--listen", "127.0.0.1:0", "--quiet"],
                                   stdout=subprocess.PIPE, text=True)
        line = process.stdout.readline()
        self.assertTrue(line.startswith("listening on "), line)
        return process, line.split()[-1]

    def test_server_publishes_what_it_takes_and_says_how_that_stands(self):
        sent, processes = 0, []
        for killed in (True, True, False):
            process, url = self.serve()
            processes.append(process)
            for _ in range(20):
                sent += 1
                self.create(url, f"a-{sent}")
            if killed:
                process.kill()
                process.wait()
                continue
            head = json.loads(get(f"{url}/v1/inspect"))["position"]
            self.assertEqual(head, sent)
            self.assertTrue(soon(lambda: json.loads(get(f"{url}/readyz"))["kafka"]["position"] == head))
            self.assertEqual(json.loads(get(f"{url}/v1/inspect"))["kafka"],
                             {"connected": True, "position": head, "lag": 0, "trouble": None})
            metrics = get(f"{url}/metrics")
            self.assertIn(f"rapport_kafka_position {head}\n", metrics)
            self.assertIn("rapport_kafka_connected 1\n", metrics)
            subprocess.run([BROKER, "kill", self.root / "broker"], check=True, capture_output=True)
            sent += 1
            self.create(url, f"a-{sent}")  # serving goes on
            self.assertTrue(soon(lambda: not json.loads(get(f"{url}/readyz"))["kafka"]["connected"]), "the broker's death shows")
            bus = rapport("bus", "status", "--data", self.data)
            self.assertEqual((bus["connected"], bus["lag"], bus["head"]), (False, 1, sent))
            self.assertGreater(bus["lagSeconds"], 0)
            self.assertIn("bus.connection_lost", {alarm["code"] for alarm in bus["alarms"]}, bus)
            metrics = get(f"{url}/metrics")
            self.assertIn('rapport_kafka_partition_lag_events{', metrics)
            self.assertIn('rapport_kafka_alarms{code="bus.connection_lost"}', metrics)
            subprocess.run([BROKER, "start", self.root / "broker"], check=True, capture_output=True)
            self.assertTrue(soon(lambda: json.loads(get(f"{url}/readyz"))["kafka"]["position"] == sent), "and its return")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(WAIT_SECONDS), 0)
        for process in processes:
            process.stdout.close()
        self.expect_published_once(sent)

    def values(self, topic):
        done = subprocess.run(["kcat", "-b", self.address, "-C", "-t", topic, "-e", "-q", "-f", "%s\\n"], capture_output=True, text=True,
                              timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_personal_texts_are_as_each_topic_is_told_and_status_is_told_without_a_server(self):
        rapport("demo", "--data", self.data, "--customers", "15", "--years", "1", "--quiet")
        rapport("command", "account/of-the-test", "create", '{"kind":"person","name":"Wang Fang"}', "--data", self.data)
        config = self.root / "kafka.properties"
        config.write_text("linger.ms=1\nrapport.personal.crm.account.events.v1=open\nrapport.cloudevents=structured\n")
        publish = ("publish", "--data", self.data, "--kafka", self.address, "--kafka-config", config)
        for wrong in ("crm.log.v1=open", "crm.account.events.v1=naked", "crm.none.events.v1=masked"):
            done = subprocess.run([PROGRAM, *map(str, publish), "--kafka-personal", wrong, "--until-caught-up", "--format", "json"], capture_output=True, text=True)
            self.assertEqual((done.returncode, '"code":"bus.setting"' in done.stderr), (2, True), done.stderr)
        done = rapport(*publish, "--kafka-personal", "crm.case.events.v1=masked", "--kafka-rate", "100000", "--until-caught-up")
        accounts, cases, principals = (self.values(f"crm.{name}.events.v1") for name in ("account", "case", "principal"))
        self.assertIn("Wang Fang", "".join(accounts))
        self.assertEqual(json.loads(accounts[0])["specversion"], "1.0")
        self.assertNotIn('{"sealed"', "".join(accounts + cases))
        self.assertIn('"***"', "".join(cases))
        self.assertIn('{"sealed"', "".join(principals))
        self.assertNotIn("***", "".join(accounts + principals))
        self.expect_status_from_outside(done["position"], publish)

    def expect_status_from_outside(self, head, publish):
        for looked_up in ([], ["--kafka", self.address]):
            status = rapport("bus", "status", "--data", self.data, *looked_up)
            self.assertEqual((status["position"], status["head"], status["lag"]), (head, head, 0), looked_up)
            self.assertEqual({partition["lag"] for partition in status["topics"]}, {0})
            self.assertEqual(max(partition["position"] for partition in status["topics"]), head)
            self.assertEqual(status["alarms"], [])
        process = subprocess.Popen([PROGRAM, *map(str, publish), "--quiet"])
        try:
            self.assertTrue(soon(lambda: not json.loads((next((self.data / "kafka").glob("*.json"))).read_text())["clean"]))
            status = rapport("bus", "status", "--data", self.data)
            self.assertEqual((status["position"], status["head"]), (head, None), "the log is held by who publishes")
        finally:
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(WAIT_SECONDS), 0)

    def test_memory_of_the_relay_stays_bounded_whatever_waits(self):
        """Without the rows of views, which take besides what folding them takes."""
        head = rapport("demo", "--data", self.data, "--customers", "1200", "--years", "2", "--quiet")["position"]
        broker = int((self.root / "broker" / "node1" / "pid").read_text())
        process = subprocess.Popen([PROGRAM, "publish", "--data", self.data, "--kafka", self.address, "--kafka-rows", "none", "--quiet"],
                                   stdout=subprocess.DEVNULL)
        mib = lambda what: int(re.search(rf"{what}:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) / 1024
        try:
            self.assertTrue(soon(lambda: list((self.data / "kafka").glob("*.json"))))
            os.kill(broker, signal.SIGSTOP)  # it takes nothing more and breaks nothing off
            before = [-1.0]

            def grown():
                time.sleep(1)
                before[0], last = mib("VmRSS"), before[0]
                return before[0] - last < 0.5

            self.assertTrue(soon(grown), "reading the log waits")
            os.kill(broker, signal.SIGCONT)
            position = lambda: json.loads(next((self.data / "kafka").glob("*.json")).read_text())["position"]
            self.assertTrue(soon(lambda: position() == head))
            self.assertLess(mib("VmHWM"), 128)
        finally:
            os.kill(broker, signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(WAIT_SECONDS), 0)

    def refused_to_publish(self):
        done = subprocess.run([PROGRAM, "publish", "--data", self.data, "--kafka", self.address, "--until-caught-up", "--format", "json"],
                              capture_output=True, text=True, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        error = json.loads(done.stderr[done.stderr.index('{"error"'):])["error"]
        self.assertIn("older copy", error["hint"])
        return error["code"]

    def test_a_log_that_was_restored_to_an_older_position_does_not_go_on_in_the_old_topics(self):
        tour = pathlib.Path(__file__).resolve().parents[1] / "tour"
        deals = ("import", tour / "deals.json", tour / "deals.csv", "--data", self.data)
        head = rapport(*deals)["position"]
        rapport("backup", self.root / "backup", "--keys", self.root / "keys", "--data", self.data)
        self.expect_published_once(head)
        shutil.rmtree(self.data)
        rapport("restore", self.root / "backup", self.data, "--keys", self.root / "keys", "--to", 6)
        self.assertEqual(self.refused_to_publish(), "bus.ahead_of_log")
        # The same file again: the same ids at the same positions, in another history.
        self.assertEqual(rapport(*deals)["position"], head)
        self.assertEqual(self.refused_to_publish(), "bus.other_history")


if __name__ == "__main__":
    unittest.main(verbosity=2)
