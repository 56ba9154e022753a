"""Lists and reads of the past walk an index in order: none sorts or scans what grows with the number of versions.

The plans are SQLite's; PostgreSQL's depend on its statistics and are measured in `benchmarks/`.
"""

import contextlib
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, event

from registry.access.principals import Principal, Role
from registry.access.register import Register, measures_of
from registry.access.view import View, Wanted
from registry.app import REGISTERS
from registry.db.migrate import upgrade
from registry.errors import NotFound
from tests.conftest import BAISHA, COUNTY, KELU

EVERYTHING = Principal("a", COUNTY, "a", Role.DASHBOARD, (COUNTY,), None, None)
ONE_TOWN = Principal("b", COUNTY, "b", Role.CLERK, (KELU,), None, None)
TWO_TOWNS = Principal("c", COUNTY, "c", Role.CLERK, (KELU, BAISHA), None, None)

PAGES = {
    "county": (View(EVERYTHING), Wanted(51)),
    "second page": (View(EVERYTHING, 900), Wanted(51, before=500)),
    "as of": (View(EVERYTHING, 900), Wanted(51)),
    "a town of the county": (View(EVERYTHING), Wanted(51, division=KELU)),
    "one town": (View(ONE_TOWN), Wanted(51)),
}
ITEMS = [View(who, as_of) for who in (EVERYTHING, ONE_TOWN, TWO_TOWNS) for as_of in (None, 900)]

every_register = pytest.mark.parametrize("register", REGISTERS, ids=lambda register: register.name)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'plans.db'}")
    with engine.begin() as opened:
        upgrade(opened)
        yield opened
    engine.dispose()


@contextlib.contextmanager
def plans(connection: Connection) -> Iterator[list[str]]:
    """Collects SQLite's plan of every statement that runs meanwhile."""
    found: list[str] = []

    def explain(_conn: object, cursor: object, statement: str, parameters: tuple[object, ...], *_: object) -> None:
        rows = cursor.connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)  # type: ignore[attr-defined]
        found.append("\n".join(row[3] for row in rows))

    event.listen(connection, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", explain)


@every_register
@pytest.mark.parametrize("read", PAGES)
def test_a_page_walks_an_index_in_order(connection: Connection, register: Register, read: str) -> None:
    view, wanted = PAGES[read]
    with plans(connection) as found:
        view.page(connection, register, wanted)
    page = found[0]
    assert f"SCAN {register.table.name}" not in page
    if view.as_of is None:
        assert f"ix_{register.table.name}_position (book=? AND position<?)" not in page
    if not (register.cases and view.who is ONE_TOWN):  # there, two short walks are put together and sorted
        assert "TEMP B-TREE" not in page


@every_register
@pytest.mark.parametrize("view", ITEMS, ids=lambda view: f"{view.who.id}-{view.as_of}")
def test_one_entry_is_found_by_its_id(connection: Connection, register: Register, view: View) -> None:
    with plans(connection) as found, contextlib.suppress(NotFound):
        view.item(connection, register, "x")
    assert f"SCAN {register.table.name}" not in found[0]
    if view.as_of is not None:
        assert f"ix_{register.table.name}_entry" in found[0]


@pytest.mark.parametrize("who", [EVERYTHING, ONE_TOWN, TWO_TOWNS], ids=lambda who: who.id)
def test_a_restatement_looks_only_at_what_lies_between(connection: Connection, who: Principal) -> None:
    for register, measure in measures_of(REGISTERS):
        table = register.table.name
        view = View(who, 900)
        for query in view.changes(register, measure.total, measure.where):
            with plans(connection) as found:
                connection.execute(query, view.binds(since=800))
            steps = [step for step in found[0].splitlines() if table in step or " new " in step]
            assert steps[0].endswith(f"USING INDEX ix_{table}_position (book=? AND position>? AND position<?)")
            assert all("(book=? AND entry_id=? AND number=?)" in step for step in steps[1:])
