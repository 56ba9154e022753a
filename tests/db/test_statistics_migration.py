"""What the migration fills in for older versions is what a write puts there today."""

import importlib
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, select, update

from registry.app import REGISTERS
from tests.api import Api
from tests.factories import dispute
from tests.reports.test_statistics import MADE

Run = Callable[[Callable[[Connection], Any]], Any]
TABLES = {register.table.name: register.table for register in REGISTERS}
MIGRATIONS = [
    importlib.import_module(f"registry.db.migrations.versions.{name}")
    for name in ("8c1f5a2e7d40_statistics", "b52e0c7d1f38_parties_and_terms")
]
FILLED = [(migration, name) for migration in MIGRATIONS for name in migration.COLUMNS]


def test_every_copy_is_filled_by_one_of_them() -> None:
    filled = {(name, column) for migration, name in FILLED for column in migration.COLUMNS[name]}
    copies = {(t.name, c.name) for t in TABLES.values() for c in t.columns if c.info.get("copy")}
    irregular = {(t.name, "irregular") for t in TABLES.values() if "irregular" in t.c}  # nothing was, before
    assert filled | irregular == copies


@pytest.mark.parametrize(("migration", "name"), FILLED)
def test_copies_are_filled_as_they_are_written(api: Api, run: Run, migration: ModuleType, name: str) -> None:
    MADE[name](api, random.Random(4))
    if name == "disputes":
        referred = {"to": "referred", "on": "2020-02-03", "referred_to": "示范法院"}
        api.act(f"/v1/disputes/{api.made('/v1/disputes', dispute())['id']}/move", referred)
    copies = [TABLES[name].c[column] for column in migration.COLUMNS[name]]

    def copied(connection: Connection) -> list[Any]:
        return list(connection.execute(select(TABLES[name].c.position, *copies).order_by(TABLES[name].c.position)))

    def refill(connection: Connection) -> None:
        connection.execute(update(TABLES[name]).values(dict.fromkeys(copies)))
        with Operations.context(MigrationContext.configure(connection)):
            migration.fill(name)

    written = run(copied)
    assert any(value is not None for row in written for value in row[1:])
    run(refill)
    assert run(copied) == written
