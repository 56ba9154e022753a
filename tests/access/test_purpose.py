"""Who sees personal data in plain, what for, and what is written down of it."""

from typing import Any

import pytest

from registry.access.refusals_job import note_refusals
from tests import factories
from tests.api import Api, codes

NO_PURPOSE = {"Purpose-Of-Use": None}


def events(api: Api, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/v1/access-log", "auditor", params=query).json()["items"]
    return found


def patient(api: Api, **more: Any) -> str:
    return f"/v1/patients/{api.made('/v1/patients', factories.patient(**more))['id']}"


def test_without_a_purpose_patients_are_masked(api: Api) -> None:
    at = patient(api)
    masked = api.get(at, headers=NO_PURPOSE)
    assert (masked.json()["name"], masked.headers["ETag"]) == ("示*", '"1-masked"')
    assert api.get(at).json()["name"] == "示范孙"
    assert api.get("/v1/patients", headers=NO_PURPOSE).json()["items"][0]["name"] == "示*"
    assert (
        api.post("/v1/patients/search", {"phone": factories.PHONE}, headers=NO_PURPOSE).json()["items"][0]["name"]
        == "示*"
    )
    changed = api.patch(at, {"on_dibao": True}, 1, headers=NO_PURPOSE)
    assert (changed.json()["name"], changed.headers["ETag"]) == ("示*", '"2-masked"')
    stale = api.patch(at, {"on_dibao": False}, 1, headers=NO_PURPOSE)
    assert (stale.status_code, stale.json()["current"]["name"]) == (412, "示*")
    assert [event["details"]["path"] for event in events(api, kind="read")] == ["item"]


def test_a_purpose_is_one_of_the_list(api: Api) -> None:
    wrong = api.get(patient(api), headers={"Purpose-Of-Use": "curiosity"})
    assert (wrong.status_code, codes(wrong)) == (400, {"purpose"})


def test_disputes_need_no_purpose_but_record_one(api: Api) -> None:
    at = f"/v1/disputes/{api.made('/v1/disputes', factories.dispute())['id']}"
    assert api.get(at, headers=NO_PURPOSE).json()["parties"][0]["person"]["name"] == "示范郑"
    api.get(at, headers={"Purpose-Of-Use": "supervision"})
    assert [event["details"]["purpose"] for event in events(api, kind="read")] == ["supervision", None]


def test_a_plain_read_names_who_what_for_which_classes_and_the_request(api: Api) -> None:
    at = patient(api)
    answer = api.get(at)
    (event,) = events(api, kind="read")
    assert event["principal"] == {**event["principal"], "name": "clerk", "role": "clerk", "office": "440882102"}
    assert event["details"] == {
        "path": "item", "purpose": "visit", "break_glass": None, "entries": [at.removeprefix("/v1/patients/")],
        "fields": ["date", "id_number", "name", "phone", "text"], "request_id": answer.headers["Request-Id"],
    }  # fmt: skip


def test_a_list_of_fifty_is_one_event(api: Api) -> None:
    ids = {
        api.made("/v1/patients", factories.patient(id_number=None, birth_date="1950-01-01"))["id"] for _ in range(50)
    }
    api.get("/v1/patients")
    (event,) = events(api, kind="read")
    assert set(event["details"]["entries"]) == set(event["cases"]) == ids


def test_break_glass_opens_one_entry_to_one_auditor_and_is_told(api: Api) -> None:
    at, other = patient(api), patient(api, id_number=None, birth_date="1950-01-01")
    audit = {"Purpose-Of-Use": "audit"}
    assert api.get(at, "auditor", headers=audit).json()["name"] == "示*"
    body = {"register": "patients", "entry_id": at.rpartition("/")[2], "reason": "核查投诉(示范)", "minutes": 5}
    opened = api.post("/v1/break-glass", body, "auditor")
    assert opened.status_code == 201
    assert api.get(at, "auditor", headers=audit).json()["name"] == "示范孙"
    assert api.get(at, "auditor").json()["name"] == "示*"
    assert api.get(other, "auditor", headers=audit).json()["name"] == "示*"
    assert api.get("/v1/break-glass", "supervisor").json()["items"] == [opened.json()]
    read, broken = events(api, case=at.rpartition("/")[2])[:2]
    assert (read["details"]["break_glass"], broken["kind"]) == (opened.json()["id"], "break_glass")
    assert broken["details"]["reason"] == "核查投诉(示范)"


def test_break_glass_ends(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.core import principals

    at = patient(api)
    body = {"register": "patients", "entry_id": at.rpartition("/")[2], "reason": "核查投诉(示范)", "minutes": 1}
    assert api.post("/v1/break-glass", body, "auditor").status_code == 201
    later = principals.wall_clock() + 61_000_000
    monkeypatch.setattr(principals, "wall_clock", lambda: later)
    assert api.get(at, "auditor", headers={"Purpose-Of-Use": "audit"}).json()["name"] == "示*"


@pytest.mark.parametrize(
    ("who", "change", "status"),
    [
        ("supervisor", {}, 403),
        ("clerk", {}, 403),
        ("dashboard", {}, 403),
        ("auditor", {"minutes": 61}, 400),
        ("auditor", {"minutes": 0}, 400),
        ("auditor", {"reason": ""}, 400),
        ("auditor", {"register": "unknown"}, 400),
        ("auditor", {"entry_id": "01906f3a-0000-7000-8000-000000000000"}, 404),
    ],
)
def test_break_glass_is_for_auditors_with_a_reason(api: Api, who: str, change: dict[str, Any], status: int) -> None:
    at = patient(api)
    body = {"register": "patients", "entry_id": at.rpartition("/")[2], "reason": "核查投诉(示范)"}
    assert api.post("/v1/break-glass", body | change, who).status_code == status


def test_who_has_seen_this_person(api: Api) -> None:
    at, other = patient(api), patient(api, id_number=None, birth_date="1950-01-01")
    api.get(at)
    visit = api.made("/v1/visits", factories.visit(at.rpartition("/")[2]))
    api.get(f"/v1/visits/{visit['id']}", "supervisor", headers={"Purpose-Of-Use": "supervision"})
    api.get("/v1/patients")
    api.get(other)
    items = api.get(f"{at}/disclosures", "auditor").json()["items"]
    told = [(item["principal"]["name"], item["register"], item["path"], item["purpose"]) for item in items]
    assert told == [
        ("clerk", "patients", "list", "visit"),
        ("supervisor", "visits", "item", "supervision"),
        ("clerk", "patients", "item", "visit"),
    ]
    assert other.rpartition("/")[2] not in api.get(f"{at}/disclosures", "auditor").text
    assert api.get(f"{at}/disclosures", "clerk").json()["items"] == items
    assert api.get(f"{at}/disclosures", "neighbour").status_code == 404
    assert api.get(f"{at}/disclosures", "dashboard").status_code == 403


def test_pages_and_as_of_of_the_access_log(api: Api) -> None:
    at = patient(api)
    for _ in range(5):
        api.get(at)
    first = api.get("/v1/access-log?limit=2", "auditor").json()
    api.get(at)
    second = api.get(f"/v1/access-log?limit=2&cursor={first['next_cursor']}", "auditor").json()
    assert second["watermark"] == first["watermark"]
    positions = [item["position"] for item in first["items"] + second["items"]]
    assert positions == list(range(positions[0], positions[0] - 4, -1))
    again = api.get(f"/v1/access-log?limit=2&as_of={first['watermark']}", "auditor")
    assert again.json()["items"] == first["items"]
    assert api.get("/v1/access-log?as_of=1999-01-01", "auditor").json()["items"] == []
    assert api.get("/v1/access-log?as_of=wa_440882_999999", "auditor").status_code == 422


def test_keys_and_opened_cases_are_in_the_access_log(api: Api) -> None:
    made = api.post("/v1/keys", {"name": "示范", "role": "bot", "divisions": ["440882"]}, "administrator").json()
    api.post(f"/v1/keys/{made['id']}/revoke", None, "administrator")
    revoked, issued = events(api)[:2]
    assert (issued["kind"], revoked["kind"]) == ("key_issued", "key_revoked")
    assert (issued["details"]["key"]["id"], issued["principal"]["name"]) == (made["id"], "administrator")
    assert made["key"] not in str(issued)
    at = patient(api)
    moved = {"to_division": "440882100200", "on": "2020-03-01", "reason": "随家人迁居"}
    assert api.act(f"{at}/transfer", moved, 1, "supervisor").status_code == 200
    (opened,) = events(api, kind="case_opened")
    assert (opened["cases"], opened["details"]["towns"]) == ([at.rpartition("/")[2]], ["440882100"])


def test_refusals_are_recorded_once_for_alike_ones(api: Api) -> None:
    for _ in range(3):
        assert api.get("/v1/keys", "clerk").status_code == 403
    with api.client.portal() as portal:  # type: ignore[attr-defined]
        portal.call(note_refusals, api.client.app.state.context)  # type: ignore[attr-defined]
    (refusal,) = events(api, kind="refusal")
    assert refusal["principal"]["name"] == "clerk"
    assert refusal["details"] == {"method": "GET", "path": "/v1/keys", "code": "forbidden", "times": 3}


@pytest.mark.parametrize(
    ("who", "status"), [("clerk", 403), ("dashboard", 403), ("administrator", 403), (None, 401), ("supervisor", 200)]
)
def test_the_access_log_is_for_auditors(api: Api, who: str | None, status: int) -> None:
    assert api.get("/v1/access-log", who).status_code == status


def test_a_revoked_key_that_goes_on_is_recorded(api: Api) -> None:
    made = api.post("/v1/keys", {"name": "示范", "role": "bot", "divisions": ["440882"]}, "administrator").json()
    api.keys["revoked"] = made["key"]
    api.post(f"/v1/keys/{made['id']}/revoke", None, "administrator")
    assert api.get("/v1/gatherings", "revoked").status_code == 401
    with api.client.portal() as portal:  # type: ignore[attr-defined]
        portal.call(note_refusals, api.client.app.state.context)  # type: ignore[attr-defined]
    (refusal,) = events(api, kind="refusal")
    assert (refusal["principal"]["id"], refusal["details"]["code"]) == (made["id"], "unauthenticated")


def test_two_glasses_are_two_events(api: Api) -> None:
    first, second = patient(api), patient(api, id_number=None, birth_date="1950-01-01")
    glasses = {}
    for at in (first, second):
        body = {"register": "patients", "entry_id": at.rpartition("/")[2], "reason": "核查投诉(示范)"}
        glasses[at.rpartition("/")[2]] = api.post("/v1/break-glass", body, "auditor").json()["id"]
    api.get("/v1/patients", "auditor", headers={"Purpose-Of-Use": "audit"})
    told = {tuple(event["details"]["entries"]): event["details"]["break_glass"] for event in events(api, kind="read")}
    assert told == {(entry,): glass for entry, glass in glasses.items()}


def test_an_auditor_of_one_town_reads_no_leaves_of_the_county(api: Api) -> None:
    made = api.post("/v1/keys", {"name": "示范", "role": "auditor", "divisions": ["440882102"]}, "administrator").json()
    api.keys["town_auditor"] = made["key"]
    for path in ("/v1/access-log", "/v1/log/tile/entries/000.p/3", "/v1/log/access/tile/entries/000.p/3"):
        assert api.get(path, "town_auditor").status_code == 403


def test_a_version_of_an_absurd_number_is_not_found(api: Api) -> None:
    at = patient(api)
    for number in (2**31, 99999999999999999999999):
        for path in ("", "/receipt"):
            assert api.get(f"{at}/versions/{number}{path}").status_code == 404
