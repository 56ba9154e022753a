"""Chinese and English titles of the code lists (domain.md 4)."""

from registry.core.register import Groups, Titles
from registry.gatherings.models import DemolitionMethod, GatheringKind, GatheringMeasure, ShedStructure, ShedUse

TITLES: Titles = {
    GatheringKind: {
        "nianli": ("年例", "Annual village festival"),
        "deity_parade": ("游神", "Parade of deities"),
        "opera": ("唱戏（雷剧等）", "Opera"),
        "evening_show": ("晚会", "Evening show"),
        "party_banquet": ("聚会、宴席", "Party or banquet"),
        "lion_dragon": ("舞狮舞龙", "Lion or dragon dance"),
        "temple_fair": ("庙会", "Temple fair"),
        "ancestor_rite": ("祭祖、开灯", "Rites for ancestors"),
        "wedding": ("婚宴", "Wedding"),
        "funeral": ("丧事", "Funeral"),
        "birthday_banquet": ("寿宴", "Birthday banquet"),
        "religious": ("宗教活动", "Religious activity"),
        "market": ("墟市", "Market"),
        "sports": ("体育活动", "Sports"),
        "gambling_gathering": ("聚众赌博", "Gambling"),
        "other": ("其他", "Other"),
    },
    GatheringMeasure: {
        "cancelled": ("取消", "Cancelled"),
        "suspended": ("暂停", "Suspended"),
        "postponed": ("延期", "Postponed"),
        "scaled_down": ("缩小规模", "Made smaller"),
        "dispersed": ("疏散", "Dispersed"),
        "dissuaded": ("劝阻", "Dissuaded"),
    },
    ShedUse: {
        "gambling": ("聚众赌博", "Gambling"),
        "mahjong": ("麻将娱乐", "Mahjong"),
        "shop_gathering": ("小卖部聚集", "Gathering at a shop"),
        "other": ("其他", "Other"),
    },
    ShedStructure: {
        "iron_sheet": ("铁皮棚", "Iron sheet"),
        "bamboo_wood": ("竹木棚", "Bamboo or wood"),
        "tent": ("帐篷", "Tent"),
        "other": ("其他", "Other"),
    },
    DemolitionMethod: {
        "self_removed": ("自行拆除", "Removed by the owner"),
        "assisted": ("帮拆、同意拆除", "Removed with consent"),
        "compulsory": ("强制拆除", "Removed by force of law"),
        "cleared": ("清除公共场所障碍", "Cleared from public ground"),
        "sealed": ("查封", "Sealed"),
    },
}

GATHERING_GROUPS: Groups = (
    ("活动", "Gathering", ("division", "hamlet", "title", "kind", "venue", "organiser", "expected_people")),
    ("日期", "Dates", ("planned_from", "planned_to", "planned_lunar", "decided_on", "postponed_to")),
    ("处置", "What was done", ("measure", "sessions", "handled_by", "notice", "promise_signed", "note")),
)
SHED_GROUPS: Groups = (
    ("简易棚", "Shed", ("division", "hamlet", "place", "point", "use", "structure", "count", "area_m2", "owner")),
    ("拆除", "Demolition", ("found_on", "notice", "demolished_on", "method", "demolished_by")),
    (
        "涉赌与复查",
        "Gambling and recheck",
        ("gambling_evidence", "police_case_number", "seized", "rechecked_on", "rebuilt", "note"),
    ),
)
