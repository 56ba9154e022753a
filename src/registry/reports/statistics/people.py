"""Counts of people in care, for callers who see none of them: dashboards and bots, whose answers are passed on.

The rule (docs/decisions/0012; 精神卫生法 §4(3): confidential is whatever lets somebody be inferred). *Work* is told exactly, of the county and
its towns, of any period: what was visited, what is due. *People* are told of the county, as of the last month end before the
watermark, rounded to the nearest 5, and 1 to 4 not at all; how many are on the roster also of a town, from 10 on, and of the county
exactly. Nothing is told below the towns. What is told follows from the log, the watermark and the question, and from nothing else.
"""

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from registry.core.measures import By, Dimension, Measure, PeopleRule
from registry.core.principals import TOWN, Principal
from registry.core.register import Register
from registry.core.watermarks import last_day, position_at
from registry.errors import Fault, refuse
from registry.ledger.clock import BEIJING, microseconds
from registry.reports.statistics.query import Counted, Number, Value

NEAREST = 5
"""What counts of people are rounded to; fewer are not told."""
FEWEST_OF_TOWN = 10
"""On a town's roster, so that its number is told."""
PLACES = frozenset({"town", "village", "division", "division_only"})
"""Dimensions and parameters of where something is."""
DRIVE = "campaign_id"
"""The parameter that chooses a drive (专项行动)."""
DAY = dt.timedelta(days=1)


class MonthEnd(NamedTuple):
    """The last month end before a watermark: its day in Beijing, and how long the log was at its end."""

    day: dt.date
    watermark: int


class ToldCount(NamedTuple):
    """A number as it is told; None where it is not: `small` says that it is from 1 to 4."""

    value: Number
    small: bool = False


@dataclass(frozen=True)
class PeopleQuestion:
    """What a caller who sees no people asks of a register of them."""

    register: Register
    rule: PeopleRule
    who: Principal
    measures: Sequence[Measure]
    dimensions: Sequence[Dimension]
    filters: Mapping[str, str]
    since: dt.date | None
    until: dt.date | None
    on: dt.date | None

    @property
    def by_trait(self) -> bool:
        """Whether it parts by who people are or how ill, so that whatever it counts tells of people."""
        names = {each.name for each in self.dimensions} | self.filters.keys()
        return bool(names - self.rule.parts_work - PLACES)

    @property
    def by_town(self) -> bool:
        """Whether the towns are told apart."""
        return any(each.by is By.TOWN for each in self.dimensions)

    @property
    def of_drives(self) -> bool:
        """Whether drives are told apart, or one is chosen."""
        return DRIVE in self.filters or any(each.chooses == DRIVE for each in self.dimensions)

    @property
    def of_county(self) -> bool:
        """Whether all cells together are of the whole county."""
        return self.who.county_wide and len(self.filters.get("division", "")) < TOWN


def told_measures(asked: PeopleQuestion, *, named: bool) -> tuple[list[Measure], bool]:
    """The measures to answer with, and whether they count people rather than work; those that the caller named, else those that can be
    told. Raises Refused for what is not told.
    """
    refuse([*_below_towns(asked), *_other_filters(asked)])
    work = [each for each in asked.measures if each.name in asked.rule.work and not asked.by_trait]
    people = [each for each in asked.measures if each not in work]
    if work and people and named:
        said = (
            "人数按上月末公布，须与工作量分开查询。",
            "People are told as of the last month end: ask for them and for work apart.",
        )
        refuse([Fault("#measures", "people_apart", *said, tuple(each.name for each in work))])
    if not work:
        refuse(_untold_people(asked, people))
    return work or people, not work


def _below_towns(asked: PeopleQuestion) -> Iterator[Fault]:
    """What lies below the towns."""
    said = "该密钥只能查询镇（街）及以上的汇总数。", "This key is told totals of towns and of the county only."
    if any(each.by is By.VILLAGE for each in asked.dimensions):
        yield Fault("#group_by", "below_town", *said)
    if len(asked.filters.get("division", "")) > TOWN or "division_only" in asked.filters or asked.who.villages:
        yield Fault("#division", "below_town", *said)


def _other_filters(asked: PeopleQuestion) -> Iterator[Fault]:
    """Filters that no dimension has: they choose single people, and days. What stood on a day is asked with `to` or `as_of`."""
    parted = {each.chooses for each in asked.register.dimensions if each.by is By.VALUE}
    said = "该密钥不能按此条件查询。", "This key cannot ask by that."
    for name in asked.filters.keys() - parted - asked.rule.parts_work - PLACES:
        yield Fault(f"#{name}", "not_told", *said)
    if asked.on is not None:
        yield Fault("#on", "not_told", *said)


def _untold_people(asked: PeopleQuestion, people: Sequence[Measure]) -> Iterator[Fault]:
    """What of people is not told: parts of the county, of a drive, of a month."""
    parts_county = asked.by_town or not asked.of_county
    if parts_county and (asked.by_trait or any(each.name not in asked.rule.by_town for each in people)):
        text = "人数只公布全县数。", "People are told of the county only."
        yield Fault("#group_by" if asked.by_town else "#division", "county_only", *text)
    if asked.of_drives:
        text = "专项行动的人数不公布。", "How many people a drive has met is not told."
        yield Fault(f"#{DRIVE}", "not_told", *text)
    begins, ends = asked.since, asked.until
    text = "人数只按整月公布。", "People are told of whole months only."
    if any(each.by in {By.DAY, By.WEEK} for each in asked.dimensions):
        yield Fault("#group_by", "whole_months", *text)
    if begins is not None and begins.day != 1:
        yield Fault("#from", "whole_months", *text)
    if ends is not None and ends != last_of_month(ends):
        yield Fault("#to", "whole_months", *text)


def last_of_month(day: dt.date) -> dt.date:
    """The last day of its month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_end(connection: Connection, book: str, watermark: int) -> MonthEnd:
    """The last month end before the day of a watermark's last version."""
    first = last_day(connection, book, watermark).replace(day=1)
    begins = microseconds(dt.datetime.combine(first, dt.time(), BEIJING))
    return MonthEnd(first - DAY, min(position_at(connection, book, begins), watermark))


def told_number(rule: PeopleRule, measure: Measure, count: int, *, of_town: bool, by_trait: bool) -> ToldCount:
    """A count of people as it is told."""
    if of_town:
        return ToldCount(rounded(count) if count >= FEWEST_OF_TOWN else None)
    if measure.name in rule.by_town and not by_trait:
        return ToldCount(count)
    return ToldCount(None, small=True) if 0 < count < NEAREST else ToldCount(rounded(count))


def rounded(count: int) -> int:
    """To the nearest 5."""
    return (count + NEAREST // 2) // NEAREST * NEAREST


@dataclass(frozen=True)
class PeopleAnswer:
    """How numbers are told to a caller who sees no people."""

    rule: PeopleRule
    month: MonthEnd | None
    """As of when people are counted; None: work is, as it is."""
    of_county: bool
    """Whether all cells together are of the county."""
    by_town: bool
    """Whether its cells are of towns."""
    by_trait: bool
    drives: frozenset[str]
    """The drives (专项行动) of whole towns: visits of others are told as those of none."""

    def numbers(self, measure: Measure, numbers: Sequence[Number], *, total: bool) -> list[ToldCount]:
        """A measure's numbers as they are told, in cells or in total."""
        if self.month is None:
            return [ToldCount(number) for number in numbers]
        of_town = not self.of_county or (self.by_town and not total)
        return [
            told_number(self.rule, measure, int(number or 0), of_town=of_town, by_trait=self.by_trait)
            for number in numbers
        ]

    def rounded_to(self, measures: Sequence[Measure]) -> int | None:
        """What numbers are rounded to; None where all are exact: work, and the county's roster."""
        exact = self.of_county and not self.by_trait and not self.by_town
        people = self.month is not None and not (exact and all(each.name in self.rule.by_town for each in measures))
        return NEAREST if people else None

    def cells(self, found: Counted, dimensions: Sequence[Dimension]) -> Counted:
        """The cells as they may be told apart: work for a drive of less than whole towns stands with that for none."""
        if not any(each.chooses == DRIVE for each in dimensions):
            return found
        cells = defaultdict[tuple[Value, ...], list[int]](lambda: [0] * len(found.numbers))
        for values, numbers in zip(zip(*found.values, strict=True), zip(*found.numbers, strict=True), strict=True):
            told = tuple(map(self._drive, dimensions, values))
            cells[told] = [int(a) + int(b or 0) for a, b in zip(cells[told], numbers, strict=True)]
        order = sorted(cells, key=lambda values: [(value is None, value or 0) for value in values])
        shown = [[values[place] for values in order] for place in range(len(dimensions))]
        return Counted(
            list(shown), [[cells[each][place] for each in order] for place in range(len(found.numbers))], found.total
        )

    def _drive(self, dimension: Dimension, value: Value) -> Value:
        return None if dimension.chooses == DRIVE and value not in self.drives else value
