"""Code lists of divisions and grid staff."""

from registry.code_lists import CodeList


class Level(CodeList):
    """How high a division stands (层级): 县级市, 镇(街), 村(居), 自然村."""

    COUNTY = "county", "县（市、区）", "County"
    TOWN = "town", "镇（街）", "Town"
    VILLAGE = "village", "村（居）", "Village"
    HAMLET = "hamlet", "自然村", "Hamlet"


ABOVE = {Level.TOWN: Level.COUNTY, Level.VILLAGE: Level.TOWN, Level.HAMLET: Level.VILLAGE}


CODE_LENGTH = {Level.COUNTY: 6, Level.TOWN: 9, Level.VILLAGE: 12}


class Duty(CodeList):
    """What somebody answers for (四包: 市挂点领导包镇, 镇领导包村, 村干部包片, 党员干部包户), or their grid work."""

    CITY_LEADER = "city_leader", "市挂点领导", "City leader"
    TOWN_LEADER = "town_leader", "镇领导", "Town leader"
    VILLAGE_CADRE = "village_cadre", "村干部", "Village cadre"
    PARTY_MEMBER = "party_member", "党员", "Party member"
    GRID_LEADER = "grid_leader", "网格长", "Grid leader"
    GRID_WORKER = "grid_worker", "网格员", "Grid worker"


class Tier(CodeList):
    """The grid's tiers (市、镇、村、组四级网格)."""

    CITY = "city", "市级网格", "City grid"
    TOWN = "town", "镇级网格", "Town grid"
    VILLAGE = "village", "村级网格", "Village grid"
    NATURAL_VILLAGE = "natural_village", "组（自然村）级网格", "Hamlet grid"
