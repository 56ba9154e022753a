"""One handler an endpoint."""

from litestar import Controller, get

from registry.reports import bulletin, restatements
from registry.reports.schemas import Bulletin, BulletinQuery, Restatement, RestatementQuery
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


class RestatementController(Controller):
    """Restatements (更正说明)."""

    path = "/v1/restatements"

    @get("/", operation_id="readRestatement", opt=contract.reads(Restatement, RestatementQuery))
    async def read_restatement(self, request: Call) -> Answer:
        """Read which totals of a bulletin changed between two watermarks, by how much, and because of which versions."""
        return await restatements.read_restatement(request, request.app.state.registers)
