"""`GET /v1/me` says of every key what the endpoints then do."""

from typing import Any

import pytest

from registry.app import REGISTERS
from registry.core.principals import Role
from tests.api import Api
from tests.conftest import CALLERS, COUNTY

UNKNOWN = "01a209d8-2208-7857-ad56-0c039969eb4c"


def me(api: Api, who: str, **more: Any) -> dict[str, Any]:
    answer = api.get("/v1/me", who, **more)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("who", CALLERS)
def test_it_tells_role_and_divisions_with_names(api: Api, who: str) -> None:
    told = me(api, who)
    role, codes = CALLERS[who]
    assert (told["role"], told["role_title"], told["book"]) == (role, Role(role).zh, COUNTY)
    assert [each["code"] for each in told["divisions"]] == sorted(codes)
    assert all(each["name"] for each in told["divisions"])
    assert "key" not in told


@pytest.mark.parametrize("who", CALLERS)
def test_rights_are_those_that_hold(api: Api, who: str) -> None:
    """Each list and each write is tried: 403 where the right is not told, and only there."""
    told = {each["register"]: each for each in me(api, who)["registers"]}
    assert [*told] == [register.name for register in REGISTERS]
    for register in REGISTERS:
        rights = told[register.name]["rights"]
        assert (api.get(f"/v1/{register.name}", who).status_code != 403) == ("read" in rights), register.name
        if register.writers:
            assert (api.post(f"/v1/{register.name}", {}, who).status_code != 403) == ("write" in rights)
            gone = api.act(f"/v1/{register.name}/{UNKNOWN}/void", {}, who=who).status_code
            assert (gone != 403) == ("void" in rights)
        if register.measures:
            assert (api.get(f"/v1/statistics/{register.name}", who).status_code != 403) == ("count" in rights)
    assert ("transfer" in told["patients"]["rights"]) == (CALLERS[who][0] is Role.SUPERVISOR)
    assert "transfer" not in told["disputes"]["rights"]


def test_it_says_how_personal_fields_are_shown_and_what_for(api: Api) -> None:
    shown = {each["register"]: each["personal"] for each in me(api, "clerk")["registers"]}
    assert (shown["patients"], shown["disputes"], shown["divisions"]) == ("plain_with_purpose", "plain", "none")
    masked = {each["register"]: each["personal"] for each in me(api, "dashboard")["registers"]}
    assert (masked["patients"], masked["disputes"]) == ("none", "masked")
    assert me(api, "clerk")["purpose"] == "visit"
    assert me(api, "clerk", headers={"Purpose-Of-Use": None})["purpose"] is None
    assert me(api, "clerk")["expires_at"] is None
    assert api.get("/v1/me?x=1").status_code == 400
