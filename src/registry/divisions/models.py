"""The staff's table of versions, and the code lists; the divisions' own table is `access.places`."""

from enum import StrEnum

from sqlalchemy import Column, Date, String

from registry.ledger.tables import version_table


class Level(StrEnum):
    """How high a division stands (层级): 县级市, 镇(街), 村(居), 自然村."""

    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"
    HAMLET = "hamlet"


ABOVE = {Level.TOWN: Level.COUNTY, Level.VILLAGE: Level.TOWN, Level.HAMLET: Level.VILLAGE}
CODE_LENGTH = {Level.COUNTY: 6, Level.TOWN: 9, Level.VILLAGE: 12}


class Duty(StrEnum):
    """What somebody answers for (四包: 市挂点领导包镇, 镇领导包村, 村干部包片, 党员干部包户), or their grid work."""

    CITY_LEADER = "city_leader"
    TOWN_LEADER = "town_leader"
    VILLAGE_CADRE = "village_cadre"
    PARTY_MEMBER = "party_member"
    GRID_LEADER = "grid_leader"
    GRID_WORKER = "grid_worker"


class Tier(StrEnum):
    """The grid's tiers (市、镇、村、组四级网格)."""

    CITY = "city"
    TOWN = "town"
    VILLAGE = "village"
    NATURAL_VILLAGE = "natural_village"


STAFF = version_table(
    "grid_staff",
    Column("duty", String(16), nullable=False),
    Column("tier", String(16), nullable=False),
    Column("left_on", Date),
)
