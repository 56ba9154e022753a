"""One handler an endpoint."""

from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import FromPath

from registry.gatherings import filters, service
from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.gatherings.schemas import Gathering, GatheringIn, GatheringQuery, Shed, ShedIn, ShedQuery
from registry.web import contract, reads, writes
from registry.web.call import Call
from registry.web.reads import Answer


class GatheringController(Controller):
    """Gatherings that were called off (取消聚集活动台账)."""

    path = "/v1/gatherings"

    @get("/", operation_id="listGatherings", opt=contract.lists(GATHERING_REGISTER, GatheringQuery))
    async def list_gatherings(self, request: Call) -> Answer:
        """List gatherings that were called off (取消聚集活动台账), last change first."""
        return await reads.page(request, GATHERING_REGISTER, GatheringQuery, filters.matching_gatherings)

    @post("/", operation_id="recordGathering", opt=contract.creates(GATHERING_REGISTER))
    async def record_gathering(self, request: Call) -> Answer:
        """Record a gathering that was called off."""
        return await writes.create(request, GATHERING_REGISTER, GatheringIn, service.record_gathering)

    @put("/{entry_id:uuid}", operation_id="putGathering", opt=contract.puts(GATHERING_REGISTER), status_code=201)
    async def put_gathering(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a gathering that was called off under the form's own id (UUIDv7)."""
        return await writes.create(request, GATHERING_REGISTER, GatheringIn, service.record_gathering, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readGathering", opt=contract.item(GATHERING_REGISTER))
    async def read_gathering(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a gathering that was called off as it stands, or stood."""
        return await reads.item(request, GATHERING_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeGathering", opt=contract.changes(GATHERING_REGISTER))
    async def change_gathering(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a gathering that was called off: the world moved on."""
        return await writes.change(request, GATHERING_REGISTER, service.change_gathering, str(entry_id))

    @post(
        "/{entry_id:uuid}/correct",
        operation_id="correctGathering",
        opt=contract.corrects(GATHERING_REGISTER),
        status_code=200,
    )
    async def correct_gathering(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a gathering that was called off that was recorded wrongly (更正)."""
        return await writes.correct(request, GATHERING_REGISTER, service.change_gathering, str(entry_id))

    @post(
        "/{entry_id:uuid}/void", operation_id="voidGathering", opt=contract.voids(GATHERING_REGISTER), status_code=200
    )
    async def void_gathering(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a gathering that was called off that should never have been entered (作废)."""
        return await writes.void(request, GATHERING_REGISTER, service.void_gathering, str(entry_id))

    @get(
        "/{entry_id:uuid}/versions",
        operation_id="listGatheringVersions",
        opt=contract.lists_versions(GATHERING_REGISTER),
    )
    async def list_gathering_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a gathering that was called off, first to last."""
        return await reads.versions(request, GATHERING_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readGatheringVersion", opt=contract.reads(Gathering))
    async def read_gathering_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a gathering that was called off."""
        return await reads.version(request, GATHERING_REGISTER, str(entry_id), number)


class ShedController(Controller):
    """Sheds (简易棚拆除台账)."""

    path = "/v1/sheds"

    @get("/", operation_id="listSheds", opt=contract.lists(SHED_REGISTER, ShedQuery))
    async def list_sheds(self, request: Call) -> Answer:
        """List sheds (简易棚拆除台账), last change first."""
        return await reads.page(request, SHED_REGISTER, ShedQuery, filters.matching_sheds)

    @post("/", operation_id="recordShed", opt=contract.creates(SHED_REGISTER))
    async def record_shed(self, request: Call) -> Answer:
        """Record a shed."""
        return await writes.create(request, SHED_REGISTER, ShedIn, service.record_shed)

    @put("/{entry_id:uuid}", operation_id="putShed", opt=contract.puts(SHED_REGISTER), status_code=201)
    async def put_shed(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Record a shed under the form's own id (UUIDv7)."""
        return await writes.create(request, SHED_REGISTER, ShedIn, service.record_shed, str(entry_id))

    @get("/{entry_id:uuid}", operation_id="readShed", opt=contract.item(SHED_REGISTER))
    async def read_shed(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Read a shed as it stands, or stood."""
        return await reads.item(request, SHED_REGISTER, str(entry_id))

    @patch("/{entry_id:uuid}", operation_id="changeShed", opt=contract.changes(SHED_REGISTER))
    async def change_shed(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Change a shed: the world moved on."""
        return await writes.change(request, SHED_REGISTER, service.change_shed, str(entry_id))

    @post("/{entry_id:uuid}/correct", operation_id="correctShed", opt=contract.corrects(SHED_REGISTER), status_code=200)
    async def correct_shed(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Correct a shed that was recorded wrongly (更正)."""
        return await writes.correct(request, SHED_REGISTER, service.change_shed, str(entry_id))

    @post("/{entry_id:uuid}/void", operation_id="voidShed", opt=contract.voids(SHED_REGISTER), status_code=200)
    async def void_shed(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """Void a shed that should never have been entered (作废)."""
        return await writes.void(request, SHED_REGISTER, service.void_shed, str(entry_id))

    @get("/{entry_id:uuid}/versions", operation_id="listShedVersions", opt=contract.lists_versions(SHED_REGISTER))
    async def list_shed_versions(self, request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List the versions of a shed, first to last."""
        return await reads.versions(request, SHED_REGISTER, str(entry_id))

    @get("/{entry_id:uuid}/versions/{number:int}", operation_id="readShedVersion", opt=contract.reads(Shed))
    async def read_shed_version(self, request: Call, entry_id: FromPath[UUID], number: FromPath[int]) -> Answer:
        """Read one version of a shed."""
        return await reads.version(request, SHED_REGISTER, str(entry_id), number)
