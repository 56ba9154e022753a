"""The migrations build what the tables declare, on both databases."""

from collections.abc import Callable
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from registry.app import REGISTERS
from registry.db.indexes import is_of_dialect
from registry.db.migrate import at_head, upgrade
from registry.db.schema import metadata

Run = Callable[[Callable[[Connection], Any]], Any]


def test_there_is_no_drift(run: Run) -> None:
    assert len(metadata.tables) > len(REGISTERS)

    def differences(connection: Connection) -> list[Any]:
        dialect = connection.dialect.name
        options = {"include_object": lambda item, *_: is_of_dialect(item, dialect)}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    assert run(differences) == []


def test_migrating_twice_changes_nothing(run: Run) -> None:
    assert run(at_head) is True
    run(upgrade)
    assert run(at_head) is True


def test_sqlite_is_durable_and_checks_its_keys(run: Run) -> None:
    def pragmas(connection: Connection) -> dict[str, object]:
        if connection.dialect.name != "sqlite":
            return {}
        return {
            name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    found = run(pragmas)
    assert found in ({}, {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1})
