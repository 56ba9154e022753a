"""A question to the statistics: typed, checked, as of one watermark; and the ground that its answer is made from."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from registry.core.measures import Dimension, Statistic, Statistics
from registry.core.principals import Principal
from registry.core.register import Register
from registry.core.watermarks import watermark_text
from registry.reports.statistics.columns import Facts
from registry.reports.statistics.disclosure.publication import Publication
from registry.reports.statistics.disclosure.withholding import Held
from registry.reports.statistics.drill_down import Params, narrowed
from registry.reports.statistics.row_filters import Mask, filter_mask, within_mask


@dataclass(frozen=True)
class Question:
    """What is asked."""

    register: Register
    who: Principal
    declared: Statistics
    statistics: Sequence[Statistic]
    dimensions: Sequence[Dimension]
    filters: Params
    since: dt.date | None
    until: dt.date | None
    on: dt.date | None
    watermark: int
    publication: Publication | None = None
    """Of people, for a caller without personal rights: what is published of them."""

    @property
    def known(self) -> int:
        """As of which watermark is counted: that of the question, or of the release before it."""
        return self.watermark if self.publication is None else self.publication.watermark

    @cached_property
    def held(self) -> Held:
        """What holds numbers back."""
        period = self.since, self.until, self.on
        return Held(self.who, self.register, self.publication, self.dimensions, self.filters, *period)

    @property
    def guarded(self) -> bool:
        """Whether any number may be held back."""
        return not self.who.sees_personal and any(each.sensitive for each in self.statistics)

    @property
    def pinned(self) -> dict[str, str]:
        """The parameters of time that every link carries."""
        day = {} if self.on is None else {"on": self.on.isoformat()}
        return {"as_of": watermark_text(self.who.book, self.known), **day}

    def own(self, statistic: Statistic, day: dt.date) -> dict[str, str] | None:
        """The parameters that choose a statistic's rows in the period, apart from the filters."""
        period: dict[str, str] = {}
        if statistic.dated and self.since is not None:
            period[f"{statistic.dated}_from"] = self.since.isoformat()
        if statistic.dated and self.until is not None:
            period[f"{statistic.dated}_to"] = self.until.isoformat()
        if statistic.day:
            period[statistic.day] = (self.until or self.on or day).isoformat()
        return narrowed(statistic.where, period)

    def chosen(self, facts: Facts, params: Params | None) -> Mask:
        """The rows that the list would show with these parameters; None chooses nothing."""
        if params is None:
            return np.zeros(len(facts), np.bool_)
        query: Any = msgspec.convert(params, self.declared.query, strict=False)
        mask: Mask = np.ones(len(facts), np.bool_)
        for clause in self.declared.matching(query):
            mask &= filter_mask(facts, clause)
        if query.division is not None:
            only = self.register.table.c.division == query.division
            mask &= filter_mask(facts, only) if query.division_only else within_mask(facts, query.division)
        return mask


@dataclass(frozen=True)
class Ground:
    """What the answer is made from."""

    facts: Facts
    seen: Mask
    """The rows that stand, that the caller may see, and that the filters choose."""
    names: Mapping[str, str]
    """Of divisions, by code, and of the entries that dimensions tell, by id."""
    day: dt.date
    """The last day that the watermark knows."""
