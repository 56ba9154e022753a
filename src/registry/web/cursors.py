"""Cursors: where a page ended, and the watermark that all pages of one reading share."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Protocol

import msgspec

from registry.errors import Fault, Refused

UNBOUND = frozenset({"cursor", "limit", "as_of"})
"""Parameters that a cursor is not bound to: the watermark that all pages share stands in the cursor itself, so that an answer
asked for again with it as `as_of` is the same, cursor and all.
"""


class Paged(Protocol):
    """A query that is answered in pages."""

    cursor: str | None

    @property
    def limit(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """The watermark of the first page, and the position (or version number) that the page before ended with."""

    watermark: int
    last: int

    def text(self, query: Paged, path: str) -> str:
        """Opaque to clients; bound to the list and the filters that it was made under."""
        packed = msgspec.json.encode([self.watermark, self.last, _filters(query, path)])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(query: Paged, path: str) -> Cursor | None:
    """The cursor of a request. Raises Refused if it is none of ours, or was made under other filters."""
    if query.cursor is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(query.cursor + "=" * (-len(query.cursor) % 4))
        watermark, last, filters = msgspec.json.decode(packed, type=tuple[int, int, str])
    except (ValueError, msgspec.MsgspecError):
        raise refused_cursor() from None
    if filters != _filters(query, path) or not (0 <= watermark < 2**62 and 0 <= last < 2**62):
        raise refused_cursor()
    return Cursor(watermark, last)


def _filters(query: Paged, path: str) -> str:
    kept = {name: value for name, value in msgspec.to_builtins(query).items() if name not in UNBOUND}
    return hashlib.sha256(msgspec.json.encode([path, kept], order="sorted")).hexdigest()[:12]


def refused_cursor() -> Refused:
    """What to say of a cursor that is none of ours."""
    text = "游标（cursor）无效，或与筛选条件不符。", "Not a cursor of this list with these filters."
    return Refused(faults=[Fault("#cursor", "cursor", *text)])
