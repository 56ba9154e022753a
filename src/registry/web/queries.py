"""Query parameters as Structs: what is documented is what is taken; anything else is refused."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from registry.core.fields import tidy
from registry.core.validation import faults_of, schema_of
from registry.errors import Fault, Malformed

MAX_FAULTS = 100
INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
Q = TypeVar("Q", bound=msgspec.Struct)


def parse_query(raw: bytes, shape: type[Q]) -> Q:
    """The parameters, typed. Raises Malformed with all that is wrong: unknown ones, missing ones, ones given twice, wrong values.

    Texts are kept as those of bodies are (`tidy`), so that what was posted is found.
    """
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Malformed(
            faults=[Fault("#query", "not_utf8", "查询参数编码有误。", "The query is not valid UTF-8.")]
        ) from None
    kept = [(name, str(tidy(text))) for name, text in pairs]
    # As it was sent, as bodies are; and as it is kept, which may be longer: some characters compose to more than one.
    if faults := list(_faults(pairs, shape)) or list(_faults(kept, shape)):
        raise Malformed(faults=faults[:MAX_FAULTS])
    return msgspec.convert(_tree(kept, shape), shape)


def _faults(pairs: list[tuple[str, str]], shape: type[msgspec.Struct]) -> Iterator[Fault]:
    known, times = _types(shape), Counter(name for name, _ in pairs)
    yield from (_unknown(name, known) for name in times if name not in known)
    yield from (_twice(name) for name, count in times.items() if count > 1 and name in known)
    for fault in faults_of(_tree(pairs, shape), schema_of(shape)):
        if times[fault.pointer[1:]] < 2:  # noqa: PLR2004 - of one given twice, that is told
            yield replace(fault, pointer="#" + fault.pointer[1:])


def _tree(pairs: Iterable[tuple[str, str]], shape: type[msgspec.Struct]) -> dict[str, object]:
    """The parameters as JSON has them."""
    types = _types(shape)
    return {name: _value(text, types[name]) for name, text in pairs if name in types}


def _value(text: str, types: frozenset[str]) -> object:
    """What a text stands for, if it is written as JSON writes it: `5`, not `05`, `5.0` or `1e1`; `true`, not `1`."""
    if "boolean" in types and text in {"true", "false"}:
        return text == "true"
    if "integer" in types and INTEGER.fullmatch(text):
        return int(text)
    return text


@lru_cache(maxsize=256)
def _types(shape: type[msgspec.Struct]) -> dict[str, frozenset[str]]:
    """By parameter, the types that it may have besides text; looked up once, as msgspec makes its schema anew each time."""
    schema = msgspec.json.schema(shape)
    properties: dict[str, Any] = schema["$defs"][shape.__name__]["properties"]
    return {
        name: frozenset(branch.get("type", "") for branch in field.get("anyOf", [field]))
        for name, field in properties.items()
    }


def _unknown(name: str, known: Iterable[str]) -> Fault:
    return Fault(
        f"#{name}", "unknown_parameter", "没有这个查询参数。", "There is no such parameter.", tuple(sorted(known))
    )


def _twice(name: str) -> Fault:
    return Fault(f"#{name}", "repeated_parameter", "查询参数重复。", "This parameter is given twice.")
