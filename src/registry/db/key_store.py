"""The key store: the data key of each person or case, in a database of its own that backups carry apart from the registers.

A backup of the registers that is older than an erasure holds the sealed data still, but not the key: restored beside today's key store
it stays noise. What was erased stands here too, so that such a database can be told what it must forget again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    bindparam,
    delete,
    insert,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util.concurrency import greenlet_spawn

from registry.db.database import sqlite_engine
from registry.db.write_ahead_log import truncate_wal
from registry.errors import EntryErased

metadata = MetaData()

DATA_KEYS = Table(
    "data_keys",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("subject", String(72), primary_key=True, comment="the case, after the register it is of"),
    Column("master_id", String(16), nullable=False, comment="the master key it is wrapped under"),
    Column("wrapped", LargeBinary, nullable=False),
    comment="a data key for each person or case; destroying one erases the person everywhere",
)

ERASED = Table(
    "erased",
    metadata,
    Column("book", String(6), primary_key=True),
    Column("subject", String(72), primary_key=True),
    Column("erasure_id", String(36), nullable=False),
    Column("basis", String(32), nullable=False),
    Column("erased_at", BigInteger, nullable=False, comment="microseconds since 1970, UTC"),
    comment="whose data key was destroyed, on what basis, when",
)

FIND = select(DATA_KEYS.c.master_id, DATA_KEYS.c.wrapped).where(
    DATA_KEYS.c.book == bindparam("b"), DATA_KEYS.c.subject == bindparam("s")
)

FIND_ALL = select(DATA_KEYS.c.subject, DATA_KEYS.c.master_id, DATA_KEYS.c.wrapped).where(
    DATA_KEYS.c.book == bindparam("b"), DATA_KEYS.c.subject.in_(bindparam("s", expanding=True))
)
AT_ONCE = 500
"""Subjects that are looked up in one statement."""

ANY_ERASED = select(ERASED.c.book).where(
    ERASED.c.book == bindparam("b"), ERASED.c.subject.in_(bindparam("s", expanding=True))
)

IS_ERASED = select(ERASED.c.book).where(ERASED.c.book == bindparam("b"), ERASED.c.subject == bindparam("s"))


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is kept of an erased subject."""

    book: str
    subject: str
    erasure_id: str
    basis: str
    erased_at: int


class KeyStore:
    """Opened at `sqlite:///path` or, beside a PostgreSQL database only, `postgresql://…` (several machines share it then)."""

    def __init__(self, url: str, kept: int = 0) -> None:
        """`kept` connections to PostgreSQL stay open between two uses: for a server, all of whose uses are in one event loop."""
        self.is_file = url.startswith("sqlite")
        """Whether it can be used in any thread; else only where the registers' own statements run."""
        self._engine = _engine(url, kept)

    def prepare(self) -> None:
        """Make the tables where they are not there yet."""
        with self._engine.begin() as connection:
            metadata.create_all(connection)

    def find(self, book: str, subject: str) -> tuple[str, bytes] | None:
        """The wrapped data key of a subject and the master key that it is wrapped under."""
        with self._engine.begin() as connection:
            row = connection.execute(FIND, {"b": book, "s": subject}).one_or_none()
        return None if row is None else (row.master_id, row.wrapped)

    def find_all(self, book: str, subjects: Sequence[str]) -> dict[str, tuple[str, bytes]]:
        """The wrapped data keys of those subjects that have one, each with its master key."""
        found: dict[str, tuple[str, bytes]] = {}
        with self._engine.begin() as connection:
            for start in range(0, len(subjects), AT_ONCE):
                rows = connection.execute(FIND_ALL, {"b": book, "s": subjects[start : start + AT_ONCE]}).all()
                found |= {row.subject: (row.master_id, row.wrapped) for row in rows}
        return found

    def keep(self, rows: Sequence[dict[str, object]]) -> None:
        """Keep new data keys of one book, durably, before what they seal is committed. Raises EntryErased if one's subject was erased.

        One that is there already was kept for a write that was never committed; the caller holds the book's lock, and knows.
        """
        places = [{"b": row["book"], "s": row["subject"]} for row in rows]
        these = {"b": rows[0]["book"], "s": [row["subject"] for row in rows]}
        with self._engine.begin() as connection:
            # Deleted first, and only then looked up: SQLite lets no transaction write that has read while another wrote.
            connection.execute(_delete(DATA_KEYS), places)
            if connection.execute(ANY_ERASED, these).first():
                raise EntryErased
            connection.execute(insert(DATA_KEYS), list(rows))

    def take_over(self, rows: Sequence[dict[str, object]]) -> None:
        """Keep data keys that an older schema kept beside the registers, but for those that are here already, or were erased."""
        with self._engine.begin() as connection:
            for row in rows:
                place = {"b": row["book"], "s": row["subject"]}
                if not connection.execute(FIND, place).first() and not connection.execute(IS_ERASED, place).first():
                    connection.execute(insert(DATA_KEYS), row)

    def destroy(self, stone: Tombstone) -> None:
        """Destroy a subject's data key for ever; what stays is that, why and when."""
        with self._engine.begin() as connection:
            binds = {"b": stone.book, "s": stone.subject}
            connection.execute(_delete(DATA_KEYS), binds)
            connection.execute(_delete(ERASED), binds)
            row = {name: getattr(stone, name) for name in Tombstone.__slots__}
            connection.execute(insert(ERASED), row)

    def erased(self, book: str) -> list[Tombstone]:
        """All subjects of a book that were erased."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(ERASED).where(ERASED.c.book == book)).all()
        return [Tombstone(**row._mapping) for row in rows]  # noqa: SLF001 - its public name

    def masters(self) -> set[str]:
        """The master keys that anything is wrapped under."""
        with self._engine.begin() as connection:
            return set(connection.scalars(select(DATA_KEYS.c.master_id).distinct()))

    def wrapped_under_others(self, master_id: str) -> list[Row[Any]]:
        """The data keys that are not wrapped under this master key."""
        with self._engine.begin() as connection:
            return list(connection.execute(select(DATA_KEYS).where(DATA_KEYS.c.master_id != master_id)))

    def rewrap(self, rows: Sequence[dict[str, object]]) -> None:
        """Keep data keys under another master key; one destroyed meanwhile stays destroyed."""
        this = (DATA_KEYS.c.book == bindparam("b"), DATA_KEYS.c.subject == bindparam("s"))
        anew = update(DATA_KEYS).where(*this).values(master_id=bindparam("m"), wrapped=bindparam("w"))
        binds = [{"b": r["book"], "s": r["subject"], "m": r["master_id"], "w": r["wrapped"]} for r in rows]
        with self._engine.begin() as connection:
            connection.execute(anew, binds)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    async def close_kept(self) -> None:
        """As `close`, in the event loop that the kept connections belong to."""
        await greenlet_spawn(self.close)

    def sweep(self) -> bool:
        """Leave no copy of a destroyed key in the store's own files. False where a reader is in the way: again later."""
        with self._engine.connect() as connection:
            if self.is_file:  # secure_delete has overwritten it in the file; not yet in the WAL
                return truncate_wal(connection)
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM (FULL) data_keys"))
            return True


def _delete(table: Table) -> Any:  # noqa: ANN401 - a delete statement
    return delete(table).where(table.c.book == bindparam("b"), table.c.subject == bindparam("s"))


def _engine(url: str, kept: int) -> Engine:
    if url.startswith("sqlite"):
        path = make_url(url).database
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        return sqlite_engine(url, begin="BEGIN", secure_delete=True)
    # Used inside the greenlet that runs the registers' own statements, like any of them.
    target = make_url(url).set(drivername="postgresql+asyncpg")
    if not kept:
        return create_async_engine(target, poolclass=NullPool, hide_parameters=True).sync_engine
    return create_async_engine(target, pool_size=kept, pool_pre_ping=True, hide_parameters=True).sync_engine
