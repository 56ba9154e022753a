"""Alerts: written by the server alone, for supervisors, auditors and administrators; and what is taken from a key."""

from typing import Any

import pytest

from registry.errors import Conflict
from tests import factories
from tests.api import Api, codes
from tests.conftest import BAISHA, KELU
from tests.outbox.feed.feeds import follow

VILLAGE = "440882102204"


def keys(api: Api) -> dict[str, dict[str, Any]]:
    return {key["name"]: key for key in api.get("/v1/keys", "administrator").json()["items"]}


def change(api: Api, name: str, body: dict[str, Any], who: str = "administrator") -> Any:
    return api.call("PATCH", f"/v1/keys/{keys(api)[name]['id']}", who, json=body)


def test_a_broken_glass_is_an_alert(api: Api) -> None:
    person = api.made("/v1/patients", factories.patient())
    body = {"register": "patients", "entry_id": person["id"], "reason": "核查(示范)", "minutes": 5}
    opened = api.post("/v1/break-glass", body, "auditor").json()
    for who in ("supervisor", "auditor", "administrator"):
        (alert,) = api.get("/v1/alerts", who).json()["items"]
        assert alert["kind"] == "break_glass"
        assert (alert["register"], alert["entry_id"]) == ("patients", person["id"])
        assert (alert["break_glass_id"], alert["key_name"]) == (opened["id"], "auditor")
        assert "核查" not in str(alert)
        assert api.get(f"/v1/alerts/{alert['id']}", who).json() == alert
        assert follow(api, who, person["meta"]["position"] + 1)[-1]["data"] == alert
    assert api.get("/v1/alerts?kind=webhook_paused", "supervisor").json()["items"] == []


@pytest.mark.parametrize("who", ["clerk", "dashboard", "bot"])
def test_alerts_are_for_those_who_supervise(api: Api, who: str) -> None:
    assert api.get("/v1/alerts", who).status_code == 403
    assert api.get("/v1/alerts", None).status_code == 401
    assert api.post("/v1/alerts", {}, "supervisor").status_code == 405


def test_an_administrator_is_told_of_alerts_and_divisions_alone(api: Api) -> None:
    api.made("/v1/gatherings", factories.gathering())
    assert {event["type"] for event in follow(api, "administrator")} == {"divisions.created"}


def test_what_is_taken_from_a_key_is_told_to_it_alone(api: Api) -> None:
    entry = api.made("/v1/gatherings", factories.gathering())
    start = entry["meta"]["position"]
    assert change(api, "clerk", {"divisions": [VILLAGE, BAISHA]}).status_code == 200
    api.made("/v1/gatherings", factories.gathering(division="440882102200"), "supervisor")
    theirs = api.made("/v1/gatherings", factories.gathering(division="440882100200"), "neighbour")
    events = follow(api, "clerk", start)
    assert [event["type"] for event in events] == ["gatherings.created", "scope.left", "gatherings.created"]
    assert events[1]["data"] == {"division": KELU, "kept": [VILLAGE]}
    assert events[2]["data"]["id"] == theirs["id"]
    assert "scope.left" not in {event["type"] for event in follow(api, "town_dashboard", start)}
    (alert,) = api.get("/v1/alerts?kind=scope_narrowed", "administrator").json()["items"]
    assert (alert["key_id"], alert["divisions"]) == (keys(api)["clerk"]["id"], [KELU])
    changed = api.get("/v1/access-log?kind=key_changed", "auditor").json()["items"]
    assert [event["details"]["was"]["divisions"] for event in changed] == [[KELU]]
    change(api, "clerk", {"divisions": [KELU, BAISHA]})  # given back: nothing left after all
    assert "scope.left" not in {event["type"] for event in follow(api, "clerk", start)}
    assert len(api.get("/v1/alerts", "administrator").json()["items"]) == 1


def test_a_key_is_changed_within_rules(api: Api) -> None:
    assert change(api, "clerk", {"name": "客路镇综治办(示范)"}).status_code == 200
    assert change(api, "客路镇综治办(示范)", {}).status_code == 200
    assert len(api.get("/v1/access-log?kind=key_changed", "auditor").json()["items"]) == 1
    assert api.get("/v1/alerts", "administrator").json()["items"] == []
    assert change(api, "neighbour", {"expires_at": "2030-01-01T00:00:00+08:00"}).status_code == 200
    assert keys(api)["neighbour"]["expires_at"] == "2029-12-31T16:00:00.000000Z"
    assert codes(change(api, "bot", {"divisions": ["440981"]})) == {"outside_division"}
    assert change(api, "bot", {"expires_at": "2930-01-01T00:00:00+08:00"}).status_code == 422
    for wrong in ({"role": "supervisor"}, {"name": None}, {"divisions": []}, {"expires_at": "soon"}):
        assert change(api, "bot", wrong).status_code == 400, wrong
    assert change(api, "bot", {"name": "x"}, "supervisor").status_code == 403
    api.post(f"/v1/keys/{keys(api)['bot']['id']}/revoke", None, "administrator")
    assert change(api, "bot", {"name": "x"}).json()["code"] == Conflict.code
    missing = api.call("PATCH", f"/v1/keys/{factories.VILLAGE}", "administrator", json={})
    assert missing.status_code == 404


def test_an_administrator_who_was_narrowed_a_moment_ago_gives_no_more_than_is_left(api: Api) -> None:
    """Rights are remembered for seconds, but not where others are made of them."""
    own = {"name": "second", "role": "administrator", "divisions": ["440882"]}
    api.keys["second"] = api.made("/v1/keys", own, "administrator")["key"]
    assert api.get("/v1/keys", "second").status_code == 200  # remembered from here on
    assert change(api, "second", {"divisions": [KELU]}).status_code == 200
    county = {"name": "third", "role": "supervisor", "divisions": ["440882"]}
    assert codes(api.post("/v1/keys", county, "second")) == {"outside_division"}
    assert codes(change(api, "neighbour", {"divisions": ["440882"]}, "second")) == {"outside_division"}
    api.post(f"/v1/keys/{keys(api)['second']['id']}/revoke", None, "administrator")
    assert api.post("/v1/keys", {**county, "divisions": [KELU]}, "second").status_code == 401
