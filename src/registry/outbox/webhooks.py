"""What an administrator does with webhooks (推送): make, change, rotate, pause, resume, stop, replay. Each is a function of a connection,
in a transaction of its own; each but looking is an access event.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from registry.access.alerts import AlertIn, AlertKind, raised
from registry.access.moments import head_of, resolve_as_of
from registry.access.principals import OFFICE, Principal, Purpose, find_principal
from registry.access.sealing import Sealer
from registry.errors import Conflict, Fault, NotFound, Refused
from registry.ledger.batch import Outcome
from registry.ledger.clock import wall_clock
from registry.ledger.committer import commit, note
from registry.ledger.events import SERVER, Event, EventKind
from registry.ledger.ids import new_id
from registry.ledger.versions import Actor, Append
from registry.outbox.signing import new_secret, open_secrets, seal_secrets
from registry.outbox.source import position_of
from registry.outbox.tables import DELIVERIES, QUEUE, WEBHOOKS


@dataclass(frozen=True, slots=True)
class Wanted:
    """A webhook as it is asked for."""

    url: str
    principal: str
    events: tuple[str, ...]
    division: str | None
    purpose: Purpose | None
    after: str | None
    """The watermark from which on it delivers; None: from now."""


def make_webhook(connection: Connection, sealer: Sealer, who: Principal, wanted: Wanted) -> tuple[Row[Any], str]:
    """Make a webhook. Returns its row and the secret, which is shown this once. Raises Refused."""
    _check_rights(connection, who, wanted.principal, wanted.division, wanted.purpose)
    made, secret = new_id(), new_secret()
    sealed = seal_secrets(sealer, who.book, made, 1, [secret])
    if sealed.new_key is not None:
        sealed.new_key.store.keep([sealed.new_key.row])
    after = (
        resolve_as_of(connection, who.book, wanted.after, "after") if wanted.after else head_of(connection, who.book)
    )
    row = {
        "id": made,
        "book": who.book,
        "url": wanted.url,
        "principal_id": wanted.principal,
        "events": " ".join(wanted.events),
        "division": wanted.division,
        "purpose": wanted.purpose,
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
    return find_webhook(connection, who.book, made), secret


def find_webhook(connection: Connection, book: str, webhook: str) -> Row[Any]:
    """One webhook of the book. Raises NotFound."""
    query = select(WEBHOOKS).where(WEBHOOKS.c.book == book, WEBHOOKS.c.id == webhook)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return row


def list_webhooks(connection: Connection, book: str) -> Sequence[Row[Any]]:
    """All webhooks of the book, oldest first."""
    return connection.execute(select(WEBHOOKS).where(WEBHOOKS.c.book == book).order_by(WEBHOOKS.c.id)).all()


def change_webhook(connection: Connection, who: Principal, webhook: str, changes: dict[str, Any]) -> Row[Any]:
    """Change url, events, division or purpose. Raises Conflict for a stopped one, Refused."""
    row = _open_webhook(connection, who.book, webhook)
    division, purpose = changes.get("division", row.division), changes.get("purpose", row.purpose)
    _check_rights(connection, who, row.principal_id, division, purpose)
    if changes:
        connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(changes))
        _note_change(connection, who.book, who.actor, webhook, {"change": "changed", **changes})
    return find_webhook(connection, who.book, webhook)


def rotate_secret(connection: Connection, sealer: Sealer, who: Principal, webhook: str) -> tuple[Row[Any], str]:
    """Give a webhook a new secret, shown this once; the one before signs along for 24 hours. Raises Conflict, Refused."""
    row = _open_webhook(connection, who.book, webhook)
    _check_rights(connection, who, row.principal_id, row.division, row.purpose)
    fresh = new_secret()
    newest_first = [fresh, open_secrets(sealer, row, wall_clock())[0]]
    sealed = seal_secrets(sealer, who.book, webhook, row.secrets_number + 1, newest_first)
    values = {"secrets": sealed.box, "secrets_number": row.secrets_number + 1, "rotated_at": wall_clock()}
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(values))
    _note_change(connection, who.book, who.actor, webhook, {"change": "rotated"})
    return find_webhook(connection, who.book, webhook), fresh


def pause_webhook(
    connection: Connection, book: str, webhook: str, by: Actor, status: str = "paused", reason: str = "asked"
) -> Row[Any]:
    """Pause a webhook (what waits goes on waiting) or stop it for good. Raises Conflict for a stopped one."""
    row = _open_webhook(connection, book, webhook)
    if row.status != status:
        values = {"status": status, "reason": reason, "leased_by": None, "leased_until": None}
        connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(values))
        if status == "stopped":
            connection.execute(delete(QUEUE).where(QUEUE.c.webhook_id == webhook))
        details: dict[str, object] = {"webhook": {"id": webhook, "status": status, "reason": reason}}
        told = Event(EventKind.WEBHOOK_PAUSED, by, details)
        alerts = [_alert(row, status)] if by is SERVER else []
        commit(connection, book, [lambda _: Outcome(appends=alerts, events=[told])])
    return find_webhook(connection, book, webhook)


def resume_webhook(connection: Connection, who: Principal, webhook: str) -> Row[Any]:
    """Go on where it stood; what waits is due at once, and has its three days again."""
    row = _open_webhook(connection, who.book, webhook)
    if row.status == "paused":
        _check_rights(connection, who, row.principal_id, row.division, row.purpose)
        values = {"status": "active", "reason": None, "failing_since": None}
        connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(values))
        again = {"attempts": 0, "first_at": None, "due_at": wall_clock()}
        connection.execute(update(QUEUE).where(QUEUE.c.webhook_id == webhook).values(again))
        _note_change(connection, who.book, who.actor, webhook, {"change": "resumed"})
    return find_webhook(connection, who.book, webhook)


def replay_from(connection: Connection, who: Principal, webhook: str, after: str) -> Row[Any]:
    """Deliver again everything from a watermark on; what waited is read from the log anew, so that each entry keeps its order."""
    row = _open_webhook(connection, who.book, webhook)
    _check_rights(connection, who, row.principal_id, row.division, row.purpose)
    position = resolve_as_of(connection, who.book, after, "after")
    connection.execute(delete(QUEUE).where(QUEUE.c.webhook_id == webhook, QUEUE.c.position >= position))
    row = find_webhook(connection, who.book, webhook)
    start = min(position, row.next_position)
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(next_position=start))
    _note_change(connection, who.book, who.actor, webhook, {"change": "replayed", "after": position})
    return find_webhook(connection, who.book, webhook)


def replay_event(connection: Connection, who: Principal, webhook: str, event_id: str, subject: str) -> Row[Any]:
    """Deliver one event again; before whatever else waits of its entry."""
    row = _open_webhook(connection, who.book, webhook)
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


def _open_webhook(connection: Connection, book: str, webhook: str) -> Row[Any]:
    row = find_webhook(connection, book, webhook)
    if row.status == "stopped":
        raise Conflict(zh="该推送已停止,不能再更改。", en="This webhook was stopped for good.")
    return row


def _check_rights(
    connection: Connection, who: Principal, principal: str, division: str | None, purpose: str | None
) -> None:
    """Raise Refused unless the key is there and valid, within the caller's divisions, and may have what is asked."""
    key = find_principal(connection, who.book, principal)
    if key is None or not key.is_valid(wall_clock()) or not all(who.covers(code) for code in key.divisions):
        said = "没有这个有效的密钥,或超出您的辖区。", "No such valid key within your divisions."
        raise Refused(faults=[Fault("/principal", "principal", *said)])
    if division is not None and not key.covers(division):
        said = "辖区须在该密钥的辖区之内。", "The division must lie within the key's own."
        raise Refused(faults=[Fault("/division", "outside_division", *said)])
    if purpose is not None and key.role not in OFFICE:
        said = "该密钥的角色无权查阅个人信息。", "The key's role may not see personal data."
        raise Refused(faults=[Fault("/purpose", "purpose", *said)])


def _alert(row: Row[Any], status: str) -> Append:
    """For the administrator: the server itself, or the receiver's 410, ended the deliveries."""
    title = "推送已被接收方停止(410)。" if status == "stopped" else "推送已自动暂停,请检查接收方或密钥后恢复。"
    told = AlertIn(kind=AlertKind.WEBHOOK_PAUSED, title=title, key_id=row.principal_id, webhook_id=row.id)
    return raised(told, row.division or row.book)


def _note_change(connection: Connection, book: str, by: Actor, webhook: str, details: dict[str, object]) -> None:
    note(connection, book, Event(EventKind.WEBHOOK_CHANGED, by, {"webhook": {"id": webhook, **details}}))
