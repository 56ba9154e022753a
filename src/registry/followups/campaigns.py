"""What a drive has come to: who was on the roster when it began, and how they were visited since."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, func, or_

from registry.core.register import Register
from registry.core.view import View
from registry.followups.models import PATIENTS, VISITS
from registry.followups.schemas import CampaignIn, TownCoverage

JOINTLY, OTHERWISE, NOT_YET = STATES = "visited_jointly", "visited_otherwise", "not_yet"
ALL = ""
"""Beside the states: everybody on the roster."""
Counts = Mapping[str, int | None]
"""By state; None where it is not told."""
UNTOLD: Counts = dict.fromkeys((*STATES, ALL))
Registers = Mapping[str, Register]
"""By name: campaigns, patients and visits are read."""


@dataclass(frozen=True)
class Covered:
    """How far a drive has come: in each town, and in all."""

    towns: Mapping[str, Counts]
    total: Counts


class CampaignShape(CampaignIn, forbid_unknown_fields=False, kw_only=True):
    """A stored campaign, read leniently."""

    name: str
    purpose: str | None = None


def states(
    connection: Connection, view: View, registers: Registers, campaign: CampaignShape, on: dt.date | None
) -> Counter[tuple[str, str]]:
    """How many patients of each town are in which state."""
    table = PATIENTS.c
    within = or_(*(_below(code) for code in campaign.divisions))
    there = and_(
        table.in_care_since <= campaign.starts_on,
        or_(table.left_care_on.is_(None), table.left_care_on >= campaign.starts_on),
    )
    roster = connection.execute(
        view.rows(registers["patients"], [table.entry_id, table.town]).where(within, there), view.binds()
    ).all()
    visited = _visited(connection, view, registers, campaign, on)
    return Counter((row.town, visited.get(row.entry_id, NOT_YET)) for row in roster)


def _below(code: str) -> ColumnElement[bool]:
    columns = {6: PATIENTS.c.book, 9: PATIENTS.c.town, 12: PATIENTS.c.division}
    return columns[len(code)] == code


def _visited(
    connection: Connection, view: View, registers: Registers, campaign: CampaignShape, on: dt.date | None
) -> dict[str, str]:  # fmt: skip
    """Who was seen during the drive, up to the day if one is given, and whether jointly."""
    table = VISITS.c
    jointly = func.max(cast(table.joint, Integer))
    query = (
        view.rows(registers["visits"], [table.case_id, jointly])
        .where(table.seen.is_(True), table.visited_on >= campaign.starts_on)
        .group_by(table.case_id)
    )
    for last in (campaign.ends_on, on):
        if last is not None:
            query = query.where(table.visited_on <= last)
    rows = connection.execute(query, view.binds())
    return {case_id: JOINTLY if joint else OTHERWISE for case_id, joint in rows}


def covered(
    connection: Connection, view: View, registers: Registers, _campaign_id: str, campaign: CampaignShape,
    on: dt.date | None, division: str,
) -> Covered:  # fmt: skip
    """How far a drive has come in a division, as the caller is told it: by town and in all. `on`: up to that day.

    Who sees no people is told nothing: it is how many people were met, town by town (docs/decisions/0012). How many visits a drive of
    whole towns has made is told by the statistics.
    """
    if not view.who.sees_people:
        return Covered({}, UNTOLD)
    found = states(connection, view, registers, campaign, on)
    towns = sorted({town for town, _ in found if town.startswith(division)})
    by_town = {town: {state: found[town, state] for state in STATES} for town in towns}
    total = {state: sum(counts[state] for counts in by_town.values()) for state in STATES}
    return Covered({town: _with_all(counts) for town, counts in by_town.items()}, _with_all(total))


def _with_all(counts: Mapping[str, int]) -> Counts:
    return {**counts, ALL: sum(counts.values())}


def row(town: str, name: str, counts: Counts) -> TownCoverage:
    """A row of the coverage."""
    return TownCoverage(
        town=town,
        name=name,
        on_roster=counts[ALL],
        visited_jointly=counts[JOINTLY],
        visited_otherwise=counts[OTHERWISE],
        not_yet=counts[NOT_YET],
    )
