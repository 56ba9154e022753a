"""The key store in a PostgreSQL of its own, as a server uses it: without a new connection for every batch."""

import asyncio
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.util.concurrency import greenlet_spawn

from registry.db.key_store import KeyStore
from tests.conftest import COUNTY, WORKER, new_postgres_database

ROW = {"book": COUNTY, "subject": "patients/1", "master_id": "m-1", "wrapped": b"wrapped"}


def test_connections_to_postgres_are_kept_mended_and_closed(postgres: str) -> None:
    """One connection for all that comes one after another; a new one where the other end closed it; none afterwards."""
    made: list[Any] = []

    def note(connection: Any, _record: Any) -> None:
        made.append(connection)

    async def run() -> tuple[int, int, int]:
        name = f"registry_keys_{WORKER}"
        store = KeyStore(await new_postgres_database(postgres, name), kept=4)
        others = await asyncpg.connect(postgres)
        await greenlet_spawn(store.prepare)
        for _ in range(5):
            await greenlet_spawn(store.keep, [ROW])
            assert await greenlet_spawn(store.find, COUNTY, "patients/1") == ("m-1", b"wrapped")
        first = len(made)
        await others.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        assert await greenlet_spawn(store.masters) == {"m-1"}
        second = len(made)
        await store.close_kept()
        for _ in range(100):
            left: int = await others.fetchval("select count(*) from pg_stat_activity where datname = $1", name)
            if not left:
                break
            await asyncio.sleep(0.05)
        await others.close()
        return first, second, left

    event.listen(Engine, "connect", note)
    try:
        assert asyncio.run(run()) == (1, 2, 0)
    finally:
        event.remove(Engine, "connect", note)
