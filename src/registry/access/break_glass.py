"""Break-glass (紧急查阅): an auditor sees one entry's personal data in plain, for at most an hour, with a reason."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from registry.core.alerts import AlertIn, AlertKind, raised
from registry.core.principals import BREAK_GLASS, Principal
from registry.core.register import Register
from registry.core.view import Seen
from registry.ledger.batch import Batch, Work, WriteOutcome
from registry.ledger.clock import timestamp
from registry.ledger.events import Event, EventKind

MINUTE = 60_000_000
"""Microseconds."""
LONGEST = 60
"""Minutes."""


class Opened(msgspec.Struct, kw_only=True):
    """One entry opened to one auditor, why, and until when."""

    id: str
    register: str
    entry_id: str
    reason: str
    opened_by: str
    opened_at: str
    until: str


def breaking(who: Principal, register: Register, seen: Seen, glass_id: str, reason: str, minutes: int) -> Work:
    """The write that opens an entry, and tells the supervisor so by an event of access and an alert."""

    def work(batch: Batch) -> WriteOutcome:
        until = batch.now + minutes * MINUTE
        row = {
            "id": glass_id,
            "book": who.book,
            "principal_id": who.id,
            "register": register.name,
            "entry_id": seen.entry_id,
            "reason": reason,
            "opened_by": who.name,
            "opened_at": batch.now,
            "until": until,
        }
        details: dict[str, object] = {
            "break_glass": glass_id,
            "entries": [seen.entry_id],
            "reason": reason,
            "until": timestamp(until),
        }
        event = Event(EventKind.BREAK_GLASS, who.actor, details, register.name, register.case_kind, (seen.case_id,))
        answer = Opened(
            id=glass_id,
            register=register.name,
            entry_id=seen.entry_id,
            reason=reason,
            opened_by=who.name,
            opened_at=timestamp(batch.now),
            until=timestamp(until),
        )
        alert = AlertIn(
            kind=AlertKind.BREAK_GLASS,
            title=f"紧急查阅{register.title}一条记录",
            key_id=who.id,
            key_name=who.name,
            register=register.name,
            entry_id=seen.entry_id,
            break_glass_id=glass_id,
            until=timestamp(until),
        )
        return WriteOutcome([raised(alert, seen.division)], [event], [(BREAK_GLASS, row)], answer)

    return work


def list_glasses(connection: Connection, book: str, limit: int) -> Sequence[Row[Any]]:
    """The last that were opened in the book, newest first."""
    query = select(BREAK_GLASS).where(BREAK_GLASS.c.book == book).order_by(BREAK_GLASS.c.id.desc()).limit(limit)
    return connection.execute(query).all()


def opened(row: Row[Any]) -> Opened:
    """A row, as it is told."""
    times = {name: timestamp(getattr(row, name)) for name in ("opened_at", "until")}
    same = {name: getattr(row, name) for name in ("id", "register", "entry_id", "reason", "opened_by")}
    return Opened(**same, **times)
