"""Which numbers of statistics are held back from callers without personal rights: all that is not published of people.

They count people as of the last release (`publication`), and are told a cell where the publication shows its count. That is
decided by what is asked, never by comparing numbers: an answer must not depend on what it keeps to itself.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from sqlalchemy import Boolean, Column, Integer

from registry.core.measures import By, Dimension, Measure, code
from registry.core.principals import Principal
from registry.core.register import Register
from registry.reports.statistics.disclosure.publication import Choice, FigureQuestion, Publication, PublishedCount, read
from registry.reports.statistics.disclosure.suppression import PublishedCell
from registry.reports.statistics.drill_down import TOWN
from registry.reports.statistics.query import Value
from registry.reports.statistics.schemas import Withheld

EVERY = "*"
"""In place of a cell's value: of any. No value is written so."""


Values = tuple[Value, ...]
"""Of a cell: one for each dimension."""


@dataclass(frozen=True)
class Withholding:
    """What holds numbers back in one answer; without a register of people, nothing is."""

    who: Principal
    register: Register
    publication: Publication | None
    dimensions: Sequence[Dimension]
    filters: Mapping[str, str]
    since: dt.date | None
    until: dt.date | None
    on: dt.date | None

    def withheld(self, measure: Measure, values: Sequence[object] = ()) -> Withheld | None:
        """Why a cell's number is not told; a cell without values is the total. None where it is told."""
        if not measure.sensitive or self.who.sees_personal:
            return None
        return self._told(measure, values).withheld

    def unlisted(self, measure: Measure) -> Withheld | None:
        """Why no cell of this grouping is told, whatever its values; None where there are such as may be."""
        menu = self.register.menu
        own = None if menu is None else menu.measures.get(measure.name)
        values = [own[1] if own and own[0] == each.name else self._any(each) for each in self.dimensions]
        return self.withheld(measure, values)

    def lists(self, measures: Sequence[Measure], values: Sequence[object]) -> bool:
        """Whether a cell may be listed at all. A cell that no measure is published of would say by being there that somebody is
        of just these values; so one is listed where it has a count, or a count that is withheld from a published table.
        """
        if not values or self.who.sees_personal or not all(each.sensitive for each in measures):
            return True
        told = [self._told(measure, values) for measure in measures]
        return any(each.count or each.withheld is Withheld.PROTECTED for each in told)

    def empty(self, measures: Sequence[Measure], listed: Collection[Values]) -> list[Values]:
        """The cells without rows that are to be listed too: to leave out what is withheld would say that it is nobody."""
        if self.publication is None or not self.dimensions or self.who.sees_personal:
            return []
        known = [dict.fromkeys(_values(each, self.publication.shown)) for each in self.dimensions]
        return [each for each in product(*known) if each not in listed and self.lists(measures, each)]

    def _any(self, dimension: Dimension) -> str:
        """A value for all of a dimension: of towns, one that may be asked for."""
        if dimension.by is not By.TOWN:
            return EVERY
        asked = self._filtered.get("division", "")
        return asked if len(asked) == TOWN else next(iter(self.who.towns), f"{self.who.book}000")

    def _told(self, measure: Measure, values: Sequence[object]) -> PublishedCount:
        """The cell as the publication tells it."""
        found, asked = self.publication, None
        if found is None:
            return PublishedCount(None, Withheld.NOT_RELEASED)
        if self.on is None and not (measure.day and self.until not in {None, found.day}):
            asked = self._question(measure, values, found.day)
        return PublishedCount(None, Withheld.TOO_DETAILED) if asked is None else read(found, self.who, asked)

    def _question(self, measure: Measure, values: Sequence[object], day: dt.date) -> FigureQuestion | None:
        """The cell as a question to the publication of this day; None where the menu could have no such cell."""
        chosen = self._chosen(values)
        if chosen is None:
            return None
        division = chosen.pop("division", self.who.book)
        choices: tuple[Choice, ...] = tuple(chosen.items())
        stands = bool(measure.day)
        return FigureQuestion(self.register, measure.name, division, self.since, self.until or day, stands, choices)

    def _chosen(self, values: Sequence[object]) -> dict[str, str] | None:
        """The filters and the cell's values by dimension, with the division; None where the menu could have no such cell."""
        chosen = dict(self._filtered)
        cell = zip(self.dimensions, values, strict=True) if values else ()
        for dimension, value in cell:
            if dimension.by is By.TOWN:
                town = str(value)
                if len(town) != TOWN or not town.startswith(chosen.get("division", "")):
                    return None  # kept at the county itself
                chosen["division"] = town
            elif dimension.by is By.VILLAGE or dimension.name in chosen:
                return None
            else:
                chosen[dimension.name] = code(value, dt.date.min)
        return chosen

    @cached_property
    def _filtered(self) -> dict[str, str]:
        """The filters by dimension, each value as cells have it, however it was written."""
        known = {each.chooses: each.name for each in self.register.dimensions if each.by is By.VALUE}
        query: Any = self.register.list_filters.parsed(self.filters)
        return {known.get(name, name): code(getattr(query, name), dt.date.min) for name in self.filters}


def _values(dimension: Dimension, cells: Iterable[PublishedCell]) -> Iterator[Value]:
    """The published values of a dimension, as statistics have them."""
    for cell in cells:
        if dimension.by is By.TOWN and len(cell.area) == TOWN:
            yield cell.area
        elif dimension.name == cell.dimension:
            yield _typed(dimension.column, cell.value)


def _typed(column: Column[Any], text: str) -> Value:
    if text == code(None, dt.date.min):
        return None
    if isinstance(column.type, Boolean):
        return text == code(True, dt.date.min)
    return int(text) if isinstance(column.type, Integer) else text
