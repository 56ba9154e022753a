"""What a register declares about itself."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec.structs import fields
from sqlalchemy import Column, Date, Table

from registry.code_lists import Titles
from registry.core.duties import DutyKind
from registry.core.filters import Filters, Sort
from registry.core.measures import Dimension, Measure, PeopleRule
from registry.core.principals import OFFICE, READERS, Role
from registry.core.valid_time import Days, Document
from registry.errors import Fault, Forbidden
from registry.ledger.tables import COMMON
from registry.ledger.versions import Action, VersionCause, encode

Groups = tuple[tuple[str, str, tuple[str, ...]], ...]
"""The groups of a form, in order: Chinese title, English title, the fields in order."""


@dataclass(frozen=True)
class Names:
    """How the published document speaks of a register's entries, in English."""

    one: str
    """With its article: `a dispute`."""
    many: str
    plural: str
    """In the name of the operation that lists them: `listDisputes`."""
    record: str = "record"
    """The verb of the operation that makes one: `reportDispute`."""


@dataclass(frozen=True, kw_only=True)
class Applies:
    """When a field of an entry applies: only where another one says so. Forms show it then (`x-when`), and rules hold entries to it."""

    field: str
    where: str
    """The field that decides."""
    values: frozenset[object] | None = None
    """The values of it with which the field applies; None: whatever it is, once it is given."""
    needed: bool = False
    """Whether the field must be given where it applies."""
    code: str
    """Of the fault where it is given and does not apply."""
    missing: str = "required"
    """Of the fault where it is needed and not given."""
    zh: str
    en: str

    def fault(self, data: msgspec.Struct) -> Iterator[Fault]:
        """The fault of an entry, if there is one."""
        value, given = getattr(data, self.where), getattr(data, self.field) not in (None, [])
        applies = value is not None if self.values is None else value in self.values
        if given and not applies:
            yield Fault(f"/{self.field}", self.code, self.zh, self.en)
        elif applies and self.needed and not given:
            yield Fault(f"/{self.field}", self.missing, self.zh, self.en)


def unchanged(document: Document) -> Document:
    """The upgrade of a register whose own fields are what they were."""
    return document


class Right(StrEnum):
    """What a caller wants with a register."""

    READ = "read"
    WRITE = "write"
    VOID = "void"
    TRANSFER = "transfer"


RegisterName = Literal[
    "divisions", "grid-staff", "disputes", "proceedings", "mediation-sessions", "agreements", "return-visits", "patients",
    "visits", "campaigns", "gatherings", "sheds", "alerts", "reminders",
]  # fmt: skip
"""The names of all registers, for the published document; a test holds it to the list in `app`."""


@dataclass(frozen=True, eq=False)
class Register:
    """A book of one kind of entry. There is one declaration of each: it is equal to itself only, and a key of caches."""

    name: str
    """Plural, as in the path and the log: `mediation-sessions`."""
    title: str
    """In Chinese, as on the office's own ledger (台账)."""
    table: Table
    shape: type[msgspec.Struct]
    """What is sent."""
    entry: type[msgspec.Struct]
    """What is answered."""
    names: Names
    filters: Filters
    """Of its list."""
    label: Callable[[Document], str] = field(kw_only=True)
    """What an entry is called where one is pointed at (lists, history, feed): place, kind, number; never a person's name."""
    schema_version: int = field(default=2, kw_only=True)
    """Of what is written today. Raised by one with each change of the fields, which `upgrade` then knows of."""
    upgrade: Callable[[Document], Document] = field(default=unchanged, kw_only=True)
    """Takes the fields of any earlier schema version to today's: pure, and moving no personal field (docs/decisions/0017)."""
    readers: frozenset[Role] = READERS
    writers: frozenset[Role] = OFFICE
    voiders: frozenset[Role] = frozenset({Role.SUPERVISOR})
    """Who may void any entry, or transfer one to another office; who made an entry may void it within a day."""
    transfers: bool = False
    """Whether its entries can move to another office."""
    cases: str = ""
    """The register of the cases that its entries belong to and that may be opened to another town: disputes or patients."""
    open: bool = False
    """Whether every reader may see every entry (divisions); else only those of their own divisions."""
    needs_purpose: bool = False
    """Whether personal data is shown in plain only to those who say what for (精神卫生法 §4(3): confidential)."""
    measures: tuple[Measure, ...] = ()
    """What is counted of it, by statistics and the bulletin."""
    dimensions: tuple[Dimension, ...] = ()
    """What statistics group by."""
    columns: Callable[[Document], Mapping[str, Any]] = dict
    """The filter columns that a document tells, by the column's name, dates as texts: what services store, filters of a past day
    ask for, and verification compares. Left out, every column has the name of its field."""
    days: Days = field(default=Days())
    """By which of its own dates it is asked with `on=`."""
    people: PeopleRule | None = None
    """Of a register of people in care: what of its counts is told to those who see none of its entries. None: it is of no people."""
    kinds_of_people: frozenset[str] = frozenset()
    """Of a register that tells of others' entries: the values of its column `kind` in rows about people in care."""
    applies: tuple[Applies, ...] = ()
    """When its fields apply; those left out always do."""
    duties: tuple[DutyKind, ...] = ()
    """What its entries owe, and by when."""
    rules: tuple[str, ...] = ()
    """The sources of the rules that it applies, in Chinese: what a bundle of evidence names."""
    choices: Mapping[str, Titles] = field(default_factory=dict)
    """Of its texts that are held to a table of codes: the titles of the codes, by the field's name."""
    groups: Groups = ()
    """How a form groups and orders its fields; without any, it is one group."""
    event: str | None = None
    """What the feed calls every event of it; None: `<name>.<action>`, such as `disputes.created`."""

    @property
    def case_kind(self) -> str:
        """The register of the case that an entry belongs to; where there are no cases, its own."""
        return self.cases or self.name

    @property
    def counters(self) -> frozenset[Role]:
        """Who may ask for its counts: of people in care, also those who see no entry."""
        return READERS if self.people else self.readers

    @property
    def list_filters(self) -> Filters:
        """Another name of `filters`."""
        return self.filters

    def today(self, stored: bytes, schema_version: int, created_at: str) -> bytes:
        """A stored document in today's schema version. What is stored is never touched."""
        if schema_version == self.schema_version:
            return stored
        document = self.upgraded(msgspec.json.decode(stored), schema_version)
        told = {"schema_version": self.schema_version, "created_at": created_at, "cause": _cause(document["meta"])}
        return encode({**document, "label": self.label(document), "meta": told | document["meta"]})

    def upgraded(self, document: Document, schema_version: int) -> Document:
        """The fields of a stored document in today's schema version; of its own where it is of that already."""
        if schema_version == self.schema_version:
            return document
        return _defaults(self.entry) | self.upgrade(document)

    def measure(self, name: str) -> Measure:
        """The measure of this name. Raises KeyError."""
        return {each.name: each for each in self.measures}[name]

    def require(self, role: Role, right: Right) -> None:
        """Raise Forbidden unless the role has the right."""
        if not self.allows(role, right):
            raise Forbidden

    def allows(self, role: Role, right: Right) -> bool:
        """Whether the role has the right."""
        if right is Right.TRANSFER and not self.transfers:
            return False
        by_right = {Right.READ: self.readers, Right.WRITE: self.writers, Right.VOID: self.writers | self.voiders}
        return role in by_right.get(right, self.voiders)

    def filter_columns(self, document: Document) -> dict[str, object]:
        """The table's own filter columns as a document tells them, typed for the table; null where it does not."""
        own = {column.name: column for column in self.table.columns if column.name not in COMMON}
        told = self.columns(document)
        return {name: _typed(column, told.get(name)) for name, column in own.items()}

    def sort_value(self, sort: Sort, document: bytes) -> object:
        """What a version is sorted by, as its document says; None where it is its position, which the document does not know."""
        if sort.column.name == "position":
            return None
        return self.filter_columns(msgspec.json.decode(document))[sort.column.name]


@cache
def _defaults(entry: type[msgspec.Struct]) -> dict[str, object]:
    """What a document says of the fields that came after it was recorded."""
    later = (each for each in fields(entry) if not each.required)
    return {
        each.encode_name: each.default if each.default_factory is msgspec.NODEFAULT else each.default_factory()
        for each in later
    }


def _cause(header: Mapping[str, Any]) -> VersionCause:
    """What brought about a version from before its header said so."""
    if header["replayed_at"] is not None:
        return VersionCause.REPLAY
    if header["action"] == Action.TRANSFERRED:
        return VersionCause.TRANSFER
    return VersionCause.API if header["recorded_by"]["id"] else VersionCause.JOB


def _typed(column: Column[Any], value: object) -> object:
    return dt.date.fromisoformat(value) if isinstance(column.type, Date) and isinstance(value, str) else value
