"""What an administrator does with webhooks (推送): make, change, rotate, pause, resume, stop, replay. Each is a function of a connection,
in a transaction of its own; each but looking is an access event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from registry.core.alerts import AlertIn, AlertKind, raised
from registry.core.principals import OFFICE, Principal, Purpose, find_principal
from registry.core.sealing import Sealer
from registry.core.watermarks import head_of, resolve_as_of
from registry.errors import Conflict, Fault, NotFound, Refused
from registry.ledger.batch import WriteOutcome
from registry.ledger.clock import wall_clock
from registry.ledger.committer import commit, note
from registry.ledger.events import SERVER, Event, EventKind
from registry.ledger.ids import new_id
from registry.ledger.versions import Actor, Append
from registry.outbox.webhooks.backoff import SECOND
from registry.outbox.webhooks.signing import new_secret, open_secrets, seal_secrets
from registry.outbox.webhooks.subscription import position_of
from registry.outbox.webhooks.tables import DELIVERIES, QUEUE, WEBHOOKS

DAY = 24 * 3600 * SECOND
WHY = {
    "failing": "推送连续3天未被接收，已自动暂停；请检查接收方后恢复。",
    "gone": "接收方答复不再接收（410），推送已停止。",
    "key_revoked": "推送所用的密钥已吊销，推送已自动暂停。",
    "key_expired": "推送所用的密钥已过期，推送已自动暂停。",
    "division_lost": "推送所用的密钥不再管辖推送的辖区，推送已自动暂停。",
}
"""What the administrators are told, by the reason for which the server ended the deliveries."""


@dataclass(frozen=True, slots=True)
class WebhookTerms:
    """A webhook as an administrator wants it."""

    url: str
    principal: str
    events: tuple[str, ...]
    division: str | None
    purpose: Purpose | None
    after: str | None
    """The watermark from which on it delivers; None: from now."""


def make_webhook(connection: Connection, sealer: Sealer, who: Principal, terms: WebhookTerms) -> tuple[Row[Any], str]:
    """Make a webhook. Returns its row and the secret, which is shown this once. Raises Refused."""
    _check_rights(connection, who, terms.principal, terms.division, terms.purpose)
    made, secret = new_id(), new_secret()
    sealed = seal_secrets(sealer, who.book, made, 1, [secret])
    if sealed.new_key is not None:
        sealed.new_key.keep([sealed.new_key.row])
    after = _place(connection, who, terms.after) if terms.after else head_of(connection, who.book)
    row = {
        "id": made,
        "book": who.book,
        "url": terms.url,
        "principal_id": terms.principal,
        "events": " ".join(terms.events),
        "division": terms.division,
        "purpose": terms.purpose,
        "status": "active",
        "next_position": after,
        "secrets": sealed.box,
        "secrets_number": 1,
        "created_by": who.name,
        "created_at": wall_clock(),
    }
    connection.execute(insert(WEBHOOKS).values(row))
    told = {name: row[name] for name in ("id", "url", "principal_id", "events", "division", "purpose", "next_position")}
    note(connection, who.book, Event(EventKind.WEBHOOK_CREATED, who.actor, {"webhook": told}))
    return find_webhook(connection, who, made), secret


def find_webhook(connection: Connection, who: Principal, webhook: str) -> Row[Any]:
    """One webhook within the caller's divisions. Raises NotFound."""
    row = _row(connection, who.book, webhook)
    if not _is_reachable(connection, who, row):
        raise NotFound
    return row


def list_webhooks(connection: Connection, who: Principal) -> Sequence[Row[Any]]:
    """All webhooks within the caller's divisions, oldest first."""
    rows = connection.execute(select(WEBHOOKS).where(WEBHOOKS.c.book == who.book).order_by(WEBHOOKS.c.id)).all()
    return [row for row in rows if _is_reachable(connection, who, row)]


def change_webhook(connection: Connection, who: Principal, webhook: str, changes: dict[str, Any]) -> Row[Any]:
    """Change url, events, division or purpose. Raises Conflict for a stopped one, Refused."""
    row = open_webhook(connection, who, webhook)
    division, purpose = changes.get("division", row.division), changes.get("purpose", row.purpose)
    _check_rights(connection, who, row.principal_id, division, purpose)
    if changes:
        changes = {**changes, "failures": 0, "not_before": None} if "url" in changes else changes
        connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(changes))
        _note_change(connection, who.book, who.actor, webhook, {"change": "changed", **changes})
    return find_webhook(connection, who, webhook)


def rotate_secret(connection: Connection, sealer: Sealer, who: Principal, webhook: str) -> tuple[Row[Any], str]:
    """Give a webhook a new secret, shown this once; the one before signs along for 24 hours. Raises Conflict, Refused."""
    row = open_webhook(connection, who, webhook)
    _check_rights(connection, who, row.principal_id, row.division, row.purpose)
    fresh = new_secret()
    newest_first = [fresh, open_secrets(sealer, row, wall_clock())[0]]
    sealed = seal_secrets(sealer, who.book, webhook, row.secrets_number + 1, newest_first)
    values = {"secrets": sealed.box, "secrets_number": row.secrets_number + 1, "rotated_at": wall_clock()}
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(values))
    _note_change(connection, who.book, who.actor, webhook, {"change": "rotated"})
    return find_webhook(connection, who, webhook), fresh


def end_webhook(connection: Connection, who: Principal, webhook: str, status: str) -> Row[Any]:
    """Pause a webhook, or stop it for good, because an administrator asks for it. Raises Conflict for a stopped one."""
    row = find_webhook(connection, who, webhook)
    return pause_webhook(connection, who.book, row.id, who.actor, status)


def pause_webhook(
    connection: Connection, book: str, webhook: str, by: Actor, status: str = "paused", reason: str = "asked"
) -> Row[Any]:
    """Pause a webhook (what waits goes on waiting) or stop it for good. Raises Conflict for a stopped one."""
    row = _still_open(_row(connection, book, webhook, lock=True))
    if row.status != status:
        values = {"status": status, "reason": reason, "leased_by": None, "leased_until": None}
        connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(values))
        if status == "stopped":
            connection.execute(delete(QUEUE).where(QUEUE.c.webhook_id == webhook))
        details: dict[str, object] = {"webhook": {"id": webhook, "status": status, "reason": reason}}
        told = Event(EventKind.WEBHOOK_PAUSED, by, details)
        alerts = [_alert(row, AlertKind.WEBHOOK_PAUSED, WHY[reason])] if by is SERVER else []
        commit(connection, book, [lambda _: WriteOutcome(appends=alerts, events=[told])])
    return _row(connection, book, webhook)


def warn(connection: Connection, row: Row[Any], now: int, title: str) -> None:
    """Tell the administrators of something amiss with a webhook that goes on all the same; once a day at most."""
    quiet = or_(WEBHOOKS.c.warned_at.is_(None), WEBHOOKS.c.warned_at <= now - DAY)
    warned = update(WEBHOOKS).where(WEBHOOKS.c.id == row.id, quiet).values(warned_at=now)
    if connection.execute(warned).rowcount:
        alert = _alert(row, AlertKind.WEBHOOK_BEHIND, title)
        commit(connection, row.book, [lambda _: WriteOutcome(appends=[alert])])


def resume_webhook(connection: Connection, who: Principal, webhook: str) -> Row[Any]:
    """Go on where it stood; what waits is due at once, and has its three days again."""
    row = open_webhook(connection, who, webhook)
    if row.status == "paused":
        _check_rights(connection, who, row.principal_id, row.division, row.purpose)
        values = {"status": "active", "reason": None, "failing_since": None, "failures": 0, "not_before": None}
        connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(values))
        again = {"attempts": 0, "first_at": None, "due_at": wall_clock()}
        connection.execute(update(QUEUE).where(QUEUE.c.webhook_id == webhook).values(again))
        _note_change(connection, who.book, who.actor, webhook, {"change": "resumed"})
    return find_webhook(connection, who, webhook)


def replay_from(connection: Connection, who: Principal, webhook: str, after: str) -> Row[Any]:
    """Deliver again everything from a watermark on; what waited is read from the log anew, so that each entry keeps its order."""
    row = open_webhook(connection, who, webhook)
    _check_rights(connection, who, row.principal_id, row.division, row.purpose)
    position = _place(connection, who, after)
    connection.execute(delete(QUEUE).where(QUEUE.c.webhook_id == webhook, QUEUE.c.position >= position))
    start = min(position, row.next_position)
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(next_position=start))
    _note_change(connection, who.book, who.actor, webhook, {"change": "replayed", "after": position})
    return find_webhook(connection, who, webhook)


def replay_event(connection: Connection, who: Principal, webhook: str, event_id: str, subject: str) -> Row[Any]:
    """Deliver one event again; before whatever else waits of its entry."""
    row = open_webhook(connection, who, webhook)
    _check_rights(connection, who, row.principal_id, row.division, row.purpose)
    position = position_of(event_id)
    here = (QUEUE.c.webhook_id == webhook, QUEUE.c.event_id == event_id)
    fresh = {"attempts": 0, "first_at": None, "due_at": wall_clock()}
    if not connection.execute(update(QUEUE).where(*here).values(fresh)).rowcount:
        place = {"webhook_id": webhook, "position": position, "event_id": event_id, "subject": subject}
        connection.execute(insert(QUEUE).values(**place, **fresh))
    _note_change(connection, who.book, who.actor, webhook, {"change": "replayed", "event": event_id})
    return row


def list_deliveries(
    connection: Connection, webhook: str, outcome: str | None, before: str | None, limit: int
) -> Sequence[Row[Any]]:
    """The attempts of a webhook, newest first."""
    where = [DELIVERIES.c.webhook_id == webhook]
    where += [DELIVERIES.c.outcome == outcome] if outcome else []
    where += [DELIVERIES.c.id < before] if before else []
    return connection.execute(select(DELIVERIES).where(*where).order_by(DELIVERIES.c.id.desc()).limit(limit)).all()


def _row(connection: Connection, book: str, webhook: str, *, lock: bool = False) -> Row[Any]:
    """The webhook's row; with `lock`, nobody else changes it before the end of the transaction. Raises NotFound."""
    query = select(WEBHOOKS).where(WEBHOOKS.c.book == book, WEBHOOKS.c.id == webhook)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound
    return row


def _is_reachable(connection: Connection, who: Principal, row: Row[Any]) -> bool:
    """Whether all that the webhook may be sent lies within the caller's divisions."""
    key = find_principal(connection, who.book, row.principal_id)
    codes = [row.division] if row.division else key.divisions if key is not None else [who.book]
    return all(who.covers(code) for code in codes)


def open_webhook(connection: Connection, who: Principal, webhook: str) -> Row[Any]:
    """One webhook within the caller's divisions that was not stopped. Raises NotFound, Conflict."""
    find_webhook(connection, who, webhook)
    return _still_open(_row(connection, who.book, webhook, lock=True))


def _still_open(row: Row[Any]) -> Row[Any]:
    if row.status == "stopped":
        raise Conflict(zh="该推送已停止，不能再更改。", en="This webhook was stopped for good.")
    return row


def _check_rights(
    connection: Connection, who: Principal, principal: str, division: str | None, purpose: str | None
) -> None:
    """Raise Refused unless the key is there and valid, within the caller's divisions, and may have what is asked."""
    key = find_principal(connection, who.book, principal)
    if key is None or not key.is_valid(wall_clock()) or not all(who.covers(code) for code in key.divisions):
        said = "没有这个有效的密钥，或超出您的辖区。", "No such valid key within your divisions."
        raise Refused(faults=[Fault("/principal", "principal", *said)])
    if division is not None and not key.covers(division):
        said = "辖区须在该密钥的辖区之内。", "The division must lie within the key's own."
        raise Refused(faults=[Fault("/division", "outside_division", *said)])
    if purpose is not None and key.role not in OFFICE:
        said = "该密钥的角色无权查阅个人信息。", "The key's role may not see personal data."
        raise Refused(faults=[Fault("/purpose", "purpose", *said)])


def _alert(row: Row[Any], kind: AlertKind, title: str) -> Append:
    told = AlertIn(kind=kind, title=title, key_id=row.principal_id, webhook_id=row.id)
    return raised(told, row.division or row.book)


def _place(connection: Connection, who: Principal, after: str) -> int:
    """The position that the body's `after` names. Raises Refused."""
    return resolve_as_of(connection, who.book, after, "/after")


def _note_change(connection: Connection, book: str, by: Actor, webhook: str, details: dict[str, object]) -> None:
    note(connection, book, Event(EventKind.WEBHOOK_CHANGED, by, {"webhook": {"id": webhook, **details}}))
