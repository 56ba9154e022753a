"""The statements of one create, recorded from a real one and sent again by the raw driver, a transaction each."""

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import msgspec
from load import Sample
from sample import BODY, BOOK
from sqlalchemy import Connection, event, make_url
from stage import Home

from registry.app import rulebook
from registry.core.principals import Keys, Principal
from registry.core.sealing import Sealer
from registry.core.unit_of_work import Tx
from registry.core.use_cases import outcome
from registry.db.database import open_database
from registry.db.key_store import KeyStore
from registry.gatherings.schemas import GatheringIn
from registry.gatherings.service import GATHERING_WRITES
from registry.ledger.batch import Batch, WriteOutcome
from registry.ledger.committer import commit
from registry.ledger.ids import new_id
from registry.settings import read_settings

Statement = tuple[str, list[tuple[Any, ...]]]
PRAGMAS = ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16384")


@dataclass(frozen=True, slots=True)
class Recording:
    """What one create sent to the database."""

    statements: list[Statement]
    entry_id: str
    position: int

    def writes(self) -> "Recording":
        """Only the INSERT and UPDATE statements."""
        return replace(self, statements=[each for each in self.statements if not each[0].startswith("SELECT")])

    def again(self, position: int) -> Iterator[Statement]:
        """The statements of another create, at this position."""
        swap = {self.entry_id: new_id(), self.position: position, self.position + 1: position + 1}
        for sql, rows in self.statements:
            yield sql, [tuple(swap.get(value, value) for value in row) for row in rows]


def record(home: Home, key: str) -> Recording:
    """Create one gathering in this process, in a batch of one, and note what that sends."""
    return asyncio.run(_record(home, key))


async def _record(home: Home, key: str) -> Recording:
    database, store = open_database(home.url), KeyStore(f"sqlite:///{home.folder / 'keys.db'}")
    who = await Keys(database).authenticate(key)
    sealer = Sealer(home.folder / "master.key", store)
    statements: list[Statement] = []

    def note(_c: object, _cursor: object, sql: str, sent: Any, _context: object, many: Any) -> None:
        statements.append((sql, list(sent) if many else [sent]))

    def recorded(connection: Connection) -> WriteOutcome:
        event.listen(connection, "before_cursor_execute", note)  # the registers' own statements, not the key store's
        return _create(connection, who, sealer)

    await database.write(lambda connection: _create(connection, who, sealer))  # the first one also prepares
    done = await database.write(recorded)
    await database.close()
    store.close()
    made = done.appends[0]
    return Recording(statements, made.entry_id, int(str(made.meta["position"])))


def _create(connection: Connection, who: Principal, sealer: Sealer) -> WriteOutcome:
    data = msgspec.json.decode(BODY, type=GatheringIn)

    def work(batch: Batch) -> WriteOutcome:
        tx = Tx(batch, who, sealer, rulebook(read_settings({})))
        return outcome(tx, GATHERING_WRITES.record(tx, new_id(), data))

    (result,) = commit(connection, BOOK, [work])
    if isinstance(result, Exception):
        raise result
    return result


@dataclass(slots=True)
class Replay:
    """A cell: sends the recording again and again to a database that has the same tables."""

    url: str
    recording: Recording
    positions: Iterator[int]
    clients: int

    def __call__(self, seconds: float) -> Sample:
        if self.url.startswith("sqlite"):
            return self._sqlite(seconds)
        return asyncio.run(self._postgres(seconds))

    def _sqlite(self, seconds: float) -> Sample:
        connection = sqlite3.connect(str(make_url(self.url).database), isolation_level=None)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        start, count = time.perf_counter(), 0
        while time.perf_counter() < start + seconds:
            connection.execute("BEGIN IMMEDIATE")
            for sql, rows in self.recording.again(next(self.positions)):
                connection.executemany(sql, rows) if len(rows) > 1 else connection.execute(sql, rows[0]).fetchall()
            connection.execute("COMMIT")
            count += 1
        connection.close()
        return Sample(count / seconds)

    async def _postgres(self, seconds: float) -> Sample:
        connections = [await asyncpg.connect(self.url) for _ in range(self.clients)]
        until = time.perf_counter() + seconds
        counts = await asyncio.gather(*(self._repeat(connection, until) for connection in connections))
        for connection in connections:
            await connection.close()
        return Sample(sum(counts) / seconds)

    async def _repeat(self, connection: asyncpg.Connection, until: float) -> int:
        count = 0
        while time.perf_counter() < until:
            async with connection.transaction():
                for sql, rows in self.recording.again(next(self.positions)):
                    for row in rows:
                        await connection.fetch(sql, *row)
            count += 1
        return count


def positions() -> Iterator[int]:
    """Positions that no book has reached yet."""
    return itertools.count(10**9)
