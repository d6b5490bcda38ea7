"""`docs/asyncapi.yaml`, and the JSON schemas in it."""

import json

import jsonschema
import yaml

from processes import ROOT

DOCUMENT = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text())
GOLDEN = ROOT / "shop/contracts/tests/golden"
RELEASED = ROOT / "shop/contracts/tests/released"
INBOX = ROOT / "crates/runtime/tests/released"
SPECIFICATION = ROOT / "tests/examples/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
SYSTEM = {"system.recorded": "recorded", "system.head": "head", "system.service": "service"}


def messages(channel):
    """The names of a channel's messages."""
    return set(DOCUMENT["channels"][channel]["messages"])


def payload(message):
    return DOCUMENT["components"]["messages"][message]["payload"]


def errors(schema, value, draft=jsonschema.Draft7Validator):
    """What is wrong with a value, in the words of the schema; nothing if nothing is."""
    # With the whole document around it, references lead where they do there.
    whole = {"components": DOCUMENT["components"], "allOf": [schema]}
    validator = draft(whole, format_checker=jsonschema.FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def errors_of_data(kind, number, data):
    """The same for an event's data, where what the document does not describe is wrong too."""
    schema = {"$ref": f"#/components/schemas/{kind}.{number}"}
    # The draft after AsyncAPI's: its `unevaluatedProperties` sees through `allOf`.
    strict = {"allOf": [schema], "unevaluatedProperties": False}
    return errors(strict, data, jsonschema.Draft202012Validator)


def errors_of_broadcast(routing_key, body):
    """What is wrong with something that was heard under a routing key."""
    value = json.loads(body)
    if routing_key in SYSTEM:
        return errors(payload(SYSTEM[routing_key]), value)
    if routing_key.startswith("system.service."):
        wrong_name = [] if routing_key == f"system.service.{value['name']}" else [f"{value['name']} under {routing_key}"]
        return wrong_name + errors(payload("service"), value)
    kind = value["type"].removeprefix("agora.")
    if kind not in messages("events"):
        return [f"{kind} is not in the document"]
    expected = f"{value['subject'].split('-')[0]}.{kind.split('.', 1)[1]}"
    wrong_key = [] if routing_key == expected else [f"the routing key is {routing_key}, not {expected}"]
    number = value["dataschema"].rsplit(":", 1)[1]
    return wrong_key + errors(payload(kind), value) + errors_of_data(kind, number, value["data"])
