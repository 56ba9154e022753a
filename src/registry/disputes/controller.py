"""The endpoints of disputes (矛盾纠纷排查化解台账) and of what belongs to them: the standard ones, and the verbs of a dispute."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from registry.core.queries import DayQuery
from registry.disputes import case
from registry.disputes.case_schemas import Case
from registry.disputes.case_service import AGREEMENT_WRITES, PROCEEDING_WRITES, RETURN_VISIT_WRITES, SESSION_WRITES
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.disputes.schemas import ClockQuery, DisputeClock, Move, PersonSearch
from registry.disputes.service import DISPUTE_WRITES, move_dispute
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.entry_routes import entry_routes
from registry.web.reads import Answer

DISPUTES = "/v1/disputes"
DISPUTE = "/v1/disputes/{entry_id:uuid}"


@post(f"{DISPUTE}/move", operation_id="moveDispute", opt=contract.acts(DISPUTE_REGISTER, Move), status_code=200)
async def move(request: Call, entry_id: FromPath[UUID]) -> Answer:
    """Move a dispute to another stage (受理、调解、签订协议、履行、结案、移交、撤回)."""
    return await writes.act(request, DISPUTE_REGISTER, Move, move_dispute, str(entry_id))


@get(f"{DISPUTE}/case", operation_id="readCase", opt=contract.reads(Case, DayQuery))
async def read_case(request: Call, entry_id: FromPath[UUID]) -> Answer:
    """Read a dispute whole: with its proceedings, sessions, agreements and return visits."""
    return await case.read_case(request, str(entry_id))


@get(f"{DISPUTE}/clock", operation_id="readDisputeClock", opt=contract.reads(DisputeClock, ClockQuery))
async def read_clock(request: Call, entry_id: FromPath[UUID]) -> Answer:
    """Read how long a dispute has been open on a day, and whether it is overdue."""
    return await case.read_clock(request, str(entry_id))


SEARCHES = contract.searches(DISPUTE_REGISTER, PersonSearch)


@post(f"{DISPUTES}/search", operation_id="searchDisputes", opt=SEARCHES, status_code=200)
async def search(request: Call) -> Answer:
    """Find disputes by a party's ID number or phone."""
    return await reads.search(request, DISPUTE_REGISTER, PersonSearch)


HANDLERS = [
    *entry_routes(DISPUTE_REGISTER, DISPUTE_WRITES),
    move,
    read_case,
    read_clock,
    search,
    *entry_routes(PROCEEDING_REGISTER, PROCEEDING_WRITES),
    *entry_routes(SESSION_REGISTER, SESSION_WRITES),
    *entry_routes(AGREEMENT_REGISTER, AGREEMENT_WRITES),
    *entry_routes(RETURN_VISIT_REGISTER, RETURN_VISIT_WRITES),
]
