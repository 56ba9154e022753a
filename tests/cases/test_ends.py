"""Rules between entries hold at whichever end one writes: small inputs, each for its kind."""

from typing import Any

import pytest

from tests import factories
from tests.api import Api, codes, pointers

REASON = {"code": "typing_error", "text": "录入有误(示范)"}
FAMILY = {"code": "typing_error", "text": "示范孙家属要求"}


def corrected(api: Api, at: str, reason: dict[str, str] = REASON, **changes: Any) -> Any:
    return api.act(f"{at}/correct", {"changes": changes, "reason": reason})


def test_a_dispute_cannot_be_found_after_what_followed(api: Api) -> None:
    made = api.made("/v1/disputes", factories.dispute())
    at = f"/v1/disputes/{made['id']}"
    api.act(f"{at}/move", {"to": "accepted", "on": "2020-02-03"})
    answer = corrected(api, at, discovered_on="2020-06-02")
    assert (answer.status_code, codes(answer)) == (422, {"before_discovery"})
    api.made("/v1/mediation-sessions", factories.session(made["id"]))
    api.act(f"{at}/moves/1/undo", {"reason": REASON})
    assert corrected(api, at, discovered_on="2020-02-06").status_code == 422


def test_an_agreement_that_a_stage_rests_on_stays_in_effect(api: Api) -> None:
    made = api.made("/v1/disputes", factories.dispute())
    at = f"/v1/disputes/{made['id']}"
    signed = api.made("/v1/agreements", factories.agreement(made["id"]))
    for to, on in (("accepted", "2020-02-03"), ("mediating", "2020-02-03"), ("agreed", "2020-02-06")):
        assert api.act(f"{at}/move", {"to": to, "on": on}).status_code == 200
    own = f"/v1/agreements/{signed['id']}"
    for answer in (
        corrected(api, own, mediator_signed=False),
        corrected(api, own, kind="peace_pact"),
        api.act(f"{own}/void", {"reason": REASON}, who="supervisor"),
    ):
        assert (answer.status_code, codes(answer)) == (422, {"agreed_rests_on_it"})
        assert at in answer.json()["errors"][0]["message"]
    second = api.made("/v1/agreements", factories.agreement(made["id"]))
    assert api.act(f"/v1/agreements/{second['id']}/void", {"reason": REASON}, who="supervisor").status_code == 200


def test_why_no_agreement_is_in_effect_is_told(api: Api) -> None:
    made = api.made("/v1/disputes", factories.dispute())
    signed = api.made("/v1/agreements", factories.agreement(made["id"], mediator_signed=False, sealed_by=None))
    for to in ("accepted", "mediating"):
        api.act(f"/v1/disputes/{made['id']}/move", {"to": to, "on": "2020-02-06"})
    body = {"to": "agreed", "on": "2020-02-06"}
    told = api.act(f"/v1/disputes/{made['id']}/move", body).json()["errors"][0]["message"]
    assert told.endswith(f"/v1/agreements/{signed['id']} 缺调解员签名、盖章单位。")
    english = api.call(
        "POST", f"/v1/disputes/{made['id']}/move", json=body, headers={"If-Match": "*", "Accept-Language": "en"}
    )
    assert english.json()["errors"][0]["message"].isascii()


@pytest.mark.parametrize(
    ("case", "child"), [("disputes", "agreements"), ("disputes", "mediation-sessions"), ("patients", "visits")]
)
def test_a_case_with_entries_is_voided_with_them_or_not_at_all(api: Api, case: str, child: str) -> None:
    bodies: dict[str, Any] = {
        "agreements": factories.agreement, "mediation-sessions": factories.session, "visits": factories.visit,
    }  # fmt: skip
    made = api.made(f"/v1/{case}", factories.dispute() if case == "disputes" else factories.patient())
    entry = api.made(f"/v1/{child}", bodies[child](made["id"]))
    at = f"/v1/{case}/{made['id']}"
    refused = api.act(f"{at}/void", {"reason": REASON}, who="supervisor")
    assert (refused.status_code, codes(refused)) == (422, {"has_children"})
    assert "1 条" in refused.json()["errors"][0]["message"]
    assert api.act(f"{at}/void", {"reason": REASON, "children": True}, who="supervisor").status_code == 200
    assert api.get(f"/v1/{child}/{entry['id']}").json()["meta"]["voided"] is True


def test_nobody_is_seen_after_their_death_nor_dies_twice(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    unseen: dict[str, Any] = {"seen": False, "risk_level": None, "stability": None, "findings": None}
    death = {**unseen, "visited_on": "2020-03-08", "not_seen_reason": "deceased", "died_on": "2020-03-08"}
    died = api.made("/v1/visits", factories.visit(patient, **death))
    seen = api.post("/v1/visits", factories.visit(patient, visited_on="2020-03-20"))
    assert (seen.status_code, codes(seen)) == (422, {"seen_after_death"})
    again = api.post(
        "/v1/visits", factories.visit(patient, **{**death, "visited_on": "2020-03-20", "died_on": "2020-03-09"})
    )
    assert (again.status_code, "died_twice" in codes(again)) == (422, True)
    assert corrected(api, f"/v1/patients/{patient}", status="in_care", left_care_on=None).status_code == 422
    assert api.act(f"/v1/visits/{died['id']}/void", {"reason": REASON}, who="supervisor").status_code == 200
    assert api.get(f"/v1/patients/{patient}").json()["status"] == "in_care"


def test_a_public_text_names_nobody_of_the_case_whichever_entry_says_it(api: Api) -> None:
    made = api.made("/v1/disputes", factories.dispute())
    at = f"/v1/disputes/{made['id']}"
    signed = api.made("/v1/agreements", factories.agreement(made["id"]))
    own = f"/v1/agreements/{signed['id']}"
    party = {"code": "typing_error", "text": "应示范郑要求更正"}
    signatory = {"code": "typing_error", "text": "应示 范·冯要求更正"}
    for answer in (
        corrected(api, own, party, copies=5),
        api.act(f"{own}/void", {"reason": party}, who="supervisor"),
        corrected(api, at, signatory, people_involved=9),
        api.patch(at, {"title": "示范冯林地纠纷"}),
        api.post("/v1/agreements", factories.agreement(made["id"], title="示范冯协议书")),
        api.act(f"{at}/move", {"to": "referred", "on": "2020-02-05", "referred_to": "示范郑"}),
    ):
        assert (answer.status_code, codes(answer)) == (422, {"names_person"}), answer.request.url


def test_a_reason_names_nobody_in_care(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    visit = api.made("/v1/visits", factories.visit(patient))["id"]
    for answer in (
        corrected(api, f"/v1/visits/{visit}", FAMILY, sleep="good"),
        api.act(f"/v1/visits/{visit}/void", {"reason": FAMILY}, who="supervisor"),
    ):
        assert (answer.status_code, pointers(answer)) == (422, {"/reason/text"})


def test_a_place_is_there_on_the_day_also_after_a_correction(api: Api) -> None:
    api.made("/v1/divisions", factories.division(valid_from="2020-01-15"), "administrator")
    made = api.made("/v1/disputes", factories.dispute(division="440882102299"))
    at = f"/v1/disputes/{made['id']}"
    early = corrected(api, at, discovered_on="2020-01-02")
    assert (early.status_code, codes(early)) == (422, {"not_yet_valid"})
    assert corrected(api, at, discovered_on="2020-01-20").status_code == 200
    (place,) = api.get("/v1/divisions?code=440882102299").json()["items"]
    voided = api.act(f"/v1/divisions/{place['id']}/void", {"reason": REASON}, who="administrator")
    assert (voided.status_code, codes(voided)) == (422, {"has_children"})


def test_names_of_a_place_are_in_the_order_of_their_own_days(api: Api) -> None:
    place = api.made("/v1/divisions", factories.division(valid_from="2015-01-01"), "administrator")
    at = f"/v1/divisions/{place['id']}"

    def renamed(name: str, on: str) -> Any:
        return api.act(f"{at}/rename", {"name": name, "on": on}, who="administrator")

    assert renamed("丙村委会(示范)", "2021-05-01").json()["name"] == "丙村委会(示范)"
    late = renamed("乙村委会(示范)", "2018-05-01").json()
    assert late["name"] == "丙村委会(示范)"
    assert [each["until"] for each in late["former_names"]] == ["2018-04-30", "2021-04-30"]
    same = renamed("乙村委会(示范)", "2019-01-01")
    assert (same.status_code, codes(same)) == (422, {"no_change"})
    old = api.made(
        "/v1/gatherings",
        factories.gathering(division="440882102299", planned_from="2019-02-08", decided_on="2019-01-25"),
    )
    assert old["division_name"].endswith("乙村委会(示范)")


def test_two_terms_have_two_numbers(api: Api) -> None:
    made = api.made("/v1/disputes", factories.dispute())
    signed = api.made("/v1/agreements", factories.agreement(made["id"], terms=[{"text": "一(示范)"}]))
    sent = [{"text": "一(示范)", "number": 1}, {"text": "二(示范)", "number": 1}]
    answer = corrected(api, f"/v1/agreements/{signed['id']}", terms=sent)
    assert (answer.status_code, codes(answer)) == (422, {"repeated_number"})


def test_a_merger_is_the_cause_of_the_version_that_closes_a_place(api: Api) -> None:
    place = api.made("/v1/divisions", factories.division(), "administrator")
    body = {"on": "2020-02-01", "merged_into": factories.VILLAGE}
    closed = api.act(f"/v1/divisions/{place['id']}/close", body, who="administrator").json()
    assert (place["meta"]["cause"], closed["meta"]["cause"]) == ("api", "merge")


def test_what_is_recorded_on_the_spot_names_nobody_either(api: Api) -> None:
    spot = {"settled_on": "2020-02-02", "agreed": "各让一尺(示范)", "mediators": [{"unit": "示范郑家门口"}]}
    answer = api.post("/v1/disputes", factories.dispute(settled_on_the_spot=spot))
    assert (answer.status_code, "names_person" in codes(answer)) == (422, True)
