"""A dispute that was settled on the spot is one call."""

from typing import Any

import pytest

from tests import factories
from tests.api import Api, codes, pointers

AT = "/v1/disputes"
SPOT = {"settled_on": "2020-02-02", "agreed": "各让一尺(示范)", "mediators": [{"unit": "村委会", "name": "示范王"}]}


def test_one_call_records_the_dispute_its_steps_and_its_agreement(api: Api) -> None:
    made = api.made(AT, factories.dispute(settled_on_the_spot=SPOT))
    assert (made["stage"], made["settled_on"], made["days_to_settle"]) == ("closed", "2020-02-02", 0)
    case = api.get(f"{AT}/{made['id']}/case").json()
    (agreement,) = case["agreements"]
    assert (agreement["kind"], agreement["effective_on"], agreement["performed_on"]) == (
        "oral",
        "2020-02-02",
        "2020-02-02",
    )
    assert (agreement["terms"][0]["text"], agreement["mediators"][0]["name"]) == ("各让一尺(示范)", "示范王")
    total = api.get("/v1/statistics/disputes").json()["total"]["measures"]
    assert 1 in total.values()
    assert api.get("/v1/due?on=2020-02-20").json()["items"] == []
    assert api.get("/v1/due?on=2020-06-20").json()["items"] == []


@pytest.mark.parametrize("day", ["2020-01-31", "2999-01-01"])
def test_it_was_settled_between_its_discovery_and_today(api: Api, day: str) -> None:
    answer = api.post(AT, factories.dispute(settled_on_the_spot={**SPOT, "settled_on": day}))
    assert (answer.status_code, pointers(answer)) == (422, {"/settled_on_the_spot/settled_on"})


@pytest.mark.parametrize(("reported", "change"), [(None, SPOT), (SPOT, None)])
def test_it_is_said_when_the_dispute_is_reported(api: Api, reported: Any, change: Any) -> None:
    made = api.made(AT, factories.dispute(settled_on_the_spot=reported))
    same = api.patch(f"{AT}/{made['id']}", {"settled_on_the_spot": reported}, 1)
    assert (same.status_code, same.json()["meta"]["version"]) == (200, 1)
    answer = api.patch(f"{AT}/{made['id']}", {"settled_on_the_spot": change}, 1)
    assert (answer.status_code, codes(answer)) == (422, {"only_when_reported"})
