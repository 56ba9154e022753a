"""Reading the access log (查阅日志): who was given access, who saw whose personal data, what for, who was refused."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement, Connection, select

from registry.core.schemas import Recorder
from registry.core.watermarks import span_of
from registry.errors import Fault, Refused
from registry.ledger.clock import wall_clock
from registry.ledger.events import EventKind
from registry.ledger.tables import BOOKS, EVENT_CASES, EVENTS

MARK = re.compile(r"wa_([0-9]{6})_([0-9]{1,18})")


class AccessEvent(msgspec.Struct, kw_only=True):
    """One access event, as it stands in the log's second tree; its canonical JSON is the leaf."""

    book: str
    position: Annotated[int, Meta(description="its place among the access events")]
    kind: EventKind
    recorded_at: str
    principal: Annotated[Recorder, Meta(description="who it was: the key's name, role and office as they were then")]
    register: str | None
    case_kind: str | None
    cases: Annotated[list[str], Meta(description="the disputes, patients or other entries that it touched")]
    details: Annotated[
        dict[str, Any],
        Meta(
            description="by kind; of a read: path (item, list, search, version, versions, case, write, conflict, evidence, "
            "changes, webhook), purpose, break_glass, entries, fields (classes of personal data shown), request_id"
        ),
    ]


class Disclosure(msgspec.Struct, kw_only=True):
    """That somebody saw, or opened, a person's data; nobody else's entries are named."""

    position: int
    kind: EventKind
    recorded_at: str
    principal: Recorder
    register: str | None
    path: str | None
    purpose: str | None
    break_glass: str | None
    reason: str | None
    fields: list[str]
    request_id: str | None


@dataclass(frozen=True, slots=True)
class EventCriteria:
    """Which events: of whom, of what kind, of which register or case, from when to when."""

    principal: str | None = None
    kind: EventKind | None = None
    register: str | None = None
    case: str | None = None
    case_kinds: tuple[str, ...] = ()
    """The registers that a case may be of."""
    since: int = 0
    until: int | None = None


def end_of_events(connection: Connection, book: str, as_of: str | None) -> int:
    """How many events there are, or were: `as_of` is a mark (`wa_440882_17`), a past date or a past timestamp."""
    head: int = connection.scalar(select(BOOKS.c.next_event).where(BOOKS.c.book == book)) or 0
    if as_of is None:
        return head
    if match := MARK.fullmatch(as_of):
        if match[1] == book and int(match[2]) <= head:
            return int(match[2])
    elif (span := span_of(as_of)) and span[0] <= wall_clock():
        later = select(EVENTS.c.position).where(EVENTS.c.book == book, EVENTS.c.recorded_at > span[1])
        first = connection.scalar(later.order_by(EVENTS.c.recorded_at, EVENTS.c.position).limit(1))
        return head if first is None else first
    zh = "as_of 须为过去的日期、带时区的时间，或本县查阅日志的位置号（wa_…）。"
    en = "as_of must be a past date, a past timestamp with its offset, or a mark of this book's access log (wa_…)."
    raise Refused(faults=[Fault("#as_of", "as_of", zh, en)])


def find_events(
    connection: Connection, book: str, criteria: EventCriteria, before: int, limit: int
) -> list[tuple[int, bytes]]:
    """The documents of the last events before a position, newest first."""
    where = list(_matching(criteria))
    query = select(EVENTS.c.position, EVENTS.c.document).where(
        EVENTS.c.book == book, EVENTS.c.position < before, *where
    )
    if criteria.case is not None:
        # Walks the case's own events: they are few, whatever the length of the log.
        mine = (EVENT_CASES.c.book == book, EVENT_CASES.c.case_id == criteria.case, EVENT_CASES.c.position < before)
        kinds = EVENT_CASES.c.kind.in_(criteria.case_kinds)
        query = query.where(EVENTS.c.position.in_(select(EVENT_CASES.c.position).where(*mine, kinds)))
    rows = connection.execute(query.order_by(EVENTS.c.position.desc()).limit(limit))
    return [(row.position, row.document) for row in rows]


def _matching(criteria: EventCriteria) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (EVENTS.c.principal_id, criteria.principal),
            (EVENTS.c.kind, criteria.kind),
            (EVENTS.c.register, criteria.register),
        )
        if value is not None
    ]
    found += [EVENTS.c.recorded_at >= criteria.since] if criteria.since else []
    return found + ([EVENTS.c.recorded_at <= criteria.until] if criteria.until is not None else [])


def disclosure(document: bytes) -> Disclosure:
    """What of an event may be told to those who ask about one person."""
    event = msgspec.json.decode(document, type=AccessEvent)
    details = event.details
    return Disclosure(
        position=event.position,
        kind=event.kind,
        recorded_at=event.recorded_at,
        principal=event.principal,
        register=event.register,
        path=details.get("path"),
        purpose=details.get("purpose"),
        break_glass=details.get("break_glass"),
        reason=details.get("reason"),
        fields=list(details.get("fields") or ()),
        request_id=details.get("request_id"),
    )
