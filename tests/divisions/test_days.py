"""Divisions and staff as they were on a day: what is told, field by field."""

import datetime as dt
from typing import Any

import pytest

from registry.divisions.register import DIVISION_REGISTER, STAFF_REGISTER

PLACE: dict[str, Any] = {
    "valid_from": "1994-01-01", "closed_on": "2021-01-01", "merged_into": "440882102200", "name": "丙村委会", "hamlets": 4,
    "former_names": [{"name": "甲村委会", "until": "1999-12-31"}, {"name": "乙村委会", "until": "2009-12-31"}],
}  # fmt: skip


def on(day: str, document: dict[str, Any], register: Any) -> Any:
    return register.days.turned(document, dt.date.fromisoformat(day), ())


@pytest.mark.parametrize(
    ("day", "name", "former"),
    [
        ("1994-01-01", "甲村委会", 0),
        ("1999-12-31", "甲村委会", 0),
        ("2000-01-01", "乙村委会", 1),
        ("2010-01-01", "丙村委会", 2),
        ("2020-12-31", "丙村委会", 2),
    ],
)
def test_a_division_has_the_name_of_the_day(day: str, name: str, former: int) -> None:
    then = on(day, PLACE, DIVISION_REGISTER)
    assert (then["name"], then["former_names"]) == (name, PLACE["former_names"][:former])
    assert (then["closed_on"], then["merged_into"], then["hamlets"]) == (None, None, 4)


@pytest.mark.parametrize("day", ["1993-12-31", "2021-01-01", "2099-01-01"])
def test_a_division_is_not_there_before_it_was_valid_or_once_it_is_closed(day: str) -> None:
    assert on(day, PLACE, DIVISION_REGISTER) is None


def test_staff_answer_for_a_place_until_they_leave() -> None:
    staff = {"since": "2019-01-01", "left_on": "2020-03-01", "duty": "grid_worker"}
    days = ("2018-12-31", "2019-01-01", "2020-02-29", "2020-03-01")
    assert [on(day, staff, STAFF_REGISTER) is not None for day in days] == [False, True, True, False]
    assert on("2020-02-29", staff, STAFF_REGISTER)["left_on"] is None
    assert on("1950-01-01", staff | {"since": None}, STAFF_REGISTER) is not None
