"""The registers, declared."""

from sqlalchemy import case, func, literal_column

from registry.core.filters import Filters
from registry.core.measures import By, Dimension, How, Measure, Rate, Split, Statistic, Statistics, places
from registry.core.register import Names, Register
from registry.disputes.bulletin import tell
from registry.disputes.case_schemas import (
    Agreement,
    AgreementIn,
    AgreementQuery,
    CaseQuery,
    Proceeding,
    ProceedingIn,
    ReturnVisit,
    ReturnVisitIn,
    Session,
    SessionIn,
)
from registry.disputes.codes import (
    CATEGORIES,
    LAND_CATEGORIES,
    AgreementKind,
    Cause,
    DisputeKind,
    Risk,
    Scale,
    Stage,
)
from registry.disputes.duties import AGREEMENT_DUTIES, DISPUTE_DUTIES, PROCEEDING_DUTIES, SESSION_DUTIES
from registry.disputes.models import AGREEMENTS, DISPUTES, PROCEEDINGS, RETURN_VISITS, SESSIONS
from registry.disputes.projection import (
    AGREEMENT_DAYS,
    DISPUTE_DAYS,
    PROCEEDING_DAYS,
    RETURN_VISIT_DAYS,
    SESSION_DAYS,
    UNSETTLED,
    agreement_columns,
    dispute_columns,
    matching_agreements,
    matching_disputes,
    matching_proceedings,
    matching_return_visits,
    matching_sessions,
)
from registry.disputes.rules import CONFIRMATION_RULE, COUNTING_RULE, MEDIATION_RULE
from registry.disputes.schemas import DISPUTE_GROUPS, Dispute, DisputeIn, DisputeQuery

SECTION = "矛盾纠纷排查化解"
OF_LAND = Split(
    case((DISPUTES.c.category.in_(LAND_CATEGORIES), literal_column("'land'")), else_=literal_column("'other'")),
    {"land": ("涉土纠纷", "Land disputes")},
)
_settled = {"given": "days_to_settle"}

DISPUTE_STATISTICS = Statistics(
    DisputeQuery,
    matching_disputes,
    (
        Statistic("found", "排查发现", "宗", dated="discovered"),
        Statistic("accepted", "受理", "宗", where={"given": "accepted_on"}, dated="accepted"),
        Statistic("settled", "化解", "宗", where={"given": "settled_on"}, dated="settled"),
        Statistic("open", "在办", "宗", day="open_on"),
        Statistic("overdue", "超过调解期限", "宗", day="overdue_on"),
        Statistic("failed", "调解不成功", "宗", where={"unsettled": "true"}, dated="ended"),
        Statistic("referred", "移交", "宗", where={"given": "referred_on"}, dated="referred"),
        Statistic("median_days", "化解用时中位数", "日", How.MEDIAN, DISPUTES.c.days_to_settle, where=_settled, dated="settled"),
        Statistic("p90_days", "化解用时第90百分位数", "日", How.P90, DISPUTES.c.days_to_settle, where=_settled, dated="settled"),
        Statistic("people", "涉及人数", "人", How.SUM, DISPUTES.c.people_involved, dated="discovered"),
        Statistic("area", "争议面积", "亩", How.SUM, DISPUTES.c.area_hundredths, hundredths=True, dated="discovered"),
    ),
    (
        *places(DISPUTES),
        Dimension("kind", "纠纷类型", DISPUTES.c.kind, codes=DisputeKind),
        Dimension("cause", "起因", DISPUTES.c.cause, codes=Cause),
        Dimension("scale", "事件规模", DISPUTES.c.scale, codes=Scale),
        Dimension("stage", "阶段", DISPUTES.c.stage, codes=Stage),
        Dimension("risk", "难易程度", DISPUTES.c.risk, codes=Risk),
        Dimension("year_begun", "起始年份", DISPUTES.c.since_year, parameter="since_year"),
        Dimension("month", "发现月份", DISPUTES.c.discovered_on, By.MONTH, "discovered"),
        Dimension("month_settled", "化解月份", DISPUTES.c.settled_on, By.MONTH, "settled"),
    ),
)  # fmt: skip

AGREEMENT_STATISTICS = Statistics(
    AgreementQuery,
    matching_agreements,
    (
        Statistic("signed", "签订", "份", dated="signed"),
        Statistic("performed", "履行完毕", "份", where={"given": "performed_on"}, dated="performed"),
        Statistic("confirmed", "经司法确认", "份", where={"given": "confirmed_on"}, dated="confirmed"),
        Statistic("overdue", "有条款逾期未履行", "份", day="overdue_on"),
    ),
    (
        *places(AGREEMENTS),
        Dimension("kind", "协议类型", AGREEMENTS.c.kind, codes=AgreementKind),
        Dimension("month", "签订月份", AGREEMENTS.c.signed_on, By.MONTH, "signed"),
    ),
)

DISPUTE_REGISTER = Register(
    "disputes",
    "矛盾纠纷排查化解台账",
    DISPUTES,
    DisputeIn,
    Dispute,
    Names("a dispute", "disputes", "Disputes", record="report"),
    Filters(DisputeQuery, matching_disputes),
    cases="disputes",
    days=DISPUTE_DAYS,
    groups=DISPUTE_GROUPS,
    choices={"category": CATEGORIES},
    columns=dispute_columns,
    statistics=DISPUTE_STATISTICS,
    duties=DISPUTE_DUTIES,
    rules=(MEDIATION_RULE, COUNTING_RULE),
    section=SECTION,
    rates=(Rate("mediation_success", "调解成功率", "disputes_settled", "disputes_failed"),),
    tell=tell,
    measures=(
        Measure(
            "disputes_found",
            "排查发现矛盾纠纷",
            "宗",
            func.count(),
            DISPUTES.c.discovered_on,
            split=OF_LAND,
            charted=True,
        ),
        Measure("disputes_accepted", "受理矛盾纠纷", "宗", func.count(), DISPUTES.c.accepted_on, split=OF_LAND),
        Measure("disputes_settled", "成功化解矛盾纠纷", "宗", func.count(), DISPUTES.c.settled_on, split=OF_LAND),
        Measure(
            "disputes_open",
            "在办矛盾纠纷",
            "宗",
            func.count(),
            since=DISPUTES.c.discovered_on,
            until=DISPUTES.c.ended_on,
            split=OF_LAND,
        ),
        Measure(
            "disputes_overdue",
            "超期未调结矛盾纠纷",
            "宗",
            func.count(),
            past=DISPUTES.c.mediation_due_on,
            until=DISPUTES.c.ended_on,
            where=(DISPUTES.c.stage != Stage.FAILED,),
        ),
        Measure("disputes_failed", "调解不成功矛盾纠纷", "宗", func.count(), DISPUTES.c.ended_on, where=UNSETTLED),
    ),
)

PROCEEDING_REGISTER = Register(
    "proceedings",
    "裁决、复议、判决",
    PROCEEDINGS,
    ProceedingIn,
    Proceeding,
    Names("a proceeding", "proceedings", "Proceedings"),
    Filters(CaseQuery, matching_proceedings),
    cases="disputes",
    days=PROCEEDING_DAYS,
    duties=PROCEEDING_DUTIES,
)
SESSION_REGISTER = Register(
    "mediation-sessions",
    "调解记录",
    SESSIONS,
    SessionIn,
    Session,
    Names("a mediation session", "mediation sessions", "Sessions"),
    Filters(CaseQuery, matching_sessions),
    cases="disputes",
    days=SESSION_DAYS,
    duties=SESSION_DUTIES,
)
AGREEMENT_REGISTER = Register(
    "agreements",
    "调解协议",
    AGREEMENTS,
    AgreementIn,
    Agreement,
    Names("an agreement", "agreements", "Agreements", record="sign"),
    Filters(AgreementQuery, matching_agreements),
    cases="disputes",
    days=AGREEMENT_DAYS,
    columns=agreement_columns,
    statistics=AGREEMENT_STATISTICS,
    duties=AGREEMENT_DUTIES,
    rules=(CONFIRMATION_RULE, COUNTING_RULE),
    section=SECTION,
    measures=(Measure("agreements_signed", "签订协议", "份", func.count(), AGREEMENTS.c.signed_on),),
)
RETURN_VISIT_REGISTER = Register(
    "return-visits",
    "回访记录",
    RETURN_VISITS,
    ReturnVisitIn,
    ReturnVisit,
    Names("a return visit", "return visits", "ReturnVisits"),
    Filters(CaseQuery, matching_return_visits),
    cases="disputes",
    days=RETURN_VISIT_DAYS,
)
