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
from registry.gatherings.codes import GatheringKind, ShedUse
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


def gathering_label(document: Document) -> str:
    """Place, kind, and the day it was planned for."""
    return f"{document['division_name']} {GatheringKind(document['kind']).zh} {document['planned_from']}"


def shed_label(document: Document) -> str:
    """Place and use."""
    return f"{document['division_name']} 简易棚（{ShedUse(document['use']).zh}）"


def gathering_upgrade(document: Document) -> Document:
    """To schema version 2: what was done (处置方式) is called `disposition`, as statistics call it."""
    others = {name: value for name, value in document.items() if name != "measure"}
    return {**others, "disposition": document["measure"]}


def gathering_columns(document: Document) -> Document:
    """The filter columns of a gathering."""
    notice = document["notice"]
    told = {"measure": document["disposition"], "irregular": bool(document["irregularities"])}
    return {**document, **told, "notice": notice and notice["title"]}


def shed_columns(document: Document) -> Document:
    """The filter columns of a shed."""
    notice, area = document["notice"], document["area_m2"]
    return {
        **document,
        "irregular": bool(document["irregularities"]),
        "notice_served_on": notice and notice["served_on"],
        "area_hundredths": int(Decimal(area) * 100) if area else None,
    }


GATHERING_DAYS = Days(begins="decided_on")
SHED_DAYS = Days(at=shed_at, turns=frozenset({"demolished_on", "notice_served_on"}))


def matching_gatherings(query: GatheringQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of the list's filters."""
    codes = {"kind": query.kind, "measure": query.disposition}
    yield from equal(GATHERINGS, {**codes, "notice": query.notice, "irregular": query.irregular})
    yield from between(GATHERINGS.c.decided_on, query.decided_from, query.decided_to)
    yield from nulls(GATHERINGS, query.absent, query.present)


def matching_sheds(query: ShedQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of the list's filters."""
    table = SHEDS.c
    if query.demolished is not None:
        yield table.demolished_on.is_not(None) if query.demolished else table.demolished_on.is_(None)
    police = {"police_case_number": query.police_case_number, "irregular": query.irregular}
    yield from equal(SHEDS, {"use": query.use, "structure": query.structure, **police})
    yield from between(table.demolished_on, query.demolished_from, query.demolished_to)
    yield from between(table.found_on, query.found_from, query.found_to)
    if query.standing_on is not None:
        yield or_(table.found_on.is_(None), table.found_on <= query.standing_on)
        yield or_(table.demolished_on.is_(None), table.demolished_on > query.standing_on)
    yield from nulls(SHEDS, query.absent, query.present)
