"""The access events against their own documents and tree, and the keys against the events that issued and revoked them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from registry.audit.proof.findings import Checked, Finding, Span
from registry.audit.proof.merkle import HASH, leaf_hash
from registry.audit.verify.versions import CHUNK, collected, halving, stored_hashes
from registry.core.principals import list_keys
from registry.ledger.clock import timestamp
from registry.ledger.events import EventKind
from registry.ledger.tables import EVENT_CASES, EVENTS
from registry.ledger.versions import encode

ROWS = (
    select(EVENTS)
    .where(
        EVENTS.c.book == bindparam("b"), EVENTS.c.position >= bindparam("start"), EVENTS.c.position < bindparam("stop")
    )
    .order_by(EVENTS.c.position)
)
CASES = select(EVENT_CASES.c.position, EVENT_CASES.c.kind, EVENT_CASES.c.case_id).where(
    EVENT_CASES.c.book == bindparam("b"),
    EVENT_CASES.c.position >= bindparam("start"),
    EVENT_CASES.c.position < bindparam("stop"),
)
GRANTS = (
    select(EVENTS.c.kind, EVENTS.c.recorded_at, EVENTS.c.document)
    .where(
        EVENTS.c.book == bindparam("b"),
        EVENTS.c.kind.in_([EventKind.KEY_ISSUED, EventKind.KEY_CHANGED, EventKind.KEY_REVOKED]),
    )
    .order_by(EVENTS.c.position)
)

Cases = dict[int, set[tuple[str, str]]]


def check_events(connection: Connection, span: Span, most: int) -> Checked:
    """Check a stretch of the access events, up to `most` findings."""
    cases: Cases = defaultdict(set)
    for position, kind, case in connection.execute(
        CASES, {"b": span.book, "start": span.start, "stop": span.stop}
    ).all():
        cases[position].add((kind, case))
    check = _Events(connection, span, cases, stored_hashes(connection, span))
    checked = Checked([], b"")
    for start in range(span.start, span.stop, CHUNK):
        found = halving(check.run, start, min(start + CHUNK, span.stop), span)
        checked = Checked(checked.findings + found.findings, checked.hashes + found.hashes)
        if len(checked.findings) >= most:
            break
    return checked


@dataclass(frozen=True, slots=True)
class _Events:
    """Some events of a stretch."""

    connection: Connection
    span: Span
    cases: Cases
    stored: bytes

    def run(self, start: int, stop: int) -> Checked:
        binds = {"b": self.span.book, "start": start, "stop": stop}
        rows = {row.position: row for row in self.connection.execute(ROWS, binds).all()}
        findings: list[Finding] = []
        hashes = bytearray()
        for position in range(start, stop):
            row = rows.get(position)
            if row is None:
                hashes += bytes(HASH)
                findings.append(Finding(self.span.book, f"access event {position}", "is missing"))
                continue
            hashes += leaf_hash(row.document)
            place = f"access event {position} ({row.kind})"
            findings += [
                Finding(self.span.book, place, text) for text in collected(self._faults(row, bytes(hashes[-HASH:])))
            ]
        return Checked(findings, bytes(hashes))

    def _faults(self, row: Row[Any], leaf: bytes) -> Iterator[str]:
        at = (row.position - self.span.start) * HASH
        if row.position < self.span.sealed and leaf != self.stored[at : at + HASH]:
            yield "the document does not match the tree (leaf hash)"
        document = msgspec.json.decode(row.document)
        if encode(document) != row.document:
            yield "document is not canonical JSON"
        written = {
            "book": row.book,
            "position": row.position,
            "kind": row.kind,
            "recorded_at": timestamp(row.recorded_at),
            "register": row.register,
        }
        for name, value in written.items():
            if document[name] != value:
                yield f"column {name} does not match the document"
        if document["principal"]["id"] != row.principal_id:
            yield "column principal_id does not match the document"
        cases = {(document["case_kind"] or "", case) for case in document["cases"]}
        if cases != self.cases.get(row.position, set()):
            yield "access_event_cases does not match the document"


class _Grant(msgspec.Struct):
    key: dict[str, Any]


class _Granted(msgspec.Struct):
    """The event of a grant."""

    details: _Grant


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """The result for the keys of a book: what is wrong, and how many are older than the events."""

    findings: list[Finding]
    unproved: int


def check_keys(connection: Connection, book: str) -> KeyCheck:
    """Check each key against the events that issued and revoked it.

    A key of before the first grant was recorded may have no event; those are only counted, for nothing tells them from one
    that was put there by hand.
    """
    grants: dict[str, dict[str, Any]] = {}
    first: int | None = None
    for kind, recorded_at, raw in connection.execute(GRANTS, {"b": book}).all():
        first = recorded_at if first is None else first
        try:
            key = dict(msgspec.json.decode(raw, type=_Granted).details.key)
        except msgspec.MsgspecError:
            continue  # `check_events` names it
        name = str(key.get("id"))
        if kind == EventKind.KEY_ISSUED:
            grants[name] = {**key, "revoked": False}
        elif kind == EventKind.KEY_CHANGED:
            grants[name] = grants.get(name, {}) | key
        else:
            grants.setdefault(name, {})["revoked"] = True
    keys = KeyCheck([], 0)
    for row in list_keys(connection, book):
        keys = _add(keys, book, row, grants.pop(row.id, None), first)
    gone = [Finding(book, f"key {name}", "was issued, but is missing") for name, key in grants.items() if "role" in key]
    return KeyCheck(keys.findings + gone, keys.unproved)


def _add(keys: KeyCheck, book: str, row: Row[Any], grant: dict[str, Any] | None, first: int | None) -> KeyCheck:
    """What one key adds to what was found."""
    if grant is None or "role" not in grant:
        if first is None or row.created_at < first:
            return KeyCheck(keys.findings, keys.unproved + 1)
        return KeyCheck(
            [*keys.findings, Finding(book, f"key {row.id}", "no event says that it was issued")], keys.unproved
        )
    stored = {
        "name": row.name,
        "role": row.role,
        "divisions": row.divisions.split(),
        "key_start": row.key_start,
        "key_sha256": row.key_hash.hex(),
        "expires_at": row.expires_at,
        "revoked": row.revoked_at is not None,
    }
    texts = [f"{name} is not what its event says" for name, value in stored.items() if grant.get(name) != value]
    return KeyCheck([*keys.findings, *(Finding(book, f"key {row.id}", text) for text in texts)], keys.unproved)
