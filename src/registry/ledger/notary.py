"""The notary: seals the log while the server runs, and notices when the database is no longer the one that was sealed."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from registry.db.database import Database
from registry.ledger import seals
from registry.ledger.log_keys import LogKeys


@dataclass(slots=True)
class Notary:
    """Seals all books of a database. The last checkpoint of each is kept outside it too, in the home."""

    database: Database
    keys: LogKeys
    origin: str
    home: Path
    _known: dict[str, str] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def seal(self) -> None:
        """Seal whatever was committed before this was called. Raises LogRolledBack."""
        async with self._lock:
            for book in await self.database.read(seals.books):
                await self._seal(book)

    async def check(self) -> None:
        """Raise LogRolledBack unless every book continues what was last signed here."""
        for book in self._witnessed():
            await self.database.scan(partial(self._check, book))

    def _check(self, book: str, connection: Connection) -> None:
        if note := self._last(book):
            now = seals.sealed(connection, book)
            if now.checkpoint != note:
                seals.check_continues(connection, book, note, self.origin)

    async def _seal(self, book: str) -> None:
        while growth := await self.database.scan(partial(self._build, book)):
            note = await self.database.write(
                partial(seals.keep, book=book, growth=growth, origin=self.origin, keys=self.keys)
            )
            if note is not None:
                self._remember(book, note)

    def _build(self, book: str, connection: Connection) -> seals.Growth | None:
        self._check(book, connection)
        return seals.build(connection, book)

    def _last(self, book: str) -> str | None:
        """The last checkpoint that this home knows of."""
        if book not in self._known and (file := self.file(book)).exists():
            self._known[book] = file.read_text("utf-8")
        return self._known.get(book)

    def _remember(self, book: str, note: str) -> None:
        file = self.file(book)
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(note, "utf-8")
        new.replace(file)
        self._known[book] = note

    def _witnessed(self) -> set[str]:
        return {file.stem for file in (self.home / "checkpoints").glob("*.txt")} | set(self._known)

    def file(self, book: str) -> Path:
        """Where a book's last checkpoint is kept outside the database."""
        return checkpoint_file(self.home, book)


def checkpoint_file(home: Path, book: str) -> Path:
    """Where a home keeps a book's last checkpoint."""
    return home / "checkpoints" / f"{book}.txt"


def kept_checkpoints(home: Path) -> dict[str, str]:
    """The last checkpoint of each book that a home knows of."""
    return {file.stem: file.read_text("utf-8", "replace") for file in (home / "checkpoints").glob("*.txt")}
