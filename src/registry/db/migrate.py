"""Bring a database up to the newest schema, and tell whether it is."""

from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from registry.db.key_store import KeyStore


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings; `connection` is the one that migrations run on."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: Connection, key_store: str | None = None) -> None:
    """Migrate to the newest schema. Data keys that an older schema kept beside the registers move to the key store, which
    is made here; without one (for drafting a migration) only an empty database can be migrated.
    """
    settings = config(connection)
    if key_store is None:
        command.upgrade(settings, "head")
        return
    with closing(KeyStore(key_store)) as store:
        store.prepare()
        settings.attributes["key_store"] = store
        command.upgrade(settings, "head")


def at_head(connection: Connection) -> bool:
    """Whether the database is at the newest schema."""
    current = MigrationContext.configure(connection).get_current_revision()
    return current == ScriptDirectory.from_config(config()).get_current_head()
