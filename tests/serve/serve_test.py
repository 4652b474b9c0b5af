#!/usr/bin/env python3
"""`rapport serve` from outside: the program, curl, and the command line beside it.

    tests/serve/serve_test.py build/release/rapport
"""
import http.client
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
import time
import unittest
import urllib.parse
import urllib.request
import uuid

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
WAIT_SECONDS = 60


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}

    def json(self):
        return json.loads(self.body)


class Server:
    def __init__(self, data, *arguments):
        self.process = subprocess.Popen([PROGRAM, "serve", "--data", data, *(arguments or ("--listen", "127.0.0.1:0"))],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
        self.url = match[1] if match else None

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=WAIT_SECONDS)
        return self.process.returncode, out, err


def curl(url, *arguments, body=None):
    command = ["curl", "-s", "-i", "--max-time", str(WAIT_SECONDS), *arguments, url]
    if body is not None:
        command += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
    done = subprocess.run(command, input=body.encode() if body is not None else None, capture_output=True)
    assert done.returncode == 0, f"curl ended with {done.returncode} for {url}"
    return Answer(done.stdout.decode())


def rapport(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=WAIT_SECONDS)


class ServeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.data = os.path.join(self.folder.name, "a store")
        self.server = Server(self.data)
        self.assertIsNotNone(self.server.url)
        self.url = self.server.url

    def tearDown(self):
        if self.server.process.poll() is None:
            self.server.end(signal.SIGKILL)
        self.server.process.stdout.close()
        self.server.process.stderr.close()
        self.folder.cleanup()

    def command(self, aggregate, id, name, body="{}", *arguments):
        return curl(f"{self.url}/v1/{aggregate}/{urllib.parse.quote(id, safe='')}/{name}", "-X", "POST", *arguments,
                    body=body)

    def problem(self, answer, status, code):
        self.assertEqual(answer.headers["content-type"], "application/problem+json", answer.body)
        self.assertEqual((answer.status, answer.json()["code"]), (status, code), answer.body)
        return answer.json()

    def test_command_is_recorded_once_and_read_everywhere(self):
        key = str(uuid.uuid4())
        first = self.command("case", "工单/7", "open", "{}", "-H", f"Idempotency-Key: {key}")
        self.assertEqual(first.status, 200, first.body)
        receipt = first.json()
        self.assertEqual((receipt["stream"], receipt["position"], receipt["already"]), ("case-工单/7", 1, False))
        self.assertEqual(first.headers["etag"], f'"{receipt["version"]}"')
        again = self.command("case", "工单/7", "open", "{}", "-H", f"Idempotency-Key: {key}").json()
        self.assertEqual(again, {**receipt, "already": True})
        other = self.command("case", "8", "open", "{}", "-H", f"Idempotency-Key: {key}")
        self.problem(other, 409, "command.id_reused")

        events = curl(f"{self.url}/v1/events").json()
        self.assertEqual([event["type"] for event in events], receipt["events"])
        self.assertEqual(events[0]["leaf"], receipt["leaves"][0])
        stream = urllib.parse.quote("case-工单/7", safe="")
        self.assertEqual(curl(f"{self.url}/v1/streams/{stream}").json(), events)
        lines = curl(f"{self.url}/v1/events", "-H", "Accept: application/jsonl").body.splitlines()
        self.assertEqual([json.loads(line) for line in lines], events)
        report = curl(f"{self.url}/v1/views/service/summary").json()
        self.assertEqual((report["position"], sum(row["count"] for row in report["rows"])), (1, 1))
        before = curl(f"{self.url}/v1/views/service/summary?knownAt=0").json()
        self.assertEqual(before["rows"], [])
        inspected = curl(f"{self.url}/v1/inspect").json()
        self.assertEqual((inspected["position"], inspected["views"]["service"]["position"]), (1, 1))
        self.assertTrue(curl(f"{self.url}/v1/verify", "-X", "POST").json()["ok"])
        metrics = curl(f"{self.url}/metrics").body
        self.assertIn("rapport_head_position 1\n", metrics)
        self.assertIn('rapport_view_position{view="service"} 1\n', metrics)

    def test_killed_server_answers_the_same_command_once(self):
        outcomes = {}  # command id: position, or None if nobody knows

        def send(ids, url):
            for key in ids:
                request = urllib.request.Request(f"{url}/v1/case/{key}/open", method="POST", data=b"{}",
                                                 headers={"Content-Type": "application/json", "Idempotency-Key": key})
                try:
                    with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
                        position = json.load(answer)["position"]
                except (OSError, http.client.HTTPException):
                    outcomes.setdefault(key, None)  # in doubt
                    return
                self.assertIn(outcomes.setdefault(key, position), (None, position))
                outcomes[key] = position

        for _ in range(4):
            doubtful = [key for key, position in outcomes.items() if position is None]
            fresh = [[str(uuid.uuid4()) for _ in range(2000)] for _ in range(8)]
            clients = [threading.Thread(target=send, args=(doubtful[n::8] + fresh[n], self.url)) for n in range(8)]
            for client in clients:
                client.start()
            time.sleep(0.4)
            self.server.process.kill()
            for client in clients:
                client.join()
            self.server.process.communicate()
            self.server = Server(self.data)
            self.url = self.server.url
        send([key for key, position in outcomes.items() if position is None], self.url)
        self.assertNotIn(None, outcomes.values())
        lines = curl(f"{self.url}/v1/events", "-H", "Accept: application/jsonl").body.splitlines()
        events = [json.loads(line) for line in lines]
        stored = {event["id"].split(".")[0]: event["position"] for event in events}
        self.assertEqual(len(stored), len(events), "a command id stored twice")
        self.assertEqual({key: stored.get(key) for key in outcomes}, outcomes)
        self.assertTrue(curl(f"{self.url}/v1/verify", "-X", "POST").json()["ok"])

    def test_stop_ends_an_import_that_is_under_way_and_it_can_go_on(self):
        tour = pathlib.Path(__file__).resolve().parent.parent / "tour"
        deals = os.path.join(self.folder.name, "deals.csv")
        rows = 60_000
        with open(deals, "w") as file:
            file.write("deal,customer,seller,stage,value,opened,closed\n")
            file.writelines(f"D-{n},C-{n % 997},anna,proposal,1.00,2025-01-10,\n" for n in range(rows))
        answers = []

        def import_deals():
            answers.append(curl(f"{self.url}/v1/imports", "-X", "POST", body=json.dumps({"mapping": str(tour / "deals.json"), "files": [deals]})))

        client = threading.Thread(target=import_deals)
        client.start()
        until = time.monotonic() + WAIT_SECONDS
        while curl(f"{self.url}/v1/events?limit=2000").body.count('"position"') < 2000 and time.monotonic() < until:
            time.sleep(0.02)
        code, _, err = self.server.end()
        client.join()
        self.assertEqual(code, 0, err)
        self.problem(answers[0], 503, "import.stopped")
        again = rapport("import", str(tour / "deals.json"), deals, "--data", self.data, "--format", "json", "--quiet")
        self.assertEqual(again.returncode, 0, again.stderr)
        summary = json.loads(again.stdout)
        self.assertEqual((summary["rows"], summary["rejected"]), (rows, 0))
        self.assertGreater(summary["already"], 0, "what was in before the stop")
        self.assertGreater(summary["accepted"], 0)
        report = rapport("query", "pipeline/summary", "--data", self.data, "--format", "json")
        self.assertEqual(sum(row["count"] for row in json.loads(report.stdout)["rows"]), rows)

    def test_second_signal_ends_a_stop_that_waits(self):
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: lo")  # and no more: the stop gives it its time
            curl(f"{self.url}/healthz")
            self.server.process.send_signal(signal.SIGTERM)
            refused = time.monotonic() + WAIT_SECONDS
            while time.monotonic() < refused:
                try:
                    socket.create_connection((host, int(port))).close()
                    time.sleep(0.02)
                except OSError:
                    break
            code, _, _ = self.server.end(signal.SIGTERM)
            self.assertEqual(code, -signal.SIGTERM)
        self.assertEqual(rapport("verify", "--data", self.data, "--quiet").returncode, 0)

    def test_events_are_found_by_what_they_are_about(self):
        self.command("account", "acme", "create", '{"kind":"organisation"}', "-H", "Rapport-Tags: spring,vip")
        self.command("case", "1", "open", "{}", "-H", "Rapport-Tags: vip")
        self.command("case", "2", "open")

        def found(address):
            return [event["stream"] for event in curl(f"{self.url}/v1/events?{address}").json()]

        self.assertEqual(found("match=tag%3Dvip"), ["account-acme", "case-1"])
        self.assertEqual(found("match=tag%3Dvip,category%3Dcase"), ["case-1"])
        self.assertEqual(found("match=tag%3Dspring&match=type%3Dcase.opened"), ["account-acme", "case-1", "case-2"])
        self.assertEqual(found("match=category%3Dcase&direction=backward"), ["case-2", "case-1"])
        page = curl(f"{self.url}/v1/events?match=tag%3Dvip&direction=backward&limit=1")
        following = re.search("<([^>]+)>", page.headers["link"])[1]
        self.assertEqual([event["stream"] for event in curl(self.url + following).json()], ["account-acme"])
        self.problem(curl(f"{self.url}/v1/events?match=colour%3Dred"), 400, "filter.malformed")
        self.problem(curl(f"{self.url}/v1/events?direction=up"), 400, "http.bad_parameter")
        self.problem(curl(f"{self.url}/v1/events?match=type%3Dcase.opend"), 400, "events.unknown_type")
        self.problem(curl(f"{self.url}/v1/events?match=category%3Dcases"), 400, "events.unknown_category")
        tagged = rapport("command", "case/3", "open", "{}", "--tag", "a,b", "--tag", "c%2C", "--server", self.url, "--format", "json")
        self.assertEqual(tagged.returncode, 0, tagged.stderr)
        self.assertEqual(curl(f"{self.url}/v1/streams/case-3").json()[0]["tags"], ["a,b", "c%2C"])
        shown = rapport("events", "--server", self.url, "--match", "tag=vip", "--match", "type=case.closed", "--backward", "--format", "json")
        self.assertEqual([json.loads(line)["stream"] for line in shown.stdout.splitlines()], ["case-1", "account-acme"])

        with subprocess.Popen(["curl", "-sN", f"{self.url}/v1/events/live?from=1&match=tag%3Dspring"], stdout=subprocess.PIPE, text=True) as live:
            self.command("account", "other", "create", '{"kind":"organisation"}')
            self.command("account", "next", "create", '{"kind":"organisation"}', "-H", "Rapport-Tags: spring")
            heard = []
            for line in live.stdout:
                if line.startswith("data: "):
                    heard.append(json.loads(line[6:])["stream"])
                if len(heard) == 2:
                    break
            live.kill()
        self.assertEqual(heard, ["account-acme", "account-next"])

    def test_a_card_is_taken_once(self):
        policy = {"loyaltyProgram": {"earn": {"on": "orderFulfilled", "points": 1, "per": {"amountMinor": 100, "currency": "GBP"}, "round": "down"},
                                     "reverse": {"on": "creditNote", "lots": "newest"}}, "approverId": "ben"}
        published = self.command("policySet", "points", "publish", json.dumps(policy))
        self.assertEqual(published.status, 200, published.body)
        card = '{"programId":"points","cardNo":"4711"}'
        self.assertEqual(self.command("loyaltyMember", "a", "enrol", card).status, 200)
        self.problem(self.command("loyaltyMember", "b", "enrol", card), 422, "loyalty_member.card_taken")

    def test_consumer_groups_outlive_a_kill(self):
        group = f"{self.url}/v1/groups/billing"
        made = curl(group, "-X", "PUT", body='{"match":["category=case"],"attemptsMax":2,"leaseSeconds":600}')
        self.assertEqual((made.status, made.json()["checkpoint"]), (200, 0), made.body)
        self.command("account", "acme", "create", '{"kind":"organisation"}')
        for id in range(5):
            self.command("case", str(id), "open")

        def take(limit):
            events = curl(f"{group}/take", "-X", "POST", body=json.dumps({"max": limit})).json()["events"]
            return [(event["event"]["position"], event["attempt"]) for event in events]

        self.assertEqual(take(2), [(2, 1), (3, 1)])
        self.assertEqual(take(9), [(4, 1), (5, 1), (6, 1)])
        self.assertEqual(take(9), [])
        done = curl(f"{group}/acknowledge", "-X", "POST", body='{"positions":[2,4]}').json()
        self.assertEqual((done["known"], done["checkpoint"]), (2, 2))
        curl(f"{group}/refuse", "-X", "POST", body='{"positions":[5],"error":"no account","park":true}')
        self.server.end(signal.SIGKILL)
        self.server = Server(self.data)
        self.url = self.server.url
        group = f"{self.url}/v1/groups/billing"
        parked = curl(f"{group}/parked").json()["events"]
        self.assertEqual([(event["position"], event["error"]) for event in parked], [(5, "no account")])
        self.assertEqual(take(9), [(3, 1), (6, 1)])
        self.assertEqual(rapport("group", "replay", "billing", "--server", self.url, "--format", "json").returncode, 0)
        taken = rapport("group", "take", "billing", "--wait", "5", "--server", self.url, "--format", "json")
        self.assertEqual([event["event"]["position"] for event in json.loads(taken.stdout)["events"]], [5], taken.stderr)
        rapport("group", "acknowledge", "billing", "3", "5", "6", "--server", self.url)
        status = curl(group).json()
        self.assertEqual((status["checkpoint"], status["parked"], status["inFlight"], status["behindSeconds"]), (6, 0, 0, 0), status)
        self.problem(curl(f"{self.url}/v1/groups/none"), 404, "group.unknown")
        self.problem(curl(group, "-X", "PUT", body='{"match":["category=order"]}'), 409, "group.exists")
        self.problem(curl(f"{self.url}/v1/groups/Bad", "-X", "PUT", body="{}"), 400, "group.invalid")
        self.assertEqual(curl(group, "-X", "PUT", body='{"attemptsMax":9}').json()["attemptsMax"], 9)
        self.assertEqual(curl(group, "-X", "DELETE").json(), {"group": "billing", "deleted": True})
        self.assertEqual(curl(f"{self.url}/v1/groups").json(), {"groups": []})

    def test_lost_race_says_the_version(self):
        self.assertEqual(self.command("case", "1", "open", "{}", "-H", "If-None-Match: *").status, 200)
        lost = self.problem(self.command("case", "1", "open", "{}", "-H", 'If-Match: "0"'), 412, "stream.version_differs")
        self.assertEqual(lost["currentVersion"], 1)

    def test_what_cannot_be_says_why(self):
        self.command("case", "1", "open")
        ruled = self.command("case", "1", "open")
        self.assertEqual((ruled.status, ruled.json()["code"].split(".")[0]), (422, "case"), ruled.body)
        unknown = self.problem(self.command("case", "2", "open", '{"colour":"red"}'), 400, "command.unknown_field")
        self.assertEqual(unknown["field"], "/colour")
        self.assertEqual(self.command("case", "2", "open", '{"a":').status, 400)
        self.assertEqual(self.command("case", "2", "open", "[" * 5000).status, 400)
        self.assertEqual(self.command("case", "2", "open", '{"subject":"' + "x" * (1 << 20) + '"}').status, 413)
        self.assertEqual(self.command("unicorn", "2", "open").status, 404)
        self.assertEqual(self.command("case", "2", "explode").status, 404)
        self.assertEqual(self.command("case", "2", "open", "{}", "-H", "Idempotency-Key: 7").status, 400)
        self.assertEqual(self.command("case", "2", "open", "{}", "-H", "Rapport-Occurred-At: yesterday").status, 400)
        self.assertEqual(curl(f"{self.url}/v1/views/unicorns/summary").status, 404)
        self.assertEqual(curl(f"{self.url}/v1/views/service/unicorns").status, 404)
        self.assertEqual(curl(f"{self.url}/v1/views/service/cases?colour=red").status, 400)
        self.assertEqual(curl(f"{self.url}/v1/views/service/summary?asOf=2017-02-30").status, 400)
        self.assertEqual(curl(f"{self.url}/v1/streams/case-2").status, 404)
        self.assertEqual(curl(f"{self.url}/v1/inspect").json()["position"], 1)

    def test_live_events_arrive_while_commands_do(self):
        self.command("case", "1", "open")
        listener = subprocess.Popen(["curl", "-sN", "--max-time", str(WAIT_SECONDS), f"{self.url}/v1/events/live?from=1"],
                                    stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(self.until(listener, "id: 1"), [])
            self.until(listener, ": caught-up")
            self.command("case", "2", "open")
            self.until(listener, "id: 2")
            self.assertEqual(self.server.end()[0], 0)
            rest = listener.stdout.read()
            self.assertIn("event: case.opened", rest)
            self.assertIn(": the server is stopping", rest)
        finally:
            listener.kill()
            listener.communicate()

    def until(self, listener, line):
        """Reads up to the line; the ids that came before it."""
        ids = []
        for heard in listener.stdout:
            if heard.strip() == line:
                return ids
            if heard.startswith("id:"):
                ids.append(heard.strip())
        self.fail(f"the stream ended before {line}")

    def test_command_line_goes_to_the_server(self):
        sent = rapport("command", "case/1", "open", "--data", self.data, "--format", "json")
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertEqual(json.loads(sent.stdout)["position"], 1)
        lost = rapport("command", "case/1", "open", "--expect", "0", "--data", self.data, "--format", "json")
        self.assertEqual((lost.returncode, json.loads(lost.stderr.splitlines()[-1])["error"]["code"]),
                         (1, "stream.version_differs"))
        events = rapport("events", "--server", self.url, "--format", "json")
        self.assertEqual([json.loads(line) for line in events.stdout.splitlines()], curl(f"{self.url}/v1/events").json())
        report = rapport("query", "service/summary", "--data", self.data, "--format", "json")
        self.assertEqual(json.loads(report.stdout), curl(f"{self.url}/v1/views/service/summary").json())
        inspected = rapport("inspect", "--data", self.data, "--format", "json")
        self.assertEqual(json.loads(inspected.stdout)["position"], 1)
        self.assertEqual(rapport("verify", "--data", self.data).returncode, 0)

    def test_import_through_the_server(self):
        file = pathlib.Path(self.folder.name, "accounts.csv")
        file.write_text("account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
                        "北京太阳,software,1990,100.50,20,China,\n")
        done = rapport("import", "crm-sales", str(file), "--data", self.data, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        summary = json.loads(done.stdout)
        self.assertEqual((summary["rows"], summary["accepted"]), (1, 1))
        rows = curl(f"{self.url}/v1/views/customer360/accounts?name~={urllib.parse.quote('太阳')}").json()["rows"]
        self.assertEqual([row["name"] for row in rows], ["北京太阳"])
        missing = rapport("import", "crm-sales", "nowhere.csv", "--server", self.url, "--format", "json")
        self.assertEqual(missing.returncode, 1, missing.stderr)

    def test_store_and_port_have_one_holder(self):
        second = rapport("serve", "--data", self.data, "--listen", "127.0.0.1:0")
        self.assertEqual(second.returncode, 3)
        self.assertIn(str(self.server.process.pid), second.stderr)
        port = rapport("serve", "--data", self.data + " 2", "--listen", self.url.removeprefix("http://"))
        self.assertEqual(port.returncode, 3)
        self.assertIn(self.url.removeprefix("http://"), port.stderr)
        remote = rapport("serve", "--data", self.data + " 2", "--listen", "0.0.0.0:0")
        self.assertIn(remote.returncode, (1, 2))
        self.assertIn("--allow-remote", remote.stderr)
        nobody = rapport("inspect", "--server", "http://127.0.0.1:1")
        self.assertEqual(nobody.returncode, 3)

    def test_stops_on_sigterm_and_keeps_everything(self):
        position = self.command("case", "1", "open").json()["position"]
        code, _, err = self.server.end()
        self.assertEqual(code, 0, err)
        events = rapport("events", "--data", self.data, "--format", "json").stdout.splitlines()
        self.assertEqual(len(events), position)

    def test_what_was_acknowledged_survives_kill_9(self):
        for i in range(20):
            self.command("case", str(i), "open")
        self.server.end(signal.SIGKILL)
        gone = rapport("inspect", "--server", self.url)
        self.assertEqual(gone.returncode, 3)
        self.server.process.stdout.close()
        self.server.process.stderr.close()
        self.server = Server(self.data)
        self.assertEqual(curl(f"{self.server.url}/v1/inspect").json()["position"], 20)
        self.assertTrue(curl(f"{self.server.url}/v1/verify", "-X", "POST").json()["ok"])

    def test_idle_server_rests(self):
        def cpu_seconds():
            fields = pathlib.Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        self.command("case", "1", "open")
        before = cpu_seconds()
        time.sleep(2)
        self.assertLess(cpu_seconds() - before, 0.4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
