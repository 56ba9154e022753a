"""Logs of others that we cosign: what a witness checks and remembers of each (C2SP tlog-witness)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from registry.audit.proof.merkle import EMPTY, BadProof, verify_consistency
from registry.audit.proof.signed_notes import (
    BadNote,
    Checkpoint,
    Kind,
    Verifier,
    open_note,
    parse_add_checkpoint,
    parse_checkpoint,
    split_note,
)
from registry.errors import Fault, Malformed, NotConsistent, Refused, UnknownLog, UnknownSigner
from registry.ledger.clock import wall_clock
from registry.ledger.tables import NEIGHBOURS

LONGEST = 200
"""Characters of an origin that can be kept."""


class Stale(Exception):
    """The old size is not what was cosigned last, or there is another root for it; answered with the size that was."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint that we are asked to cosign."""

    old: int
    proof: tuple[bytes, ...]
    note: str
    checkpoint: Checkpoint


def read_submission(body: bytes) -> Submission:
    """What the body of add-checkpoint says; nothing is verified. Raises Malformed."""
    try:
        old, proof, note = parse_add_checkpoint(body.decode())
        checkpoint = parse_checkpoint(split_note(note)[0])
    except ValueError as fault:  # BadNote, or not UTF-8
        said = f"不是 add-checkpoint 的格式：{fault}", f"Not an add-checkpoint: {fault}"
        raise Malformed(faults=[Fault("", "add_checkpoint", *said)]) from None
    if old > checkpoint.size:
        said = "旧的大小（old）大于检查点的大小。", "The old size is over the checkpoint's."
        raise Malformed(faults=[Fault("", "old_size", *said)])
    return Submission(old, proof, note, checkpoint)


def check(connection: Connection, submitted: Submission) -> None:
    """Raise what is wrong with it: UnknownLog, UnknownSigner, Stale or NotConsistent."""
    _check(_known(connection, submitted), submitted)


def advance(connection: Connection, submitted: Submission) -> None:
    """Check it again under the log's row lock, and remember it: from here on nothing shorter is cosigned."""
    row = _known(connection, submitted, lock=True)
    _check(row, submitted)
    now = submitted.checkpoint
    if (row.size, row.root) != (now.size, now.root):
        seen = {"size": now.size, "root": now.root, "seen_at": wall_clock()}
        connection.execute(update(NEIGHBOURS).where(NEIGHBOURS.c.origin == now.origin).values(seen))


def _known(connection: Connection, submitted: Submission, *, lock: bool = False) -> Row[Any]:
    find = select(NEIGHBOURS).where(NEIGHBOURS.c.origin == submitted.checkpoint.origin)
    row = connection.execute(find.with_for_update() if lock else find).one_or_none()
    if row is None:
        raise UnknownLog
    return row


def _check(row: Row[Any], submitted: Submission) -> None:
    try:
        open_note(submitted.note, [Verifier.parse(row.vkey)])
    except BadNote:
        raise UnknownSigner from None
    now = submitted.checkpoint
    root = row.root or EMPTY
    if submitted.old != row.size or (now.size == row.size and now.root != root):
        raise Stale(row.size)
    try:
        verify_consistency(row.size, now.size, submitted.proof, root, now.root)
    except BadProof:
        raise NotConsistent from None


def add_neighbour(connection: Connection, origin: str, vkey: str) -> None:
    """Cosign this log from now on, or, where it is known, from now on by this key. Raises Refused."""
    try:
        good = Verifier.parse(vkey).kind is Kind.NOTE and Checkpoint(origin, 0, EMPTY).text() != ""
    except BadNote:
        good = False
    if not good or len(origin) > LONGEST:
        said = (
            "须为日志名称与其检查点公钥。",
            "ORIGIN VKEY: must be a log's name, and its key for checkpoints (type 0x01)",
        )
        raise Refused(faults=[Fault("/vkey", "vkey", *said)])
    if not connection.execute(update(NEIGHBOURS).where(NEIGHBOURS.c.origin == origin).values(vkey=vkey)).rowcount:
        connection.execute(insert(NEIGHBOURS).values(origin=origin, vkey=vkey, size=0))


def list_neighbours(connection: Connection) -> Sequence[Row[Any]]:
    """The logs that we cosign, by name."""
    return connection.execute(select(NEIGHBOURS).order_by(NEIGHBOURS.c.origin)).all()


def remove_neighbour(connection: Connection, origin: str) -> None:
    """Cosign this log no more. Raises NotFound. Added again, it would begin from nothing."""
    if not connection.execute(delete(NEIGHBOURS).where(NEIGHBOURS.c.origin == origin)).rowcount:
        raise UnknownLog
