"""What a gathering and a shed must satisfy."""

import datetime as dt
from typing import Any

import pytest

from registry.gatherings.codes import DemolitionMethod, GatheringKind, GatheringMeasure, ShedUse
from registry.gatherings.rules import check_gathering, check_shed, irregular_gathering, irregular_shed
from registry.gatherings.schemas import GatheringIn, Notice, ShedIn, ShedNotice

TODAY = dt.date(2020, 2, 25)
Faults = set[tuple[str, str]]


def february(day: int) -> dt.date:
    return dt.date(2020, 2, day)


def gathering(**changes: Any) -> GatheringIn:
    """Called off on 1 February, planned for the 8th."""
    fields = {
        "division": "440882102204",
        "title": "示范村年例",
        "kind": GatheringKind.NIANLI,
        "disposition": GatheringMeasure.CANCELLED,
        "sessions": 3,
        "planned_from": february(8),
        "decided_on": february(1),
    }
    return GatheringIn(**{**fields, **changes})


def shed(**changes: Any) -> ShedIn:
    """Found on 1 February, and still standing."""
    fields = {
        "division": "440882102204",
        "place": "示范村口",
        "use": ShedUse.MAHJONG,
        "found_on": february(1),
    }
    return ShedIn(**{**fields, **changes})


def demolished(**changes: Any) -> ShedIn:
    """Found on 1 February, removed by its owner on the 20th."""
    return shed(**{"demolished_on": february(20), "method": DemolitionMethod.SELF_REMOVED, **changes})


def notice(dated: dt.date) -> Notice:
    return Notice(issuer="示范市政府", title="示范通告", dated=dated)


def gathering_faults(**changes: Any) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_gathering(gathering(**changes), TODAY)}


def shed_faults(data: ShedIn) -> Faults:
    return {(fault.pointer, fault.code) for fault in check_shed(data, TODAY)}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as it is"),
        pytest.param({"decided_on": february(8)}, id="called off on its day"),
        pytest.param({"decided_on": february(10), "planned_to": february(10)}, id="called off on its last day"),
        pytest.param({"planned_to": february(8)}, id="of one day"),
        pytest.param({"planned_from": TODAY, "decided_on": TODAY}, id="all today"),
        pytest.param({"planned_from": dt.date(2020, 4, 5)}, id="planned for the future"),
        pytest.param({"disposition": GatheringMeasure.POSTPONED, "postponed_to": dt.date(2020, 6, 1)}, id="postponed"),
        pytest.param({"disposition": GatheringMeasure.POSTPONED, "postponed_to": february(9)}, id="postponed by a day"),
        pytest.param({"notice": notice(february(1))}, id="notice of the same day"),
        pytest.param({"notice": notice(dt.date(2020, 1, 24))}, id="notice of before"),
    ],
)
def test_gatherings_that_are_fine(changes: dict[str, Any]) -> None:
    assert gathering_faults(**changes) == set()


@pytest.mark.parametrize("measure", GatheringMeasure)
def test_a_day_postponed_to_is_needed_when_postponed_and_only_then(measure: GatheringMeasure) -> None:
    postponed = measure is GatheringMeasure.POSTPONED
    fault = {("/postponed_to", "postponed_to")}
    assert gathering_faults(disposition=measure) == (fault if postponed else set())
    assert gathering_faults(disposition=measure, postponed_to=february(28)) == (set() if postponed else fault)


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        (
            {"decided_on": february(26), "planned_from": february(28)},
            {("/decided_on", "in_future")},
        ),
        ({"planned_to": february(7)}, {("/planned_to", "ends_before_start")}),
        (
            {"disposition": GatheringMeasure.POSTPONED, "postponed_to": february(8)},
            {("/postponed_to", "not_later")},
        ),
        (
            {"disposition": GatheringMeasure.POSTPONED, "postponed_to": february(7)},
            {("/postponed_to", "not_later")},
        ),
        ({"notice": notice(february(2))}, {("/notice/dated", "after_decision")}),
        (
            {"decided_on": february(26), "planned_to": february(7), "postponed_to": february(1)},
            {
                ("/decided_on", "in_future"),
                ("/planned_to", "ends_before_start"),
                ("/postponed_to", "postponed_to"),
                ("/postponed_to", "not_later"),
            },
        ),
    ],
)
def test_gatherings_that_are_not(changes: dict[str, Any], faults: Faults) -> None:
    assert gathering_faults(**changes) == faults


@pytest.mark.parametrize(
    "changes", [{"decided_on": february(9)}, {"decided_on": february(11), "planned_to": february(10)}]
)
def test_a_gathering_stopped_late_is_irregular(changes: dict[str, Any]) -> None:
    assert gathering_faults(**changes) == set()
    assert [each.code for each in irregular_gathering(gathering(**changes))] == ["after_event"]


@pytest.mark.parametrize(
    "data",
    [
        shed(),
        shed(found_on=None),
        shed(found_on=TODAY),
        shed(rechecked_on=TODAY),
        shed(notice=ShedNotice(served_on=february(1))),
        demolished(),
        demolished(demolished_on=TODAY),
        demolished(demolished_on=february(1)),
        demolished(found_on=None),
        demolished(rechecked_on=february(20), rebuilt=False),
        demolished(notice=ShedNotice(served_on=february(20), period_days=15)),
        demolished(demolished_by=["示范镇综治办"]),
    ],
)
def test_sheds_that_are_fine(data: ShedIn) -> None:
    assert shed_faults(data) == set()


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (shed(found_on=february(26)), {("/found_on", "in_future")}),
        (shed(rechecked_on=february(26)), {("/rechecked_on", "in_future")}),
        (demolished(demolished_on=february(26)), {("/demolished_on", "in_future")}),
        (shed(method=DemolitionMethod.SEALED), {("/method", "not_demolished")}),
        (shed(demolished_by=["示范镇综治办"]), {("/demolished_by", "not_demolished")}),
        (demolished(method=None), {("/method", "required")}),
        (demolished(found_on=february(21)), {("/demolished_on", "before_found")}),
        (demolished(rechecked_on=february(19)), {("/rechecked_on", "before_demolition")}),
        (
            demolished(notice=ShedNotice(served_on=february(21))),
            {("/demolished_on", "before_notice")},
        ),
        (shed(notice=ShedNotice(served_on=dt.date(2020, 1, 31))), {("/notice/served_on", "before_found")}),
        (
            demolished(found_on=february(22), rechecked_on=february(19), method=None),
            {
                ("/demolished_on", "before_found"),
                ("/rechecked_on", "before_demolition"),
                ("/method", "required"),
            },
        ),
    ],
)
def test_sheds_that_are_not(data: ShedIn, faults: Faults) -> None:
    assert shed_faults(data) == faults


def shed_off(data: ShedIn) -> Faults:
    """What is accepted of a shed, and told as irregular."""
    assert shed_faults(data) == set()
    return {(each.pointer, each.code) for each in irregular_shed(data)}


def test_compulsory_demolition_without_a_notice_is_irregular() -> None:
    assert shed_off(demolished(method=DemolitionMethod.COMPULSORY)) == {("/notice", "no_notice")}


@pytest.mark.parametrize(
    ("served", "period", "within"),
    [(4, 15, False), (5, 15, True), (19, 0, False), (20, 0, True), (12, 7, False), (13, 7, True), (5, 365, True)],
)
def test_compulsory_demolition_waits_for_the_notice_period(served: int, period: int, within: bool) -> None:
    order = ShedNotice(served_on=february(served), period_days=period)
    found = shed_off(demolished(method=DemolitionMethod.COMPULSORY, notice=order))
    assert (("/demolished_on", "within_notice_period") in found) is within
    assert ("/demolished_on", "remedies_open") in found  # all within six months of the notice


def test_compulsory_demolition_after_all_periods_is_regular() -> None:
    order = ShedNotice(served_on=dt.date(2019, 6, 1), period_days=15)
    assert shed_off(demolished(method=DemolitionMethod.COMPULSORY, notice=order, found_on=None)) == set()


@pytest.mark.parametrize("method", [each for each in DemolitionMethod if each is not DemolitionMethod.COMPULSORY])
def test_other_ways_do_not_wait_for_it(method: DemolitionMethod) -> None:
    order = ShedNotice(served_on=february(19), period_days=15)
    assert shed_faults(demolished(method=method, notice=order)) == set()


def test_a_notice_served_in_the_year_9999_is_refused_like_any_other_fault() -> None:
    order = ShedNotice(served_on=dt.date.max, period_days=15)
    assert ("/notice/served_on", "in_future") in shed_faults(
        demolished(method=DemolitionMethod.COMPULSORY, notice=order)
    )
