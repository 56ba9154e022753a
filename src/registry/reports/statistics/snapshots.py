"""What stood at a watermark, in memory, and is kept for the next question as of it: facts of just these versions.

Most questions are as of the newest watermark or the last release, so few are kept. What stands of a register changes with its own
versions only: writes to others change nothing, and after a few of its own what stood before them is moved on. A column is made when
it is first asked for. The rows go by their cases, so that whoever counts different cases finds what is of one together.
"""

from collections.abc import Mapping

import numpy as np

from registry.core.scope import NEVER
from registry.reports.statistics.columns import Array, Facts
from registry.reports.statistics.row_filters import standing_mask

KEPT = 3
"""Of a register."""
FEW = 10_000
"""So many versions later what stood is not picked out anew, but changed."""


class _Columns(dict[str, Array]):
    """The columns of some rows, made when they are first asked for."""

    def __init__(self, whole: Mapping[str, Array], rows: Array) -> None:
        super().__init__()
        self.whole = whole
        self.rows = rows

    def __missing__(self, name: str) -> Array:
        array = self[name] = self.whole[name][self.rows]
        return array


def standing_at(facts: Facts, watermark: int) -> Facts:
    """The facts of what stood at a watermark."""
    moments, versions = facts.moments, int(np.searchsorted(facts.position, watermark))
    with moments.lock:
        found = moments.kept.pop(versions, None)
        if found is None:
            since = max((each for each in moments.kept if versions - FEW < each < versions), default=None)
            columns = _picked(facts, watermark) if since is None else _moved_on(facts, watermark, since, versions)
            found = _standing(facts, watermark, columns)
        moments.kept[versions] = found  # the last one to go
        while len(moments.kept) > KEPT:
            del moments.kept[next(iter(moments.kept))]
    return found


def _standing(facts: Facts, watermark: int, columns: _Columns) -> Facts:
    position, ended, voided = (
        np.broadcast_to(np.int64(each), len(columns.rows)) for each in (0, NEVER, 0)
    )  # says no more
    known = facts.book, facts.table, watermark, facts.stamp
    return Facts(*known, position, ended, voided, columns, facts.words)


def _picked(facts: Facts, watermark: int) -> _Columns:
    rows = np.flatnonzero(standing_mask(facts, watermark))
    return _Columns(facts.columns, rows[ascending(facts.columns["case_id"][rows])].astype(np.uint32))


def _moved_on(facts: Facts, watermark: int, since: int, versions: int) -> _Columns:
    """What stood when there had been fewer versions, without what ended since and with what came: in its place, else at the end."""
    before = facts.moments.kept[since].columns
    assert isinstance(before, _Columns)  # noqa: S101 - what is kept was made here
    come = np.flatnonzero((facts.ended[since:versions] >= watermark) & (facts.voided[since:versions] == 0)) + since
    gone = np.flatnonzero(facts.ended[before.rows] < watermark)
    size = len(before.rows) + len(come) - len(gone)
    filled, last = gone[gone < size], np.setdiff1d(np.arange(size, len(before.rows) + len(come)), gone)

    def moved(array: Array, more: Array) -> Array:
        both = np.concatenate([array, more])
        both[filled] = both[last]
        return both[:size]

    columns = _Columns(facts.columns, moved(before.rows, come.astype(np.uint32)))
    for name, array in list(before.items()):
        columns[name] = moved(array, facts.columns[name][come])
    return columns


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
