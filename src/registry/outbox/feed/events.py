"""The events of the feed: CloudEvents 1.0, made from the log for one reader, with the reader's rights of this moment.

For followers of every kind (poll, SSE, webhooks), inside one read:

    page = read_events(connection, sealer, who, registers, FeedRequest(after=812, limit=100))
    page.events     what happened from position 812 on, in the log's order; `event.body` are the CloudEvent's bytes
    page.next       the position to ask for next; it moves also over what the reader may not see
    page.head       the log's length; page.next == page.head says that there is no more
    page.reads("changes", request_id)   the access events to commit BEFORE any of the bodies leaves the server

`read_events` looks the key up again and raises Unauthenticated where it was revoked or has expired. Bytes and ids are the
same for the same rights. The head is read before the rights are, so that rights are never older than what they are put to.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from registry.core.access_log import plain_reads, render
from registry.core.alerts import narrowings
from registry.core.log_reader import Passed, Upwards, walk
from registry.core.principals import Principal, Role, open_glasses, renewed
from registry.core.register import Register
from registry.core.sealing import Sealer
from registry.core.view import Seen, View
from registry.core.watermarks import head_of, watermark_text
from registry.ledger.clock import timestamp
from registry.ledger.events import Event
from registry.ledger.tables import BOOKS, LOG
from registry.ledger.versions import Action, encode

STRETCH = 10_000
"""Positions that one read walks over at most."""
LEFT = "scope.left"
"""The type of the event that an entry, a division or whole registers left the reader's scope; nothing of it comes after."""
PEOPLE_HIDDEN = 1_000_000
"""The part of the event that registers left: more than a case has entries."""


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """Which events: from which position, so many positions at most, of which registers (None: all) and division."""

    after: int
    limit: int = 100
    registers: frozenset[str] | None = None
    division: str | None = None


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One CloudEvent for one reader."""

    id: str
    """`wm_<book>_<position>-<part>`: stable."""
    type: str
    position: int
    part: int
    subject: str
    """`<register>/<entry id>`; `divisions/<code>` where a division was taken from the key; `registers/<names>` where registers were."""
    body: bytes
    """Its JSON."""
    register: Register | None = None
    seen: Seen | None = None
    """The version that it shows; None where something left."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, in the log's order, the position to go on from, and the log's length."""

    who: Principal
    """The reader, with the rights that these were made by."""
    events: list[FeedEvent]
    next: int
    head: int

    @property
    def cursor(self) -> str:
        """`next` as it is sent."""
        return watermark_text(self.who.book, self.next)

    def reads(self, path: str, request_id: str) -> list[Event]:
        """What of it the reader sees in plain, for the access log: commit it before the bytes leave."""
        shown: dict[str, tuple[Register, list[Seen]]] = {}
        for event in self.events:
            if event.register is not None and event.seen is not None:
                shown.setdefault(event.register.name, (event.register, []))[1].append(event.seen)
        return [
            read
            for register, seen in shown.values()
            for read in plain_reads(self.who, register, path, seen, request_id)
        ]


def read_events(
    connection: Connection, sealer: Sealer | None, who: Principal, registers: Sequence[Register], request: FeedRequest
) -> Page:
    """The next events for a reader; without a sealer only which they are, their `data` null. Raises Unauthenticated where the key is
    no longer valid.
    """
    head = head_of(connection, who.book)
    who = _today(connection, who)
    names = [
        register.name
        for register in registers
        if who.role in register.readers and (request.registers is None or register.name in request.registers)
    ]
    wanted = Upwards(request.after, min(head, request.after + STRETCH), request.limit, request.division)
    passed, following = walk(connection, View(who), registers, names, wanted)
    events = [_left(who, each) if each.seen is None else _shown(sealer, who, each, each.seen) for each in passed]
    events += _narrowed(connection, who, request, following)
    events += _people_hidden(connection, who, registers, request, following)
    return Page(who, sorted(events, key=lambda event: (event.position, event.part)), following, head)


def _today(connection: Connection, who: Principal) -> Principal:
    today = renewed(connection, who)
    if today.role is Role.AUDITOR and today.purpose is not None:
        return replace(today, glasses=open_glasses(connection, today))
    return today


def _shown(sealer: Sealer | None, who: Principal, passed: Passed, seen: Seen) -> FeedEvent:
    register = passed.register
    more = {
        "division": seen.division,
        "entryversion": seen.number,
        "data": msgspec.Raw(render(sealer, who, register, seen)) if sealer else None,
    }
    kind = register.event or f"{register.name}.{passed.action}"
    place = passed.position, passed.part, passed.recorded_at
    return _event(who.book, kind, f"{register.name}/{passed.entry_id}", place, more, register, seen)


def _left(who: Principal, passed: Passed) -> FeedEvent:
    data = {"register": passed.register.name, "entry_id": passed.entry_id}
    place = passed.position, passed.part, passed.recorded_at
    return _event(who.book, LEFT, f"{passed.register.name}/{passed.entry_id}", place, {"data": data})


def _narrowed(connection: Connection, who: Principal, request: FeedRequest, stop: int) -> Iterator[FeedEvent]:
    """The divisions that were taken from the reader's own key: each once, unless it is the reader's again."""
    for narrowing in narrowings(connection, who, request.after, stop):
        for part, code in enumerate(narrowing.divisions, 1):
            wanted = request.division is None or code.startswith(request.division) or request.division.startswith(code)
            if wanted and not who.covers(code):
                kept = [own for own in who.divisions if own.startswith(code)]
                data = {"division": code, "kept": kept}
                place = narrowing.meta.position, part, narrowing.meta.recorded_at
                yield _event(who.book, LEFT, f"divisions/{code}", place, {"data": data})


def _people_hidden(
    connection: Connection, who: Principal, registers: Sequence[Register], request: FeedRequest, stop: int
) -> Iterator[FeedEvent]:
    """That the registers of people in care left the reader's scope, all of them at once: said to dashboards and bots, where the
    log stood when they ceased to see them.
    """
    names = [
        each.name for each in registers if each.people and (request.registers is None or each.name in request.registers)
    ]
    if who.sees_people or not names:
        return
    at = connection.scalar(select(BOOKS.c.people_hidden_at).where(BOOKS.c.book == who.book))
    if at is not None and request.after <= at < stop:
        here = LOG.c.book == who.book, LOG.c.position == at
        place = at, PEOPLE_HIDDEN, connection.scalars(select(LOG.c.recorded_at).where(*here)).one()
        yield _event(who.book, LEFT, f"registers/{'+'.join(names)}", place, {"data": {"registers": names}})


def _event(
    book: str, kind: str, subject: str, place: tuple[int, int, int | str], more: dict[str, object],
    register: Register | None = None, seen: Seen | None = None,
) -> FeedEvent:  # fmt: skip
    position, part, at = place
    name = f"{watermark_text(book, position)}-{part}"
    envelope = {
        "specversion": "1.0",
        "id": name,
        "source": f"/v1/books/{book}",
        "type": kind,
        "subject": subject,
        "time": at if isinstance(at, str) else timestamp(at),
        "datacontenttype": "application/json",
        "sequence": f"{position:016d}",
        **more,
    }
    return FeedEvent(name, kind, position, part, subject, encode(envelope), register, seen)


VERBS = {Action.CORRECTED: "correct", Action.TRANSFERRED: "transfer", Action.VOIDED: "void"}
"""The path below an entry by which an action is asked for."""


def all_types(registers: Iterable[Register], paths: Mapping[str, Any], erasable: str) -> list[str]:
    """The types of the events of all registers."""
    return [kind for register in registers for kind in event_types(register, paths, erasable)]


def event_types(register: Register, paths: Mapping[str, Any], erasable: str) -> Iterator[str]:
    """The types of the events that a register has: its own name for them, or one for each action that it can do."""
    if register.event is not None:
        yield register.event
        return
    at = f"/v1/{register.name}/{{entry_id}}"
    yield f"{register.name}.{Action.CREATED}"
    if "patch" in paths[at]:
        yield f"{register.name}.{Action.CHANGED}"
    yield from (f"{register.name}.{action}" for action, verb in VERBS.items() if f"{at}/{verb}" in paths)
    if register.name == erasable:
        yield f"{register.name}.{Action.ERASED}"
