"""One handler an endpoint."""

from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import FromPath

from registry.disputes import case, filters, service
from registry.disputes.case_schemas import Case
from registry.disputes.register import DISPUTE_REGISTER
from registry.disputes.schemas import (
    ClockQuery,
    Dispute,
    DisputeClock,
    DisputeIn,
    DisputeQuery,
    Move,
    PersonSearch,
)
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.queries import DayQuery
from registry.web.reads import Answer


class DisputeController(Controller):
    """Disputes (矛盾纠纷排查化解台账)."""

    path = "/v1/disputes"

    @get("/", operation_id="listDisputes", opt=contract.lists(DISPUTE_REGISTER, DisputeQuery))
    async def list_disputes(self, request: Call) -> Answer:
        """List disputes (矛盾纠纷排查化解台账), last change first."""
        return await reads.page(request, DISPUTE_REGISTER, DisputeQuery, filters.matching_disputes)

    @post("/", operation_id="reportDispute", opt=contract.creates(DISPUTE_REGISTER))
    async def report_dispute(self, request: Call) -> Answer:
        """Record a dispute."""
        return await writes.create(request, DISPUTE_REGISTER, DisputeIn, service.report_dispute)

    @put("/{entry_id:uuid}", operation_id="putDispute", opt=contract.puts(DISPUTE_REGISTER), status_code=201)
    async def put_dispute(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a dispute under the form's own id (UUIDv7)."""
        return await writes.create(request, DISPUTE_REGISTER, DisputeIn, service.report_dispute, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readDispute", opt=contract.item(DISPUTE_REGISTER))
    async def read_dispute(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a dispute as it stands, or stood."""
        return await reads.item(request, DISPUTE_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeDispute", opt=contract.changes(DISPUTE_REGISTER))
    async def change_dispute(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a dispute: the world moved on."""
        return await writes.change(request, DISPUTE_REGISTER, service.change_dispute, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctDispute",
        opt=contract.corrects(DISPUTE_REGISTER),
        status_code=200,
    )
    async def correct_dispute(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a dispute that was recorded wrongly (更正)."""
        return await writes.correct(request, DISPUTE_REGISTER, service.change_dispute, str(entry_id))

    @post("/{entry_id:uuid}/void", operation_id="voidDispute", opt=contract.voids(DISPUTE_REGISTER), status_code=200)
    async def void_dispute(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a dispute that should never have been entered (作废)."""
        return await writes.void(request, DISPUTE_REGISTER, service.void_dispute, str(entry_id))

    @get("/{entry_id:uuid}/versions", operation_id="listDisputeVersions", opt=contract.lists_versions(DISPUTE_REGISTER))
    async def list_dispute_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a dispute, first to last."""
        return await reads.versions(request, DISPUTE_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readDisputeVersion", opt=contract.reads(Dispute))
    async def read_dispute_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a dispute."""
        return await reads.version(request, DISPUTE_REGISTER, str(entry_id), number)

    @post(
        "/{entry_id:uuid}/move", operation_id="moveDispute", opt=contract.acts(DISPUTE_REGISTER, Move), status_code=200
    )
    async def move_dispute(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Move a dispute to another stage (受理、调解、签订协议、履行、结案、移交、撤回)."""
        return await writes.act(request, DISPUTE_REGISTER, Move, service.move_dispute, str(entry_id))

    @get("/{entry_id:uuid}/case", operation_id="readCase", opt=contract.reads(Case, DayQuery))
    async def read_case(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a dispute whole: with its proceedings, sessions, agreements and return visits."""
        return await case.read_case(request, str(entry_id))

    @get("/{entry_id:uuid}/clock", operation_id="readDisputeClock", opt=contract.reads(DisputeClock, ClockQuery))
    async def read_clock(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read how long a dispute has been open on a day, and whether it is overdue."""
        return await case.read_clock(request, str(entry_id))

    @post(
        "/search", operation_id="searchDisputes", opt=contract.searches(DISPUTE_REGISTER, PersonSearch), status_code=200
    )
    async def search_disputes(self, request: Call) -> Answer:
        """Find disputes by a party's ID number or phone."""
        return await reads.search(request, DISPUTE_REGISTER, PersonSearch)
