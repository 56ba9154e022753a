"""Erasure by law: an administrator asks, a supervisor confirms (依法删除)."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath
from msgspec import Meta
from sqlalchemy import Connection, Row

from registry import errors
from registry.access.erasure import (
    Basis,
    confirming,
    find_erasure,
    list_erasures,
    requesting,
)
from registry.access.erasure_job import erasure_job
from registry.core.fields import LongLine
from registry.core.principals import Principal, Role
from registry.core.schemas import Input
from registry.db.key_store import KeyStore, Tombstone
from registry.errors import Broken, Forbidden, NotFound
from registry.ledger.clock import timestamp
from registry.ledger.ids import new_id
from registry.ledger.versions import encode
from registry.web import reads
from registry.web.call import Call
from registry.web.contract import GUARDED, Contract
from registry.web.reads import Answer

KNOWING = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR})


class ErasureIn(Input):
    """Whose data shall be erased, and on what basis (个人信息保护法第四十七条)."""

    patient_id: UUID
    basis: Annotated[Basis, Meta(title="依据")]
    note: Annotated[LongLine, Meta(title="说明", description="the document that orders it; name no person")]


class Erasure(msgspec.Struct, kw_only=True):
    """An erasure: asked for, and done once it is confirmed."""

    id: str
    patient_id: str
    basis: str
    note: str
    requested_by: str
    requested_at: str
    confirmed_by: str | None
    confirmed_at: str | None
    position: Annotated[int | None, Meta(description="of the version in the log that says so")]
    key_destroyed: Annotated[bool, Meta(description="whether the data key is gone; a confirmed erasure ends with it")]


class ErasureList(msgspec.Struct, kw_only=True):
    """All erasures of the book, first to last."""

    items: list[Erasure]


LISTS = Contract(ErasureList)
ASKS = Contract(
    Erasure, 201, body=ErasureIn, problems=(*GUARDED, errors.EntryErased, errors.TooLarge, errors.WrongMediaType)
)
CONFIRMS = Contract(Erasure, problems=(*GUARDED, NotFound, errors.EntryErased, errors.OutcomeUnknown))


class ErasureController(Controller):
    """Erasures (依法删除)."""

    path = "/v1/erasures"

    @get("/", operation_id="listErasures", opt={"contract": LISTS})
    async def list_erasures(self, request: Call) -> Answer:
        """List the erasures that were asked for, and what became of them."""
        who = await _one_of(request, KNOWING)
        items = await request.context.read(partial(_list, request.context.sealer.store, who.book))
        return reads.plain_json(encode(ErasureList(items=items)))

    @post("/", operation_id="requestErasure", opt={"contract": ASKS})
    async def request_erasure(self, request: Call) -> Answer:
        """Ask for the erasure of a patient's personal data; nothing is erased until a supervisor confirms it."""
        who = await _one_of(request, frozenset({Role.ADMINISTRATOR}))
        sent = await request.sent(ErasureIn)
        made = new_id()
        work = requesting(who.actor, made, str(sent.patient_id), sent.basis, sent.note)
        await request.context.write(who.book, work)
        return await _answer(request, who, made, 201)

    @post("/{erasure_id:uuid}/confirm", operation_id="confirmErasure", opt={"contract": CONFIRMS}, status_code=200)
    async def confirm_erasure(self, request: Call, erasure_id: FromPath[UUID]) -> Answer:
        """Confirm an erasure: the data key is destroyed, for ever. There is no way back; asked again, it answers the same."""
        who = await _one_of(request, frozenset({Role.SUPERVISOR}))
        job = erasure_job(request)
        done = await request.context.write(who.book, confirming(who, job.registers, str(erasure_id)))
        if not isinstance(done.answer, Tombstone):
            raise Broken
        await job.forget(done.answer)
        return await _answer(request, who, str(erasure_id))


async def _one_of(call: Call, roles: frozenset[Role]) -> Principal:
    who = await call.caller()
    if who.role not in roles or not who.county_wide:
        raise Forbidden
    call.no_params()
    return who


async def _answer(call: Call, who: Principal, erasure_id: str, status: int = 200) -> Answer:
    store = call.context.sealer.store
    told = await call.context.read(lambda connection: _told(store, find_erasure(connection, who.book, erasure_id)))
    return reads.plain_json(encode(told), status)


def _list(store: KeyStore, book: str, connection: Connection) -> list[Erasure]:
    return [_told(store, row) for row in list_erasures(connection, book)]


def _told(store: KeyStore, row: Row[Any]) -> Erasure:
    times = {
        name: timestamp(at) if (at := getattr(row, name)) is not None else None
        for name in ("requested_at", "confirmed_at")
    }
    same = ("id", "patient_id", "basis", "note", "requested_by", "confirmed_by", "position")
    destroyed = row.confirmed_at is not None and store.find(row.book, f"patients/{row.patient_id}") is None
    told = {name: getattr(row, name) for name in same} | times | {"key_destroyed": destroyed}
    return msgspec.convert(told, Erasure)
