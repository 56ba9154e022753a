"""Lists and reads of the past walk an index in order: none sorts or scans what grows with the number of versions.

The plans are SQLite's; PostgreSQL's depend on its statistics and are measured in `benchmarks/`.
"""

import contextlib
import datetime as dt
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, event

from registry.app import REGISTERS, SECTIONS
from registry.core.log_reader import Upwards, closed_query, parts_query, passed_query, walk
from registry.core.principals import Principal, Role
from registry.core.register import Register
from registry.core.view import Stretch, View, Wanted
from registry.db.migrate import upgrade
from registry.errors import NotFound
from registry.ledger.tables import LOG
from registry.reports.bulletin.sections import printed_measures
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
    for printed in printed_measures(SECTIONS):
        table = printed.register.table.name
        view, where = View(who, 900), list(printed.matching(COUNTY, None, dt.date(2020, 3, 5)))
        for query in view.changes(printed.register, printed.total, where):
            with plans(connection) as found:
                connection.execute(query, view.binds(since=800) | {"d": COUNTY})
            steps = [step for step in found[0].splitlines() if table in step or " new " in step]
            assert steps[0].endswith(f"USING INDEX ix_{table}_position (book=? AND position>? AND position<?)")
            assert all("(book=? AND entry_id=? AND number=?)" in step for step in steps[1:])


@every_register
@pytest.mark.parametrize("view", ITEMS, ids=lambda view: f"{view.who.id}-{view.as_of}")
def test_the_history_of_an_entry_walks_its_versions(connection: Connection, register: Register, view: View) -> None:
    with plans(connection) as found, contextlib.suppress(NotFound):
        view.steps(connection, register, "x", 51, 900)
    table = register.table.name
    assert f"SEARCH {table} USING INDEX sqlite_autoindex_{table}_1 (book=? AND entry_id=? AND number>?)" in found[0]
    assert "SEARCH last USING INDEX" in found[0]
    assert "(book=? AND entry_id=? AND number=?)" in found[0]
    assert "SCAN" not in found[0].replace(f"SCAN {register.cases}", "")
    assert "TEMP B-TREE" not in found[0]


@every_register
@pytest.mark.parametrize("view", ITEMS, ids=lambda view: f"{view.who.id}-{view.as_of}")
def test_versions_are_found_by_their_places_in_the_log(connection: Connection, register: Register, view: View) -> None:
    with plans(connection) as found:
        view.steps_at(connection, REGISTERS, [(5, register.name), (7, register.name)])
    (plan,) = found
    assert f"SEARCH {register.table.name} USING INDEX ix_{register.table.name}_position (book=? AND position=?)" in plan
    assert "(book=? AND entry_id=? AND number=?)" in plan
    assert "SCAN" not in plan


@pytest.mark.parametrize("view", ITEMS, ids=lambda view: f"{view.who.id}-{view.as_of}")
def test_a_case_walks_its_own_part_of_the_log(connection: Connection, view: View) -> None:
    (case,) = [register for register in REGISTERS if register.name == "disputes"]
    with plans(connection) as found:
        view.case_log(connection, case, ["disputes", "agreements"], "x", 51, 900)
    (plan,) = found
    assert (
        "SEARCH log USING INDEX ix_log_book_case_id_position (book=? AND case_id=? AND position>? AND position<?)"
        in plan
    )
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("actor", [None, "x"])
@pytest.mark.parametrize("view", ITEMS, ids=lambda view: f"{view.who.id}-{view.as_of}")
def test_what_somebody_did_walks_the_log_backwards(connection: Connection, view: View, actor: str | None) -> None:
    where = [] if actor is None else [LOG.c.actor_id == actor]
    with plans(connection) as found:
        view.log(connection, REGISTERS, Stretch(51, 100, 900, KELU), where)
    (plan,) = found
    index = (
        "ix_log_book_actor_id_position (book=? AND actor_id=? AND" if actor else "sqlite_autoindex_log_1 (book=? AND"
    )
    assert f"SEARCH log USING INDEX {index} position>? AND position<?)" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("who", [EVERYTHING, ONE_TOWN, TWO_TOWNS], ids=lambda who: who.id)
@pytest.mark.parametrize("division", [None, KELU])
def test_the_feed_walks_the_log_upwards(connection: Connection, who: Principal, division: str | None) -> None:
    with plans(connection) as found:
        walk(connection, View(who), REGISTERS, [register.name for register in REGISTERS], Upwards(5, 900, 51, division))
    (plan,) = found
    assert "SEARCH log USING INDEX sqlite_autoindex_log_1 (book=? AND position>? AND position<?)" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("register", [each for each in REGISTERS if each.cases], ids=lambda register: register.name)
@pytest.mark.parametrize("who", [EVERYTHING, ONE_TOWN, TWO_TOWNS], ids=lambda who: who.id)
def test_what_left_is_found_by_its_places_and_its_case(
    connection: Connection, register: Register, who: Principal
) -> None:
    reach = View(who).reach(register)
    asked = {"ps": [5, 7], "cs": ["x", "y"], "c": "x", "p": 5, "rs": ["disputes"], "d": KELU}
    with plans(connection) as found:
        connection.execute(passed_query(register.table, reach, 9), View(who).bound(asked))
        if reach is not None:
            connection.execute(closed_query(reach), View(who).bound(asked))
            connection.execute(parts_query(reach, 9), View(who).bound(asked))
    name = register.table.name
    assert f"SEARCH {name} USING INDEX ix_{name}_position (book=? AND position=?)" in found[0]
    for plan in found:
        assert not re.search(r"SCAN (?!\(subquery|anon)", plan)
    if reach is not None:
        assert "SEARCH log USING INDEX ix_log_book_case_id_position (book=? AND case_id=? AND position<?)" in found[2]
