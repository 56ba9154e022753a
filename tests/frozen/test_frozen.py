"""A home that 0.3.0 left behind is opened with today's code: it migrates, answers as it did, proves what it proved, goes on living."""

import gzip
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result

from tests.api import Api, published
from tests.frozen.conftest import FOLDER, Frozen, Home, command
from tests.frozen.saved import Allowed, Replay, compare, read_answers

OUTSIDE = "^(dashboard|town_dashboard|bot) "
"""Who sees no people in care."""
COUNTS = "/v1/(statistics|bulletin|restatements|due|campaigns)"
ALLOWED = [
    Allowed("their faults are told as those of bodies", r"GET \S+\?", "bytes|/errors(/.*)?"),
    Allowed("Chinese sentences and titles have full-width punctuation", ".*", ".*", reworded=True),
    Allowed("An unknown path is `route_not_found`", "GET /v1/nonsense", "/(type|title|detail|code)"),
    Allowed("Published patterns need no look-ahead", "GET /v1/schemas/", "bytes|header etag|.*/pattern"),
    Allowed("what can be written in several ways is kept in one", "GET /v1/schemas/", ".*"),
    Allowed("Visits have the national form's cause of death", "GET /v1/schemas/visits", ".*"),
    Allowed("a cursor of 0.3.0 is refused", "GET /v1/", "/next_cursor"),
    Allowed("`missing`, `given` → `absent`, `present`", "GET /v1/.*nonsense", "/errors/.*"),
    Allowed(
        "`missing`, `given` → `absent`, `present`", "GET /v1/statistics/", "/(cells/.*|total)/(rows|measure_rows/.*)"
    ),
    Allowed("One name for a measure", "GET /v1/(statistics|bulletin|restatements)", "bytes"),
    Allowed("`from`, `to` → `then`, `now`", "GET /v1/restatements", "/(from|to|then|now)"),
    Allowed("`from`, `to` → `then`, `now`", "GET /v1/bulletin", "/earlier/.*/rows|bytes|line .*"),
    Allowed('English problem texts say "fix" where they said "mend"', "'en'", "/(title|detail)"),
    Allowed(
        "Dashboards and bots see no entry of people in care", OUTSIDE + "GET /v1/(patients|visits|reminders)", ".*"
    ),
    Allowed("Dashboards and bots see no entry of people in care", OUTSIDE + "GET /v1/changes", "/(next|events/.*)"),
    Allowed("Counts of people follow one rule", OUTSIDE + "GET " + COUNTS, ".*"),
    Allowed("also by day, week, quarter and year", "GET /v1/statistics/.*nonsense", "/errors/.*"),
    Allowed("Auditors count people exactly", "^auditor GET " + COUNTS, ".*"),
    Allowed(
        "`withheld` and `released` are gone",
        "GET /v1/(statistics|bulletin|campaigns)",
        "(.*/)?(withheld|released|small|as_of_day|rounded_to|released_on|edition)",
    ),
    Allowed(
        "statistics of visits count different persons",
        r"GET /v1/statistics/visits(?!\S*measures=)",
        r"bytes|header etag|/(measures|cells|total)(/.*)?",
    ),
    Allowed("a cursor from before it is refused once", "cursor=|GET|POST", "/next_cursor"),
    Allowed("Every entry has a `label`", "GET|POST .*/search", "(.*/)?(label|schema_version|created_at|cause)"),
    Allowed("Every entry has a `label`", "GET .*/(history|diff)", "(.*/)?patch/.*"),
    Allowed("`measure` of gatherings is `disposition`", "(POST|PUT|PATCH) /v1/gatherings", ".*"),
    Allowed("`measure` of gatherings is `disposition`", "GET", "(.*/)?(measure|disposition)"),
    Allowed(
        "`measure` of gatherings is `disposition`",
        "GET /v1/(gatherings.*nonsense|schemas/)",
        ".*/(allowed|required)/.*",
    ),
    Allowed(
        "what is true but irregular is accepted",
        "GET /v1/statistics/(agreements|gatherings|sheds)",
        "bytes|header etag|/measures/.*|.*_irregular.*",
    ),
    Allowed("what is true but irregular is accepted", "GET /v1/schemas/", ".*"),
    Allowed("have a `number`", "GET|POST", "(.*/)?number"),
    Allowed(
        "A field that came after a version was recorded is null in it",
        "GET|POST",
        "(.*/)?(death_cause|death_illness|rehabilitation|settled_on_the_spot|irregularities|entered_incident_count|entered_last_incident_on|incidents_from|served_on|next_visit_rule|next_visit_from|returned_on|consent_asked_on)",
    ),
]
"""Answers of 0.3.0 that are others today, on purpose."""
SHOWN = 20
"""Differences that a failure prints."""
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
LIVES_ON: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "return": ("return-visits", {"lawsuit": True}, "clerk", "supervisor"),
    "agreement": ("agreements", {"copies": 5}, "clerk", "supervisor"),
    "session": ("mediation-sessions", {"place": "村委会(示范)"}, "clerk", "supervisor"),
    "proceeding": ("proceedings", {"document_number": "示范〔2015〕9号"}, "clerk", "supervisor"),
    "dispute": ("disputes", {"people_involved": 31}, "clerk", "supervisor"),
    "visit": ("visits", {"sleep": "poor"}, "clerk", "supervisor"),
    "patient": ("patients", {"hospital": "另一示范医院"}, "clerk", "supervisor"),
    "campaign": ("campaigns", {"purpose": "走访(示范)"}, "supervisor", "supervisor"),
    "gathering": ("gatherings", {"sessions": 8}, "clerk", "supervisor"),
    "shed": ("sheds", {"count": 8}, "clerk", "supervisor"),
    "staff": ("grid-staff", {"households": 88}, "clerk", "supervisor"),
    "division": ("divisions", {"hamlets": 9}, "administrator", "administrator"),
}
"""By what the story calls it: the register, a change, who makes it, who voids. What belongs to a case comes before the case."""


def test_it_migrates_from_where_it_was(unpacked: Callable[..., Result]) -> None:
    for _ in range(2):
        done = unpacked("migrate")
        assert done.exit_code == 0, done.output
    checked = unpacked("verify")
    assert checked.exit_code == 0, checked.output
    assert "book 440882: OK, " in checked.output


def test_it_answers_as_it_did(home: Home) -> None:
    found = []
    with home.served() as api:
        api.client.event_hooks = {}  # today's document may promise more than an old answer holds
        replay = Replay(api.client, api.keys, ALLOWED)
        for saved in read_answers(home.frozen.folder):
            found += replay.differences(saved)[:1]
    told = "\n".join(str(each) for each in found[:SHOWN])
    assert not found, f"{len(found)} answers are not what they were; a change that is meant goes into ALLOWED:\n{told}"


def test_versions_are_given_as_they_were_recorded(home: Home) -> None:
    """Byte for byte, under the tags that they had: what receipts prove."""
    path = re.compile(r"/v1/[a-z-]+/[0-9a-f-]{36}/versions/[0-9]+")
    asked = [saved for saved in read_answers(home.frozen.folder) if path.fullmatch(saved["path"])]
    assert len(asked) > 20
    with home.served() as api:
        api.client.event_hooks = {}
        replay = Replay(api.client, api.keys, ALLOWED[1:2])
        for saved in asked:
            assert replay.differences({**saved, "path": f"{saved['path']}?form=recorded"}) == []


def test_what_is_allowed_to_differ_is_in_the_changelog() -> None:
    changelog = (FOLDER.parents[2] / "CHANGELOG.md").read_text("utf-8")
    assert [each.changelog for each in ALLOWED if each.changelog not in changelog] == []


def test_a_difference_is_named() -> None:
    body = {"items": [{"a/b": 1}, {"c": "x"}], "watermark": "wm_440882_1"}
    answer = {"status": 200, "headers": {"content-type": "application/json", "etag": '"1"'}, "text": json.dumps(body)}
    saved = {"who": "clerk", "method": "GET", "path": "/v1/x", "headers": {}, "answer": answer}

    def pointers(status: int, content: Any, tag: str = '"1"') -> list[str]:
        got = httpx.Response(status, json=content, headers={"etag": tag})
        return [each.pointer for each in compare(saved, got)]

    assert pointers(404, body) == ["status"]
    assert pointers(200, body, '"2"') == ["bytes", "header etag"]
    assert pointers(200, {"items": [{"a/b": 2}], "watermark": None, "new": 1}) == [
        "/items/0/a~1b", "/items/1", "/watermark", "/new",
    ]  # fmt: skip


def test_no_operation_is_gone() -> None:
    old = json.loads(gzip.decompress((FOLDER / "registry.json.gz").read_bytes()))
    assert _operations(old) - _operations(published()) == set()


def _operations(document: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (method, path, operation["operationId"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def test_receipts_that_were_kept_verify(frozen: Frozen, tmp_path: Path) -> None:
    """Without any database, by the public keys alone."""
    keys = [word for key in frozen.log_keys for word in ("--key", key)]
    receipts = sorted(frozen.kept.glob("*.receipt.txt"))
    assert len(receipts) > 12
    for receipt in receipts:
        for kind in ("plain", "masked"):
            document = receipt.with_name(receipt.name.replace("receipt.txt", f"{kind}.json"))
            asked = ["verify", "--receipt", str(receipt), "--document", str(document), *keys]
            done = command(tmp_path / "nowhere", "", *asked)
            assert done.exit_code == 0, (receipt.name, kind, done.output)
            assert "receipt: OK" in done.output


def test_bundles_of_evidence_verify(frozen: Frozen, tmp_path: Path) -> None:
    """By the verifier in them, run by a bare Python."""
    bundles = sorted(frozen.kept.glob("evidence-*.zip"))
    assert len(bundles) == 3
    for bundle in bundles:
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(tmp_path / bundle.stem)
        line = [sys.executable, "-I", str(tmp_path / bundle.stem / "verify.py")]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), (bundle.name, done.stdout)


@pytest.mark.parametrize("month", ["september", "november"])
def test_the_log_continues_the_checkpoints_that_were_kept(home: Home, month: str) -> None:
    done = home.command("verify", "--checkpoint", str(home.frozen.kept / f"{month}-checkpoint.txt"))
    assert done.exit_code == 0, done.output


def test_its_entries_go_on_living(home: Home) -> None:
    with home.served() as api:
        for name, (register, change, writer, voider) in LIVES_ON.items():
            _change(api, f"/v1/{register}/{home.frozen.ids[f'{name} now']}", change, writer)
            spare = f"/v1/{register}/{home.frozen.ids[f'spare {name}']}"
            _change(api, spare, change, writer)
            voided = _well(api.act(f"{spare}/void", {"reason": REASON}, "*", voider))
            assert (voided["meta"]["action"], voided["meta"]["voided"]) == ("voided", True)
        _erase(api, home.frozen.ids["patient 4"])
    checked = home.command("verify", "--all")
    assert checked.exit_code == 0, checked.output
    with home.served() as api:
        for name, (register, change, *_) in LIVES_ON.items():
            item = _well(api.get(f"/v1/{register}/{home.frozen.ids[f'{name} now']}", "supervisor"))
            assert {field: item[field] for field in change} == change, name


def _change(api: Api, at: str, change: dict[str, Any], writer: str) -> None:
    """Change it, correct it back, and change it by a correction again: three versions more."""
    before = _well(api.get(at, writer))
    changed = _well(api.patch(at, change, before["meta"]["version"], writer))
    assert changed["meta"]["action"] == "changed", at
    back = {field: before[field] for field in change}
    for changes in (back, change):
        sent = {"reason": REASON, "changes": changes}
        corrected = _well(api.act(f"{at}/correct", sent, "*", writer))
        assert {field: corrected[field] for field in changes} == changes, at
    assert corrected["meta"]["version"] == before["meta"]["version"] + 3
    assert _well(api.get(f"{at}/versions/{before['meta']['version']}", writer)) == before


def _erase(api: Api, patient: str) -> None:
    order = {"patient_id": patient, "basis": "consent_withdrawn", "note": "示范〔2026〕9号"}
    asked = _well(api.post("/v1/erasures", order, "administrator"))
    done = _well(api.post(f"/v1/erasures/{asked['id']}/confirm", None, "supervisor"))
    assert done["key_destroyed"] is True
    assert _well(api.get(f"/v1/patients/{patient}"))["name"] == "[已删除]"
    assert "示范戊" not in api.get(f"/v1/patients/{patient}/versions").text


def _well(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code < 300, f"{answer.request.method} {answer.request.url.path}: {answer.text}"
    body: dict[str, Any] = answer.json()
    return body
