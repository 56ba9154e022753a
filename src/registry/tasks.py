"""Background work: jobs that run while the server serves, and the end of tasks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

AGAIN = 1.0
"""Seconds after which a task that has not ended is cancelled once more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Background work of a server. It goes on until it is cancelled, or until it has nothing left to do."""

    name: str
    run: Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def running(jobs: Sequence[Job]) -> AsyncIterator[None]:
    """Run jobs beside the body, and end them with it."""
    tasks = [asyncio.create_task(job.run(), name=job.name) for job in jobs]
    try:
        yield
    finally:
        await end_tasks(tasks)


def every(
    seconds: float, work: Callable[[], Awaitable[object]], failed: str
) -> Callable[[], Coroutine[Any, Any, None]]:
    """What a job runs that does something again and again, `seconds` apart and not at once. A failure does not end it."""

    async def run() -> None:
        while True:
            await asyncio.sleep(seconds)
            await attempt(work, failed)

    return run


def later(seconds: float, work: Callable[[], Awaitable[None]]) -> Callable[[], Coroutine[Any, Any, None]]:
    """What a job runs that begins some time after the server."""

    async def run() -> None:
        await asyncio.sleep(seconds)
        await work()

    return run


async def attempt(work: Callable[[], Awaitable[object]], failed: str) -> None:
    """Do something that may fail: the server's log then says `failed` and why, and whoever called goes on."""
    try:
        await work()
    except Exception:
        log.exception(failed)


async def end_tasks(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel tasks until they have ended, however they end.

    Once is not enough: in Python 3.11 `asyncio.wait_for`, with which libraries wait for their connections, swallows a
    cancellation that meets its result, and whoever waited for the task's end would wait for ever.
    """
    ending = {task for task in tasks if task is not None}
    left = ending
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
    await asyncio.gather(*ending, return_exceptions=True)
