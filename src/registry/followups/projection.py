"""Patients, visits and drives as they were on a day (`on=`), by their own dates; no database, no HTTP.

What has no date of its own (diagnosis, medication, address, the division after a transfer) is answered as recorded.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row

from registry.core.valid_time import Beside, Days, Document, by
from registry.followups.models import VISITS, CareStatus
from registry.followups.roster import VISIT_COLUMNS, as_known, last_seen, summary


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


def visit_copied(document: Document) -> Document:
    """The columns of a visit that its document has under other names."""
    return {"team": ",".join(sorted({visitor["role"] for visitor in document["team"]}))}


PATIENT_DAYS = Days(
    begins="in_care_since",
    at=patient_at,
    beside=Beside(VISITS, VISIT_COLUMNS, followed_at),
    turns=frozenset({"status", "left_care_on", "risk_level", "stability", "next_visit_on"}),
)
VISIT_DAYS = Days(begins="visited_on")
CAMPAIGN_DAYS = Days(begins="starts_on", last="ends_on")
