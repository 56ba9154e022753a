"""The registers, declared."""

from registry.core.filters import Filters
from registry.core.measures import P90, By, Dimension, Measure, Median, Sum, dates, places
from registry.core.register import Names, Register
from registry.disputes.case_schemas import (
    Agreement,
    AgreementIn,
    AgreementQuery,
    Proceeding,
    ProceedingIn,
    ProceedingQuery,
    ReturnVisit,
    ReturnVisitIn,
    ReturnVisitQuery,
    Session,
    SessionIn,
    SessionQuery,
)
from registry.disputes.codes import CATEGORIES, AgreementKind, Cause, DisputeKind, Risk, Scale, Stage
from registry.disputes.duties import AGREEMENT_DUTIES, DISPUTE_DUTIES, PROCEEDING_DUTIES, SESSION_DUTIES
from registry.disputes.models import AGREEMENTS, DISPUTES, PROCEEDINGS, RETURN_VISITS, SESSIONS
from registry.disputes.projection import (
    AGREEMENT_DAYS,
    DISPUTE_DAYS,
    PROCEEDING_DAYS,
    RETURN_VISIT_DAYS,
    SESSION_DAYS,
    agreement_columns,
    agreement_label,
    agreement_upgrade,
    dispute_columns,
    dispute_label,
    dispute_upgrade,
    matching_agreements,
    matching_disputes,
    matching_proceedings,
    matching_return_visits,
    matching_sessions,
    proceeding_label,
    return_visit_label,
    session_label,
    with_party_in,
)
from registry.disputes.rules import CONFIRMATION_RULE, COUNTING_RULE, MEDIATION_RULE
from registry.disputes.schemas import DISPUTE_GROUPS, Dispute, DisputeIn, DisputeQuery

_settled = {"present": "days_to_settle"}

DISPUTE_MEASURES = (
    Measure("disputes_found", "排查发现", "Disputes found", "宗", dated="discovered"),
    Measure("disputes_accepted", "受理", "Accepted", "宗", dated="accepted", where={"present": "accepted_on"}),
    Measure("disputes_settled", "化解", "Settled", "宗", dated="settled", where={"present": "settled_on"}),
    Measure("disputes_open", "在办", "Open", "宗", day="open_on"),
    Measure("disputes_overdue", "超过调解期限", "Past the mediation period", "宗", day="overdue_on"),
    Measure("disputes_failed", "调解不成功", "Mediation failed", "宗", dated="ended", where={"unsettled": "true"}),
    Measure("disputes_referred", "移交", "Referred", "宗", dated="referred", where={"present": "referred_on"}),
    Measure(
        "disputes_days_median",
        "化解用时中位数",
        "Days to settle, median",
        "日",
        Median(DISPUTES.c.days_to_settle),
        dated="settled",
        where=_settled,
    ),
    Measure(
        "disputes_days_p90",
        "化解用时第90百分位数",
        "Days to settle, 90th percentile",
        "日",
        P90(DISPUTES.c.days_to_settle),
        dated="settled",
        where=_settled,
    ),
    Measure(
        "disputes_people", "涉及人数", "People involved", "人", Sum(DISPUTES.c.people_involved), dated="discovered"
    ),
    Measure(
        "disputes_area",
        "争议面积",
        "Disputed area",
        "亩",
        Sum(DISPUTES.c.area_hundredths, hundredths=True),
        dated="discovered",
    ),
)
DISPUTE_DIMENSIONS = (
    *places(DISPUTES),
    Dimension("kind", "纠纷类型", "Kind of dispute", DISPUTES.c.kind, codes=DisputeKind),
    Dimension("cause", "起因", "Cause", DISPUTES.c.cause, codes=Cause),
    Dimension("scale", "事件规模", "Scale", DISPUTES.c.scale, codes=Scale),
    Dimension("stage", "阶段", "Stage", DISPUTES.c.stage, codes=Stage),
    Dimension("risk", "难易程度", "Difficulty", DISPUTES.c.risk, codes=Risk),
    Dimension("year_begun", "起始年份", "Year it began", DISPUTES.c.since_year, parameter="since_year"),
    *dates("发现", "found", DISPUTES.c.discovered_on, "discovered"),
    Dimension("month_settled", "化解月份", "Month settled", DISPUTES.c.settled_on, By.MONTH, "settled"),
)
AGREEMENT_MEASURES = (
    Measure("agreements_signed", "签订", "Signed", "份", dated="signed"),
    Measure(
        "agreements_performed", "履行完毕", "Performed", "份", dated="performed", where={"present": "performed_on"}
    ),
    Measure(
        "agreements_confirmed",
        "经司法确认",
        "Confirmed by a court",
        "份",
        dated="confirmed",
        where={"present": "confirmed_on"},
    ),
    Measure("agreements_overdue", "有条款逾期未履行", "With a term overdue", "份", day="overdue_on"),
    Measure("agreements_irregular", "不规范", "Irregular", "份", dated="signed", where={"irregular": "true"}),
)
AGREEMENT_DIMENSIONS = (
    *places(AGREEMENTS),
    Dimension("kind", "协议类型", "Kind of agreement", AGREEMENTS.c.kind, codes=AgreementKind),
    *dates("签订", "signed", AGREEMENTS.c.signed_on, "signed"),
)

DISPUTE_REGISTER = Register(
    "disputes",
    "矛盾纠纷排查化解台账",
    DISPUTES,
    DisputeIn,
    Dispute,
    Names("a dispute", "disputes", "Disputes", record="report"),
    Filters(DisputeQuery, matching_disputes, with_party_in),
    cases="disputes",
    label=dispute_label,
    upgrade=dispute_upgrade,
    days=DISPUTE_DAYS,
    groups=DISPUTE_GROUPS,
    choices={"category": CATEGORIES},
    columns=dispute_columns,
    measures=DISPUTE_MEASURES,
    dimensions=DISPUTE_DIMENSIONS,
    duties=DISPUTE_DUTIES,
    rules=(MEDIATION_RULE, COUNTING_RULE),
)

PROCEEDING_REGISTER = Register(
    "proceedings",
    "裁决、复议、判决",
    PROCEEDINGS,
    ProceedingIn,
    Proceeding,
    Names("a proceeding", "proceedings", "Proceedings"),
    Filters(ProceedingQuery, matching_proceedings),
    cases="disputes",
    label=proceeding_label,
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
    Filters(SessionQuery, matching_sessions),
    cases="disputes",
    label=session_label,
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
    label=agreement_label,
    upgrade=agreement_upgrade,
    days=AGREEMENT_DAYS,
    columns=agreement_columns,
    measures=AGREEMENT_MEASURES,
    dimensions=AGREEMENT_DIMENSIONS,
    duties=AGREEMENT_DUTIES,
    rules=(CONFIRMATION_RULE, COUNTING_RULE),
)
RETURN_VISIT_REGISTER = Register(
    "return-visits",
    "回访记录",
    RETURN_VISITS,
    ReturnVisitIn,
    ReturnVisit,
    Names("a return visit", "return visits", "ReturnVisits"),
    Filters(ReturnVisitQuery, matching_return_visits),
    cases="disputes",
    label=return_visit_label,
    days=RETURN_VISIT_DAYS,
)
