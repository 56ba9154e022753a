"""Which numbers of statistics are held back from callers without personal rights: all that is not published of people.

They count people as of the last release (`publication`), and are told a cell where the publication shows its count.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.access.menu import code
from registry.access.principals import Principal
from registry.access.register import Register
from registry.access.statistics import By, Dimension, Statistic
from registry.reports.counting import Number, Value
from registry.reports.publication import TOWN, Choice, Publication, Question, read
from registry.reports.schemas import Withheld


@dataclass(frozen=True)
class Held:
    """What holds numbers back in one answer; without a register of people, nothing is."""

    who: Principal
    register: Register
    publication: Publication | None
    dimensions: Sequence[Dimension]
    filters: Mapping[str, str]
    since: dt.date | None
    until: dt.date | None
    on: dt.date | None

    def holds(self, statistic: Statistic, values: Sequence[Value], number: Number) -> bool:
        """Whether a cell's number is not told; a cell without values is the total."""
        if not statistic.sensitive or self.who.sees_personal:
            return False
        asked = self._question(statistic, values)
        return asked is None or read(self.publication, self.who, asked).count != number

    def lists(self, statistics: Sequence[Statistic], values: Sequence[Value]) -> bool:
        """Whether a cell may be listed at all. A cell that no measure is published of would say by being there that somebody is
        of just these values; so one is listed where it has a count, or a count that is withheld from a published table.
        """
        if not values or self.who.sees_personal or not all(each.sensitive for each in statistics):
            return True
        asked = filter(None, (self._question(statistic, values) for statistic in statistics))
        told = [read(self.publication, self.who, each) for each in asked]
        return any(each.count or each.withheld is Withheld.PROTECTED for each in told)

    def _question(self, statistic: Statistic, values: Sequence[Value]) -> Question | None:
        """The cell as a question to the publication; None where it is none that could be published."""
        found = self.publication
        chosen = self._chosen(values)
        if found is None or chosen is None or self.on is not None:
            return None
        division = chosen.pop("division", self.who.book)
        choices: tuple[Choice, ...] = tuple(chosen.items())
        until = self.until or found.day
        stands = bool(statistic.day)
        return Question(self.register, statistic.name, division, self.since, until, stands, choices)

    def _chosen(self, values: Sequence[Value]) -> dict[str, str] | None:
        """The filters and the cell's values by dimension, with the division; None where the menu could have no such cell."""
        statistics = self.register.statistics
        known = {each.chooses: each.name for each in statistics.dimensions if each.by is By.VALUE} if statistics else {}
        chosen = {known.get(name, name): value for name, value in self.filters.items()}
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
