"""Visits: one function a use case. A visit also moves what the roster says of the patient: risk, class, next visit."""

import datetime as dt
from dataclasses import replace
from typing import Any, cast

import msgspec

from registry.core.filters import stored_columns
from registry.core.schemas import Change
from registry.core.unit_of_work import Current, Draft, Tx
from registry.core.use_cases import Writes
from registry.errors import Fault, NotFound, Refused, refuse
from registry.followups import rules
from registry.followups.codes import CareStatus, Stability
from registry.followups.models import VISITS
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER
from registry.followups.roster import VISIT_COLUMNS, Known, as_known, incidents_on, last_seen, next_visit, summary
from registry.followups.schemas import PatientIn
from registry.followups.service import known_from_visits, patient_draft
from registry.followups.visit_schemas import VisitIn
from registry.ledger.versions import Append

Planned = tuple[dt.date | None, str | None]
"""The day that a visit was due on, and the row of the deadline table that set it."""
FOLLOWED = Change({}, None)


def record_visit(tx: Tx, entry_id: str, data: VisitIn) -> tuple[Append | None, ...]:
    """Somebody in care was visited."""
    patient = _patient(tx, str(data.patient_id))
    others = _others(tx, patient, entry_id)
    planned = _day(patient.document["next_visit_on"]), patient.document["next_visit_rule"]
    draft = _visit(tx, data, patient, others, planned)
    return tx.create(VISIT_REGISTER, entry_id, draft), _follow(tx, patient, others, _known(data, draft))


def change_visit(tx: Tx, entry_id: str, change: Change) -> tuple[Append | None, ...]:
    """Its record was completed, or was wrong."""
    current = tx.to_change(VISIT_REGISTER, entry_id, change)
    data = current.changed(VisitIn, _by_the_rule(current, change))
    if str(data.patient_id) != current.seen.case_id:
        text = "不能改到另一名患者；请作废后重新录入。", "It cannot move to another patient; void it and enter it anew."
        raise Refused(faults=[Fault("/patient_id", "other_patient", *text)])
    patient = _patient(tx, current.seen.case_id)
    others = _others(tx, patient, entry_id)
    stored = stored_columns(tx.batch.connection, tx.who.book, VISITS, current.seen.position)
    due_on = stored["due_on"]  # stays as it was planned
    before = [known for known in others if known.visited_on < data.visited_on]
    rule = next_visit(before, None)["next_visit_rule"]
    draft = _visit(tx, data, patient, others, (cast(dt.date | None, due_on), rule))
    append = tx.change(current, draft, change)
    followed = _follow(tx, patient, others, _known(data, draft), undone=current.document["died_on"])
    return (append, followed) if append else ()


def void_visit(tx: Tx, entry_id: str, change: Change) -> tuple[Append | None, ...]:
    """It should never have been entered."""
    current = tx.to_change(VISIT_REGISTER, entry_id, change)
    try:
        patient = tx.current(PATIENT_REGISTER, current.seen.case_id)
    except NotFound:  # transferred since: the history stays with who made it
        return (tx.void(current, change),)
    if patient.seen.voided or not tx.who.covers(patient.seen.division):
        return (tx.void(current, change),)  # nothing follows from it
    others = _others(tx, patient, entry_id)
    return tx.void(current, change), _follow(tx, patient, others, None, undone=current.document["died_on"])


def _by_the_rule(current: Current, change: Change) -> Change:
    """A next visit that the rule set is set by the rule again, unless the change names another day."""
    document = current.document
    if "next_visit_on" in change.patch or document["next_visit_on"] != document["next_visit_due_on"]:
        return change
    return replace(change, patch={**change.patch, "next_visit_on": None})


def _patient(tx: Tx, patient_id: str) -> Current:
    """The patient, who must be the caller's own: after a transfer the old town visits no more."""
    patient = tx.parent(PATIENT_REGISTER, patient_id, "/patient_id")
    if not tx.who.covers(patient.seen.division):
        raise Refused(faults=[Fault("/patient_id", "unknown_entry", "没有这条记录。", "There is no such entry.")])
    return patient


def _others(tx: Tx, patient: Current, entry_id: str) -> list[Known]:
    """The patient's other visits, whoever made them, earliest first; those of one day as they were recorded."""
    columns = [VISITS.c[name] for name in ("entry_id", *VISIT_COLUMNS)]
    rows = tx.view.of_cases(tx.batch.connection, VISITS, columns, [patient.seen.entry_id])
    told = {visit["id"]: visit for visit in tx.of_case(VISIT_REGISTER, patient.seen.entry_id)}
    others = (_with_acts(as_known(row), told[row.entry_id]) for row in rows if row.entry_id != entry_id)
    return sorted(others, key=lambda known: known.visited_on)


def _with_acts(known: Known, document: dict[str, Any]) -> Known:
    return replace(known, incidents=rules.incidents(document["incidents"]), died_on=_day(document["died_on"]))


def _visit(tx: Tx, data: VisitIn, patient: Current, others: list[Known], planned: Planned) -> Draft:
    due_on, rule = planned
    before = [known.stability for known in others if known.seen and known.visited_on < data.visited_on]
    due = rules.next_visit_due_on(data, before[-1] if before else None)
    refuse(
        [
            *rules.check_visit(data, tx.today),
            *rules.check_next_visit(data, due),
        ]
    )
    if data.campaign_id is not None:
        tx.parent(CAMPAIGN_REGISTER, str(data.campaign_id), "/campaign_id")
    joint = rules.is_joint(data)
    derived = {
        "joint": joint,
        "division": patient.seen.division,
        "division_name": patient.document["division_name"],
        "next_visit_on": data.next_visit_on or due,
        "next_visit_due_on": due,
        "alerts": rules.alerts(data),
        "irregularities": [*rules.irregular_visit(data, due_on, rule)],
    }
    beside = ((patient.register, patient.document),)
    columns = {"due_on": due_on}
    return Draft(data, patient.seen.division, derived, columns, patient.seen.entry_id, beside)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _known(data: VisitIn, draft: Draft) -> Known:
    next_visit_on = draft.derived["next_visit_on"]
    assert next_visit_on is None or isinstance(next_visit_on, dt.date)  # noqa: S101 - as _visit made it
    acts = rules.incidents(msgspec.to_builtins(data.incidents))
    return Known(
        data.visited_on, data.seen, data.not_seen_reason, data.risk_level, data.stability, next_visit_on,
        data.died_on, acts,
    )  # fmt: skip


def _follow(
    tx: Tx, patient: Current, others: list[Known], new: Known | None, undone: str | None = None
) -> Append | None:
    """What the roster says of the patient after this visit: the latest visit decides.

    `undone` is a day of death that the visit gave before it was corrected or voided.
    """
    visits = sorted([*others, *([new] if new else [])], key=lambda known: known.visited_on)
    known = known_from_visits(patient.document)
    known |= summary(visits, _day(known["returned_on"]))
    seen = last_seen(visits, dt.date.fromisoformat(patient.document["entered_on"]))
    deaths = [each.died_on for each in visits if each.died_on is not None]
    person = _person(patient, seen, min(deaths, default=None), undone)
    person = msgspec.structs.replace(person, **incidents_on(visits, patient.document))
    return tx.change(patient, patient_draft(tx, person, known, patient), FOLLOWED)


def _person(patient: Current, seen: Known | None, died_on: dt.date | None, undone: str | None) -> PatientIn:
    """The patient with the risk and class of the last visit since the office entered them, or else as it did."""
    person = patient.data(PatientIn)
    risk_level = seen.risk_level if seen else patient.document["entered_risk_level"]
    stability = seen.stability if seen else patient.document["entered_stability"]
    person = msgspec.structs.replace(person, risk_level=risk_level, stability=Stability(str(stability)))
    if person.status is CareStatus.DIED and undone and str(person.left_care_on) == undone:
        person = msgspec.structs.replace(person, status=CareStatus.IN_CARE, left_care_on=None)
    if died_on is not None and person.status in {CareStatus.IN_CARE, CareStatus.LOST}:
        person = msgspec.structs.replace(person, status=CareStatus.DIED, left_care_on=died_on, lost_reason=None)
    return person


VISIT_WRITES = Writes(record_visit, change_visit, void_visit)
