#!/usr/bin/env python3
"""Faults while events are written, published and folded: real brokers, the real program, kill -9.

    tests/fault/fault_test.py build/release/rapport ops/kafka/broker build/release/tests/fault/libfault_clock.so [--rounds N] [--seed N]

After each fault everything must be as if nothing had been: each event is on its topics once (`rapport audit-topic`, which reads the
topics alone), and the views that workers keep have the digests of the local ones. Prints a line a fault: what was published, gaps,
records that came twice, digests.
"""
import argparse
import http.client
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from proxy import Proxy  # noqa: E402

WAIT_SECONDS = 120
MEMBERS = 2  # of the group that keeps the pipeline


class Failed(Exception):
    pass


def soon(claim, what):
    until = time.monotonic() + WAIT_SECONDS
    while not claim():
        if time.monotonic() > until:
            raise Failed(f"{what}: not within {WAIT_SECONDS} s")
        time.sleep(0.05)


class Writer(threading.Thread):
    """Writes events through the server, and goes on through its restarts."""

    def __init__(self, rig):
        super().__init__(daemon=True)
        self.rig, self.over, self.written = rig, False, 0
        rig.writers += 1
        self.name = f"{rig.name}-{rig.writers}"

    def run(self):
        connection, number = None, 0
        while not self.over:
            number += 1
            body = json.dumps({"kind": "organisation", "name": f"客户 {number}", "industry": random.choice(["retail", "bank", "steel"])})
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.rig.port, timeout=10)
                connection.request("POST", f"/v1/account/{self.name}-{number}/create", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self.written += answer.status == 200
            except (OSError, http.client.HTTPException):
                connection = None
                time.sleep(0.05)
            time.sleep(0.002)

    def stop(self):
        self.over = True
        self.join()


class Rig:
    """A store that serves and publishes, and workers that follow it. The brokers are behind proxies."""

    def __init__(self, program, broker, clock, root, name, nodes=1):
        self.program, self.broker, self.clock, self.root, self.name, self.nodes = program, broker, clock, root / name, name, nodes
        self.root.mkdir()
        self.data, self.kafka = self.root / "store", self.root / "kafka"
        self.proxies = [Proxy(lambda node=node: self.broker_port(node)) for node in range(1, nodes + 1)]
        for node, proxy in enumerate(self.proxies, 1):
            home = self.kafka / f"node{node}"
            home.mkdir(parents=True)
            (home / "more.properties").write_text(f"advertised.listeners=PLAINTEXT://127.0.0.1:{proxy.port}\n")
        self.start_broker()
        self.address = ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies)
        self.server, self.port, self.workers, self.writers = None, 0, {}, 0
        self.run("demo", "--data", self.data, "--customers", "30", "--years", "1", "--quiet")
        self.key = self.run("keygen", "--data", self.data)["verifierKeys"][0]
        self.places = [("pipeline", "fault", self.root / f"pipeline-{member}") for member in range(1, MEMBERS + 1)] + [("customer360", None, self.root / "customer360")]

    def broker_port(self, node):
        ports = re.search(r"ports=\(([^)]*)\)", (self.kafka / "cluster").read_text())[1].split()
        return int(ports[2 * (node - 1)])

    def start_broker(self):
        started = subprocess.run([self.broker, "start", self.kafka, "--nodes", str(self.nodes)], capture_output=True, text=True)
        if started.returncode:
            raise Failed(started.stderr)

    def kill_broker(self, node=None):
        subprocess.run([self.broker, "kill", self.kafka] + ([str(node)] if node else []), check=True, capture_output=True)

    def run(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments), "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS)
        if done.returncode:
            raise Failed(f"{arguments}: {done.returncode} {done.stdout[-500:]} {done.stderr[-1500:]}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def serve(self):
        self.server = subprocess.Popen([self.program, "serve", "--data", self.data, "--kafka", self.address, "--listen", "127.0.0.1:0", "--quiet"],
                                       stdout=subprocess.PIPE, stderr=(self.root / "serve.log").open("a"), text=True)
        self.port = int(self.server.stdout.readline().strip().rsplit(":", 1)[1])

    def end_server(self, how=signal.SIGTERM):
        self.server.send_signal(how)
        self.server.wait(WAIT_SECONDS)
        self.server.stdout.close()

    def worker_command(self, view, group, state):
        return [self.program, "worker", view, "--kafka", self.address, "--state", str(state), "--quiet", "--format", "json"] + (["--group", group] if group else [])

    def start_worker(self, place):
        self.workers[place] = subprocess.Popen(self.worker_command(*place), stdout=subprocess.DEVNULL, stderr=(self.root / "workers.log").open("a"))

    def kill_worker(self, place):
        self.workers[place].send_signal(signal.SIGKILL)
        self.workers[place].wait(WAIT_SECONDS)

    def start(self):
        self.serve()
        for place in self.places:
            self.start_worker(place)

    def stop_workers(self):
        for worker in self.workers.values():
            worker.send_signal(signal.SIGTERM)
        for place, worker in self.workers.items():
            if worker.wait(WAIT_SECONDS) != 0:
                raise Failed(f"worker {place} ended with {worker.returncode}: {(self.root / 'workers.log').read_text()[-1500:]}")
        self.workers = {}

    def end(self):
        for process in [*self.workers.values(), *([self.server] if self.server else [])]:
            if process.poll() is None:
                process.kill()
                process.wait()
        subprocess.run([self.broker, "kill", self.kafka], capture_output=True)
        for proxy in self.proxies:
            proxy.end()

    def catch_up(self):
        """Everything that was written is published; the workers have ended and hold all of it."""
        head = json.loads(self.get("/v1/inspect"))["position"]
        soon(lambda: self.published() == head, f"publishing up to {head}")
        self.stop_workers()
        self.end_server()
        catching_up = [subprocess.Popen(self.worker_command(*place) + ["--until-caught-up"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for place in self.places]
        for place, worker in zip(self.places, catching_up):
            out, err = worker.communicate(timeout=WAIT_SECONDS)
            if worker.returncode or json.loads(out)["position"] not in (head, None):  # a member may have no share left
                raise Failed(f"{place}: {out} {err}")
        return head

    def published(self):
        return json.loads(self.get("/readyz"))["kafka"]["position"]

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        connection.request("GET", path)
        return connection.getresponse().read()

    def digests(self):
        """Of the views as workers keep them, and as the store does."""
        states = [argument for place in self.places for argument in ("--state", place[2])]
        kept = self.run("inspect", *states)["views"]
        local = self.run("inspect", "--data", self.data)["views"]
        return {view: (its["digest"], local[view]["digest"]) for view, its in kept.items()}


# --- faults: each gets the rig while events are written ---------------------------------------------------------------


def broker_killed(rig, seconds):
    rig.kill_broker()
    time.sleep(seconds)
    rig.start_broker()


def network_cut(rig, seconds):
    for _ in range(3):
        for proxy in rig.proxies:
            proxy.cut_now()
        time.sleep(seconds / 3)
        for proxy in rig.proxies:
            proxy.mend()
        time.sleep(0.5)


def network_slow(rig, seconds):
    for proxy in rig.proxies:
        proxy.delay_seconds, proxy.piece = 0.03, 4096
    time.sleep(2 * seconds)
    for proxy in rig.proxies:
        proxy.delay_seconds, proxy.piece = 0.0, 1 << 16


def worker_killed(rig, seconds):
    for _ in range(4):
        time.sleep(random.uniform(0.1, seconds / 2))
        place = random.choice(rig.places)
        rig.kill_worker(place)
        if random.random() < 0.5:
            shutil.rmtree(place[2], ignore_errors=True)  # and a machine with an empty disk takes over
        rig.start_worker(place)


def publisher_killed(rig, seconds):
    for _ in range(3):
        time.sleep(random.uniform(0.2, seconds / 2))
        rig.end_server(signal.SIGKILL)
        rig.serve()


def rebalance_storm(rig, seconds):
    """Members come, leave and die, with their disk or without, one upon the other; strangers join the group, too."""
    until = time.monotonic() + 3 * seconds
    extra, strangers = [], []
    while time.monotonic() < until:
        if len(extra) < 3:
            state = rig.root / f"pipeline-extra-{random.randrange(3)}-{len(extra)}"
            extra.append(subprocess.Popen(rig.worker_command("pipeline", "fault", state), stdout=subprocess.DEVNULL, stderr=(rig.root / "workers.log").open("a")))
        time.sleep(random.uniform(0.1, 0.5))
        what = random.randrange(4)
        if what == 0:
            member = extra.pop(random.randrange(len(extra)))
            member.send_signal(random.choice([signal.SIGTERM, signal.SIGKILL]))
            member.wait(WAIT_SECONDS)
        elif what == 1:
            place = rig.places[random.randrange(MEMBERS)]
            rig.kill_worker(place)
            if random.random() < 0.3:
                shutil.rmtree(place[2], ignore_errors=True)
            rig.start_worker(place)
        elif what == 2:
            frozen = rig.workers[rig.places[random.randrange(MEMBERS)]]
            frozen.send_signal(signal.SIGSTOP)
            time.sleep(random.choice([0.2, 7.0]) if seconds > 1 else 0.2)  # also longer than the group waits
            frozen.send_signal(signal.SIGCONT)
        else:
            strangers.append(subprocess.Popen(["kcat", "-b", rig.address, "-G", "fault", "crm.log.v1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    for process in extra + strangers:
        process.kill()
        process.wait()


def disk_full(rig, seconds):
    """The state directory takes no more in the middle of a batch: the worker says so and ends; with room again it goes on."""
    place = rig.places[-1]
    soon(lambda: rig.published() > 1000, "more than fits")
    rig.kill_worker(place)
    shutil.rmtree(place[2], ignore_errors=True)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    full = subprocess.run(rig.worker_command(*place) + ["--until-caught-up"], capture_output=True, text=True, preexec_fn=limit, timeout=WAIT_SECONDS)
    if full.returncode not in (1, 3) or '{"error"' not in full.stderr:
        raise Failed(f"a full disk: {full.returncode} {full.stderr}")
    rig.start_worker(place)


def clock_jump(rig, seconds):
    """The clock of a publisher and of a worker jumps by years and back while they are at work."""
    place = rig.places[1]
    rig.kill_worker(place)
    clock = rig.root / "clock"
    environment = dict(os.environ, LD_PRELOAD=rig.clock, RAPPORT_TEST_CLOCK=str(clock))

    def set_clock(days):
        with clock.open("r+b" if clock.exists() else "w+b") as file:  # in place: the program has it mapped
            file.write(struct.pack("=q", days * 86_400_000_000))

    def jumping(command):
        set_clock(0)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for days in (1096, -2, 0):
            time.sleep(seconds / 3)
            set_clock(days)
        time.sleep(seconds / 3)
        process.send_signal(signal.SIGTERM)
        if process.wait(WAIT_SECONDS):
            raise Failed(f"a clock that jumps: {process.stderr.read()}")
        process.stderr.close()

    jumping(rig.worker_command(*place))
    rig.end_server(signal.SIGTERM)
    jumping([rig.program, "publish", "--data", str(rig.data), "--kafka", rig.address, "--quiet"])
    rig.serve()
    rig.start_worker(place)


def topic_made_anew(rig, seconds):
    """The workers' places in crm.log.v1 are no more: they fold again from its beginning and jump over nothing."""
    rig.end_server(signal.SIGTERM)
    subprocess.run([rig.broker, "topics", rig.kafka, "--delete", "--topic", "crm.log.v1"], check=True, capture_output=True)
    time.sleep(seconds / 4)
    rig.serve()


def leader_killed(rig, seconds):
    def leader():
        listed = subprocess.run(["kcat", "-b", rig.address, "-L", "-t", "crm.log.v1"], capture_output=True, text=True).stdout
        found = re.search(r"partition 0, leader (\d)", listed)
        return found and int(found[1])

    soon(leader, "a leader of crm.log.v1")
    rig.kill_broker(leader())
    time.sleep(seconds)
    rig.start_broker()


FAULTS = [worker_killed, publisher_killed, broker_killed, network_cut, network_slow, rebalance_storm, disk_full, clock_jump, topic_made_anew]


def inject(rig, fault, seconds):
    """One line of the table; raises Failed if anything is not as it must be."""
    rig.start()
    writer = Writer(rig)
    writer.start()
    time.sleep(0.3)
    fault(rig, seconds)
    time.sleep(0.3)
    writer.stop()
    head = rig.catch_up()
    audit = subprocess.run([rig.program, "audit-topic", "--kafka", rig.address, "--pub", rig.key, "--format", "json", "--quiet"],
                           capture_output=True, text=True, timeout=WAIT_SECONDS)
    said = json.loads(audit.stdout) if audit.stdout else {"what": audit.stderr, "ok": False}
    digests = rig.digests()
    equal = all(kept == local for kept, local in digests.values())
    print(f"{fault.__name__:17} {rig.nodes} node(s): {writer.written:5} written, {head:6} published, "
          f"{0 if said['ok'] else 'at least 1'} gaps, {said.get('repeated')} doubled, "
          f"{'equal' if equal else 'DIFFERENT'} digests {' '.join(f'{view} {kept[:8]}' for view, (kept, _) in digests.items())}", flush=True)
    if not said["ok"] or said["events"] != head or said["signedUpTo"] != head:
        raise Failed(f"{fault.__name__}: {json.dumps(said)}")
    if said["repeated"]:
        raise Failed(f"{fault.__name__}: records came twice: {said['repeats']}")
    if not equal:
        raise Failed(f"{fault.__name__}: {digests}")
    if not writer.written:
        raise Failed(f"{fault.__name__}: nothing was written")


def joined(rig):
    """A report over the shares is the report of the view; with a share missing there is none."""
    shares = [argument for view, _, state in rig.places if view == "pipeline" for argument in ("--state", state)]
    for report in ("pipeline/summary", "pipeline/opportunities", "pipeline/win-rate"):
        arguments = (report, "by=owner") if report.endswith("rate") else (report, "--limit", "50", "--sort", "-amountMinor") if report.endswith("ities") else (report,)
        kept, local = rig.run("query", *arguments, *shares), rig.run("query", *arguments, "--data", rig.data)
        if (kept["rows"], kept["position"], kept["policies"]) != (local["rows"], local["position"], local["policies"]) or not kept["rows"]:
            raise Failed(f"{report} over shares: {kept} but {local}")
    held = rig.places[0][2] / "pipeline.shares" / "held"
    some = held.read_text().splitlines()
    held.write_text("".join(share + "\n" for share in some[1:]))
    refused = subprocess.run([rig.program, "query", "pipeline/summary", *map(str, shares[:2]), "--format", "json"], capture_output=True, text=True, timeout=WAIT_SECONDS)
    if refused.returncode == 0 or '"state.incomplete"' not in refused.stderr:
        raise Failed(f"without a share of {some} it answered: {refused.stdout} {refused.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("broker")
    parser.add_argument("clock", help="the library that shifts a program's clock")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a fault")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--only", help="one fault")
    options = parser.parse_args()
    random.seed(options.seed)
    program, broker, clock = (str(pathlib.Path(path).resolve()) for path in (options.program, options.broker, options.clock))
    print(f"seed {options.seed}")
    count = 0
    with tempfile.TemporaryDirectory(prefix="rapport-fault-") as folder:
        try:
            for name, nodes, faults in (("one", 1, FAULTS), ("three", 3, [leader_killed])):
                faults = [fault for fault in faults if options.only in (None, fault.__name__)]
                if not faults:
                    continue
                rig = Rig(program, broker, clock, pathlib.Path(folder), name, nodes)
                try:
                    for fault in faults * options.rounds:
                        inject(rig, fault, options.seconds)
                        count += 1
                    joined(rig)
                finally:
                    rig.end()
        except (Failed, subprocess.TimeoutExpired) as failed:
            print(f"FAILED {failed}")
            return 1
    print(f"{count} faults injected: 0 gaps, 0 doubled, digests equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
