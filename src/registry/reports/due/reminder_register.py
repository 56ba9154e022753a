"""Reminders (到期提醒): the register that the server writes itself, one entry for each step before and after a due day."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta
from sqlalchemy import Column, ColumnElement, Date, Integer, String

from registry.core.fields import DivisionCode, DivisionName, EntryId
from registry.core.filters import Filters
from registry.core.queries import ListQuery, sorting
from registry.core.register import Names, Register
from registry.core.schemas import Header, Input, Label
from registry.core.valid_time import Days, Document
from registry.ledger.clock import BEIJING, microseconds
from registry.ledger.ids import new_id
from registry.ledger.tables import version_table
from registry.reports.due.schemas import DueRule
from registry.reports.due.service import Item

Step = Annotated[int, Meta(description="days after the due day; negative: before it")]

OF_PEOPLE = frozenset({"visit", "yearly_visits", "consent"})
"""The duties to people in care: their reminders tell an entry, its village and how ill somebody is."""

REMINDERS = version_table(
    "reminders",
    Column("kind", String(20), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("step", Integer, nullable=False, comment="days after the due day; negative: before it"),
)


class ReminderIn(Input):
    """A reminder, as the server makes it."""

    division: DivisionCode
    duty: Annotated[str, Meta(title="事项", description="the id of the due item")]
    kind: Annotated[str, Meta(title="事项类型")]
    kind_title: Annotated[str, Meta(title="事项类型名称")]
    rule: Annotated[DueRule, Meta(title="依据")]
    due_register: Annotated[str, Meta(title="台账")]
    due_entry_id: Annotated[str, Meta(title="记录编号")]
    entry: Annotated[str, Meta(title="记录", description="where to read the entry")]
    title: Annotated[str, Meta(title="标题")]
    due_on: Annotated[dt.date, Meta(title="到期日")]
    reminded_on: Annotated[dt.date, Meta(title="提醒日")]
    step: Annotated[Step, Meta(title="提醒节点")]
    days_left: Annotated[int, Meta(title="剩余天数", description="from the day of the reminder; negative: overdue")]
    overdue: Annotated[bool, Meta(title="是否逾期")]
    candidate: Annotated[bool, Meta(title="仅供参考")]


class Reminder(ReminderIn, kw_only=True):
    """A reminder (到期提醒) of something due: one for each step. It tells no person's name."""

    id: EntryId
    label: Label
    division_name: DivisionName
    meta: Header


class ReminderQuery(ListQuery, kw_only=True):
    """Filters of the list of reminders."""

    sort: Annotated[str, sorting("due_on")] | None = None
    kind: Annotated[str, Meta(pattern="^[a-z_]+$", max_length=20)] | None = None
    due_from: dt.date | None = None
    due_to: dt.date | None = None


def matching(query: ReminderQuery) -> Iterator[ColumnElement[bool]]:
    """The clauses of a list's filters."""
    if query.kind is not None:
        yield REMINDERS.c.kind == query.kind
    if query.due_from is not None:
        yield REMINDERS.c.due_on >= query.due_from
    if query.due_to is not None:
        yield REMINDERS.c.due_on <= query.due_to


def reminder_label(document: Document) -> str:
    """The title of what is due."""
    title: str = document["title"]
    return title


REMINDER_REGISTER = Register(
    "reminders",
    "到期提醒",
    REMINDERS,
    ReminderIn,
    Reminder,
    Names("a reminder", "reminders", "Reminders"),
    Filters(ReminderQuery, matching),
    writers=frozenset(),
    voiders=frozenset(),
    kinds_of_people=OF_PEOPLE,
    label=reminder_label,
    days=Days(begins="reminded_on"),
    event="due.reminder",
)


def reminder_id(book: str, item: Item, step: int) -> str:
    """The one id that a reminder of this duty, day and step can have: a UUIDv7 of the step's own day, its random bits a hash.

    So the log can hold it once only, whichever server writes it and however often.
    """
    day = item.due_on + dt.timedelta(days=step)
    milliseconds = microseconds(dt.datetime.combine(day, dt.time(), BEIJING)) // 1000
    named = f"{book} {item.id} {item.due_on} {step}".encode()
    return new_id(milliseconds, int.from_bytes(hashlib.sha256(named).digest()) >> 256 - 74)
