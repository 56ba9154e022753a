"""The tables of versions, and the code lists."""

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, column

from registry.ledger.tables import COPY, version_table

_standing = column("superseded_at").is_(None)


class GatheringKind(StrEnum):
    """What people would have gathered for (活动类型). 年例 and 游神 are customs of western Guangdong, not assemblies."""

    NIANLI = "nianli"
    DEITY_PARADE = "deity_parade"
    OPERA = "opera"
    EVENING_SHOW = "evening_show"
    PARTY_BANQUET = "party_banquet"
    LION_DRAGON = "lion_dragon"
    TEMPLE_FAIR = "temple_fair"
    ANCESTOR_RITE = "ancestor_rite"
    WEDDING = "wedding"
    FUNERAL = "funeral"
    BIRTHDAY_BANQUET = "birthday_banquet"
    RELIGIOUS = "religious"
    MARKET = "market"
    SPORTS = "sports"
    GAMBLING_GATHERING = "gambling_gathering"
    OTHER = "other"


class GatheringMeasure(StrEnum):
    """What was done about it (处置方式)."""

    CANCELLED = "cancelled"
    SUSPENDED = "suspended"
    POSTPONED = "postponed"
    SCALED_DOWN = "scaled_down"
    DISPERSED = "dispersed"
    DISSUADED = "dissuaded"


CALLED_OFF = (GatheringMeasure.CANCELLED, GatheringMeasure.SUSPENDED, GatheringMeasure.POSTPONED)
"""What the article counts as 取消或暂停."""


class ShedUse(StrEnum):
    """What the shed was used for (用途)."""

    GAMBLING = "gambling"
    MAHJONG = "mahjong"
    SHOP_GATHERING = "shop_gathering"
    OTHER = "other"


class ShedStructure(StrEnum):
    """What it was built of (结构): 铁皮棚, 竹木棚, 帐篷, 其他."""

    IRON_SHEET = "iron_sheet"
    BAMBOO_WOOD = "bamboo_wood"
    TENT = "tent"
    OTHER = "other"


class DemolitionMethod(StrEnum):
    """How it was removed (拆除方式)."""

    SELF_REMOVED = "self_removed"
    ASSISTED = "assisted"
    COMPULSORY = "compulsory"
    CLEARED = "cleared"
    SEALED = "sealed"


GATHERINGS = version_table(
    "gatherings",
    Column("kind", String(20), nullable=False),
    Column("measure", String(12), nullable=False),
    Column("sessions", Integer, nullable=False, comment="场"),
    Column("planned_from", Date, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("notice", String(200), info=COPY, comment="title of the notice that the measure rests on"),
    Index("ix_gatherings_decided", "book", "decided_on", "town", "sessions", sqlite_where=_standing,
          postgresql_where=_standing),
    filters=("kind",),
)  # fmt: skip

SHEDS = version_table(
    "sheds",
    Column("use", String(16), nullable=False),
    Column("count", Integer, nullable=False, comment="个"),
    Column("demolished_on", Date),
    Column("notice_served_on", Date),
    Column("police_case_number", String(100)),
    Column("structure", String(12), info=COPY),
    Column("area_hundredths", BigInteger, info=COPY, comment="of a square metre"),
    Column("found_on", Date, info=COPY),
    Index("ix_sheds_demolished", "book", "demolished_on", "town", "count", sqlite_where=_standing,
          postgresql_where=_standing),
)  # fmt: skip
