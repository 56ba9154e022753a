"""A question as statements, and what they find: the cells, and all together. No database but the mirror, no HTTP.

The clauses are those of lists and of the view. Numbers that are no counts of different values come by one statement; these by another
for each column, in two steps: first who is in which cell, then how many.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    cast,
    func,
    literal_column,
    null,
    select,
    text,
    true,
    tuple_,
    union_all,
)

from registry.core.measures import By, Count, Dimension, Distinct, Measure, Sum
from registry.reports.statistics.mirror_tables import Pinned, is_id, month_of
from registry.reports.statistics.periods import DATED, text_of

Value = str | int | bool | None
"""Of a dimension: text, a whole number, true or false; null is a value of its own."""
Number = int | float | None
Base = Callable[[Sequence[ColumnElement[Any]]], Select[Any]]
"""A select of these columns over the rows that stand and that the caller may see."""
Clauses = Sequence[ColumnElement[bool]]


class TooManyCellsError(Exception):
    """There are more cells than may be answered."""


@dataclass(frozen=True)
class Counted:
    """The cells, in the order of their values, null last, by columns: of each dimension the values, of each measure the numbers; and
    the numbers of all together.
    """

    values: list[Sequence[Value]]
    numbers: list[Sequence[Number]]
    total: list[Number]


@dataclass(frozen=True)
class CellQuery:
    """What is counted: of which rows, by which dimensions, and for each measure which of the rows; none for all."""

    base: Base
    where: Clauses
    dimensions: Sequence[Dimension]
    measures: Sequence[tuple[Measure, Clauses]]


def counted(pinned: Pinned, wanted: CellQuery, most: int) -> Counted:
    """The cells that have rows; without dimensions, all together is the one cell. Raises TooManyCellsError for more than `most`."""
    size = len(wanted.dimensions)
    values: list[Any] = []
    numbers: dict[Measure, Sequence[Number]] = {}
    whole: dict[Measure, Number] = {}
    for query, measures in _statements(wanted):
        (_, *total), *cells = pinned.rows(query.limit(most + 2))
        if len(cells) > most:
            raise TooManyCellsError
        columns: list[Any] = list(zip(*cells, strict=True))[1:] or [()] * len(total)
        values = columns[:size]
        for place, each in enumerate(measures, size):
            numbers[each], (whole[each],) = _shown(each, columns[place]), _shown(each, [total[place]])
    totals = [whole[each] for each, _ in wanted.measures]
    if not size:
        return Counted([], [[number] for number in totals], totals)
    told = [numbers[each] for each, _ in wanted.measures]
    return Counted(list(map(_values, wanted.dimensions, values)), told, totals)


def _statements(wanted: CellQuery) -> Iterator[tuple[Select[Any], list[Measure]]]:
    """The statements, and which measures each tells of; the cells are the same in all of them, and in the same order."""
    plain = [each for each, _ in wanted.measures if not isinstance(each.number, Distinct)]
    if plain:
        yield _plain(wanted), plain
    for column in _distinct(wanted):
        yield _different(wanted, column), [each for each, _ in _of(wanted, column)]


def _values(dimension: Dimension, column: Sequence[Any]) -> Sequence[Value]:
    """A dimension's values as answers have them."""
    if is_id(dimension.column):
        return [each and str(each) for each in column]
    if dimension.by not in DATED:
        return column
    periods: dict[dt.date | None, Value] = {day: day and text_of(dimension.by, day) for day in set(column)}
    return [periods[day] for day in column]


def _shown(measure: Measure, numbers: Sequence[Number]) -> Sequence[Number]:
    """Numbers as they are told: hundredths as units."""
    if isinstance(measure.number, Sum) and measure.number.hundredths:
        return [(number or 0) / 100 for number in numbers]
    return numbers


def _plain(wanted: CellQuery) -> Select[Any]:
    """All together, then the cells in their order: whether it is a cell, the values, the numbers."""
    columns = _columns(wanted.dimensions)
    numbers = [number_of(each, where) for each, where in wanted.measures if not isinstance(each.number, Distinct)]
    query = wanted.base([_cell(columns), *columns, *numbers]).where(*wanted.where)
    return _sorted(query, columns).group_by(*_sets(columns))


def _cell(columns: Sequence[ColumnElement[Any]]) -> ColumnElement[int]:
    """1 for all together, 0 for a cell."""
    return func.grouping(columns[0]).label("whole") if columns else literal_column("1").label("whole")


def _sets(columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [func.grouping_sets(*([tuple_(*columns)] if columns else ()), text("()"))]


def _sorted(query: Select[Any], columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    return query.order_by(text(", ".join(["1 DESC", *(f"{place + 2} NULLS LAST" for place in range(len(columns)))])))


def _columns(dimensions: Iterable[Dimension]) -> list[ColumnElement[Any]]:
    return [_column(each) for each in dimensions]


def _column(dimension: Dimension) -> ColumnElement[Any]:
    if dimension.by is By.MONTH:
        return month_of(dimension.column)
    if dimension.by in DATED:
        return cast(func.date_trunc(literal_column(f"'{dimension.by.value}'"), dimension.column), Date)
    if dimension.by is By.TOWN:
        return dimension.column.table.c.town
    return dimension.column


def number_of(measure: Measure, where: Clauses) -> ColumnElement[Any]:
    """The aggregate of a measure that counts no different values, over the rows that its clauses choose."""
    number = measure.number
    if isinstance(number, Count):
        return _how_many(and_(*where)) if where else func.count()
    assert not isinstance(number, Distinct)  # noqa: S101 - counted by statements of their own
    if isinstance(number, Sum):
        return func.coalesce(_filtered(func.sum(number.column), where), literal_column("0"))
    return _filtered(func.quantile_disc(number.column, literal_column(f"{number.percent / 100}")), where)


def _how_many(clause: ColumnElement[bool]) -> ColumnElement[Any]:
    """How many rows a clause is true of; of none it would say null. A filter takes twice as long."""
    return func.coalesce(func.count_if(clause), literal_column("0"))


def _filtered(number: Any, where: Clauses) -> ColumnElement[Any]:  # noqa: ANN401 - an aggregate
    found: ColumnElement[Any] = number.filter(and_(*where)) if where else number
    return found


def _distinct(wanted: CellQuery) -> list[ColumnElement[Any]]:
    """The columns whose different values are counted."""
    return list(dict.fromkeys(each.number.column for each, _ in wanted.measures if isinstance(each.number, Distinct)))


def _of(wanted: CellQuery, column: ColumnElement[Any]) -> list[tuple[Measure, Clauses]]:
    return [
        each for each in wanted.measures if isinstance(each[0].number, Distinct) and each[0].number.column is column
    ]


def _different(wanted: CellQuery, column: ColumnElement[Any]) -> Select[Any]:
    """As `_plain`, in no order of the cells: how many different values of a column."""
    columns = [each.label(f"d{place}") for place, each in enumerate(_columns(wanted.dimensions))]
    held = [
        func.bool_or(and_(true(), column.is_not(None), *where)).label(f"n{place}")
        for place, (_, where) in enumerate(_of(wanted, column))
    ]
    inner = wanted.base([*columns, column.label("v"), *held]).where(*wanted.where)
    each = inner.group_by(*(column.element for column in columns), column).cte("each")
    counts = [_how_many(each.c[one.name]) for one in held]
    cells = select(literal_column("0"), *(each.c[one.name] for one in columns), *counts)
    people = select(*(func.bool_or(each.c[one.name]).label(one.name) for one in held)).group_by(each.c.v).subquery()
    whole = [_how_many(people.c[one.name]).label(one.name) for one in held]
    told: list[ColumnElement[Any]] = [
        literal_column("1").label("whole"),
        *(null().label(one.name) for one in columns),
        *whole,
    ]
    total = select(*told)
    if not columns:
        return total
    both = union_all(total, cells.group_by(*(each.c[one.name] for one in columns))).subquery()
    return _sorted(select(both), columns)
