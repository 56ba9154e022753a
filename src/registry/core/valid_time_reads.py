"""Reads by the domain's own dates: an entry, or a page, as it was on a day as far as the view knows (docs/decisions/0007)."""

import datetime as dt
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, cast

import msgspec
from sqlalchemy import BinaryExpression, Column, ColumnElement, Connection, Date, Row, or_
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BindParameter, BooleanClauseList, False_, Grouping, True_
from sqlalchemy.sql.visitors import iterate

from registry.core.access_log import shown_document
from registry.core.principals import Principal
from registry.core.register import Register
from registry.core.sealing import Sealer
from registry.core.valid_time import Days, Document
from registry.core.view import Seen, View, Wanted
from registry.errors import NotFound
from registry.ledger.versions import encode

CHUNK = 500
"""How many rows to look at in one statement where a filter can only be answered after turning them to the day."""


@dataclass(frozen=True, slots=True)
class OnDay:
    """One version as the view shows it, and its document as it was on the day, personal fields masked."""

    seen: Seen
    document: Document
    turn: Callable[[Document], Document | None]


def item_on(connection: Connection, view: View, register: Register, entry_id: str, on: dt.date) -> OnDay:
    """An entry as it was on a day. Raises NotFound, also where it had not begun or had ended."""
    seen = view.item(connection, register, entry_id)
    for found in _turned(connection, view, register, [seen], on):
        return found
    raise NotFound


def page_on(
    connection: Connection, view: View, register: Register, wanted: Wanted, where: Sequence[ColumnElement[bool]],
    on: dt.date,
) -> tuple[list[OnDay], int]:  # fmt: skip
    """As `View.page`, of the entries that were there on a day, each as it was, and with the filters asked of that.

    What does not change with the day is asked of the database; the rest of each row in turn, until the page is full.
    """
    turns = register.days.turns
    of_day = [clause for clause in where if _columns(clause) & turns]
    fixed = [*being(register, on), *(clause for clause in where if not _columns(clause) & turns)]
    found: list[OnDay] = []
    before, size, past = wanted.before, wanted.limit, list[ColumnElement[bool]]()
    while True:
        asked = replace(wanted, limit=size, before=before)
        seen, watermark = view.page(connection, register, asked, [*fixed, *past])
        turned = _turned(connection, view, register, seen, on)
        found += [each for each in turned if _passes(register, of_day, each.document)]
        if len(seen) < size or len(found) >= wanted.limit:
            return found[: wanted.limit], watermark
        size = CHUNK
        if wanted.sort is None:
            before = seen[-1].position
        else:
            past = [wanted.sort.past(register.sort_value(wanted.sort, seen[-1].document), seen[-1].position)]


def render_on(sealer: Sealer, who: Principal, register: Register, found: OnDay) -> bytes:
    """The bytes to answer with: what is shown of the version, turned to the day; the stored document was turned already.

    In this order, because plain personal fields are laid over at places in the document as it was recorded.
    """
    shown = shown_document(sealer, who, register, found.seen)
    return encode(found.document if shown is None else found.turn(shown))


def _turned(
    connection: Connection, view: View, register: Register, seen: Sequence[Seen], on: dt.date
) -> Iterator[OnDay]:
    """Those of the versions that were there on the day."""
    rows = _beside(connection, view, register.days, seen)
    for each in seen:
        turn = partial(_turn, register.days, on, rows.get(each.case_id, []))
        document = turn(cast(Document, msgspec.json.decode(each.document)))
        if document is not None:
            yield OnDay(each, document, turn)


def _turn(days: Days, on: dt.date, rows: Sequence[Row[Any]], document: Document) -> Document | None:
    return days.turned(document, on, rows)


def _beside(connection: Connection, view: View, days: Days, seen: Sequence[Seen]) -> dict[str, list[Row[Any]]]:
    """What the documents of these are also made from, by case; one statement for them all."""
    if days.beside is None:
        return {}
    table = days.beside.table
    columns = [table.c[name] for name in days.beside.columns]
    rows = view.of_cases(connection, table, columns, [each.case_id for each in seen])
    return {case_id: list(group) for case_id, group in groupby(rows, key=lambda row: str(row.case_id))}


def being(register: Register, on: dt.date) -> Iterator[ColumnElement[bool]]:
    """The clauses for what was there on the day, so far as columns tell."""
    days, columns = register.days, register.table.c
    for name, holds in ((days.begins, operator.le), (days.ends, operator.gt), (days.last, operator.ge)):
        if name is not None and name in columns:
            yield or_(columns[name].is_(None), holds(columns[name], on))


def _passes(register: Register, where: Sequence[ColumnElement[bool]], document: Document) -> bool:
    """Whether filters hold for a document: of its fields, and of the columns that it tells."""
    columns = {**document, **register.columns(document)} if where else document
    return all(_holds(clause, columns) for clause in where)


def _columns(clause: ColumnElement[bool]) -> set[str]:
    """The columns that a clause looks at."""
    return {node.name for node in iterate(clause) if isinstance(node, Column)}


def _holds(clause: ColumnElement[bool], document: Document) -> bool:
    """Whether a filter's clause holds for a document, as the database would say it of a row with the same values."""
    if isinstance(clause, Grouping):
        return _holds(cast(ColumnElement[bool], clause.element), document)
    if isinstance(clause, BooleanClauseList):
        join = all if clause.operator is operators.and_ else any
        return join(_holds(each, document) for each in clause.clauses)
    if not isinstance(clause, BinaryExpression) or not isinstance(clause.left, Column):
        raise TypeError(f"no filter of a day: {clause}")
    value = document[clause.left.name]
    if clause.operator in (operators.is_, operators.is_not):
        truth = {True_: True, False_: False}.get(type(clause.right))  # None of null
        return (value is truth) is (clause.operator is operators.is_)
    if value is None:
        return False  # NULL compares to nothing
    if isinstance(clause.left.type, Date):
        value = dt.date.fromisoformat(value)
    wanted: Any = cast(BindParameter[Any], clause.right).value
    return value in wanted if clause.operator is operators.in_op else bool(clause.operator(value, wanted))
