"""What every request of a running server shares: the database, its one writer for each book, the keys, the sealer."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from registry.core.invariants import Rulebook
from registry.core.principals import Keys, Principal
from registry.core.sealing import Sealer
from registry.core.watermarks import head_of
from registry.db.database import Database
from registry.ledger.batch import Work, WriteOutcome
from registry.ledger.committer import Committer
from registry.web.wakeups import Wakeups

T = TypeVar("T")

RefusedRequest = tuple[Principal, str, str, str]
"""Who was refused, the method and path of the request, the code of the problem."""


@dataclass(slots=True)
class Context:
    """One for each server process; made when it starts, closed when it stops."""

    database: Database
    sealer: Sealer
    keys: Keys
    rulebook: Rulebook
    refusals: Counter[RefusedRequest] = field(default_factory=Counter)
    """How often each request was refused that the access log does not tell of yet."""
    wakeups: Wakeups = field(default_factory=Wakeups)
    _committers: dict[str, Committer] = field(default_factory=dict)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """A short read."""
        return await self.database.read(work)

    async def scan(self, work: Callable[[Connection], T]) -> T:
        """A long read."""
        return await self.database.scan(work)

    async def write(self, book: str, work: Work) -> WriteOutcome:
        """A write, committed when this returns."""
        if book not in self._committers:
            self._committers[book] = Committer(self.database, book)
        outcome = await self._committers[book].submit(work)
        if outcome.appends:
            self.wakeups.notify()
        return outcome

    async def watch(self) -> None:
        """Wake those who wait for a log to grow, for ever."""
        await self.wakeups.watch(lambda book: self.read(lambda connection: head_of(connection, book)))

    async def drain(self) -> None:
        """Commit the writes that wait; there can be no others after this."""
        for committer in self._committers.values():
            await committer.close()

    async def close(self) -> None:
        """Close the database and the key store."""
        await self.database.close()
        await self.sealer.store.close_kept()
