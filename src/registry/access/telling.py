"""What a register is asked to tell for a bulletin: of which division and days, as one caller may see it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection

from registry.access.days import Document
from registry.access.on import page_on
from registry.access.register import Register
from registry.access.view import View, Wanted

MOST = 20
"""Entries that a bulletin tells of one by one; the others are in its totals."""
MANY = 1000
"""More parts than twenty cases have."""


@dataclass(frozen=True)
class Asked:
    """A bulletin's question, and the way to the entries that answer it."""

    connection: Connection
    view: View
    registers: Mapping[str, Register]
    """By name; a register's own package knows its tables, not the other registers."""
    division: str
    since: dt.date | None
    to: dt.date

    def has(self, day: str | None) -> bool:
        """Whether a date of a document lies in the period."""
        return day is not None and (self.since is None or self.since.isoformat() <= day) and day <= self.to.isoformat()

    def documents(self, name: str, where: Sequence[ColumnElement[bool]], division: str | None = None) -> list[Document]:
        """Entries of a register as they were on the last day, last change first, masked; at most MOST."""
        wanted = Wanted(MOST, division=division)
        found, _ = page_on(self.connection, self.view, self.registers[name], wanted, where, self.to)
        return [each.document for each in found]

    def parts(self, name: str, cases: Sequence[str]) -> dict[str, list[Document]]:
        """What belongs to these cases, by case, first recorded first."""
        register = self.registers[name]
        of_these = [register.table.c.case_id.in_(cases)]
        found, _ = page_on(self.connection, self.view, register, Wanted(MANY), of_these, self.to)
        parts: dict[str, list[Any]] = {case: [] for case in cases}
        for each in reversed(found):
            parts[each.seen.case_id].append(each.document)
        return parts
