"""Facts in memory say what the database says: which rows there are, which stand, who sees them, which a filter chooses."""

import asyncio
import datetime as dt
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args
from uuid import UUID

import msgspec
import numpy as np
import pytest
from sqlalchemy import Connection, text

from registry.core.principals import Principal, Role
from registry.core.queries import ListQuery
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import head_of
from registry.ledger.ids import new_id
from registry.reports.statistics.column_store import FactKeeper
from registry.reports.statistics.columns import Facts
from registry.reports.statistics.row_filters import filter_mask, scope_mask, standing_mask, within_mask
from registry.reports.statistics.snapshots import standing_at
from registry.settings import Settings
from tests.api import Api
from tests.conftest import BAISHA, COUNTY, KELU, opened
from tests.reports.test_statistics import COUNTED, DAYS, MADE

PRINCIPALS = [
    Principal(new_id(), COUNTY, role, role, tuple(divisions), None, None)
    for role, divisions in [
        (Role.CLERK, [KELU]),
        (Role.CLERK, [BAISHA]),
        (Role.CLERK, ["440882102204"]),
        (Role.CLERK, [BAISHA, "440882102200"]),
        (Role.SUPERVISOR, [COUNTY]),
    ]
]
every_counted = pytest.mark.parametrize("name", COUNTED)


def told(facts: Facts) -> dict[int, tuple[Any, ...]]:
    """What facts say of each version, by position."""
    names = sorted(facts.columns)
    columns = [
        [facts.words[name].texts[number] for number in facts.columns[name]]
        if facts.table.c[name].type.python_type is str
        else facts.columns[name].tolist()
        for name in names
    ]
    header = zip(facts.position.tolist(), facts.ended.tolist(), facts.voided.tolist(), strict=True)
    return {each[0]: (*each, *rest) for each, *rest in zip(header, *columns, strict=True)}


def standing(facts: Facts, watermark: int) -> list[int]:
    return facts.position[standing_mask(facts, watermark)].tolist()


def columns(arrays: Mapping[str, Any], names: Iterable[str]) -> list[tuple[Any, ...]]:
    """Rows of these columns, in whatever order."""
    return sorted(zip(*(arrays[name].tolist() for name in names), strict=True))


@every_counted
def test_brought_up_step_by_step_they_are_as_loaded_afresh(api: Api, settings: Settings, name: str) -> None:
    async def story() -> None:
        async with opened(settings.database) as database:
            keeper, seen = FactKeeper(database), []
            for seed in range(2):
                facts = await keeper.facts(COUNTY, COUNTED[name])
                seen.append((facts, facts.watermark, standing(facts, facts.watermark), len(facts)))
                MADE[name](api, random.Random(seed))
            last, fresh = (
                await keeper.facts(COUNTY, COUNTED[name]),
                await FactKeeper(database).facts(COUNTY, COUNTED[name]),
            )
            assert last.watermark == fresh.watermark > seen[-1][1]
            assert told(last) == told(fresh)
            for facts, watermark, stood, count in seen:
                assert (facts.watermark, len(facts)) == (watermark, count)
                assert standing(facts, watermark) == stood == standing(fresh, watermark)
            for watermark in random.Random(6).choices(range(last.watermark + 1), k=60):
                mask = np.isin(last.position, standing(last, watermark))
                found, picked = standing_at(last, watermark), {name: each[mask] for name, each in last.columns.items()}
                assert columns(found.columns, picked) == columns(picked, picked)

    asyncio.run(story())


def test_of_another_log_they_are_loaded_anew(api: Api, settings: Settings) -> None:
    """As after a backup was restored under a running server."""
    MADE["gatherings"](api, random.Random(1))

    def restored(connection: Connection) -> None:
        connection.execute(text("UPDATE gatherings SET sessions = 77"))
        connection.execute(text("UPDATE log SET recorded_at = recorded_at + 1"))

    async def story() -> None:
        async with opened(settings.database) as database:
            keeper = FactKeeper(database)
            before = await keeper.facts(COUNTY, COUNTED["gatherings"])
            assert set(before.columns["sessions"].tolist()) != {77}
            await database.write(restored)
            after = await keeper.facts(COUNTY, COUNTED["gatherings"])
            assert set(after.columns["sessions"].tolist()) == {77}

    asyncio.run(story())


def values(field: msgspec.structs.FieldInfo) -> Iterator[Any]:
    """Some values that a filter takes."""
    described = msgspec.json.schema(msgspec.defstruct("One", [(field.name, field.type)]))
    kind = field.type
    while get_args(kind):  # Annotated[X, …] or X | None
        kind = get_args(kind)[0]
    if field.name in {"missing", "given"}:
        (names,) = set(re.findall(r"\^\(([a-z_|]+)\)", str(described)))
        yield from [*names.split("|"), names.replace("|", ",")]
    elif kind is str:
        yield from ["grid_worker", "grid_worker,police", "第1号通告", "nothing"]
    elif kind is UUID:
        yield UUID(new_id())
    elif kind is bool:
        yield from [True, False]
    elif kind is int:
        yield from [0, 1, 1987]
    elif kind is dt.date:
        yield from map(dt.date.fromisoformat, DAYS[1:5])
    else:
        yield from kind


def filters(register: Register) -> Iterator[list[Any]]:
    """The clauses of every filter of a list, with some values each."""
    declared = register.filters
    yield []
    for field in msgspec.structs.fields(declared.query):
        if field.name not in {each.name for each in msgspec.structs.fields(ListQuery)}:
            for value in values(field):
                yield list(declared.matching(declared.query(**{field.name: value})))


@every_counted
def test_a_mask_chooses_what_its_clause_chooses(api: Api, settings: Settings, name: str) -> None:
    register, luck = COUNTED[name], random.Random(5)
    MADE[name](api, luck)

    def by_database(connection: Connection, view: View, where: list[Any]) -> list[int]:
        query = view.rows(register, [register.table.c.position]).where(*where).order_by(register.table.c.position)
        return list(connection.scalars(query, view.binds()))

    def by_facts(connection: Connection, facts: Facts, view: View, where: list[Any]) -> list[int]:
        mask = standing_mask(facts, facts.watermark if view.as_of is None else view.as_of)
        if (scope := scope_mask(facts, view.who, view.opened(connection, register))) is not None:
            mask &= scope
        for clause in where:
            mask &= filter_mask(facts, clause)
        found: list[int] = facts.position[mask].tolist()
        return found

    def compare(connection: Connection, facts: Facts) -> int:
        head, chosen = head_of(connection, COUNTY), 0
        for where in filters(register):
            for view in (View(PRINCIPALS[-1]), View(luck.choice(PRINCIPALS), luck.choice([None, head // 2, head - 2]))):
                found = by_database(connection, view, where)
                assert by_facts(connection, facts, view, where) == found, (view, [str(each) for each in where])
                chosen += bool(found)
        for who in PRINCIPALS:
            assert by_facts(connection, facts, View(who), []) == by_database(connection, View(who), [])
        return chosen

    async def story() -> None:
        async with opened(settings.database) as database:
            facts = await FactKeeper(database).facts(COUNTY, register)
            assert await database.scan(lambda connection: compare(connection, facts)) > 10
            assert within_mask(facts, COUNTY).all()
            codes = np.array(facts.words["division"].texts)[facts.columns["division"]]
            assert (within_mask(facts, KELU) == [code.startswith(KELU) for code in codes]).all()

    asyncio.run(story())
