"""The endpoints of patients (严重精神障碍患者台账), visits (走访台账) and drives (专项行动): the standard ones, and their own verbs."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from registry.core.queries import DayQuery
from registry.core.register import Right
from registry.followups import coverage
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER
from registry.followups.schemas import Coverage, PatientSearch, Transfer
from registry.followups.service import CAMPAIGN_WRITES, PATIENT_WRITES, transfer_patient
from registry.followups.visit_service import VISIT_WRITES
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.entry_routes import entry_routes
from registry.web.reads import Answer

TRANSFERS = contract.acts(PATIENT_REGISTER, Transfer)
SEARCHES = contract.searches(PATIENT_REGISTER, PatientSearch)
COVERS = contract.reads(Coverage, DayQuery)


@post("/v1/patients/{entry_id:uuid}/transfer", operation_id="transferPatient", opt=TRANSFERS, status_code=200)
async def transfer(request: Call, entry_id: FromPath[UUID]) -> Answer:
    """Transfer a patient to another town (移交)."""
    return await writes.act(request, PATIENT_REGISTER, Transfer, transfer_patient, str(entry_id), Right.TRANSFER)


@post("/v1/patients/search", operation_id="searchPatients", opt=SEARCHES, status_code=200)
async def search(request: Call) -> Answer:
    """Find patients by their or their guardian's ID number or phone."""
    return await reads.search(request, PATIENT_REGISTER, PatientSearch)


@get("/v1/campaigns/{entry_id:uuid}/coverage", operation_id="readCoverage", opt=COVERS)
async def read_coverage(request: Call, entry_id: FromPath[UUID]) -> Answer:
    """Read how far a drive has come: visited jointly, visited otherwise, not yet, per town."""
    return await coverage.read_coverage(request, str(entry_id))


HANDLERS = [
    *entry_routes(PATIENT_REGISTER, PATIENT_WRITES),
    transfer,
    search,
    *entry_routes(VISIT_REGISTER, VISIT_WRITES),
    *entry_routes(CAMPAIGN_REGISTER, CAMPAIGN_WRITES),
    read_coverage,
]
