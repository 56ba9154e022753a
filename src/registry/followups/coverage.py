"""How far a drive has come, town by town."""

import datetime as dt
from collections import Counter
from functools import partial

import msgspec
from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, func, or_

from registry.access.moments import watermark_text
from registry.access.places import names_at
from registry.access.principals import Principal
from registry.access.register import Right
from registry.access.view import View
from registry.errors import NotFound
from registry.followups.models import PATIENTS, VISITS
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER
from registry.followups.schemas import CampaignIn, Coverage, TownCoverage
from registry.ledger.versions import encode
from registry.reports.small import shown
from registry.web import serve
from registry.web.call import Call, view_of
from registry.web.queries import DayQuery
from registry.web.serve import Answer

JOINTLY, OTHERWISE, NOT_YET = "visited_jointly", "visited_otherwise", "not_yet"


async def read_coverage(call: Call, entry_id: str) -> Answer:
    """The coverage as it stands, or stood."""
    who = await call.enter(CAMPAIGN_REGISTER, Right.READ)
    query = call.params(DayQuery)
    answer, watermark = await call.context.scan(partial(_coverage, who, entry_id, query))
    body = encode(answer)
    return serve.respond(call, body, serve.body_tag(body), watermark_text(who.book, watermark), on=query.on)


def _coverage(who: Principal, entry_id: str, query: DayQuery, connection: Connection) -> tuple[Coverage, int]:
    view = view_of(connection, who, query.as_of)
    seen = view.item(connection, CAMPAIGN_REGISTER, entry_id)
    campaign = msgspec.json.decode(seen.document, type=CampaignShape)
    if query.on is not None and query.on < campaign.starts_on:
        raise NotFound
    states = _states(connection, view, campaign, query.on)
    names = names_at(connection, view)
    towns = [
        _row(
            who,
            town,
            names.get(town, town),
            Counter({state: count for (t, state), count in states.items() if t == town}),
        )
        for town in sorted({town for town, _ in states})
    ]
    total = Counter[str]()
    for (_, state), count in states.items():
        total[state] += count
    whole = _row(who, who.book, names.get(who.book, who.book), total)
    watermark = watermark_text(who.book, seen.watermark)
    return Coverage(
        campaign_id=entry_id, name=campaign.name, towns=towns, total=whole, watermark=watermark
    ), seen.watermark


class CampaignShape(CampaignIn, forbid_unknown_fields=False, kw_only=True):
    """A stored campaign, read leniently."""


def _states(
    connection: Connection, view: View, campaign: CampaignShape, on: dt.date | None
) -> Counter[tuple[str, str]]:
    """How many patients of each town are in which state."""
    table = PATIENTS.c
    within = or_(*(_below(code) for code in campaign.divisions))
    there = and_(
        table.in_care_since <= campaign.starts_on,
        or_(table.left_care_on.is_(None), table.left_care_on >= campaign.starts_on),
    )
    roster = connection.execute(
        view.rows(PATIENT_REGISTER, [table.entry_id, table.town]).where(within, there), view.binds()
    ).all()
    visited = _visited(connection, view, campaign, on)
    return Counter((row.town, visited.get(row.entry_id, NOT_YET)) for row in roster)


def _below(code: str) -> ColumnElement[bool]:
    columns = {6: PATIENTS.c.book, 9: PATIENTS.c.town, 12: PATIENTS.c.division}
    return columns[len(code)] == code


def _visited(connection: Connection, view: View, campaign: CampaignShape, on: dt.date | None) -> dict[str, str]:
    """Who was seen during the drive, up to the day if one is given, and whether jointly."""
    table = VISITS.c
    jointly = func.max(cast(table.joint, Integer))
    query = (
        view.rows(VISIT_REGISTER, [table.case_id, jointly])
        .where(table.seen.is_(True), table.visited_on >= campaign.starts_on)
        .group_by(table.case_id)
    )
    for last in (campaign.ends_on, on):
        if last is not None:
            query = query.where(table.visited_on <= last)
    rows = connection.execute(query, view.binds())
    return {case_id: JOINTLY if joint else OTHERWISE for case_id, joint in rows}


def _row(who: Principal, town: str, name: str, counts: Counter[str]) -> TownCoverage:
    return TownCoverage(
        town=town,
        name=name,
        on_roster=shown(who, counts.total()),
        visited_jointly=shown(who, counts[JOINTLY]),
        visited_otherwise=shown(who, counts[OTHERWISE]),
        not_yet=shown(who, counts[NOT_YET]),
    )
