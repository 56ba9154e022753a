"""Bodies: strict JSON first (no duplicate keys, no NaN, no depth over 32, no 65-bit numbers), then the shape."""

import json
import math
from collections.abc import Iterator
from typing import Any

from registry.errors import Fault, Malformed, step_of

DEPTH = 32
INT64 = 2**63


class _Duplicate(ValueError):
    pass


def parse(raw: bytes) -> object:
    """The JSON value of a body. Raises Malformed with every fault that JSON itself has."""
    if not raw.strip():
        raise _malformed("empty", "没有提交内容。", "There is no body.")
    try:
        # Decoded here: given bytes, json would guess at UTF-16 and UTF-32 too.
        tree = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    except _Duplicate as twice:
        name = str(twice).encode("utf-8", "replace").decode()
        raise _malformed("duplicate_key", f"同一项出现两次：{name}", f"This key stands twice: {name}") from None
    except RecursionError:
        raise _malformed("too_deep", f"嵌套超过 {DEPTH} 层。", f"Nested deeper than {DEPTH}.") from None
    except ValueError as fault:
        raise _malformed("not_json", f"不是有效的 JSON：{fault}", f"Not valid JSON: {fault}") from None
    if found := list(_check(tree, "", DEPTH)):
        raise Malformed(faults=found[:100])
    return tree


def _malformed(code: str, zh: str, en: str) -> Malformed:
    return Malformed(faults=[Fault("", code, zh, en)])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise _Duplicate(_first_twice(pairs))
    return result


def _first_twice(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    return name


def _finite(text: str) -> float | int:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number")
    # 3.0 is a whole number to JSON Schema, and so to us.
    return int(number) if number.is_integer() and abs(number) < INT64 else number


def _check(value: object, pointer: str, depth: int) -> Iterator[Fault]:
    if isinstance(value, str):
        if not value.isascii() and not _encodable(value):
            yield Fault(pointer, "surrogate", "含有不成对的代理字符。", "Has an unpaired surrogate.")
    elif isinstance(value, dict):
        yield from _check_items(value.items(), pointer, depth)
    elif isinstance(value, list):
        yield from _check_items(enumerate(value), pointer, depth)
    elif isinstance(value, int) and not -INT64 <= value < INT64:
        yield Fault(pointer, "too_big", "数值超出 64 位整数范围。", "The number does not fit into 64 bits.")


def _check_items(items: Any, pointer: str, depth: int) -> Iterator[Fault]:  # noqa: ANN401 - of a dict or of a list
    if depth == 0:
        yield Fault(pointer, "too_deep", f"嵌套超过 {DEPTH} 层。", f"Nested deeper than {DEPTH}.")
        return
    for key, item in items:
        if isinstance(key, str) and not _encodable(key):
            yield Fault(pointer, "surrogate", "含有不成对的代理字符。", "Has an unpaired surrogate.")
        else:
            yield from _check(item, pointer + step_of(key), depth - 1)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
