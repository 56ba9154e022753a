"""What of a register of people is told to callers without personal rights, as data: a closed list of questions."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement


def code(value: object, _day: dt.date) -> str:
    """A column's value as answers write it."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def month(value: object, day: dt.date) -> str:
    """The month of a date: 2020-02."""
    return code(value, day)[:7]


def overdue(value: object, day: dt.date) -> str:
    """Whether a date lies before the day."""
    return code(isinstance(value, dt.date) and value < day, day)


@dataclass(frozen=True)
class MenuAxis:
    """One dimension beside the town. What it says of a row may depend on the day of the release."""

    name: str
    column: Column[Any]
    value: Callable[[object, dt.date], str] = code


@dataclass(frozen=True)
class Menu:
    """Everything that is asked of one population: of the county and its towns, all of it or by one axis."""

    axes: tuple[MenuAxis, ...]
    measures: Mapping[str, tuple[str, str]]
    """Of each measure, which value of which axis it counts; two empty texts for all."""
    people: Callable[[dt.date], Iterable[ColumnElement[bool]]] = lambda _day: ()
    """Who is counted at a release of this day."""
    twins: tuple[tuple[tuple[str, str], tuple[str, str]], ...] = ()
    """Values of two axes that by the register's rules always go together."""

    def question(self, measure: str, *asked: tuple[str, str]) -> tuple[str, str] | None:
        """The one axis and value that a measure and further choices come to; None if it is more than one, or none of the menu."""
        if measure not in self.measures:
            return None
        chosen = {choice for choice in (self.measures[measure], *asked) if choice != ("", "")}
        known = {axis.name for axis in self.axes}
        if len(chosen) > 1 or any(name not in known for name, _ in chosen):
            return None
        return chosen.pop() if chosen else ("", "")
