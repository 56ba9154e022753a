"""registry witness: others who cosign our checkpoints, and the logs that we cosign."""

import click
from rich.table import Table
from sqlalchemy import Connection

from registry.audit.proof.cosigner import add_neighbour, list_neighbours, remove_neighbour
from registry.audit.proof.signing_keys import LogKeys
from registry.audit.proof.witnesses import add_witness, list_witnesses, remove_witness
from registry.cli.runner import print_table, run
from registry.db.database import Database
from registry.ledger.clock import timestamp
from registry.ledger.committer import note
from registry.ledger.events import SERVER, Event, EventKind
from registry.settings import Settings


@click.group()
def witness() -> None:
    """Others who cosign our checkpoints, and the logs that we cosign (neighbour)."""


@witness.command("key")
def show_witness_key() -> None:
    """Print the public key by which we cosign for neighbours."""

    async def work(read: Settings, _: Database) -> str:
        return LogKeys(read.log_key_file).witness(f"{read.origin}/witness").witness_vkey

    click.echo(run(work))


@witness.command("add")
@click.argument("name")
@click.argument("vkey")
@click.argument("url")
def add(name: str, vkey: str, url: str) -> None:
    """Have NAME, whose key is VKEY, cosign the checkpoints; it is asked at URL/add-checkpoint."""

    async def work(read: Settings, database: Database) -> None:
        def adding(connection: Connection) -> None:
            add_witness(connection, read.book, name, vkey, url)
            details: dict[str, object] = {"name": name, "vkey": vkey, "url": url}
            note(connection, read.book, Event(EventKind.WITNESS_ADDED, SERVER, details))

        await database.write(adding)

    run(work)


@witness.command("list")
def show_witnesses() -> None:
    """List the witnesses: how large a tree each cosigned last, and what is wrong, if anything."""

    async def work(read: Settings, database: Database) -> Table:
        table = Table("name", "url", "size", "asked", "fault")
        for row in await database.read(lambda c: list_witnesses(c, read.book)):
            table.add_row(row.name, row.url, str(row.size), _minute(row.asked_at), row.fault or "")
        return table

    print_table(run(work))


@witness.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Have NAME cosign no more, and pay no heed to what it said."""

    async def work(read: Settings, database: Database) -> None:
        def removing(connection: Connection) -> None:
            remove_witness(connection, read.book, name)
            note(connection, read.book, Event(EventKind.WITNESS_REMOVED, SERVER, {"name": name}))

        await database.write(removing)

    run(work)


@witness.group()
def neighbour() -> None:
    """Logs of others that we cosign."""


@neighbour.command("add")
@click.argument("origin")
@click.argument("vkey")
def add_log(origin: str, vkey: str) -> None:
    """Cosign the log ORIGIN, whose checkpoints are signed by VKEY; for a known log, VKEY takes the place of its key."""

    async def work(read: Settings, database: Database) -> None:
        def adding(connection: Connection) -> None:
            add_neighbour(connection, origin, vkey)
            details: dict[str, object] = {"origin": origin, "vkey": vkey}
            note(connection, read.book, Event(EventKind.NEIGHBOUR_ADDED, SERVER, details))

        await database.write(adding)

    run(work)


@neighbour.command("list")
def show_logs() -> None:
    """List the logs that we cosign, and how large each was when it was last seen to grow."""

    async def work(_: Settings, database: Database) -> Table:
        table = Table("origin", "size", "seen")
        for row in await database.read(list_neighbours):
            table.add_row(row.origin, str(row.size), _minute(row.seen_at))
        return table

    print_table(run(work))


@neighbour.command("remove")
@click.argument("origin")
def remove_log(origin: str) -> None:
    """Cosign the log ORIGIN no more."""

    async def work(read: Settings, database: Database) -> None:
        def removing(connection: Connection) -> None:
            remove_neighbour(connection, origin)
            note(connection, read.book, Event(EventKind.NEIGHBOUR_REMOVED, SERVER, {"origin": origin}))

        await database.write(removing)

    run(work)


def _minute(at: int | None) -> str:
    return timestamp(at)[:16] if at else ""
