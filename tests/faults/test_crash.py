"""The server killed under 64 writers, and PostgreSQL killed under the server; `scripts/faults` has the long version."""

import asyncio

import pytest

from tests.faults.crash import crash, outage

pytestmark = pytest.mark.apart


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_kill_9_loses_and_doubles_nothing(database: str) -> None:
    report = asyncio.run(crash(database, rounds=2, writers=64, seed=2020))
    assert not report.faults
    assert (report.count.lost, report.count.doubled) == (0, 0)
    assert report.count.acknowledged >= 64
    assert report.clients.sent_again >= 64


def test_writes_survive_an_outage_of_postgresql() -> None:
    report = asyncio.run(outage(writers=64, seed=2020))
    if report is None:
        pytest.skip("the PostgreSQL of REGISTRY_TEST_POSTGRES is not ours to kill")
    assert not report.faults
    assert report.count.acknowledged >= 64
    assert report.clients.turned_away > 0
