"""What a register declares about itself."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import msgspec
from sqlalchemy import Column, Date, Table

from registry.code_lists import Titles
from registry.core.duties import DutyKind
from registry.core.filters import Filters, Sort
from registry.core.measures import Dimension, Measure, PeopleRule
from registry.core.principals import OFFICE, READERS, Role
from registry.core.valid_time import Days, Document
from registry.errors import Forbidden
from registry.ledger.tables import COMMON

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
    readers: frozenset[Role] = READERS
    writers: frozenset[Role] = OFFICE
    voiders: frozenset[Role] = frozenset({Role.SUPERVISOR})
    """Who may void an entry, or transfer one to another office."""
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
        return role in {Right.READ: self.readers, Right.WRITE: self.writers}.get(right, self.voiders)

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


def _typed(column: Column[Any], value: object) -> object:
    return dt.date.fromisoformat(value) if isinstance(column.type, Date) and isinstance(value, str) else value
