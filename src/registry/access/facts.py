"""The columns of all versions of a register, in memory: what statistics are counted from (docs/decisions/0011).

They are derived from the version tables alone and brought up to date at each question: new rows are appended, and what they
superseded is marked. A question reads as of a watermark of its own, and of a version only whether it ended before that, so
rows and marks that are added meanwhile change nothing for it: no copy is needed, and no reader waits.

A version takes 8 bytes for its position, 8 for its end, 1 for voided, 4 for each text (its number in a dictionary), date or
integer, 8 for each big one and 1 for each truth value: 65 bytes for a visit, 65 MB for a million of them.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Boolean, Column, Connection, Date, Integer, LargeBinary, Table, bindparam, select

from registry.access.clauses import NEVER, facts_query, superseded_query
from registry.access.moments import head_of
from registry.access.register import Register
from registry.db.database import Database, computed
from registry.errors import Unavailable
from registry.ledger.tables import BOOKS, LOG, SEALS
from registry.tasks import end_tasks

log = logging.getLogger(__name__)
Array = NDArray[Any]
CHUNK = 5_000
"""Rows that are read at once."""
NULL = -(2**31)
"""In place of null in dates and integers; in truth values it is -1, among texts the first word."""
EPOCH = dt.date(1970, 1, 1).toordinal()
SKIPPED = frozenset(
    {"book", "entry_id", "number", "position", "superseded_at", "town", "classes", "document", "personal"}
)
HEADER = ("position", "superseded_at", "voided")


@lru_cache(maxsize=64)
def fact_columns(table: Table) -> tuple[Column[Any], ...]:
    """The columns that filters and groupings may look at."""
    return tuple(
        c for c in table.columns
        if c.name not in SKIPPED and c.name != "voided" and not isinstance(c.type, LargeBinary)
    )  # fmt: skip


@dataclass(slots=True)
class Words:
    """The different texts of a column, each with its number. The first stands for null."""

    texts: list[str | None] = field(default_factory=lambda: [None])
    numbers: dict[str | None, int] = field(default_factory=lambda: {None: 0})

    def number(self, text: str | None) -> int:
        """The number of a text; a new one gets the next."""
        known = self.numbers.get(text)
        if known is None:
            known = self.numbers[text] = len(self.texts)
            self.texts.append(text)
        return known


def dtype_of(column: Column[Any]) -> Any:  # noqa: ANN401 - a dtype
    """How a column's values are kept."""
    if isinstance(column.type, Boolean):
        return np.int8
    return np.int64 if isinstance(column.type, BigInteger) else np.int32


def is_text(column: Column[Any]) -> bool:
    """Whether a column's values are kept as numbers of words."""
    return not isinstance(column.type, Boolean | Date | Integer)


def day_number(day: dt.date) -> int:
    """Days since 1970."""
    return day.toordinal() - EPOCH


def encoded(column: Column[Any], values: Sequence[Any], words: Words) -> Array:
    """A column's values as they are kept."""
    if is_text(column):
        numbers = words.numbers
        if not numbers.keys() >= (fresh := set(values)):
            for text in sorted(fresh - numbers.keys()):
                words.number(text)
        return np.fromiter(map(numbers.__getitem__, values), np.int32, len(values))
    if isinstance(column.type, Date):
        return np.fromiter((NULL if v is None else v.toordinal() - EPOCH for v in values), np.int32, len(values))
    null = -1 if isinstance(column.type, Boolean) else NULL
    return np.fromiter((null if v is None else v for v in values), dtype_of(column), len(values))


@dataclass(slots=True)
class Facts:
    """All versions of a register under a watermark: arrays in the order of their positions."""

    book: str
    table: Table
    watermark: int
    position: Array
    ended: Array
    """The position of the next version; NEVER where there is none."""
    voided: Array
    columns: dict[str, Array]
    words: dict[str, Words]

    def __len__(self) -> int:
        return len(self.position)


@dataclass(slots=True)
class _Store:
    """The growing arrays behind the facts of one register: as many rows as are known, and room for more."""

    book: str
    table: Table
    watermark: int = 0
    stamp: tuple[int, int] = (0, 0)
    rows: int = 0
    arrays: dict[str, Array] = field(default_factory=dict)
    words: dict[str, Words] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kinds = {"position": np.int64, "superseded_at": np.int64, "voided": np.int8}
        kinds |= {column.name: dtype_of(column) for column in fact_columns(self.table)}
        self.arrays = {name: np.empty(0, kind) for name, kind in kinds.items()}
        self.words = {column.name: Words() for column in fact_columns(self.table)}

    def facts(self) -> Facts:
        shown = {name: array[: self.rows] for name, array in self.arrays.items()}
        position, ended, voided = (shown.pop(name) for name in HEADER)
        return Facts(self.book, self.table, self.watermark, position, ended, voided, shown, self.words)

    def append(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows of `facts_query`, in the order of their positions."""
        start, stop = self.rows, self.rows + len(rows)
        if stop > len(self.arrays["position"]):
            self._grow(max(stop, stop * 5 // 4, 256))
        position, superseded_at, voided, *values = zip(*rows, strict=True)
        self.arrays["position"][start:stop] = position
        self.arrays["superseded_at"][start:stop] = [NEVER if at is None else at for at in superseded_at]
        self.arrays["voided"][start:stop] = voided
        for column, each in zip(fact_columns(self.table), values, strict=True):
            self.arrays[column.name][start:stop] = encoded(column, each, self.words[column.name])
        self.rows = stop

    def end(self, pairs: Sequence[Sequence[int]]) -> None:
        """Mark versions as superseded: (their position, that of the next version)."""
        old, new = (np.array(each, np.int64) for each in zip(*pairs, strict=True))
        self.arrays["superseded_at"][np.searchsorted(self.arrays["position"][: self.rows], old)] = new

    def _grow(self, room: int) -> None:
        for name, array in self.arrays.items():
            wider = np.empty(room, array.dtype)
            wider[: self.rows] = array[: self.rows]
            self.arrays[name] = wider


@dataclass(slots=True)
class FactKeeper:
    """The facts of all registers of a server process. Each is brought up to date by one task at a time."""

    database: Database
    _stores: dict[tuple[str, str], _Store] = field(default_factory=dict)
    _locks: dict[tuple[str, str], asyncio.Lock] = field(default_factory=dict)
    _warming: asyncio.Task[None] | None = None
    _closed: bool = False

    async def facts(self, book: str, register: Register) -> Facts:
        """The facts of a register, at least up to the watermark of this moment."""
        key = book, register.name
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._stores.pop(key, None)  # put back whole, or not at all
            store = await self.database.scan(partial(self._brought_up, known, book, register.table))
            self._stores[key] = store
            return store.facts()

    def warm(self, registers: Iterable[Register]) -> None:
        """Load the facts of these registers in the background, so that the first question need not wait."""
        self._warming = asyncio.create_task(self._load(list(registers)), name="facts")

    async def close(self) -> None:
        """Stop loading."""
        self._closed = True
        await end_tasks([self._warming])

    async def _load(self, registers: Sequence[Register]) -> None:
        try:
            books = await self.database.scan(lambda c: c.scalars(select(BOOKS.c.book)).all())
            for book in books:
                for register in registers:
                    await self.facts(book, register)
        except Exception:
            log.exception("statistics are loaded at the first question instead")

    def _brought_up(self, known: _Store | None, book: str, table: Table, connection: Connection) -> _Store:
        store = known if known is not None and _holds(connection, known) else _Store(book, table)
        head = head_of(connection, book)
        binds = {"b": book, "a": store.watermark}
        if store.watermark and (pairs := connection.execute(superseded_query(table), binds).all()):
            store.end(pairs)
        for rows in _rows(connection, table, binds):
            if self._closed:
                raise Unavailable
            computed(partial(store.append, rows))
        store.watermark, store.stamp = head, _stamp(connection, book, head)
        return store


def _rows(connection: Connection, table: Table, binds: dict[str, Any]) -> Iterator[Sequence[Any]]:
    query = facts_query(table, [table.c[name] for name in HEADER] + list(fact_columns(table)))
    yield from connection.execute(query, binds, execution_options={"yield_per": CHUNK}).partitions()


def _holds(connection: Connection, known: _Store) -> bool:
    """Whether the log still has what the facts were made from: a restored backup or a log begun anew has not."""
    return _stamp(connection, known.book, known.watermark) == known.stamp


def _stamp(connection: Connection, book: str, watermark: int) -> tuple[int, int]:
    """Which log this is, as of a watermark: its epoch, and when its last version was recorded."""
    epoch = connection.scalar(select(SEALS.c.epoch).where(SEALS.c.book == bindparam("b")), {"b": book})
    last = select(LOG.c.recorded_at).where(LOG.c.book == bindparam("b"), LOG.c.position == bindparam("p"))
    return epoch or 0, connection.scalar(last, {"b": book, "p": watermark - 1}) or 0


def facts_of(book: str, table: Table, watermark: int, rows: Sequence[Sequence[Any]]) -> Facts:
    """Facts of rows that stand in no table: each with the values of `fact_columns`, in their order."""
    store = _Store(book, table, watermark)
    if rows:
        store.append([(0, None, False, *row) for row in rows])
    return store.facts()
