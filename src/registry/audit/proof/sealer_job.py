"""Seals the log while the server runs, and notices when the database is no longer the one that was sealed."""

import asyncio
import logging
import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select

from registry.audit.proof import checkpoints, witnesses
from registry.audit.proof.signing_keys import LogKeys
from registry.core import watermarks
from registry.db.database import Database
from registry.errors import Conflict, LogRolledBack
from registry.ledger.committer import note
from registry.ledger.events import SERVER, Event, EventKind
from registry.ledger.tables import BOOKS, SEALS

SEAL_EVERY = 1.0
"""Seconds between sealings."""

STANDING = select(
    BOOKS.c.book, BOOKS.c.next_position, BOOKS.c.next_event,
    SEALS.c.log_size, SEALS.c.access_size, SEALS.c.checkpoint,
    witnesses.accuses(BOOKS.c.book).label("is_accused"),
).outerjoin(SEALS, SEALS.c.book == BOOKS.c.book)  # fmt: skip
"""How long each book is, how far it is sealed, and whether a witness says that it was rolled back."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class LogSealer:
    """Signs checkpoints of all books of a database. The last one of each is kept outside it too, in the home."""

    database: Database
    keys: LogKeys
    origin: str
    home: Path
    _known: dict[str, str] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def seal(self) -> None:
        """Seal whatever was committed before this was called. Raises LogRolledBack."""
        async with self._lock:
            for book, ends in (await self.database.read(self._due)).items():
                await self._seal(book, ends)

    async def try_to_seal(self) -> None:
        """Seal, if that is possible now. It may lag: a database that is away, or was rolled back, stops neither the server nor its
        shutdown.
        """
        try:
            await self.seal()
        except LogRolledBack as fault:
            log.critical("%s", fault.detail["en"])
        except Exception:
            log.exception("the log was not sealed")

    async def check(self) -> None:
        """Raise LogRolledBack unless every book continues what was last signed here."""
        for book in self._signed() | set(await self.database.read(watermarks.books)):
            await self.database.scan(partial(self._check, book))

    async def restart(self, book: str, reason: str) -> None:
        """Begin a book's log anew from what the database has now, under a name of its own: only after LogRolledBack was
        found, else Conflict. The lost checkpoint is kept, in the access log and beside the new one.
        """
        lost = await self.database.write(partial(self._restart, book, reason))
        if lost is not None and (file := self.file(book)).exists():
            epoch = checkpoints.epoch_of(checkpoints.read_head(lost).origin, self.origin, book) or 0
            file.replace(file.with_name(f"{book}-epoch{epoch}.txt"))
        self._known.pop(book, None)

    def _restart(self, book: str, reason: str, connection: Connection) -> str | None:
        try:
            self._check(book, connection)
        except LogRolledBack:
            ours = checkpoints.sealed(connection, book)
            lost = self._last(book) or ours.checkpoint
            was = checkpoints.epoch_of(checkpoints.read_head(lost).origin, self.origin, book) if lost else None
            epoch = max(ours.epoch, was or 0) + 1
            details = {"reason": reason, "epoch": epoch, "lost_checkpoint": lost}
            note(connection, book, Event(EventKind.LOG_RESTARTED, SERVER, details))
            checkpoints.begin_anew(connection, book, epoch)
            witnesses.forget_answers(connection, book)
            return lost
        said = (
            "日志没有中断，无须重新开始。",
            "The database continues its last checkpoint: there is nothing to restart.",
        )
        raise Conflict(zh=said[0], en=said[1])

    def _check(self, book: str, connection: Connection) -> None:
        witnesses.check_known(connection, book)
        if last := self._last(book):
            now = checkpoints.sealed(connection, book)
            if now.checkpoint != last:
                checkpoints.check_continues(connection, book, last, self.origin)

    def _due(self, connection: Connection) -> dict[str, dict[str, int]]:
        """The books that grew, or are not as they were last sealed here, each with how long its two lists are."""
        return {
            row.book: {"log": row.next_position, "access": row.next_event}
            for row in connection.execute(STANDING)
            if (row.next_position, row.next_event) != (row.log_size, row.access_size)
            or row.is_accused
            or row.checkpoint != self._last(row.book)
        }

    async def _seal(self, book: str, ends: dict[str, int]) -> None:
        """Seal a book up to these ends. What comes meanwhile waits for the next sealing: else, under load, this never ended."""
        while growth := await self.database.scan(partial(self._build, book)):
            note = await self.database.write(
                partial(checkpoints.keep, book=book, growth=growth, origin=self.origin, keys=self.keys)
            )
            if note is not None:
                self._remember(book, note)
                if all(growth.sizes[tree] >= end for tree, end in ends.items()):
                    return

    def _build(self, book: str, connection: Connection) -> checkpoints.Growth | None:
        self._check(book, connection)
        return checkpoints.build(connection, book)

    def _last(self, book: str) -> str | None:
        """The last checkpoint that this home knows of."""
        if book not in self._known and (file := self.file(book)).exists():
            self._known[book] = file.read_text("utf-8")
        return self._known.get(book)

    def _remember(self, book: str, note: str) -> None:
        file = self.file(book)
        file.parent.mkdir(parents=True, exist_ok=True)
        self._known[book] = note
        if file.exists() and _is_older(note, file.read_text("utf-8")):
            return  # another server on this home was further
        new = file.with_suffix(f".{os.getpid()}.new")
        new.write_text(note, "utf-8")
        new.replace(file)

    def _signed(self) -> set[str]:
        return {file.stem for file in (self.home / "checkpoints").glob("[0-9]" * 6 + ".txt")} | set(self._known)

    def file(self, book: str) -> Path:
        """Where a book's last checkpoint is kept outside the database."""
        return checkpoint_file(self.home, book)


def _is_older(note: str, kept: str) -> bool:
    mine, theirs = checkpoints.read_head(note), checkpoints.read_head(kept)
    return mine.origin == theirs.origin and any(mine.sizes[tree] < theirs.sizes[tree] for tree in checkpoints.TREES)


def checkpoint_file(home: Path, book: str) -> Path:
    """Where a home keeps a book's last checkpoint."""
    return home / "checkpoints" / f"{book}.txt"


def kept_checkpoints(home: Path) -> dict[str, str]:
    """The last checkpoint of each book that a home knows of."""
    return {file.stem: file.read_text("utf-8", "replace") for file in (home / "checkpoints").glob("*.txt")}
