"""The figures of a bulletin: each total of what happened in a period or stands at its end, its last day's part of it, its
parts, and where and when it came about; and in the last section (明日重点) how much falls due the day after, by kind of duty.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column

from registry.core.duties import Window
from registry.core.principals import TOWN
from registry.core.register import Register
from registry.deadlines.periods import add_days
from registry.reports.bulletin.narrative import NarrativeSource
from registry.reports.bulletin.schemas import Chart, DayValue, Figure, FigurePart, PlaceValue, RateFigure, Section
from registry.reports.bulletin.sections import BulletinSection, PrintedMeasure, Rate, Split
from registry.reports.bulletin.totals import DAY, Period, Totals
from registry.reports.bulletin.wording import UNTOLD
from registry.reports.due.service import DueSelection, due_items, titles, withheld_kinds
from registry.reports.statistics.people import NEAREST, ToldCount

TREND = 60
"""Days that a trend goes back at most."""
TOMORROW = "明日重点"


def figures(totals: Totals, sections: Sequence[BulletinSection], period: Period) -> list[Figure]:
    """All figures. What happened: in the period and on its last day; what stands: at its end, and by how much more than the day
    before. To those who see no people: how many there are as of a month end, and of what was done for them no parts.
    """
    every = [(section.title, each) for section in sections for each in section.measures]
    told = [each for _, each in every if totals.tells_exactly(each)]
    known = totals.of([(each, asked) for each in told for asked in (period, _last(each, period))])
    return [_of(totals, section, each, period, known) for section, each in every]


def _last(printed: PrintedMeasure, period: Period) -> Period:
    """What the last day's part is reckoned from."""
    return period.yesterday if printed.stands else period.today


def _of(
    totals: Totals, section: str, printed: PrintedMeasure, period: Period, known: Mapping[tuple[str, Period], int]
) -> Figure:
    if (printed.name, period) not in known:
        told, day = totals.told(printed, period)
        rounded_to = None if told.value is None or totals.of_county else NEAREST
        return _figure(section, printed, told, as_of_day=day, rounded_to=rounded_to)
    value, last = (known[printed.name, asked] for asked in (period, _last(printed, period)))
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


def tomorrow(source: NarrativeSource, registers: Sequence[Register]) -> Section:
    """As the due list tells it on the last day, to the same caller."""
    to, named, untold = source.to, titles(registers), withheld_kinds(source.view.who, registers, source.division)
    kinds = {kind: title for kind, title in named.items() if kind not in untold}
    selection = DueSelection(Window(to, add_days(to, 1)), frozenset(kinds), source.division)
    days = Counter((item.kind, item.due_on) for item in due_items(source.connection, source.view, registers, selection))
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
