"""The catalogue of statistics: which registers can be counted, by what, and what of it is told to the caller's role."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta

from registry.core.measures import P90, Count, Dimension, Distinct, Measure, Median, Number, Sum
from registry.core.principals import Principal
from registry.core.register import Register
from registry.errors import Forbidden
from registry.ledger.versions import encode
from registry.reports.statistics.periods import DATED
from registry.reports.statistics.question import measures_of, usual_measures
from registry.reports.statistics.schemas import DimensionTitle, MeasureTitle
from registry.web import contract, reads
from registry.web.call import Call
from registry.web.reads import Answer

Kind = Literal["count", "sum", "distinct", "median", "p90"]
KINDS: Mapping[type[Number], Kind] = {Count: "count", Sum: "sum", Distinct: "distinct", Median: "median", P90: "p90"}


class MeasureEntry(MeasureTitle, kw_only=True):
    """A measure (指标): what it counts, of which rows, and how it is told to the caller."""

    title_en: Annotated[str, Meta(description="The English title.")]
    counts: Annotated[
        Kind,
        Meta(
            description="`count`: the rows; `sum` of a column; `distinct` values of one; `median`, `p90`: the nearest rank of half, of 90 %."
        ),
    ]
    column: Annotated[str | None, Meta(description="The column that is summed or ranked; null where rows are counted.")]
    dated: Annotated[
        list[str],
        Meta(description="The list's parameters that the period narrows: the day by which it is dated. None: of any day."),
    ]  # fmt: skip
    stands_on: Annotated[
        str | None, Meta(description="The list's parameter that takes the last day: it counts what stands on a day.")
    ]
    where: Annotated[dict[str, str], Meta(description="The list's parameters that choose its rows.")]
    usual: Annotated[bool, Meta(description="Whether it is answered where `measures` is left out.")]
    told: Annotated[
        Literal["exactly", "rounded"],
        Meta(description="`rounded`: how many people there are, by the rule for callers who see none (whole months, to the nearest 5)."),
    ]  # fmt: skip


class DimensionEntry(DimensionTitle, kw_only=True):
    """A dimension (维度): something to group by."""

    title_en: Annotated[str, Meta(description="The English title.")]
    parameter: Annotated[str, Meta(description="The list's parameter that chooses a value; of a date the stem of `_from` and `_to`.")]  # fmt: skip
    values: Annotated[
        dict[str, str] | None, Meta(description="Its values with their Chinese titles, where it is a code list.")
    ]


class CountedRegister(msgspec.Struct, kw_only=True):
    """A register that can be counted, at `/v1/statistics/{register}`."""

    register: Annotated[str, Meta(description="Its name, as in the path.")]
    title: Annotated[str, Meta(description="Its Chinese title.")]
    measures: Annotated[list[MeasureEntry], Meta(description="What is counted.")]
    dimensions: Annotated[list[DimensionEntry], Meta(description="What it can be grouped by.")]


class StatisticsCatalogue(msgspec.Struct, kw_only=True):
    """What the caller may ask statistics for (统计目录)."""

    items: Annotated[list[CountedRegister], Meta(description="The registers that the caller's role may count.")]


def catalogue_handler(registers: Sequence[Register]) -> HTTPRouteHandler:
    """`GET /v1/statistics`."""
    counted = [each for each in registers if measures_of(each)]

    @get("/v1/statistics", operation_id="listStatistics", opt=contract.publishes(StatisticsCatalogue))
    async def list_statistics(request: Call) -> Answer:
        """List what can be counted: registers, measures, dimensions (统计目录).

        Of each measure its titles and unit, what it counts and by which day it is dated; of each register what the caller's role may ask.
        """
        who = await request.caller()
        request.no_params()
        mine = [each for each in counted if who.role in each.counters]
        if not mine:
            raise Forbidden
        body = encode(StatisticsCatalogue(items=[_register(each, who) for each in mine]))
        return reads.respond(request, body, reads.body_tag(body), None)

    return list_statistics


def _register(register: Register, who: Principal) -> CountedRegister:
    return CountedRegister(
        register=register.name,
        title=register.title,
        measures=list(_measures(register, who)),
        dimensions=[_dimension(each) for each in register.dimensions],
    )


def _measures(register: Register, who: Principal) -> Iterator[MeasureEntry]:
    usual = usual_measures(register)
    for each in measures_of(register):
        exact = register.people is None or who.sees_people or each.name in register.people.work
        yield MeasureEntry(
            name=each.name,
            title=each.title,
            title_en=each.title_en,
            unit=each.unit,
            additive=each.number.additive and exact,
            counts=KINDS[type(each.number)],
            column=_column(each),
            dated=[f"{each.dated}_from", f"{each.dated}_to"] if each.dated else [],
            stands_on=each.day or None,
            where=dict(each.where),
            usual=each in usual,
            told="exactly" if exact else "rounded",
        )


def _column(measure: Measure) -> str | None:
    """What is summed or ranked, without how it is kept (`area_hundredths` holds hundredths of the unit)."""
    number = measure.number
    return None if isinstance(number, Count) else number.column.name.removesuffix("_hundredths")


def _dimension(dimension: Dimension) -> DimensionEntry:
    codes = dimension.codes
    dated = dimension.by in DATED
    return DimensionEntry(
        name=dimension.name,
        title=dimension.title,
        title_en=dimension.title_en,
        parameter="division" if dimension.name in {"town", "village"} else dimension.chooses,
        values=None if codes is None or dated else {code.value: code.zh for code in codes},
    )
