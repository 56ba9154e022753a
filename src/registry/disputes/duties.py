"""What is owed in disputes: mediation in time, terms performed, remedies before they lapse; no database, no HTTP.

A right that lapses (失权) is told of until its last day and not after; a duty stays until it is done. Titles name the case by
its number: what offices type may name people.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, not_

from registry.core.duties import CaseRows, DutyKind, Others, Owed, Window
from registry.deadlines.rules import ends_on, version_of
from registry.disputes.codes import PENDING, AgreementKind, CourtResult, Outcome, Track
from registry.disputes.models import AGREEMENTS, DISPUTES, PROCEEDINGS, RETURN_VISITS, SESSIONS

UNDECIDED = frozenset({Outcome.PENDING, Outcome.WITHDRAWN, Outcome.MEDIATED})
"""Outcomes against which there is no remedy."""
REMEDIES: dict[Track, tuple[tuple[str, bool], ...]] = {
    Track.ADMIN_DECISION: (("land_decision_sue", True), ("reconsider_apply", True)),
    Track.RECONSIDERATION: (("reconsider_then_sue", False),),
    Track.FIRST_INSTANCE: (("appeal_judgment", False),),
    Track.ARBITRATION: (("rural_arb_sue", False),),
}
"""By track: the rules that run from service, and whether a question of law stands between. Whether a decision must go to
reconsideration before court (复议前置, 行政复议法 §23) is such a question; so is whether a dismissal was a ruling or a judgment.
"""
PETITION_STEPS = ("petition_review", "petition_re_review")
"""By the number of answers before: 复查 is asked for against the first, 复核 against the second, nothing against the third."""
DISMISSED = (("appeal_judgment", True), ("appeal_ruling", True))
TERMS = {
    AgreementKind.PEOPLE_MEDIATION: "agreement_term",
    AgreementKind.ORAL: "agreement_term",
    AgreementKind.LAND_AUTHORITY_MEDIATION: "agreement_term_land",
    AgreementKind.RURAL_CONTRACT_MEDIATION: "agreement_term_rural",
    AgreementKind.LAND_MEDIATION: "agreement_term_contract",
    AgreementKind.PEACE_PACT: "agreement_term_pact",
}
"""The row of the deadline table for terms, by who made the agreement."""
FOLLOWS: dict[Track, frozenset[Track]] = {
    Track.ADMIN_DECISION: frozenset({Track.RECONSIDERATION, Track.FIRST_INSTANCE}),
    Track.RECONSIDERATION: frozenset({Track.FIRST_INSTANCE}),
    Track.FIRST_INSTANCE: frozenset({Track.SECOND_INSTANCE}),
    Track.ARBITRATION: frozenset({Track.FIRST_INSTANCE}),
    Track.PETITION: frozenset({Track.PETITION}),
}
"""By track: the proceedings that show that the remedy was taken."""


def in_mediation(window: Window) -> Sequence[ColumnElement[bool]]:
    """Disputes whose mediation period runs or is over."""
    return DISPUTES.c.stage.in_(sorted(PENDING)), DISPUTES.c.mediation_due_on <= window.before


def mediation_owed(row: Row[Any], _others: Others, _window: Window) -> Iterator[Owed]:
    """The end of the mediation period (人民调解工作若干规定 §33)."""
    yield Owed("people_mediation_conclude", row.mediation_due_on, f"调解期限 {row.case_number}", row.accepted_on)


def still_open(_window: Window) -> Sequence[ColumnElement[bool]]:
    """Disputes neither settled nor ended."""
    return (DISPUTES.c.ended_on.is_(None),)


def resolve_owed(row: Row[Any], _others: Others, _window: Window) -> Iterator[Owed]:
    """The day that the office set itself (化解时限)."""
    resolve_by = msgspec.json.decode(row.document, type=_Dispute).resolve_by
    if resolve_by is not None:
        yield Owed("resolve_by", resolve_by, f"化解时限 {row.case_number}")


def any_session(_window: Window) -> Sequence[ColumnElement[bool]]:
    """All sessions: the next may have been agreed on for any day."""
    return ()


def session_owed(row: Row[Any], others: Others, _window: Window) -> Iterator[Owed]:
    """The next session that was agreed on, until one is held or the dispute is over."""
    next_on = msgspec.json.decode(row.document, type=_Session).next_session_on
    sessions, disputes = others
    later = any(session.held_on > row.held_on for session in sessions)
    over = any(dispute.ended_on is not None for dispute in disputes)
    if next_on is not None and not later and not over:
        yield Owed("next_session", next_on, f"下次调解 {_number(disputes)}", row.held_on)


def confirmable(window: Window) -> Sequence[ColumnElement[bool]]:
    """Agreements that may still be taken to the court for confirmation."""
    return AGREEMENTS.c.confirmation_due_on >= window.on, AGREEMENTS.c.confirmation_due_on <= window.before


def confirmation_owed(row: Row[Any], others: Others, _window: Window) -> Iterator[Owed]:
    """Judicial confirmation (人民调解法 §33), until applied for. Columns leave out what the law does not allow."""
    if msgspec.json.decode(row.document, type=_Agreement).confirmation is None:
        title = f"申请司法确认 {_number(others[0])}"
        yield Owed("judicial_confirm_apply", row.confirmation_due_on, title, row.effective_on)


def not_performed(_window: Window) -> Sequence[ColumnElement[bool]]:
    """Agreements in effect with terms that are open."""
    return AGREEMENTS.c.performed_on.is_(None), AGREEMENTS.c.effective_on.is_not(None)


def terms_owed(row: Row[Any], others: Others, _window: Window) -> Iterator[Owed]:
    """Each term that has a day and was not performed."""
    told, rule = msgspec.json.decode(row.document, type=_Agreement), TERMS[AgreementKind(row.kind)]
    for index, term in enumerate(told.terms):
        if term.due_on is not None and term.performed_on is None:
            title = f"协议第{term.number or index + 1}项到期 {_number(others[0])}"
            yield Owed(rule, term.due_on, title, row.effective_on, part=str((term.number or index + 1) - 1))


def enforcement_owed(row: Row[Any], others: Others, window: Window) -> Iterator[Owed]:
    """Two years to ask for enforcement of a confirmed agreement, from its last day of performance; it may be suspended."""
    told = msgspec.json.decode(row.document, type=_Agreement)
    days = [term.due_on for term in told.terms if term.due_on is not None and term.performed_on is None]
    confirmed = told.confirmation is not None and told.confirmation.result is CourtResult.CONFIRMED
    ends = ends_on("enforcement_apply", max(days)) if confirmed and days else None
    if ends is not None and ends >= window.on:
        yield Owed("enforcement_apply", ends, f"申请强制执行 {_number(others[0])}", max(days), candidate=True)


def mediated_by_authority(_window: Window) -> Sequence[ColumnElement[bool]]:
    """Agreements made before the land authority (土地权属争议调解书) that took effect."""
    return AGREEMENTS.c.kind == AgreementKind.LAND_AUTHORITY_MEDIATION, AGREEMENTS.c.effective_on.is_not(None)


def service_owed(row: Row[Any], others: Others, _window: Window) -> Iterator[Owed]:
    """15 days to serve it (办法 §26), until it was served. A candidate: who serves it is the authority, not the office."""
    ends = ends_on("land_serve_mediation", row.effective_on)
    if ends is not None and msgspec.json.decode(row.document, type=_Agreement).served_on is None:
        yield Owed("land_serve_mediation", ends, f"送达调解书 {_number(others[0])}", row.effective_on, candidate=True)


def performed(_window: Window) -> Sequence[ColumnElement[bool]]:
    """Agreements that were performed; one by word of mouth, performed as it was reached, owes no visit."""
    at_once = and_(AGREEMENTS.c.kind == AgreementKind.ORAL, AGREEMENTS.c.performed_on == AGREEMENTS.c.signed_on)
    return AGREEMENTS.c.performed_on.is_not(None), not_(at_once)


def return_visit_owed(row: Row[Any], others: Others, _window: Window) -> Iterator[Owed]:
    """A return visit after performance, as the office is used to."""
    disputes, visits = others
    ends = ends_on("return_visit", row.performed_on)
    if ends is not None and all(visit.visited_on < row.performed_on for visit in visits):
        yield Owed("return_visit", ends, f"履行后回访 {_number(disputes)}", row.performed_on)


def with_remedies(_window: Window) -> Sequence[ColumnElement[bool]]:
    """Decisions on tracks that have a remedy. It runs from service, which may be years later."""
    return PROCEEDINGS.c.track.in_(sorted((*REMEDIES, Track.PETITION))), PROCEEDINGS.c.decided_on.is_not(None)


def remedies_owed(row: Row[Any], others: Others, window: Window) -> Iterator[Owed]:
    """Each remedy against a decision that was served, until it was taken or lapses."""
    told, track = msgspec.json.decode(row.document, type=_Proceeding), Track(row.track)
    disputes, proceedings = others
    if told.served_on is None or told.outcome in UNDECIDED or _taken(row, track, proceedings):
        return
    for rule, candidate in _remedies(row, track, told.outcome, proceedings):
        ends = ends_on(rule, told.served_on)
        if ends is not None and ends >= window.on:
            title = f"{version_of(rule, told.served_on).name} {_number(disputes)}"
            yield Owed(rule, ends, title, told.served_on, part=rule, candidate=candidate)


def _remedies(
    row: Row[Any], track: Track, outcome: Outcome, proceedings: Sequence[Row[Any]]
) -> Sequence[tuple[str, bool]]:  # fmt: skip
    if track is Track.PETITION:
        before = [each for each in proceedings if each.track == track and _is_before(each, row)]
        return [(rule, False) for rule in PETITION_STEPS[len(before) :][:1]]
    return DISMISSED if track is Track.FIRST_INSTANCE and outcome is Outcome.DISMISSED else REMEDIES[track]


def _is_before(other: Row[Any], row: Row[Any]) -> bool:
    return other.decided_on is not None and (other.decided_on, other.entry_id) < (row.decided_on, row.entry_id)


def _taken(row: Row[Any], track: Track, proceedings: Sequence[Row[Any]]) -> bool:
    """Whether a proceeding of the case shows that the remedy was taken: one that is pending, or was decided since."""
    later = (each for each in proceedings if each.track in FOLLOWS[track] and each.entry_id != row.entry_id)
    return any(each.decided_on is None or _is_before(row, each) for each in later)


def _number(disputes: Sequence[Row[Any]]) -> str:
    """The case's number, which the registry gave."""
    return "".join(str(dispute.case_number) for dispute in disputes)


class _Dispute(msgspec.Struct):
    resolve_by: dt.date | None


class _Session(msgspec.Struct):
    next_session_on: dt.date | None


class _Term(msgspec.Struct):
    due_on: dt.date | None
    performed_on: dt.date | None
    number: int | None = None
    """None in what was stored before terms had one: their order then."""


class _Confirmation(msgspec.Struct):
    result: CourtResult | None


class _Agreement(msgspec.Struct):
    terms: list[_Term]
    confirmation: _Confirmation | None
    served_on: dt.date | None = None


class _Proceeding(msgspec.Struct):
    outcome: Outcome
    served_on: dt.date | None


_A = AGREEMENTS.c
_CASE = CaseRows(DISPUTES, ("case_number", "ended_on"))

DISPUTE_DUTIES = (
    DutyKind("mediation", "调解期限", (DISPUTES.c.mediation_due_on, DISPUTES.c.accepted_on, DISPUTES.c.case_number), in_mediation, mediation_owed),
    DutyKind("resolve_by", "化解时限", (DISPUTES.c.case_number, DISPUTES.c.document), still_open, resolve_owed),
)  # fmt: skip
SESSION_DUTIES = (
    DutyKind(
        "session", "下次调解", (SESSIONS.c.held_on, SESSIONS.c.document), any_session, session_owed,
        beside=(CaseRows(SESSIONS, ("held_on",)), _CASE),
    ),
)  # fmt: skip
AGREEMENT_DUTIES = (
    DutyKind("confirmation", "申请司法确认", (_A.confirmation_due_on, _A.effective_on, _A.document), confirmable, confirmation_owed, (_CASE,)),
    DutyKind("term", "协议履行", (_A.kind, _A.effective_on, _A.document), not_performed, terms_owed, (_CASE,)),
    DutyKind("enforcement", "申请强制执行", (_A.document,), not_performed, enforcement_owed, (_CASE,)),
    DutyKind("service", "送达调解书", (_A.effective_on, _A.document), mediated_by_authority, service_owed, (_CASE,)),
    DutyKind(
        "return_visit", "回访", (_A.performed_on,), performed, return_visit_owed,
        (_CASE, CaseRows(RETURN_VISITS, ("visited_on",))),
    ),
)  # fmt: skip
PROCEEDING_DUTIES = (
    DutyKind(
        "remedy", "救济期限", (PROCEEDINGS.c.track, PROCEEDINGS.c.decided_on, PROCEEDINGS.c.document), with_remedies,
        remedies_owed, (_CASE, CaseRows(PROCEEDINGS, ("entry_id", "track", "decided_on"))),
    ),
)  # fmt: skip
