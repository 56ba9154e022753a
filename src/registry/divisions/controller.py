"""The endpoints of divisions (行政区划) and grid staff (网格员台账): the standard ones, and the verbs of a division."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath

from registry.divisions import service
from registry.divisions.register import DIVISION_REGISTER, STAFF_REGISTER
from registry.divisions.schemas import Closing, PhoneSearch, Renaming
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.entry_routes import entry_routes
from registry.web.reads import Answer

DIVISION = "/v1/divisions/{entry_id:uuid}"
RENAMES = contract.acts(DIVISION_REGISTER, Renaming)
CLOSES = contract.acts(DIVISION_REGISTER, Closing)
SEARCHES = contract.searches(STAFF_REGISTER, PhoneSearch)


@post(f"{DIVISION}/rename", operation_id="renameDivision", opt=RENAMES, status_code=200)
async def rename(request: Call, entry_id: FromPath[UUID]) -> Answer:
    """Rename a division from a day on (更名)."""
    return await writes.act(request, DIVISION_REGISTER, Renaming, service.rename_division, str(entry_id))


@post(f"{DIVISION}/close", operation_id="closeDivision", opt=CLOSES, status_code=200)
async def close(request: Call, entry_id: FromPath[UUID]) -> Answer:
    """Close a division, or merge it into another (撤销、并入)."""
    return await writes.act(request, DIVISION_REGISTER, Closing, service.close_division, str(entry_id))


@post("/v1/grid-staff/search", operation_id="searchStaff", opt=SEARCHES, status_code=200)
async def search_staff(request: Call) -> Answer:
    """Find staff by phone."""
    return await reads.search(request, STAFF_REGISTER, PhoneSearch)


HANDLERS = [
    *entry_routes(DIVISION_REGISTER, service.DIVISION_WRITES),
    rename,
    close,
    *entry_routes(STAFF_REGISTER, service.STAFF_WRITES),
    search_staff,
]
