"""What statistics are asked with, and what they answer. Each register's own cells and parameters are made from these."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from registry.core.queries import AsOfQuery, On


class StatisticsQuery(AsOfQuery, kw_only=True, rename={"from_": "from"}):
    """Of statistics; the filters of the register's list are added to these."""

    measures: str | None = None
    group_by: str | None = None
    from_: Annotated[
        dt.date | None,
        Meta(description="The first day of the period; each measure is dated by its own date. Left out: since the beginning."),
    ] = None  # fmt: skip
    to: Annotated[
        dt.date | None,
        Meta(description="The last day of the period, and the day on which to count what stands on a day (open, overdue). "
             "Left out: no end; what stands is counted on the day of the last version."),
    ] = None  # fmt: skip
    on: On | None = None


class MeasureTitle(msgspec.Struct, kw_only=True):
    """A measure: its name, Chinese title and unit, and whether the numbers of parts add up to that of the whole."""

    name: str
    title: str
    unit: str
    additive: bool


class DimensionTitle(msgspec.Struct, kw_only=True):
    """A dimension: its name and Chinese title."""

    name: str
    title: str


Link = Annotated[
    str | None,
    Meta(description="The list of exactly these rows, at the same watermark; null where no row can be, and for who sees no entries."),
]  # fmt: skip
NumberOrNone = Annotated[
    int | float | None,
    Meta(
        description="null for a median without rows, and for a count of people that is not told: from 1 to 4 (`small`), or of a town with fewer than 10."
    ),
]


class Total(msgspec.Struct, kw_only=True):
    """All cells together. `rows` lists them as a whole, `measure_rows` what each measure counts of them; `small` names the measures
    whose number is from 1 to 4 people and therefore null (不足5).
    """

    measures: dict[str, NumberOrNone]
    rows: Link
    measure_rows: dict[str, Link]
    small: dict[str, Literal[True]]


class StatisticsCell(Total, kw_only=True):
    """One combination of values: of each dimension that is asked for the value (null is one of its own), their Chinese `labels`,
    and the numbers as in the total.
    """

    labels: dict[str, str]


class StatisticsAnswer(msgspec.Struct, kw_only=True):
    """A register's statistics (统计): a cell for each combination of values that has rows."""

    register: str
    title: str
    measures: list[MeasureTitle]
    dimensions: list[DimensionTitle]
    cells: list[StatisticsCell]
    total: Total
    as_of_day: Annotated[
        dt.date | None,
        Meta(
            description="Of people, for dashboards and bots: the last month end (Beijing) before the watermark, as of which is counted; "
            "null where numbers are as of the watermark."
        ),
    ] = None
    rounded_to: Annotated[
        int | None,
        Meta(description="What numbers are rounded to; null where they are exact. The county's roster is exact at month ends."),
    ] = None  # fmt: skip
    watermark: str
