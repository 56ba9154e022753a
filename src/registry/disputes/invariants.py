"""What must hold between a dispute and what belongs to it; no database, no HTTP."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from registry.core.invariants import BrokenRule, CaseRules, CaseState, EntryField, Invariant, order
from registry.core.valid_time import Document
from registry.disputes.codes import AgreementKind, Stage
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)

FOUND, MOVED = "disputes/discovered_on", "disputes/moves/*/on"
SESSION, SIGNED, RETURNED = "mediation-sessions/held_on", "agreements/signed_on", "return-visits/visited_on"
STAGES = frozenset({"disputes/moves/*/to", MOVED})
BINDING = frozenset({"agreements/kind", "agreements/effective_on", "agreements/performed_on"})


@dataclass(frozen=True, slots=True)
class MediationSpan:
    """A time of mediation: the moves from one start of it to the next, and the agreements that took effect in it."""

    moves: Sequence[tuple[EntryField, Document]]
    binding: Sequence[Document]

    def effective_by(self, day: str) -> list[Document]:
        """The agreements that had taken effect on a day."""
        return [each for each in self.binding if each["effective_on"] <= day]


def spans(state: CaseState) -> Iterator[MediationSpan]:
    """The dispute's times of mediation: taken up again, only agreements since then count."""
    (dispute,) = state.entries("disputes")
    moves = [
        (EntryField("disputes", dispute["id"], f"/moves/{at}/on"), move) for at, move in enumerate(dispute["moves"])
    ]
    starts = [0, *(at for at, (_, move) in enumerate(moves) if move["to"] == Stage.MEDIATING), len(moves)]
    in_effect = [each for each in state.entries("agreements") if is_binding(each)]
    for start, stop in pairwise(starts):
        since = moves[start][1]["on"] if start else ""
        until = moves[stop][1]["on"] if stop < len(moves) else "9999"
        mine = [each for each in in_effect if since <= each["effective_on"] <= until]
        yield MediationSpan(moves[start:stop], mine)


def is_binding(agreement: Document) -> bool:
    """Whether an agreement is in effect and more than a pact (和谐共建协议), which binds morally only."""
    return agreement["effective_on"] is not None and agreement["kind"] != AgreementKind.PEACE_PACT


def agreed_rests_on_an_agreement(state: CaseState) -> Iterator[BrokenRule]:
    """A dispute stands agreed or performed (已达成协议、已履行) only on an agreement that was in effect by then."""
    for span in spans(state):
        for place, move in span.moves:
            if move["to"] in {Stage.AGREED, Stage.PERFORMED} and not span.effective_by(move["on"]):
                zh = f"该纠纷（/v1/disputes/{place.entry_id}）{move['on']}的“{Stage(move['to']).zh}”以已生效的协议为据，不能没有。"
                en = f"The dispute /v1/disputes/{place.entry_id} stands {move['to']} on {move['on']} on an agreement in effect."
                yield BrokenRule("agreed_rests_on_it", zh, en, (place,))


def performed_is_performed(state: CaseState) -> Iterator[BrokenRule]:
    """A dispute stands performed (已履行) only when every term was performed by then."""
    for span in spans(state):
        for place, move in span.moves:
            if move["to"] != Stage.PERFORMED:
                continue
            for each in span.effective_by(move["on"]):
                if each["performed_on"] is None or each["performed_on"] > move["on"]:
                    zh = f"该纠纷（/v1/disputes/{place.entry_id}）{move['on']}已履行，协议至该日须已履行完毕。"
                    en = f"The dispute /v1/disputes/{place.entry_id} stands performed on {move['on']}: its agreements must be, by then."
                    yield BrokenRule(
                        "performed_rests_on_it", zh, en, (EntryField("agreements", each["id"], "/terms"), place)
                    )


def nothing_while_withdrawn(state: CaseState) -> Iterator[BrokenRule]:
    """Between a withdrawal (撤回) and the day it is taken up again nobody mediates or signs."""
    (dispute,) = state.entries("disputes")
    moves = [*dispute["moves"], {"to": None, "on": "9999"}]
    for at, (move, following) in enumerate(pairwise(moves)):
        if move["to"] == Stage.WITHDRAWN:
            for register, name in (("mediation-sessions", "held_on"), ("agreements", "signed_on")):
                for each in state.entries(register):
                    if move["on"] < each[name] < following["on"]:
                        zh = f"该纠纷{move['on']}已撤回，其后须先恢复调解。"
                        en = f"The dispute was withdrawn on {move['on']}: take it up again first."
                        places = (
                            EntryField(register, each["id"], f"/{name}"),
                            EntryField("disputes", dispute["id"], f"/moves/{at}/on"),
                        )
                        yield BrokenRule("withdrawn", zh, en, places)


def moves_in_order(state: CaseState) -> Iterator[BrokenRule]:
    """Each move on the day of the one before it, or later."""
    (dispute,) = state.entries("disputes")
    for at, (before, after) in enumerate(pairwise(dispute["moves"]), 1):
        if after["on"] < before["on"]:
            zh, en = f"早于前一步（{before['on']}）。", f"Before the move that it follows ({before['on']})."
            yield BrokenRule("wrong_date", zh, en, (EntryField("disputes", dispute["id"], f"/moves/{at}/on"),))


def visits_follow_their_agreement(state: CaseState) -> Iterator[BrokenRule]:
    """A return visit names an agreement of the case that stands, and comes after its signing (回访)."""
    signed = {each["id"]: each for each in state.entries("agreements")}
    for visit in state.entries("return-visits"):
        named = visit["agreement_id"]
        if named is None:
            continue
        at = EntryField("return-visits", visit["id"], "/agreement_id")
        if named not in signed:
            zh = f"回访（{visit['visited_on']}）所属的协议不在本案，或已作废。"
            en = f"The return visit of {visit['visited_on']} names an agreement that is not there."
            yield BrokenRule("visit_rests_on_it", zh, en, (at, EntryField("agreements", named, "")))
        elif visit["visited_on"] < signed[named]["signed_on"]:
            zh, en = (
                f"回访（{visit['visited_on']}）早于协议签订（{signed[named]['signed_on']}）。",
                "The return visit is before the signing.",
            )
            places = (
                EntryField("return-visits", visit["id"], "/visited_on"),
                EntryField("agreements", named, "/signed_on"),
            )
            yield BrokenRule("before_signing", zh, en, places)


_BEFORE = "before_discovery", "{day}早于发现日期（{since}）。", "{day} is before the dispute was found ({since})."

DISPUTE_CASE = CaseRules(
    DISPUTE_REGISTER,
    (PROCEEDING_REGISTER, SESSION_REGISTER, AGREEMENT_REGISTER, RETURN_VISIT_REGISTER),
    (
        *(
            order(FOUND, later, *_BEFORE)
            for later in (
                MOVED, SESSION, SIGNED, RETURNED, "agreements/signatories/*/signed_on",
            )
        ),
        Invariant(STAGES, moves_in_order),
        Invariant(STAGES | BINDING, agreed_rests_on_an_agreement),
        Invariant(STAGES | BINDING, performed_is_performed),
        Invariant(STAGES | {SESSION, SIGNED}, nothing_while_withdrawn),
        Invariant(frozenset({RETURNED, SIGNED, "return-visits/agreement_id"}), visits_follow_their_agreement),
    ),
)  # fmt: skip
