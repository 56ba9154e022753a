"""What comes in and what goes out: patients and campaigns. Visits are in `visit_schemas`."""

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from registry.core.fields import (
    Address,
    BirthDate,
    Count,
    DivisionCode,
    DivisionName,
    EntryId,
    IdNumber,
    Line,
    LongLine,
    Money,
    Note,
    PersonName,
    Phone,
    Sensitive,
)
from registry.core.queries import ListQuery, among, sorting
from registry.core.register import Groups
from registry.core.schemas import Header, Input, Label
from registry.followups.codes import (
    AwardResult,
    CareStatus,
    Diagnosis,
    FamilyEconomy,
    LostReason,
    Relation,
    Sex,
    Stability,
    Treatment,
    VisitorRole,
)

RiskLevel = Annotated[
    int, Meta(ge=0, le=5, title="危险性评估", description="0-5; the national code is the level plus one")
]
Milligrams = Annotated[int, Meta(ge=0, le=5000)]


class Guardian(Input):
    """The guardian (监护人)."""

    name: PersonName
    relation: Annotated[Relation, Meta(title="与患者关系")]
    phone: Phone | None = None
    id_number: IdNumber | None = None
    address: Address | None = None


class Drug(Input):
    """A drug and its dose (用药情况): by mouth in mg, or a depot injection every so many weeks."""

    name: Annotated[Sensitive, Meta(title="药名")]
    morning_mg: Annotated[Milligrams, Meta(title="早（毫克）")] = 0
    noon_mg: Annotated[Milligrams, Meta(title="中（毫克）")] = 0
    night_mg: Annotated[Milligrams, Meta(title="晚（毫克）")] = 0
    depot_mg: Annotated[Milligrams, Meta(title="长效针剂（毫克）")] = 0
    depot_every_weeks: Annotated[int, Meta(ge=1, le=52, title="长效药间隔（周）")] | None = None


class CareMember(Input):
    """Somebody of the care team (关爱帮扶小组), with a visit cycle of their own."""

    role: Annotated[VisitorRole, Meta(title="角色")]
    name: PersonName
    unit: Annotated[Line | None, Meta(title="单位")] = None
    phone: Phone | None = None
    cycle_days: Annotated[int, Meta(ge=1, le=366, title="回访周期（日）")] | None = None


class Award(Input):
    """The guardian's subsidy of a year (监护补助,以奖代补)."""

    year: Annotated[int, Meta(title="年度", ge=2010, le=2100)]
    amount: Money
    result: Annotated[AwardResult, Meta(title="审核结果")] = AwardResult.PENDING
    incident: Annotated[bool, Meta(title="是否发生肇事肇祸")] = False
    paid_on: Annotated[dt.date | None, Meta(title="发放日期")] = None


class PatientIn(Input):
    """Somebody with severe mental illness who is in care (在管患者)."""

    division: DivisionCode
    name: PersonName
    sex: Annotated[Sex, Meta(title="性别")]
    birth_date: BirthDate
    diagnosis: Annotated[Diagnosis, Meta(title="目前诊断")]
    risk_level: RiskLevel
    stability: Annotated[Stability, Meta(title="病情分类")]
    in_care_since: Annotated[dt.date, Meta(title="建档日期")]
    consent: Annotated[bool, Meta(title="知情同意")]
    id_number: IdNumber | None = None
    address: Address | None = None
    hamlet: Annotated[Sensitive | None, Meta(title="自然村")] = None
    phone: Phone | None = None
    guardian: Annotated[Guardian | None, Meta(title="监护人")] = None
    status: Annotated[CareStatus, Meta(title="在管状态")] = CareStatus.IN_CARE
    left_care_on: Annotated[dt.date | None, Meta(title="终止管理日期")] = None
    lost_reason: Annotated[LostReason | None, Meta(title="失访原因")] = None
    consented_on: Annotated[dt.date | None, Meta(title="知情同意日期")] = None
    consent_asked_on: Annotated[
        dt.date | None,
        Meta(title="最近询问知情同意日期", description="of those who refused: when they were last asked again"),
    ] = None
    first_onset: Annotated[
        str | None, Meta(title="初次发病时间", description="a year, a month or a day: 2010, 2010-05, 2010-05-01")
    ] = None
    treatment: Annotated[Treatment | None, Meta(title="治疗方式")] = None
    hospital: Annotated[Sensitive | None, Meta(title="就诊医院")] = None
    family_economy: Annotated[FamilyEconomy | None, Meta(title="家庭经济状况")] = None
    on_dibao: Annotated[bool | None, Meta(title="是否纳入低保")] = None
    incident_count: Annotated[
        Count, Meta(title="肇事肇祸次数", description="so many by now; visits that tell of more raise it")
    ] = 0
    last_incident_on: Annotated[dt.date | None, Meta(title="最近一次肇事肇祸日期")] = None
    medication: Annotated[list[Drug], Meta(max_length=20, title="用药")] = []
    care_team: Annotated[list[CareMember], Meta(max_length=20, title="关爱帮扶小组")] = []
    awards: Annotated[list[Award], Meta(max_length=50, title="监护补助")] = []
    note: Annotated[Note | None, Meta(title="备注")] = None


class Patient(PatientIn, kw_only=True):
    """Somebody in care, as they are kept."""

    id: EntryId
    label: Label
    division_name: DivisionName
    last_visited_on: Annotated[dt.date | None, Meta(title="上次走访日期")]
    next_visit_on: Annotated[dt.date | None, Meta(title="下次走访日期")]
    next_visit_rule: Annotated[
        str | None,
        Meta(
            title="下次走访依据", description="the row of `/v1/due/rules` that sets the day; not in versions before 0.3"
        ),
    ] = None
    next_visit_from: Annotated[
        dt.date | None, Meta(title="下次走访起算日期", description="the day that this period runs from")
    ] = None
    returned_on: Annotated[
        dt.date | None, Meta(title="恢复在管日期", description="when they last came back into care")
    ] = None
    consecutive_misses: Annotated[
        int, Meta(title="连续未访到次数", description="visits in a row at which nobody was at home")
    ]
    entered_risk_level: Annotated[
        RiskLevel, Meta(title="录入的危险性评估", description="as the office last entered it; visits since may differ")
    ]
    entered_stability: Annotated[Stability, Meta(title="录入的病情分类")]
    entered_on: Annotated[
        dt.date, Meta(title="录入日期", description="visits before it do not change what the office entered")
    ]
    entered_incident_count: Annotated[
        int, Meta(title="录入的肇事肇祸次数", description="as the office last entered it; visits since add to it")
    ]
    entered_last_incident_on: Annotated[dt.date | None, Meta(title="录入的最近一次肇事肇祸日期")]
    incidents_from: Annotated[
        dt.date,
        Meta(
            title="肇事肇祸起计日期", description="incidents of visits from this day on are added to what was entered"
        ),
    ]
    lost_proposed: Annotated[
        bool, Meta(title="建议报失访", description="three misses in a row: to be reported as lost (失访)")
    ]
    meta: Header


class PatientQuery(ListQuery, kw_only=True):
    """Filters of the roster."""

    sort: Annotated[str, sorting("in_care_since", "next_visit_on", "left_care_on")] | None = None
    status: CareStatus | None = None
    risk_from: RiskLevel | None = None
    """This risk level or above."""
    stability: Stability | None = None
    diagnosis: Diagnosis | None = None
    due_by: Annotated[dt.date | None, Meta(description="Whose next visit is due by this day.")] = None
    risk_level: RiskLevel | None = None
    on_roster_on: Annotated[dt.date | None, Meta(description="In care on this day.")] = None
    overdue_on: Annotated[dt.date | None, Meta(description="Whose next visit was due before this day.")] = None
    in_care_from: dt.date | None = None
    in_care_to: dt.date | None = None
    left_from: dt.date | None = None
    left_to: dt.date | None = None
    next_visit_from: dt.date | None = None
    next_visit_to: dt.date | None = None
    absent: Annotated[str, among("left_care_on", "next_visit_on")] | None = None
    present: Annotated[str, among("left_care_on", "next_visit_on")] | None = None


class Transfer(Input):
    """A move to another division (迁移): the old town keeps the history up to it, and sees nothing after."""

    to_division: DivisionCode
    on: dt.date
    reason: Line


class PatientSearch(Input):
    """Whom to look for. Sent as a body, so that it stands in no URL and no log."""

    id_number: IdNumber | None = None
    phone: Phone | None = None


class CampaignQuery(ListQuery, kw_only=True):
    """Filters of the list of drives."""

    sort: Annotated[str, sorting("starts_on", "ends_on")] | None = None


class CampaignIn(Input):
    """A drive (专项行动), such as the house-by-house visits of 2020."""

    name: Annotated[LongLine, Meta(title="名称")]
    starts_on: Annotated[dt.date, Meta(title="开始日期")]
    divisions: Annotated[list[DivisionCode], Meta(min_length=1, max_length=50, title="范围")]
    ends_on: Annotated[dt.date | None, Meta(title="结束日期")] = None
    purpose: Annotated[LongLine | None, Meta(title="目的")] = None


class Campaign(CampaignIn, kw_only=True):
    """A drive, as it is kept."""

    id: EntryId
    label: Label
    meta: Header


class TownCoverage(msgspec.Struct, kw_only=True):
    """How far the drive has come in a town. null for dashboards and bots."""

    town: str
    name: str
    on_roster: int | None
    visited_jointly: int | None
    visited_otherwise: int | None
    not_yet: int | None


class Coverage(msgspec.Struct, kw_only=True):
    """Of the patients on the roster at the drive's start: visited jointly, visited otherwise, not yet; null for dashboards and bots."""

    campaign_id: str
    name: str
    towns: list[TownCoverage]
    total: TownCoverage
    watermark: str


PATIENT_GROUPS: Groups = (
    ("基本信息", "Person", ("division", "hamlet", "name", "sex", "birth_date", "id_number", "address", "phone")),
    ("监护与家庭", "Guardian and family", ("guardian", "family_economy", "on_dibao", "awards")),
    (
        "病情",
        "Condition",
        ("diagnosis", "risk_level", "stability", "first_onset", "incident_count", "last_incident_on"),
    ),
    ("治疗", "Treatment", ("treatment", "hospital", "medication")),
    (
        "管理",
        "Care",
        (
            "in_care_since",
            "consent",
            "consented_on",
            "consent_asked_on",
            "status",
            "left_care_on",
            "lost_reason",
            "care_team",
            "note",
        ),
    ),
)
