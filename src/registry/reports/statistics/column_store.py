"""Where the facts of a server process are kept and brought up to date (docs/decisions/0011)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select

from registry.core.register import Register
from registry.core.scope import facts_query, superseded_query
from registry.core.watermarks import head_of
from registry.db.database import Database, computed
from registry.errors import Unavailable
from registry.ledger.tables import BOOKS, LOG, SEALS
from registry.reports.statistics.columns import HEADER, Facts, Stamp, Store, fact_columns
from registry.tasks import end_tasks

log = logging.getLogger(__name__)
CHUNK = 5_000
"""Rows that are read at once."""

_newest: dict[tuple[str, str], Facts] = {}
"""Of each register, the facts that were brought up last, by book and name."""


def facts_at(connection: Connection, book: str, register: Register, watermark: int) -> Facts:
    """The facts of a register up to a watermark, in the middle of a scan: those of this process, with what they lack."""
    known = _newest.get((book, register.name))
    if known is None or not _holds(connection, known):
        return brought_up(connection, None, book, register).facts()
    return known if known.watermark >= watermark else brought_up(connection, Store.after(known), book, register).facts()


def brought_up(
    connection: Connection, known: Store | None, book: str, register: Register,
    go_on: Callable[[], bool] = lambda: True,
) -> Store:  # fmt: skip
    """The facts up to the head, from those that are known: as long as it may go on, else raises Unavailable."""
    table = register.table
    store = known if known is not None and _holds(connection, known) else Store(book, table)
    head = head_of(connection, book)
    binds = {"b": book, "a": store.watermark}
    if store.watermark and (pairs := connection.execute(superseded_query(table), binds).all()):
        store.end(pairs)
    for rows in _rows(connection, table, binds):
        if not go_on():
            raise Unavailable
        computed(partial(store.append, rows))
    store.watermark, store.stamp = head, _stamp(connection, book, head)
    _newest[book, register.name] = store.facts()
    return store


def _rows(connection: Connection, table: Table, binds: dict[str, Any]) -> Iterator[Sequence[Any]]:
    query = facts_query(table, [table.c[name] for name in HEADER] + list(fact_columns(table)))
    yield from connection.execute(query, binds, execution_options={"yield_per": CHUNK}).partitions()


def _holds(connection: Connection, known: Store | Facts) -> bool:
    """Whether the log still has what the facts were made from: a restored backup or a log begun anew has not."""
    return _stamp(connection, known.book, known.watermark) == known.stamp


def _stamp(connection: Connection, book: str, watermark: int) -> Stamp:
    """Which log this is, as of a watermark."""
    epoch = connection.scalar(select(SEALS.c.epoch).where(SEALS.c.book == bindparam("b")), {"b": book})
    last = select(LOG.c.recorded_at, LOG.c.entry_id).where(
        LOG.c.book == bindparam("b"), LOG.c.position == bindparam("p")
    )
    row = connection.execute(last, {"b": book, "p": watermark - 1}).one_or_none()
    return (epoch or 0, row.recorded_at, row.entry_id) if row else (epoch or 0, 0, "")


@dataclass(slots=True)
class FactKeeper:
    """The facts of all registers of a server process. Each is brought up to date by one task at a time."""

    database: Database
    _stores: dict[tuple[str, str], Store] = field(default_factory=dict)
    _locks: dict[tuple[str, str], asyncio.Lock] = field(default_factory=dict)
    _warming: asyncio.Task[None] | None = None
    _closed: bool = False

    async def facts(self, book: str, register: Register) -> Facts:
        """The facts of a register, at least up to the watermark of this moment."""
        key = book, register.name
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._stores.pop(key, None)  # put back whole, or not at all
            store = await self.database.scan(partial(self._brought_up, known, book, register))
            self._stores[key] = store
            return store.facts()

    def warm(self, registers: Iterable[Register], then: Callable[[Database, str], Awaitable[None]]) -> None:
        """Load the facts of these registers in the background, and do of each book what is to be done then, so that the first
        question need not wait.
        """
        self._warming = asyncio.create_task(self._load(list(registers), then), name="facts")

    async def close(self) -> None:
        """Stop loading."""
        self._closed = True
        await end_tasks([self._warming])

    async def _load(self, registers: Sequence[Register], then: Callable[[Database, str], Awaitable[None]]) -> None:
        try:
            books = await self.database.scan(lambda c: c.scalars(select(BOOKS.c.book)).all())
            for book in books:
                for register in registers:
                    await self.facts(book, register)
                await then(self.database, book)
        except Exception:
            log.exception("statistics are made ready at the first question instead")

    def _brought_up(self, known: Store | None, book: str, register: Register, connection: Connection) -> Store:
        return brought_up(connection, known, book, register, lambda: not self._closed)
