"""As of when: watermarks, and what a date or timestamp means as one."""

import datetime as dt
import re

from sqlalchemy import Connection, select

from registry.errors import Fault, Refused
from registry.ledger.clock import BEIJING, beijing_day, microseconds, wall_clock
from registry.ledger.tables import BOOKS, LOG

WATERMARK = re.compile(r"wm_([0-9]{6})_([0-9]{1,18})")


def resolve_as_of(connection: Connection, book: str, text: str, name: str = "as_of") -> int:
    """The watermark that `as_of`, or a parameter of another name, or a field of the body by its pointer (`/after`), says:
    `wm_440882_81234`, a timestamp with offset, or a date (its end, Beijing time).

    Raises Refused for anything else, and for what lies in the future: such an answer could not be given again.
    """
    head = head_of(connection, book)
    if match := WATERMARK.fullmatch(text):
        if match[1] != book or int(match[2]) > head:
            raise _refused(name)
        return int(match[2])
    until = _end_of(text)
    if until is None:
        raise _refused(name)
    last = (
        select(LOG.c.position)
        .where(LOG.c.book == book, LOG.c.recorded_at <= until)
        .order_by(LOG.c.recorded_at.desc())
        .limit(1)
    )
    position = connection.scalar(last)
    return 0 if position is None else position + 1


def last_day(connection: Connection, book: str, watermark: int) -> dt.date:
    """The day in Beijing of the last version under a watermark; today where there is none."""
    last = select(LOG.c.recorded_at).where(LOG.c.book == book, LOG.c.position == watermark - 1)
    recorded_at = connection.scalar(last)
    return beijing_day(wall_clock() if recorded_at is None else recorded_at)


def head_of(connection: Connection, book: str) -> int:
    """The watermark now: how long the log is."""
    return connection.scalar(select(BOOKS.c.next_position).where(BOOKS.c.book == book)) or 0


def position_at(connection: Connection, book: str, moment: int) -> int:
    """How many versions were recorded before a moment: the position of the first that was not."""
    first = (
        select(LOG.c.position)
        .where(LOG.c.book == book, LOG.c.recorded_at >= moment)
        .order_by(LOG.c.recorded_at)
        .limit(1)
    )
    position = connection.scalar(first)
    return head_of(connection, book) if position is None else position


def span_of(text: str) -> tuple[int, int] | None:
    """The first and the last microsecond that a date (in Beijing) or a timestamp with offset covers; None if it is neither."""
    try:
        if len(text) == 10:  # noqa: PLR2004 - YYYY-MM-DD
            day = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), BEIJING)
            return microseconds(day), microseconds(day + dt.timedelta(days=1)) - 1
        # An unescaped + in a query string arrives as a blank.
        at = dt.datetime.fromisoformat(text.replace(" ", "+"))
        return (microseconds(at), microseconds(at)) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def recorded_between(first: str | None, last: str | None) -> tuple[int | None, int | None]:
    """The first and the last microsecond that the parameters `recorded_from` and `recorded_to` cover; None is no bound.

    Raises Refused for what is no time, and for a range that ends before it starts.
    """
    since, until = _bound("recorded_from", first), _bound("recorded_to", last)
    if since and until and since[0] > until[1]:
        said = "recorded_from 晚于 recorded_to。", "`recorded_from` is later than `recorded_to`."
        raise Refused(faults=[Fault("#recorded_from", "ends_before_start", *said)])
    return since and since[0], until and until[1]


def _bound(name: str, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    if span := span_of(text):
        return span
    said = f"{name} 须为日期，或带时区的时间。", f"{name} must be a date, or a timestamp with its offset."
    raise Refused(faults=[Fault(f"#{name}", "moment", *said)])


def _end_of(text: str) -> int | None:
    """The last microsecond that the text covers, up to now; None if it is no time, or a future one."""
    now, span = wall_clock(), span_of(text)
    return min(span[1], now) if span is not None and span[0] <= now else None


def _refused(name: str) -> Refused:
    pointer, name = name if name.startswith("/") else f"#{name}", name.removeprefix("/")
    zh = f"{name} 须为过去的日期、带时区的时间，或本县的水位号（wm_…）。"
    en = f"{name} must be a past date, a past timestamp with its offset, or a watermark of this book (wm_…)."
    return Refused(faults=[Fault(pointer, "as_of", zh, en)])


def watermark_text(book: str, watermark: int) -> str:
    """A watermark as it stands on answers."""
    return f"wm_{book}_{watermark}"


def books(connection: Connection) -> list[str]:
    """All books of the database."""
    return list(connection.scalars(select(BOOKS.c.book)))
