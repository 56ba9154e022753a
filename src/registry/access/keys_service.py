"""API keys: issued, changed, revoked, each an access event. A division that is taken from a key raises an alert."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from msgspec import Meta
from sqlalchemy import Connection, Row, insert, select, update

from registry.core.alerts import AlertIn, AlertKind, raised, taken
from registry.core.fields import DivisionCode, Line, Moment
from registry.core.principals import LONGEST, PRINCIPALS, Principal, Role, renewed
from registry.core.schemas import Input
from registry.core.validation import convert
from registry.errors import Conflict, Fault, NotFound, Refused
from registry.ledger.batch import WriteOutcome
from registry.ledger.clock import microseconds, timestamp, wall_clock
from registry.ledger.committer import commit, note
from registry.ledger.events import SERVER, Event, EventKind
from registry.ledger.ids import new_id
from registry.ledger.versions import Actor


class KeyTerms(Input):
    """What of a key can change; its role cannot."""

    name: Annotated[Line, Meta(title="名称")]
    divisions: Annotated[list[DivisionCode], Meta(min_length=1, max_length=50, title="辖区")]
    expires_at: Moment | None = None


def change_key(connection: Connection, by: Principal, key_id: str, patch: dict[str, Any]) -> bool:
    """Change a key of the caller's book by a merge patch of `KeyTerms`; whether an alert was raised, because divisions were taken from it.

    Raises NotFound, Conflict for a revoked key, Refused for divisions that are not the caller's to give or to take.
    """
    by = renewed(connection, by)  # rights are remembered for seconds; what gives rights away looks them up
    here = (PRINCIPALS.c.book == by.book) & (PRINCIPALS.c.id == key_id)
    row = connection.execute(select(PRINCIPALS).where(here).with_for_update()).one_or_none()
    if row is None:
        raise NotFound
    if row.revoked_at is not None:
        raise Conflict(zh="该密钥已撤销，不能再修改。", en="The key was revoked and can no longer be changed.")
    current, changed = _current(row), _changed(row, patch)
    if changed == current:
        return False
    check_covered(by, [*current["divisions"], *changed["divisions"]])
    check_grant(by.book, changed["divisions"], changed["expires_at"])
    stored = {**changed, "divisions": " ".join(changed["divisions"])}
    connection.execute(update(PRINCIPALS).where(here).values(stored))
    event = Event(EventKind.KEY_CHANGED, by.actor, {"key": {"id": row.id, **changed}, "was": current})
    lost = taken(current["divisions"], changed["divisions"])
    commit(connection, by.book, [lambda _: _outcome(row, changed["name"], lost, event)])
    return bool(lost)


def _outcome(row: Row[Any], name: str, lost: list[str], event: Event) -> WriteOutcome:
    alert = AlertIn(
        kind=AlertKind.SCOPE_NARROWED,
        title=f"密钥辖区缩小：收回 {len(lost)} 个辖区",
        key_id=row.id,
        key_name=name,
        divisions=lost,
    )
    return WriteOutcome(appends=[raised(alert, row.book)] if lost else [], events=[event])


def _current(row: Row[Any]) -> dict[str, Any]:
    return {"name": row.name, "divisions": row.divisions.split(), "expires_at": row.expires_at}


def _changed(row: Row[Any], patch: dict[str, Any]) -> dict[str, Any]:
    current = _current(row)
    expires_at = None if row.expires_at is None else timestamp(row.expires_at)
    terms = convert({**current, "expires_at": expires_at, **patch}, KeyTerms)
    return {
        "name": terms.name,
        "divisions": sorted(set(terms.divisions)),
        "expires_at": None if terms.expires_at is None else microseconds(terms.expires_at),
    }


def check_covered(by: Principal, codes: Iterable[str]) -> None:
    """Raise Refused for a key that would reach further than its maker's, or that reaches further already."""
    if not all(by.covers(code) for code in codes):
        said = "辖区须在您的辖区之内。", "The divisions must lie within your own."
        raise Refused(faults=[Fault("/divisions", "outside_division", *said)])


def issue_key(
    connection: Connection, book: str, name: str, role: Role, divisions: Iterable[str], expires_at: int | None = None,
    by: Actor = SERVER,
) -> tuple[str, str]:  # fmt: skip
    """Make a key. Returns the principal's id and the key itself, which is shown this once and kept only as a hash."""
    codes = sorted(set(divisions))
    check_grant(book, codes, expires_at)
    key = "rk_" + secrets.token_urlsafe(32)
    row = {
        "id": new_id(),
        "book": book,
        "name": name,
        "role": role,
        "divisions": " ".join(codes),
        "key_hash": hashlib.sha256(key.encode()).digest(),
        "key_start": key[:8],
        "created_at": wall_clock(),
        "expires_at": expires_at,
    }
    connection.execute(insert(PRINCIPALS).values(row))
    granted = {"id": row["id"], "name": name, "role": role, "divisions": codes, "key_start": key[:8],
               "key_sha256": hashlib.sha256(key.encode()).hexdigest(), "expires_at": expires_at}  # fmt: skip
    note(connection, book, Event(EventKind.KEY_ISSUED, by, {"key": granted}))
    return str(row["id"]), key


def check_grant(book: str, codes: Sequence[str], expires_at: int | None) -> None:
    """Raise Refused for divisions outside the book, or none, and for a key that would outlive everybody."""
    if not codes or any(not code.startswith(book) for code in codes):
        raise Refused(faults=[Fault("/divisions", "outside_book", "辖区代码须属于本县。", "Divisions must lie in the book's county.")])  # fmt: skip
    if expires_at is not None and expires_at > wall_clock() + LONGEST:
        text = "有效期不能超过一百年。", "A key lasts a hundred years at most."
        raise Refused(faults=[Fault("/expires_at", "too_late", *text)])


def revoke_key(connection: Connection, book: str, key: str, by: Actor = SERVER) -> None:
    """Revoke a key by its principal's id or its first 8 characters. Raises NotFound unless there is exactly one."""
    here = (PRINCIPALS.c.book == book) & ((PRINCIPALS.c.id == key) | (PRINCIPALS.c.key_start == key))
    rows = connection.execute(select(PRINCIPALS.c.id).where(here)).all()
    if len(rows) != 1:
        raise NotFound
    live = (PRINCIPALS.c.id == rows[0].id) & PRINCIPALS.c.revoked_at.is_(None)
    if connection.execute(update(PRINCIPALS).where(live).values(revoked_at=wall_clock())).rowcount:
        note(connection, book, Event(EventKind.KEY_REVOKED, by, {"key": {"id": rows[0].id}}))
