"""What comes in and what goes out."""

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from registry.access.schemas import Recorder
from registry.access.writing import Reason
from registry.ledger.versions import Action
from registry.web.queries import AsOf, CursorParam, DivisionParam, LimitParam


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


class Figure(msgspec.Struct, kw_only=True):
    """One figure: its name, Chinese title and unit, and the value; null where it is a small count of people."""

    name: str
    title: str
    unit: str
    value: int | None


class Totals(msgspec.Struct, kw_only=True):
    """The totals by name, as in `figures`."""

    disputes_found: int
    disputes_accepted: int
    disputes_settled: int
    disputes_open: int
    agreements_signed: int
    patients_on_roster: int | None
    visits_made: int | None
    visits_joint: int | None
    gatherings_cancelled: int
    sheds_demolished: int


class Bulletin(Totals, kw_only=True):
    """The totals of all registers (日报), with the watermark that gives them again, and a paragraph to print."""

    division: str
    division_name: str
    from_: Annotated[dt.date | None, Meta()] = msgspec.field(name="from", default=None)
    to: dt.date
    figures: list[Figure]
    paragraph: str
    watermark: str


class RestatementQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"from_": "from"}):
    """Of a restatement: two watermarks, and the bulletin to compare at both."""

    from_: AsOf
    to: AsOf | None = None
    division: DivisionParam | None = None
    period_from: Annotated[
        dt.date | None,
        Meta(description="The bulletin's `from`: the first day of its period; left out: since the beginning."),
    ] = None
    period_to: Annotated[
        dt.date | None,
        Meta(description="The bulletin's `to`: the last day of its period; left out: the day of the last version under `from`."),
    ] = None  # fmt: skip
    limit: LimitParam = 50
    cursor: CursorParam | None = None


class Cell(msgspec.Struct, kw_only=True):
    """One total as the bulletin gave it at either watermark; null where it is a small count of people. `rows_count` is null
    where rows would tell such a count.
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

    from_: Annotated[str, Meta()] = msgspec.field(name="from")
    to: str
    division: str
    division_name: str
    period_from: dt.date | None
    period_to: dt.date
    cells: list[Cell]
    rows: list[Restated]
    next_cursor: str | None
    paragraph: str
