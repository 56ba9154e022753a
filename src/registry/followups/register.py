"""The registers, declared."""

from sqlalchemy import func

from registry.access.register import Measure, Register
from registry.followups.days import CAMPAIGN_DAYS, PATIENT_DAYS, VISIT_DAYS
from registry.followups.models import CAMPAIGNS, PATIENTS, VISITS
from registry.followups.schemas import Campaign, CampaignIn, Patient, PatientIn
from registry.followups.visit_schemas import Visit, VisitIn

PATIENT_REGISTER = Register(
    "patients",
    "严重精神障碍患者台账",
    PATIENTS,
    PatientIn,
    Patient,
    cases="patients",
    needs_purpose=True,
    days=PATIENT_DAYS,
    measures=(
        Measure("patients_on_roster", "在管严重精神障碍患者", "人", func.count(), since=PATIENTS.c.in_care_since,
                until=PATIENTS.c.left_care_on, sensitive=True),
    ),
)  # fmt: skip

VISIT_REGISTER = Register(
    "visits",
    "严重精神障碍患者走访台账",
    VISITS,
    VisitIn,
    Visit,
    cases="patients",
    needs_purpose=True,
    days=VISIT_DAYS,
    measures=(
        Measure("visits_made", "走访", "人次", func.count(), VISITS.c.visited_on, sensitive=True),
        Measure("visits_joint", "联合走访", "人次", func.count(), VISITS.c.visited_on, where=(VISITS.c.joint.is_(True),),
                sensitive=True),
    ),
)  # fmt: skip

CAMPAIGN_REGISTER = Register("campaigns", "专项行动", CAMPAIGNS, CampaignIn, Campaign, open=True, days=CAMPAIGN_DAYS)
