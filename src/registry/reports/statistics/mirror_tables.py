"""Tables of DuckDB with the columns of a register's: how they are made, filled and asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import duckdb
from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, LargeBinary, Select, Table
from sqlalchemy.dialects import postgresql

Stamp = tuple[int, int, str]
"""Which log this is: its epoch, and when the last version was recorded, and of which entry."""
SKIPPED = frozenset({"book", "entry_id", "number", "classes", "document", "personal"})
KINDS = ((BigInteger, "BIGINT"), (Integer, "INTEGER"), (Boolean, "BOOLEAN"), (Date, "DATE"))
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
        told = ", ".join(f'"{column.name}" {_kind(column)}' for column in columns)
        self.cursor.execute(f"CREATE TEMP TABLE {table.name} ({told})")
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
    own = ", ".join(f'"{column.name}" {_kind(column)}' for column in mirrored(table))
    cursor.execute(f"CREATE TABLE {table.name} (book VARCHAR GENERATED ALWAYS AS ('{int(book):06}') VIRTUAL, {own})")


def put(
    cursor: duckdb.DuckDBPyConnection, name: str, columns: Sequence[Column[Any]], rows: Sequence[Sequence[Any]]
) -> None:
    """Add rows, each with the values of these columns."""
    each = ", ".join(f"unnest(${number}::{_kind(column)}[])" for number, column in enumerate(columns, 1))
    named = ", ".join(f'"{column.name}"' for column in columns)
    values = [list(column) for column in zip(*rows, strict=True)]
    cursor.execute(f"INSERT INTO {name} ({named}) SELECT {each}", values)


def _kind(column: Column[Any]) -> str:
    return next((name for kind, name in KINDS if isinstance(column.type, kind)), "VARCHAR")
