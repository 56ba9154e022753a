"""Tasks end, also those that swallow a cancellation."""

import asyncio

import pytest

from registry import tasks
from registry.tasks import Job, end_tasks, every, later, running


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


def test_a_job_goes_on_after_a_failure_and_ends_with_the_server(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    async def work() -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise ValueError

    async def serve() -> asyncio.Task[None]:
        async with running([Job("trying", every(0.0, work, "that failed"))]):
            (task,) = (each for each in asyncio.all_tasks() if each.get_name() == "trying")
            while len(tries) < 3:
                await asyncio.sleep(0)
        return task

    assert asyncio.run(serve()).done()
    assert [record.getMessage() for record in caplog.records] == ["that failed"]


def test_a_job_may_begin_later() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()

    async def serve() -> None:
        async with running([Job("later", later(0.01, work))]):
            assert not begun.is_set()
            await asyncio.wait_for(begun.wait(), 5)

    asyncio.run(serve())
