"""What a register declares that it owes (应办事项), and by when: a declaration; `reports.due` reads by it."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Table


@dataclass(frozen=True, slots=True)
class Window:
    """Counted from which day, and what is due until which (the last day included)."""

    on: dt.date
    before: dt.date


class Owed(NamedTuple):
    """One thing that an entry owes: by which row of the deadline table, by when."""

    rule: str
    due_on: dt.date
    title: str
    """In Chinese; repeats nothing that an office typed, and so tells no person's name."""
    starts_on: dt.date | None = None
    """The day that the period runs from, which decides the version of the rule; None: the due day itself."""
    part: str = ""
    """Tells apart what one entry owes more than once."""
    candidate: bool = False
    """Whether a question of law that no software decides stands between: a note, with its source."""


Others = Sequence[Any]
"""What stands beside an entry, as declared: its case's rows, each as it was recorded, or how many there are."""


@dataclass(frozen=True)
class CaseRows:
    """Another table whose rows of the same case tell what was done: these columns of them, or how many match."""

    table: Table
    columns: tuple[str, ...] = ()
    count: Callable[[Window], Sequence[ColumnElement[bool]]] | None = None


@dataclass(frozen=True)
class DutyKind:
    """One kind of thing owed: which rows may owe it, and what each does."""

    kind: str
    title: str
    """In Chinese."""
    columns: tuple[ColumnElement[Any], ...]
    """What `owed` looks at, of each row."""
    where: Callable[[Window], Sequence[ColumnElement[bool]]]
    """The clauses for rows that may owe it in a window, by indexed columns where there are any."""
    owed: Callable[[Row[Any], Others, Window], Iterable[Owed]]
    beside: tuple[CaseRows, ...] = ()
