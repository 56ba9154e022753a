"""registry keys: API keys, and the master key that seals personal data."""

import datetime as dt

import click
from rich.table import Table
from sqlalchemy import Connection, select

from registry.access.keys_service import issue_key, revoke_key
from registry.cli.runner import fail, print_table, run, run_with_keys
from registry.core.principals import Role, list_keys
from registry.core.sealing import begin_rotation, end_rotation, rewrap_data_keys
from registry.db.database import Database
from registry.db.key_store import KeyStore
from registry.ledger.clock import BEIJING, microseconds, timestamp
from registry.ledger.committer import note
from registry.ledger.events import SERVER, Event, EventKind
from registry.ledger.tables import BOOKS
from registry.settings import Settings


@click.group()
def keys() -> None:
    """API keys, and the master key that seals personal data."""


@keys.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option(
    "--division", "divisions", multiple=True, help="A division code; may be given more than once. [the county]"
)
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="The last day it works, Beijing time.")
def create_key(name: str, role: str, divisions: tuple[str, ...], expires: dt.datetime | None) -> None:
    """Make a key called NAME. It is printed this once."""
    if role == Role.CLERK and not divisions:
        fail("a clerk's key needs its --division; the county's own clerk is a supervisor")

    async def work(read: Settings, database: Database) -> str:
        until = microseconds(expires.replace(tzinfo=BEIJING, hour=23, minute=59, second=59)) if expires else None
        codes = divisions or (read.book,)
        _, key = await database.write(lambda c: issue_key(c, read.book, name, Role(role), codes, until))
        return key

    click.echo(run(work))


@keys.command("list")
def show_keys() -> None:
    """List the keys."""

    async def work(read: Settings, database: Database) -> Table:
        table = Table("id", "key", "name", "role", "divisions", "created", "expires", "revoked", "last used")
        for row in await database.read(lambda c: list_keys(c, read.book)):
            times = (row.created_at, row.expires_at, row.revoked_at, row.last_used_at)
            shown = [timestamp(at)[:16] if at else "" for at in times]
            table.add_row(row.id, row.key_start + "…", row.name, row.role, row.divisions, *shown)
        return table

    print_table(run(work))


@keys.command("revoke")
@click.argument("key")
def revoke(key: str) -> None:
    """Revoke KEY: its id, or its first eight characters."""

    async def work(read: Settings, database: Database) -> None:
        await database.write(lambda c: revoke_key(c, read.book, key))

    run(work)


@keys.command("rotate-master")
def rotate_master() -> None:
    """Make a new master key, wrap every data key under it, forget the old one. Servers may run on."""

    async def work(read: Settings, database: Database, store: KeyStore) -> int:
        rotated = begin_rotation(read.key_file)

        def rewrap(connection: Connection) -> int:
            connection.execute(select(BOOKS.c.book).with_for_update()).all()  # no write in between
            note(connection, read.book, Event(EventKind.MASTER_KEY_ROTATED, SERVER, {"master_key": rotated.current}))
            return rewrap_data_keys(store, rotated)

        count = await database.write(rewrap)
        end_rotation(read.key_file, rotated)
        return count

    click.echo(f"{run_with_keys(work)} data keys are wrapped under the new master key")
