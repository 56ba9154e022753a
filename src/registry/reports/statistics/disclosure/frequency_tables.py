"""The counts of a menu at one release, from facts: vector operations; no database, no HTTP."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import Boolean

from registry.core.measures import Menu, MenuAxis
from registry.reports.statistics.columns import EPOCH, NULL, Array, Facts, is_text
from registry.reports.statistics.disclosure.suppression import PublishedCell
from registry.reports.statistics.row_filters import Mask, filter_mask, standing_mask

TOWN = 9
"""Digits of a town's code."""


def tally(menu: Menu, facts: Facts, watermark: int, day: dt.date) -> Counter[PublishedCell]:
    """Who is counted at a release of this day, in each cell of the menu: whoever keeps them, in the county as a whole."""
    rows = np.flatnonzero(_people(menu, facts, watermark, day))
    towns = [(text or "")[:TOWN] for text in facts.words["division"].texts]
    area, areas = _merged(facts.columns["division"][rows], towns)
    found = Counter[PublishedCell]()
    for axis in (None, *menu.axes):
        value, values = _valued(facts, axis, rows, day) if axis else (np.zeros(len(rows), np.int32), [""])
        table = np.bincount(area * len(values) + value)
        for place in np.flatnonzero(table).tolist():
            town, what = divmod(place, len(values))
            for where in _places(facts.book, areas[town]):
                found[PublishedCell(where, axis.name if axis else "", values[what])] += int(table[place])
    return found


def _places(book: str, town: str) -> Iterator[str]:
    """Where a person is counted: in the county and in the town. What lies in no town has a place of its own."""
    yield book
    yield town if len(town) == TOWN else f"{book}000"


def _people(menu: Menu, facts: Facts, watermark: int, day: dt.date) -> Mask:
    mask = standing_mask(facts, watermark)
    for clause in menu.people(day):
        mask &= filter_mask(facts, clause)
    return mask


def _valued(facts: Facts, axis: MenuAxis, rows: Array, day: dt.date) -> tuple[Array, list[str]]:
    """For each row the place of its value on the axis, and the values."""
    places, values = _distinct(facts, axis, rows)
    return _merged(places, [axis.value(value, day) for value in values])


def _merged(places: Array, texts: list[str]) -> tuple[Array, list[str]]:
    """The same texts have the same place."""
    known = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return np.array([known[text] for text in texts], np.int32)[places], list(known)


def _distinct(facts: Facts, axis: MenuAxis, rows: Array) -> tuple[Array, list[Any]]:
    """For each row the place of what its column has, and the values that it has, as the database would give them."""
    column = axis.column
    array = facts.columns[column.name][rows]
    if is_text(column):
        return array, facts.words[column.name].texts[:]
    if isinstance(column.type, Boolean):
        return array + 1, [None, False, True]
    given = array != NULL
    low = int(array.min(initial=np.iinfo(np.int32).max, where=given))
    above = np.where(given, array - low + 1, 0)
    occurring = np.flatnonzero(np.bincount(above))
    place = np.zeros(int(occurring.max(initial=0)) + 1, np.int32)
    place[occurring] = np.arange(len(occurring))
    kept = dt.date.fromordinal if column.type.python_type is dt.date else int
    start = low - 1 + (EPOCH if kept is not int else 0)
    return place[above], [kept(start + number) if number else None for number in occurring.tolist()]
