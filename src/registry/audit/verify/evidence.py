"""Evidence (证据包): one entry with its whole history, its access log, proofs under one checkpoint, and a verifier, for a third party."""

import base64
import hashlib
import importlib.metadata
import io
import json
import re
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from registry import __version__
from registry.audit.proof import checkpoints, merkle
from registry.audit.proof.checkpoints import checkpoint, receipt_of
from registry.audit.proof.sealer_job import LogSealer
from registry.audit.proof.signed_notes import parse_receipt, sign_note
from registry.audit.proof.signing_keys import LogKeys
from registry.core.access_log import classes_of
from registry.core.principals import Principal, Purpose, Role
from registry.core.register import Register
from registry.core.sealing import SALT, Sealer, place_of, subject_of
from registry.core.view import Seen, View
from registry.db.database import Database
from registry.db.key_store import KeyStore
from registry.errors import NotSealed
from registry.ledger.clock import timestamp, wall_clock
from registry.ledger.committer import note
from registry.ledger.events import SERVER, Event, EventKind
from registry.ledger.tables import EVENT_CASES, EVENTS
from registry.settings import Settings

README = Path(__file__).with_name("evidence.txt")
VERIFIER = Path(__file__).with_name("bundle_verifier.py")
EVERY = 10**6
"""Versions of one entry: more than there will be."""
MADE = (1980, 1, 1, 0, 0, 0)
"""What files in the archive are dated: when it was made stands in the manifest."""

OF_CASE = (
    select(EVENTS.c.position, EVENTS.c.document)
    .join(EVENT_CASES, (EVENT_CASES.c.book == EVENTS.c.book) & (EVENT_CASES.c.position == EVENTS.c.position))
    .where(EVENT_CASES.c.book == bindparam("b"), EVENT_CASES.c.kind == bindparam("k"), EVENT_CASES.c.case_id == bindparam("c"))
    .order_by(EVENTS.c.position)
)  # fmt: skip

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """Evidence of which entry, and whether with its personal data in plain: then for what, and why."""

    register: Register
    entry_id: str
    plain: bool = False
    purpose: Purpose = Purpose.SUBJECT_REQUEST
    reason: str | None = None


async def evidence_of(
    settings: Settings, database: Database, store: KeyStore, request: EvidenceRequest, document: bytes
) -> bytes:
    """The bundle, as a zip file; `document` is the published one. Raises NotFound where there is no such entry.

    A disclosure in plain is an access event before anything leaves, and the bundle has it.
    """
    keys = LogKeys(settings.log_key_file)
    first = await database.scan(lambda connection: _versions(connection, settings.book, request)[0])
    if request.plain:
        await database.write(lambda c: note(c, settings.book, _disclosure(request, first)))
    await LogSealer(database, keys, settings.origin, settings.home).seal()
    files = await database.scan(partial(_proved, settings, keys, store, request))
    files |= _rules(request.register) | {"schema.json": schema_of(request.register, document)}
    files |= {"README.txt": README.read_bytes(), "verify.py": VERIFIER.read_bytes()}
    return _zip(files | _manifest(settings, keys, request, files, document))


def _viewer(book: str) -> Principal:
    """The server itself: it sees the whole book."""
    return Principal("", book, SERVER.name, Role.AUDITOR, (book,), None, None)


def _versions(connection: Connection, book: str, request: EvidenceRequest) -> list[Seen]:
    return View(_viewer(book)).versions(connection, request.register, request.entry_id, EVERY, 0)


def _disclosure(request: EvidenceRequest, seen: Seen) -> Event:
    details: dict[str, object] = {
        "path": "evidence",
        "purpose": request.purpose,
        "reason": request.reason,
        "break_glass": None,
        "entries": [request.entry_id],
        "fields": classes_of(request.register.entry),
        "request_id": None,
    }
    register = request.register
    return Event(EventKind.READ, SERVER, details, register.name, register.case_kind, (seen.case_id,))


def _proved(
    settings: Settings, keys: LogKeys, store: KeyStore, request: EvidenceRequest, connection: Connection
) -> Files:
    """Everything that a checkpoint vouches for, as of one moment."""
    book = settings.book
    files: Files = {"checkpoint.txt": checkpoint(book, connection).encode()}
    origin = checkpoints.origin_of(settings.origin, book, checkpoints.sealed(connection, book).epoch)
    files["keys.txt"] = "".join(f"{signer.vkey}\n" for signer in keys.signers(origin)).encode()
    versions = _versions(connection, book, request)
    for seen in versions:
        receipt = receipt_of(connection, book, seen.position)
        files[f"versions/{seen.number:04}.json"] = seen.stored
        files[f"receipts/{seen.number:04}.txt"] = receipt.encode()
        files[f"leaves/{seen.number:04}.json"] = parse_receipt(receipt).extra or b""
    if request.plain:
        files |= _plain(book, request, versions, Sealer(settings.key_file, store))
    binds = {"b": book, "k": request.register.case_kind, "c": versions[0].case_id}
    for row in connection.execute(OF_CASE, binds).all():
        files |= _event(connection, book, row)
    return files


def _plain(book: str, request: EvidenceRequest, versions: list[Seen], sealer: Sealer) -> Files:
    """The salts and the plain personal fields that the leaves commit to; none of what was erased."""
    files: Files = {}
    for seen in versions:
        if seen.personal is not None:
            place = place_of(book, request.register.name, request.entry_id, seen.number)
            salted = sealer.open_salted(book, subject_of(request.register, seen.case_id), place, seen.personal)
            opened = {"salt": salted[:SALT].hex(), "fields": msgspec.json.decode(salted[SALT:])}
            files[f"personal/{seen.number:04}.json"] = _json(opened)
    return files


def _event(connection: Connection, book: str, row: Row[Any, Any]) -> Files:
    """An access event and its proof: the position, then the hashes from its sibling up. Raises NotSealed past the checkpoint."""
    size = checkpoints.sealed(connection, book).access_size
    if row.position >= size:
        raise NotSealed
    hashes = merkle.inclusion(row.position, size, checkpoints.StoredTiles(connection, book, "access"))
    lines = [str(row.position), *(base64.b64encode(each).decode() for each in hashes)]
    name = f"access/{row.position:09}"
    return {f"{name}.json": row.document, f"{name}.proof": "".join(f"{line}\n" for line in lines).encode()}


def _rules(register: Register) -> Files:
    versions = {name: importlib.metadata.version(name) for name in ("chinesecalendar", "cryptography")}
    return {
        "rules.json": _json({"software": f"registry {__version__}", "libraries": versions, "rules": register.rules})
    }


def schema_of(register: Register, document: bytes) -> bytes:
    """The JSON Schema of a register's entries, cut out of the published document."""
    schemas = json.loads(document)["components"]["schemas"]
    wanted, kept = [register.entry.__name__], {}
    while wanted:
        name = wanted.pop()
        kept[name] = schemas[name]
        used = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas[name]))
        wanted += [each for each in used if each not in kept]
    root = f"#/components/schemas/{register.entry.__name__}"
    return _json(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": root, "components": {"schemas": kept}}
    )


def _manifest(settings: Settings, keys: LogKeys, request: EvidenceRequest, files: Files, document: bytes) -> Files:
    """What the bundle holds, and the log's signature over that."""
    manifest = {
        "format": "registry-evidence/1",
        "book": settings.book,
        "register": request.register.name,
        "title": request.register.title,
        "entry": request.entry_id,
        "versions": sum(name.startswith("versions/") for name in files),
        "plain": request.plain,
        "made_at": timestamp(wall_clock()),
        "software": f"registry {__version__}",
        "openapi_sha256": hashlib.sha256(document).hexdigest(),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    raw = _json(manifest)
    origin = files["checkpoint.txt"].decode().partition("\n")[0]
    signature = sign_note(f"registry evidence\n{hashlib.sha256(raw).hexdigest()}\n", keys.signers(origin))
    return {"manifest.json": raw, "manifest.sig": signature.encode()}


def _zip(files: Files) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, MADE), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
