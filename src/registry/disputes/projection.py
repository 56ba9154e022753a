"""Disputes and what belongs to them: as they were on a day (`on=`), by their own dates; their filter columns; the clauses of their filters.

What has no date of its own (parties, risk, who signed as mediator) is answered as recorded. Deadlines and plans (resolve_by,
due_on, next_session_on) were set before they come, and stay.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, or_

from registry.core.filters import between, equal, nulls
from registry.core.valid_time import Days, Document, by
from registry.disputes import rules
from registry.disputes.case_schemas import AgreementQuery, CaseQuery
from registry.disputes.codes import LAND_CATEGORIES, AgreementKind, CourtResult, DisputeKind, Stage, Track
from registry.disputes.models import AGREEMENTS, DISPUTES, PROCEEDINGS, RETURN_VISITS, SESSIONS
from registry.disputes.schemas import DisputeQuery


def dispute_at(document: Document, day: dt.date) -> Document:
    """The stage, and all that follows from the moves made by the day; no team or response that came later."""
    moves = [move for move in document["moves"] if by(move, "on", day)]
    derived = msgspec.to_builtins(rules.derived(rules.stored_moves(moves)))
    return {
        **document,
        **derived,
        "task_force": _team_at(document["task_force"], day),
        "response": _response_at(document["response"], day),
    }


def _team_at(team: dict[str, Any] | None, day: dt.date) -> dict[str, Any] | None:
    if team is None or not by(team, "stationed_from", day):
        return None
    return {**team, "stationed_to": by(team, "stationed_to", day)}


def _response_at(response: dict[str, Any] | None, day: dt.date) -> dict[str, Any] | None:
    if response is None or not by(response, "arrived_on", day):
        return None
    return {**response, "police_reported_on": by(response, "police_reported_on", day)}


def proceeding_at(document: Document, day: dt.date) -> Document:
    """Not yet served before the day of service."""
    return {**document, "served_on": by(document, "served_on", day)}


def agreement_at(document: Document, day: dt.date) -> Document:
    """Signed, in effect, performed and confirmed so far as it was by the day."""
    effective_on = by(document, "effective_on", day)
    return {
        **document,
        "signatories": [{**each, "signed_on": by(each, "signed_on", day)} for each in document["signatories"]],
        "terms": [{**term, "performed_on": by(term, "performed_on", day)} for term in document["terms"]],
        "authorised_by": _meeting_at(document["authorised_by"], day),
        "confirmation": _confirmation_at(document["confirmation"], day),
        **{name: by(document, name, day) for name in ("served_on",) if name in document},
        "effective_on": effective_on,
        "performed_on": by(document, "performed_on", day),
        "confirmation_due_on": document["confirmation_due_on"] if effective_on else None,
    }


def _meeting_at(meeting: dict[str, Any] | None, day: dt.date) -> dict[str, Any] | None:
    return meeting and {**meeting, "published_on": by(meeting, "published_on", day)}


def _confirmation_at(asked: dict[str, Any] | None, day: dt.date) -> dict[str, Any] | None:
    if asked is None or not by(asked, "applied_on", day):
        return None
    decided_on = by(asked, "decided_on", day)
    return {**asked, "decided_on": decided_on, "result": asked["result"] if decided_on else None}


def dispute_upgrade(document: Document) -> Document:
    """To schema version 2: moves have numbers."""
    return {**document, "moves": [{**move, "number": at} for at, move in enumerate(document["moves"], 1)]}


def agreement_upgrade(document: Document) -> Document:
    """To schema version 2: terms have numbers."""
    return {**document, "terms": [{**term, "number": at} for at, term in enumerate(document["terms"], 1)]}


def dispute_label(document: Document) -> str:
    """Place and kind, and the case's number once it has one."""
    words = (document["division_name"], DisputeKind(document["kind"]).zh, document.get("case_number"))
    return " ".join(word for word in words if word)


def proceeding_label(document: Document) -> str:
    """The track, and the number of the decision or its day."""
    told = document["document_number"] or document["decided_on"]
    return f"{Track(document['track']).zh} {told or '未作出'}"


def session_label(document: Document) -> str:
    """The day of the session."""
    return f"调解 {document['held_on']}"


def agreement_label(document: Document) -> str:
    """The kind, and its number or the day it was signed."""
    return f"{AgreementKind(document['kind']).zh} {document['number'] or document['signed_on']}"


def return_visit_label(document: Document) -> str:
    """The day of the return visit."""
    return f"回访 {document['visited_on']}"


def dispute_columns(document: Document) -> Document:
    """The filter columns of a dispute."""
    area = document["area_mu"]
    moves = rules.stored_moves(document["moves"])
    ended_on, referred_on = rules.ended_on(moves), rules.referred_on(moves)
    return {
        **document,
        "area_hundredths": int(Decimal(area) * 100) if area else None,
        "party_divisions": ",".join(sorted({each["division"] for each in document["parties"] if each["division"]}))
        or None,
        "ended_on": None if ended_on is None else ended_on.isoformat(),
        "referred_on": None if referred_on is None else referred_on.isoformat(),
    }


def agreement_columns(document: Document) -> Document:
    """The filter columns of an agreement."""
    asked = document["confirmation"]
    due = [term["due_on"] for term in document["terms"] if term["due_on"] and not term["performed_on"]]
    done = [term for term in document["terms"] if term["performed_on"]]
    return {
        **document,
        "confirmed_on": asked["decided_on"] if asked and asked["result"] == CourtResult.CONFIRMED else None,
        "next_due_on": min(due, default=None),
        "irregular": bool(document["irregularities"]),
        "performed_late": any(term["due_on"] and term["performed_on"] > term["due_on"] for term in done)
        if done
        else None,
    }


DISPUTE_DAYS = Days(
    begins="discovered_on",
    at=dispute_at,
    turns=frozenset(
        {"stage", "accepted_on", "settled_on", "ended_on", "referred_on", "mediation_due_on", "days_to_settle"}
    ),
)
PROCEEDING_DAYS = Days(begins="decided_on", at=proceeding_at)
SESSION_DAYS = Days(begins="held_on")
AGREEMENT_DAYS = Days(
    begins="signed_on",
    at=agreement_at,
    turns=frozenset(
        {"effective_on", "performed_on", "confirmation_due_on", "confirmed_on", "next_due_on", "performed_late"}
    ),
)
RETURN_VISIT_DAYS = Days(begins="visited_on")


Clauses = Iterator[ColumnElement[bool]]


UNSETTLED = (
    DISPUTES.c.accepted_on.is_not(None),
    DISPUTES.c.settled_on.is_(None),
    or_(DISPUTES.c.stage == Stage.REFERRED, DISPUTES.c.stage == Stage.CLOSED),
)
"""Accepted, and ended without an agreement: neither withdrawn nor handed on unheard (调解不成功)."""


def with_party_in(division: str) -> ColumnElement[bool]:
    """The clause for disputes with a party in a division, or below it."""
    divisions = DISPUTES.c.party_divisions
    return or_(divisions.like(f"{division}%"), divisions.like(f"%,{division}%"))


def matching_disputes(query: DisputeQuery) -> Clauses:
    """The clauses of the list's filters."""
    table = DISPUTES.c
    codes = {"stage": query.stage, "kind": query.kind, "cause": query.cause, "scale": query.scale, "risk": query.risk}
    yield from equal(DISPUTES, {**codes, "case_number": query.case_number, "since_year": query.since_year})
    if query.party_division is not None:
        yield with_party_in(query.party_division)
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
    yield from nulls(DISPUTES, query.absent, query.present)


def matching_agreements(query: AgreementQuery) -> Clauses:
    """The clauses of the list's filters."""
    table = AGREEMENTS.c
    case = {"case_id": query.dispute_id and str(query.dispute_id)}
    yield from equal(AGREEMENTS, {**case, "kind": query.kind, "irregular": query.irregular})
    yield from between(table.signed_on, query.signed_from, query.signed_to)
    yield from between(table.performed_on, query.performed_from, query.performed_to)
    yield from between(table.confirmed_on, query.confirmed_from, query.confirmed_to)
    if query.overdue_on is not None:
        yield table.next_due_on < query.overdue_on
    yield from equal(AGREEMENTS, {"performed_late": query.performed_late})
    yield from nulls(AGREEMENTS, query.absent, query.present)


def matching_proceedings(query: CaseQuery) -> Clauses:
    """The clauses of the list's filters."""
    return equal(PROCEEDINGS, {"case_id": query.dispute_id and str(query.dispute_id)})


def matching_sessions(query: CaseQuery) -> Clauses:
    """The clauses of the list's filters."""
    return equal(SESSIONS, {"case_id": query.dispute_id and str(query.dispute_id)})


def matching_return_visits(query: CaseQuery) -> Clauses:
    """The clauses of the list's filters."""
    return equal(RETURN_VISITS, {"case_id": query.dispute_id and str(query.dispute_id)})
