"""What a register declares about itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import msgspec
from sqlalchemy import Table

from registry.core.disclosure_menu import Menu
from registry.core.duties import Duty
from registry.core.filters import Filters
from registry.core.measures import Dimension, Measure
from registry.core.principals import OFFICE, READERS, Role
from registry.core.valid_time import Days, Document
from registry.errors import Forbidden

Titles = Mapping[type[StrEnum], Mapping[str, tuple[str, str]]]
"""The Chinese and the English title of every value of every code list."""

Groups = tuple[tuple[str, str, tuple[str, ...]], ...]
"""The groups of a form, in order: Chinese title, English title, the fields in order."""


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


def _nothing(_document: Document) -> dict[str, Any]:
    return {}


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
    filters: Filters | None = None
    """Of its list; None where the list has parameters of its own that no other reader asks by (alerts)."""
    readers: frozenset[Role] = READERS
    writers: frozenset[Role] = OFFICE
    voiders: frozenset[Role] = frozenset({Role.SUPERVISOR})
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
    copied: Callable[[Document], Mapping[str, Any]] = _nothing
    """The columns that are named otherwise in a document than in the table, from a document: so that statistics and filters
    can ask for them."""
    days: Days = field(default=Days())
    """By which of its own dates it is asked with `on=`."""
    menu: Menu | None = None
    """Of people: what is published of its counts."""
    duties: tuple[Duty, ...] = ()
    """What its entries owe, and by when."""
    rules: tuple[str, ...] = ()
    """The sources of the rules that it applies, in Chinese: what a bundle of evidence names."""
    titles: Titles = field(default_factory=dict)
    """Of the code lists in its shapes."""
    choices: Mapping[str, Mapping[str, tuple[str, str]]] = field(default_factory=dict)
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
    def list_filters(self) -> Filters:
        """The filters of its list, for what is counted by them. Raises TypeError where there are none."""
        if self.filters is None:
            raise TypeError(f"{self.name} is not asked for by filters")
        return self.filters

    def measure(self, name: str) -> Measure:
        """The measure of this name. Raises KeyError."""
        return {each.name: each for each in self.measures}[name]

    def require(self, role: Role, right: Right) -> None:
        """Raise Forbidden unless the role has the right."""
        allowed = {Right.READ: self.readers, Right.WRITE: self.writers}.get(right, self.voiders)
        if role not in allowed:
            raise Forbidden
