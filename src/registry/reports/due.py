"""What is due (应办事项): the duties that the registers declare, over what stands and the caller may see."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table

from registry.access.clauses import within
from registry.access.duties import Duty, Owed, Window
from registry.access.moments import head_of, last_day, watermark_text
from registry.access.places import names_at
from registry.access.principals import READERS, Principal
from registry.access.register import Register
from registry.access.view import View
from registry.deadline_rules import RULES, current, rule_on
from registry.deadlines import add_days
from registry.errors import Fault, Forbidden, Refused
from registry.ledger.clock import beijing_day, wall_clock
from registry.ledger.versions import encode
from registry.reports.due_schemas import (
    DueCount,
    DueItem,
    DueList,
    DueQuery,
    DueRule,
    DueRules,
    RulesQuery,
    TableRow,
)
from registry.reports.wording import name_of
from registry.web import serve
from registry.web.call import Call, view_of
from registry.web.cursors import Cursor, read_cursor, refused_cursor
from registry.web.serve import Answer

AHEAD = 30
"""Days that the list looks ahead unless it is told."""
MANY = 10_000
"""Cases looked up in one statement."""
DAY_SHIFT = 32
"""Bits of a cursor's place that count items; above them stands the day counted from, the same on all pages."""


class Item(NamedTuple):
    """One thing due, before it is told: ordered by its day. A tuple, because a county has ten thousand of them to sort."""

    due_on: dt.date
    register: str
    kind: str
    entry_id: str
    part: str
    case_id: str
    number: int
    """The entry's version."""
    division: str
    rule: str
    starts_on: dt.date
    title: str
    candidate: bool

    @property
    def id(self) -> str:
        """Names the duty, whatever becomes of its day."""
        return "/".join(filter(None, (self.register, self.entry_id, self.kind, self.part)))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which items: of which window and kinds (None: all), of which division, of which entries (None: all)."""

    window: Window
    kinds: frozenset[str] | None = None
    division: str | None = None
    entries: frozenset[str] | None = None


async def list_due(call: Call, registers: Sequence[Register]) -> Answer:
    """A page of what is due."""
    who = await call.caller()
    if who.role not in READERS:
        raise Forbidden
    query = call.params(DueQuery)
    cursor = read_cursor(query, call.url.path)
    answer, watermark = await call.context.scan(partial(_due_list, who, registers, query, cursor, call.url.path))
    body = encode(answer)
    return serve.respond(call, body, serve.body_tag(body), watermark_text(who.book, watermark), on=answer.today)


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
    return serve.respond(call, body, serve.body_tag(body), watermark_text(who.book, head), on=query.on)


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
        next_cursor=place.text(query, path) if len(items) > end else None,
        watermark=watermark_text(who.book, watermark),
    ), watermark


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
    known, wanted = _titles(registers), frozenset(text.split(","))
    if wanted - known.keys():
        said = "没有这种应办事项。", "There is no such kind of duty."
        raise Refused(faults=[Fault("#kinds", "unknown_kind", *said, tuple(known))])
    return wanted


def _titles(registers: Sequence[Register]) -> dict[str, str]:
    return {duty.kind: duty.title for register in registers for duty in register.duties}


def due_items(connection: Connection, view: View, registers: Sequence[Register], asked: Asked) -> list[Item]:
    """Everything that is due in the window or overdue, earliest first."""
    found = (
        item
        for register in registers
        for duty in register.duties
        if asked.kinds is None or duty.kind in asked.kinds
        for item in _items(connection, view, register, duty, asked)
    )
    return sorted(found)


def _items(connection: Connection, view: View, register: Register, duty: Duty, asked: Asked) -> Iterator[Item]:
    rows = _rows(connection, view, register, duty, asked)
    beside = [_by_case(connection, view, table, names, rows) for table, names in duty.beside]
    for row in rows:
        others = [cases.get(row.case_id, []) for cases in beside]
        for owed in duty.owed(row, others, asked.window):
            if owed.due_on <= asked.window.before:
                yield _item(register, duty, row, owed)


def _item(register: Register, duty: Duty, row: Row[Any], owed: Owed) -> Item:
    return Item(
        due_on=owed.due_on, register=register.name, kind=duty.kind, entry_id=row.entry_id, part=owed.part,
        case_id=row.case_id, number=row.number, division=row.division, rule=owed.rule, starts_on=owed.starts_on or owed.due_on, title=owed.title,
        candidate=owed.candidate,
    )  # fmt: skip


def _rows(
    connection: Connection, view: View, register: Register, duty: Duty, asked: Asked
) -> Sequence[Row[Any]]:  # fmt: skip
    where = duty.where(asked.window)
    if where is None:
        return []
    table = register.table
    query = view.rows(
        register, [table.c.entry_id, table.c.case_id, table.c.number, table.c.division, *duty.columns]
    ).where(*where)
    if asked.division is not None:
        query = query.where(within(table, len(asked.division)))
    if asked.entries is not None:
        query = query.where(table.c.entry_id.in_(sorted(asked.entries)))
    return connection.execute(query, {**view.binds(), "d": asked.division}).all()


def _by_case(
    connection: Connection, view: View, table: Table, names: Sequence[str], rows: Sequence[Row[Any]]
) -> dict[str, list[Row[Any]]]:
    """The rows of another table that are of the same cases, by case."""
    cases = sorted({row.case_id for row in rows})
    columns = [table.c[name] for name in names]
    found: dict[str, list[Row[Any]]] = {}
    for start in range(0, len(cases), MANY):
        beside = view.of_cases(connection, table, columns, cases[start : start + MANY])
        found |= {case: list(group) for case, group in groupby(beside, key=lambda row: str(row.case_id))}
    return found


def told(item: Item, today: dt.date, names: dict[str, str], registers: Sequence[Register]) -> DueItem:
    """An item as it is told on a day."""
    rule = rule_on(item.rule, item.starts_on) or current(item.rule)
    return DueItem(
        id=item.id,
        kind=item.kind,
        kind_title=_titles(registers)[item.kind],
        rule=DueRule(id=rule.id, name=rule.name, source=rule.source),
        register=item.register,
        entry_id=item.entry_id,
        entry=f"/v1/{item.register}/{item.entry_id}",
        division=item.division,
        division_name=name_of(names, item.division),
        due_on=item.due_on,
        days_left=(item.due_on - today).days,
        overdue=item.due_on < today,
        title=item.title,
        candidate=item.candidate,
    )


def _counts(
    who: Principal, registers: Sequence[Register], asked: Asked, items: Sequence[Item]
) -> list[DueCount]:  # fmt: skip
    """How many of each kind that was asked for, whatever the page. Counts of people are for those with personal rights alone:
    others are told what is published of them (docs/decisions/0012), and the days of a due list are not.
    """
    due = Counter(item.kind for item in items)
    overdue = Counter(item.kind for item in items if item.due_on < asked.window.on)
    people = {duty.kind for register in registers if register.menu is not None for duty in register.duties}
    withheld = frozenset() if who.sees_personal else people
    return [
        DueCount(kind=kind, title=title, due=None, overdue=None)
        if kind in withheld
        else DueCount(kind=kind, title=title, due=due[kind], overdue=overdue[kind])
        for kind, title in _titles(registers).items()
        if asked.kinds is None or kind in asked.kinds
    ]
