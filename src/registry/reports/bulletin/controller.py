"""The endpoints of the bulletin (日报) and of restatements (更正说明)."""

from collections.abc import Sequence

from litestar import Controller, get
from litestar.handlers import HTTPRouteHandler

from registry.core.register import Register
from registry.reports.bulletin import restatements, service
from registry.reports.bulletin.negotiation import FORMS
from registry.reports.bulletin.schemas import BulletinQuery, Restatement, RestatementQuery
from registry.reports.bulletin.sections import BulletinSection
from registry.web import contract
from registry.web.call import Call
from registry.web.reads import Answer

PRINTED = tuple(form.media for form in FORMS.values() if form.ending != "json")


def bulletin_handler(sections: Sequence[BulletinSection], registers: Sequence[Register]) -> HTTPRouteHandler:
    """The daily bulletin (日报) of these sections; its last one tells what is due in the registers."""
    opt = contract.reads(service.published(sections), BulletinQuery, PRINTED)
    maker = service.BulletinMaker(sections, registers)

    @get("/v1/bulletin", operation_id="readBulletin", opt=opt)
    async def read_bulletin(request: Call) -> Answer:
        """Read the daily bulletin (日报) of a division and a period, in the form that `format` or `Accept` asks for."""
        return await service.read_bulletin(request, maker)

    return read_bulletin


class RestatementController(Controller):
    """Restatements (更正说明)."""

    path = "/v1/restatements"

    @get("/", operation_id="readRestatement", opt=contract.reads(Restatement, RestatementQuery))
    async def read_restatement(self, request: Call) -> Answer:
        """Read which totals of a bulletin changed between two watermarks, by how much, and because of which versions."""
        return await restatements.read_restatement(request, request.app.state.sections)
