"""Query parameters as Structs: what is documented is what is taken; anything else is refused."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import fields

from registry.errors import Fault, Malformed

MAX_FAULTS = 100
Q = TypeVar("Q", bound=msgspec.Struct)


CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def parse_query(raw: bytes, shape: type[Q]) -> Q:
    """The parameters, typed. Raises Malformed for unknown ones, missing ones, ones given twice, and wrong values."""
    if not raw and not _required(shape):
        return shape()
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Malformed(
            faults=[Fault("#query", "not_utf8", "查询参数编码有误。", "The query is not valid UTF-8.")]
        ) from None
    names = _names(shape)
    times = Counter(name for name, _ in pairs)
    faults = [_unknown(name, names) for name in times if name not in names][:MAX_FAULTS]
    faults += [_twice(name) for name, count in times.items() if count > 1 and name in names]
    faults += [_missing(name) for name in sorted(_required(shape) - times.keys())]
    if faults:
        raise Malformed(faults=faults)
    try:
        query = msgspec.convert(dict(pairs), shape, strict=False)
    except msgspec.ValidationError as fault:
        name = str(fault).rpartition("$.")[2].rstrip("`") or "query"
        raise Malformed(faults=[_wrong(name, str(fault).partition(" - ")[0])]) from None
    if lax := [
        _wrong(name, f"{value!r} will not do")
        for name, value in pairs
        if not _is_written(getattr(query, names[name]), value)
    ]:
        raise Malformed(faults=lax)
    return query


@lru_cache(maxsize=256)
def _names(shape: type[msgspec.Struct]) -> dict[str, str]:
    """The fields by the names of their parameters; looked up once, as msgspec makes them anew each time."""
    return {field.encode_name: field.name for field in fields(shape)}


@lru_cache(maxsize=256)
def _required(shape: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in fields(shape) if field.required)


def _is_written(value: object, text: str) -> bool:
    """Whether the text is the value as it is written: msgspec also takes `null`, `1e1`, `05`, and `1` for true. Texts may hold what
    they may hold in a body: wide blanks are common in titles, control characters are refused.
    """
    if value is None or CONTROLS.search(text):
        return False
    if isinstance(value, bool):
        return text in {"true", "false"}
    return not isinstance(value, int) or str(value) == text


def _wrong(name: str, text: str) -> Fault:
    return Fault(f"#{name}", "parameter", f"查询参数 {name} 有误:{text}", text)


def _unknown(name: str, known: Iterable[str]) -> Fault:
    return Fault(
        f"#{name}", "unknown_parameter", "没有这个查询参数。", "There is no such parameter.", tuple(sorted(known))
    )


def _missing(name: str) -> Fault:
    return Fault(f"#{name}", "required", "缺少这个查询参数。", "This parameter is required.")


def _twice(name: str) -> Fault:
    return Fault(f"#{name}", "repeated_parameter", "查询参数重复。", "This parameter is given twice.")
