"""The figures of a bulletin: each total of what happened in a period or stands at its end, its last day's part of it, its
parts, and where and when it came about.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, or_

from registry.core.measures import Measure, Rate, Split
from registry.core.register import Register
from registry.core.scope import within
from registry.core.view import View
from registry.reports.bulletin.schemas import Chart, DayValue, Figure, FigurePart, PlaceValue, RateFigure
from registry.reports.statistics.disclosure.publication import Question, Told, told

DAY = dt.timedelta(days=1)
TREND = 60
"""Days that a trend goes back at most."""


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


@dataclass(frozen=True, slots=True)
class Counting:
    """Totals of what stands, as a view sees it, in a division."""

    connection: Connection
    view: View
    division: str

    def total(self, register: Register, measure: Measure, period: Period) -> int:
        """One total."""
        where = matching(register, measure, self.division, period.since, period.to)
        return count(self.connection, self.view, register, measure, self.division, where)

    def by(
        self, register: Register, measure: Measure, period: Period, key: ColumnElement[Any]
    ) -> dict[object, int]:  # fmt: skip
        """One total by the values of a column; they add up to it."""
        where = matching(register, measure, self.division, period.since, period.to)
        query = self.view.rows(register, [key.label("part_of_total"), measure.total]).where(*where)
        rows = self.connection.execute(query.group_by("part_of_total"), {**self.view.binds(), "d": self.division})
        return {value: int(amount) for value, amount in rows}


def figure(counting: Counting, register: Register, measure: Measure, period: Period) -> Figure:
    """One figure. What happened: in the period and on its last day; what stands: at its end, and by how much more than the day
    before. Counts of people as they are published, to those who may not see personal data.
    """
    if measure.sensitive and not counting.view.who.sees_personal:
        return _figure(register, measure, published(counting, register, measure, period))
    value = counting.total(register, measure, period)
    last = counting.total(register, measure, period.yesterday if measure.stands else period.today)
    today = value - last if measure.stands else last
    parts = list(_parts(counting, register, measure, period, measure.split)) if measure.split else []
    return _figure(register, measure, Told(value), today, parts)


def section_of(register: Register) -> str:
    """The section that a register's figures stand in: its own, unless it shares one."""
    return register.section or register.title


def _figure(
    register: Register, measure: Measure, told: Told, today: int | None = None, parts: Sequence[FigurePart] = ()
) -> Figure:
    return Figure(
        name=measure.name,
        title=measure.title,
        unit=measure.unit,
        section=section_of(register),
        stands=measure.stands,
        value=told.count,
        today=today,
        parts=list(parts),
        withheld=told.withheld,
        released=told.released,
        released_on=told.released_on,
    )


def published(counting: Counting, register: Register, measure: Measure, period: Period) -> Told:
    """A count of people as it is published."""
    asked = Question(register, measure.name, counting.division, period.since, period.to, measure.stands)
    return told(counting.connection, counting.view, asked)


def _parts(
    counting: Counting, register: Register, measure: Measure, period: Period, split: Split
) -> Iterator[FigurePart]:  # fmt: skip
    """The parts that are not nought, the greatest first; of what stands, without a day's part."""
    values = counting.by(register, measure, period, split.by)
    days = {} if measure.stands else counting.by(register, measure, period.today, split.by)
    for code, value in sorted(values.items(), key=lambda each: (-each[1], str(each[0]))):
        if code in split.titles and value:
            today = None if measure.stands else days.get(code, 0)
            yield FigurePart(code=str(code), title=split.titles[str(code)][0], value=value, today=today)


def rate(asked: Rate, figures: Sequence[Figure]) -> RateFigure:
    """A share, with what it is a share of; None where there is nothing to share."""
    found = {each.name: each for each in figures}
    good, bad = found[asked.good].value or 0, found[asked.bad].value or 0
    percent = round(100 * good / (good + bad), 1) if good + bad else None
    unit = found[asked.good].unit
    return RateFigure(name=asked.name, title=asked.title, unit=unit, percent=percent, good=good, whole=good + bad)


def chart(
    counting: Counting, register: Register, measure: Measure, period: Period, places: dict[str, str]
) -> Chart:  # fmt: skip
    """What is drawn of a total: by the places below the division, the greatest first, and day by day."""
    table = register.table.c
    column: Column[Any] = table.town if len(counting.division) == len("440882") else table.division
    amounts = counting.by(register, measure, period, column)
    codes = sorted(places, key=lambda code: (-amounts.get(code, 0), code))
    return Chart(
        name=measure.name,
        title=measure.title,
        unit=measure.unit,
        places=[PlaceValue(code=code, name=places[code], value=amounts.get(code, 0)) for code in codes],
        days=[] if measure.dated is None else _days(counting, register, measure, period, measure.dated),
    )


def _days(
    counting: Counting, register: Register, measure: Measure, period: Period, dated: ColumnElement[Any]
) -> list[DayValue]:  # fmt: skip
    first = period.to - (TREND - 1) * DAY
    since = first if period.since is None else max(first, period.since)
    amounts = counting.by(register, measure, Period(since, period.to), dated)
    days = [since + n * DAY for n in range((period.to - since).days + 1)]
    return [DayValue(day=day, value=amounts.get(day, 0)) for day in days]


def count(
    connection: Connection, view: View, register: Register, measure: Measure, division: str,
    where: Iterable[ColumnElement[bool]],
) -> int:  # fmt: skip
    """The total of what stands, as the view sees it."""
    query = view.rows(register, [measure.total]).where(*where)
    return int(connection.scalar(query, {**view.binds(), "d": division}) or 0)


def matching(
    register: Register, measure: Measure, division: str, since: dt.date | None, to: dt.date
) -> Iterator[ColumnElement[bool]]:
    """The clauses of one figure: which versions it adds up, for a division (bound as :d) and a period."""
    yield within(register.table, len(division))
    yield from measure.where
    if measure.dated is not None:
        yield measure.dated <= to
        if since is not None:
            yield measure.dated >= since
    if measure.since is not None:
        yield measure.since <= to
    if measure.past is not None:
        yield measure.past < to
    if measure.until is not None:
        yield or_(measure.until.is_(None), measure.until > to)
