"""Sending reminders: looks what is due, appends what was not said yet, in small writes. Runs beside the server, on each.

Exactly once: a reminder's id is made from its duty, due day and step, and it is looked for under the book's lock, in the
transaction that appends it. So it does not matter how many servers run, or where one was killed.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec
from sqlalchemy import Connection, select

from registry.core.divisions import names_at
from registry.core.duties import Window
from registry.core.fields import class_stamp
from registry.core.principals import Principal, Role
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import head_of
from registry.deadlines.periods import add_days
from registry.ledger.batch import Batch, Work, WriteOutcome
from registry.ledger.clock import BEIJING, Clock, beijing_day, moment, wall_clock
from registry.ledger.events import SERVER
from registry.ledger.tables import BOOKS, LOG
from registry.ledger.versions import Action, Append, VersionCause
from registry.reports.due.cadence import Cadence, is_long_past
from registry.reports.due.reminder_register import REMINDER_REGISTER, REMINDERS, ReminderIn, reminder_id
from registry.reports.due.service import DueSelection, Item, due_item, due_items
from registry.web.context import Context

A_WRITE = 50
"""Reminders in one write, so that no office waits behind them."""
LOOKED_UP = 1000
"""Ids in one statement."""
LOOK_EVERY = 300.0
"""Seconds between looks."""
AFTER_MIDNIGHT = 5.0
"""Seconds into the new day (Beijing) of its first look."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reminding:
    """The reminders of one server process, for all its books: what fails in one keeps no other from being looked at."""

    context: Context
    registers: Sequence[Register]
    cadence: Cadence
    clock: Clock = wall_clock
    _seen: dict[str, tuple[int, dt.date]] = field(default_factory=dict)
    """By book: the log's length and the day when there was nothing left to say."""

    async def run(self) -> None:
        """Until cancelled: at once, then every few minutes, and soon after midnight. A failure is tried again at the next look."""
        while True:
            try:
                await self.remind()
            except Exception:
                log.exception("nothing was looked at; it will be at the next look")
            await asyncio.sleep(pause(self.clock()))

    async def remind(self) -> int:
        """Append what is to be said today. Returns how many reminders that was."""
        today, sent = beijing_day(self.clock()), 0
        for book in await self.context.read(_books):
            try:
                sent += await self._remind(book, today)
            except Exception:
                log.exception("reminders of %s were not sent; they will be at the next look", book)
        return sent

    async def _remind(self, book: str, today: dt.date) -> int:
        head = await self.context.read(lambda connection: head_of(connection, book))
        if self._seen.get(book) == (head, today):
            return 0
        found = await self.context.scan(partial(self._unsaid, book, today))
        sent = 0
        for start in range(0, len(found), A_WRITE):
            outcome = await self.context.write(book, self._saying(book, today, found[start : start + A_WRITE]))
            sent += len(outcome.appends)
        if not found:
            self._seen[book] = head, today
        return sent

    def _unsaid(self, book: str, today: dt.date, connection: Connection) -> list[Item]:
        """The items that have reached a step of which the log says nothing yet."""
        view = View(_server(book))
        items = due_items(connection, view, self.registers, DueSelection(self._window(today)))
        ids = dict(self._ids(connection, book, today, items))
        said = _said(connection, view, sorted(ids))
        return [item for entry_id, (item, _) in ids.items() if entry_id not in said]

    def _saying(self, book: str, today: dt.date, items: Sequence[Item]) -> Work:
        """The write that reminds of these, as far as they are still due and nobody has."""

        def work(batch: Batch) -> WriteOutcome:
            for item in items:
                batch.touch(item.case_id)
            view, wanted = View(_server(book)), {item.id for item in items}
            selection = DueSelection(self._window(today), entries=frozenset(item.entry_id for item in items))
            due = [each for each in due_items(batch.connection, view, self.registers, selection) if each.id in wanted]
            ids = dict(self._ids(batch.connection, book, today, due))
            said = _said(batch.connection, view, sorted(ids))
            names = names_at(batch.connection, view)
            fresh = [(entry_id, *ids[entry_id]) for entry_id in ids if entry_id not in said]
            return WriteOutcome([self._append(entry_id, item, step, today, names) for entry_id, item, step in fresh])

        return work

    def _ids(
        self, connection: Connection, book: str, today: dt.date, items: Sequence[Item]
    ) -> Iterator[tuple[str, tuple[Item, int]]]:
        recorded = _recorded(connection, book, [each.position for each in items if is_long_past(each.due_on, today)])
        for item in items:
            step = self.cadence.step(item.due_on, today, recorded.get(item.position))
            if step is not None:
                yield reminder_id(book, item, step), (item, step)

    def _window(self, today: dt.date) -> Window:
        return Window(today, add_days(today, max(self.cadence.before, default=0)))

    def _append(self, entry_id: str, item: Item, step: int, today: dt.date, names: dict[str, str]) -> Append:
        shown = due_item(item, today, names, self.registers)
        reminder = ReminderIn(
            division=item.division, duty=item.id, kind=item.kind, kind_title=shown.kind_title, rule=shown.rule,
            due_register=item.register, due_entry_id=item.entry_id, entry=shown.entry, title=item.title,
            due_on=item.due_on, reminded_on=today, step=step, days_left=shown.days_left, overdue=shown.overdue,
            candidate=item.candidate,
        )  # fmt: skip
        document = {**msgspec.to_builtins(reminder), "id": entry_id, "division_name": shown.division_name}
        document["label"] = REMINDER_REGISTER.label(document)
        return Append(
            register=REMINDER_REGISTER.name, table=REMINDERS, entry_id=entry_id, number=1, action=Action.CREATED,
            actor=SERVER, case_kind=REMINDER_REGISTER.case_kind, case_id=entry_id, division=item.division,
            document=document, columns={"kind": item.kind, "due_on": item.due_on, "step": step},
            public=dict(document), classes=class_stamp(REMINDER_REGISTER.entry),
            schema_version=REMINDER_REGISTER.schema_version, cause=VersionCause.JOB,
        )  # fmt: skip


def pause(now: int) -> float:
    """Seconds until the next look: a few minutes, or just after midnight in Beijing if that is sooner."""
    at = moment(now).astimezone(BEIJING)
    midnight = dt.datetime.combine(at.date() + dt.timedelta(days=1), dt.time(), BEIJING)
    return min(LOOK_EVERY, (midnight - at).total_seconds() + AFTER_MIDNIGHT)


def _server(book: str) -> Principal:
    """Who looks for reminders: the server itself, over the whole book, masked."""
    return Principal(SERVER.id, book, SERVER.name, Role.AUDITOR, (book,), None, None)


def _books(connection: Connection) -> list[str]:
    return list(connection.scalars(select(BOOKS.c.book).order_by(BOOKS.c.book)))


def _recorded(connection: Connection, book: str, positions: Sequence[int]) -> dict[int, dt.date]:
    """The days on which these versions were recorded."""
    found: dict[int, dt.date] = {}
    for start in range(0, len(positions), LOOKED_UP):
        these = LOG.c.book == book, LOG.c.position.in_(positions[start : start + LOOKED_UP])
        rows = connection.execute(select(LOG.c.position, LOG.c.recorded_at).where(*these))
        found |= {row.position: beijing_day(row.recorded_at) for row in rows}
    return found


def _said(connection: Connection, view: View, ids: Sequence[str]) -> set[str]:
    """Which of these reminders the log holds already."""
    query = view.rows(REMINDER_REGISTER, [REMINDERS.c.entry_id])
    found: set[str] = set()
    for start in range(0, len(ids), LOOKED_UP):
        some = REMINDERS.c.entry_id.in_(ids[start : start + LOOKED_UP])
        found |= set(connection.scalars(query.where(some), view.binds()))
    return found
