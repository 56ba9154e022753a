"""What stood at a watermark, in memory, and is kept for the next question as of it: facts of just these versions.

Most questions are as of the newest watermark or the last release, so few are kept. A column is made when it is first asked for.
The rows go by their cases, so that whoever counts different cases finds what is of one together.
"""

from collections.abc import Mapping

import numpy as np

from registry.access.clauses import NEVER
from registry.access.facts import Array, Facts
from registry.access.masks import standing_mask

KEPT = 3
"""Watermarks of a register."""


class _Columns(dict[str, Array]):
    """The columns of some rows, made when they are first asked for."""

    def __init__(self, whole: Mapping[str, Array], rows: Array) -> None:
        super().__init__()
        self._whole = whole
        self._rows = rows

    def __missing__(self, name: str) -> Array:
        array = self[name] = self._whole[name][self._rows]
        return array


def standing_at(facts: Facts, watermark: int) -> Facts:
    """The facts of what stood at a watermark."""
    moments = facts.moments
    with moments.lock:
        found = moments.kept.pop(watermark, None)
        if found is None:
            found = _standing(facts, watermark)
        moments.kept[watermark] = found  # the last one to go
        while len(moments.kept) > KEPT:
            del moments.kept[next(iter(moments.kept))]
    return found


def _standing(facts: Facts, watermark: int) -> Facts:
    rows = np.flatnonzero(standing_mask(facts, watermark))
    rows = rows[ascending(facts.columns["case_id"][rows])].astype(np.uint32)
    columns = _Columns(facts.columns, rows)
    position, ended, voided = (np.broadcast_to(np.int64(each), len(rows)) for each in (0, NEVER, 0))  # says no more
    known = facts.book, facts.table, watermark, facts.stamp
    return Facts(*known, position, ended, voided, columns, facts.words)


def ascending(numbers: Array, order: Array | None = None) -> Array:
    """The places of whole numbers from low to high, alike ones in the given order.

    By 16 bits at a time, which are sorted by counting; not at all where they are in order.
    """
    found = np.arange(len(numbers)) if order is None else order
    for shift in range(0, max(int(numbers.max(initial=0)).bit_length(), 1), 16):
        digits = (numbers >> numbers.dtype.type(shift)).astype(np.uint16)[found]
        if not (digits[1:] >= digits[:-1]).all():
            found = found[np.argsort(digits, kind="stable")]
    return found
