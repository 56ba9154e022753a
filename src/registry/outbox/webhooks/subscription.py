"""What a webhook is sent: the feed's events, as the webhook's key sees them at the moment of delivery."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row

from registry.core.principals import Principal, Purpose, find_principal
from registry.core.register import Register
from registry.core.sealing import Sealer
from registry.outbox.feed.events import LEFT, FeedEvent, FeedRequest, Page, read_events


class NoRights(Exception):
    """The webhook's key is revoked or expired, or no longer covers the webhook's division; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def rights_of(connection: Connection, row: Row[Any], now: int) -> Principal:
    """The principal of a webhook with today's rights; masked, unless the webhook has a purpose. Raises NoRights."""
    who = find_principal(connection, row.book, row.principal_id)
    if who is None or who.revoked_at is not None:
        raise NoRights("key_revoked")
    if not who.is_valid(now):
        raise NoRights("key_expired")
    if row.division is not None and not who.covers(row.division):
        raise NoRights("division_lost")
    return replace(who, purpose=Purpose(row.purpose)) if row.purpose else replace(who, masked=True)


def matches(pattern: str, kind: str) -> bool:
    """Whether a pattern is of this type of event: `*`, `disputes.*` or `disputes.created`."""
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern


def wants(patterns: str, kind: str) -> bool:
    """Whether a filter of event types (patterns separated by blanks) takes this one. `scope.left` always comes along: whoever keeps
    copies must hear what to drop.
    """
    return kind == LEFT or any(matches(pattern, kind) for pattern in patterns.split())


def wanted_registers(patterns: str, registers: Sequence[Register]) -> frozenset[str] | None:
    """The registers whose events a filter takes; None: all."""
    stems = {pattern.partition(".")[0] for pattern in patterns.split()}
    if stems & {"*", LEFT.partition(".")[0]}:
        return None
    own = {register.name: (register.event or register.name).partition(".")[0] for register in registers}
    return frozenset(name for name, stem in own.items() if stem in stems)


def read_on(connection: Connection, registers: Sequence[Register], row: Row[Any], now: int, limit: int) -> Page:
    """Which events are next for a webhook; not all are of the types that it wants. Each attempt makes its own body. Raises NoRights."""
    who = rights_of(connection, row, now)
    request = FeedRequest(row.next_position, limit, wanted_registers(row.events, registers), row.division)
    return read_events(connection, None, who, registers, request)


def read_one(
    connection: Connection, sealer: Sealer, registers: Sequence[Register], row: Row[Any], now: int, event_id: str
) -> tuple[Page, FeedEvent] | None:
    """One event by its id, with the page that knows what of it is plain; None where it cannot be seen (any longer).

    Raises NoRights.
    """
    who = rights_of(connection, row, now)
    page = read_events(connection, sealer, who, registers, FeedRequest(position_of(event_id), 1, division=row.division))
    found = [event for event in page.events if event.id == event_id]
    return (replace(page, events=found), found[0]) if found else None


def position_of(event_id: str) -> int:
    """The position in an event's id: 812 of `wm_440882_812-0`."""
    return int(event_id.rpartition("-")[0].rpartition("_")[2])
