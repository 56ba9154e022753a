"""One handler an endpoint: visits."""

from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import FromPath

from registry.followups import filters
from registry.followups import visit_service as service
from registry.followups.register import VISIT_REGISTER
from registry.followups.visit_schemas import Visit, VisitIn, VisitQuery
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.reads import Answer


class VisitController(Controller):
    """Visits (走访台账)."""

    path = "/v1/visits"

    @get("/", operation_id="listVisits", opt=contract.lists(VISIT_REGISTER, VisitQuery))
    async def list_visits(self, request: Call) -> Answer:
        """List visits (走访台账), last change first."""
        return await reads.page(request, VISIT_REGISTER, VisitQuery, filters.matching_visits)

    @post("/", operation_id="recordVisit", opt=contract.creates(VISIT_REGISTER))
    async def record_visit(self, request: Call) -> Answer:
        """Record a visit."""
        return await writes.create(request, VISIT_REGISTER, VisitIn, service.record_visit)

    @put("/{entry_id:uuid}", operation_id="putVisit", opt=contract.puts(VISIT_REGISTER), status_code=201)
    async def put_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a visit under the form's own id (UUIDv7)."""
        return await writes.create(request, VISIT_REGISTER, VisitIn, service.record_visit, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readVisit", opt=contract.item(VISIT_REGISTER))
    async def read_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a visit as it stands, or stood."""
        return await reads.item(request, VISIT_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeVisit", opt=contract.changes(VISIT_REGISTER))
    async def change_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a visit: the world moved on."""
        return await writes.change(request, VISIT_REGISTER, service.change_visit, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct", operation_id="correctVisit", opt=contract.corrects(VISIT_REGISTER), status_code=200
    )
    async def correct_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a visit that was recorded wrongly (更正)."""
        return await writes.correct(request, VISIT_REGISTER, service.change_visit, str(entry_id))

    @post("/{entry_id:uuid}/void", operation_id="voidVisit", opt=contract.voids(VISIT_REGISTER), status_code=200)
    async def void_visit(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a visit that should never have been entered (作废)."""
        return await writes.void(request, VISIT_REGISTER, service.void_visit, str(entry_id))

    @get("/{entry_id:uuid}/versions", operation_id="listVisitVersions", opt=contract.lists_versions(VISIT_REGISTER))
    async def list_visit_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a visit, first to last."""
        return await reads.versions(request, VISIT_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readVisitVersion", opt=contract.reads(Visit))
    async def read_visit_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a visit."""
        return await reads.version(request, VISIT_REGISTER, str(entry_id), number)
