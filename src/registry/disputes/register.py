"""The registers, declared."""

from sqlalchemy import func

from registry.access.register import Measure, Register
from registry.disputes.case_schemas import (
    Agreement,
    AgreementIn,
    Proceeding,
    ProceedingIn,
    ReturnVisit,
    ReturnVisitIn,
    Session,
    SessionIn,
)
from registry.disputes.days import AGREEMENT_DAYS, DISPUTE_DAYS, PROCEEDING_DAYS, RETURN_VISIT_DAYS, SESSION_DAYS
from registry.disputes.models import AGREEMENTS, DISPUTES, PROCEEDINGS, RETURN_VISITS, SESSIONS
from registry.disputes.rules import CONFIRMATION_RULE, COUNTING_RULE, MEDIATION_RULE
from registry.disputes.schemas import Dispute, DisputeIn

DISPUTE_REGISTER = Register(
    "disputes",
    "矛盾纠纷排查化解台账",
    DISPUTES,
    DisputeIn,
    Dispute,
    cases="disputes",
    days=DISPUTE_DAYS,
    rules=(MEDIATION_RULE, COUNTING_RULE),
    measures=(
        Measure("disputes_found", "排查发现矛盾纠纷", "宗", func.count(), DISPUTES.c.discovered_on),
        Measure("disputes_accepted", "受理矛盾纠纷", "宗", func.count(), DISPUTES.c.accepted_on),
        Measure("disputes_settled", "成功化解矛盾纠纷", "宗", func.count(), DISPUTES.c.settled_on),
        Measure(
            "disputes_open",
            "在办矛盾纠纷",
            "宗",
            func.count(),
            since=DISPUTES.c.discovered_on,
            until=DISPUTES.c.ended_on,
        ),
    ),
)

PROCEEDING_REGISTER = Register(
    "proceedings", "裁决、复议、判决", PROCEEDINGS, ProceedingIn, Proceeding, cases="disputes", days=PROCEEDING_DAYS
)
SESSION_REGISTER = Register(
    "mediation-sessions", "调解记录", SESSIONS, SessionIn, Session, cases="disputes", days=SESSION_DAYS
)
AGREEMENT_REGISTER = Register(
    "agreements",
    "调解协议",
    AGREEMENTS,
    AgreementIn,
    Agreement,
    cases="disputes",
    days=AGREEMENT_DAYS,
    rules=(CONFIRMATION_RULE, COUNTING_RULE),
    measures=(Measure("agreements_signed", "签订协议", "份", func.count(), AGREEMENTS.c.signed_on),),
)
RETURN_VISIT_REGISTER = Register(
    "return-visits", "回访记录", RETURN_VISITS, ReturnVisitIn, ReturnVisit, cases="disputes", days=RETURN_VISIT_DAYS
)
