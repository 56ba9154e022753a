"""The trees of a book against its leaves: every tile, the signed checkpoint, and checkpoints that were kept elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from registry.audit.proof.checkpoints import TREES, SealState, check_continues, origin_of, read_head
from registry.audit.proof.findings import Finding
from registry.audit.proof.merkle import HASH, grow, root
from registry.audit.proof.signed_notes import BadNote, Verifier, open_note
from registry.errors import LogRolledBack
from registry.ledger.tables import TILES

Places = dict[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree of a book as it is kept: how many leaves there are, how many of them are sealed, the tiles."""

    leaves: int
    sealed: int
    tiles: Places


@dataclass(frozen=True, slots=True)
class _Recomputed:
    """Tiles that were made from the leaves again."""

    tiles: Places

    def tile(self, level: int, index: int, width: int) -> bytes:
        return self.tiles[level, index][: width * HASH]


def read_tiles(connection: Connection, book: str, tree: str) -> Places:
    """All tiles of a tree, by level and index."""
    query = select(TILES.c.level, TILES.c.tile, TILES.c.hashes).where(TILES.c.book == book, TILES.c.tree == tree)
    return {(level, index): hashes for level, index, hashes in connection.execute(query)}


def check_tree(book: str, name: str, tree: Tree, hashes: bytes, sealed: SealState) -> Iterator[Finding]:
    """Make every tile again from the leaf hashes (joined) and compare; compare the checkpoint's root."""
    size = min(tree.sealed, tree.leaves)
    made = grow(0, {}, [hashes[at : at + HASH] for at in range(0, size * HASH, HASH)])
    for place in sorted(made.keys() | tree.tiles.keys()):
        if made.get(place) != tree.tiles.get(place):
            what = "is missing" if place not in tree.tiles else "is not that of the leaves"
            what = what if place in made else "is beyond the tree"
            yield Finding(book, f"{name} tree", f"tile {place[0]}/{place[1]} {what}")
    if sealed.checkpoint is not None and tree.sealed <= tree.leaves and size:
        try:
            said = read_head(sealed.checkpoint).roots[name]
        except ValueError:
            return  # `check_checkpoint` says so
        if root(size, _Recomputed(made)) != said:
            yield Finding(book, f"{name} tree", f"the checkpoint's root is not that of the first {size} leaves")


def check_checkpoint(
    book: str, origin: str, sealed: SealState, trees: Mapping[str, Tree], verifiers: Sequence[Verifier]
) -> Iterator[Finding]:
    """Check the newest checkpoint's signature, name and sizes."""
    if sealed.checkpoint is None:
        if any(tree.tiles for tree in trees.values()):
            yield Finding(book, "checkpoint", "is missing")
        return
    try:
        open_note(sealed.checkpoint, verifiers)
        head = read_head(sealed.checkpoint)
    except ValueError as fault:
        yield Finding(book, "checkpoint", str(fault))
        return
    if head.origin != origin_of(origin, book, sealed.epoch):
        yield Finding(book, "checkpoint", f"is of another log ({head.origin})")
    for name in TREES:
        if head.sizes[name] != sealed.size(name):
            yield Finding(book, f"{name} tree", "the size kept beside the checkpoint is not the checkpoint's")
        if sealed.size(name) > trees[name].leaves:
            text = f"{sealed.size(name)} leaves are sealed, but there are {trees[name].leaves}"
            yield Finding(book, f"{name} tree", text)


def check_earlier(connection: Connection, book: str, origin: str, note: str, where: str) -> Iterator[Finding]:
    """Check that the trees continue an earlier checkpoint."""
    try:
        check_continues(connection, book, note, origin)
    except LogRolledBack:
        sizes = read_head(note).sizes
        text = f"the log is not the one that was signed at {sizes['log']} versions and {sizes['access']} access events"
        yield Finding(book, where, text)
    except ValueError as fault:
        yield Finding(book, where, f"cannot be compared with the trees ({fault})")


def signed_by(note: str, verifiers: Sequence[Verifier]) -> str | None:
    """Why a note is not to be trusted; None where a known key signed it."""
    try:
        open_note(note, verifiers)
    except BadNote as fault:
        return str(fault)
    return None
