"""Indexes for lists: what stands, last change first. The two databases want them in different form."""

from typing import Any

from sqlalchemy import Index, column


def latest_first(table: str, *columns: str) -> tuple[Index, Index]:
    """The index of a list within some columns (a town, a case), for either database.

    SQLite takes `superseded_at is null` for an equality and walks the key on in order; a partial index would cost it no less
    than the one over all positions, and it might walk through what is superseded. PostgreSQL does not see that order, but
    it prefers a partial index.
    """
    name = f"ix_{table}_{'_'.join(columns) or 'latest'}"
    everything = Index(name, "book", *columns, "superseded_at", "position", info={"dialect": "sqlite"})
    standing = Index(
        name + "_standing", "book", *columns, "position", info={"dialect": "postgresql"},
        postgresql_where=column("superseded_at").is_(None),
    )  # fmt: skip
    return everything.ddl_if(dialect="sqlite"), standing.ddl_if(dialect="postgresql")


def is_of_dialect(item: Any, dialect: str) -> bool:  # noqa: ANN401 - any item of a schema
    """Whether an item of the schema is wanted on a database: all are, but for the other one's indexes."""
    return bool(getattr(item, "info", {}).get("dialect", dialect) == dialect)
