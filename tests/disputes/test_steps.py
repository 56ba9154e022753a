"""Steps and terms have numbers, and verbs of their own."""

from typing import Any

import pytest

from tests import factories
from tests.api import Api, codes, pointers

REASON = {"code": "typing_error", "text": "录入有误(示范)"}
AT = "/v1/disputes"


def moved(api: Api, *steps: tuple[str, str]) -> str:
    case: str = api.made(AT, factories.dispute())["id"]
    for to, on in steps:
        assert api.act(f"{AT}/{case}/move", {"to": to, "on": on}).status_code == 200
    return case


def test_a_step_with_a_wrong_day_is_corrected(api: Api) -> None:
    case = moved(api, ("accepted", "2020-02-03"), ("mediating", "2020-02-08"))
    wrong = {"changes": {"on": "2020-02-09"}, "reason": REASON}
    refused = api.act(f"{AT}/{case}/moves/1/correct", wrong)
    assert (refused.status_code, pointers(refused)) == (422, {"/changes/on"})
    right = api.act(f"{AT}/{case}/moves/1/correct", {"changes": {"on": "2020-02-02"}, "reason": REASON}, 3)
    assert right.status_code == 200, right.text
    dispute = right.json()
    assert [(move["number"], move["on"]) for move in dispute["moves"]] == [(1, "2020-02-02"), (2, "2020-02-08")]
    assert (dispute["accepted_on"], dispute["mediation_due_on"]) == ("2020-02-02", "2020-03-02")
    assert (dispute["meta"]["action"], dispute["meta"]["reason"]) == ("corrected", REASON)


def test_the_last_step_is_undone_and_its_number_is_not_used_again_while_others_follow(api: Api) -> None:
    case = moved(api, ("accepted", "2020-02-03"), ("withdrawn", "2020-02-04"))
    assert api.act(f"{AT}/{case}/moves/1/undo", {"reason": REASON}).status_code == 409
    undone = api.act(f"{AT}/{case}/moves/2/undo", {"reason": REASON})
    assert (undone.status_code, undone.json()["stage"], len(undone.json()["moves"])) == (200, "accepted", 1)
    assert api.act(f"{AT}/{case}/moves/2/undo", {"reason": REASON}).status_code == 404


@pytest.mark.parametrize("body", [{"changes": {}, "reason": REASON}, {"changes": {"on": "2020-02-02"}}, {}])
def test_a_correction_says_what_and_why(api: Api, body: dict[str, Any]) -> None:
    case = moved(api, ("accepted", "2020-02-03"))
    assert api.act(f"{AT}/{case}/moves/1/correct", body).status_code in {400, 422}


def test_a_term_is_performed_by_its_number(api: Api) -> None:
    case = moved(api)
    terms = [{"text": "甲方退还(示范)"}, {"text": "乙方补种(示范)", "due_on": "2020-02-20"}]
    signed = api.made("/v1/agreements", factories.agreement(case, terms=terms))
    assert [term["number"] for term in signed["terms"]] == [1, 2]
    at = f"/v1/agreements/{signed['id']}"
    done = api.act(f"{at}/terms/2/perform", {"performed_on": "2020-02-10"}, 1)
    assert done.status_code == 200, done.text
    assert [term["performed_on"] for term in done.json()["terms"]] == [None, "2020-02-10"]
    early = api.act(f"{at}/terms/1/perform", {"performed_on": "2020-02-01"})
    assert (early.status_code, pointers(early)) == (422, {"/terms/0/performed_on"})
    assert api.act(f"{at}/terms/9/perform", {"performed_on": "2020-02-10"}).status_code == 404


def test_terms_keep_their_numbers(api: Api) -> None:
    case = moved(api)
    signed = api.made("/v1/agreements", factories.agreement(case, terms=[{"text": "一(示范)"}, {"text": "二(示范)"}]))
    at = f"/v1/agreements/{signed['id']}"
    sent = [{"text": "二(示范)"}, {"text": "三(示范)"}, {"text": "一,改(示范)", "number": 1}]
    changed = api.patch(at, {"terms": sent}, 1).json()
    assert [term["number"] for term in changed["terms"]] == [2, 3, 1]
    wrong = api.patch(at, {"terms": [{"text": "四(示范)", "number": 7}]}, 2)
    assert (codes(wrong), pointers(wrong)) == ({"unknown_number"}, {"/terms/0/number"})
