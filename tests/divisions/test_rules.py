"""What a division and a member of staff must satisfy."""

import datetime as dt

import pytest

from registry.divisions.codes import Duty, Level, Tier
from registry.divisions.rules import check_division, check_staff
from registry.divisions.schemas import DivisionIn, StaffIn

BOOK, TOWN, VILLAGE = "440882", "440882102", "440882102204"
TODAY = dt.date(2020, 2, 25)
YESTERDAY, TOMORROW = dt.date(2020, 2, 24), dt.date(2020, 2, 26)
Faults = set[tuple[str, str]]


def division(level: Level, code: str | None, parent: str | None) -> DivisionIn:
    return DivisionIn(name="示范", level=level, valid_from=dt.date(1994, 1, 1), code=code, parent=parent)


def division_faults(level: Level, code: str | None, parent: str | None, above: str | None) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_division(division(level, code, parent), above, BOOK)}


def staff_faults(since: dt.date | None = None, left_on: dt.date | None = None) -> Faults:
    data = StaffIn(
        division=VILLAGE,
        name="示范网格员",
        duty=Duty.GRID_WORKER,
        tier=Tier.VILLAGE,
        since=since,
        left_on=left_on,
    )
    return {(fault.pointer, fault.code) for fault in check_staff(data, TODAY)}


@pytest.mark.parametrize(
    ("level", "code", "parent", "above"),
    [
        (Level.COUNTY, BOOK, None, None),
        (Level.TOWN, TOWN, BOOK, "county"),
        (Level.TOWN, "440882450", BOOK, "county"),
        (Level.VILLAGE, VILLAGE, TOWN, "town"),
        (Level.VILLAGE, "440882102001", TOWN, "town"),
        (Level.HAMLET, None, VILLAGE, "village"),
    ],
)
def test_a_division_one_level_below_its_parent_is_fine(
    level: Level, code: str | None, parent: str | None, above: str | None
) -> None:
    assert division_faults(level, code, parent, above) == set()


@pytest.mark.parametrize("code", ["440883", TOWN, None])
def test_the_county_is_that_of_the_book(code: str | None) -> None:
    assert division_faults(Level.COUNTY, code, None, None) == {("/code", "county_code")}


def test_the_county_has_no_parent() -> None:
    assert division_faults(Level.COUNTY, BOOK, "440800", None) == {("/code", "county_code")}


@pytest.mark.parametrize("level", [Level.TOWN, Level.VILLAGE, Level.HAMLET])
@pytest.mark.parametrize("above", [None, "county", "town", "village", "hamlet"])
def test_the_parent_must_exist_one_level_up(level: Level, above: str | None) -> None:
    right = {Level.TOWN: "county", Level.VILLAGE: "town", Level.HAMLET: "village"}[level]
    code, parent = {Level.TOWN: (TOWN, BOOK), Level.VILLAGE: (VILLAGE, TOWN), Level.HAMLET: (None, VILLAGE)}[level]
    expected = set() if above == right else {("/parent", "wrong_parent")}
    assert division_faults(level, code, parent, above) == expected


@pytest.mark.parametrize(
    ("level", "code", "parent", "above"),
    [
        pytest.param(Level.TOWN, "440883102", BOOK, "county", id="of another county"),
        pytest.param(Level.TOWN, BOOK, BOOK, "county", id="the county's own"),
        pytest.param(Level.TOWN, VILLAGE, BOOK, "county", id="a village's"),
        pytest.param(Level.TOWN, None, BOOK, "county", id="a town without"),
        pytest.param(Level.VILLAGE, TOWN, TOWN, "town", id="the town's own"),
        pytest.param(Level.VILLAGE, "440882103204", TOWN, "town", id="of another town"),
        pytest.param(Level.VILLAGE, None, TOWN, "town", id="a village without"),
    ],
)
def test_a_code_extends_its_parents_by_three_digits(
    level: Level, code: str | None, parent: str | None, above: str | None
) -> None:
    assert division_faults(level, code, parent, above) == {("/code", "wrong_code")}


def test_a_natural_village_has_no_official_code() -> None:
    assert division_faults(Level.HAMLET, "440882102204", VILLAGE, "village") == {("/code", "hamlet_code")}


def test_without_parent_neither_parent_nor_code_will_do() -> None:
    assert division_faults(Level.TOWN, TOWN, None, None) == {("/parent", "wrong_parent"), ("/code", "wrong_code")}


@pytest.mark.parametrize(
    ("since", "left_on"),
    [(None, None), (TODAY, None), (YESTERDAY, TODAY), (TODAY, TODAY), (None, TODAY), (None, YESTERDAY)],
)
def test_terms_of_office_that_are_fine(since: dt.date | None, left_on: dt.date | None) -> None:
    assert staff_faults(since, left_on) == set()


@pytest.mark.parametrize(
    ("since", "left_on", "faults"),
    [
        (TOMORROW, None, {("/since", "in_future")}),
        (None, TOMORROW, {("/left_on", "in_future")}),
        (YESTERDAY, TOMORROW, {("/left_on", "in_future")}),
        (TODAY, YESTERDAY, {("/left_on", "ends_before_start")}),
        (TOMORROW, TODAY, {("/since", "in_future"), ("/left_on", "ends_before_start")}),
        (TOMORROW, TOMORROW, {("/since", "in_future"), ("/left_on", "in_future")}),
    ],
)
def test_terms_of_office_that_are_not(since: dt.date | None, left_on: dt.date | None, faults: Faults) -> None:
    assert staff_faults(since, left_on) == faults
