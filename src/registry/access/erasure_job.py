"""The end of an erasure: its data key destroyed, and no copy left in the databases' own files. Whatever stops it is tried again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from registry.access.erasure import CaseRegisters, erasing_again, unfinished
from registry.db.key_store import Tombstone
from registry.web.call import Call
from registry.web.context import Context

T = TypeVar("T")
RETRY_EVERY = 5.0
"""Seconds between attempts to bring erasures to their end."""


@dataclass(slots=True)
class ErasureJob:
    """Brings erasures to their end. One for each server process."""

    context: Context
    registers: CaseRegisters
    _pending: bool = False
    """Whether an erasure waits for its end."""

    async def forget(self, stone: Tombstone) -> None:
        """Destroy a data key whose erasure is committed, and what is left of it and of the masks in the databases' own files.

        Should it fail, or a reader be in the way, `retry` sees to it.
        """
        self._pending = True
        await self._with_keys(lambda: self.context.sealer.forget(stone))
        await self._sweep()

    async def finish(self) -> None:
        """Bring to an end what a crash, or a backup restored beside today's key store, left half erased."""
        self._pending = True
        sealer = self.context.sealer
        keys_left, forgotten = await self.context.read(lambda c: unfinished(c, sealer.store, self.registers))
        for stone in forgotten:
            await self.context.write(stone.book, erasing_again(self.registers, stone))
        for stone in [*keys_left, *forgotten]:
            await self._with_keys(partial(sealer.forget, stone))
        await self._sweep()

    async def retry(self) -> None:
        """Finish what waits for its end."""
        if self._pending:
            await self.finish()

    async def _sweep(self) -> None:
        swept = await self.context.database.sweep(self.registers.swept)
        if await self._with_keys(self.context.sealer.store.sweep) and swept:
            self._pending = False

    async def _with_keys(self, work: Callable[[], T]) -> T:
        """Something with the key store that may wait: in a thread, or where the registers' own statements run."""
        if self.context.sealer.store.is_file:
            return await asyncio.to_thread(work)
        return await self.context.read(lambda _: work())


def erasure_job(call: Call) -> ErasureJob:
    """The job of the server that was called."""
    job: ErasureJob = call.app.state.erasures
    return job
