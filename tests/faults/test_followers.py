"""The server killed under 16 writers and followers of its feed; `scripts/faults` has the long version."""

import asyncio

import pytest

from tests.faults.followers import follow

pytestmark = pytest.mark.apart


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_followers_have_the_same_events_after_kill_9(database: str) -> None:
    report = asyncio.run(follow(database, rounds=2, writers=16, seed=2020, failing=0.05))
    assert not report.faults
    assert report.cuts >= 2
    assert report.log > 20
    assert report.events >= 10 * (report.log - 20)
    assert report.delivered >= 2 * (report.log - 2)
