"""Problems: in which language, of which kind, and that all faults are told at once."""

import pytest

from registry.ledger.ids import new_id
from registry.web.problems import language
from tests import factories
from tests.api import Api, codes, pointers

WRONG_DIGIT = factories.ID_NUMBER[:-1] + "1"


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("", "zh"), ("zh", "zh"), ("en", "en"), ("EN", "en"), ("en-GB", "en"), ("zh-Hans-CN", "zh"), ("fr", "zh"), ("*", "zh"),
        ("en;q=0.1, zh;q=0.9", "zh"), ("zh;q=0.1,en;q=0.9", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"), ("en, zh", "en"), ("zh, en", "zh"), ("en;q=0", "zh"), ("zh;q=0", "zh"),
        ("zh;q=0, *", "en"), ("en;q=0, *", "zh"), ("en, *;q=0.5", "en"), ("en;q=0.3, *;q=0.5", "zh"), ("fr, en;q=0.2", "en"),
        ("en;q=1.000", "en"), ("en;q=2", "zh"), ("en ; q=0.5 , zh ; q=0.4", "en"), ("english", "zh"), (",,en", "en"), ("de;q=x, en", "en"),
    ],
)  # fmt: skip
def test_the_language_that_weighs_most_is_spoken(asked: str, spoken: str) -> None:
    assert language({"accept-language": asked}) == spoken


def test_an_unknown_path_is_no_unknown_entry(api: Api) -> None:
    route, entry = api.get("/v1/nothing"), api.get(f"/v1/disputes/{new_id()}")
    assert (route.status_code, route.json()["code"]) == (404, "route_not_found")
    assert (entry.status_code, entry.json()["code"]) == (404, "not_found")
    assert route.json()["detail"] != entry.json()["detail"]


def test_a_wrong_check_digit_hides_no_other_fault(api: Api) -> None:
    body = factories.patient(id_number=WRONG_DIGIT, in_care_since="1940-01-01", risk_level=5)
    refused = api.post("/v1/patients", body)
    assert refused.status_code == 422
    assert {"check_digit"} < codes(refused)
    assert {"/id_number", "/in_care_since", "/stability"} <= pointers(refused)
    made = api.made("/v1/patients", factories.patient())
    changed = api.patch(f"/v1/patients/{made['id']}", {"id_number": WRONG_DIGIT, "risk_level": 5})
    assert (changed.status_code, pointers(changed) >= {"/id_number", "/stability"}) == (422, True)
    reason = {"code": "typing_error", "text": "录入有误(示范)"}
    sent = {"reason": reason, "changes": {"id_number": WRONG_DIGIT, "risk_level": 5}}
    corrected = api.act(f"/v1/patients/{made['id']}/correct", sent)
    assert pointers(corrected) >= {"/changes/id_number", "/stability"}
    assert api.patch(f"/v1/patients/{made['id']}", {"id_number": WRONG_DIGIT}).status_code == 422
    assert api.get(f"/v1/patients/{made['id']}").json()["meta"]["version"] == 1


def test_who_is_on_the_roster_is_told_otherwise_than_an_id_that_is_taken(api: Api) -> None:
    made = api.made("/v1/patients", factories.patient())
    again = api.post("/v1/patients", factories.patient(name="示范另"))
    assert (again.status_code, again.json()["code"]) == (409, "entry_exists")
    assert (pointers(again), codes(again), again.json()["entry"]) == ({"/id_number"}, {"on_roster"}, made["id"])
    taken = api.put(
        f"/v1/patients/{made['id']}",
        factories.patient(id_number="110105196801010015", birth_date="1968-01-01", sex="male"),
    )
    assert (taken.status_code, pointers(taken)) == (409, {"#entry_id"}), taken.text


def test_who_is_on_the_roster_unseen_is_not_pointed_at(api: Api) -> None:
    api.made("/v1/patients", factories.patient(division="440882102200"))
    again = api.post("/v1/patients", factories.patient(), "village_clerk")
    assert (again.status_code, codes(again)) == (409, {"on_roster"})
    assert "entry" not in again.json()
