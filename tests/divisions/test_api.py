"""Divisions and their staff over HTTP: names as they were, closings and mergers, who writes, who sees whom."""

from typing import Any

import httpx
import pytest

from tests import factories
from tests.api import Api, codes, pointers
from tests.conftest import CALLERS, COUNTY, KELU

AT = "/v1/divisions"
VILLAGE, SISTER, BAISHA_VILLAGE = "440882102204", "440882102200", "440882100200"
ADMIN = "administrator"


def entry(api: Api, code: str) -> dict[str, Any]:
    (found,) = api.get(f"{AT}?code={code}", ADMIN).json()["items"]
    return dict(found)


def act(api: Api, code: str, verb: str, body: dict[str, Any], who: str = ADMIN) -> httpx.Response:
    return api.act(f"{AT}/{entry(api, code)['id']}/{verb}", body, "*", who)


def rename(api: Api, name: str, on: str, code: str = VILLAGE) -> dict[str, Any]:
    answer = act(api, code, "rename", {"name": name, "on": on})
    assert answer.status_code == 200, answer.text
    renamed: dict[str, Any] = answer.json()
    return renamed


def close(api: Api, code: str = VILLAGE, on: str = "2020-02-10", **more: Any) -> httpx.Response:
    return act(api, code, "close", {"on": on, **more})


def test_a_renaming_keeps_the_former_names(api: Api) -> None:
    once = rename(api, "迈港新村委会", "2020-03-01")
    assert once["former_names"] == [{"name": "迈港村委会", "until": "2020-02-29"}]
    twice = rename(api, "大迈港村委会", "2021-01-01")
    assert twice["name"] == "大迈港村委会"
    assert twice["former_names"] == [*once["former_names"], {"name": "迈港新村委会", "until": "2020-12-31"}]
    assert entry(api, VILLAGE) == twice


def test_entries_keep_the_name_that_their_place_had(api: Api) -> None:
    old = api.made("/v1/gatherings", factories.gathering())
    rename(api, "迈港新村委会", "2020-03-01")
    new = api.made("/v1/gatherings", factories.gathering(planned_from="2020-03-05", decided_on="2020-03-02"))
    rename(api, "客新镇", "2020-03-03", KELU)
    newest = api.made("/v1/gatherings", factories.gathering(planned_from="2020-03-05", decided_on="2020-03-04"))
    names = [item["division_name"] for item in api.get("/v1/gatherings").json()["items"]]
    assert names == ["客新镇迈港新村委会", "客路镇迈港新村委会", "客路镇迈港村委会"]
    assert [each["division_name"] for each in (newest, new, old)] == names


def test_a_bulletin_of_the_past_shows_the_old_name(api: Api) -> None:
    at = f"/v1/bulletin?division={VILLAGE}&to=2020-03-05"
    then = api.get(at)
    rename(api, "迈港新村委会", "2020-03-01")
    now = api.get(at).json()
    assert now["division_name"] == "客路镇迈港新村委会"
    assert "迈港新村委会" in now["paragraph"]
    past = api.get(f"{at}&as_of={then.json()['watermark']}")
    assert past.json()["division_name"] == "客路镇迈港村委会"
    assert past.content == then.content


@pytest.mark.parametrize("on", ["0001-01-01", "1993-12-31"])
def test_a_renaming_before_there_was_the_place_is_refused(api: Api, on: str) -> None:
    answer = act(api, VILLAGE, "rename", {"name": "迈港新村委会", "on": on})
    assert (answer.status_code, pointers(answer)) == (422, {"/on"})


def test_nothing_happens_in_a_closed_division(api: Api) -> None:
    assert close(api).json()["closed_on"] == "2020-02-10"
    later = {"planned_from": "2020-02-20"}
    for path, body, day in (
        ("gatherings", factories.gathering(**later), "decided_on"),
        ("disputes", factories.dispute(), "discovered_on"),
        ("sheds", factories.shed(), "demolished_on"),
        ("grid-staff", factories.staff(), "since"),
    ):
        for on in ("2020-02-10", "2020-03-01"):
            planned = {"planned_from": on} if path == "gatherings" else {}
            answer = api.post(f"/v1/{path}", {**body, **planned, day: on})
            assert (answer.status_code, codes(answer)) == (422, {"closed_division"}), (path, on)
            assert pointers(answer) == {"/division"}
        assert api.post(f"/v1/{path}", {**body, day: "2020-02-09"}).status_code == 201, path
    assert codes(api.post("/v1/patients", factories.patient())) == {"closed_division"}


def test_an_entry_of_a_closed_division_can_still_be_changed(api: Api) -> None:
    old = api.made("/v1/gatherings", factories.gathering())
    close(api)
    assert api.patch(f"/v1/gatherings/{old['id']}", {"sessions": 9}, 1).status_code == 200
    listed = api.get(f"/v1/gatherings?division={VILLAGE}").json()["items"]
    assert [item["sessions"] for item in listed] == [9]


def test_what_happened_before_a_closing_can_still_be_entered(api: Api) -> None:
    patient = api.made("/v1/patients", factories.patient())["id"]
    close(api, on="2020-06-01")
    answer = api.post("/v1/visits", factories.visit(patient, visited_on="2020-02-14"))
    assert answer.status_code == 201, answer.text


def test_staff_of_a_closed_division_may_leave(api: Api) -> None:
    member = api.made("/v1/grid-staff", factories.staff())["id"]
    close(api)
    answer = api.patch(f"/v1/grid-staff/{member}", {"left_on": "2020-02-10"}, 1)
    assert answer.status_code == 200, answer.text


def test_a_closed_division_is_closed_for_good(api: Api) -> None:
    assert close(api, on="1993-12-31").status_code == 422
    assert close(api).status_code == 200
    assert close(api).status_code == 409
    assert act(api, VILLAGE, "rename", {"name": "示范", "on": "2020-03-01"}).status_code == 409


def test_a_division_merges_into_an_open_one_of_its_level(api: Api) -> None:
    api.made(AT, factories.division(), ADMIN)
    assert close(api, "440882102299").status_code == 200
    for code in ("440882102999", VILLAGE, KELU, COUNTY, "440882102299"):
        answer = close(api, merged_into=code)
        assert (answer.status_code, pointers(answer)) == (422, {"/merged_into"}), code
    assert entry(api, VILLAGE)["closed_on"] is None
    merged = close(api, merged_into=SISTER).json()
    assert (merged["closed_on"], merged["merged_into"]) == ("2020-02-10", SISTER)


def test_a_hamlet_has_no_code(api: Api) -> None:
    hamlet = factories.division(level="hamlet", code=None, parent=VILLAGE, name="示范自然村")
    first = api.made(AT, hamlet, ADMIN)
    second = api.made(AT, {**hamlet, "name": "示范自然村二"}, ADMIN)
    assert first["code"] is None
    listed = api.get(f"{AT}?parent={VILLAGE}&level=hamlet").json()["items"]
    assert [item["id"] for item in listed] == [second["id"], first["id"]]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"level": "hamlet", "parent": VILLAGE}, {"/code"}),
        ({"level": "hamlet", "code": None}, {"/parent"}),
        ({"code": None}, {"/code"}),
        ({"code": "440882103299"}, {"/code"}),
        ({"code": "440882102"}, {"/code"}),
        ({"parent": None}, {"/parent", "/code"}),
        ({"parent": "440882999", "code": "440882999001"}, {"/parent"}),
        ({"parent": COUNTY}, {"/parent"}),
        ({"level": "town", "code": "440882199"}, {"/parent", "/code"}),
        ({"level": "county", "code": "440981", "parent": None}, {"/code"}),
    ],
)
def test_a_division_in_the_wrong_place_is_refused(api: Api, more: dict[str, Any], expected: set[str]) -> None:
    answer = api.post(AT, factories.division(**more), ADMIN)
    assert (answer.status_code, pointers(answer)) == (422, expected)


def test_a_code_is_given_once(api: Api) -> None:
    answer = api.post(AT, factories.division(code=VILLAGE), ADMIN)
    assert (answer.status_code, answer.json()["code"]) == (409, "entry_exists")


def test_the_code_of_a_voided_division_is_free_again(api: Api) -> None:
    wrong = api.made(AT, factories.division(), ADMIN)["id"]
    reason = {"code": "typing_error", "text": "录入有误(示范)"}
    assert api.act(f"{AT}/{wrong}/void", {"reason": reason}, 1, ADMIN).status_code == 200
    assert api.post(AT, factories.division(name="示范村委会"), ADMIN).status_code == 201


def test_only_the_administrator_writes_divisions(api: Api) -> None:
    at = f"{AT}/{entry(api, VILLAGE)['id']}"
    for who in sorted(set(CALLERS) - {ADMIN}):
        assert api.post(AT, factories.division(), who).status_code == 403, who
        assert api.patch(at, {"hamlets": 7}, 1, who).status_code == 403, who
        assert act(api, VILLAGE, "rename", {"name": "示范", "on": "2020-03-01"}, who).status_code == 403, who
        assert act(api, VILLAGE, "close", {"on": "2020-03-01"}, who).status_code == 403, who
    assert entry(api, VILLAGE)["meta"]["version"] == 1


def test_everybody_reads_all_divisions(api: Api) -> None:
    whole = api.get(AT, ADMIN).json()
    assert len(whole["items"]) == 6
    for who in CALLERS:
        assert api.get(AT, who).json() == whole, who


def test_a_change_does_not_touch_name_history_or_closing(api: Api) -> None:
    rename(api, "迈港新村委会", "2020-03-01")
    close(api, on="2020-04-01", merged_into=SISTER)
    before = entry(api, VILLAGE)
    after = api.patch(f"{AT}/{before['id']}", {"hamlets": 7}, 3, ADMIN).json()
    assert after["hamlets"] == 7
    assert {**after, "hamlets": 0, "meta": None} == {**before, "meta": None}


def test_staff_are_found_by_phone_in_their_own_town(api: Api) -> None:
    mine = api.made("/v1/grid-staff", factories.staff())
    theirs = api.made("/v1/grid-staff", factories.staff(division=BAISHA_VILLAGE), "neighbour")
    api.made("/v1/grid-staff", factories.staff(phone="19900007777"))
    for who, expected in (("clerk", [mine]), ("neighbour", [theirs]), ("supervisor", [theirs, mine])):
        assert api.post("/v1/grid-staff/search", {"phone": factories.PHONE}, who).json()["items"] == expected
    assert api.post("/v1/grid-staff/search", {"phone": factories.PHONE}, "dashboard").status_code == 403


def test_staff_of_another_town_are_masked_or_absent(api: Api) -> None:
    theirs = api.made("/v1/grid-staff", factories.staff(division=BAISHA_VILLAGE), "neighbour")
    at = f"/v1/grid-staff/{theirs['id']}"
    for who in ("clerk", "village_clerk", "town_dashboard"):
        assert api.get(at, who).status_code == 404, who
        assert api.get("/v1/grid-staff", who).json()["items"] == []
    for who in ("dashboard", "bot", "auditor"):
        seen = api.get(at, who).json()
        assert (seen["name"], seen["phone"]) == ("示*", "199****1234"), who
    assert api.get(at, ADMIN).status_code == 403
    assert api.get(at, "supervisor").json() == theirs


@pytest.mark.parametrize(
    ("patch", "code"), [({"name": "别名"}, "needs_rename"), ({"code": "440882102777"}, "code_change")]
)
def test_a_plain_change_neither_renames_nor_recodes(api: Api, patch: dict[str, str], code: str) -> None:
    made = api.made("/v1/divisions", factories.division(), "administrator")
    answer = api.patch(f"/v1/divisions/{made['id']}", patch, 1, "administrator")
    assert answer.status_code == 422
    assert codes(answer) == {code}
