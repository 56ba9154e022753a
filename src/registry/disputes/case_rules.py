"""What proceedings, sessions, agreements and return visits must satisfy; no database, no HTTP."""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Any

from registry.core.schemas import Irregularity
from registry.deadlines.periods import surely_over
from registry.deadlines.rules import ends_on
from registry.disputes.case_schemas import AgreementIn, Confirmation, Meeting, ProceedingIn, ReturnVisitIn, SessionIn
from registry.disputes.codes import AgreementKind, Subject
from registry.errors import Fault

CONFIRMABLE = frozenset({AgreementKind.PEOPLE_MEDIATION, AgreementKind.ORAL})
"""Kinds that a court may confirm: made by a people's mediation committee (人民调解法 §33)."""
NEEDS_MEDIATOR = frozenset(
    {AgreementKind.PEOPLE_MEDIATION, AgreementKind.LAND_AUTHORITY_MEDIATION, AgreementKind.RURAL_CONTRACT_MEDIATION}
)
"""Kinds that take effect only with the mediator's signature and the body's seal."""


def check_proceeding(data: ProceedingIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a proceeding. It may be older than the dispute's discovery: a dispute may have a long past."""
    if data.decided_on is not None and data.decided_on > today:
        yield Fault("/decided_on", "in_future", "作出日期不能晚于今天。", "Must not be after today.")
    if data.served_on is not None and (data.decided_on is None or not data.decided_on <= data.served_on <= today):
        yield Fault("/served_on", "wrong_date", "送达日期须在作出日期与今天之间。", "Between the decision and today.")


def check_session(data: SessionIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a mediation session."""
    if data.held_on > today:
        yield Fault("/held_on", "in_future", "调解日期不能晚于今天。", "Must not be after today.")
    if data.next_session_on is not None and data.next_session_on <= data.held_on:
        yield Fault("/next_session_on", "not_later", "下次调解须晚于本次。", "Must be after this session.")


def check_return_visit(data: ReturnVisitIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a return visit."""
    if data.visited_on > today:
        yield Fault("/visited_on", "in_future", "回访日期不能晚于今天。", "Must not be after today.")


def check_agreement(data: AgreementIn, today: dt.date) -> Iterator[Fault]:
    """The faults of an agreement."""
    if data.signed_on > today:
        yield Fault("/signed_on", "in_future", "签订日期不能晚于今天。", "Must not be after today.")
    if len({signatory.party for signatory in data.signatories}) < 2:  # noqa: PLR2004 - it takes two to agree
        yield Fault("/signatories", "one_party", "至少须有两方签字。", "At least two parties must sign.")
    yield from _check_signed_and_served(data, today)
    for index, term in enumerate(data.terms):
        if term.due_on is not None and term.due_on < data.signed_on:
            yield Fault(
                f"/terms/{index}/due_on", "before_signing", "履行期限早于签订日期。", "Due before it was signed."
            )
        if term.performed_on is not None and not data.signed_on <= term.performed_on <= today:
            yield Fault(f"/terms/{index}/performed_on", "wrong_date", "履行日期须在签订日期与今天之间。", "Between signing and today.")  # fmt: skip
    if data.authorised_by is not None:
        yield from _check_meeting(data.authorised_by, today)
    if data.confirmation is not None:
        yield from _check_confirmation(data, data.confirmation, today)


def _check_signed_and_served(data: AgreementIn, today: dt.date) -> Iterator[Fault]:
    for index, signatory in enumerate(data.signatories):
        if signatory.signed_on is not None and signatory.signed_on > today:
            yield Fault(
                f"/signatories/{index}/signed_on", "wrong_date", "签字日期不能晚于今天。", "Must not be after today."
            )
    if data.served_on is not None and not data.signed_on <= data.served_on <= today:
        yield Fault("/served_on", "wrong_date", "送达日期须在签订日期与今天之间。", "Between signing and today.")


def _check_meeting(meeting: Meeting, today: dt.date) -> Iterator[Fault]:
    """村委会组织法 §28."""
    at = "/authorised_by"
    if meeting.held_on > today:
        yield Fault(f"{at}/held_on", "in_future", "会议日期不能晚于今天。", "Must not be after today.")
    if meeting.published_on is not None and not meeting.held_on <= meeting.published_on <= today:
        yield Fault(
            f"{at}/published_on", "wrong_date", "公布日期须在会议与今天之间。", "Between the meeting and today."
        )
    if meeting.attended > meeting.eligible:
        yield Fault(f"{at}/attended", "too_many", "到会人数超过应到人数。", "More than are eligible.")
    elif meeting.in_favour > meeting.attended:
        yield Fault(f"{at}/in_favour", "too_many", "同意人数超过到会人数。", "More than attended.")


def _check_confirmation(data: AgreementIn, asked: Confirmation, today: dt.date) -> Iterator[Fault]:
    at = "/confirmation"
    due = confirmation_due_on(data)
    if data.subject is Subject.LAND_OWNERSHIP:
        yield Fault(at, "not_confirmable", "涉及物权确权的不得司法确认（民诉法解释第355条）。", "A court must refuse what decides who owns land.")  # fmt: skip
    elif data.kind not in CONFIRMABLE:
        yield Fault(at, "not_confirmable", "只有人民调解协议可以司法确认。", "Only a committee's agreement can be confirmed.")  # fmt: skip
    elif due is None:
        lacking = "、".join(zh for zh, _ in lacks(data.kind, data.mediator_signed, data.sealed_by))
        yield Fault(at, "not_in_effect", f"协议尚未生效，还缺{lacking}。", "The agreement is not in effect yet.")
    if not data.signed_on <= asked.applied_on <= today:
        yield Fault(f"{at}/applied_on", "wrong_date", "申请日期须在签订日期与今天之间。", "Between signing and today.")
    if (asked.decided_on is None) != (asked.result is None):
        yield Fault(f"{at}/result", "required", "裁定日期与结果须同时填写。", "The day and the result go together.")
    if asked.decided_on is not None and not asked.applied_on <= asked.decided_on <= today:
        yield Fault(
            f"{at}/decided_on", "wrong_date", "裁定日期须在申请日期与今天之间。", "Between application and today."
        )


def derived(data: AgreementIn) -> dict[str, Any]:
    """What follows from an agreement: when it took effect and was performed, until when it can be confirmed, what is irregular."""
    return {
        "effective_on": effective_on(data),
        "performed_on": performed_on(data),
        "confirmation_due_on": confirmation_due_on(data),
        "irregularities": [*irregular_agreement(data)],
    }


def irregular_agreement(data: AgreementIn) -> Iterator[Irregularity]:
    """What is true of an agreement, but not as it should be."""
    if data.authorised_by is not None:
        yield from _irregular_meeting(data.authorised_by, data.signed_on)
    due = confirmation_due_on(data)
    if data.confirmation is not None and due is not None and surely_over(due, data.confirmation.applied_on):
        yield Irregularity(
            code="too_late", pointer="/confirmation/applied_on", rule="人民调解法第三十三条",
            zh=f"司法确认须自生效起三十日内申请（至{due}）。", en=f"Confirmation was to be sought within 30 days of taking effect, by {due}.",
        )  # fmt: skip


def _irregular_meeting(meeting: Meeting, signed_on: dt.date) -> Iterator[Irregularity]:
    """村委会组织法 §28: two thirds attend, a majority of those agree; before the signing."""
    off = partial(Irregularity, rule="村委会组织法第二十八条")
    if meeting.attended * 3 < meeting.eligible * 2:
        at = "/authorised_by/attended"
        yield off(code="no_quorum", pointer=at, zh="到会不足三分之二。", en="Less than two thirds attended.")
    if meeting.in_favour * 2 <= meeting.attended:
        at = "/authorised_by/in_favour"
        yield off(code="no_majority", pointer=at, zh="同意人数未过到会半数。", en="Not a majority of those present.")
    if meeting.held_on > signed_on:
        at = "/authorised_by/held_on"
        yield off(code="after_signing", pointer=at, zh="村民会议在签订之后。", en="The meeting came after the signing.")


def lacks(kind: AgreementKind, mediator_signed: bool, sealed_by: str | None) -> list[tuple[str, str]]:
    """What an agreement of a kind needs and does not have, to take effect, in Chinese and English."""
    if kind not in NEEDS_MEDIATOR:
        return []
    missing = [] if mediator_signed else [("调解员签名", "the mediator's signature")]
    return missing if sealed_by else [*missing, ("盖章单位", "the body's seal")]


def effective_on(data: AgreementIn) -> dt.date | None:
    """When the agreement took effect by the rules of its kind; None while a signature or seal is missing."""
    if lacks(data.kind, data.mediator_signed, data.sealed_by):
        return None
    if data.kind is AgreementKind.ORAL:  # 人民调解法 §30: effective the day it is reached
        return data.signed_on
    return max([data.signed_on, *(s.signed_on for s in data.signatories if s.signed_on is not None)])


def confirmation_due_on(data: AgreementIn) -> dt.date | None:
    """The last day to apply for judicial confirmation; None where there is none to be had."""
    start = effective_on(data)
    if data.kind is AgreementKind.ORAL and data.terms and performed_on(data) == data.signed_on:
        return None  # settled on the spot: nothing is left to be confirmed
    if start is None or data.kind not in CONFIRMABLE or data.subject is Subject.LAND_OWNERSHIP:
        return None
    return ends_on("judicial_confirm_apply", start)


def performed_on(data: AgreementIn) -> dt.date | None:
    """When the last term was performed; None while any is open. Without terms, signing is performance."""
    days = [term.performed_on for term in data.terms]
    if any(day is None for day in days):
        return None
    return max([data.signed_on, *(day for day in days if day is not None)])
