"""One transaction's worth of writes: services run in turn, what they return is written together.

The book's row is locked from the first line to the commit, so positions are given in commit order and have no gaps, with one
server process or with several (`docs/decisions/0004`).
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, Update, and_, bindparam, insert, select, update

from registry.errors import Conflict
from registry.ledger.clock import Clock, timestamp
from registry.ledger.events import Event, EventKind
from registry.ledger.tables import BLIND_INDEX, BOOKS, EVENT_CASES, EVENTS, LOG, SEQUENCES, SHARING
from registry.ledger.versions import Append, NewDataKey, VersionCause

HEAD = (
    select(BOOKS.c.next_position, BOOKS.c.last_recorded_at, BOOKS.c.next_event, BOOKS.c.last_event_at)
    .where(BOOKS.c.book == bindparam("b"))
    .with_for_update()
)


class Deferred(Exception):
    """The write touches a case that this batch has already written to."""


@dataclass(slots=True)
class WriteOutcome:
    """What a service decided: versions to append, events of access, rows to add beside them, and the answer."""

    appends: list[Append] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    rows: list[tuple[Table, dict[str, object]]] = field(default_factory=list)
    answer: object = None


Work = Callable[["Batch"], WriteOutcome]


class Batch:
    """The writes of one transaction on one book."""

    def __init__(self, connection: Connection, book: str, clock: Clock, *, replayed_at: int | None = None) -> None:
        self.connection = connection
        self.book = book
        head = connection.execute(HEAD, {"b": book}).one_or_none()
        if head is None:
            connection.execute(insert(BOOKS).values(book=book, next_position=0, last_recorded_at=0))
        self.position: int = head.next_position if head else 0
        self.last_recorded_at: int = head.last_recorded_at if head else 0
        self._next_event: int = head.next_event if head else 0
        self._first_event = self._next_event
        self._last_event_at: int = head.last_event_at if head else 0
        if replayed_at is not None:
            self._check_replay()
        self.start = self.position
        self.now = max(clock(), self.last_recorded_at + 1)
        """The time of this batch: the clock's, but never before what is recorded already."""
        self._replayed_at = replayed_at
        self.memo: dict[object, Any] = {}
        """What services looked up once for all: divisions."""
        self._cases: set[str] = set()
        self._claims: set[object] = set()
        self._sequences: dict[str, int] = {}
        self._appends: list[tuple[Append, int]] = []
        self._rows: dict[Table, list[dict[str, object]]] = defaultdict(list)
        self._new_keys: list[NewDataKey] = []

    def _check_replay(self) -> None:
        """A replay clock is for loading into an empty book: once a live version stands in the log, it is refused."""
        last = select(LOG.c.replayed_at).where(LOG.c.book == self.book, LOG.c.position == self.position - 1)
        if self.position and self.connection.scalar(last) is None:
            raise Conflict(
                zh="台账已有实时记录，不能再载入过去的日子。", en="The book has live versions; days cannot be replayed."
            )

    def touch(self, case_id: str) -> None:
        """Say that the running write reads or writes this case. Raises Deferred if the batch has changed it already."""
        if case_id in self._cases:
            raise Deferred

    def claim(self, name: object) -> None:
        """Let one write of the batch have `name` (an idempotency key); others wait for the next batch."""
        if name in self._claims:
            raise Deferred
        self._claims.add(name)

    def accept(self, outcome: WriteOutcome) -> None:
        """Take what a service returned: give positions, times and numbers. Nothing is written yet."""
        for append in outcome.appends:
            recorded_at = max(self.now, self.last_recorded_at + 1)
            if append.created_at is None:
                append.created_at = recorded_at
            if append.sequence is not None:
                self._number(append, append.sequence)
            append.meta = self._meta(append, recorded_at)
            # What an erasure adds later to what was hashed stands in `erased`, here and in all earlier versions.
            append.document["meta"] = append.meta | ({"erased": append.erased} if append.erased else {})
            append.public["meta"] = append.meta
            self._rows[LOG].append(append.log_row(self.book, self.position, recorded_at, self._replayed_at))
            self._add_beside(append)
            self._appends.append((append, self.position))
            self._cases.add(append.case_id)
            self.last_recorded_at = recorded_at
            self.position += 1
        for event in outcome.events:
            self._note(event)
        for table, row in outcome.rows:
            self._rows[table].append(row)

    def flush(self) -> None:
        """Write everything that was accepted."""
        tables = {append.table: append for append, _ in self._appends}
        for table in tables:
            self._write_versions(table)
        for table, rows in self._rows.items():
            if rows:
                self.connection.execute(insert(table), rows)
        for name, last in self._sequences.items():
            self._save_sequence(name, last)
        if self.position > self.start or self._next_event > self._first_event:
            head = {
                "next_position": self.position,
                "last_recorded_at": self.last_recorded_at,
                "next_event": self._next_event,
                "last_event_at": self._last_event_at,
            }
            self.connection.execute(update(BOOKS).where(BOOKS.c.book == self.book).values(head))
        # Last of all: every unique rule is satisfied and the book is locked, so no committed write can hold another key.
        for keep in {new.keep for new in self._new_keys}:
            keep([new.row for new in self._new_keys if new.keep == keep])

    def _note(self, event: Event) -> None:
        """Give an event of access its place in the second tree."""
        self._last_event_at = max(self.now, self._last_event_at)
        row, cases = event.rows(self.book, self._next_event, self._last_event_at)
        self._rows[EVENTS].append(row)
        self._rows[EVENT_CASES] += cases
        self._next_event += 1

    def _meta(self, append: Append, recorded_at: int) -> dict[str, object]:
        return {
            "register": append.register,
            "version": append.number,
            "position": self.position,
            "action": append.action,
            "reason": append.reason,
            "voided": append.voided,
            "schema_version": append.schema_version,
            "created_at": timestamp(append.created_at or recorded_at),
            "cause": VersionCause.REPLAY if self._replayed_at else append.cause,
            "recorded_at": timestamp(recorded_at),
            "recorded_by": append.actor.document(),
            "replayed_at": timestamp(self._replayed_at) if self._replayed_at else None,
            "provenance": append.provenance,
        }

    def _add_beside(self, append: Append) -> None:
        """Rows that go with a version: digests for searching, a new data key, towns that the case is opened to."""
        if append.sealed:
            self._new_keys += [append.sealed.new_key] if append.sealed.new_key else []
            digests = sorted(set(append.sealed.digests))
            self._rows[BLIND_INDEX] += [
                {"book": self.book, "kind": kind, "digest": digest, "position": self.position}
                for kind, digest in digests
            ]
        self._rows[SHARING] += [
            {
                "book": self.book,
                "kind": append.case_kind,
                "case_id": append.case_id,
                "town": town,
                "since": self.position,
                "until": None,
            }
            for town in append.share
        ]
        for kind, towns in ((EventKind.CASE_OPENED, append.share), (EventKind.CASE_CLOSED, append.unshare)):
            if towns:
                details: dict[str, object] = {"towns": towns, "log_position": self.position}
                self._note(Event(kind, append.actor, details, append.register, append.case_kind, (append.case_id,)))

    def _write_versions(self, table: Table) -> None:
        mine = [(append, position) for append, position in self._appends if append.table is table]
        ended = [
            {"b": self.book, "e": append.entry_id, "n": append.number - 1, "p": position}
            for append, position in mine
            if append.number > 1
        ]
        if ended:
            self.connection.execute(_supersede(table), ended)
        self.connection.execute(insert(table), [append.version_row(self.book, position) for append, position in mine])
        for append, position in mine:
            if append.unshare:
                self._close_sharing(append, position)

    def _close_sharing(self, append: Append, position: int) -> None:
        open_now = and_(
            SHARING.c.book == self.book,
            SHARING.c.kind == append.case_kind,
            SHARING.c.case_id == append.case_id,
            SHARING.c.town.in_(append.unshare),
            SHARING.c.until.is_(None),
        )
        self.connection.execute(update(SHARING).where(open_now).values(until=position))

    def _number(self, append: Append, name: str) -> None:
        """Give the next running number of `name`: 440882102-2020 -> 440882102-2020-0001."""
        if name not in self._sequences:
            found = select(SEQUENCES.c.last).where(SEQUENCES.c.book == self.book, SEQUENCES.c.name == name)
            self._sequences[name] = self.connection.scalar(found) or 0
        self._sequences[name] += 1
        given = f"{name}-{self._sequences[name]:04d}"
        append.document["case_number"] = append.public["case_number"] = append.columns["case_number"] = given
        append.document["label"] = append.public["label"] = f"{append.document['label']} {given}"

    def _save_sequence(self, name: str, last: int) -> None:
        here = and_(SEQUENCES.c.book == self.book, SEQUENCES.c.name == name)
        if not self.connection.execute(update(SEQUENCES).where(here).values(last=last)).rowcount:
            self.connection.execute(insert(SEQUENCES).values(book=self.book, name=name, last=last))


def _supersede(table: Table) -> Update:
    return (
        update(table)
        .where(
            table.c.book == bindparam("b"),
            table.c.entry_id == bindparam("e"),
            table.c.number == bindparam("n"),
            table.c.superseded_at.is_(None),
        )
        .values(superseded_at=bindparam("p"))
    )
