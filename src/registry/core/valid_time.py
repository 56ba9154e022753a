"""What a register says of its own dates, so that it can be asked by them (`on=`): a declaration; `valid_time_reads` reads by it."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table

Document = dict[str, Any]


def as_recorded(document: Document, _day: dt.date) -> Document:
    """The document of a register in which nothing is dated but the whole entry."""
    return document


def by(document: Document, name: str, day: dt.date) -> str | None:
    """The date in a field if it was reached by the day; None for a later one."""
    date: str | None = document[name]
    return date if date is not None and date <= day.isoformat() else None


@dataclass(frozen=True)
class Beside:
    """Another table that documents are also made from: its rows of the same case, and how they turn a document."""

    table: Table
    columns: tuple[str, ...]
    at: Callable[[Document, dt.date, Sequence[Row[Any]]], Document]
    """Given the rows in the order in which they were recorded."""


@dataclass(frozen=True)
class Days:
    """From which day to which an entry is there, and how its document is turned back to a day, by the domain's own dates."""

    begins: str | None = None
    """The field with its first day. Where the field is null the day is not known, and the entry is there on every day."""
    ends: str | None = None
    """The field with the first day on which it is no longer."""
    last: str | None = None
    """The field with its last day."""
    at: Callable[[Document, dt.date], Document | None] = as_recorded
    """The document as it was at the end of a day on which the entry is there; None where it was not there after all."""
    beside: Beside | None = None
    turns: frozenset[str] = frozenset()
    """The columns that filters look at and that differ from day to day; each is a field of the document too."""

    def turned(self, document: Document, day: dt.date, rows: Sequence[Row[Any]]) -> Document | None:
        """The document as it was on the day; None where the entry had not begun, or had ended."""
        if not self._there(document, day.isoformat()):
            return None
        then = self.at(document, day)
        return self.beside.at(then, day, rows) if then is not None and self.beside is not None else then

    def _there(self, document: Document, day: str) -> bool:
        begins, ends, last = (document[name] if name else None for name in (self.begins, self.ends, self.last))
        return (begins is None or begins <= day) and (ends is None or day < ends) and (last is None or day <= last)
