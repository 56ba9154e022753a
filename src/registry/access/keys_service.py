"""What an administrator changes of a key: its name, its divisions, how long it is valid. What was taken from it is an alert."""

from typing import Annotated, Any

from msgspec import Meta
from sqlalchemy import Connection, Row, select, update

from registry.core.alerts import AlertIn, AlertKind, raised, taken
from registry.core.fields import DivisionCode, Line, Moment
from registry.core.principals import Principal, check_grant, renewed
from registry.core.schemas import Input
from registry.core.tables import PRINCIPALS
from registry.core.validation import convert
from registry.errors import Conflict, Fault, NotFound, Refused
from registry.ledger.batch import Outcome
from registry.ledger.clock import microseconds, timestamp
from registry.ledger.committer import commit
from registry.ledger.events import Event, EventKind


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
        raise Conflict(zh="该密钥已撤销,不能再修改。", en="The key was revoked and can no longer be changed.")
    held, wanted = _held(row), _wanted(row, patch)
    if wanted == held:
        return False
    _check_covered(by, [*held["divisions"], *wanted["divisions"]])
    check_grant(by.book, wanted["divisions"], wanted["expires_at"])
    stored = {**wanted, "divisions": " ".join(wanted["divisions"])}
    connection.execute(update(PRINCIPALS).where(here).values(stored))
    event = Event(EventKind.KEY_CHANGED, by.actor, {"key": {"id": row.id, **wanted}, "was": held})
    lost = taken(held["divisions"], wanted["divisions"])
    commit(connection, by.book, [lambda _: _outcome(row, wanted["name"], lost, event)])
    return bool(lost)


def _outcome(row: Row[Any], name: str, lost: list[str], event: Event) -> Outcome:
    alert = AlertIn(
        kind=AlertKind.SCOPE_NARROWED,
        title=f"密钥辖区缩小:收回 {len(lost)} 个辖区",
        key_id=row.id,
        key_name=name,
        divisions=lost,
    )
    return Outcome(appends=[raised(alert, row.book)] if lost else [], events=[event])


def _held(row: Row[Any]) -> dict[str, Any]:
    return {"name": row.name, "divisions": row.divisions.split(), "expires_at": row.expires_at}


def _wanted(row: Row[Any], patch: dict[str, Any]) -> dict[str, Any]:
    held = _held(row)
    expires_at = None if row.expires_at is None else timestamp(row.expires_at)
    terms = convert({**held, "expires_at": expires_at, **patch}, KeyTerms)
    return {
        "name": terms.name,
        "divisions": sorted(set(terms.divisions)),
        "expires_at": None if terms.expires_at is None else microseconds(terms.expires_at),
    }


def _check_covered(by: Principal, codes: list[str]) -> None:
    if not all(by.covers(code) for code in codes):
        said = "辖区须在您的辖区之内。", "The divisions must lie within your own."
        raise Refused(faults=[Fault("/divisions", "outside_division", *said)])
