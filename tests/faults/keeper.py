"""A client that keeps the log's checkpoints and does not believe the server without a proof."""

import asyncio
import base64
from contextlib import suppress
from dataclasses import dataclass

from registry.audit.proof.checkpoints import CheckpointHead, read_head
from registry.audit.proof.merkle import BadProof, grow, leaf_hash, root, verify_consistency
from registry.audit.proof.signed_notes import BadNote, Verifier, open_note
from tests.faults.crash import CUT, Wire, connected

TREES = ("log", "access")


class Keeper:
    """A client that keeps checkpoints, and does not believe the server without a proof."""

    def __init__(self, key: str, verifiers: list[Verifier]) -> None:
        self._key = key
        self._verifiers = verifiers
        self._last: str | None = None
        self.kept: list[str] = []
        """The last checkpoint before each kill."""
        self.proved = 0
        self.forks: list[str] = []

    async def keep(self, port: int) -> None:
        """Fetch the checkpoint."""
        async with connected(port, self._key) as wire:
            self._last = await read_checkpoint(wire)

    async def watch(self, port: int) -> None:
        """Fetch the checkpoint over and over, until the server dies."""
        with suppress(*CUT):
            async with connected(port, self._key) as wire:
                while True:
                    self._last = await read_checkpoint(wire)
                    await asyncio.sleep(0.02)

    async def check(self, port: int) -> str:
        """Prove every checkpoint that was kept against the newest, which is returned."""
        self.kept += [self._last] if self._last else []
        async with connected(port, self._key) as wire:
            newest = await read_checkpoint(wire)
            for old in self.kept:
                for tree in TREES:
                    await self._prove(wire, tree, self._open(old), self._open(newest))
        return newest

    async def _prove(self, wire: Wire, tree: str, old: CheckpointHead, new: CheckpointHead) -> None:
        start, end = old.sizes[tree], new.sizes[tree]
        answer = await wire.send("GET", f"/v1/log/proof?tree={tree}&from={start}&to={end}")
        try:
            hashes = [base64.b64decode(each) for each in answer.body["hashes"]] if answer.status == 200 else []
            verify_consistency(start, end, hashes, old.roots[tree], new.roots[tree])
        except BadProof as fault:
            self.forks.append(f"{tree} {start} -> {end}: {fault} (answered {answer.status})")
        else:
            self.proved += 1

    def _open(self, note: str) -> CheckpointHead:
        """What a checkpoint says, if the log's own key signed it and it is of the same log as ever."""
        open_note(note, self._verifiers)
        head = read_head(note)
        if head.origin != self._verifiers[0].name:
            raise BadNote(f"the checkpoint of another log: {head.origin}")
        return head


async def read_checkpoint(wire: Wire) -> str:
    """The newest checkpoint, as it is signed."""
    answer = await wire.send("GET", "/v1/log/checkpoint")
    assert answer.status == 200, answer.text
    return answer.text.decode()


@dataclass
class Built:
    """The tiles of a tree that was built from its leaves."""

    tiles: dict[tuple[int, int], bytes]

    def tile(self, level: int, index: int, width: int) -> bytes:
        return self.tiles[level, index][: 32 * width]


def root_of(leaves: list[bytes]) -> bytes:
    """The root over these leaves."""
    return root(len(leaves), Built(grow(0, {}, [leaf_hash(leaf) for leaf in leaves])))
