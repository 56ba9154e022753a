"""Tasks end, also those that swallow a cancellation."""

import asyncio

import pytest

from registry import tasks
from registry.tasks import end_tasks


def test_a_task_that_swallows_a_cancellation_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "AGAIN", 0.01)
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 1:
                    raise

    async def failing() -> None:
        raise ValueError

    async def run() -> None:
        running = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
        await asyncio.sleep(0)
        await end_tasks([*running, None])
        assert all(task.done() for task in running)

    asyncio.run(run())
    assert swallowed == 2
