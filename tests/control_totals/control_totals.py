#!/usr/bin/env python3
"""Imports the real data sets and compares with their control totals.

    control_totals.py PROGRAM SAMPLES CLAIM
"""
import collections
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

PROGRAM, SAMPLES = sys.argv[1], pathlib.Path(sys.argv[2])
FILES = {
    "crm-sales": [SAMPLES / "crm_sales" / f"{n}.csv" for n in ("accounts", "products", "sales_teams", "sales_pipeline")],
    "incident-log": sorted((SAMPLES / "incident_log").glob("*.csv.gz")),
    "online-retail": sorted((SAMPLES / "online_retail").glob("*.csv.gz")),
}


def run(*arguments):
    done = subprocess.run([PROGRAM, *map(str, arguments), "--format", "json", "--quiet"], capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(f"rapport {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def load(preset, store, files=None):
    return run("import", preset, *(files or FILES[preset]), "--data", store, "--allow-rejects")


def rows(report, store, *more):
    return run("query", report, *more, "--data", store)["rows"]


def expect(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")
    print(f"ok {what}: {got}")


def pipeline(store, *more):
    totals = collections.defaultdict(lambda: [0, 0])
    for row in rows("pipeline/summary", store, *more):
        name = row["stage"] if row["status"] == "open" else row["status"]
        totals[name][0] += row["count"]
        totals[name][1] += row["amountMinor"] or 0
    return {name: tuple(total) for name, total in totals.items()}


def crm_sales(store):
    summary = load("crm-sales", store)
    expect("rows accepted", summary["accepted"], 8927)
    now = pipeline(store)
    expect("won", now["won"], (4238, 1000553400))
    expect("lost", now["lost"][0], 2473)
    expect("engaging", now["engaging"], (1589, 389222900))
    expect("prospecting", now["prospecting"], (500, 107398600))
    then = pipeline(store, "--as-of", "2017-06-30")
    expect("won as of 2017-06-30", then["won"], (1785, 422078300))
    expect("lost as of 2017-06-30", then["lost"][0], 894)
    expect("engaging as of 2017-06-30", then["engaging"], (1686, 421680700))
    for start, end in (("2016-12-01", "2017-03-31"), ("2017-04-01", "2017-06-30"), ("2017-07-01", "2017-12-31"), ("2017-02-14", "2017-02-14")):
        (row,) = rows("pipeline/waterfall", store, f"from={start}", f"to={end}")
        for unit in ("", "Minor"):
            part = {name: row[name + unit] for name in ("openStart", "new", "reopened", "pulledIn", "pushedOut", "won", "lost", "fx", "openEnd")}
            moved = row["upMinor"] - row["downMinor"] if unit else 0
            expect(f"waterfall {start}..{end} ties {unit}",
                   part["openStart"] + part["new"] + part["reopened"] + moved + part["pulledIn"] - part["pushedOut"] - part["won"] - part["lost"] + part["fx"],
                   part["openEnd"])
    teams = rows("pipeline/win-rate", store, "by=team")
    expect("teams", len(teams), 6)
    expect("won by teams", sum(row["won"] for row in teams), 4238)


def incident_log(store):
    summary = load("incident-log", store)
    expect("accepted, rejected", (summary["accepted"], summary["rejected"]), (141707, 5))
    expect("closed", [(row["state"], row["count"]) for row in rows("service/summary", store)], [("closed", 24918)])
    (sla,) = [row for row in rows("service/sla", store) if row["kind"] == "resolution"]
    expect("breached, met", (sla["breached"], sla["met"]), (9115, 15803))
    expect("milestones tie", sla["started"], sla["met"] + sla["breached"] + sla["running"] + sla["cancelled"])
    expect("reopened", rows("service/flow", store, "from=2016-01-01", "to=2017-12-31")[0]["reopened"], 331)
    then = {row["pendedOn"] or row["state"]: row["count"] for row in rows("service/summary", store, "--as-of", "2016-06-01T00:00:00Z")}
    expect("as of 2016-06-01", then, {"closed": 22606, "resolved": 857, "open": 456, "new": 351, "customer": 332, "vendor": 22, "problem": 19})


def online_retail(store):
    expect("accepted", load("online-retail", store)["accepted"], 541909)
    (row,) = rows("loyalty/summary", store)
    expect("loyalty", tuple(row[name] for name in ("members", "netSpendMinor", "earned", "reversed", "balance")),
           (4372, 830006581, 8902670, 609431, 8293239))
    expect("points tie", row["earned"] - row["redeemed"] - row["expired"] - row["reversed"] + row["adjusted"], row["balance"])
    members = rows("loyalty/members", store)
    expect("members below zero", (sum(m["balance"] < 0 for m in members), sum(min(m["balance"], 0) for m in members)), (41, -13207))
    expect("top customer", max((m["netSpendMinor"], m["id"]) for m in members), (27948902, "14646"))
    (then,) = rows("loyalty/summary", store, "--as-of", "2011-06-30")
    expect("as of 2011-06-30", (then["members"], then["netSpendMinor"]), (3002, 372850125))


def together(store):
    for preset in FILES:
        load(preset, store)
    before = run("inspect", "--data", store)
    expect("verified", run("verify", "--data", store)["ok"], True)
    run("rebuild", "--data", store)
    expect("digests after a rebuild", run("inspect", "--data", store)["views"], before["views"])
    for preset in FILES:
        again = load(preset, store)
        expect(f"{preset} again", (again["accepted"], again["events"]), (0, 0))
    expect("root", run("inspect", "--data", store)["root"], before["root"])


def overlap(store):
    """An export of the first half, then the whole: only what is new is added, and the totals are the whole's."""
    whole = FILES["crm-sales"][3].read_bytes().splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        half = pathlib.Path(folder) / "first_half.csv"
        half.write_bytes(b"".join(whole[:4401]))
        first = load("crm-sales", store, [*FILES["crm-sales"][:3], half])
        expect("first half", first["accepted"], 127 + 4400)
        second = load("crm-sales", store)
        expect("the rest", (second["accepted"], second["already"]), (4400, 4527))
    expect("won", pipeline(store)["won"], (4238, 1000553400))


def chinese(store):
    """Every text of the edge cases comes back byte for byte through a mapping that no preset knows."""
    source = SAMPLES / "zh" / "edge_cases_zh.csv"
    with source.open(encoding="utf-8", newline="") as lines:
        records = list(csv.DictReader(lines))
    key, *texts = records[0].keys()
    text = "text" if "text" in texts else max(texts, key=lambda name: len({record[name] for record in records}))
    mapping = {"mapping": "zh", "dialect": {"null": []}, "tables": [{
        "table": "names", "mode": "rows", "at": "unknown", "columns": {key: {"required": True}, text: {}}, "ignore": ["*"],
        "commands": [{"command": "account/create", "id": "{" + key + "}", "fields": {"kind": "person", "name": "{" + text + "}"}}]}]}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "zh.json"
        path.write_text(json.dumps(mapping))
        summary = run("import", path, source, "--data", store)
    expect("accepted", summary["accepted"], len(records))
    wanted = {record[key]: record[text] for record in records}
    expect("names", {row["id"]: row["name"] or "" for row in rows("customer360/accounts", store)} == wanted, True)


with tempfile.TemporaryDirectory(prefix="rapport-totals-") as temporary:
    globals()[sys.argv[3]](pathlib.Path(temporary) / "store")
