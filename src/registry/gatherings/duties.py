"""What is owed for sheds: the end of the period that a notice set; no database, no HTTP."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row

from registry.core.duties import DutyKind, Others, Owed, Window
from registry.gatherings.models import SHEDS
from registry.gatherings.rules import notice_ends_on


def notices_running(window: Window) -> Sequence[ColumnElement[bool]]:
    """Sheds that stand, with a notice served."""
    return SHEDS.c.demolished_on.is_(None), SHEDS.c.notice_served_on <= window.before


def notice_owed(row: Row[Any], _others: Others, _window: Window) -> Iterator[Owed]:
    """The end of the period for self-demolition (行政强制法 §44)."""
    told = msgspec.json.decode(row.document, type=_Shed)
    if told.notice is not None:
        due_on = notice_ends_on(told.notice.served_on, told.notice.period_days)
        yield Owed("shed_notice", due_on, "自拆期限届满", told.notice.served_on)


class _Notice(msgspec.Struct):
    served_on: dt.date
    period_days: int


class _Shed(msgspec.Struct):
    notice: _Notice | None


SHED_DUTIES = (DutyKind("notice", "限期自拆", (SHEDS.c.document,), notices_running, notice_owed),)
