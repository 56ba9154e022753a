"""The parameters of a list as a link says them, and how several narrow it together; no database, no HTTP."""

import calendar
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from registry.access.statistics import By, Dimension
from registry.reports.counting import Value

Params = Mapping[str, str]
VILLAGE = 12
"""Digits of a village's code."""


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
    return both


def _joined(name: str, one: str, other: str) -> str | None:
    if name.endswith("_from"):
        return max(one, other)
    if name.endswith("_to"):
        return min(one, other)
    if name in {"missing", "given"}:
        return ",".join(sorted({*one.split(","), *other.split(",")}))
    if name == "division":
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return longer if longer.startswith(shorter) else None
    return None


def choosing(dimension: Dimension, value: Value) -> dict[str, str]:
    """The list's parameters that choose a dimension's value."""
    name = dimension.chooses
    if dimension.by in {By.TOWN, By.VILLAGE}:
        return _place(str(value), 9 if dimension.by is By.TOWN else VILLAGE)
    if value is None:
        return {"missing": dimension.column.name}
    if dimension.by is By.MONTH:
        year, month = map(int, str(value).split("-"))
        last = calendar.monthrange(year, month)[1]
        return {f"{name}_from": f"{value}-01", f"{name}_to": f"{value}-{last:02}"}
    return {name: str(value).lower() if isinstance(value, bool) else str(value)}


def _place(code: str, digits: int) -> dict[str, str]:
    """A division; one above the level asked for is itself alone: what lies below has cells of its own."""
    return {"division": code} if len(code) == digits else {"division": code, "division_only": "true"}


Choice = tuple[dict[str, str], str]
"""What chooses a value: as parameters, and as the text that a link has of them."""


class Choices:
    """What chooses the dimensions' values; each is written once."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self.dimensions = dimensions
        self._known: list[dict[Value, Choice]] = [{} for _ in dimensions]

    def of(self, values: Sequence[Value]) -> list[Choice]:
        """What chooses a cell."""
        known = self._known
        return [known[index].get(value) or self._new(index, value) for index, value in enumerate(values)]

    def _new(self, index: int, value: Value) -> Choice:
        params = choosing(self.dimensions[index], value)
        choice = self._known[index][value] = params, "&" + urlencode(params, quote_via=quote)
        return choice


class Links:
    """The links of many cells: what all share, and what each cell's choices add."""

    def __init__(self, path: str, shared: Params, dimensions: Sequence[Dimension]) -> None:
        self._path = path
        self._shared = shared
        self._start = f"{path}?{urlencode(shared, quote_via=quote)}"
        names = [*shared, *(name for each in dimensions for name in _names(each))]
        self._apart = len(set(names)) == len(names)

    def link(self, choices: Sequence[Choice], text: str) -> str | None:
        """The link to the rows of a cell, whose choices are this text; None where its conditions exclude each other."""
        if self._apart:
            return self._start + text
        params = narrowed(self._shared, *(params for params, _ in choices))
        return None if params is None else f"{self._path}?{urlencode(params, quote_via=quote)}"


def _names(dimension: Dimension) -> list[str]:
    """The parameters that choosing one of its values may set."""
    if dimension.by in {By.TOWN, By.VILLAGE}:
        return ["division", "division_only"]
    stem = dimension.chooses
    names = [f"{stem}_from", f"{stem}_to"] if dimension.by is By.MONTH else [stem]
    return [*names, *(["missing"] if dimension.column.nullable else [])]
