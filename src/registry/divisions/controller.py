"""One handler an endpoint."""

from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import FromPath

from registry.divisions import filters, service
from registry.divisions.register import DIVISION_REGISTER, STAFF_REGISTER
from registry.divisions.schemas import (
    Closing,
    Division,
    DivisionIn,
    DivisionQuery,
    PhoneSearch,
    Renaming,
    Staff,
    StaffIn,
    StaffQuery,
)
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.reads import Answer


class DivisionController(Controller):
    """Divisions (行政区划)."""

    path = "/v1/divisions"

    @get("/", operation_id="listDivisions", opt=contract.lists(DIVISION_REGISTER, DivisionQuery))
    async def list_divisions(self, request: Call) -> Answer:
        """List divisions (行政区划), last change first."""
        return await reads.page(request, DIVISION_REGISTER, DivisionQuery, filters.matching_divisions)

    @post("/", operation_id="recordDivision", opt=contract.creates(DIVISION_REGISTER))
    async def record_division(self, request: Call) -> Answer:
        """Record a division."""
        return await writes.create(request, DIVISION_REGISTER, DivisionIn, service.record_division)

    @put("/{entry_id:uuid}", operation_id="putDivision", opt=contract.puts(DIVISION_REGISTER), status_code=201)
    async def put_division(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a division under the form's own id (UUIDv7)."""
        return await writes.create(request, DIVISION_REGISTER, DivisionIn, service.record_division, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readDivision", opt=contract.item(DIVISION_REGISTER))
    async def read_division(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a division as it stands, or stood."""
        return await reads.item(request, DIVISION_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeDivision", opt=contract.changes(DIVISION_REGISTER))
    async def change_division(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a division: the world moved on."""
        return await writes.change(request, DIVISION_REGISTER, service.change_division, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctDivision",
        opt=contract.corrects(DIVISION_REGISTER),
        status_code=200,
    )
    async def correct_division(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a division that was recorded wrongly (更正)."""
        return await writes.correct(request, DIVISION_REGISTER, service.change_division, str(entry_id))

    @post("/{entry_id:uuid}/void", operation_id="voidDivision", opt=contract.voids(DIVISION_REGISTER), status_code=200)
    async def void_division(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a division that should never have been entered (作废)."""
        return await writes.void(request, DIVISION_REGISTER, service.void_division, str(entry_id))

    @get(
        "/{entry_id:uuid}/versions", operation_id="listDivisionVersions", opt=contract.lists_versions(DIVISION_REGISTER)
    )
    async def list_division_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a division, first to last."""
        return await reads.versions(request, DIVISION_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readDivisionVersion", opt=contract.reads(Division))
    async def read_division_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a division."""
        return await reads.version(request, DIVISION_REGISTER, str(entry_id), number)

    @post(
        "/{entry_id:uuid}/rename",
        operation_id="renameDivision",
        opt=contract.acts(DIVISION_REGISTER, Renaming),
        status_code=200,
    )
    async def rename_division(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Rename a division from a day on (更名)."""
        return await writes.act(request, DIVISION_REGISTER, Renaming, service.rename_division, str(entry_id))

    @post(
        "/{entry_id:uuid}/close",
        operation_id="closeDivision",
        opt=contract.acts(DIVISION_REGISTER, Closing),
        status_code=200,
    )
    async def close_division(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Close a division, or merge it into another (撤销、并入)."""
        return await writes.act(request, DIVISION_REGISTER, Closing, service.close_division, str(entry_id))


class StaffController(Controller):
    """Grid staff (网格员台账)."""

    path = "/v1/grid-staff"

    @get("/", operation_id="listStaff", opt=contract.lists(STAFF_REGISTER, StaffQuery))
    async def list_staff(self, request: Call) -> Answer:
        """List grid staff (网格员台账), last change first."""
        return await reads.page(request, STAFF_REGISTER, StaffQuery, filters.matching_staff)

    @post("/", operation_id="recordStaff", opt=contract.creates(STAFF_REGISTER))
    async def record_staff(self, request: Call) -> Answer:
        """Record a member of staff."""
        return await writes.create(request, STAFF_REGISTER, StaffIn, service.record_staff)

    @put("/{entry_id:uuid}", operation_id="putStaff", opt=contract.puts(STAFF_REGISTER), status_code=201)
    async def put_staff(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a member of staff under the form's own id (UUIDv7)."""
        return await writes.create(request, STAFF_REGISTER, StaffIn, service.record_staff, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readStaff", opt=contract.item(STAFF_REGISTER))
    async def read_staff(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a member of staff as it stands, or stood."""
        return await reads.item(request, STAFF_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeStaff", opt=contract.changes(STAFF_REGISTER))
    async def change_staff(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a member of staff: the world moved on."""
        return await writes.change(request, STAFF_REGISTER, service.change_staff, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct", operation_id="correctStaff", opt=contract.corrects(STAFF_REGISTER), status_code=200
    )
    async def correct_staff(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a member of staff that was recorded wrongly (更正)."""
        return await writes.correct(request, STAFF_REGISTER, service.change_staff, str(entry_id))

    @post("/{entry_id:uuid}/void", operation_id="voidStaff", opt=contract.voids(STAFF_REGISTER), status_code=200)
    async def void_staff(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a member of staff that should never have been entered (作废)."""
        return await writes.void(request, STAFF_REGISTER, service.void_staff, str(entry_id))

    @get("/{entry_id:uuid}/versions", operation_id="listStaffVersions", opt=contract.lists_versions(STAFF_REGISTER))
    async def list_staff_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a member of staff, first to last."""
        return await reads.versions(request, STAFF_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readStaffVersion", opt=contract.reads(Staff))
    async def read_staff_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a member of staff."""
        return await reads.version(request, STAFF_REGISTER, str(entry_id), number)

    @post("/search", operation_id="searchStaff", opt=contract.searches(STAFF_REGISTER, PhoneSearch), status_code=200)
    async def search_staff(self, request: Call) -> Answer:
        """Find staff by phone."""
        return await reads.search(request, STAFF_REGISTER, PhoneSearch)
