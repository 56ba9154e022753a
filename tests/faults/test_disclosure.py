"""The server killed under 32 readers: what they saw is in the access log. `scripts/faults` has the long version."""

import asyncio

import pytest

from tests.faults.disclosure import disclose

PATHS = {"item", "list", "versions", "version", "case", "search", "write", "conflict"}

pytestmark = pytest.mark.apart


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_kill_9_hides_nothing_that_anybody_saw(database: str) -> None:
    report = asyncio.run(disclose(database, rounds=2, readers=32, seed=2020))
    assert not report.faults
    assert report.count.received >= 100
    assert set(report.paths) == PATHS
    assert (report.count.found, report.count.missing, report.count.doubled) == (report.count.received, 0, 0)
    assert report.keeper.proved == 6  # both trees: one checkpoint after the first kill, two after the second
    assert not report.keeper.forks
