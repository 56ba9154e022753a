"""The due list and the deadline table, as they are asked for over HTTP."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from functools import partial

import msgspec
from sqlalchemy import Connection

from registry.core.divisions import names_at
from registry.core.duties import Window
from registry.core.principals import READERS, Principal
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import head_of, last_day, watermark_text
from registry.deadlines.periods import add_days
from registry.deadlines.rules import RULES
from registry.errors import Fault, Forbidden, Refused
from registry.ledger.clock import beijing_day, wall_clock
from registry.ledger.versions import encode
from registry.reports.due.schemas import DueCount, DueList, DueQuery, DueRules, RulesQuery, TableRow
from registry.reports.due.service import Asked, Item, due_items, titles, told, withheld
from registry.web import reads
from registry.web.call import Call, view_of
from registry.web.cursors import Cursor, read_cursor, refused_cursor
from registry.web.reads import Answer

AHEAD = 30
"""Days that the list looks ahead unless it is told."""
DAY_SHIFT = 32
"""Bits of a cursor's place that count items; above them stands the day counted from, the same on all pages."""


async def list_due(call: Call, registers: Sequence[Register]) -> Answer:
    """A page of what is due."""
    who = await call.caller()
    if who.role not in READERS:
        raise Forbidden
    query = call.params(DueQuery)
    cursor = read_cursor(_filters(query), call.url.path)
    answer, watermark = await call.context.scan(partial(_due_list, who, registers, query, cursor, call.url.path))
    body = encode(answer)
    return reads.respond(call, body, reads.body_tag(body), watermark_text(who.book, watermark), on=answer.today)


async def list_rules(call: Call) -> Answer:
    """The deadline table, all versions or those of a day."""
    who = await call.caller()
    query = call.params(RulesQuery)
    rows = [
        TableRow(
            id=rule.id, name=rule.name, starts=rule.starts, limit=rule.limit, unit=rule.unit, rolls=rule.rolls,
            extension=rule.extension, source=rule.source, says=rule.says, valid_from=rule.since, valid_to=rule.until,
        )
        for rule in RULES
        if query.on is None or rule.holds(query.on)
    ]  # fmt: skip
    body = encode(DueRules(items=rows))
    head = await call.context.read(lambda connection: head_of(connection, who.book))
    return reads.respond(call, body, reads.body_tag(body), watermark_text(who.book, head), on=query.on)


def _due_list(
    who: Principal, registers: Sequence[Register], query: DueQuery, cursor: Cursor | None, path: str,
    connection: Connection,
) -> tuple[DueList, int]:  # fmt: skip
    view = _view(connection, who, query, cursor)
    watermark = view.as_of if view.as_of is not None else head_of(connection, who.book)
    today = _today(connection, who, query, cursor, watermark)
    window = Window(today, query.before or add_days(today, AHEAD))
    asked = Asked(window, _kinds(registers, query.kinds), query.division)
    items = due_items(connection, view, registers, asked)
    start = cursor.last & (1 << DAY_SHIFT) - 1 if cursor else 0
    end = start + query.limit
    place = Cursor(watermark, today.toordinal() << DAY_SHIFT | end)
    names = names_at(connection, view)
    return DueList(
        items=[told(item, today, names, registers) for item in items[start:end]],
        counts=_counts(who, registers, asked, items),
        today=today,
        before=window.before,
        next_cursor=place.text(_filters(query), path) if len(items) > end else None,
        watermark=watermark_text(who.book, watermark),
    ), watermark


def _filters(query: DueQuery) -> DueQuery:
    """What a cursor is bound to; the day counted from stands in the cursor itself."""
    return msgspec.structs.replace(query, on=None)


def _view(connection: Connection, who: Principal, query: DueQuery, cursor: Cursor | None) -> View:
    """Later pages are of the same moment as the first."""
    if cursor is None:
        return view_of(connection, who, query.as_of)
    if cursor.watermark > head_of(connection, who.book):
        raise refused_cursor()
    return View(who, cursor.watermark)


def _today(
    connection: Connection, who: Principal, query: DueQuery, cursor: Cursor | None, watermark: int
) -> dt.date:  # fmt: skip
    if cursor is not None:
        ordinal = cursor.last >> DAY_SHIFT
        if not 1 <= ordinal <= dt.date.max.toordinal():
            raise refused_cursor()
        return dt.date.fromordinal(ordinal)
    if query.on is not None:
        return query.on
    return last_day(connection, who.book, watermark) if query.as_of else beijing_day(wall_clock())


def _kinds(registers: Sequence[Register], text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    known, wanted = titles(registers), frozenset(text.split(","))
    if wanted - known.keys():
        said = "没有这种应办事项。", "There is no such kind of duty."
        raise Refused(faults=[Fault("#kinds", "unknown_kind", *said, tuple(known))])
    return wanted


def _counts(
    who: Principal, registers: Sequence[Register], asked: Asked, items: Sequence[Item]
) -> list[DueCount]:  # fmt: skip
    """How many of each kind that was asked for, whatever the page."""
    due = Counter(item.kind for item in items)
    overdue = Counter(item.kind for item in items if item.due_on < asked.window.on)
    untold = withheld(who, registers)
    return [
        DueCount(kind=kind, title=title, due=None, overdue=None)
        if kind in untold
        else DueCount(kind=kind, title=title, due=due[kind], overdue=overdue[kind])
        for kind, title in titles(registers).items()
        if asked.kinds is None or kind in asked.kinds
    ]
