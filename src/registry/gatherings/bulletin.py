"""The sections of the bulletin that print gatherings and sheds."""

from registry.code_lists import titles_of
from registry.gatherings.codes import GatheringKind, ShedUse
from registry.gatherings.models import GATHERINGS, SHEDS
from registry.gatherings.register import GATHERING_REGISTER, SHED_REGISTER
from registry.reports.bulletin.sections import BulletinSection, PrintedMeasure, Split

GATHERING_SECTION = BulletinSection(
    "聚集活动管控",
    measures=(
        PrintedMeasure(
            GATHERING_REGISTER,
            "gatherings_cancelled",
            "取消或暂停各类聚集活动",
            split=Split(GATHERINGS.c.kind, titles_of(GatheringKind)),
            drawn_by=GATHERINGS.c.decided_on,
        ),
    ),
)
SHED_SECTION = BulletinSection(
    "简易棚清理",
    measures=(
        PrintedMeasure(
            SHED_REGISTER,
            "sheds_demolished",
            "铲除易诱发聚集赌博（娱乐）场所（简易棚）",
            split=Split(SHEDS.c.use, titles_of(ShedUse)),
            drawn_by=SHEDS.c.demolished_on,
        ),
    ),
)
