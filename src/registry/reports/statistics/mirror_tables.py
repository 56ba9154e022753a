"""Tables of DuckDB with the columns of a register's: how they are made, filled and asked."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import duckdb
import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnClause,
    Date,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    column,
)
from sqlalchemy.dialects import postgresql

Stamp = tuple[int, int, str]
"""Which log this is: its epoch, and when the last version was recorded, and of which entry."""
SKIPPED = frozenset({"book", "entry_id", "number", "classes", "schema_version", "created_at", "document", "personal"})
KINDS = ((BigInteger, "BIGINT"), (Integer, "INTEGER"), (Boolean, "BOOLEAN"), (Date, "DATE"))
ID = 36
"""The length of texts that are ids: as UUID they take less room, and persons are counted in half the time."""
LINES = msgspec.json.Encoder()
_DIALECT: Any = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call] # SQLAlchemy's own


@dataclass(frozen=True, slots=True)
class Pinned:
    """A register's table at one moment, for one reader: a connection of its own, in a transaction that goes on until it is closed."""

    cursor: duckdb.DuckDBPyConnection

    def rows(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        """What a statement finds. It is the same as for the database itself: DuckDB reads PostgreSQL's dialect."""
        asked = query.compile(dialect=_DIALECT).construct_expanded_state()
        return self.cursor.execute(asked.statement, list(asked.positional_parameters)).fetchall()

    def bring(self, table: Table, columns: Sequence[Column[Any]], rows: Sequence[Sequence[Any]]) -> None:
        """Add a table of the reader's own, in place of any of this name."""
        self.cursor.execute(f"CREATE TEMP TABLE {table.name} ({_declared(columns)})")
        if rows:
            put(self.cursor, f"temp.{table.name}", columns, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cursor.close()


@lru_cache(maxsize=64)
def mirrored(table: Table) -> tuple[Column[Any], ...]:
    """The columns that scope, time, filters and groupings may look at."""
    return tuple(c for c in table.columns if c.name not in SKIPPED and not isinstance(c.type, LargeBinary))


def create(cursor: duckdb.DuckDBPyConnection, table: Table, book: str) -> None:
    """Make the table of a register. Its book takes no room: it is the same in every row."""
    book = f"book VARCHAR GENERATED ALWAYS AS ('{int(book):06}') VIRTUAL"
    cursor.execute(f"CREATE TABLE {table.name} ({book}, {_declared(mirrored(table))})")


def put(
    cursor: duckdb.DuckDBPyConnection, name: str, columns: Sequence[Column[Any]], rows: Sequence[Sequence[Any]]
) -> None:
    """Add rows, each with the values of these columns: as one text, a JSON array in each line. Of lists as parameters DuckDB
    makes a value each, which takes ten times as long.
    """
    paths = [f"$[{place}]" for place in range(len(columns))]
    lines = "SELECT unnest(string_split($1, chr(10))) AS line"
    parts = f"SELECT json_extract_string(line, {paths}) AS parts FROM ({lines}) WHERE line <> ''"  # noqa: S608 - numbers
    values = [f"parts[{place}]::{_kind(column)}" for place, column in enumerate(columns, 1)]
    values += [f"date_trunc('month', {value})" for value in values if value.endswith("::DATE")]
    text = LINES.encode_lines(list(map(tuple, rows))).decode()
    cursor.execute(f"INSERT INTO {name} ({named(columns)}) SELECT {', '.join(values)} FROM ({parts})", [text])  # noqa: S608 - names of ours


def compress(cursor: duckdb.DuckDBPyConnection) -> None:
    """Let what was committed take less room; where somebody writes, next time."""
    with suppress(duckdb.Error):
        cursor.execute("CHECKPOINT mirror")


def named(columns: Sequence[Column[Any]]) -> str:
    """What is kept of columns, separated by commas: they themselves, and of each date its month, which to make again for every
    question takes longer than to count.
    """
    return ", ".join(f'"{name}"' for name, _ in _kept(columns))


def month_of(day: Column[Any]) -> ColumnClause[Any]:
    """The month of a date: its first day."""
    found: ColumnClause[Any] = column(f"{day.name}_month", Date)
    found.table = day.table
    return found


def is_id(each: Column[Any]) -> bool:
    """Whether it is kept as a UUID."""
    return isinstance(each.type, String) and each.type.length == ID


def _kept(columns: Sequence[Column[Any]]) -> list[tuple[str, str]]:
    months = [(month_of(each).name, "DATE") for each in columns if isinstance(each.type, Date)]
    return [*((str(each.name), _kind(each)) for each in columns), *months]


def _declared(columns: Sequence[Column[Any]]) -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in _kept(columns))


def _kind(column: Column[Any]) -> str:
    if is_id(column):
        return "UUID"
    return next((name for kind, name in KINDS if isinstance(column.type, kind)), "VARCHAR")
