"""What a register declares so that it can be counted: its statistics (指标) and dimensions (维度), as data.

Both are tied to the filters of the register's own list: a statistic counts what the list shows with its parameters, and
a dimension's value is chosen by one. So each cell has a link to the list that shows exactly its rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Table


class How(Enum):
    """How the rows of a cell become a number."""

    COUNT = "count"
    SUM = "sum"
    DISTINCT = "distinct"
    """How many different values there are."""
    MEDIAN = "median"
    """The nearest rank, so always a value that was seen."""
    P90 = "p90"
    """The nearest rank of 90 %."""

    @property
    def additive(self) -> bool:
        """Whether the numbers of the parts add up to that of the whole."""
        return self in {How.COUNT, How.SUM}


@dataclass(frozen=True)
class Statistic:
    """A number that is given for every cell."""

    name: str
    title: str
    unit: str
    how: How = How.COUNT
    of: Column[Any] | None = None
    """What is added up or ranked; rows in which it is null count as nothing."""
    hundredths: bool = False
    """Whether the column holds hundredths of the unit."""
    where: Mapping[str, str] = field(default_factory=dict)
    """The list's parameters that choose its rows."""
    dated: str = ""
    """The stem of the list's range that the period narrows: `decided` for decided_from and decided_to."""
    day: str = ""
    """The list's parameter that takes the last day of the period, for what stands on a day."""
    sensitive: bool = False
    """Of people: small numbers are not told to callers who may not see personal data."""


class By(Enum):
    """What of a column a dimension groups by."""

    VALUE = "value"
    MONTH = "month"
    TOWN = "town"
    VILLAGE = "village"


@dataclass(frozen=True)
class Dimension:
    """Something to group by."""

    name: str
    title: str
    column: Column[Any]
    by: By = By.VALUE
    parameter: str = ""
    """The list's parameter that chooses a value, or the stem of a range for a month; left out, the dimension's own name."""
    codes: type[StrEnum] | None = None
    """The code list of its values; a value may have several of them, separated by commas."""
    entries: str = ""
    """The register that its values are entries of; they are called by their name."""

    @property
    def chooses(self) -> str:
        """The parameter of the list."""
        return self.parameter or self.name


@dataclass(frozen=True)
class Statistics:
    """A register's statistics."""

    query: type[msgspec.Struct]
    """The filters of its list."""
    matching: Callable[[Any], Iterable[ColumnElement[bool]]]
    """The clauses of these filters."""
    statistics: tuple[Statistic, ...]
    dimensions: tuple[Dimension, ...]


def places(table: Table) -> tuple[Dimension, Dimension]:
    """The dimensions that every register has: the town and the village of its division."""
    division = table.c.division
    return Dimension("town", "镇(街)", division, By.TOWN), Dimension("village", "村(居)", division, By.VILLAGE)


def nulls(table: Table, missing: str | None, given: str | None) -> Iterator[ColumnElement[bool]]:
    """The clauses of the parameters `missing` and `given`: which columns are null and which are not, separated by commas."""
    for name in missing.split(",") if missing else ():
        yield table.c[name].is_(None)
    for name in given.split(",") if given else ():
        yield table.c[name].is_not(None)


def between(column: ColumnElement[Any], first: object, last: object) -> Iterator[ColumnElement[bool]]:
    """The clauses of a range's parameters; None is no bound."""
    if first is not None:
        yield column >= first
    if last is not None:
        yield column <= last


def equal(table: Table, wanted: Mapping[str, object]) -> Iterator[ColumnElement[bool]]:
    """The clauses of parameters that ask for a column's value, by column; None asks for nothing."""
    for name, value in wanted.items():
        if value is not None:
            yield table.c[name].is_(value) if isinstance(value, bool) else table.c[name] == value
