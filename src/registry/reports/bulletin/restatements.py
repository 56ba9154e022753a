"""Restatements (更正说明): which totals of a bulletin changed between two watermarks, by how much, because of which versions.

Both bulletins are asked for the same division and period, with the caller's rights of today; they differ only in what was known.
A version changes a total by what it adds less what the version before it added, so the rows add up to the difference.

For callers who see no people in care, what was done for them has no rows, which would name entries; and how many there are is as the
bulletin told it at either watermark, without a difference.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from registry.core.principals import READERS, Principal
from registry.core.schemas import Reason, Recorder
from registry.core.view import View
from registry.core.watermarks import head_of, last_day, resolve_as_of, watermark_text
from registry.errors import Fault, Forbidden, Refused
from registry.ledger.clock import timestamp
from registry.ledger.tables import LOG
from registry.ledger.versions import Action, encode
from registry.reports.bulletin.coverage_area import coverage_area
from registry.reports.bulletin.schemas import Cell, Restated, Restatement, RestatementQuery
from registry.reports.bulletin.sections import BulletinSection, PrintedMeasure, printed_measures
from registry.reports.bulletin.totals import Period, RegisterTables, Totals
from registry.reports.bulletin.wording import amount, period
from registry.reports.statistics.query import Number
from registry.web import reads
from registry.web.call import Call
from registry.web.cursors import Cursor, read_cursor
from registry.web.reads import Answer

ACTION_WORDS = {
    Action.CREATED: "新增",
    Action.CHANGED: "变更",
    Action.CORRECTED: "更正",
    Action.TRANSFERRED: "移交",
    Action.VOIDED: "作废",
    Action.ERASED: "依法删除",
}
AWAY = "转出辖区"
"""Of entries whose new version the caller may not see."""
ActionCounts = dict[Action | None, int]
"""How many versions of which action changed a total."""
Moved = dict[Action | None, tuple[int, int]]
"""How many versions of which action changed a total, and by how much together."""
CELLS = 1000
"""More cells than there are; a cursor's number is a position and a cell."""


@dataclass(frozen=True)
class Comparison:
    """One bulletin at two watermarks: `start`, and the view's."""

    tables: RegisterTables
    view: View
    start: int
    division: str
    first: dt.date | None
    last: dt.date
    measures: Sequence[PrintedMeasure]

    @cached_property
    def cells(self) -> list[tuple[Cell, ActionCounts]]:
        """Every total at both watermarks, and how many versions of which action changed it."""
        period = Period(self.first, self.last)
        told = [(each, period) for each in self.measures if each.tells_rows(self.view.who)]
        before = self._totals(self.start).of(told)
        return [
            self._cell(each, before.get((each.name, period)), self.moved.get(index, {}))
            for index, each in enumerate(self.measures)
        ]

    @cached_property
    def moved(self) -> dict[int, Moved]:
        """What changed each total, by its place in the list of measures."""
        moved: dict[int, Moved] = {}
        for row in self._run(_by_action(self._changes(range(len(self.measures))))):
            action = None if row.action is None else Action(row.action)
            moved.setdefault(row.cell, {})[action] = row.rows, row.amount
        return moved

    def rows(self, after: int, limit: int) -> list[Restated]:
        """Up to `limit` changes past a cursor's number, in the order of the log."""
        told = [index for index, (cell, _) in enumerate(self.cells) if cell.rows_count]
        if not told:
            return []
        position, index = divmod(after, CELLS)
        query = _page(self._changes(told), position, index).limit(limit)
        found = list(self._run(query, max(self.start, position)))
        documents = self._documents(found)
        return [_restated(row, self.measures[row.cell], documents.get(row.position)) for row in found]

    def _cell(self, printed: PrintedMeasure, before: int | None, moved: Moved) -> tuple[Cell, ActionCounts]:
        """A total at both watermarks, and what changed it. Who sees no entries of people is told neither what nor how many rows."""
        if before is None:
            marks, period = (self.start, self.view.as_of), Period(self.first, self.last)
            (first, _), (last, _) = (self._totals(mark).told(printed, period) for mark in marks)
            return _cell_of(printed, first.value, last.value, None, adds_up=printed.exact_for(self.view.who)), {}
        after = before + sum(amount for _, amount in moved.values())
        rows = {action: number for action, (number, _) in moved.items()}
        return _cell_of(printed, before, after, sum(rows.values())), rows

    def _totals(self, mark: int | None) -> Totals:
        return Totals(self.tables, View(self.view.who, mark), self.division)

    def _changes(self, indexes: Iterable[int]) -> Subquery:
        """(cell, position, amount, seen) of every version that changed one of these cells."""
        parts = []
        for index in indexes:
            printed = self.measures[index]
            where = list(printed.matching(self.division, self.first, self.last))
            cell: ColumnElement[int] = literal_column(str(index))
            changes = self.view.changes(printed.register, printed.total, where)
            parts += [part.add_columns(cell.label("cell")) for part in changes]
        both = union_all(*parts).subquery()
        amount = cast(func.sum(both.c.amount), BigInteger)
        columns = (both.c.cell, both.c.position, amount.label("amount"), func.max(both.c.seen).label("seen"))
        return select(*columns).group_by(both.c.cell, both.c.position).having(amount != 0).subquery("changes")

    def _run(self, query: Any, since: int | None = None) -> Iterable[Row[Any]]:  # noqa: ANN401 - a select of any columns
        binds = self.view.binds(self.start if since is None else since)
        return self.tables.connection.execute(query, {**binds, "d": self.division})

    def _documents(self, rows: Sequence[Row[Any]]) -> dict[int, bytes]:
        """The documents of the versions that the caller may see."""
        found: dict[int, bytes] = {}
        registers = {printed.register.name: printed.register for printed in self.measures}
        for name, group in groupby(sorted(rows, key=lambda row: row.register), lambda row: row.register):
            positions = sorted({row.position for row in group})
            found |= self.view.documents(self.tables.connection, registers[name], positions)
        return found


async def read_restatement(call: Call, sections: Sequence[BulletinSection]) -> Answer:
    """The restatement that the query asks for. Raises Forbidden, Malformed or Refused."""
    who = await call.caller()
    if who.role not in READERS:
        raise Forbidden
    query = call.params(RestatementQuery)
    page = RestatementPage(who, printed_measures(sections), query, call.url.path)

    def work(connection: Connection) -> Restatement:
        with RegisterTables(connection, call.app.state.mirror) as tables:
            return page.made(tables)

    answer = await call.context.scan(work)
    body = encode(answer)
    return reads.respond(call, body, reads.body_tag(body), answer.now)


@dataclass(frozen=True)
class RestatementPage:
    """One page of a restatement, as its caller may see it."""

    who: Principal
    measures: Sequence[PrintedMeasure]
    query: RestatementQuery
    path: str

    def made(self, tables: RegisterTables) -> Restatement:
        """The page. Raises Refused."""
        query, book, connection = self.query, self.who.book, tables.connection
        start = resolve_as_of(connection, book, query.then, "then")
        # A cursor is bound to the watermark that `then` named: later pages are of the same two moments as the first.
        path = f"{self.path}/{start}"
        cursor = read_cursor(query, path)
        compared = self._compared(tables, start, cursor)
        rows = compared.rows(cursor.last if cursor else -1, query.limit + 1)
        more = len(rows) > query.limit
        name = coverage_area(connection, compared.view, query.division).name
        end = compared.view.as_of or 0
        return Restatement(
            then=watermark_text(book, start),
            now=watermark_text(book, end),
            division=compared.division,
            division_name=name,
            period_from=compared.first,
            period_to=compared.last,
            cells=[cell for cell, _ in compared.cells],
            rows=rows[: query.limit],
            next_cursor=Cursor(end, self._number(rows[query.limit - 1])).text(query, path) if more else None,
            paragraph=f"{period(compared.first, compared.last)}，{name}{_summary(compared.cells)}。",
        )

    def _compared(self, tables: RegisterTables, start: int, cursor: Cursor | None) -> Comparison:
        query, book, connection = self.query, self.who.book, tables.connection
        end = cursor.watermark if cursor else head_of(connection, book)
        if query.now is not None:
            end = resolve_as_of(connection, book, query.now, "now")
        if start > end:
            raise Refused(
                faults=[Fault("#then", "ends_before_start", "then 晚于 now。", "`then` is later than `now`.")]
            )
        # The bulletin as it was printed then. Before the first version there is no such day, so that of the last one counts.
        last = query.period_to or last_day(connection, book, start or end)
        if query.period_from is not None and query.period_from > last:
            text = "起始日期晚于截止日期。", "Starts after it ends."
            raise Refused(faults=[Fault("#period_from", "ends_before_start", *text)])
        view, division = View(self.who, end), query.division or book
        return Comparison(tables, view, start, division, query.period_from, last, self.measures)

    def _number(self, row: Restated) -> int:
        """What a cursor says of the row that its page ended with."""
        return row.position * CELLS + [printed.name for printed in self.measures].index(row.measure)


def _cell_of(
    printed: PrintedMeasure, before: Number, after: Number, rows: int | None, *, adds_up: bool = True
) -> Cell:  # fmt: skip
    return Cell(
        name=printed.name,
        title=printed.title,
        unit=printed.measure.unit,
        before=None if before is None else int(before),
        after=None if after is None else int(after),
        difference=None if before is None or after is None or not adds_up else int(after - before),
        rows_count=rows,
    )


def _by_action(changes: Subquery) -> Any:  # noqa: ANN401 - a select of four columns
    action = case((changes.c.seen == 1, LOG.c.action)).label("action")
    each = select(changes.c.cell, changes.c.amount, action).join(LOG, _logged(changes)).subquery()
    total = cast(func.sum(each.c.amount), BigInteger)
    columns = (each.c.cell, each.c.action, func.count().label("rows"), total.label("amount"))
    return select(*columns).group_by(each.c.cell, each.c.action)


def _page(changes: Subquery, position: int, index: int) -> Any:  # noqa: ANN401 - a select of many columns
    at = (changes.c.position, changes.c.cell)
    past = or_(at[0] > position, and_(at[0] == position, at[1] > index))
    logged = [column for column in LOG.c if column.name != "position"]
    return select(changes, *logged).join(LOG, _logged(changes)).where(past).order_by(*at)


def _logged(changes: Subquery) -> Any:  # noqa: ANN401 - a clause
    return and_(LOG.c.book == bindparam("b"), LOG.c.position == changes.c.position)


class _Meta(msgspec.Struct):
    reason: Reason | None
    recorded_by: Recorder


class _StoredDocument(msgspec.Struct):
    """What a row needs of a stored document."""

    meta: _Meta


def _restated(row: Row[Any], printed: PrintedMeasure, document: bytes | None) -> Restated:
    meta = None if document is None else msgspec.json.decode(document, type=_StoredDocument).meta
    return Restated(
        measure=printed.name,
        title=printed.title,
        unit=printed.measure.unit,
        difference=row.amount,
        position=row.position,
        register=row.register,
        entry_id=row.entry_id,
        recorded_at=timestamp(row.recorded_at),
        version=row.number if meta else None,
        action=Action(row.action) if meta else None,
        reason=meta.reason if meta else None,
        recorded_by=meta.recorded_by if meta else None,
        replayed_at=timestamp(row.replayed_at) if meta and row.replayed_at else None,
        division=row.division if meta else None,
    )


def _summary(cells: Sequence[tuple[Cell, ActionCounts]]) -> str:
    """What changed, in Chinese. A total that is told at neither watermark is left out, changed or not."""
    return (
        "；".join(change(cell, actions) for cell, actions in cells if cell.before != cell.after)
        or "公布的各项数字没有变化"
    )


def change(cell: Cell, actions: ActionCounts) -> str:
    """One total that changed, in Chinese: from what to what, and because of how many versions of which action."""
    text = f"{cell.title}由{amount(cell.before, cell.unit)}更正为{amount(cell.after, cell.unit)}"
    if cell.difference is not None:
        text += f"（{'增加' if cell.difference > 0 else '减少'}{abs(cell.difference)}{cell.unit}）"
    because = [
        f"{word}{actions[action]}条" for action, word in [*ACTION_WORDS.items(), (None, AWAY)] if action in actions
    ]
    return f"{text}：{'、'.join(because)}" if because else text
