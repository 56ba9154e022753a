"""The shapes that registers take, to build forms from and to check with before sending. They tell of no record, so that every
key may read them.
"""

from functools import lru_cache
from typing import Any

import msgspec
from litestar import Controller, get
from litestar.params import FromPath

from registry.access.forms import form_schema
from registry.core.queries import NoQuery
from registry.core.register import Register
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
        request.params(NoQuery)
        return _publish(request, _links(request.app.state.registers))

    @get("/{register:str}", operation_id="readSchema", opt=contract.publishes(FormSchema))
    async def read_schema(self, request: Call, register: FromPath[str]) -> Answer:
        """Read the JSON Schema of what is sent to a register: titles in Chinese and English, codes, order and groups."""
        await request.caller()
        request.params(NoQuery)
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
