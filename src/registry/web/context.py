"""What a running server holds: the database, the committers, the keys, the sealer."""

import asyncio
import itertools
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from registry.access.erasure import CaseRegisters, erasing_again, unfinished
from registry.audit.proof.sealer_job import Notary
from registry.core.access_log import noting
from registry.core.principals import Keys, Principal
from registry.core.sealing import Sealer
from registry.core.watermarks import head_of
from registry.db.database import Database
from registry.db.key_store import Tombstone
from registry.errors import LogRolledBack
from registry.ledger.batch import Outcome, Work
from registry.ledger.committer import Committer
from registry.ledger.events import Event, EventKind
from registry.ledger.witnessing import Asking
from registry.reports.statistics.column_store import FactKeeper
from registry.tasks import end_tasks
from registry.web.wakeups import Bells

log = logging.getLogger(__name__)
T = TypeVar("T")
SEAL_EVERY = 1.0
"""Seconds between sealings of the log, and between records of refused requests."""
FINISH_EVERY = 5
"""Sealings between attempts to bring an erasure to its end."""
LAST_USED_EVERY = 60.0
"""Seconds between writing down when keys were last used."""

Refused = tuple[Principal, str, str, str]
"""Who was refused, the method and path asked for, the code of the problem."""


@dataclass(slots=True)
class Context:
    """One for each server process; made when it starts, closed when it stops."""

    database: Database
    sealer: Sealer
    keys: Keys
    notary: Notary
    refusals: Counter[Refused] = field(default_factory=Counter)
    bells: Bells = field(default_factory=Bells)
    """Who waits for the log to grow."""
    _committers: dict[str, Committer] = field(default_factory=dict)
    _ticking: asyncio.Task[None] | None = None
    _watching: asyncio.Task[None] | None = None
    _unfinished: CaseRegisters | None = None
    """Set while an erasure waits for its end: of the case's registers."""
    _asking: Asking = field(init=False)
    facts: FactKeeper = field(init=False)
    """What statistics are counted from."""

    def __post_init__(self) -> None:
        self.facts = FactKeeper(self.database)
        self._asking = Asking(self.database)

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
        outcome = await self._committers[book].submit(work)
        if outcome.appends:
            self.bells.stir()
        return outcome

    async def forget(self, stone: Tombstone, registers: CaseRegisters) -> None:
        """Destroy a data key whose erasure is committed, and what is left of it and of the masks in the databases' own files.

        Should it fail, or a reader be in the way, the clock sees to it.
        """
        self._unfinished = registers
        await self._with_keys(lambda: self.sealer.forget(stone))
        await self._sweep(registers)

    async def _sweep(self, registers: CaseRegisters) -> None:
        tables = [*(table.name for _, table in registers.tables()), "blind_index", "idempotency"]
        swept = await self.database.sweep(tables)
        if await self._with_keys(self.sealer.store.sweep) and swept:
            self._unfinished = None

    async def _with_keys(self, work: Callable[[], T]) -> T:
        """Something with the key store that may wait: in a thread, or where the registers' own statements run."""
        if self.sealer.store.is_file:
            return await asyncio.to_thread(work)
        return await self.database.read(lambda _: work())

    async def finish_erasures(self, registers: CaseRegisters) -> None:
        """Bring to an end what a crash, or a backup restored beside today's key store, left half erased."""
        self._unfinished = registers
        keys_left, forgotten = await self.database.read(lambda c: unfinished(c, self.sealer.store, registers))
        for stone in forgotten:
            await self.write(stone.book, erasing_again(registers, stone))
        for stone in [*keys_left, *forgotten]:
            await self._with_keys(partial(self.sealer.forget, stone))
        await self._sweep(registers)

    def start(self) -> None:
        self._ticking = asyncio.create_task(self._tick(), name="notary")
        self._watching = asyncio.create_task(self.bells.watch(self._head), name="bells")

    async def close(self) -> None:
        """Commit what waits, seal it, then close the database."""
        self.bells.close()
        await end_tasks([self._ticking, self._watching])
        await self._asking.close()
        await self.facts.close()
        try:
            await self._note_refusals()
            for committer in self._committers.values():
                await committer.close()
            await self._save_last_used()
            await self._seal()
        finally:
            await self.database.close()
            self.sealer.store.close()

    async def _head(self, book: str) -> int:
        return await self.read(lambda connection: head_of(connection, book))

    async def _tick(self) -> None:
        for tick in itertools.count(1):
            await asyncio.sleep(SEAL_EVERY)
            await self._note_refusals()
            await self._seal()
            self._asking.start()
            if self._unfinished is not None and tick % FINISH_EVERY == 0:
                await self._finish_erasures(self._unfinished)
            if tick % (LAST_USED_EVERY // SEAL_EVERY) == 0:
                await self._save_last_used()

    async def _seal(self) -> None:
        """Sealing may lag: a database that is away, or was rolled back, stops neither the clock nor the shutdown."""
        try:
            await self.notary.seal()
        except LogRolledBack as fault:
            log.critical("%s", fault.detail["en"])
        except Exception:
            log.exception("the log was not sealed")

    async def _finish_erasures(self, registers: CaseRegisters) -> None:
        try:
            await self.finish_erasures(registers)
        except Exception:
            log.exception("an erasure is not finished")

    async def _note_refusals(self) -> None:
        """Record the requests that were refused since, alike ones as one event."""
        refused, self.refusals = self.refusals, Counter()
        try:
            for book in {who.book for who, *_ in refused}:
                events = [_refusal(each, times) for each, times in refused.items() if each[0].book == book]
                await self.write(book, noting(*events))
        except Exception:
            log.exception("refused requests were not recorded yet")
            self.refusals += refused

    async def _save_last_used(self) -> None:
        """It is a courtesy to administrators: a database that is away must stop neither the clock nor the shutdown."""
        try:
            await self.keys.save_last_used()
        except Exception:
            log.exception("when keys were last used was not saved")


def _refusal(refused: Refused, times: int) -> Event:
    who, method, path, code = refused
    details: dict[str, object] = {"method": method, "path": path, "code": code, "times": times}
    return Event(EventKind.REFUSAL, who.actor, details)
