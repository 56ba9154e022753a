"""The registers, declared."""

from registry.core.filters import Filters
from registry.core.measures import Dimension, Distinct, Measure, PeopleRule, dates, places
from registry.core.principals import SEE_PEOPLE
from registry.core.register import Names, Register
from registry.followups.codes import CareStatus, Diagnosis, NotSeen, Stability, VisitForm, VisitorRole
from registry.followups.duties import PATIENT_DUTIES
from registry.followups.models import CAMPAIGNS, PATIENTS, VISITS
from registry.followups.projection import (
    CAMPAIGN_DAYS,
    PATIENT_DAYS,
    VISIT_DAYS,
    campaign_label,
    matching_patients,
    matching_visits,
    patient_label,
    patient_upgrade,
    visit_columns,
    visit_label,
)
from registry.followups.rules import PATIENT_FIELDS, VISIT_FIELDS
from registry.followups.schemas import (
    PATIENT_GROUPS,
    Campaign,
    CampaignIn,
    CampaignQuery,
    Patient,
    PatientIn,
    PatientQuery,
)
from registry.followups.visit_schemas import VISIT_GROUPS, Visit, VisitIn, VisitQuery

PATIENT_MEASURES = (
    Measure("patients_on_roster", "在管", "On the roster", "人", day="on_roster_on"),
    Measure("patients_enrolled", "建档", "Enrolled", "人", dated="in_care"),
    Measure("patients_left", "终止管理", "Left care", "人", dated="left", where={"present": "left_care_on"}),
    Measure("patients_due", "应走访", "Due for a visit", "人", dated="next_visit", where={"present": "next_visit_on"}),
    Measure("patients_overdue", "逾期未走访", "Overdue for a visit", "人", day="overdue_on"),
)
PATIENT_DIMENSIONS = (
    *places(PATIENTS),
    Dimension("risk", "危险性评估", "Risk level", PATIENTS.c.risk_level, parameter="risk_level"),
    Dimension("stability", "病情分类", "Stability", PATIENTS.c.stability, codes=Stability),
    Dimension("diagnosis", "目前诊断", "Diagnosis", PATIENTS.c.diagnosis, codes=Diagnosis),
    Dimension("status", "在管状态", "Status", PATIENTS.c.status, codes=CareStatus),
)

_people = Distinct(VISITS.c.case_id)
_seen, _not_seen = {"seen": "true"}, {"seen": "false"}

VISIT_MEASURES = (
    Measure("visits", "走访", "Visits", "人次", dated="visited"),
    Measure("visits_joint", "联合走访", "Joint visits", "人次", dated="visited", where={"joint": "true"}),
    Measure("visits_seen", "见到本人", "Person seen", "人次", dated="visited", where=_seen),
    Measure("visits_not_seen", "未见到本人", "Person not seen", "人次", dated="visited", where=_not_seen),
    Measure("visits_in_time", "按期走访", "In time", "人次", dated="visited", where={"in_time": "true"}),
    Measure("visits_late", "逾期走访", "Late", "人次", dated="visited", where={"in_time": "false"}),
    Measure("patients_visited", "走访人数", "Persons visited", "人", _people, dated="visited"),
    Measure(
        "patients_not_seen",
        "曾走访未见人数",
        "Persons visited but not seen",
        "人",
        _people,
        dated="visited",
        where=_not_seen,
    ),
    Measure("patients_seen", "见到人数", "Persons seen", "人", _people, dated="visited", where=_seen),
)
VISIT_DIMENSIONS = (
    *places(VISITS),
    *dates("走访", "of the visit", VISITS.c.visited_on, "visited"),
    Dimension("campaign", "专项行动", "Drive", VISITS.c.campaign_id, parameter="campaign_id", entries="campaigns"),
    Dimension("team", "走访人员组成", "Who visited", VISITS.c.team, codes=VisitorRole),
    Dimension("form", "走访形式", "Form of visit", VISITS.c.form, codes=VisitForm),
    Dimension("joint", "联合走访", "Joint", VISITS.c.joint),
    Dimension("seen", "见到本人", "Person seen", VISITS.c.seen),
    Dimension("not_seen_reason", "未访到原因", "Why not seen", VISITS.c.not_seen_reason, codes=NotSeen),
    Dimension("risk", "危险性评估", "Risk level", VISITS.c.risk_level, parameter="risk_level"),
)


PATIENT_PEOPLE = PeopleRule(
    work=frozenset({"patients_due", "patients_overdue"}), by_town=frozenset({"patients_on_roster"})
)
PERIODS = ("day", "week", "month", "quarter", "year")
VISIT_PEOPLE = PeopleRule(
    work=frozenset({"visits", "visits_joint", "visits_seen", "visits_not_seen", "visits_in_time", "visits_late"}),
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
    transfers=True,
    cases="patients",
    needs_purpose=True,
    label=patient_label,
    applies=PATIENT_FIELDS,
    upgrade=patient_upgrade,
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
    label=visit_label,
    applies=VISIT_FIELDS,
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
    Filters(CampaignQuery),
    open=True,
    label=campaign_label,
    days=CAMPAIGN_DAYS,
)
