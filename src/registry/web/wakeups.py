"""Who waits for a book's log to grow is woken here: at once by commits of this process, within a second by those of others."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

EVERY = 1.0
"""Seconds between looks at the heads of the books that somebody waits for: one look for all who wait, not one for each."""
GATHER = 0.05
"""Seconds between two wakings at least: what is written meanwhile is read together."""

log = logging.getLogger(__name__)


class Bells:
    """One bell for each book. It is the server's ending bell too: `closing` says so to streams and long polls."""

    def __init__(self) -> None:
        self.closing = False
        self._bells: dict[str, asyncio.Event] = {}
        self._heads: dict[str, int] = {}
        self._stirred = asyncio.Event()

    def next(self, book: str) -> asyncio.Event:
        """What is set when the log grows from now on. Take it before looking, wait for it after: nothing falls in between."""
        return self._bells.setdefault(book, asyncio.Event())

    def stir(self) -> None:
        """Something was committed here: look at the heads now."""
        self._stirred.set()

    def close(self) -> None:
        """The server stops: wake everybody, for good."""
        self.closing = True
        for book in list(self._bells):
            self._ring(book)

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
        """Look at the heads for ever, and wake those who wait for a book that has grown."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):  # another process may have committed
                    await self._stirred.wait()
            self._stirred.clear()
            for book in list(self._bells):
                await self._look(book, head)
            await asyncio.sleep(GATHER)

    async def _look(self, book: str, head: Callable[[str], Awaitable[int]]) -> None:
        try:
            now = await head(book)
        except Exception:
            log.exception("the head of the log was not read")
            return
        if self._heads.get(book) != now:
            self._heads[book] = now
            self._ring(book)

    def _ring(self, book: str) -> None:
        bell = self._bells.pop(book, None)
        if bell is not None:
            bell.set()
