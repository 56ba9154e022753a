"""What a dispute and its moves must satisfy, and the dates that follow from the moves."""

import datetime as dt
from itertools import product
from typing import Any

import pytest

from registry.disputes.codes import CATEGORIES, LAND_CATEGORIES, Cause, DisputeKind, FoundBy, PartyKind, Scale, Stage
from registry.disputes.rules import (
    Standing,
    accepted_on,
    check_dispute,
    check_move,
    check_parcels,
    ended_on,
    is_overdue,
    mediation_due_on,
    settled_on,
)
from registry.disputes.schemas import (
    Contact,
    DisputeIn,
    Move,
    MultiPolygonGeometry,
    Party,
    PartyPerson,
    PointGeometry,
    PolygonGeometry,
    Response,
    TaskForce,
)

TODAY = dt.date(2020, 2, 25)
FOUND = dt.date(2020, 2, 18)
Faults = set[tuple[str, str]]

ALLOWED = {
    "reported": "accepted referred withdrawn",
    "accepted": "mediating referred withdrawn",
    "mediating": "agreed failed withdrawn",
    "agreed": "performed mediating",
    "performed": "closed",
    "failed": "referred mediating",
    "referred": "closed mediating",
    "closed": "mediating",
    "withdrawn": "mediating",
}
"""Which stage may follow which, written out a second time."""
AGREED = ["accepted 2020-01-02", "mediating 2020-01-03", "agreed 2020-01-06"]
CLOSED = [*AGREED, "performed 2020-01-07", "closed 2020-01-08"]
BREACHED = [*AGREED, "mediating 2020-02-03"]
SQUARE = [(110.0, 20.9), (110.1, 20.9), (110.1, 21.0), (110.0, 20.9)]
PERSON = PartyPerson(name="示范甲")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def february(number: int) -> dt.date:
    return dt.date(2020, 2, number)


def dispute(**changes: Any) -> DisputeIn:
    """Between two villages, found on 18 February 2020."""
    fields = {
        "division": "440882102204",
        "title": "甲村与乙村涉土纠纷",
        "kind": DisputeKind.OWNERSHIP,
        "category": "0999",
        "cause": Cause.HISTORICAL_CLAIM,
        "scale": Scale.MASS_GENERAL,
        "people_involved": 20,
        "discovered_on": FOUND,
        "found_by": FoundBy.ON_SITE,
        "parties": [Party(kind=PartyKind.VILLAGE, name="甲村"), Party(kind=PartyKind.VILLAGE, name="乙村")],
    }
    return DisputeIn(**{**fields, **changes})


def with_party(**fields: Any) -> DisputeIn:
    return dispute(parties=[Party(kind=PartyKind.VILLAGE, name="甲村"), Party(**fields)])


def faults(today: dt.date = TODAY, **changes: Any) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_dispute(dispute(**changes), today)}


def party_faults(**fields: Any) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_dispute(with_party(**fields), TODAY)}


def standing(stage: str, **changes: Any) -> Standing:
    """Since 20 February, with an agreement in effect and all performed."""
    fields = {"stage": Stage(stage), "since": february(20), "effective_agreement_on": february(20), "terms_open": 0}
    return Standing(**{**fields, **changes})


def move(to: str, on: dt.date = TODAY, **changes: Any) -> Move:
    """With a reason and an authority, so that neither is wanting."""
    return Move(**{"to": Stage(to), "on": on, "reason": "示范理由", "referred_to": "示范自然资源局", **changes})


def move_faults(now: Standing, step: Move) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_move(now, step, TODAY)}


def history(*steps: str) -> list[Move]:
    """Moves, each written as `agreed 2020-02-24`."""
    return [move(stage, day(on)) for stage, on in (step.split() for step in steps)]


def test_a_dispute_that_is_fine() -> None:
    assert faults() == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"discovered_on": TODAY}, set()),
        ({"discovered_on": february(26)}, {("/discovered_on", "in_future")}),
        ({"category": "09"}, set()),
        ({"category": "0905"}, {("/category", "unknown_category")}),
        ({"category": "17"}, {("/category", "unknown_category")}),
        ({"since_year": 2020}, set()),
        ({"since_year": 1900}, set()),
        ({"since_year": 2021}, {("/since_year", "wrong_year")}),
        ({"since_year": 1899}, {("/since_year", "wrong_year")}),
        ({"since_year": -(10**30)}, {("/since_year", "wrong_year")}),
        ({"resolve_by": FOUND}, set()),
        ({"resolve_by": february(17)}, {("/resolve_by", "before_discovery")}),
        ({"resolve_by": dt.date(2021, 1, 1)}, set()),
        ({"response": Response(arrived_on=FOUND, units=["示范派出所"])}, set()),
        ({"response": Response(arrived_on=TODAY, units=["示范派出所"])}, set()),
        (
            {"response": Response(arrived_on=february(17), units=["示范派出所"])},
            {("/response/arrived_on", "wrong_date")},
        ),
        (
            {"response": Response(arrived_on=february(26), units=["示范派出所"])},
            {("/response/arrived_on", "wrong_date")},
        ),
        ({"geometry": PointGeometry(coordinates=(110.0, 20.9))}, set()),
        (
            {"discovered_on": february(26), "category": "0000", "resolve_by": february(1)},
            {
                ("/discovered_on", "in_future"),
                ("/category", "unknown_category"),
                ("/resolve_by", "before_discovery"),
            },
        ),
    ],
)
def test_the_faults_of_a_dispute(changes: dict[str, Any], expected: Faults) -> None:
    assert faults(**changes) == expected


@pytest.mark.parametrize("category", sorted(LAND_CATEGORIES))
def test_every_land_category_is_a_category(category: str) -> None:
    assert category in CATEGORIES
    assert faults(category=category) == set()


def test_every_second_level_category_has_its_first_level() -> None:
    assert {code[:2] for code in CATEGORIES} <= set(CATEGORIES)
    assert {len(code) for code in CATEGORIES} == {2, 4}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (FOUND, None, set()),
        (february(20), february(20), set()),
        (february(20), february(24), set()),
        (february(17), None, {("/task_force/stationed_from", "before_discovery")}),
        (february(20), february(19), {("/task_force/stationed_to", "ends_before_start")}),
    ],
)
def test_the_days_of_a_work_team(first: dt.date, last: dt.date | None, expected: Faults) -> None:
    team = TaskForce(
        lead_unit="示范政法委",
        leader="副书记",
        stationed_at="客路镇",
        stationed_from=first,
        stationed_to=last,
    )
    assert faults(task_force=team) == expected


@pytest.mark.parametrize("kind", [PartyKind.VILLAGE, PartyKind.ORGANISATION])
def test_a_village_or_organisation_has_a_name(kind: PartyKind) -> None:
    assert party_faults(kind=kind, name="乙村", representative=Contact(name="示范乙")) == set()
    assert party_faults(kind=kind) == {("/parties/1/name", "required")}


@pytest.mark.parametrize("kind", [PartyKind.HOUSEHOLD, PartyKind.PERSON])
def test_a_household_or_person_has_a_person_and_no_public_name(kind: PartyKind) -> None:
    assert party_faults(kind=kind, person=PERSON) == set()
    assert party_faults(kind=kind) == {("/parties/1/person", "required")}
    assert party_faults(kind=kind, person=PERSON, name="示范甲") == {("/parties/1/name", "personal_name")}
    assert party_faults(kind=kind, name="示范甲") == {
        ("/parties/1/person", "required"),
        ("/parties/1/name", "personal_name"),
    }


def land(*parcels: Any) -> set[tuple[str, str]]:
    geometry = (
        PolygonGeometry(coordinates=parcels[0])
        if len(parcels) == 1
        else MultiPolygonGeometry(coordinates=list(parcels))
    )
    return {(fault.pointer, fault.code) for fault in check_parcels(geometry)}


HOLE = [(110.08, 20.92), (110.09, 20.92), (110.09, 20.93), (110.08, 20.92)]
BOW_TIE = [(110.0, 20.0), (110.1, 20.1), (110.1, 20.0), (110.0, 20.1), (110.0, 20.0)]
FLAT = [(110.0, 20.0), (110.1, 20.0), (110.2, 20.0), (110.0, 20.0)]
AT = "/geometry/coordinates"


def test_rings_must_be_closed() -> None:
    opened = [*SQUARE[:-1], (110.2, 20.8)]
    assert land([SQUARE]) == set()
    assert land([SQUARE, opened]) == {(f"{AT}/1", "open_ring")}
    assert land([opened, SQUARE, opened]) == {(f"{AT}/0", "open_ring"), (f"{AT}/2", "open_ring")}
    assert land([SQUARE], [opened]) == {(f"{AT}/1/0", "open_ring")}


def test_a_parcel_has_an_area_and_a_line_that_does_not_cross_itself() -> None:
    assert land([BOW_TIE]) == {(AT, "crosses_itself")}
    assert land([FLAT]) == {(AT, "no_area")}
    assert land([[SQUARE[0]] * 4]) == {(AT, "no_area")}
    assert land([SQUARE], [BOW_TIE], [FLAT]) == {(f"{AT}/1", "crosses_itself"), (f"{AT}/2", "no_area")}
    assert land([SQUARE, HOLE]) == set()


@pytest.mark.parametrize(("stage", "to"), list(product(Stage, Stage)))
def test_a_move_is_allowed_exactly_where_the_table_says(stage: Stage, to: Stage) -> None:
    allowed = ALLOWED[stage].split()
    expected = set() if to in allowed else {("/to", "forbidden_move")}
    assert move_faults(standing(stage), move(to)) == expected


@pytest.mark.parametrize("stage", Stage)
def test_a_forbidden_move_names_the_moves_that_are_allowed(stage: Stage) -> None:
    (fault,) = check_move(standing(stage), move(stage), TODAY)
    assert sorted(fault.allowed) == sorted(ALLOWED[stage].split())


def test_every_stage_can_be_reached_and_left() -> None:
    reached = {to for allowed in ALLOWED.values() for to in allowed.split()}
    assert reached | {"reported"} == set(Stage) == set(ALLOWED)


@pytest.mark.parametrize(
    ("on", "right"),
    [(february(19), False), (february(20), True), (february(24), True), (TODAY, True), (february(26), False)],
)
def test_a_move_is_dated_between_the_one_before_and_today(on: dt.date, right: bool) -> None:
    expected = set() if right else {("/on", "wrong_date")}
    assert move_faults(standing("accepted"), move("mediating", on)) == expected


@pytest.mark.parametrize("stage", ["closed", "withdrawn", "referred"])
def test_reopening_needs_a_reason(stage: str) -> None:
    assert move_faults(standing(stage), move("mediating", reason=None)) == {("/reason", "required")}
    assert move_faults(standing(stage), move("mediating")) == set()


@pytest.mark.parametrize("stage", ["accepted", "failed", "agreed"])
def test_mediating_what_has_not_ended_needs_none(stage: str) -> None:
    assert move_faults(standing(stage), move("mediating", reason=None)) == set()


@pytest.mark.parametrize("stage", ["reported", "accepted", "failed"])
def test_a_referral_needs_the_authority_it_goes_to(stage: str) -> None:
    assert move_faults(standing(stage), move("referred", referred_to=None)) == {("/referred_to", "required")}
    assert move_faults(standing(stage), move("referred")) == set()


@pytest.mark.parametrize(
    ("effective", "right"),
    [(None, False), (february(21), True), (february(24), True), (TODAY, False)],
)
def test_agreed_needs_an_agreement_in_effect_on_that_day(effective: dt.date | None, right: bool) -> None:
    now = standing("mediating", effective_agreement_on=effective)
    expected = set() if right else {("/to", "no_agreement")}
    assert move_faults(now, move("agreed", february(24))) == expected


def test_performed_needs_every_term_performed() -> None:
    assert move_faults(standing("agreed", terms_open=1), move("performed")) == {("/to", "not_performed")}
    assert move_faults(standing("agreed", terms_open=0), move("performed")) == set()


def test_a_breach_may_go_back_to_mediation_with_terms_open() -> None:
    assert move_faults(standing("agreed", terms_open=2), move("mediating")) == set()


def test_all_faults_of_a_move_are_told_at_once() -> None:
    now = standing("mediating", effective_agreement_on=None)
    assert move_faults(now, move("agreed", february(26))) == {("/on", "wrong_date"), ("/to", "no_agreement")}
    step = move("referred", february(1), referred_to=None)
    assert move_faults(standing("failed"), step) == {("/on", "wrong_date"), ("/referred_to", "required")}


def test_the_case_of_maigang_runs_through_in_six_days() -> None:
    steps = history("accepted 2020-02-19", "mediating 2020-02-20", "agreed 2020-02-24")
    now = standing("reported", since=FOUND, effective_agreement_on=february(24), terms_open=1)
    for step in steps:
        assert move_faults(now, step) == set()
        now = standing(step.to, since=step.on, effective_agreement_on=february(24), terms_open=1)
    assert (settled_on(steps), accepted_on(steps)) == (february(24), february(19))


@pytest.mark.parametrize(
    ("steps", "accepted"),
    [
        ([], None),
        (["withdrawn 2020-02-19"], None),
        (["referred 2020-02-19"], None),
        (["accepted 2020-02-19"], "2020-02-19"),
        (["accepted 2020-02-19", "mediating 2020-02-20", "failed 2020-02-21"], "2020-02-19"),
        (
            ["accepted 2020-02-19", "mediating 2020-02-20", "failed 2020-02-21", "mediating 2020-02-24"],
            "2020-02-19",
        ),
        (
            ["accepted 2020-02-19", "mediating 2020-02-20", "agreed 2020-02-21", "mediating 2020-02-24"],
            "2020-02-19",
        ),
        (["accepted 2020-02-19", "withdrawn 2020-02-20", "mediating 2020-02-24"], "2020-02-24"),
        (["referred 2020-02-19", "mediating 2020-02-24"], "2020-02-24"),
        (
            ["accepted 2020-02-19", "withdrawn 2020-02-20", "mediating 2020-02-21", "withdrawn 2020-02-22",
             "mediating 2020-02-24"],
            "2020-02-24",
        ),
        (
            ["accepted 2020-01-02", "mediating 2020-01-03", "agreed 2020-01-06", "performed 2020-01-07",
             "closed 2020-01-08", "mediating 2020-02-20", "agreed 2020-02-24"],
            "2020-02-20",
        ),
    ],
)  # fmt: skip
def test_the_mediation_period_runs_from_the_last_acceptance_or_reopening(
    steps: list[str], accepted: str | None
) -> None:
    assert accepted_on(history(*steps)) == (day(accepted) if accepted else None)


@pytest.mark.parametrize(
    ("steps", "settled"),
    [
        pytest.param([], None, id="reported"),
        pytest.param(AGREED[:2], None, id="mediating"),
        pytest.param(AGREED, "2020-01-06", id="agreed"),
        pytest.param(CLOSED[:-1], "2020-01-06", id="performed"),
        pytest.param(CLOSED, "2020-01-06", id="closed"),
        pytest.param(BREACHED, None, id="breached"),
        pytest.param([*BREACHED, "agreed 2020-02-10"], "2020-02-10", id="agreed again"),
        pytest.param([*BREACHED, "failed 2020-02-10"], None, id="failed after a breach"),
        pytest.param([*BREACHED, "withdrawn 2020-02-10"], None, id="withdrawn after a breach"),
        pytest.param([*CLOSED, "mediating 2020-02-03"], None, id="reopened"),
        pytest.param([*CLOSED, "mediating 2020-02-03", "agreed 2020-02-10"], "2020-02-10", id="reopened and agreed"),
        pytest.param(["referred 2020-01-02", "closed 2020-01-20"], None, id="closed after a referral"),
        pytest.param(
            [*BREACHED, "failed 2020-02-10", "referred 2020-02-11", "closed 2020-02-20"],
            None,
            id="breached, referred and closed",
        ),
        pytest.param(
            [*CLOSED, "mediating 2020-02-03", "failed 2020-02-10", "referred 2020-02-11", "closed 2020-02-20"],
            None,
            id="reopened, referred and closed",
        ),
    ],
)
def test_the_day_of_settlement_is_that_of_the_agreement_it_stands_settled_by(
    steps: list[str], settled: str | None
) -> None:
    assert settled_on(history(*steps)) == (day(settled) if settled else None)


@pytest.mark.parametrize(
    ("accepted", "due"),
    [
        pytest.param(None, None, id="not accepted"),
        pytest.param("2020-02-20", "2020-03-20", id="a month"),
        pytest.param("2020-01-31", "2020-03-02", id="month end, a Saturday"),
        pytest.param("2019-01-31", "2019-02-28", id="month end"),
        pytest.param("2020-08-31", "2020-09-30", id="month end of 30 days"),
        pytest.param("2020-02-21", "2020-03-23", id="a Saturday"),
        pytest.param("2019-12-24", "2020-02-03", id="the Spring Festival"),
        pytest.param("2020-01-02", "2020-02-03", id="its last day"),
        pytest.param("2020-04-09", "2020-05-09", id="a worked Saturday"),
    ],
)
def test_the_mediation_period_is_a_month_rolled_over_holidays(accepted: str | None, due: str | None) -> None:
    assert mediation_due_on(day(accepted) if accepted else None) == (day(due) if due else None)


@pytest.mark.parametrize(
    ("steps", "until"),
    [
        pytest.param([], "2020-02-25", id="reported"),
        pytest.param(AGREED[:2], "2020-02-25", id="mediating"),
        pytest.param(AGREED, "2020-01-06", id="agreed"),
        pytest.param(CLOSED, "2020-01-06", id="closed"),
        pytest.param(BREACHED, "2020-02-25", id="breached"),
        pytest.param([*BREACHED, "failed 2020-02-10"], "2020-02-25", id="failed"),
        pytest.param([*BREACHED, "failed 2020-02-10", "referred 2020-02-11"], "2020-02-11", id="referred"),
        pytest.param(
            [*BREACHED, "failed 2020-02-10", "referred 2020-02-11", "closed 2020-02-20"],
            "2020-02-11",
            id="referred and closed",
        ),
        pytest.param([*CLOSED, "mediating 2020-02-03", "agreed 2020-02-10"], "2020-02-10", id="reopened and agreed"),
        pytest.param([*CLOSED, "mediating 2020-02-03"], "2020-02-25", id="reopened"),
        pytest.param(["withdrawn 2020-02-19"], "2020-02-19", id="withdrawn"),
        pytest.param(["withdrawn 2020-02-19", "mediating 2020-02-20"], "2020-02-25", id="taken up again"),
    ],
)
def test_a_dispute_is_open_until_it_is_settled_or_ended(steps: list[str], until: str) -> None:
    assert (ended_on(history(*steps)) or TODAY) == day(until)


@pytest.mark.parametrize("stage", Stage)
def test_only_what_is_accepted_or_mediated_can_be_overdue(stage: Stage) -> None:
    pending = stage in {Stage.ACCEPTED, Stage.MEDIATING}
    assert is_overdue(stage, february(24), february(25)) is pending
    assert not is_overdue(stage, february(25), february(25))
    assert not is_overdue(stage, february(26), february(25))
    assert not is_overdue(stage, None, february(25))
