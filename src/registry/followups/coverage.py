"""How far a drive has come, town by town."""

from functools import partial

import msgspec
from sqlalchemy import Connection

from registry.core.divisions import names_at
from registry.core.principals import Principal
from registry.core.queries import DayQuery
from registry.core.register import Right
from registry.core.watermarks import watermark_text
from registry.errors import NotFound
from registry.followups.campaigns import CampaignShape, covered, row
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER
from registry.followups.schemas import Coverage
from registry.ledger.versions import encode
from registry.web import reads
from registry.web.call import Call, view_of
from registry.web.reads import Answer

REGISTERS = {register.name: register for register in (CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER)}


async def read_coverage(call: Call, entry_id: str) -> Answer:
    """The coverage as it stands, or stood."""
    who = await call.enter(CAMPAIGN_REGISTER, Right.READ)
    query = call.params(DayQuery)
    answer, watermark = await call.context.scan(partial(_coverage, who, entry_id, query))
    body = encode(answer)
    return reads.respond(call, body, reads.body_tag(body), watermark_text(who.book, watermark), on=query.on)


def _coverage(who: Principal, entry_id: str, query: DayQuery, connection: Connection) -> tuple[Coverage, int]:
    view = view_of(connection, who, query.as_of)
    seen = view.item(connection, CAMPAIGN_REGISTER, entry_id)
    campaign = msgspec.json.decode(seen.document, type=CampaignShape)
    if query.on is not None and query.on < campaign.starts_on:
        raise NotFound
    found = covered(connection, view, REGISTERS, entry_id, campaign, query.on, who.book)
    names = names_at(connection, view)
    return Coverage(
        campaign_id=entry_id,
        name=campaign.name,
        towns=[row(town, names.get(town, town), counts) for town, counts in found.towns.items()],
        total=row(who.book, names.get(who.book, who.book), found.total),
        watermark=watermark_text(who.book, seen.watermark),
    ), seen.watermark
