"""Bad input, languages, preconditions and retries, over HTTP: a clear problem, and nothing changed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from registry.ledger.ids import new_id
from tests import factories
from tests.api import Api, codes, pointers

AT = "/v1/gatherings"


def raw(api: Api, content: bytes, media: str | None = "application/json") -> httpx.Response:
    headers = {"Content-Type": media} if media else {}
    return api.call("POST", AT, content=content, headers=headers)


def watermark(api: Api) -> str:
    return str(api.get(AT).json()["watermark"])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"{", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": 1e999}', "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too_deep"),
        (b'{"sessions": 99999999999999999999}', "too_big"),
        (b'{"title": "\\ud800"}', "surrogate"),
        (b"[]", "type"),
        (b"null", "type"),
    ],
)
def test_what_is_no_entry_is_refused(api: Api, content: bytes, code: str) -> None:
    before = watermark(api)
    answer = raw(api, content)
    assert answer.status_code == 400
    assert codes(answer) == {code}
    assert watermark(api) == before


@pytest.mark.parametrize(
    "media", ["text/plain", "application/xml", "multipart/form-data", None, "application/json; charset=gbk"]
)
def test_another_media_type_is_refused(api: Api, media: str | None) -> None:
    assert raw(api, b"{}", media).status_code == 415


def test_a_body_over_the_limit_is_refused(api: Api) -> None:
    answer = raw(api, b'{"title": "' + b"x" * 1_100_000 + b'"}')
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_all_faults_of_a_body_come_in_one_answer(api: Api) -> None:
    body = factories.gathering(
        sessions=0, kind="picnic", planned_from="2020-02-30", title=" ", organiser={"name": "赵*", "phone": "1"}, more=1
    )
    del body["disposition"]
    answer = api.post(AT, body)
    assert answer.status_code == 400
    assert pointers(answer) == {
        "/sessions", "/kind", "/planned_from", "/title", "/organiser/name", "/organiser/phone", "/more", "/disposition",
    }  # fmt: skip
    kind = next(error for error in answer.json()["errors"] if error["pointer"] == "/kind")
    assert "nianli" in kind["allowed"]


def test_all_broken_rules_come_in_one_answer(api: Api) -> None:
    body = factories.gathering(decided_on="2999-01-01", planned_to="2020-02-01", postponed_to="2020-01-01")
    answer = api.post(AT, body)
    assert answer.status_code == 422
    assert codes(answer) == {"in_future", "ends_before_start", "postponed_to", "not_later"}


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "   ", "", "a\x1fb"])
def test_nul_control_and_blank_text_is_refused(api: Api, text: str) -> None:
    assert pointers(api.post(AT, factories.gathering(title=text))) == {"/title"}


def test_text_is_kept_tidy(api: Api) -> None:
    entry = api.made(AT, factories.gathering(title="  e\u0301  "))
    assert entry["title"] == "\u00e9"


def test_messages_are_chinese_or_english(api: Api) -> None:
    zh = api.post(AT, {})
    en = api.post(AT, {}, headers={"Accept-Language": "en-GB,zh;q=0.5"})
    assert zh.headers["Content-Language"] == "zh"
    assert en.headers["Content-Language"] == "en"
    assert {e["message"] for e in zh.json()["errors"]} == {"缺少必填项。"}
    assert {e["message"] for e in en.json()["errors"]} == {"This field is required."}
    assert pointers(zh) == pointers(en)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "cursor=*", "as_of=yesterday", "as_of=2020-02-21T00:00:00", "kind=null",
        "kind=picnic", "decided_from=2020-13-01", "division=44088",
        "limit=1&limit=2", "stauts=open", "include_voided=perhaps", "%ff=1",
    ],
)  # fmt: skip
def test_bad_parameters_are_refused(api: Api, query: str) -> None:
    assert api.get(f"{AT}?{query}").status_code == 400


@pytest.mark.parametrize(
    "as_of",
    [
        "2999-01-01",
        "2020-02-30",
        "2999-01-01T00:00:00Z",
        "wm_440882_999999",
        "wm_440981_1",
        "2020-02-21T00:00:00-99:00",
    ],
)
def test_a_time_that_was_not_is_refused(api: Api, as_of: str) -> None:
    answer = api.get(f"{AT}?as_of={as_of}")
    assert answer.status_code == 422
    assert pointers(answer) == {"#as_of"}


def test_options_tell_all_methods(api: Api) -> None:
    answer = api.call("OPTIONS", AT)
    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, OPTIONS, POST"


def test_a_cursor_belongs_to_its_filters(api: Api) -> None:
    for _ in range(3):
        api.made(AT, factories.gathering())
    cursor = api.get(f"{AT}?limit=1").json()["next_cursor"]
    assert api.get(f"{AT}?limit=2&cursor={cursor}").status_code == 200
    assert api.get(f"{AT}?limit=1&kind=opera&cursor={cursor}").status_code == 422
    assert api.get(f"{AT}?cursor=xyz").status_code == 422


def test_paths_and_methods_that_are_not_there(api: Api) -> None:
    assert api.get("/v1/nonsense").json()["code"] == "route_not_found"
    wrong = api.call("DELETE", AT)
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert set(wrong.headers["Allow"].replace(",", " ").split()) >= {"GET", "POST"}
    unknown = api.get(f"{AT}/not-a-uuid")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


def test_a_retry_with_the_same_key_makes_one_entry(api: Api) -> None:
    headers = {"Idempotency-Key": "form-1"}
    first = api.post(AT, factories.gathering(), headers=headers)
    again = api.post(AT, factories.gathering(), headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(api.get(AT).json()["items"]) == 1
    other = api.post(AT, factories.gathering(sessions=9), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_belongs_to_its_caller_and_route(api: Api) -> None:
    headers = {"Idempotency-Key": "form-1"}
    one = api.post(AT, factories.gathering(), headers=headers).json()["id"]
    two = api.post(AT, factories.gathering(), "supervisor", headers=headers).json()["id"]
    three = api.post("/v1/sheds", factories.shed(), headers=headers).json()["id"]
    assert len({one, two, three}) == 3


def test_a_retried_change_is_made_once(api: Api) -> None:
    at = f"{AT}/{api.made(AT, factories.gathering())['id']}"
    headers = {"Idempotency-Key": "change-1"}
    first = api.patch(at, {"sessions": 8}, 1, headers=headers)
    again = api.patch(at, {"sessions": 8}, 1, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert api.patch(at, {"sessions": 8}, 2, headers=headers).json()["code"] == "idempotency_key_reused"


def test_sixty_four_posts_at_once_with_one_key_make_one_entry(api: Api) -> None:
    def post(_: int) -> Any:
        return api.post(AT, factories.gathering(), headers={"Idempotency-Key": "storm"}).json()["id"]

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(post, range(64)))
    assert len(ids) == 1
    assert len(api.get(AT).json()["items"]) == 1


def test_two_writers_cannot_both_change_one_version(api: Api) -> None:
    at = f"{AT}/{api.made(AT, factories.gathering())['id']}"

    def change(sessions: int) -> int:
        return api.patch(at, {"sessions": sessions}, 1).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(change, range(10, 18)))
    assert answers == [200] + [412] * 7


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "鍵"])
def test_an_idempotency_key_of_the_wrong_form_is_refused(api: Api, key: str) -> None:
    answer = api.post(AT, factories.gathering(), headers={"Idempotency-Key": key.encode()})
    assert answer.status_code == 400


def test_a_replay_shows_no_more_than_todays_rights(api: Api) -> None:
    at = f"/v1/patients/{new_id()}"
    body = factories.patient()
    api.put(at, body)
    moved = {"to_division": "440882100200", "on": "2020-03-01", "reason": "随家人迁居"}
    assert api.act(f"{at}/transfer", moved, 1, "supervisor").status_code == 200
    assert api.get(at).status_code == 404
    again = api.put(at, body)
    assert again.status_code == 201
    assert again.json()["meta"]["version"] == 1


def test_health(api: Api) -> None:
    assert api.get("/healthz", None).json()["status"] == "ok"
    assert api.get("/readyz", None).json()["status"] == "ready"


def test_keys_over_http(api: Api) -> None:
    body = {"name": "白沙镇综治办", "role": "clerk", "divisions": ["440882100"]}
    assert api.post("/v1/keys", body, "supervisor").status_code == 403
    made = api.post("/v1/keys", body, "administrator")
    assert made.status_code == 201
    api.keys["made"] = made.json()["key"]
    assert api.get(AT, "made").status_code == 200
    listed = api.get("/v1/keys", "administrator")
    assert made.json()["key"] not in listed.text
    revoked = api.post(f"/v1/keys/{made.json()['id']}/revoke", None, "administrator").json()
    assert (revoked["id"], revoked["revoked_at"] is not None) == (made.json()["id"], True)
    assert api.post(f"/v1/keys/{new_id()}/revoke", None, "administrator").status_code == 404
    outside = api.post("/v1/keys", {**body, "divisions": ["440981"]}, "administrator")
    assert pointers(outside) == {"/divisions"}


def test_what_is_out_of_range_is_no_fault_of_ours(api: Api) -> None:
    at = f"{AT}/{api.made(AT, factories.gathering())['id']}"
    for number in ("0", "2147483648", "99999999999", "9" * 30):
        assert api.get(f"{at}/versions/{number}").status_code == 404
    body = {"name": "示范", "role": "bot", "divisions": ["440882"], "expires_at": "9999-12-31T23:59:59-01:00"}
    assert api.post("/v1/keys", body, "administrator").status_code == 422
    assert api.get("/v1/keys", "administrator").status_code == 200
