"""The counts of a menu at one release, from the mirror."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, func, tuple_

from registry.core.measures import Menu
from registry.core.register import Register
from registry.core.view import whole_book
from registry.reports.statistics.disclosure.releases import Stop
from registry.reports.statistics.disclosure.suppression import PublishedCell
from registry.reports.statistics.drill_down import TOWN
from registry.reports.statistics.mirror_tables import Pinned


def tally(register: Register, menu: Menu, book: str, pinned: Pinned, stop: Stop) -> Counter[PublishedCell]:
    """Who is counted at a release, in each cell of the menu: whoever keeps them, in the county as a whole."""
    found = Counter[PublishedCell]()
    for grouping, number, town, *values in pinned.rows(_query(register, menu, book, stop)):
        axis = _axis(grouping, len(menu.axes))
        name, value = "", ""
        if axis is not None:
            name, value = menu.axes[axis].name, menu.axes[axis].value(values[axis], stop.day)
        for where in _places(book, town):
            found[PublishedCell(where, name, value)] += number
    return found


def _query(register: Register, menu: Menu, book: str, stop: Stop) -> Select[Any]:
    """People by town, and by town and the value of each axis: a row says by which axis in the bits of the grouping."""
    view, town = whole_book(book, stop.watermark), register.table.c.town
    axes = [axis.column for axis in menu.axes]
    columns = [func.grouping(*axes), func.count(), town, *axes]
    rows = view.rows(register, columns).where(*menu.people(stop.day)).params(view.binds())
    return rows.group_by(func.grouping_sets(tuple_(town), *(tuple_(town, axis) for axis in axes)))


def _axis(grouping: int, axes: int) -> int | None:
    """The place of the only axis whose bit is not set; None where all are."""
    left = ~grouping & ((1 << axes) - 1)
    return axes - left.bit_length() if left else None


def _places(book: str, town: str) -> Iterator[str]:
    """Where a person is counted: in the county and in the town. What lies in no town has a place of its own."""
    yield book
    yield town if len(town) == TOWN else f"{book}000"
