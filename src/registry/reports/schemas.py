"""What comes in and what goes out."""

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from registry.web.queries import AsOf, DivisionParam


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
