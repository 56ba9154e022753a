"""What comes in and what goes out."""

import datetime as dt
from typing import Annotated

from msgspec import Meta

from registry.core.fields import Count, DivisionCode, DivisionName, EntryId, Line, PersonName, Phone, PublicName
from registry.core.queries import ListQuery, sorting
from registry.core.schemas import Header, Input, Label
from registry.divisions.codes import Duty, Level, Tier


class DivisionIn(Input):
    """A place. A natural village (自然村) has no official code and lies in a village."""

    name: Annotated[Line, Meta(title="名称")]
    level: Annotated[Level, Meta(title="层级")]
    valid_from: Annotated[dt.date, Meta(title="启用日期")]
    code: Annotated[DivisionCode | None, Meta(title="代码")] = None
    parent: Annotated[DivisionCode | None, Meta(title="上级代码")] = None
    hamlets: Annotated[Count, Meta(title="自然村数")] = 0
    grid_staff: Annotated[Count, Meta(title="网格员数")] = 0
    source: Annotated[Line | None, Meta(title="来源")] = None


class FormerName(Input):
    """A name that a division had, and the last day of it."""

    name: Annotated[Line, Meta(title="曾用名")]
    until: Annotated[dt.date, Meta(title="用至")]


class Division(DivisionIn, kw_only=True):
    """A place, as it is kept."""

    id: EntryId
    label: Label
    former_names: Annotated[list[FormerName], Meta(title="曾用名")]
    closed_on: Annotated[dt.date | None, Meta(title="撤销日期")]
    merged_into: Annotated[DivisionCode | None, Meta(title="并入")]
    meta: Header


class Renaming(Input):
    """A new name from a day on (更名); entries before keep the old one."""

    name: Line
    on: dt.date


class Closing(Input):
    """The end of a division (撤销), or its merger into another (并入)."""

    on: dt.date
    merged_into: DivisionCode | None = None


class DivisionQuery(ListQuery, kw_only=True):
    """Filters of the list of divisions."""

    sort: Annotated[str, sorting("code", "valid_from", "closed_on")] | None = None
    code: DivisionCode | None = None
    parent: DivisionCode | None = None
    level: Level | None = None


class StaffIn(Input):
    """Somebody who answers for a place (网格员及四包责任人)."""

    division: DivisionCode
    name: PersonName
    duty: Annotated[Duty, Meta(title="职责")]
    tier: Annotated[Tier, Meta(title="网格层级")]
    phone: Phone | None = None
    hamlet: Annotated[PublicName | None, Meta(title="自然村")] = None
    households: Annotated[Count | None, Meta(title="包户数")] = None
    position: Annotated[Line | None, Meta(title="职务")] = None
    since: Annotated[dt.date | None, Meta(title="任职日期")] = None
    left_on: Annotated[dt.date | None, Meta(title="离任日期")] = None


class Staff(StaffIn, kw_only=True):
    """Somebody who answers for a place, as they are kept."""

    id: EntryId
    label: Label
    division_name: DivisionName
    meta: Header


class StaffQuery(ListQuery, kw_only=True):
    """Filters of the list of staff."""

    sort: Annotated[str, sorting("left_on")] | None = None
    duty: Duty | None = None
    tier: Tier | None = None


class PhoneSearch(Input):
    """Whom to look for: by phone. Sent as a body, so that it stands in no URL and no log."""

    phone: Phone
