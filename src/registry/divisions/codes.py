"""Chinese and English titles of the code lists."""

from registry.core.register import Titles
from registry.divisions.models import Duty, Level, Tier

TITLES: Titles = {
    Level: {
        "county": ("县(市、区)", "County"),
        "town": ("镇(街)", "Town"),
        "village": ("村(居)", "Village"),
        "hamlet": ("自然村", "Hamlet"),
    },
    Duty: {
        "city_leader": ("市挂点领导", "City leader"),
        "town_leader": ("镇领导", "Town leader"),
        "village_cadre": ("村干部", "Village cadre"),
        "party_member": ("党员", "Party member"),
        "grid_leader": ("网格长", "Grid leader"),
        "grid_worker": ("网格员", "Grid worker"),
    },
    Tier: {
        "city": ("市级网格", "City grid"),
        "town": ("镇级网格", "Town grid"),
        "village": ("村级网格", "Village grid"),
        "natural_village": ("组(自然村)级网格", "Hamlet grid"),
    },
}
