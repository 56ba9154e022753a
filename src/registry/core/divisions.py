"""The divisions that entries lie in: county, town, village, hamlet. Kept here because scope is made of them."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Column, Connection, Date, Index, Integer, String, bindparam, select, text

from registry.core.principals import Principal
from registry.core.view import View
from registry.errors import Fault, Refused
from registry.ledger.tables import version_table

_LIVE = "superseded_at IS NULL AND NOT voided AND code IS NOT NULL"

DIVISIONS = version_table(
    "divisions",
    Column("code", String(12), comment="null for a hamlet: natural villages have no official code"),
    Column("name", String(100), nullable=False),
    Column("level", String(8), nullable=False),
    Column("parent", String(12)),
    Column("valid_from", Date, nullable=False),
    Column("closed_on", Date),
    Column("hamlets", Integer, nullable=False),
    Column("grid_staff", Integer, nullable=False),
    Index("ix_divisions_code", "book", "code", unique=True, sqlite_where=text(_LIVE),
          postgresql_where=text(_LIVE)),
)  # fmt: skip

FIND = select(
    DIVISIONS.c.entry_id,
    DIVISIONS.c.name,
    DIVISIONS.c.level,
    DIVISIONS.c.parent,
    DIVISIONS.c.valid_from,
    DIVISIONS.c.closed_on,
    DIVISIONS.c.document,
).where(
    DIVISIONS.c.book == bindparam("b"),
    DIVISIONS.c.code == bindparam("c"),
    DIVISIONS.c.superseded_at.is_(None),
    DIVISIONS.c.voided.is_(False),
)


class PastName(msgspec.Struct):
    """A name that a division had, and the last day of it."""

    name: str
    until: dt.date


class _StoredDivision(msgspec.Struct):
    """What a place needs of a stored division."""

    former_names: list[PastName]


@dataclass(frozen=True, slots=True)
class Place:
    """A division as it is today, and what it was called."""

    entry_id: str
    name: str
    level: str
    parent: str | None
    valid_from: dt.date
    closed_on: dt.date | None
    former_names: list[PastName]

    def name_on(self, day: dt.date | None) -> str:
        """What it was called on a day; today's name for None."""
        past = (each.name for each in self.former_names if day is not None and day <= each.until)
        return next(past, self.name)


def find_place(connection: Connection, book: str, code: str) -> Place | None:
    """The division with this code, as it is today; None if there is none."""
    row = connection.execute(FIND, {"b": book, "c": code}).one_or_none()
    if row is None:
        return None
    former = msgspec.json.decode(row.document, type=_StoredDivision).former_names
    return Place(row.entry_id, row.name, row.level, row.parent, row.valid_from, row.closed_on, former)


def check_division(connection: Connection, book: str, code: str | None) -> None:
    """Raise Refused for the parameter `division` where there never was such a division: nothing would be found, silently. One that
    was closed or voided is known, so that what was asked of an earlier moment can be asked again.
    """
    known = select(DIVISIONS.c.position).where(DIVISIONS.c.book == book, DIVISIONS.c.code == code).limit(1)
    if code not in {None, book} and connection.scalar(known) is None:
        said = "没有这个行政区划代码。", "There is no such division."
        raise Refused(faults=[Fault("#division", "unknown_division", *said)])


def place_name(
    find: Callable[[str], Place | None],
    who: Principal,
    code: str,
    on: dt.date | None = None,
    pointer: str = "/division",
) -> str:
    """The full name (客路镇迈港村委会) of a division that the caller may write to, as it was on the day.

    Raises Refused if there is no such division, if it was not there on that day, or if it is not the caller's.
    """
    found = find(code)
    if found is None:
        said = "没有这个行政区划代码。", "There is no such division."
        raise Refused(faults=[Fault(pointer, "unknown_division", *said)])
    if not who.covers(code):
        said = "该行政区划不在您的辖区之内。", "This division is not one of yours."
        raise Refused(faults=[Fault(pointer, "outside_division", *said)])
    above = find(found.parent) if found.level == "village" and found.parent else None
    begins = max(place.valid_from for place in (found, above) if place is not None)
    if on is not None and on < begins:
        said = f"该行政区划自 {begins} 起启用。", f"This division is valid from {begins}."
        raise Refused(faults=[Fault(pointer, "not_yet_valid", *said)])
    ends = [place.closed_on for place in (found, above) if place is not None and place.closed_on is not None]
    if ends and (on is None or on >= min(ends)):
        said = f"该行政区划已于 {min(ends)} 撤销。", f"This division was closed on {min(ends)}."
        raise Refused(faults=[Fault(pointer, "closed_division", *said)])
    return f"{above.name_on(on)}{found.name_on(on)}" if above else found.name_on(on)


def names_at(connection: Connection, view: View) -> dict[str, str]:
    """The names of all divisions by code, as they were at the view's watermark."""
    query = select(DIVISIONS.c.code, DIVISIONS.c.name).where(
        DIVISIONS.c.book == bindparam("b"),
        DIVISIONS.c.code.is_not(None),
        DIVISIONS.c.voided.is_(False),
        view.standing(DIVISIONS),
    )
    return {str(code): name for code, name in connection.execute(query, view.binds())}


def name_of(names: dict[str, str], division: str) -> str:
    """The name of a division; a village's after its town's."""
    village = names.get(division, division)
    return names.get(division[:9], "") + village if len(division) > 9 else village  # noqa: PLR2004 - a village's code has 12
