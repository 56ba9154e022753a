"""Sealing: what was committed is added to the Merkle trees, and a checkpoint that binds both is signed.

It runs after the commits, in order, from the committed rows; it may lag, it never skips. Building the trees only reads; what was
built is then kept in one short transaction, in which another server's work in between is noticed.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, insert, select

from registry.audit.proof import merkle
from registry.audit.proof.leaves import leaves, version_leaf
from registry.audit.proof.merkle import EMPTY, edge_of, grow, leaf_hash, root
from registry.audit.proof.signed_notes import Checkpoint, format_receipt, parse_checkpoint, sign_note, split_note
from registry.audit.proof.signing_keys import LogKeys
from registry.errors import LogRolledBack, NotFound, NotSealed
from registry.ledger.clock import wall_clock
from registry.ledger.tables import BOOKS, LOG, SEALS, TILES, WITNESSES

TREES = ("log", "access")
CHUNK = 4096
"""Leaves that are added to a tree at once."""

FIND_TILE = select(TILES.c.hashes).where(
    TILES.c.book == bindparam("b"),
    TILES.c.tree == bindparam("t"),
    TILES.c.level == bindparam("l"),
    TILES.c.tile == bindparam("i"),
)
THIS_TILE = (
    TILES.c.book == bindparam("b"),
    TILES.c.tree == bindparam("t"),
    TILES.c.level == bindparam("l"),
    TILES.c.tile == bindparam("i"),
)


@dataclass(slots=True)
class StoredTiles:
    """A tree's tiles as they are kept, with those over them that are not kept yet."""

    connection: Connection
    book: str
    tree: str
    fresh: Mapping[tuple[int, int], bytes] = field(default_factory=dict)

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The first `width` hashes of a tile; fewer where the tree has not so many."""
        found = self.fresh.get((level, index)) or self.stored(level, index)
        return found[: 32 * width]

    def stored(self, level: int, index: int) -> bytes:
        """A tile as it is kept; empty where there is none."""
        binds = {"b": self.book, "t": self.tree, "l": level, "i": index}
        return self.connection.scalar(FIND_TILE, binds) or b""


@dataclass(frozen=True, slots=True)
class SealState:
    """How far a book is sealed."""

    epoch: int = 0
    log_size: int = 0
    access_size: int = 0
    checkpoint: str | None = None

    def size(self, tree: str) -> int:
        """How many leaves of a tree are sealed."""
        return self.log_size if tree == "log" else self.access_size


@dataclass(frozen=True, slots=True)
class Growth:
    """What a sealing adds: from where, the new sizes and roots, the tiles that change."""

    before: SealState
    sizes: dict[str, int]
    roots: dict[str, bytes]
    tiles: dict[str, dict[tuple[int, int], bytes]]


def sealed(connection: Connection, book: str) -> SealState:
    """How far a book is sealed now."""
    row = connection.execute(select(SEALS).where(SEALS.c.book == book)).one_or_none()
    return SealState() if row is None else SealState(row.epoch, row.log_size, row.access_size, row.checkpoint or None)


def heads(connection: Connection, book: str) -> dict[str, int]:
    """How long a book's log and its list of access events are."""
    row = connection.execute(select(BOOKS).where(BOOKS.c.book == book)).one_or_none()
    return {"log": row.next_position, "access": row.next_event} if row else dict.fromkeys(TREES, 0)


def build(connection: Connection, book: str) -> Growth | None:
    """Build what is not sealed yet, at most a chunk of each tree; None where everything is sealed."""
    before, ends = sealed(connection, book), heads(connection, book)
    if before.checkpoint is not None and all(before.size(tree) == ends[tree] for tree in TREES):
        return None
    growth = Growth(before, {}, {}, {})
    for tree in TREES:
        size = before.size(tree)
        stop = min(ends[tree], size + CHUNK)
        stored = StoredTiles(connection, book, tree)
        edge = {place: stored.tile(*place, (size >> 8 * place[0]) % 256) for place in edge_of(size)}
        fresh = grow(size, edge, [leaf_hash(leaf) for leaf in leaves(connection, book, tree, size, stop)])
        growth.sizes[tree], growth.tiles[tree] = stop, fresh
        growth.roots[tree] = root(stop, StoredTiles(connection, book, tree, fresh)) if stop else EMPTY
    return growth


def keep(connection: Connection, book: str, growth: Growth, origin: str, keys: LogKeys) -> str | None:
    """Keep what was built, with its signed checkpoint, which is returned; None where another server was first."""
    connection.execute(select(BOOKS.c.book).where(BOOKS.c.book == book).with_for_update())
    before = growth.before
    if sealed(connection, book) != before:
        return None
    for tree in TREES:
        _keep_tiles(connection, book, tree, growth.tiles[tree])
    name = origin_of(origin, book, before.epoch)
    access = f"access {growth.sizes['access']} {base64.b64encode(growth.roots['access']).decode()}"
    text = Checkpoint(name, growth.sizes["log"], growth.roots["log"], (access,)).text()
    note = sign_note(text, keys.signers(name))
    values = {"epoch": before.epoch, "log_size": growth.sizes["log"], "access_size": growth.sizes["access"],
              "checkpoint": note, "sealed_at": wall_clock()}  # fmt: skip
    _put(connection, book, values)
    return note


def begin_anew(connection: Connection, book: str, epoch: int) -> None:
    """Forget the trees: they are built from the first leaf again, under the name of this epoch."""
    connection.execute(select(BOOKS.c.book).where(BOOKS.c.book == book).with_for_update())
    connection.execute(delete(TILES).where(TILES.c.book == book))
    _put(
        connection, book, {"epoch": epoch, "log_size": 0, "access_size": 0, "checkpoint": "", "sealed_at": wall_clock()}
    )


def _put(connection: Connection, book: str, values: Mapping[str, object]) -> None:
    connection.execute(delete(SEALS).where(SEALS.c.book == book))
    connection.execute(insert(SEALS).values(book=book, **values))


def _keep_tiles(connection: Connection, book: str, tree: str, tiles: Mapping[tuple[int, int], bytes]) -> None:
    if not tiles:
        return
    places = [{"b": book, "t": tree, "l": level, "i": index} for level, index in tiles]
    connection.execute(delete(TILES).where(*THIS_TILE), places)
    rows = [
        {"book": book, "tree": tree, "level": level, "tile": index, "hashes": hashes}
        for (level, index), hashes in tiles.items()
    ]
    connection.execute(insert(TILES), rows)


def digest_of(note: str) -> bytes:
    """What a cosignature is kept under: the SHA-256 of the signed text."""
    return hashlib.sha256(split_note(note)[0].encode()).digest()


def origin_of(origin: str, book: str, epoch: int) -> str:
    """The name of a book's log: a log begun anew after a restored backup has a name of its own."""
    return f"{origin}/{book}" + (f"/{epoch}" if epoch else "")


def epoch_of(name: str, origin: str, book: str) -> int | None:
    """The epoch that a name of this book's log says; None for the name of another log."""
    match = re.fullmatch(re.escape(f"{origin}/{book}") + "(?:/([1-9][0-9]{0,8}))?", name)
    return int(match[1] or 0) if match else None


@dataclass(frozen=True, slots=True)
class CheckpointHead:
    """What a checkpoint says of both trees."""

    origin: str
    sizes: dict[str, int]
    roots: dict[str, bytes]


def read_head(note: str) -> CheckpointHead:
    """What a checkpoint of ours says. Raises BadNote for any other text."""
    found = parse_checkpoint(split_note(note)[0])
    (kind, size, access) = (
        found.extensions[0].split(" ") if found.extensions else ("access", "0", base64.b64encode(EMPTY).decode())
    )
    if kind != "access":
        raise ValueError(kind)
    return CheckpointHead(
        found.origin, {"log": found.size, "access": int(size)}, {"log": found.root, "access": base64.b64decode(access)}
    )


def check_continues(connection: Connection, book: str, note: str, origin: str) -> None:
    """Raise LogRolledBack unless the trees are those of this earlier checkpoint, grown: else a backup was restored."""
    head, now = read_head(note), sealed(connection, book)
    epoch = epoch_of(head.origin, origin, book)
    if epoch is None or epoch < now.epoch:
        return  # the log was renamed, or begun anew: openly, by an operator
    # A copy from before the log was begun anew lacks the access event of that, and so is found out like any other.
    for tree in TREES:
        size = head.sizes[tree]
        stored = StoredTiles(connection, book, tree)
        if now.size(tree) < size or (size and root(size, stored) != head.roots[tree]):
            raise LogRolledBack(tree, size, now.size(tree))


def checkpoint(book: str, connection: Connection) -> str:
    """The newest checkpoint, with the witnesses' signatures under that very text."""
    note = sealed(connection, book).checkpoint
    if note is None:
        raise NotFound
    at = (WITNESSES.c.book == book, WITNESSES.c.checkpoint_sha256 == digest_of(note))
    lines = connection.scalars(select(WITNESSES.c.cosignature).where(*at).order_by(WITNESSES.c.name)).all()
    return note + "".join(line for line in lines if line)


def receipt_of(connection: Connection, book: str, position: int) -> str:
    """The receipt of a position of the log. Raises NotSealed where it is not in the trees yet."""
    size = sealed(connection, book).log_size
    if position >= size:
        raise NotSealed
    row = connection.execute(select(LOG).where(LOG.c.book == book, LOG.c.position == position)).one()
    proof = merkle.inclusion(position, size, StoredTiles(connection, book, "log"))
    return format_receipt(position, proof, checkpoint(book, connection), version_leaf(row))
