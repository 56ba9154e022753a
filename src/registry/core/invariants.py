"""What must hold between the entries of a case, whichever of them is written: declarations, and the one check of them all.

Every write of an entry of a case (new, changed, corrected, moved, transferred, voided) is checked against all rules of the case
as it would be. Refused is what the write would break; what an older version of the registry let in stays, and can be put right.
Public texts (titles, labels of parties, reasons) are shown to every reader and name nobody of their case (精神卫生法 §4(3), 个人信息保护法 §28).
"""

import datetime as dt
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import msgspec
from msgspec.inspect import DateType, ListType, Metadata, StructType, Type, UnionType, type_info

from registry.core.fields import ERASED, Path, personal_paths, personal_values, public_names, values_at
from registry.core.register import Register
from registry.core.schemas import Reason
from registry.core.valid_time import Document
from registry.errors import Fault


@dataclass(frozen=True, slots=True)
class EntryField:
    """A field of an entry, by JSON Pointer; of the entry as a whole where that is empty."""

    register: str
    entry_id: str
    pointer: str


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that does not hold: between which places, and what to tell of it in Chinese and English."""

    code: str
    zh: str
    en: str
    places: tuple[EntryField, ...]

    @property
    def key(self) -> tuple[str, tuple[EntryField, ...]]:
        """The same rule broken at the same places, whatever the values."""
        return self.code, self.places

    def fault(self, written: Collection[tuple[str, str]]) -> Fault:
        """Told at the first of its places that was written; where none was, at the whole."""
        mine = (place.pointer for place in self.places if (place.register, place.entry_id) in written)
        return Fault(next(mine, ""), self.code, self.zh, self.en)


@dataclass(frozen=True)
class CaseState:
    """The entries of a case that stand: the case itself (None: voided) and what belongs to it, by register."""

    head: Document | None
    parts: Mapping[str, list[Document]]

    def entries(self, register: str) -> list[Document]:
        """The entries of a register; the case itself for its own."""
        if register in self.parts:
            return self.parts[register]
        return [self.head] if self.head is not None else []


@dataclass(frozen=True)
class Invariant:
    """A rule between fields of entries of a case."""

    reads: frozenset[str]
    """The fields that it looks at: `agreements/signed_on`, `disputes/moves/*/on`."""
    broken: Callable[[CaseState], Iterable[BrokenRule]]


@dataclass(frozen=True)
class CaseRules:
    """The registers of a case, and what must hold between their entries."""

    head: Register
    parts: tuple[Register, ...]
    invariants: tuple[Invariant, ...]

    def broken(self, state: CaseState) -> Iterator[BrokenRule]:
        """All that does not hold."""
        if state.head is None:
            yield from self._orphans(state)
            return
        for invariant in self.invariants:
            yield from invariant.broken(state)

    def faults(self, before: CaseState, after: CaseState, written: Collection[tuple[str, str]]) -> list[Fault]:
        """What a write breaks that held before it."""
        found = list(self.broken(after))
        known = {each.key for each in self.broken(before)} if found else set()
        return [each.fault(written) for each in found if each.key not in known]

    def _orphans(self, state: CaseState) -> Iterator[BrokenRule]:
        """Entries that belong to a case that was voided."""
        counts = [(register, len(state.parts[register.name])) for register in self.parts]
        told = [(register, count) for register, count in counts if count]
        if told:
            zh = "、".join(f"{register.title} {count} 条" for register, count in told)
            en = ", ".join(f"{count} of {register.name}" for register, count in told)
            yield BrokenRule(
                "has_children",
                f"名下还有{zh}，请先作废，或以 children: true 一并作废。",
                f"Entries belong to it ({en}): void them first, or with it by children: true.",
                (EntryField(self.head.name, "", ""),),
            )


@dataclass(frozen=True)
class Rulebook:
    """What all writes of a county are held to."""

    registers: Mapping[str, Register]
    cases: Mapping[str, CaseRules]
    """By the name of the case's own register."""
    earliest: dt.date
    """No event lies before it."""


LONGEST_LIFE = 130
"""Years: nobody was born before."""


def too_early(register: Register, document: Document, earliest: dt.date, today: dt.date) -> Iterator[Fault]:
    """The dates of an entry that lie before any event that it could tell of, or before anybody alive was born."""
    born = today.replace(year=today.year - LONGEST_LIFE, day=1)
    for path, personal in date_paths(register.shape):
        bound = born if personal else earliest
        for pointer, value in values_at(document, path):
            if isinstance(value, str) and value[:1].isdigit() and value < bound.isoformat():
                yield Fault(pointer, "too_early", f"不得早于{bound}。", f"Must not be before {bound}.")


@cache
def date_paths(shape: type[msgspec.Struct]) -> tuple[tuple[Path, bool], ...]:
    """Where a shape has dates, and whether each is somebody's birth date."""
    return tuple(_dates(type_info(shape), (), personal=False))


def _dates(node: Type, path: Path, *, personal: bool) -> Iterator[tuple[Path, bool]]:
    match node:
        case Metadata(type=inner, extra_json_schema=extra):
            yield from _dates(inner, path, personal=personal or bool(extra and "x-personal" in extra))
        case DateType():
            yield path, personal
        case UnionType(types=types):
            for each in types:
                yield from _dates(each, path, personal=personal)
        case ListType(item_type=item):
            yield from _dates(item, (*path, "*"), personal=personal)
        case StructType(fields=fields):
            for field in fields:
                yield from _dates(field.type, (*path, field.encode_name), personal=personal)
        case _:
            return


def order(earlier: str, later: str, code: str, zh: str, en: str) -> Invariant:
    """That no date of one field lies before any date of another; an entry's own body is held to it too."""
    first, second = _split(earlier), _split(later)

    def broken(state: CaseState) -> Iterator[BrokenRule]:
        starts = list(_values(state, *first))
        for place, day in _values(state, *second):
            for start, since in starts:
                if day < since:
                    yield BrokenRule(
                        code, zh.format(since=since, day=day), en.format(since=since, day=day), (place, start)
                    )

    return Invariant(frozenset({earlier, later}), broken)


def _split(field: str) -> tuple[str, tuple[str, ...]]:
    register, _, path = field.partition("/")
    return register, tuple(path.split("/"))


def _values(state: CaseState, register: str, path: tuple[str, ...]) -> Iterator[tuple[EntryField, str]]:
    for entry in state.entries(register):
        for pointer, value in values_at(entry, path):
            if isinstance(value, str) and value[:1].isdigit():  # neither a mask nor what an erasure left
                yield EntryField(register, entry["id"], pointer), value


Documents = Sequence[tuple[Register, dict[str, Any]]]

SAID = (
    "公开文字中不能出现本案人员的姓名（{name}）；请写“镇村＋类型”，如“某镇某村林地纠纷”，当事方写甲方、乙方。",
    "A public text must not hold the name of somebody of the case; write place and kind, and party A or B.",
)
SAID_BESIDE = (
    "该姓名出现在本案的公开文字中，请先更正该处（如名称、当事方）。",
    "This name stands in a public text of the case; correct that first.",
)


def naming(
    register: Register, sent: dict[str, Any], kept: dict[str, Any], beside: Documents = (), reason: Reason | None = None
) -> Iterator[Fault]:
    """The faults of a document about to be written. What stood before is told no more: a change of something else goes on."""
    names, old = person_names(sent, register.shape), person_names(kept, register.shape)
    others = {name for each, document in beside for name in person_names(document, each.shape)}
    before = {(text, name) for _, text, name in texts_naming(kept, register.shape, {*old, *others})}
    for pointer, text, name in texts_naming(sent, register.shape, {*names, *others}):
        if (text, name) not in before:
            yield Fault(pointer, "names_person", SAID[0].format(name=name), SAID[1])
    yield from _named_beside({name: at for name, at in names.items() if name not in old}, beside)
    if reason is not None:
        yield from named_in({"/reason/text": reason.text}, {**names, **old, **dict.fromkeys(others, "")})


def named_in(texts: Mapping[str, str], names: Iterable[str]) -> Iterator[Fault]:
    """The faults of public texts, by JSON Pointer, that hold one of these names."""
    for pointer, text in texts.items():
        found = next((name for name in names if _bare(name) in _bare(text)), None)
        if found is not None:
            yield Fault(pointer, "names_person", SAID[0].format(name=found), SAID[1])


def _named_beside(new: dict[str, str], beside: Documents) -> Iterator[Fault]:
    """The faults of names that stand in public texts of the case, by where the names stand."""
    found = {name for each, document in beside for _, _, name in texts_naming(_sent(each, document), each.shape, new)}
    yield from (Fault(new[name], "names_person", *SAID_BESIDE) for name in sorted(found))


def _sent(register: Register, document: dict[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in register.shape.__struct_fields__ if name in document}


def person_names(document: object, shape: type[msgspec.Struct]) -> dict[str, str]:
    """The names of persons in a document, of two characters and more, with where each stands; masks are none."""
    found = (pair for path, kind in personal_paths(shape) if kind == "name" for pair in personal_values(document, path))
    return {name: pointer for pointer, name in found if len(name) > 1 and "*" not in name and name != ERASED}


def texts_naming(document: object, shape: type[msgspec.Struct], names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """The public texts of a document that hold one of these names: (JSON Pointer, text, name). Names of places and organisations
    may (`x-names`): a village may be called as somebody is.
    """
    paths = [*(path for path, _ in personal_paths(shape)), *(path for path, _ in public_names(shape))]
    skipped = {pointer for path in paths for pointer, _ in values_at(document, path)}
    for pointer, text in _texts(document, ""):
        if pointer not in skipped:
            yield from ((pointer, text, name) for name in names if _bare(name) in _bare(text))


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    """The letters and digits of a text: blanks, dots and marks between them hide no name."""
    return "".join(each for each in unicodedata.normalize("NFKC", text) if each.isalnum())


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if not value.isascii() or " " in value:  # neither a code, a date nor an id
            yield pointer, value
    elif isinstance(value, list | dict):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(item, f"{pointer}/{step}")
