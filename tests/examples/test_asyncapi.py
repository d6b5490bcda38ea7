"""The description of the bus is AsyncAPI, and says what the code says."""

import copy
import json
import unittest

import jsonschema

from asyncapi import DOCUMENT, GOLDEN, INBOX, RELEASED, SPECIFICATION, errors, errors_of_data, messages, payload

# Golden messages by what they are; each file's name begins with one of these, the longest first.
KINDS = ["appended", "conflict", "refused", "service", "append", "read", "page", "head", "recorded"]


def golden():
    for file in sorted(GOLDEN.glob("*.json")):
        if file.stem not in ("event", "names"):
            yield next(kind for kind in KINDS if file.stem.startswith(kind)), file.stem, json.loads(file.read_text())


def released():
    """Every event type with its schema numbers and examples of its data, as the code keeps them."""
    for file in sorted([*RELEASED.glob("*.json"), *INBOX.glob("*.json")]):
        kind, number = file.stem.split("@")
        yield kind, number, json.loads(file.read_text())


class TheDocument(unittest.TestCase):
    def test_it_is_asyncapi(self):
        jsonschema.Draft7Validator(json.loads(SPECIFICATION.read_text())).validate(DOCUMENT)

    def test_every_reference_leads_somewhere(self):
        def walk(value):
            if isinstance(value, dict):
                if "$ref" in value:
                    target = DOCUMENT
                    for part in value["$ref"].removeprefix("#/").split("/"):
                        target = target[part]
                value = list(value.values())
            if isinstance(value, list):
                for item in value:
                    walk(item)

        walk(DOCUMENT)

    def test_it_has_the_names_of_the_code_and_no_others(self):
        names = json.loads((GOLDEN / "names.json").read_text())
        channels = DOCUMENT["channels"].values()
        bindings = [channel["bindings"]["amqp"] for channel in channels if "bindings" in channel]
        self.assertEqual(set(names["exchanges"]), {binding["exchange"]["name"] for binding in bindings if "exchange" in binding})
        queues = {binding["queue"]["name"] for binding in bindings if "queue" in binding}
        self.assertEqual(set(names["queues"]), queues)
        addresses = {channel["address"] for channel in channels} - {None, "{category}.{happened}", "append.{streams}", "read"}
        addresses = {address.removesuffix(".{service}") for address in addresses}
        self.assertEqual(set(names["queues"]) | set(names["system"]), addresses)
        content = {message.get("contentType") for message in DOCUMENT["components"]["messages"].values()}
        self.assertEqual(set(names["content_types"]), (content - {None}) | {DOCUMENT["defaultContentType"]})

    def test_it_has_every_released_event_type_and_no_others(self):
        # What reactors note for themselves is no contract between services.
        known = {kind for kind, _, _ in released()} | {"reactor.settled"}
        self.assertEqual(known, messages("events"))
        numbered = {f"{kind}.{number}" for kind, number, _ in released()} | {"reactor.settled.1"}
        self.assertEqual(numbered, {name for name in DOCUMENT["components"]["schemas"] if "." in name})

    def test_every_kind_of_message_has_a_golden_one(self):
        kinds = {kind for kind, _, _ in golden()}
        others = set(DOCUMENT["components"]["messages"]) - messages("events") - {"deadLetter"}
        self.assertEqual(others, kinds)

    def test_every_golden_message_is_valid(self):
        for kind, name, value in golden():
            with self.subTest(name):
                self.assertEqual([], errors(payload(kind), value))

    def test_every_golden_message_of_another_kind_is_not(self):
        # Without this, schemas that take everything would pass.
        for kind, name, value in golden():
            for other in {"appended", "conflict", "refused", "append", "read", "page", "service"} - {kind}:
                if (kind, other) not in {("head", "read"), ("append", "read")}:  # A member more is ignored.
                    with self.subTest(name, other=other):
                        self.assertNotEqual([], errors(payload(other), value))

    def test_events_are_valid_with_all_their_data_described(self):
        event = json.loads((GOLDEN / "event.json").read_text())
        self.assertEqual([], errors(payload("product.stock-reserved"), event))
        for kind, number, examples in released():
            for data in examples:
                with self.subTest(kind, data=data):
                    self.assertEqual([], errors_of_data(kind, number, data))

    def test_an_event_without_what_it_needs_is_not_valid(self):
        event = json.loads((GOLDEN / "event.json").read_text())
        for member in ("specversion", "id", "type", "subject", "position", "version", "data", "cause"):
            broken = {name: value for name, value in event.items() if name != member}
            self.assertNotEqual([], errors(payload("product.stock-reserved"), broken), member)
        for kind, number, examples in released():
            schema = f"{kind}.{number}"
            for member in examples[0] if kind not in ("product.changed", "customer.profile-changed") else ():
                if member == "code":
                    continue
                broken = copy.deepcopy(examples[0])
                del broken[member]
                with self.subTest(schema, member=member):
                    self.assertNotEqual([], errors_of_data(kind, number, broken))
