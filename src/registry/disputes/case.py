"""A dispute read whole, and its clock."""

import datetime as dt
from functools import partial

import msgspec
from sqlalchemy import Connection

from registry.core.access_log import noting, plain_reads
from registry.core.principals import Principal
from registry.core.register import Register, Right
from registry.core.sealing import Sealer
from registry.core.valid_time_reads import OnDay, item_on, page_on, render_on
from registry.core.view import Seen, View, Wanted, render
from registry.core.watermarks import last_day, watermark_text
from registry.disputes import rules
from registry.disputes.models import Stage
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.disputes.schemas import ClockQuery, DisputeClock, Move
from registry.errors import Fault, Refused
from registry.ledger.clock import beijing_day, wall_clock
from registry.ledger.versions import encode
from registry.web import reads
from registry.web.call import Call, view_of
from registry.web.queries import DayQuery
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
    read = partial(_case_on, query.on) if query.on else _case
    body, seen, watermark = await call.context.scan(partial(read, call.context.sealer, who, entry_id, query.as_of))
    if events := [e for register, shown in seen for e in plain_reads(who, register, "case", shown, call.request_id)]:
        await call.context.write(who.book, noting(*events))
    return reads.respond(call, body, reads.body_tag(body), watermark_text(who.book, watermark), on=query.on)


Parts = list[tuple[Register, list[Seen]]]


def _case(
    sealer: Sealer, who: Principal, entry_id: str, as_of: str | None, connection: Connection
) -> tuple[bytes, Parts, int]:
    view = view_of(connection, who, as_of)
    seen: Parts = [(DISPUTE_REGISTER, [view.item(connection, DISPUTE_REGISTER, entry_id)])]
    seen += [(register, _part(connection, view, register, entry_id)) for register in PARTS.values()]
    bodies = [[render(sealer, who, register, each) for each in found] for register, found in seen]
    watermark = seen[0][1][0].watermark
    return _whole(bodies, watermark_text(who.book, watermark)), seen, watermark


def _case_on(
    on: dt.date, sealer: Sealer, who: Principal, entry_id: str, as_of: str | None, connection: Connection
) -> tuple[bytes, Parts, int]:
    """The dispute and its parts as they were on a day."""
    view = view_of(connection, who, as_of)
    found = [(DISPUTE_REGISTER, [item_on(connection, view, DISPUTE_REGISTER, entry_id, on)])]
    found += [(register, _part_on(connection, view, register, entry_id, on)) for register in PARTS.values()]
    bodies = [[render_on(sealer, who, register, each) for each in days] for register, days in found]
    seen = [(register, [each.seen for each in days]) for register, days in found]
    watermark = seen[0][1][0].watermark
    return _whole(bodies, watermark_text(who.book, watermark)), seen, watermark


def _whole(bodies: list[list[bytes]], watermark: str) -> bytes:
    """The answer: the dispute, its parts by kind, the watermark."""
    (dispute,), *parts = bodies
    lists = [f'"{name}":['.encode() + b",".join(part) + b"]" for name, part in zip(PARTS, parts, strict=True)]
    return b",".join([b'{"dispute":' + dispute, *lists, f'"watermark":"{watermark}"}}'.encode()])


def _part(connection: Connection, view: View, register: Register, dispute_id: str) -> list[Seen]:
    """The parts of one kind, first recorded first."""
    found, _ = view.page(connection, register, Wanted(MANY), [register.table.c.case_id == dispute_id])
    return found[::-1]


def _part_on(connection: Connection, view: View, register: Register, dispute_id: str, on: dt.date) -> list[OnDay]:
    found, _ = page_on(connection, view, register, Wanted(MANY), [register.table.c.case_id == dispute_id], on)
    return found[::-1]


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
    moves: list[Move]
