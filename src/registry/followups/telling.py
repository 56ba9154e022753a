"""What the bulletin tells of drives (专项行动): their name and days, and how far they have come."""

import datetime as dt

import msgspec

from registry.access.days import Document
from registry.access.places import names_at
from registry.access.telling import Asked
from registry.followups.drive import CampaignShape, covered, row
from registry.followups.models import CAMPAIGNS
from registry.followups.schemas import TownCoverage

TOWN = 9
"""Digits of a town's code; coverage is counted by town."""


def tell(asked: Asked) -> list[str]:
    """A sentence for each drive that ran in the period and covered some of the division."""
    ran = asked.documents("campaigns", [CAMPAIGNS.c.starts_on <= asked.to])
    return [_told(asked, each) for each in ran if _covers(each, asked.division) and _ran(each, asked.since)]


def _covers(campaign: Document, division: str) -> bool:
    return any(code.startswith(division) or division.startswith(code) for code in campaign["divisions"])


def _ran(campaign: Document, since: dt.date | None) -> bool:
    return since is None or campaign["ends_on"] is None or campaign["ends_on"] >= since.isoformat()


def _told(asked: Asked, document: Document) -> str:
    campaign = msgspec.convert(document, CampaignShape)
    place = asked.division[:TOWN]
    found = covered(asked.connection, asked.view, asked.registers, document["id"], campaign, asked.to, place)
    names = names_at(asked.connection, asked.view)
    begun = opening(campaign, "、".join(names.get(code, code) for code in campaign.divisions))
    if len(asked.division) > TOWN:
        return f"{begun}。"
    until = f"(截至{_day(found.released_on)})" if found.released_on and found.released_on < asked.to else ""
    return f"{begun}{until}{progress(row(place, '', found.total), len(found.towns))}。"


def opening(campaign: CampaignShape, places: str) -> str:
    """When and where it began, its name and its purpose."""
    ends = f"至{_day(campaign.ends_on)}" if campaign.ends_on else "起"
    purpose = f",{campaign.purpose}" if campaign.purpose else ""
    return f"{_day(campaign.starts_on)}{ends},{places}开展{campaign.name}{purpose}"


def progress(coverage: TownCoverage, towns: int) -> str:
    """How many of how many were visited; nothing where a count of people is not told, for a share would tell it."""
    roster, jointly, otherwise, rest = (
        coverage.on_roster, coverage.visited_jointly, coverage.visited_otherwise, coverage.not_yet
    )  # fmt: skip
    if not roster or jointly is None or otherwise is None or rest is None:
        return ""
    visited = jointly + otherwise
    where = f"{towns}个镇(街)" if towns > 1 else ""
    return (
        f":{where}在管患者{roster}人,已走访见面{visited}人(其中联合走访{jointly}人),"
        f"覆盖率{100 * visited / roster:.1f}%,尚未见面{rest}人"
    )


def _day(day: dt.date) -> str:
    return f"{day.month}月{day.day}日"
