"""What statistics are asked with, and what they answer. Each register's own cells and parameters are made from these."""

import datetime as dt
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from registry.core.queries import AsOfQuery, On


class Withheld(StrEnum):
    """Why a count of people is null: it is small or would give a small one away (`protected`); it is none of those that are
    published, which are of the county or a town, all or by one further value, so far or in a calendar month (`too_detailed`); no
    month that was over had been recorded yet (`not_released`).
    """

    PROTECTED = "protected"
    TOO_DETAILED = "too_detailed"
    NOT_RELEASED = "not_released"


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
    withheld: Annotated[
        Withheld | None,
        Meta(description="Why it is told of no cell of this grouping, whatever its values; null where it may be told of some."),
    ]  # fmt: skip


class DimensionTitle(msgspec.Struct, kw_only=True):
    """A dimension: its name and Chinese title."""

    name: str
    title: str


Link = Annotated[
    str | None,
    Meta(description="The list of exactly these rows, at the same watermark; null where the number is held back, or where no row can be."),
]  # fmt: skip
NumberOrNone = Annotated[
    int | float | None,
    Meta(description="null where a count of people is withheld, and for a median without rows."),
]


class Total(msgspec.Struct, kw_only=True):
    """All cells together. `rows` lists them as a whole, `measure_rows` what each measure counts of them; `withheld` says of each
    measure that is held back why.
    """

    measures: dict[str, NumberOrNone]
    rows: Link
    measure_rows: dict[str, Link]
    withheld: dict[str, Withheld]


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
    released: Annotated[
        str | None,
        Meta(
            description="Of people, for callers who may not see personal data: the watermark of the last release, as of which is "
            "counted. A number that is not published is null."
        ),
    ] = None
    watermark: str
