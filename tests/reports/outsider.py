"""An outsider who keeps every table of every release, guesses which counts stayed the same, and solves for the hidden ones.

Written without anything of `reports.guard`: fractions instead of a prime, all releases in one system instead of one by one, and
all registers, whose dimensions are named `visits/month` and whose totals `visits/`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

Cell = tuple[str, str, str]
Counts = Mapping[Cell, int]
Shown = Mapping[Cell, int | None]
Sum = tuple[Cell, list[Cell]]
Twins = Sequence[tuple[tuple[str, str], tuple[str, str]]]
"""Values of dimensions that always go together."""
Unknown = tuple[Cell, int]
"""A count, and since which release it has been the same."""
ENDLESS = 10**9


def sums(cells: Iterable[Cell], whole: str, twins: Twins = ()) -> list[Sum]:
    """The totals of the tables, each with its parts, and the counts that are always the same as another."""
    parts: dict[Cell, list[Cell]] = {}
    known = set(cells)
    for area, dimension, value in sorted(known):
        if dimension.rpartition("/")[2]:
            parts.setdefault((area, dimension, "sum"), []).append((area, dimension, value))
        if area != whole:
            parts.setdefault((whole, dimension, value), []).append((area, dimension, value))
    found = [((t[0], "".join(t[1].rpartition("/")[:2]), "") if t[2] == "sum" else t, p) for t, p in parts.items()]
    same = [((area, *a), [(area, *b)]) for area in {area for area, *_ in known} for a, b in twins]
    return found + [(a, b) for a, b in same if {a, *b} <= known]


def leaks(counts: Sequence[Counts], shown: Sequence[Shown], whole: str, twins: Twins = ()) -> list[str]:
    """Everything that the outsider finds out and should not."""
    found = [*_small(shown), *_solved(counts, shown, whole, twins)]
    last: dict[Cell, int] = {}
    for number, (real, told) in enumerate(zip(counts, shown, strict=True)):
        primary = {c: n for c, n in real.items() if 0 < n < 5 or 0 < abs(n - last.get(c, 0)) < 5}
        found += [f"{number} {leak}" for leak in _bounded(real, told, primary, last, sums(real, whole, twins))]
        last |= {c: value for c, value in told.items() if value is not None}
    return found


def _small(shown: Sequence[Shown]) -> Iterator[str]:
    last: dict[Cell, int] = {}
    for number, told in enumerate(shown):
        for cell, value in told.items():
            if value is not None:
                if 0 < value < 5 or 0 < abs(value - last.get(cell, 0)) < 5:
                    yield f"{number} {cell} is shown as {value} after {last.get(cell, 0)}"
                last[cell] = value


def _solved(counts: Sequence[Counts], shown: Sequence[Shown], whole: str, twins: Twins) -> Iterator[str]:
    """Hidden counts, and changes of 1 to 4 in hidden counts, that all releases together determine."""
    names = epochs(counts)
    known = {(c, -1) for c in counts[-1]}
    known |= {names[n][c] for n, told in enumerate(shown) for c, value in told.items() if value is not None}

    def unknown(signed: Iterable[tuple[Unknown, int]]) -> dict[Unknown, Fraction]:
        return {name: Fraction(sign) for name, sign in signed if name not in known}

    solved = echelon(
        unknown([(names[number][total], -1), *((names[number][part], 1) for part in parts)])
        for number, real in enumerate(counts)
        for total, parts in sums(real, whole, twins)
    )
    for number, told in enumerate(shown):
        for cell in told:
            wanted = unknown([(names[number][cell], 1)])
            if wanted and determined(wanted, solved):
                yield f"{number} {cell} is {counts[number][cell]}"
    for number, (before, now) in enumerate(pairwise(counts)):
        for cell in now:
            wanted = unknown([(names[number][cell], -1), (names[number + 1][cell], 1)])
            if 0 < abs(now[cell] - before[cell]) < 5 and determined(wanted, solved):
                yield f"{number} {cell} changed by {now[cell] - before[cell]}"


def epochs(counts: Sequence[Counts]) -> list[dict[Cell, Unknown]]:
    """For each release, since which one each count has been the same; -1 for what was zero all along."""
    names: list[dict[Cell, Unknown]] = []
    for number, real in enumerate(counts):
        before = counts[number - 1] if number else {}
        old = names[-1] if names else {}
        names.append({c: old.get(c, (c, -1)) if n == before.get(c, 0) else (c, number) for c, n in real.items()})
    return names


def echelon(rows: Iterable[dict[Unknown, Fraction]]) -> dict[Unknown, dict[Unknown, Fraction]]:
    """The rows solved, each for one unknown."""
    solved: dict[Unknown, dict[Unknown, Fraction]] = {}
    for start in rows:
        row = reduced(start, solved)
        if not row:
            continue
        pivot = min(row)
        row = {name: value / row[pivot] for name, value in row.items()}
        for other, old in solved.items():
            if pivot in old:
                solved[other] = reduced(old, {pivot: row})
        solved[pivot] = row
    return solved


def reduced(row: dict[Unknown, Fraction], solved: dict[Unknown, dict[Unknown, Fraction]]) -> dict[Unknown, Fraction]:
    """What is left of a row when solved ones are put into it."""
    left = dict(row)
    for pivot in [name for name in row if name in solved]:
        factor = left.get(pivot, Fraction(0))
        for name, value in solved[pivot].items():
            left[name] = left.get(name, Fraction(0)) - factor * value
    return {name: value for name, value in left.items() if value}


def determined(wanted: dict[Unknown, Fraction], solved: dict[Unknown, dict[Unknown, Fraction]]) -> bool:
    """Whether this sum of unknowns follows from the rows."""
    return not reduced(wanted, solved)


def _bounded(
    real: Counts, told: Shown, primary: Counts, last: Counts, equations: Sequence[Sum]
) -> Iterator[str]:  # fmt: skip
    """What the sums of one release say of their hidden parts, each by itself and all together."""
    for total, parts in equations:
        hidden = [part for part in parts if told[part] is None]
        together = sum(real[part] for part in hidden)
        if told[total] is None or not hidden:
            continue
        if 0 < together < 5:
            yield f"the hidden parts of {total} are {together}"
        span = {part: _span(real[part], last.get(part, 0), primary=part in primary) for part in hidden}
        for part in set(hidden) & set(primary):
            rest = [span[other] for other in hidden if other != part]
            least, most = sum(low for low, _ in rest), sum(high for _, high in rest)
            values = [v for v in range(span[part][0], span[part][1] + 1) if least <= together - v <= most]
            if len(values) < 2:
                yield f"{part} of {total} can only be {values}"
    for cell, (low, high) in _chained(told, equations).items():
        if cell in primary and low == high:
            yield f"{cell} must be {low}, as no count is below zero"


def _span(count: int, last: int, *, primary: bool) -> tuple[int, int]:
    if not primary:
        return 0, ENDLESS
    return (1, 4) if count < 5 else (max(0, last - 4), last + 4)


def _chained(told: Shown, equations: Sequence[Sum]) -> dict[Cell, tuple[int, int]]:
    """From what to what each hidden count can be, by non-negativity."""
    span = {c: (0, ENDLESS) if value is None else (value, value) for c, value in told.items()}
    before: dict[Cell, tuple[int, int]] = {}
    while before != span:
        before = dict(span)
        for total, parts in equations:
            low, high = (sum(span[part][end] for part in parts) for end in (0, 1))
            span[total] = max(span[total][0], low), min(span[total][1], high)
            for part in parts:
                least = span[total][0] - (high - span[part][1])
                most = span[total][1] - (low - span[part][0])
                span[part] = max(span[part][0], least), min(span[part][1], most)
    return {c: ends for c, ends in span.items() if told[c] is None}


def tables(people: Mapping[tuple[str, ...], int], dimensions: Sequence[str], whole: str) -> dict[Cell, int]:
    """All tables over people counted by (town, value of each dimension); every town with every value."""
    towns = sorted({who[0] for who in people})
    values = {(name, who[at + 1]) for who in people for at, name in enumerate(dimensions)}
    counts = {(area, *value): 0 for area in [whole, *towns] for value in [("", ""), *sorted(values)]}
    for (town, *chosen), number in people.items():
        for value in [("", ""), *zip(dimensions, chosen, strict=True)]:
            counts[town, *value] += number
            counts[whole, *value] += number
    return counts


def growing(steps: Sequence[Mapping[tuple[str, ...], int]]) -> list[dict[tuple[str, ...], int]]:
    """People after each step, none below zero; who is counted in one is counted, be it as zero, in all."""
    people = {who: 0 for step in steps for who in step}
    found = []
    for step in steps:
        people = {who: max(0, number + step.get(who, 0)) for who, number in people.items()}
        found.append(people)
    return found
