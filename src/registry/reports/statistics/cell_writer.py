"""Cells of statistics as they are answered: values, Chinese labels, numbers, and the links to their rows.

An answer may have thousands of cells with a dozen links each, so its JSON is written column by column.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import msgspec

from registry.core.measures import Dimension
from registry.reports.statistics.drill_down import Axis
from registry.reports.statistics.query import Number, Value

encode = msgspec.json.encode


NONE = b"{}"
Json = list[bytes]
"""A value in each cell, as JSON."""


@dataclass(frozen=True)
class MeasureColumn:
    """A measure of some cells: its numbers, which of them are small and not told (empty: none), and the links to what it counts."""

    name: str
    numbers: Sequence[Number]
    small: Sequence[bool]
    links: Json


class _Table:
    """Objects with the same keys: what stands before each value is the same in all of them."""

    def __init__(self) -> None:
        self._parts: list[Iterable[bytes]] = []
        self._before = ""

    def put(self, key: str, column: Json) -> None:
        self._parts += [repeat(f'{self._before}"{key}":'.encode()), column]
        self._before = ","

    def put_all(self, key: str, columns: Mapping[str, Json]) -> None:
        """An object of its own."""
        self._before += f'"{key}":{{'
        for name, column in columns.items():
            self.put(name, column)
        self._before = self._before.removesuffix(",") + "},"

    def json(self) -> bytes:
        """The objects, one after another."""
        rows = zip(repeat(b"{"), *self._parts, repeat(f"{self._before[:-1]}}}".encode()), repeat(b","), strict=False)
        return b"".join(chain.from_iterable(rows))[:-1]


def written(
    axes: Sequence[Axis] | None, columns: Sequence[MeasureColumn], rows: Json, label: Callable[[Dimension, Value], str]
) -> bytes:  # fmt: skip
    """Cells as JSON, separated by commas; None for axes: of the total. `rows` are the links to each as a whole."""
    if not rows:
        return b""
    table = _Table()
    if axes is not None:
        for axis in axes:
            table.put(axis.dimension.name, axis.spread([encode(value) for value in axis.values]))
        named = [(axis, [encode(label(axis.dimension, value)) for value in axis.values]) for axis in axes]
        table.put_all("labels", {axis.dimension.name: axis.spread(labels) for axis, labels in named})
    table.put_all("measures", {each.name: encode(each.numbers)[1:-1].split(b",") for each in columns})
    table.put_all("measure_rows", {each.name: each.links for each in columns})
    table.put("rows", rows)
    table.put("small", _small(columns, len(rows)))
    return table.json()


def _small(columns: Sequence[MeasureColumn], count: int) -> Json:
    """Which numbers are from 1 to 4 and not told, by measure."""
    marked = [each for each in columns if any(each.small)]
    if not marked:
        return [NONE] * count
    each = zip(*(column.small for column in marked), strict=True)
    names = [column.name for column in marked]
    return [encode({name: True for name, small in zip(names, cell, strict=True) if small}) for cell in each]
