"""Delivers the webhooks while the server runs.

One loop claims leases; each webhook that this server holds has a task of its own, which fills its queue from the log and sends what is
due, a few at a time. Nothing is remembered outside the database but what is on the wire, so a kill costs repeats only.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row

from registry.core.access_log import noting
from registry.core.register import Register
from registry.core.watermarks import head_of
from registry.db.outages import is_outage
from registry.ledger.clock import Clock, timestamp, wall_clock
from registry.ledger.events import SERVER
from registry.ledger.ids import new_id
from registry.ledger.versions import encode
from registry.outbox.feed.events import FeedEvent, Page
from registry.outbox.webhooks import queue
from registry.outbox.webhooks.backoff import MANY, SECOND, Chance
from registry.outbox.webhooks.delivery import Sender
from registry.outbox.webhooks.queue import DeliveryResult
from registry.outbox.webhooks.service import pause_webhook
from registry.outbox.webhooks.signing import open_secrets, signed_headers
from registry.outbox.webhooks.subscription import NoRights, read_on, read_one, wants
from registry.tasks import end_tasks
from registry.web.context import Context

log = logging.getLogger(__name__)

TICK = 0.5
"""Seconds between two looks at the log and the queue while something is on the wire."""
IDLE = 4
"""Ticks between two looks while nothing is; what is written wakes it sooner."""
CLAIM_EVERY = 2.0
"""Seconds between two renewals of the leases; a lease outlasts ten of them."""
AT_ONCE = 4
"""Deliveries on the wire of one webhook. They share nothing with those of another, so a receiver that hangs holds up nobody."""
AT_A_TIME = 500
"""Rows of the log read in one step."""
MARGIN = 16 * SECOND
"""A delivery begins only while the lease outlasts it, time-out and all."""
SWEEP_EVERY = 3600.0
"""Seconds between two sweeps of the delivery log."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """What one attempt sends."""

    page: Page
    """The event alone; knows what of it is plain."""
    event: FeedEvent
    secrets: list[str]


@dataclass(slots=True)
class Worker:
    """Delivers the webhooks that this server has leased. One for each server process."""

    context: Context
    registers: Sequence[Register]
    sender: Sender
    clock: Clock = wall_clock
    chance: Chance = random.random
    tick: float = TICK
    owner: str = field(default_factory=new_id)
    _hooks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _claiming: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """A webhook was made or changed: look at once."""
        self._changed.set()

    def start(self) -> None:
        self._claiming = asyncio.create_task(self._claim(), name="webhooks")

    async def close(self) -> None:
        """Stop at once: what is on the wire is sent again by whoever comes next."""
        await end_tasks([self._claiming])  # first: it begins the others
        await end_tasks(self._hooks.values())
        await self.sender.close()
        with contextlib.suppress(Exception):  # the database may be away; the leases then run out
            await self.context.database.write(partial(queue.release, owner=self.owner))

    async def _claim(self) -> None:
        swept = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLAIM_EVERY):
                    await self._changed.wait()
            self._changed.clear()
            try:
                mine = await self.context.database.write(partial(queue.claim, owner=self.owner, now=self.clock()))
                for webhook in mine:
                    self._begin(webhook)
                if asyncio.get_running_loop().time() > swept + SWEEP_EVERY:
                    await self.context.database.write(partial(queue.forget_old, now=self.clock()))
                    swept = asyncio.get_running_loop().time()
            except Exception:
                log.exception("webhooks were not claimed")

    def _begin(self, webhook: str) -> None:
        running = self._hooks.get(webhook)
        if running is None or running.done():
            self._hooks[webhook] = asyncio.create_task(self._serve(webhook), name=f"webhook-{webhook}")

    async def _serve(self, webhook: str) -> None:
        """Deliver one webhook for as long as this server holds it."""
        sending: dict[str, asyncio.Task[None]] = {}
        try:
            while (row := await self._leased(webhook)) is not None:
                grown = self.context.wakeups.next(row.book)
                behind = await self._fill(row)
                await self._send_due(row, sending)
                if behind:
                    continue
                if sending:
                    await asyncio.wait(sending.values(), timeout=self.tick, return_when=asyncio.FIRST_COMPLETED)
                elif self.context.wakeups.closing:
                    await asyncio.sleep(self.tick)
                else:
                    await self.context.wakeups.wait(grown, IDLE * self.tick)
        except Exception:
            log.exception("webhook %s waits", webhook)  # claimed again at the next renewal
        finally:
            await end_tasks(sending.values())

    async def _leased(self, webhook: str) -> Row[Any] | None:
        until = self.clock() + MARGIN
        return await self.context.read(partial(queue.leased, webhook=webhook, owner=self.owner, now=until))

    async def _fill(self, row: Row[Any]) -> bool:
        """Read the log on, where there is more and room for it. Returns whether there is still more."""
        try:
            found = await self.context.scan(partial(self._read_on, row))
        except NoRights as lost:
            await self._pause(row, lost.reason)
            return False
        if found is None:
            return False
        events = [event for event in found.events if wants(row.events, event.type)]
        await self.context.database.write(
            lambda connection: queue.enqueue(connection, row, events, found.next, self.clock())
        )
        return found.next < found.head

    def _read_on(self, row: Row[Any], connection: Connection) -> Page | None:
        room = queue.MOST_WAITING - queue.waiting(connection, row.id)
        if row.next_position >= head_of(connection, row.book) or room <= 0:
            return None
        return read_on(connection, self.registers, row, self.clock(), min(room, AT_A_TIME))

    async def _send_due(self, row: Row[Any], sending: dict[str, asyncio.Task[None]]) -> None:
        """Begin the deliveries that are due; of a receiver that is down, one at a time."""
        for subject in [subject for subject, task in sending.items() if task.done()]:
            del sending[subject]
        if not _may_be_tried(row, self.clock()):
            return
        at_once = 1 if row.failures >= MANY else AT_ONCE
        due = await self.context.read(partial(queue.heads, webhook=row.id, now=self.clock(), limit=2 * AT_ONCE))
        for item in due:
            if len(sending) < at_once and item.subject not in sending:
                sending[item.subject] = asyncio.create_task(self._deliver(row, item))

    async def _deliver(self, row: Row[Any], item: Row[Any]) -> None:
        """One attempt. What breaks here is a failure like the receiver's own, or the event would be tried again at once, for ever."""
        at = self.clock()
        try:
            await self._attempt(row.id, item, at)
        except Exception as failure:
            log.exception("event %s of webhook %s waits", item.event_id, row.id)
            await asyncio.sleep(self.tick)
            if not is_outage(failure):
                await self._settle(row, item, DeliveryResult(None, "internal", 0), at)

    async def _attempt(self, webhook: str, item: Row[Any], at: int) -> None:
        row = await self._leased(webhook)  # meanwhile it may have been changed, or lost its lease
        if row is None or not _may_be_tried(row, at):
            return
        try:
            ready = await self.context.read(partial(self._prepare, row, item, at))
        except NoRights as lost:
            await self._pause(row, lost.reason)
            return
        if ready is None or not wants(row.events, ready.event.type):
            why = "out_of_scope" if ready is None else "not_wanted"
            await self.context.database.write(partial(queue.drop, item=item, at=at, why=why))
            return
        if reads := ready.page.reads("webhook", row.id):
            hook = {"created_by": row.created_by, "host": urlsplit(row.url).hostname}
            told = [replace(read, details={**read.details, "webhook": hook}) for read in reads]
            await self.context.write(row.book, noting(*told))  # before the bytes leave
            if await self._leased(webhook) is None:
                return  # that took so long that another server may be at it
        headers = signed_headers(ready.secrets, ready.event.id, ready.event.body, wall_clock())
        await self._settle(row, item, await self.sender.send(row.url, headers, ready.event.body), at)

    async def _settle(self, row: Row[Any], item: Row[Any], result: DeliveryResult, at: int) -> None:
        await self.context.database.write(
            lambda connection: queue.settle(connection, row, item, result, at, self.chance)
        )

    def _prepare(self, row: Row[Any], item: Row[Any], at: int, connection: Connection) -> _Ready | None:
        """The event as the webhook's key sees it today; None where it no longer does."""
        sealer = self.context.sealer
        found = read_one(connection, sealer, self.registers, row, at, item.event_id)
        return None if found is None else _Ready(*found, open_secrets(sealer, row, at))

    async def _pause(self, row: Row[Any], reason: str) -> None:
        await self.context.database.write(
            lambda connection: pause_webhook(connection, row.book, row.id, SERVER, "paused", reason)
        )


def _may_be_tried(row: Row[Any], now: int) -> bool:
    """Whether the receiver need not be left in peace."""
    return row.not_before is None or row.not_before <= now


async def ping(worker: Worker, row: Row[Any]) -> Row[Any]:
    """Send a `ping` event at once. Returns its row of the delivery log."""
    at = worker.clock()
    event_id = f"ping_{new_id()}"
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/v1/books/{row.book}",
        "type": "ping",
        "subject": f"webhooks/{row.id}",
        "time": timestamp(at),
        "datacontenttype": "application/json",
        "data": {"webhook": row.id},
    }
    body = encode(event)
    signing = await worker.context.read(lambda _: open_secrets(worker.context.sealer, row, at))
    result = await worker.sender.send(row.url, signed_headers(signing, event_id, body, wall_clock()), body)
    return await worker.context.database.write(
        lambda connection: queue.log_ping(connection, row.id, event_id, result, at)
    )
