"""statistics

Columns that statistics count by and that so far stood in the documents alone. The leaves of the log do not cover them: they
are copies, filled here from the documents (a visit's day due from the patient's version of then).

Revision: 8c1f5a2e7d40, after 4afb76ee88f5, 2026-11-24
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = '8c1f5a2e7d40'
down_revision = '4afb76ee88f5'
branch_labels = None
depends_on = None

COLUMNS: dict[str, dict[str, tuple[Any, str | None]]] = {
    "disputes": {"referred_on": (sa.Date(), "when it was last referred to another authority; null if it never was")},
    "gatherings": {"notice": (sa.String(200), "title of the notice that the measure rests on")},
    "sheds": {
        "structure": (sa.String(12), None),
        "area_hundredths": (sa.BigInteger(), "of a square metre"),
        "found_on": (sa.Date(), None),
    },
    "agreements": {
        "confirmed_on": (sa.Date(), "when a court confirmed it; null without"),
        "next_due_on": (sa.Date(), "the first day due among its terms not performed"),
    },
    "visits": {
        "due_on": (sa.Date(), "the patient's next visit as it was planned when this one was recorded"),
        "team": (sa.String(300), "the roles of who came, in order, separated by commas"),
    },
}
"""By table and name: type and comment."""
DUE_ON = """
    UPDATE visits SET due_on = (
        SELECT p.next_visit_on FROM patients p
        WHERE p.book = visits.book AND p.entry_id = visits.case_id AND p.position < (
            SELECT v.position FROM visits v WHERE v.book = visits.book AND v.entry_id = visits.entry_id AND v.number = 1)
        ORDER BY p.position DESC LIMIT 1)
"""


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _dispute(document: dict[str, Any]) -> dict[str, Any]:
    referred = [move["on"] for move in document["moves"] if move["to"] == "referred"]
    return {"referred_on": _day(max(referred, default=None))}


def _gathering(document: dict[str, Any]) -> dict[str, Any]:
    notice = document.get("notice")
    return {"notice": notice and notice["title"]}


def _shed(document: dict[str, Any]) -> dict[str, Any]:
    area = document.get("area_m2")
    return {
        "structure": document.get("structure"),
        "area_hundredths": int(Decimal(area) * 100) if area else None,
        "found_on": _day(document.get("found_on")),
    }


def _agreement(document: dict[str, Any]) -> dict[str, Any]:
    asked = document.get("confirmation") or {}
    due = [term["due_on"] for term in document.get("terms") or () if term["due_on"] and not term["performed_on"]]
    return {
        "confirmed_on": _day(asked["decided_on"]) if asked.get("result") == "confirmed" else None,
        "next_due_on": _day(min(due, default=None)),
    }


def _visit(document: dict[str, Any]) -> dict[str, Any]:
    return {"team": ",".join(sorted({visitor["role"] for visitor in document["team"]}))}


COPIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "disputes": _dispute, "gatherings": _gathering, "sheds": _shed, "agreements": _agreement, "visits": _visit,
}


def fill(name: str) -> None:
    """Fill the new columns of a table."""
    connection, copies = op.get_bind(), COPIES[name]
    columns = [sa.column(each, kind) for each, (kind, _) in COLUMNS[name].items() if each != "due_on"]
    table = sa.table(name, sa.column("book"), sa.column("position"), sa.column("document", sa.LargeBinary), *columns)
    this = sa.and_(table.c.book == sa.bindparam("b"), table.c.position == sa.bindparam("p"))
    filling = sa.update(table).where(this).values({column.name: sa.bindparam(f"c_{column.name}") for column in columns})
    after = ("", -1)
    wanted = sa.select(table.c.book, table.c.position, table.c.document).order_by(table.c.book, table.c.position)
    while True:
        past = sa.or_(table.c.book > after[0], sa.and_(table.c.book == after[0], table.c.position > after[1]))
        rows = connection.execute(wanted.where(past).limit(2000)).all()
        if not rows:
            break
        found = [
            {"b": row.book, "p": row.position}
            | {f"c_{key}": value for key, value in copies(msgspec.json.decode(row.document)).items()}
            for row in rows
        ]
        connection.execute(filling, found)
        after = rows[-1].book, rows[-1].position
    if name == "visits":
        op.execute(DUE_ON)


def upgrade() -> None:
    for name, columns in COLUMNS.items():
        for column, (kind, comment) in columns.items():
            op.add_column(name, sa.Column(column, kind, comment=comment))
        fill(name)
