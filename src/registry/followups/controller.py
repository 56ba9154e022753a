"""One handler an endpoint."""

from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import FromPath

from registry.core.register import Right
from registry.followups import coverage, filters, service
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER
from registry.followups.schemas import (
    Campaign,
    CampaignIn,
    Coverage,
    Patient,
    PatientIn,
    PatientQuery,
    PatientSearch,
    Transfer,
)
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.queries import DayQuery, ListQuery
from registry.web.reads import Answer


class PatientController(Controller):
    """Patients (严重精神障碍患者台账)."""

    path = "/v1/patients"

    @get("/", operation_id="listPatients", opt=contract.lists(PATIENT_REGISTER, PatientQuery))
    async def list_patients(self, request: Call) -> Answer:
        """List patients (严重精神障碍患者台账), last change first."""
        return await reads.page(request, PATIENT_REGISTER, PatientQuery, filters.matching_patients)

    @post("/", operation_id="enrolPatient", opt=contract.creates(PATIENT_REGISTER))
    async def enrol_patient(self, request: Call) -> Answer:
        """Record a patient."""
        return await writes.create(request, PATIENT_REGISTER, PatientIn, service.enrol_patient)

    @put("/{entry_id:uuid}", operation_id="putPatient", opt=contract.puts(PATIENT_REGISTER), status_code=201)
    async def put_patient(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a patient under the form's own id (UUIDv7)."""
        return await writes.create(request, PATIENT_REGISTER, PatientIn, service.enrol_patient, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readPatient", opt=contract.item(PATIENT_REGISTER))
    async def read_patient(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a patient as it stands, or stood."""
        return await reads.item(request, PATIENT_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changePatient", opt=contract.changes(PATIENT_REGISTER))
    async def change_patient(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a patient: the world moved on."""
        return await writes.change(request, PATIENT_REGISTER, service.change_patient, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctPatient",
        opt=contract.corrects(PATIENT_REGISTER),
        status_code=200,
    )
    async def correct_patient(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a patient that was recorded wrongly (更正)."""
        return await writes.correct(request, PATIENT_REGISTER, service.change_patient, str(entry_id))

    @post("/{entry_id:uuid}/void", operation_id="voidPatient", opt=contract.voids(PATIENT_REGISTER), status_code=200)
    async def void_patient(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a patient that should never have been entered (作废)."""
        return await writes.void(request, PATIENT_REGISTER, service.void_patient, str(entry_id))

    @get("/{entry_id:uuid}/versions", operation_id="listPatientVersions", opt=contract.lists_versions(PATIENT_REGISTER))
    async def list_patient_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a patient, first to last."""
        return await reads.versions(request, PATIENT_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readPatientVersion", opt=contract.reads(Patient))
    async def read_patient_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a patient."""
        return await reads.version(request, PATIENT_REGISTER, str(entry_id), number)

    @post(
        "/{entry_id:uuid}/transfer",
        operation_id="transferPatient",
        opt=contract.acts(PATIENT_REGISTER, Transfer),
        status_code=200,
    )
    async def transfer_patient(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Transfer a patient to another town (移交)."""
        return await writes.act(
            request, PATIENT_REGISTER, Transfer, service.transfer_patient, str(entry_id), Right.TRANSFER
        )

    @post(
        "/search",
        operation_id="searchPatients",
        opt=contract.searches(PATIENT_REGISTER, PatientSearch),
        status_code=200,
    )
    async def search_patients(self, request: Call) -> Answer:
        """Find patients by their or their guardian's ID number or phone."""
        return await reads.search(request, PATIENT_REGISTER, PatientSearch)


class CampaignController(Controller):
    """Drives (专项行动)."""

    path = "/v1/campaigns"

    @get("/", operation_id="listCampaigns", opt=contract.lists(CAMPAIGN_REGISTER, ListQuery))
    async def list_campaigns(self, request: Call) -> Answer:
        """List drives (专项行动), last change first."""
        return await reads.page(request, CAMPAIGN_REGISTER, ListQuery, filters.matching_campaigns)

    @post("/", operation_id="startCampaign", opt=contract.creates(CAMPAIGN_REGISTER))
    async def start_campaign(self, request: Call) -> Answer:
        """Record a drive."""
        return await writes.create(request, CAMPAIGN_REGISTER, CampaignIn, service.start_campaign)

    @put("/{entry_id:uuid}", operation_id="putCampaign", opt=contract.puts(CAMPAIGN_REGISTER), status_code=201)
    async def put_campaign(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a drive under the form's own id (UUIDv7)."""
        return await writes.create(request, CAMPAIGN_REGISTER, CampaignIn, service.start_campaign, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readCampaign", opt=contract.item(CAMPAIGN_REGISTER))
    async def read_campaign(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a drive as it stands, or stood."""
        return await reads.item(request, CAMPAIGN_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeCampaign", opt=contract.changes(CAMPAIGN_REGISTER))
    async def change_campaign(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a drive: the world moved on."""
        return await writes.change(request, CAMPAIGN_REGISTER, service.change_campaign, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctCampaign",
        opt=contract.corrects(CAMPAIGN_REGISTER),
        status_code=200,
    )
    async def correct_campaign(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a drive that was recorded wrongly (更正)."""
        return await writes.correct(request, CAMPAIGN_REGISTER, service.change_campaign, str(entry_id))

    @post("/{entry_id:uuid}/void", operation_id="voidCampaign", opt=contract.voids(CAMPAIGN_REGISTER), status_code=200)
    async def void_campaign(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a drive that should never have been entered (作废)."""
        return await writes.void(request, CAMPAIGN_REGISTER, service.void_campaign, str(entry_id))

    @get(
        "/{entry_id:uuid}/versions", operation_id="listCampaignVersions", opt=contract.lists_versions(CAMPAIGN_REGISTER)
    )
    async def list_campaign_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a drive, first to last."""
        return await reads.versions(request, CAMPAIGN_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readCampaignVersion", opt=contract.reads(Campaign))
    async def read_campaign_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a drive."""
        return await reads.version(request, CAMPAIGN_REGISTER, str(entry_id), number)

    @get("/{entry_id:uuid}/coverage", operation_id="readCoverage", opt=contract.reads(Coverage, DayQuery))
    async def read_coverage(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read how far a drive has come: visited jointly, visited otherwise, not yet, per town."""
        return await coverage.read_coverage(request, str(entry_id))
