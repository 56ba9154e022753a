"""How many may follow the feed at once, and that those who ask for the same read it together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from registry.errors import TooManyFollowers
from registry.outbox.feed import followers
from registry.outbox.feed.events import Page
from registry.outbox.feed.followers import Followers
from registry.web.wakeups import Wakeups
from tests.api import Api


def test_there_is_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "MOST", 3)
    monkeypatch.setattr(followers, "MOST_OF_A_KEY", 2)
    who = Followers()
    with who.following("a"), who.following("a"):
        with pytest.raises(TooManyFollowers):
            who.check("a")
        who.check("b")
        with who.following("b"), pytest.raises(TooManyFollowers):
            who.check("b")
    who.check("a")


def test_one_too_many_is_told_to_come_later(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "MOST_OF_A_KEY", 0)
    for path in ("/v1/changes?wait=1", "/v1/changes/stream"):
        refused = api.get(path)
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_followers")
        assert refused.headers["retry-after"] == "2"
    assert api.get("/v1/changes").status_code == 200  # who does not wait holds nothing


def test_those_who_ask_for_the_same_read_together_and_whoever_leaves_breaks_nothing() -> None:
    reads = 0

    async def story() -> None:
        who, page, go_on = Followers(), Page(None, [], 0, 0), asyncio.Event()  # type: ignore[arg-type]

        async def work() -> Page:
            nonlocal reads
            reads += 1
            await go_on.wait()
            return page

        asking = [asyncio.create_task(who.read(("key", 812), work)) for _ in range(5)]
        other = asyncio.create_task(who.read(("key", 813), work))
        await asyncio.sleep(0)
        asking[0].cancel()
        go_on.set()
        assert await asyncio.gather(*asking[1:], other) == [page] * 5
        assert reads == 2
        await who.read(("key", 812), work)
        assert reads == 3

    asyncio.run(story())


@asynccontextmanager
async def watched(heads: dict[str, int]) -> AsyncIterator[tuple[Wakeups, list[str]]]:
    wakeups, looks = Wakeups(), []

    async def head(book: str) -> int:
        looks.append(book)
        return heads[book]

    watching = asyncio.create_task(wakeups.watch(head))
    try:
        yield wakeups, looks
    finally:
        watching.cancel()


def test_a_commit_wakes_once_and_many_commits_wake_together() -> None:
    async def story() -> None:
        heads = {"440882": 1}
        async with watched(heads) as (wakeups, looks):
            assert not await wakeups.wait(wakeups.next("440882"), 0)
            wakeups.notify()
            await wakeups.wait(wakeups.next("440882"), 1)  # the first look only learns where the head is
            grown = wakeups.next("440882")
            for _ in range(10):
                heads["440882"] += 1
                wakeups.notify()
            assert await wakeups.wait(grown, 5)
            woken = len(looks)
            assert woken <= 3
            assert not await wakeups.wait(wakeups.next("440882"), 0.2)  # and nobody is woken for nothing

    asyncio.run(story())
