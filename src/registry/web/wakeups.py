"""Wakes whoever waits for a book's log to grow: at once after commits of this process, within a second after those of others."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

EVERY = 1.0
"""Seconds between looks at the heads of the books that somebody waits for: one look for all who wait, not one for each."""
GATHER = 0.05
"""Seconds between two wakeups at least: what is written meanwhile is read together."""

log = logging.getLogger(__name__)


class Wakeups:
    """An event for each book that somebody waits for. Once `closing`, the server stops: streams and long polls end."""

    def __init__(self) -> None:
        self.closing = False
        self._events: dict[str, asyncio.Event] = {}
        self._heads: dict[str, int] = {}
        self._committed = asyncio.Event()

    def next(self, book: str) -> asyncio.Event:
        """The event that is set when the log grows from now on. Take it before reading and wait for it afterwards: then nothing
        falls in between.
        """
        return self._events.setdefault(book, asyncio.Event())

    def notify(self) -> None:
        """Something was committed here: look at the heads now."""
        self._committed.set()

    def close(self) -> None:
        """The server stops: wake everybody, for good."""
        self.closing = True
        for book in list(self._events):
            self._wake(book)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for an event. False where the time passed without it, or the server stops."""
        if self.closing or seconds <= 0:
            return False
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return not self.closing

    async def watch(self, head: Callable[[str], Awaitable[int]]) -> None:
        """Look at the heads for ever, and wake those who wait for a book that has grown."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):  # another process may have committed
                    await self._committed.wait()
            self._committed.clear()
            for book in list(self._events):
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
            self._wake(book)

    def _wake(self, book: str) -> None:
        event = self._events.pop(book, None)
        if event is not None:
            event.set()
