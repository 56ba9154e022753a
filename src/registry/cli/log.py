"""The command line of the log: registry log rotate-key | keys | checkpoint | restart, and registry witness."""

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from registry.audit.proof import checkpoints
from registry.audit.proof.cosigner import add_neighbour, list_neighbours, remove_neighbour
from registry.audit.proof.sealer_job import Notary
from registry.audit.proof.signing_keys import LogKeys, rotate_log_key
from registry.audit.proof.witnesses import add_witness, list_witnesses, remove_witness
from registry.cli.runner import fail, run
from registry.core import watermarks
from registry.db.database import Database
from registry.db.migrate import at_head
from registry.errors import LogRolledBack
from registry.ledger.clock import timestamp
from registry.ledger.committer import note
from registry.ledger.events import SERVER, Event, EventKind
from registry.settings import Settings

RESTART = "registry log restart --reason TEXT"


@click.group()
def log() -> None:
    """The log's signing keys and checkpoints, and how to go on after a restored backup."""


def notary_of(read: Settings, database: Database) -> Notary:
    """What seals this database."""
    return Notary(database, LogKeys(read.log_key_file), read.origin, read.home)


async def check_log(read: Settings, database: Database) -> None:
    """Stop with one line where the database is not the one that was sealed last. One to be migrated is not looked at."""
    if not await database.read(at_head):
        return
    if not read.log_key_file.exists() and await database.read(_is_signed):
        fail(f"REGISTRY_LOG_KEY_FILE: {read.log_key_file} is not there, and the log was signed with its keys")
    try:
        await notary_of(read, database).check()
    except LogRolledBack as found:
        fail(
            f"{found.detail['en']} Bring the newer copy back; or, if what it had is lost, go on with this one: {RESTART}"
        )


def _is_signed(connection: Connection) -> bool:
    """Whether any book's log was signed; then a new key would be somebody else's."""
    return any(checkpoints.sealed(connection, book).checkpoint for book in watermarks.books(connection))


def _origin(read: Settings, connection: Connection) -> str:
    return checkpoints.origin_of(read.origin, read.book, checkpoints.sealed(connection, read.book).epoch)


@log.command("keys")
def show_keys() -> None:
    """Print the public keys that sign the checkpoints, the newest first."""

    async def work(read: Settings, database: Database) -> list[str]:
        origin = await database.read(lambda connection: _origin(read, connection))
        return [signer.vkey for signer in LogKeys(read.log_key_file).signers(origin)]

    click.echo("\n".join(run(work)))


@log.command("rotate-key")
@click.option("--retire", is_flag=True, help="The old keys sign no more; without this, they sign along.")
def rotate_key(*, retire: bool) -> None:
    """Make a new key that signs checkpoints from now on. Servers may run on. The keys are printed, the newest first."""

    async def work(read: Settings, database: Database) -> list[str]:
        def rotate(connection: Connection) -> list[str]:
            # Before the event is committed: the checkpoint that covers it has the new signature already.
            rotate_log_key(read.log_key_file, retire=retire)
            vkeys = [signer.vkey for signer in LogKeys(read.log_key_file).signers(_origin(read, connection))]
            for book in {read.book, *watermarks.books(connection)}:
                details: dict[str, object] = {"vkeys": vkeys, "retired": retire}
                note(connection, book, Event(EventKind.LOG_KEY_ROTATED, SERVER, details))
            return vkeys

        return await database.write(rotate)

    click.echo("\n".join(run(work)))


@log.command("checkpoint")
def show_checkpoint() -> None:
    """Seal everything that is committed, and print the signed checkpoint; no server need run."""
    click.echo(run(_sealed), nl=False)


async def _sealed(read: Settings, database: Database) -> str:
    from registry.audit.proof.checkpoints import checkpoint

    await notary_of(read, database).seal()
    return await database.scan(lambda connection: checkpoint(read.book, connection))


@log.command("restart")
@click.option("--reason", required=True, help="Why; it stands in the access log.")
def restart(reason: str) -> None:
    """Begin the log anew, under a name of its own, from a restored backup. What was lost stays known by its checkpoint."""

    async def work(read: Settings, database: Database) -> str:
        await notary_of(read, database).restart(read.book, reason)
        return await _sealed(read, database)

    if not reason.strip():
        fail("--reason: say why")
    click.echo(run(work), nl=False)


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

    _print(run(work))


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

    _print(run(work))


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


def _print(table: Table) -> None:
    console = Console()
    Console(width=None if console.is_terminal else 200).print(table)
