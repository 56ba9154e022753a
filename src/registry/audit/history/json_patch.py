"""What changed between two documents: a JSON Patch (RFC 6902), each step with the field's title in Chinese."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType
from msgspec.inspect import ListType, Metadata, StructType, Type, UnionType, type_info

from registry.core.fields import Path
from registry.errors import step_of
from registry.ledger.versions import encode

Titles = dict[Path, str]


class Operation(msgspec.Struct, kw_only=True):
    """A step of a JSON Patch (RFC 6902); `title` and `before` are members that whoever applies it passes over."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: Annotated[Raw | UnsetType, Meta(description="Any JSON; not there in `remove`.")] = UNSET
    title: Annotated[str, Meta(description="The field, in Chinese.")]
    before: Annotated[Raw | UnsetType, Meta(description="What stood there; not there in `add`.")] = UNSET


def operations(before: dict[str, Any], after: dict[str, Any], titles: Titles) -> list[Operation]:
    """The patch that makes the one document into the other."""
    return [
        Operation(op=op, path=at, value=_raw(new), title=title_of(titles, at), before=_raw(old))
        for op, at, old, new in _steps(before, after, "")
    ]


Step = tuple[Literal["add", "remove", "replace"], str, object, object]


def _steps(before: object, after: object, at: str) -> Iterator[Step]:
    """Member by member; lists item by item if they are of one length, else as a whole."""
    match before, after:
        case dict(), dict():
            for name in sorted(before.keys() | after.keys()):
                yield from _member(before, after, name, at + step_of(name))
        case list(), list() if len(before) == len(after):
            for index, (old, new) in enumerate(zip(before, after, strict=True)):
                yield from _steps(old, new, f"{at}/{index}")
        case _ if type(before) is not type(after) or before != after:
            yield "replace", at, before, after


def _member(before: dict[str, object], after: dict[str, object], name: str, at: str) -> Iterator[Step]:
    if name not in after:
        yield "remove", at, before[name], UNSET
    elif name not in before:
        yield "add", at, UNSET, after[name]
    else:
        yield from _steps(before[name], after[name], at)


def _raw(value: object) -> Raw | UnsetType:
    return UNSET if value is UNSET else Raw(encode(value))


@lru_cache(maxsize=256)
def titles_of(shape: type[msgspec.Struct]) -> Titles:
    """The Chinese titles of a shape's fields by their path, found from the types. A field without one has that of the field
    around it.
    """
    return dict(_titles(type_info(shape), (), None))


def title_of(titles: Titles, pointer: str) -> str:
    """The title of the field at a JSON Pointer; the field's name, where the shape has none (any more)."""
    steps = pointer.split("/")[1:]
    path = tuple("*" if step.isdigit() else step for step in steps)
    while path and path not in titles:
        path = path[:-1]
    return titles[path] if path else steps[0] if steps else ""


def _titles(node: Type, path: Path, around: str | None) -> Iterator[tuple[Path, str]]:
    match node:
        case Metadata(type=inner):
            yield from _titles(inner, path, around)
        case UnionType(types=types):
            for each in types:
                yield from _titles(each, path, around)
        case ListType(item_type=item):
            yield from _titles(item, (*path, "*"), _title(item) or around)
        case StructType(fields=fields):
            for field in fields:
                here, title = (*path, field.encode_name), _title(field.type) or around
                yield here, title or field.encode_name
                yield from _titles(field.type, here, title)


def _title(node: Type) -> str | None:
    """The title that a field's type gives it: its own, or that of the one thing it may be besides null."""
    match node:
        case Metadata(type=inner, extra_json_schema=extra):
            return (extra or {}).get("title") or _title(inner)
        case UnionType(types=types):
            return next(filter(None, map(_title, types)), None)
        case _:
            return None
