"""Group commit: one order, no gaps, and only the guilty write fails."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, text

from registry.core.principals import Principal, Role
from registry.core.schemas import Change
from registry.core.sealing import Sealer
from registry.core.unit_of_work import Tx
from registry.core.use_cases import Written, outcome
from registry.db.key_store import KeyStore
from registry.errors import Conflict, EntryExists, Refused, Unavailable
from registry.gatherings.models import GATHERINGS
from registry.gatherings.schemas import GatheringIn
from registry.gatherings.service import GATHERING_WRITES
from registry.ledger.batch import Batch, Work, WriteOutcome
from registry.ledger.committer import QUEUE, Committer, commit
from registry.ledger.ids import new_id
from registry.ledger.tables import BOOKS, LOG
from registry.settings import Settings
from tests import factories
from tests.conftest import COUNTY, RULEBOOK, opened

Run = Callable[[Callable[[Connection], Any]], Any]
WHO = Principal(new_id(), COUNTY, "测试", Role.SUPERVISOR, (COUNTY,), None, None)


@pytest.fixture
def sealer(settings: Settings) -> Sealer:
    return Sealer(settings.key_file, KeyStore(settings.key_store))


def recording(sealer: Sealer, entry_id: str, **more: Any) -> Work:
    data = msgspec.convert(factories.gathering(**more), GatheringIn)
    return lambda batch: _done(batch, sealer, lambda tx: GATHERING_WRITES.record(tx, entry_id, data))


def changing(sealer: Sealer, entry_id: str, sessions: int) -> Work:
    change = Change({"sessions": sessions}, None)
    return lambda batch: _done(batch, sealer, lambda tx: GATHERING_WRITES.change(tx, entry_id, change))


def _done(batch: Batch, sealer: Sealer, use: Callable[[Tx], Written]) -> WriteOutcome:
    tx = Tx(batch, WHO, sealer, RULEBOOK)
    return outcome(tx, use(tx))


def breaking(_batch: Batch) -> WriteOutcome:
    raise ZeroDivisionError


def positions(connection: Connection) -> list[int]:
    return list(connection.scalars(select(LOG.c.position).order_by(LOG.c.position)))


async def submit(settings: Settings, works: list[Work]) -> list[Any]:
    async with opened(settings.database) as database:
        committer = Committer(database, COUNTY)
        results = await asyncio.gather(*(committer.submit(work) for work in works), return_exceptions=True)
        await committer.close()
        return list(results)


def test_many_writes_at_once_get_one_order_without_gaps(settings: Settings, sealer: Sealer, run: Run) -> None:
    results = asyncio.run(submit(settings, [recording(sealer, new_id()) for _ in range(200)]))
    given = [result.appends[0].meta["position"] for result in results]
    assert sorted(given) == list(range(6, 206))
    assert run(positions) == list(range(206))
    times = run(lambda c: list(c.scalars(select(LOG.c.recorded_at).order_by(LOG.c.position))))
    assert times == sorted(set(times))
    assert run(lambda c: c.scalar(select(BOOKS.c.next_position))) == 206


def test_a_refused_write_leaves_no_trace_and_spoils_no_other(settings: Settings, sealer: Sealer, run: Run) -> None:
    works = [recording(sealer, new_id(), decided_on="2999-01-01" if n % 2 else "2020-01-25") for n in range(20)]
    results = asyncio.run(submit(settings, works))
    assert [isinstance(result, Refused) for result in results] == [bool(n % 2) for n in range(20)]
    assert run(positions) == list(range(16))


def test_only_the_write_that_breaks_a_unique_rule_fails(settings: Settings, sealer: Sealer, run: Run) -> None:
    taken = new_id()
    asyncio.run(submit(settings, [recording(sealer, taken)]))
    results = asyncio.run(submit(settings, [recording(sealer, each) for each in (new_id(), taken, new_id())]))
    assert [type(result) for result in results] == [WriteOutcome, EntryExists, WriteOutcome]
    assert run(positions) == list(range(9))


def test_only_the_service_that_breaks_fails(settings: Settings, sealer: Sealer, run: Run) -> None:
    results = asyncio.run(submit(settings, [recording(sealer, new_id()), breaking, recording(sealer, new_id())]))
    assert [type(result) for result in results] == [WriteOutcome, ZeroDivisionError, WriteOutcome]
    assert run(positions) == list(range(8))


def test_writes_to_one_entry_follow_each_other(settings: Settings, sealer: Sealer, run: Run) -> None:
    entry_id = new_id()
    works = [recording(sealer, entry_id), *(changing(sealer, entry_id, n) for n in range(4, 14))]
    results = asyncio.run(submit(settings, works))
    assert all(isinstance(result, WriteOutcome) for result in results)
    rows = run(
        lambda c: c.execute(
            select(GATHERINGS.c.number, GATHERINGS.c.position, GATHERINGS.c.superseded_at).order_by(GATHERINGS.c.number)
        ).all()
    )
    assert [row.number for row in rows] == list(range(1, 12))
    for row, following in itertools.pairwise(rows):
        assert row.superseded_at == following.position
    assert rows[-1].superseded_at is None


def test_time_never_runs_backwards(sealer: Sealer, run: Run) -> None:
    late = 2_000_000_000_000_000
    times = itertools.chain([late, late - 3_600_000_000], itertools.repeat(1))

    def two(connection: Connection) -> None:
        for _ in range(3):
            commit(connection, COUNTY, [recording(sealer, new_id()), recording(sealer, new_id())], lambda: next(times))

    run(two)
    recorded = run(lambda c: list(c.scalars(select(LOG.c.recorded_at).order_by(LOG.c.position))))
    assert recorded == sorted(set(recorded))
    assert recorded[-6:] == [late + n for n in range(6)]


def test_a_replay_clock_is_refused_once_the_book_is_live(sealer: Sealer, run: Run) -> None:
    with pytest.raises(Conflict):
        run(lambda c: commit(c, COUNTY, [recording(sealer, new_id())], lambda: 1, replayed_at=2))


def test_a_full_queue_is_answered_at_once(settings: Settings, sealer: Sealer) -> None:
    async def flood() -> list[Any]:
        async with opened(settings.database) as database:
            committer = Committer(database, COUNTY)
            works = [recording(sealer, new_id()) for _ in range(QUEUE + 100)]
            results = await asyncio.gather(*(committer.submit(work) for work in works), return_exceptions=True)
            await committer.close()
            return list(results)

    results = asyncio.run(flood())
    refused = sum(isinstance(result, Unavailable) for result in results)
    assert 0 < refused <= 100
    assert sum(isinstance(result, WriteOutcome) for result in results) == len(results) - refused


def test_two_servers_on_one_database_keep_one_order(settings: Settings, sealer: Sealer, run: Run) -> None:
    async def both() -> None:
        async with opened(settings.database) as first, opened(settings.database) as second:
            committers = [Committer(first, COUNTY), Committer(second, COUNTY)]
            works = [(committers[n % 2], recording(sealer, new_id())) for n in range(60)]
            await asyncio.gather(*(committer.submit(work) for committer, work in works))
            for committer in committers:
                await committer.close()

    asyncio.run(both())
    assert run(positions) == list(range(66))


def test_the_database_itself_refuses_a_second_current_version(sealer: Sealer, run: Run) -> None:
    entry_id = new_id()
    run(lambda c: commit(c, COUNTY, [recording(sealer, entry_id)]))
    columns = ", ".join(column.name for column in GATHERINGS.columns if column.name not in {"number", "position"})
    copy = text(f"insert into gatherings (number, position, {columns}) select 2, 999, {columns} from gatherings")
    with pytest.raises(Exception, match=r"(?i)unique"):
        run(lambda c: c.execute(copy))
