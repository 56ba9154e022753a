"""Disputes and their parts as they were on a day: what is told, field by field."""

import datetime as dt
from typing import Any

import pytest

from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)

MOVES = [
    {"number": number, "to": to, "on": on, "reason": None, "referred_to": None}
    for number, (to, on) in enumerate(
        [
            ("accepted", "2020-02-03"),
            ("mediating", "2020-02-04"),
            ("agreed", "2020-02-06"),
            ("performed", "2020-02-08"),
            ("closed", "2020-02-08"),
            ("mediating", "2020-02-12"),
        ],
        1,
    )
]
TEAM = {"leader": "组长", "stationed_from": "2020-02-05", "stationed_to": "2020-02-09"}
RESPONSE = {"arrived_on": "2020-02-02", "police_reported_on": "2020-02-03", "result": "平息"}
DISPUTE: dict[str, Any] = {
    "discovered_on": "2020-02-01", "title": "林地纠纷(示范)", "resolve_by": "2020-06-01", "moves": MOVES, "stage": "mediating",
    "accepted_on": "2020-02-12", "settled_on": None, "days_to_settle": None, "mediation_due_on": "2020-03-12",
    "task_force": TEAM, "response": RESPONSE,
}  # fmt: skip
AGREEMENT: dict[str, Any] = {
    "signed_on": "2020-02-06", "effective_on": "2020-02-08", "performed_on": "2020-02-20", "confirmation_due_on": "2020-03-09",
    "signatories": [{"party": "甲方", "signed_on": "2020-02-06"}, {"party": "乙方", "signed_on": "2020-02-08"}],
    "terms": [{"due_on": "2020-03-01", "performed_on": "2020-02-20"}, {"due_on": None, "performed_on": "2020-02-07"}],
    "authorised_by": {"held_on": "2020-02-05", "published_on": "2020-02-07"},
    "confirmation": {"applied_on": "2020-02-10", "decided_on": "2020-02-15", "result": "confirmed"},
}  # fmt: skip


def on(register: Any, document: dict[str, Any], day: str) -> dict[str, Any] | None:
    then: dict[str, Any] | None = register.days.turned(document, dt.date.fromisoformat(day), ())
    return then


def changed(before: dict[str, Any], after: dict[str, Any] | None) -> dict[str, Any]:
    assert after is not None
    assert before.keys() == after.keys()
    return {name: after[name] for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("day", "made", "stage", "accepted_on", "settled_on", "days", "due"),
    [
        ("2020-02-01", 0, "reported", None, None, None, None),
        ("2020-02-03", 1, "accepted", "2020-02-03", None, None, "2020-03-03"),
        ("2020-02-05", 2, "mediating", "2020-02-03", None, None, "2020-03-03"),
        ("2020-02-06", 3, "agreed", "2020-02-03", "2020-02-06", 3, "2020-03-03"),
        ("2020-02-08", 5, "closed", "2020-02-03", "2020-02-06", 3, "2020-03-03"),
        ("2020-02-11", 5, "closed", "2020-02-03", "2020-02-06", 3, "2020-03-03"),
        ("2020-02-12", 6, "mediating", "2020-02-12", None, None, "2020-03-12"),
        ("2099-01-01", 6, "mediating", "2020-02-12", None, None, "2020-03-12"),
    ],
)
def test_a_dispute_is_where_its_moves_have_brought_it(
    day: str, made: int, stage: str, accepted_on: Any, settled_on: Any, days: Any, due: Any
) -> None:
    then = on(DISPUTE_REGISTER, DISPUTE, day)
    assert then is not None
    names = ("accepted_on", "settled_on", "days_to_settle", "mediation_due_on")
    assert (then["moves"], then["stage"]) == (MOVES[:made], stage)
    assert tuple(then[name] for name in names) == (accepted_on, settled_on, days, due)
    assert (then["title"], then["resolve_by"]) == (DISPUTE["title"], DISPUTE["resolve_by"])


def test_before_it_was_found_there_is_no_dispute() -> None:
    assert on(DISPUTE_REGISTER, DISPUTE, "2020-01-31") is None


@pytest.mark.parametrize(
    ("day", "team", "response"),
    [
        ("2020-02-01", None, None),
        ("2020-02-02", None, RESPONSE | {"police_reported_on": None}),
        ("2020-02-04", None, RESPONSE),
        ("2020-02-05", TEAM | {"stationed_to": None}, RESPONSE),
        ("2020-02-09", TEAM, RESPONSE),
    ],
)
def test_the_team_and_the_response_come_on_their_days(day: str, team: Any, response: Any) -> None:
    then = on(DISPUTE_REGISTER, DISPUTE, day)
    assert then is not None
    assert (then["task_force"], then["response"]) == (team, response)
    bare = DISPUTE | {"task_force": None, "response": None}
    assert (on(DISPUTE_REGISTER, bare, day) or {})["response"] is None


def test_an_agreement_is_signed_takes_effect_is_performed_and_confirmed() -> None:
    assert on(AGREEMENT_REGISTER, AGREEMENT, "2020-02-05") is None
    signed = on(AGREEMENT_REGISTER, AGREEMENT, "2020-02-06")
    assert changed(AGREEMENT, signed) == {
        "effective_on": None,
        "performed_on": None,
        "confirmation_due_on": None,
        "confirmation": None,
        "authorised_by": {"held_on": "2020-02-05", "published_on": None},
        "signatories": [{"party": "甲方", "signed_on": "2020-02-06"}, {"party": "乙方", "signed_on": None}],
        "terms": [{"due_on": "2020-03-01", "performed_on": None}, {"due_on": None, "performed_on": None}],
    }
    open_term = {"due_on": "2020-03-01", "performed_on": None}
    assert changed(AGREEMENT, on(AGREEMENT_REGISTER, AGREEMENT, "2020-02-10")) == {
        "performed_on": None,
        "confirmation": {"applied_on": "2020-02-10", "decided_on": None, "result": None},
        "terms": [open_term, AGREEMENT["terms"][1]],
    }
    assert changed(AGREEMENT, on(AGREEMENT_REGISTER, AGREEMENT, "2020-02-19")).keys() == {"performed_on", "terms"}
    assert on(AGREEMENT_REGISTER, AGREEMENT, "2020-02-20") == AGREEMENT
    bare = AGREEMENT | {"authorised_by": None, "confirmation": None}
    assert on(AGREEMENT_REGISTER, bare, "2020-02-20") == bare


def test_a_proceeding_without_a_known_day_is_there_on_every_day() -> None:
    dated = {"decided_on": "2015-05-01", "served_on": "2015-05-04", "outcome": "upheld"}
    assert on(PROCEEDING_REGISTER, dated, "2015-04-30") is None
    assert on(PROCEEDING_REGISTER, dated, "2015-05-03") == dated | {"served_on": None}
    assert on(PROCEEDING_REGISTER, dated, "2015-05-04") == dated
    undated = {"decided_on": None, "served_on": None, "outcome": "pending"}
    assert on(PROCEEDING_REGISTER, undated, "1950-01-01") == undated


@pytest.mark.parametrize(("register", "name"), [(SESSION_REGISTER, "held_on"), (RETURN_VISIT_REGISTER, "visited_on")])
def test_sessions_and_return_visits_are_of_one_day(register: Any, name: str) -> None:
    entry = {name: "2020-02-05", "next_session_on": "2020-02-25"}
    assert on(register, entry, "2020-02-04") is None
    assert on(register, entry, "2020-02-05") == entry
