"""The queue of a webhook: who may deliver it (a lease), what waits, in which order, and what became of each attempt.

Each function is one transaction. The queue and the place in the log move together, so a crash repeats deliveries but loses none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, not_, or_, select, update

from registry.ledger.events import SERVER
from registry.ledger.ids import new_id
from registry.outbox.feed.events import FeedEvent
from registry.outbox.webhooks.backoff import PATIENCE, SECOND, Chance, next_attempt, respite
from registry.outbox.webhooks.service import pause_webhook, warn
from registry.outbox.webhooks.tables import DELIVERIES, QUEUE, WEBHOOKS

LEASE = 20 * SECOND
"""How long a server may deliver a webhook without renewing."""
MOST_WAITING = 10_000
"""Events in the queue of one webhook; until there is room the log waits."""
KEPT = 30 * 24 * 3600 * SECOND
"""How long the delivery log is kept."""
GONE = 410


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """How one attempt went: the status of the answer, or what went wrong before there was one."""

    status: int | None
    fault: str | None
    duration_ms: int
    retry_after: int | None = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - 2xx


def claim(connection: Connection, owner: str, now: int) -> list[str]:
    """Take, or renew, the lease of every active webhook that no other server holds. Returns their ids."""
    free = or_(WEBHOOKS.c.leased_by.is_(None), WEBHOOKS.c.leased_by == owner, WEBHOOKS.c.leased_until < now)
    lease = {"leased_by": owner, "leased_until": now + LEASE}
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.status == "active", free).values(lease))
    mine = (WEBHOOKS.c.status == "active", WEBHOOKS.c.leased_by == owner)
    return list(connection.scalars(select(WEBHOOKS.c.id).where(*mine).order_by(WEBHOOKS.c.id)))


def release(connection: Connection, owner: str) -> None:
    """Give all leases back, so that another server need not wait for their end."""
    nobody = {"leased_by": None, "leased_until": None}
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.leased_by == owner).values(nobody))


def leased(connection: Connection, webhook: str, owner: str, now: int) -> Row[Any] | None:
    """The webhook's row, if it is active and this server may deliver it."""
    mine = (WEBHOOKS.c.id == webhook, WEBHOOKS.c.status == "active", WEBHOOKS.c.leased_by == owner)
    return connection.execute(select(WEBHOOKS).where(*mine, WEBHOOKS.c.leased_until > now)).one_or_none()


def waiting(connection: Connection, webhook: str) -> int:
    """How many events wait."""
    return connection.scalar(select(func.count()).where(QUEUE.c.webhook_id == webhook)) or 0


def enqueue(connection: Connection, row: Row[Any], events: Sequence[FeedEvent], until: int, now: int) -> None:
    """Put events into the queue and move the place in the log past them; nothing, where somebody moved it meanwhile. Where that
    leaves no more room, the administrators are told.
    """
    unmoved = (WEBHOOKS.c.id == row.id, WEBHOOKS.c.next_position == row.next_position)
    if not connection.execute(update(WEBHOOKS).where(*unmoved).values(next_position=until)).rowcount:
        return
    ahead = select(QUEUE.c.event_id).where(QUEUE.c.webhook_id == row.id, QUEUE.c.position >= row.next_position)
    known = set(connection.scalars(ahead))
    rows = [
        {"webhook_id": row.id, "position": each.position, "event_id": each.id, "subject": each.subject, "attempts": 0,
         "first_at": None, "due_at": now}
        for each in events
        if each.id not in known
    ]  # fmt: skip
    if rows:
        connection.execute(insert(QUEUE), rows)
        if waiting(connection, row.id) >= MOST_WAITING:
            warn(connection, row, now, f"推送积压已满（{MOST_WAITING}条待接收），接收方恢复前不再读取新的变更。")


def heads(connection: Connection, webhook: str, now: int, limit: int) -> list[Row[Any]]:
    """The first event of each entry that waits, where it is due: the later ones wait for it."""
    earlier = QUEUE.alias("earlier")
    same_entry = earlier.c.webhook_id == QUEUE.c.webhook_id, earlier.c.subject == QUEUE.c.subject
    first = not_(exists().where(*same_entry, earlier.c.position < QUEUE.c.position))
    due = select(QUEUE).where(QUEUE.c.webhook_id == webhook, QUEUE.c.due_at <= now, first)
    return list(connection.execute(due.order_by(QUEUE.c.due_at, QUEUE.c.position, QUEUE.c.event_id).limit(limit)).all())


def settle(
    connection: Connection, hook: Row[Any], item: Row[Any], result: DeliveryResult, at: int, chance: Chance
) -> str | None:
    """Write down an attempt begun at `at`, and what follows from it. Returns why the webhook was paused, if it was."""
    if result.good:
        _finish(connection, item)
        good = {"failures": 0, "not_before": None, "failing_since": None, "delivered_at": at}
        connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == hook.id).values(good))
        log_attempt(connection, item, result, at, "delivered")
        return None
    ended = at + result.duration_ms * 1000
    failing_since = _count_failure(connection, hook.id, at, ended, chance, result.retry_after)
    if result.status == GONE or ended >= failing_since + PATIENCE:
        log_attempt(connection, item, result, at, "failed")
        status, reason = ("stopped", "gone") if result.status == GONE else ("paused", "failing")
        pause_webhook(connection, hook.book, hook.id, SERVER, status, reason)
        return reason
    _try_again(connection, hook, item, result, at, chance)
    return None


def _try_again(
    connection: Connection, hook: Row[Any], item: Row[Any], result: DeliveryResult, at: int, chance: Chance
) -> None:
    """Put an event that failed back for later; after three days it is given up, and the administrators are told."""
    first_at, attempts, ended = item.first_at or at, item.attempts + 1, at + result.duration_ms * 1000
    next_at = next_attempt(first_at, ended, attempts, chance, result.retry_after)
    log_attempt(connection, item, result, at, "given_up" if next_at is None else "failed", next_at)
    if next_at is None:
        _finish(connection, item)
        warn(connection, hook, ended, "推送中有变更连续3天未被接收，已放弃投递；投递记录（given_up）列出是哪些。")
        return
    later = {"attempts": attempts, "first_at": first_at, "due_at": next_at}
    connection.execute(update(QUEUE).where(*_this(item)).values(later))


def drop(connection: Connection, item: Row[Any], at: int, why: str) -> None:
    """Take an event out of the queue that its reader may no longer see, or no longer wants."""
    _finish(connection, item)
    log_attempt(connection, item, DeliveryResult(None, why, 0), at, "dropped")


def log_attempt(
    connection: Connection, item: Row[Any], result: DeliveryResult, at: int, outcome: str, next_at: int | None = None
) -> None:
    """One row of the delivery log."""
    _log(connection, item.webhook_id, item.event_id, item.attempts + 1, result, at, outcome, next_at)


def log_ping(connection: Connection, webhook: str, event_id: str, result: DeliveryResult, at: int) -> Row[Any]:
    """The row of an event that was sent once, for a test."""
    made = _log(connection, webhook, event_id, 1, result, at, "delivered" if result.good else "failed", None)
    return connection.execute(select(DELIVERIES).where(DELIVERIES.c.id == made)).one()


def _log(
    connection: Connection, webhook: str, event_id: str, attempt: int, result: DeliveryResult, at: int, outcome: str,
    next_at: int | None,
) -> str:  # fmt: skip
    row = {
        "id": new_id(),
        "webhook_id": webhook,
        "event_id": event_id,
        "attempt": attempt,
        "at": at,
        "outcome": outcome,
        "status": result.status,
        "fault": result.fault,
        "duration_ms": result.duration_ms,
        "next_at": next_at,
    }
    connection.execute(insert(DELIVERIES).values(row))
    return str(row["id"])


def forget_old(connection: Connection, now: int) -> None:
    """The delivery log is kept 30 days."""
    connection.execute(delete(DELIVERIES).where(DELIVERIES.c.at < now - KEPT))


def _count_failure(
    connection: Connection, webhook: str, at: int, ended: int, chance: Chance, retry_after: int | None
) -> int:
    """One failure more, after which the receiver may be left in peace for a while. Returns since when there are nothing but
    failures: the first one writes it down.
    """
    this = WEBHOOKS.c.id == webhook
    counted = {"failures": WEBHOOKS.c.failures + 1, "failing_since": func.coalesce(WEBHOOKS.c.failing_since, at)}
    connection.execute(update(WEBHOOKS).where(this).values(counted))
    row = connection.execute(select(WEBHOOKS.c.failures, WEBHOOKS.c.failing_since).where(this)).one_or_none()
    if row is None:
        return at
    until = ended + respite(row.failures, chance, retry_after)
    sooner = or_(WEBHOOKS.c.not_before.is_(None), WEBHOOKS.c.not_before < until)
    connection.execute(update(WEBHOOKS).where(this, sooner).values(not_before=until))
    since: int = row.failing_since
    return since


def _finish(connection: Connection, item: Row[Any]) -> None:
    connection.execute(delete(QUEUE).where(*_this(item)))


def _this(item: Row[Any]) -> tuple[Any, ...]:
    """The place in the queue, as it was when the attempt began: one that was replayed meanwhile is another."""
    place = QUEUE.c.webhook_id == item.webhook_id, QUEUE.c.position == item.position, QUEUE.c.event_id == item.event_id
    return *place, QUEUE.c.due_at == item.due_at
