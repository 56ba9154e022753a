"""What comes in and what goes out."""

import datetime as dt
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from registry.core.queries import AsOf, CursorParam, DivisionParam, LimitParam
from registry.core.schemas import Reason, Recorder
from registry.ledger.versions import Action


class Format(StrEnum):
    """In which form a bulletin is answered."""

    JSON = "json"
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


class Edition(StrEnum):
    """For whom a bulletin is: an office (内部版), all numbers as they are; or what is passed on (公开版), of people in care by the rule
    of docs/decisions/0012.
    """

    INTERNAL = "internal"
    PUBLIC = "public"


class BulletinQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"from_": "from"}):
    """Of the bulletin."""

    division: DivisionParam | None = None
    from_: Annotated[
        dt.date | None, Meta(description="The first day of the period; left out: since the beginning.")
    ] = None
    to: Annotated[
        dt.date | None, Meta(description="The last day of the period; left out: the day of the last version.")
    ] = None
    as_of: AsOf | None = None
    since: Annotated[
        AsOf | None,
        Meta(description="The watermark of the last bulletin that was printed: `earlier` tells what that one would say otherwise now. "
             "Left out: what this one's last day, and the day before, were told as."),
    ] = None  # fmt: skip
    format: Annotated[
        Format | None, Meta(description="In which form; left out: as `Accept` says, and JSON where it says nothing.")
    ] = None


class FigurePart(msgspec.Struct, kw_only=True):
    """A part of a figure (其中): in the period, and on its last day; of what stands, `today` is null."""

    code: str
    title: str
    value: int
    today: int | None


class Figure(msgspec.Struct, kw_only=True):
    """One figure: its name, Chinese title and unit, and the value. `today` is the last day's part of it; of what `stands` at the
    end of the period, how much more it is than the day before.

    In the public edition, how many people there are is of a month end, `as_of_day`, `rounded_to` the nearest 5 where it is of less
    than the county; null where it is `small` (1 to 4), of a town with fewer than 10, or of less than a town.
    """

    name: str
    title: str
    unit: str
    section: str
    stands: bool
    value: int | None
    today: int | None
    parts: list[FigurePart]
    small: bool
    as_of_day: dt.date | None
    rounded_to: int | None


class RateFigure(msgspec.Struct, kw_only=True):
    """A share in per cent, and what of what it is; null where there is nothing to share."""

    name: str
    title: str
    unit: str
    percent: float | None
    good: int
    whole: int


class Section(msgspec.Struct, kw_only=True):
    """A section of the bulletin: its Chinese title, its shares, and what it tells of single entries."""

    title: str
    rates: list[RateFigure]
    told: list[str]


class PlaceValue(msgspec.Struct, kw_only=True):
    """A total's part of one town, or village."""

    code: str
    name: str
    value: int


class DayValue(msgspec.Struct, kw_only=True):
    """A total's part of one day."""

    day: dt.date
    value: int


class Chart(msgspec.Struct, kw_only=True):
    """What is drawn of a figure: by the places right below the division, and day by day (60 days at most)."""

    name: str
    title: str
    unit: str
    places: list[PlaceValue]
    days: list[DayValue]


class Earlier(msgspec.Struct, kw_only=True):
    """What an earlier bulletin said, as far as it would say otherwise now (更正说明): its last day, the watermark that it was of,
    the figures that changed, a paragraph to print, and where the versions are that changed them.
    """

    to: dt.date
    watermark: str
    cells: list["Cell"]
    paragraph: str
    rows: str


class Bulletin(msgspec.Struct, kw_only=True):
    """The totals of all registers (日报), each under the name of its figure, with the watermark that gives them again, and a
    paragraph to print. `title` and `issue` (期, the day of the year) are as printed. Where the caller does not see the whole
    division, `whole` is false, and `division_name` says what the figures are of. `known_at` is when the log last grew; `as_of_day` is
    the month end that counts of people are of in the public edition.
    """

    title: str
    issue: int
    division: str
    division_name: str
    whole: bool
    from_: Annotated[dt.date | None, Meta()] = msgspec.field(name="from", default=None)
    to: dt.date
    figures: list[Figure]
    sections: list[Section]
    charts: list[Chart]
    earlier: list[Earlier]
    paragraph: str
    edition: Edition
    as_of_day: dt.date | None
    known_at: dt.datetime | None
    watermark: str


class RestatementQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of a restatement: two watermarks, and the bulletin to compare at both."""

    then: Annotated[
        AsOf, Meta(description="What was known then: the watermark of a bulletin that was handed out, or a past time.")
    ]
    now: Annotated[AsOf | None, Meta(description="What is known at this watermark or past time; left out: now.")] = None
    division: DivisionParam | None = None
    period_from: Annotated[
        dt.date | None,
        Meta(description="The bulletin's `from`: the first day of its period; left out: since the beginning."),
    ] = None
    period_to: Annotated[
        dt.date | None,
        Meta(description="The bulletin's `to`: the last day of its period; left out: the day of the last version under `then`."),
    ] = None  # fmt: skip
    limit: LimitParam = 50
    cursor: CursorParam | None = None


class Cell(msgspec.Struct, kw_only=True):
    """One total as the bulletin gave it at either watermark. To those who see no people in care, `rows_count` of what was done for
    them is null, as rows would name entries; and how many there are has no `difference`.
    """

    name: str
    title: str
    unit: str
    before: int | None
    after: int | None
    difference: int | None
    rows_count: int | None


class Restated(msgspec.Struct, kw_only=True):
    """What one version did to one total. Where the entry left the caller's divisions, what its new version says is null."""

    measure: str
    title: str
    unit: str
    difference: int
    position: int
    register: str
    entry_id: str
    recorded_at: str
    version: int | None
    action: Action | None
    reason: Reason | None
    recorded_by: Recorder | None
    replayed_at: str | None
    division: str | None


class Restatement(msgspec.Struct, kw_only=True):
    """Which totals changed between two watermarks, by how much, and because of which versions; with a paragraph to print."""

    then: str
    now: str
    division: str
    division_name: str
    period_from: dt.date | None
    period_to: dt.date
    cells: list[Cell]
    rows: list[Restated]
    next_cursor: str | None
    paragraph: str
