"""That public texts name nobody of their case: titles, labels of parties, reasons are shown to every reader (精神卫生法 §4(3), 个人信息保护法 §28)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from registry.core.fields import ERASED, personal_paths, personal_values, public_names, values_at
from registry.core.register import Register
from registry.core.schemas import Reason
from registry.errors import Fault

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
    for name in (*names, *old):
        if reason is not None and name in reason.text:
            yield Fault("/reason/text", "names_person", SAID[0].format(name=name), SAID[1])
            return


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
            yield from ((pointer, text, name) for name in names if name in text)


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, list | dict):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(item, f"{pointer}/{step}")
