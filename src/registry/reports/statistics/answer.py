"""Statistics, answered: a question and its rows become cells, numbers and links; no database, no HTTP."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from registry.core.measures import Measure
from registry.core.watermarks import watermark_text
from registry.errors import Fault, Refused
from registry.ledger.versions import encode
from registry.reports.statistics.cell_writer import MeasureColumn, written
from registry.reports.statistics.drill_down import Axis, Labels, Links, Params, narrowed
from registry.reports.statistics.query import CellQuery, Counted, Number, TooManyCellsError, counted
from registry.reports.statistics.question import CountedRows, StatisticsQuestion
from registry.reports.statistics.schemas import DimensionTitle, MeasureTitle, StatisticsAnswer

MOST_CELLS = 20_000


def answer(question: StatisticsQuestion, source: CountedRows) -> bytes:
    """The answer. Raises Refused."""
    own = [question.own(each, source.day) for each in question.measures]
    shared = _shared(own)
    found = _counted(question, source, own, shared)
    params = [narrowed(question.pinned, question.filters, each) for each in (*own, shared)]
    axes = list(map(Axis.of, question.dimensions, found.values))
    told = question.people
    of_people = told is not None and told.month is not None
    answered = StatisticsAnswer(
        register=question.register.name,
        title=question.register.title,
        measures=[_measure(each, exact=not of_people) for each in question.measures],
        dimensions=[DimensionTitle(name=each.name, title=each.title) for each in question.dimensions],
        cells=cast(Any, msgspec.Raw(b"[" + _written(question, source, axes, found.numbers, params) + b"]")),
        total=cast(Any, msgspec.Raw(_written(question, source, None, [[each] for each in found.total], params))),
        as_of_day=told.month.day if told and told.month else None,
        rounded_to=told.rounded_to(question.measures) if told else None,
        watermark=watermark_text(question.who.book, question.watermark),
    )
    return encode(answered)


def _shared(own: Sequence[Params]) -> dict[str, str]:
    """The parameters that all statistics have: they choose the rows of a cell as a whole."""
    first, *others = own
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}


def _measure(measure: Measure, *, exact: bool) -> MeasureTitle:
    return MeasureTitle(
        name=measure.name, title=measure.title, unit=measure.unit, additive=measure.number.additive and exact
    )


def _counted(
    question: StatisticsQuestion, source: CountedRows, own: Sequence[Params], shared: Params
) -> Counted:  # fmt: skip
    """All measures, in the cells that may be told apart."""
    where = [*source.where, *question.clauses(shared)]
    measures = [
        (measure, question.clauses(params) if params != shared else ())
        for measure, params in zip(question.measures, own, strict=True)
    ]
    wanted = CellQuery(source.base, where, question.dimensions, measures)
    try:
        found = counted(source.pinned, wanted, MOST_CELLS)
    except TooManyCellsError:
        text = f"分组过细，超过 {MOST_CELLS} 格。", f"More than {MOST_CELLS} cells; group by less."
        raise Refused(faults=[Fault("#group_by", "too_many_cells", *text)]) from None
    return found if question.people is None else question.people.cells(found, question.dimensions)


def _written(
    question: StatisticsQuestion, source: CountedRows, axes: Sequence[Axis] | None, numbers: Sequence[Sequence[Number]],
    params: Sequence[Params | None],
) -> bytes:  # fmt: skip
    """Cells as JSON; None for axes: the total. The last parameters choose the rows of a cell as a whole. Who sees no entries is
    given no links to them.
    """
    count, told = len(numbers[0]), question.people
    links = Links(f"/v1/{question.register.name}", axes or (), count)
    params = params if told is None else [None] * len(params)
    columns = []
    for measure, column, own in zip(question.measures, numbers, params[:-1], strict=True):
        if told is None:
            columns.append(MeasureColumn(measure.name, column, (), links.of(own)))
        else:
            shown = told.numbers(measure, column, total=axes is None)
            values, small = [each.value for each in shown], [each.small for each in shown]
            columns.append(MeasureColumn(measure.name, values, small, links.of(own)))
    return written(axes, columns, links.of(params[-1]), Labels(source.names).label)
