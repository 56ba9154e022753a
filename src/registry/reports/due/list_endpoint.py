"""The due list and the deadline table, as they are asked for over HTTP."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from registry.core.divisions import check_division, names_at
from registry.core.duties import Window
from registry.core.principals import READERS, Principal
from registry.core.register import Register
from registry.core.watermarks import head_of, last_day, watermark_text
from registry.deadlines.periods import add_days
from registry.deadlines.rules import table
from registry.errors import Fault, Forbidden, Refused
from registry.ledger.clock import beijing_day, wall_clock
from registry.ledger.versions import encode
from registry.reports.due.schemas import DueCount, DueList, DueQuery, DueRules, RulesQuery, TableRow
from registry.reports.due.service import DueSelection, Item, due_item, due_items, hidden_kinds, titles, withheld_kinds
from registry.web import reads
from registry.web.call import Call
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
    page = DuePage(who, registers, query, cursor, call.url.path)
    answer, watermark = await call.context.scan(page.made)
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
        for rule in table()
        if query.on is None or rule.holds(query.on)
    ]  # fmt: skip
    body = encode(DueRules(items=rows))
    head = await call.context.read(lambda connection: head_of(connection, who.book))
    return reads.respond(call, body, reads.body_tag(body), watermark_text(who.book, head), on=query.on)


@dataclass(frozen=True)
class DuePage:
    """One page of the due list, as its caller may see it."""

    who: Principal
    registers: Sequence[Register]
    query: DueQuery
    cursor: Cursor | None
    path: str

    def made(self, connection: Connection) -> tuple[DueList, int]:
        """The page, and its watermark."""
        check_division(connection, self.who.book, self.query.division)
        view = reads.page_view(connection, self.who, self.query.as_of, self.cursor)
        watermark = view.as_of if view.as_of is not None else head_of(connection, self.who.book)
        today = self._today(connection, watermark)
        window = Window(today, self.query.before or add_days(today, AHEAD))
        selection = DueSelection(window, _kinds(self.registers, self.query.kinds), self.query.division)
        found = due_items(connection, view, self.registers, selection)
        hidden = hidden_kinds(self.who, self.registers)
        items = [item for item in found if item.kind not in hidden]
        start = self.cursor.last & (1 << DAY_SHIFT) - 1 if self.cursor else 0
        end = start + self.query.limit
        place = Cursor(watermark, today.toordinal() << DAY_SHIFT | end)
        names = names_at(connection, view)
        return DueList(
            items=[due_item(item, today, names, self.registers) for item in items[start:end]],
            counts=self._counts(selection, found),
            today=today,
            before=window.before,
            next_cursor=place.text(_filters(self.query), self.path) if len(items) > end else None,
            watermark=watermark_text(self.who.book, watermark),
        ), watermark

    def _today(self, connection: Connection, watermark: int) -> dt.date:
        """The day counted from: on later pages that of the first, which stands in the cursor."""
        if self.cursor is not None:
            ordinal = self.cursor.last >> DAY_SHIFT
            if not 1 <= ordinal <= dt.date.max.toordinal():
                raise refused_cursor()
            return dt.date.fromordinal(ordinal)
        if self.query.on is not None:
            return self.query.on
        return last_day(connection, self.who.book, watermark) if self.query.as_of else beijing_day(wall_clock())

    def _counts(self, selection: DueSelection, items: Sequence[Item]) -> list[DueCount]:
        """How many of each kind that was asked for, whatever the page."""
        due = Counter(item.kind for item in items)
        overdue = Counter(item.kind for item in items if item.due_on < selection.window.on)
        withheld = withheld_kinds(self.who, self.registers, selection.division)
        return [
            DueCount(kind=kind, title=title, due=None, overdue=None)
            if kind in withheld
            else DueCount(kind=kind, title=title, due=due[kind], overdue=overdue[kind])
            for kind, title in titles(self.registers).items()
            if selection.kinds is None or kind in selection.kinds
        ]


def _filters(query: DueQuery) -> DueQuery:
    """What a cursor is bound to; the day counted from stands in the cursor itself."""
    return msgspec.structs.replace(query, on=None)


def _kinds(registers: Sequence[Register], text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    known, wanted = titles(registers), frozenset(text.split(","))
    if wanted - known.keys():
        said = "没有这种应办事项。", "There is no such kind of duty."
        raise Refused(faults=[Fault("#kinds", "unknown_kind", *said, tuple(known))])
    return wanted
