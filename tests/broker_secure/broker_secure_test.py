#!/usr/bin/env python3
"""Publishing to a broker with TLS, passwords and rights: what is allowed works, what is not is named, and nothing is lost by it.

    tests/broker_secure/broker_secure_test.py build/release/rapport ops/kafka/broker
"""
import json
import pathlib
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
TOPIC = "crm.account.events.v1"


def broker(*arguments):
    return subprocess.run([BROKER, *map(str, arguments)], capture_output=True, text=True, check=True, timeout=WAIT_SECONDS).stdout


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments), "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS)


def soon(claim):
    until = time.monotonic() + WAIT_SECONDS
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class BrokerSecureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.temporary.name)
        cls.files = cls.root / "broker"
        cls.address = broker("start", cls.files, "--secure").strip().splitlines()[-1].removeprefix("bootstrap=")
        cls.password = (cls.files / "secret" / "rapport.password").read_text().strip()
        cls.data = cls.root / "store"
        made = run("demo", "--data", cls.data, "--customers", "20", "--years", "1", "--quiet")
        assert made.returncode == 0, made.stderr
        cls.head = json.loads(made.stdout)["position"]

    @classmethod
    def tearDownClass(cls):
        broker("kill", cls.files)
        cls.temporary.cleanup()

    def publish(self, config, *settings):
        return run("publish", "--data", self.data, "--until-caught-up", "--kafka", self.address, "--kafka-config", self.files / config, *settings)

    def expect_complete(self, count=True):
        done = self.publish("rapport.properties")
        self.assertEqual(done.returncode, 0, done.stderr)
        published = json.loads(done.stdout)
        self.assertEqual(published["position"], self.head)
        if count:
            readers = [self.kcat(topic) for topic in published["topics"] if topic.endswith(".events.v1")]
            keys = [key for reader in readers for key in reader.communicate(timeout=WAIT_SECONDS)[0].splitlines()]
            self.assertEqual(len(keys), self.head, "every event once")

    def kcat(self, topic):
        return subprocess.Popen(["kcat", "-F", self.files / "reader.properties", "-b", self.address, "-C", "-t", topic, "-e", "-q", "-f", "%k\\n"],
                                stdout=subprocess.PIPE, text=True)

    def expect_refused(self, done, *words):
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        error = json.loads(done.stderr[done.stderr.index('{"error"'):])["error"]
        self.assertEqual(error["code"], "bus.refused", error)
        self.assertTrue(error["hint"], error)
        for word in words:
            self.assertIn(word, error["message"])
        self.assertNotIn(self.password, done.stderr)

    def test_each_mechanism_publishes_all_of_it_once(self):
        self.expect_complete(count=False)
        for settings in (["kafka.sasl.mechanisms=PLAIN"],
                         ["kafka.sasl.mechanisms=OAUTHBEARER", "kafka.enable.sasl.oauthbearer.unsecure.jwt=true",
                          "kafka.sasl.oauthbearer.config=principal=rapport"]):
            done = self.publish("rapport.properties", *settings)
            self.assertEqual(done.returncode, 0, f"{settings}: {done.stderr}")
            self.assertEqual(json.loads(done.stdout)["already"], self.head, settings)
        state = self.root / "state"
        worker = run("worker", "pipeline", "--state", state, "--until-caught-up", "--kafka", self.address,
                     "--kafka-config", self.files / "rapport.properties")
        self.assertEqual(worker.returncode, 0, worker.stderr)
        self.assertEqual(json.loads(worker.stdout)["position"], self.head)

    def test_what_is_wrong_is_said_and_nothing_is_lost(self):
        added = run("command", "account/of-the-refused", "create", '{"kind":"person","name":"Ann"}', "--data", self.data)
        self.assertEqual(added.returncode, 0, added.stderr)
        type(self).head = json.loads(added.stdout)["position"]
        self.expect_refused(self.publish("rapport.properties", "kafka.sasl.password=wrong-password"), "uthentication failed")
        self.expect_refused(self.publish("rapport.properties", "kafka.sasl.mechanisms=PLAIN", "kafka.sasl.password=wrong-password"), "uthentication failed")
        self.expect_refused(self.publish("rapport.properties", f"kafka.ssl.ca.location={self.files}/secret/other-ca.pem"), "certificate verify failed")
        self.expect_refused(self.publish("reader.properties"), "uthoriz")
        unencrypted = run("publish", "--data", self.data, "--until-caught-up", "--kafka", self.address)
        self.assertEqual(unencrypted.returncode, 3, unencrypted.stderr)
        self.assertIn("SSL", unencrypted.stderr, "what the listener may be")
        self.expect_complete()

    def test_settings_of_exactness_are_refused_and_a_password_is_never_shown(self):
        done = self.publish("rapport.properties", "kafka.acks=1")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn('"code":"bus.setting"', done.stderr)
        self.assertIn('"field":"acks"', done.stderr)
        broken = self.files / "broken.properties"
        broken.write_text((self.files / "rapport.properties").read_text() + f"{self.password}\n")
        done = self.publish("broken.properties")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("broken.properties:6", done.stderr)
        self.assertNotIn(self.password, done.stderr)

    def test_a_server_that_may_not_write_goes_on_once_it_may(self):
        self.expect_complete(count=False)  # topics are there
        create = ["--deny-principal", "User:rapport", "--operation", "Write", "--topic", TOPIC]
        broker("acls", self.files, "--add", *create)
        server = subprocess.Popen([PROGRAM, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--quiet", "--kafka", self.address,
                                   "--kafka-config", self.files / "rapport.properties"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().split()[-1]
            request = urllib.request.Request(f"{url}/v1/account/of-the-test/create", method="POST", data=b'{"kind":"person","name":"Li"}',
                                             headers={"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
                type(self).head = json.loads(answer.read())["position"]
            trouble = lambda: json.loads(urllib.request.urlopen(f"{url}/v1/inspect", timeout=WAIT_SECONDS).read())["kafka"]
            self.assertTrue(soon(lambda: TOPIC in (trouble()["trouble"] or "")), trouble())
            broker("acls", self.files, "--remove", "--force", *create)
            self.assertTrue(soon(lambda: trouble()["position"] == self.head), trouble())
            self.assertIsNone(trouble()["trouble"])
        finally:
            server.send_signal(signal.SIGTERM)
            _, errors = server.communicate(timeout=WAIT_SECONDS)
        self.assertNotIn(self.password, errors)
        self.expect_complete()


if __name__ == "__main__":
    unittest.main(verbosity=2)
