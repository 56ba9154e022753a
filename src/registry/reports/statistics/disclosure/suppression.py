"""Which counts of people are shown (小单元格保护): small ones are hidden together with what would give them away.

Pure: it is given the counts of one release after another, as cells (area, dimension, value), and knows their equations: in an
area the values of a dimension add up to the area's total, a value's towns add up to the whole, and some values of different
dimensions always go together. What is shown is decided for
all tables of a release together, on the assumption that the outsider keeps every earlier release and also guesses which counts
have not changed since. A count is then one unknown for as long as it stays the same, over all its releases.

1. Primary: counts of 1 to 4, and counts that differ by 1 to 4 from what they were when last shown.
2. Complementary: a hidden count, or a change of 1 to 4 in one, that the equations of all releases determine is freed by hiding
   the cheapest further cell that frees it. It is exact linear algebra (modulo a prime far above any minor of such a matrix).
   There always is such a cell: if everything that changed is hidden, then what is hidden may have changed by any multiple.
3. What an equation with a shown total says of its hidden parts: they add up to 5 at least, and each primary one could have two values,
   even for somebody who knows that it is from 1 to 4.

What once was hidden stays so while it does not change; zeros are shown. docs/decisions/0012-small-counts.md says what this protects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.reports.statistics.disclosure.interval_audit import SMALLEST, Bounds
from registry.reports.statistics.disclosure.linear_audit import Tableau

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


Value = tuple[str, str]
"""A dimension, and a value of it."""
Twins = tuple[Value, Value]
"""Values that always go together: who was not seen has no risk level."""


class PublishedCell(NamedTuple):
    """One count of the tables: of an area, and of one value of one dimension; both empty for the area's total."""

    area: str
    dimension: str = ""
    value: str = ""


@dataclass(frozen=True)
class Release:
    """What was decided for one release, and what the next one must remember. Arrays go by `cells`."""

    cells: tuple[PublishedCell, ...]
    counts: Ints
    hidden: Mask
    """Not shown in this release."""
    unknown: Mask
    """Of these, what was not shown before either, with the same count."""
    last: Ints
    """The count when it was last shown; 0 for what never was."""
    known: Ints
    """Equations between the unknown counts, one a row: what the outsider knows of them together."""
    watched: Ints
    """Sums of unknown counts that would give away a hidden count or change of an earlier release, one a row."""

    def shown(self) -> dict[PublishedCell, int | None]:
        """The counts as they are published; None for hidden ones."""
        rows = zip(self.cells, self.counts.tolist(), self.hidden.tolist(), strict=True)
        return {cell: None if hidden else count for cell, count, hidden in rows}


def nothing() -> Release:
    """Before the first release: every count is taken for zero."""
    none = np.zeros(0, np.int64)
    return Release((), none, none.astype(bool), none.astype(bool), none, np.zeros((0, 0), np.int64), np.zeros((0, 0), np.int64))  # fmt: skip


def decide(before: Release, counts: Mapping[PublishedCell, int], whole: str, twins: Sequence[Twins] = ()) -> Release:
    """What is shown of these counts after all that was decided before. `whole` is the area that the others add up to."""
    before = _widened(before, tuple(sorted({*complete(counts, whole), *before.cells})))
    cells = before.cells
    now = np.array([counts.get(cell, 0) for cell in cells], np.int64)
    sums = equations(cells, whole, twins)
    primary = _small(now) | _small(now - before.last)
    changed = now != before.counts
    tableau = Tableau(_system(before, now, sums), len(cells), primary | (before.unknown & ~changed))
    complement(tableau, Bounds(sums, now, primary, before.last), changed, _ranks(cells, now, whole))
    last = np.where(tableau.hidden, before.last, now)
    return Release(cells, now, tableau.hidden, tableau.unknown, last, tableau.known(), tableau.watched())


def complement(tableau: Tableau, bounds: Bounds, changed: Mask, ranks: Ints) -> None:
    """Hide further counts until none of the hidden can be worked out, the cheapest first.

    Only what changed can hide something from somebody who guesses what did not; where that is not enough for the bounds, the
    rest has to do.
    """
    while True:
        found = tableau.giving_away()
        linear = found is not None
        if found is None and (found := bounds.giving_away(tableau.hidden)) is None:
            return
        shown = found[~tableau.hidden[found]]
        fresh = shown[changed[shown]]
        chosen = fresh if linear or fresh.size else shown
        # Zeros last. One that opens no other equation stays unknown by itself; any other would need yet another to hide it.
        cell = chosen[np.lexsort((ranks[chosen], tableau.opens(chosen), bounds.counts[chosen] == 0))[0]]
        tableau.hide(int(cell), stale=not changed[cell])


def complete(counts: Mapping[PublishedCell, int], whole: str) -> Iterator[PublishedCell]:
    """Every area with every value."""
    areas = {whole, *(cell.area for cell in counts)}
    values = {("", ""), *((cell.dimension, cell.value) for cell in counts)}
    return (PublishedCell(area, *value) for area in areas for value in values)


def equations(cells: Sequence[PublishedCell], whole: str, twins: Sequence[Twins]) -> Ints:
    """One row a sum: 1 for its parts, -1 for its total; twins are each the other's only part."""
    at = {cell: number for number, cell in enumerate(cells)}
    sums: dict[PublishedCell, list[int]] = {}
    for number, cell in enumerate(cells):
        if cell.dimension:
            sums.setdefault(PublishedCell(cell.area, cell.dimension, "*"), []).append(number)
        if cell.area != whole:
            sums.setdefault(PublishedCell("*", cell.dimension, cell.value), []).append(number)
    pairs = [(at[PublishedCell(area, *a)], [at[PublishedCell(area, *b)]]) for area, a, b in _paired(cells, twins)]
    rows = [(at[_total(key, whole)], parts) for key, parts in sums.items()] + pairs
    found = np.zeros((len(rows), len(cells)), np.int64)
    for row, (total, parts) in enumerate(rows):
        found[row, parts] = 1
        found[row, total] = -1
    return found


def _total(key: PublishedCell, whole: str) -> PublishedCell:
    """The total of a sum over the areas, or over the values, that are a `*`."""
    return PublishedCell(whole, *key[1:]) if key.area == "*" else PublishedCell(key.area)


def _paired(cells: Sequence[PublishedCell], twins: Sequence[Twins]) -> Iterator[tuple[str, Value, Value]]:
    """The twins of each area, as far as anybody was ever counted so."""
    known, areas = {(cell.dimension, cell.value) for cell in cells}, {cell.area for cell in cells}
    both = [(a, b) for a, b in twins if a in known and b in known]
    return ((area, a, b) for area in sorted(areas) for a, b in both)


def _widened(release: Release, cells: tuple[PublishedCell, ...]) -> Release:
    """The same decisions over more cells: what was not there was zero, and shown."""
    at = {cell: number for number, cell in enumerate(cells)}
    places = np.array([at[cell] for cell in release.cells], np.int64)

    def widened(array: NDArray[Any]) -> NDArray[Any]:
        wide = np.zeros((*array.shape[:-1], len(cells)), array.dtype)
        wide[..., places] = array
        return wide

    arrays = (release.counts, release.hidden, release.unknown, release.last, release.known, release.watched)
    return Release(cells, *map(widened, arrays))


def _small(counts: Ints) -> Mask:
    size = np.abs(counts)
    return (size > 0) & (size < SMALLEST)


def _system(before: Release, now: Ints, sums: Ints) -> Ints:
    """All that is known: the sums of this release, what is known of the earlier ones, and as unknowns of their own what is to stay
    unknown of them: counts that have changed since, small changes, and what was watched already.
    """
    gone = np.flatnonzero(before.unknown & (now != before.counts))
    little = gone[_small(now[gone] - before.counts[gone])]
    moved = np.zeros((len(little), len(now)), np.int64)
    old = np.concatenate([before.known, before.watched, moved])
    past = old[:, gone]
    past[-len(little) or len(past) :][np.arange(len(little)), np.searchsorted(gone, little)] = -1
    present = old.copy()
    present[:, gone] = 0
    present[-len(little) or len(old) :][np.arange(len(little)), little] = 1
    own = np.eye(len(old), dtype=np.int64)[:, len(before.known) :]
    return np.concatenate([
        np.concatenate([sums, np.zeros((len(sums), past.shape[1] + own.shape[1]), np.int64)], axis=1),
        np.concatenate([present, past, own], axis=1),
    ])  # fmt: skip


def _ranks(cells: Sequence[PublishedCell], now: Ints, whole: str) -> Ints:
    """How dear each count is, cheapest first: a small part of a small area rather than a total; zeros hide nothing."""
    worth = [
        (not count, not cell.dimension, cell.area == whole, count, cell)
        for cell, count in zip(cells, now.tolist(), strict=True)
    ]
    order = sorted(range(len(cells)), key=worth.__getitem__)
    ranks = np.empty(len(cells), np.int64)
    ranks[order] = np.arange(len(cells))
    return ranks
