"""Statistics, answered: a question and its ground become cells, numbers and links; no database, no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import numpy as np

from registry.core.measures import Dimension, How, Statistic
from registry.core.watermarks import watermark_text
from registry.errors import Fault, Refused
from registry.ledger.versions import encode
from registry.reports.labels import Labels
from registry.reports.statistics.aggregation import ALL, Lot, Number, Numbers, Rows, Value, bits_of
from registry.reports.statistics.cell_writer import Column, written
from registry.reports.statistics.drill_down import Links, Params, narrowed
from registry.reports.statistics.grouping import Axis, Grouping, TooManyCellsError, grouped
from registry.reports.statistics.question import Ground, Question
from registry.reports.statistics.schemas import DimensionTitle, MeasureTitle, StatisticsAnswer, Withheld

MOST_CELLS = 20_000


@dataclass(frozen=True)
class Counted:
    """One statistic, counted: by cell and in all, and the parameters that choose its rows; None where there can be none."""

    statistic: Statistic
    cells: Sequence[Number]
    total: Number
    params: Params | None


def answer(asked: Question, ground: Ground) -> bytes:
    """The answer. Raises Refused."""
    own = [asked.own(statistic, ground.day) for statistic in asked.statistics]
    shared = _shared(own)
    seen = ground.seen & asked.chosen(ground.facts, shared)
    rows = ALL if seen.all() else np.flatnonzero(seen)
    measures = [_measure(asked, each) for each in asked.statistics]
    hidden = asked.guarded and all(each.withheld for each in measures)
    grouping = _grouped(ground, rows, () if hidden else asked.dimensions)
    if asked.guarded and not hidden:
        listed = set(_values(grouping.axes, range(grouping.count)))
        grouping = grouping.with_empty(asked.held.empty(asked.statistics, listed))
    counted = _counted(asked, ground, own, shared, rows, grouping)
    links = narrowed(asked.pinned, asked.filters, shared)
    cells = b"" if hidden and asked.dimensions else _cells(asked, ground, counted, grouping, links)
    told = StatisticsAnswer(
        register=asked.register.name,
        title=asked.register.title,
        measures=measures,
        dimensions=[DimensionTitle(name=each.name, title=each.title) for each in asked.dimensions],
        cells=cast(Any, msgspec.Raw(b"[" + cells + b"]")),
        total=cast(Any, msgspec.Raw(_total(asked, ground, counted, links))),
        released=watermark_text(asked.who.book, asked.known) if asked.publication else None,
        watermark=watermark_text(asked.who.book, asked.watermark),
    )
    return encode(told)


def _shared(own: Sequence[Params | None]) -> dict[str, str]:
    """The parameters that all statistics have: they choose the rows of a cell as a whole."""
    first, *others = [params or {} for params in own]
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}


def _measure(asked: Question, statistic: Statistic) -> MeasureTitle:
    return MeasureTitle(
        name=statistic.name,
        title=statistic.title,
        unit=statistic.unit,
        additive=statistic.how.additive,
        withheld=asked.held.unlisted(statistic) if asked.guarded else None,
    )


def _grouped(ground: Ground, rows: Rows, dimensions: Sequence[Dimension]) -> Grouping:
    try:
        return grouped(ground.facts, rows, dimensions, MOST_CELLS)
    except TooManyCellsError:
        text = f"分组过细,超过 {MOST_CELLS} 格。", f"More than {MOST_CELLS} cells; group by less."
        raise Refused(faults=[Fault("#group_by", "too_many_cells", *text)]) from None


def _counted(
    asked: Question, ground: Ground, own: Sequence[Params | None], shared: Params, rows: Rows, grouping: Grouping
) -> list[Counted]:  # fmt: skip
    """All statistics. Those with the same parameters are of the same condition; those without any of their own, of none."""
    facts = ground.facts
    narrower: list[Params | None] = []
    for params in own:
        if params != shared and params not in narrower:
            narrower.append(params)
    bits = bits_of([asked.chosen(facts, params) for params in narrower], len(facts))[rows]
    lot = Lot(grouping.cells, grouping.count, bits, len(narrower))
    numbers, told = Numbers(facts, rows, lot), []
    for statistic, params in zip(asked.statistics, own, strict=True):
        condition = narrower.index(params) if params != shared else -1
        if statistic.how is How.COUNT:
            cells: list[Number] = lot.counts[:, condition].tolist()
            total: Number = int(lot.counts[:, condition].sum())
        else:
            cells, total = numbers.of(statistic, condition)
        told.append(Counted(statistic, cells, total, narrowed(asked.pinned, asked.filters, params)))
    return told


def _cells(asked: Question, ground: Ground, counted: Sequence[Counted], grouping: Grouping, links: Params | None) -> bytes:  # fmt: skip
    """The cells, in the order of their values."""
    order = grouping.order()
    if asked.guarded:
        values = _values(grouping.axes, order)
        order = [cell for cell, each in zip(order, values, strict=True) if asked.held.lists(asked.statistics, each)]
    axes = [axis.of(order) for axis in grouping.axes]
    return _written(asked, ground, axes, [(each, [each.cells[cell] for cell in order]) for each in counted], links)


def _total(asked: Question, ground: Ground, counted: Sequence[Counted], links: Params | None) -> bytes:
    return _written(asked, ground, None, [(each, [each.total]) for each in counted], links)


def _written(
    asked: Question, ground: Ground, axes: Sequence[Axis] | None, counted: Sequence[tuple[Counted, list[Number]]],
    links: Params | None,
) -> bytes:  # fmt: skip
    count = len(counted[0][1])
    found = Links(f"/v1/{asked.register.name}", axes or (), count)
    columns = [
        Column(each.statistic.name, told, _withheld(asked, each.statistic, axes or (), count), found.of(each.params))
        for each, told in counted
    ]
    return written(axes, columns, found.of(links), Labels(ground.names).label)


def _withheld(asked: Question, statistic: Statistic, axes: Sequence[Axis], count: int) -> list[Withheld | None]:
    if not asked.guarded:
        return [None] * count
    return [asked.held.withheld(statistic, values) for values in _values(axes, range(count))]


def _values(axes: Sequence[Axis], cells: Sequence[int]) -> list[tuple[Value, ...]]:
    """The values of cells."""
    return [tuple(axis.values[axis.places[cell]] for axis in axes) for cell in cells]
