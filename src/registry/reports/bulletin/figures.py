"""The figures of a bulletin: each total of what happened in a period or stands at its end, its last day's part of it, its
parts, and where and when it came about; and in the last section (明日重点) how much falls due the day after, by kind of duty.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select

from registry.core.duties import Window
from registry.core.principals import TOWN
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import head_of
from registry.deadlines.periods import add_days
from registry.reports.bulletin.schemas import Chart, DayValue, Figure, FigurePart, PlaceValue, RateFigure, Section
from registry.reports.bulletin.sections import PrintedMeasure, Rate, Split
from registry.reports.bulletin.wording import UNTOLD
from registry.reports.due.service import DueSelection, due_items, titles, withheld_kinds
from registry.reports.statistics.people import NEAREST, ToldCount, last_of_month, month_end, told_number

DAY = dt.timedelta(days=1)
TREND = 60
"""Days that a trend goes back at most."""
TOMORROW = "明日重点"


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
class Totals:
    """Totals of what stands, as a view sees it, in a division."""

    connection: Connection
    view: View
    division: str

    def total(self, printed: PrintedMeasure, period: Period) -> int:
        """One total."""
        query = self._rows(printed, period, [printed.total])
        return int(self.connection.scalar(query, self._binds()) or 0)

    def by(self, printed: PrintedMeasure, period: Period, key: ColumnElement[Any]) -> dict[object, int]:
        """One total by the values of a column; they add up to it."""
        query = self._rows(printed, period, [key.label("part_of_total"), printed.total]).group_by("part_of_total")
        return {value: int(amount) for value, amount in self.connection.execute(query, self._binds())}

    @property
    def below_towns(self) -> bool:
        """Whether they are of less than a town."""
        return len(self.division) > TOWN or bool(self.view.who.villages)

    @property
    def of_county(self) -> bool:
        """Whether they are of the whole county."""
        return self.view.who.county_wide and len(self.division) < TOWN

    def people(self, printed: PrintedMeasure, to: dt.date) -> tuple[ToldCount, dt.date]:
        """How many people there were, as those are told who see none of them, and on which month end (docs/decisions/0012)."""
        who, rule = self.view.who, printed.register.people
        month = month_end(self.connection, who.book, self.view.as_of or head_of(self.connection, who.book))
        day = min(to if to == last_of_month(to) else add_days(to.replace(day=1), -1), month.day)
        if rule is None or self.below_towns or not printed.stands:
            return ToldCount(None), day
        count = replace(self, view=View(who, month.watermark)).total(printed, Period(None, day))
        return told_number(rule, printed.measure, count, of_town=not self.of_county, by_trait=False), day

    def _rows(
        self, printed: PrintedMeasure, period: Period, columns: Sequence[ColumnElement[Any]]
    ) -> Select[Any]:  # fmt: skip
        where = printed.matching(self.division, period.since, period.to)
        return self.view.rows(printed.register, columns).where(*where)

    def _binds(self) -> dict[str, object]:
        return {**self.view.binds(), "d": self.division}


def figure(totals: Totals, section: str, printed: PrintedMeasure, period: Period) -> Figure:
    """One figure. What happened: in the period and on its last day; what stands: at its end, and by how much more than the day
    before. To those who see no people: how many there are as of a month end, and of what was done for them no parts.
    """
    if not printed.exact_for(totals.view.who):
        told, day = totals.people(printed, period.to)
        rounded_to = None if told.value is None or totals.of_county else NEAREST
        return _figure(section, printed, told, as_of_day=day, rounded_to=rounded_to)
    if not printed.tells_rows(totals.view.who) and totals.below_towns:
        return _figure(section, printed, ToldCount(None))
    value = totals.total(printed, period)
    last = totals.total(printed, period.yesterday if printed.stands else period.today)
    today = value - last if printed.stands else last
    parts = list(_parts(totals, printed, period, printed.split)) if printed.split else []
    return _figure(section, printed, ToldCount(value), today, parts)


def _figure(
    section: str,
    printed: PrintedMeasure,
    told: ToldCount,
    today: int | None = None,
    parts: Sequence[FigurePart] = (),
    as_of_day: dt.date | None = None,
    rounded_to: int | None = None,
) -> Figure:
    return Figure(
        name=printed.name,
        title=printed.title,
        unit=printed.measure.unit,
        section=section,
        stands=printed.stands,
        value=None if told.value is None else int(told.value),
        today=today,
        parts=list(parts),
        small=told.small,
        as_of_day=as_of_day,
        rounded_to=rounded_to,
    )


def _parts(totals: Totals, printed: PrintedMeasure, period: Period, split: Split) -> Iterator[FigurePart]:
    """The parts that are not nought, the greatest first; of what stands, without a day's part."""
    values = totals.by(printed, period, split.by)
    days = {} if printed.stands else totals.by(printed, period.today, split.by)
    for code, value in sorted(values.items(), key=lambda each: (-each[1], str(each[0]))):
        if code in split.titles and value:
            today = None if printed.stands else days.get(code, 0)
            yield FigurePart(code=str(code), title=split.titles[str(code)][0], value=value, today=today)


def rate(asked: Rate, figures: Sequence[Figure]) -> RateFigure:
    """A share, with what it is a share of; None where there is nothing to share."""
    found = {each.name: each for each in figures}
    good, bad = found[asked.good].value or 0, found[asked.bad].value or 0
    percent = round(100 * good / (good + bad), 1) if good + bad else None
    unit = found[asked.good].unit
    return RateFigure(name=asked.name, title=asked.title, unit=unit, percent=percent, good=good, whole=good + bad)


def chart(
    totals: Totals, printed: PrintedMeasure, period: Period, places: dict[str, str], drawn_by: Column[Any]
) -> Chart:  # fmt: skip
    """What is drawn of a total: by the places below the division, the greatest first, and day by day."""
    table = printed.register.table.c
    column: Column[Any] = table.town if len(totals.division) < TOWN else table.division
    amounts = totals.by(printed, period, column)
    codes = sorted(places, key=lambda code: (-amounts.get(code, 0), code))
    return Chart(
        name=printed.name,
        title=printed.title,
        unit=printed.measure.unit,
        places=[PlaceValue(code=code, name=places[code], value=amounts.get(code, 0)) for code in codes],
        days=[] if printed.stands else _days(totals, printed, period, drawn_by),
    )


def _days(totals: Totals, printed: PrintedMeasure, period: Period, drawn_by: Column[Any]) -> list[DayValue]:
    first = period.to - (TREND - 1) * DAY
    since = first if period.since is None else max(first, period.since)
    amounts = totals.by(printed, Period(since, period.to), drawn_by)
    days = [since + n * DAY for n in range((period.to - since).days + 1)]
    return [DayValue(day=day, value=amounts.get(day, 0)) for day in days]


def tomorrow(totals: Totals, registers: Sequence[Register], to: dt.date) -> Section:
    """As the due list tells it on the last day, to the same caller."""
    named, untold = titles(registers), withheld_kinds(totals.view.who, registers, totals.division)
    kinds = {kind: title for kind, title in named.items() if kind not in untold}
    selection = DueSelection(Window(to, add_days(to, 1)), frozenset(kinds), totals.division)
    days = Counter((item.kind, item.due_on) for item in due_items(totals.connection, totals.view, registers, selection))
    told = list(_due_lines(kinds, days, to))
    if untold:
        told.append("、".join(title for kind, title in named.items() if kind in untold) + f"：{UNTOLD}。")
    return Section(title=TOMORROW, rates=[], told=told)


def _due_lines(kinds: Mapping[str, str], days: Counter[tuple[str, dt.date]], to: dt.date) -> Iterator[str]:
    yield f"明日到期：{_listed(kinds, days, lambda day: day > to)}。"
    yield f"今日到期：{_listed(kinds, days, lambda day: day == to)}。"
    yield f"已逾期：{_listed(kinds, days, lambda day: day < to)}。"


def _listed(
    kinds: Mapping[str, str], days: Counter[tuple[str, dt.date]], of: Callable[[dt.date], bool]
) -> str:  # fmt: skip
    """How many of each kind are due on such days: 调解期限1项、随访12项."""
    counts = {title: sum(days[key] for key in days if key[0] == kind and of(key[1])) for kind, title in kinds.items()}
    return "、".join(f"{title}{count}项" for title, count in counts.items() if count) or "无"
