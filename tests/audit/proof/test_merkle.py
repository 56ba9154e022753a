"""The tree over the log against RFC 6962 written out naively, its known answers, and tampering."""

import hashlib
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.audit.proof.merkle import (
    EMPTY,
    BadProof,
    consistency,
    edge_of,
    grow,
    inclusion,
    leaf_hash,
    node_hash,
    parse_tile_path,
    root,
    tile_path,
    verify_consistency,
    verify_inclusion,
)

sizes = st.integers(1, 700) | st.sampled_from([1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 66000])


class Memory:
    """Tiles in memory, which count what is read of them."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0
        self.reads = 0

    def add(self, leaves: Sequence[bytes]) -> None:
        edge = {key: self.tiles[key] for key in edge_of(self.size)}
        self.tiles.update(grow(self.size, edge, leaves))
        self.size += len(leaves)

    def tile(self, level: int, index: int, width: int) -> bytes:
        self.reads += 1
        assert 1 <= width <= 256
        found = self.tiles[level, index][: 32 * width]
        assert len(found) == 32 * width
        return found


@cache
def hashes(size: int) -> tuple[bytes, ...]:
    return tuple(leaf_hash(b"leaf %d" % n) for n in range(size))


@cache
def tree(size: int) -> Memory:
    memory = Memory()
    memory.add(hashes(size))
    return memory


# RFC 6962, section 2.1, word for word and without any thought for speed.


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@cache
def mth(start: int, end: int) -> bytes:
    n = end - start
    if n == 0:
        return hashlib.sha256(b"").digest()
    if n == 1:
        return hashlib.sha256(b"\x00" + b"leaf %d" % start).digest()
    k = largest_power_below(n)
    return hashlib.sha256(b"\x01" + mth(start, start + k) + mth(start + k, end)).digest()


def path(m: int, start: int, end: int) -> list[bytes]:
    n = end - start
    if n == 1:
        return []
    k = largest_power_below(n)
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def subproof(m: int, start: int, end: int, known: bool) -> list[bytes]:
    n = end - start
    if m == n:
        return [] if known else [mth(start, end)]
    k = largest_power_below(n)
    if m <= k:
        return [*subproof(m, start, start + k, known), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, False), mth(start, start + k)]


@settings(deadline=None)
@given(sizes, st.data())
def test_proofs_are_those_of_the_rfc(size: int, data: st.DataObject) -> None:
    memory = tree(size)
    position = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    assert root(size, memory) == mth(0, size)
    assert inclusion(position, size, memory) == path(position, 0, size)
    assert consistency(old, size, memory) == subproof(old, 0, size, True)


@settings(deadline=None)
@given(sizes, st.data())
def test_a_tree_that_has_grown_still_proves_its_earlier_sizes(size: int, data: st.DataObject) -> None:
    memory = tree(66000)
    old = data.draw(st.integers(0, size))
    position = data.draw(st.integers(0, size - 1))
    assert root(size, memory) == mth(0, size)
    verify_inclusion(hashes(size)[position], position, size, inclusion(position, size, memory), mth(0, size))
    verify_consistency(old, size, consistency(old, size, memory), mth(0, old), mth(0, size))


def test_every_proof_of_every_small_tree_verifies() -> None:
    memory = tree(70)
    for size in range(71):
        for n in range(size):
            verify_inclusion(hashes(70)[n], n, size, inclusion(n, size, memory), mth(0, size))
        for old in range(size + 1):
            verify_consistency(old, size, consistency(old, size, memory), mth(0, old), mth(0, size))


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_growing_in_pieces_is_growing_at_once(pieces: list[int]) -> None:
    memory = Memory()
    for piece in pieces:
        memory.add(hashes(sum(pieces))[memory.size : memory.size + piece])
    assert memory.tiles == tree(sum(pieces)).tiles


def test_a_tree_of_70_000_has_the_tiles_that_the_format_names() -> None:
    """The example of C2SP tlog-tiles: 273 full tiles and one of 112, one full and one of 17, one of 1."""
    memory = Memory()
    for at in range(0, 70000, 9973):
        memory.add(hashes(70000)[at : at + 9973])
    widths = {key: len(tile) // 32 for key, tile in memory.tiles.items()}
    expected = {(0, n): 256 for n in range(273)} | {(0, 273): 112, (1, 0): 256, (1, 1): 17, (2, 0): 1}
    assert widths == expected
    assert memory.tiles == tree(70000).tiles
    assert edge_of(70000) == [(0, 273), (1, 1), (2, 0)]
    assert root(70000, memory) == mth(0, 70000)
    for position in (0, 255, 65535, 65536, 69999):
        assert inclusion(position, 70000, memory) == path(position, 0, 70000)
    for old in (1, 256, 65535, 65536, 65537, 69999):
        assert consistency(old, 70000, memory) == subproof(old, 0, 70000, True)


def test_growing_gives_only_what_changed() -> None:
    edge = {key: tree(300).tiles[key] for key in edge_of(300)}
    assert sorted(grow(300, edge, hashes(301)[300:])) == [(0, 1)]
    edge = {key: tree(511).tiles[key] for key in edge_of(511)}
    assert sorted(grow(511, edge, hashes(513)[511:])) == [(0, 1), (0, 2), (1, 0)]
    assert grow(300, {}, []) == {}


def test_a_proof_reads_few_tiles_and_each_once() -> None:
    memory = tree(70000)
    for make in (lambda: inclusion(12345, 70000, memory), lambda: consistency(12345, 70000, memory)):
        memory.reads = 0
        make()
        assert memory.reads <= 6  # at most one inner tile and one of the edge at each of three levels


@pytest.mark.parametrize(
    ("size", "edge", "leaves"),
    [
        (1, {}, [b"a" * 32]),
        (1, {(0, 0): b"a" * 64}, [b"a" * 32]),
        (0, {(0, 0): b"a" * 32}, [b"a" * 32]),
        (0, {}, [b"a" * 31, b"a" * 33]),
        (-1, {}, []),
        (255, {(0, 0): b"a" * 32 * 255, (1, 0): b"a" * 32}, [b"a" * 32]),
    ],
)
def test_growing_refuses_another_edge(size: int, edge: dict[tuple[int, int], bytes], leaves: list[bytes]) -> None:
    with pytest.raises(ValueError, match="hash"):
        grow(size, edge, leaves)


def test_a_short_tile_is_noticed() -> None:
    class Short:
        def tile(self, level: int, index: int, width: int) -> bytes:
            return tree(300).tile(level, index, width)[:-1]

    with pytest.raises(ValueError, match="not 1 hashes"):
        root(300, Short())


# The tree of eight leaves that Certificate Transparency's implementations test each other with (RFC 9162 has its shape).

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_known_answers() -> None:
    memory = Memory()
    assert root(0, memory) == EMPTY
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for leaf, expected in zip(LEAVES, ROOTS, strict=True):
        memory.add([leaf_hash(bytes.fromhex(leaf))])
        assert root(memory.size, memory).hex() == expected
    assert [h.hex() for h in inclusion(5, 8, memory)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [h.hex() for h in consistency(6, 8, memory)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def mutations(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with each byte changed, each hash left out, doubled or cut, and one too many."""
    found = [[*proof, b"\0" * 32], [b"\0" * 32, *proof], [*proof, EMPTY, EMPTY]]
    for n, one in enumerate(proof):
        found += [proof[:n] + proof[n + 1 :], [*proof[: n + 1], *proof[n:]], [*proof[:n], one[:-1], *proof[n + 1 :]]]
        found += [
            [*proof[:n], one[:at] + bytes([one[at] ^ 1 << at % 8]) + one[at + 1 :], *proof[n + 1 :]] for at in range(32)
        ]
    return found


@pytest.mark.parametrize(("position", "size"), [(0, 1), (0, 2), (5, 7), (6, 7), (255, 256), (256, 257), (300, 1000)])
def test_a_tampered_inclusion_proof_is_refused(position: int, size: int) -> None:
    leaf, top, proof = hashes(size)[position], mth(0, size), path(position, 0, size)
    verify_inclusion(leaf, position, size, proof, top)
    bad = [(leaf, position, size, other, top) for other in mutations(proof)]
    bad += [(EMPTY, position, size, proof, top), (leaf, position, size, proof, EMPTY), (leaf, position, 0, [], EMPTY)]
    bad += [(leaf, other, size, proof, top) for other in (-1, position - 1, position + 1, size, size + 1)]
    # No proof fits a tree of another size by whose shape the leaf's path has another length.
    bad += [(leaf, position, other, proof, top) for other in (0, position, 4 * size)]
    for arguments in bad:
        with pytest.raises(BadProof):
            verify_inclusion(*arguments)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 7), (6, 8), (255, 256), (256, 257), (300, 1000)])
def test_a_tampered_consistency_proof_is_refused(old: int, new: int) -> None:
    before, after, proof = mth(0, old), mth(0, new), subproof(old, 0, new, True)
    verify_consistency(old, new, proof, before, after)
    bad = [(old, new, other, before, after) for other in mutations(proof)]
    bad += [(old, new, proof, after, after), (old, new, proof, before, before), (old, new, proof, EMPTY, EMPTY)]
    bad += [(old, new, [], before, after), (new, old, proof, after, before), (-1, new, proof, before, after)]
    bad += [(old, 4 * new, proof, before, after), (old, old, proof, before, after), (0, new, proof, before, after)]
    for arguments in bad:
        with pytest.raises(BadProof):
            verify_consistency(*arguments)


def test_a_proof_of_another_length_is_refused_even_if_it_leads_to_the_root() -> None:
    first, second = hashes(2)
    for size, proof, top in [
        (1, [EMPTY], node_hash(EMPTY, first)),
        (2, [second, EMPTY], node_hash(EMPTY, node_hash(first, second))),
        (2, [second[:31]], node_hash(first, second[:31])),
        (2, [], first),
    ]:
        with pytest.raises(BadProof, match="too"):
            verify_inclusion(first, 0, size, proof, top)


def test_consistency_without_anything_to_prove() -> None:
    assert consistency(0, 5, tree(5)) == consistency(5, 5, tree(5)) == consistency(0, 0, tree(5)) == []
    verify_consistency(0, 5, [], EMPTY, mth(0, 5))
    verify_consistency(0, 0, [], EMPTY, EMPTY)
    verify_consistency(5, 5, [], mth(0, 5), mth(0, 5))
    for arguments in [
        (0, 5, [], mth(0, 5), mth(0, 5)),
        (0, 5, [EMPTY], EMPTY, mth(0, 5)),
        (0, 0, [], EMPTY, mth(0, 5)),
        (0, 0, [], mth(0, 5), mth(0, 5)),
        (5, 5, [], mth(0, 5), mth(0, 4)),
        (5, 5, [EMPTY], mth(0, 5), mth(0, 5)),
    ]:
        with pytest.raises(BadProof):
            verify_consistency(*arguments)


@pytest.mark.parametrize(("position", "size"), [(0, 0), (-1, 5), (5, 5)])
def test_what_is_not_in_the_tree_has_no_proof(position: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion(position, size, tree(5))


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (5, 4)])
def test_a_tree_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="does not extend"):
        consistency(old, new, tree(5))


def test_hashes_have_their_prefixes() -> None:
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert node_hash(EMPTY, EMPTY) == hashlib.sha256(b"\x01" + EMPTY + EMPTY).digest()


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        ((0, 0, 256), "0/000"),
        ((0, 0, 1), "0/000.p/1"),
        ((1, 999, 255), "1/999.p/255"),
        ((2, 1000, 256), "2/x001/000"),
        ((0, 1234067, 256), "0/x001/x234/067"),
        ((63, 1234067, 8), "63/x001/x234/067.p/8"),
        ((0, 10**18 - 1, 256), "0/x999/x999/x999/x999/x999/999"),
    ],
)
def test_tile_paths(tile: tuple[int, int, int], path: str) -> None:
    assert tile_path(*tile) == path
    assert parse_tile_path(path) == tile


@given(st.integers(0, 63), st.integers(0, 10**18 - 1), st.integers(1, 256))
def test_tile_paths_round_trip(level: int, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, index, width)) == (level, index, width)


OTHER_PATHS = """
/ 0 0/ 0/0 0/00 0/0000 0/1 0/000/ /0/000 0//000 0/-01 0/../000
00/000 01/000 64/000 99/000 100/000 -1/000 +1/000 a/000 ٣/000 0/٠٠٠
0/x000/000 0/x000/x001/000 0/001/000 0/x001 0/x001/x000 0/X001/000 0/x01/000 0/x001/00
0/x001/x999/x999/x999/x999/x999/999
0/000.p/ 0/000.p/0 0/000.p/00 0/000.p/01 0/000.p/256 0/000.p/999 0/000.p/1000 0/000.p/-1
0/000.p 0/000.P/1 0/000/p/1 0/000.p/1/ 0/000.p/1.p/1 0/000%2ep/1
"""


@pytest.mark.parametrize(
    "text", [*OTHER_PATHS.split(), "", "0/000\n", " 0/000", "0/000.p/ 1", "0/" + "x999/" * 2000 + "999"]
)
def test_other_tile_paths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="tile"):
        parse_tile_path(text)


@pytest.mark.parametrize("tile", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 10**18, 1), (0, 0, 0), (0, 0, 257)])
def test_no_path_for_no_tile(tile: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="there is no tile"):
        tile_path(*tile)
