"""The database as everyone else sees it: four ways to run a plain synchronous function of a connection.

Nobody outside this package can tell SQLite from PostgreSQL: functions are written once, and where they run (on the event loop,
in a thread, over an async driver) is decided here.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool
from sqlalchemy.util.concurrency import await_, in_greenlet

from registry.db.write_ahead_log import LONG, WriteAheadLog, truncate_wal

T = TypeVar("T")

CACHE = 16 * 1024
"""KiB of pages that a connection to SQLite keeps. A server has up to six, and each fills its own; what they lack, the system's cache has."""


class Database(Protocol):
    """An open database."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a short read. Each statement sees one consistent state; two statements may see two."""

    async def scan(self, work: Callable[[Connection], T]) -> T:
        """Run a long read, off the event loop where need be; all its statements see one consistent state."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run a write in a transaction of its own, committed durably before this returns; rolled back if it raises."""

    async def sweep(self, tables: Sequence[str]) -> bool:
        """Leave no copy of what was overwritten in these tables in the database's own files. False where a reader is in the
        way: again later.
        """

    async def close(self) -> None:
        """Close all connections."""


def open_database(url: str) -> Database:
    """Open the database at `sqlite:///path` or `postgresql://…`; nothing is created but the SQLite file's folder."""
    if url.startswith("sqlite"):
        return SqliteDatabase(url)
    return PostgresDatabase(url)


class SqliteDatabase:
    """SQLite in WAL mode: short reads on the event loop over one held connection, one writer thread, two for long reads.

    Measured, reads straight on the loop are twice as fast as through threads, and one writer with group commit
    is the fastest that a file can take (`docs/decisions/0003`).
    """

    def __init__(self, url: str) -> None:
        path = make_url(url).database
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._writers = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._scanners = ThreadPoolExecutor(2, thread_name_prefix="sqlite-scan")
        self._write_engine = sqlite_engine(url, begin="BEGIN IMMEDIATE", secure_delete=True)
        self._scan_engine = sqlite_engine(url, begin="BEGIN")
        self._read_engine = sqlite_engine(url, begin=None)
        self._reader: Connection | None = None
        self._wal = WriteAheadLog(Path(f"{path}-wal"), self._empty_wal, lambda: self._writers.submit(self._wal.settle))

    async def read(self, work: Callable[[Connection], T]) -> T:
        if self._reader is None:
            self._reader = self._read_engine.connect()
        return work(self._reader)

    async def scan(self, work: Callable[[Connection], T]) -> T:
        def scan() -> T:
            with self._wal.scanning():
                return _transact(self._scan_engine, work)

        return await asyncio.get_running_loop().run_in_executor(self._scanners, scan)

    async def write(self, work: Callable[[Connection], T]) -> T:
        def write() -> T:
            written = _transact(self._write_engine, work)
            self._wal.settle()
            return written

        return await asyncio.get_running_loop().run_in_executor(self._writers, write)

    async def sweep(self, tables: Sequence[str]) -> bool:  # noqa: ARG002 - the write-ahead log is of all tables
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._empty_wal)

    def _empty_wal(self) -> bool:
        with self._write_engine.connect() as connection:
            return truncate_wal(connection)

    async def close(self) -> None:
        self._scanners.shutdown()
        self._writers.shutdown()
        if self._reader is not None:
            self._reader.close()
        for engine in (self._write_engine, self._scan_engine, self._read_engine):
            engine.dispose()


def computed(work: Callable[[], T]) -> T:
    """The result of a long computation in the middle of a scan, off the event loop: a scan over an async driver runs on it, in a
    greenlet, and would hold up everybody else for as long.
    """
    return await_(asyncio.to_thread(work)) if in_greenlet() else work()


def _transact(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def sqlite_engine(url: str, *, begin: str | None, secure_delete: bool = False) -> Engine:
    """An engine whose transactions start with `begin`; with None, every statement stands alone.

    With `secure_delete`, what is deleted is overwritten in the file.
    """
    pool: type[StaticPool | QueuePool] = QueuePool if begin == "BEGIN" else StaticPool
    engine = create_engine(url, poolclass=pool, connect_args={"check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin or commit by itself
        for pragma in (
            "busy_timeout=10000",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{CACHE}",
            "temp_store=MEMORY",
            f"journal_size_limit={LONG}",
            f"secure_delete={'ON' if secure_delete else 'FAST'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    if begin is not None:

        @event.listens_for(engine, "begin")
        def start(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine


class PostgresDatabase:
    """PostgreSQL over asyncpg: the same synchronous functions, run through SQLAlchemy's `run_sync`."""

    def __init__(self, url: str) -> None:
        target = make_url(url).set(drivername="postgresql+asyncpg")
        # Values never go into messages and so into logs. Long reads have connections of their own: writes never wait for them.
        limits = {"max_overflow": 0, "pool_timeout": 5, "hide_parameters": True}
        driver = {"timeout": 5, "command_timeout": 60, "server_settings": {"jit": "off"}}
        self._engine = create_async_engine(target, pool_size=2, connect_args=driver, **limits)
        self._snapshot = create_async_engine(
            target, pool_size=5, connect_args=driver, isolation_level="REPEATABLE READ", **limits
        )
        # Short reads are statements of their own: there is nothing to begin, and nothing to roll back afterwards.
        self._single = create_async_engine(
            target, pool_size=10, connect_args=driver, isolation_level="AUTOCOMMIT", pool_reset_on_return=None, **limits
        )

    async def read(self, work: Callable[[Connection], T]) -> T:
        async with self._single.connect() as connection:
            return await connection.run_sync(work)

    async def scan(self, work: Callable[[Connection], T]) -> T:
        async with self._snapshot.begin() as connection:
            return await connection.run_sync(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def sweep(self, tables: Sequence[str]) -> bool:
        async with self._single.connect() as connection:
            for table in tables:
                await connection.exec_driver_sql(f'VACUUM "{table}"')
        return True

    async def close(self) -> None:
        await self._engine.dispose()
        await self._snapshot.dispose()
        await self._single.dispose()
