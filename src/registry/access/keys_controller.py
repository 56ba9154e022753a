"""API keys over HTTP, for administrators. The command line does the same: `registry keys`."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath
from msgspec import Meta
from sqlalchemy import Connection, Row

from registry import errors
from registry.access.keys_service import KeyTerms, change_key, check_covered, issue_key, revoke_key
from registry.core.fields import DivisionCode, Line, Moment
from registry.core.principals import Principal, Role, find_key, list_keys, renewed
from registry.core.schemas import Input
from registry.errors import Forbidden
from registry.ledger.clock import microseconds, timestamp
from registry.ledger.versions import encode
from registry.web.call import Call
from registry.web.contract import GUARDED, Contract

Answer = Response[bytes]


class KeyIn(Input):
    """A key to make."""

    name: Annotated[Line, Meta(title="名称")]
    role: Role
    divisions: Annotated[list[DivisionCode], Meta(min_length=1, max_length=50, title="辖区")]
    expires_at: Moment | None = None


class Key(msgspec.Struct, kw_only=True):
    """A key, without what could be used to call."""

    id: str
    name: str
    role: Role
    divisions: list[str]
    key_start: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class NewKey(Key, kw_only=True):
    """A key just made, with the key itself: it is shown this once."""

    key: str


class KeyList(msgspec.Struct, kw_only=True):
    """All keys of the book."""

    items: list[Key]


LISTS = Contract(KeyList)
CREATES = Contract(NewKey, 201, body=KeyIn, problems=(*GUARDED, errors.TooLarge, errors.WrongMediaType))
CHANGES = Contract(
    Key, body=KeyTerms, patch=True,
    problems=(*GUARDED, errors.NotFound, errors.Conflict, errors.TooLarge, errors.WrongMediaType),
)  # fmt: skip
REVOKES = Contract(Key, problems=(*GUARDED, errors.NotFound))


class KeyController(Controller):
    """API keys (密钥)."""

    path = "/v1/keys"

    @get("/", operation_id="listKeys", opt={"contract": LISTS})
    async def list_keys(self, request: Call) -> Answer:
        """List the keys of the book."""
        who = await _administrator(request)
        rows = await request.context.read(lambda connection: list_keys(connection, who.book))
        return _answer(KeyList(items=[Key(**_fields(row)) for row in rows]))

    @post("/", operation_id="createKey", opt={"contract": CREATES})
    async def create_key(self, request: Call) -> Answer:
        """Make a key; it is shown this once."""
        who = await _administrator(request)
        sent = await request.sent(KeyIn)
        row, key = await request.context.database.write(lambda connection: _issue(connection, who, sent))
        return _answer(NewKey(**_fields(row), key=key), 201)

    @patch("/{key_id:uuid}", operation_id="changeKey", opt={"contract": CHANGES})
    async def change_key(self, request: Call, key_id: FromPath[UUID]) -> Answer:
        """Change a key's name, divisions or end; within five seconds it works so. What is taken from it raises an alert."""
        who = await _administrator(request)
        terms = await request.patch(KeyTerms)
        if await request.context.database.write(lambda connection: change_key(connection, who, str(key_id), terms)):
            request.context.wakeups.notify()
        return await _told(request, who, str(key_id))

    @post("/{key_id:uuid}/revoke", operation_id="revokeKey", opt={"contract": REVOKES}, status_code=200)
    async def revoke_key(self, request: Call, key_id: FromPath[UUID]) -> Answer:
        """Revoke a key; it stops working within five seconds."""
        who = await _administrator(request)
        await request.context.database.write(
            lambda connection: revoke_key(connection, who.book, str(key_id), who.actor)
        )
        return await _told(request, who, str(key_id))


async def _administrator(request: Call) -> Principal:
    who = await request.caller()
    if who.role is not Role.ADMINISTRATOR:
        raise Forbidden
    request.no_params()
    return who


async def _told(request: Call, who: Principal, key_id: str) -> Answer:
    row = await request.context.read(lambda connection: find_key(connection, who.book, key_id))
    return _answer(Key(**_fields(row)))


def _issue(connection: Connection, who: Principal, sent: KeyIn) -> tuple[Row[Any], str]:
    # Rights are remembered for seconds; what gives rights away looks them up.
    check_covered(renewed(connection, who), sent.divisions)
    expires_at = microseconds(sent.expires_at) if sent.expires_at else None
    name = sent.name.strip()
    made, key = issue_key(connection, who.book, name, sent.role, sent.divisions, expires_at, who.actor)
    return find_key(connection, who.book, made), key


def _fields(row: Row[Any]) -> dict[str, Any]:
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")
    return {
        "id": row.id,
        "name": row.name,
        "role": Role(row.role),
        "divisions": row.divisions.split(),
        "key_start": row.key_start,
        **{name: timestamp(value) if (value := getattr(row, name)) is not None else None for name in times},
    }


def _answer(value: msgspec.Struct, status: int = 200) -> Answer:
    headers = {"Cache-Control": "no-store"}
    return Response(encode(value), status_code=status, media_type="application/json", headers=headers)
