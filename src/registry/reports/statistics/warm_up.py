"""At the server's start: bring up the tables of statistics that have a file, so that the first question need not wait for that."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from registry.core.register import Register
from registry.reports.statistics.mirror import Mirror
from registry.web.context import Context


async def warm_up(context: Context, mirror: Mirror, registers: Sequence[Register]) -> None:
    """One after another, while questions are answered."""
    known = {each.name: each for each in registers}
    for book, name in mirror.kept():
        async with mirror.turns[book, name]:
            await context.scan(partial(_brought_up, mirror, book, known[name]))


def _brought_up(mirror: Mirror, book: str, register: Register, connection: Connection) -> None:
    with mirror.at(connection, book, register):
        pass
