"""Patients, visits and drives: as they were on a day (`on=`), by their own dates; their filter columns; the clauses of their filters.

What has no date of its own (diagnosis, medication, address, the division after a transfer) is answered as recorded.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, or_

from registry.core.filters import between, equal, nulls
from registry.core.valid_time import Beside, Days, Document, by
from registry.followups.codes import CareStatus
from registry.followups.models import PATIENTS, VISITS
from registry.followups.roster import VISIT_COLUMNS, as_known, last_seen, summary
from registry.followups.schemas import PatientQuery
from registry.followups.visit_schemas import VisitQuery


def patient_at(document: Document, day: dt.date) -> Document:
    """In care until they left it; a patient who has left stays on the roster, with that status.

    The number of incidents is answered as recorded: how many there had been by the day is not known.
    """
    until = day.isoformat()
    left_care_on, consented_on = by(document, "left_care_on", day), by(document, "consented_on", day)
    left, onset = left_care_on is not None, document["first_onset"]
    return {
        **document,
        **{name: by(document, name, day) for name in ("consent_asked_on",) if name in document},
        "status": document["status"] if left else str(CareStatus.IN_CARE),
        "left_care_on": left_care_on,
        "lost_reason": document["lost_reason"] if left else None,
        "consent": document["consent"] and (consented_on is not None or document["consented_on"] is None),
        "consented_on": consented_on,
        "first_onset": onset if onset is None or onset <= until[: len(onset)] else None,
        "last_incident_on": by(document, "last_incident_on", day),
        "awards": [{**a, "paid_on": by(a, "paid_on", day)} for a in document["awards"] if a["year"] <= day.year],
    }


def followed_at(document: Document, day: dt.date, rows: Sequence[Row[Any]]) -> Document:
    """With what follows from the visits made by the day: risk, class, last and next visit, misses.

    The office's own risk and class count from the day it entered them (`entered_on`). On a day before that the last visit
    decides; where nobody had been seen yet, what the office entered is the best that is known, and is answered.
    """
    by_then = [as_known(row) for row in rows if row.visited_on <= day]
    visits = sorted(by_then, key=lambda visit: visit.visited_on)
    entered_on = dt.date.fromisoformat(document["entered_on"])
    seen = last_seen(visits, entered_on if entered_on <= day else dt.date.min)
    returned_on = document.get("returned_on")
    returned = dt.date.fromisoformat(returned_on) if returned_on and returned_on <= day.isoformat() else None
    told = msgspec.to_builtins(summary(visits, returned))
    if document["status"] != CareStatus.IN_CARE:
        told |= dict.fromkeys(
            ("next_visit_on", "next_visit_rule", "next_visit_from")
        )  # nobody is due who has left care
    told["returned_on"] = returned_on if returned else None
    return {
        **document,
        **{name: value for name, value in told.items() if name in document},
        "risk_level": seen.risk_level if seen else document["entered_risk_level"],
        "stability": seen.stability if seen else document["entered_stability"],
    }


def patient_upgrade(document: Document) -> Document:
    """To schema version 2: what the office entered of incidents stands apart from what visits tell since."""
    return {
        **document,
        "entered_incident_count": document["incident_count"],
        "entered_last_incident_on": document["last_incident_on"],
        "incidents_from": document["meta"]["recorded_at"][:10],
    }


def patient_label(document: Document) -> str:
    """The place alone: nothing that tells who it is."""
    return f"{document['division_name']} 在册患者"


def visit_label(document: Document) -> str:
    """The place and the day."""
    return f"{document['division_name']} 走访 {document['visited_on']}"


def campaign_label(document: Document) -> str:
    """The drive's public name."""
    name: str = document["name"]
    return name


def visit_columns(document: Document) -> Document:
    """The filter columns of a visit."""
    irregular = bool(document["irregularities"])
    return {
        **document,
        "irregular": irregular,
        "team": ",".join(sorted({visitor["role"] for visitor in document["team"]})),
    }


PATIENT_DAYS = Days(
    begins="in_care_since",
    at=patient_at,
    beside=Beside(VISITS, VISIT_COLUMNS, followed_at),
    turns=frozenset({"status", "left_care_on", "risk_level", "stability", "next_visit_on"}),
)
VISIT_DAYS = Days(begins="visited_on")
CAMPAIGN_DAYS = Days(begins="starts_on", last="ends_on")


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
    yield from nulls(PATIENTS, query.absent, query.present)


def matching_visits(query: VisitQuery) -> Clauses:
    """The clauses of the list's filters."""
    table = VISITS.c
    ids = {"case_id": query.patient_id, "campaign_id": query.campaign_id}
    yield from equal(VISITS, {name: value and str(value) for name, value in ids.items()})
    codes = {
        "form": query.form,
        "not_seen_reason": query.not_seen_reason,
        "team": query.team,
        "irregular": query.irregular,
    }
    yield from equal(VISITS, {**codes, "risk_level": query.risk_level, "joint": query.joint, "seen": query.seen})
    if query.in_time is not None:
        yield table.visited_on <= table.due_on if query.in_time else table.visited_on > table.due_on
    yield from between(table.visited_on, query.visited_from, query.visited_to)
    yield from nulls(VISITS, query.absent, query.present)
