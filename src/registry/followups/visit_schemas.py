"""What comes in and what goes out: visits (严重精神障碍患者随访服务记录表 1-8, 2018, with the joint team of the office)."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from registry.core.fields import Count, DivisionCode, DivisionName, EntryId, Line, Note, PersonName, Sensitive
from registry.core.queries import IrregularParam, ListQuery, among, sorting
from registry.core.register import Groups
from registry.core.schemas import Header, Input, Irregularities, Label
from registry.followups.codes import (
    Adherence,
    AdverseReaction,
    Confinement,
    DeathCause,
    DeathIllness,
    Effect,
    Grade,
    HospitalStay,
    Insight,
    Interviewed,
    NotSeen,
    Rehabilitation,
    Stability,
    Symptom,
    VisitForm,
    VisitorRole,
)
from registry.followups.schemas import Drug, RiskLevel


class Visitor(Input):
    """Somebody of the joint team."""

    role: Annotated[VisitorRole, Meta(title="角色")]
    name: PersonName
    unit: Annotated[Line | None, Meta(title="单位")] = None


class Incidents(Input):
    """危险行为 since the last visit: how often; 0 if never."""

    minor: Annotated[Count, Meta(title="轻度滋事")] = 0
    disturbance: Annotated[Count, Meta(title="肇事")] = 0
    serious: Annotated[Count, Meta(title="肇祸")] = 0
    other_harm: Annotated[Count, Meta(title="其他危害行为")] = 0
    self_harm: Annotated[Count, Meta(title="自伤")] = 0
    suicide_attempt: Annotated[Count, Meta(title="自杀未遂")] = 0


class SocialFunctions(Input):
    """社会功能."""

    self_care: Annotated[Grade, Meta(title="个人生活料理")]
    housework: Annotated[Grade, Meta(title="家务劳动")]
    work: Annotated[Grade, Meta(title="生产劳动及工作")]
    learning: Annotated[Grade, Meta(title="学习能力")]
    social: Annotated[Grade, Meta(title="社会人际交往")]


class Referral(Input):
    """转诊."""

    reason: Annotated[Note, Meta(title="转诊原因")]
    to: Annotated[Sensitive, Meta(title="转至机构及科室")]
    done: Annotated[bool, Meta(title="是否已转诊")] = False


class VisitIn(Input):
    """A visit to somebody in care (走访、随访)."""

    patient_id: Annotated[UUID, Meta(title="所属患者")]
    visited_on: Annotated[dt.date, Meta(title="走访日期")]
    form: Annotated[VisitForm, Meta(title="走访形式")]
    team: Annotated[list[Visitor], Meta(min_length=1, max_length=20, title="走访人员")]
    seen: Annotated[bool, Meta(title="见到对象")]
    not_seen_reason: Annotated[NotSeen | None, Meta(title="未访到原因")] = None
    campaign_id: Annotated[UUID | None, Meta(title="所属专项行动")] = None
    interviewed: Annotated[list[Interviewed], Meta(max_length=3, title="走访对象")] = []
    risk_level: RiskLevel | None = None
    stability: Annotated[Stability | None, Meta(title="病情分类")] = None
    symptoms: Annotated[list[Symptom], Meta(max_length=12, title="目前症状")] = []
    insight: Annotated[Insight | None, Meta(title="自知力")] = None
    sleep: Annotated[Grade | None, Meta(title="睡眠情况")] = None
    diet: Annotated[Grade | None, Meta(title="饮食情况")] = None
    functions: Annotated[SocialFunctions | None, Meta(title="社会功能")] = None
    incidents: Annotated[Incidents | None, Meta(title="危险行为")] = None
    confinement: Annotated[Confinement | None, Meta(title="关锁情况")] = None
    hospital_stay: Annotated[HospitalStay | None, Meta(title="住院情况")] = None
    discharged_on: Annotated[dt.date | None, Meta(title="出院日期")] = None
    lab_tested: Annotated[bool | None, Meta(title="实验室检查")] = None
    medication: Annotated[list[Drug], Meta(max_length=20, title="用药情况")] = []
    adherence: Annotated[Adherence | None, Meta(title="用药依从性")] = None
    adverse_reaction: Annotated[AdverseReaction | None, Meta(title="药物不良反应")] = None
    adverse_reaction_note: Annotated[Note | None, Meta(title="不良反应说明")] = None
    effect: Annotated[Effect | None, Meta(title="治疗效果")] = None
    serious_physical_illness: Annotated[bool | None, Meta(title="严重躯体疾病")] = None
    referral: Annotated[Referral | None, Meta(title="转诊")] = None
    died_on: Annotated[dt.date | None, Meta(title="死亡日期")] = None
    death_cause: Annotated[DeathCause | None, Meta(title="死亡原因")] = None
    death_illness: Annotated[
        DeathIllness | None, Meta(title="致死躯体疾病", description="where death_cause is physical_illness")
    ] = None
    rehabilitation: Annotated[list[Rehabilitation], Meta(max_length=5, title="康复措施")] = []
    next_visit_on: Annotated[
        dt.date | None,
        Meta(title="下次走访日期", description="left out: by the rule; another day needs next_visit_reason"),
    ] = None
    next_visit_reason: Annotated[Sensitive | None, Meta(title="另定走访日期的理由")] = None
    findings: Annotated[Note | None, Meta(title="现实表现、存在问题、处置措施")] = None


class Visit(VisitIn, kw_only=True):
    """A visit, as it is kept."""

    id: EntryId
    label: Label
    division: DivisionCode
    division_name: DivisionName
    joint: Annotated[
        bool,
        Meta(
            title="联合走访", description="two roles at least, police or a doctor among them; from risk level 3, police"
        ),
    ]
    next_visit_due_on: Annotated[
        dt.date | None, Meta(title="应走访日期", description="by the rule, whatever was agreed on")
    ]
    alerts: Annotated[
        list[str],
        Meta(
            title="提示",
            description="confined: to be unlocked; serious_incident: the supervisor is told; risk_too_low: graver acts than the level says",
        ),
    ]
    irregularities: Irregularities = []
    meta: Header


NULLABLE = ("campaign_id", "not_seen_reason", "risk_level", "due_on")
"""Columns that `absent` and `present` may ask for."""
ROLES = "|".join(VisitorRole)


class VisitQuery(ListQuery, kw_only=True):
    """Filters of the list of visits."""

    sort: Annotated[str, sorting("visited_on")] | None = None
    patient_id: UUID | None = None
    irregular: IrregularParam | None = None
    campaign_id: UUID | None = None
    joint: bool | None = None
    seen: bool | None = None
    visited_from: dt.date | None = None
    visited_to: dt.date | None = None
    form: VisitForm | None = None
    not_seen_reason: NotSeen | None = None
    risk_level: RiskLevel | None = None
    in_time: Annotated[
        bool | None,
        Meta(description="On or before the day that the patient was due when the visit was recorded; or after it."),
    ] = None
    team: Annotated[
        Annotated[str, Meta(pattern=f"^({ROLES})(,({ROLES}))*$")] | None,
        Meta(description="Just these roles came: in alphabetical order, separated by commas.", examples=["grid_worker,police"]),
    ] = None  # fmt: skip
    absent: Annotated[str, among(*NULLABLE)] | None = None
    present: Annotated[str, among(*NULLABLE)] | None = None


VISIT_GROUPS: Groups = (
    ("走访", "Visit", ("patient_id", "visited_on", "form", "team", "campaign_id")),
    ("见面情况", "Who was seen", ("seen", "not_seen_reason", "interviewed", "died_on", "death_cause", "death_illness")),
    ("病情", "Condition", ("risk_level", "stability", "symptoms", "insight", "sleep", "diet", "functions")),
    ("危险行为与关锁", "Incidents and confinement", ("incidents", "confinement", "hospital_stay", "discharged_on")),
    (
        "用药与治疗",
        "Medication and treatment",
        ("medication", "adherence", "adverse_reaction", "adverse_reaction_note", "effect", "lab_tested",
         "serious_physical_illness", "referral", "rehabilitation"),
    ),
    ("小结", "Conclusion", ("findings", "next_visit_on", "next_visit_reason")),
)  # fmt: skip
