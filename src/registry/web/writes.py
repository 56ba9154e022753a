"""What handlers share for writes: each function is one request from top to bottom."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar

import msgspec
from litestar import Response
from sqlalchemy import Connection, and_, select

from registry.core import use_cases
from registry.core.access_log import plain_answer, plain_reads, seen_of, shows_plain
from registry.core.alerts import ALERT_REGISTER
from registry.core.principals import Principal
from registry.core.reader import Shown
from registry.core.register import Register, Right
from registry.core.schemas import Change
from registry.core.unit_of_work import Tx
from registry.core.use_cases import Written, outcome
from registry.core.view import Seen
from registry.core.watermarks import watermark_text
from registry.errors import (
    ID_TAKEN,
    ON_ROSTER,
    EntryErased,
    EntryExists,
    Fault,
    KeyReused,
    PreconditionFailed,
    Refused,
    refuse,
)
from registry.ledger.batch import Batch, WriteOutcome
from registry.ledger.erasing import BLANK
from registry.ledger.events import Event
from registry.ledger.ids import check_chosen_id
from registry.ledger.tables import IDEMPOTENCY
from registry.ledger.versions import Append, encode
from registry.web import reads
from registry.web.call import Call, Voiding, VoidRequest
from registry.web.reads import Answer

T = TypeVar("T", bound=msgspec.Struct)


async def create(
    call: Call, register: Register, service: Callable[[Tx, str, Any], Written], entry_id: str | None = None
) -> Answer:
    """A new entry. The id is the client's (PUT) or ours (POST)."""
    who = await call.enter(register, Right.WRITE)
    call.no_params()
    chosen = check_chosen_id(entry_id) if entry_id else None
    must_be_new = call.only_if_new() if chosen else False
    data, wrong = await call.readable(register.shape)
    # A PUT names its entry, so its path does for an Idempotency-Key: sent again alike, it is answered alike.
    key = call.idempotency_key() or (chosen and "put")

    def record(tx: Tx) -> Written:
        # Taken once the write has its turn: what is answered from a repeated request takes none.
        with nullcontext(chosen) if chosen else tx.sealer.new_id(who.book, register) as made:
            return service(tx, made, data)

    try:
        return await write(call, who, register, chosen or "", record, wrong, key=key, status=201)
    except (EntryExists, KeyReused) as there:
        if ON_ROSTER.code in {fault.code for fault in there.faults}:
            raise
        if must_be_new:
            raise PreconditionFailed from None
        if chosen and call.idempotency_key() is None:
            raise EntryExists(faults=[ID_TAKEN]) from None
        raise


async def change(
    call: Call, register: Register, service: Callable[[Tx, str, Change], Written], entry_id: str
) -> Answer:
    """A merge patch: the world moved on."""
    who = await call.enter(register, Right.WRITE)
    call.no_params()
    wanted = await call.change(register.shape)
    return await write(call, who, register, entry_id, lambda tx: service(tx, entry_id, wanted), wanted.wrong)


async def correct(
    call: Call, register: Register, service: Callable[[Tx, str, Change], Written], entry_id: str
) -> Answer:
    """A correction: what was recorded was wrong."""
    who = await call.enter(register, Right.WRITE)
    call.no_params()
    wanted = await call.correction(register.shape)
    return await write(call, who, register, entry_id, lambda tx: service(tx, entry_id, wanted), wanted.wrong)


async def void(call: Call, register: Register, service: Callable[[Tx, str, Change], Written], entry_id: str) -> Answer:
    """A voiding: it should never have been entered."""
    who = await call.enter(register, Right.VOID)
    call.no_params()
    expected = call.expected_version()
    sent = await call.sent(Voiding)
    wanted = Change({}, expected, sent.reason, children=sent.children)
    return await write(call, who, register, entry_id, lambda tx: service(tx, entry_id, wanted), wanted.wrong)


async def ask_to_void(call: Call, register: Register, entry_id: str) -> Answer:
    """Ask the supervisor for a voiding; answered with the alert that they get."""
    who = await call.enter(register, Right.WRITE)
    call.no_params()
    expected = call.expected_version()
    wanted = Change({}, expected, (await call.sent(VoidRequest)).reason)
    use = partial(use_cases.ask_to_void, register=register, entry_id=entry_id, change=wanted)
    return await write(call, who, ALERT_REGISTER, entry_id, use, status=201)


async def act(
    call: Call,
    register: Register,
    shape: type[T],
    service: Callable[[Tx, str, T, Change], Written],
    entry_id: str,
    right: Right = Right.WRITE,
) -> Answer:
    """A verb of the domain (a move to another stage, a transfer), done to an entry."""
    who = await call.enter(register, right)
    call.no_params()
    expected = call.expected_version()
    sent = await call.sent(shape)
    wanted = Change({}, expected)
    return await write(call, who, register, entry_id, lambda tx: service(tx, entry_id, sent, wanted))


async def write(
    call: Call,
    who: Principal,
    register: Register,
    entry_id: str,
    service: Callable[[Tx], Written],
    wrong: Sequence[Fault] = (),
    *,
    key: str | None = None,
    status: int = 200,
) -> Answer:
    """Run a service in the committer's next batch and answer with the version it wrote, once that is committed.

    `wrong` is what is wrong with the body though it can be read; it is told together with what the service refuses.
    """
    key = key or call.idempotency_key()
    fingerprint = await call.fingerprint()
    route = f"{call.method} {call.url.path}"
    sealer = call.context.sealer

    def work(batch: Batch) -> WriteOutcome:
        if key is not None and (number := _replayed(batch, who, route, key, fingerprint)):
            return WriteOutcome(answer=number)
        tx = Tx(batch, who, sealer, call.context.rulebook)
        done = outcome(tx, _served(service, tx, wrong))
        done.events += _more_than_sent(call, who, register, done.appends)
        if key is not None and done.appends:
            done.rows.append((IDEMPOTENCY, _record(batch, who, route, key, fingerprint, done.appends[0])))
        return done

    try:
        done = await call.context.write(who.book, work)
    except PreconditionFailed as stale:
        if isinstance(stale.shown, Seen):
            await reads.note(call, who, register, "conflict", [stale.shown])
        raise
    if done.appends:
        return _written(who, register, done.appends, status)
    replay = done.answer if isinstance(done.answer, tuple) else None
    return await _stands(call, who, register, entry_id, replay, status)


def _served(service: Callable[[Tx], Written], tx: Tx, wrong: Sequence[Fault]) -> Written:
    """What a service returns. Raises Refused with all faults: those known before, and those of its rules."""
    try:
        result = service(tx)
    except Refused as refused:
        if wrong:
            raise Refused(faults=[*wrong, *refused.faults]) from None
        raise
    refuse(wrong)
    return result


def _more_than_sent(call: Call, who: Principal, register: Register, appends: Sequence[Append]) -> Iterator[Event]:
    """The event of a change whose answer shows more personal data than was sent with it."""
    if appends and appends[0].number > 1:
        yield from plain_reads(who, register, "write", [seen_of(appends[0])], call.request_id)


def _replayed(batch: Batch, who: Principal, route: str, key: str, fingerprint: bytes) -> tuple[str, int] | None:
    """What this key was used for before: entry and version. Raises KeyReused if the body was another."""
    batch.claim((who.id, route, key))
    table = IDEMPOTENCY.c
    used = select(table.fingerprint, table.entry_id, table.number).where(
        and_(table.book == who.book, table.principal_id == who.id, table.route == route, table.key == key)
    )
    row = batch.connection.execute(used).one_or_none()
    if row is None:
        return None
    if row.fingerprint == BLANK:
        raise EntryErased
    if row.fingerprint != fingerprint:
        raise KeyReused
    return row.entry_id, row.number


def _record(
    batch: Batch, who: Principal, route: str, key: str, fingerprint: bytes, append: Append
) -> dict[str, object]:
    return {
        "book": who.book,
        "principal_id": who.id,
        "route": route,
        "key": key,
        "fingerprint": fingerprint,
        "register": append.register,
        "entry_id": append.entry_id,
        "number": append.number,
        "recorded_at": batch.now,
    }


def _written(who: Principal, register: Register, appends: list[Append], status: int) -> Answer:
    append, position = appends[0], appends[-1].meta["position"]
    # Whoever creates an entry sent all of it; a change is answered in plain to those who may read so.
    plain = append.number == 1 or not append.plain or shows_plain(who, register, seen_of(append))
    headers = {
        "ETag": f'"{append.number}"' if plain else f'"{append.number}-masked"',
        "Registry-Watermark": watermark_text(who.book, int(str(position)) + 1),
        "Cache-Control": "private, no-cache",
    }
    if status == 201:  # noqa: PLR2004 - Created
        headers["Location"] = f"/v1/{register.name}/{append.entry_id}"
    body = plain_answer(append) if plain else encode(append.document)
    return Response(body, status_code=status, media_type="application/json", headers=headers)


async def _stands(
    call: Call, who: Principal, register: Register, entry_id: str, replay: tuple[str, int] | None, status: int
) -> Answer:
    """The answer where nothing was written: the stored answer again, under today's rights, or what stands unchanged."""

    def again(connection: Connection) -> Shown:
        reader = reads.reader(call, who, register, None, connection)
        return reader.version(*replay) if replay else reader.item(entry_id)

    shown = await call.context.read(again)
    await reads.note(call, who, register, "item", shown.seen)
    answer = reads.entry(call, who, register, shown, status=status if replay else 200)
    if replay:
        answer.headers["Idempotency-Replayed"] = "true"
        if status == 201:  # noqa: PLR2004 - Created
            answer.headers["Location"] = f"/v1/{register.name}/{shown.one.entry_id}"
    return answer
