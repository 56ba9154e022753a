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
from registry.reports.statistics.schemas import Withheld

encode = msgspec.json.encode


NULL = b"null"
Json = list[bytes]
"""A value in each cell, as JSON."""


@dataclass(frozen=True)
class MeasureColumn:
    """A measure of some cells: its numbers, why those that are withheld are, and the links to what it counts."""

    name: str
    numbers: Sequence[Number]
    withheld: Sequence[Withheld | None]
    links: Json

    def shown(self) -> Json:
        """The numbers that are told."""
        told: Sequence[Number] = self.numbers
        if any(self.withheld):
            told = [None if why else number for number, why in zip(told, self.withheld, strict=True)]
        return encode(told)[1:-1].split(b",")


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
    table.put_all("measures", {each.name: each.shown() for each in columns})
    table.put_all("measure_rows", {each.name: _told(each.links, each.withheld) for each in columns})
    withheld = list(zip(*(each.withheld for each in columns), strict=True))
    table.put("rows", _told(rows, list(map(any, withheld))))
    table.put("withheld", _reasons([each.name for each in columns], withheld))
    return table.json()


def _told(links: Json, withheld: Sequence[object]) -> Json:
    return [NULL if why else link for link, why in zip(links, withheld, strict=True)] if any(withheld) else links


def _reasons(names: Sequence[str], withheld: Sequence[tuple[Withheld | None, ...]]) -> Json:
    """Why numbers are withheld, by measure."""
    return [
        encode({name: why for name, why in zip(names, each, strict=True) if why}) if any(each) else b"{}"
        for each in withheld
    ]
