"""Who waits for a book's log to grow is woken here: at once by commits of this process, within a second by those of others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

EVERY = 1.0
"""Seconds between looks at the heads of the books that somebody waits for: one look for all who wait, not one for each."""

log = logging.getLogger(__name__)


class Bells:
    """One bell for each book. It is the server's ending bell too: `closing` says so to streams and long polls."""

    def __init__(self) -> None:
        self.closing = False
        self._bells: dict[str, asyncio.Event] = {}
        self._heads: dict[str, int] = {}

    def next(self, book: str) -> asyncio.Event:
        """What is set when the log grows from now on. Take it before looking, wait for it after: nothing falls in between."""
        return self._bells.setdefault(book, asyncio.Event())

    def ring(self, book: str) -> None:
        """Wake all who wait for the book."""
        bell = self._bells.pop(book, None)
        if bell is not None:
            bell.set()

    def close(self) -> None:
        """The server stops: wake everybody, for good."""
        self.closing = True
        for book in list(self._bells):
            self.ring(book)

    async def wait(self, bell: asyncio.Event, seconds: float) -> bool:
        """Wait for a bell. False where the time passed without it, or the server stops."""
        if self.closing or seconds <= 0:
            return False
        try:
            async with asyncio.timeout(seconds):
                await bell.wait()
        except TimeoutError:
            return False
        return not self.closing

    async def watch(self, head: Callable[[str], Awaitable[int]]) -> None:
        """Look at the heads for ever: another process may have committed."""
        while True:
            await asyncio.sleep(EVERY)
            for book in list(self._bells):
                try:
                    now = await head(book)
                except Exception:
                    log.exception("the head of the log was not read")
                    continue
                if self._heads.get(book) != now:
                    self._heads[book] = now
                    self.ring(book)
