"""What a section's sentences on single entries are made from: the entries of a division and period, as one caller may see them."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection

from registry.core.register import Register
from registry.core.valid_time import Document
from registry.core.valid_time_reads import page_on
from registry.core.view import View, Wanted

MOST = 20
"""Entries that a bulletin tells of one by one; the others are counted."""
MANY = 10_000
"""More entries than are told of in a county, and more parts than twenty cases have."""


@dataclass(frozen=True)
class NarrativeSource:
    """A bulletin's division and period, and the way to the entries that it tells of."""

    connection: Connection
    view: View
    division: str
    since: dt.date | None
    to: dt.date

    @property
    def first_day(self) -> dt.date:
        """From when single entries are told: the first day of the period, or of the last day's year where it has none."""
        return self.since or dt.date(self.to.year, 1, 1)

    def documents(
        self, register: Register, where: Sequence[ColumnElement[bool]], division: str | None = None
    ) -> list[Document]:
        """Entries of a register as they were on the last day, last change first, masked."""
        wanted = Wanted(MANY, division=division)
        found, _ = page_on(self.connection, self.view, register, wanted, where, self.to)
        return [each.document for each in found]

    def recorded(self, register: Register, where: Sequence[ColumnElement[bool]]) -> list[Document]:
        """Entries of a register as they are recorded, last change first, masked: also those that ended before the last day."""
        found, _ = self.view.page(self.connection, register, Wanted(MANY), where)
        return [msgspec.json.decode(each.document) for each in found]

    def parts(self, register: Register, cases: Sequence[str]) -> dict[str, list[Document]]:
        """What belongs to these cases, by case, first recorded first."""
        of_these = [register.table.c.case_id.in_(cases)]
        found, _ = page_on(self.connection, self.view, register, Wanted(MANY), of_these, self.to)
        parts: dict[str, list[Any]] = {case: [] for case in cases}
        for each in reversed(found):
            parts[each.seen.case_id].append(each.document)
        return parts


def sentences(entries: Sequence[Document], sentence: Callable[[Document], str], what: str) -> list[str]:
    """A sentence for each entry, as far as the limit goes, and how many there are past it: 另有3宗在办，详见台账。"""
    rest = len(entries) - MOST
    return [sentence(each) for each in entries[:MOST]] + ([f"另有{rest}{what}，详见台账。"] if rest > 0 else [])


def short_day(day: dt.date, to: dt.date) -> str:
    """A date within a bulletin: 2月18日, with its year where that is not the year of the last day."""
    year = "" if day.year == to.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def as_of_month_end(day: dt.date | None, to: dt.date) -> str:
    """Said of a count of people that is as of an earlier day: （截至1月31日）."""
    return "" if day is None or day >= to else f"（截至{short_day(day, to)}）"
