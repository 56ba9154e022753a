"""Gatherings and sheds: as they were on a day (`on=`), by their own dates; their filter columns; the clauses of their filters.

Of a gathering all is settled on the day it is decided. What a shed's entry says without a date (evidence, what was seized, the
police's number) is answered as recorded.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import ColumnElement, or_

from registry.core.filters import between, equal, nulls
from registry.core.valid_time import Days, Document, by
from registry.gatherings.models import GATHERINGS, SHEDS
from registry.gatherings.schemas import GatheringQuery, ShedQuery


def shed_at(document: Document, day: dt.date) -> Document | None:
    """A shed, standing until it is demolished. It is there from the first day that its entry tells of; with no date, always."""
    notice = document["notice"]
    told = [document["found_on"], notice and notice["served_on"], document["demolished_on"]]
    days = [date for date in told if date is not None]
    if days and min(days) > day.isoformat():
        return None
    demolished_on, rechecked_on = by(document, "demolished_on", day), by(document, "rechecked_on", day)
    rechecked = rechecked_on is not None or document["rechecked_on"] is None
    return {
        **document,
        "notice": notice if notice and by(notice, "served_on", day) else None,
        "demolished_on": demolished_on,
        "method": document["method"] if demolished_on else None,
        "demolished_by": document["demolished_by"] if demolished_on else [],
        "rechecked_on": rechecked_on,
        "rebuilt": document["rebuilt"] if demolished_on and rechecked else None,
    }


def gathering_columns(document: Document) -> Document:
    """The filter columns of a gathering."""
    notice = document["notice"]
    return {**document, "notice": notice and notice["title"]}


def shed_columns(document: Document) -> Document:
    """The filter columns of a shed."""
    notice, area = document["notice"], document["area_m2"]
    return {
        **document,
        "notice_served_on": notice and notice["served_on"],
        "area_hundredths": int(Decimal(area) * 100) if area else None,
    }


GATHERING_DAYS = Days(begins="decided_on")
SHED_DAYS = Days(at=shed_at, turns=frozenset({"demolished_on", "notice_served_on"}))


def matching_gatherings(query: GatheringQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of the list's filters."""
    yield from equal(GATHERINGS, {"kind": query.kind, "measure": query.measure, "notice": query.notice})
    yield from between(GATHERINGS.c.decided_on, query.decided_from, query.decided_to)
    yield from nulls(GATHERINGS, query.absent, query.present)


def matching_sheds(query: ShedQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of the list's filters."""
    table = SHEDS.c
    if query.demolished is not None:
        yield table.demolished_on.is_not(None) if query.demolished else table.demolished_on.is_(None)
    police = {"police_case_number": query.police_case_number}
    yield from equal(SHEDS, {"use": query.use, "structure": query.structure, **police})
    yield from between(table.demolished_on, query.demolished_from, query.demolished_to)
    yield from between(table.found_on, query.found_from, query.found_to)
    if query.standing_on is not None:
        yield or_(table.found_on.is_(None), table.found_on <= query.standing_on)
        yield or_(table.demolished_on.is_(None), table.demolished_on > query.standing_on)
    yield from nulls(SHEDS, query.absent, query.present)
