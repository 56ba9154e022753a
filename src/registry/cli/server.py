"""registry serve | migrate | demo: what makes a server and its home."""

import sys
from contextlib import suppress

import click
from rich.console import Console

from registry import __version__
from registry.cli.log import check_log
from registry.cli.runner import fail, run, run_with_keys, settings
from registry.core.sealing import check_key_file
from registry.db.database import Database
from registry.db.key_store import KeyStore
from registry.db.migrate import upgrade
from registry.settings import Settings

GRACE = 5
"""Seconds that open requests get when the server stops."""

console = Console()


@click.command()
def serve() -> None:
    """Serve the API."""
    from registry.app import create_app
    from registry.web.server import STARTUP_FAILED, ApiServer, listener

    read = settings()
    run_with_keys(_check_keys)
    run(check_log)
    try:
        listening = listener(read.host, read.port)
    except OSError as error:
        fail(f"REGISTRY_HOST, REGISTRY_PORT: cannot listen on {read.host}:{read.port} ({error.strerror or error})")
    console.print(f"registry {__version__} on http://{read.host}:{read.port} - /docs, /openapi.json")
    server = ApiServer(
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


async def _check_keys(read: Settings, database: Database, store: KeyStore) -> None:
    await database.read(lambda _: check_key_file(store, read.key_file))


@click.command()
def migrate() -> None:
    """Make or update the tables."""
    run_with_keys(_migrate)


async def _migrate(read: Settings, database: Database, store: KeyStore) -> None:
    read.home.mkdir(parents=True, exist_ok=True)
    await database.write(lambda connection: upgrade(connection, read.key_store))
    await _check_keys(read, database, store)


@click.command()
@click.option("--if-empty", is_flag=True, help="Do nothing, quietly, where the book has entries already.")
def demo(*, if_empty: bool) -> None:
    """Load the demo county leizhou-2020 into an empty home, and write a key for each role."""
    from registry.app import rulebook
    from registry.demo.loader import load

    run_with_keys(lambda read, database, store: load(read, database, store, console, rulebook(read), if_empty=if_empty))
