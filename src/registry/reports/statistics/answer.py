"""Statistics, answered: a question and its rows become cells, numbers and links; no database, no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import numpy as np

from registry.core.measures import Count, Dimension, Measure
from registry.core.watermarks import watermark_text
from registry.errors import Fault, Refused
from registry.ledger.versions import encode
from registry.reports.statistics.aggregation import ALL, Lot, Number, Numbers, Rows, Value, bits_of
from registry.reports.statistics.cell_writer import MeasureColumn, written
from registry.reports.statistics.drill_down import Labels, Links, Params, narrowed
from registry.reports.statistics.grouping import Axis, Grouping, TooManyCellsError, grouped
from registry.reports.statistics.question import CountedRows, StatisticsQuestion
from registry.reports.statistics.schemas import DimensionTitle, MeasureTitle, StatisticsAnswer, Withheld

MOST_CELLS = 20_000


@dataclass(frozen=True)
class CountedMeasure:
    """One measure, counted: by cell and in all, and the parameters that choose its rows; None where there can be none."""

    measure: Measure
    cells: Sequence[Number]
    total: Number
    params: Params | None


def answer(question: StatisticsQuestion, source: CountedRows) -> bytes:
    """The answer. Raises Refused."""
    own = [question.own(each, source.day) for each in question.measures]
    shared = _shared(own)
    seen = source.seen & question.chosen(source.facts, shared)
    rows = ALL if seen.all() else np.flatnonzero(seen)
    measures = [_measure(question, each) for each in question.measures]
    hidden = question.guarded and all(each.withheld for each in measures)
    grouping = _grouped(source, rows, () if hidden else question.dimensions)
    if question.guarded and not hidden:
        listed = set(_values(grouping.axes, range(grouping.count)))
        grouping = grouping.with_empty(question.withholding.empty(question.measures, listed))
    counted = _counted(question, source, own, shared, rows, grouping)
    links = narrowed(question.pinned, question.filters, shared)
    cells = b"" if hidden and question.dimensions else _cells(question, source, counted, grouping, links)
    told = StatisticsAnswer(
        register=question.register.name,
        title=question.register.title,
        measures=measures,
        dimensions=[DimensionTitle(name=each.name, title=each.title) for each in question.dimensions],
        cells=cast(Any, msgspec.Raw(b"[" + cells + b"]")),
        total=cast(Any, msgspec.Raw(_total(question, source, counted, links))),
        released=watermark_text(question.who.book, question.known) if question.publication else None,
        watermark=watermark_text(question.who.book, question.watermark),
    )
    return encode(told)


def _shared(own: Sequence[Params]) -> dict[str, str]:
    """The parameters that all statistics have: they choose the rows of a cell as a whole."""
    first, *others = own
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}


def _measure(question: StatisticsQuestion, measure: Measure) -> MeasureTitle:
    return MeasureTitle(
        name=measure.name,
        title=measure.title,
        unit=measure.unit,
        additive=measure.number.additive,
        withheld=question.withholding.unlisted(measure) if question.guarded else None,
    )


def _grouped(source: CountedRows, rows: Rows, dimensions: Sequence[Dimension]) -> Grouping:
    try:
        return grouped(source.facts, rows, dimensions, MOST_CELLS)
    except TooManyCellsError:
        text = f"分组过细,超过 {MOST_CELLS} 格。", f"More than {MOST_CELLS} cells; group by less."
        raise Refused(faults=[Fault("#group_by", "too_many_cells", *text)]) from None


def _counted(
    question: StatisticsQuestion, source: CountedRows, own: Sequence[Params], shared: Params, rows: Rows, grouping: Grouping
) -> list[CountedMeasure]:  # fmt: skip
    """All measures. Those with the same parameters are of the same condition; those without any of their own, of none."""
    facts = source.facts
    narrower: list[Params] = []
    for params in own:
        if params != shared and params not in narrower:
            narrower.append(params)
    bits = bits_of([question.chosen(facts, params) for params in narrower], len(facts))[rows]
    lot = Lot(grouping.cells, grouping.count, bits, len(narrower))
    numbers, told = Numbers(facts, rows, lot), []
    for measure, params in zip(question.measures, own, strict=True):
        condition = narrower.index(params) if params != shared else -1
        if isinstance(measure.number, Count):
            cells: list[Number] = lot.counts[:, condition].tolist()
            total: Number = int(lot.counts[:, condition].sum())
        else:
            cells, total = numbers.of(measure, condition)
        told.append(CountedMeasure(measure, cells, total, narrowed(question.pinned, question.filters, params)))
    return told


def _cells(
    question: StatisticsQuestion, source: CountedRows, counted: Sequence[CountedMeasure], grouping: Grouping,
    links: Params | None,
) -> bytes:  # fmt: skip
    """The cells, in the order of their values."""
    order = grouping.order()
    if question.guarded:
        values = _values(grouping.axes, order)
        order = [
            cell
            for cell, each in zip(order, values, strict=True)
            if question.withholding.lists(question.measures, each)
        ]
    axes = [axis.of(order) for axis in grouping.axes]
    return _written(question, source, axes, [(each, [each.cells[cell] for cell in order]) for each in counted], links)


def _total(
    question: StatisticsQuestion, source: CountedRows, counted: Sequence[CountedMeasure], links: Params | None
) -> bytes:
    return _written(question, source, None, [(each, [each.total]) for each in counted], links)


def _written(
    question: StatisticsQuestion, source: CountedRows, axes: Sequence[Axis] | None, counted: Sequence[tuple[CountedMeasure, list[Number]]],
    links: Params | None,
) -> bytes:  # fmt: skip
    count = len(counted[0][1])
    found = Links(f"/v1/{question.register.name}", axes or (), count)
    columns = [
        MeasureColumn(
            each.measure.name, told, _withheld(question, each.measure, axes or (), count), found.of(each.params)
        )
        for each, told in counted
    ]
    return written(axes, columns, found.of(links), Labels(source.names).label)


def _withheld(
    question: StatisticsQuestion, measure: Measure, axes: Sequence[Axis], count: int
) -> list[Withheld | None]:
    if not question.guarded:
        return [None] * count
    return [question.withholding.withheld(measure, values) for values in _values(axes, range(count))]


def _values(axes: Sequence[Axis], cells: Sequence[int]) -> list[tuple[Value, ...]]:
    """The values of cells."""
    return [tuple(axis.values[axis.places[cell]] for axis in axes) for cell in cells]
