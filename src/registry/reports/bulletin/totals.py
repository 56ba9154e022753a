"""The totals of a bulletin, counted from the mirrors of statistics: the rows that a view sees, in a division and a period."""

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Select

from registry.core.principals import TOWN
from registry.core.register import Register
from registry.core.scope import within
from registry.core.view import View
from registry.core.watermarks import head_of
from registry.db.database import computed
from registry.deadlines.periods import add_days
from registry.reports.bulletin.sections import PrintedMeasure
from registry.reports.statistics.mirror import Mirror
from registry.reports.statistics.mirror_tables import Pinned
from registry.reports.statistics.people import ToldCount, last_of_month, month_end, told_number
from registry.reports.statistics.query import number_of

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From a first day (None: the beginning) to a last day."""

    since: dt.date | None
    to: dt.date

    @property
    def today(self) -> "Period":
        """Its last day alone."""
        return Period(self.to, self.to)

    @property
    def yesterday(self) -> "Period":
        """The same period, up to the day before."""
        return Period(self.since, self.to - DAY)


@dataclass(slots=True)
class RegisterTables:
    """The mirrors of registers as one connection sees the log, each pinned when it is first asked."""

    connection: Connection
    mirror: Mirror
    _pinned: dict[str, Pinned] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def rows(self, view: View, register: Register, query: Select[Any]) -> Sequence[tuple[Any, ...]]:
        """What a statement over a register's table finds. The view is as of a watermark: the table may know more than that."""
        if register.name not in self._pinned:
            self._pinned[register.name] = self._open.enter_context(self._at(view, register))
        return computed(partial(self._pinned[register.name].rows, query))

    def _at(self, view: View, register: Register) -> Pinned:
        pinned = self.mirror.at(self.connection, view.who.book, register)
        if (opened := view.opened(self.connection, register)) is not None:
            computed(partial(pinned.bring, opened[0], tuple(opened[0].columns), opened[1]))
        return pinned

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals of what stands, as a view that is as of a watermark sees it, in a division."""

    tables: RegisterTables
    view: View
    division: str

    def of(self, asked: Sequence[tuple[PrintedMeasure, Period]]) -> Mapping[tuple[str, Period], int]:
        """Totals by their names and periods: those of a register by one statement."""
        found: dict[tuple[str, Period], int] = {}
        for _, group in groupby(sorted(asked, key=_register), _register):
            each = list(group)
            numbers = [number_of(printed.measure, self._matching(printed, period)) for printed, period in each]
            (row,) = self._rows(each[0][0].register, numbers)
            found |= {(printed.name, period): int(total) for (printed, period), total in zip(each, row, strict=True)}
        return found

    def by(self, printed: PrintedMeasure, period: Period, key: ColumnElement[Any]) -> dict[object, int]:
        """One total by the values of a column; they add up to it."""
        where = self._matching(printed, period)
        rows = self._rows(printed.register, [key.label("part_of_total"), printed.total], where, ["part_of_total"])
        return {value: int(amount) for value, amount in rows}

    @property
    def _below_towns(self) -> bool:
        return len(self.division) > TOWN or bool(self.view.who.villages)

    @property
    def of_county(self) -> bool:
        """Whether they are of the whole county."""
        return self.view.who.county_wide and len(self.division) < TOWN

    def tells_exactly(self, printed: PrintedMeasure) -> bool:
        """Whether the caller is told this total as it is: of what was done for people in care, whoever sees none, from the towns up."""
        who = self.view.who
        return printed.tells_rows(who) or (printed.exact_for(who) and not self._below_towns)

    def told(self, printed: PrintedMeasure, period: Period) -> tuple[ToldCount, dt.date | None]:
        """A total as its caller is told it; how many people there are, to who sees none, as of which month end (docs/decisions/0012)."""
        if self.tells_exactly(printed):
            return ToldCount(self.of([(printed, period)])[printed.name, period]), None
        who, rule, connection = self.view.who, printed.register.people, self.tables.connection
        if rule is None or printed.exact_for(who) or not printed.stands or self._below_towns:
            return ToldCount(None), None
        month = month_end(connection, who.book, self.view.as_of or head_of(connection, who.book))
        ended = period.to if period.to == last_of_month(period.to) else add_days(period.to.replace(day=1), -1)
        then, asked = replace(self, view=View(who, month.watermark)), Period(None, min(ended, month.day))
        count = then.of([(printed, asked)])[printed.name, asked]
        return told_number(rule, printed.measure, count, of_town=not self.of_county, by_trait=False), asked.to

    @staticmethod
    def _matching(printed: PrintedMeasure, period: Period) -> list[ColumnElement[bool]]:
        return list(printed.measure.matching(printed.register.filters, period.since, period.to))

    def _rows(
        self, register: Register, columns: Sequence[ColumnElement[Any]], where: Sequence[ColumnElement[bool]] = (),
        keys: Sequence[str] = (),
    ) -> Sequence[tuple[Any, ...]]:  # fmt: skip
        query = self.view.rows(register, columns).where(within(register.table, len(self.division)), *where)
        binds = {**self.view.binds(), "d": self.division}
        return self.tables.rows(self.view, register, query.group_by(*keys).params(binds))


def _register(asked: tuple[PrintedMeasure, Period]) -> str:
    return asked[0].register.name
