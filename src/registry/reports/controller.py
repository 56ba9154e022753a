"""One handler an endpoint."""

from litestar import Controller, get

from registry.reports import bulletin
from registry.reports.schemas import Bulletin, BulletinQuery
from registry.web import contract
from registry.web.call import Call
from registry.web.serve import Answer


class BulletinController(Controller):
    """The daily bulletin (日报)."""

    path = "/v1/bulletin"

    @get("/", operation_id="readBulletin", opt=contract.reads(Bulletin, BulletinQuery))
    async def read_bulletin(self, request: Call) -> Answer:
        """Read the totals of all registers, with their watermark and a paragraph to print."""
        return await bulletin.read_bulletin(request, request.app.state.registers)
