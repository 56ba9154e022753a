"""What a section of the bulletin (日报) prints, as data: `app` hands the sections over, in the order in which they are printed."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement

from registry.core.measures import Count, Measure, Sum
from registry.core.principals import Principal
from registry.core.register import Register
from registry.core.scope import within
from registry.reports.bulletin.narrative import NarrativeSource


@dataclass(frozen=True, eq=False)
class Split:
    """How a total is parted (其中): by which value, and the titles (Chinese, English) of the values that are listed."""

    by: ColumnElement[Any]
    titles: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Rate:
    """A share: of two totals that exclude each other, the first over their sum. Both are named as the bulletin calls them."""

    name: str
    title: str
    good: str
    """The total of what succeeded."""
    bad: str
    """The total of what did not."""


@dataclass(frozen=True, eq=False)
class PrintedMeasure:
    """A measure that the bulletin prints, under the measure's own name, and the title that it prints."""

    register: Register
    name: str
    """The measure's name. It must be additive: a restatement adds up what versions did to it."""
    title: str
    split: Split | None = None
    drawn_by: Column[Any] | None = None
    """The date by whose days it is drawn, and by place; None: it is not drawn."""

    @property
    def measure(self) -> Measure:
        """The register's declaration."""
        return self.register.measure(self.name)

    @property
    def total(self) -> ColumnElement[int]:
        """The aggregate. Raises TypeError for a measure that does not add up."""
        number = self.measure.number
        if not isinstance(number, Count | Sum):
            raise TypeError(f"not additive: {self.name}")
        return number.total

    def exact_for(self, who: Principal) -> bool:
        """Whether a caller is told it exactly: not people in care, to those who see none; what was done for them is told to all."""
        people = self.register.people
        return people is None or who.sees_people or self.name in people.work

    def tells_rows(self, who: Principal) -> bool:
        """Whether a caller may see the entries that it counts."""
        return self.register.people is None or who.sees_people

    @property
    def stands(self) -> bool:
        """Whether it counts what stands at the end of a period, rather than what happened in it."""
        return not self.measure.dated

    def matching(self, division: str, since: dt.date | None, to: dt.date) -> Iterator[ColumnElement[bool]]:
        """The clauses for the rows that it counts, of a division (bound as :d) and a period."""
        yield within(self.register.table, len(division))
        yield from self.measure.matching(self.register.filters, since, to)


@dataclass(frozen=True)
class BulletinSection:
    """One section: its Chinese title, the measures that it prints, their rates, and what it tells of single entries."""

    title: str
    measures: tuple[PrintedMeasure, ...] = ()
    rates: tuple[Rate, ...] = ()
    narrative: Callable[[NarrativeSource], list[str]] | None = None
    """Chinese sentences."""


def printed_measures(sections: Iterable[BulletinSection]) -> list[PrintedMeasure]:
    """The measures of all sections, in order."""
    return [printed for section in sections for printed in section.measures]
