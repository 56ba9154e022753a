"""The endpoints of disputes (矛盾纠纷排查化解台账) and of what belongs to them: the standard ones, and the verbs of a dispute."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from registry.core.queries import DayQuery
from registry.core.schemas import Change
from registry.core.unit_of_work import Tx
from registry.core.use_cases import Written
from registry.disputes import case
from registry.disputes.case_schemas import Case, Performing
from registry.disputes.case_service import (
    AGREEMENT_WRITES,
    PROCEEDING_WRITES,
    RETURN_VISIT_WRITES,
    SESSION_WRITES,
    perform_term,
)
from registry.disputes.register import (
    AGREEMENT_REGISTER,
    DISPUTE_REGISTER,
    PROCEEDING_REGISTER,
    RETURN_VISIT_REGISTER,
    SESSION_REGISTER,
)
from registry.disputes.schemas import ClockQuery, DisputeClock, Move, MoveCorrection, MoveUndoing, PersonSearch
from registry.disputes.service import DISPUTE_WRITES, correct_move, move_dispute, undo_move
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.entry_routes import entry_routes
from registry.web.reads import Answer

T = TypeVar("T")
Numbered = Callable[[Tx, str, int, T, Change], Written]
"""A use case of a numbered part of an entry."""


def numbered(use: Numbered[T], number: int) -> Callable[[Tx, str, T, Change], Written]:
    """The use case of the part with this number."""
    return lambda tx, entry_id, sent, change: use(tx, entry_id, number, sent, change)


DISPUTES = "/v1/disputes"
DISPUTE = "/v1/disputes/{entry_id:uuid}"


@post(f"{DISPUTE}/move", operation_id="moveDispute", opt=contract.acts(DISPUTE_REGISTER, Move), status_code=200)
async def move(request: Call, entry_id: FromPath[UUID]) -> Answer:
    """Move a dispute to another stage (受理、调解、签订协议、履行、结案、移交、撤回)."""
    return await writes.act(request, DISPUTE_REGISTER, Move, move_dispute, str(entry_id))


MOVE = f"{DISPUTE}/moves/{{number:int}}"
CORRECTS_MOVE, UNDOES_MOVE = (
    contract.acts(DISPUTE_REGISTER, MoveCorrection),
    contract.acts(DISPUTE_REGISTER, MoveUndoing),
)
PERFORMS = contract.acts(AGREEMENT_REGISTER, Performing)


@post(f"{MOVE}/correct", operation_id="correctMove", opt=CORRECTS_MOVE, status_code=200)
async def correct_step(request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Correct a step of a dispute that was recorded wrongly: its day, reason or the authority it went to."""
    return await writes.act(request, DISPUTE_REGISTER, MoveCorrection, numbered(correct_move, number), str(entry_id))


@post(f"{MOVE}/undo", operation_id="undoMove", opt=UNDOES_MOVE, status_code=200)
async def undo_step(request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Take back the last step of a dispute, which should never have been recorded (撤销)."""
    return await writes.act(request, DISPUTE_REGISTER, MoveUndoing, numbered(undo_move, number), str(entry_id))


@post(
    "/v1/agreements/{entry_id:uuid}/terms/{number:int}/perform",
    operation_id="performTerm", opt=PERFORMS, status_code=200,
)  # fmt: skip
async def perform(request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
    """Record that a term of an agreement was performed (履行)."""
    return await writes.act(request, AGREEMENT_REGISTER, Performing, numbered(perform_term, number), str(entry_id))


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
    correct_step,
    undo_step,
    perform,
    read_case,
    read_clock,
    search,
    *entry_routes(PROCEEDING_REGISTER, PROCEEDING_WRITES),
    *entry_routes(SESSION_REGISTER, SESSION_WRITES),
    *entry_routes(AGREEMENT_REGISTER, AGREEMENT_WRITES),
    *entry_routes(RETURN_VISIT_REGISTER, RETURN_VISIT_WRITES),
]
