"""What is kept of what belongs to a dispute (裁判、调解、协议、回访). Whoever sees the dispute sees all of it."""

from typing import Any

import msgspec

from registry.core.schemas import Change
from registry.core.unit_of_work import Current, Draft, Tx
from registry.core.use_cases import plain_writes
from registry.disputes import case_rules as rules
from registry.disputes.case_schemas import AgreementIn, Performing, ProceedingIn, ReturnVisitIn, SessionIn, Term
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.disputes.service import parts_of
from registry.errors import Fault, NotFound, Refused, refuse
from registry.ledger.versions import Append

Child = ProceedingIn | SessionIn | AgreementIn | ReturnVisitIn


def proceeding(tx: Tx, data: ProceedingIn, kept: Current | None) -> Draft:
    """A ruling, a reconsideration, a judgment, as it shall be kept."""
    dispute = _dispute_of(tx, data, kept)
    refuse(rules.check_proceeding(data, tx.today))
    return _draft(tx, data, dispute, kept)


def session(tx: Tx, data: SessionIn, kept: Current | None) -> Draft:
    """A mediation session, as it shall be kept."""
    dispute = _dispute_of(tx, data, kept)
    refuse(rules.check_session(data, tx.today))
    return _draft(tx, data, dispute, kept)


def agreement(tx: Tx, data: AgreementIn, kept: Current | None) -> Draft:
    """An agreement, as it shall be kept: with the days on which it came into effect and was performed."""
    dispute = _dispute_of(tx, data, kept)
    data = msgspec.structs.replace(data, terms=_numbered(data.terms, kept))
    refuse(rules.check_agreement(data, tx.today))
    return _draft(tx, data, dispute, kept, rules.derived(data))


def _numbered(terms: list[Term], kept: Current | None) -> list[Term]:
    """The terms with their numbers: what stood keeps its own, by the number or the text that is sent; what is new gets the next.

    Raises Refused for a number that no term has.
    """
    old = kept.data(AgreementIn).terms if kept else []
    known, by_text = {term.number for term in old}, {term.text: term.number for term in old}
    faults = [
        Fault(f"/terms/{at}/number", "unknown_number", "没有这个序号的条款。", "No term has this number.")
        for at, term in enumerate(terms)
        if term.number is not None and term.number not in known
    ]
    given = [term.number for term in terms if term.number is not None]
    faults += [
        Fault(f"/terms/{at}/number", "repeated_number", "序号重复。", "Two terms have this number.")
        for at, term in enumerate(terms)
        if term.number is not None and given.count(term.number) > 1
    ]
    refuse(faults)
    sent = {term.number for term in terms}
    following, numbered = max((number or 0 for number in known), default=0), []
    for term in terms:
        number = term.number or by_text.get(term.text)
        if number is None or (term.number is None and number in sent):
            following += 1
            number = following
        sent.add(number)
        numbered.append(msgspec.structs.replace(term, number=number))
    return numbered


def perform_term(tx: Tx, entry_id: str, number: int, sent: Performing, change: Change) -> Append | None:
    """A term was performed."""
    current = tx.to_change(AGREEMENT_REGISTER, entry_id, change)
    terms = current.data(AgreementIn).terms
    if number not in {term.number for term in terms}:
        raise NotFound
    done = [
        msgspec.structs.replace(term, performed_on=sent.performed_on) if term.number == number else term
        for term in terms
    ]
    data = msgspec.structs.replace(current.data(AgreementIn), terms=done)
    return tx.change(current, agreement(tx, data, current), change)


def return_visit(tx: Tx, data: ReturnVisitIn, kept: Current | None) -> Draft:
    """A return visit, as it shall be kept; an agreement that it names is of the same dispute."""
    dispute = _dispute_of(tx, data, kept)
    refuse(rules.check_return_visit(data, tx.today))
    if data.agreement_id is not None:
        agreed = tx.parent(AGREEMENT_REGISTER, str(data.agreement_id), "/agreement_id")
        if agreed.seen.case_id != dispute.seen.entry_id:
            text = "该协议不属于本纠纷。", "That agreement belongs to another dispute."
            raise Refused(faults=[Fault("/agreement_id", "other_dispute", *text)])
    return _draft(tx, data, dispute, kept)


def _dispute_of(tx: Tx, data: Child, kept: Current | None) -> Current:
    """The dispute, which stays the same one."""
    if kept is not None and str(data.dispute_id) != kept.seen.case_id:
        text = "不能改到另一宗纠纷；请作废后重新录入。", "It cannot move to another dispute; void it and enter it anew."
        raise Refused(faults=[Fault("/dispute_id", "other_dispute", *text)])
    return tx.parent(DISPUTE_REGISTER, str(data.dispute_id), "/dispute_id")


def _draft(tx: Tx, data: Child, dispute: Current, kept: Current | None, derived: dict[str, Any] | None = None) -> Draft:
    division = tx.own_division(dispute)
    others = parts_of(tx, dispute.seen.entry_id, kept.seen.entry_id if kept else "")
    beside = [(dispute.register, dispute.document), *others]
    derived = {**(derived or {}), "division": division}
    return Draft(data, division, derived, case_id=dispute.seen.entry_id, beside=beside)


PROCEEDING_WRITES = plain_writes(PROCEEDING_REGISTER, proceeding)
SESSION_WRITES = plain_writes(SESSION_REGISTER, session)
AGREEMENT_WRITES = plain_writes(AGREEMENT_REGISTER, agreement)
RETURN_VISIT_WRITES = plain_writes(RETURN_VISIT_REGISTER, return_visit)
