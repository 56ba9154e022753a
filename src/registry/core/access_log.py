"""What of a version is shown in plain and to whom, and that it is written down before the answer leaves (查阅日志)."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, cast

import msgspec
from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, Row

from registry.core.fields import class_stamp, mask_again, personal_paths, put
from registry.core.principals import Principal
from registry.core.register import Register
from registry.core.scope import STORED
from registry.core.sealing import Sealer, place_of, subject_of
from registry.core.view import Seen, View, today
from registry.ledger.batch import Batch, Work, WriteOutcome
from registry.ledger.events import Event, EventKind
from registry.ledger.versions import Append, encode


def plain_document(sealer: Sealer, book: str, register: Register, seen: Seen) -> dict[str, Any]:
    """The document with its personal fields laid over in plain. Whoever calls this logs it before the answer leaves."""
    document = cast(dict[str, Any], msgspec.json.decode(seen.document))
    if seen.personal is not None:
        _lay_over(document, sealer, book, register, seen)
    return document


def _lay_over(
    document: dict[str, Any], sealer: Sealer, book: str, register: Register, version: Seen | Row[Any]
) -> None:
    """Put the plain values of a version's box into its document, in place. Raises InvalidTag where the box does not open."""
    place = place_of(book, register.name, version.entry_id, version.number)
    for pointer, value in sealer.open(
        book, subject_of(register, version.case_id), place, version.personal or b""
    ).items():
        put(document, pointer, value)


def shows_plain(who: Principal, register: Register, seen: Seen) -> bool:
    """Whether the caller is shown the personal fields of this version in plain; what has none shows none."""
    if seen.personal is None:
        return False
    if not who.sees_personal:
        return who.glass_of(register.name, seen.entry_id) is not None
    if register.needs_purpose and who.purpose is None:
        return False
    return not register.open or who.covers(seen.division)


def render(sealer: Sealer, who: Principal, register: Register, seen: Seen) -> bytes:
    """The bytes to answer with: the stored ones, or with plain personal fields for those who may see them."""
    document = shown_document(sealer, who, register, seen)
    return seen.document if document is None else encode(document)


def shown_document(sealer: Sealer, who: Principal, register: Register, seen: Seen) -> dict[str, Any] | None:
    """What of a version is shown, where that is not the stored document itself."""
    if shows_plain(who, register, seen):
        return plain_document(sealer, who.book, register, seen)
    if seen.classes == class_stamp(register.entry):
        return None
    document = cast(dict[str, Any], msgspec.json.decode(seen.document))  # masked when other fields were personal
    mask_again(document, register.entry)
    return document


def is_erased(seen: Seen) -> bool:
    """Whether the personal data of this version was erased: its header says so, and text inside JSON has its quotes escaped."""
    return b'"erased":{"at":' in seen.document


def plain_of(append: Append) -> dict[str, Any]:
    """The document of a version about to be written, with its personal fields in plain."""
    document = cast(dict[str, Any], msgspec.json.decode(encode(append.document)))
    for pointer, value in append.plain.items():
        put(document, pointer, value)
    return document


def seen_of(append: Append) -> Seen:
    """A version about to be written (its place not known yet) or just written, as a view would show it."""
    position = int(str(append.meta.get("position", 0)))
    box = append.sealed.box if append.sealed else None
    document = encode(append.document)
    return Seen(
        append.entry_id, append.number, position, append.case_id, append.division, document, box,
        append.voided, append.classes, append.created_at or 0, position + 1, document,
    )  # fmt: skip


def plain_answer(append: Append) -> bytes:
    """What the writer of a version is answered: what they wrote, in plain."""
    return encode(plain_of(append)) if append.plain else encode(append.document)


def case_documents(
    connection: Connection, sealer: Sealer, view: View, register: Register, case_id: str, *, plain: bool = False
) -> list[dict[str, Any]]:
    """The entries of a register that belong to a case and stand, whoever keeps them: for rules, never to be shown."""
    columns = [register.table.c[name] for name in ("entry_id", "number", "personal", *STORED)]
    found = []
    for row in view.of_cases(connection, register.table, columns, [case_id]):
        document = msgspec.json.decode(today(register, row))
        if plain and row.personal is not None:
            with suppress(InvalidTag):  # its key is no more: whom it names is not known, and the write goes on
                _lay_over(document, sealer, view.who.book, register, row)
        found.append(document)
    return found


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
