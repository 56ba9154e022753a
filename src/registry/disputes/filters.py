"""The clauses of the lists' filters."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, or_

from registry.core.filters import between, equal, nulls
from registry.disputes.case_schemas import AgreementQuery, CaseQuery
from registry.disputes.codes import LAND_CATEGORIES
from registry.disputes.models import AGREEMENTS, DISPUTES, PROCEEDINGS, RETURN_VISITS, SESSIONS, Stage
from registry.disputes.schemas import DisputeQuery

Clauses = Iterator[ColumnElement[bool]]

UNSETTLED = (
    DISPUTES.c.accepted_on.is_not(None),
    DISPUTES.c.settled_on.is_(None),
    or_(DISPUTES.c.stage == Stage.REFERRED, DISPUTES.c.stage == Stage.CLOSED),
)
"""Accepted, and ended without an agreement: neither withdrawn nor handed on unheard (调解不成功)."""


def matching_disputes(query: DisputeQuery) -> Clauses:
    """The clauses of the list's filters."""
    table = DISPUTES.c
    codes = {"stage": query.stage, "kind": query.kind, "cause": query.cause, "scale": query.scale, "risk": query.risk}
    yield from equal(DISPUTES, {**codes, "since_year": query.since_year})
    if query.land is not None:
        yield table.category.in_(LAND_CATEGORIES) if query.land else table.category.not_in(LAND_CATEGORIES)
    yield from between(table.discovered_on, query.discovered_from, query.discovered_to)
    yield from between(table.accepted_on, query.accepted_from, query.accepted_to)
    yield from between(table.settled_on, query.settled_from, query.settled_to)
    yield from between(table.ended_on, query.ended_from, query.ended_to)
    yield from between(table.referred_on, query.referred_from, query.referred_to)
    if query.open_on is not None:
        yield table.discovered_on <= query.open_on
        yield or_(table.ended_on.is_(None), table.ended_on > query.open_on)
    if query.overdue_on is not None:
        yield and_(table.mediation_due_on < query.overdue_on, table.stage != Stage.FAILED)
        yield or_(table.ended_on.is_(None), table.ended_on > query.overdue_on)
    if query.unsettled:
        yield from UNSETTLED
    yield from nulls(DISPUTES, query.missing, query.given)


def matching_agreements(query: AgreementQuery) -> Clauses:
    """The clauses of the list's filters."""
    table = AGREEMENTS.c
    yield from equal(AGREEMENTS, {"case_id": query.dispute_id and str(query.dispute_id), "kind": query.kind})
    yield from between(table.signed_on, query.signed_from, query.signed_to)
    yield from between(table.performed_on, query.performed_from, query.performed_to)
    yield from between(table.confirmed_on, query.confirmed_from, query.confirmed_to)
    if query.overdue_on is not None:
        yield table.next_due_on < query.overdue_on
    yield from nulls(AGREEMENTS, query.missing, query.given)


def matching_proceedings(query: CaseQuery) -> Clauses:
    """The clauses of the list's filters."""
    return equal(PROCEEDINGS, {"case_id": query.dispute_id and str(query.dispute_id)})


def matching_sessions(query: CaseQuery) -> Clauses:
    """The clauses of the list's filters."""
    return equal(SESSIONS, {"case_id": query.dispute_id and str(query.dispute_id)})


def matching_return_visits(query: CaseQuery) -> Clauses:
    """The clauses of the list's filters."""
    return equal(RETURN_VISITS, {"case_id": query.dispute_id and str(query.dispute_id)})
