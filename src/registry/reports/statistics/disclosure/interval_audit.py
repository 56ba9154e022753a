"""What sums say of their hidden parts without determining them: counts are whole and not below zero, small ones are from 1 to 4."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
SMALLEST = 5
"""The smallest count of people, or change of one, that is shown to those who may not see personal data: a smaller one could tell
who they are; nought is shown."""
ENDLESS = 2**40
"""More people than any count has."""


@dataclass(frozen=True)
class Bounds:
    """The sums of one release (1 for a part, -1 for the total), its counts, which are primary, and what was shown of each last."""

    sums: Ints
    counts: Ints
    primary: Mask
    last: Ints

    def giving_away(self, hidden: Mask) -> Ints | None:
        """The counts of a sum that says too much of its hidden parts, of which one more is to be hidden; None if there is none."""
        for say_too_much in (self._few, self._forced, self._chained):
            for row in np.flatnonzero(say_too_much(hidden)):
                cells = np.flatnonzero(self.sums[row])
                if not hidden[cells].all():
                    return cells
        return None

    def _few(self, hidden: Mask) -> Mask:
        """Sums whose total is shown and whose hidden parts are 1 to 4 together: as good as a small count."""
        together = (self._parts & hidden) @ self.counts
        few: Mask = self._told(hidden) & (together > 0) & (together < SMALLEST)
        return few

    def _forced(self, hidden: Mask) -> Mask:
        """Sums whose total is shown and in which a primary part can have one value only, taken that the primary ones are known to be so."""
        parts = self._parts & hidden
        together = parts @ self.counts
        low, high = self._ranges
        least = np.maximum(low, (together - parts @ high)[:, None] + high)
        most = np.minimum(high, (together - parts @ low)[:, None] + low)
        forced: Mask = self._told(hidden) & (parts & self.primary & (least >= most)).any(axis=1)
        return forced

    def _chained(self, hidden: Mask) -> Mask:
        """Sums of a primary count that all sums together force, as no count is below zero."""
        low, high = np.where(hidden, 0, self.counts), np.where(hidden, ENDLESS, self.counts)
        while True:
            least, most = self._narrowed(low, high)
            if (least == low).all() and (most == high).all():
                break
            low, high = least, most
        forced = self.primary & hidden & (low >= high)
        chained: Mask = (self.sums[:, forced] != 0).any(axis=1)
        return chained

    def _narrowed(self, low: Ints, high: Ints) -> tuple[Ints, Ints]:
        """The ranges after each sum has been looked at once: a part is its total less the other parts, a total its parts."""
        parts, totals = self._parts, self.sums.argmin(axis=1)
        sum_low, sum_high = np.minimum(parts @ low, ENDLESS), np.minimum(parts @ high, ENDLESS)
        least, most = low.copy(), high.copy()
        np.maximum.at(least, totals, sum_low)
        np.minimum.at(most, totals, sum_high)
        bounded = sum_high < ENDLESS
        room = np.where(parts, (high[totals] - sum_low)[:, None] + low, ENDLESS).min(axis=0, initial=ENDLESS)
        need = np.where(parts & bounded[:, None], (low[totals] - sum_high)[:, None] + high, 0).max(axis=0, initial=0)
        return np.maximum(least, need), np.minimum(most, room)

    @cached_property
    def _parts(self) -> Mask:
        return self.sums > 0

    def _told(self, hidden: Mask) -> Mask:
        """Which sums have a total that is shown."""
        told: Mask = ~hidden[self.sums.argmin(axis=1)]
        return told

    @cached_property
    def _ranges(self) -> tuple[Ints, Ints]:
        """From what to what each count is, if it is known to be primary and for which reason."""
        small = self.primary & (self.counts < SMALLEST)
        near = self.primary & ~small
        low = np.where(small, 1, np.where(near, np.maximum(self.last - SMALLEST + 1, 0), 0))
        high = np.where(small, SMALLEST - 1, np.where(near, self.last + SMALLEST - 1, ENDLESS))
        return low, high
