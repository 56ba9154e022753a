"""The AsyncAPI document is the one that is committed, of the structure that AsyncAPI 3.0 wants, and true of what is sent."""

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import msgspec

from registry.app import documents
from tests.api import Api
from tests.outbox.feeds import follow
from tests.outbox.test_feed import act

COMMITTED = Path(__file__).parent.parent.parent / "openapi" / "asyncapi.json"
REF = {
    "type": "object", "properties": {"$ref": {"type": "string", "pattern": "^#/"}}, "required": ["$ref"],
    "additionalProperties": False,
}  # fmt: skip
STRUCTURE: dict[str, Any] = {
    "type": "object",
    "required": ["asyncapi", "info"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "defaultContentType": {"type": "string"},
        "servers": {
            "type": "object",
            "additionalProperties": {
                "type": "object", "required": ["host", "protocol"], "additionalProperties": False,
                "properties": {
                    "host": {"type": "string"}, "protocol": {"type": "string"},
                    "security": {"type": "array", "items": REF},
                },
            },
        },
        "channels": {
            "type": "object",
            "additionalProperties": {
                "type": "object", "additionalProperties": False,
                "properties": {
                    "address": {"type": ["string", "null"]}, "description": {"type": "string"},
                    "messages": {"type": "object", "additionalProperties": REF},
                },
            },
        },
        "operations": {
            "type": "object",
            "additionalProperties": {
                "type": "object", "required": ["action", "channel"], "additionalProperties": False,
                "properties": {
                    "action": {"enum": ["send", "receive"]}, "channel": REF, "summary": {"type": "string"},
                    "bindings": {
                        "type": "object", "additionalProperties": False,
                        "properties": {
                            "http": {
                                "type": "object", "additionalProperties": False,
                                "properties": {
                                    "method": {"enum": ["GET", "POST"]}, "query": {"type": "object"},
                                    "bindingVersion": {"const": "0.3.0"},
                                },
                            }
                        },
                    },
                },
            },
        },
        "components": {
            "type": "object", "additionalProperties": False,
            "properties": {
                "schemas": {"type": "object"},
                "securitySchemes": {"type": "object"},
                "messages": {
                    "type": "object",
                    "propertyNames": {"pattern": r"^[\w.-]+$"},
                    "additionalProperties": {
                        "type": "object", "required": ["name", "payload"], "additionalProperties": False,
                        "properties": {
                            "name": {"type": "string"}, "title": {"type": "string"}, "contentType": {"type": "string"},
                            "headers": {"type": "object"}, "payload": {"type": "object"},
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip
"""The parts of AsyncAPI 3.0 that the document uses, as its specification describes them."""


@cache
def published() -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(documents()["asyncapi.json"])
    return decoded


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def test_the_committed_document_is_the_enforced_one_and_is_served(api: Api) -> None:
    assert COMMITTED.read_bytes() == documents()["asyncapi.json"], "run: scripts/registry asyncapi"
    assert api.get("/asyncapi.json", None).content == COMMITTED.read_bytes()


def test_the_document_has_the_structure_of_asyncapi_3() -> None:
    jsonschema_rs.validator_for(STRUCTURE).validate(published())
    for reference in references(published()):
        target: Any = published()
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    for operation in published()["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in published()["channels"]
    for schema in published()["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "http://json-schema.org/draft-07/schema#", **schema})


def test_every_event_is_one_of_its_messages(api: Api) -> None:
    chance = Random(7)
    made: dict[str, list[str]] = {"gatherings": [], "disputes": [], "patients": []}
    for _ in range(40):
        act(api, chance, made)
    components = published()["components"]
    events = [*follow(api, "supervisor"), *follow(api, "dashboard"), *follow(api, "neighbour")]
    for event in events:
        payload = components["messages"][event["type"]]["payload"]
        jsonschema_rs.validator_for({**payload, "components": components}).validate(event)
    assert {"scope.left", "disputes.created", "patients.transferred", "gatherings.voided"} <= {
        e["type"] for e in events
    }
