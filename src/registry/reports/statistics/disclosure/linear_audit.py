"""Which unknowns do the equations determine? Exact elimination, one unknown more at a time.

Numbers are kept modulo a prime: exact as fractions are, and as fast as numpy. Only a minor of the matrix that is a multiple of the prime
could mislead; the matrices are of zeros and ones with a few signs, whose minors stay far below it.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
PRIME = 2**31 - 1
"""Products of two numbers below it fit 64 bits."""


class Tableau:
    """Equations (rows, all equal to something known) in reduced echelon form over the unknown columns.

    The first `cells` columns are counts, unknown or not; the others are unknown, and solved for first, so that the rows solved for
    a count tell of counts alone.
    """

    def __init__(self, rows: Ints, cells: int, unknown: Mask) -> None:
        self.cells = cells
        self._rows = rows % PRIME
        self._unknown = np.concatenate([unknown, np.ones(rows.shape[1] - cells, bool)])
        self._stale = np.zeros(cells, bool)
        self._pivots = np.full(len(rows), -1)
        for column in (*range(cells, rows.shape[1]), *np.flatnonzero(unknown)):
            self._solve_for(int(column))

    @property
    def unknown(self) -> Mask:
        """The counts that are not known."""
        return self._unknown[: self.cells].copy()

    @property
    def hidden(self) -> Mask:
        """The counts that are not shown: the unknown ones, and those hidden although they were shown before."""
        return self.unknown | self._stale

    def hide(self, cell: int, *, stale: bool = False) -> None:
        """Show a count no more; where it is stale (known from before) this changes nothing of what the equations determine."""
        if stale:
            self._stale[cell] = True
            return
        self._unknown[cell] = True
        self._solve_for(cell)

    def giving_away(self) -> NDArray[np.int64] | None:
        """The counts of a row that determines an unknown; None if there is no such row. To hide one of them frees it."""
        alone = np.count_nonzero(self._rows[:, self._unknown], axis=1) == 1
        found = np.flatnonzero(alone & (self._pivots >= 0))
        return np.flatnonzero(self._rows[found[0], : self.cells]) if found.size else None

    def opens(self, cells: Ints) -> Mask:
        """Whether to hide each of these counts would open an equation that so far is between shown ones."""
        opened: Mask = (self._rows[np.ix_(self._pivots < 0, cells)] != 0).any(axis=0)
        return opened

    def known(self) -> Ints:
        """The equations between unknown counts alone."""
        return self._over_counts((self._pivots >= 0) & (self._pivots < self.cells))

    def watched(self) -> Ints:
        """The sums of unknown counts that each determine one of the other columns, every one once.

        A column that also depends on another one that is not solved for stays free whatever becomes known of the counts.
        """
        solved = self._pivots >= self.cells
        others = np.count_nonzero(self._rows[:, self.cells :], axis=1) == 1
        rows = self._over_counts(solved & others)
        rows = rows[rows.any(axis=1)]
        first = rows[np.arange(len(rows)), (rows != 0).argmax(axis=1)]
        scaled = rows * np.array([pow(int(number), -1, PRIME) for number in first], np.int64)[:, None] % PRIME
        return np.unique(scaled, axis=0)

    def _over_counts(self, rows: Mask) -> Ints:
        return np.where(self._unknown[: self.cells], self._rows[rows, : self.cells], 0)

    def _solve_for(self, column: int) -> None:
        """Solve an equation for the column that is solved for none yet, and put it into the others."""
        found = np.flatnonzero((self._rows[:, column] != 0) & (self._pivots < 0))
        if not found.size:
            return
        pivot = found[0]
        row = self._rows[pivot] * pow(int(self._rows[pivot, column]), -1, PRIME) % PRIME
        self._rows[pivot] = row
        self._pivots[pivot] = column
        rest = np.flatnonzero(self._rows[:, column])
        rest, where = rest[rest != pivot], np.flatnonzero(row)
        block = np.ix_(rest, where)
        self._rows[block] = (self._rows[block] - self._rows[rest, column][:, None] * row[where]) % PRIME
