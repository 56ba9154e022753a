"""The log as an outsider checks it, over HTTP: checkpoint, tiles, proofs, with our verifier and with Go's."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from registry.audit.proof import merkle
from registry.audit.proof.signed_notes import Verifier, open_note, parse_checkpoint, parse_receipt
from tests import factories
from tests.api import Api
from tests.go import Go
from tests.test_registers import KINDS, made

Run = Callable[[Callable[[Connection], Any]], Any]


def fill(api: Api, count: int = 3) -> list[dict[str, Any]]:
    return [api.made("/v1/gatherings", factories.gathering(sessions=n + 1)) for n in range(count)]


def verifiers(api: Api) -> list[Verifier]:
    items = api.get("/v1/log/keys", "auditor").json()["items"]
    return [Verifier.parse(item["vkey"]) for item in items if item["kind"] == "checkpoint"]


def opened(api: Api, who: str = "auditor") -> Any:
    note = api.get("/v1/log/checkpoint", who).text
    return parse_checkpoint(open_note(note, verifiers(api))[0])


def test_a_checkpoint_covers_what_was_just_committed(api: Api) -> None:
    made = fill(api)
    found = opened(api)
    assert found.origin == "registry.example/440882"
    assert found.size == made[-1]["meta"]["position"] + 1
    assert found.extensions[0].startswith("access ")


def test_every_leaf_is_in_the_tree_and_can_be_recomputed(api: Api) -> None:
    fill(api)
    found = opened(api)
    width = found.size % 256
    bundle = api.get(f"/v1/log/tile/entries/000.p/{width}", "auditor").content
    leaves = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        leaves.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    tile = api.get(f"/v1/log/tile/0/000.p/{width}", "auditor").content
    assert [merkle.leaf_hash(leaf) for leaf in leaves] == [tile[n : n + 32] for n in range(0, len(tile), 32)]
    for position, leaf in enumerate(leaves):
        proof = api.get(f"/v1/log/proof?position={position}", "auditor").json()
        hashes = [base64.b64decode(each) for each in proof["hashes"]]
        merkle.verify_inclusion(merkle.leaf_hash(leaf), position, proof["size"], hashes, found.root)


def test_a_leaf_commits_to_the_public_document(api: Api) -> None:
    made = fill(api, 1)[0]
    entry = api.get(f"/v1/gatherings/{made['id']}", "auditor").json()
    size = opened(api).size
    bundle = api.get(f"/v1/log/tile/entries/000.p/{size % 256}", "auditor").content
    leaf = json.loads(bundle[bundle.rindex(b'{"action"') :])
    assert leaf["entry"] == made["id"]
    assert leaf["personal_fields"] == ["/organiser/name", "/organiser/phone"]
    for name in ("name", "phone"):
        del entry["organiser"][name]
    canonical = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert hashlib.sha256(canonical).hexdigest() == leaf["public_sha256"]


def test_a_later_tree_contains_the_earlier_one(api: Api) -> None:
    fill(api)
    old = opened(api)
    fill(api)
    new = opened(api)
    proof = api.get(f"/v1/log/proof?from={old.size}&to={new.size}", "auditor").json()
    hashes = [base64.b64decode(each) for each in proof["hashes"]]
    merkle.verify_consistency(old.size, new.size, hashes, old.root, new.root)


@pytest.mark.parametrize("name", KINDS)
def test_go_accepts_the_receipts_of_every_register(api: Api, go: Go, name: str) -> None:
    entry = made(api, name)
    vkey = api.get("/v1/log/keys", "auditor").json()["items"][0]["vkey"]
    receipt = api.get(f"/v1/{name}/{entry['id']}/versions/1/receipt", "auditor").text
    leaf = parse_receipt(receipt).extra or b""
    assert (json.loads(leaf)["register"], json.loads(leaf)["entry"]) == (name, entry["id"])
    good = {"name": "good", "vkey": vkey, "receipt": receipt, "leaf": leaf.decode()}
    forged = {**good, "name": "forged", "leaf": good["leaf"].replace("created", "voided")}
    verdicts = go([good, forged])
    assert verdicts["good"] == "ok"
    assert verdicts["forged"] != "ok"


def test_receipts_keep_to_the_scope(api: Api) -> None:
    entry = made(api, "gatherings")
    assert api.get(f"/v1/gatherings/{entry['id']}/versions/1/receipt", "neighbour").status_code == 404
    assert api.get(f"/v1/gatherings/{entry['id']}/versions/2/receipt", "auditor").status_code == 404


def test_the_checkpoint_binds_the_access_tree(api: Api) -> None:
    made = fill(api, 1)[0]
    api.get(f"/v1/gatherings/{made['id']}")
    kind, size, root = opened(api).extensions[0].split(" ")
    proof = api.get(f"/v1/log/proof?tree=access&position={int(size) - 1}", "auditor").json()
    assert (kind, proof["root"]) == ("access", root)
    hashes = [base64.b64decode(each) for each in proof["hashes"]]
    leaf = base64.b64decode(proof["leaf_hash"])
    merkle.verify_inclusion(leaf, int(size) - 1, int(size), hashes, base64.b64decode(root))
    bundle = api.get(f"/v1/log/access/tile/entries/000.p/{int(size) % 256}", "auditor").content
    last = bundle[bundle.rindex(b'{"book"') if b'{"book"' in bundle else bundle.rindex(b'{"break_glass"') :]
    assert merkle.leaf_hash(last) == leaf


@pytest.mark.parametrize(
    "query", ["", "?position=1&from=1", "?position=1&to=2", "?from=1&size=2", "?position=99999", "?from=9&to=3"]
)
def test_proofs_of_nothing_are_refused(api: Api, query: str) -> None:
    assert api.get(f"/v1/log/proof{query}", "auditor").status_code == 422


@pytest.mark.parametrize("place", ["9/000", "0/000", "0/999", "x", "entries/999", "0/000.p/0", "0/001.p/1"])
def test_tiles_that_are_not_there_are_not_found(api: Api, place: str) -> None:
    assert api.get(f"/v1/log/tile/{place}", "auditor").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("clerk", 403), ("dashboard", 403), ("supervisor", 404), (None, 401)])
def test_leaves_are_for_auditors(api: Api, who: str | None, status: int) -> None:
    assert api.get("/v1/log/tile/entries/099", who).status_code == status


def test_a_database_that_was_rolled_back_is_not_ready(api: Api, run: Run) -> None:
    fill(api)
    assert api.get("/v1/log/checkpoint", "auditor").status_code == 200
    assert api.get("/readyz", None).status_code == 200
    run(lambda c: c.execute(text("update seals set log_size = log_size - 1, checkpoint = 'older'")))
    answer = api.get("/readyz", None)
    assert (answer.status_code, answer.json()["code"]) == (503, "log_rolled_back")
    assert api.get("/v1/log/checkpoint", "auditor").json()["code"] == "log_rolled_back"
