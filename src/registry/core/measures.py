"""What a register declares so that it can be counted: its measures (指标) and dimensions (维度), as data.

Both are said in the parameters of the register's own list: a measure counts what the list shows with its parameters, and a
dimension's value is chosen by one. So statistics, the bulletin and its restatements count the same rows, and a number has a
link to the list of them.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from sqlalchemy import Column, ColumnElement, Table, func

from registry.code_lists import CodeList
from registry.core.filters import Filters


@dataclass(frozen=True, eq=False)
class Count:
    """How many rows there are."""

    additive: ClassVar[bool] = True

    @property
    def total(self) -> ColumnElement[int]:
        """The aggregate."""
        return func.count()


@dataclass(frozen=True, eq=False)
class Sum:
    """A column, added up; rows in which it is null count as nothing."""

    column: Column[Any]
    hundredths: bool = False
    """Whether the column holds hundredths of the unit."""
    additive: ClassVar[bool] = True

    @property
    def total(self) -> ColumnElement[int]:
        """The aggregate, in what the column holds."""
        return func.coalesce(func.sum(self.column), 0)


@dataclass(frozen=True, eq=False)
class Distinct:
    """How many different values a column has."""

    column: Column[Any]
    additive: ClassVar[bool] = False


@dataclass(frozen=True, eq=False)
class Median:
    """The nearest rank of half of the rows in which the column is not null: always a value that was seen."""

    column: Column[Any]
    additive: ClassVar[bool] = False
    percent: ClassVar[int] = 50


@dataclass(frozen=True, eq=False)
class P90:
    """The nearest rank of 90 %."""

    column: Column[Any]
    additive: ClassVar[bool] = False
    percent: ClassVar[int] = 90


Number = Count | Sum | Distinct | Median | P90
"""How rows become a number; `additive`: whether the numbers of the parts add up to that of the whole."""


@dataclass(frozen=True, eq=False)
class Measure:
    """A number that is counted of a register's rows: by statistics for every cell, and by the bulletin where a section prints it."""

    name: str
    """The only one of this name; what the bulletin and statistics call it."""
    title: str
    title_en: str
    unit: str
    number: Number = field(default=Count())
    dated: str = ""
    """Of what happened: the stem of the list's range that the period narrows, `decided` for decided_from and decided_to."""
    day: str = ""
    """Of what stands on a day: the list's parameter that takes the last day of the period."""
    where: Mapping[str, str] = field(default_factory=dict)
    """The list's parameters that choose its rows."""
    clauses: tuple[ColumnElement[bool], ...] = ()
    """What no parameter of the list expresses. Statistics give each number with the list of its rows, so they leave such a
    measure out.
    """

    def params(self, since: dt.date | None, until: dt.date | None, day: dt.date) -> dict[str, str]:
        """The list's parameters that choose its rows in a period; what stands, stands on `day`."""
        params = dict(self.where)
        if self.dated and since is not None:
            params[f"{self.dated}_from"] = since.isoformat()
        if self.dated and until is not None:
            params[f"{self.dated}_to"] = until.isoformat()
        if self.day:
            params[self.day] = day.isoformat()
        return params

    def matching(self, filters: Filters, since: dt.date | None, to: dt.date) -> Iterator[ColumnElement[bool]]:
        """The clauses that choose its rows in a period, or on its last day; `filters` are those of the register's list."""
        yield from filters.clauses(self.params(since, to, to))
        yield from self.clauses


class By(Enum):
    """What of a column a dimension groups by."""

    VALUE = "value"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TOWN = "town"
    VILLAGE = "village"


@dataclass(frozen=True, eq=False)
class Dimension:
    """Something to group by."""

    name: str
    title: str
    title_en: str
    column: Column[Any]
    by: By = By.VALUE
    parameter: str = ""
    """The list's parameter that chooses a value, or the stem of a range for a date; left out, the dimension's own name."""
    codes: type[CodeList] | None = None
    """The code list of its values; a value may have several of them, separated by commas."""
    entries: str = ""
    """The register that its values are entries of; they are called by their name."""

    @property
    def chooses(self) -> str:
        """The parameter of the list."""
        return self.parameter or self.name


def dates(title: str, title_en: str, column: Column[Any], stem: str) -> tuple[Dimension, ...]:
    """The dimensions that a date has; the titles say what happened then, `stem` is that of the list's range."""
    periods = {By.MONTH: "月份", By.DAY: "日期", By.WEEK: "周", By.QUARTER: "季度", By.YEAR: "年份"}
    return tuple(
        Dimension(by.value, f"{title}{said}", f"{by.value.capitalize()} {title_en}", column, by, stem)
        for by, said in periods.items()
    )


def places(table: Table) -> tuple[Dimension, Dimension]:
    """The dimensions that every register has: the town and the village of its division."""
    division = table.c.division
    town = Dimension("town", "镇（街）", "Town", division, By.TOWN)
    return town, Dimension("village", "村（居）", "Village", division, By.VILLAGE)


@dataclass(frozen=True)
class PeopleRule:
    """What of a register of people in care is told to callers who see none of them (docs/decisions/0012), by the names of its
    measures, dimensions and list parameters. All else tells people: who they are, how ill, how many.
    """

    work: frozenset[str]
    """Measures of what the office did or has to do: told exactly, of the county and its towns, of any period."""
    parts_work: frozenset[str] = frozenset()
    """Dimensions, and parameters of the list, that part work by how it was done, not by whom it met."""
    by_town: frozenset[str] = frozenset()
    """Measures of people that are told of a town too, where they are 10 or more; of the county they are exact."""
