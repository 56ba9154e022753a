"""Bring a database up to the newest schema, and tell whether it is. Alembic is imported where it has something to do: a server that
starts only compares names.
"""

import re
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from registry.db.key_store import KeyStore

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
NAMED = re.compile(r"^(revision|down_revision) = '(\w+)'", re.MULTILINE)
"""What a migration says of itself: its name, and that of the one before it."""


def config(connection: Connection | None = None) -> "Config":
    """Alembic's settings; `connection` is the one that migrations run on."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: Connection, key_store: str | None = None) -> None:
    """Migrate to the newest schema. Data keys that an older schema kept beside the registers move to the key store, which
    is made here; without one (for drafting a migration) only an empty database can be migrated.
    """
    if key_store is None:
        _upgrade(config(connection))
        return
    with closing(KeyStore(key_store)) as store:
        store.prepare()
        if not at_head(connection):
            settings = config(connection)
            settings.attributes["key_store"] = store
            _upgrade(settings)


def _upgrade(settings: "Config") -> None:
    from alembic import command

    command.upgrade(settings, "head")


def at_head(connection: Connection) -> bool:
    """Whether the database is at the newest schema."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [newest()]


@cache
def newest() -> str:
    """The name of the newest schema: of the one migration that no other comes after."""
    named = [
        found for file in (MIGRATIONS / "versions").glob("*.py") for found in NAMED.findall(file.read_text("utf-8"))
    ]
    names, earlier = ({name for what, name in named if what == kind} for kind in ("revision", "down_revision"))
    last: str
    (last,) = names - earlier
    return last
