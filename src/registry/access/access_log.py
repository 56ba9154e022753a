"""Who saw what: reads that show personal data in plain are written down before the answer leaves."""

from collections.abc import Sequence

from registry.access.principals import Principal
from registry.access.register import Register
from registry.access.tables import ACCESS_LOG
from registry.access.view import Seen, shows_plain
from registry.ledger.batch import Batch, Outcome, Work
from registry.ledger.ids import new_id


def disclosed(who: Principal, register: Register, seen: Sequence[Seen]) -> list[str]:
    """The entries among these that the caller is shown personal data of."""
    return [each.entry_id for each in seen if shows_plain(who, register, each)]


def note_access(who: Principal, register: Register, path: str, entries: Sequence[str], request_id: str) -> Work:
    """The write that notes it; a list of fifty is one row."""

    def work(batch: Batch) -> Outcome:
        row = {
            "id": new_id(),
            "book": who.book,
            "recorded_at": batch.now,
            "principal_id": who.id,
            "register": register.name,
            "path": path,
            "entries": " ".join(dict.fromkeys(entries)),
            "request_id": request_id,
        }
        return Outcome(rows=[(ACCESS_LOG, row)])

    return work
