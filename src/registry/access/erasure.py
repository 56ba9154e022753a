"""Erasure by law (依法删除): a person's data key is destroyed, and every mask of their data turns to `[已删除]`.

Proofs go on to verify: they cover the documents without their personal fields, and salted commitments that nobody can open any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Index, Row, String, Table, Text, delete, select, update

from registry.code_lists import CodeList
from registry.core.fields import ERASED, personal_paths, put, values_at
from registry.core.filters import stored_columns
from registry.core.principals import Principal, Role
from registry.core.register import Register
from registry.core.view import Seen, View
from registry.core.watermarks import books
from registry.db.key_store import KeyStore, Tombstone
from registry.db.schema import metadata
from registry.errors import EntryErased, Fault, NotFound, Refused
from registry.ledger.batch import Batch, Work, WriteOutcome
from registry.ledger.clock import timestamp
from registry.ledger.erasing import erase_case
from registry.ledger.events import Event, EventKind
from registry.ledger.tables import LOG
from registry.ledger.versions import Action, Actor, Append, encode


class Basis(CodeList):
    """On what an erasure is based (个人信息保护法第四十七条第一款)."""

    PURPOSE_ENDED = "purpose_ended", "处理目的已实现或不再必要", "The purpose has ended"
    """（一）处理目的已实现、无法实现或者为实现处理目的不再必要"""
    RETENTION_ENDED = "retention_ended", "保存期限已届满", "The retention period has ended"
    """（二）保存期限已届满"""
    CONSENT_WITHDRAWN = "consent_withdrawn", "撤回同意", "Consent was withdrawn"
    """（三）个人撤回同意"""
    UNLAWFUL_PROCESSING = "unlawful_processing", "违法违约处理", "Processing was unlawful"
    """（四）违反法律、行政法规或者违反约定处理个人信息"""
    OTHER_LAW = "other_law", "法律、行政法规规定的其他情形", "Another case laid down by law"
    """（五）法律、行政法规规定的其他情形"""


ERASURES = Table(
    "erasures",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("book", String(6), nullable=False),
    Column("patient_id", String(36), nullable=False),
    Column("basis", String(32), nullable=False),
    Column("note", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("confirmed_by", Text),
    Column("confirmed_at", BigInteger),
    Column("position", BigInteger, comment="of the version that says so in the log"),
    Index(None, "book", "patient_id"),
    comment="erasures asked for and done (依法删除)",
)


@dataclass(frozen=True, slots=True)
class CaseRegisters:
    """The register of a case, and those of what belongs to it."""

    case: Register
    parts: tuple[Register, ...]

    @property
    def all(self) -> tuple[Register, ...]:
        return (self.case, *self.parts)

    def tables(self) -> list[tuple[str, Table]]:
        """Their tables, by name of the register."""
        return [(register.name, register.table) for register in self.all]

    @property
    def swept(self) -> list[str]:
        """The tables in whose files a copy of erased data may be left."""
        return [*(register.table.name for register in self.all), "blind_index", "idempotency"]


def case_registers(registers: Sequence[Register], name: str) -> CaseRegisters:
    """The registers of a kind of case: patients, with visits."""
    case = next(register for register in registers if register.name == name)
    parts = tuple(each for each in registers if each.cases == name and each is not case)
    return CaseRegisters(case, parts)


def requesting(who: Actor, erasure_id: str, patient_id: str, basis: Basis, note: str) -> Work:
    """The write that asks for an erasure; a supervisor confirms it. Raises Refused where there is no such patient."""

    def work(batch: Batch) -> WriteOutcome:
        known = select(LOG.c.position).where(
            LOG.c.book == batch.book, LOG.c.case_id == patient_id, LOG.c.register == "patients", LOG.c.number == 1
        )
        if batch.connection.scalar(known) is None:
            said = "没有这名患者。", "There is no such patient."
            raise Refused(faults=[Fault("/patient_id", "unknown_entry", *said)])
        if _is_done(batch, patient_id):
            raise EntryErased
        row = {
            "id": erasure_id,
            "book": batch.book,
            "patient_id": patient_id,
            "basis": basis,
            "note": note,
            "requested_by": who.name,
            "requested_at": batch.now,
        }
        details: dict[str, object] = {"erasure": erasure_id, "basis": basis, "note": note}
        event = Event(EventKind.ERASURE_REQUESTED, who, details, "patients", "patients", (patient_id,))
        return WriteOutcome(rows=[(ERASURES, row)], events=[event])

    return work


def find_erasure(connection: Connection, book: str, erasure_id: str) -> Row[Any]:
    """One erasure. Raises NotFound."""
    row = connection.execute(select(ERASURES).where(ERASURES.c.book == book, ERASURES.c.id == erasure_id)).one_or_none()
    if row is None:
        raise NotFound
    return row


def list_erasures(connection: Connection, book: str) -> Sequence[Row[Any]]:
    """All erasures of a book, first to last."""
    return connection.execute(select(ERASURES).where(ERASURES.c.book == book).order_by(ERASURES.c.id)).all()


def confirming(who: Principal, registers: CaseRegisters, erasure_id: str) -> Work:
    """The write of an erasure that a supervisor confirms. Its answer is the tombstone: the data key is destroyed after the
    commit. Confirmed again, it answers so again, and writes nothing.
    """

    def work(batch: Batch) -> WriteOutcome:
        erasure = find_erasure(batch.connection, batch.book, erasure_id)
        at = erasure.confirmed_at or batch.now
        stone = Tombstone(batch.book, f"{registers.case.name}/{erasure.patient_id}", erasure_id, erasure.basis, at)
        if erasure.confirmed_at is not None:
            return WriteOutcome(answer=stone)
        if _is_done(batch, erasure.patient_id):
            raise EntryErased
        outcome = erase(batch, who, registers, stone)
        done = {"confirmed_by": who.name, "confirmed_at": batch.now, "position": batch.position}
        batch.connection.execute(update(ERASURES).where(ERASURES.c.id == erasure_id).values(done))
        return outcome

    return work


def _is_done(batch: Batch, patient_id: str) -> bool:
    """Whether a patient's data was erased already."""
    of = (LOG.c.book == batch.book, LOG.c.case_id == patient_id, LOG.c.register == "patients")
    return batch.connection.scalar(select(LOG.c.position).where(*of, LOG.c.action == Action.ERASED)) is not None


def erase(batch: Batch, who: Principal, registers: CaseRegisters, stone: Tombstone) -> WriteOutcome:
    """Blank every version of the case, and append one that says so."""
    case_id = stone.subject.partition("/")[2]
    batch.touch(case_id)
    seen = View(who).item(batch.connection, registers.case, case_id)
    said: dict[str, object] = {"id": stone.erasure_id, "basis": stone.basis, "at": timestamp(stone.erased_at)}
    shapes = {register.name: register.entry for register in registers.all}

    def blank(register: str, document: bytes) -> bytes:
        return _blank(shapes[register], document, said)

    columns = stored_columns(batch.connection, batch.book, registers.case.table, seen.position)
    erase_case(batch.connection, batch.book, registers.tables(), case_id, blank)
    append = _last_version(who, registers.case, seen, blank(registers.case.name, seen.document), columns, said)
    details: dict[str, object] = {"erasure": stone.erasure_id, "basis": stone.basis, "log_position": batch.position}
    event = Event(EventKind.ERASED, who.actor, details, registers.case.name, registers.case.name, (case_id,))
    return WriteOutcome(appends=[append], events=[event], answer=stone)


def _blank(shape: type[msgspec.Struct], document: bytes, said: dict[str, object]) -> bytes:
    """A stored document with `[已删除]` in place of all that is personal."""
    tree = msgspec.json.decode(document)
    for path, _ in personal_paths(shape):
        for pointer, _ in list(values_at(tree, path)):
            put(tree, pointer, ERASED)
    tree["meta"]["erased"] = said
    return encode(tree)


def _last_version(
    who: Principal, register: Register, seen: Seen, document: bytes, columns: dict[str, object], said: dict[str, object]
) -> Append:
    tree = msgspec.json.decode(document)
    del tree["meta"]
    return Append(
        register=register.name,
        table=register.table,
        entry_id=seen.entry_id,
        number=seen.number + 1,
        action=Action.ERASED,
        actor=who.actor,
        case_kind=register.case_kind,
        case_id=seen.case_id,
        division=seen.division,
        document=tree,
        columns={**columns, **{c.name: None for c in register.table.columns if c.name == "identity"}},
        public=dict(tree),
        reason={
            "code": "subject_request" if said["basis"] == Basis.CONSENT_WITHDRAWN else "other",
            "text": "依法删除个人信息",
        },
        voided=seen.voided,
        classes=seen.classes,
        schema_version=register.schema_version,
        created_at=seen.created_at,
        erased=said,
    )


def unfinished(
    connection: Connection, store: KeyStore, registers: CaseRegisters
) -> tuple[list[Tombstone], list[Tombstone]]:
    """What a crash or a restored backup left half done: erasures of which the data key is still kept, and subjects without a key
    whose registers (an older copy of them) do not know of their erasure.
    """
    rows = connection.execute(select(ERASURES).where(ERASURES.c.confirmed_at.is_not(None))).all()
    name = registers.case.name
    done = {(row.book, f"{name}/{row.patient_id}"): row for row in rows}
    stones = {(stone.book, stone.subject): stone for book in books(connection) for stone in store.erased(book)}
    keys_left = [
        Tombstone(book, subject, row.id, row.basis, row.confirmed_at)
        for (book, subject), row in done.items()
        if (book, subject) not in stones
    ]
    forgotten = [stone for place, stone in stones.items() if place not in done and _known(connection, registers, stone)]
    return keys_left, forgotten


def _known(connection: Connection, registers: CaseRegisters, stone: Tombstone) -> bool:
    of = (LOG.c.book == stone.book, LOG.c.case_id == stone.subject.partition("/")[2])
    return (
        connection.scalar(select(LOG.c.position).where(*of, LOG.c.register == registers.case.name).limit(1)) is not None
    )


def erasing_again(registers: CaseRegisters, stone: Tombstone) -> Work:
    """The write that makes a restored copy of the registers forget again what was erased since."""
    server = Principal("", stone.book, "registry", Role.SUPERVISOR, (stone.book,), None, None)

    def work(batch: Batch) -> WriteOutcome:
        if _is_done(batch, stone.subject.partition("/")[2]):
            return WriteOutcome()
        outcome = erase(batch, server, registers, stone)
        row = {
            "id": stone.erasure_id, "book": stone.book, "patient_id": stone.subject.partition("/")[2],
            "basis": stone.basis, "note": "恢复备份后重新删除", "requested_by": "registry",
            "requested_at": stone.erased_at, "confirmed_by": "registry", "confirmed_at": batch.now,
            "position": batch.position,
        }  # fmt: skip
        batch.connection.execute(delete(ERASURES).where(ERASURES.c.id == stone.erasure_id))
        outcome.rows.append((ERASURES, row))
        return outcome

    return work
