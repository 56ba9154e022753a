"""What patients, visits and campaigns must satisfy, and when the next visit is due."""

import datetime as dt
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.validation import convert
from registry.followups.codes import (
    Adherence,
    AdverseReaction,
    AwardResult,
    CareStatus,
    Confinement,
    Diagnosis,
    Effect,
    Grade,
    HospitalStay,
    Insight,
    LostReason,
    NotSeen,
    Sex,
    Stability,
    Symptom,
    VisitForm,
    VisitorRole,
)
from registry.followups.rules import (
    alerts,
    check_campaign,
    check_next_visit,
    check_patient,
    check_stability,
    check_visit,
    is_joint,
    next_visit_due_on,
)
from registry.followups.schemas import Award, CampaignIn, PatientIn
from registry.followups.visit_schemas import Incidents, SocialFunctions, VisitIn, Visitor

TODAY = dt.date(2020, 2, 25)
BORN = dt.date(1988, 1, 1)
CARE = dt.date(2018, 5, 1)
VISITED = dt.date(2020, 2, 18)
YESTERDAY, TOMORROW = dt.date(2020, 2, 24), dt.date(2020, 2, 26)
WOMAN, MAN = "11010519491231002X", "440524188001010014"
"""The examples of GB 11643-1999 itself: born 1949-12-31 and 1880-01-01."""
STABLE, BASIC, UNSTABLE = Stability.STABLE, Stability.BASICALLY_STABLE, Stability.UNSTABLE
OFFICER, POLICE = VisitorRole.COMPREHENSIVE_GOVERNANCE_OFFICER, VisitorRole.POLICE
DOCTOR, VILLAGE_DOCTOR = VisitorRole.MENTAL_HEALTH_DOCTOR, VisitorRole.VILLAGE_DOCTOR
GRID, CADRE = VisitorRole.GRID_WORKER, VisitorRole.VILLAGE_CADRE
FUNCTIONS = SocialFunctions(
    self_care=Grade.GOOD,
    housework=Grade.GOOD,
    work=Grade.NOT_APPLICABLE,
    learning=Grade.FAIR,
    social=Grade.FAIR,
)
Faults = set[tuple[str, str]]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def patient(**changes: Any) -> PatientIn:
    """In care since May 2018, stable."""
    fields = {
        "division": "440882102204",
        "name": "示范甲",
        "sex": Sex.MALE,
        "birth_date": BORN,
        "diagnosis": Diagnosis.BIPOLAR,
        "risk_level": 0,
        "stability": STABLE,
        "in_care_since": CARE,
        "consent": True,
    }
    return PatientIn(**{**fields, **changes})


def visit(**changes: Any) -> VisitIn:
    """On 18 February 2020, by police; the patient was seen, and stable."""
    fields = {
        "patient_id": UUID("018f0000-0000-7000-8000-000000000001"),
        "visited_on": VISITED,
        "form": VisitForm.HOME,
        "team": team(VisitorRole.POLICE),
        "seen": True,
        "risk_level": 0,
        "stability": STABLE,
    }
    return VisitIn(**{**fields, **changes})


def missed(reason: NotSeen | None = NotSeen.NOT_HOME, **changes: Any) -> VisitIn:
    """The patient was not seen."""
    return visit(**{"seen": False, "not_seen_reason": reason, "risk_level": None, "stability": None, **changes})


def team(*roles: VisitorRole) -> list[Visitor]:
    return [Visitor(role=role, name="示范走访员") for role in roles]


def patient_faults(**changes: Any) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_patient(patient(**changes), TODAY)}


def visit_faults(data: VisitIn) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_visit(data, TODAY)}


def test_a_patient_who_is_fine() -> None:
    assert patient_faults() == set()


@pytest.mark.parametrize(("risk", "stability"), list(product(range(6), Stability)))
def test_the_risk_level_bounds_the_class(risk: int, stability: Stability) -> None:
    allowed = {0: {STABLE, BASIC, UNSTABLE}, 1: {BASIC, UNSTABLE}, 2: {BASIC, UNSTABLE}}.get(risk, {UNSTABLE})
    found = list(check_stability(risk, stability))
    if stability in allowed:
        assert found == []
    else:
        (fault,) = found
        assert (fault.pointer, fault.code) == ("/stability", "risk_forbids")
        assert set(fault.allowed) == allowed


@pytest.mark.parametrize(("risk", "stability"), [(3, BASIC), (1, STABLE), (5, STABLE)])
def test_the_class_of_patients_and_visits_is_checked_alike(risk: int, stability: Stability) -> None:
    expected = {("/stability", "risk_forbids")}
    assert patient_faults(risk_level=risk, stability=stability) == expected
    assert visit_faults(visit(risk_level=risk, stability=stability)) == expected


@pytest.mark.parametrize(
    ("id_number", "born", "sex", "expected"),
    [
        (MAN, "1880-01-01", Sex.MALE, set()),
        (WOMAN, "1949-12-31", Sex.FEMALE, set()),
        (WOMAN.lower(), "1949-12-31", Sex.FEMALE, set()),
        (MAN, "1880-01-01", Sex.UNKNOWN, set()),
        (WOMAN, "1949-12-31", Sex.UNSPECIFIED, set()),
        (MAN, "1880-01-02", Sex.MALE, {("/birth_date", "differs_from_id")}),
        (WOMAN, "1950-12-31", Sex.FEMALE, {("/birth_date", "differs_from_id")}),
        (MAN, "1880-01-01", Sex.FEMALE, {("/sex", "differs_from_id")}),
        (WOMAN, "1949-12-31", Sex.MALE, {("/sex", "differs_from_id")}),
        (WOMAN, "1988-01-01", Sex.MALE, {("/birth_date", "differs_from_id"), ("/sex", "differs_from_id")}),
        (None, "1988-01-01", Sex.FEMALE, set()),
    ],
)
def test_the_id_number_says_birth_and_sex(id_number: str | None, born: str, sex: Sex, expected: Faults) -> None:
    assert patient_faults(id_number=id_number, birth_date=day(born), sex=sex) == expected


@pytest.mark.parametrize(
    ("born", "since", "expected"),
    [
        (BORN, BORN, set()),
        (BORN, TODAY, set()),
        (TODAY, TODAY, set()),
        (BORN, dt.date(1987, 12, 31), {("/in_care_since", "wrong_date")}),
        (BORN, TOMORROW, {("/in_care_since", "wrong_date")}),
        (TOMORROW, TOMORROW, {("/birth_date", "in_future"), ("/in_care_since", "wrong_date")}),
    ],
)
def test_care_begins_between_birth_and_today(born: dt.date, since: dt.date, expected: Faults) -> None:
    assert patient_faults(birth_date=born, in_care_since=since) == expected


@pytest.mark.parametrize("status", CareStatus)
def test_who_is_out_of_care_left_on_a_day_and_nobody_else(status: CareStatus) -> None:
    reason = LostReason.MISSING if status is CareStatus.LOST else None
    wrong = {("/left_care_on", "left_care_on")}
    in_care = status is CareStatus.IN_CARE
    assert patient_faults(status=status, lost_reason=reason) == (set() if in_care else wrong)
    left = patient_faults(status=status, lost_reason=reason, left_care_on=YESTERDAY)
    assert left == (wrong if in_care else set())


@pytest.mark.parametrize("status", CareStatus)
def test_who_is_lost_has_a_reason_and_nobody_else(status: CareStatus) -> None:
    left = None if status is CareStatus.IN_CARE else YESTERDAY
    wrong = {("/lost_reason", "lost_reason")}
    lost = status is CareStatus.LOST
    assert patient_faults(status=status, left_care_on=left) == (wrong if lost else set())
    given_reason = patient_faults(status=status, left_care_on=left, lost_reason=LostReason.THREE_MISSES)
    assert given_reason == (set() if lost else wrong)


@pytest.mark.parametrize(
    ("left", "right"), [(CARE, True), (TODAY, True), (dt.date(2018, 4, 30), False), (TOMORROW, False)]
)
def test_care_ends_between_its_start_and_today(left: dt.date, right: bool) -> None:
    expected = set() if right else {("/left_care_on", "wrong_date")}
    assert patient_faults(status=CareStatus.MOVED, left_care_on=left) == expected


@pytest.mark.parametrize(
    ("onset", "right"),
    [
        ("2010", True),
        ("2010-05", True),
        ("2010-05-01", True),
        ("1988", True),
        ("1988-01", True),
        ("1988-01-01", True),
        ("1987", False),
        ("1987-12", False),
        ("1987-12-31", False),
        ("2020", True),
        ("2020-02", True),
        ("2020-02-25", True),
        ("2020-02-26", False),
        ("2020-03", False),
        ("2021", False),
        ("2012-02-29", True),
        ("2011-02-29", False),
        ("2010-02-30", False),
        ("2010-13", False),
        ("2010-00", False),
        ("2010-5", False),
        ("2010-05-", False),
        ("2010-05-00", False),
        ("2010-05-01T00", False),
        ("0000", False),
        ("20100501", False),
        ("10", False),
        ("", False),
        ("2010\n", False),
        ("不详", False),
        ("２０１０", False),
    ],
)
def test_the_onset_may_be_a_year_a_month_or_a_day(onset: str, right: bool) -> None:
    assert patient_faults(first_onset=onset) == (set() if right else {("/first_onset", "wrong_date")})


@pytest.mark.parametrize(
    ("born", "onset", "right"),
    [
        ("1988-01-31", "1988-01", True),
        ("1988-02-29", "1988-02", True),
        ("1988-12-31", "1988", True),
        ("1988-12-31", "1988-12", True),
        ("1988-12-31", "1988-11", False),
        ("1988-12-31", "1987", False),
    ],
)
def test_a_partial_onset_counts_to_the_last_day_that_it_may_mean(born: str, onset: str, right: bool) -> None:
    expected = set() if right else {("/first_onset", "wrong_date")}
    assert patient_faults(birth_date=day(born), first_onset=onset) == expected


@pytest.mark.parametrize(
    ("consent", "signed", "right"),
    [
        (True, None, True),
        (False, None, True),
        (True, BORN, True),
        (True, TODAY, True),
        (True, dt.date(1987, 12, 31), False),
        (True, TOMORROW, False),
        (False, YESTERDAY, False),
    ],
)
def test_consent_is_signed_between_birth_and_today(consent: bool, signed: dt.date | None, right: bool) -> None:
    expected = set() if right else {("/consented_on", "wrong_date")}
    assert patient_faults(consent=consent, consented_on=signed) == expected


@pytest.mark.parametrize(
    ("count", "last", "expected"),
    [
        (0, None, set()),
        (2, None, set()),
        (1, TODAY, set()),
        (1, BORN, set()),
        (0, YESTERDAY, {("/incident_count", "no_incidents")}),
        (1, TOMORROW, {("/last_incident_on", "wrong_date")}),
        (1, dt.date(1987, 12, 31), {("/last_incident_on", "wrong_date")}),
        (0, TOMORROW, {("/incident_count", "no_incidents"), ("/last_incident_on", "wrong_date")}),
    ],
)
def test_incidents_and_the_day_of_the_last(count: int, last: dt.date | None, expected: Faults) -> None:
    assert patient_faults(incident_count=count, last_incident_on=last) == expected


def test_there_is_one_award_a_year() -> None:
    awards = [Award(year=year, amount="2400.00", result=AwardResult.PENDING) for year in (2018, 2019, 2018)]
    assert patient_faults(awards=awards[:2]) == set()
    assert patient_faults(awards=awards) == {("/awards", "repeated_year")}


def test_all_faults_of_a_patient_are_told_at_once() -> None:
    found = patient_faults(
        risk_level=3,
        status=CareStatus.LOST,
        in_care_since=TOMORROW,
        first_onset="?",
        id_number=WOMAN,
    )
    assert found == {
        ("/stability", "risk_forbids"),
        ("/left_care_on", "left_care_on"),
        ("/lost_reason", "lost_reason"),
        ("/in_care_since", "wrong_date"),
        ("/first_onset", "wrong_date"),
        ("/birth_date", "differs_from_id"),
        ("/sex", "differs_from_id"),
    }


@pytest.mark.parametrize(
    "data",
    [
        visit(),
        visit(visited_on=TODAY),
        visit(visited_on=CARE),
        visit(next_visit_on=dt.date(2020, 2, 19)),
        visit(hospital_stay=HospitalStay.PAST, discharged_on=VISITED),
        visit(hospital_stay=HospitalStay.PAST, discharged_on=BORN),
        visit(hospital_stay=HospitalStay.CURRENT),
        missed(),
        missed(next_visit_on=dt.date(2020, 2, 19)),
        missed(NotSeen.IN_HOSPITAL, hospital_stay=HospitalStay.CURRENT),
        missed(NotSeen.DECEASED, died_on=VISITED),
        missed(NotSeen.DECEASED, died_on=BORN),
    ],
)
def test_visits_that_are_fine(data: VisitIn) -> None:
    assert visit_faults(data) == set()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (visit(visited_on=TOMORROW), {("/visited_on", "in_future")}),
        (visit(risk_level=None), {("/risk_level", "required")}),
        (visit(stability=None), {("/stability", "required")}),
        (visit(risk_level=None, stability=None), {("/risk_level", "required"), ("/stability", "required")}),
        (visit(not_seen_reason=NotSeen.REFUSED), {("/not_seen_reason", "was_seen")}),
        (visit(died_on=VISITED), {("/died_on", "died_on")}),
        (visit(next_visit_on=VISITED), {("/next_visit_on", "not_later")}),
        (visit(next_visit_on=CARE), {("/next_visit_on", "not_later")}),
        (visit(hospital_stay=HospitalStay.PAST), {("/discharged_on", "discharged_on")}),
        (visit(discharged_on=VISITED), {("/discharged_on", "discharged_on")}),
        (
            visit(hospital_stay=HospitalStay.NONE, discharged_on=VISITED),
            {("/discharged_on", "discharged_on")},
        ),
        (
            visit(hospital_stay=HospitalStay.CURRENT, discharged_on=VISITED),
            {("/discharged_on", "discharged_on")},
        ),
        (
            visit(hospital_stay=HospitalStay.PAST, discharged_on=dt.date(2020, 2, 19)),
            {("/discharged_on", "wrong_date")},
        ),
        (missed(None), {("/not_seen_reason", "required")}),
        (missed(NotSeen.DECEASED), {("/died_on", "died_on")}),
        (missed(died_on=VISITED), {("/died_on", "died_on")}),
        (missed(NotSeen.DECEASED, died_on=dt.date(2020, 2, 19)), {("/died_on", "wrong_date")}),
        (
            missed(NotSeen.DECEASED, died_on=VISITED, next_visit_on=TODAY),
            {("/next_visit_on", "died_on")},
        ),
        (
            missed(NotSeen.DECEASED, visited_on=TOMORROW, died_on=TOMORROW),
            {("/visited_on", "in_future"), ("/died_on", "wrong_date")},
        ),
    ],
)
def test_visits_that_are_not(data: VisitIn, expected: Faults) -> None:
    assert visit_faults(data) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("risk_level", 0),
        ("stability", STABLE),
        ("symptoms", [Symptom.HALLUCINATION]),
        ("insight", Insight.FULL),
        ("sleep", Grade.GOOD),
        ("diet", Grade.GOOD),
        ("functions", FUNCTIONS),
        ("incidents", Incidents()),
        ("lab_tested", False),
        ("adherence", Adherence.REGULAR),
        ("adverse_reaction", AdverseReaction.NONE),
        ("adverse_reaction_note", "示范"),
        ("effect", Effect.IMPROVED),
        ("serious_physical_illness", False),
    ],
)
def test_of_a_patient_who_was_not_seen_nothing_clinical_is_recorded(name: str, value: object) -> None:
    assert visit_faults(missed(**{name: value})) == {(f"/{name}", "not_seen")}


@pytest.mark.parametrize("reason", NotSeen)
def test_only_the_deceased_have_a_day_of_death(reason: NotSeen) -> None:
    dead = reason is NotSeen.DECEASED
    wrong = {("/died_on", "died_on")}
    assert visit_faults(missed(reason)) == (wrong if dead else set())
    assert visit_faults(missed(reason, died_on=VISITED)) == (set() if dead else wrong)


@pytest.mark.parametrize(
    ("stability", "before", "visited", "due"),
    [
        (UNSTABLE, None, "2020-02-18", "2020-03-03"),
        (UNSTABLE, UNSTABLE, "2020-02-18", "2020-03-03"),
        (UNSTABLE, BASIC, "2020-02-18", "2020-03-03"),
        (UNSTABLE, STABLE, "2020-02-18", "2020-03-03"),
        (BASIC, None, "2020-02-18", "2020-03-03"),
        (BASIC, UNSTABLE, "2020-02-18", "2020-03-03"),
        (BASIC, STABLE, "2020-02-18", "2020-03-03"),
        (BASIC, BASIC, "2020-02-18", "2020-03-18"),
        (STABLE, None, "2020-02-18", "2020-05-18"),
        (STABLE, UNSTABLE, "2020-02-18", "2020-05-18"),
        (STABLE, BASIC, "2020-02-18", "2020-05-18"),
        (STABLE, STABLE, "2020-02-18", "2020-05-18"),
        (UNSTABLE, None, "2020-12-25", "2021-01-08"),
        (UNSTABLE, None, "2020-02-20", "2020-03-05"),
        (BASIC, BASIC, "2020-01-31", "2020-02-29"),
        (BASIC, BASIC, "2019-01-31", "2019-02-28"),
        (BASIC, BASIC, "2020-03-31", "2020-04-30"),
        (BASIC, BASIC, "2020-12-31", "2021-01-31"),
        (STABLE, None, "2019-11-30", "2020-02-29"),
        (STABLE, None, "2020-11-30", "2021-02-28"),
        (STABLE, None, "2020-11-29", "2021-02-28"),
        (STABLE, None, "2020-01-31", "2020-04-30"),
        (STABLE, None, "2020-10-01", "2021-01-01"),
    ],
)
def test_when_the_next_visit_is_due(stability: Stability, before: Stability | None, visited: str, due: str) -> None:
    data = visit(visited_on=day(visited), stability=stability)
    assert next_visit_due_on(data, before) == day(due)


def test_the_rule_does_not_move_off_days_of_rest() -> None:
    """A visit is due by that day at the latest; the law's way of counting periods is not for visits."""
    saturday = next_visit_due_on(visit(visited_on=day("2020-02-15"), stability=UNSTABLE), None)
    assert saturday == day("2020-02-29")


@pytest.mark.parametrize("before", [None, *Stability])
@pytest.mark.parametrize("reason", NotSeen)
def test_who_was_not_seen_is_visited_again_in_14_days_unless_dead(reason: NotSeen, before: Stability | None) -> None:
    expected = None if reason is NotSeen.DECEASED else day("2020-03-03")
    assert next_visit_due_on(missed(reason), before) == expected


@given(
    visited=st.dates(dt.date(2011, 4, 25), dt.date(2200, 12, 31)),
    stability=st.sampled_from(Stability),
    before=st.none() | st.sampled_from(Stability),
    reason=st.none() | st.sampled_from(NotSeen),
)
def test_the_next_visit_is_always_after_this_one_and_within_three_months(
    visited: dt.date, stability: Stability, before: Stability | None, reason: NotSeen | None
) -> None:
    data = visit(stability=stability) if reason is None else missed(reason)
    data.visited_on = visited
    due = next_visit_due_on(data, before)
    assert (due is None) == (reason is NotSeen.DECEASED)
    assert due is None or dt.timedelta(14) <= due - visited <= dt.timedelta(92)


@pytest.mark.parametrize("stability", Stability)
def test_a_visit_dated_at_the_end_of_the_calendar_has_none_after_it(stability: Stability) -> None:
    """The date is refused by check_visit; the rule, which is asked first, must not break on it."""
    assert next_visit_due_on(visit(visited_on=dt.date.max, stability=stability), stability) is None


@pytest.mark.parametrize(
    ("chosen", "reason", "expected"),
    [
        (None, None, set()),
        (day("2020-05-18"), None, set()),
        (day("2020-03-18"), "家属要求", set()),
        (day("2020-05-18"), "家属要求", set()),
        (day("2020-03-18"), None, {("/next_visit_reason", "required")}),
        (day("2020-05-19"), None, {("/next_visit_reason", "required")}),
    ],
)
def test_another_day_than_the_rules_needs_a_reason(
    chosen: dt.date | None, reason: str | None, expected: Faults
) -> None:
    data = visit(next_visit_on=chosen, next_visit_reason=reason)
    found = {(fault.pointer, fault.code) for fault in check_next_visit(data, day("2020-05-18"))}
    assert found == expected


@pytest.mark.parametrize(
    ("risk", "roles", "joint"),
    [
        (0, [POLICE], False),
        (0, [DOCTOR], False),
        (0, [POLICE, POLICE], False),
        (0, [GRID, CADRE], False),
        (0, [GRID, CADRE, OFFICER, VisitorRole.VOLUNTEER], False),
        (0, [GRID, POLICE], True),
        (0, [GRID, DOCTOR], True),
        (0, [GRID, VILLAGE_DOCTOR], True),
        (0, [DOCTOR, VILLAGE_DOCTOR], True),
        (0, [DOCTOR, DOCTOR], False),
        (0, [POLICE, DOCTOR], True),
        (2, [GRID, DOCTOR], True),
        (2, [GRID, POLICE], True),
        (3, [GRID, DOCTOR], False),
        (3, [DOCTOR, VILLAGE_DOCTOR, CADRE], False),
        (3, [GRID, POLICE], True),
        (3, [POLICE, POLICE], False),
        (5, [OFFICER, POLICE, DOCTOR], True),
        (5, [OFFICER, DOCTOR, CADRE], False),
        (None, [GRID, DOCTOR], True),
        (None, [GRID, POLICE], True),
        (None, [GRID, CADRE], False),
    ],
)
def test_a_joint_visit_has_two_roles_with_police_or_doctor_and_from_level_3_police(
    risk: int | None,
    roles: list[VisitorRole],
    joint: bool,
) -> None:
    assert is_joint(visit(risk_level=risk, team=team(*roles))) is joint


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"confinement": Confinement.NONE}, []),
        ({"confinement": Confinement.RELEASED}, []),
        ({"confinement": Confinement.CONFINED}, ["confined"]),
        ({"incidents": Incidents()}, []),
        ({"incidents": Incidents(minor=9, disturbance=9, other_harm=9, self_harm=9)}, []),
        ({"incidents": Incidents(serious=1)}, ["serious_incident", "risk_too_low"]),
        ({"incidents": Incidents(suicide_attempt=1)}, ["serious_incident", "risk_too_low"]),
        ({"incidents": Incidents(serious=1), "risk_level": 3}, ["serious_incident", "risk_too_low"]),
        ({"incidents": Incidents(serious=1), "risk_level": 4}, ["serious_incident"]),
        ({"incidents": Incidents(suicide_attempt=1), "risk_level": 5}, ["serious_incident"]),
        (
            {"incidents": Incidents(serious=1), "confinement": Confinement.CONFINED},
            ["confined", "serious_incident", "risk_too_low"],
        ),
    ],
)
def test_what_the_office_must_see_to_at_once(changes: dict[str, Any], expected: list[str]) -> None:
    assert alerts(visit(**changes)) == expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (None, set()),
        (TODAY, set()),
        (TOMORROW, set()),
        (YESTERDAY, {("/ends_on", "ends_before_start")}),
    ],
)
def test_a_drive_ends_no_earlier_than_it_starts(ends: dt.date | None, expected: Faults) -> None:
    data = CampaignIn(name="示范专项行动", starts_on=TODAY, divisions=["440882102"], ends_on=ends)
    assert {(fault.pointer, fault.code) for fault in check_campaign(data)} == expected


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"death_cause": "accident", "died_on": "2020-02-10", "not_seen_reason": "deceased"}, set()),
        ({"death_cause": "physical_illness", "death_illness": "heart", "died_on": "2020-02-10", "not_seen_reason": "deceased"}, set()),
        ({"death_cause": "accident", "not_seen_reason": "not_home"}, {("/death_cause", "died_on")}),
        ({"death_cause": "accident", "death_illness": "heart", "died_on": "2020-02-10", "not_seen_reason": "deceased"},
         {("/death_illness", "death_cause")}),
        ({"rehabilitation": ["social"], "not_seen_reason": "not_home"}, {("/rehabilitation", "not_seen")}),
    ],
)  # fmt: skip
def test_the_cause_of_death_and_rehabilitation_are_those_of_the_national_form(
    more: Any, told: set[tuple[str, str]]
) -> None:
    sent = {"patient_id": "018f0000-0000-7000-8000-000000000001", "visited_on": "2020-02-18", "form": "home", "seen": False,
            "team": [{"role": "police", "name": "示范戊"}], **more}  # fmt: skip
    data = convert(sent, VisitIn)
    found = check_visit(data, dt.date(2020, 3, 1))
    assert {(fault.pointer, fault.code) for fault in found} == told
