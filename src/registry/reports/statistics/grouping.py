"""Rows into cells: vector operations over facts; no database, no HTTP."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Boolean

from registry.core.measures import By, Dimension
from registry.reports.statistics.aggregation import TABLE, Rows, Value
from registry.reports.statistics.columns import NULL, Array, Facts, is_text

T = TypeVar("T")
Coded = tuple[Array, list[Value]]
TOWN = 9
"""Digits of a town's code."""
SPACE = 1 << 22
"""Cells are numbered without gaps before there would be more of them than this."""


class TooManyCellsError(Exception):
    """There are more cells than may be answered."""


@dataclass(frozen=True)
class Axis:
    """A dimension of some cells: the values that they have, in order and null last, and for each cell the place of its own."""

    dimension: Dimension
    values: list[Value]
    places: Array

    def spread(self, each: Sequence[T]) -> list[T]:
        """For each cell what belongs to its value."""
        return [each[place] for place in self.places.tolist()]

    def of(self, cells: Sequence[int]) -> "Axis":
        """The dimension of some of the cells."""
        return Axis(self.dimension, self.values, self.places[cells])

    def and_of(self, values: Sequence[Value]) -> "Axis":
        """The dimension of these cells and of others, which have these values."""
        every = [*self.spread(self.values), *values]
        known = sorted(dict.fromkeys(every), key=_order)
        place = {value: number for number, value in enumerate(known)}
        return Axis(self.dimension, known, np.array([place[value] for value in every], np.int32))


@dataclass(frozen=True)
class Grouping:
    """For each row the number of its cell, how many cells there are, and what they are of."""

    cells: Array
    count: int
    axes: list[Axis]

    def order(self) -> list[int]:
        """The cells in the order of their values."""
        found: list[int] = np.lexsort([axis.places for axis in reversed(self.axes)]).tolist() if self.axes else [0]
        return found

    def with_empty(self, cells: Sequence[tuple[Value, ...]]) -> "Grouping":
        """With these cells, which have no rows."""
        if not cells:
            return self
        axes = [axis.and_of(values) for axis, values in zip(self.axes, zip(*cells, strict=True), strict=True)]
        return Grouping(self.cells, self.count + len(cells), axes)


def grouped(facts: Facts, rows: Rows, dimensions: Sequence[Dimension], most: int) -> Grouping:
    """The rows by the dimensions' values; only cells that have rows. Without dimensions, one cell.

    Raises TooManyCellsError.
    """
    numbering = _Numbering(np.zeros(len(facts), np.int64)[rows], most)
    if not dimensions:
        return Grouping(numbering.cells, 1, [])
    coded = [_coded(facts, dimension) for dimension in dimensions]
    values = [numbering.divide(codes[rows], told) for codes, told in coded]
    numbering.settle()
    axes = map(_axis, dimensions, values, numbering.places)
    return Grouping(numbering.cells, numbering.shape[0], list(axes))


class _Numbering:
    """The cells that rows lie in, while one dimension after another divides them."""

    def __init__(self, cells: Array, most: int) -> None:
        self.cells = cells
        self.most = most
        self.shape = [1]
        """How many cells had been numbered without gaps, and how many values the dimensions since then have."""
        self.places: list[Array] = []
        """For each dimension before that: of each cell, the place of its value."""

    def divide(self, codes: Array, values: list[Value]) -> list[Value]:
        """Divide the cells by a dimension: for each row the place of its value."""
        if math.prod(self.shape) * len(values) > SPACE:
            self.settle()
        self.shape.append(len(values))
        self.cells = self.cells * np.int64(len(values))
        self.cells += codes
        return values

    def settle(self) -> None:
        """Number the cells that have rows, without gaps."""
        self.cells, present = _numbered(self.cells, math.prod(self.shape))
        if len(present) > self.most:
            raise TooManyCellsError
        first, *rest = np.unravel_index(present, self.shape)
        self.places = [*(places[first] for places in self.places), *rest]
        self.shape = [len(present)]


def _numbered(places: Array, space: int) -> tuple[Array, Array]:
    """For each row the number of its place among those that occur, and these."""
    if space > TABLE:
        present, numbers = np.unique(places, return_inverse=True)
        return numbers, present
    occurs = np.zeros(space, np.bool_)
    occurs[places] = True
    present = np.flatnonzero(occurs)
    table = np.zeros(space, np.min_scalar_type(len(present)))
    table[present] = np.arange(len(present))
    return table[places], present


def _axis(dimension: Dimension, values: Sequence[Value], places: Array) -> Axis:
    """Only the values that occur, in order."""
    used = sorted(np.flatnonzero(np.bincount(places)).tolist(), key=lambda place: _order(values[place]))
    rank = np.zeros(len(values), np.int32)
    rank[used] = np.arange(len(used))
    return Axis(dimension, [values[place] for place in used], rank[places])


def _order(value: Value) -> tuple[bool, Any]:
    return value is None, 0 if value is None else value


def _coded(facts: Facts, dimension: Dimension) -> Coded:
    """For each row the number of its value, and the values by number; kept for the next question."""
    found: Coded | None = facts.kept.get(dimension.name)
    if found is None:
        found = facts.kept[dimension.name] = _numbers(facts, dimension)
    return found


def _numbers(facts: Facts, dimension: Dimension) -> Coded:
    column = dimension.column
    array = facts.columns[column.name]
    if isinstance(column.type, Boolean):
        return array + np.int8(1), [None, False, True]
    if not is_text(column):
        places, low, high = _offset(array)
        return _months(places, low, high) if dimension.by is By.MONTH else (places, [None, *range(low, high + 1)])
    texts = facts.words[column.name].texts[:]
    if dimension.by is By.TOWN:
        return _merged(array, [text and text[:TOWN] for text in texts])
    return array, list(texts)


def _offset(array: Array) -> tuple[Array, int, int]:
    """Numbers as places above the lowest, 0 for null; the lowest and the highest number."""
    high = int(array.max(initial=NULL))
    if high == NULL:
        return np.zeros(len(array), np.int8), 0, -1
    low = int(np.where(array == NULL, high, array).min())
    places = np.maximum(array, low - 1) - (low - 1)
    return places.astype(np.min_scalar_type(high - low + 1)), low, high


def _months(places: Array, low: int, high: int) -> Coded:
    """The months of days that are counted from the lowest; the calendar is asked once for each day."""
    months = np.arange(low, high + 1).astype("datetime64[D]").astype("datetime64[M]")
    if not len(months):
        return places, [None]
    every = np.arange(months[0], months[-1] + 1)
    table = np.append(0, months.astype(np.int64) - months[0].astype(np.int64) + 1)
    return table.astype(np.min_scalar_type(len(every)))[places], [None, *map(str, every)]


def _merged(places: Array, values: Sequence[Value]) -> Coded:
    """The same values have the same place."""
    known = {value: number for number, value in enumerate(dict.fromkeys(values))}
    table = np.fromiter((known[value] for value in values), np.min_scalar_type(len(known)), len(values))
    return table[places], list(known)
