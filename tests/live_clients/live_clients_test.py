#!/usr/bin/env python3
"""A thousand live clients of `rapport serve`, half of which never read: every one that reads gets every event once and in order, the
writer goes on, memory stays bounded, and who is one too many is told so.

    tests/live_clients/live_clients_test.py build/release/rapport
"""
import http.client
import json
import pathlib
import re
import resource
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

WAIT_SECONDS = 120
CLIENTS, EVENTS = 1000, 400
MEMORY_MAX = 256 << 20  # of what a thousand clients add; a megabyte for each that does not read would be 500


class Subscriber:
    """A raw socket on /v1/events/live. Keeps only what it needs of the stream: the ids of whole events."""

    def __init__(self, address, reads, path="/v1/events/live?from=1"):
        self.socket = socket.socket()
        if not reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(address)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.rest, self.ids, self.status = b"", [], None

    def read(self):
        """False: the server has ended it."""
        got = self.socket.recv(1 << 16)
        self.rest += got
        if self.status is None and b"\r\n" in self.rest:
            self.status = int(self.rest.split()[1])
        # Chunks begin between events, so their sizes stand in no event.
        end = 0
        for found in re.finditer(rb"(?<=\n)id: (\d+)\nevent: [^\n]*\ndata: [^\n]*\n\n", self.rest):
            self.ids.append(int(found[1]))
            end = found.end() - 1  # its last line break begins the next one
        self.rest = self.rest[end:]
        return bool(got)


class Clients(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rapport-live-")
        self.addCleanup(folder.cleanup)
        self.data = str(pathlib.Path(folder.name) / "data")

    def serve(self, **more):
        self.server = subprocess.Popen([PROGRAM, "serve", "--data", self.data, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True, **more)
        self.addCleanup(self.end)
        host, port = re.fullmatch(r"listening on http://(\S+):(\d+)\n", self.server.stdout.readline()).groups()
        self.address = (host, int(port))

    def end(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.communicate(timeout=WAIT_SECONDS)

    def memory(self):
        return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{self.server.pid}/status").read_text())[1]) << 10

    def write(self, events, written):
        where = http.client.HTTPConnection(*self.address, timeout=WAIT_SECONDS)
        for i in range(events):
            body = {"kind": "organisation", "industry": f"{i:0100}"}
            where.request("POST", f"/v1/account/a{i}/create", json.dumps(body), {"Content-Type": "application/json"})
            answer = where.getresponse()
            answer.read()
            if answer.status == 200:
                written.append(i)
        where.close()

    def test_a_thousand_half_of_which_never_read(self):
        self.serve()
        before = self.memory()
        written = []
        self.write(5, written)  # older than the subscribers
        clients = [Subscriber(self.address, reads=i % 2 == 0) for i in range(CLIENTS)]
        readers = clients[::2]
        writer = threading.Thread(target=self.write, args=(EVENTS, more := []))
        selector = selectors.DefaultSelector()
        for reader in readers:
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        writer.start()
        until, most = time.monotonic() + WAIT_SECONDS, 0
        wanted, left = None, set(readers)
        while left and time.monotonic() < until:
            for key, _ in selector.select(1):
                if not key.data.read():
                    selector.unregister(key.fileobj)
                    left.discard(key.data)
                if wanted and len(key.data.ids) >= wanted:
                    left.discard(key.data)
            if wanted is None and not writer.is_alive():
                wanted = EVENTS
                left = {reader for reader in left if len(reader.ids) < wanted}
            most = max(most, self.memory())
        writer.join()
        self.assertEqual(len(more), EVENTS - len(written), "accounts that are there are refused, all others are taken")
        total = EVENTS
        for reader in readers:
            self.assertEqual(reader.status, 200)
            self.assertEqual(reader.ids, list(range(1, total + 1)))
        print(f"{CLIENTS} clients added {(most - before) >> 20} MiB", file=sys.stderr)
        self.assertLess(most - before, MEMORY_MAX)
        for client in clients:
            client.socket.close()

    def test_who_is_one_too_many_is_told_so(self):
        self.serve(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400)))
        clients, refused = [], 0
        for _ in range(260):
            client = Subscriber(self.address, reads=True)
            client.socket.settimeout(WAIT_SECONDS)
            while client.status is None and client.read():
                pass
            clients.append(client)
            refused += client.status == 503
        self.assertEqual({client.status for client in clients}, {200, 503})
        self.assertGreater(refused, 0)
        written = []
        for client in clients[:10]:
            client.socket.close()
        until = time.monotonic() + WAIT_SECONDS
        while not written and time.monotonic() < until:  # those that left make room, as soon as that is noticed
            self.write(1, written)
        self.assertEqual(written, [0])
        for client in clients:
            client.socket.close()

    def test_names_that_there_are_not_are_errors(self):
        self.serve()
        where = http.client.HTTPConnection(*self.address, timeout=WAIT_SECONDS)
        for path, code in (("/v1/events/live?type=account.creatd", "events.unknown_type"), ("/v1/events/live?match=category%3Dacount", "events.unknown_category"),
                           ("/v1/events?wait=5&type=account.creatd", "events.unknown_type"), ("/v1/events?wait=5&match=category%3Dacount", "events.unknown_category")):
            where.request("GET", path)
            answer = where.getresponse()
            self.assertEqual(answer.status, 400, path)
            self.assertEqual(json.loads(answer.read())["code"], code)
        where.close()


if __name__ == "__main__":
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    unittest.main(verbosity=2)
