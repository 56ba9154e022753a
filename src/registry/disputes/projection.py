"""Disputes and what belongs to them as they were on a day (`on=`), by their own dates; no database, no HTTP.

What has no date of its own (parties, risk, who signed as mediator) is answered as recorded. Deadlines and plans (resolve_by,
due_on, next_session_on) were set before they come, and stay.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec

from registry.core.valid_time import Days, Document, by
from registry.disputes import rules
from registry.disputes.models import CourtResult
from registry.disputes.schemas import Move


def dispute_at(document: Document, day: dt.date) -> Document:
    """The stage, and all that follows from the moves made by the day; no team or response that came later."""
    moves = [move for move in document["moves"] if by(move, "on", day)]
    derived = msgspec.to_builtins(rules.derived(msgspec.convert(moves, list[Move])))
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


def dispute_copied(document: Document) -> Document:
    """The columns of a dispute that its document has under other names."""
    area = document["area_mu"]
    moves = msgspec.convert(document["moves"], list[Move])
    ended_on, referred_on = rules.ended_on(moves), rules.referred_on(moves)
    return {
        "area_hundredths": int(Decimal(area) * 100) if area else None,
        "ended_on": None if ended_on is None else ended_on.isoformat(),
        "referred_on": None if referred_on is None else referred_on.isoformat(),
    }


def agreement_copied(document: Document) -> Document:
    """The columns of an agreement that its document has under other names."""
    asked = document["confirmation"]
    due = [term["due_on"] for term in document["terms"] if term["due_on"] and not term["performed_on"]]
    return {
        "confirmed_on": asked["decided_on"] if asked and asked["result"] == CourtResult.CONFIRMED else None,
        "next_due_on": min(due, default=None),
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
    turns=frozenset({"effective_on", "performed_on", "confirmation_due_on", "confirmed_on", "next_due_on"}),
)
RETURN_VISIT_DAYS = Days(begins="visited_on")
