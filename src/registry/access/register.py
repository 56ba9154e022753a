"""What a register declares about itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Table

from registry.access.days import Days
from registry.access.principals import OFFICE, READERS, Role
from registry.errors import Forbidden


class Right(StrEnum):
    """What a caller wants with a register."""

    READ = "read"
    WRITE = "write"
    VOID = "void"
    TRANSFER = "transfer"


RegisterName = Literal[
    "divisions", "grid-staff", "disputes", "proceedings", "mediation-sessions", "agreements", "return-visits", "patients",
    "visits", "campaigns", "gatherings", "sheds",
]  # fmt: skip
"""The names of all registers, for the published document; a test holds it to the list in `app`."""


@dataclass(frozen=True)
class Measure:
    """A total that the bulletin gives: its name, Chinese title and unit, and what is added up."""

    name: str
    title: str
    unit: str
    total: ColumnElement[int]
    """The aggregate: a count or a sum."""
    dated: ColumnElement[object] | None = None
    """The date that decides whether an entry is in the period; None for what stands at the end of it."""
    since: ColumnElement[object] | None = None
    until: ColumnElement[object] | None = None
    """Of what stands: from which day to before which."""
    where: tuple[ColumnElement[bool], ...] = ()
    sensitive: bool = False
    """Of people: counts under five are not shown to those who may not see personal data."""


@dataclass(frozen=True)
class Register:
    """A book of one kind of entry."""

    name: str
    """Plural, as in the path and the log: `mediation-sessions`."""
    title: str
    """In Chinese, as on the office's own ledger (台账)."""
    table: Table
    shape: type[msgspec.Struct]
    """What is sent."""
    entry: type[msgspec.Struct]
    """What is answered."""
    readers: frozenset[Role] = READERS
    writers: frozenset[Role] = OFFICE
    voiders: frozenset[Role] = frozenset({Role.SUPERVISOR})
    cases: str = ""
    """The register of the cases that its entries belong to and that may be opened to another town: disputes or patients."""
    open: bool = False
    """Whether every reader may see every entry (divisions); else only those of their own divisions."""
    needs_purpose: bool = False
    """Whether personal data is shown in plain only to those who say what for (精神卫生法 §4(3): confidential)."""
    measures: tuple[Measure, ...] = field(default=())
    days: Days = field(default=Days())
    """By which of its own dates it is asked with `on=`."""
    rules: tuple[str, ...] = ()
    """The sources of the rules that it applies, in Chinese: what a bundle of evidence names."""

    @property
    def case_kind(self) -> str:
        """The register of the case that an entry belongs to; where there are no cases, its own."""
        return self.cases or self.name

    def require(self, role: Role, right: Right) -> None:
        """Raise Forbidden unless the role has the right."""
        allowed = {Right.READ: self.readers, Right.WRITE: self.writers}.get(right, self.voiders)
        if role not in allowed:
            raise Forbidden


def measures_of(registers: Iterable[Register]) -> list[tuple[Register, Measure]]:
    """All measures, in the order of the registers."""
    return [(register, measure) for register in registers for measure in register.measures]
