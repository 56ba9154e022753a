"""Alerts (警示): a register that the server itself writes, for supervisors, auditors and administrators.

Others raise one by appending what `raised` returns to their own outcome, so that what happened and the alert of it are
committed together: `WriteOutcome(appends=[raised(AlertIn(kind=..., title=...), division)], ...)`. An alert names no person
and holds no free text of a caller.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import Column, ColumnElement, Connection, String, select

from registry.code_lists import CodeList
from registry.core.fields import DivisionCode, EntryId, LongLine, class_stamp, tidy
from registry.core.filters import Filters
from registry.core.principals import Principal, Role
from registry.core.queries import ListQuery
from registry.core.register import Names, Register
from registry.core.schemas import Header, Input, Label
from registry.core.scope import STORED
from registry.core.valid_time import Document
from registry.core.view import today
from registry.ledger.events import SERVER
from registry.ledger.ids import new_id
from registry.ledger.tables import version_table
from registry.ledger.versions import Action, Append, VersionCause

NAME = "alerts"


class AlertKind(CodeList):
    """What an alert tells of (警示类型)."""

    BREAK_GLASS = "break_glass", "紧急查阅", "Break-glass"
    """紧急查阅: an auditor opened one entry's personal data."""
    WEBHOOK_PAUSED = "webhook_paused", "推送暂停", "A webhook was paused"
    """推送暂停: a webhook was paused by the server, or stopped by its receiver."""
    WEBHOOK_BEHIND = "webhook_behind", "推送积压", "A webhook is behind"
    """推送积压: a webhook gave an event up, or as many wait as may."""
    SCOPE_NARROWED = "scope_narrowed", "缩小辖区", "A key's divisions were narrowed"
    """缩小辖区: divisions were taken from a key."""
    IRREGULARITY = "irregularity", "不规范", "An irregularity"
    """不规范: an entry tells of what is true but not as it should be."""
    VOIDED = "voided", "录入人作废", "Voided by who made it"
    """录入人作废: who made an entry voided it within a day."""
    VOID_REQUESTED = "void_requested", "申请作废", "Voiding asked for"
    """申请作废: an office asks for an entry to be voided."""
    SERIOUS_INCIDENT = "serious_incident", "肇祸等严重情况", "A serious incident"
    """严重情况: a visit tells of a serious incident."""


class AlertIn(Input):
    """What an alert tells. The server writes it; nobody sends one."""

    kind: Annotated[AlertKind, Meta(title="警示类型")]
    title: Annotated[LongLine, Meta(title="内容", description="one sentence in Chinese, naming no person")]
    key_id: Annotated[str | None, Meta(title="密钥", description="the key that it is about")] = None
    key_name: Annotated[str | None, Meta(title="密钥名称")] = None
    register: Annotated[str | None, Meta(title="台账")] = None
    entry_id: Annotated[str | None, Meta(title="记录号")] = None
    break_glass_id: Annotated[str | None, Meta(title="紧急查阅编号")] = None
    webhook_id: Annotated[str | None, Meta(title="推送编号")] = None
    until: Annotated[str | None, Meta(title="截止时间")] = None
    divisions: Annotated[list[str], Meta(title="涉及辖区", description="taken from the key")] = []


class Alert(AlertIn, kw_only=True):
    """One alert (警示)."""

    id: EntryId
    label: Label
    division: DivisionCode
    meta: Header


ALERTS = version_table(
    NAME,
    Column("kind", String(24), nullable=False),
    Column("key_id", String(36), comment="the key that it is about"),
)


class AlertQuery(ListQuery, kw_only=True):
    """Which alerts."""

    kind: AlertKind | None = None


def matching_alerts(query: AlertQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of the list's filters."""
    if query.kind is not None:
        yield ALERTS.c.kind == query.kind


def alert_label(document: Document) -> str:
    """What an alert is called: its kind."""
    return AlertKind(document["kind"]).zh


ALERT_REGISTER = Register(
    NAME,
    "警示",
    ALERTS,
    AlertIn,
    Alert,
    Names("an alert", "alerts", "Alerts"),
    Filters(AlertQuery, matching_alerts),
    label=alert_label,
    readers=frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR}),
    writers=frozenset(),
    voiders=frozenset(),
    open=True,
    event="alert.raised",
)


def raised(told: AlertIn, division: str) -> Append:
    """The version that raises an alert; `division` is the place that it is about, the county where there is no other."""
    entry_id = new_id()
    document = {**msgspec.to_builtins(told), "id": entry_id, "division": division}
    document["label"] = alert_label(document)
    tidied = tidy(document)
    assert isinstance(tidied, dict)  # noqa: S101 - as it went in
    return Append(
        register=NAME,
        table=ALERTS,
        entry_id=entry_id,
        number=1,
        action=Action.CREATED,
        actor=SERVER,
        case_kind=NAME,
        case_id=entry_id,
        division=division,
        document=tidied,
        columns={"kind": told.kind, "key_id": told.key_id},
        public=tidied,
        classes=class_stamp(Alert),
        schema_version=ALERT_REGISTER.schema_version,
        cause=VersionCause.JOB,
    )


class Narrowing(msgspec.Struct):
    """Which divisions were taken from a key."""

    divisions: list[str]
    meta: Header


def narrowings(connection: Connection, who: Principal, after: int, stop: int) -> Iterator[Narrowing]:
    """What was taken from the caller's own key, from a position to before another, in the log's order."""
    query = (
        select(*(ALERTS.c[name] for name in STORED))
        .where(ALERTS.c.book == who.book, ALERTS.c.position >= after, ALERTS.c.position < stop)
        .where(ALERTS.c.key_id == who.id, ALERTS.c.kind == AlertKind.SCOPE_NARROWED)
        .order_by(ALERTS.c.position)
    )
    for row in connection.execute(query):
        yield msgspec.json.decode(today(ALERT_REGISTER, row), type=Narrowing)


def taken(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The divisions of a key that its new ones no longer cover whole."""
    return [code for code in before if not any(code.startswith(other) for other in after)]
