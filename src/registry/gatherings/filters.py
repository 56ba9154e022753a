"""The clauses of the lists' filters."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, or_

from registry.core.filters import between, equal, nulls
from registry.gatherings.models import GATHERINGS, SHEDS
from registry.gatherings.schemas import GatheringQuery, ShedQuery


def matching_gatherings(query: GatheringQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of the list's filters."""
    yield from equal(GATHERINGS, {"kind": query.kind, "measure": query.measure, "notice": query.notice})
    yield from between(GATHERINGS.c.decided_on, query.decided_from, query.decided_to)
    yield from nulls(GATHERINGS, query.missing, query.given)


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
    yield from nulls(SHEDS, query.missing, query.given)
