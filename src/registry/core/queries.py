"""The parameters of reads as Structs: what is documented is what is taken."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from registry.errors import Fault, refuse

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


RecordedFrom = Annotated[MomentParam, Meta(description="Recorded on this day (Beijing) or at this time, or later.")]


RecordedTo = Annotated[MomentParam, Meta(description="Recorded by the end of this day (Beijing), or by this time.")]


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


IrregularParam = Annotated[
    bool, Meta(description="Only what is not as it should be (`irregularities`), or only what is as it should be.")
]


Fields = Annotated[
    str,
    Meta(
        max_length=1000, pattern=r"^[a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*$", examples=["title,stage"],
        description="Only these fields of the entry (top-level names, separated by commas), and always `id` and `meta`. Where none of them is "
        "personal, no personal data is shown, nor recorded as seen.",
    ),
]  # fmt: skip


def sorting(*names: str) -> Meta:
    """What the parameter `sort` of a list takes: these columns, upwards or (`-`) downwards."""
    known = [f"{sign}{name}" for name in ("recorded_at", *names) for sign in ("", "-")]
    about = "In which order, downwards with `-`: `recorded_at` is the last change; entries without a value come last. Left out: last change first."
    return Meta(pattern=f"^-?({'|'.join(('recorded_at', *names))})$", max_length=40, description=about,
                extra_json_schema={"enum": known})  # fmt: skip


def among(*names: str) -> Meta:
    """What the parameters `absent` and `present` of a list take: fields that its entries do not have, or do."""
    either = "|".join(names)
    about = f"Only entries in which all of these are null (`absent`) or not null (`present`): {', '.join(names)}; separated by commas."
    return Meta(pattern=f"^({either})(,({either}))*$", max_length=200, description=about)


def check_ranges(query: msgspec.Struct) -> None:
    """Raise Refused for ranges (`signed_from`, `signed_to`) that end before they start: they would find nothing, silently."""
    faults = []
    for name in query.__struct_fields__:
        stem = name.removesuffix("_from")
        first, last = getattr(query, name), getattr(query, f"{stem}_to", None) if stem != name else None
        if first is not None and last is not None and first > last:
            said = f"{stem}_from 晚于 {stem}_to。", f"`{stem}_from` is later than `{stem}_to`."
            faults.append(Fault(f"#{name}", "ends_before_start", *said))
    refuse(faults)


class NoQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """No parameters."""


class AsOfQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of a read of one entry."""

    as_of: AsOf | None = None


class VersionQuery(AsOfQuery, kw_only=True):
    """Of a read of one version."""

    form: Annotated[
        Literal["recorded"] | None,
        Meta(
            description="`recorded`: as it was recorded, in the schema version of its day, as a receipt proves it; "
            "left out: in today's schema version."
        ),
    ] = None


class DayQuery(AsOfQuery, kw_only=True):
    """Of a read of one entry, perhaps as it was on a day."""

    on: On | None = None
    fields: Fields | None = None


class PageQuery(AsOfQuery, kw_only=True):
    """Of a read in pages."""

    limit: LimitParam = 50
    cursor: CursorParam | None = None


class ListQuery(PageQuery, kw_only=True):
    """Of every list; registers add their own filters."""

    on: On | None = None
    fields: Fields | None = None
    sort: Annotated[str, sorting()] | None = None
    division: DivisionParam | None = None
    division_only: Annotated[
        bool, Meta(description="With `division`: of that division itself, not of those below it.")
    ] = False
    corrected_after_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Only entries that were corrected (更正) more than so many days after they were made.")
    ] | None = None  # fmt: skip
    include_voided: Annotated[bool, Meta(description="Voided entries too.")] = False
