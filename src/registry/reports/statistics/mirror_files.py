"""Files of mirrors (Parquet), so that a restart need not read all versions again: a cache that may be deleted at any time.

Beside each file lies what it was made from. A file that does not fit that, or the log, or today's columns, is ignored.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import duckdb
import msgspec

from registry.core.register import Register
from registry.db.database import computed
from registry.reports.statistics.mirror_tables import Pinned, Stamp, compress, mirrored, named

PORTION = 100_000
"""Rows that are read at once."""


class MirrorFile(msgspec.Struct, frozen=True):
    """What a file was made from."""

    book: str
    register: str
    columns: str
    watermark: int
    stamp: Stamp
    rows: int
    sha256: str


def saved(pinned: Pinned, folder: Path, book: str, register: Register, watermark: int, stamp: Stamp, rows: int) -> None:
    """Write the file of a table. Raises OSError or duckdb.Error."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    data, about = _paths(folder, book, register)
    fresh, columns = data.with_suffix(".new"), named(mirrored(register.table))
    copied = f"COPY (SELECT {columns} FROM {register.table.name})"  # noqa: S608 - names of ours
    pinned.cursor.execute(f"{copied} TO {_text(fresh)} (FORMAT parquet, COMPRESSION zstd)")
    told = MirrorFile(book, register.name, columns, watermark, stamp, rows, _digest(fresh))
    about.unlink(missing_ok=True)
    fresh.replace(data)
    fresh.write_bytes(msgspec.json.encode(told))
    fresh.replace(about)


def restored(
    cursor: duckdb.DuckDBPyConnection, folder: Path, book: str, register: Register, holds: Callable[[int, Stamp], bool]
) -> MirrorFile | None:
    """Fill an empty table from its file. None, and the table as empty as it was, where there is none that fits."""
    data, about = _paths(folder, book, register)
    try:
        told = msgspec.json.decode(about.read_bytes(), type=MirrorFile)
        fits = (told.book, told.register, told.columns) == (book, register.name, named(mirrored(register.table)))
        if fits and holds(told.watermark, told.stamp) and computed(partial(_digest, data)) == told.sha256:
            return told if computed(partial(_filled, cursor, register, data, told.rows)) else None
    except (OSError, msgspec.MsgspecError, duckdb.Error):
        pass
    return None


def kept(folder: Path) -> Iterator[tuple[str, str]]:
    """The books and registers that have a file."""
    for about in sorted(folder.glob("*.json")):
        with suppress(OSError, msgspec.MsgspecError):
            told = msgspec.json.decode(about.read_bytes(), type=MirrorFile)
            yield told.book, told.register


def _filled(cursor: duckdb.DuckDBPyConnection, register: Register, data: Path, rows: int) -> bool:
    """Read all rows, or none: where they are not so many. In portions, so that what is not compressed yet takes little room."""
    columns, read = named(mirrored(register.table)), f"FROM read_parquet({_text(data)}, file_row_number = true)"
    if cursor.execute(f"SELECT count(*) {read}").fetchall() != [(rows,)]:
        return False
    try:
        for first in range(0, rows, PORTION):
            portion = f"SELECT {columns} {read} WHERE file_row_number BETWEEN {first} AND {first + PORTION - 1}"
            cursor.execute(f"INSERT INTO {register.table.name} ({columns}) {portion}")
            compress(cursor)
    except duckdb.Error:
        cursor.execute(f"DELETE FROM {register.table.name}")  # noqa: S608 - a name of ours
        return False
    return True


def _paths(folder: Path, book: str, register: Register) -> tuple[Path, Path]:
    """The file, and what is said of it."""
    return folder / f"{book}-{register.name}.parquet", folder / f"{book}-{register.name}.json"


def _text(path: Path) -> str:
    """A path as a text of SQL."""
    return "'" + os.fspath(path).replace("'", "''") + "'"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
