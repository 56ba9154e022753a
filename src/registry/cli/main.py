"""The command line: registry serve | demo | migrate | keys | log | witness | erase | verify | evidence | openapi | asyncapi."""

import datetime as dt
import os
import sys
from contextlib import suppress
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, select

from registry import __version__
from registry.access.keys_service import issue_key, revoke_key
from registry.cli.erase import erase
from registry.cli.log import check_log, log, witness
from registry.cli.runner import fail, run, settings
from registry.cli.verify import evidence, verify
from registry.core.principals import Role, list_keys
from registry.core.sealing import begin_rotation, check_key_file, end_rotation, rewrap_data_keys
from registry.db.database import Database
from registry.db.key_store import KeyStore
from registry.db.migrate import upgrade
from registry.ledger.clock import BEIJING, microseconds, timestamp
from registry.ledger.committer import note
from registry.ledger.events import SERVER, Event, EventKind
from registry.ledger.tables import BOOKS
from registry.settings import Settings

GRACE = 5
"""Seconds that open requests get when the server stops."""

console = Console()


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Registers in which nothing is ever rubbed out (综治台账)."""
    os.umask(0o077)  # what it makes is its owner's alone


main.add_command(log)
main.add_command(erase)
main.add_command(witness)
main.add_command(verify)
main.add_command(evidence)


@main.command()
def serve() -> None:
    """Serve the API."""
    from registry.app import create_app
    from registry.web.server import STARTUP_FAILED, StoppingServer, listener

    read = settings()
    run(_check_keys)
    run(check_log)
    try:
        listening = listener(read.host, read.port)
    except OSError as error:
        fail(f"REGISTRY_HOST, REGISTRY_PORT: cannot listen on {read.host}:{read.port} ({error.strerror or error})")
    console.print(f"registry {__version__} on http://{read.host}:{read.port} - /docs, /openapi.json")
    server = StoppingServer(
        create_app(read),
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE,
        server_header=False,
    )
    with suppress(KeyboardInterrupt), listening:
        server.run(sockets=[listening])
    if not server.started:
        sys.exit(STARTUP_FAILED)


async def _check_keys(read: Settings, database: Database) -> None:
    store = KeyStore(read.key_store)
    await database.read(lambda _: check_key_file(store, read.key_file))
    store.close()


@main.command()
def migrate() -> None:
    """Make or update the tables."""
    run(_migrate)


async def _migrate(read: Settings, database: Database) -> None:
    read.home.mkdir(parents=True, exist_ok=True)
    await database.write(lambda connection: upgrade(connection, read.key_store))
    await _check_keys(read, database)


@main.command()
@click.option("--if-empty", is_flag=True, help="Do nothing, quietly, where the book has entries already.")
def demo(*, if_empty: bool) -> None:
    """Load the demo county leizhou-2020 into an empty home, and write a key for each role."""
    from registry.demo.loader import load

    run(lambda read, database: load(read, database, console, if_empty=if_empty))


@main.command()
@click.option("--check", is_flag=True, help="Only tell whether the committed document is the enforced one.")
def openapi(*, check: bool) -> None:
    """Write the published document to openapi/registry.json."""
    _publish("registry.json", "openapi", check=check)


@main.command()
@click.option("--check", is_flag=True, help="Only tell whether the committed document is the enforced one.")
def asyncapi(*, check: bool) -> None:
    """Write the document of the events that go out to openapi/asyncapi.json."""
    _publish("asyncapi.json", "asyncapi", check=check)


def _publish(name: str, command: str, *, check: bool) -> None:
    from registry.app import documents

    target = Path("openapi") / name
    text = documents()[name]
    if check and (not target.exists() or target.read_bytes() != text):
        fail(f"openapi/{name} is not what the code enforces; run: registry {command}")
    if not check:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(text)


@main.group()
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

    Console(width=None if console.is_terminal else 200).print(run(work))


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

    async def work(read: Settings, database: Database) -> int:
        rotated = begin_rotation(read.key_file)
        store = KeyStore(read.key_store)

        def rewrap(connection: Connection) -> int:
            connection.execute(select(BOOKS.c.book).with_for_update()).all()  # no write in between
            note(connection, read.book, Event(EventKind.MASTER_KEY_ROTATED, SERVER, {"master_key": rotated.current}))
            return rewrap_data_keys(store, rotated)

        count = await database.write(rewrap)
        end_rotation(read.key_file, rotated)
        return count

    click.echo(f"{run(work)} data keys are wrapped under the new master key")
