"""Who follows the feed at this moment: how many may, and what they read together."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from registry.errors import TooManyFollowers
from registry.outbox.feed.events import Page

MOST, MOST_OF_A_KEY = 500, 200
"""Streams and waiting polls that one server process holds open, in all and of one key: each holds a connection, and a process has
some thousand of these.
"""


class Followers:
    """Counts those who follow the feed, and shares one read among those who ask for the same. One for each server process."""

    def __init__(self) -> None:
        self._open = Counter[str]()
        self._reading: dict[Hashable, asyncio.Task[Page]] = {}

    def check(self, key: str) -> None:
        """Raise TooManyFollowers where there is no room for one more of this key."""
        if self._open.total() >= MOST or self._open[key] >= MOST_OF_A_KEY:
            raise TooManyFollowers

    @contextmanager
    def following(self, key: str) -> Iterator[None]:
        """One more, for as long as it lasts."""
        self._open[key] += 1
        try:
            yield
        finally:
            self._open[key] -= 1

    async def read(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Page]]) -> Page:
        """A page: those who ask for the same at the same moment, as the screens of one dashboard do, share one read. It is not
        broken off when one of them goes away.
        """
        task = self._reading.get(key)
        if task is None:
            task = self._reading[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(task)
