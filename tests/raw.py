"""Whoever has the database's file, or its password: changes to it that the application knows nothing of."""

import asyncio
import re
import sqlite3
from contextlib import closing
from typing import Any

import asyncpg

from registry.settings import Settings

Row = tuple[Any, ...]


class Raw:
    """Runs SQL with `?` for values, on SQLite by its own module, on PostgreSQL by the driver."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.database
        self.keys = settings.key_store

    @property
    def sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def run(self, sql: str, *values: Any) -> list[Row]:
        if self.sqlite:
            return run_sqlite(self.url, sql, *values)
        return asyncio.run(self._postgres(sql, *values))

    def on_keys(self, sql: str, *values: Any) -> list[Row]:
        return run_sqlite(self.keys, sql, *values)

    async def _postgres(self, sql: str, *values: Any) -> list[Row]:
        connection = await asyncpg.connect(self.url)
        numbers = iter(range(1, 100))
        try:
            return [
                tuple(row) for row in await connection.fetch(re.sub(r"\?", lambda _: f"${next(numbers)}", sql), *values)
            ]
        finally:
            await connection.close()

    def one(self, sql: str, *values: Any) -> Any:
        (row,) = self.run(sql, *values)
        return row[0]

    def replace(self, table: str, column: str, position: int, old: bytes, new: bytes) -> None:
        """Change bytes within one value."""
        value = bytes(self.one(f"select {column} from {table} where position = {position}"))
        assert old in value
        self.run(f"update {table} set {column} = ? where position = {position}", value.replace(old, new, 1))

    def flip(self, table: str, column: str, where: str) -> None:
        """Change the last bit of a value."""
        value = bytes(self.one(f"select {column} from {table} where {where}"))
        self.run(f"update {table} set {column} = ? where {where}", value[:-1] + bytes([value[-1] ^ 1]))

    def rows(self, table: str) -> list[Row]:
        return self.run(f"select * from {table}")

    def restore(self, table: str, rows: list[Row]) -> None:
        self.run(f"delete from {table}")
        for row in rows:
            self.run(f"insert into {table} values ({', '.join('?' * len(row))})", *row)


def run_sqlite(url: str, sql: str, *values: Any) -> list[Row]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        return connection.execute(sql, values).fetchall()
