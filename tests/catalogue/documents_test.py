#!/usr/bin/env python3
"""AsyncAPI's own parser and a browser read the exported catalogue.

    documents_test.py RAPPORT
"""
import html.parser
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
from fetched import fetched  # noqa: E402

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
ENVIRONMENT = dict(os.environ, NODE_PATH=fetched("node"))


def node(script, *arguments):
    done = subprocess.run(["node", HERE / script, *map(str, arguments)], env=ENVIRONMENT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Page(html.parser.HTMLParser):
    """What a page refers to and is made of."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.tags = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]
        self.ids.update(attributes[name] for name in ("id",) if name in attributes)


class DocumentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.catalogue = pathlib.Path(cls.folder.name) / "catalogue"
        subprocess.run([PROGRAM, "export", "catalogue", cls.catalogue, "--quiet"], check=True, capture_output=True)
        cls.events = json.loads(subprocess.run([PROGRAM, "schema", "events"], check=True, capture_output=True).stdout)
        cls.types = [event["type"] for event in cls.events]
        cls.aggregates = sorted({event["aggregate"] for event in cls.events})

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_asyncapis_parser_understands_every_channel(self):
        read = node("asyncapi.js", self.catalogue / "asyncapi.json")
        self.assertEqual(read["faults"], [])
        self.assertEqual(read["version"], "3.0.0")
        topics = {address: messages for address, messages in read["channels"].items() if address.startswith("crm.")}
        self.assertEqual({address for address in topics if address.endswith(".events.v1")}, {f"crm.{name}.events.v1" for name in self.aggregates})
        self.assertEqual(sorted(message for address, messages in topics.items() if address.endswith(".events.v1") for message in messages),
                         sorted(self.types))
        for address, messages in read["channels"].items():
            self.assertTrue(messages, f"{address} has no message: describe it in adapters/catalogue/asyncapi.cpp")
        self.assertEqual({address for address in read["channels"] if not address.startswith("crm.")}, {"/v1/events/live", "/v1/events", "null"})
        rows = {address: messages for address, messages in topics.items() if address.endswith(".state.v1")}
        self.assertEqual(set(rows), {f"crm.{view}.state.v1" for view in ("pipeline", "service", "loyalty", "customer360")})
        self.assertEqual(read["keys"], len(self.types) + sum(map(len, rows.values())))

    def test_the_parser_can_refuse(self):
        document = json.loads((self.catalogue / "asyncapi.json").read_text())
        document["channels"] = {"log": document["channels"]["log"]}
        document["components"] = {}
        document["channels"]["log"]["bindings"]["kafka"]["partitions"] = "one"
        broken = pathlib.Path(self.folder.name) / "broken.json"
        broken.write_text(json.dumps(document))
        self.assertTrue(node("asyncapi.js", broken)["faults"])

    def test_no_page_needs_a_script_and_every_link_leads_somewhere(self):
        pages = {file.name: Page(file.read_text()) for file in self.catalogue.glob("*.html")}
        self.assertEqual(set(pages), {f"{name}.html" for name in self.aggregates} | {"index.html"})
        for name, page in pages.items():
            self.assertNotIn("script", page.tags)
            self.assertEqual(page.tags.count("table"), page.tags.count("caption"), name)
            for link in page.links:
                if link == "data:,":
                    continue
                file, _, fragment = link.partition("#")
                self.assertTrue((self.catalogue / (file or name)).exists(), f"{name}: {link}")
                if fragment:
                    self.assertIn(fragment, pages[file or name].ids, f"{name}: {link}")

    def test_a_browser_shows_every_event_with_its_fields_and_an_example(self):
        shots = pathlib.Path(self.folder.name) / "shots"
        seen = node("pages.js", fetched("browser"), self.catalogue, shots)
        self.assertEqual({name: page["complaints"] for name, page in seen.items() if page["complaints"]}, {})
        for event in self.events:
            page = seen[f"{event['aggregate']}.html"]
            section = page["sections"][event["type"]]
            self.assertIn(event["title"], section["text"])
            self.assertTrue(set(event["fields"]) <= set(section["fields"]), event["type"])
            self.assertEqual(list(section["example"]), event["fields"])
            self.assertEqual("personal" in section["marks"], bool(event["personal"] or section["nestedPersonal"]), event["type"])
        for name, page in seen.items():
            self.assertEqual((page["language"], page["headings"]), ("en", 1), name)
            self.assertLessEqual(page["overflow"], 0, f"{name} is wider than a phone")
            self.assertTrue((shots / f"{name}.png").read_bytes().startswith(b"\x89PNG"))
        self.assertTrue((shots / "index.html.pdf").read_bytes().startswith(b"%PDF"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
