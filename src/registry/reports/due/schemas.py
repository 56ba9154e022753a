"""What is asked of the due list, and what it answers."""

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from registry.core.queries import AsOf, CursorParam, DivisionParam, LimitParam
from registry.deadlines.rules import Unit

Kinds = Annotated[
    str,
    Meta(
        pattern=r"^[a-z_]+(,[a-z_]+)*$", max_length=400,
        description="Only these kinds of duty, with commas between; `counts` names them all.", examples=["visit,mediation"],
    ),
]  # fmt: skip


class DueQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of the due list."""

    division: DivisionParam | None = None
    before: Annotated[dt.date | None, Meta(description="Due on this day or earlier; left out: 30 days ahead.")] = None
    kinds: Kinds | None = None
    as_of: AsOf | None = None
    on: Annotated[
        dt.date | None,
        Meta(description="The day to count from, of what `as_of` knew; left out: today, or the day of as_of."),
    ] = None
    limit: LimitParam = 50
    cursor: CursorParam | None = None


class DueRule(msgspec.Struct, kw_only=True):
    """The rule that sets a day, in the version that holds for it."""

    id: str
    name: str
    source: Annotated[str, Meta(description="law and article, or the office's own custom")]


class DueItem(msgspec.Struct, kw_only=True):
    """One thing that is due (应办事项). It tells no person's name: who is meant stands in the entry, for those who may see it."""

    id: Annotated[str, Meta(description="the same for the same duty, whatever becomes of its day")]
    kind: str
    kind_title: str
    rule: DueRule
    register: str
    entry_id: str
    entry: Annotated[str, Meta(description="where to read the entry")]
    division: str
    division_name: str
    due_on: dt.date
    days_left: Annotated[int, Meta(description="from `today`; negative where overdue")]
    overdue: bool
    title: str
    provisional: Annotated[
        bool, Meta(description="the day may yet move: the holidays of its year are not published, the statutory ones alone count")
    ]  # fmt: skip
    candidate: Annotated[
        bool, Meta(description="a note: whether the rule holds depends on a question of law, or on what the register does not say")
    ]  # fmt: skip


class DueCount(msgspec.Struct, kw_only=True):
    """How many of one kind are due by `before`, and how many of these are overdue: also of kinds of which dashboards and bots see no
    item, as they are owed to people in care; below the towns these are null to them.
    """

    kind: str
    title: str
    due: int | None
    overdue: int | None


class DueList(msgspec.Struct, kw_only=True):
    """What is due or overdue, earliest first, a page of it; and how many of each kind in all."""

    items: list[DueItem]
    counts: list[DueCount]
    today: Annotated[dt.date, Meta(description="the day counted from; as `on` it gives this answer again")]
    before: dt.date
    next_cursor: str | None
    watermark: str


class RulesQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of the deadline table."""

    on: Annotated[dt.date | None, Meta(description="Only the versions for periods that start on this day.")] = None


class TableRow(msgspec.Struct, kw_only=True):
    """One version of a rule."""

    id: str
    name: str
    starts: Annotated[str, Meta(title="起算")]
    limit: Annotated[int, Meta(title="期限", description="in `unit`; 0 where the day itself is set")]
    unit: Unit
    rolls: Annotated[bool, Meta(title="节假日顺延", description="whether a last day that is a day of rest moves on")]
    extension: Annotated[str, Meta(title="延长")]
    source: Annotated[str, Meta(title="依据")]
    says: Annotated[str, Meta(title="内容")]
    valid_from: Annotated[dt.date | None, Meta(description="the first day on which a period can start under it")]
    valid_to: Annotated[dt.date | None, Meta(description="the last; null while in force")]


class DueRules(msgspec.Struct, kw_only=True):
    """The deadline table (期限规则表)."""

    items: list[TableRow]
