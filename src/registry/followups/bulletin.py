"""The section of the bulletin that prints patients and visits, with a sentence for each campaign (专项行动): its name and days, and how
far it has come.
"""

from functools import partial

import msgspec
from sqlalchemy import or_

from registry.core.divisions import names_at
from registry.core.principals import TOWN
from registry.core.valid_time import Document
from registry.followups.campaigns import CampaignShape, covered, row
from registry.followups.models import CAMPAIGNS
from registry.followups.register import CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER
from registry.followups.schemas import TownCoverage
from registry.reports.bulletin.narrative import NarrativeSource, sentences, short_day
from registry.reports.bulletin.sections import BulletinSection, PrintedMeasure

COVERED = {register.name: register for register in (CAMPAIGN_REGISTER, PATIENT_REGISTER, VISIT_REGISTER)}


def campaign_sentences(source: NarrativeSource) -> list[str]:
    """A sentence for each that ran in the period (in the year, where it has no first day) and covered some of the division."""
    still = or_(CAMPAIGNS.c.ends_on.is_(None), CAMPAIGNS.c.ends_on >= source.first_day)
    ran = source.recorded(CAMPAIGN_REGISTER, [CAMPAIGNS.c.starts_on <= source.to, still])
    return sentences([each for each in ran if _covers(each, source.division)], partial(_sentence, source), "个")


def _covers(campaign: Document, division: str) -> bool:
    return any(code.startswith(division) or division.startswith(code) for code in campaign["divisions"])


def _sentence(source: NarrativeSource, document: Document) -> str:
    campaign = msgspec.convert(document, CampaignShape)
    names = names_at(source.connection, source.view)
    begun = opening(source, campaign, "、".join(names.get(code, code) for code in campaign.divisions))
    return f"{begun}{_come_to(source, document['id'], campaign)}。"


def _come_to(source: NarrativeSource, campaign_id: str, campaign: CampaignShape) -> str:
    """How far it has come; nothing below the towns."""
    if len(source.division) > TOWN:
        return ""
    found = covered(source.connection, source.view, COVERED, campaign_id, campaign, source.to, source.division)
    return progress(row(source.division, "", found.total), len(found.towns))


def opening(source: NarrativeSource, campaign: CampaignShape, places: str) -> str:
    """When and where it began, its name and its purpose."""
    ends = f"至{short_day(campaign.ends_on, source.to)}" if campaign.ends_on else "起"
    purpose = f"，{campaign.purpose}" if campaign.purpose else ""
    return f"{short_day(campaign.starts_on, source.to)}{ends}，{places}开展{campaign.name}{purpose}"


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


FOLLOWUP_SECTION = BulletinSection(
    "严重精神障碍患者服务管理",
    measures=(
        PrintedMeasure(PATIENT_REGISTER, "patients_on_roster", "在管严重精神障碍患者"),
        PrintedMeasure(VISIT_REGISTER, "visits", "走访"),
        PrintedMeasure(VISIT_REGISTER, "visits_joint", "联合走访"),
    ),
    narrative=campaign_sentences,
)
