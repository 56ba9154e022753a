"""registry erase: an erasure by law (依法删除)."""

import click
from sqlalchemy import Connection

from registry.access.erasure import Basis, case_registers, confirming, requesting
from registry.cli.runner import fail, registers, run_with_keys
from registry.core.principals import Keys, Role
from registry.core.sealing import Sealer
from registry.db.database import Database
from registry.db.key_store import KeyStore, Tombstone
from registry.ledger.batch import Work, WriteOutcome
from registry.ledger.committer import commit
from registry.ledger.events import SERVER
from registry.ledger.ids import new_id
from registry.settings import Settings


@click.command()
@click.argument("patient")
@click.option(
    "--basis", type=click.Choice([basis.value for basis in Basis]), required=True, help="个人信息保护法第四十七条"
)
@click.option("--note", required=True, help="The document that orders it; name no person.")
@click.option("--confirm", is_flag=True, help="A supervisor is here and confirms with their key, asked for next.")
def erase(patient: str, basis: str, note: str, *, confirm: bool) -> None:
    """Ask for the erasure of PATIENT's personal data; a supervisor confirms it, here or with POST /v1/erasures/{id}/confirm."""
    key = click.prompt("The supervisor's key", hide_input=True, err=True) if confirm else None

    async def work(read: Settings, database: Database, store: KeyStore) -> str:
        made = new_id()
        await _write(database, read.book, requesting(SERVER, made, patient, Basis(basis), note))
        if key is None:
            return f"{made}: asked for; a supervisor confirms it with POST /v1/erasures/{made}/confirm"
        return await _confirm(read, database, store, made, key)

    click.echo(run_with_keys(work))


async def _confirm(read: Settings, database: Database, store: KeyStore, erasure_id: str, key: str) -> str:
    who = await Keys(database).authenticate(key)
    if who.role is not Role.SUPERVISOR or not who.county_wide:
        fail("that key is no supervisor's of the county; the erasure is asked for, and not confirmed")
    case = case_registers(registers(), "patients")
    done = await _write(database, read.book, confirming(who, case, erasure_id))
    assert isinstance(done.answer, Tombstone)  # noqa: S101 - it is what confirming answers
    stone, sealer = done.answer, Sealer(read.key_file, store)
    await database.read(lambda _: sealer.forget(stone))
    swept = await database.sweep(case.swept)
    if not await database.read(lambda _: store.sweep()) or not swept:
        return f"{erasure_id}: erased; the data key is destroyed. Readers hold old pages: the next start of a server sweeps them"
    return f"{erasure_id}: erased; the data key is destroyed"


async def _write(database: Database, book: str, work: Work) -> WriteOutcome:
    def committed(connection: Connection) -> WriteOutcome:
        (result,) = commit(connection, book, [work])
        if isinstance(result, Exception):
            raise result
        return result

    return await database.write(committed)
