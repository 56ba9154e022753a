"""When counts of people are released: at the last watermark of each calendar month (Beijing) that the log has left behind.

A month that was replayed from a past day (the demo county) was over when it was loaded. All this follows from the log alone: the
same watermark has the same releases for ever.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from registry.core.watermarks import position_at
from registry.ledger.clock import BEIJING, beijing_day, microseconds
from registry.ledger.tables import LOG


@dataclass(frozen=True)
class Stop:
    """A release, told apart from that of another log by its last version, and the day of that."""

    watermark: int
    last: str
    day: dt.date


def stops(connection: Connection, book: str, watermark: int) -> tuple[Stop, ...]:
    """The releases under a watermark, first to last."""
    marks = releases(connection, book, watermark)
    columns = (LOG.c.position, LOG.c.recorded_at, LOG.c.entry_id)
    query = select(*columns).where(LOG.c.book == book, LOG.c.position.in_([mark - 1 for mark in marks]))
    rows = connection.execute(query.order_by(LOG.c.position))
    return tuple(
        Stop(row.position + 1, f"{row.recorded_at} {row.entry_id}", beijing_day(row.recorded_at)) for row in rows
    )


def releases(connection: Connection, book: str, watermark: int) -> list[int]:
    """Their watermarks: the last of each month that was over by then."""
    query = select(LOG.c.position, LOG.c.recorded_at, LOG.c.replayed_at).where(LOG.c.book == book)
    at = {
        row.position: row for row in connection.execute(query.where(LOG.c.position.in_([0, watermark - 1, watermark])))
    }
    if not watermark:
        return []
    first, last, after = beijing_day(at[0].recorded_at), at[watermark - 1], at.get(watermark)
    end = beijing_day(last.recorded_at)
    starts = (dt.datetime.combine(day, dt.time(), BEIJING) for day in _months(first, end))
    found = {position_at(connection, book, microseconds(start)) for start in starts}
    later = after is None or _month_of(after.recorded_at) > _month_of(last.recorded_at)
    if later and last.replayed_at is not None and _month_of(last.replayed_at) > _month_of(last.recorded_at):
        found.add(watermark)
    return sorted(found)


def _months(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The first days of the months after that of `first`, up to that of `last`."""
    day = end_of_month(first) + dt.timedelta(days=1)
    while day <= last:
        yield day
        day = end_of_month(day) + dt.timedelta(days=1)


def _month_of(moment: int) -> dt.date:
    return beijing_day(moment).replace(day=1)


def end_of_month(day: dt.date) -> dt.date:
    """The last day of its month."""
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
