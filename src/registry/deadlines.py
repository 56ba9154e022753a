"""How legal periods are counted (民法典 §201-203, 民诉法 §85): the first day does not count, a month ends on the same day or
the month's last, and a period that would end on a day of rest ends on the first working day after.
"""

import calendar
import datetime as dt

import chinese_calendar


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
    """Weekend or statutory holiday, with the days worked instead; past the published tables, weekends only."""
    try:
        return bool(chinese_calendar.is_holiday(day))
    except NotImplementedError:
        return day.weekday() >= 5  # noqa: PLR2004 - Saturday


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
