"""The shapes that registers take, to build forms from and to check with before sending. They tell of no record, so that every
key may read them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import msgspec
from litestar import Controller, get
from litestar.params import FromPath
from msgspec.inspect import EnumType, ListType, Metadata, StructType, TupleType, Type, UnionType, type_info

from registry.code_lists import CodeList, Titles, titles_of
from registry.core.register import Applies, Groups, Register
from registry.errors import NotFound
from registry.ledger.versions import encode
from registry.web import contract
from registry.web.call import Call
from registry.web.reads import Answer, body_tag, respond


class FormSchema(
    msgspec.Struct,
    kw_only=True,
    rename={
        "schema": "$schema",
        "id": "$id",
        "defs": "$defs",
        "title_en": "x-title-en",
        "groups": "x-groups",
        "additional": "additionalProperties",
    },
):
    """What is sent to a register (JSON Schema 2020-12). `x-order` and `x-group` say how a form lays the fields out."""

    schema: str
    id: str
    title: str
    title_en: str
    description: str
    type: str
    properties: dict[str, dict[str, Any]]
    required: list[str]
    additional: bool
    groups: list[dict[str, str]]
    defs: dict[str, dict[str, Any]]


class SchemaLink(msgspec.Struct, kw_only=True):
    """Where the schema of a register is."""

    register: str
    title: str
    """In Chinese, as on the office's own ledger."""
    schema: str


class SchemaLinks(msgspec.Struct, kw_only=True):
    """The registers that take entries."""

    items: list[SchemaLink]


class SchemaController(Controller):
    """The shapes that registers take (表单)."""

    path = "/v1/schemas"

    @get("/", operation_id="listSchemas", opt=contract.publishes(SchemaLinks))
    async def list_schemas(self, request: Call) -> Answer:
        """List the registers and where the schema of each is."""
        await request.caller()
        request.no_params()
        return _publish(request, _links(request.app.state.registers))

    @get("/{register:str}", operation_id="readSchema", opt=contract.publishes(FormSchema))
    async def read_schema(self, request: Call, register: FromPath[str]) -> Answer:
        """Read the JSON Schema of what is sent to a register: titles in Chinese and English, codes, order and groups."""
        await request.caller()
        request.no_params()
        found = next((each for each in request.app.state.registers if each.name == register), None)
        if found is None:
            raise NotFound
        return _publish(request, _schema(found))


@lru_cache(maxsize=64)
def _schema(register: Register) -> bytes:
    return encode(form_schema(register))


@lru_cache(maxsize=1)
def _links(registers: tuple[Register, ...]) -> bytes:
    links = [
        SchemaLink(register=each.name, title=each.title, schema=f"/v1/schemas/{each.name}")
        for each in registers
        if each.writers
    ]
    return encode(SchemaLinks(items=links))


def _publish(call: Call, body: bytes) -> Answer:
    return respond(call, body, body_tag(body), None)


Schema = dict[str, Any]


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
    tables = {codes.__name__: titles_of(codes) for codes in code_lists(type_info(register.shape))}
    for name, schema in definitions.items():
        del schema["title"]  # the name of a class
        definitions[name] = _choice(schema, tables[name]) if name in tables else _described(schema)
    root = definitions.pop(register.shape.__name__)
    for each in register.applies:
        root["properties"][each.field]["x-when"] = _when(each)
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


def _when(applies: Applies) -> Schema:
    """When a field applies, for forms: where another field has one of these values, or is given at all."""
    values = applies.values
    told: Schema = {"given": True} if values is None else {"in": sorted(msgspec.to_builtins(values), key=str)}
    return {"field": applies.where, **told, "required": applies.needed}


def code_lists(node: Type) -> Iterator[type[CodeList]]:
    """The code lists that a type is made with."""
    match node:
        case EnumType(cls=codes):
            yield cast(type[CodeList], codes)
        case Metadata(type=inner) | ListType(item_type=inner):
            yield from code_lists(inner)
        case UnionType(types=types) | TupleType(item_types=types):
            for each in types:
                yield from code_lists(each)
        case StructType(fields=fields):
            for field in fields:
                yield from code_lists(field.type)


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


def _choice(schema: Schema, titles: Titles) -> Schema:
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
