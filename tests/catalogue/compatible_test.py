#!/usr/bin/env python3
"""What a release published stays true: its schemas (tests/golden/schemas/VERSION) against those of this program.

    compatible_test.py RAPPORT        UPDATE_GOLDEN=1 writes what this version has and no file has yet

Adding events and optional fields is allowed. Whatever a subscriber may rely on stays: events, fields, their types and enumerants,
headers, topics; and no field is new and required, since older records lie in the topics without it.
"""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
RELEASES = pathlib.Path(__file__).resolve().parents[1] / "golden" / "schemas"


def forms(schema):
    """A schema's alternatives by their kind: {"object": {...}, "null": {...}}."""
    kinds = {}
    for one in schema.get("anyOf", [schema]):
        kind = "enum" if "enum" in one else "constant" if "const" in one else one.get("type", "anything")
        if kind == "object" and set(one.get("properties", {})) == {"sealed"}:
            kind = "sealed text"
        kinds[kind] = one
    return kinds


def differences(then, now, path):
    """Each way in which a value by `now` is not what `then` promised, as a sentence."""
    before, after = forms(then), forms(now)
    for kind, was in before.items():
        if kind not in after:
            yield f"{path} was {kind} and is {' or '.join(after)}"
        else:
            yield from changed_form(kind, was, after[kind], path)
    if "sealed text" in after and "sealed text" not in before:
        yield f"{path} is personal now, so its text may come sealed"
    if "null" in after and "null" not in before:
        yield f"{path} may be null now"


def changed_form(kind, was, now, path):
    if kind == "enum":
        for value in was["enum"]:
            if value not in now["enum"]:
                yield f"{path} lost its value {value}"
    elif kind == "constant" and was["const"] != now["const"]:
        yield f"{path} was {was['const']} and is {now['const']}"
    elif kind == "array":
        yield from differences(was["items"], now["items"], path + "/0")
    elif kind == "object":
        yield from changed_object(was, now, path)
    if was.get("pattern") != now.get("pattern") or was.get("format") != now.get("format"):
        yield f"{path} is written in another form"


def changed_object(was, now, path):
    for name, field in was.get("properties", {}).items():
        if name not in now["properties"]:
            yield f"{path}/{name} is gone"
        else:
            yield from differences(field, now["properties"][name], f"{path}/{name}")
    for name in now.get("required", []):
        if name not in was.get("required", []):
            yield f"{path}/{name} is required now, and older records lie in the topics without it: make it optional"
    for name in was.get("required", []):
        if name in now["properties"] and name not in now.get("required", []):
            yield f"{path}/{name} need not be there any more"


def all_differences(then, now):
    for name, schema in then["schemas"].items():
        if name not in now["schemas"]:
            yield f"{name} is gone"
        else:
            yield from differences(schema, now["schemas"][name], name)
    for topic, events in then["topics"].items():
        for event in events:
            if event not in now["topics"].get(topic, []):
                yield f"{event} is on {topic} no more"


def exported(folder):
    """A catalogue as it is compared: each schema by name, and what is on each topic."""
    document = json.loads((folder / "asyncapi.json").read_text())
    topics = {}
    for channel in document["channels"].values():
        if (channel["address"] or "").startswith("crm."):
            topics[channel["address"]] = sorted(
                message["$ref"].rpartition("/")[2] if "$ref" in message else message["name"] for message in channel["messages"].values())
    schemas = {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in (folder / "schemas").iterdir()}
    # Headers are made alike for every event: one stands for all.
    schemas = {name: schema for name, schema in schemas.items() if not name.endswith(".headers") or name == "opportunity.won.headers"}
    # Rows of views are described in the document alone.
    for channel in document["channels"].values():
        for message in channel["messages"].values():
            if (channel["address"] or "").endswith(".state.v1") and "properties" in message["payload"]:
                schemas[message["name"]] = message["payload"]
    return {"schemas": schemas, "topics": topics}


def released(folder):
    files = {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in folder.iterdir()}
    return {"topics": files.pop("topics"), "schemas": files}


def version():
    said = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"\d+\.\d+\.\d+", said)[0]


def write_missing(folder, now):
    """Files that there are stay as they are; only the list of topics grows."""
    folder.mkdir(parents=True, exist_ok=True)
    topics = folder / "topics.json"
    kept = json.loads(topics.read_text()) if topics.exists() else {}
    grown = {topic: sorted({*kept.get(topic, []), *now["topics"].get(topic, [])}) for topic in {*kept, *now["topics"]}}
    for name, content in [("topics", dict(sorted(grown.items()))), *now["schemas"].items()]:
        file = folder / f"{name}.json"
        if name == "topics" or not file.exists():
            file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


class CompatibleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([PROGRAM, "export", "catalogue", folder, "--quiet"], check=True, capture_output=True)
            cls.now = exported(pathlib.Path(folder))
        if os.environ.get("UPDATE_GOLDEN") == "1":
            write_missing(RELEASES / version(), cls.now)

    def test_every_release_is_still_understood(self):
        releases = sorted(RELEASES.iterdir())
        self.assertTrue(releases)
        for release in releases:
            broken = list(all_differences(released(release), self.now))
            self.assertEqual(broken, [], f"subscribers of {release.name} would break")

    def test_whatever_this_version_has_is_kept_for_later_ones(self):
        kept = RELEASES / version()
        names = {file.name.removesuffix(".json") for file in kept.iterdir()} if kept.exists() else set()
        self.assertEqual(set(self.now["schemas"]) - names, set(), "run with UPDATE_GOLDEN=1 and commit the new files")
        self.assertEqual(released(kept)["topics"], self.now["topics"], "run with UPDATE_GOLDEN=1 and commit topics.json")

    def after(self, change):
        """What is said after one change of the schemas."""
        now = copy.deepcopy(self.now)
        change(now["schemas"], now)
        return list(all_differences(self.now, now))

    def test_the_check_can_fail(self):
        def properties(schemas, name):
            return schemas[name]["properties"]

        def retyped(schemas, _):
            properties(schemas, "opportunity.won")["amount"]["properties"]["amountMinor"] = {"type": "string"}

        def fewer_values(schemas, _):
            next(one for one in properties(schemas, "case.opened")["channel"]["anyOf"] if "enum" in one)["enum"].remove("email")

        def another_field(schemas, required):
            properties(schemas, "order.placed")["note"] = {"type": "string"}
            if required:
                schemas["order.placed"]["required"].append("note")

        def open_text(schemas, _):
            text = properties(schemas, "opportunity.lost")["text"]
            text["anyOf"] = [one for one in text["anyOf"] if one["type"] != "object"]

        rows = [
            (lambda schemas, _: properties(schemas, "opportunity.lost").pop("competitor"), "opportunity.lost/competitor is gone"),
            (lambda schemas, _: properties(schemas, "order.placed")["lines"]["items"]["properties"].pop("qtyMilli"), "order.placed/lines/0/qtyMilli is gone"),
            (retyped, "opportunity.won/amount/amountMinor was integer and is string"),
            (fewer_values, "case.opened/channel lost its value email"),
            (lambda schemas, _: schemas.pop("opportunity.won"), "opportunity.won is gone"),
            (lambda schemas, _: another_field(schemas, True),
             "order.placed/note is required now, and older records lie in the topics without it: make it optional"),
            (lambda schemas, _: schemas["opportunity.lost"]["required"].remove("reasonCode"), "opportunity.lost/reasonCode need not be there any more"),
            (open_text, "opportunity.lost/text was sealed text and is string or null"),
            (lambda schemas, _: properties(schemas, "opportunity.won.headers").pop("ce_id"), "opportunity.won.headers/ce_id is gone"),
            (lambda schemas, _: properties(schemas, "opportunity.won.headers")["ce_specversion"].update({"const": "2.0"}),
             "opportunity.won.headers/ce_specversion was 1.0 and is 2.0"),
            (lambda _, now: now["topics"]["crm.opportunity.events.v1"].remove("opportunity.won"), "opportunity.won is on crm.opportunity.events.v1 no more"),
            (lambda schemas, _: properties(schemas, "loyalty.loyaltyMember.m").pop("balance"), "loyalty.loyaltyMember.m/balance is gone"),
            (lambda _, now: now["topics"].pop("crm.log.v1"), "rapport.frame is on crm.log.v1 no more"),
        ]
        for change, sentence in rows:
            self.assertEqual(self.after(change), [sentence])
        for allowed in (lambda schemas, _: another_field(schemas, False), lambda schemas, _: schemas.update({"order.gifted": {"type": "object"}})):
            self.assertEqual(self.after(allowed), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
