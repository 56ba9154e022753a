"""What the migration fills in for older versions is what a write puts there today."""

import importlib
import random
from collections.abc import Callable
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
MIGRATION = importlib.import_module("registry.db.migrations.versions.8c1f5a2e7d40_statistics")


@pytest.mark.parametrize("name", ["disputes", "gatherings", "sheds", "agreements", "visits"])
def test_copies_are_filled_as_they_are_written(api: Api, run: Run, name: str) -> None:
    MADE[name](api, random.Random(4))
    if name == "disputes":
        referred = {"to": "referred", "on": "2020-02-03", "referred_to": "示范法院"}
        api.act(f"/v1/disputes/{api.made('/v1/disputes', dispute())['id']}/move", referred)
    copies = [TABLES[name].c[column] for column in MIGRATION.COLUMNS[name]]
    assert {column.name for column in copies} <= {c.name for c in TABLES[name].columns if c.info.get("copy")}

    def copied(connection: Connection) -> list[Any]:
        return list(connection.execute(select(TABLES[name].c.position, *copies).order_by(TABLES[name].c.position)))

    def refill(connection: Connection) -> None:
        connection.execute(update(TABLES[name]).values(dict.fromkeys(copies)))
        with Operations.context(MigrationContext.configure(connection)):
            MIGRATION.fill(name)

    written = run(copied)
    assert any(value is not None for row in written for value in row[1:])
    run(refill)
    assert run(copied) == written
