#!/usr/bin/env python3
"""Webhooks of the program: set up from the command line and over HTTP, delivered by `rapport serve` to real receivers, which check
each signature with the reference implementation of Standard Webhooks.

    tests/webhooks/webhooks_test.py build/release/rapport VENV

VENV is made at first use, with what requirements.txt names.
"""
import http.client
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).parent
WAIT_SECONDS = 60


def reference(venv):
    """The reference implementation, from a folder of its own."""
    if not (venv / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        if subprocess.run([venv / "bin/pip", "install", "-q", "--disable-pip-version-check", "-r", HERE / "requirements.txt"]).returncode:
            print("skipped: the registry does not give the reference implementation of Standard Webhooks")
            sys.exit(77)
        (venv / "done").touch()
    sys.path[:0] = [str(path) for path in (venv / "lib").glob("python*/site-packages")]
    import standardwebhooks
    return standardwebhooks


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what came with a good signature, in order; answers what `answer(event)` says."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer=lambda event: 204):
        self.secrets, self.events, self.forged, self.answer, self.lock = [], [], [], answer, threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                try:
                    event = receiver.check(body, dict(self.headers))["data"]
                except Exception as forged:
                    receiver.forged.append((str(forged), body))
                    return self.send_error(401)
                status = receiver.answer(event)
                if 200 <= status < 300:
                    with receiver.lock:
                        receiver.events.append(event)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def check(self, body, headers):
        """What Webhook.verify answers: the payload, if one of the secrets signed it not long ago."""
        failure = None
        for secret in list(self.secrets):
            try:
                return STANDARD.Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
            except STANDARD.WebhookVerificationError as wrong:
                failure = wrong
        raise failure or ValueError("no secret yet")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def positions(self):
        with self.lock:
            return [event["position"] for event in self.events]


class Webhooks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rapport-webhooks-")
        self.addCleanup(folder.cleanup)
        self.data = str(pathlib.Path(folder.name) / "data")
        self.server = None
        self.addCleanup(self.end)
        self.receivers = []
        self.addCleanup(lambda: [(receiver.shutdown(), receiver.server_close()) for receiver in self.receivers])

    def serve(self, *more, allow="127.0.0.0/8"):
        allowed = ["--webhook-allow", allow] if allow else []
        self.server = subprocess.Popen([PROGRAM, "serve", "--data", self.data, "--listen", "127.0.0.1:0", *allowed, *more], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        self.url = re.fullmatch(r"listening on (http://\S+)\n", self.server.stdout.readline())[1]

    def end(self, how=signal.SIGTERM):
        if self.server:
            self.server.send_signal(how)
            self.server.communicate(timeout=WAIT_SECONDS)
            self.server = None

    def receiver(self, *answer):
        self.receivers.append(Receiver(*answer))
        return self.receivers[-1]

    def rapport(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, *arguments, "--data", self.data, "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, code, done.stderr)
        if code:
            return json.loads(done.stderr.splitlines()[-1])["error"]
        return json.loads(done.stdout) if done.stdout else None

    def subscribe(self, name, receiver, *more):
        made = self.rapport("webhook", "create", name, "--url", receiver.url, *more)
        receiver.secrets.append(made["secret"])
        return made

    def happen(self, stream, times=1):
        """So many events on account-STREAM, over HTTP, on one connection."""
        where = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=WAIT_SECONDS)
        for i in range(times):
            body = {"new": {"industry": f"industry {time.time_ns()}"}} if getattr(self, "known", set()) >= {stream} else {"kind": "organisation", "name": "Anna"}
            command = "changeDetails" if "new" in body else "create"
            where.request("POST", f"/v1/account/{stream}/{command}", json.dumps(body), {"Content-Type": "application/json"})
            answer = where.getresponse()
            self.assertEqual(answer.status, 200, answer.read())
            answer.read()
            self.known = getattr(self, "known", set()) | {stream}
        where.close()

    def wait(self, so, what=""):
        until = time.monotonic() + WAIT_SECONDS
        while not so():
            self.assertLess(time.monotonic(), until, f"waited for {what or so} in vain: {self.rapport('webhook', 'list')}")
            time.sleep(0.02)

    def http(self, method, path, body=None, headers={}):
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(body).encode() if body is not None else None,
                                         headers={"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())

    def test_a_subscriber_gets_every_event_signed_and_in_order(self):
        self.serve()
        receiver = self.receiver()
        made = self.subscribe("crm", receiver, "--match", "category=account")
        self.assertRegex(made["secret"], r"^whsec_[A-Za-z0-9+/]{43}=$")
        for _ in range(10):
            for stream in "abc":
                self.happen(stream)
        self.wait(lambda: len(set(receiver.positions())) == 30)
        self.assertEqual(receiver.forged, [])
        for stream in "abc":
            of_stream = [event["version"] for event in receiver.events if event["stream"] == f"account-{stream}"]
            self.assertEqual(of_stream, list(range(1, 11)))
        created = receiver.events[0]
        self.assertEqual(created["type"], "account.created")
        self.assertIsNone(created["data"]["name"], "personal texts stay at home")
        events = {event["position"]: event for event in self.lines("events")}
        self.assertEqual(created["leaf"], events[created["position"]]["leaf"])
        self.wait(lambda: self.rapport("webhook", "status", "crm")["behindPositions"] == 0)
        delivered = self.rapport("webhook", "deliveries", "crm", "--limit", "1000")["deliveries"]
        self.assertEqual(len(delivered), 30)
        self.assertEqual({attempt["outcome"] for attempt in delivered}, {"delivered"})
        self.assertEqual(self.rapport("webhook", "deliveries", "crm", "--from", str(delivered[3]["position"]), "--to", str(delivered[3]["position"]))["deliveries"], [delivered[3]])

    def lines(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments, "--data", self.data, "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_nothing_is_lost_when_the_server_is_killed_over_and_over(self):
        self.serve()
        refused = set()

        def once_refused(event):
            first = event["position"] % 5 == 0 and event["position"] not in refused
            refused.add(event["position"])
            return 500 if first else 200

        receiver = self.receiver(once_refused)
        self.subscribe("crm", receiver, "--match", "category=account")
        for kill in range(4):
            for stream in "abcd":
                self.happen(stream, 5)
            self.wait(lambda: len(set(receiver.positions())) > 8 * kill)
            self.end(signal.SIGKILL)
            self.serve()
        self.wait(lambda: len(set(receiver.positions())) == 80, "80 events")
        for stream in "abcd":
            versions = []  # without those that came again
            for event in receiver.events:
                if event["stream"] == f"account-{stream}" and event["version"] not in versions:
                    versions.append(event["version"])
            self.assertEqual(versions, list(range(1, 21)))
        self.assertEqual(receiver.forged, [])

    def test_a_rotated_secret_is_another_and_the_old_one_holds_for_a_day(self):
        self.serve()
        receiver = self.receiver()
        made = self.subscribe("crm", receiver, "--match", "category=account")
        rotated = self.rapport("webhook", "rotate-secret", "crm")
        self.assertNotEqual(rotated["secret"], made["secret"])
        self.assertEqual(rotated["rotation"], 2)
        for secret in (made["secret"], rotated["secret"]):
            receiver.secrets[:] = [secret]
            before = len(receiver.events)
            self.happen("a")
            self.wait(lambda: len(receiver.events) == before + 1)
        self.assertEqual(receiver.forged, [])
        log = "\n".join(json.dumps(event) for event in self.lines("events"))
        for secret in (made["secret"], rotated["secret"]):
            self.assertNotIn(secret.removeprefix("whsec_"), log)
        self.assertNotIn("secret", self.rapport("webhook", "status", "crm"))

    def test_a_receiver_that_is_gone_pauses_it_until_somebody_says_so(self):
        self.serve()
        gone = [True]
        receiver = self.receiver(lambda event: 410 if gone[0] else 200)
        self.subscribe("crm", receiver, "--match", "category=account")
        self.happen("a", 3)
        self.wait(lambda: self.rapport("webhook", "status", "crm")["status"] == "paused")
        paused = [event for event in self.lines("events", "--type", "webhook.paused")]
        self.assertEqual([event["data"]["cause"] for event in paused], ["gone"])
        self.assertEqual(paused[0]["actor"], {"id": "rapport.webhooks", "kind": "rule"})
        self.end()
        gone[0] = False
        self.rapport("webhook", "resume", "crm")  # while nobody serves
        self.serve()
        self.wait(lambda: len(receiver.positions()) == 3)
        self.assertEqual(receiver.positions(), sorted(receiver.positions()))

    def test_replay_while_nobody_serves_and_over_http(self):
        self.serve()
        receiver = self.receiver()
        self.subscribe("crm", receiver, "--match", "category=account")
        self.happen("a", 4)
        self.wait(lambda: self.rapport("webhook", "status", "crm")["behindPositions"] == 0)
        first = receiver.positions()
        self.end()
        self.rapport("webhook", "replay", "crm", "--from", str(first[1]), "--to", str(first[2]))
        self.serve()
        self.wait(lambda: len(receiver.positions()) == 6)
        self.assertEqual(receiver.positions()[4:], first[1:3])
        status, answer = self.http("POST", "/v1/webhooks/crm/replay", {"from": first[3]})
        self.assertEqual(status, 200, answer)
        self.wait(lambda: len(receiver.positions()) == 7)
        self.assertEqual(self.http("POST", "/v1/webhooks/crm/replay", {"to": 1})[1]["code"], "http.missing_field")
        self.assertEqual(self.http("GET", "/v1/webhooks/other")[1]["code"], "webhook.unknown")
        self.assertEqual(self.http("GET", "/v1/webhooks/crm?x=1")[1]["code"], "http.unknown_parameter")

    def test_is_set_up_over_http(self):
        self.serve()
        receiver = self.receiver()
        key = "0190b1c2-0000-7000-8000-000000000001"
        body = {"url": receiver.url, "match": ["type=account.created"], "ordering": "unordered"}
        status, made = self.http("PUT", "/v1/webhooks/crm", body, {"Idempotency-Key": key})
        self.assertEqual(status, 200, made)
        self.assertEqual((made["ordering"], made["match"], made["status"]), ("unordered", ["type=account.created"], "active"))
        again = self.http("PUT", "/v1/webhooks/crm", body, {"Idempotency-Key": key})[1]
        self.assertEqual((again["secret"], again["receipt"]["already"]), (made["secret"], True))
        receiver.secrets.append(made["secret"])
        self.happen("a", 2)
        self.wait(lambda: len(receiver.positions()) == 1)
        self.assertEqual(self.http("GET", "/v1/webhooks")[1]["webhooks"][0]["webhook"], "crm")
        self.assertEqual(self.http("GET", "/v1/webhooks/crm/deliveries?limit=5")[1]["deliveries"][0]["answer"]["status"], 204)
        status, rotated = self.http("POST", "/v1/webhooks/crm/rotateSecret", {"rotation": 2})
        self.assertEqual((status, rotated["rotation"]), (200, 2))
        self.assertEqual(self.http("POST", "/v1/webhook/crm/delete", {})[0], 200)
        self.assertEqual(self.http("GET", "/v1/webhooks/crm")[0], 404)

    def test_says_what_is_wrong_with_a_subscription(self):
        self.serve(allow=None)
        for arguments, code in ((("--url", "ftp://example.com/"), "webhook.url_malformed"),
                                (("--url", "http://ann:secret@hooks.example/"), "webhook.url_malformed"),
                                (("--url", "http://hooks.example/", "--match", "type=account.creatd"), "events.unknown_type"),
                                (("--url", "http://hooks.example/", "--match", "category=acount"), "events.unknown_category"),
                                (("--url", "http://hooks.example/", "--match", "account"), "filter.malformed")):
            wrong_usage = not code.startswith("webhook.")  # what the domain refuses is no slip of the command line
            self.assertEqual(self.rapport("webhook", "create", "crm", *arguments, code=2 if wrong_usage else 1)["code"], code)
        self.assertEqual(self.rapport("webhook", "create", "Up", "--url", "http://hooks.example/", code=1)["code"], "webhook.id_malformed")
        self.assertEqual(self.rapport("webhook", "list"), {"webhooks": []})
        self.end()
        done = subprocess.run([PROGRAM, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--webhook-allow", "10.0.0.0/33"], capture_output=True, text=True,
                              timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("webhook.bad_network", done.stderr)

    def test_internal_addresses_are_not_reached_unless_allowed(self):
        self.serve(allow=None)
        receiver = self.receiver()
        self.subscribe("crm", receiver, "--match", "category=account")
        self.happen("a")
        self.wait(lambda: self.rapport("webhook", "status", "crm")["lastFailure"])
        self.assertIn("not of the public internet", self.rapport("webhook", "status", "crm")["lastFailure"])
        self.assertEqual((receiver.positions(), receiver.forged), ([], []))
        self.end()
        self.serve()
        self.wait(lambda: len(receiver.positions()) == 1)

    def test_changes_and_pauses(self):
        self.serve()
        receiver, other = self.receiver(), self.receiver()
        self.subscribe("crm", receiver, "--match", "type=account.created")
        other.secrets = receiver.secrets
        self.assertEqual(self.rapport("webhook", "pause", "crm", "--detail", "holidays")["detail"], "holidays")
        self.happen("a", 2)
        changed = self.rapport("webhook", "change", "crm", "--url", other.url, "--match", "category=account", "--unordered")
        self.assertEqual((changed["url"], changed["match"], changed["ordering"]), (other.url, ["category=account"], "unordered"))
        self.rapport("webhook", "resume", "crm")
        self.happen("b", 2)
        self.wait(lambda: len(other.positions()) >= 3)
        self.assertEqual(receiver.positions(), [])
        self.assertEqual(self.rapport("webhook", "change", "crm", "--every-event", "--per-stream")["match"], [])
        self.rapport("webhook", "delete", "crm")
        self.assertEqual(self.rapport("webhook", "status", "crm", code=1)["code"], "webhook.unknown")


if __name__ == "__main__":
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    STANDARD = reference(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
