"""What is sent to a register, as a JSON Schema that a form can be built from: msgspec's own schema of the shape, which is the
one that is enforced, with titles in Chinese and English, codes as choices, and the order and groups of the fields.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from registry.core.register import Groups, Register

Schema = dict[str, Any]
Choices = Mapping[str, tuple[str, str]]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ONE_GROUP = ("基本信息", "Details")
UNITS = {"mg": "mg", "mu": "mu", "m2": "m²"}
WORDS = {
    "crs": "Coordinate system",
    "id_number": "ID number",
    "lat": "Latitude",
    "lon": "Longitude",
    "on_dibao": "On subsistence allowance (dibao)",
}
UNTITLED = {"id": "编号", "name": "名称", "role": "身份", "source": "来源", "type": "类型"}
"""The Chinese titles of fields whose types give them none."""
REFERENCES = {
    "agreement_id": ("agreements", "id"),
    "campaign_id": ("campaigns", "id"),
    "dispute_id": ("disputes", "id"),
    "patient_id": ("patients", "id"),
    "division": ("divisions", "code"),
    "divisions": ("divisions", "code"),
    "parent": ("divisions", "code"),
}
"""Fields that name an entry of another register: which register, and what of the entry they hold. A form offers its entries."""


def form_schema(register: Register) -> Schema:
    """The schema of what is sent to a register (JSON Schema 2020-12)."""
    definitions = msgspec.json.schema(register.shape)["$defs"]
    tables = {codes.__name__: titles for codes, titles in register.titles.items()}
    for name, schema in definitions.items():
        del schema["title"]  # the name of a class
        definitions[name] = _choice(schema, tables[name]) if name in tables else _described(schema)
    root = definitions.pop(register.shape.__name__)
    for name, titles in register.choices.items():
        root["properties"][name] = _choice(root["properties"][name], titles)
    return {
        **root,
        "$schema": DIALECT,
        "$id": f"/v1/schemas/{register.name}",
        "title": register.title,
        "x-title-en": in_words(register.name),
        "x-groups": _group(root["properties"], register.groups),
        "$defs": definitions,
    }


def in_words(name: str) -> str:
    """A field's name as an English title: `morning_mg` is Morning (mg)."""
    stem, _, unit = name.replace("-", "_").rpartition("_")
    if stem and unit in UNITS:
        return f"{in_words(stem)} ({UNITS[unit]})"
    return WORDS.get(name, name.replace("_", " ").replace("-", " ").capitalize())


def _described(schema: Schema) -> Schema:
    """A definition: of an object, each of its fields gets titles and a place."""
    if "properties" not in schema:
        return _codes(schema)
    fields = {
        name: {
            **_refers(name, _codes(field)),
            "title": _title(name, field),
            "x-title-en": in_words(name),
            "x-order": order,
        }
        for order, (name, field) in enumerate(schema["properties"].items())
    }
    return {**schema, "properties": fields}


def _refers(name: str, field: Schema) -> Schema:
    """A field, or the items of one, with the register that it refers to, if it does."""
    if name not in REFERENCES:
        return field
    if "items" in field:
        return {**field, "items": _refers(name, field["items"])}
    register, key = REFERENCES[name]
    return {**field, "x-register": register, "x-register-key": key}


def _title(name: str, field: Schema) -> str:
    """The Chinese title, which a field that may be null carries inside."""
    branches = (branch["title"] for branch in field.get("anyOf", ()) if "title" in branch)
    return str(field.get("title") or next(branches, None) or UNTITLED.get(name) or in_words(name))


def _choice(schema: Schema, titles: Choices) -> Schema:
    """A text that is one of the codes of a table."""
    kept = {key: value for key, value in schema.items() if key != "enum"}
    options = [{"const": code, "title": zh, "x-title-en": en} for code, (zh, en) in titles.items()]
    return {**kept, "type": "string", "oneOf": options}


def _codes(field: Schema) -> Schema:
    """A field as it is; codes that stand in it without a table (names of coordinate systems) are their own titles."""
    if "enum" not in field:
        return field
    return _choice(field, {code: (code, code) for code in field["enum"]})


def _group(fields: dict[str, Schema], groups: Groups) -> list[Schema]:
    """Put the fields, in place, into their groups and the groups' order. Returns the groups' titles."""
    for order, (name, group) in enumerate((name, zh) for zh, _, names in groups for name in names):
        fields[name] |= {"x-order": order, "x-group": group}
    if not groups:
        groups = ((*ONE_GROUP, tuple(fields)),)
        for field in fields.values():
            field["x-group"] = ONE_GROUP[0]
    return [{"title": zh, "x-title-en": en} for zh, en, _ in groups]
