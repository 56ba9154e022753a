"""Public texts name nobody of their case, in whichever order they come."""

from typing import Any

import pytest

from registry.core.invariants import naming
from registry.disputes.register import DISPUTE_REGISTER
from tests import factories
from tests.api import Api, codes, pointers

WHO = "示范郑"
"""The person among the parties of `factories.dispute`."""
REASON = {"code": "typing_error", "text": "录入有误"}


def told(answer: Any) -> tuple[int, set[str], set[str]]:
    return answer.status_code, codes(answer), pointers(answer)


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"title": f"{WHO}与迈港村林地纠纷"}, "/title"),
        ({"place_name": f"{WHO}屋后"}, "/place_name"),
        ({"task_force": {"lead_unit": "示范政法委", "leader": WHO, "stationed_at": "客路镇", "stationed_from": "2020-02-02"}},
         "/task_force/leader"),
        ({"response": {"arrived_on": "2020-02-02", "units": ["示范派出所", f"{WHO}等人"]}}, "/response/units/1"),
    ],
)  # fmt: skip
def test_a_dispute_names_none_of_its_parties(api: Api, more: dict[str, Any], pointer: str) -> None:
    assert told(api.post("/v1/disputes", factories.dispute(**more))) == (422, {"names_person"}, {pointer})
    made = api.made("/v1/disputes", factories.dispute())
    assert told(api.patch(f"/v1/disputes/{made['id']}", more)) == (422, {"names_person"}, {pointer})


def test_what_belongs_to_a_dispute_names_none_of_its_parties(api: Api) -> None:
    dispute = api.made("/v1/disputes", factories.dispute())["id"]
    agreement = factories.agreement(dispute, signatories=[{"party": WHO}, {"party": "乙方"}])
    assert told(api.post("/v1/agreements", agreement)) == (422, {"names_person"}, {"/signatories/0/party"})
    attended = [{"party": "甲方", "name": "示范冯"}, {"party": "示范冯一方"}]
    session = api.post("/v1/mediation-sessions", factories.session(dispute, attended=attended))
    assert told(session) == (422, {"names_person"}, {"/attended/1/party"})
    api.made("/v1/agreements", factories.agreement(dispute))


def test_a_party_is_not_added_whose_name_stands_in_a_public_text(api: Api) -> None:
    dispute = api.made("/v1/disputes", factories.dispute())
    at = f"/v1/disputes/{dispute['id']}"
    agreement = api.made(
        "/v1/agreements",
        factories.agreement(dispute["id"], title="与示范韩的协议", signatories=[{"party": "甲方"}, {"party": "乙方"}]),
    )
    parties = [*factories.dispute()["parties"], {"kind": "person", "person": {"name": "示范韩"}}]
    assert told(api.patch(at, {"parties": parties})) == (422, {"names_person"}, {"/parties/2/person/name"})
    api.patch(f"/v1/agreements/{agreement['id']}", {"title": "人民调解协议书"})
    assert api.patch(at, {"parties": parties}).status_code == 200


def test_a_reason_names_nobody(api: Api) -> None:
    made = api.made("/v1/disputes", factories.dispute())
    at = f"/v1/disputes/{made['id']}"
    reason = {"code": "other", "text": f"{WHO}本人要求"}
    corrected = api.act(f"{at}/correct", {"reason": reason, "changes": {"people_involved": 9}})
    assert told(corrected) == (422, {"names_person"}, {"/reason/text"})
    assert told(api.act(f"{at}/void", {"reason": reason}, who="supervisor")) == (
        422,
        {"names_person"},
        {"/reason/text"},
    )
    assert api.act(f"{at}/correct", {"reason": REASON, "changes": {"people_involved": 9}}).status_code == 200


def test_a_visit_and_a_gathering_name_nobody_of_theirs(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    team = [{"role": "police", "name": "示范吴", "unit": "示范李家附近"}, {"role": "grid_worker", "name": "示范周"}]
    visit = api.post("/v1/visits", factories.visit(patient, team=team))
    assert told(visit) == (422, {"names_person"}, {"/team/0/unit"})
    wedding = api.post("/v1/gatherings", factories.gathering(title="示范赵家婚宴"))
    assert told(wedding) == (422, {"names_person"}, {"/title"})


def test_villages_and_organisations_are_called_as_they_are(api: Api) -> None:
    parties = [
        {"kind": "organisation", "name": "示范郑农场", "representative": {"name": WHO}},
        {"kind": "village", "name": "示范郑村", "hamlet": "示范郑"},
    ]
    api.made("/v1/disputes", factories.dispute(parties=parties))


def test_what_named_somebody_before_this_rule_is_no_hindrance() -> None:
    stood = factories.dispute(title=f"{WHO}与迈港村林地纠纷")
    assert list(naming(DISPUTE_REGISTER, {**stood, "people_involved": 9}, stood)) == []
    (fault,) = naming(DISPUTE_REGISTER, {**stood, "title": f"{WHO}林地纠纷"}, stood)
    assert (fault.pointer, fault.code) == ("/title", "names_person")


def test_a_mask_and_a_family_name_are_no_names() -> None:
    parties = [{"kind": "person", "person": {"name": name}} for name in ("示*", "示")]
    masked = factories.dispute(title="示范郑某林地纠纷(示*)", parties=parties)
    assert list(naming(DISPUTE_REGISTER, masked, {})) == []
