"""The one place where what is stored is rewritten: an erasure by law. What the log's leaves cover stays as it was.

What a document is rewritten to is said by `access/erasure.py`, which calls this.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import Connection, LargeBinary, Table, and_, bindparam, delete, select, update

from registry.ledger.tables import BLIND_INDEX, IDEMPOTENCY

BLANK = bytes(32)
"""In place of a fingerprint: the hash of what was sent could be guessed at. The key stays, so that sending it again is no new entry."""


def erase_case(
    connection: Connection, book: str, tables: Iterable[tuple[str, Table]], case_id: str,
    blank: Callable[[str, bytes], bytes],
) -> None:  # fmt: skip
    """Replace the documents of all versions of a case by what `blank` makes of them, take away the sealed boxes, the keyed
    hashes and the fingerprints of what was sent. `tables` are those of the case, by register.
    """
    for register, table in tables:
        mine = and_(table.c.book == book, table.c.case_id == case_id)
        rows = connection.execute(select(table.c.entry_id, table.c.position, table.c.document).where(mine)).all()
        if not rows:
            continue
        this = and_(table.c.book == book, table.c.position == bindparam("p"))
        hashes = {c.name: None for c in table.columns if isinstance(c.type, LargeBinary) and c.name != "document"}
        emptied = update(table).where(this).values(document=bindparam("d"), **hashes)
        connection.execute(emptied, [{"p": row.position, "d": blank(register, row.document)} for row in rows])
        _forget_what_was_sent(connection, book, register, rows)


def _forget_what_was_sent(connection: Connection, book: str, register: str, rows: Iterable[object]) -> None:
    known = list(rows)
    positions = [{"p": row.position} for row in known]  # type: ignore[attr-defined]
    entries = [{"e": entry} for entry in {row.entry_id for row in known}]  # type: ignore[attr-defined]
    found = and_(BLIND_INDEX.c.book == book, BLIND_INDEX.c.position == bindparam("p"))
    connection.execute(delete(BLIND_INDEX).where(found), positions)
    sent = and_(
        IDEMPOTENCY.c.book == book, IDEMPOTENCY.c.register == register, IDEMPOTENCY.c.entry_id == bindparam("e")
    )
    connection.execute(update(IDEMPOTENCY).where(sent).values(fingerprint=BLANK), entries)
