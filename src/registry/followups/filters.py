"""The clauses of the lists' filters."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, or_

from registry.core.filters import between, equal, nulls
from registry.followups.models import PATIENTS, VISITS
from registry.followups.schemas import PatientQuery
from registry.followups.visit_schemas import VisitQuery

Clauses = Iterator[ColumnElement[bool]]


def matching_patients(query: PatientQuery) -> Clauses:
    """The clauses of the roster's filters."""
    table = PATIENTS.c
    codes = {"status": query.status, "stability": query.stability, "diagnosis": query.diagnosis}
    yield from equal(PATIENTS, {**codes, "risk_level": query.risk_level})
    yield from between(table.risk_level, query.risk_from, None)
    yield from between(table.in_care_since, query.in_care_from, query.in_care_to)
    yield from between(table.left_care_on, query.left_from, query.left_to)
    yield from between(table.next_visit_on, query.next_visit_from, query.next_visit_to)
    yield from between(table.next_visit_on, None, query.due_by)
    if query.on_roster_on is not None:
        yield table.in_care_since <= query.on_roster_on
        yield or_(table.left_care_on.is_(None), table.left_care_on > query.on_roster_on)
    if query.overdue_on is not None:
        yield table.next_visit_on < query.overdue_on
    yield from nulls(PATIENTS, query.missing, query.given)


def matching_visits(query: VisitQuery) -> Clauses:
    """The clauses of the list's filters."""
    table = VISITS.c
    ids = {"case_id": query.patient_id, "campaign_id": query.campaign_id}
    yield from equal(VISITS, {name: value and str(value) for name, value in ids.items()})
    codes = {"form": query.form, "not_seen_reason": query.not_seen_reason, "team": query.team}
    yield from equal(VISITS, {**codes, "risk_level": query.risk_level, "joint": query.joint, "seen": query.seen})
    if query.in_time is not None:
        yield table.visited_on <= table.due_on if query.in_time else table.visited_on > table.due_on
    yield from between(table.visited_on, query.visited_from, query.visited_to)
    yield from nulls(VISITS, query.missing, query.given)


def matching_campaigns(_query: object) -> Clauses:
    """Campaigns have no filters of their own."""
    return iter(())
