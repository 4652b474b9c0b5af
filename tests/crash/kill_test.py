#!/usr/bin/env python3
"""`rapport serve` killed with -9 under load, again and again, with a client that writes each receipt down, synced.

    tests/crash/kill_test.py PROGRAM [--kills N] [--seed N]

After each kill every request in doubt is sent again with its key, and a sample of what was acknowledged, too: each receipt comes back as
it was. At the end the whole log is compared with the receipts: none lost, none double, nothing that nobody asked for; the log
verifies, and the views are what a rebuild makes of it. The seed chooses the moments; what they fall into is up to the machine.
"""
import argparse
import collections
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid

CLIENTS = 6
WAIT_SECONDS = 60
STORY = [("open", {"subject": "no light", "priority": 2}), ("start", {}),
         ("reply", {"direction": "inbound", "public": True, "text": "still dark"}), ("reply", {"direction": "outbound", "public": True})]

Request = collections.namedtuple("Request", "key path body")


class Server:
    def __init__(self, program, data, log):
        self.process = subprocess.Popen([program, "serve", "--data", data, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                                        stderr=log, text=True)

    def port(self):
        """None if it ended, or was killed, before it listened."""
        match = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", self.process.stdout.readline())
        return int(match[1]) if match else None

    def kill(self):
        self.process.kill()
        self.process.communicate()


class Receipts:
    """What was acknowledged. A line is synced before anybody counts on it."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.lock = threading.Lock()
        self.by_key = {}
        self.requests, self.in_doubt = {}, set()
        self.wrong = []

    def sent(self, request):
        with self.lock:
            self.requests[request.key] = request
            self.in_doubt.add(request.key)

    def received(self, request, receipt):
        kept = (receipt["positions"], receipt["leaves"])
        with self.lock:
            known = self.by_key.get(request.key)
            if known is not None and known != kept:
                self.wrong.append(f"{request.key} has another receipt: {known}, now {kept}")
        if known is None:
            os.write(self.file, f"{request.key} {json.dumps(kept)}\n".encode())
            os.fdatasync(self.file)
        with self.lock:
            self.by_key[request.key] = kept
            self.in_doubt.discard(request.key)


def send(connection, request):
    connection.request("POST", request.path, body=json.dumps(request.body),
                       headers={"Content-Type": "application/json", "Idempotency-Key": request.key})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    if answer.status != 200:
        raise AssertionError(f"{answer.status} {body} for {request}")
    return body


def client(number, round_number, port, again, receipts):
    """First what it was given to ask again, then new cases until the server is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
    try:
        for request in again:
            receipts.received(request, send(connection, request))
        for case in range(1_000_000):
            for step, (name, body) in enumerate(STORY):
                request = Request(str(uuid.uuid4()), f"/v1/case/{round_number}-{number}-{case}/{name}", body)
                receipts.sent(request)
                receipts.received(request, send(connection, request))
    except (OSError, http.client.HTTPException):
        pass  # killed
    except Exception as error:  # told, whatever it is
        receipts.wrong.append(f"a client was answered {error!r}")
    finally:
        connection.close()


class Run:
    def __init__(self, program, kills, seed, folder):
        self.program, self.kills, self.random = program, kills, random.Random(seed)
        self.data, self.log = os.path.join(folder, "store"), open(os.path.join(folder, "serve.log"), "w")
        self.receipts = Receipts(os.path.join(folder, "receipts"))
        self.retried = self.while_opening = 0

    def round(self, number):
        server = Server(self.program, self.data, self.log)
        if number % 6 == 5:  # while it opens
            time.sleep(self.random.uniform(0, 0.12))
            server.kill()
            self.while_opening += 1
            return
        port = server.port()
        if port is None:
            server.kill()
            raise AssertionError("the server does not start again; see " + self.log.name)
        self.retried += len(self.receipts.in_doubt)
        known = self.random.sample(list(self.receipts.by_key), min(24, len(self.receipts.by_key)))
        again = [self.receipts.requests[key] for key in [*sorted(self.receipts.in_doubt), *known]]
        threads = [threading.Thread(target=client, args=(n, number, port, again[n::CLIENTS], self.receipts)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.05, 0.6))
        server.kill()
        for thread in threads:
            thread.join()

    def finish(self):
        """Asks again what is still in doubt, then compares."""
        server = Server(self.program, self.data, self.log)
        connection = http.client.HTTPConnection("127.0.0.1", server.port(), timeout=WAIT_SECONDS)
        for request in [self.receipts.requests[key] for key in self.receipts.in_doubt]:
            self.retried += 1
            self.receipts.received(request, send(connection, request))
        connection.close()
        server.process.terminate()
        if server.process.wait(WAIT_SECONDS) != 0:
            self.receipts.wrong.append("the server did not stop well")
        server.process.stdout.close()
        return self.compare() + self.receipts.wrong

    def rapport(self, *arguments):
        return subprocess.run([self.program, *arguments, "--data", self.data], capture_output=True, text=True)

    def compare(self):
        wrong, stored = [], collections.defaultdict(list)
        events = self.rapport("events", "--format", "json").stdout.splitlines()
        for place, line in enumerate(events, 1):
            event = json.loads(line)
            if event["position"] != place:
                wrong.append(f"position {event['position']} follows {place - 1}")
            stored[event["id"].split(".")[0]].append((event["position"], event["leaf"]))
        for key, (positions, leaves) in self.receipts.by_key.items():
            there = stored.pop(key, None)
            if there != list(zip(positions, leaves)):
                wrong.append(f"{key} was acknowledged as {positions}, in the log is {there}")
        wrong += [f"{key} is in the log and has no receipt" for key in stored]
        for check in (("verify", "--quiet"), ("rebuild", "--quiet")):
            done = self.rapport(*check)
            if done.returncode != 0:
                wrong.append(f"{check[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        self.events = len(events)
        return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="rapport-kill-")
    run = Run(os.path.abspath(given.program), given.kills, given.seed, folder)
    started = time.monotonic()
    try:
        for number in range(given.kills):
            run.round(number)
        wrong = run.finish()
    except AssertionError as error:
        wrong = [str(error)] + run.receipts.wrong
    if wrong:
        print(*wrong[:20], f"{len(wrong)} wrong; the store and the receipts are in {folder}", sep="\n")
        return 1
    print(f"{given.kills} kills ({run.while_opening} while opening), {len(run.receipts.by_key)} receipts, {run.events} events, "
          f"{run.retried} in doubt and asked again, 0 lost, 0 double, {time.monotonic() - started:.0f} s")
    if len(run.receipts.by_key) < given.kills or run.retried == 0:
        print("too little load to prove anything")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
