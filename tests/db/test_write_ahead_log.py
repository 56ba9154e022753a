"""SQLite's write-ahead log stays small, whoever reads."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from registry.db import write_ahead_log
from registry.db.database import Database, open_database

LONG = 256 * 1024
PAGE = text("insert into pages (body) values (randomblob(4000))")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_ahead_log, "LONG", LONG)
    monkeypatch.setattr(write_ahead_log, "TOO_LONG", 2 * LONG)
    monkeypatch.setattr(write_ahead_log, "AGAIN", 0.05)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Database]:
    database = open_database(f"sqlite:///{folder / 'a.db'}")
    try:
        await database.write(lambda connection: connection.execute(text("create table pages (body blob)")))
        yield database
    finally:
        await database.close()


def size(folder: Path) -> int:
    return (folder / "a.db-wal").stat().st_size


async def write(database: Database, pages: int) -> None:
    for _ in range(pages):
        await database.write(lambda connection: connection.execute(PAGE))


def look(connection: Connection) -> None:
    """A scan of some length."""
    connection.execute(text("select count(*) from pages")).scalar_one()
    time.sleep(0.03)


def test_the_log_is_emptied_though_scans_overlap_all_the_time(tmp_path: Path) -> None:
    """Two readers, one always in the other's middle: without a turn for the checkpoint, all that is written stays in the log."""

    async def run() -> tuple[int, int]:
        ended, scans, sizes = asyncio.Event(), 0, []

        async def read(after: float) -> None:
            nonlocal scans
            await asyncio.sleep(after)
            while not ended.is_set():
                await database.scan(look)
                scans += 1

        async with opened(tmp_path) as database:
            readers = [asyncio.create_task(read(after)) for after in (0, 0.015)]
            for _ in range(40):
                await write(database, 20)
                sizes.append(size(tmp_path))
            ended.set()
            await asyncio.gather(*readers)
        return max(sizes), scans

    biggest, scans = asyncio.run(run())
    assert biggest < 800 * 4000 / 2  # of all that was written
    assert scans > 5


def test_the_last_scan_has_the_log_emptied_when_nobody_writes_any_more(tmp_path: Path) -> None:
    async def run() -> tuple[int, int]:
        begun, written = threading.Event(), threading.Event()

        def work(connection: Connection) -> None:
            look(connection)
            begun.set()
            written.wait(60)

        async with opened(tmp_path) as database:
            scan = asyncio.create_task(database.scan(work))
            await asyncio.to_thread(begun.wait)
            await write(database, 100)
            before = size(tmp_path)
            written.set()
            await scan
            await database.scan(look)
            return before, size(tmp_path)

    before, after = asyncio.run(run())
    assert before > LONG
    assert after == 0


def test_where_another_process_reads_on_all_goes_on_and_the_servers_log_tells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither writes nor scans wait for it; a minute passes before the next line; afterwards the log is emptied."""

    async def run() -> tuple[int, int]:
        async with opened(tmp_path) as database:
            other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
            other.execute("begin")
            other.execute("select count(*) from pages").fetchone()
            await write(database, 400)
            await database.scan(look)
            before = size(tmp_path)
            other.close()
            await asyncio.sleep(0.1)
            await write(database, 1)
            return before, size(tmp_path)

    with caplog.at_level(logging.WARNING):
        before, after = asyncio.run(run())
    assert before > 400 * 4000
    assert after == 0
    assert len([line for line in caplog.messages if "write-ahead log has" in line]) == 1
