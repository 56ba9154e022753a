"""What comes in and what goes out: what belongs to a dispute - proceedings, mediation sessions, agreements, return visits."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from registry.core.fields import DivisionCode, EntryId, Line, LongLine, Note, PersonName, Positive
from registry.core.queries import IrregularParam, ListQuery, among, sorting
from registry.core.schemas import Header, Input, Irregularities, Label
from registry.disputes.codes import AgreementKind, CourtResult, Outcome, Performance, SessionResult, Subject, Track
from registry.disputes.schemas import Dispute


class CaseQuery(ListQuery, kw_only=True):
    """Filters of the lists of what belongs to disputes."""

    dispute_id: UUID | None = None


class ProceedingQuery(CaseQuery, kw_only=True):
    """Filters of the list of proceedings."""

    sort: Annotated[str, sorting("decided_on")] | None = None


class SessionQuery(CaseQuery, kw_only=True):
    """Filters of the list of mediation sessions."""

    sort: Annotated[str, sorting("held_on")] | None = None


class ReturnVisitQuery(CaseQuery, kw_only=True):
    """Filters of the list of return visits."""

    sort: Annotated[str, sorting("visited_on")] | None = None


class AgreementQuery(CaseQuery, kw_only=True):
    """Filters of the list of agreements."""

    sort: Annotated[str, sorting("signed_on", "effective_on", "performed_on", "confirmation_due_on")] | None = None
    irregular: IrregularParam | None = None
    kind: AgreementKind | None = None
    signed_from: dt.date | None = None
    signed_to: dt.date | None = None
    performed_from: dt.date | None = None
    performed_to: dt.date | None = None
    confirmed_from: dt.date | None = None
    confirmed_to: dt.date | None = None
    overdue_on: Annotated[dt.date | None, Meta(description="With a term past due and not performed on this day.")] = (
        None
    )
    performed_late: Annotated[
        bool | None, Meta(description="Only those with a term performed after its day, or with none such.")
    ] = None
    absent: Annotated[str, among("performed_on", "confirmed_on")] | None = None
    present: Annotated[str, among("performed_on", "confirmed_on")] | None = None


class ProceedingIn(Input):
    """An earlier or other proceeding over the same land (裁决、复议、仲裁、判决)."""

    dispute_id: Annotated[UUID, Meta(title="所属纠纷")]
    track: Annotated[Track, Meta(title="程序")]
    body: Annotated[LongLine, Meta(title="机关")]
    outcome: Annotated[Outcome, Meta(title="结果")]
    document_number: Annotated[Line | None, Meta(title="文号、案号")] = None
    decided_on: Annotated[dt.date | None, Meta(title="作出日期")] = None
    served_on: Annotated[dt.date | None, Meta(title="送达日期")] = None
    note: Annotated[Note | None, Meta(title="说明")] = None


class Proceeding(ProceedingIn, kw_only=True):
    """A proceeding, as it is kept."""

    id: EntryId
    label: Label
    division: DivisionCode
    meta: Header


class Mediator(Input):
    """Who mediated: the unit always, the name where it is known."""

    unit: Annotated[Line, Meta(title="单位")]
    name: PersonName | None = None


PartyLabel = Annotated[
    Line, Meta(title="当事方", description="a village, a unit, or 甲方/乙方; a person's name belongs into name")
]


class Attendee(Input):
    """Who was there for a party."""

    party: PartyLabel
    name: PersonName | None = None
    capacity: Annotated[Line | None, Meta(title="身份")] = None


class Statement(Input):
    """What a side asked for."""

    party: PartyLabel
    asked: Annotated[Note, Meta(title="诉求")]


class SessionIn(Input):
    """A mediation session (调解记录)."""

    dispute_id: Annotated[UUID, Meta(title="所属纠纷")]
    held_on: Annotated[dt.date, Meta(title="调解日期")]
    place: Annotated[LongLine, Meta(title="地点")]
    mediators: Annotated[list[Mediator], Meta(min_length=1, max_length=20, title="调解人")]
    result: Annotated[SessionResult, Meta(title="结果")]
    attended: Annotated[list[Attendee], Meta(max_length=100, title="参加人")] = []
    statements: Annotated[list[Statement], Meta(max_length=50, title="各方诉求")] = []
    next_session_on: Annotated[dt.date | None, Meta(title="下次调解日期")] = None
    note: Annotated[Note | None, Meta(title="记录")] = None


class Session(SessionIn, kw_only=True):
    """A mediation session, as it is kept."""

    id: EntryId
    label: Label
    division: DivisionCode
    meta: Header


class Signatory(Input):
    """Who signed for a party."""

    party: PartyLabel
    name: PersonName | None = None
    capacity: Annotated[Line | None, Meta(title="身份")] = None
    signed_on: Annotated[dt.date | None, Meta(title="签字日期")] = None


class Term(Input):
    """One thing that was agreed, when it is due, and when it was done."""

    text: Annotated[Note, Meta(title="条款内容")]
    due_on: Annotated[dt.date | None, Meta(title="履行期限")] = None
    performed_on: Annotated[dt.date | None, Meta(title="履行日期")] = None
    number: Annotated[
        Annotated[int, Meta(ge=1, le=9999)] | None,
        Meta(title="序号", description="given by the server; sent back with its term, the term keeps it"),
    ] = None


class Performing(Input):
    """A term was performed (履行)."""

    performed_on: Annotated[dt.date, Meta(title="履行日期")]


class Meeting(Input):
    """The villagers' meeting that authorised it (村委会组织法 §28): two thirds attend, a majority of those agree."""

    held_on: Annotated[dt.date, Meta(title="会议日期")]
    eligible: Annotated[Positive, Meta(title="应到人数")]
    attended: Annotated[Positive, Meta(title="实到人数")]
    in_favour: Annotated[Positive, Meta(title="同意人数")]
    published_on: Annotated[dt.date | None, Meta(title="公告日期")] = None


class Confirmation(Input):
    """Judicial confirmation (司法确认): applied for jointly within 30 days (人民调解法 §33)."""

    applied_on: Annotated[dt.date, Meta(title="申请日期")]
    court: Annotated[Line, Meta(title="法院")]
    number: Annotated[Line | None, Meta(title="案号")] = None
    decided_on: Annotated[dt.date | None, Meta(title="裁定日期")] = None
    result: Annotated[CourtResult | None, Meta(title="裁定结果")] = None


class AgreementIn(Input):
    """An agreement (协议); a dispute may have several."""

    dispute_id: Annotated[UUID, Meta(title="所属纠纷")]
    kind: Annotated[AgreementKind, Meta(title="协议类型")]
    title: Annotated[LongLine, Meta(title="协议名称")]
    subject: Annotated[Subject, Meta(title="标的")]
    signed_on: Annotated[dt.date, Meta(title="签订日期")]
    signatories: Annotated[list[Signatory], Meta(min_length=2, max_length=50, title="签字人")]
    number: Annotated[
        Line | None, Meta(title="协议编号", description="as on the cover of the official form: （2020）客人调字第12号")
    ] = None
    signed_at: Annotated[LongLine | None, Meta(title="签订地点")] = None
    mediators: Annotated[list[Mediator], Meta(max_length=20, title="调解人")] = []
    mediator_signed: Annotated[bool, Meta(title="调解员已签名")] = False
    sealed_by: Annotated[Line | None, Meta(title="盖章单位")] = None
    terms: Annotated[list[Term], Meta(max_length=100, title="协议条款")] = []
    copies: Annotated[int, Meta(ge=1, le=99, title="份数")] = 3
    authorised_by: Annotated[Meeting | None, Meta(title="村民会议")] = None
    confirmation: Annotated[Confirmation | None, Meta(title="司法确认")] = None
    served_on: Annotated[
        dt.date | None, Meta(title="送达日期", description="when a land authority's 调解书 was served")
    ] = None
    note: Annotated[Note | None, Meta(title="备注")] = None


class Agreement(AgreementIn, kw_only=True):
    """An agreement, as it is kept."""

    id: EntryId
    label: Label
    division: DivisionCode
    effective_on: Annotated[
        dt.date | None,
        Meta(title="生效日期", description="null while a signature or seal that its kind needs is missing"),
    ]
    performed_on: Annotated[
        dt.date | None, Meta(title="履行完毕日期", description="when the last term was performed; null until all are")
    ]
    confirmation_due_on: Annotated[
        dt.date | None, Meta(title="司法确认期限", description="null where the law allows no confirmation")
    ]
    irregularities: Irregularities = []
    meta: Header


class ReturnVisitIn(Input):
    """A return visit after an agreement (回访)."""

    dispute_id: Annotated[UUID, Meta(title="所属纠纷")]
    visited_on: Annotated[dt.date, Meta(title="回访日期")]
    visitors: Annotated[list[Mediator], Meta(min_length=1, max_length=20, title="回访人")]
    performance: Annotated[Performance, Meta(title="履行情况")]
    agreement_id: Annotated[UUID | None, Meta(title="所属协议")] = None
    satisfied: Annotated[bool | None, Meta(title="是否满意")] = None
    escalation_signs: Annotated[bool, Meta(title="有无激化迹象")] = False
    lawsuit: Annotated[bool, Meta(title="是否起诉")] = False
    findings: Annotated[Note | None, Meta(title="回访情况")] = None


class ReturnVisit(ReturnVisitIn, kw_only=True):
    """A return visit, as it is kept."""

    id: EntryId
    label: Label
    division: DivisionCode
    meta: Header


class Case(msgspec.Struct, kw_only=True):
    """A dispute read whole, with everything that belongs to it, earliest first."""

    dispute: Dispute
    proceedings: list[Proceeding]
    mediation_sessions: list[Session]
    agreements: list[Agreement]
    return_visits: list[ReturnVisit]
    watermark: str
