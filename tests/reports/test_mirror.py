"""What statistics are counted from, and how, alone: the mirror says what the database says, whatever is asked of it."""

import asyncio
import dataclasses
import datetime as dt
import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import duckdb
import msgspec
import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, and_, case, func, literal, select, text, true

from registry.code_lists import CodeList
from registry.core.filters import Filters
from registry.core.measures import P90, By, Count, Dimension, Distinct, Measure, Median, Sum
from registry.core.principals import Principal, Role
from registry.core.queries import ListQuery
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import head_of
from registry.followups.register import VISIT_DIMENSIONS
from registry.gatherings.models import GATHERINGS
from registry.ledger.ids import new_id
from registry.reports.statistics import mirror as mirrors
from registry.reports.statistics import mirror_files
from registry.reports.statistics.drill_down import Labels
from registry.reports.statistics.mirror import Limits, Mirror
from registry.reports.statistics.mirror_tables import Pinned, mirrored
from registry.reports.statistics.query import CellQuery, Counted, Number, TooManyCellsError, Value, counted
from registry.settings import Settings
from tests import factories
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
GATHERED = COUNTED["gatherings"]
Scan = Callable[[Callable[[Connection], Any]], Any]
every_counted = pytest.mark.parametrize("name", COUNTED)


@pytest.fixture
def scan(settings: Settings) -> Scan:
    """Run something on the test's database, as a server would."""

    def run(work: Callable[[Connection], Any]) -> Any:
        async def scanned() -> Any:
            async with opened(settings.database) as database:
                return await database.scan(work)

        return asyncio.run(scanned())

    return run


def everything(pinned: Pinned, register: Register) -> list[tuple[Any, ...]]:
    rows = pinned.rows(select(*mirrored(register.table)).order_by(register.table.c.position))
    return [tuple(str(each) if isinstance(each, UUID) else each for each in row) for row in rows]


def base(view: View, register: Register, connection: Connection, pinned: Pinned) -> Callable[[Any], Any]:
    if (found := view.opened(connection, register)) is not None:
        pinned.bring(found[0], tuple(found[0].columns), found[1])
    return lambda columns: view.rows(register, columns).params(view.binds())


@every_counted
def test_brought_up_step_by_step_it_is_as_loaded_afresh(api: Api, scan: Scan, name: str) -> None:
    register, mirror, seen = COUNTED[name], Mirror(), []
    for seed in range(2):
        pinned = scan(lambda connection: mirror.at(connection, COUNTY, register))
        seen.append((pinned, everything(pinned, register)))
        MADE[name](api, random.Random(seed))
    last, fresh = (
        everything(scan(lambda connection, m=m: m.at(connection, COUNTY, register)), register)
        for m in (mirror, Mirror())
    )
    stored = scan(lambda c: c.execute(select(*mirrored(register.table)).order_by(register.table.c.position)).all())
    assert last == fresh == [tuple(row) for row in stored]
    for pinned, rows in seen:
        assert everything(pinned, register) == rows != last
    mirror.close()


def test_of_another_log_it_is_loaded_anew(api: Api, settings: Settings) -> None:
    """As after a backup was restored under a running server."""
    MADE["gatherings"](api, random.Random(1))
    mirror = Mirror()

    def restored(connection: Connection) -> None:
        connection.execute(text("UPDATE gatherings SET sessions = 77"))
        connection.execute(text("UPDATE log SET recorded_at = recorded_at + 1"))

    def sessions(connection: Connection) -> set[tuple[int]]:
        return {*mirror.at(connection, COUNTY, GATHERED).rows(select(GATHERINGS.c.sessions))}

    async def story() -> None:
        async with opened(settings.database) as database:
            assert await database.scan(sessions) != {(77,)}
            await database.write(restored)
            assert await database.scan(sessions) == {(77,)}

    asyncio.run(story())


def values(field: msgspec.structs.FieldInfo) -> Iterator[Any]:
    """Some values that a filter takes."""
    described = msgspec.json.schema(msgspec.defstruct("One", [(field.name, field.type)]))
    kind = field.type
    while get_args(kind):  # Annotated[X, …] or X | None
        kind = get_args(kind)[0]
    if field.name in {"absent", "present"}:
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
    declared = register.list_filters
    yield []
    for field in msgspec.structs.fields(declared.query):
        if field.name not in {each.name for each in msgspec.structs.fields(ListQuery)}:
            for value in values(field):
                yield list(declared.matching(declared.query(**{field.name: value})))


def reduced(measure: Measure, rows: list[Any]) -> Number:
    """A measure of rows of which the database gave the column."""
    how = measure.number
    if isinstance(how, Count):
        return len(rows)
    held = sorted(each for each in rows if each is not None)
    if isinstance(how, Sum):
        return sum(held) / 100 if how.hundredths else sum(held)
    if isinstance(how, Distinct):
        return len(set(held))
    return held[max(math.ceil(len(held) * how.percent / 100), 1) - 1] if held else None


def value(dimension: Dimension, told: Any) -> Value:
    if told is None or dimension.by in {By.VALUE, By.TOWN, By.VILLAGE}:
        return told[:9] if dimension.by is By.TOWN else told
    day = dt.date.fromisoformat(str(told))
    quarter = f"{day.year:04}-Q{1 + (day.month - 1) // 3}"
    year, week, _ = day.isocalendar()
    whole = {By.WEEK: f"{year:04}-W{week:02}", By.QUARTER: quarter}
    return whole.get(dimension.by, day.isoformat()[: {By.DAY: 10, By.MONTH: 7}.get(dimension.by, 4)])


def by_database(
    connection: Connection, view: View, register: Register, wanted: CellQuery
) -> tuple[list[Any], list[Any], tuple[Number, ...]]:
    """The same by plain SQL over the table of versions: each row once, and put together here."""
    cells: dict[Any, list[list[Any]]] = defaultdict(lambda: [[] for _ in wanted.measures])
    whole: list[list[Any]] = [[] for _ in wanted.measures]
    for place, (measure, where) in enumerate(wanted.measures):
        column = literal(1) if isinstance(measure.number, Count) else measure.number.column
        own = case((and_(true(), *where), literal(1)))
        columns = [*(each.column for each in wanted.dimensions), column.label("counted"), own.label("own")]
        for *told, number, holds in connection.execute(view.rows(register, columns).where(*wanted.where), view.binds()):
            cell = tuple(value(each, one) for each, one in zip(wanted.dimensions, told, strict=True))
            for lot in (cells[cell][place], whole[place]):
                lot.extend([number] if holds else [])
    total = tuple(reduced(each, lot) for (each, _), lot in zip(wanted.measures, whole, strict=True))
    if not wanted.dimensions:
        return [()], [total], total
    order = sorted(cells, key=lambda cell: [(each is None, each or 0) for each in cell])
    found = [
        tuple(reduced(each, lot) for (each, _), lot in zip(wanted.measures, cells[cell], strict=True)) for cell in order
    ]
    return order, found, total


def told_by_cell(found: Counted) -> tuple[list[Any], list[Any], tuple[Number, ...]]:
    """The same, cell by cell."""
    values = list(zip(*found.values, strict=True)) if found.values else [()]
    return values, list(zip(*found.numbers, strict=True)), tuple(found.total)


@every_counted
def test_it_counts_what_the_database_counts(api: Api, scan: Scan, name: str) -> None:
    """Random groupings of random measures, by every filter, for every kind of caller, now and as of the past."""
    register, luck, mirror = COUNTED[name], random.Random(5), Mirror()
    MADE[name](api, luck)
    every = list(filters(register))

    def asked(where: list[Any]) -> CellQuery:
        dimensions = luck.sample(register.dimensions, luck.randint(0, 3))
        measures = [(each, luck.choice([(), luck.choice(every)])) for each in luck.sample(register.measures, 3)]
        return CellQuery(lambda columns: select(*columns), where, dimensions, measures)

    def compare(connection: Connection) -> int:
        head, rows = head_of(connection, COUNTY), 0
        for where in every:
            view, wanted = View(luck.choice(PRINCIPALS), luck.choice([head, head // 2, head - 2])), asked(where)
            with mirror.at(connection, COUNTY, register) as pinned:
                own = dataclasses.replace(wanted, base=base(view, register, connection, pinned))
                found = counted(pinned, own, 20_000)
            assert told_by_cell(found) == by_database(connection, view, register, wanted), (
                view,
                [str(each) for each in where],
            )
            rows += len(found.numbers[0])
        return rows

    assert scan(compare) > 10
    mirror.close()


@pytest.mark.parametrize("name", ["disputes", "agreements", "patients", "sheds"])
def test_a_day_of_the_whole_county_is_a_filter_too(api: Api, name: str) -> None:
    """These registers are turned to the day, as a table of the reader's own: it has the book that a county's code asks for."""
    asked = f"/v1/statistics/{name}?on=2020-03-05&group_by=town"
    whole, named = api.get(asked, "supervisor"), api.get(f"{asked}&division=440882", "supervisor")
    assert named.status_code == 200
    assert named.json()["cells"] == whole.json()["cells"]


def test_a_new_kind_of_clause_needs_no_teaching(api: Api, scan: Scan) -> None:
    MADE["gatherings"](api, random.Random(3))
    column, mirror = GATHERINGS.c, Mirror()
    kinds = [
        column.kind.like("t%"),
        column.sessions.between(2, 6),
        case((column.sessions > 3, column.division), else_=column.kind).startswith("44"),
        ~column.kind.in_(["temple_fair", "opera"]) & (func.length(column.kind) > 4),
        column.sessions % 2 == 1,
        func.coalesce(column.notice, "无").contains("1"),
    ]
    new = dataclasses.replace(GATHERED, filters=Filters(ListQuery, lambda _query: kinds[:2]))

    def count(connection: Connection, where: list[Any]) -> tuple[int, int]:
        view = View(PRINCIPALS[-1], head_of(connection, COUNTY))
        query = view.rows(new, [func.count()]).where(*where)
        with mirror.at(connection, COUNTY, new) as pinned:
            ((mine,),) = pinned.rows(query.params(view.binds()))
        return mine, connection.execute(query, view.binds()).scalar_one()

    for clauses in (*([each] for each in kinds), list(new.list_filters.clauses({}))):
        mine, theirs = scan(lambda connection, clauses=clauses: count(connection, clauses))
        assert mine == theirs


def test_files_are_a_cache(api: Api, scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is read at the next start, and only what came since is read from the log; what does not fit is ignored."""
    monkeypatch.setattr(mirrors, "SMALL", 0)
    limits = Limits(tmp_path / "it's here")
    put: list[int] = []
    real = mirrors.put
    monkeypatch.setattr(mirrors, "put", lambda *told: (put.append(len(told[3])), real(*told)))

    def started() -> tuple[list[tuple[Any, ...]], int]:
        """All rows after a start, and how many of them were read from the database."""
        put.clear()
        mirror = Mirror(limits)
        rows = everything(scan(lambda connection: mirror.at(connection, COUNTY, GATHERED)), GATHERED)
        mirror.close()
        return rows, sum(put)

    MADE["gatherings"](api, random.Random(1))
    first, read = started()
    assert read == len(first) > 0
    assert started() == (first, 0)
    MADE["gatherings"](api, random.Random(2))
    old = api.made("/v1/gatherings", factories.gathering())
    between, read = started()
    assert (read, between[: len(first)]) == (len(between) - len(first), first)
    assert api.patch(f"/v1/gatherings/{old['id']}", {"sessions": 77}).status_code == 200
    second, read = started()
    assert (read, second[: len(between)] != between) == (1, True)  # one has ended since
    data, about = (next(limits.folder.glob(f"*.{kind}")) for kind in ("parquet", "json"))  # type: ignore[union-attr]
    told = about.read_bytes()
    for path, damaged in (
        (data, data.read_bytes()[:-9]),
        (data, b"nothing"),
        (about, b"{}"),
        (about, told.replace(b'"rows":', b'"rows":1')),
        (about, told.replace(b'"gatherings"', b'"sheds"')),
        (about, told.replace(b'"watermark":', b'"watermark":9')),
    ):
        path.write_bytes(damaged)
        assert started() == (second, len(second))
    data.unlink()
    assert started() == (second, len(second))
    assert started() == (second, 0)


def test_portions_add_up(api: Api, scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read in portions, from the log or from a file, is what is read at once."""
    MADE["gatherings"](api, random.Random(1))
    whole = everything(scan(lambda connection: Mirror().at(connection, COUNTY, GATHERED)), GATHERED)
    for module, name in ((mirrors, "SMALL"), (mirrors, "PORTION"), (mirror_files, "PORTION")):
        monkeypatch.setattr(module, name, 3)
    for mirror in (Mirror(Limits(tmp_path)), Mirror(Limits(tmp_path))):
        assert everything(scan(lambda connection, m=mirror: m.at(connection, COUNTY, GATHERED)), GATHERED) == whole
        mirror.close()
    assert mirror.kept() == [(COUNTY, "gatherings")]


def test_who_sees_the_log_of_a_moment_ago_does_not_drop_it(api: Api, settings: Settings) -> None:
    """A long read that began before another one brought the table up."""
    MADE["gatherings"](api, random.Random(1))
    mirror = Mirror()

    async def story() -> None:
        async with opened(settings.database) as database:
            await database.scan(lambda c: mirror.at(c, COUNTY, GATHERED))

            def lagging(connection: Connection) -> None:
                head, known = head_of(connection, COUNTY), mirror._known[COUNTY, "gatherings"]
                known.grown(head + 5, (0, 1, "later"), 0)  # as another reader, who saw more
                mirror.at(connection, COUNTY, GATHERED)
                assert mirror._known[COUNTY, "gatherings"] is known

            await database.scan(lagging)

    asyncio.run(story())


def test_the_least_used_is_dropped(api: Api, scan: Scan) -> None:
    MADE["gatherings"](api, random.Random(1))
    MADE["sheds"](api, random.Random(1))
    mirror = Mirror(Limits(rows=1))
    pinned = scan(lambda connection: mirror.at(connection, COUNTY, GATHERED))
    rows = everything(pinned, GATHERED)
    for name in ("sheds", "gatherings", "sheds"):
        scan(lambda connection, name=name: mirror.at(connection, COUNTY, COUNTED[name]))
        assert [key for _, key in mirror._known] == [name]
    assert everything(pinned, GATHERED) == rows  # whoever reads goes on
    mirror.close()


LOOSE = Table("loose", MetaData(), Column("cell", Integer), Column("number", Integer), Column("person", Text))


def loose(rows: list[tuple[int, int | None, str | None]]) -> Pinned:
    pinned = Mirror().empty()
    pinned.bring(LOOSE, tuple(LOOSE.columns), rows)
    return pinned


def by_cell(*numbers: Any) -> CellQuery:
    measures = [(Measure(f"m{place}", "", "", "", each), ()) for place, each in enumerate(numbers)]
    return CellQuery(lambda columns: select(*columns), (), [Dimension("cell", "", "", LOOSE.c.cell)], measures)


@pytest.mark.parametrize(
    ("told", "median", "p90"),
    [
        ([None], None, None), ([4], 4, 4), ([4, 2], 2, 4), ([3, 1, 2], 2, 3), ([-6, 5, 4, 3, 2, 1], 2, 5),
        ([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 5, 9), ([*range(1, 12)], 6, 10), ([7] * 9 + [70_000], 7, 7),
        ([7] * 8 + [70_000] * 2, 7, 70_000), ([*range(100)], 49, 89),
    ],
)  # fmt: skip
def test_nearest_ranks(told: list[int | None], median: int | None, p90: int | None) -> None:
    rows = [(cell, each, None) for each in told for cell in (0, 1)]
    random.Random(1).shuffle(rows)
    ranks = median, p90
    found = counted(loose(rows), by_cell(Median(LOOSE.c.number), P90(LOOSE.c.number)), 9)
    assert told_by_cell(found) == ([(0,), (1,)], [ranks, ranks], ranks)


def test_different_values_and_kinds_of_numbers_together() -> None:
    rows = [(0, 2, "a"), (0, 3, "a"), (1, None, "a"), (1, 5, "b"), (2, 1, None)]
    numbers = Distinct(LOOSE.c.person), Count(), Distinct(LOOSE.c.number), Sum(LOOSE.c.number, hundredths=True)
    found = counted(loose(rows), by_cell(*numbers), 3)
    cells = [(1, 2, 2, 0.05), (2, 2, 1, 0.05), (0, 1, 1, 0.01)]
    assert told_by_cell(found) == ([(0,), (1,), (2,)], cells, (2, 5, 4, 0.11))
    with pytest.raises(TooManyCellsError):
        counted(loose(rows), by_cell(*numbers), 2)
    assert told_by_cell(counted(loose([]), by_cell(*numbers), 2)) == ([], [], (0, 0, 0, 0))


def test_nothing_is_loaded_from_outside() -> None:
    with pytest.raises(duckdb.Error), Mirror().empty() as pinned:
        pinned.cursor.execute("SELECT * FROM sqlite_scan('a.db', 'b')")


class Colour(CodeList):
    RED = "red", "红", "Red"
    BLUE = "blue", "蓝", "Blue"


def test_labels_are_chinese() -> None:
    labels = Labels({"440882102": "客路镇", "01-02": "春季走访"})
    known = {each.name: each for each in VISIT_DIMENSIONS}
    town, month, joint = (known[name] for name in ("town", "month", "joint"))
    team = Dimension("team", "人员", "Team", LOOSE.c.person, codes=Colour)
    campaign = Dimension("campaign", "专项行动", "Drive", LOOSE.c.person, entries="campaigns")
    cases: list[tuple[Dimension, Value, str]] = [
        (town, "440882102", "客路镇"), (month, "2020-02", "2020年2月"), (joint, False, "否"), (team, "red,blue", "红、蓝"),
        (team, None, "未填"), (campaign, "01-02", "春季走访"), (campaign, "unseen", "unseen"),
    ]  # fmt: skip
    assert [labels.label(dimension, value) for dimension, value, _ in cases] == [label for *_, label in cases]
