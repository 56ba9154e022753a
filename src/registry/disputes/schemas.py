"""What comes in and what goes out: the dispute itself. Its children's shapes are in `case_schemas`."""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from registry.core.fields import (
    AreaMu,
    Count,
    DivisionCode,
    DivisionName,
    EntryId,
    IdNumber,
    Line,
    LongLine,
    Note,
    PersonName,
    Phone,
    PublicName,
    Sensitive,
)
from registry.core.queries import AsOfQuery, ListQuery, among, sorting
from registry.core.register import Groups
from registry.core.schemas import Header, Input, Label, Reason
from registry.disputes.codes import Cause, DisputeKind, FoundBy, PartyKind, Risk, Scale, Stage

Longitude = Annotated[float, Meta(ge=73, le=136)]
Latitude = Annotated[float, Meta(ge=3, le=54)]
Ring = Annotated[list[tuple[Longitude, Latitude]], Meta(min_length=4, max_length=5000)]
Rings = Annotated[list[Ring], Meta(min_length=1, max_length=100)]

POSITIONS: dict[str, object] = {"x-form": "positions"}
"""An altitude is taken, and dropped."""


class PointGeometry(Input, tag_field="type", tag="Point"):
    """A GeoJSON point."""

    coordinates: Annotated[tuple[Longitude, Latitude], Meta(title="坐标", extra_json_schema=POSITIONS)]


class PolygonGeometry(Input, tag_field="type", tag="Polygon"):
    """A GeoJSON polygon: rings of [longitude, latitude], each closed."""

    coordinates: Annotated[Rings, Meta(title="坐标", extra_json_schema=POSITIONS)]


class MultiPolygonGeometry(Input, tag_field="type", tag="MultiPolygon"):
    """Several parcels: the rings of each."""

    coordinates: Annotated[list[Rings], Meta(min_length=1, max_length=100, title="坐标", extra_json_schema=POSITIONS)]


class Contact(Input):
    """Somebody to speak to (联系人)."""

    name: PersonName
    phone: Phone | None = None
    position: Annotated[Line | None, Meta(title="职务")] = None


class PartyPerson(Input):
    """A person or the head of a household who is a party."""

    name: PersonName
    id_number: IdNumber | None = None
    phone: Phone | None = None


class Party(Input):
    """A party (当事人). Villages and organisations have a public name, persons and households a person."""

    kind: Annotated[PartyKind, Meta(title="当事人类型")]
    name: Annotated[PublicName | None, Meta(title="名称")] = None
    person: Annotated[PartyPerson | None, Meta(title="当事人")] = None
    division: DivisionCode | None = None
    hamlet: Annotated[PublicName | None, Meta(title="自然村")] = None
    representative: Annotated[Contact | None, Meta(title="代表人")] = None
    claim: Annotated[Note | None, Meta(title="诉求")] = None


class TaskForce(Input):
    """A work team stationed on the spot (工作专班)."""

    lead_unit: Annotated[Line, Meta(title="牵头单位")]
    leader: Annotated[Line, Meta(title="组长", description="an office, not a name")]
    stationed_at: Annotated[Line, Meta(title="进驻地点")]
    stationed_from: Annotated[dt.date, Meta(title="进驻日期")]
    stationed_to: Annotated[dt.date | None, Meta(title="撤离日期")] = None
    members: Annotated[list[Line], Meta(max_length=50, title="成员单位")] = []


class Response(Input):
    """Who was first on the scene, and when (现场处置)."""

    arrived_on: Annotated[dt.date, Meta(title="到场日期")]
    units: Annotated[list[Line], Meta(title="到场单位", min_length=1, max_length=20)]
    result: Annotated[LongLine | None, Meta(title="处置结果")] = None
    police_reported_on: Annotated[dt.date | None, Meta(title="报警日期", description="人民调解法 §25")] = None


class SpotMediator(Input):
    """Who mediated on the spot."""

    unit: Annotated[Line, Meta(title="单位")]
    name: PersonName | None = None


class SpotSettlement(Input):
    """A dispute that was settled where it was found (当场化解): what was agreed by word of mouth, and who mediated (人民调解法 §28)."""

    settled_on: Annotated[dt.date, Meta(title="化解日期")]
    agreed: Annotated[Note, Meta(title="协议内容")]
    mediators: Annotated[list[SpotMediator], Meta(min_length=1, max_length=20, title="调解人")]


class DisputeIn(Input):
    """A land dispute (涉土纠纷), as an office records it."""

    division: DivisionCode
    title: Annotated[LongLine, Meta(title="纠纷名称")]
    kind: Annotated[DisputeKind, Meta(title="纠纷类型")]
    category: Annotated[str, Meta(pattern=r"^[0-9]{2}([0-9]{2})?$", title="事件类别", max_length=4)]
    cause: Annotated[Cause, Meta(title="起因")]
    scale: Annotated[Scale, Meta(title="事件规模")]
    people_involved: Annotated[Count, Meta(title="涉及人数")]
    discovered_on: Annotated[dt.date, Meta(title="发现日期")]
    found_by: Annotated[FoundBy, Meta(title="来源")]
    parties: Annotated[list[Party], Meta(min_length=2, max_length=50, title="当事人")]
    risk: Annotated[Risk, Meta(title="难易程度")] = Risk.GENERAL
    place_name: Annotated[LongLine | None, Meta(title="争议地点")] = None
    geometry: Annotated[PointGeometry | PolygonGeometry | MultiPolygonGeometry | None, Meta(title="争议地块")] = None
    crs: Annotated[Literal["CGCS2000", "WGS84", "GCJ02", "BD09"], Meta(title="坐标系")] = "CGCS2000"
    area_mu: AreaMu | None = None
    since_year: Annotated[int, Meta(ge=1900, le=2100, title="起始年份")] | None = None
    found_by_unit: Annotated[Line | None, Meta(title="发现单位")] = None
    responsible_unit: Annotated[Line | None, Meta(title="责任单位")] = None
    responsible: Annotated[Contact | None, Meta(title="责任人")] = None
    task_force: Annotated[TaskForce | None, Meta(title="工作专班")] = None
    response: Annotated[Response | None, Meta(title="现场处置")] = None
    resolve_by: Annotated[dt.date | None, Meta(title="化解时限")] = None
    status_quo_order: Annotated[bool, Meta(title="维持土地利用现状", description="土地管理法 §14")] = False
    summary: Annotated[Note | None, Meta(title="事件简述")] = None
    settled_on_the_spot: Annotated[
        SpotSettlement | None,
        Meta(
            title="当场化解", description="when it is reported: the oral agreement and all steps are recorded with it"
        ),
    ] = None


class Move(Input):
    """A step from one stage to another."""

    to: Annotated[Stage, Meta(title="转入阶段")]
    on: Annotated[dt.date, Meta(title="日期")]
    reason: Annotated[Sensitive | None, Meta(title="理由")] = None
    referred_to: Annotated[Line | None, Meta(title="移交单位")] = None


class DoneMove(Move, kw_only=True):
    """A step that was taken, with its number: it stays when others are undone."""

    number: Annotated[int, Meta(ge=1, title="序号")]


class StoredMove(DoneMove, kw_only=True):
    """A step as it is read back: its texts are as they were taken then, whatever is taken today."""

    reason: str | None = None
    referred_to: str | None = None


class MoveChanges(Input):
    """What was wrong of a step; what is left out stays."""

    on: Annotated[dt.date | None, Meta(title="日期")] = None
    reason: Annotated[Sensitive | None, Meta(title="理由")] = None
    referred_to: Annotated[Line | None, Meta(title="移交单位")] = None


class MoveCorrection(Input):
    """A step that was recorded wrongly (更正): what is right, and why. A step to a wrong stage is undone."""

    changes: MoveChanges
    reason: Reason


class MoveUndoing(Input):
    """The last step should never have been recorded (撤销): why."""

    reason: Reason


class Dispute(DisputeIn, kw_only=True):
    """A land dispute, as it is kept."""

    id: EntryId
    label: Label
    case_number: Annotated[str, Meta(title="编号", description="town, year, running number")]
    division_name: DivisionName
    stage: Annotated[Stage, Meta(title="阶段")]
    moves: Annotated[list[DoneMove], Meta(title="办理经过")]
    accepted_on: Annotated[dt.date | None, Meta(title="受理日期")]
    settled_on: Annotated[dt.date | None, Meta(title="化解日期")]
    days_to_settle: Annotated[int | None, Meta(title="化解用时（日）", description="from acceptance to settlement")]
    mediation_due_on: Annotated[
        dt.date | None,
        Meta(
            title="调解期限",
            description="normally within one month of acceptance, as the rules say for mediation by the people (人民调解工作若干规定 §33)",
        ),
    ]
    meta: Header


NULLABLE = ("since_year", "accepted_on", "settled_on", "ended_on", "referred_on", "days_to_settle")
"""Columns that `absent` and `present` may ask for."""


class DisputeQuery(ListQuery, kw_only=True):
    """Filters of the list of disputes."""

    sort: (
        Annotated[
            str, sorting("discovered_on", "accepted_on", "settled_on", "ended_on", "mediation_due_on", "case_number")
        ]
        | None
    ) = None
    case_number: Annotated[Line | None, Meta(description="The one of this number: town, year, running number.")] = None
    party_division: Annotated[
        DivisionCode | None, Meta(description="Only those with a party in this division, or below it.")
    ] = None
    parties: Annotated[
        bool, Meta(description="With `division`: also disputes that another division keeps, with a party there; false: only its own.")
    ] = True  # fmt: skip
    stage: Stage | None = None
    kind: DisputeKind | None = None
    risk: Risk | None = None
    land: Annotated[bool | None, Meta(description="涉土纠纷 only, or all others.")] = None
    discovered_from: dt.date | None = None
    discovered_to: dt.date | None = None
    accepted_from: dt.date | None = None
    accepted_to: dt.date | None = None
    settled_from: dt.date | None = None
    settled_to: dt.date | None = None
    ended_from: dt.date | None = None
    ended_to: dt.date | None = None
    referred_from: dt.date | None = None
    referred_to: dt.date | None = None
    unsettled: Annotated[
        Literal["true"] | None, Meta(description="Only those accepted that ended without an agreement (调解不成功).")
    ] = None  # fmt: skip
    cause: Cause | None = None
    scale: Scale | None = None
    since_year: Annotated[int, Meta(ge=1900, le=2100)] | None = None
    open_on: Annotated[
        dt.date | None, Meta(description="Found by this day, and neither settled nor ended by then.")
    ] = None
    overdue_on: Annotated[dt.date | None, Meta(description="Past the mediation period on this day.")] = None
    absent: Annotated[str, among(*NULLABLE)] | None = None
    present: Annotated[str, among(*NULLABLE)] | None = None


class ClockQuery(AsOfQuery, kw_only=True):
    """The day to count on."""

    on: Annotated[dt.date | None, Meta(description="The day to count on; left out: today, or the day of as_of.")] = None


class DisputeClock(msgspec.Struct, kw_only=True):
    """What changes with the day: how long a dispute has been open, and whether it is overdue."""

    id: str
    on: dt.date
    stage: Stage
    days_open: int
    mediation_due_on: dt.date | None
    overdue: bool
    days_overdue: int
    rule: str
    watermark: str


class PersonSearch(Input):
    """Whom to look for. Sent as a body, so that it stands in no URL and no log."""

    id_number: IdNumber | None = None
    phone: Phone | None = None


DISPUTE_GROUPS: Groups = (
    ("基本情况", "The dispute", ("division", "title", "kind", "category", "cause", "scale", "risk", "summary")),
    ("当事人", "Parties", ("parties", "people_involved")),
    ("争议土地", "The land", ("place_name", "area_mu", "geometry", "crs", "since_year", "status_quo_order")),
    (
        "发现与处置",
        "Found and handled",
        ("discovered_on", "found_by", "found_by_unit", "response", "settled_on_the_spot"),
    ),
    ("责任", "Who answers for it", ("responsible_unit", "responsible", "task_force", "resolve_by")),
)
