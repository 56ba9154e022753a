"""The dispute itself: one function a use case. What belongs to it is in `case_service`."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from registry.core.invariants import named_in, person_names
from registry.core.register import Register
from registry.core.schemas import Change, Reason
from registry.core.unit_of_work import Current, Draft, Tx
from registry.core.use_cases import Writes, Written, plain_void
from registry.disputes import rules
from registry.disputes.case_rules import lacks
from registry.disputes.codes import AgreementKind, Stage
from registry.disputes.invariants import is_binding
from registry.disputes.on_the_spot import agreement_of, steps_of
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.disputes.schemas import (
    DisputeIn,
    DoneMove,
    Move,
    MoveCorrection,
    MoveUndoing,
    MultiPolygonGeometry,
    PolygonGeometry,
)
from registry.errors import Conflict, Fault, NotFound, Refused, refuse
from registry.ledger.versions import Append


def report_dispute(tx: Tx, entry_id: str, data: DisputeIn) -> Written:
    """A dispute was found; it gets the next number of its town and year. Settled on the spot, it comes with all that followed."""
    settled = data.settled_on_the_spot
    refuse(rules.check_settled_on_the_spot(data, tx.today))
    draft = _dispute(tx, data, steps_of(settled))
    draft.sequence = f"{data.division[:9]}-{data.discovered_on.year}"
    dispute = tx.create(DISPUTE_REGISTER, entry_id, draft)
    return dispute if settled is None else (dispute, agreement_of(tx, dispute, data, settled))


def change_dispute(tx: Tx, entry_id: str, change: Change) -> Append | None:
    """Something about it changed, or was recorded wrongly. Its stage is changed by a move."""
    current = tx.to_change(DISPUTE_REGISTER, entry_id, change)
    data = current.changed(DisputeIn, change)
    if data.settled_on_the_spot != current.data(DisputeIn).settled_on_the_spot:
        text = (
            "当场化解只能在上报时填写；请更正协议或办理经过。",
            "Said when it is reported; correct the agreement or the steps.",
        )
        raise Refused(faults=[Fault("/settled_on_the_spot", "only_when_reported", *text)])
    return tx.change(current, _dispute(tx, data, moves_of(current), current), change)


def move_dispute(tx: Tx, entry_id: str, move: Move, change: Change) -> Append | None:
    """It came to another stage."""
    current = tx.to_change(DISPUTE_REGISTER, entry_id, change)
    refuse(
        [
            *rules.check_move(_standing(tx, current), move, tx.today),
            *_names_in(current, move.referred_to, "/referred_to"),
        ]
    )
    moves = moves_of(current)
    number = max((done.number for done in moves), default=0) + 1
    done = DoneMove(number=number, to=move.to, on=move.on, reason=move.reason, referred_to=move.referred_to)
    draft = _dispute(tx, current.data(DisputeIn), [*moves, done], current)
    return tx.change(current, draft, change)


def correct_move(tx: Tx, entry_id: str, number: int, sent: MoveCorrection, change: Change) -> Append | None:
    """A step was recorded wrongly."""
    current = tx.to_change(DISPUTE_REGISTER, entry_id, change)
    moves = moves_of(current)
    at = _place_of(moves, number)
    right = {name: value for name, value in msgspec.structs.asdict(sent.changes).items() if value is not None}
    if not right:
        text = "请至少给出一项更正。", "Give at least one thing to correct."
        raise Refused(faults=[Fault("/changes", "empty", *text)])
    refuse(_names_in(current, sent.changes.referred_to, "/changes/referred_to"))
    moves[at] = msgspec.structs.replace(moves[at], **right)
    refuse(rules.check_moves(moves, discovered_on(current), tx.today))
    return _moved(tx, current, moves, change, sent.reason)


def undo_move(tx: Tx, entry_id: str, number: int, sent: MoveUndoing, change: Change) -> Append | None:
    """The last step should never have been recorded."""
    current = tx.to_change(DISPUTE_REGISTER, entry_id, change)
    moves = moves_of(current)
    if _place_of(moves, number) != len(moves) - 1:
        raise Conflict(zh="只能撤销最后一步；请从最后一步起依次撤销。", en="Only the last step can be undone.")
    return _moved(tx, current, moves[:-1], change, sent.reason)


def _names_in(current: Current, text: str | None, pointer: str) -> Iterator[Fault]:
    """The fault of a public text of a step that holds the name of somebody of the dispute."""
    return named_in({pointer: text or ""}, person_names(current.sent(DisputeIn), DisputeIn))


def _place_of(moves: list[DoneMove], number: int) -> int:
    """Where the move of a number stands. Raises NotFound."""
    found = [at for at, move in enumerate(moves) if move.number == number]
    if not found:
        raise NotFound
    return found[0]


def _moved(tx: Tx, current: Current, moves: list[DoneMove], change: Change, reason: Reason) -> Append | None:
    draft = _dispute(tx, current.data(DisputeIn), moves, current)
    return tx.change(current, draft, replace(change, reason=reason))


def moves_of(current: Current) -> list[DoneMove]:
    """The moves so far, first to last."""
    return rules.stored_moves(current.document["moves"])


def discovered_on(current: Current) -> dt.date:
    """The day the dispute was found."""
    return dt.date.fromisoformat(current.document["discovered_on"])


def _standing(tx: Tx, current: Current) -> rules.Standing:
    """What the rules of moves need to know."""
    moves = moves_of(current)
    binding = [each for each in tx.of_case(AGREEMENT_REGISTER, current.seen.entry_id) if is_binding(each)]
    since = moves[-1].on if moves else discovered_on(current)
    mediating = [move.on.isoformat() for move in moves if move.to is Stage.MEDIATING]
    live = [
        each for each in binding if not mediating or each["effective_on"] >= mediating[-1]
    ]  # not those broken before
    effective = min((each["effective_on"] for each in live), default=None)
    return rules.Standing(
        stage=Stage(current.document["stage"]),
        since=since,
        effective_agreement_on=dt.date.fromisoformat(effective) if effective else None,
        terms_open=sum(each["performed_on"] is None for each in live),
        lacking=tuple(_lacking(tx, current.seen.entry_id)),
    )


def _lacking(tx: Tx, dispute_id: str) -> Iterator[tuple[str, str]]:
    """Why agreements of the case do not carry the stage, in Chinese and English."""
    for each in tx.of_case(AGREEMENT_REGISTER, dispute_id):
        at, kind = f"/v1/agreements/{each['id']}", AgreementKind(each["kind"])
        if missing := lacks(kind, each["mediator_signed"], each["sealed_by"]):
            yield f"{at} 缺{'、'.join(zh for zh, _ in missing)}", f"{at} lacks {' and '.join(en for _, en in missing)}"
        elif kind is AgreementKind.PEACE_PACT:
            yield f"{at} 为{kind.zh}，不作为化解依据", f"{at} is a pact, which settles nothing"
        else:
            yield f"{at} 于{each['effective_on']}生效", f"{at} takes effect on {each['effective_on']}"


def _dispute(tx: Tx, data: DisputeIn, moves: list[DoneMove], kept: Current | None = None) -> Draft:
    refuse([*rules.check_dispute(data, tx.today), *_check_land(data, kept)])
    name = tx.place(data.division, data.discovered_on, kept=kept, days=("discovered_on",))
    for index, party in enumerate(data.parties):
        if party.division is not None:
            tx.known_place(party.division, f"/parties/{index}/division")
    derived = rules.derived(moves)
    share, unshare = _towns(tx, data, kept)
    derived["division_name"] = name
    return Draft(
        data,
        data.division,
        derived,
        beside=parts_of(tx, kept.seen.entry_id) if kept else [],
        share=share,
        unshare=unshare,
    )


def parts_of(tx: Tx, dispute_id: str, besides: str = "") -> list[tuple[Register, dict[str, Any]]]:
    """What belongs to the dispute, in plain: whom its entries name, and in which public texts nobody may be named."""
    parts = (PROCEEDING_REGISTER, SESSION_REGISTER, AGREEMENT_REGISTER, RETURN_VISIT_REGISTER)
    return [(part, each) for part in parts for each in tx.plain_of_case(part, dispute_id) if each["id"] != besides]


def _check_land(data: DisputeIn, kept: Current | None) -> Iterator[Fault]:
    """The faults of parcels that are sent; those that stand were held to the rules of their day."""
    stands = kept is not None and kept.data(DisputeIn).geometry == data.geometry
    if isinstance(data.geometry, PolygonGeometry | MultiPolygonGeometry) and not stands:
        yield from rules.check_parcels(data.geometry)


def _towns(tx: Tx, data: DisputeIn, kept: Current | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Towns to open the case to, and to close it to: a dispute between villages of two towns is visible to both, and so is
    what either of them adds to it.
    """
    own = data.division[:9]
    towns = {party.division[:9] for party in data.parties if party.division and len(party.division) > len(tx.who.book)}
    shared = tx.shared_with("disputes", kept.seen.entry_id) if kept else set()
    wanted = towns | {own} if towns - {own} else shared & {own}
    return tuple(sorted(wanted - shared)), tuple(sorted(shared - wanted))


DISPUTE_WRITES = Writes(report_dispute, change_dispute, plain_void(DISPUTE_REGISTER))
