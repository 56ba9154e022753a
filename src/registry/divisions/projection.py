"""Divisions and their staff: as they were on a day (`on=`), by their own dates; their filter columns; the clauses of their filters.

Counts and contacts have no date of their own and are answered as recorded.
"""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import ColumnElement

from registry.core.divisions import DIVISIONS
from registry.core.valid_time import Days, Document
from registry.divisions.codes import Duty
from registry.divisions.models import STAFF
from registry.divisions.schemas import DivisionQuery, StaffQuery


def division_at(document: Document, day: dt.date) -> Document:
    """With the name it had on the day; not yet closed, or it would not be there."""
    former = document["former_names"]
    past = [each for each in former if each["until"] < day.isoformat()]
    name = former[len(past)]["name"] if len(past) < len(former) else document["name"]
    return {**document, "name": name, "former_names": past, "closed_on": None, "merged_into": None}


def staff_at(document: Document, _day: dt.date) -> Document:
    """Not yet gone, or they would not be there."""
    return {**document, "left_on": None}


def division_label(document: Document) -> str:
    """The name."""
    name: str = document["name"]
    return name


def staff_label(document: Document) -> str:
    """The place and the duty."""
    return f"{document['division_name']} {Duty(document['duty']).zh}"


DIVISION_DAYS = Days(begins="valid_from", ends="closed_on", at=division_at, turns=frozenset({"name", "closed_on"}))
STAFF_DAYS = Days(begins="since", ends="left_on", at=staff_at, turns=frozenset({"left_on"}))


def matching_divisions(query: DivisionQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of the list's filters."""
    table = DIVISIONS.c
    if query.code is not None:
        yield table.code == query.code
    if query.parent is not None:
        yield table.parent == query.parent
    if query.level is not None:
        yield table.level == query.level


def matching_staff(query: StaffQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of the list's filters."""
    if query.duty is not None:
        yield STAFF.c.duty == query.duty
    if query.tier is not None:
        yield STAFF.c.tier == query.tier
