"""A dispute that was settled where it was found (当场化解): one call records it, its steps and its oral agreement."""

from uuid import UUID

from registry.core.access_log import plain_of
from registry.core.unit_of_work import Draft, Tx
from registry.disputes import case_rules
from registry.disputes.case_schemas import AgreementIn, Mediator, Signatory, Term
from registry.disputes.codes import AgreementKind, Stage, Subject
from registry.disputes.register import AGREEMENT_REGISTER, DISPUTE_REGISTER
from registry.disputes.schemas import DisputeIn, DoneMove, SpotSettlement
from registry.ledger.ids import new_id
from registry.ledger.versions import Append

STEPS = (Stage.ACCEPTED, Stage.MEDIATING, Stage.AGREED, Stage.PERFORMED, Stage.CLOSED)


def steps_of(settled: SpotSettlement | None) -> list[DoneMove]:
    """All steps, on the day of the settlement; none where it was not settled on the spot."""
    if settled is None:
        return []
    return [DoneMove(number=number, to=to, on=settled.settled_on) for number, to in enumerate(STEPS, 1)]


def agreement_of(tx: Tx, dispute: Append, data: DisputeIn, settled: SpotSettlement) -> Append:
    """The oral agreement (口头协议): in effect and performed on the day that it was reached (人民调解法 §30); nothing is owed."""
    made = AgreementIn(
        dispute_id=UUID(dispute.entry_id), kind=AgreementKind.ORAL, title="口头协议", subject=Subject.OTHER,
        signed_on=settled.settled_on, signatories=[Signatory(party="甲方"), Signatory(party="乙方")],
        mediators=[Mediator(unit=each.unit, name=each.name) for each in settled.mediators],
        terms=[Term(text=settled.agreed, performed_on=settled.settled_on, number=1)], copies=1,
    )  # fmt: skip
    derived = {**case_rules.derived(made), "division": data.division}
    beside = [(DISPUTE_REGISTER, plain_of(dispute))]
    draft = Draft(made, data.division, derived, case_id=dispute.entry_id, beside=beside)
    return tx.create(AGREEMENT_REGISTER, new_id(), draft)
