"""What proceedings, sessions, agreements and return visits must satisfy, and the dates that follow."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from registry.disputes.case_rules import (
    check_agreement,
    check_proceeding,
    check_return_visit,
    check_session,
    confirmation_due_on,
    effective_on,
    irregular_agreement,
    performed_on,
)
from registry.disputes.case_schemas import (
    AgreementIn,
    Confirmation,
    Mediator,
    Meeting,
    ProceedingIn,
    ReturnVisitIn,
    SessionIn,
    Signatory,
    Term,
)
from registry.disputes.codes import AgreementKind, CourtResult, Outcome, Performance, SessionResult, Subject, Track

DISPUTE = UUID("018f0000-0000-7000-8000-000000000001")
FOUND = dt.date(2020, 2, 18)
SIGNED = dt.date(2020, 2, 24)
TODAY = dt.date(2020, 4, 30)
BEFORE, TOMORROW = dt.date(2020, 2, 17), dt.date(2020, 5, 1)
Faults = set[tuple[str, str]]


def agreement(**changes: Any) -> AgreementIn:
    """A committee's agreement over the use of land, signed and sealed on 24 February 2020."""
    fields = {
        "dispute_id": DISPUTE,
        "kind": AgreementKind.PEOPLE_MEDIATION,
        "title": "示范土地调解协议",
        "subject": Subject.LAND_USE,
        "signed_on": SIGNED,
        "signatories": [Signatory(party="甲村"), Signatory(party="乙村")],
        "mediator_signed": True,
        "sealed_by": "示范村人民调解委员会",
    }
    return AgreementIn(**{**fields, **changes})


def signed_by(*days: dt.date | None) -> list[Signatory]:
    return [Signatory(party=f"{number}村", signed_on=on) for number, on in enumerate(days)]


def meeting(**changes: Any) -> Meeting:
    return Meeting(**{"held_on": SIGNED, "eligible": 99, "attended": 66, "in_favour": 34, **changes})


def applied(on: dt.date = dt.date(2020, 3, 2), **changes: Any) -> Confirmation:
    return Confirmation(**{"applied_on": on, "court": "示范市人民法院", **changes})


def term(due: dt.date | None = None, performed: dt.date | None = None) -> Term:
    return Term(text="示范条款", due_on=due, performed_on=performed)


def agreement_off(**changes: Any) -> Faults:
    """What is accepted of an agreement, and told as irregular."""
    assert agreement_faults(**changes) == set()
    return {(each.pointer, each.code) for each in irregular_agreement(agreement(**changes))}


def agreement_faults(today: dt.date = TODAY, **changes: Any) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_agreement(agreement(**changes), today)}


def proceeding_faults(decided: dt.date | None, served: dt.date | None) -> Faults:
    data = ProceedingIn(
        dispute_id=DISPUTE,
        track=Track.ADMIN_DECISION,
        body="示范市人民政府",
        outcome=Outcome.DECIDED,
        decided_on=decided,
        served_on=served,
    )
    return {(fault.pointer, fault.code) for fault in check_proceeding(data, TODAY)}


def session_faults(held: dt.date, following: dt.date | None = None) -> Faults:
    data = SessionIn(
        dispute_id=DISPUTE,
        held_on=held,
        place="示范村委会",
        mediators=[Mediator(unit="示范镇综治办")],
        result=SessionResult.ADJOURNED,
        next_session_on=following,
    )
    return {(fault.pointer, fault.code) for fault in check_session(data, TODAY)}


def return_visit_faults(visited: dt.date) -> Faults:
    data = ReturnVisitIn(
        dispute_id=DISPUTE,
        visited_on=visited,
        visitors=[Mediator(unit="示范镇综治办")],
        performance=Performance.PARTLY,
    )
    return {(fault.pointer, fault.code) for fault in check_return_visit(data, TODAY)}


@pytest.mark.parametrize(
    ("decided", "served", "expected"),
    [
        (None, None, set()),
        (dt.date(2009, 6, 1), None, set()),
        (dt.date(2009, 6, 1), dt.date(2009, 6, 1), set()),
        (TODAY, TODAY, set()),
        (TOMORROW, None, {("/decided_on", "in_future")}),
        (None, TODAY, {("/served_on", "wrong_date")}),
        (TODAY, dt.date(2020, 4, 29), {("/served_on", "wrong_date")}),
        (TODAY, TOMORROW, {("/served_on", "wrong_date")}),
        (TOMORROW, TOMORROW, {("/decided_on", "in_future"), ("/served_on", "wrong_date")}),
    ],
)
def test_the_dates_of_a_proceeding(decided: dt.date | None, served: dt.date | None, expected: Faults) -> None:
    assert proceeding_faults(decided, served) == expected


@pytest.mark.parametrize(
    ("held", "following", "expected"),
    [
        (FOUND, None, set()),
        (TODAY, TOMORROW, set()),
        (TOMORROW, None, {("/held_on", "in_future")}),
        (SIGNED, SIGNED, {("/next_session_on", "not_later")}),
        (SIGNED, FOUND, {("/next_session_on", "not_later")}),
        (TOMORROW, TODAY, {("/held_on", "in_future"), ("/next_session_on", "not_later")}),
    ],
)
def test_the_dates_of_a_session(held: dt.date, following: dt.date | None, expected: Faults) -> None:
    assert session_faults(held, following) == expected


@pytest.mark.parametrize(("visited", "right"), [(FOUND, True), (TODAY, True), (TOMORROW, False)])
def test_a_return_visit_is_today_at_the_latest(visited: dt.date, right: bool) -> None:
    assert return_visit_faults(visited) == (set() if right else {("/visited_on", "in_future")})


def test_an_agreement_that_is_fine() -> None:
    assert agreement_faults() == set()


@pytest.mark.parametrize(("signed", "right"), [(FOUND, True), (TODAY, True), (TOMORROW, False)])
def test_an_agreement_is_signed_today_at_the_latest(signed: dt.date, right: bool) -> None:
    assert agreement_faults(signed_on=signed) == (set() if right else {("/signed_on", "in_future")})


def test_it_takes_two_to_agree() -> None:
    both = [Signatory(party="甲村", name="示范甲"), Signatory(party="甲村", name="示范乙")]
    assert agreement_faults(signatories=both) == {("/signatories", "one_party")}
    assert agreement_faults(signatories=[*both, Signatory(party="乙村")]) == set()


def test_nobody_signs_after_today() -> None:
    assert agreement_faults(signatories=signed_by(SIGNED, TOMORROW)) == {("/signatories/1/signed_on", "wrong_date")}


@pytest.mark.parametrize(
    ("due", "performed", "expected"),
    [
        (None, None, set()),
        (SIGNED, SIGNED, set()),
        (dt.date(2030, 1, 1), None, set()),
        (None, TODAY, set()),
        (FOUND, None, {("/terms/1/due_on", "before_signing")}),
        (None, FOUND, {("/terms/1/performed_on", "wrong_date")}),
        (None, TOMORROW, {("/terms/1/performed_on", "wrong_date")}),
        (FOUND, TOMORROW, {("/terms/1/due_on", "before_signing"), ("/terms/1/performed_on", "wrong_date")}),
    ],
)
def test_the_dates_of_a_term(due: dt.date | None, performed: dt.date | None, expected: Faults) -> None:
    assert agreement_faults(terms=[term(), term(due, performed)]) == expected


@pytest.mark.parametrize(
    ("eligible", "attended", "enough"),
    [
        (1, 1, True),
        (2, 1, False),
        (2, 2, True),
        (3, 1, False),
        (3, 2, True),
        (4, 2, False),
        (4, 3, True),
        (10, 6, False),
        (10, 7, True),
        (99, 65, False),
        (99, 66, True),
        (100, 66, False),
        (100, 67, True),
        (101, 67, False),
        (101, 68, True),
        (999_999, 666_665, False),
        (999_999, 666_666, True),
    ],
)
def test_two_thirds_must_attend(eligible: int, attended: int, enough: bool) -> None:
    held = meeting(eligible=eligible, attended=attended, in_favour=attended)
    expected = set() if enough else {("/authorised_by/attended", "no_quorum")}
    assert agreement_off(authorised_by=held) == expected


@pytest.mark.parametrize(
    ("attended", "in_favour", "enough"),
    [
        (66, 66, True),
        (66, 34, True),
        (66, 33, False),
        (67, 34, True),
        (67, 33, False),
        (80, 40, False),
        (80, 41, True),
        (99, 1, False),
    ],
)
def test_more_than_half_of_those_present_must_agree(attended: int, in_favour: int, enough: bool) -> None:
    held = meeting(attended=attended, in_favour=in_favour)
    expected = set() if enough else {("/authorised_by/in_favour", "no_majority")}
    assert agreement_off(authorised_by=held) == expected


@pytest.mark.parametrize(("attended", "in_favour"), [(100, 66), (66, 67), (100, 101)])
def test_no_more_attend_or_agree_than_there_are(attended: int, in_favour: int) -> None:
    found = agreement_faults(authorised_by=meeting(attended=attended, in_favour=in_favour))
    assert {code for _, code in found} == {"too_many"}


@pytest.mark.parametrize(
    ("held", "right"), [(dt.date(2019, 12, 1), True), (SIGNED, True), (dt.date(2020, 2, 25), False)]
)
def test_the_meeting_comes_before_the_signing(held: dt.date, right: bool) -> None:
    expected = set() if right else {("/authorised_by/held_on", "after_signing")}
    assert agreement_off(authorised_by=meeting(held_on=held)) == expected


@pytest.mark.parametrize(
    ("kind", "mediator", "sealed", "in_effect"),
    [
        *[
            (kind, mediator, sealed, mediator and sealed)
            for kind in (
                AgreementKind.PEOPLE_MEDIATION,
                AgreementKind.LAND_AUTHORITY_MEDIATION,
                AgreementKind.RURAL_CONTRACT_MEDIATION,
            )
            for mediator in (True, False)
            for sealed in (True, False)
        ],
        (AgreementKind.ORAL, False, False, True),
        (AgreementKind.LAND_MEDIATION, False, False, True),
    ],
)
def test_an_agreement_takes_effect_by_the_rules_of_its_kind(
    kind: AgreementKind,
    mediator: bool,
    sealed: bool,
    in_effect: bool,
) -> None:
    data = agreement(kind=kind, mediator_signed=mediator, sealed_by="示范委员会" if sealed else None)
    assert effective_on(data) == (SIGNED if in_effect else None)


@pytest.mark.parametrize(
    ("days", "effective"),
    [
        ((None, None), SIGNED),
        ((SIGNED, None), SIGNED),
        ((SIGNED, dt.date(2020, 2, 26)), dt.date(2020, 2, 26)),
        ((dt.date(2020, 2, 28), dt.date(2020, 2, 26)), dt.date(2020, 2, 28)),
    ],
)
def test_a_written_agreement_takes_effect_with_the_last_signature(
    days: tuple[dt.date | None, ...], effective: dt.date
) -> None:
    assert effective_on(agreement(signatories=signed_by(*days))) == effective


def test_an_oral_agreement_takes_effect_the_day_it_is_reached() -> None:
    """人民调解法 §30: whoever confirms the record later does not put it off."""
    data = agreement(kind=AgreementKind.ORAL, signatories=signed_by(SIGNED, dt.date(2020, 2, 27)))
    assert effective_on(data) == SIGNED


@pytest.mark.parametrize(
    ("effective", "due"),
    [
        pytest.param("2020-02-24", "2020-03-25", id="30 days"),
        pytest.param("2020-02-20", "2020-03-23", id="a Saturday"),
        pytest.param("2019-12-26", "2020-02-03", id="the Spring Festival"),
        pytest.param("2020-01-03", "2020-02-03", id="its last day but one"),
        pytest.param("2020-04-09", "2020-05-09", id="a worked Saturday"),
        pytest.param("2020-04-01", "2020-05-06", id="Labour Day"),
    ],
)
@pytest.mark.parametrize("kind", [AgreementKind.PEOPLE_MEDIATION, AgreementKind.ORAL])
def test_confirmation_is_due_in_30_days_rolled_over_holidays(kind: AgreementKind, effective: str, due: str) -> None:
    data = agreement(kind=kind, signed_on=dt.date.fromisoformat(effective))
    assert confirmation_due_on(data) == dt.date.fromisoformat(due)


def test_the_30_days_run_from_the_last_signature() -> None:
    data = agreement(signatories=signed_by(SIGNED, dt.date(2020, 2, 26)))
    assert confirmation_due_on(data) == dt.date(2020, 3, 27)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"subject": Subject.LAND_OWNERSHIP}, id="who owns land"),
        pytest.param({"subject": Subject.LAND_OWNERSHIP, "kind": AgreementKind.ORAL}, id="who owns land, oral"),
        pytest.param({"kind": AgreementKind.LAND_AUTHORITY_MEDIATION}, id="of the bureau"),
        pytest.param({"kind": AgreementKind.RURAL_CONTRACT_MEDIATION}, id="of a contract"),
        pytest.param({"kind": AgreementKind.LAND_MEDIATION}, id="a settlement"),
        pytest.param({"kind": AgreementKind.PEACE_PACT}, id="a peace pact"),
    ],
)
def test_what_cannot_be_confirmed_has_no_day_for_it_and_is_refused(changes: dict[str, Any]) -> None:
    assert confirmation_due_on(agreement(**changes)) is None
    assert agreement_faults(**changes, confirmation=applied()) == {("/confirmation", "not_confirmable")}


@pytest.mark.parametrize("subject", [each for each in Subject if each is not Subject.LAND_OWNERSHIP])
def test_everything_but_ownership_can_be_confirmed(subject: Subject) -> None:
    assert agreement_faults(subject=subject, confirmation=applied()) == set()


@pytest.mark.parametrize(("on", "codes"), [("2027-03-25", set()), ("2027-04-04", set()), ("2027-04-05", {"too_late"})])
def test_nobody_is_too_late_for_a_day_that_holidays_may_move(on: str, codes: set[str]) -> None:
    """The holidays of 2027 are not published: the thirtieth day may be moved by as many days as the longest holiday has."""
    day = dt.date.fromisoformat(on)
    data = agreement(signed_on=dt.date(2027, 2, 23), confirmation=Confirmation(applied_on=day, court="示范人民法院"))
    assert confirmation_due_on(data) == dt.date(2027, 3, 25)
    assert not list(check_agreement(data, dt.date(2027, 6, 1)))
    assert {each.code for each in irregular_agreement(data)} == codes


def test_without_a_seal_there_is_nothing_to_confirm() -> None:
    assert confirmation_due_on(agreement(sealed_by=None)) is None
    assert agreement_faults(sealed_by=None, confirmation=applied()) == {("/confirmation", "not_in_effect")}


@pytest.mark.parametrize(
    ("on", "code"),
    [
        (dt.date(2020, 2, 23), "wrong_date"),
        (SIGNED, None),
        (dt.date(2020, 3, 25), None),
        (dt.date(2020, 3, 26), "too_late"),
    ],
)
def test_confirmation_is_applied_for_between_signing_and_the_last_day(on: dt.date, code: str | None) -> None:
    expected = {("/confirmation/applied_on", code)} if code else set()
    assert (agreement_off if code == "too_late" else agreement_faults)(confirmation=applied(on)) == expected


def test_confirmation_is_applied_for_today_at_the_latest() -> None:
    assert agreement_faults(dt.date(2020, 3, 2), confirmation=applied(dt.date(2020, 3, 2))) == set()
    assert agreement_faults(dt.date(2020, 3, 1), confirmation=applied(dt.date(2020, 3, 2))) == {
        ("/confirmation/applied_on", "wrong_date")
    }


@pytest.mark.parametrize(
    ("decided", "result", "expected"),
    [
        (dt.date(2020, 3, 2), CourtResult.CONFIRMED, set()),
        (TODAY, CourtResult.REFUSED, set()),
        (None, CourtResult.CONFIRMED, {("/confirmation/result", "required")}),
        (TODAY, None, {("/confirmation/result", "required")}),
        (dt.date(2020, 3, 1), CourtResult.CONFIRMED, {("/confirmation/decided_on", "wrong_date")}),
        (TOMORROW, CourtResult.WITHDRAWN, {("/confirmation/decided_on", "wrong_date")}),
    ],
)
def test_what_the_court_said_has_its_day(decided: dt.date | None, result: CourtResult | None, expected: Faults) -> None:
    assert agreement_faults(confirmation=applied(decided_on=decided, result=result)) == expected


@pytest.mark.parametrize(
    ("terms", "performed"),
    [
        ([], SIGNED),
        ([term(performed=TODAY)], TODAY),
        ([term(performed=dt.date(2020, 3, 1)), term(performed=dt.date(2020, 3, 5))], dt.date(2020, 3, 5)),
        ([term(performed=dt.date(2020, 3, 5)), term(performed=dt.date(2020, 3, 1))], dt.date(2020, 3, 5)),
        ([term(performed=TODAY), term()], None),
        ([term(due=TODAY)], None),
    ],
)
def test_an_agreement_is_performed_with_its_last_term(terms: list[Term], performed: dt.date | None) -> None:
    assert performed_on(agreement(terms=terms)) == performed


def test_an_agreement_of_the_year_9999_is_refused_like_any_other_fault() -> None:
    found = agreement_faults(signed_on=dt.date.max, confirmation=applied())
    assert ("/signed_on", "in_future") in found
