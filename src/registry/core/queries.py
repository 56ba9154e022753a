"""The parameters of reads as Structs: what is documented is what is taken."""

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

AsOf = Annotated[
    str,
    Meta(
        pattern=r"^(wm_[0-9]{6}_[0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+([+ -][0-9:]+|Z))?)$", min_length=10, max_length=48,
        description="What was known then: a past date (its end, Beijing time), a timestamp with offset, or a watermark.",
        examples=["2020-02-21", "wm_440882_812"],
    ),
]  # fmt: skip


MomentParam = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+([+ -][0-9:]+|Z))?$", min_length=10, max_length=40,
        examples=["2020-02-21", "2020-02-21T08:00:00+08:00"],
    ),
]  # fmt: skip
"""A date (all of it, Beijing time) or a timestamp with offset."""


On = Annotated[
    dt.date,
    Meta(
        description="As it was at the end of this day, by the domain's own dates: what had not begun or had ended is not there. "
        "With `as_of`: as far as was known then.",
        examples=["2020-02-20"],
    ),
]


DivisionParam = Annotated[
    str,
    Meta(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", max_length=12, description="This division and all below it."),
]


LimitParam = Annotated[int, Meta(ge=1, le=200, description="How many at most.")]


CursorParam = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_-]+$", min_length=1, max_length=200, description="`next_cursor` of the page before."),
]


def among(*names: str) -> Meta:
    """What the parameters `missing` and `given` of a list take: fields that its entries do not have, or do."""
    either = "|".join(names)
    about = f"Only entries in which all of these are null (`missing`) or not null (`given`): {', '.join(names)}; separated by commas."
    return Meta(pattern=f"^({either})(,({either}))*$", max_length=200, description=about)


class NoQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """No parameters."""


class AsOfQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of a read of one entry."""

    as_of: AsOf | None = None


class DayQuery(AsOfQuery, kw_only=True):
    """Of a read of one entry, perhaps as it was on a day."""

    on: On | None = None


class PageQuery(AsOfQuery, kw_only=True):
    """Of a read in pages."""

    limit: LimitParam = 50
    cursor: CursorParam | None = None


class ListQuery(PageQuery, kw_only=True):
    """Of every list; registers add their own filters."""

    on: On | None = None
    division: DivisionParam | None = None
    division_only: Annotated[
        bool, Meta(description="With `division`: of that division itself, not of those below it.")
    ] = False
    include_voided: Annotated[bool, Meta(description="Voided entries too.")] = False
