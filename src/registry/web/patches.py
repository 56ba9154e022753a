"""The schema of a merge patch, made from the schema of what it patches."""

from typing import Any

import msgspec


def patch_schema(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Every field may be left out; those that may be absent from the entry may be set to null, which takes them out."""
    schema = msgspec.json.schema(shape)
    name = schema["$ref"].rpartition("/")[2]
    return {**as_patch(schema["$defs"][name]), "$defs": schema["$defs"]}


def as_patch(component: dict[str, Any]) -> dict[str, Any]:
    """The patch of an object schema."""
    required = set(component.get("required", ()))
    return {
        "type": "object",
        "title": component.get("title", "") + "Patch",
        "description": "JSON merge patch (RFC 7396) of " + component.get("title", ""),
        "properties": {
            name: _without_default(field) if name in required else _nullable(_without_default(field))
            for name, field in component["properties"].items()
        },
        "additionalProperties": False,
    }


def _without_default(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key != "default"}


def _nullable(field: dict[str, Any]) -> dict[str, Any]:
    branches = field.get("anyOf", [field])
    if {"type": "null"} in branches:
        return field
    return {"anyOf": [*branches, {"type": "null"}]}
