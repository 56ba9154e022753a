"""What is due (应办事项): the duties that the registers declare, over what stands and the caller may see."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Table, func, select

from registry.core.divisions import name_of
from registry.core.duties import CaseRows, DutyKind, Owed, Window
from registry.core.principals import TOWN, Principal
from registry.core.register import Register
from registry.core.scope import within
from registry.core.view import View
from registry.db.database import computed
from registry.deadlines.rules import version_of
from registry.reports.due.schemas import DueItem, DueRule


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
    position: int = 0
    """Of the entry's version in the log."""

    @property
    def id(self) -> str:
        """Names the duty, whatever becomes of its day."""
        return "/".join(filter(None, (self.register, self.entry_id, self.kind, self.part)))


@dataclass(frozen=True, slots=True)
class DueSelection:
    """Which items: of which window and kinds (None: all), of which division, of which entries (None: all)."""

    window: Window
    kinds: frozenset[str] | None = None
    division: str | None = None
    entries: frozenset[str] | None = None


def titles(registers: Sequence[Register]) -> dict[str, str]:
    """The Chinese title of every kind of duty."""
    return {duty.kind: duty.title for register in registers for duty in register.duties}


def due_items(connection: Connection, view: View, registers: Sequence[Register], selection: DueSelection) -> list[Item]:
    """Everything that is due in the window or overdue, earliest first."""
    found: list[Item] = []
    for register in registers:
        for duty in register.duties:
            if selection.kinds is None or duty.kind in selection.kinds:
                rows = _rows(connection, view, register, duty, selection)
                beside = [_beside(connection, view, each, rows, selection.window) for each in duty.beside]
                found += computed(partial(_items, register, duty, rows, beside, selection.window))
    return computed(partial(sorted, found))


def _items(
    register: Register, duty: DutyKind, rows: Sequence[Row[Any]], beside: Sequence[Mapping[str, Any]], window: Window
) -> list[Item]:
    return [
        _item(register, duty, row, owed)
        for row in rows
        for owed in duty.owed(row, [each[row.case_id] for each in beside], window)
        if owed.due_on <= window.before
    ]


def _item(register: Register, duty: DutyKind, row: Row[Any], owed: Owed) -> Item:
    return Item(
        due_on=owed.due_on, register=register.name, kind=duty.kind, entry_id=row.entry_id, part=owed.part,
        case_id=row.case_id, number=row.number, division=row.division, rule=owed.rule, starts_on=owed.starts_on or owed.due_on, title=owed.title,
        candidate=owed.candidate, position=row.position,
    )  # fmt: skip


def _rows(
    connection: Connection, view: View, register: Register, duty: DutyKind, selection: DueSelection
) -> Sequence[Row[Any]]:  # fmt: skip
    table, where = register.table, duty.where(selection.window)
    query = view.rows(
        register, [table.c.entry_id, table.c.case_id, table.c.number, table.c.position, table.c.division, *duty.columns]
    ).where(*where)
    if selection.division is not None:
        query = query.where(within(table, len(selection.division)))
    if selection.entries is not None:
        query = query.where(table.c.entry_id.in_(sorted(selection.entries)))
    return connection.execute(query, {**view.binds(), "d": selection.division}).all()


def _beside(
    connection: Connection, view: View, beside: CaseRows, rows: Sequence[Row[Any]], window: Window
) -> Mapping[str, Any]:
    """What stands beside these rows, by case."""
    if not rows:
        return {}
    if beside.count is not None:
        return _counted(connection, view, beside.table, beside.count(window))
    columns = [beside.table.c[name] for name in beside.columns]
    found = defaultdict[str, list[Row[Any]]](list)
    for row in view.of_cases(connection, beside.table, columns, sorted({row.case_id for row in rows})):
        found[row.case_id].append(row)
    return found


def _counted(
    connection: Connection, view: View, table: Table, where: Sequence[ColumnElement[bool]]
) -> Mapping[str, int]:
    """How many rows stand of each case, whoever keeps it; told only in an entry of that case."""
    these = table.c.book == view.who.book, table.c.voided.is_(False), view.standing(table), *where
    query = select(table.c.case_id, func.count().label("rows")).where(*these).group_by(table.c.case_id)
    return defaultdict(int, {row.case_id: row.rows for row in connection.execute(query, view.binds())})


def due_item(item: Item, today: dt.date, names: dict[str, str], registers: Sequence[Register]) -> DueItem:
    """An item as it is told on a day."""
    rule = version_of(item.rule, item.starts_on)
    return DueItem(
        id=item.id,
        kind=item.kind,
        kind_title=titles(registers)[item.kind],
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
        provisional=rule.may_move(item.due_on),
    )


def kinds_of_people(registers: Sequence[Register]) -> frozenset[str]:
    """The kinds that are owed to people in care."""
    return frozenset(duty.kind for register in registers if register.people for duty in register.duties)


def hidden_kinds(who: Principal, registers: Sequence[Register]) -> frozenset[str]:
    """The kinds of which a caller sees no item: those owed to people in care, who sees none of them (docs/decisions/0012)."""
    return frozenset() if who.sees_people else kinds_of_people(registers)


def withheld_kinds(who: Principal, registers: Sequence[Register], division: str | None) -> frozenset[str]:
    """Of these, the kinds that are not counted either: below the towns."""
    below = len(division or "") > TOWN or who.villages
    return hidden_kinds(who, registers) if below else frozenset()
