"""registry log: the log's signing keys and checkpoints."""

import click
from sqlalchemy import Connection

from registry.audit.proof import checkpoints
from registry.audit.proof.sealer_job import LogSealer
from registry.audit.proof.signing_keys import LogKeys, rotate_log_key
from registry.cli.runner import fail, run
from registry.core import watermarks
from registry.db.database import Database
from registry.db.migrate import at_head
from registry.errors import LogRolledBack
from registry.ledger.committer import note
from registry.ledger.events import SERVER, Event, EventKind
from registry.settings import Settings

RESTART = "registry log restart --reason TEXT"


@click.group()
def log() -> None:
    """The log's signing keys and checkpoints, and how to go on after a restored backup."""


def log_sealer(read: Settings, database: Database) -> LogSealer:
    """What seals this database."""
    return LogSealer(database, LogKeys(read.log_key_file), read.origin, read.home)


async def check_log(read: Settings, database: Database) -> None:
    """Stop with one line where the database is not the one that was sealed last. One to be migrated is not looked at."""
    if not await database.read(at_head):
        return
    if not read.log_key_file.exists() and await database.read(_is_signed):
        fail(f"REGISTRY_LOG_KEY_FILE: {read.log_key_file} is not there, and the log was signed with its keys")
    try:
        await log_sealer(read, database).check()
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
    await log_sealer(read, database).seal()
    return await database.scan(lambda connection: checkpoints.checkpoint(read.book, connection))


@log.command("restart")
@click.option("--reason", required=True, help="Why; it stands in the access log.")
def restart(reason: str) -> None:
    """Begin the log anew, under a name of its own, from a restored backup. What was lost stays known by its checkpoint."""

    async def work(read: Settings, database: Database) -> str:
        await log_sealer(read, database).restart(read.book, reason)
        return await _sealed(read, database)

    if not reason.strip():
        fail("--reason: say why")
    click.echo(run(work), nl=False)
