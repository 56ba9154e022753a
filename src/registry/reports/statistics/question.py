"""A question to the statistics: typed, checked, as of one watermark; and the rows that its answer is counted from."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from registry.core.measures import Dimension, Distinct, Measure
from registry.core.principals import Principal
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import watermark_text
from registry.reports.statistics.drill_down import Params
from registry.reports.statistics.mirror_tables import Pinned
from registry.reports.statistics.people import PeopleAnswer
from registry.reports.statistics.query import Base


def measures_of(register: Register) -> list[Measure]:
    """The measures that statistics give: those whose rows the register's list can show."""
    return [measure for measure in register.measures if not measure.clauses]


def usual_measures(register: Register) -> list[Measure]:
    """Those that are given where none is named: all but counts of different values, which take longer than all others together."""
    return [measure for measure in measures_of(register) if not isinstance(measure.number, Distinct)]


@dataclass(frozen=True)
class StatisticsQuestion:
    """What is asked."""

    register: Register
    who: Principal
    measures: Sequence[Measure]
    dimensions: Sequence[Dimension]
    filters: Params
    since: dt.date | None
    until: dt.date | None
    on: dt.date | None
    watermark: int
    people: PeopleAnswer | None = None
    """Of a register of people in care, for a caller who sees none of them: how numbers are told."""

    @property
    def known(self) -> int:
        """As of which watermark is counted: that of the question; people, for those who see none, as of the month end before it."""
        return self.people.month.watermark if self.people and self.people.month else self.watermark

    @property
    def pinned(self) -> dict[str, str]:
        """The parameters of time that every link carries."""
        day = {} if self.on is None else {"on": self.on.isoformat()}
        own = {} if self.register.filters.elsewhere is None else {"parties": "false"}  # so that the parts add up
        return {"as_of": watermark_text(self.who.book, self.known), **day, **own}

    def own(self, measure: Measure, day: dt.date) -> dict[str, str]:
        """The parameters that choose a measure's rows in the period, apart from the filters; `day` is the last that is known."""
        return measure.params(self.since, self.until, self.until or self.on or day)

    def clauses(self, params: Params) -> list[ColumnElement[bool]]:
        """The clauses by which the list would choose its rows with these parameters."""
        filters = self.register.list_filters
        query: Any = filters.parsed(params)
        return [*filters.matching(query), *self.view.placed(self.register, query.division, only=query.division_only)]

    @property
    def view(self) -> View:
        """What the caller may see, as of the watermark that is counted as of."""
        return View(self.who, self.known)


@dataclass(frozen=True)
class CountedRows:
    """What the answer is made from."""

    pinned: Pinned
    base: Base
    """A select over the rows that stand and that the caller may see."""
    where: Sequence[ColumnElement[bool]]
    """The clauses of the filters, and of the day that is asked for."""
    names: Mapping[str, str]
    """Of divisions, by code, and of the entries that dimensions tell, by id."""
    day: dt.date
    """The last day that the watermark knows."""
