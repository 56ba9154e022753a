"""The home that 0.3.0 left, on either database: unpacked and migrated once, copied for each test."""

import asyncio
import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result
from litestar import Litestar
from litestar.testing import TestClient

from registry.cli.main import main
from registry.settings import Settings
from tests.api import Api
from tests.conftest import WORKER, Template, new_postgres_database

FOLDER = Path(__file__).parent / "v0_3_0"


@dataclass(frozen=True)
class Frozen:
    """What was saved of one database. The keys are in clear; nobody in it is real."""

    folder: Path
    template: Template
    log_keys: list[str]
    ids: dict[str, str]
    """Of entries, by what the story calls them."""

    @property
    def kept(self) -> Path:
        """What offices kept outside: receipts, documents, checkpoints, bundles."""
        return self.folder / "kept"


@dataclass(frozen=True)
class Home:
    """A copy that a test may do with as it likes."""

    frozen: Frozen
    settings: Settings
    app: Litestar

    def command(self, *arguments: str) -> Result:
        return command(self.settings.home, self.settings.database, *arguments)

    @contextmanager
    def served(self) -> Iterator[Api]:
        self.app.state.settings = self.settings
        with TestClient(self.app, raise_server_exceptions=False) as client:
            yield Api(client, self.frozen.template.keys)


def command(home: Path, database: str, *arguments: str) -> Result:
    """The command line, on that home."""
    env = {"REGISTRY_HOME": str(home), "REGISTRY_DATABASE": database}
    return CliRunner().invoke(main, list(arguments), env=env, catch_exceptions=False)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def frozen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    """Unpacked as it was; nothing of today has touched it."""
    folder, home = FOLDER / request.param, tmp_path_factory.mktemp(f"frozen-{request.param}")
    shutil.copytree(folder / "home", home, dirs_exist_ok=True)
    for file in home.glob("*.key"):
        file.chmod(0o600)  # git does not keep that they are their owner's alone
    facts: dict[str, Any] = json.loads((folder / "facts.json").read_bytes())
    server, name = None, ""
    if request.param == "sqlite":
        (home / "registry.db").write_bytes(gzip.decompress((folder / "registry.db.gz").read_bytes()))
    else:
        server, name = request.getfixturevalue("postgres"), f"registry_frozen_{WORKER}"
        asyncio.run(_load(server, name, gzip.decompress((folder / "dump.sql.gz").read_bytes()).decode()))
    template = Template(request.param, home, facts["keys"], server, name)
    return Frozen(folder, template, facts["log_keys"], facts["ids"])


async def _load(server: str, name: str, statements: str) -> None:
    connection = await asyncpg.connect(await new_postgres_database(server, name))
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def migrated(frozen: Frozen, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Brought to today's tables by the command line, once."""
    folder, name = tmp_path_factory.mktemp("migrated"), f"registry_migrated_{WORKER}"
    settings = frozen.template.copied(folder, name)
    done = command(folder, settings.database, "migrate")
    assert done.exit_code == 0, done.output
    return Template(frozen.template.kind, folder, frozen.template.keys, frozen.template.server, name)


@pytest.fixture
def home(frozen: Frozen, migrated: Template, app: Litestar, folder: Path) -> Home:
    """A migrated copy for the test."""
    return Home(frozen, migrated.copied(folder, f"registry_test_{WORKER}"), app)


@pytest.fixture
def unpacked(frozen: Frozen, folder: Path) -> Callable[..., Result]:
    """The command line on a copy that is not migrated yet."""
    settings = frozen.template.copied(folder, f"registry_test_{WORKER}")
    return lambda *arguments: command(folder, settings.database, *arguments)
