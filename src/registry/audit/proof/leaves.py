"""The bytes that the trees are made of: what an outsider hashes to find an entry in the log again (docs/proof.md)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from registry.ledger.clock import timestamp
from registry.ledger.tables import EVENTS, LOG
from registry.ledger.versions import encode

VERSIONS = (
    select(LOG)
    .where(LOG.c.book == bindparam("b"), LOG.c.position >= bindparam("start"), LOG.c.position < bindparam("stop"))
    .order_by(LOG.c.position)
)
ACCESSES = (
    select(EVENTS.c.document)
    .where(
        EVENTS.c.book == bindparam("b"), EVENTS.c.position >= bindparam("start"), EVENTS.c.position < bindparam("stop")
    )
    .order_by(EVENTS.c.position)
)


def version_leaf(row: Row[Any]) -> bytes:
    """The leaf of a version, from its row of the log: canonical JSON (RFC 8785), hashes in hex."""
    return encode(
        {
            "kind": "version",
            "book": row.book,
            "position": row.position,
            "register": row.register,
            "entry": row.entry_id,
            "number": row.number,
            "action": row.action,
            "recorded_at": timestamp(row.recorded_at),
            "replayed_at": None if row.replayed_at is None else timestamp(row.replayed_at),
            "actor": row.actor_id,
            "division": row.division,
            "case": row.case_id,
            "public_sha256": row.public_sha256.hex(),
            "personal_commitment": None if row.personal_commitment is None else row.personal_commitment.hex(),
            "personal_fields": (row.personal_fields or "").split(),
            "columns_sha256": row.columns_sha256.hex(),
        }
    )


def leaves(connection: Connection, book: str, tree: str, start: int, stop: int) -> list[bytes]:
    """The leaves of a tree from `start` to before `stop`, as they stand in the database."""
    binds = {"b": book, "start": start, "stop": stop}
    if tree == "log":
        return [version_leaf(row) for row in connection.execute(VERSIONS, binds)]
    found: Sequence[bytes] = connection.scalars(ACCESSES, binds).all()
    return list(found)
