"""What all commands share: the settings, how to run something on the database, how to stop with one line."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import NoReturn, TypeVar

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from registry.core.register import Register
from registry.db.database import Database, open_database
from registry.db.key_store import KeyStore
from registry.errors import RegistryError
from registry.settings import BadSetting, Settings, read_settings

T = TypeVar("T")


def settings() -> Settings:
    """The settings; a bad one stops the command with one line."""
    try:
        return read_settings()
    except BadSetting as bad:
        fail(str(bad))


def registers() -> tuple[Register, ...]:
    """All registers, imported when they are wanted: other commands start without them."""
    from registry.app import REGISTERS

    return REGISTERS


def fail(line: str) -> NoReturn:
    """Stop with one line and status 2."""
    click.echo(f"registry: {line}", err=True)
    sys.exit(2)


def run(work: Callable[[Settings, Database], Awaitable[T]]) -> T:
    """Run something on the database that the settings name."""
    read = settings()

    async def job() -> T:
        database = open_database(read.database)
        try:
            return await work(read, database)
        finally:
            await database.close()

    return attempt(lambda: asyncio.run(job()))


def run_with_keys(work: Callable[[Settings, Database, KeyStore], Awaitable[T]]) -> T:
    """Run something on the database and the key store that the settings name."""

    async def job(read: Settings, database: Database) -> T:
        with closing(KeyStore(read.key_store)) as store:
            return await work(read, database, store)

    return run(job)


def attempt(work: Callable[[], T]) -> T:
    """Do something; what it cannot do stops the command with one line."""
    try:
        return work()
    except BadSetting as bad:
        fail(str(bad))
    except RegistryError as error:
        fail("; ".join([error.detail["en"], *(fault.en for fault in error.faults)]))
    except (OSError, DBAPIError) as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        fail(f"REGISTRY_DATABASE: cannot be used ({reason})")


def print_table(table: Table) -> None:
    """Print a table: as wide as the terminal, or wide enough for whatever reads it instead."""
    Console(width=None if Console().is_terminal else 200).print(table)
