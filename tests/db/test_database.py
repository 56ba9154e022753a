"""The database as everyone else sees it."""

import asyncio
import threading

from sqlalchemy import Connection, text

from registry.db.database import computed, open_database
from registry.settings import Settings


def test_a_long_computation_within_a_scan_holds_up_no_other_request(settings: Settings) -> None:
    """The loop turns while the scan computes, and the scan goes on with its connection afterwards."""

    async def run() -> tuple[bool, int]:
        database, loop, turned = open_database(settings.database), asyncio.get_running_loop(), threading.Event()

        def compute() -> bool:
            loop.call_soon_threadsafe(turned.set)
            return turned.wait(10)

        def work(connection: Connection) -> tuple[bool, int]:
            return computed(compute), connection.execute(text("select 1")).scalar_one()

        try:
            return await database.scan(work)
        finally:
            await database.close()

    assert asyncio.run(run()) == (True, 1)
