"""Cursors: where a page ended, and the watermark that all pages of one reading share."""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from msgspec.structs import fields

from registry.errors import Fault, Refused

UNBOUND = frozenset({"cursor", "limit", "as_of", "fields"})
"""Parameters that a cursor is not bound to: the watermark that all pages share stands in the cursor itself, so that an answer
asked for again with it as `as_of` is the same, cursor and all.
"""


class Paged(Protocol):
    """A query that is answered in pages."""

    cursor: str | None

    @property
    def limit(self) -> int: ...


Value = str | int | None
"""What a row is sorted by: a text, a number, a date as text."""


Place = int | tuple[int, Value]
"""What a cursor may go on from: a position or version number, and what the row is sorted by where that is something else."""


class _Packed(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    watermark: int
    last: int
    filters: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The watermark of the first page, and the position (or version number) that the page before ended with."""

    watermark: int
    last: int
    value: Value = None
    """What the last row is sorted by, where that is not its position."""

    def text(self, query: Paged, path: str) -> str:
        """Opaque to clients; bound to the list and the filters that it was made under."""
        ends = [] if self.value is None else [self.value]
        packed = msgspec.json.encode([self.watermark, self.last, _filters(query, path), *ends])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(query: Paged, path: str) -> Cursor | None:
    """The cursor of a request. Raises Refused if it is none of ours, or was made under other filters."""
    if query.cursor is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(query.cursor + "=" * (-len(query.cursor) % 4))
        read = msgspec.json.decode(packed, type=_Packed)
    except (ValueError, msgspec.MsgspecError):
        raise refused_cursor() from None
    if read.filters != _filters(query, path) or not (0 <= read.watermark < 2**62 and 0 <= read.last < 2**62):
        raise refused_cursor()
    return Cursor(read.watermark, read.last, read.value)


def _filters(query: Paged, path: str) -> str:
    # What says nothing is left out, so that a cursor outlives a new parameter.
    usual = _defaults(type(query))
    kept = {name: value for name, value in msgspec.to_builtins(query).items() if value != usual[name]}
    for name in UNBOUND:
        kept.pop(name, None)
    return hashlib.sha256(msgspec.json.encode([path, kept], order="sorted")).hexdigest()[:12]


@lru_cache(maxsize=256)
def _defaults(shape: type[Any]) -> dict[str, object]:
    return {field.encode_name: field.default for field in fields(shape)}


def written(value: object) -> Value:
    """A column's value, as a cursor holds it."""
    return value if isinstance(value, str | int) or value is None else str(value)


def refused_cursor() -> Refused:
    """What to say of a cursor that is none of ours."""
    text = "游标（cursor）无效，或与筛选条件不符。", "Not a cursor of this list with these filters."
    return Refused(faults=[Fault("#cursor", "cursor", *text)])
