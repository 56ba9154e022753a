"""What an auditor reads: versions with who made them, when and why, and what each changed. Personal fields are masked for everyone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

import msgspec
from cryptography.exceptions import InvalidTag
from msgspec import Meta
from sqlalchemy import ColumnElement, Connection

from registry.audit.history.json_patch import Operation, operations, titles_of
from registry.core.access_log import is_erased, plain_document
from registry.core.fields import mask_again, personal_paths, personal_values
from registry.core.register import Register
from registry.core.schemas import Reason, Recorder
from registry.core.sealing import Sealer
from registry.core.view import Logged, Seen, Step, Stretch, View
from registry.ledger.versions import Action, encode

TOLD = ("version", "position", "action", "reason", "voided", "recorded_at", "recorded_by", "replayed_at")
"""What of a version's header stands in the history."""


class Differences(msgspec.Struct, kw_only=True):
    """What differs between two versions. Personal fields are masked, whoever asks."""

    patch: Annotated[
        list[Operation],
        Meta(description="A JSON Patch (RFC 6902) from one masked document to the other, the header (meta) left out."),
    ]
    personal_changed: Annotated[
        list[str] | None,
        Meta(
            description="JSON Pointers of personal fields that changed although the masks are alike (示范甲 to 示范乙, both 示*); "
            "null where that cannot be known any more, because the subject's data was erased."
        ),
    ]


class HistoryItem(Differences, kw_only=True):
    """One version (一次登记): who, when, why, and what it changed since the version before; a first one is all additions."""

    register: str
    entry_id: str
    division: str
    version: int
    position: int
    action: Action
    reason: Reason | None
    voided: bool
    recorded_at: str
    recorded_by: Recorder
    replayed_at: str | None


class Diff(Differences, kw_only=True):
    """What differs between two versions of an entry."""

    from_: int = msgspec.field(name="from")
    to: int


Told = tuple[int, bytes]
"""A version as the history tells it: the place that a cursor may go on from, and the item (HistoryItem)."""


@dataclass(frozen=True, slots=True)
class History:
    """What a view shows of the past. The cost of a page does not grow with the length of what is not on it."""

    connection: Connection
    sealer: Sealer
    view: View

    def of_entry(self, register: Register, entry_id: str, limit: int, after: int) -> list[Told]:
        """The versions of an entry past number `after`, first to last. Raises NotFound."""
        steps = self.view.steps(self.connection, register, entry_id, limit, after)
        return [(step.version.number, self._told(register, step)) for step in steps]

    def of_case(self, case: Register, parts: Sequence[Register], case_id: str, limit: int, after: int) -> list[Told]:
        """The versions of a case and of all that belongs to it past position `after`, in the order of the log. Raises NotFound."""
        self.view.versions(self.connection, case, case_id, 1, 0)
        names = [part.name for part in parts]
        return self._at(parts, self.view.case_log(self.connection, case, names, case_id, limit, after))

    def of_book(
        self, registers: Sequence[Register], wanted: Stretch, where: Sequence[ColumnElement[bool]]
    ) -> list[Told]:
        """A stretch of the log, last first, as far as `where` matches."""
        return self._at(registers, self.view.log(self.connection, registers, wanted, where))

    def diff(self, register: Register, entry_id: str, numbers: tuple[int, int]) -> Diff:
        """What differs between two versions. Raises NotFound unless the caller may see both."""
        before, after = (self.view.version(self.connection, register, entry_id, number) for number in numbers)
        changes = self._compared(register, before, after)
        return Diff(
            from_=before.number, to=after.number, patch=changes.patch, personal_changed=changes.personal_changed
        )

    def _at(self, registers: Sequence[Register], places: Sequence[Logged]) -> list[Told]:
        found = self.view.steps_at(self.connection, registers, places)
        return [(step.version.position, self._told(register, step)) for register, step in found]

    def _told(self, register: Register, step: Step) -> bytes:
        seen = step.version
        header = msgspec.json.decode(seen.document)["meta"]
        changes = self._compared(register, step.before, seen)
        return encode(
            {name: header[name] for name in TOLD}
            | {"register": register.name, "entry_id": seen.entry_id, "division": seen.division}
            | {"patch": changes.patch, "personal_changed": changes.personal_changed}
        )

    def _compared(self, register: Register, before: Seen | None, after: Seen) -> Differences:
        """What differs between two versions; where there is none before, everything is new."""
        titles, new = titles_of(register.entry), _masked(register, after)
        if before is None:
            return Differences(patch=operations({}, new, titles), personal_changed=[])
        patch = operations(_masked(register, before), new, titles)
        plain = self._personal(register, before), self._personal(register, after)
        return Differences(patch=patch, personal_changed=_hidden(patch, *plain))

    def _personal(self, register: Register, seen: Seen) -> dict[str, str] | None:
        """The personal fields by JSON Pointer, in plain, only to be compared; None where the box does not open (any more)."""
        if is_erased(seen):
            return None
        try:
            document = plain_document(self.sealer, self.view.who.book, register, seen)
        except InvalidTag:
            return None
        return {
            pointer: value
            for path, _ in personal_paths(register.entry)
            for pointer, value in personal_values(document, path)
        }


def _masked(register: Register, seen: Seen) -> dict[str, Any]:
    document = cast(dict[str, Any], msgspec.json.decode(seen.document))
    del document["meta"]
    mask_again(document, register.entry)
    return document


def _hidden(patch: list[Operation], before: dict[str, str] | None, after: dict[str, str] | None) -> list[str] | None:
    """Where both have a personal field whose value changed, and no step of the patch says so."""
    if before is None or after is None:
        return None
    shown = {step.path for step in patch}
    both = sorted(before.keys() & after.keys() - shown)
    return [pointer for pointer in both if before[pointer] != after[pointer]]
