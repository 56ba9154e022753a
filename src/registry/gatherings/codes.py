"""Code lists of gatherings and sheds."""

from registry.code_lists import CodeList


class GatheringKind(CodeList):
    """What people would have gathered for (活动类型). 年例 and 游神 are customs of western Guangdong, not assemblies."""

    NIANLI = "nianli", "年例", "Annual village festival"
    DEITY_PARADE = "deity_parade", "游神", "Parade of deities"
    OPERA = "opera", "唱戏（雷剧等）", "Opera"
    EVENING_SHOW = "evening_show", "晚会", "Evening show"
    PARTY_BANQUET = "party_banquet", "聚会、宴席", "Party or banquet"
    LION_DRAGON = "lion_dragon", "舞狮舞龙", "Lion or dragon dance"
    TEMPLE_FAIR = "temple_fair", "庙会", "Temple fair"
    ANCESTOR_RITE = "ancestor_rite", "祭祖、开灯", "Rites for ancestors"
    WEDDING = "wedding", "婚宴", "Wedding"
    FUNERAL = "funeral", "丧事", "Funeral"
    BIRTHDAY_BANQUET = "birthday_banquet", "寿宴", "Birthday banquet"
    RELIGIOUS = "religious", "宗教活动", "Religious activity"
    MARKET = "market", "墟市", "Market"
    SPORTS = "sports", "体育活动", "Sports"
    GAMBLING_GATHERING = "gambling_gathering", "聚众赌博", "Gambling"
    OTHER = "other", "其他", "Other"


class GatheringMeasure(CodeList):
    """What was done about it (处置方式)."""

    CANCELLED = "cancelled", "取消", "Cancelled"
    SUSPENDED = "suspended", "暂停", "Suspended"
    POSTPONED = "postponed", "延期", "Postponed"
    SCALED_DOWN = "scaled_down", "缩小规模", "Made smaller"
    DISPERSED = "dispersed", "劝散", "Dispersed"
    DISSUADED = "dissuaded", "劝阻", "Dissuaded"


CALLED_OFF = (GatheringMeasure.CANCELLED, GatheringMeasure.SUSPENDED, GatheringMeasure.POSTPONED)
"""What the article of 5 March 2020 (docs/demo.md) counts as 取消或暂停."""


class ShedUse(CodeList):
    """What the shed was used for (用途)."""

    GAMBLING = "gambling", "聚众赌博", "Gambling"
    MAHJONG = "mahjong", "麻将娱乐", "Mahjong"
    SHOP_GATHERING = "shop_gathering", "小卖部聚集", "Gathering at a shop"
    OTHER = "other", "其他", "Other"


class ShedStructure(CodeList):
    """What it was built of (结构): 铁皮棚, 竹木棚, 帐篷, 其他."""

    IRON_SHEET = "iron_sheet", "铁皮棚", "Iron sheet"
    BAMBOO_WOOD = "bamboo_wood", "竹木棚", "Bamboo or wood"
    TENT = "tent", "帐篷", "Tent"
    OTHER = "other", "其他", "Other"


class DemolitionMethod(CodeList):
    """How it was removed (拆除方式)."""

    SELF_REMOVED = "self_removed", "自行拆除", "Removed by the owner"
    ASSISTED = "assisted", "帮拆、同意拆除", "Removed with consent"
    COMPULSORY = "compulsory", "强制拆除", "Removed by force of law"
    CLEARED = "cleared", "清除公共场所障碍", "Cleared from public ground"
    SEALED = "sealed", "查封", "Sealed"
