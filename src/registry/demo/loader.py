"""Replays the days of January to March 2020 through the ordinary services, with the ledger's clock set to each day."""

import datetime as dt
import os
import random
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

import msgspec
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Connection, select

from registry.access.keys_service import issue_key
from registry.core.invariants import Rulebook
from registry.core.principals import Principal, Role
from registry.core.sealing import Sealer
from registry.core.unit_of_work import Tx
from registry.core.use_cases import outcome
from registry.core.watermarks import head_of
from registry.db.database import Database
from registry.db.key_store import KeyStore
from registry.demo import leizhou, maigang, synthetic
from registry.demo.steps import COUNTY, KELU, DemoStep
from registry.errors import Conflict, RegistryError
from registry.ledger.batch import Batch, Deferred, WriteOutcome
from registry.ledger.clock import BEIJING, microseconds, wall_clock
from registry.ledger.committer import commit
from registry.ledger.tables import LOG
from registry.settings import Settings

SEED = 2020
BATCH = 500
KEYS_FILE = "demo-keys.json"


async def load(
    read: Settings, database: Database, store: KeyStore, console: Console, book: Rulebook, *, if_empty: bool
) -> None:
    """Load the data set into an empty book, and write a key for each role to `demo-keys.json` in the home."""
    if await database.read(lambda connection: head_of(connection, read.book)):
        interrupted = await database.read(_is_half_loaded) and not (read.home / KEYS_FILE).exists()
        if if_empty and not interrupted:
            return
        if interrupted:
            en = "Loading the demo county was interrupted; remove the home (or empty the database) and start again."
            raise Conflict(zh="示范数据载入中断,请清空后重新载入。", en=en)
        raise Conflict(
            zh="台账不为空,不能载入示范数据。", en="The book is not empty; demo data goes into an empty one only."
        )
    if read.book != COUNTY:
        raise Conflict(zh="示范数据只属于 440882。", en="The demo county is 440882; set REGISTRY_BOOK to it.")
    all_places = leizhou.places()
    offices, keys = await database.write(lambda connection: _offices(connection, all_places))
    await _replay(database, Sealer(read.key_file, store), book, offices, list(_steps(all_places)), console)
    _write_keys(read, keys)
    _say_what_to_try(read, console)


def _is_half_loaded(connection: Connection) -> bool:
    """Whether the book ends with a replayed day: if the keys were not written, loading was interrupted."""
    last = select(LOG.c.replayed_at).where(LOG.c.book == COUNTY).order_by(LOG.c.position.desc()).limit(1)
    return connection.scalar(last) is not None


def _steps(all_places: Sequence[leizhou.DemoPlace]) -> Iterator[DemoStep]:
    """Everything that happened, day by day; within a day in the order given here."""
    noise = random.Random(SEED)
    steps = [
        *leizhou.division_steps(all_places, noise),
        *leizhou.staff_steps(all_places, noise),
        *maigang.steps(noise),
        *synthetic.gathering_steps(all_places, noise),
        *synthetic.shed_steps(all_places, noise),
        *synthetic.followup_steps(all_places, noise),
        *synthetic.dispute_steps(all_places, noise),
    ]
    return iter(sorted(steps, key=_when))


def _when(step: DemoStep) -> tuple[dt.date, int]:
    return step.day, step.wave


def _offices(
    connection: Connection, all_places: Sequence[leizhou.DemoPlace]
) -> tuple[dict[str, Principal], dict[str, str]]:
    """A principal for every office that writes, and the keys to hand out: one for each role, and Kelu's clerk."""
    offices, keys = {}, {}
    roles = [(role, COUNTY, "雷州市委政法委(示范)") for role in Role if role is not Role.CLERK]
    clerks = [(Role.CLERK, town.code, f"{town.name}综治办(示范)") for town in leizhou.towns(all_places)]
    for role, division, name in [*roles, *clerks]:
        principal_id, key = issue_key(connection, COUNTY, name, role, [division])
        if role in {Role.CLERK, Role.SUPERVISOR}:
            offices[division] = Principal(principal_id, COUNTY, name, role, (division,), None, None)
        if role is not Role.CLERK:
            keys[role.value] = key
        elif division == KELU:
            keys[f"clerk-{KELU}"] = key
    return offices, keys


async def _replay(
    database: Database,
    sealer: Sealer,
    book: Rulebook,
    offices: dict[str, Principal],
    steps: list[DemoStep],
    console: Console,
) -> None:
    loaded_at = wall_clock()
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("leizhou-2020", total=len(steps))
        for (day, _wave), group in groupby(steps, key=_when):
            waiting = list(group)
            while waiting:
                chunk, rest = waiting[:BATCH], waiting[BATCH:]
                late = await database.write(partial(_commit_day, sealer, book, offices, chunk, day, loaded_at))
                progress.advance(bar, len(chunk) - len(late))
                waiting = late + rest


def _commit_day(
    sealer: Sealer, book: Rulebook, offices: dict[str, Principal], steps: list[DemoStep], day: dt.date, loaded_at: int,
    connection: Connection,
) -> list[DemoStep]:  # fmt: skip
    """Commit the steps of a day as recorded on that day; the deferred ones come back."""
    morning = microseconds(dt.datetime.combine(day, dt.time(9), BEIJING))
    works = [partial(_work, sealer, book, offices[step.office], step) for step in steps]
    results = commit(connection, COUNTY, works, lambda: morning, loaded_at)
    late = []
    for step, result in zip(steps, results, strict=True):
        if isinstance(result, Deferred):
            late.append(step)
        elif isinstance(result, RegistryError):
            raise result
    return late


def _work(sealer: Sealer, book: Rulebook, who: Principal, step: DemoStep, batch: Batch) -> WriteOutcome:
    tx = Tx(batch, who, sealer, book, step.provenance)
    return outcome(tx, step.run(tx))


def _write_keys(read: Settings, keys: dict[str, str]) -> None:
    path = read.home / KEYS_FILE
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys)))


def _say_what_to_try(read: Settings, console: Console) -> None:
    at = f"http://{read.host}:{read.port}"
    console.print(f"The demo county leizhou-2020 is loaded; a key for each role is in {read.home / KEYS_FILE}. Try:")
    console.print(
        f'  curl -H "Authorization: Bearer $DASHBOARD" "{at}/v1/bulletin?division=440882&to=2020-03-05"', soft_wrap=True
    )
    console.print(f'  curl -H "Authorization: Bearer $AUDITOR" "{at}/v1/disputes?division={KELU}&as_of=2020-02-21"', soft_wrap=True)  # fmt: skip
    console.print(f"  {at}/docs")
