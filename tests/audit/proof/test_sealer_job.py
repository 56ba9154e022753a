"""What a sealing costs: one checkpoint for each book that grew, however much comes meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, update

from registry.audit.proof import checkpoints
from registry.audit.proof.sealer_job import LogSealer
from registry.audit.proof.signing_keys import LogKeys
from registry.db.database import Database
from registry.errors import LogRolledBack
from registry.ledger.committer import note
from registry.ledger.events import SERVER, Event, EventKind
from registry.ledger.tables import BOOKS, SEALS
from registry.settings import Settings
from tests.conftest import COUNTY, opened

T = TypeVar("T")
OTHER = "440881"


def grow(connection: Connection, book: str = COUNTY) -> None:
    note(connection, book, Event(EventKind.LOG_RESTARTED, SERVER, {}))


@dataclass
class Loaded:
    """A database to which something is committed after each write, and that counts those."""

    real: Database
    writes: int = 0

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self.real.read(work)

    async def scan(self, work: Callable[[Connection], T]) -> T:
        return await self.real.scan(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        done = await self.real.write(work)
        await self.real.write(grow)
        self.writes += 1
        return done


def sealer(database: object, settings: Settings) -> LogSealer:
    return LogSealer(database, LogKeys(settings.log_key_file), settings.origin, settings.home)  # type: ignore[arg-type]


def sealed_of(connection: Connection) -> dict[str, int]:
    return {book: checkpoints.sealed(connection, book).access_size for book in (COUNTY, OTHER)}


def test_a_sealing_ends_though_the_log_goes_on_growing(settings: Settings) -> None:
    """It seals what was there when it was asked for; with what comes meanwhile it would never end."""

    async def run() -> int:
        async with opened(settings.database) as real:
            await real.write(grow)
            database = Loaded(real)
            await asyncio.wait_for(sealer(database, settings).seal(), 30)
            return database.writes

    assert asyncio.run(run()) == 1


def test_only_books_that_grew_are_sealed(settings: Settings) -> None:
    async def run() -> tuple[list[int], dict[str, int], dict[str, int]]:
        async with opened(settings.database) as real:
            await real.write(lambda connection: (grow(connection), grow(connection, OTHER)))
            database, counts = Loaded(real), []
            log = sealer(database, settings)
            for _ in range(2):
                await log.seal()  # the other book has not grown since the first
                counts.append(database.writes)
            before = await real.read(sealed_of)
            ends = await real.read(lambda c: checkpoints.heads(c, COUNTY)["access"])
            await log.seal()
            await log.seal()
            return counts, before, {**await real.read(sealed_of), "ends": ends}

    counts, before, after = asyncio.run(run())
    assert counts == [2, 3]
    assert before[OTHER] == after[OTHER]
    assert after[COUNTY] >= after["ends"]


def test_a_book_that_stands_otherwise_than_it_was_sealed_is_looked_at_though_it_did_not_grow(
    settings: Settings,
) -> None:
    """A restored backup agrees with itself: only the checkpoint kept outside tells."""

    async def run() -> bool:
        async with opened(settings.database) as real:
            log = sealer(real, settings)
            await real.write(grow)
            await log.seal()
            await real.write(_restore)
            try:
                await log.seal()
            except LogRolledBack:
                return True
            return False

    assert asyncio.run(run())


def _restore(connection: Connection) -> None:
    state = checkpoints.sealed(connection, COUNTY)
    older = {"access_size": state.access_size - 1, "checkpoint": "older"}
    connection.execute(update(SEALS).where(SEALS.c.book == COUNTY).values(older))
    connection.execute(update(BOOKS).where(BOOKS.c.book == COUNTY).values(next_event=state.access_size - 1))
