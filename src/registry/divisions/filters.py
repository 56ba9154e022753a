"""The clauses of the lists' filters."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement

from registry.core.divisions import DIVISIONS
from registry.divisions.models import STAFF
from registry.divisions.schemas import DivisionQuery, StaffQuery


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
