"""What the bulletin tells of drives (专项行动): their name and days, and how far they have come."""

from functools import partial

import msgspec
from sqlalchemy import or_

from registry.core.divisions import names_at
from registry.core.valid_time import Document
from registry.followups.campaigns import CampaignShape, covered, row
from registry.followups.models import CAMPAIGNS
from registry.followups.schemas import TownCoverage
from registry.reports.bulletin.narrative import Asked, short_day, told

TOWN = 9
"""Digits of a town's code; coverage is counted by town."""


def tell(asked: Asked) -> list[str]:
    """A sentence for each drive that ran in the period (in the year, where it has no first day) and covered some of the division."""
    still = or_(CAMPAIGNS.c.ends_on.is_(None), CAMPAIGNS.c.ends_on >= asked.told_since)
    ran = asked.recorded("campaigns", [CAMPAIGNS.c.starts_on <= asked.to, still])
    return told([each for each in ran if _covers(each, asked.division)], partial(_sentence, asked), "个")


def _covers(campaign: Document, division: str) -> bool:
    return any(code.startswith(division) or division.startswith(code) for code in campaign["divisions"])


def _sentence(asked: Asked, document: Document) -> str:
    campaign = msgspec.convert(document, CampaignShape)
    names = names_at(asked.connection, asked.view)
    begun = opening(asked, campaign, "、".join(names.get(code, code) for code in campaign.divisions))
    return f"{begun}{_come_to(asked, document['id'], campaign)}。"


def _come_to(asked: Asked, campaign_id: str, campaign: CampaignShape) -> str:
    """How far it has come; nothing below the towns."""
    if len(asked.division) > TOWN:
        return ""
    found = covered(asked.connection, asked.view, asked.registers, campaign_id, campaign, asked.to, asked.division)
    return progress(row(asked.division, "", found.total), len(found.towns))


def opening(asked: Asked, campaign: CampaignShape, places: str) -> str:
    """When and where it began, its name and its purpose."""
    ends = f"至{short_day(campaign.ends_on, asked.to)}" if campaign.ends_on else "起"
    purpose = f"，{campaign.purpose}" if campaign.purpose else ""
    return f"{short_day(campaign.starts_on, asked.to)}{ends}，{places}开展{campaign.name}{purpose}"


def progress(coverage: TownCoverage, towns: int) -> str:
    """How many of how many were visited; nothing where a count of people is not told, for a share would tell it."""
    roster, jointly, otherwise, rest = (
        coverage.on_roster, coverage.visited_jointly, coverage.visited_otherwise, coverage.not_yet
    )  # fmt: skip
    if not roster or jointly is None or otherwise is None or rest is None:
        return ""
    visited = jointly + otherwise
    where = f"{towns}个镇（街）" if towns > 1 else ""
    return (
        f"：{where}在管患者{roster}人，已走访见面{visited}人（其中联合走访{jointly}人），"
        f"覆盖率{100 * visited / roster:.1f}%，尚未见面{rest}人"
    )
