"""`GET /v1/statistics` names what statistics then answer."""

from typing import Any

import pytest

from tests.api import Api, codes

AT = "/v1/statistics"


def catalogue(api: Api, who: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(AT, who).json()["items"]
    return items


@pytest.mark.parametrize("who", ["clerk", "supervisor", "auditor", "dashboard", "bot"])
def test_what_it_names_can_be_asked(api: Api, who: str) -> None:
    for item in catalogue(api, who):
        usual = [each["name"] for each in item["measures"] if each["usual"]]
        told = api.get(f"{AT}/{item['register']}", who).json()
        if item["register"] not in {"patients", "visits"} or who not in {"dashboard", "bot"}:
            assert [each["name"] for each in told["measures"]] == usual
        for measure in item["measures"]:
            (answered,) = api.get(f"{AT}/{item['register']}?measures={measure['name']}", who).json()["measures"]
            assert {name: measure[name] for name in answered} == answered
            assert measure["title_en"]
        for dimension in item["dimensions"]:
            asked = api.get(f"{AT}/{item['register']}?group_by={dimension['name']}", who)
            assert asked.status_code == 200 or codes(asked) & {"below_town", "not_told", "whole_months", "county_only"}


def test_it_says_what_is_summed_and_by_which_day(api: Api) -> None:
    told = {(each["register"], m["name"]): m for each in catalogue(api, "clerk") for m in each["measures"]}
    sheds = told["sheds", "sheds_demolished_area"]
    assert (sheds["counts"], sheds["column"], sheds["unit"]) == ("sum", "area", "平方米")
    assert (sheds["dated"], sheds["where"]) == (["demolished_from", "demolished_to"], {"demolished": "true"})
    assert (told["disputes", "disputes_open"]["stands_on"], told["disputes", "disputes_open"]["dated"]) == (
        "open_on",
        [],
    )
    assert told["visits", "patients_visited"]["usual"] is False


def test_it_says_what_the_role_is_told(api: Api) -> None:
    def people(who: str) -> set[str]:
        return {
            m["told"] for each in catalogue(api, who) for m in each["measures"] if m["name"].startswith("patients_on")
        }

    assert (people("clerk"), people("dashboard")) == ({"exactly"}, {"rounded"})
    assert api.get(AT, "administrator").status_code == 403
    answer = api.get(AT, "bot")
    assert api.get(AT, "bot", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
