"""The totals of the bulletin say what the database says: for every printed measure, on random days, as of random watermarks."""

import asyncio
import datetime as dt
import random
from collections import Counter
from typing import Any

from sqlalchemy import Connection

from registry.app import REGISTERS, SECTIONS
from registry.core.scope import within
from registry.core.view import View
from registry.core.watermarks import head_of
from registry.reports.bulletin.sections import PrintedMeasure, printed_measures
from registry.reports.bulletin.totals import Period, RegisterTables, Totals
from registry.reports.statistics.mirror import Mirror
from registry.settings import Settings
from tests.api import Api
from tests.conftest import COUNTY, KELU, opened
from tests.reports.test_mirror import PRINCIPALS
from tests.reports.test_statistics import MADE


def by_database(connection: Connection, totals: Totals, printed: PrintedMeasure, period: Period, *keys: Any) -> Any:
    table = printed.register.table
    where = [within(table, len(totals.division)), *printed.measure.matching(printed.register.filters, period.since, period.to)]  # fmt: skip
    query = totals.view.rows(printed.register, [*keys, printed.total]).where(*where).group_by(*keys)
    return connection.execute(query, {**totals.view.binds(), "d": totals.division})


def test_they_are_what_the_database_counts(api: Api, settings: Settings) -> None:
    luck = random.Random(3)
    for name in ("disputes", "visits", "gatherings", "sheds"):
        MADE[name](api, luck)
    every = printed_measures(SECTIONS)

    def compare(connection: Connection) -> int:
        head, counted = head_of(connection, COUNTY), 0
        for _ in range(25):
            to = dt.date(2020, 3, 1) + dt.timedelta(days=luck.randrange(-400, 100))
            period = Period(luck.choice([None, to - dt.timedelta(days=luck.randrange(200))]), to)
            view = View(luck.choice(PRINCIPALS), luck.choice([head, luck.randrange(head)]))
            with RegisterTables(connection, mirror) as tables:
                totals = Totals(tables, view, luck.choice([COUNTY, KELU, "440882102204"]))
                found = totals.of([(each, period) for each in every])
                for each in every:
                    total = by_database(connection, totals, each, period).scalar()
                    town = each.register.table.c.town
                    assert found[each.name, period] == (total or 0)
                    assert totals.by(each, period, town) == dict(
                        map(tuple, by_database(connection, totals, each, period, town))
                    )
                    counted += total or 0
        return counted

    async def story() -> int:
        async with opened(settings.database) as database:
            return await database.scan(compare)

    mirror = Mirror()
    assert asyncio.run(story()) > 100
    mirror.close()


def test_a_measure_has_one_name_wherever_it_is_published() -> None:
    """Statistics, bulletin and restatements call it alike, and it is the only one of that name."""
    declared = [(each.name, register.name) for register in REGISTERS for each in register.measures]
    assert [name for name, times in Counter(name for name, _ in declared).items() if times > 1] == []
    printed = {(each.name, each.register.name) for each in printed_measures(SECTIONS)}
    assert printed - set(declared) == set()
    for name, register in declared:
        assert name.startswith((register, "patients_" if register == "visits" else register)), name
