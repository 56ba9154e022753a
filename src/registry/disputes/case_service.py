"""What belongs to a dispute: one function a use case. All are seen by whoever sees the dispute."""

from typing import Any

from registry.core.register import Register
from registry.core.unit_of_work import Change, Current, Draft, Tx
from registry.disputes import case_rules as rules
from registry.disputes.case_schemas import AgreementIn, ProceedingIn, ReturnVisitIn, SessionIn
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.disputes.service import discovered_on
from registry.errors import Fault, Refused, refuse
from registry.ledger.versions import Append

Child = ProceedingIn | SessionIn | AgreementIn | ReturnVisitIn


def record_proceeding(tx: Tx, entry_id: str, data: ProceedingIn) -> Append:
    """There was a ruling, a reconsideration, a judgment."""
    return tx.create(PROCEEDING_REGISTER, entry_id, _proceeding(tx, data, _dispute_of(tx, data)))


def change_proceeding(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """It was served, decided, or recorded wrongly."""
    current, dispute = _to_change(tx, PROCEEDING_REGISTER, entry_id, change)
    return tx.change(current, _proceeding(tx, current.changed(ProceedingIn, change), dispute), change)


def void_proceeding(tx: Tx, entry_id: str, change: Change) -> Append:
    """It should never have been entered."""
    return tx.void(tx.to_change(PROCEEDING_REGISTER, entry_id, change), change)


def _proceeding(tx: Tx, data: ProceedingIn, dispute: Current) -> Draft:
    refuse(rules.check_proceeding(data, tx.today))
    return _draft(tx, data, dispute, {"track": data.track, "decided_on": data.decided_on})


def record_session(tx: Tx, entry_id: str, data: SessionIn) -> Append:
    """The sides sat down together."""
    return tx.create(SESSION_REGISTER, entry_id, _session(tx, data, _dispute_of(tx, data)))


def change_session(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """Its record was completed, or was wrong."""
    current, dispute = _to_change(tx, SESSION_REGISTER, entry_id, change)
    return tx.change(current, _session(tx, current.changed(SessionIn, change), dispute), change)


def void_session(tx: Tx, entry_id: str, change: Change) -> Append:
    """It should never have been entered."""
    return tx.void(tx.to_change(SESSION_REGISTER, entry_id, change), change)


def _session(tx: Tx, data: SessionIn, dispute: Current) -> Draft:
    refuse(rules.check_session(data, discovered_on(dispute), tx.today))
    return _draft(tx, data, dispute, {"held_on": data.held_on, "result": data.result})


def sign_agreement(tx: Tx, entry_id: str, data: AgreementIn) -> Append:
    """The sides signed."""
    return tx.create(AGREEMENT_REGISTER, entry_id, _agreement(tx, data, _dispute_of(tx, data)))


def change_agreement(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """A term was performed, a court confirmed it, or it was recorded wrongly."""
    current, dispute = _to_change(tx, AGREEMENT_REGISTER, entry_id, change)
    return tx.change(current, _agreement(tx, current.changed(AgreementIn, change), dispute), change)


def void_agreement(tx: Tx, entry_id: str, change: Change) -> Append:
    """It should never have been entered."""
    return tx.void(tx.to_change(AGREEMENT_REGISTER, entry_id, change), change)


def _agreement(tx: Tx, data: AgreementIn, dispute: Current) -> Draft:
    refuse(rules.check_agreement(data, discovered_on(dispute), tx.today))
    derived = {
        "effective_on": rules.effective_on(data),
        "performed_on": rules.performed_on(data),
        "confirmation_due_on": rules.confirmation_due_on(data),
    }
    copied = {"confirmed_on": rules.confirmed_on(data), "next_due_on": rules.next_due_on(data)}
    return _draft(tx, data, dispute, {"kind": data.kind, "signed_on": data.signed_on, **derived, **copied}, derived)


def record_return_visit(tx: Tx, entry_id: str, data: ReturnVisitIn) -> Append:
    """Somebody went back to see."""
    return tx.create(RETURN_VISIT_REGISTER, entry_id, _return_visit(tx, data, _dispute_of(tx, data)))


def change_return_visit(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """Its record was completed, or was wrong."""
    current, dispute = _to_change(tx, RETURN_VISIT_REGISTER, entry_id, change)
    return tx.change(current, _return_visit(tx, current.changed(ReturnVisitIn, change), dispute), change)


def void_return_visit(tx: Tx, entry_id: str, change: Change) -> Append:
    """It should never have been entered."""
    return tx.void(tx.to_change(RETURN_VISIT_REGISTER, entry_id, change), change)


def _return_visit(tx: Tx, data: ReturnVisitIn, dispute: Current) -> Draft:
    refuse(rules.check_return_visit(data, discovered_on(dispute), tx.today))
    if data.agreement_id is not None:
        agreement = tx.parent(AGREEMENT_REGISTER, str(data.agreement_id), "/agreement_id")
        if agreement.seen.case_id != dispute.seen.entry_id:
            text = "该协议不属于本纠纷。", "That agreement belongs to another dispute."
            raise Refused(faults=[Fault("/agreement_id", "other_dispute", *text)])
    return _draft(tx, data, dispute, {"visited_on": data.visited_on, "performance": data.performance})


def _dispute_of(tx: Tx, data: Child) -> Current:
    return tx.parent(DISPUTE_REGISTER, str(data.dispute_id), "/dispute_id")


def _to_change(tx: Tx, register: Register, entry_id: str, change: Change) -> tuple[Current, Current]:
    """The entry to change and its dispute, which stays the same one."""
    current = tx.to_change(register, entry_id, change)
    if "dispute_id" in change.patch and change.patch["dispute_id"] != current.seen.case_id:
        text = "不能改到另一宗纠纷;请作废后重新录入。", "It cannot move to another dispute; void it and enter it anew."
        raise Refused(faults=[Fault("/dispute_id", "other_dispute", *text)])
    return current, tx.parent(DISPUTE_REGISTER, current.seen.case_id, "/dispute_id")


def _draft(
    tx: Tx, data: Child, dispute: Current, columns: dict[str, Any], derived: dict[str, Any] | None = None
) -> Draft:
    division = tx.own_division(dispute)
    return Draft(data, division, columns, {**(derived or {}), "division": division}, case_id=dispute.seen.entry_id)
