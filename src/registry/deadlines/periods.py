"""How legal periods are counted (民法典 §201-203, 民诉法 §85): the first day does not count, a month ends on the same day or
the month's last, and a period that would end on a day of rest ends on the first working day after.
"""

import calendar
import datetime as dt
import logging
from functools import cache

import chinese_calendar
from chinese_calendar.constants import holidays

log = logging.getLogger(__name__)

PUBLISHED_UNTIL = dt.date(max(holidays).year, 12, 31)
"""The last day whose holidays and days worked instead the State Council has published (国务院办公厅节假日安排), as `chinesecalendar` has
them. What is counted past it is provisional.
"""
LONGEST_HOLIDAY = 10
"""Days by which a provisional last day may yet move, at most."""
FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""元旦, 劳动节, 国庆节 (全国年节及纪念日放假办法 §2, text of 2025): month and day."""
LUNAR = {
    2027: ((2, 6), (4, 5), (6, 9), (9, 15)),
    2028: ((1, 26), (4, 4), (5, 28), (10, 3)),
    2029: ((2, 13), (4, 4), (6, 16), (9, 22)),
    2030: ((2, 3), (4, 5), (6, 5), (9, 12)),
    2031: ((1, 23), (4, 5), (6, 24), (10, 1)),
    2032: ((2, 11), (4, 4), (6, 12), (9, 19)),
    2033: ((1, 31), (4, 4), (6, 1), (9, 8)),
    2034: ((2, 19), (4, 5), (6, 20), (9, 27)),
    2035: ((2, 8), (4, 5), (6, 10), (9, 16)),
}
"""By year, month and day of 春节 (农历正月初一), 清明, 端午 (五月初五) and 中秋 (八月十五); checked against PyPI `lunardate` 0.3."""


def add_days(day: dt.date, days: int) -> dt.date:
    """So many days later, or earlier; the last or the first day of the calendar where that is past it."""
    if days > (dt.date.max - day).days:
        return dt.date.max
    return dt.date.min if -days > (day - dt.date.min).days else day + dt.timedelta(days=days)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day some months later, or that month's last: 31 January + 1 is 28 or 29 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        return dt.date.max
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def is_rest_day(day: dt.date) -> bool:
    """Weekend or statutory holiday, with the days worked instead; past the published tables weekends and the statutory holidays
    themselves, before them weekends only.
    """
    if day > PUBLISHED_UNTIL:
        return _is_weekend(day) or _is_statutory(day)
    try:
        return bool(chinese_calendar.is_holiday(day))
    except NotImplementedError:
        return _is_weekend(day)


def is_provisional(day: dt.date) -> bool:
    """Whether a period that ends on this day and depends on holidays may still move: those of its year are not published."""
    return day > PUBLISHED_UNTIL


def surely_over(last: dt.date, day: dt.date) -> bool:
    """Whether a period with this last day is over on a day, whatever holidays will yet be published."""
    return day > (add_days(last, LONGEST_HOLIDAY) if is_provisional(last) else last)


def _is_weekend(day: dt.date) -> bool:
    return day.weekday() >= 5  # noqa: PLR2004 - Saturday


def _is_statutory(day: dt.date) -> bool:
    """Whether it is a holiday by law (除夕 and three days of 春节, and the others), without the days moved around it."""
    _warn_once()
    return (day.month, day.day) in FIXED or day in _lunar_holidays(day.year)


@cache
def _lunar_holidays(year: int) -> frozenset[dt.date]:
    if year not in LUNAR:
        return frozenset()
    spring, *others = (dt.date(year, month, day) for month, day in LUNAR[year])
    return frozenset({*(add_days(spring, days) for days in (-1, 0, 1, 2)), *others})


@cache
def _warn_once() -> None:
    log.warning(
        "holidays are known to %s; days due later are provisional until chinesecalendar is updated", PUBLISHED_UNTIL
    )


def rolled(day: dt.date) -> dt.date:
    """The day itself, or the first working day after it."""
    while is_rest_day(day) and day < dt.date.max:
        day += dt.timedelta(days=1)
    return day


def days_after(start: dt.date, days: int) -> dt.date:
    """The last day of a period of so many calendar days from `start`."""
    return rolled(add_days(start, days))


def months_after(start: dt.date, months: int) -> dt.date:
    """The last day of a period of so many months from `start`."""
    return rolled(add_months(start, months))


def working_days_after(start: dt.date, days: int) -> dt.date:
    """The last day of a period of so many working days (工作日) from `start`, which does not count itself."""
    day = start
    for _ in range(days):
        if day == dt.date.max:
            break
        day = rolled(day + dt.timedelta(days=1))
    return day
