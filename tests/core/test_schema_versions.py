"""Stored versions of any schema are shown in today's; nothing personal moves on the way."""

import gzip
import json
from typing import Any

import msgspec
import pytest

from registry.app import REGISTERS
from registry.core.fields import MASKS, personal_paths, values_at
from registry.core.register import Register
from registry.ledger.versions import encode
from tests.frozen.conftest import FOLDER

every = pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)


def old(register: Register) -> list[dict[str, Any]]:
    """Documents that 0.3.0 recorded, masked, as its versions were answered."""
    lines = gzip.decompress((FOLDER / "sqlite" / "answers.ndjson.gz").read_bytes()).splitlines()
    texts = (
        saved["answer"].get("text", "") for saved in map(json.loads, lines) if f"/v1/{register.name}" in saved["path"]
    )
    bodies = (json.loads(text) for text in texts if text.startswith("{"))
    entries = (entry for body in bodies for entry in body.get("items", [body]))
    return [entry for entry in entries if entry.get("meta", {}).get("register") == register.name]


@every
def test_an_upgrade_gives_todays_entry(register: Register) -> None:
    documents = old(register)
    assert documents or register.name == "alerts"
    for document in documents:
        shown = msgspec.json.decode(register.today(encode(document), 1, "2026-09-01T00:00:00.000000Z"))
        fields = {field.encode_name for field in msgspec.structs.fields(register.entry)}
        assert shown.keys() == fields, document["id"]
        assert shown["meta"]["schema_version"] == register.schema_version
        assert shown["meta"]["created_at"] == "2026-09-01T00:00:00.000000Z"
        assert shown["label"]


@every
def test_an_upgrade_is_pure_and_moves_nothing_personal(register: Register) -> None:
    for document in old(register):
        before = encode(document)
        upgraded = register.upgraded(document, 1)
        assert encode(document) == before
        assert register.upgraded(upgraded, register.schema_version) is upgraded
        for path, kind in personal_paths(register.entry):
            assert kind in MASKS
            assert list(values_at(upgraded, path)) == list(values_at(document, path))


@every
def test_what_is_of_today_is_not_touched(register: Register) -> None:
    stored = b'{"anything": 1}'
    assert register.today(stored, register.schema_version, "") is stored
