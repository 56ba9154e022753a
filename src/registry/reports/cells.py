"""Cells of statistics as they are answered: values, Chinese labels, numbers, and the links to their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.access.register import Titles
from registry.access.statistics import By, Dimension, Statistic
from registry.reports.counting import Number, Value
from registry.reports.held import Held
from registry.reports.links import Choice, Choices, Links


@dataclass(frozen=True)
class Counted:
    """One statistic, counted: by cell and in all, with the links to its rows."""

    statistic: Statistic
    cells: Sequence[Number]
    total: Number
    links: Links | None = field(repr=False)
    """None where the filters exclude its rows."""


class Cells:
    """Cells as they are answered: values, labels, numbers and links."""

    def __init__(
        self, held: Held, dimensions: Sequence[Dimension], counted: Sequence[Counted], links: Links | None,
        names: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._held = held
        self._dimensions = dimensions
        self._counted = [(each.statistic.name, each.statistic, each.links) for each in counted]
        self._links = links
        self._names = names
        self._choices = Choices(dimensions)
        self._labels: dict[tuple[str, Value], str] = {}

    def cell(self, values: Sequence[Value], told: Sequence[Number]) -> dict[str, Any]:
        """One cell."""
        cell: dict[str, Any] = self.opened(told, values)
        cell["labels"] = labels = {}
        for dimension, value in zip(self._dimensions, values, strict=True):
            name = dimension.name
            cell[name] = value
            if (name, value) not in self._labels:
                self._labels[name, value] = _label(self._names, self._held.register.titles, dimension, value)
            labels[name] = self._labels[name, value]
        return cell

    def opened(self, told: Sequence[Number], values: Sequence[Value] = ()) -> dict[str, Any]:
        """Numbers with their links; a number that is held back has none. Without values, of the total."""
        choices: Sequence[Choice] = self._choices.of(values)
        text = "".join([choice for _, choice in choices])
        measures: dict[str, Number] = {}
        rows: dict[str, str | None] = {}
        hidden = False
        for (name, statistic, links), value in zip(self._counted, told, strict=True):
            held = self._held.holds(statistic, values, value)
            hidden = hidden or held
            measures[name] = None if held else value
            rows[name] = links.link(choices, text) if links is not None and not held else None
        whole = None if hidden or self._links is None else self._links.link(choices, text)
        return {"measures": measures, "rows": whole, "measure_rows": rows}


def _label(names: Mapping[str, str], titles: Titles, dimension: Dimension, value: Value) -> str:
    """A value in Chinese."""
    if value is None:
        return "未填"
    if dimension.by in {By.TOWN, By.VILLAGE}:
        return names.get(str(value), str(value))
    if dimension.by is By.MONTH:
        year, month = str(value).split("-")
        return f"{year}年{int(month)}月"
    if isinstance(value, bool):
        return "是" if value else "否"
    if dimension.codes is not None:
        return titles[dimension.codes][str(value)][0]
    return str(value)
