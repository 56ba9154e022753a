"""The end of background tasks."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN = 1.0
"""Seconds after which a task that has not ended is cancelled once more."""


async def end_tasks(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel tasks until they have ended, however they end.

    Once is not enough: in Python 3.11 `asyncio.wait_for`, with which libraries wait for their connections, swallows a
    cancellation that meets its result, and whoever waited for the task's end would wait for ever.
    """
    ending = {task for task in tasks if task is not None}
    running = ending
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN)
    await asyncio.gather(*ending, return_exceptions=True)
