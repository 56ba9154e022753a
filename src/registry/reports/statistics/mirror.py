"""Mirrors of the registers that statistics are counted from: one DuckDB database in the process, a table for each book and register
that somebody asks about (docs/decisions/0011).

A table has all versions: where each stands in the log and where it ended, its division, its case and its filter columns; nothing
personal. It is loaded at the first question and brought up to the log at each; before, the log's epoch and its last known row are
compared, and a table made from another log (a restored backup) is thrown away. Whoever asks reads it in a transaction of their own, so
that nothing that is added or thrown away meanwhile changes anything for them.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
from sqlalchemy import Connection, bindparam, select

from registry.core.register import Register
from registry.core.scope import facts_query, superseded_query
from registry.core.watermarks import head_of
from registry.db.database import computed
from registry.errors import Unavailable
from registry.ledger.tables import LOG, SEALS
from registry.reports.statistics.mirror_files import kept, restored, saved
from registry.reports.statistics.mirror_tables import Pinned, Stamp, compress, create, mirrored, put

CHUNK = 20_000
"""Rows that are read at once."""
PORTION = 100_000
"""Rows that are added in one transaction."""
WAIT = 0.02
"""Seconds between two looks whether somebody else is done."""
SMALL = 5_000
"""Of fewer rows no file is written: they are read anew as fast."""
Key = tuple[str, str]
"""A book, and a register's name."""


@dataclass(frozen=True)
class Limits:
    """What the mirrors of a process may take, and where their files are kept; None: nowhere."""

    folder: Path | None = None
    threads: int = 2
    memory: int = 1024
    """Megabytes."""
    rows: int = 20_000_000


@dataclass(slots=True)
class Mirrored:
    """One table: in which schema it is, and up to where of which log."""

    book: str
    register: Register
    schema: str
    watermark: int = 0
    stamp: Stamp = (0, 0, "")
    rows: int = 0
    in_file: int = 0
    """How many of its rows the file has."""
    earlier: deque[tuple[int, Stamp]] = field(default_factory=lambda: deque(maxlen=8))
    """Up to where it was before: whoever looks at the log as it was a moment ago has not the last of its rows yet."""

    def fits(self, connection: Connection) -> bool:
        """Whether the log still has what it was made from: a restored backup or a log begun anew has not."""
        head = head_of(connection, self.book)
        marks = [(self.watermark, self.stamp), *self.earlier]
        last = next((mark for mark in marks if mark[0] <= head), None)
        return last is not None and _stamp(connection, self.book, last[0]) == last[1]

    def grown(self, watermark: int, stamp: Stamp, rows: int) -> None:
        """It has so many rows more, up to a watermark."""
        self.earlier.appendleft((self.watermark, self.stamp))
        self.watermark, self.stamp, self.rows = watermark, stamp, self.rows + rows


@dataclass(slots=True)
class Mirror:
    """The mirrors of one database."""

    limits: Limits = field(default_factory=Limits)
    turns: defaultdict[Key, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """Held by a task while it has a table brought up, so that others of its kind wait without a thread."""
    _known: dict[Key, Mirrored] = field(default_factory=dict)
    """The one that was asked last is last."""
    _locks: defaultdict[Key, Lock] = field(default_factory=lambda: defaultdict(Lock))
    _opening: Lock = field(default_factory=Lock)
    _numbers: Iterator[int] = field(default_factory=count)
    _database: duckdb.DuckDBPyConnection | None = None
    closed: bool = False
    """Whether the server stops."""

    def at(self, connection: Connection, book: str, register: Register) -> Pinned:
        """A register as of the head of the log that this connection sees, for one reader. Raises Unavailable when the server stops."""
        with alone(self._locks[book, register.name]):
            known = self._known.pop((book, register.name), None)
            if known is not None and not known.fits(connection):
                self._drop(known)
                known = None
            known = known or self._begun(connection, book, register)
            self._known[book, register.name] = known
            self._extend(connection, known)
            pinned = computed(partial(self._pinned, known))
        self._forget()
        return pinned

    def empty(self) -> Pinned:
        """No register: for a reader who brings rows of their own."""
        return Pinned(self._cursor())

    def save(self) -> None:
        """Write the files of the tables that grew since."""
        for key, known in list(self._known.items()):
            if self.limits.folder is not None and known.rows - known.in_file >= max(SMALL, known.in_file // 50):
                with alone(self._locks[key]):
                    if self._known.get(key) is not known:
                        continue
                    pinned, rows = self._pinned(known), known.rows
                    about = known.book, known.register, known.watermark, known.stamp, rows
                with pinned, suppress(OSError, duckdb.Error):
                    saved(pinned, self.limits.folder, *about)
                    known.in_file = rows

    def close(self) -> None:
        """Write the files, then let go of everything. What is being loaded is given up."""
        self.closed = True
        if self._database is not None:
            self.save()
            self._database.close()
            self._database = None
        self._known.clear()

    def kept(self) -> list[tuple[str, str]]:
        """The books and registers whose tables have a file."""
        return [] if self.limits.folder is None else list(kept(self.limits.folder))

    def _begun(self, connection: Connection, book: str, register: Register) -> Mirrored:
        """A new table: from its file, if there is one and the log still has what that was made from; else empty."""
        known = Mirrored(book, register, f"s{next(self._numbers)}")
        cursor = computed(partial(self._created, known))
        if self.limits.folder is not None:
            holds = partial(_holds, connection, book)
            found = restored(cursor, self.limits.folder, book, register, holds)
            if found is not None:
                known.watermark, known.stamp, known.rows = found.watermark, found.stamp, found.rows
                known.in_file = found.rows
        return known

    def _extend(self, connection: Connection, known: Mirrored) -> None:
        """Mark what was superseded since, and add what the log has: in portions, each all or nothing."""
        head, table = head_of(connection, known.book), known.register.table
        ended: Sequence[Any] = ()
        if 0 < known.watermark < head:
            ended = connection.execute(superseded_query(table), {"b": known.book, "a": known.watermark}).all()
        while known.watermark < head:
            self._add(connection, known, head, ended)
            ended = ()

    def _add(self, connection: Connection, known: Mirrored, head: int, ended: Sequence[Sequence[int]]) -> None:
        """One portion. Whole ones are compressed at once, so that a table takes little room while it is loaded too."""
        cursor = self._cursor(known)
        try:
            computed(partial(cursor.execute, "BEGIN TRANSACTION"))
            if ended:
                computed(partial(_end, cursor, known.register.table.name, ended))
            rows, until = self._read(connection, known, cursor, head)
            stamp = _stamp(connection, known.book, until)
            computed(partial(cursor.execute, "COMMIT"))
        finally:
            cursor.close()
        known.grown(until, stamp, rows)
        if until < head:
            computed(partial(compress, self._cursor()))

    def _read(
        self, connection: Connection, known: Mirrored, cursor: duckdb.DuckDBPyConnection, head: int
    ) -> tuple[int, int]:
        """How many rows were added, and up to where of the log."""
        table, rows, until = known.register.table, 0, head
        columns = mirrored(table)
        query, binds = facts_query(table, columns).limit(PORTION), {"b": known.book, "a": known.watermark}
        for chunk in connection.execute(query, binds, execution_options={"yield_per": CHUNK}).partitions():
            if self.closed:
                raise Unavailable
            computed(partial(put, cursor, table.name, columns, chunk))
            rows += len(chunk)
            until = chunk[-1].position + 1
        return rows, until if rows == PORTION else head

    def _created(self, known: Mirrored) -> duckdb.DuckDBPyConnection:
        self._cursor().execute(f"CREATE SCHEMA mirror.{known.schema}")
        cursor = self._cursor(known)
        create(cursor, known.register.table, known.book)
        return cursor

    def _pinned(self, known: Mirrored) -> Pinned:
        """The table as it is now, whatever becomes of it."""
        cursor = self._cursor(known)
        cursor.execute("BEGIN TRANSACTION")
        cursor.execute(f"SELECT 1 FROM {known.register.table.name} LIMIT 0")  # noqa: S608 - a name of ours
        return Pinned(cursor)

    def _cursor(self, known: Mirrored | None = None) -> duckdb.DuckDBPyConnection:
        """A connection of one's own: to the schema of a table, or to none."""
        with self._opening:
            if self._database is None:
                if self.closed:
                    raise Unavailable
                self._database = _opened(self.limits)
            cursor = self._database.cursor()
        if known is not None:
            cursor.execute(f"USE mirror.{known.schema}")
        return cursor

    def _forget(self) -> None:
        """Drop the tables that nobody asked for longest while all have more rows than they may, but for the last one."""
        while sum(each.rows for each in list(self._known.values())) > self.limits.rows and len(self._known) > 1:
            key = next(iter(self._known))
            with alone(self._locks[key]):
                if (known := self._known.pop(key, None)) is not None:
                    self._drop(known)

    def _drop(self, known: Mirrored) -> None:
        computed(partial(self._cursor().execute, f"DROP SCHEMA mirror.{known.schema} CASCADE"))


def _opened(limits: Limits) -> duckdb.DuckDBPyConnection:
    """The database: in memory, its tables compressed; what does not fit is put beside the files for as long as it is needed."""
    config: dict[str, Any] = {
        "threads": limits.threads,
        "memory_limit": f"{limits.memory}MB",
        "temp_directory": "" if limits.folder is None else str(limits.folder / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # What a question or the loading took is given back, rather than kept for the next one.
        "allocator_flush_threshold": "1MB",
        "allocator_bulk_deallocation_flush_threshold": "1MB",
    }
    database = duckdb.connect(":memory:", config=config)
    database.execute("ATTACH ':memory:' AS mirror (COMPRESS)")
    return database


def _end(cursor: duckdb.DuckDBPyConnection, name: str, pairs: Sequence[Sequence[int]]) -> None:
    """Mark versions as superseded: (their position, that of the next version)."""
    new = "SELECT unnest($1::BIGINT[]) AS old, unnest($2::BIGINT[]) AS new"
    ended = f"UPDATE {name} SET superseded_at = ended.new FROM ({new}) ended WHERE position = ended.old"  # noqa: S608 - a name of ours
    cursor.execute(ended, [list(each) for each in zip(*pairs, strict=True)])


def _holds(connection: Connection, book: str, watermark: int, stamp: Stamp) -> bool:
    """Whether the log still has what a file was made from."""
    return _stamp(connection, book, watermark) == stamp


def _stamp(connection: Connection, book: str, watermark: int) -> Stamp:
    """Which log this is, as of a watermark."""
    epoch = connection.scalar(select(SEALS.c.epoch).where(SEALS.c.book == bindparam("b")), {"b": book})
    last = select(LOG.c.recorded_at, LOG.c.entry_id).where(
        LOG.c.book == bindparam("b"), LOG.c.position == bindparam("p")
    )
    row = connection.execute(last, {"b": book, "p": watermark - 1}).one_or_none()
    return (epoch or 0, row.recorded_at, row.entry_id) if row else (epoch or 0, 0, "")


@contextmanager
def alone(lock: Lock) -> Iterator[None]:
    """Nobody else does it meanwhile. A scan may run in a thread or on the event loop, which must not wait, and may be given up
    while it waits: so it looks again and again.
    """
    while not lock.acquire(blocking=False):
        computed(partial(time.sleep, WAIT))
    try:
        yield
    finally:
        lock.release()
