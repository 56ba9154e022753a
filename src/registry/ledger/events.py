"""Access events (查阅日志): who was given access, who saw plain personal data, who was refused. The second tree of the log."""

from dataclasses import dataclass, field
from enum import StrEnum

from registry.ledger.clock import timestamp
from registry.ledger.versions import Actor, encode


class EventKind(StrEnum):
    """What an access event tells of."""

    READ = "read"
    """Personal data was shown in plain."""
    REFUSAL = "refusal"
    """A key was refused what its role may not do, or was no longer valid."""
    KEY_ISSUED = "key_issued"
    KEY_CHANGED = "key_changed"
    """Its name, divisions or end are others; divisions taken from it are an alert in the log too."""
    KEY_REVOKED = "key_revoked"
    CASE_OPENED = "case_opened"
    """Another town was given sight of a case."""
    CASE_CLOSED = "case_closed"
    BREAK_GLASS = "break_glass"
    """An auditor opened one entry's personal data, with a reason."""
    ERASURE_REQUESTED = "erasure_requested"
    ERASED = "erased"
    MASTER_KEY_ROTATED = "master_key_rotated"
    LOG_KEY_ROTATED = "log_key_rotated"
    LOG_RESTARTED = "log_restarted"
    """The log began anew under another name, after a backup was restored."""
    WITNESS_ADDED = "witness_added"
    """Another server is asked to cosign our checkpoints."""
    WITNESS_REMOVED = "witness_removed"
    NEIGHBOUR_ADDED = "neighbour_added"
    """We cosign another log, or by another key than before."""
    NEIGHBOUR_REMOVED = "neighbour_removed"
    WEBHOOK_CREATED = "webhook_created"
    """A webhook (推送) was made: whose rights it has, where it sends to."""
    WEBHOOK_CHANGED = "webhook_changed"
    """It was changed, resumed or replayed, or was given a new secret."""
    WEBHOOK_PAUSED = "webhook_paused"
    """It was paused or stopped, by an administrator or by itself."""


SERVER = Actor("", "registry", "server", "")
"""Who acts where no key does: the command line on the server itself."""


@dataclass(slots=True)
class Event:
    """One access event. The ledger gives it its place and time."""

    kind: EventKind
    who: Actor
    details: dict[str, object]
    register: str | None = None
    case_kind: str = ""
    cases: tuple[str, ...] = field(default=())
    """The cases that it touched: whose access log it belongs to."""

    def rows(self, book: str, position: int, recorded_at: int) -> tuple[dict[str, object], list[dict[str, object]]]:
        """The row of the event, and one for each case."""
        document = {
            "book": book,
            "position": position,
            "kind": self.kind,
            "recorded_at": timestamp(recorded_at),
            "principal": self.who.document(),
            "register": self.register,
            "case_kind": self.case_kind or None,
            "cases": self.cases,
            "details": self.details,
        }
        row = {
            "book": book,
            "position": position,
            "kind": self.kind,
            "recorded_at": recorded_at,
            "principal_id": self.who.id,
            "register": self.register,
            "document": encode(document),
        }
        cases = [{"book": book, "kind": self.case_kind, "case_id": case, "position": position} for case in self.cases]
        return row, cases
