"""What is published of the counts of people: for callers without personal rights, as of the last release.

A release is the last watermark of a calendar month (Beijing) that the log has left behind. It is decided for the county as a
whole and is the same for every caller, so callers who put their answers together learn nothing more. A month that was replayed
from a past day (the demo county) was over when it was loaded. All this follows from the log alone: the same watermark has the same release
for ever. Decisions are kept in the process, release by release; what they are made from is never kept.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, func, select

from registry.access.menu import Menu
from registry.access.moments import head_of, last_day, position_at, watermark_text
from registry.access.principals import Principal, Role
from registry.access.register import Register
from registry.access.view import View
from registry.db.database import computed
from registry.ledger.clock import BEIJING, beijing_day, microseconds
from registry.ledger.tables import LOG
from registry.reports.guard import Cell, Release, decide, nothing
from registry.reports.schemas import Withheld

TOWN = 9
"""Digits of a town's code."""
KEPT = 2000
"""Publications kept in the process."""

Tally = Callable[[Connection, View, dt.date], Mapping[Cell, int]]
"""Counts all cells of a table, as a view of the whole county sees them, at a release of this day."""
Choice = tuple[str, str]
"""A value of an axis: its name and the value's code."""


@dataclass(frozen=True)
class Told:
    """A count as a caller without personal rights is told it, and as of which watermark it is."""

    count: int | None
    withheld: Withheld | None = None
    released: str | None = None


@dataclass(frozen=True)
class Publication:
    """What one release shows of one table."""

    watermark: int
    day: dt.date
    shown: Mapping[Cell, int | None]

    def count(self, areas: Iterable[str], choice: Choice = ("", "")) -> int | None:
        """The count of some areas together; None unless it is shown of each."""
        counts = [self.shown.get(Cell(area, *choice), 0) for area in areas]
        return None if None in counts else sum(count for count in counts if count)


@dataclass(frozen=True)
class Question:
    """A figure: which measure of whom, where, in which days, and which values of other dimensions."""

    register: Register
    measure: str
    division: str
    since: dt.date | None
    to: dt.date
    stands: bool
    """Whether it counts what stands on the last day rather than what happened in the period."""
    choices: tuple[Choice, ...] = ()


def told(connection: Connection, view: View, asked: Question) -> Told:
    """The figure as it is published at the view's watermark, to its caller."""
    return read(published(connection, view, asked.register), view.who, asked)


def published(connection: Connection, view: View, register: Register) -> Publication | None:
    """What is published of a register's menu at the view's watermark; None before the first release, and without a menu."""
    menu = register.menu
    return None if menu is None else publication(connection, view, register.name, partial(tally, register, menu))


def read(found: Publication | None, who: Principal, asked: Question) -> Told:
    """The figure as a publication tells it to a caller."""
    menu, areas = asked.register.menu, areas_of(who, asked.division)
    if menu is None or areas is None:
        return Told(None, Withheld.TOO_DETAILED)
    if found is None:
        return Told(None, Withheld.NOT_RELEASED)
    released = watermark_text(who.book, found.watermark)
    period = _period(asked, found.day)
    choice = None if isinstance(period, Withheld) else menu.question(asked.measure, *asked.choices, period)
    if choice is None:
        return Told(None, period if isinstance(period, Withheld) else Withheld.TOO_DETAILED, released)
    count = found.count(areas, choice)
    return Told(count, Withheld.PROTECTED if count is None else None, released)


def _period(asked: Question, day: dt.date) -> Choice | Withheld:
    """The choice that a period comes to at a release of this day: all that is released, or one calendar month."""
    if asked.to >= day and (asked.stands or asked.since is None):
        return "", ""
    if asked.stands or asked.since is None or asked.since.day != 1 or asked.to != _end_of_month(asked.since):
        return Withheld.TOO_DETAILED
    return ("month", asked.since.isoformat()[:7]) if asked.to <= _end_of_month(day) else Withheld.NOT_RELEASED


def areas_of(who: Principal, division: str) -> list[str] | None:
    """The areas that a caller's figure of a division is the sum of: what of it lies in the caller's own; None below the towns."""
    if len(division) > TOWN or any(code.startswith(division) for code in who.villages):
        return None
    if who.covers(division):
        return [division]
    return [town for town in who.towns if town.startswith(division)]


def tally(register: Register, menu: Menu, connection: Connection, view: View, day: dt.date) -> Counter[Cell]:
    """The counts of a register's menu."""
    table = register.table.c
    columns = list({axis.column.name: axis.column for axis in menu.axes}.values())
    query = view.rows(register, [table.town, *columns, func.count().label("people")]).where(*menu.people(day))
    found = Counter[Cell]()
    for row in connection.execute(query.group_by(table.town, *columns), view.binds()):
        values = [("", ""), *((axis.name, axis.value(row._mapping[axis.column.name], day)) for axis in menu.axes)]  # noqa: SLF001 - SQLAlchemy's public name
        for cell in cells(view.who.book, row.town, values):
            found[cell] += row.people
    return found


def cells(book: str, town: str, values: Iterable[Choice]) -> Iterator[Cell]:
    """Where a person is counted: in the town and in the county, once for each value. What lies in no town has a place of its own."""
    for choice in values:
        yield Cell(book, *choice)
        yield Cell(town if len(town) == TOWN else f"{book}000", *choice)


@dataclass(frozen=True)
class Stop:
    """A release of a table, told apart from that of another log by its last version."""

    book: str
    name: str
    watermark: int
    last: str


_published: dict[Stop, Publication] = {}
_latest: dict[tuple[str, str], tuple[Stop, Release]] = {}


def publication(connection: Connection, view: View, name: str, count: Tally) -> Publication | None:
    """What the last release under the view's watermark shows of a table; None before the first. The caller's rights play no part."""
    book = view.who.book
    watermark = head_of(connection, book) if view.as_of is None else view.as_of
    stops = _stops(connection, book, name, watermark)
    if not stops:
        return None
    done, state = _decided(stops)
    for stop in stops[done:]:
        day = last_day(connection, book, stop.watermark)
        counts = count(connection, View(_county(book), stop.watermark), day)
        state = computed(partial(decide, state, counts, book))
        _keep(stop, Publication(stop.watermark, day, state.shown()), state)
    return _published[stops[-1]]


def _decided(stops: list[Stop]) -> tuple[int, Release]:
    """How many of the releases are decided, and what the next one must remember."""
    if stops[-1] in _published:
        return len(stops), nothing()
    last, state = _latest.get((stops[0].book, stops[0].name), (None, nothing()))
    return (stops.index(last) + 1, state) if last in stops else (0, nothing())


def _keep(stop: Stop, made: Publication, state: Release) -> None:
    while len(_published) >= KEPT:
        del _published[next(iter(_published))]
    _published[stop] = made
    _latest[stop.book, stop.name] = stop, state


def _stops(connection: Connection, book: str, name: str, watermark: int) -> list[Stop]:
    marks = releases(connection, book, watermark)
    columns = (LOG.c.position, LOG.c.recorded_at, LOG.c.entry_id)
    query = select(*columns).where(LOG.c.book == book, LOG.c.position.in_([mark - 1 for mark in marks]))
    rows = connection.execute(query.order_by(LOG.c.position)).all()
    return [Stop(book, name, row.position + 1, f"{row.recorded_at} {row.entry_id}") for row in rows]


def releases(connection: Connection, book: str, watermark: int) -> list[int]:
    """The releases under a watermark, first to last: the last watermark of each month that was over by then."""
    query = select(LOG.c.position, LOG.c.recorded_at, LOG.c.replayed_at).where(LOG.c.book == book)
    at = {
        row.position: row for row in connection.execute(query.where(LOG.c.position.in_([0, watermark - 1, watermark])))
    }
    if not watermark:
        return []
    first, last, after = beijing_day(at[0].recorded_at), at[watermark - 1], at.get(watermark)
    end = beijing_day(last.recorded_at)
    starts = (dt.datetime.combine(day, dt.time(), BEIJING) for day in _months(first, end))
    found = {position_at(connection, book, microseconds(start)) for start in starts}
    later = after is None or _month_of(after.recorded_at) > _month_of(last.recorded_at)
    if later and last.replayed_at is not None and _month_of(last.replayed_at) > _month_of(last.recorded_at):
        found.add(watermark)
    return sorted(found)


def _months(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The first days of the months after that of `first`, up to that of `last`."""
    day = _end_of_month(first) + dt.timedelta(days=1)
    while day <= last:
        yield day
        day = _end_of_month(day) + dt.timedelta(days=1)


def _month_of(moment: int) -> dt.date:
    return beijing_day(moment).replace(day=1)


def _end_of_month(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def _county(book: str) -> Principal:
    """A reader of the whole county, for counting alone: what it sees is shown to nobody."""
    return Principal("", book, "publication", Role.AUDITOR, (book,), None, None)
