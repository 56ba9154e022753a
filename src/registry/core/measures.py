"""What a register declares so that it can be counted: its statistics (指标) and dimensions (维度), as data.

Both are tied to the filters of the register's own list: a statistic counts what the list shows with its parameters, and
a dimension's value is chosen by one. So each cell has a link to the list that shows exactly its rows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Table

from registry.code_lists import CodeList


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
    codes: type[CodeList] | None = None
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


@dataclass(frozen=True)
class Split:
    """How the bulletin parts a total (其中): by which value, and the titles (Chinese, English) of the values that it lists."""

    by: ColumnElement[Any]
    titles: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Rate:
    """A share that the bulletin gives: of two totals that exclude each other, the first over their sum."""

    name: str
    title: str
    good: str
    """The measure that counts what succeeded."""
    bad: str
    """The measure that counts what did not."""


@dataclass(frozen=True)
class Measure:
    """A total that the bulletin gives: its name, Chinese title and unit, and what is added up."""

    name: str
    title: str
    unit: str
    total: ColumnElement[int]
    """The aggregate: a count or a sum."""
    dated: ColumnElement[object] | None = None
    """The date that decides whether an entry is in the period; None for what stands at the end of it."""
    since: ColumnElement[object] | None = None
    until: ColumnElement[object] | None = None
    """Of what stands: from which day to before which."""
    past: ColumnElement[object] | None = None
    """Of what stands: after which day; a deadline."""
    where: tuple[ColumnElement[bool], ...] = ()
    sensitive: bool = False
    """Of people: counts under five are not shown to those who may not see personal data."""
    split: Split | None = None
    charted: bool = False
    """Whether the bulletin draws it: by place, and day by day."""

    @property
    def stands(self) -> bool:
        """Whether it counts what stands at the end of a period, rather than what happened in it."""
        return self.dated is None
