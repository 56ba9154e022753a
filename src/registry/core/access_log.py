"""Who saw what: reads that show personal data in plain are written down before the answer leaves (查阅日志)."""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from registry.core.fields import personal_paths
from registry.core.principals import Principal
from registry.core.register import Register
from registry.core.view import Seen, shows_plain
from registry.ledger.batch import Batch, Work, WriteOutcome
from registry.ledger.events import Event, EventKind


def plain_reads(
    who: Principal, register: Register, path: str, seen: Sequence[Seen], request_id: str,
    names: frozenset[str] | None = None,
) -> list[Event]:  # fmt: skip
    """The events of showing these versions to the caller: a list of fifty is one (or one for each break-glass); none where
    nothing is shown in plain. `names` are the fields that are shown; None: all.
    """
    by_glass: dict[str | None, list[Seen]] = defaultdict(list)
    for each in seen:
        if shows_plain(who, register, each):
            by_glass[who.glass_of(register.name, each.entry_id)].append(each)
    classes = classes_of(register.entry, names)
    return [_read(who, register, path, shown, glass, request_id, classes) for glass, shown in by_glass.items()]


def _read(
    who: Principal, register: Register, path: str, shown: Sequence[Seen], glass: str | None, request_id: str,
    classes: tuple[str, ...],
) -> Event:  # fmt: skip
    details: dict[str, object] = {
        "path": path,
        "purpose": who.purpose,
        "break_glass": glass,
        "entries": list(dict.fromkeys(each.entry_id for each in shown)),
        "fields": classes,
        "request_id": request_id,
    }
    cases = tuple(sorted({each.case_id for each in shown}))
    return Event(EventKind.READ, who.actor, details, register.name, register.case_kind, cases)


@lru_cache(maxsize=256)
def classes_of(shape: type[msgspec.Struct], names: frozenset[str] | None = None) -> tuple[str, ...]:
    """The classes of personal fields that a shape has, or these of its fields: name, phone, id_number, date, text."""
    return tuple(sorted({kind for path, kind in personal_paths(shape) if names is None or path[0] in names}))


def noting(*events: Event) -> Work:
    """The write that records events and nothing else."""

    def work(_batch: Batch) -> WriteOutcome:
        return WriteOutcome(events=list(events))

    return work
