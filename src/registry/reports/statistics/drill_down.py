"""The parameters of a list as links say them, and how several narrow it together; what the values of cells are called.

A link is written from parts: what all cells share, and what each value of a dimension adds. Only dimensions that set the same
parameter (`absent`, `division`) are looked at together, and once for each combination of their values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlencode

from registry.core.measures import By, Dimension
from registry.core.principals import TOWN, VILLAGE
from registry.reports.statistics.periods import DATED, days_of, label_of
from registry.reports.statistics.query import Value

T = TypeVar("T")
Params = Mapping[str, str]
NONE = b"null"
"""In place of a link where conditions exclude each other, so that no row can be."""


@dataclass(frozen=True)
class Axis:
    """A dimension of some cells: the values that they have, and for each cell the place of its own."""

    dimension: Dimension
    values: list[Value]
    places: list[int]

    @classmethod
    def of(cls, dimension: Dimension, column: Sequence[Value]) -> "Axis":
        """The dimension of cells with these values."""
        known = {value: place for place, value in enumerate(dict.fromkeys(column))}
        return cls(dimension, list(known), [known[value] for value in column])

    def spread(self, each: Sequence[T]) -> list[T]:
        """For each cell what belongs to its value."""
        return [each[place] for place in self.places]


def narrowed(*each: Params | None) -> dict[str, str] | None:
    """Parameters that choose what all of these choose; None where they exclude each other, so that nothing is chosen."""
    both: dict[str, str] = {}
    for params in each:
        if params is None:
            return None
        for name, value in params.items():
            known = both.get(name)
            joined = value if known is None or known == value else _joined(name, known, value)
            if joined is None:
                return None
            both[name] = joined
    return None if any(_ends_before(both, name) for name in both) else both


def _ends_before(params: Params, name: str) -> bool:
    """Whether this begins a range that is over before."""
    stem = name.removesuffix("_from")
    return stem != name and params[name] > params.get(f"{stem}_to", params[name])


def _joined(name: str, one: str, other: str) -> str | None:
    if name.endswith("_from"):
        return max(one, other)
    if name.endswith("_to"):
        return min(one, other)
    if name in {"absent", "present"}:
        return ",".join(sorted({*one.split(","), *other.split(",")}))
    if name == "division":
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return longer if longer.startswith(shorter) else None
    return None


def choosing(dimension: Dimension, value: Value) -> dict[str, str]:
    """The list's parameters that choose a dimension's value."""
    name = dimension.chooses
    if dimension.by in {By.TOWN, By.VILLAGE}:
        return _place(str(value), TOWN if dimension.by is By.TOWN else VILLAGE)
    if value is None:
        return {"absent": dimension.column.name}
    if dimension.by in DATED:
        first, last = days_of(dimension.by, str(value))
        return {f"{name}_from": first.isoformat(), f"{name}_to": last.isoformat()}
    return {name: str(value).lower() if isinstance(value, bool) else str(value)}


def _place(code: str, digits: int) -> dict[str, str]:
    """A division; one above the level asked for is itself alone: what lies below has cells of its own."""
    return {"division": code} if len(code) == digits else {"division": code, "division_only": "true"}


def written(params: Params) -> bytes:
    """Parameters as a link has them, the first with an ampersand."""
    return b"&" + urlencode(params, quote_via=quote).encode("ascii") if params else b""


@dataclass(frozen=True)
class ParameterGroup:
    """Dimensions that may set the same parameters: which ones, and for each cell which combination of values it has."""

    names: frozenset[str]
    choices: list[dict[str, str] | None]
    """For each combination; None where its values exclude each other."""
    cells: list[int]

    def texts(self, shared: Params) -> list[bytes | None]:
        """What the combination of each cell adds to a link, with those of the shared parameters that it may narrow."""
        own = {name: value for name, value in shared.items() if name in self.names}
        joined = [narrowed(own, choice) for choice in self.choices]
        each = [None if params is None else written(params) for params in joined]
        return [each[combination] for combination in self.cells]


def parameter_groups(axes: Sequence[Axis]) -> Iterator[ParameterGroup]:
    """The dimensions of some cells, those that may set the same parameters together."""
    rest = list(axes)
    while rest:
        tied = [rest.pop(0)]
        names = set(_names(tied[0].dimension))
        while more := next((axis for axis in rest if names & _names(axis.dimension)), None):
            rest.remove(more)
            tied.append(more)
            names |= _names(more.dimension)
        yield _group(frozenset(names), tied)


def _group(names: frozenset[str], axes: Sequence[Axis]) -> ParameterGroup:
    each = [[choosing(axis.dimension, value) for value in axis.values] for axis in axes]
    combinations = list(zip(*(axis.places for axis in axes), strict=True))
    known = {combination: number for number, combination in enumerate(dict.fromkeys(combinations))}
    chosen = [
        narrowed(*(choices[place] for choices, place in zip(each, combination, strict=True))) for combination in known
    ]
    return ParameterGroup(names, chosen, [known[combination] for combination in combinations])


def _names(dimension: Dimension) -> set[str]:
    """The parameters that choosing one of its values may set."""
    if dimension.by in {By.TOWN, By.VILLAGE}:
        return {"division", "division_only"}
    stem = dimension.chooses
    names = {f"{stem}_from", f"{stem}_to"} if dimension.by in DATED else {stem}
    return {*names, "absent"} if dimension.column.nullable else names


class Links:
    """The links to the rows of some cells."""

    def __init__(self, path: str, axes: Sequence[Axis], count: int) -> None:
        self._path = path
        self._count = count
        self._groups = list(parameter_groups(axes))
        self._tied = frozenset[str]().union(*(group.names for group in self._groups))
        self._known: dict[tuple[tuple[str, str], ...], list[bytes | None]] = {}

    def of(self, shared: Params | None) -> list[bytes]:
        """For each cell its link in JSON, with parameters that all cells share; None: there are no rows."""
        if shared is None:
            return [NONE] * self._count
        start = f'"{self._path}?'.encode() + written({n: v for n, v in shared.items() if n not in self._tied})[1:]
        narrowing = tuple((name, value) for name, value in shared.items() if name in self._tied)
        if narrowing not in self._known:
            self._known[narrowing] = self._texts(dict(narrowing))
        return [NONE if text is None else start + text for text in self._known[narrowing]]

    def _texts(self, shared: Params) -> list[bytes | None]:
        """What the choices of each cell add, to the end of the link."""
        parts = [group.texts(shared) for group in self._groups]
        if not parts:
            return [b'"'] * self._count
        return [None if None in each else b"".join(each) + b'"' for each in zip(*parts, strict=True)]


@dataclass(frozen=True)
class Labels:
    """The names and titles that labels are made of."""

    names: Mapping[str, str]
    """Of divisions by code, and of entries by id, as far as the caller may see them."""

    def label(self, dimension: Dimension, value: Value) -> str:
        """A value in Chinese."""
        if value is None:
            return "未填"
        if isinstance(value, bool):
            return "是" if value else "否"
        if dimension.by in DATED:
            return label_of(dimension.by, str(value))
        if dimension.codes is not None:
            return "、".join(dimension.codes(code).zh for code in str(value).split(","))
        return self.names.get(str(value), str(value)) if self._is_named(dimension) else str(value)

    @staticmethod
    def _is_named(dimension: Dimension) -> bool:
        return dimension.by in {By.TOWN, By.VILLAGE} or bool(dimension.entries)
