"""Every version against the log: header, document, sealed part, masks, filter columns, the chain of versions, the tree's leaf.

The log's own rows are held by the tree; each version is held by its row of the log. What is checked here is that second half, and
that the tiles have the leaf.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.exc import InterfaceError, OperationalError

from registry.audit.proof.checkpoints import StoredTiles
from registry.audit.proof.findings import Checked, Finding, Span, entry_place
from registry.audit.proof.leaves import VERSIONS, version_leaf
from registry.audit.proof.merkle import HASH, WIDTH, leaf_hash
from registry.core.fields import ERASED, MASKS, class_stamp, mask_kind
from registry.core.register import Register
from registry.core.scope import checked_query
from registry.core.sealing import SALT, SEARCHED, Sealer, place_of, subject_of
from registry.db.key_store import Tombstone
from registry.ledger.clock import timestamp
from registry.ledger.tables import BLIND_INDEX, hashed_columns
from registry.ledger.versions import columns_hash, encode

CHUNK = 2048
"""Versions that are read at once."""

DIGESTS = select(BLIND_INDEX.c.position, BLIND_INDEX.c.kind, BLIND_INDEX.c.digest).where(
    BLIND_INDEX.c.book == bindparam("b"),
    BLIND_INDEX.c.position >= bindparam("start"),
    BLIND_INDEX.c.position < bindparam("stop"),
)
SHARED = ("entry_id", "number", "position", "division", "case_id")
"""Columns of a version that its row of the log has too."""
HEADER = attrgetter(*SHARED)

Digests = Mapping[int, set[tuple[str, bytes]]]
Versions = dict[tuple[str, int], Row[Any]]


@dataclass(frozen=True, slots=True)
class CheckInputs:
    """What the versions of a book are checked with."""

    registers: Mapping[str, Register]
    sealer: Sealer
    stones: Mapping[str, Tombstone]
    """The erased subjects."""


def check_versions(connection: Connection, inputs: CheckInputs, span: Span, most: int) -> Checked:
    """Check a stretch of the log and the versions that it tells of, up to `most` findings."""
    binds = {"b": span.book, "start": span.start, "stop": span.stop}
    digests: dict[int, set[tuple[str, bytes]]] = defaultdict(set)
    for position, kind, digest in connection.execute(DIGESTS, binds).all():
        digests[position].add((kind, digest))
    hashes = stored_hashes(connection, span)
    checked = Checked([], b"")
    for start in range(span.start, span.stop, CHUNK):
        check = _Chunk(connection, inputs, span, digests, hashes)
        found = halving(check.run, start, min(start + CHUNK, span.stop), span)
        checked = Checked(checked.findings + found.findings, checked.hashes + found.hashes)
        if len(checked.findings) >= most:
            break
    return checked


def stored_hashes(connection: Connection, span: Span) -> bytes:
    """The leaf hashes of a stretch that the tiles have, joined."""
    tiles = StoredTiles(connection, span.book, span.tree)
    whole = WIDTH * HASH
    return b"".join(
        tiles.stored(0, index)[:whole].ljust(whole, b"\0")
        for index in range(span.start // WIDTH, -(-span.stop // WIDTH))
    )


def halving(check: Callable[[int, int], Checked], start: int, stop: int, span: Span) -> Checked:
    """Check a stretch; where it cannot even be read, its halves, down to the one row that cannot."""
    try:
        return check(start, stop)
    except (OSError, OperationalError, InterfaceError):
        raise  # the database is away; that says nothing of what is in it
    except Exception as fault:  # noqa: BLE001 - a row of another form than any that was written
        if stop - start > 1:
            middle = (start + stop) // 2
            halves = halving(check, start, middle, span), halving(check, middle, stop, span)
            return Checked(halves[0].findings + halves[1].findings, halves[0].hashes + halves[1].hashes)
        what = "position" if span.tree == "log" else "access event"
        return Checked([Finding(span.book, f"{what} {start}", f"cannot be read ({type(fault).__name__})")], bytes(HASH))


def collected(faults: Iterator[str]) -> list[str]:
    """What is wrong with a row, up to where it can no longer be read."""
    texts: list[str] = []
    try:
        texts.extend(faults)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, msgspec.MsgspecError) as fault:
        texts.append(f"cannot be read ({type(fault).__name__})")
    return texts


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some positions of a stretch."""

    connection: Connection
    inputs: CheckInputs
    span: Span
    digests: Digests
    stored: bytes

    def run(self, start: int, stop: int) -> Checked:
        binds = {"b": self.span.book, "start": start, "stop": stop}
        log = {row.position: row for row in self.connection.execute(VERSIONS, binds).all()}
        versions = self._versions(binds)
        findings: list[Finding] = []
        hashes = bytearray()
        for position in range(start, stop):
            row = log.get(position)
            if row is None:
                hashes += bytes(HASH)
                findings.append(self._missing(position, versions))
                continue
            hashes += leaf_hash(version_leaf(row))
            place = entry_place(position, row.register, row.entry_id, row.number)
            version = versions.pop((row.register, position), None)
            findings += [
                Finding(self.span.book, place, text)
                for text in collected(self._faults(row, version, bytes(hashes[-HASH:])))
            ]
        for (name, position), version in versions.items():
            place = entry_place(position, name, version.entry_id, version.number)
            findings.append(Finding(self.span.book, place, "a version that the log does not have"))
        return Checked(findings, bytes(hashes))

    def _versions(self, binds: dict[str, object]) -> Versions:
        """The versions of all registers at these positions; their data keys are looked up."""
        versions: Versions = {}
        subjects = set()
        for name, register in self.inputs.registers.items():
            rows = self.connection.execute(checked_query(register.table), binds).all()
            versions |= {(name, row.position): row for row in rows}
            subjects |= {subject_of(register, row.case_id) for row in rows if row.personal is not None}
        self.inputs.sealer.learn(self.span.book, sorted(subjects))
        return versions

    def _missing(self, position: int, versions: Versions) -> Finding:
        for name in self.inputs.registers:
            if version := versions.pop((name, position), None):
                place = entry_place(position, name, version.entry_id, version.number)
                return Finding(self.span.book, place, "is missing from the log")
        return Finding(self.span.book, f"position {position}", "is missing from the log")

    def _faults(self, log: Row[Any], version: Row[Any] | None, leaf: bytes) -> Iterator[str]:
        """What is wrong with one version."""
        at = (log.position - self.span.start) * HASH
        if log.position < self.span.sealed and leaf != self.stored[at : at + HASH]:
            yield "the log's row does not match the tree (leaf hash)"
        if version is None:
            yield "the version is missing"
            return
        register = self.inputs.registers[log.register]
        yield from _header(log, version, register)
        try:
            document = msgspec.json.decode(version.document)
        except msgspec.MsgspecError:
            yield "document is not JSON"
            return
        if encode(document) != version.document:
            yield "document is not canonical JSON"
        yield from _meta(log, version, document["meta"])
        yield from self._contents(log, version, register, document)

    def _contents(
        self, log: Row[Any], version: Row[Any], register: Register, document: dict[str, Any]
    ) -> Iterator[str]:
        """The sealed part, the masks, the blind index, and what is public of the document."""
        yield from _copies(version, register, document)
        erased = document["meta"].pop("erased", None)
        masks = take_fields(document, (log.personal_fields or "").split())
        if hashlib.sha256(encode(document)).digest() != log.public_sha256:
            yield "document does not match the log (public_sha256)"
        plain: dict[str, str] = {}
        if erased is not None or (version.personal is None and masks):
            yield from self._erasure(log, version, register, erased, masks)
        elif version.personal is not None or log.personal_commitment is not None:
            try:
                plain = self._open(log, version, register)
            except InvalidTag:
                yield "the sealed part does not open: it, its place or its data key was changed"
                return
            yield from _masks(plain, masks, register, version.classes)
        if version.classes == class_stamp(register.entry) and self._digests(register, plain) != self.digests.get(
            log.position, set()
        ):
            yield "the blind index does not match the sealed part"

    def _open(self, log: Row[Any], version: Row[Any], register: Register) -> dict[str, str]:
        """The plain personal fields. Raises InvalidTag unless they are what the log commits to."""
        place = place_of(self.span.book, log.register, log.entry_id, log.number)
        box = version.personal or b""
        salted = self.inputs.sealer.open_salted(self.span.book, subject_of(register, log.case_id), place, box)
        if hashlib.sha256(salted).digest() != log.personal_commitment:
            raise InvalidTag
        return msgspec.json.decode(salted[SALT:], type=dict[str, str])

    def _erasure(
        self, log: Row[Any], version: Row[Any], register: Register, erased: object, masks: dict[str, object]
    ) -> Iterator[str]:
        """What was erased has a tombstone, no sealed part and no masks."""
        stone = self.inputs.stones.get(subject_of(register, log.case_id))
        if stone is None:
            yield "the sealed part is missing, and the key store knows of no erasure"
        elif not isinstance(erased, dict) or erased.get("id") != stone.erasure_id:
            yield "the sealed part is missing, and the document does not name the erasure"
        if version.personal is not None:
            yield "the document says that it was erased, but the sealed part is there"
        if any(mask != ERASED for mask in masks.values()):
            yield f"a personal field of an erased version is not {ERASED}"

    def _digests(self, register: Register, plain: Mapping[str, str]) -> set[tuple[str, bytes]]:
        kinds = ((mask_kind(register.entry, pointer), value) for pointer, value in plain.items())
        digest = self.inputs.sealer.digest
        return {(kind, digest(self.span.book, kind, value)) for kind, value in kinds if kind in SEARCHED}


def _header(log: Row[Any], version: Row[Any], register: Register) -> Iterator[str]:
    """The version's own columns, and where it ended."""
    if HEADER(log) != HEADER(version):
        differing = [name for name in SHARED if getattr(log, name) != getattr(version, name)]
        yield f"column {', '.join(differing)} does not match the log"
    if version.town != log.division[:9]:
        yield "column town does not match the log"
    if version.ended != version.next:
        yield f"superseded_at is {version.ended}, but the next version's position is {version.next}"
    columns = version._mapping  # noqa: SLF001 - its public name
    if columns_hash({name: columns[name] for name in hashed_columns(register.table)}) != log.columns_sha256:
        yield "filter columns do not match the log (columns_sha256)"


def _copies(version: Row[Any], register: Register, document: dict[str, Any]) -> Iterator[str]:
    """The columns that repeat what the document says, and that no leaf covers."""
    today = register.upgraded(document, version.schema_version)
    said = {**today, **register.columns(today)}
    for column in register.table.columns:
        if column.info.get("copy") and column.name in said:
            value = version._mapping[column.name]  # noqa: SLF001 - its public name
            if said[column.name] != (value.isoformat() if isinstance(value, dt.date) else value):
                yield f"column {column.name} does not match the document"


def _meta(log: Row[Any], version: Row[Any], meta: dict[str, Any]) -> Iterator[str]:
    """The header inside the document."""
    written = {
        "register": log.register,
        "version": log.number,
        "position": log.position,
        "action": log.action,
        "recorded_at": timestamp(log.recorded_at),
        "replayed_at": None if log.replayed_at is None else timestamp(log.replayed_at),
    }
    if "schema_version" in meta:  # since 0.4 the header tells them too
        written |= {"schema_version": version.schema_version, "created_at": timestamp(version.created_at)}
    elif version.schema_version != 1:
        yield "column schema_version does not match the document"
    if version.created_at != version.made:
        yield "column created_at does not match the log"
    for name, value in written.items():
        if meta[name] != value:
            yield f"meta.{name} of the document does not match the log"
    if meta["recorded_by"]["id"] != log.actor_id:
        yield "meta.recorded_by of the document does not match the log"
    if meta["voided"] != version.voided:
        yield "column voided does not match the document"


def _masks(plain: Mapping[str, str], masks: Mapping[str, object], register: Register, classes: str) -> Iterator[str]:
    """Each mask is that of its plain value; a version of other classes than today's has any kind of mask of it."""
    if plain.keys() != masks.keys():
        yield "the sealed part has other fields than the log says"
        return
    today = classes == class_stamp(register.entry)
    for pointer, value in plain.items():
        kinds = [mask_kind(register.entry, pointer)] if today else MASKS
        if masks[pointer] not in {MASKS[kind](value) for kind in kinds}:
            yield f"{pointer} of the document is not the mask of the sealed value"


def take_fields(document: dict[str, Any], pointers: Sequence[str]) -> dict[str, object]:
    """Take the personal fields out of a document, in place (a list's item becomes null): what stood there, by pointer."""
    taken: dict[str, object] = {}
    for pointer in pointers:
        *parents, last = pointer.split("/")[1:]
        target: Any = document
        for step in parents:
            target = target[int(step)] if isinstance(target, list) else target[step]
        if isinstance(target, list):
            taken[pointer], target[int(last)] = target[int(last)], None
        else:
            taken[pointer] = target.pop(last)
    return taken
