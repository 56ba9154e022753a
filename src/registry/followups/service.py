"""Patients and campaigns: one function a use case. Visits are in `visit_service`."""

import datetime as dt
from dataclasses import replace
from typing import Any

from sqlalchemy import and_

from registry.core.schemas import Change, Reason, ReasonCode
from registry.core.unit_of_work import Current, Draft, Tx
from registry.core.use_cases import Writes, plain_void, plain_writes
from registry.deadlines.periods import add_days
from registry.errors import ON_ROSTER, Conflict, EntryExists, Fault, Refused, refuse
from registry.followups import rules
from registry.followups.codes import CareStatus
from registry.followups.models import PATIENTS
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER
from registry.followups.roster import next_visit
from registry.followups.schemas import CampaignIn, PatientIn, Transfer
from registry.ledger.versions import Action, Append

NOT_VISITED: dict[str, Any] = {
    "last_visited_on": None, "next_visit_on": None, "next_visit_rule": None, "next_visit_from": None,
    "returned_on": None, "consecutive_misses": 0, "lost_proposed": False,
    "entered_risk_level": None, "entered_stability": None, "entered_on": None,
    "entered_incident_count": 0, "entered_last_incident_on": None, "incidents_from": None,
}  # fmt: skip
"""What is known from visits, before there is one."""


def enrol_patient(tx: Tx, entry_id: str, data: PatientIn) -> Append:
    """Somebody came into care."""
    known = {**NOT_VISITED, "entered_risk_level": data.risk_level, "entered_stability": data.stability}
    known["entered_on"] = data.in_care_since.isoformat()
    known |= _incidents_entered(data, data.in_care_since)
    draft = patient_draft(tx, data, known)
    _check_alone(tx, entry_id, draft)
    return tx.create(PATIENT_REGISTER, entry_id, draft)


def change_patient(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """Something about them changed, or was recorded wrongly. Another town takes a transfer."""
    current = tx.to_change(PATIENT_REGISTER, entry_id, change)
    data = current.changed(PatientIn, change)
    if data.division[:9] != current.seen.division[:9]:
        text = "迁往其他镇（街）须由县级办理移交（transfer）。", "Another town takes a transfer, by a supervisor."
        raise Refused(faults=[Fault("/division", "needs_transfer", *text)])
    draft = patient_draft(tx, data, _entered(tx, current, change, data), current)
    _check_alone(tx, entry_id, draft)
    return tx.change(current, draft, change)


def _check_alone(tx: Tx, entry_id: str, draft: Draft) -> None:
    """Raise EntryExists, with the entry, where the caller sees another entry of this person in the town. One that they do not see
    is found out by the table's index, which tells no more than that there is one.
    """
    if (identity := draft.columns["identity"]) is not None:
        same = and_(PATIENTS.c.identity == identity, PATIENTS.c.town == draft.division[:9])
        for row in tx.rows(PATIENT_REGISTER, PATIENTS.c.entry_id, where=same):
            if row.entry_id != entry_id:
                raise EntryExists(faults=[ON_ROSTER], members={"entry": row.entry_id})


def transfer_patient(tx: Tx, entry_id: str, data: Transfer, change: Change) -> Append | None:
    """They moved to another town: it takes over the whole history, the old one sees nothing that comes after."""
    current = tx.to_change(PATIENT_REGISTER, entry_id, change)
    old, new = current.seen.division[:9], data.to_division[:9]
    if old == new:
        raise Conflict(zh="同一镇（街）内变更地址无须移交。", en="Within a town no transfer is needed.")
    if not dt.date.fromisoformat(current.document["in_care_since"]) <= data.on <= tx.today:
        text = "移交日期须在建档日期与今天之间。", "Between the start of care and today."
        raise Refused(faults=[Fault("/on", "wrong_date", *text)])
    moved = current.changed(PatientIn, Change({"division": data.to_division}, None))
    draft = patient_draft(tx, moved, known_from_visits(current.document), current, "/to_division")
    shared = tx.shared_with("patients", entry_id)
    draft.share = () if new in shared else (new,)
    draft.unshare = tuple(sorted(shared - {new}))
    reason = Reason(code=ReasonCode.OTHER, text=data.reason)
    return tx.change(current, draft, replace(change, reason=reason), Action.TRANSFERRED)


def known_from_visits(document: dict[str, Any]) -> dict[str, Any]:
    """The part of a patient's document that no form sends."""
    return {name: document.get(name, nothing) for name, nothing in NOT_VISITED.items()}


def _incidents_entered(data: PatientIn, since: dt.date) -> dict[str, Any]:
    """What the office says of incidents, to which those of visits from a day on are added."""
    last = data.last_incident_on.isoformat() if data.last_incident_on else None
    entered = {"entered_incident_count": data.incident_count, "entered_last_incident_on": last}
    return {**entered, "incidents_from": since.isoformat()}


def _entered(tx: Tx, current: Current, change: Change, data: PatientIn) -> dict[str, Any]:
    """What visits made, and the risk and class that the office entered itself, which hold where no visit says otherwise.

    A period to the next visit starts anew for who returns to care.
    """
    known = known_from_visits(current.document)
    if "risk_level" in change.patch or "stability" in change.patch:
        known |= {"entered_risk_level": data.risk_level, "entered_stability": data.stability}
        known["entered_on"] = tx.today.isoformat()
    if "incident_count" in change.patch or "last_incident_on" in change.patch:
        known |= _incidents_entered(data, add_days(tx.today, 1))
    if data.status is CareStatus.IN_CARE and current.document["status"] != CareStatus.IN_CARE:
        known |= {"returned_on": tx.today, **next_visit((), tx.today)}
    return known


def patient_draft(
    tx: Tx, data: PatientIn, known: dict[str, Any], kept: Current | None = None, pointer: str = "/division"
) -> Draft:
    """A patient as they shall be kept."""
    refuse(rules.check_patient(data, tx.today))
    name = tx.place(data.division, tx.today, pointer, kept)
    if data.status is not CareStatus.IN_CARE:
        known = {
            **known,
            "next_visit_on": None,
            "next_visit_rule": None,
            "next_visit_from": None,
        }  # nobody is due who has left care
    identity = tx.sealer.digest(tx.who.book, "id_number", data.id_number) if data.id_number else None
    return Draft(data, data.division, {**known, "division_name": name}, {"identity": identity})


def campaign(tx: Tx, data: CampaignIn, _kept: Current | None) -> Draft:
    """A drive, as it shall be kept: in the division that all of its own lie in."""
    refuse(rules.check_campaign(data))
    for index, code in enumerate(data.divisions):
        tx.place(code, data.starts_on, f"/divisions/{index}")
    towns = {code[:9] for code in data.divisions}
    division = data.divisions[0] if len(data.divisions) == 1 else towns.pop() if len(towns) == 1 else tx.who.book
    return Draft(data, division)


PATIENT_WRITES = Writes(enrol_patient, change_patient, plain_void(PATIENT_REGISTER))
CAMPAIGN_WRITES = plain_writes(CAMPAIGN_REGISTER, campaign)
