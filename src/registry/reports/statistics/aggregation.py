"""Cells into numbers: vector operations over facts; no database, no HTTP.

Which conditions hold for a row is a bit each, so that all counts are made in one pass: of the places (cell, bits). Where different
values are counted, the rows are first brought down to one for each cell and value, and then counted in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from registry.core.measures import Count, Distinct, Measure, Sum
from registry.reports.statistics.columns import Array, Facts, null_of
from registry.reports.statistics.row_filters import Mask
from registry.reports.statistics.snapshots import ascending

Value = str | int | bool | None
"""Of a dimension: text, a whole number, true or false; null is a value of its own."""
Number = int | float | None
Rows = Array | slice
"""Which rows of facts: their places, or all."""
ALL = slice(None)
TABLE = 1 << 25
"""The most places of a table; what needs more is sorted."""
BYTE = 255
"""The highest number of a byte."""
PLACES = 1 << 20
"""About so many places are counted in one pass."""


def bits_of(conditions: Sequence[Mask], rows: int) -> Array:
    """Which conditions hold for each row: the first is the lowest bit."""
    bits = np.zeros(rows, np.min_scalar_type((1 << len(conditions)) - 1))
    for number, condition in enumerate(conditions):
        bits |= condition.astype(bits.dtype) << bits.dtype.type(number)
    return bits


@dataclass(frozen=True)
class Lot:
    """Some rows: in which of `count` cells each lies, and which conditions hold for it."""

    cells: Array
    count: int
    bits: Array
    conditions: int

    @cached_property
    def counts(self) -> Array:
        """For each cell the rows for which each condition holds, and last all of its rows."""
        step = max((PLACES // max(self.count, 1)).bit_length() - 1, 1)
        every = range(0, max(self.conditions, 1), step)
        parts = [self._passed(start, min(step, self.conditions - start)) for start in every]
        return np.concatenate([*(part[:, :-1] for part in parts), parts[0][:, -1:]], axis=1)

    def _passed(self, start: int, size: int) -> Array:
        """The counts of some of the conditions, and last of all rows."""
        some = 1 << size
        places = self.cells.astype(np.intp)
        if size:
            places = (places << size) | ((self.bits >> self.bits.dtype.type(start)) & self.bits.dtype.type(some - 1))
        table = np.bincount(places, minlength=self.count << size).reshape(self.count, some)
        holds = np.arange(some)[:, None] >> np.arange(size + 1) & 1
        holds[:, size] = 1
        return table @ holds

    def holding(self, condition: int) -> Rows:
        """The places of the rows for which a condition holds; for -1, all."""
        if condition < 0:
            return ALL
        return np.flatnonzero((self.bits & self.bits.dtype.type(1 << condition)) != 0)


class Numbers:
    """The measures of some rows that are more than counts."""

    def __init__(self, facts: Facts, rows: Rows, lot: Lot) -> None:
        self._facts = facts
        self._rows = rows
        self._lot = lot
        self._pairs: dict[str, Pairs] = {}

    def of(self, measure: Measure, condition: int) -> tuple[list[Number], Number]:
        """A measure of each cell, and of all together, of the rows for which a condition holds (-1: of all)."""
        number, lot = measure.number, self._lot
        assert not isinstance(number, Count)  # noqa: S101 - rows are counted by their conditions alone
        column = number.column
        values = self._facts.columns[column.name][self._rows]
        held = lot.holding(condition)
        if column.nullable:
            held = np.arange(len(values))[held]
            held = held[values[held] != null_of(column)]
        if isinstance(number, Distinct):
            if column.name not in self._pairs:
                self._pairs[column.name] = Pairs.of(values, lot.cells, lot.count)
            return self._pairs[column.name].counted(held)
        values, cells = values[held], lot.cells[held]
        if isinstance(number, Sum):
            return _summed(values, cells, lot.count, 100 if number.hundredths else 1)
        percent = number.percent
        return ranked(values, cells, lot.count, percent), ranked(values, np.zeros_like(cells), 1, percent)[0]


@dataclass(frozen=True)
class Pairs:
    """The value and the cell of each row as one number, so that different values can be counted."""

    places: Array
    count: int
    wide: int
    """How many values there may be."""

    @classmethod
    def of(cls, values: Array, cells: Array, count: int) -> "Pairs":
        places = values.astype(np.int64)
        places *= count
        places += cells
        return cls(places, count, int(values.max(initial=0)) + 1)

    def counted(self, rows: Rows) -> tuple[list[Number], Number]:
        """How many different values each cell has, and all together."""
        places = self.places[rows]
        if self.count * self.wide > TABLE:
            return self._sorted(places)
        groups = -(-self.wide // BYTE)
        occurs = np.zeros((groups, BYTE, self.count), np.uint8)
        occurs.reshape(-1)[places] = 1
        cells = occurs.sum(axis=1, dtype=np.uint8).sum(
            axis=0, dtype=np.int64
        )  # bytes first: they are added many at a time
        return cells.tolist(), int(np.count_nonzero(occurs.any(axis=2)))

    def _sorted(self, places: Array) -> tuple[list[Number], Number]:
        values, cells = np.divmod(places, self.count)
        order = ascending(cells, ascending(values))
        values, cells = values[order], cells[order]
        others = (cells[1:] != cells[:-1]) | (values[1:] != values[:-1])
        told = np.bincount(cells[np.flatnonzero(np.append(True, others))], minlength=self.count)
        return told.tolist(), int(np.count_nonzero(np.bincount(values)))


def _summed(values: Array, cells: Array, count: int, parts: int) -> tuple[list[Number], Number]:
    """Floats of 64 bits add whole numbers up to 2**53 exactly."""
    sums = np.bincount(cells, values, count).astype(np.int64).tolist()
    return [_share(each, parts) for each in sums], _share(sum(sums), parts)


def _share(value: int, parts: int) -> Number:
    return value / parts if parts > 1 else value


def ranked(values: Array, cells: Array, count: int, percent: int) -> list[Number]:
    """The nearest rank: of n values in order, the one at n · percent / 100, rounded up. None for a cell without any."""
    sizes = np.bincount(cells, minlength=count)
    places = np.cumsum(sizes) - sizes + np.maximum(-(-sizes * percent // 100), 1) - 1
    order = ascending(cells, ascending(values - values.min(initial=0)))
    found = values[order[places[sizes > 0]]]
    told = iter(found.tolist())
    return [next(told) if size else None for size in sizes.tolist()]
