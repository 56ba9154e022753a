"""The auditor's history over HTTP: of an entry, of a whole case, of all that somebody did."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from sqlalchemy import Connection, select, update

from registry.app import REGISTERS
from registry.audit.history.controller import HistoryQuery
from registry.core.principals import PRINCIPALS
from registry.core.queries import PageQuery
from registry.core.register import RegisterName
from registry.db.key_store import Tombstone
from registry.ledger.clock import beijing_day, wall_clock
from registry.ledger.tables import EVENTS
from registry.ledger.versions import encode
from registry.web.cursors import Cursor
from tests import factories
from tests.api import Api, pointers
from tests.conftest import BAISHA, KELU
from tests.patches import apply
from tests.test_registers import KINDS, REASON, made

Run = Callable[[Callable[[Connection], Any]], Any]
BAISHA_VILLAGE = "440882100200"
every_register = pytest.mark.parametrize("name", KINDS)
HEADER = ("version", "position", "action", "reason", "voided", "recorded_at", "recorded_by", "replayed_at")


def items(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def paged(api: Api, path: str, who: str, size: int) -> list[dict[str, Any]]:
    """All items, read page by page."""
    found, cursor, mark = [], "", "&" if "?" in path else "?"
    while cursor is not None:
        answer = api.get(f"{path}{mark}limit={size}" + (f"&cursor={cursor}" if cursor else ""), who)
        assert len(items(answer)) <= size
        found += items(answer)
        cursor = answer.json()["next_cursor"]
    return found


def without_meta(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "meta"}


def titles(item: dict[str, Any]) -> dict[str, str]:
    return {step["path"]: step["title"] for step in item["patch"]}


def three_versions(api: Api, name: str) -> str:
    """An entry that was created, changed and voided. Returns its path."""
    kind = KINDS[name]
    at = f"/v1/{name}/{made(api, name)['id']}"
    assert api.patch(at, kind.change, 1, kind.writer).status_code == 200
    assert api.act(f"{at}/void", {"reason": REASON}, 2, kind.voider).status_code == 200
    return at


def test_the_registers_that_can_be_asked_for_are_all() -> None:
    assert set(RegisterName.__args__) == {register.name for register in REGISTERS}  # type: ignore[attr-defined]


@every_register
def test_the_history_tells_who_when_why_and_what(api: Api, name: str) -> None:
    at, kind = three_versions(api, name), KINDS[name]
    reader = "administrator" if kind.writer == "administrator" else "auditor"
    history = items(api.get(f"{at}/history", reader))
    versions = items(api.get(f"{at}/versions", reader))
    assert [{key: item[key] for key in HEADER} for item in history] == [
        {key: version["meta"][key] for key in HEADER} for version in versions
    ]
    assert [item["action"] for item in history] == ["created", "changed", "voided"]
    assert history[2]["reason"] == REASON
    assert {step["path"] for step in history[1]["patch"]} >= {f"/{field}" for field in kind.change}
    document: dict[str, Any] = {}
    for item, version in zip(history, versions, strict=True):
        document = apply(document, item["patch"])
        assert document == without_meta(version)
        assert (item["register"], item["entry_id"]) == (name, version["id"])
        assert item["personal_changed"] == []


@every_register
def test_any_two_versions_can_be_compared(api: Api, name: str) -> None:
    at, kind = three_versions(api, name), KINDS[name]
    reader = "administrator" if kind.writer == "administrator" else "auditor"
    versions = [without_meta(version) for version in items(api.get(f"{at}/versions", reader))]
    for start, end in ((1, 2), (2, 1), (1, 3), (2, 2)):
        answer = api.get(f"{at}/diff?from={start}&to={end}", reader)
        diff = answer.json()
        assert (diff["from"], diff["to"]) == (start, end)
        assert apply(versions[start - 1], diff["patch"]) == versions[end - 1]
        assert (diff["patch"] == []) == (versions[start - 1] == versions[end - 1])
        again = api.get(f"{at}/diff?from={start}&to={end}", reader, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    assert api.get(f"{at}/diff?from=1&to=4", reader).status_code == 404
    assert api.get(f"{at}/diff?from=1&to=2&as_of=wm_440882_0", reader).status_code == 404


def test_a_comparison_says_which_two(api: Api) -> None:
    at = f"/v1/sheds/{made(api, 'sheds')['id']}/diff"
    assert pointers(api.get(at)) == {"#from", "#to"}
    assert pointers(api.get(f"{at}?from=1")) == {"#to"}
    assert pointers(api.get(f"{at}?from=0&to=1")) == {"#from"}
    assert pointers(api.get(f"{at}?from=1&to=99999999999")) == {"#to"}


@every_register
def test_the_history_comes_in_pages_of_one_moment(api: Api, name: str) -> None:
    kind = KINDS[name]
    at = f"/v1/{name}/{made(api, name)['id']}"
    api.patch(at, kind.change, 1, kind.writer)
    first = api.get(f"{at}/history?limit=1", kind.writer)
    whole = api.get(f"{at}/history", kind.writer)
    api.act(f"{at}/void", {"reason": REASON}, 2, kind.voider)
    second = api.get(f"{at}/history?limit=1&cursor={first.json()['next_cursor']}", kind.writer)
    assert items(first) + items(second) == items(whole)
    assert second.json()["next_cursor"] is None
    pinned = api.get(f"{at}/history?as_of={whole.json()['watermark']}", kind.writer)
    assert pinned.content == whole.content
    assert len(items(api.get(f"{at}/history", kind.writer))) == 3
    assert api.get(f"{at}/history?as_of=wm_440882_0", kind.writer).status_code == 404
    assert api.get(f"{at}/history", kind.writer, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 200
    assert api.get(f"{at}/history?as_of={whole.json()['watermark']}", kind.writer,
                   headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304  # fmt: skip


@every_register
def test_who_may_not_see_an_entry_sees_no_history(api: Api, name: str) -> None:
    at = f"/v1/{name}/{made(api, name)['id']}"
    seen = 200 if KINDS[name].open else 404
    for path in ("history", "diff?from=1&to=1"):
        assert api.get(f"{at}/{path}", None).status_code == 401
        assert api.get(f"{at}/{path}", "neighbour").status_code == seen
        assert api.get(f"{at}/{path}", "village_clerk").status_code == 200
        assert api.get(f"{at}/{path}&x=1".replace("history&", "history?"), "clerk").status_code == 400
        if not KINDS[name].open:
            assert api.get(f"{at}/{path}", "administrator").status_code == 403
        unknown = f"/v1/{name}/01a209d8-2208-7857-ad56-0c039969eb4c/{path}"
        assert api.get(unknown, KINDS[name].writer).status_code == 404


def test_the_recorder_stands_as_they_were_then(api: Api, run: Run) -> None:
    at = f"/v1/sheds/{made(api, 'sheds')['id']}"
    run(
        lambda c: c.execute(
            update(PRINCIPALS).where(PRINCIPALS.c.name == "clerk").values(name="改了名", divisions=BAISHA)
        )
    )
    (item,) = items(api.get(f"{at}/history", "auditor"))
    assert (item["recorded_by"]["name"], item["recorded_by"]["role"], item["recorded_by"]["office"]) == (
        "clerk", "clerk", KELU,
    )  # fmt: skip


def test_fields_carry_their_titles_and_what_stood_there(api: Api) -> None:
    at = f"/v1/patients/{made(api, 'patients')['id']}"
    api.patch(at, {"stability": "unstable", "guardian": None, "awards": [{"year": 2020, "amount": "1000.00"}]}, 1)
    item = items(api.get(f"{at}/history"))[1]
    assert titles(item)["/stability"] == "病情分类"
    step = next(step for step in item["patch"] if step["path"] == "/stability")
    assert (step["op"], step["before"], step["value"]) == ("replace", "stable", "unstable")


# Personal data


def test_personal_fields_are_masked_for_those_who_see_them_in_plain_elsewhere(api: Api, run: Run) -> None:
    at = f"/v1/patients/{made(api, 'patients')['id']}"
    api.patch(at, {"name": "示例别姓", "phone": "19911119999"}, 1)
    reads = len(run(lambda c: c.execute(select(EVENTS)).all()))
    for path in ("history", "diff?from=1&to=2", "case/history"):
        for who in ("clerk", "supervisor", "auditor"):
            text = api.get(f"{at}/{path}", who).text
            assert "199****9999" in text
            for secret in ("示范孙", "示例别姓", "19911119999", factories.PHONE, factories.ID_NUMBER, "示范路1号"):
                assert secret not in text
    assert len(run(lambda c: c.execute(select(EVENTS)).all())) == reads


def test_a_personal_field_that_changed_behind_its_mask_is_named(api: Api) -> None:
    at = f"/v1/patients/{made(api, 'patients')['id']}"
    api.patch(at, {"name": "示范他", "phone": "19911119999"}, 1)
    api.patch(at, {"on_dibao": True}, 2)
    first, second, third = items(api.get(f"{at}/history", "auditor"))
    assert first["personal_changed"] == []
    assert second["personal_changed"] == ["/name"]
    assert set(titles(second)) == {"/phone"}
    assert (third["personal_changed"], set(titles(third))) == ([], {"/on_dibao"})
    assert api.get(f"{at}/diff?from=3&to=1", "auditor").json()["personal_changed"] == ["/name"]


def test_a_name_that_changed_in_a_list_that_grew_is_named(api: Api) -> None:
    case = made(api, "disputes")
    parties = [{"kind": "person", "person": {"name": "示范别", "id_number": factories.ID_NUMBER, "phone": factories.PHONE}},
               *case["parties"][1:], {"kind": "organisation", "name": "合作社(示范)"}]  # fmt: skip
    assert api.patch(f"/v1/disputes/{case['id']}", {"parties": parties}, 1).status_code == 200
    item = items(api.get(f"/v1/disputes/{case['id']}/history", "auditor"))[1]
    assert (titles(item), item["personal_changed"]) == ({"/parties": "当事人"}, ["/parties/0/person/name"])


def test_where_the_data_key_is_gone_nothing_is_compared(api: Api) -> None:
    at = f"/v1/patients/{made(api, 'patients')['id']}"
    api.patch(at, {"name": "示范他", "on_dibao": True}, 1)
    sealer = api.client.app.state.context.sealer  # type: ignore[attr-defined]
    sealer.forget(Tombstone("440882", at.removeprefix("/v1/"), "x", "consent_withdrawn", 0))
    item = items(api.get(f"{at}/history", "auditor"))[1]
    assert (set(titles(item)), item["personal_changed"]) == ({"/on_dibao"}, None)


def test_a_fields_present_class_governs_its_old_values(api: Api, run: Run) -> None:
    """What an older release kept in plain, because the field was not personal then, is masked now."""
    at = f"/v1/sheds/{made(api, 'sheds')['id']}"
    api.patch(at, {"count": 3}, 1)
    table = next(register.table for register in REGISTERS if register.name == "sheds")
    row = run(lambda c: c.execute(select(table.c.document).where(table.c.number == 1)).one())
    old = msgspec.json.decode(row.document)
    old["owner"] = {**old["owner"], "name": "示例旧名", "phone": "19922223333"}
    plain = {"document": encode(old), "personal": None}
    run(lambda c: c.execute(update(table).where(table.c.number == 1).values(plain)))
    history, diff = api.get(f"{at}/history"), api.get(f"{at}/diff?from=1&to=2")
    for text in (history.text, diff.text, api.get("/v1/history").text):
        assert "示例旧名" not in text
        assert "19922223333" not in text
    first, second = items(history)
    assert next(step["value"] for step in first["patch"] if step["path"] == "/owner")["phone"] == "199****3333"
    assert second["personal_changed"] == ["/owner/name"]
    assert set(titles(second)) == {"/count", "/owner/phone"}


# Of a whole case


def whole_dispute(api: Api) -> str:
    case = made(api, "disputes")["id"]
    for path, make in (
        ("proceedings", factories.proceeding), ("mediation-sessions", factories.session),
        ("agreements", factories.agreement), ("return-visits", factories.return_visit),
    ):  # fmt: skip
        part = api.made(f"/v1/{path}", make(case))
        assert api.patch(f"/v1/{path}/{part['id']}", KINDS[path].change, 1).status_code == 200
    api.patch(f"/v1/disputes/{case}", {"people_involved": 30})
    return f"/v1/disputes/{case}"


def transferred(api: Api, at: str) -> None:
    moved = {"to_division": BAISHA_VILLAGE, "on": "2020-03-01", "reason": "随家人迁居"}
    assert api.act(f"{at}/transfer", moved, "*", "supervisor").status_code == 200


def keys(found: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return [(item["register"], item["version"], item["action"]) for item in found]


def test_a_case_is_one_stream_in_the_order_of_the_log(api: Api) -> None:
    other = whole_dispute(api)
    at = whole_dispute(api)
    stream = items(api.get(f"{at}/case/history", "auditor"))
    positions = [item["position"] for item in stream]
    assert positions == sorted(positions)
    parts = ["proceedings", "mediation-sessions", "agreements", "return-visits"]
    assert [(register, number) for register, number, _ in keys(stream)] == [
        ("disputes", 1), *((part, number) for part in parts for number in (1, 2)), ("disputes", 2),
    ]  # fmt: skip
    for item in stream:
        assert item in items(api.get(f"/v1/{item['register']}/{item['entry_id']}/history", "auditor"))
        assert item["entry_id"] not in other
    for size in (1, 3, 10, 11):
        assert paged(api, f"{at}/case/history", "auditor", size) == stream


def test_a_case_is_read_as_of_then(api: Api) -> None:
    at = whole_dispute(api)
    then = api.get(f"{at}/case/history?limit=4")
    api.patch(at, {"people_involved": 31})
    assert items(api.get(f"{at}/case/history?limit=4&as_of={then.json()['watermark']}")) == items(then)
    rest = api.get(f"{at}/case/history?cursor={then.json()['next_cursor']}&limit=4").json()
    assert rest["watermark"] == then.json()["watermark"]
    assert api.get(f"{at}/case/history?as_of=wm_440882_0").status_code == 404


def test_a_case_is_seen_by_those_who_see_it(api: Api) -> None:
    at = whole_dispute(api)
    for who, status in (
        (None, 401), ("administrator", 403), ("neighbour", 404), ("village_clerk", 200), ("bot", 200),
    ):  # fmt: skip
        assert api.get(f"{at}/case/history", who).status_code == status
    assert api.get(f"{at}/case/history?x=1").status_code == 400
    patient = f"/v1/patients/{made(api, 'patients')['id']}"
    assert api.get(f"{patient.replace('patients', 'disputes')}/case/history").status_code == 404
    assert api.get(f"{patient}/case/history", "neighbour").status_code == 404


def test_a_transfer_parts_the_stream_for_the_old_town_and_completes_it_for_the_new(api: Api) -> None:
    patient = made(api, "patients")["id"]
    at = f"/v1/patients/{patient}"
    api.made("/v1/visits", factories.visit(patient))
    transferred(api, at)
    api.made("/v1/visits", factories.visit(patient, visited_on="2020-03-02"), "neighbour")
    before = [("patients", 1, "created"), ("visits", 1, "created"), ("patients", 2, "changed")]
    everything = items(api.get(f"{at}/case/history", "auditor"))
    assert sorted(keys(everything)[:3]) == sorted(before)
    assert keys(everything)[3] == ("patients", 3, "transferred")
    assert sorted(keys(everything)[4:]) == [("patients", 4, "changed"), ("visits", 1, "created")]
    assert items(api.get(f"{at}/case/history", "neighbour")) == everything
    old = api.get(f"{at}/case/history?limit=3")
    assert (items(old), old.json()["next_cursor"]) == (everything[:3], None)


def test_what_comes_after_a_version_that_one_may_not_see_starts_from_nothing(api: Api) -> None:
    at = f"/v1/patients/{made(api, 'patients')['id']}"
    transferred(api, at)
    back = {"to_division": factories.VILLAGE, "on": "2020-03-01", "reason": "迁回"}
    assert api.act(f"{at}/transfer", back, "*", "supervisor").status_code == 200
    (theirs,) = items(api.get(f"{at}/history", "neighbour"))
    assert (theirs["version"], theirs["action"]) == (2, "transferred")
    assert {step["op"] for step in theirs["patch"]} == {"add"}
    assert api.get(f"{at}/diff?from=1&to=2", "neighbour").status_code == 404
    assert [item["version"] for item in items(api.get(f"{at}/history"))] == [1, 2, 3]


# Of all that somebody did


def principal(api: Api, who: str) -> str:
    """The id of a caller's key, as it stands on what they recorded."""
    entry = made(api, "divisions") if who == "administrator" else api.made("/v1/sheds", factories.shed(), who)
    found: str = entry["meta"]["recorded_by"]["id"]
    return found


def test_what_somebody_did_comes_last_first(api: Api) -> None:
    clerk = principal(api, "clerk")
    at = three_versions(api, "gatherings")
    mine = items(api.get(f"/v1/history?actor={clerk}", "auditor"))
    assert keys(mine) == [("gatherings", 2, "changed"), ("gatherings", 1, "created"), ("sheds", 1, "created")]
    assert all(item["recorded_by"]["id"] == clerk for item in mine)
    assert mine[1::-1] == items(api.get(f"{at}/history", "auditor"))[:2]
    assert paged(api, f"/v1/history?actor={clerk}", "auditor", 1) == mine
    everybody = items(api.get("/v1/history", "auditor"))
    assert [item["position"] for item in everybody] == list(range(len(everybody)))[::-1]
    assert paged(api, "/v1/history", "auditor", 4) == everybody
    assert items(api.get("/v1/history?actor=nobody", "auditor")) == []


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("register=gatherings", lambda item: item["register"] == "gatherings"),
        ("action=voided", lambda item: item["action"] == "voided"),
        ("division=440882102", lambda item: item["division"].startswith("440882102")),
        ("division=440882102204", lambda item: item["division"] == "440882102204"),
        ("division=440882", lambda _: True),
        ("register=sheds&action=changed&division=440882102", lambda item: item["register"] == "sheds" and item["version"] == 2),
        ("register=campaigns", lambda item: item["register"] == "campaigns"),
    ],
)  # fmt: skip
def test_filters_narrow_it(api: Api, query: str, matches: Callable[[dict[str, Any]], bool]) -> None:
    for name in ("gatherings", "sheds", "campaigns"):
        three_versions(api, name)
    api.made("/v1/sheds", factories.shed(division=BAISHA_VILLAGE), "neighbour")
    everything = items(api.get("/v1/history?limit=200", "auditor"))
    found = items(api.get(f"/v1/history?limit=200&{query}", "auditor"))
    assert found == [item for item in everything if matches(item)]
    assert found


def test_a_period_is_of_recording(api: Api) -> None:
    entries = [made(api, "sheds") for _ in range(3)]
    times = [entry["meta"]["recorded_at"] for entry in entries]
    mine = "/v1/history?register=sheds"

    def found(query: str) -> list[str]:
        return [item["entry_id"] for item in items(api.get(mine + query, "auditor"))]

    ids = [entry["id"] for entry in entries[::-1]]
    today = beijing_day(wall_clock()).isoformat()
    assert found(f"&from={times[1]}") == ids[:2]
    assert found(f"&to={times[1]}") == ids[1:]
    assert found(f"&from={times[1]}&to={times[1]}") == [ids[1]]
    assert found(f"&from={quote('2020-01-01T00:00:00+08:00')}&to={today}") == ids
    assert found(f"&from={today}&limit=1") == ids[:1]
    assert found("&from=2099-01-01") == found("&to=2019-12-31") == found(f"&from={times[2]}&to={times[0]}") == []
    assert [each["entry_id"] for each in paged(api, f"{mine}&from={times[0]}&to={times[1]}", "auditor", 1)] == ids[1:]
    for wrong in ("from=2020-02-30", "to=2020-13-01", "to=9999-12-31"):
        answer = api.get(f"/v1/history?{wrong}", "auditor")
        assert (answer.status_code, pointers(answer)) == (422, {"#" + wrong.partition("=")[0]})


def test_everybody_sees_what_was_done_in_their_own_divisions(api: Api) -> None:
    for village, who in (("440882102204", "clerk"), ("440882102200", "clerk"), (BAISHA_VILLAGE, "neighbour")):
        api.made("/v1/sheds", factories.shed(division=village), who)
    api.made("/v1/campaigns", factories.campaign(), "supervisor")
    patient = made(api, "patients")["id"]
    transferred(api, f"/v1/patients/{patient}")
    everything = items(api.get("/v1/history?limit=200", "supervisor"))
    assert everything == items(api.get("/v1/history?limit=200", "auditor"))
    for who, mine in (("clerk", KELU), ("neighbour", BAISHA), ("village_clerk", "440882102204")):
        expected = [
            item
            for item in everything
            if item["division"].startswith(mine) or item["register"] in {"divisions", "campaigns"}
        ]
        assert shown(items(api.get("/v1/history?limit=200", who))) == shown(expected)
    theirs = items(api.get("/v1/history?register=patients", "neighbour"))
    assert keys(theirs) == [("patients", 2, "transferred")]


def shown(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items without their patches, which begin where what the caller may see begins."""
    return [{key: value for key, value in item.items() if key not in {"patch", "personal_changed"}} for item in found]


def test_what_was_known_then_is_answered_again(api: Api) -> None:
    three_versions(api, "sheds")
    then = api.get("/v1/history?limit=2", "auditor")
    three_versions(api, "gatherings")
    mark = then.json()["watermark"]
    assert then.headers["Registry-Watermark"] == mark
    again = api.get(f"/v1/history?limit=2&as_of={mark}", "auditor")
    assert items(again) == items(then)
    assert (
        api.get(
            f"/v1/history?limit=2&as_of={mark}", "auditor", headers={"If-None-Match": again.headers["ETag"]}
        ).status_code
        == 304
    )
    assert items(api.get("/v1/history?as_of=wm_440882_0", "auditor")) == []


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("dashboard", 403), ("town_dashboard", 403), ("bot", 403), ("administrator", 403)])  # fmt: skip
def test_it_is_for_auditors_and_offices(api: Api, who: str | None, status: int) -> None:
    assert api.get("/v1/history", who).status_code == status


@pytest.mark.parametrize("query", ["x=1", "register=nonsense", "action=nonsense", "division=44", "from=yesterday", "actor=", "limit=0"])  # fmt: skip
def test_wrong_parameters_are_refused(api: Api, query: str) -> None:
    answer = api.get(f"/v1/history?{query}", "auditor")
    assert (answer.status_code, pointers(answer)) == (400, {"#" + query.partition("=")[0]})


def test_a_cursor_is_of_its_own_list(api: Api) -> None:
    at = three_versions(api, "sheds")
    cursor = api.get(f"{at}/history?limit=1").json()["next_cursor"]
    assert api.get(f"/v1/history?cursor={cursor}").status_code == 422
    assert api.get(f"{at}/versions?cursor={cursor}").status_code == 422


def test_no_number_is_too_large(api: Api) -> None:
    at = f"/v1/sheds/{made(api, 'sheds')['id']}"
    far = Cursor(2**61, 2**61).text(PageQuery(), f"{at}/history")
    assert items(api.get(f"{at}/history?cursor={far}")) == []
    far = Cursor(2**61, 2**61).text(PageQuery(), f"{at}/versions")
    assert api.get(f"{at}/versions?cursor={far}").status_code == 422
    far = Cursor(2**61, 2**61).text(HistoryQuery(from_="0001-01-01", to="9999-12-30"), "/v1/history")
    assert len(items(api.get(f"/v1/history?from=0001-01-01&to=9999-12-30&cursor={far}"))) == 7
    assert api.get("/v1/history?from=0001-01-01").status_code == 200
    case = f"/v1/disputes/{made(api, 'disputes')['id']}/case/history"
    far = Cursor(2**61, 2**61).text(PageQuery(), case)
    assert items(api.get(f"{case}?cursor={far}")) == []
