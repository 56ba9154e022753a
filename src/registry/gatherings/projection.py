"""Gatherings and sheds as they were on a day (`on=`), by their own dates; no database, no HTTP.

Of a gathering all is settled on the day it is decided. What a shed's entry says without a date (evidence, what was seized, the
police's number) is answered as recorded.
"""

import datetime as dt
from decimal import Decimal

from registry.core.valid_time import Days, Document, by


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


def gathering_copied(document: Document) -> Document:
    """The columns of a gathering that its document has under other names."""
    notice = document["notice"]
    return {"notice": notice and notice["title"]}


def shed_copied(document: Document) -> Document:
    """The columns of a shed that its document has under other names."""
    notice, area = document["notice"], document["area_m2"]
    return {
        "notice_served_on": notice and notice["served_on"],
        "area_hundredths": int(Decimal(area) * 100) if area else None,
    }


GATHERING_DAYS = Days(begins="decided_on")
SHED_DAYS = Days(at=shed_at, turns=frozenset({"demolished_on", "notice_served_on"}))
