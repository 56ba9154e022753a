"""A dispute read whole, and its clock."""

import datetime as dt
from dataclasses import replace
from functools import partial

import msgspec
from sqlalchemy import Connection

from registry.core.access_log import noting, plain_reads
from registry.core.principals import Principal
from registry.core.queries import DayQuery
from registry.core.reader import Reader, Shown
from registry.core.register import Register, Right
from registry.core.view import Seen, Wanted
from registry.core.watermarks import last_day, watermark_text
from registry.disputes import rules
from registry.disputes.codes import Stage
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.disputes.schemas import ClockQuery, DisputeClock, StoredMove
from registry.errors import Fault, Refused
from registry.ledger.clock import beijing_day, wall_clock
from registry.ledger.versions import encode
from registry.web import reads
from registry.web.call import Call, view_of
from registry.web.reads import Answer

PARTS: dict[str, Register] = {
    "proceedings": PROCEEDING_REGISTER,
    "mediation_sessions": SESSION_REGISTER,
    "agreements": AGREEMENT_REGISTER,
    "return_visits": RETURN_VISIT_REGISTER,
}
MANY = 10_000
"""More parts than any case has; read in one statement each."""


async def read_case(call: Call, entry_id: str) -> Answer:
    """The dispute and all that belongs to it, of one watermark."""
    who = await call.enter(DISPUTE_REGISTER, Right.READ)
    query = call.params(DayQuery)

    def whole(connection: Connection) -> list[tuple[Register, Shown]]:
        reader = reads.reader(call, who, DISPUTE_REGISTER, query.as_of, connection)
        dispute = reader.item(entry_id, query.on)
        parts = [(part, _part(replace(reader, register=part), entry_id, query.on)) for part in PARTS.values()]
        return [(DISPUTE_REGISTER, dispute), *parts]

    found = await call.context.scan(whole)
    if events := [e for each, shown in found for e in plain_reads(who, each, "case", shown.seen, call.request_id)]:
        await call.context.write(who.book, noting(*events))
    watermark = watermark_text(who.book, found[0][1].watermark)
    body = _joined([shown for _, shown in found], watermark)
    return reads.respond(call, body, reads.body_tag(body), watermark, on=query.on)


def _part(reader: Reader, dispute_id: str, on: dt.date | None) -> Shown:
    """What of one kind belongs to the dispute, first recorded first."""
    found = reader.page(Wanted(MANY), [reader.register.table.c.case_id == dispute_id], on)
    return Shown(found.seen[::-1], found.bodies[::-1], found.watermark)


def _joined(found: list[Shown], watermark: str) -> bytes:
    """The answer: the dispute, its parts by kind, the watermark."""
    dispute, *parts = found
    lists = [f'"{name}":['.encode() + b",".join(part.bodies) + b"]" for name, part in zip(PARTS, parts, strict=True)]
    return b",".join([b'{"dispute":' + dispute.bodies[0], *lists, f'"watermark":"{watermark}"}}'.encode()])


async def read_clock(call: Call, entry_id: str) -> Answer:
    """How long the dispute has been open on a day, and whether it is overdue."""
    who = await call.enter(DISPUTE_REGISTER, Right.READ)
    query = call.params(ClockQuery)
    seen, day = await call.context.read(partial(_dated, who, entry_id, query.as_of))
    clock = _clock(seen, query.on or day, watermark_text(who.book, seen.watermark))
    tag = f'"{seen.number}-{clock.on.isoformat()}-{seen.watermark}"'
    return reads.respond(call, encode(clock), tag, clock.watermark, on=clock.on)


def _dated(who: Principal, entry_id: str, as_of: str | None, connection: Connection) -> tuple[Seen, dt.date]:
    """The dispute, and the day to count on: that of the watermark asked for, else today."""
    seen = view_of(connection, who, as_of).item(connection, DISPUTE_REGISTER, entry_id)
    return seen, last_day(connection, who.book, seen.watermark) if as_of else beijing_day(wall_clock())


def _clock(seen: Seen, on: dt.date, watermark: str) -> DisputeClock:
    found = msgspec.json.decode(seen.document, type=_Stored)
    if on < found.discovered_on:
        raise Refused(faults=[Fault("#on", "before_discovery", "早于发现日期。", "Before the dispute was found.")])
    moves = [move for move in found.moves if move.on <= on]
    stage = moves[-1].to if moves else Stage.REPORTED
    due = rules.mediation_due_on(rules.accepted_on(moves))
    overdue = rules.is_overdue(stage, due, on)
    return DisputeClock(
        id=seen.entry_id,
        on=on,
        stage=stage,
        days_open=((rules.ended_on(moves) or on) - found.discovered_on).days,
        mediation_due_on=due,
        overdue=overdue,
        days_overdue=(on - due).days if overdue and due else 0,
        rule=rules.MEDIATION_RULE,
        watermark=watermark,
    )


class _Stored(msgspec.Struct):
    """What the clock needs of a stored dispute."""

    discovered_on: dt.date
    moves: list[StoredMove]
