"""What is published of the counts of people: for callers without personal rights, as of the last release (`releases`).

A release is decided for the county as a whole and is the same for every caller, so callers who put their answers together learn
nothing more. It is counted from the mirror, off the event loop, once in a process: whoever comes meanwhile waits for it. What was
decided is kept in the process; what it was made from is not.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from sqlalchemy import Connection

from registry.core.measures import Menu
from registry.core.principals import Principal
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import head_of, watermark_text
from registry.db.database import computed
from registry.reports.statistics.disclosure.frequency_tables import tally
from registry.reports.statistics.disclosure.releases import Stop, end_of_month, stops
from registry.reports.statistics.disclosure.suppression import PublishedCell, Release, decide, nothing
from registry.reports.statistics.drill_down import TOWN
from registry.reports.statistics.mirror import alone
from registry.reports.statistics.mirror_tables import Pinned
from registry.reports.statistics.schemas import Withheld
from registry.reports.statistics.serving import mirror_of

Choice = tuple[str, str]
"""A value of an axis: its name and the value's code."""


@dataclass(frozen=True)
class PublishedCount:
    """A count as a caller without personal rights is told it, and as of which watermark and day it is."""

    count: int | None
    withheld: Withheld | None = None
    released: str | None = None
    released_on: dt.date | None = None


@dataclass(frozen=True)
class Publication:
    """What one release shows of one table."""

    watermark: int
    day: dt.date
    shown: Mapping[PublishedCell, int | None]

    def count(self, areas: Iterable[str], choice: Choice = ("", "")) -> int | None:
        """The count of some areas together; None unless it is shown of each."""
        counts = [self.shown.get(PublishedCell(area, *choice), 0) for area in areas]
        return None if None in counts else sum(count for count in counts if count)


@dataclass(frozen=True)
class FigureQuestion:
    """A figure: which measure of whom, where, in which days, and which values of other dimensions."""

    register: Register
    measure: str
    division: str
    since: dt.date | None
    to: dt.date
    stands: bool
    """Whether it counts what stands on the last day rather than what happened in the period."""
    choices: tuple[Choice, ...] = ()


def published_count(connection: Connection, view: View, asked: FigureQuestion) -> PublishedCount:
    """The figure as it is published at the view's watermark, to its caller."""
    return read(published(connection, view, asked.register), view.who, asked)


def published(connection: Connection, view: View, register: Register) -> Publication | None:
    """What is published of a register's menu at the view's watermark, whoever asks; None before the first release, and without
    a menu.
    """
    book = view.who.book
    marks = stops(connection, book, head_of(connection, book) if view.as_of is None else view.as_of)
    if register.menu is None or not marks:
        return None
    return _decide(connection, book, register, register.menu, marks).made[len(marks) - 1]


def read(found: Publication | None, who: Principal, asked: FigureQuestion) -> PublishedCount:
    """The figure as a publication tells it to a caller."""
    menu, areas = asked.register.menu, areas_of(who, asked.division)
    if menu is None or areas is None:
        return PublishedCount(None, Withheld.TOO_DETAILED)
    if found is None:
        return PublishedCount(None, Withheld.NOT_RELEASED)
    released = watermark_text(who.book, found.watermark), found.day
    period = _period(asked, found.day)
    choice = None if isinstance(period, Withheld) else menu.question(asked.measure, *asked.choices, period)
    if choice is None:
        return PublishedCount(None, period if isinstance(period, Withheld) else Withheld.TOO_DETAILED, *released)
    count = found.count(areas, choice)
    return PublishedCount(count, Withheld.PROTECTED if count is None else None, *released)


def _period(asked: FigureQuestion, day: dt.date) -> Choice | Withheld:
    """The choice that a period comes to at a release of this day: all that is released, or one calendar month."""
    if asked.to >= day and (asked.stands or asked.since is None):
        return "", ""
    if asked.stands or asked.since is None or asked.since.day != 1 or asked.to != end_of_month(asked.since):
        return Withheld.TOO_DETAILED
    return ("month", asked.since.isoformat()[:7]) if asked.to <= end_of_month(day) else Withheld.NOT_RELEASED


def areas_of(who: Principal, division: str) -> list[str] | None:
    """The areas that a caller's figure of a division is the sum of: what of it lies in the caller's own; None below the towns, and
    where nothing of it does.
    """
    if len(division) > TOWN or any(code.startswith(division) for code in who.villages):
        return None
    if who.covers(division):
        return [division]
    return [town for town in who.towns if town.startswith(division)] or None


@dataclass(frozen=True)
class _Decided:
    """The releases of a register that are decided, what each shows, and what the next one must remember."""

    stops: tuple[Stop, ...] = ()
    made: tuple[Publication, ...] = ()
    state: Release = field(default_factory=nothing)

    def begins(self, marks: Sequence[Stop]) -> bool:
        return self.stops == marks[: len(self.stops)]

    def reaches(self, marks: Sequence[Stop]) -> bool:
        return self.stops[: len(marks)] == marks

    def next(self, register: Register, menu: Menu, book: str, pinned: Pinned, stop: Stop) -> "_Decided":
        """With one release more."""
        state = decide(self.state, tally(register, menu, book, pinned, stop), book, menu.twins)
        made = Publication(stop.watermark, stop.day, state.shown())
        return _Decided((*self.stops, stop), (*self.made, made), state)


_decided: defaultdict[tuple[str, str], _Decided] = defaultdict(_Decided)
"""By book and register."""
_locks: defaultdict[tuple[str, str], Lock] = defaultdict(Lock)


def _decide(
    connection: Connection, book: str, register: Register, menu: Menu, marks: Sequence[Stop]
) -> _Decided:  # fmt: skip
    """Decide what of these releases is not decided yet, first to last; of another log than before, all."""
    key = book, register.name
    if (known := _decided[key]).reaches(marks):
        return known
    with alone(_locks[key]):
        if (known := _decided[key]).reaches(marks):
            return known
        known = known if known.begins(marks) else _Decided()
        with mirror_of(connection).at(connection, book, register) as pinned:
            for stop in marks[len(known.stops) :]:
                known = _decided[key] = computed(partial(known.next, register, menu, book, pinned, stop))
        return known
