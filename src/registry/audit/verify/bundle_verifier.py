"""Checks a bundle of evidence from a registry.

    python verify.py [BUNDLE.zip | FOLDER] [KEY ...]

Needs Python 3.10 or later and `cryptography`, nothing of the registry. Without arguments it checks the folder that it lies in, with the
keys in keys.txt. Those came with the bundle: compare them with a copy got elsewhere, or give that copy's keys here. Exit status
0: everything holds. 1: something does not; the line says which file.
"""

import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SEEN = ["bundle"]  # the file that was read last


class Wrong(Exception):
    """Something in the bundle does not hold."""


def check(holds: object, file: str, text: str) -> None:
    if not holds:
        raise Wrong(f"{file}: {text}")


def read(bundle: Any, name: str) -> bytes:
    SEEN[0] = name
    return bytes((bundle / name).read_bytes())


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text: str) -> bytes:
    raw = base64.b64decode(text)
    check(base64.b64encode(raw).decode() == text, SEEN[0], "has base64 that nobody writes so")
    return raw


def canonical(value: object) -> bytes:
    """RFC 8785, for the values that registers hold."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def signed_text(note: str, keys: list[str]) -> str:
    """The text of a signed note (C2SP signed-note), if one of the keys `name+id+base64` signed it."""
    text, _, lines = note.rpartition("\n\n")
    for name, key_id, key in (vkey.split("+", 2) for vkey in keys):
        public = unbase64(key)  # one byte for the kind of key (1: Ed25519), then the key
        check(sha256(name.encode(), b"\n", public)[:4].hex() == key_id and public[0] == 1, "keys.txt", "no such key")
        for line in lines.splitlines():
            raw = unbase64(line.split(" ")[2])
            if line.split(" ")[1] == name and raw[:4].hex() == key_id:
                Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], f"{text}\n".encode())
                return text
    raise InvalidSignature


def check_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes, file: str) -> None:
    """That the leaf is in the Merkle tree (RFC 9162, 2.1.3.2)."""
    node, last, found = index, size - 1, sha256(b"\x00", leaf)
    for sibling in proof:
        check(last > 0, file, "the proof is too long")
        if node % 2 or node == last:
            found = sha256(b"\x01", sibling, found)
            while node and node % 2 == 0:
                node, last = node // 2, last // 2
        else:
            found = sha256(b"\x01", found, sibling)
        node, last = node // 2, last // 2
    check(0 <= index < size and last == 0 and found == root, file, "is not in the signed tree")


def public_part(document: Any, pointers: list[str]) -> Any:
    """The document without its personal fields, which the log's hash leaves out."""
    document["meta"].pop("erased", None)
    for pointer in pointers:
        *parents, name = pointer.split("/")[1:]
        target = document
        for step in parents:
            target = target[int(step) if isinstance(target, list) else step]
        if isinstance(target, list):
            target[int(name)] = None
        else:
            del target[name]
    return document


def check_manifest(bundle: Any, keys: list[str]) -> tuple[Any, list[str]]:
    """That every file is the one that the office put into the bundle, and signed for."""
    raw = read(bundle, "manifest.json")
    digest = read(bundle, "manifest.sig").decode().split("\n")[1]
    check(digest == sha256(raw).hex(), "manifest.json", "is not what manifest.sig was made for")
    manifest = json.loads(raw)
    names = {name for name in list_files(bundle, "") if not name.startswith("manifest.")}
    for name in sorted(manifest["files"].keys() | names):
        check(name in names, name, "is missing")
        check(name in manifest["files"], name, "is not in manifest.json")
        check(sha256(read(bundle, name)).hex() == manifest["files"][name], name, "was changed")
    trusted = keys or read(bundle, "keys.txt").decode().split()
    signed_text(read(bundle, "manifest.sig").decode(), trusted)
    return manifest, trusted


def list_files(folder: Any, before: str) -> list[str]:
    found: list[str] = []
    for path in folder.iterdir():
        name = before + path.name
        found += list_files(path, f"{name}/") if path.is_dir() else [name]
    return found


def check_version(bundle: Any, number: int, manifest: Any, checkpoint: str) -> Any:
    """That one version's leaf is in the signed tree, and that its document is what the leaf commits to."""
    file = f"receipts/{number:04}.txt"
    head, _, note = read(bundle, file).decode().partition("\n\n")
    _, extra, index, *proof = head.split("\n")
    leaf = read(bundle, f"leaves/{number:04}.json")
    check(note == checkpoint, file, "is under another checkpoint")
    check(unbase64(extra.split(" ")[1]) == leaf, SEEN[0], "is not the leaf of its receipt")
    said = json.loads(leaf)
    _, size, root, *_ = note.split("\n")
    position = int(index.split(" ")[1])
    check_inclusion(leaf, position, int(size), [unbase64(each) for each in proof], unbase64(root), file)
    whose = (said["book"], said["register"], said["entry"], said["number"], said["position"])
    about = (manifest["book"], manifest["register"], manifest["entry"], number, position)
    check(whose == about, f"leaves/{number:04}.json", "is of another entry or version")
    file = f"versions/{number:04}.json"
    public = public_part(json.loads(read(bundle, file)), said["personal_fields"])
    check(sha256(canonical(public)).hex() == said["public_sha256"], file, "is not what its leaf commits to")
    if f"personal/{number:04}.json" in manifest["files"]:
        plain = json.loads(read(bundle, f"personal/{number:04}.json"))
        commitment = sha256(bytes.fromhex(plain["salt"]), canonical(plain["fields"])).hex()
        check(commitment == said["personal_commitment"], SEEN[0], "is not what its leaf commits to")
    return said


def check_event(bundle: Any, name: str, checkpoint: str) -> None:
    """That an access event is in the second tree, which the same checkpoint names."""
    index, *proof = read(bundle, f"access/{name}.proof").decode().split()
    _, size, root = checkpoint.split("\n")[3].split(" ")
    event = read(bundle, f"access/{name}.json")
    hashes = [unbase64(each) for each in proof]
    check_inclusion(event, int(index), int(size), hashes, unbase64(root), f"access/{name}.json or .proof")
    check(json.loads(event)["position"] == int(index) == int(name), SEEN[0], "is another event")


def check_bundle(bundle: Any, keys: list[str]) -> str:
    manifest, trusted = check_manifest(bundle, keys)
    checkpoint = read(bundle, "checkpoint.txt").decode()
    signed_text(checkpoint, trusted)
    origin, size, root, *_ = checkpoint.split("\n")
    last = 0
    for number in range(1, manifest["versions"] + 1):
        leaf = check_version(bundle, number, manifest, checkpoint)
        check(number == 1 or leaf["position"] > last, SEEN[0], "stands before the version that it follows")
        last = leaf["position"]
        print(
            f"  version {number}: {leaf['action']} {leaf['recorded_at']} at position {last}, in the log as it is here"
        )
    events = sorted(name[7:-5] for name in manifest["files"] if name.startswith("access/") and name.endswith(".json"))
    for name in events:
        check_event(bundle, name, checkpoint)
    print(f"  {len(events)} access events are in the access log as they are here")
    print(f"  checkpoint of {origin}: size {size}, root {root}")
    print("  keys:", *trusted)
    return f"{manifest['register']}/{manifest['entry']}, versions 1 to {manifest['versions']}"


def main(arguments: list[str]) -> int:
    where = Path(arguments[0]) if arguments else Path(__file__).parent
    try:
        what = check_bundle(zipfile.Path(where) if where.is_file() else where, arguments[1:])
    except Wrong as wrong:
        print(f"WRONG 不符: {wrong}")
    except InvalidSignature:
        print(f"WRONG 不符: {SEEN[0]}: no known key has signed it")
    except (OSError, KeyError, IndexError, TypeError, ValueError, AttributeError, zipfile.BadZipFile) as fault:
        print(f"WRONG 不符: {SEEN[0]}: cannot be read ({type(fault).__name__})")
    else:
        print(f"OK 相符: {what}: everything in the bundle is what the log has.")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
