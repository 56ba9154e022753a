"""Divisions (real codes) and grid staff (synthetic people, the article's totals)."""

import csv
import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from registry.demo.steps import ARTICLE, COUNTY, FIRST_DAY, SYNTHETIC, DemoStep, create, fictional_name, fictional_phone
from registry.divisions.codes import Duty, Level, Tier
from registry.divisions.schemas import DivisionIn, StaffIn
from registry.divisions.service import STAFF_WRITES, record_division

HAMLETS, GRID_STAFF, VILLAGE_AND_GROUP_STAFF = 2308, 7627, 6364
"""The article's counts: 自然村网格2308个, 网格员7627人, 其中村、组6364人."""
ZONE = "440882450"
"""湛江奋勇高新技术产业开发区: a zone, none of the 21 towns."""
CITY_SINCE = dt.date(1994, 4, 26)
"""When Leizhou became a city (雷州撤县设市); since when each of its places has been there, the list of 2020 does not say."""
NBS = {"kind": "article", "note": "国家统计局统计用区划代码(2022年版);自然村数、网格员总数据报道,分镇数为合成"}


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """A row of the division list."""

    code: str
    name: str
    level: str
    parent: str


def places() -> list[DemoPlace]:
    """All divisions, upper ones first."""
    text = files("registry.demo").joinpath("leizhou_divisions.csv").read_text("utf-8")
    rows = [
        DemoPlace(row["code"], row["name"], row["level"], row["parent_code"])
        for row in csv.DictReader(text.splitlines())
    ]
    return sorted(rows, key=lambda place: len(place.code))


def towns(all_places: Sequence[DemoPlace]) -> list[DemoPlace]:
    """The 21 towns."""
    return [place for place in all_places if place.level == "town" and place.code != ZONE]


def villages_by_town(all_places: Sequence[DemoPlace]) -> dict[str, list[DemoPlace]]:
    """The villages of each town."""
    found: dict[str, list[DemoPlace]] = {town.code: [] for town in towns(all_places)}
    for place in all_places:
        if place.level == "village" and place.parent in found:
            found[place.parent].append(place)
    return found


def split(total: int, weights: Sequence[int]) -> list[int]:
    """A total in whole parts by weight, that add up to it."""
    whole = sum(weights)
    ends = [total * sum(weights[: n + 1]) // whole for n in range(len(weights))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def division_steps(all_places: Sequence[DemoPlace], noise: random.Random) -> Iterator[DemoStep]:
    """An entry for each division, on the first day."""
    villages = villages_by_town(all_places)
    weights = [len(villages[town.code]) for town in towns(all_places)]
    codes = [town.code for town in towns(all_places)]
    hamlets = {COUNTY: HAMLETS, **dict(zip(codes, split(HAMLETS, weights), strict=True))}
    staff = {COUNTY: GRID_STAFF, **dict(zip(codes, split(GRID_STAFF, weights), strict=True))}
    for place in all_places:
        data = DivisionIn(
            name=place.name,
            level=Level(place.level),
            valid_from=CITY_SINCE,
            code=place.code,
            parent=place.parent or None,
            hamlets=hamlets.get(place.code, 0),
            grid_staff=staff.get(place.code, 0),
            source=ARTICLE if place.code == COUNTY else None,
        )
        _, step = create(FIRST_DAY, COUNTY, record_division, data, noise, dict(NBS))
        yield replace(step, wave=len(place.code) - 15)  # the county, then towns, then villages, then all else


def staff_steps(all_places: Sequence[DemoPlace], noise: random.Random) -> Iterator[DemoStep]:
    """7,627 grid staff, 6,364 of them of villages and hamlets."""
    villages = villages_by_town(all_places)
    codes = [town.code for town in towns(all_places)]
    weights = [len(villages[code]) for code in codes]
    upper = split(GRID_STAFF - VILLAGE_AND_GROUP_STAFF, weights)
    lower = split(VILLAGE_AND_GROUP_STAFF, weights)
    for code, above, below in zip(codes, upper, lower, strict=True):
        for index in range(above):
            duty = Duty.CITY_LEADER if index == 0 else Duty.TOWN_LEADER if index < 8 else Duty.GRID_LEADER
            yield _staff(code, code, duty, Tier.TOWN, noise)
        for index in range(below):
            village = villages[code][index % len(villages[code])].code
            duty = (Duty.VILLAGE_CADRE, Duty.PARTY_MEMBER, Duty.GRID_WORKER)[index // len(villages[code]) % 3]
            tier = Tier.VILLAGE if duty is Duty.VILLAGE_CADRE else Tier.NATURAL_VILLAGE
            yield _staff(code, village, duty, tier, noise)


def _staff(office: str, division: str, duty: Duty, tier: Tier, noise: random.Random) -> DemoStep:
    data = StaffIn(
        division=division,
        name=fictional_name(noise),
        duty=duty,
        tier=tier,
        phone=fictional_phone(noise),
        households=noise.randint(5, 30) if duty is Duty.PARTY_MEMBER else None,
        since=FIRST_DAY,
    )
    return create(FIRST_DAY, office, STAFF_WRITES.record, data, noise, SYNTHETIC)[1]
