"""parties and terms

Where a dispute's parties are, and whether a term of an agreement was performed late: copies of what the documents say, so that lists
can ask for it. The leaves of the log do not cover them.

Revision: b52e0c7d1f38, after a41c7be20d95, 2026-11-28
"""

from collections.abc import Callable
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = 'b52e0c7d1f38'
down_revision = 'a41c7be20d95'
branch_labels = None
depends_on = None

COLUMNS: dict[str, dict[str, tuple[Any, str]]] = {
    "disputes": {"party_divisions": (sa.String(700), "the divisions of its parties, in order, separated by commas; null without any")},
    "agreements": {"performed_late": (sa.Boolean(), "whether a term was performed after its day; null while none is performed")},
}
"""By table and name: type and comment."""


def _dispute(document: dict[str, Any]) -> Any:
    return ",".join(sorted({party["division"] for party in document["parties"] if party.get("division")})) or None


def _agreement(document: dict[str, Any]) -> Any:
    done = [(term["performed_on"], term["due_on"]) for term in document.get("terms") or () if term["performed_on"]]
    return any(due is not None and performed > due for performed, due in done) if done else None


COPIES: dict[str, Callable[[dict[str, Any]], Any]] = {"disputes": _dispute, "agreements": _agreement}


def fill(name: str) -> None:
    """Fill the new column of a table, 2,000 rows at a time."""
    connection, copied = op.get_bind(), COPIES[name]
    ((column, (kind, _)),) = COLUMNS[name].items()
    table = sa.table(name, sa.column("book"), sa.column("position"), sa.column("document", sa.LargeBinary), sa.column(column, kind))
    this = sa.and_(table.c.book == sa.bindparam("b"), table.c.position == sa.bindparam("p"))
    filling = sa.update(table).where(this).values({column: sa.bindparam("c")})
    after = ("", -1)
    wanted = sa.select(table.c.book, table.c.position, table.c.document).order_by(table.c.book, table.c.position)
    while True:
        past = sa.or_(table.c.book > after[0], sa.and_(table.c.book == after[0], table.c.position > after[1]))
        rows = connection.execute(wanted.where(past).limit(2000)).all()
        if not rows:
            break
        found = [{"b": row.book, "p": row.position, "c": copied(msgspec.json.decode(row.document))} for row in rows]
        connection.execute(filling, found)
        after = rows[-1].book, rows[-1].position


def upgrade() -> None:
    for name, columns in COLUMNS.items():
        for column, (kind, comment) in columns.items():
            op.add_column(name, sa.Column(column, kind, comment=comment))
        fill(name)


def downgrade() -> None:
    for name, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(name, column)
