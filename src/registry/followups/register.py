"""The registers, declared."""

from registry.core.filters import Filters
from registry.core.measures import Dimension, Distinct, Measure, PeopleRule, dates, places
from registry.core.principals import SEE_PEOPLE
from registry.core.queries import ListQuery
from registry.core.register import Names, Register
from registry.followups.codes import CareStatus, Diagnosis, NotSeen, Stability, VisitForm, VisitorRole
from registry.followups.duties import PATIENT_DUTIES
from registry.followups.models import CAMPAIGNS, PATIENTS, VISITS
from registry.followups.projection import (
    CAMPAIGN_DAYS,
    PATIENT_DAYS,
    VISIT_DAYS,
    matching_patients,
    matching_visits,
    visit_columns,
)
from registry.followups.schemas import PATIENT_GROUPS, Campaign, CampaignIn, Patient, PatientIn, PatientQuery
from registry.followups.visit_schemas import VISIT_GROUPS, Visit, VisitIn, VisitQuery

PATIENT_MEASURES = (
    Measure("on_roster", "在管", "人", day="on_roster_on"),
    Measure("enrolled", "建档", "人", dated="in_care"),
    Measure("left", "终止管理", "人", dated="left", where={"given": "left_care_on"}),
    Measure("visits_due", "应走访", "人", dated="next_visit", where={"given": "next_visit_on"}),
    Measure("visits_overdue", "逾期未走访", "人", day="overdue_on"),
)
PATIENT_DIMENSIONS = (
    *places(PATIENTS),
    Dimension("risk", "危险性评估", PATIENTS.c.risk_level, parameter="risk_level"),
    Dimension("stability", "病情分类", PATIENTS.c.stability, codes=Stability),
    Dimension("diagnosis", "目前诊断", PATIENTS.c.diagnosis, codes=Diagnosis),
    Dimension("status", "在管状态", PATIENTS.c.status, codes=CareStatus),
)

_people = Distinct(VISITS.c.case_id)
_seen, _not_seen = {"seen": "true"}, {"seen": "false"}

VISIT_MEASURES = (
    Measure("made", "走访", "人次", dated="visited"),
    Measure("joint", "联合走访", "人次", dated="visited", where={"joint": "true"}),
    Measure("seen", "见到本人", "人次", dated="visited", where=_seen),
    Measure("not_seen", "未见到本人", "人次", dated="visited", where=_not_seen),
    Measure("in_time", "按期走访", "人次", dated="visited", where={"in_time": "true"}),
    Measure("late", "逾期走访", "人次", dated="visited", where={"in_time": "false"}),
    Measure("patients", "走访人数", "人", _people, dated="visited"),
    Measure("patients_not_seen", "曾走访未见人数", "人", _people, dated="visited", where=_not_seen),
    Measure("patients_seen", "见到人数", "人", _people, dated="visited", where=_seen),
)
VISIT_DIMENSIONS = (
    *places(VISITS),
    *dates("走访", VISITS.c.visited_on, "visited"),
    Dimension("campaign", "专项行动", VISITS.c.campaign_id, parameter="campaign_id", entries="campaigns"),
    Dimension("team", "走访人员组成", VISITS.c.team, codes=VisitorRole),
    Dimension("form", "走访形式", VISITS.c.form, codes=VisitForm),
    Dimension("joint", "联合走访", VISITS.c.joint),
    Dimension("seen", "见到本人", VISITS.c.seen),
    Dimension("not_seen_reason", "未访到原因", VISITS.c.not_seen_reason, codes=NotSeen),
    Dimension("risk", "危险性评估", VISITS.c.risk_level, parameter="risk_level"),
)


PATIENT_PEOPLE = PeopleRule(work=frozenset({"visits_due", "visits_overdue"}), by_town=frozenset({"on_roster"}))
PERIODS = ("day", "week", "month", "quarter", "year")
VISIT_PEOPLE = PeopleRule(
    work=frozenset({"made", "joint", "seen", "not_seen", "in_time", "late"}),
    parts_work=frozenset({*PERIODS, "campaign", "campaign_id", "joint", "seen", "in_time"}),
)

PATIENT_REGISTER = Register(
    "patients",
    "严重精神障碍患者台账",
    PATIENTS,
    PatientIn,
    Patient,
    Names("a patient", "patients", "Patients", record="enrol"),
    Filters(PatientQuery, matching_patients),
    readers=SEE_PEOPLE,
    cases="patients",
    needs_purpose=True,
    days=PATIENT_DAYS,
    groups=PATIENT_GROUPS,
    people=PATIENT_PEOPLE,
    measures=PATIENT_MEASURES,
    dimensions=PATIENT_DIMENSIONS,
    duties=PATIENT_DUTIES,
)

VISIT_REGISTER = Register(
    "visits",
    "严重精神障碍患者走访台账",
    VISITS,
    VisitIn,
    Visit,
    Names("a visit", "visits", "Visits"),
    Filters(VisitQuery, matching_visits),
    readers=SEE_PEOPLE,
    cases="patients",
    needs_purpose=True,
    days=VISIT_DAYS,
    groups=VISIT_GROUPS,
    people=VISIT_PEOPLE,
    columns=visit_columns,
    measures=VISIT_MEASURES,
    dimensions=VISIT_DIMENSIONS,
)

CAMPAIGN_REGISTER = Register(
    "campaigns",
    "专项行动",
    CAMPAIGNS,
    CampaignIn,
    Campaign,
    Names("a drive", "drives", "Campaigns", record="start"),
    Filters(ListQuery),
    open=True,
    days=CAMPAIGN_DAYS,
)
