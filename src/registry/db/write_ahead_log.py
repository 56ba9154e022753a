"""Keeps SQLite's write-ahead log small: a checkpoint gets its turn though long reads overlap all the time.

The log can be emptied only while nobody reads from it, and with two scans that overlap there is never such a moment. So once the log
is long, new scans wait until those that run have ended; then the log is moved into the file and emptied.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

LONG = 16 * 1024 * 1024
"""Bytes from which on the log waits to be emptied."""
TOO_LONG = 4 * LONG
"""Bytes from which on the server's log tells of it."""
AGAIN = 1.0
"""Seconds until the next try, where another process reads from the log."""
TELL_EVERY = 60.0
"""Seconds between two lines in the server's log."""
PATIENCE = 30.0
"""Seconds that a scan waits for those that run at most: one that never ends must not stop all others."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class WriteAheadLog:
    """The log of one database, as this process uses it."""

    path: Path
    empty: Callable[[], bool]
    """Empties it, in the writer's thread. False where somebody reads from it."""
    settle_soon: Callable[[], object]
    """Has `settle` called in the writer's thread."""
    _turn: Condition = field(default_factory=Condition)
    _scans: int = 0
    _is_due: bool = False
    _not_before: float = 0.0
    _told_at: float = -TELL_EVERY

    @contextmanager
    def scanning(self) -> Iterator[None]:
        """Around a scan, in its thread: it waits while the log is to be emptied; the last that ends has that done."""
        with self._turn:
            self._turn.wait_for(lambda: not self._is_due, PATIENCE)
            self._scans += 1
        try:
            yield
        finally:
            with self._turn:
                self._scans -= 1
                is_last = self._is_due and not self._scans
            if is_last:
                self.settle_soon()

    def settle(self) -> None:
        """After each commit, in the writer's thread: empty the log once it is long and no scan runs."""
        size, now = self._size(), time.monotonic()
        if size < LONG and not self._is_due:
            return
        self._tell(size, now)
        with self._turn:
            self._is_due = size >= LONG and now >= self._not_before
            if self._is_due and self._scans:
                return
        if self._is_due and not self._try_to_empty():
            self._not_before = now + AGAIN
        with self._turn:
            self._is_due = False
            self._turn.notify_all()

    def _try_to_empty(self) -> bool:
        try:
            return self.empty()
        except SQLAlchemyError:  # what was written is committed all the same
            log.exception("the write-ahead log was not emptied")
            return False

    def _size(self) -> int:
        """Bytes of the log's file."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def _tell(self, size: int, now: float) -> None:
        if size >= TOO_LONG and now >= self._told_at + TELL_EVERY:
            self._told_at = now
            log.warning("the write-ahead log has %d MB: somebody has been reading from it for long", size // 10**6)


def truncate_wal(connection: Connection) -> bool:
    """Move SQLite's write-ahead log into the file and empty it. False where somebody still reads from it; nobody waits for them."""
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("PRAGMA busy_timeout=100")
    try:
        busy: int = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
    finally:
        connection.exec_driver_sql("PRAGMA busy_timeout=10000")
    return not busy
