"""What a service writes with: it reads what stands, checks the rules, and returns what to append."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import ColumnElement, Row, select

from registry.core import divisions
from registry.core.access_log import case_documents, is_erased, plain_document, shows_plain
from registry.core.fields import canonical, class_stamp, put, tidy
from registry.core.filters import stored_columns
from registry.core.invariants import Rulebook, naming
from registry.core.principals import Principal
from registry.core.register import Register
from registry.core.schemas import Change
from registry.core.sealing import Sealer, place_of, subject_of
from registry.core.validation import convert, merge, readable
from registry.core.view import Seen, View
from registry.errors import (
    EntryErased,
    EntryVoided,
    Fault,
    Forbidden,
    Malformed,
    NotFound,
    PreconditionFailed,
    Refused,
    refuse,
)
from registry.ledger.batch import Batch
from registry.ledger.clock import beijing_day
from registry.ledger.tables import SHARING
from registry.ledger.versions import Action, Append, NewDataKey, Sealed, VersionCause

T = TypeVar("T", bound=msgspec.Struct)

A_DAY = 24 * 3600 * 1_000_000
"""Microseconds."""


@dataclass(slots=True)
class Draft:
    """An entry as it shall be kept: what was sent, what the service derived from it, where it lies."""

    data: msgspec.Struct
    division: str
    derived: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    """The filter columns that the document does not tell; it tells the others (`Register.columns`)."""
    case_id: str | None = None
    """The dispute or patient it belongs to; None: itself."""
    beside: Sequence[tuple[Register, dict[str, Any]]] = ()
    """Other documents of the case: their public texts name nobody of this one, and this one's nobody of theirs."""
    sequence: str | None = None
    share: tuple[str, ...] = ()
    unshare: tuple[str, ...] = ()
    cause: VersionCause = VersionCause.API


@dataclass(frozen=True, slots=True)
class Current:
    """The version that stands, with its personal fields in plain."""

    register: Register
    seen: Seen
    document: dict[str, Any]

    def data(self, shape: type[T]) -> T:
        """What was sent for it, typed; texts that were taken once and would not be today are as they were."""
        kept = self.sent(shape)
        return convert(kept, shape, kept)

    def changed(self, shape: type[T], change: Change) -> T:
        """What it would be after a change. Raises Refused where what the change brings is not of the register's shape."""
        kept = self.sent(shape)
        try:
            value, wrong = readable(merge(kept, change.patch), shape, kept)
        except Malformed as fault:
            raise Refused(faults=fault.faults) from None
        refuse(fault for fault in wrong if fault.code not in {known.code for known in change.wrong})
        return value

    def sent(self, shape: type[msgspec.Struct]) -> dict[str, Any]:
        """The part of the document that was sent."""
        return {name: self.document[name] for name in shape.__struct_fields__ if name in self.document}


@dataclass(slots=True)
class Tx:
    """One write of one caller, inside a batch. It reads; what it makes is only returned, never written here."""

    batch: Batch
    who: Principal
    sealer: Sealer
    rulebook: Rulebook
    provenance: dict[str, object] | None = None
    _parts: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    _new_keys: dict[str, NewDataKey] = field(default_factory=dict)

    @property
    def today(self) -> dt.date:
        """The day in Beijing, by the ledger's clock."""
        return beijing_day(self.batch.now)

    @property
    def view(self) -> View:
        return View(self.who)

    def place(
        self, code: str, on: dt.date | None = None, pointer: str = "/division", kept: "Current | None" = None,
        days: tuple[str, ...] = (),
    ) -> str:  # fmt: skip
        """The name of a division that the caller may write to. An entry that stays where it is keeps the name it was given,
        whatever has become of the place since, unless the day that the place is called by changes: the first of `days` that is given.
        """
        day = None if kept is None else next((kept.document[name] for name in days if kept.document[name]), None)
        same_day = not days or day == (on.isoformat() if on else None)
        if kept is not None and kept.seen.division == code and same_day:
            name: str = kept.document["division_name"]
            return name
        return divisions.place_name(self.find_place, self.who, code, on, pointer)

    def find_place(self, code: str) -> divisions.Place | None:
        """The division with this code, looked up once a batch."""
        memo = self.batch.memo
        if code not in memo:
            memo[code] = divisions.find_place(self.batch.connection, self.who.book, code)
        found: divisions.Place | None = memo[code]
        if found is not None:
            self.batch.touch(found.entry_id)  # closed or renamed in this very batch? then in the next
        return found

    def known_place(self, code: str, pointer: str) -> None:
        """Raise Refused unless there is such a division; it may be another office's."""
        if self.find_place(code) is None:
            text = "没有这个行政区划代码。", "There is no such division."
            raise Refused(faults=[Fault(pointer, "unknown_division", *text)])

    def rows(self, register: Register, *columns: ColumnElement[Any], where: ColumnElement[bool]) -> Sequence[Row[Any]]:
        """Columns of what stands and the caller may see, for rules that look at more than one entry."""
        query = self.view.rows(register, columns).where(where)
        return self.batch.connection.execute(query, self.view.binds()).all()

    def of_case(self, register: Register, case_id: str) -> list[dict[str, Any]]:
        """The entries of a register that belong to a case and stand, whoever keeps them, masked: for rules, never to be shown."""
        if (register.name, case_id) not in self._parts:
            self._parts[register.name, case_id] = case_documents(
                self.batch.connection, self.sealer, self.view, register, case_id
            )
        return self._parts[register.name, case_id]

    def plain_of_case(self, register: Register, case_id: str) -> list[dict[str, Any]]:
        """As `of_case`, in plain: for the rule that public texts name nobody of the case."""
        return case_documents(self.batch.connection, self.sealer, self.view, register, case_id, plain=True)

    def shared_with(self, kind: str, case_id: str) -> set[str]:
        """The towns that a case is open to now, besides its own."""
        this = (SHARING.c.book == self.who.book, SHARING.c.kind == kind, SHARING.c.case_id == case_id)
        return set(self.batch.connection.scalars(select(SHARING.c.town).where(*this, SHARING.c.until.is_(None))))

    def parent(self, register: Register, entry_id: str, pointer: str) -> Current:
        """The entry that a new one belongs to. Raises Refused, naming the field, where it is not there or voided."""
        try:
            current = self.current(register, entry_id)
        except NotFound:
            text = "没有这条记录。", "There is no such entry."
            raise Refused(faults=[Fault(pointer, "unknown_entry", *text)]) from None
        if current.seen.voided:
            raise Refused(faults=[Fault(pointer, "entry_voided", "该记录已作废。", "That entry was voided.")])
        if is_erased(current.seen):
            text = "该记录已依法删除。", "That entry was erased by law."
            raise Refused(faults=[Fault(pointer, "entry_erased", *text)])
        return current

    def own_division(self, case: Current) -> str:
        """Where to keep what belongs to a case: where the case is, or at the caller's own office that it was opened to."""
        if self.who.covers(case.seen.division):
            return case.seen.division
        opened = self.shared_with(case.register.case_kind, case.seen.case_id)
        return min(opened & set(self.who.towns), default=self.who.divisions[0])

    def current(self, register: Register, entry_id: str) -> Current:
        """The version that stands. Raises NotFound out of scope; waits for the next batch if this one changed its case."""
        self.batch.touch(entry_id)
        seen = self.view.item(self.batch.connection, register, entry_id)
        self.batch.touch(seen.case_id)
        document = plain_document(self.sealer, self.who.book, register, seen)
        return Current(register, seen, document)

    def to_change(self, register: Register, entry_id: str, change: Change) -> Current:
        """As `current`, for changing it: the caller's own, not voided, and the version that the caller started from.

        An entry that is visible only because its case was opened to the caller's town is changed by the office that keeps it.
        """
        current = self.current(register, entry_id)
        if not self.who.covers(current.seen.division):
            raise Forbidden(
                zh="该记录由其他镇（街）保管，请由其修改。",
                en="Another office keeps this entry; only it may change it.",
            )
        if change.expected is not None and change.expected != current.seen.number:
            raise stale(self, current, change)
        if current.seen.voided:
            raise EntryVoided
        if is_erased(current.seen):
            raise EntryErased
        return current

    def create(self, register: Register, entry_id: str, draft: Draft) -> Append:
        """A first version."""
        self.batch.touch(entry_id)
        refuse(naming(register, msgspec.to_builtins(draft.data), {}, draft.beside))
        return self._append(register, entry_id, 1, Action.CREATED, draft, _document(register, entry_id, draft))

    def change(self, current: Current, draft: Draft, change: Change, action: Action | None = None) -> Append | None:
        """The next version; None where nothing would change: such a change is not written."""
        if "case_number" in current.document:
            draft.derived["case_number"] = current.document["case_number"]
        draft.case_id = draft.case_id or current.seen.case_id
        sent, stood = msgspec.to_builtins(draft.data), current.sent(current.register.shape)
        refuse(naming(current.register, sent, stood, draft.beside, change.reason))
        document = _document(current.register, current.seen.entry_id, draft)
        stands = canonical(current.document, current.register.shape)  # as it would be written today
        if document == _content(stands) and not (draft.share or draft.unshare):
            return None
        following = current.seen.number + 1
        action = action or change.action
        append = self._append(current.register, current.seen.entry_id, following, action, draft, document)
        append.created_at = current.seen.created_at
        append.reason = msgspec.to_builtins(change.reason) if change.reason else None
        return append

    def void(self, current: Current, change: Change) -> Append:
        """A last version, alike but for its header, that says that the entry should never have been entered. Raises Forbidden."""
        self._require_void(current)
        shape = current.register.shape
        refuse(naming(current.register, {}, current.sent(shape), self._case_of(current), change.reason))
        own = {"meta", "id", "label", *shape.__struct_fields__}
        kept = {name: value for name, value in current.document.items() if name not in own}
        columns = stored_columns(self.batch.connection, self.who.book, current.register.table, current.seen.position)
        draft = Draft(current.data(shape), current.seen.division, kept, columns, current.seen.case_id)
        number = current.seen.number + 1
        document = _document(current.register, current.seen.entry_id, draft)
        append = self._append(current.register, current.seen.entry_id, number, Action.VOIDED, draft, document)
        append.created_at = current.seen.created_at
        append.reason = msgspec.to_builtins(change.reason)
        append.voided = True
        return append

    def _case_of(self, current: Current) -> list[tuple[Register, dict[str, Any]]]:
        """The document of the case that an entry belongs to, where the caller may see it."""
        case = self.rulebook.cases.get(current.register.case_kind)
        if case is None or case.head is current.register:
            return []
        try:
            return [(case.head, self.current(case.head, current.seen.case_id).document)]
        except NotFound:
            return []

    def _require_void(self, current: Current) -> None:
        """A supervisor voids any entry; who made it, within a day."""
        if self.who.role in current.register.voiders:
            return
        first = self.view.version(self.batch.connection, current.register, current.seen.entry_id, 1)
        maker = msgspec.json.decode(first.stored)["meta"]["recorded_by"]["id"]
        if maker != self.who.id or self.batch.now - current.seen.created_at > A_DAY:
            raise Forbidden(
                zh="只有录入人可在 24 小时内作废；此后请提交作废申请（void-request），由县级办理。",
                en="Only who made it may void it, within 24 hours; after that ask for it (void-request).",
            )

    def _append(
        self, register: Register, entry_id: str, number: int, action: Action, draft: Draft, document: dict[str, Any]
    ) -> Append:
        """The version to append; its `document`, in plain, is masked here."""
        case_id = draft.case_id or entry_id
        plain, digests = self.sealer.mask(self.who.book, register, document)
        public = document
        if plain:
            public = cast(dict[str, Any], tidy(document))
            for pointer in plain:
                put(public, pointer, None, missing=True)
        return Append(
            register=register.name,
            table=register.table,
            entry_id=entry_id,
            number=number,
            action=action,
            actor=self.who.actor,
            case_kind=register.case_kind,
            case_id=case_id,
            division=draft.division,
            document=document,
            columns=register.filter_columns(document) | draft.columns,
            public=public,
            plain=dict(plain),
            sealed=self._seal(register, entry_id, number, case_id, plain, digests),
            sequence=draft.sequence if action is Action.CREATED else None,
            share=draft.share,
            unshare=draft.unshare,
            provenance=self.provenance,
            classes=class_stamp(register.entry),
            schema_version=register.schema_version,
            cause=VersionCause.TRANSFER if action is Action.TRANSFERRED else draft.cause,
        )

    def _seal(
        self, register: Register, entry_id: str, number: int, case_id: str, plain: dict[str, str],
        digests: tuple[tuple[str, bytes], ...],
    ) -> Sealed | None:  # fmt: skip
        if not plain:
            return None
        place = place_of(self.who.book, register.name, entry_id, number)
        known = not (number == 1 and case_id == entry_id)  # a new case has no data key yet
        subject = subject_of(register, case_id)
        beside = self._new_keys.get(subject)
        sealed = self.sealer.seal(self.who.book, subject, place, plain, digests, known=known, beside=beside)
        if sealed.new_key is not None:
            self._new_keys[subject] = sealed.new_key
        return sealed


def stale(tx: Tx, current: Current, change: Change) -> PreconditionFailed:
    """What to tell somebody who started from an older version: the one that stands, and where the two collide."""
    conflicts: list[str] = []
    if change.expected is not None and change.expected < current.seen.number:
        seen = tx.view.version(tx.batch.connection, current.register, current.seen.entry_id, change.expected)
        base = plain_document(tx.sealer, tx.who.book, current.register, seen)
        conflicts = [f"/{name}" for name in change.patch if base.get(name) != current.document.get(name)]
    plain = shows_plain(tx.who, current.register, current.seen)
    document = current.document if plain else msgspec.json.decode(current.seen.document)
    told = PreconditionFailed(members={"current": document, "conflicts": conflicts})
    told.shown = current.seen
    return told


def _document(register: Register, entry_id: str, draft: Draft) -> dict[str, Any]:
    """The document of a draft, in plain, with the values that JSON has: what it would be read as again."""
    values = {**msgspec.to_builtins(draft.data), **msgspec.to_builtins(draft.derived), "id": entry_id}
    document = cast(dict[str, Any], tidy(values))
    return {**document, "label": register.label(document)}


def _content(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "meta"}
