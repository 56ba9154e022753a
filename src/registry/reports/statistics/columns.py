"""The columns of all versions of a register, in memory: what statistics are counted from (docs/decisions/0011).

They are derived from the version tables alone and brought up to date at each question (`column_store`): new rows are appended, and
what they superseded is marked. A question reads as of a watermark of its own, and of a version only whether it ended before that, so
rows and marks that are added meanwhile change nothing for it: no copy is needed, and no reader waits.

A version takes 8 bytes for its position, 8 for its end, 1 for voided, 4 for each date or integer, 8 for each big one, 1 for each
truth value, and for each text its number in a dictionary, in as few bytes as the dictionary needs.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, LargeBinary, Table

from registry.core.scope import NEVER

Array = NDArray[Any]
Stamp = tuple[int, int, str]
"""Which log this is: its epoch, and when the last version was recorded, and of which entry."""
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

    def copied(self) -> "Words":
        """The same words, to add others to."""
        numbers = dict(self.numbers)
        return Words(list(numbers), numbers)

    def number(self, text: str | None) -> int:
        """The number of a text; a new one gets the next."""
        known = self.numbers.get(text)
        if known is None:
            known = self.numbers[text] = len(self.texts)
            self.texts.append(text)
        return known


def dtype_of(column: Column[Any]) -> Any:  # noqa: ANN401 - a dtype
    """How a column's values are kept; texts at first."""
    if is_text(column):
        return np.uint8
    if isinstance(column.type, Boolean):
        return np.int8
    return np.int64 if isinstance(column.type, BigInteger) else np.int32


def is_text(column: Column[Any]) -> bool:
    """Whether a column's values are kept as numbers of words."""
    return not isinstance(column.type, Boolean | Date | Integer)


def null_of(column: Column[Any]) -> int:
    """What stands for null in a column."""
    return 0 if is_text(column) else -1 if isinstance(column.type, Boolean) else NULL


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
    null = null_of(column)
    return np.fromiter((null if v is None else v for v in values), dtype_of(column), len(values))


@dataclass(slots=True)
class Moments:
    """What stood at the watermarks that were asked for last, the latest last, by how many versions there had been (`snapshots`)."""

    kept: "dict[int, Facts]" = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


@dataclass(slots=True)
class Facts:
    """All versions of a register under a watermark: arrays in the order of their positions."""

    book: str
    table: Table
    watermark: int
    stamp: Stamp
    position: Array
    ended: Array
    """The position of the next version; NEVER where there is none."""
    voided: Array
    columns: dict[str, Array]
    words: dict[str, Words]
    moments: Moments = field(default_factory=Moments)
    kept: dict[str, Any] = field(default_factory=dict)
    """What was made of the columns and may be asked for again, by a name."""

    def __len__(self) -> int:
        return len(self.position)


@dataclass(slots=True)
class Store:
    """The growing arrays behind the facts of one register: as many rows as are known, and room for more."""

    book: str
    table: Table
    watermark: int = 0
    stamp: Stamp = (0, 0, "")
    rows: int = 0
    arrays: dict[str, Array] = field(default_factory=dict)
    words: dict[str, Words] = field(default_factory=dict)
    moments: Moments = field(default_factory=Moments)

    def __post_init__(self) -> None:
        kinds = {"position": np.int64, "superseded_at": np.int64, "voided": np.int8}
        kinds |= {column.name: dtype_of(column) for column in fact_columns(self.table)}
        self.arrays = {name: np.empty(0, kind) for name, kind in kinds.items()}
        self.words = {column.name: Words() for column in fact_columns(self.table)}

    @classmethod
    def after(cls, facts: Facts) -> "Store":
        """A copy of these facts, to add others to while somebody else may add to what they are of."""
        header = zip(HEADER, (facts.position, facts.ended, facts.voided), strict=True)
        store = cls(facts.book, facts.table, facts.watermark, facts.stamp, len(facts))
        store.arrays = {name: array.copy() for name, array in (*header, *facts.columns.items())}
        store.words = {name: words.copied() for name, words in facts.words.items()}
        return store

    def facts(self) -> Facts:
        shown = {name: array[: self.rows] for name, array in self.arrays.items()}
        position, ended, voided = (shown.pop(name) for name in HEADER)
        known = self.book, self.table, self.watermark, self.stamp
        return Facts(*known, position, ended, voided, shown, self.words, self.moments)

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
            found = encoded(column, each, self.words[column.name])
            self._widen(column, len(self.words[column.name].texts))
            self.arrays[column.name][start:stop] = found
        self.rows = stop

    def end(self, pairs: Sequence[Sequence[int]]) -> None:
        """Mark versions as superseded: (their position, that of the next version)."""
        old, new = (np.array(each, np.int64) for each in zip(*pairs, strict=True))
        self.arrays["superseded_at"][np.searchsorted(self.arrays["position"][: self.rows], old)] = new

    def _widen(self, column: Column[Any], words: int) -> None:
        """Make room for the numbers of so many words; who reads the narrower array keeps it."""
        array = self.arrays[column.name]
        if is_text(column) and words - 1 > np.iinfo(array.dtype).max:
            self.arrays[column.name] = array.astype(np.min_scalar_type(words - 1))

    def _grow(self, room: int) -> None:
        for name, array in self.arrays.items():
            wider = np.empty(room, array.dtype)
            wider[: self.rows] = array[: self.rows]
            self.arrays[name] = wider


def facts_of(book: str, table: Table, watermark: int, rows: Sequence[Sequence[Any]]) -> Facts:
    """Facts of rows that stand in no table: each with the values of `fact_columns`, in their order."""
    store = Store(book, table, watermark)
    if rows:
        store.append([(0, None, False, *row) for row in rows])
    return store.facts()
