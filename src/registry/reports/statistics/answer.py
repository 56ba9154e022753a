"""Statistics, answered: a question and its rows become cells, numbers and links; no database, no HTTP."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from registry.core.measures import P90, Measure, Median
from registry.core.watermarks import watermark_text
from registry.errors import Fault, Refused
from registry.ledger.versions import encode
from registry.reports.statistics.cell_writer import MeasureColumn, written
from registry.reports.statistics.drill_down import Axis, Labels, Links, Params, narrowed
from registry.reports.statistics.query import CellQuery, Counted, Number, TooManyCellsError, counted
from registry.reports.statistics.question import CountedRows, StatisticsQuestion
from registry.reports.statistics.schemas import DimensionTitle, MeasureTitle, StatisticsAnswer, Withheld

MOST_CELLS = 20_000


def answer(question: StatisticsQuestion, source: CountedRows) -> bytes:
    """The answer. Raises Refused."""
    own = [question.own(each, source.day) for each in question.measures]
    shared = _shared(own)
    measures = [_measure(question, each) for each in question.measures]
    hidden = question.guarded and all(each.withheld for each in measures)
    found = _counted(question, source, own, shared, hidden=hidden)
    params = [narrowed(question.pinned, question.filters, each) for each in (*own, shared)]
    shown = _listed(question, found) if question.guarded and not hidden else found
    axes = list(map(Axis.of, question.dimensions, shown.values))
    cells = b"" if hidden and question.dimensions else _written(question, source, axes, shown.numbers, params)
    total = _written(question, source, None, [[each] for each in found.total], params)
    told = StatisticsAnswer(
        register=question.register.name,
        title=question.register.title,
        measures=measures,
        dimensions=[DimensionTitle(name=each.name, title=each.title) for each in question.dimensions],
        cells=cast(Any, msgspec.Raw(b"[" + cells + b"]")),
        total=cast(Any, msgspec.Raw(total)),
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


def _counted(
    question: StatisticsQuestion, source: CountedRows, own: Sequence[Params], shared: Params, *, hidden: bool
) -> Counted:
    """All measures; by no dimension where no cell can be told."""
    where = [*source.where, *question.clauses(shared)]
    measures = [
        (measure, question.clauses(params) if params != shared else ())
        for measure, params in zip(question.measures, own, strict=True)
    ]
    wanted = CellQuery(source.base, where, () if hidden else question.dimensions, measures)
    try:
        return counted(source.pinned, wanted, MOST_CELLS)
    except TooManyCellsError:
        text = f"分组过细,超过 {MOST_CELLS} 格。", f"More than {MOST_CELLS} cells; group by less."
        raise Refused(faults=[Fault("#group_by", "too_many_cells", *text)]) from None


def _listed(question: StatisticsQuestion, found: Counted) -> Counted:
    """The cells that are listed where numbers are held back: some that have no rows too."""
    if not question.dimensions:
        return found
    cells = dict(zip(zip(*found.values, strict=True), zip(*found.numbers, strict=True), strict=True))
    nothing = tuple(None if isinstance(each.number, Median | P90) else 0 for each in question.measures)
    cells |= dict.fromkeys(question.withholding.empty(question.measures, cells), nothing)
    order = sorted(cells, key=lambda values: [(value is None, value or 0) for value in values])
    listed = [values for values in order if question.withholding.lists(question.measures, values)]
    if not listed:
        return Counted([()] * len(found.values), [()] * len(found.numbers), found.total)
    numbers = zip(*(cells[values] for values in listed), strict=True)
    return Counted(list(zip(*listed, strict=True)), list(numbers), found.total)


def _written(
    question: StatisticsQuestion, source: CountedRows, axes: Sequence[Axis] | None, numbers: Sequence[Sequence[Number]],
    params: Sequence[Params | None],
) -> bytes:  # fmt: skip
    """Cells as JSON; None for axes: the total. The last parameters choose the rows of a cell as a whole."""
    count = len(numbers[0])
    links = Links(f"/v1/{question.register.name}", axes or (), count)
    columns = [
        MeasureColumn(measure.name, told, _withheld(question, measure, axes or (), count), links.of(own))
        for measure, told, own in zip(question.measures, numbers, params[:-1], strict=True)
    ]
    return written(axes, columns, links.of(params[-1]), Labels(source.names).label)


def _withheld(
    question: StatisticsQuestion, measure: Measure, axes: Sequence[Axis], count: int
) -> list[Withheld | None]:
    if not question.guarded:
        return [None] * count
    cells = zip(*(axis.spread(axis.values) for axis in axes), strict=True) if axes else [()] * count
    return [question.withholding.withheld(measure, values) for values in cells]
