"""The Merkle tree over a log (RFC 6962, RFC 9162), kept as tiles of 256 hashes (C2SP tlog-tiles).

Entry i of level L is the hash of the full subtree over leaves i * 256**L up to (i + 1) * 256**L; tile n holds the entries
from 256 * n. What lies between two levels is hashed again from the lower one when it is asked for. No database, no HTTP.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Protocol

HASH = 32
"""Bytes of a hash."""
WIDTH = 256
"""Hashes of a full tile."""
HEIGHT = 8
"""Levels of the tree that a tile spans."""
TOP = 63
"""The highest level that the published format has."""
EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""

_PATH = re.compile(r"(0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_END = 10**18  # of the indexes: six groups of three digits, which also fits any database's integer


class BadProof(Exception):
    """A proof does not show what it is said to show."""


class Tiles(Protocol):
    """Where tiles are read from."""

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Exactly the first `width` hashes of a tile, 32 bytes each: the start of one that has grown since."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf's bytes."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over the hashes of its two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def edge_of(size: int) -> list[tuple[int, int]]:
    """The partial tiles (level, index) at the right edge of a tree: what `grow` needs of it."""
    counts = ((level, size >> HEIGHT * level) for level in range(TOP + 1))
    return [(level, count // WIDTH) for level, count in counts if count % WIDTH]


def grow(size: int, edge: Mapping[tuple[int, int], bytes], leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """All tiles that are new or changed, whole, when leaf hashes are added to a tree of `size` with these partial tiles.

    Raises ValueError if the edge is not that of a tree of this size, or a hash is not 32 bytes long.
    """
    if size < 0 or any(len(leaf) != HASH for leaf in leaves):
        raise ValueError("a size is at least 0, and a leaf hash 32 bytes long")
    changed: dict[tuple[int, int], bytes] = {}
    level, count, hashes = 0, size, b"".join(leaves)
    while hashes:
        index, width = divmod(count, WIDTH)
        before = edge.get((level, index), b"")
        if len(before) != width * HASH:
            raise ValueError(f"tile {level}/{index} has {width} hashes in a tree of {size}")
        tiles = _cut(before + hashes)
        changed |= {(level, index + n): tile for n, tile in enumerate(tiles)}
        hashes = b"".join(fold(tile) for tile in tiles if len(tile) == WIDTH * HASH)
        level, count = level + 1, index
    return changed


def _cut(row: bytes) -> list[bytes]:
    return [row[at : at + WIDTH * HASH] for at in range(0, len(row), WIDTH * HASH)]


def fold(row: bytes) -> bytes:
    """The root over a row of hashes whose number is a power of two."""
    while len(row) > HASH:
        row = b"".join([sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row), 64)])
    return row


def root(size: int, tiles: Tiles) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _Tree(size, tiles).span(0, size) if size else EMPTY


def inclusion(position: int, size: int, tiles: Tiles) -> list[bytes]:
    """The proof (PATH of RFC 6962) that a leaf is in the tree of `size`, from the leaf's sibling up; ValueError if it is not."""
    if not 0 <= position < size:
        raise ValueError(f"a tree of {size} has no leaf {position}")
    tree = _Tree(size, tiles)
    start, end = 0, size
    proof = []
    while end - start > 1:
        middle = _split(start, end)
        if position < middle:
            proof.append(tree.span(middle, end))
            end = middle
        else:
            proof.append(tree.span(start, middle))
            start = middle
    return proof[::-1]


def consistency(old: int, new: int, tiles: Tiles) -> list[bytes]:
    """The proof (PROOF of RFC 6962) that the tree of `new` extends that of `old`; empty from 0; ValueError if old > new."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not extend one of {old}")
    if old == 0:
        return []
    tree = _Tree(new, tiles)
    start, end = 0, new
    proof = []
    while end != old:
        middle = _split(start, end)
        if old <= middle:
            proof.append(tree.span(middle, end))
            end = middle
        else:
            proof.append(tree.span(start, middle))
            start = middle
    if start:  # otherwise the last subtree is the whole old tree, whose root the verifier has
        proof.append(tree.span(start, end))
    return proof[::-1]


def _split(start: int, end: int) -> int:
    """Where a tree over two leaves or more divides: after the largest power of two that leaves something on the right."""
    return start + (1 << (end - start - 1).bit_length() - 1)


class _Tree:
    """Hashes of subtrees of a tree of one size; reads each tile once."""

    def __init__(self, size: int, tiles: Tiles) -> None:
        self._size = size
        self._tiles = tiles
        self._read: dict[tuple[int, int], bytes] = {}

    def span(self, start: int, end: int) -> bytes:
        """The root over leaves start up to end; `start` is a multiple of the smallest power of two that holds them."""
        length = end - start
        if length & (length - 1) == 0:
            return self._full(length.bit_length() - 1, start)
        middle = _split(start, end)
        return node_hash(self.span(start, middle), self.span(middle, end))

    def _full(self, height: int, start: int) -> bytes:
        level, rest = divmod(height, HEIGHT)
        index, offset = divmod(start >> HEIGHT * level, WIDTH)
        return fold(self._tile(level, index)[offset * HASH : (offset + (1 << rest)) * HASH])

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._read:
            width = min((self._size >> HEIGHT * level) - index * WIDTH, WIDTH)
            hashes = self._tiles.tile(level, index, width)
            if len(hashes) != width * HASH:
                raise ValueError(f"tile {level}/{index} is {len(hashes)} bytes, not {width} hashes")
            self._read[level, index] = hashes
        return self._read[level, index]


def verify_inclusion(leaf_hash: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf at `position` is in the tree of `size` with this root (RFC 9162, 2.1.3.2); else BadProof."""
    if not 0 <= position < size:
        raise BadProof(f"a tree of {size} has no leaf {position}")
    found = leaf_hash
    for right, sibling in _climb(position, size - 1, proof):
        found = node_hash(sibling, found) if right else node_hash(found, sibling)
    if found != root:
        raise BadProof("the proof leads to another root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of `new` extends the tree of `old` (RFC 9162, 2.1.4.2); else BadProof.

    Every tree extends the empty one, by an empty proof: then nothing is checked about the new root.
    """
    if not 0 <= old <= new:
        raise BadProof(f"a tree of {new} does not extend one of {old}")
    if old in {0, new}:
        _verify_without_proof(old, new, proof, old_root, new_root)
        return
    trailing = (old & -old).bit_length() - 1
    path = [old_root, *proof] if old == 1 << trailing else list(proof)
    if not path:
        raise BadProof("the proof is too short")
    was = now = path[0]
    for right, sibling in _climb((old - 1) >> trailing, (new - 1) >> trailing, path[1:]):
        was = node_hash(sibling, was) if right else was
        now = node_hash(sibling, now) if right else node_hash(now, sibling)
    if was != old_root or now != new_root:
        raise BadProof("the proof leads to other roots")


def _verify_without_proof(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    if proof:
        raise BadProof("nothing needs to be proved here, but the proof has hashes")
    if old == new and old_root != new_root:
        raise BadProof("two roots for one size")
    if old == 0 and old_root != EMPTY:
        raise BadProof("an empty tree has another root")


def _climb(node: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """The proof's hashes from a node to the root, each with whether the node is the right one of the two.

    Where the right edge has no sibling, the node climbs without a hash. BadProof if there are too many hashes, or too few.
    """
    for sibling in proof:
        if last == 0 or len(sibling) != HASH:
            raise BadProof("the proof is too long, or something in it is no hash")
        right = node % 2 == 1 or node == last
        yield right, sibling
        while node == last and node % 2 == 0 and node:
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    if last:
        raise BadProof("the proof is too short")


def tile_path(level: int, index: int, width: int) -> str:
    """A tile's path below `tile/`: 1234067 of level 0, with 8 hashes, is `0/x001/x234/067.p/8`; ValueError out of range."""
    if not (0 <= level <= TOP and 0 <= index < _END and 1 <= width <= WIDTH):
        raise ValueError(f"there is no tile {level}/{index} of width {width}")
    *groups, last = (f"{int(group):03}" for group in f"{index:,}".split(","))
    number = "".join(f"x{group}/" for group in groups) + last
    return f"{level}/{number}" + (f".p/{width}" if width < WIDTH else "")


def parse_tile_path(text: str) -> tuple[int, int, int]:
    """Level, index and width of the tile at a path that `tile_path` gives; ValueError for any other text."""
    match = _PATH.fullmatch(text)
    if match is None:
        raise ValueError("not the path of a tile")
    level, groups, width = match.groups()
    found = int(level), int(groups.replace("x", "").replace("/", "")), int(width or WIDTH)
    # A number can be written in one way only: `x000/001` and `.p/256` are refused here.
    if tile_path(*found) != text:
        raise ValueError("not the path of a tile")
    return found
