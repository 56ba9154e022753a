"""Erasure by law: what was planted in every personal field is found nowhere afterwards, and every proof still holds."""

import base64
import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import Connection, text

from registry.app import create_app
from registry.audit.proof import merkle
from registry.audit.proof.signed_notes import parse_checkpoint, parse_receipt, split_note
from registry.core.fields import ERASED
from registry.settings import Settings
from tests import factories
from tests.api import Api

Run = Callable[[Callable[[Connection], Any]], Any]
UNIQUE = "独一无二"
PHONE, OTHER_PHONE = "19987654321", "19987650000"
PLANTED = [UNIQUE, PHONE, OTHER_PHONE, factories.ID_NUMBER, factories.OTHER_ID_NUMBER, "1949-12-31"]
WRONG = {"reason": {"code": "typing_error", "text": "笔误(示范)"}}


def planted() -> dict[str, Any]:
    """A patient with something to find in every personal field."""
    return factories.patient(
        name=f"示范{UNIQUE}甲", phone=PHONE, address=f"{UNIQUE}路1号", hamlet=f"{UNIQUE}村", hospital=f"{UNIQUE}医院",
        note=f"{UNIQUE}备注", medication=[{"name": f"{UNIQUE}片"}],
        guardian={"name": f"示范{UNIQUE}乙", "relation": "sibling", "phone": OTHER_PHONE, "address": f"{UNIQUE}巷",
                  "id_number": factories.OTHER_ID_NUMBER},
        care_team=[{"role": "village_doctor", "name": f"示范{UNIQUE}丙", "phone": OTHER_PHONE}],
    )  # fmt: skip


def history(api: Api) -> str:
    """The patient's path: created, changed, corrected, visited, the visit changed."""
    at = f"/v1/patients/{api.made('/v1/patients', planted())['id']}"
    api.patch(at, {"address": f"{UNIQUE}路2号"}, 1)
    api.act(f"{at}/correct", {**WRONG, "changes": {"name": f"示范{UNIQUE}丁"}}, 2)
    visit = factories.visit(at.rpartition("/")[2], findings=f"{UNIQUE}情况", team=[
        {"role": "grid_worker", "name": f"示范{UNIQUE}戊"}, {"role": "police", "name": f"示范{UNIQUE}己"}])  # fmt: skip
    made = api.made("/v1/visits", visit)
    api.patch(f"/v1/visits/{made['id']}", {"findings": f"{UNIQUE}更多"}, 1)
    return at


def erase(api: Api, at: str) -> dict[str, Any]:
    body = {"patient_id": at.rpartition("/")[2], "basis": "consent_withdrawn", "note": "示范〔2020〕1号"}
    asked = api.post("/v1/erasures", body, "administrator")
    assert asked.status_code == 201, asked.text
    done = api.post(f"/v1/erasures/{asked.json()['id']}/confirm", None, "supervisor")
    assert done.status_code == 200, done.text
    answer: dict[str, Any] = done.json()
    return answer


def everything(api: Api, at: str, watermark: str) -> str:
    """What all readers get on all paths about the patient, now and as it was known."""
    entry = at.rpartition("/")[2]
    visits = [item["id"] for item in api.get(f"/v1/visits?patient_id={entry}", "supervisor").json()["items"]]
    paths = [at, *(f"{at}/versions/{n}" for n in (1, 2, 3)), f"{at}/versions", f"{at}/history", f"{at}/case/history",
             f"{at}/diff?from=1&to=3", f"{at}/disclosures", "/v1/patients", "/v1/visits", "/v1/history", "/v1/access-log",
             f"{at}?on=2020-02-20", "/v1/patients?on=2020-02-20", "/v1/bulletin",
             *(f"/v1/visits/{each}" for each in visits), *(f"/v1/visits/{each}/versions" for each in visits)]  # fmt: skip
    paths += [f"{path}{'&' if '?' in path else '?'}as_of={watermark}" for path in (at, "/v1/patients", "/v1/visits")]
    answers = [api.get(path, who) for path in paths for who in ("clerk", "supervisor", "auditor", "dashboard")]
    found = api.post("/v1/patients/search", {"id_number": factories.ID_NUMBER}, "supervisor")
    assert found.json()["items"] == []
    return "".join(answer.text for answer in answers if answer.status_code != 403)


def grep(folder: Path) -> list[str]:
    """The files under the home that hold anything that was planted."""
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        raw = file.read_bytes()
        found += [
            f"{file.name}: {word}" for word in PLANTED if word.encode() in raw or json.dumps(word)[1:-1].encode() in raw
        ]
    return found


def test_what_was_erased_is_found_nowhere(api: Api, settings: Settings) -> None:
    at = history(api)
    watermark = api.get("/v1/patients", "supervisor").json()["watermark"]
    assert UNIQUE in everything_but_search(api, at)
    before = api.get(f"{at}?as_of={watermark}", "auditor").headers["ETag"]
    listed = api.get(f"/v1/patients?as_of={watermark}", "auditor").headers["ETag"]
    erase(api, at)
    answers = everything(api, at, watermark)
    assert [word for word in PLANTED if word in answers] == []
    assert grep(settings.home) == []
    then = api.get(f"{at}?as_of={watermark}", "auditor")
    assert then.headers["ETag"] not in {before, listed}
    assert api.get(f"{at}?as_of={watermark}", "auditor", headers={"If-None-Match": before}).status_code == 200
    assert api.get(f"/v1/patients?as_of={watermark}", "auditor", headers={"If-None-Match": listed}).status_code == 200
    for who in ("clerk", "supervisor", "auditor"):
        old = api.get(f"{at}?as_of={watermark}", who).json()
        assert (old["name"], old["guardian"]["phone"], old["birth_date"]) == (ERASED, ERASED, ERASED)
        assert (old["meta"]["version"], old["meta"]["erased"]["basis"]) == (4, "consent_withdrawn")
        assert old["diagnosis"] == "bipolar"
    now = api.get(at).json()
    assert (now["meta"]["action"], now["meta"]["version"], now["name"]) == ("erased", now["meta"]["version"], ERASED)


def everything_but_search(api: Api, at: str) -> str:
    return api.get(at).text + api.get(f"{at}/versions").text


def test_what_was_erased_can_no_longer_be_changed(api: Api) -> None:
    at = history(api)
    visit = api.get("/v1/visits").json()["items"][0]["id"]
    erase(api, at)
    assert api.patch(at, {"on_dibao": True}).json()["code"] == "entry_erased"
    assert api.act(f"{at}/void", WRONG, who="supervisor").json()["code"] == "entry_erased"
    assert api.patch(f"/v1/visits/{visit}", {"findings": "x"}).json()["code"] == "entry_erased"
    again = api.post("/v1/visits", factories.visit(at.rpartition("/")[2]))
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "entry_erased")
    anew = api.post("/v1/patients", factories.patient())
    assert anew.status_code == 201


def test_a_retry_of_what_was_erased_is_no_new_entry(api: Api) -> None:
    again = {"headers": {"Idempotency-Key": "k1"}}
    made = api.post("/v1/patients", planted(), **again).json()
    assert api.post("/v1/patients", planted(), **again).json()["id"] == made["id"]
    erase(api, f"/v1/patients/{made['id']}")
    retried = api.post("/v1/patients", planted(), **again)
    assert (retried.status_code, retried.json()["code"]) == (409, "entry_erased")


def test_history_says_that_it_cannot_be_known_what_changed(api: Api) -> None:
    at = history(api)
    changed = api.get(f"{at}/history", "auditor").json()["items"][1]
    assert changed["personal_changed"] == ["/address"]
    erase(api, at)
    changed = api.get(f"{at}/history", "auditor").json()["items"][1]
    assert changed["personal_changed"] is None


def test_a_reader_in_the_way_does_not_keep_the_key(api: Api, settings: Settings, template: Any) -> None:
    """Another process reads the key store: the key goes at once, its last copy in the write-ahead log when the reader is gone."""
    if template.kind != "sqlite":
        pytest.skip("PostgreSQL readers do not keep VACUUM (FULL) from the key store's file here")
    at = history(api)
    store = api.client.app.state.context.sealer.store  # type: ignore[attr-defined]
    _, wrapped = store.find("440882", f"patients/{at.rpartition('/')[2]}")
    files = [settings.home / name for name in ("keys.db", "keys.db-wal")]
    with contextlib.closing(sqlite3.connect(settings.home / "keys.db", isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from data_keys").fetchone()
        assert erase(api, at)["key_destroyed"] is True
        reader.execute("rollback")
    with api.client.portal() as portal:  # type: ignore[attr-defined]
        portal.call(api.client.app.state.erasures.finish)  # type: ignore[attr-defined]
    assert [file.name for file in files if wrapped in file.read_bytes()] == []


def test_every_proof_still_holds(api: Api) -> None:
    at = history(api)
    receipts = {n: api.get(f"{at}/versions/{n}/receipt", "auditor").text for n in (1, 2, 3, 4)}
    erase(api, at)
    for number, text_ in receipts.items():
        kept = parse_receipt(text_)
        found = parse_checkpoint(split_note(kept.checkpoint_note)[0])
        leaf = kept.extra or b""
        merkle.verify_inclusion(merkle.leaf_hash(leaf), kept.index, found.size, list(kept.proof), found.root)
        again = parse_receipt(api.get(f"{at}/versions/{number}/receipt", "auditor").text)
        assert again.extra == leaf
        newer = parse_checkpoint(split_note(again.checkpoint_note)[0])
        proof = api.get(f"/v1/log/proof?from={found.size}&to={newer.size}", "auditor").json()
        hashes = [base64.b64decode(each) for each in proof["hashes"]]
        merkle.verify_consistency(found.size, newer.size, hashes, found.root, newer.root)


def test_two_people_and_two_roles_are_needed(api: Api) -> None:
    at = history(api)
    body = {"patient_id": at.rpartition("/")[2], "basis": "other_law", "note": "示范〔2020〕2号"}
    for who in ("clerk", "supervisor", "auditor", "dashboard"):
        assert api.post("/v1/erasures", body, who).status_code == 403
    asked = api.post("/v1/erasures", body, "administrator").json()
    assert (asked["confirmed_at"], api.get(at).json()["name"]) == (None, f"示范{UNIQUE}丁")
    for who in ("clerk", "administrator", "auditor", "dashboard"):
        assert api.post(f"/v1/erasures/{asked['id']}/confirm", None, who).status_code == 403
    first = api.post(f"/v1/erasures/{asked['id']}/confirm", None, "supervisor").json()
    assert first["key_destroyed"] is True
    assert api.post(f"/v1/erasures/{asked['id']}/confirm", None, "supervisor").json() == first
    assert api.get(f"{at}/versions").json()["items"][-1]["meta"]["version"] == 5
    assert api.post("/v1/erasures", body, "administrator").json()["code"] == "entry_erased"
    kinds = [item["kind"] for item in api.get("/v1/access-log", "auditor").json()["items"]]
    assert [kind for kind in kinds if kind.startswith("eras")] == ["erased", "erasure_requested"]


@pytest.mark.parametrize(
    ("change", "status"), [({"patient_id": "01906f3a-0000-7000-8000-000000000000"}, 422), ({"basis": "because"}, 400)]
)
def test_an_erasure_names_a_patient_and_a_basis(api: Api, change: dict[str, Any], status: int) -> None:
    at = history(api)
    body = {"patient_id": at.rpartition("/")[2], "basis": "other_law", "note": "示范〔2020〕3号"}
    assert api.post("/v1/erasures", body | change, "administrator").status_code == status


def test_a_backup_restored_beside_todays_key_store_forgets_again(
    template: Any, settings: Settings, tmp_path: Path
) -> None:
    if template.kind != "sqlite":
        pytest.skip("the copy of the registers is a file; the same code runs on PostgreSQL")
    backup = tmp_path / "backup"
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        at = history(Api(client, template.keys))
    shutil.copytree(settings.home, backup)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        erase(Api(client, template.keys), at)
    for file in backup.glob("registry.db*"):
        shutil.copy(file, settings.home / file.name)
    shutil.rmtree(settings.home / "checkpoints")  # an operator who began the log anew
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        api = Api(client, template.keys)
        item = api.get(at).json()
        assert (item["name"], item["meta"]["action"], item["meta"]["erased"]["basis"]) == (
            ERASED,
            "erased",
            "consent_withdrawn",
        )
        assert UNIQUE not in everything_but_search(api, at)
        (erased,) = [each for each in api.get("/v1/erasures", "supervisor").json()["items"] if each["confirmed_at"]]
        assert erased["requested_by"] == "registry"


def test_an_erasure_cut_off_before_the_key_was_destroyed_is_finished(
    template: Any, settings: Settings, run: Run
) -> None:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        api = Api(client, template.keys)
        at = history(api)
        store = client.app.state.context.sealer.store
        subject = f"patients/{at.rpartition('/')[2]}"
        destroy, store.destroy = store.destroy, lambda _stone: None
        erase(api, at)
        assert store.find("440882", subject) is not None
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        assert client.app.state.context.sealer.store.find("440882", subject) is None
    assert destroy is not None
    assert run(lambda c: c.scalar(text("select count(*) from erasures"))) == 1
