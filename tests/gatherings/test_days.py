"""Gatherings and sheds as they were on a day: what is told, field by field."""

import datetime as dt
from typing import Any

import pytest

from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER

SHED: dict[str, Any] = {
    "found_on": "2020-02-01", "notice": {"served_on": "2020-02-03", "period_days": 3}, "demolished_on": "2020-02-10",
    "method": "assisted", "demolished_by": ["综治办"], "rechecked_on": "2020-02-20", "rebuilt": False, "use": "gambling",
    "police_case_number": "示范1号",
}  # fmt: skip
STANDING = {"demolished_on": None, "method": None, "demolished_by": [], "rechecked_on": None, "rebuilt": None}


def on(day: str, register: Any = SHED_REGISTER, **document: Any) -> Any:
    return register.days.turned(document, dt.date.fromisoformat(day), ())


@pytest.mark.parametrize(
    ("day", "then"),
    [
        ("2020-01-31", None),
        ("2020-02-01", SHED | STANDING | {"notice": None}),
        ("2020-02-03", SHED | STANDING),
        ("2020-02-10", SHED | {"rechecked_on": None, "rebuilt": None}),
        ("2020-02-20", SHED),
    ],
)
def test_a_shed_is_found_ordered_demolished_and_rechecked(day: str, then: Any) -> None:
    assert on(day, **SHED) == then


def test_a_shed_is_there_from_the_first_day_that_its_entry_tells_of() -> None:
    unfound = SHED | {"found_on": None}
    assert (on("2020-02-02", **unfound), on("2020-02-03", **unfound)) == (None, unfound | STANDING)
    unserved = unfound | {"notice": None}
    assert (on("2020-02-09", **unserved), on("2020-02-20", **unserved)) == (None, unserved)
    undated = unserved | STANDING
    assert on("1950-01-01", **undated) == undated


def test_rebuilt_without_a_recheck_counts_from_the_demolition() -> None:
    unchecked = SHED | {"rechecked_on": None, "rebuilt": True}
    assert (on("2020-02-09", **unchecked)["rebuilt"], on("2020-02-10", **unchecked)["rebuilt"]) == (None, True)


def test_a_gathering_is_there_from_the_decision() -> None:
    entry = {"decided_on": "2020-01-25", "planned_from": "2020-02-08", "postponed_to": "2020-06-01"}
    assert on("2020-01-24", GATHERING_REGISTER, **entry) is None
    assert on("2020-01-25", GATHERING_REGISTER, **entry) == entry
