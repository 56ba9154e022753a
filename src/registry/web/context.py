"""What a running server holds: the database, the committers, the keys, the sealer."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from registry.access.principals import Keys
from registry.access.sealing import Sealer
from registry.db.database import Database
from registry.ledger.batch import Outcome, Work
from registry.ledger.committer import Committer

log = logging.getLogger(__name__)
T = TypeVar("T")
LAST_USED_EVERY = 60.0
"""Seconds between writing down when keys were last used."""


@dataclass(slots=True)
class Context:
    """One for each server process; made when it starts, closed when it stops."""

    database: Database
    sealer: Sealer
    keys: Keys
    _committers: dict[str, Committer] = field(default_factory=dict)
    _ticking: asyncio.Task[None] | None = None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """A short read."""
        return await self.database.read(work)

    async def scan(self, work: Callable[[Connection], T]) -> T:
        """A long read."""
        return await self.database.scan(work)

    async def write(self, book: str, work: Work) -> Outcome:
        """A write, committed when this returns."""
        if book not in self._committers:
            self._committers[book] = Committer(self.database, book)
        return await self._committers[book].submit(work)

    def start(self) -> None:
        self._ticking = asyncio.create_task(self._tick(), name="last-used")

    async def close(self) -> None:
        """Commit what waits, then close the database."""
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        try:
            for committer in self._committers.values():
                await committer.close()
            await self._save_last_used()
        finally:
            await self.database.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(LAST_USED_EVERY)
            await self._save_last_used()

    async def _save_last_used(self) -> None:
        """It is a courtesy to administrators: a database that is away must stop neither the clock nor the shutdown."""
        try:
            await self.keys.save_last_used()
        except Exception:
            log.exception("when keys were last used was not saved")
