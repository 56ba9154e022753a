"""Rows into cells, and cells into numbers: vector operations over facts; no database, no HTTP."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Boolean, Column

from registry.access.facts import NULL, Facts, is_text
from registry.access.statistics import By, Dimension, How, Statistic

Array = NDArray[Any]
Value = str | int | bool | None
"""Of a dimension: text, a whole number, true or false; null is a value of its own."""
Number = int | float | None
TOWN = 9
"""Digits of a town's code."""
SPACE = 1 << 20
"""Up to so many cells are counted in a table that has a place for each; beyond, they are numbered without gaps first."""
TABLE = 1 << 26
"""The most places of a table of cells and words."""
BITS = 4
"""Conditions that are counted in one pass."""


@dataclass(frozen=True)
class Grouping:
    """Which cell each row lies in, and the values that each cell is of."""

    key: Array
    """For each row the place of its cell."""
    space: int
    """How many places there are."""
    present: Array
    """The places of the cells that have rows."""
    values: list[tuple[Value, ...]]
    """Of these: a value for each dimension."""

    @cached_property
    def cells(self) -> Array:
        """For each row the number of its cell among those present."""
        numbers = np.zeros(self.space, np.int32)
        numbers[self.present] = np.arange(len(self.present), dtype=np.int32)
        return cast(Array, numbers[self.key])


def grouped(facts: Facts, rows: Array, dimensions: Sequence[Dimension]) -> Grouping:
    """The rows by the dimensions' values; only cells that have rows. Without dimensions, one cell."""
    key: Array = np.zeros(len(rows), np.int32)
    space = 1
    first: list[tuple[Value, ...]] = [()]
    rest: list[list[Value]] = []
    for dimension in dimensions:
        codes, values = _coded(facts, dimension, rows)
        if space * len(values) > SPACE:
            key, present = np.unique(key, return_inverse=True)[::-1]
            first, rest, space = _values(present, first, rest), [], len(present)
        wide: Any = np.int64 if space * len(values) > np.iinfo(np.int32).max else np.int32
        key = key.astype(wide, copy=False) * wide(len(values)) + codes
        space *= len(values)
        rest.append(values)
    if space > SPACE:
        key, present = np.unique(key, return_inverse=True)[::-1]
        return Grouping(key, len(present), np.arange(len(present)), _values(present, first, rest))
    present = np.flatnonzero(np.bincount(key, minlength=space)) if dimensions else np.zeros(1, np.int64)
    return Grouping(key, space, present, _values(present, first, rest))


def _values(
    present: Array, first: Sequence[tuple[Value, ...]], rest: Sequence[Sequence[Value]]
) -> list[tuple[Value, ...]]:
    """The values at these places: the last of `rest` turns fastest, `first` slowest."""
    columns: list[list[Value]] = []
    for values in reversed(rest):
        present, places = np.divmod(present, len(values))
        columns.append([values[place] for place in places.tolist()])
    tails = zip(*reversed(columns), strict=True) if columns else ((),) * len(present)
    return [(*first[place], *tail) for place, tail in zip(present.tolist(), tails, strict=True)]


def counts(grouping: Grouping, conditions: Sequence[Array | None]) -> list[list[int]]:
    """For each condition (truth values by row; None: all) the rows of each cell for which it holds.

    Several are counted in one pass: which of them hold is part of the place.
    """
    found: list[list[int]] = []
    for start in range(0, len(conditions), BITS):
        some = conditions[start : start + BITS]
        asked = [condition for condition in some if condition is not None]
        bits = np.zeros(len(grouping.key), np.uint8)
        for bit, condition in enumerate(asked):
            bits |= condition.view(np.uint8) << np.uint8(bit)
        place = (grouping.key << grouping.key.dtype.type(len(asked))) | bits if asked else grouping.key
        table = np.bincount(place, minlength=grouping.space << len(asked)).reshape(grouping.space, -1)[grouping.present]
        holds = iter([[held for held in range(1 << len(asked)) if held >> bit & 1] for bit in range(len(asked))])
        found += [(table if condition is None else table[:, next(holds)]).sum(axis=1).tolist() for condition in some]
    return found


def numbers(
    statistic: Statistic, facts: Facts, rows: Array, cells: Array, count: int
) -> tuple[list[Number], Number]:  # fmt: skip
    """The statistic of each of `count` cells, of rows that lie in them, and of all together; not for counts."""
    assert statistic.of is not None  # noqa: S101 - a declaration: all but counts are of a column
    values = facts.columns[statistic.of.name][rows]
    if statistic.of.nullable:
        given = values != _null(statistic.of)
        values, cells = values[given], cells[given]
    if statistic.how is How.SUM:
        # Floats of 64 bits add whole numbers up to 2**53 exactly.
        sums = np.bincount(cells, values, count).astype(np.int64).tolist()
        parts = 100 if statistic.hundredths else 1
        return [_share(each, parts) for each in sums], _share(sum(sums), parts)
    if statistic.how is How.DISTINCT:
        return _distinct(values, cells, count)
    percent = 50 if statistic.how is How.MEDIAN else 90
    return _ranked(values, cells, count, percent), _ranked(values, np.zeros_like(cells), 1, percent)[0]


def _share(value: int, parts: int) -> Number:
    return value / parts if parts > 1 else value


def _distinct(values: Array, cells: Array, count: int) -> tuple[list[Number], Number]:
    """How many different values each cell has, and all together."""
    wide = int(values.max(initial=0)) + 1
    place = cells.astype(np.int64) * wide + values
    if count * wide > TABLE:
        return np.bincount(np.unique(place) // wide, minlength=count).tolist(), len(np.unique(values))
    occurs = np.zeros(count * wide, np.bool_)
    occurs[place] = True
    table = occurs.reshape(count, wide)
    return np.count_nonzero(table, axis=1).tolist(), int(np.count_nonzero(table.any(axis=0)))


def _ranked(values: Array, cells: Array, count: int, percent: int) -> list[Number]:
    """The nearest rank: of n values in order, the one at n · percent / 100, rounded up. None for a cell without any."""
    order = np.lexsort((values, cells))
    sizes = np.bincount(cells, minlength=count)
    firsts = np.cumsum(sizes) - sizes
    places = np.minimum(firsts + np.maximum(-(-sizes * percent // 100), 1) - 1, max(len(values) - 1, 0))
    ranked = values[order][places] if len(values) else np.zeros(count, np.int64)
    return [value if size else None for value, size in zip(ranked.tolist(), sizes.tolist(), strict=True)]


def _coded(facts: Facts, dimension: Dimension, rows: Array) -> tuple[Array, list[Value]]:
    """For each row the number of its value, and the values by number."""
    column = dimension.column
    array = facts.columns[column.name][rows]
    if dimension.by is By.MONTH:
        return _offset(array, _month)
    if isinstance(column.type, Boolean):
        return array + np.int8(1), [None, False, True]
    if not is_text(column):
        return _offset(array, int)
    texts = facts.words[column.name].texts[:]
    if dimension.by is By.TOWN:
        towns = [text and text[:TOWN] for text in texts]
        known = sorted({town for town in towns if town})
        place = {town: number for number, town in enumerate(known, 1)}
        return np.array([place.get(town or "", 0) for town in towns], np.int32)[array], [None, *known]
    return array, list(texts)


def _offset(array: Array, told: Callable[[int], Value]) -> tuple[Array, list[Value]]:
    """Numbers as places above the lowest: place 0 is null. Only those that occur are told: one day in the year 1 costs no more."""
    given = array != NULL
    high = int(array.max(initial=NULL))
    if high == NULL:
        return np.zeros(len(array), np.int32), [None]
    low = int(array.min(initial=high, where=given))
    above = np.maximum(array, low - 1) - (low - 1)
    occurs = np.zeros(high - low + 2, np.bool_)
    occurs[above] = True
    occurring = np.flatnonzero(occurs[1:]) + 1
    told_values = [told(number + low - 1) for number in occurring.tolist()]
    values: list[Value] = [None, *dict.fromkeys(told_values)]
    place = {value: number for number, value in enumerate(values)}
    table = np.zeros(len(occurs), np.int32)
    table[occurring] = [place[value] for value in told_values]
    return table[above], values


def _month(day: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()[:7]


def _null(column: Column[Any]) -> int:
    return 0 if is_text(column) else -1 if isinstance(column.type, Boolean) else NULL
