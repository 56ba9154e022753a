"""Patients, visits and drives as they were on a day: what is told, field by field."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER

PATIENT: dict[str, Any] = {
    "in_care_since": "2018-01-01", "status": "lost", "left_care_on": "2020-03-01", "lost_reason": "missing",
    "consent": True, "consented_on": "2019-01-01", "first_onset": "2019-06", "incident_count": 2,
    "last_incident_on": "2020-02-10", "diagnosis": "bipolar",
    "awards": [{"year": 2019, "paid_on": "2020-01-15"}, {"year": 2020, "paid_on": None}],
    "risk_level": 4, "stability": "unstable", "entered_risk_level": 2, "entered_stability": "basically_stable",
    "entered_on": "2020-02-15", "last_visited_on": "2020-02-20", "next_visit_on": None, "consecutive_misses": 1,
    "lost_proposed": False,
}  # fmt: skip


def row(visited_on: str, risk: int | None = None, due: str | None = None, missed: str | None = None) -> Any:
    stability = {0: "stable", 1: "basically_stable", 4: "unstable"}.get(risk) if risk is not None else None
    return SimpleNamespace(
        visited_on=dt.date.fromisoformat(visited_on), seen=risk is not None, not_seen_reason=missed, risk_level=risk,
        stability=stability, next_visit_on=dt.date.fromisoformat(due) if due else None,
    )  # fmt: skip


ROWS = [
    row("2020-02-20", 4, "2020-03-05"),  # entered before an earlier one
    row("2020-02-01", 0, "2020-05-01"),
    row("2020-02-22", None, "2020-03-07", "not_home"),
    row("2020-02-10", None, "2020-02-24", "not_home"),
    row("2020-02-11", None, "2020-02-25", "not_home"),
    row("2020-02-12", None, "2020-02-26", "not_home"),
]


def on(day: str, document: dict[str, Any] = PATIENT, rows: Any = ROWS, register: Any = PATIENT_REGISTER) -> Any:
    return register.days.turned(document, dt.date.fromisoformat(day), rows)


@pytest.mark.parametrize(
    ("day", "risk", "last", "due", "misses"),
    [
        ("2018-01-01", 2, None, None, 0),  # nobody seen yet: as the office entered it, whenever that was
        ("2020-02-01", 0, "2020-02-01", "2020-05-01", 0),
        ("2020-02-10", 0, "2020-02-01", "2020-02-24", 1),
        ("2020-02-12", 0, "2020-02-01", "2020-02-26", 3),
        ("2020-02-15", 2, "2020-02-01", "2020-02-26", 3),  # the office's own day
        ("2020-02-20", 4, "2020-02-20", "2020-03-05", 0),
        ("2020-02-29", 4, "2020-02-20", "2020-03-07", 1),
        ("2020-03-01", 4, "2020-02-20", None, 1),  # has left care: nobody is due
    ],
)
def test_the_roster_follows_the_visits_made_by_the_day(day: str, risk: int, last: Any, due: Any, misses: int) -> None:
    then = on(day)
    classes = {0: "stable", 2: "basically_stable", 4: "unstable"}
    assert (then["risk_level"], then["stability"]) == (risk, classes[risk])
    assert (then["last_visited_on"], then["next_visit_on"], then["consecutive_misses"]) == (last, due, misses)
    assert then["lost_proposed"] is (misses >= 3)
    assert then.keys() == PATIENT.keys()


def test_of_two_visits_on_a_day_the_one_recorded_last_decides() -> None:
    twice = [row("2020-02-20", 4, "2020-03-05"), row("2020-02-20", 0, "2020-05-20")]
    assert (on("2020-02-20", rows=twice)["risk_level"], on("2020-02-20", rows=twice[::-1])["risk_level"]) == (0, 4)


def test_a_patient_stays_on_the_roster_after_leaving_care() -> None:
    assert on("2017-12-31") is None
    before, after = on("2020-02-29"), on("2020-03-01")
    assert (before["status"], before["left_care_on"], before["lost_reason"]) == ("in_care", None, None)
    assert (after["status"], after["left_care_on"], after["lost_reason"]) == ("lost", "2020-03-01", "missing")


@pytest.mark.parametrize(
    ("day", "name", "value"),
    [
        ("2018-12-31", "consent", False),
        ("2018-12-31", "consented_on", None),
        ("2019-01-01", "consent", True),
        ("2019-05-31", "first_onset", None),
        ("2019-06-01", "first_onset", "2019-06"),
        ("2020-02-09", "last_incident_on", None),
        ("2020-02-10", "last_incident_on", "2020-02-10"),
        ("2019-12-31", "incident_count", 2),
        ("2018-12-31", "awards", []),
        ("2019-12-31", "awards", [{"year": 2019, "paid_on": None}]),
        ("2020-01-15", "awards", PATIENT["awards"]),
        ("2018-01-01", "diagnosis", "bipolar"),
    ],
)
def test_what_came_later_is_not_told(day: str, name: str, value: Any) -> None:
    assert on(day)[name] == value


def test_consent_without_a_day_and_onset_unknown_stay() -> None:
    undated = PATIENT | {"consented_on": None, "first_onset": None}
    assert (on("2018-01-01", undated)["consent"], on("2018-01-01", undated)["first_onset"]) == (True, None)


def test_a_visit_is_of_its_day_and_a_drive_runs_to_its_last() -> None:
    visit = {"visited_on": "2020-02-14", "next_visit_on": "2020-05-14"}
    assert on("2020-02-13", visit, (), VISIT_REGISTER) is None
    assert on("2020-02-14", visit, (), VISIT_REGISTER) == visit
    drive = {"starts_on": "2020-02-12", "ends_on": "2020-03-12"}
    days = ("2020-02-11", "2020-02-12", "2020-03-12", "2020-03-13")
    assert [on(day, drive, (), CAMPAIGN_REGISTER) is not None for day in days] == [False, True, True, False]
    assert on("2099-01-01", drive | {"ends_on": None}, (), CAMPAIGN_REGISTER) is not None
