"""The AsyncAPI document is the one that is committed, is valid AsyncAPI 3.0, and is true of what is sent.

`asyncapi/3.0.0.json` is the official schema, as it stands in version 6.11.1 of the npm package @asyncapi/specs (schemas/3.0.0.json), under
the Apache License 2.0: LICENSE and NOTICE beside it.
"""

import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from registry.app import documents
from registry.outbox.feed.asyncapi import as_draft_07
from registry.settings import Settings
from tests import api as openapi
from tests import factories
from tests.api import Api
from tests.conftest import KELU
from tests.outbox.feed.feeds import Event, follow
from tests.outbox.feed.test_feed import BAISHA_VILLAGE, act, transfer
from tests.reports.test_reminders import DUE, accepted, die, looking
from tests.test_registers import KINDS, REASON
from tests.web.test_alerts import change

Schema = dict[str, Any]

COMMITTED = Path(__file__).parents[3] / "openapi" / "asyncapi.json"
OFFICIAL: Schema = msgspec.json.decode((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_bytes())
DRAFT_07 = OFFICIAL["definitions"]["http://json-schema.org/draft-07/schema"]["properties"].keys()
RING = [[110.1, 20.9], [110.2, 20.9], [110.2, 21.0], [110.1, 20.9]]
READERS = ["clerk", "neighbour", "supervisor", "dashboard", "bot", "administrator"]


@cache
def published() -> Schema:
    decoded: Schema = msgspec.json.decode(documents()["asyncapi.json"])
    return decoded


@cache
def validator(reference: str) -> jsonschema_rs.Validator:
    """Of a schema of the document, as who reads AsyncAPI understands it."""
    schema = {"allOf": [{"$ref": reference}], "components": published()["components"]}
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


def check(event: Event) -> None:
    """That an event is one of its messages, and says nothing of which the document does not tell."""
    validator(f"#/components/messages/{event['type']}/payload").validate(event)
    assert event.keys() <= published()["components"]["schemas"]["CloudEvent"]["properties"].keys()


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()


def schemas_in(node: Any) -> Iterator[Schema]:
    """A schema and those that it is made of."""
    if isinstance(node, list):
        for each in node:
            yield from schemas_in(each)
    elif isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in {"const", "default", "enum", "examples"}:
                yield from schemas_in(list(value.values()) if key == "properties" else value)


def test_the_committed_document_is_the_enforced_one_and_is_served(api: Api) -> None:
    assert COMMITTED.read_bytes() == documents()["asyncapi.json"], "run: scripts/registry asyncapi"
    assert api.get("/asyncapi.json", None).content == COMMITTED.read_bytes()


def test_the_document_is_valid_asyncapi_3() -> None:
    jsonschema_rs.Draft7Validator(OFFICIAL, validate_formats=True).validate(published())
    for reference in references(published()):
        target: Any = published()
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    for operation in published()["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in published()["channels"]


def test_the_schemas_say_nothing_that_draft_07_ignores() -> None:
    components = published()["components"]
    roots = [*components["schemas"].values(), *(message["payload"] for message in components["messages"].values())]
    roots += [operation["bindings"]["http"].get("query", {}) for operation in published()["operations"].values()]
    for schema in schemas_in(roots):
        jsonschema_rs.meta.validate({"$schema": "http://json-schema.org/draft-07/schema#", **schema})
        words = {word for word in schema if not word.startswith("x-")}
        assert words <= DRAFT_07, schema
        assert "$ref" not in words or len(schema) == 1, schema


@pytest.mark.parametrize(
    ("schema", "same"),
    [
        ({"prefixItems": [{"type": "null"}], "items": False}, {"items": [{"type": "null"}], "additionalItems": False}),
        ({"prefixItems": [{"const": 1}]}, {"items": [{"const": 1}], "additionalItems": True}),
        ({"$ref": "#/x", "title": "名"}, {"allOf": [{"$ref": "#/x"}], "title": "名"}),
        ({"$ref": "#/x", "allOf": [{"minimum": 1}]}, {"allOf": [{"$ref": "#/x"}, {"minimum": 1}]}),
        ({"properties": {"discriminator": {"$ref": "#/x"}}}, {"properties": {"discriminator": {"$ref": "#/x"}}}),
        ({"not": {"anyOf": [{}], "discriminator": {"propertyName": "type"}}}, {"not": {"anyOf": [{}]}}),
        ({"additionalProperties": False, "enum": ["items"]}, {"additionalProperties": False, "enum": ["items"]}),
    ],
)
def test_what_2020_12_says_is_said_as_draft_07(schema: Schema, same: Schema) -> None:
    assert as_draft_07(schema) == same


@pytest.mark.parametrize(
    ("geometry", "fits"),
    [
        ({"type": "Point", "coordinates": [110.0, 20.9]}, True),
        ({"type": "Polygon", "coordinates": [RING]}, True),
        ({"type": "Point", "coordinates": [110.0]}, False),
        ({"type": "Point", "coordinates": [110.0, 20.9, 5]}, False),
        ({"type": "Point", "coordinates": [20.9, 110.0]}, False),
        ({"type": "Polygon", "coordinates": [[[110.1, 99], *RING[1:]]]}, False),
        ({"type": "Line", "coordinates": RING}, False),
    ],
)
def test_the_geometries_that_fit_are_those_that_there_are(geometry: Schema, fits: bool) -> None:
    assert validator("#/components/schemas/Dispute/properties/geometry").is_valid(geometry) is fits


@pytest.mark.parametrize(
    ("operation", "path"), [("sendChanges", "/v1/changes"), ("streamChanges", "/v1/changes/stream")]
)
def test_what_may_be_asked_for_is_what_openapi_says(operation: str, path: str) -> None:
    parameters = openapi.published()["paths"][path]["get"]["parameters"]
    query = published()["operations"][operation]["bindings"]["http"]["query"]
    assert query["properties"].keys() == {each["name"] for each in parameters if each["in"] == "query"}
    assert query["properties"].keys() >= {"after", "registers", "division"}
    for each in parameters:
        assert each["in"] != "query" or each["schema"].items() <= query["properties"][each["name"]].items()


def keep(api: Api, settings: Settings) -> None:
    """A small book in which everything happens that can happen in each register."""
    for name, kind in KINDS.items():
        entry = api.made(f"/v1/{name}", kind.body(api), kind.writer)
        at, was = f"/v1/{name}/{entry['id']}", {field: entry[field] for field in kind.change}
        assert api.patch(at, kind.change, who=kind.writer).status_code == 200
        assert api.act(f"{at}/correct", {"reason": REASON, "changes": was}, who=kind.writer).status_code == 200
        assert api.act(f"{at}/void", {"reason": REASON}, who=kind.voider).status_code == 200
    for geometry in ({"type": "Point", "coordinates": [110.0, 20.9]}, {"type": "Polygon", "coordinates": [RING]}):
        api.made("/v1/disputes", factories.dispute(geometry=geometry))
    api.made("/v1/sheds", factories.shed(point={"lon": 110.0, "lat": 20.9}))
    person = api.made("/v1/patients", factories.patient(id_number=None))["id"]
    transfer(api, person, BAISHA_VILLAGE)
    glass = {"register": "patients", "entry_id": person, "reason": "核查(示范)", "minutes": 5}
    assert api.post("/v1/break-glass", glass, "auditor").status_code == 201
    body = {"patient_id": person, "basis": "consent_withdrawn", "note": "示范〔2020〕1号"}
    asked = api.post("/v1/erasures", body, "administrator").json()["id"]
    assert api.post(f"/v1/erasures/{asked}/confirm", None, "supervisor").status_code == 200
    accepted(api)
    assert asyncio.run(looking(settings, DUE, 1, None, die))


def test_every_message_is_sent_and_every_event_is_one(api: Api, settings: Settings) -> None:
    keep(api, settings)
    assert change(api, "clerk", {"divisions": [f"{KELU}204"]}).status_code == 200
    events = [event for who in READERS for event in follow(api, who)]
    for event in events:
        check(event)
    left = {frozenset(event["data"]) for event in events if event["type"] == "scope.left"}
    assert left == {frozenset({"register", "entry_id"}), frozenset({"division", "kept"})}
    assert {e["type"] for e in events} == published()["components"]["messages"].keys() - {"changes", "ping"}
    page = api.get("/v1/changes?after=wm_440882_0&limit=200", "supervisor").json()
    validator("#/components/messages/changes/payload").validate(page)


def test_whatever_two_towns_do_is_one_of_the_messages(api: Api) -> None:
    chance = Random(7)
    made: dict[str, list[str]] = {"gatherings": [], "disputes": [], "patients": []}
    for _ in range(40):
        act(api, chance, made)
    for who in READERS:
        for event in follow(api, who):
            check(event)
