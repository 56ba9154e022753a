"""What all registers have in common, tried on each of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from litestar import Litestar

from registry.app import REGISTERS
from registry.core.fields import personal_paths, values_at
from registry.ledger.ids import new_id
from tests import factories
from tests.api import Api, codes, pointers
from tests.conftest import WORKER, Template, empty_folder, running
from tests.frozen.story import id_number

SHAPES = {register.name: register.entry for register in REGISTERS}
REASON = {"code": "typing_error", "text": "录入有误(示范)"}


@dataclass(frozen=True)
class Kind:
    """A register as the tests need it: a body, a change that may be made to it, who writes and who voids."""

    body: Callable[[Api], dict[str, Any]]
    change: dict[str, Any]
    writer: str = "clerk"
    voider: str = "supervisor"
    open: bool = False


def of_dispute(make: Callable[[str], dict[str, Any]]) -> Callable[[Api], dict[str, Any]]:
    return lambda api: make(api.made("/v1/disputes", factories.dispute())["id"])


def patient(_: Api) -> dict[str, Any]:
    """A woman: the number before the check digit is even."""
    return factories.patient(id_number=id_number("19491231", 2 * next(NUMBERS) % 1000))


def of_patient(api: Api) -> dict[str, Any]:
    return factories.visit(api.made("/v1/patients", patient(api))["id"])


NUMBERS = count(300)
"""For what no two entries may have alike: the codes of villages, the ID numbers of patients."""

KINDS = {
    "divisions": Kind(
        lambda _: factories.division(code=f"440882102{next(NUMBERS)}"),
        {"hamlets": 7},
        "administrator",
        "administrator",
        open=True,
    ),
    "grid-staff": Kind(lambda _: factories.staff(), {"households": 9}),
    "disputes": Kind(lambda _: factories.dispute(), {"people_involved": 30}),
    "proceedings": Kind(of_dispute(factories.proceeding), {"document_number": "示范〔2015〕1号"}),
    "mediation-sessions": Kind(of_dispute(factories.session), {"result": "failed"}),
    "agreements": Kind(of_dispute(factories.agreement), {"copies": 4}),
    "return-visits": Kind(of_dispute(factories.return_visit), {"satisfied": True}),
    "patients": Kind(patient, {"hospital": "示范医院"}),
    "visits": Kind(of_patient, {"sleep": "fair"}),
    "campaigns": Kind(lambda _: factories.campaign(), {"purpose": "走访(示范)"}, open=True),
    "gatherings": Kind(lambda _: factories.gathering(), {"sessions": 5}),
    "sheds": Kind(lambda _: factories.shed(), {"count": 3}),
}

every_register = pytest.mark.parametrize("name", KINDS, scope="module")
scoped_registers = pytest.mark.parametrize(
    "name", [name for name, kind in KINDS.items() if not kind.open], scope="module"
)


@pytest.fixture(scope="module")
def api(app: Litestar, template: Template, name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:  # noqa: ARG001 - one for each register
    """One application and database for all tests of a register: each makes entries of its own, and asks about these."""
    settings = template.put_back(empty_folder(tmp_path_factory), f"registry_test_{WORKER}")
    with running(app, settings, template.keys) as api:
        yield api


def test_every_register_is_tried() -> None:
    """Alerts and reminders have no writer but the server; tests/web/test_alerts.py and tests/reports/test_reminders.py try them."""
    assert {register.name for register in REGISTERS if register.writers} == set(KINDS)
    assert {register.name for register in REGISTERS if not register.writers} == {"alerts", "reminders"}


def made(api: Api, name: str) -> dict[str, Any]:
    return api.made(f"/v1/{name}", KINDS[name].body(api), KINDS[name].writer)


@every_register
def test_nobody_gets_in_without_a_key(api: Api, name: str) -> None:
    assert api.get(f"/v1/{name}", None).status_code == 401
    assert api.post(f"/v1/{name}", {}, None).status_code == 401
    answer = api.call("GET", f"/v1/{name}", None, headers={"Authorization": "Bearer rk_unknown"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@every_register
@pytest.mark.parametrize("who", ["dashboard", "bot", "auditor"])
def test_readers_do_not_write(api: Api, name: str, who: str) -> None:
    entry = made(api, name)
    assert api.post(f"/v1/{name}", {}, who).status_code == 403
    assert api.patch(f"/v1/{name}/{entry['id']}", {}, who=who).status_code == 403
    assert api.act(f"/v1/{name}/{entry['id']}/void", {"reason": REASON}, who=who).status_code == 403


@scoped_registers
def test_administrators_read_no_register(api: Api, name: str) -> None:
    entry = made(api, name)
    assert api.get(f"/v1/{name}", "administrator").status_code == 403
    assert api.get(f"/v1/{name}/{entry['id']}", "administrator").status_code == 403


@scoped_registers
def test_another_town_finds_nothing(api: Api, name: str) -> None:
    entry = made(api, name)
    at = f"/v1/{name}/{entry['id']}"
    assert api.get(at, "neighbour").status_code == 404
    assert api.get(f"{at}/versions", "neighbour").status_code == 404
    assert api.get(f"{at}/versions/1", "neighbour").status_code == 404
    assert api.patch(at, KINDS[name].change, who="neighbour").status_code == 404
    listed = api.get(f"/v1/{name}", "neighbour").json()
    assert listed["items"] == []


@every_register
def test_an_entry_is_read_as_it_was_written(api: Api, name: str) -> None:
    entry = made(api, name)
    kind = KINDS[name]
    answer = api.get(f"/v1/{name}/{entry['id']}", kind.writer)
    assert answer.json() == entry
    assert answer.headers["ETag"] == '"1"'
    assert entry["meta"]["register"] == name
    assert entry["meta"]["action"] == "created"
    assert entry["meta"]["version"] == 1
    listed = api.get(f"/v1/{name}", kind.writer).json()["items"]
    assert entry in listed


@every_register
def test_a_form_may_choose_the_id(api: Api, name: str) -> None:
    kind, entry_id = KINDS[name], new_id()
    body = kind.body(api)
    at = f"/v1/{name}/{entry_id}"
    first = api.put(at, body, kind.writer, headers={"If-None-Match": "*"})
    again = api.put(at, body, kind.writer, headers={"If-None-Match": "*"})
    assert first.status_code == 201
    assert first.headers["Location"] == at
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = api.put(at, {**body, **kind.change}, kind.writer, headers={"If-None-Match": "*"})
    assert other.status_code == 412
    assert api.put(at, {**body, **kind.change}, kind.writer).status_code == 409
    assert api.get(f"{at}/versions", kind.writer).json()["items"] == [first.json()]


@every_register
def test_an_id_that_is_no_uuid7_is_refused(api: Api, name: str) -> None:
    kind = KINDS[name]
    answer = api.put(f"/v1/{name}/7a0c1a4e-56f7-4f0c-9c8e-2d3f7b1f5a11", kind.body(api), kind.writer)
    assert answer.status_code == 422
    assert codes(answer) == {"not_uuid7"}


@every_register
def test_a_change_makes_the_next_version(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    at = f"/v1/{name}/{entry['id']}"
    changed = api.patch(at, kind.change, 1, kind.writer)
    assert changed.status_code == 200
    assert changed.headers["ETag"] == '"2"'
    assert changed.json()["meta"]["action"] == "changed"
    assert {field: changed.json()[field] for field in kind.change} == kind.change
    versions = api.get(f"{at}/versions", kind.writer).json()["items"]
    assert versions == [entry, changed.json()]
    assert api.get(f"{at}/versions/1", kind.writer).json() == entry
    assert api.get(f"{at}/versions/3", kind.writer).status_code == 404


@every_register
def test_a_change_that_changes_nothing_writes_nothing(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    before = api.get(f"/v1/{name}", kind.writer).json()["watermark"]
    same = {field: entry[field] for field in kind.change}
    answer = api.patch(f"/v1/{name}/{entry['id']}", same, 1, kind.writer)
    assert (answer.status_code, answer.json()) == (200, entry)
    assert api.patch(f"/v1/{name}/{entry['id']}", {}, 1, kind.writer).json() == entry
    assert api.get(f"/v1/{name}", kind.writer).json()["watermark"] == before


@every_register
def test_a_change_needs_the_version_that_it_starts_from(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    at = f"/v1/{name}/{entry['id']}"
    assert api.patch(at, kind.change, None, kind.writer).status_code == 428
    first = api.patch(at, kind.change, 1, kind.writer).json()
    stale = api.patch(at, {field: entry[field] for field in kind.change}, 1, kind.writer)
    assert stale.status_code == 412
    assert stale.json()["current"] == first
    assert stale.json()["conflicts"] == [f"/{field}" for field in kind.change]
    assert api.call("PATCH", at, kind.writer, json=kind.change, headers={"If-Match": "1"}).status_code == 400


@every_register
def test_a_correction_gives_its_reason(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    at = f"/v1/{name}/{entry['id']}/correct"
    corrected = api.act(at, {"reason": REASON, "changes": kind.change}, 1, kind.writer)
    assert corrected.status_code == 200
    assert corrected.json()["meta"]["action"] == "corrected"
    assert corrected.json()["meta"]["reason"] == REASON
    missing = api.act(at, {"changes": kind.change}, 2, kind.writer)
    assert missing.status_code == 400
    assert pointers(missing) == {"/reason"}
    wrong = api.act(at, {"reason": REASON, "changes": {"nonsense": 1}}, 2, kind.writer)
    assert pointers(wrong) == {"/changes/nonsense"}


@every_register
def test_a_voided_entry_can_be_read_but_not_changed(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    at = f"/v1/{name}/{entry['id']}"
    voided = api.act(f"{at}/void", {"reason": REASON}, 1, kind.voider)
    assert voided.status_code == 200
    assert voided.json()["meta"]["voided"] is True
    assert api.get(at, kind.writer).json()["meta"]["reason"] == REASON
    assert api.patch(at, kind.change, 2, kind.writer).status_code == 409
    ids = [item["id"] for item in api.get(f"/v1/{name}", kind.writer).json()["items"]]
    assert entry["id"] not in ids
    every = api.get(f"/v1/{name}?include_voided=true", kind.writer).json()["items"]
    assert entry["id"] in [item["id"] for item in every]


@every_register
def test_the_past_reads_as_it_was_known(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    at = f"/v1/{name}/{entry['id']}"
    then = api.get(f"/v1/{name}", kind.writer)
    mark = then.json()["watermark"]
    assert then.headers["Registry-Watermark"] == mark
    api.patch(at, kind.change, 1, kind.writer)
    api.act(f"{at}/void", {"reason": REASON}, 2, kind.voider)
    assert api.get(f"/v1/{name}?as_of={mark}", kind.writer).content == then.content
    assert api.get(f"{at}?as_of={mark}", kind.writer).json() == entry
    assert api.get(f"{at}?as_of=wm_440882_0", kind.writer).status_code == 404
    moment = entry["meta"]["recorded_at"].replace("Z", "+00:00")
    assert api.get(f"{at}?as_of={moment}", kind.writer).json() == entry


@every_register
def test_an_answer_that_still_holds_is_not_sent_again(api: Api, name: str) -> None:
    kind, entry = KINDS[name], made(api, name)
    for path in (f"/v1/{name}/{entry['id']}", f"/v1/{name}"):
        first = api.get(path, kind.writer)
        again = api.get(path, kind.writer, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@every_register
def test_unknown_fields_and_parameters_are_refused(api: Api, name: str) -> None:
    kind = KINDS[name]
    answer = api.post(f"/v1/{name}", {**kind.body(api), "nonsense": 1}, kind.writer)
    assert answer.status_code == 400
    assert pointers(answer) == {"/nonsense"}
    answer = api.get(f"/v1/{name}?nonsense=1&limit=0", kind.writer)
    assert answer.status_code == 400
    assert pointers(answer) == {"#nonsense", "#limit"}


@scoped_registers
def test_readers_without_the_right_see_masks(api: Api, name: str) -> None:
    kind = KINDS[name]
    body = kind.body(api)
    entry = api.made(f"/v1/{name}", body, kind.writer)
    for who in ("dashboard", "bot", "auditor", "town_dashboard"):
        for path in ("", "/versions/1", "/versions"):
            text = api.get(f"/v1/{name}/{entry['id']}{path}", who).text
            assert "示范赵" not in text
            for secret in secrets_of(body):
                assert secret not in text, (who, path, secret)


def secrets_of(body: Any, key: str = "") -> list[str]:
    """What in a body is personal: names, numbers, phones, addresses, free text."""
    if isinstance(body, dict):
        return [secret for name, value in body.items() for secret in secrets_of(value, name)]
    if isinstance(body, list):
        return [secret for value in body for secret in secrets_of(value, key)]
    personal = {"id_number", "phone", "address", "findings", "note", "claim"}
    named = key == "name" and str(body).startswith("示范")
    return [body] if key in personal or named else []


@scoped_registers
def test_a_mask_that_is_sent_back_is_refused(api: Api, name: str) -> None:
    kind = KINDS[name]
    body = kind.body(api)
    entry = api.made(f"/v1/{name}", body, kind.writer)
    masked = api.get(f"/v1/{name}/{entry['id']}", "auditor").json()
    sent = {field: masked[field] for field in body if secrets_of({field: body[field]})}
    if sent:
        answer = api.patch(f"/v1/{name}/{entry['id']}", sent, 1, kind.writer)
        assert answer.status_code in {400, 422}
        assert codes(answer) & {"masked_value", "format", "type"}
        assert api.get(f"/v1/{name}/{entry['id']}", kind.writer).json() == entry


@scoped_registers
def test_a_village_clerk_sees_the_village(api: Api, name: str) -> None:
    entry = made(api, name)
    assert api.get(f"/v1/{name}/{entry['id']}", "village_clerk").json() == entry
    assert api.get(f"/v1/{name}?division=440882102200", "clerk").json()["items"] == []


@scoped_registers
def test_the_division_of_another_town_is_refused(api: Api, name: str) -> None:
    kind = KINDS[name]
    body = kind.body(api)
    if "division" not in body:
        return
    answer = api.post(f"/v1/{name}", {**body, "division": "440882100200"}, kind.writer)
    assert answer.status_code == 422
    assert pointers(answer) == {"/division"}
    unknown = api.post(f"/v1/{name}", {**body, "division": "440882102999"}, kind.writer)
    assert codes(unknown) == {"unknown_division"}


@every_register
def test_the_header_tells_when_an_entry_was_made_and_by_what(api: Api, name: str) -> None:
    kind = KINDS[name]
    entry = made(api, name)
    at = f"/v1/{name}/{entry['id']}"
    changed = api.patch(at, kind.change, 1, kind.writer).json()
    assert changed["meta"]["created_at"] == entry["meta"]["created_at"] == entry["meta"]["recorded_at"]
    assert changed["meta"]["recorded_at"] > changed["meta"]["created_at"]
    assert (changed["meta"]["cause"], changed["meta"]["schema_version"]) == ("api", 2)
    recorded = api.get(f"{at}/versions/2?form=recorded", kind.writer)
    assert recorded.content == api.get(f"{at}/versions/2", kind.writer).content


@every_register
def test_a_label_names_the_entry_and_no_person(api: Api, name: str) -> None:
    entry = made(api, name)
    people = {
        value for path, kind in personal_paths(SHAPES[name]) if kind == "name" for _, value in values_at(entry, path)
    }
    assert entry["label"]
    assert not any(str(person) in entry["label"] for person in people)
    (listed,) = api.get(f"/v1/{name}?limit=1", KINDS[name].writer).json()["items"]
    assert listed["label"] == entry["label"]


@every_register
def test_who_made_an_entry_may_void_it_within_a_day_and_ask_for_it_later(
    api: Api, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, entry = KINDS[name], made(api, name)
    if kind.voider == kind.writer:
        return
    at = f"/v1/{name}/{entry['id']}"
    assert api.act(f"{at}/void", {"reason": REASON}, 1, "neighbour").status_code in {403, 404}
    asked = api.act(f"{at}/void-request", {"reason": REASON}, 1)
    assert (asked.status_code, asked.json()["kind"], asked.json()["entry_id"]) == (201, "void_requested", entry["id"])
    monkeypatch.setattr("registry.core.unit_of_work.A_DAY", 0)
    late = api.act(f"{at}/void", {"reason": REASON}, 1)
    assert (late.status_code, "void-request" in late.json()["detail"]) == (403, True)
    monkeypatch.undo()
    assert api.act(f"{at}/void", {"reason": REASON}, 1).json()["meta"]["voided"] is True
    told = api.get("/v1/alerts?kind=voided&limit=1", "supervisor").json()["items"]
    assert [alert["entry_id"] for alert in told] == [entry["id"]]
