"""One handler an endpoint: what belongs to a dispute."""

from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import FromPath

from registry.disputes import case_service as service
from registry.disputes import filters
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
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.reads import Answer


class ProceedingController(Controller):
    """Proceedings (裁决、复议、判决)."""

    path = "/v1/proceedings"

    @get("/", operation_id="listProceedings", opt=contract.lists(PROCEEDING_REGISTER, CaseQuery))
    async def list_proceedings(self, request: Call) -> Answer:
        """List proceedings (裁决、复议、判决), last change first."""
        return await reads.page(request, PROCEEDING_REGISTER, CaseQuery, filters.matching_proceedings)

    @post("/", operation_id="recordProceeding", opt=contract.creates(PROCEEDING_REGISTER))
    async def record_proceeding(self, request: Call) -> Answer:
        """Record a proceeding."""
        return await writes.create(request, PROCEEDING_REGISTER, ProceedingIn, service.record_proceeding)

    @put("/{entry_id:uuid}", operation_id="putProceeding", opt=contract.puts(PROCEEDING_REGISTER), status_code=201)
    async def put_proceeding(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a proceeding under the form's own id (UUIDv7)."""
        return await writes.create(request, PROCEEDING_REGISTER, ProceedingIn, service.record_proceeding, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readProceeding", opt=contract.item(PROCEEDING_REGISTER))
    async def read_proceeding(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a proceeding as it stands, or stood."""
        return await reads.item(request, PROCEEDING_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeProceeding", opt=contract.changes(PROCEEDING_REGISTER))
    async def change_proceeding(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a proceeding: the world moved on."""
        return await writes.change(request, PROCEEDING_REGISTER, service.change_proceeding, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctProceeding",
        opt=contract.corrects(PROCEEDING_REGISTER),
        status_code=200,
    )
    async def correct_proceeding(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a proceeding that was recorded wrongly (更正)."""
        return await writes.correct(request, PROCEEDING_REGISTER, service.change_proceeding, str(entry_id))

    @post(
        "/{entry_id:uuid}/void", operation_id="voidProceeding", opt=contract.voids(PROCEEDING_REGISTER), status_code=200
    )
    async def void_proceeding(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a proceeding that should never have been entered (作废)."""
        return await writes.void(request, PROCEEDING_REGISTER, service.void_proceeding, str(entry_id))

    @get(
        "/{entry_id:uuid}/versions",
        operation_id="listProceedingVersions",
        opt=contract.lists_versions(PROCEEDING_REGISTER),
    )
    async def list_proceeding_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a proceeding, first to last."""
        return await reads.versions(request, PROCEEDING_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readProceedingVersion", opt=contract.reads(Proceeding))
    async def read_proceeding_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a proceeding."""
        return await reads.version(request, PROCEEDING_REGISTER, str(entry_id), number)


class SessionController(Controller):
    """Mediation sessions (调解记录)."""

    path = "/v1/mediation-sessions"

    @get("/", operation_id="listSessions", opt=contract.lists(SESSION_REGISTER, CaseQuery))
    async def list_sessions(self, request: Call) -> Answer:
        """List mediation sessions (调解记录), last change first."""
        return await reads.page(request, SESSION_REGISTER, CaseQuery, filters.matching_sessions)

    @post("/", operation_id="recordSession", opt=contract.creates(SESSION_REGISTER))
    async def record_session(self, request: Call) -> Answer:
        """Record a mediation session."""
        return await writes.create(request, SESSION_REGISTER, SessionIn, service.record_session)

    @put("/{entry_id:uuid}", operation_id="putSession", opt=contract.puts(SESSION_REGISTER), status_code=201)
    async def put_session(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a mediation session under the form's own id (UUIDv7)."""
        return await writes.create(request, SESSION_REGISTER, SessionIn, service.record_session, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readSession", opt=contract.item(SESSION_REGISTER))
    async def read_session(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a mediation session as it stands, or stood."""
        return await reads.item(request, SESSION_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeSession", opt=contract.changes(SESSION_REGISTER))
    async def change_session(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a mediation session: the world moved on."""
        return await writes.change(request, SESSION_REGISTER, service.change_session, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctSession",
        opt=contract.corrects(SESSION_REGISTER),
        status_code=200,
    )
    async def correct_session(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a mediation session that was recorded wrongly (更正)."""
        return await writes.correct(request, SESSION_REGISTER, service.change_session, str(entry_id))

    @post("/{entry_id:uuid}/void", operation_id="voidSession", opt=contract.voids(SESSION_REGISTER), status_code=200)
    async def void_session(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a mediation session that should never have been entered (作废)."""
        return await writes.void(request, SESSION_REGISTER, service.void_session, str(entry_id))

    @get("/{entry_id:uuid}/versions", operation_id="listSessionVersions", opt=contract.lists_versions(SESSION_REGISTER))
    async def list_session_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a mediation session, first to last."""
        return await reads.versions(request, SESSION_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readSessionVersion", opt=contract.reads(Session))
    async def read_session_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a mediation session."""
        return await reads.version(request, SESSION_REGISTER, str(entry_id), number)


class AgreementController(Controller):
    """Agreements (调解协议)."""

    path = "/v1/agreements"

    @get("/", operation_id="listAgreements", opt=contract.lists(AGREEMENT_REGISTER, AgreementQuery))
    async def list_agreements(self, request: Call) -> Answer:
        """List agreements (调解协议), last change first."""
        return await reads.page(request, AGREEMENT_REGISTER, AgreementQuery, filters.matching_agreements)

    @post("/", operation_id="signAgreement", opt=contract.creates(AGREEMENT_REGISTER))
    async def sign_agreement(self, request: Call) -> Answer:
        """Record an agreement."""
        return await writes.create(request, AGREEMENT_REGISTER, AgreementIn, service.sign_agreement)

    @put("/{entry_id:uuid}", operation_id="putAgreement", opt=contract.puts(AGREEMENT_REGISTER), status_code=201)
    async def put_agreement(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record an agreement under the form's own id (UUIDv7)."""
        return await writes.create(request, AGREEMENT_REGISTER, AgreementIn, service.sign_agreement, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readAgreement", opt=contract.item(AGREEMENT_REGISTER))
    async def read_agreement(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read an agreement as it stands, or stood."""
        return await reads.item(request, AGREEMENT_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeAgreement", opt=contract.changes(AGREEMENT_REGISTER))
    async def change_agreement(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change an agreement: the world moved on."""
        return await writes.change(request, AGREEMENT_REGISTER, service.change_agreement, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctAgreement",
        opt=contract.corrects(AGREEMENT_REGISTER),
        status_code=200,
    )
    async def correct_agreement(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct an agreement that was recorded wrongly (更正)."""
        return await writes.correct(request, AGREEMENT_REGISTER, service.change_agreement, str(entry_id))

    @post(
        "/{entry_id:uuid}/void", operation_id="voidAgreement", opt=contract.voids(AGREEMENT_REGISTER), status_code=200
    )
    async def void_agreement(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void an agreement that should never have been entered (作废)."""
        return await writes.void(request, AGREEMENT_REGISTER, service.void_agreement, str(entry_id))

    @get(
        "/{entry_id:uuid}/versions",
        operation_id="listAgreementVersions",
        opt=contract.lists_versions(AGREEMENT_REGISTER),
    )
    async def list_agreement_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of an agreement, first to last."""
        return await reads.versions(request, AGREEMENT_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readAgreementVersion", opt=contract.reads(Agreement))
    async def read_agreement_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of an agreement."""
        return await reads.version(request, AGREEMENT_REGISTER, str(entry_id), number)


class ReturnVisitController(Controller):
    """Return visits (回访记录)."""

    path = "/v1/return-visits"

    @get("/", operation_id="listReturnVisits", opt=contract.lists(RETURN_VISIT_REGISTER, CaseQuery))
    async def list_return_visits(self, request: Call) -> Answer:
        """List return visits (回访记录), last change first."""
        return await reads.page(request, RETURN_VISIT_REGISTER, CaseQuery, filters.matching_return_visits)

    @post("/", operation_id="recordReturnVisit", opt=contract.creates(RETURN_VISIT_REGISTER))
    async def record_return_visit(self, request: Call) -> Answer:
        """Record a return visit."""
        return await writes.create(request, RETURN_VISIT_REGISTER, ReturnVisitIn, service.record_return_visit)

    @put("/{entry_id:uuid}", operation_id="putReturnVisit", opt=contract.puts(RETURN_VISIT_REGISTER), status_code=201)
    async def put_return_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a return visit under the form's own id (UUIDv7)."""
        return await writes.create(
            request, RETURN_VISIT_REGISTER, ReturnVisitIn, service.record_return_visit, str(entry_id)
        )

    @get("/{entry_id:uuid}", operation_id="readReturnVisit", opt=contract.item(RETURN_VISIT_REGISTER))
    async def read_return_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a return visit as it stands, or stood."""
        return await reads.item(request, RETURN_VISIT_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeReturnVisit", opt=contract.changes(RETURN_VISIT_REGISTER))
    async def change_return_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a return visit: the world moved on."""
        return await writes.change(request, RETURN_VISIT_REGISTER, service.change_return_visit, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctReturnVisit",
        opt=contract.corrects(RETURN_VISIT_REGISTER),
        status_code=200,
    )
    async def correct_return_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a return visit that was recorded wrongly (更正)."""
        return await writes.correct(request, RETURN_VISIT_REGISTER, service.change_return_visit, str(entry_id))

    @post(
        "/{entry_id:uuid}/void",
        operation_id="voidReturnVisit",
        opt=contract.voids(RETURN_VISIT_REGISTER),
        status_code=200,
    )
    async def void_return_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a return visit that should never have been entered (作废)."""
        return await writes.void(request, RETURN_VISIT_REGISTER, service.void_return_visit, str(entry_id))

    @get(
        "/{entry_id:uuid}/versions",
        operation_id="listReturnVisitVersions",
        opt=contract.lists_versions(RETURN_VISIT_REGISTER),
    )
    async def list_return_visit_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a return visit, first to last."""
        return await reads.versions(request, RETURN_VISIT_REGISTER, str(entry_id))

    @get(
        "/{entry_id:uuid}/versions/{number:int}", operation_id="readReturnVisitVersion", opt=contract.reads(ReturnVisit)
    )
    async def read_return_visit_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a return visit."""
        return await reads.version(request, RETURN_VISIT_REGISTER, str(entry_id), number)
