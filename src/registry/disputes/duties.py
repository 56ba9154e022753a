"""What is owed in disputes: mediation in time, terms performed, remedies before they lapse; no database, no HTTP.

A right that lapses (失权) is told of until its last day and not after; a duty stays until it is done.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row

from registry.access.duties import Duty, Others, Owed, Window
from registry.deadline_rules import current, ends_on
from registry.deadlines import add_days
from registry.disputes.models import (
    AGREEMENTS,
    DISPUTES,
    PENDING,
    PROCEEDINGS,
    RETURN_VISITS,
    SESSIONS,
    AgreementKind,
    CourtResult,
    Outcome,
    Track,
)

LOOK_BACK = 400
"""Days after which a performed agreement, a session or a decision is no longer looked at: every period from it is over."""
UNDECIDED = frozenset({Outcome.PENDING, Outcome.WITHDRAWN, Outcome.MEDIATED})
"""Outcomes against which there is no remedy."""
REMEDIES: dict[Track, tuple[tuple[str, bool], ...]] = {
    Track.ADMIN_DECISION: (("land_decision_sue", True), ("reconsider_apply", True)),
    Track.RECONSIDERATION: (("reconsider_then_sue", False),),
    Track.FIRST_INSTANCE: (("appeal_judgment", False),),
    Track.ARBITRATION: (("rural_arb_sue", False),),
    Track.PETITION: (("petition_review", False),),
}
"""By track: the rules that run from service, and whether a question of law stands between. Whether a decision must go to
reconsideration before court (复议前置, 行政复议法 §23) is such a question; so is whether a dismissal was a ruling or a judgment.
"""
DISMISSED = (("appeal_judgment", True), ("appeal_ruling", True))
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


def held_lately(window: Window) -> Sequence[ColumnElement[bool]]:
    """Sessions of the last year or so."""
    return (SESSIONS.c.held_on >= add_days(window.on, -LOOK_BACK),)


def session_owed(row: Row[Any], others: Others, _window: Window) -> Iterator[Owed]:
    """The next session that was agreed on, until one is held or the dispute is over."""
    told = msgspec.json.decode(row.document, type=_Session)
    sessions, disputes = others
    later = any(session.held_on > row.held_on for session in sessions)
    over = any(dispute.ended_on is not None for dispute in disputes)
    if told.next_session_on is not None and not later and not over:
        yield Owed("next_session", told.next_session_on, f"下次调解 {told.place}")


def confirmable(window: Window) -> Sequence[ColumnElement[bool]]:
    """Agreements that may still be taken to the court for confirmation."""
    return AGREEMENTS.c.confirmation_due_on >= window.on, AGREEMENTS.c.confirmation_due_on <= window.before


def confirmation_owed(row: Row[Any], _others: Others, _window: Window) -> Iterator[Owed]:
    """Judicial confirmation (人民调解法 §33), until applied for. Columns leave out what the law does not allow."""
    told = msgspec.json.decode(row.document, type=_Agreement)
    if told.confirmation is None:
        yield Owed("judicial_confirm_apply", row.confirmation_due_on, f"申请司法确认 {told.label}", row.effective_on)


def not_performed(_window: Window) -> Sequence[ColumnElement[bool]]:
    """Agreements with terms that are open."""
    return (AGREEMENTS.c.performed_on.is_(None),)


def terms_owed(row: Row[Any], _others: Others, _window: Window) -> Iterator[Owed]:
    """Each term that has a day and was not performed."""
    told = msgspec.json.decode(row.document, type=_Agreement)
    for index, term in enumerate(told.terms):
        if term.due_on is not None and term.performed_on is None:
            yield Owed("agreement_term", term.due_on, f"协议第{index + 1}项到期 {told.label}", part=str(index))


def enforcement_owed(row: Row[Any], _others: Others, window: Window) -> Iterator[Owed]:
    """Two years to ask for enforcement of a confirmed agreement, from its last day of performance; it may be suspended."""
    told = msgspec.json.decode(row.document, type=_Agreement)
    days = [term.due_on for term in told.terms if term.due_on is not None and term.performed_on is None]
    confirmed = told.confirmation is not None and told.confirmation.result is CourtResult.CONFIRMED
    ends = ends_on("enforcement_apply", max(days)) if confirmed and days else None
    if ends is not None and ends >= window.on:
        yield Owed("enforcement_apply", ends, f"申请强制执行 {told.label}", max(days), candidate=True)


def mediated_by_authority(window: Window) -> Sequence[ColumnElement[bool]]:
    """Agreements made before the land authority (土地权属争议调解书) that took effect lately."""
    lately = AGREEMENTS.c.effective_on >= add_days(window.on, -LOOK_BACK)
    return AGREEMENTS.c.kind == AgreementKind.LAND_AUTHORITY_MEDIATION, lately


def service_owed(row: Row[Any], _others: Others, window: Window) -> Iterator[Owed]:
    """15 days to serve it (办法 §26). The register does not say whether it was served: a candidate."""
    told = msgspec.json.decode(row.document, type=_Agreement)
    ends = ends_on("land_serve_mediation", row.effective_on)
    if ends is not None and ends >= window.on:
        yield Owed("land_serve_mediation", ends, f"送达调解书 {told.label}", row.effective_on, candidate=True)


def performed_lately(window: Window) -> Sequence[ColumnElement[bool]]:
    """Agreements performed in the last year or so."""
    return (AGREEMENTS.c.performed_on >= add_days(window.on, -LOOK_BACK),)


def return_visit_owed(row: Row[Any], others: Others, _window: Window) -> Iterator[Owed]:
    """A return visit after performance, as the office is used to."""
    if all(visit.visited_on < row.performed_on for visit in others[0]):
        told = msgspec.json.decode(row.document, type=_Agreement)
        due_on = current("return_visit").ends(row.performed_on)
        yield Owed("return_visit", due_on, f"履行后回访 {told.label}", row.performed_on)


def decided_lately(window: Window) -> Sequence[ColumnElement[bool]]:
    """Decisions of the last year or so, on tracks that have a remedy."""
    return PROCEEDINGS.c.track.in_(sorted(REMEDIES)), PROCEEDINGS.c.decided_on >= add_days(window.on, -LOOK_BACK)


def remedies_owed(row: Row[Any], others: Others, window: Window) -> Iterator[Owed]:
    """Each remedy against a decision that was served, until it was taken or lapses."""
    told, track = msgspec.json.decode(row.document, type=_Proceeding), Track(row.track)
    if told.served_on is None or told.outcome in UNDECIDED or _taken(row, track, others[0]):
        return
    dismissed = track is Track.FIRST_INSTANCE and told.outcome is Outcome.DISMISSED
    for rule, candidate in DISMISSED if dismissed else REMEDIES[track]:
        ends = ends_on(rule, told.served_on)
        if ends is not None and ends >= window.on:
            title = f"{current(rule).name} {told.document_number or told.body}"
            yield Owed(rule, ends, title, told.served_on, part=rule, candidate=candidate)


def _taken(row: Row[Any], track: Track, proceedings: Sequence[Row[Any]]) -> bool:
    """Whether a proceeding of the case shows that the remedy was taken: one that is pending, or was decided since."""
    later = (each for each in proceedings if each.track in FOLLOWS[track] and each.entry_id != row.entry_id)
    return any(each.decided_on is None or each.decided_on > row.decided_on for each in later)


class _Dispute(msgspec.Struct):
    resolve_by: dt.date | None


class _Session(msgspec.Struct):
    place: str
    next_session_on: dt.date | None


class _Term(msgspec.Struct):
    due_on: dt.date | None
    performed_on: dt.date | None


class _Confirmation(msgspec.Struct):
    result: CourtResult | None


class _Agreement(msgspec.Struct):
    title: str
    number: str | None
    terms: list[_Term]
    confirmation: _Confirmation | None

    @property
    def label(self) -> str:
        return self.number or self.title


class _Proceeding(msgspec.Struct):
    body: str
    outcome: Outcome
    document_number: str | None
    served_on: dt.date | None


_A = AGREEMENTS.c

DISPUTE_DUTIES = (
    Duty("mediation", "调解期限", (DISPUTES.c.mediation_due_on, DISPUTES.c.accepted_on, DISPUTES.c.case_number), in_mediation, mediation_owed),
    Duty("resolve_by", "化解时限", (DISPUTES.c.case_number, DISPUTES.c.document), still_open, resolve_owed),
)  # fmt: skip
SESSION_DUTIES = (
    Duty(
        "session", "下次调解", (SESSIONS.c.held_on, SESSIONS.c.document), held_lately, session_owed,
        beside=((SESSIONS, ("held_on",)), (DISPUTES, ("ended_on",))),
    ),
)  # fmt: skip
AGREEMENT_DUTIES = (
    Duty("confirmation", "申请司法确认", (_A.confirmation_due_on, _A.effective_on, _A.document), confirmable, confirmation_owed),
    Duty("term", "协议履行", (_A.document,), not_performed, terms_owed),
    Duty("enforcement", "申请强制执行", (_A.document,), not_performed, enforcement_owed),
    Duty("service", "送达调解书", (_A.effective_on, _A.document), mediated_by_authority, service_owed),
    Duty(
        "return_visit", "回访", (_A.performed_on, _A.document), performed_lately, return_visit_owed,
        beside=((RETURN_VISITS, ("visited_on",)),),
    ),
)  # fmt: skip
PROCEEDING_DUTIES = (
    Duty(
        "remedy", "救济期限", (PROCEEDINGS.c.track, PROCEEDINGS.c.decided_on, PROCEEDINGS.c.document), decided_lately,
        remedies_owed, beside=((PROCEEDINGS, ("entry_id", "track", "decided_on")),),
    ),
)  # fmt: skip
