"""What comes in and what goes out."""

import datetime as dt
from typing import Annotated

from msgspec import Meta

from registry.core.fields import (
    AreaM2,
    Count,
    DivisionCode,
    DivisionName,
    EntryId,
    Line,
    LongLine,
    Note,
    PersonName,
    Phone,
    PublicName,
)
from registry.core.queries import IrregularParam, ListQuery, among, sorting
from registry.core.register import Groups
from registry.core.schemas import Header, Input, Irregularities, Label, Point
from registry.gatherings.codes import DemolitionMethod, GatheringKind, GatheringMeasure, ShedStructure, ShedUse


class Organiser(Input):
    """Who would have held it (组织者): name, phone, and their part (理事会, 头家 …)."""

    name: PersonName
    phone: Phone | None = None
    role: Annotated[Line | None, Meta(title="身份")] = None


class Notice(Input):
    """The notice that the measure rests on (依据的通告)."""

    issuer: Annotated[LongLine, Meta(title="发文机关")]
    title: Annotated[LongLine, Meta(title="通告名称")]
    dated: Annotated[dt.date, Meta(title="发文日期")]
    number: Annotated[Line | None, Meta(title="文号")] = None


class GatheringIn(Input):
    """A gathering that was called off (取消聚集活动), as an office records it."""

    division: DivisionCode
    title: Annotated[LongLine, Meta(title="活动名称")]
    kind: Annotated[GatheringKind, Meta(title="类型")]
    disposition: Annotated[GatheringMeasure, Meta(title="处置方式")]
    sessions: Annotated[
        int, Meta(title="场次", description="场: an opera run of five nights counts five", ge=1, le=999)
    ]
    planned_from: Annotated[dt.date, Meta(title="原定日期")]
    decided_on: Annotated[dt.date, Meta(title="处置日期")]
    hamlet: Annotated[PublicName | None, Meta(title="自然村")] = None
    planned_to: Annotated[dt.date | None, Meta(title="原定结束日期")] = None
    planned_lunar: Annotated[Line | None, Meta(title="农历日期", description="such as 正月十五")] = None
    postponed_to: Annotated[dt.date | None, Meta(title="延期至")] = None
    venue: Annotated[LongLine | None, Meta(title="原定地点")] = None
    organiser: Annotated[Organiser | None, Meta(title="组织者")] = None
    expected_people: Annotated[Count | None, Meta(title="预计人数")] = None
    handled_by: Annotated[list[Line], Meta(title="处置单位", max_length=20)] = []
    notice: Annotated[Notice | None, Meta(title="依据的通告")] = None
    promise_signed: Annotated[bool, Meta(title="已签承诺书")] = False
    note: Annotated[Note | None, Meta(title="备注")] = None


class Gathering(GatheringIn, kw_only=True):
    """A gathering that was called off, as it is kept."""

    id: EntryId
    label: Label
    division_name: DivisionName
    irregularities: Irregularities = []
    meta: Header


class GatheringQuery(ListQuery, kw_only=True):
    """Filters of the list of gatherings."""

    sort: Annotated[str, sorting("decided_on", "planned_from")] | None = None
    irregular: IrregularParam | None = None
    kind: GatheringKind | None = None
    disposition: GatheringMeasure | None = None
    decided_from: dt.date | None = None
    decided_to: dt.date | None = None
    notice: Annotated[LongLine | None, Meta(description="The title of the notice that the measure rests on.")] = None
    absent: Annotated[str, among("notice")] | None = None
    present: Annotated[str, among("notice")] | None = None


class ShedOwner(Input):
    """Who owned or used the shed (当事人)."""

    name: PersonName
    phone: Phone | None = None


class ShedNotice(Input):
    """The order or public notice served before demolition (责令、公告): 行政强制法 §44."""

    served_on: Annotated[dt.date, Meta(title="送达日期")]
    number: Annotated[Line | None, Meta(title="文号")] = None
    period_days: Annotated[int, Meta(title="自拆期限（日）", ge=0, le=365)] = 0


class ShedIn(Input):
    """A shed apt to draw gamblers (易诱发聚集赌博的简易棚), as an office records it."""

    division: DivisionCode
    place: Annotated[LongLine, Meta(title="地点")]
    use: Annotated[ShedUse, Meta(title="用途")]
    count: Annotated[int, Meta(title="数量（个）", ge=1, le=999)] = 1
    hamlet: Annotated[PublicName | None, Meta(title="自然村")] = None
    point: Annotated[Point | None, Meta(title="位置")] = None
    structure: Annotated[ShedStructure | None, Meta(title="结构")] = None
    area_m2: AreaM2 | None = None
    owner: Annotated[ShedOwner | None, Meta(title="所有人或使用人")] = None
    found_on: Annotated[dt.date | None, Meta(title="发现日期")] = None
    notice: Annotated[ShedNotice | None, Meta(title="责令或公告")] = None
    demolished_on: Annotated[dt.date | None, Meta(title="拆除日期")] = None
    method: Annotated[DemolitionMethod | None, Meta(title="拆除方式")] = None
    demolished_by: Annotated[list[Line], Meta(title="参与单位", max_length=20)] = []
    gambling_evidence: Annotated[Note | None, Meta(title="涉赌证据")] = None
    police_case_number: Annotated[Line | None, Meta(title="公安案件编号")] = None
    seized: Annotated[list[Line], Meta(title="收缴物品", max_length=50)] = []
    rechecked_on: Annotated[dt.date | None, Meta(title="复查日期")] = None
    rebuilt: Annotated[bool | None, Meta(title="是否复建")] = None
    note: Annotated[Note | None, Meta(title="备注")] = None


class Shed(ShedIn, kw_only=True):
    """A shed, as it is kept."""

    id: EntryId
    label: Label
    division_name: DivisionName
    irregularities: Irregularities = []
    meta: Header


class ShedQuery(ListQuery, kw_only=True):
    """Filters of the list of sheds."""

    sort: Annotated[str, sorting("found_on", "demolished_on")] | None = None
    irregular: IrregularParam | None = None
    use: ShedUse | None = None
    demolished: bool | None = None
    demolished_from: dt.date | None = None
    demolished_to: dt.date | None = None
    police_case_number: Line | None = None
    structure: ShedStructure | None = None
    found_from: dt.date | None = None
    found_to: dt.date | None = None
    standing_on: Annotated[
        dt.date | None, Meta(description="Found by this day (or found on no known day), and not demolished by then.")
    ] = None
    absent: Annotated[str, among("structure", "demolished_on", "found_on")] | None = None
    present: Annotated[str, among("structure", "demolished_on", "found_on")] | None = None


GATHERING_GROUPS: Groups = (
    ("活动", "Gathering", ("division", "hamlet", "title", "kind", "venue", "organiser", "expected_people")),
    ("日期", "Dates", ("planned_from", "planned_to", "planned_lunar", "decided_on", "postponed_to")),
    ("处置", "What was done", ("disposition", "sessions", "handled_by", "notice", "promise_signed", "note")),
)
SHED_GROUPS: Groups = (
    ("简易棚", "Shed", ("division", "hamlet", "place", "point", "use", "structure", "count", "area_m2", "owner")),
    ("拆除", "Demolition", ("found_on", "notice", "demolished_on", "method", "demolished_by")),
    (
        "涉赌与复查",
        "Gambling and recheck",
        ("gambling_evidence", "police_case_number", "seized", "rechecked_on", "rebuilt", "note"),
    ),
)
