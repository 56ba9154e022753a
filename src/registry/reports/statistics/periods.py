"""Days, weeks, months, quarters and years as values of a dimension: how they are written, called, and which days they have."""

import datetime as dt
import re

from registry.core.measures import By
from registry.deadlines.periods import add_days, add_months

DATED = frozenset({By.DAY, By.WEEK, By.MONTH, By.QUARTER, By.YEAR})
"""What a date may be grouped by."""
MONTHS = {By.MONTH: 1, By.QUARTER: 3, By.YEAR: 12}
"""How many months there are in each."""
A_WEEK = 7


def text_of(by: By, first: dt.date) -> str:
    """The value of the period that begins on this day: 2020-03-05, 2020-W10 (ISO 8601), 2020-03, 2020-Q1, 2020."""
    day = first.isoformat()
    if by is By.WEEK:
        year, week, _ = first.isocalendar()
        return f"{year:04}-W{week:02}"
    if by is By.QUARTER:
        return f"{day[:4]}-Q{(first.month + 2) // 3}"
    return {By.DAY: day, By.MONTH: day[:7], By.YEAR: day[:4]}[by]


def days_of(by: By, value: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of a period."""
    year, *rest = map(int, re.findall(r"\d+", value))
    if by is By.DAY:
        return dt.date.fromisoformat(value), dt.date.fromisoformat(value)
    if by is By.WEEK:
        monday = dt.date.fromisocalendar(year, rest[0], 1)
        return monday, add_days(monday, A_WEEK - 1)
    part = rest[0] if rest else 1
    first = dt.date(year, (part - 1) * MONTHS[by] + 1, 1)
    following = add_months(first, MONTHS[by])
    return first, dt.date.max if following == dt.date.max else add_days(following, -1)


def label_of(by: By, value: str) -> str:
    """A period in Chinese."""
    _, *rest = map(int, re.findall(r"\d+", value))
    said = {By.DAY: "{}月{}日", By.WEEK: "第{}周", By.MONTH: "{}月", By.QUARTER: "第{}季度", By.YEAR: ""}[by]
    return f"{value[:4]}年{said.format(*rest)}"
