"""What we write, Go's own implementation of notes and trees accepts; what was tampered with, it refuses."""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.audit.proof.merkle import consistency, inclusion, root
from registry.audit.proof.signed_notes import Checkpoint, Signer, cosign, format_receipt, sign_note
from tests.audit.proof.test_merkle import tree
from tests.go import Case, Go

LARGEST = 70000
SIZES = [1, 2, 255, 256, 257, 1000, LARGEST]
LOG = Signer("registry.example/maigang", Ed25519PrivateKey.from_private_bytes(b"a" * 32))
WITNESSES = [
    Signer("witness.example/示范", Ed25519PrivateKey.from_private_bytes(b"b" * 32)),
    Signer("registry.example/maigang", Ed25519PrivateKey.from_private_bytes(b"c" * 32)),
]


def note(size: int, *extensions: str) -> str:
    return sign_note(Checkpoint(LOG.name, size, root(size, tree(LARGEST)), extensions).text(), [LOG])


def text64(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]


def case(name: str, old: int, new: int, index: int) -> Case:
    tiles = tree(LARGEST)
    return {
        "name": f"{name} {old} {new} {index}",
        "vkey": LOG.vkey,
        "old": note(old),
        "new": note(new),
        "leaf": f"leaf {index}",
        "index": index,
        "inclusion": text64(inclusion(index, new, tiles)),
        "consistency": text64(consistency(old, new, tiles)),
    }


def witnessed(size: int, seconds: int = 1_700_000_000) -> str:
    found = note(size, "bulletin 2024-05-01", "公告 42")
    text = found.split("\n\n")[0] + "\n"
    return found + "".join(cosign(text, witness, seconds) for witness in WITNESSES)


def receipt(size: int, index: int, checkpoint: str, extra: bytes | None = None) -> Case:
    text = format_receipt(index, inclusion(index, size, tree(LARGEST)), checkpoint, extra)
    keys = [witness.witness_vkey for witness in WITNESSES]
    leaf = base64.b64encode(b"leaf %d" % index).decode()
    return {"name": "receipt", "vkey": LOG.vkey, "witnesses": keys, "receipt": text, "leaf_base64": leaf}


def test_go_accepts_every_proof(go: Go) -> None:
    cases = [
        case("plain", old, new, index)
        for new in SIZES
        for old in {0, 1, new // 3, new // 2, new - 1, new, min(255, new), min(256, new), min(65536, new)}
        for index in {0, new // 2, new - 1, min(254, new - 1), min(65536, new - 1)}
    ]
    assert set(go(cases).values()) == {"ok"}


def test_go_accepts_receipts_with_extensions_and_cosignatures(go: Go) -> None:
    cases = [
        {**receipt(size, size - 1, witnessed(size), extra), "name": f"receipt {size} {bool(extra)}"}
        for size in SIZES
        for extra in (None, b'{"salt": "x"}')
    ]
    cases.append({"name": "empty", "vkey": LOG.vkey, "new": note(0), "old": note(0)})
    assert set(go(cases).values()) == {"ok"}


def flipped(encoded: str) -> str:
    raw = base64.b64decode(encoded)
    return base64.b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode()


def test_go_refuses_what_was_tampered_with(go: Go) -> None:
    good = case("good", 257, 1000, 300)
    proof, path = good["consistency"], good["inclusion"]
    changes: dict[str, dict[str, Any]] = {
        "leaf": {"leaf": "leaf 301"},
        "index": {"index": 301},
        "index beyond": {"index": 1000},
        **{f"inclusion {n}": {"inclusion": [*path[:n], flipped(path[n]), *path[n + 1 :]]} for n in range(len(path))},
        **{
            f"consistency {n}": {"consistency": [*proof[:n], flipped(proof[n]), *proof[n + 1 :]]}
            for n in range(len(proof))
        },
        "inclusion cut": {"inclusion": path[:-1]},
        "inclusion longer": {"inclusion": [*path, path[-1]]},
        "consistency cut": {"consistency": proof[:-1]},
        "consistency longer": {"consistency": [*proof, proof[-1]]},
        "another old": {"old": note(258)},
        "another new": {"new": note(1001)},
        "old for new": {"old": good["new"], "new": good["old"]},
        "size": {"new": good["new"].replace("\n1000\n", "\n1001\n")},
        "another log's key": {"vkey": WITNESSES[1].vkey},
    }
    cases = [good, *({**good, **change, "name": name} for name, change in changes.items())]
    verdicts = go(cases)
    assert [name for name, verdict in verdicts.items() if verdict == "ok"] == [good["name"]]


def test_go_refuses_tampered_cosignatures_and_receipts(go: Go) -> None:
    good = receipt(1000, 300, witnessed(1000))
    text = good["receipt"]
    lines = text.split("\n")
    cosignature = lines[-2].split(" ")[2]
    raw = base64.b64decode(cosignature)
    later = base64.b64encode(raw[:11] + bytes([raw[11] ^ 1]) + raw[12:]).decode()
    changes = {
        "extension": text.replace("05-01", "05-02"),
        "time of a cosignature": text.replace(cosignature, later),
        "no second witness": "\n".join(lines[:-2]) + "\n",
        "hash": text.replace(lines[2], flipped(lines[2])),
        "index": text.replace("index 300", "index 301"),
        "empty line": text.replace("bulletin", "\n\nbulletin"),
    }
    cases = [good, *({**good, "name": name, "receipt": change} for name, change in changes.items())]
    verdicts = go(cases)
    assert [name for name, verdict in verdicts.items() if verdict == "ok"] == [good["name"]]
