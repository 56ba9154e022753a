"""How legal periods are counted."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deadlines import add_months, days_after, is_rest_day, months_after, rolled

ordinary_days = st.dates(dt.date(1950, 1, 1), dt.date(2100, 12, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2020-02-18", 1, "2020-03-18"),
        ("2020-01-31", 1, "2020-02-29"),
        ("2019-01-31", 1, "2019-02-28"),
        ("2100-01-31", 1, "2100-02-28"),
        ("2000-01-30", 1, "2000-02-29"),
        ("2020-01-29", 1, "2020-02-29"),
        ("2020-02-29", 12, "2021-02-28"),
        ("2020-02-29", 48, "2024-02-29"),
        ("2020-02-29", 1, "2020-03-29"),
        ("2020-03-31", 1, "2020-04-30"),
        ("2020-05-31", 6, "2020-11-30"),
        ("2019-11-30", 3, "2020-02-29"),
        ("2020-11-30", 3, "2021-02-28"),
        ("2020-12-31", 1, "2021-01-31"),
        ("2020-12-01", 1, "2021-01-01"),
        ("2020-11-15", 2, "2021-01-15"),
        ("2020-02-18", 0, "2020-02-18"),
        ("2020-06-30", 24, "2022-06-30"),
    ],
)
def test_some_months_later_is_the_same_day_or_the_months_last(start: str, months: int, end: str) -> None:
    assert add_months(day(start), months) == day(end)


@given(start=ordinary_days, months=st.integers(0, 240))
def test_some_months_later_is_in_that_month_and_never_a_later_day(start: dt.date, months: int) -> None:
    end = add_months(start, months)
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day == start.day or (end.day < start.day and (end + dt.timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("date", "rest"),
    [
        pytest.param("2020-01-19", False, id="a worked Sunday"),
        pytest.param("2020-01-23", False, id="the day before the holiday"),
        pytest.param("2020-01-24", True, id="New Year's Eve, a Friday"),
        pytest.param("2020-01-27", True, id="a Monday in the holiday"),
        pytest.param("2020-01-31", True, id="the holiday made longer in 2020"),
        pytest.param("2020-02-02", True, id="its last day"),
        pytest.param("2020-02-03", False, id="the first day after"),
        pytest.param("2020-02-22", True, id="a Saturday"),
        pytest.param("2020-02-23", True, id="a Sunday"),
        pytest.param("2020-02-24", False, id="a Monday"),
        pytest.param("2020-05-09", False, id="a worked Saturday"),
        pytest.param("2020-04-06", True, id="Monday after Qingming"),
        pytest.param("2020-10-01", True, id="National Day"),
        pytest.param("2003-10-01", False, id="National Day before the tables: a Wednesday"),
        pytest.param("2035-10-01", False, id="National Day past the tables: a Monday"),
        pytest.param("2035-10-06", True, id="a Saturday past the tables"),
    ],
)
def test_days_of_rest(date: str, rest: bool) -> None:
    assert is_rest_day(day(date)) is rest


@pytest.mark.parametrize(
    ("date", "end"),
    [
        ("2020-01-19", "2020-01-19"),
        ("2020-01-23", "2020-01-23"),
        ("2020-01-24", "2020-02-03"),
        ("2020-01-29", "2020-02-03"),
        ("2020-02-01", "2020-02-03"),
        ("2020-02-02", "2020-02-03"),
        ("2020-02-03", "2020-02-03"),
        ("2020-02-29", "2020-03-02"),
        ("2020-05-01", "2020-05-06"),
        ("2020-05-09", "2020-05-09"),
        ("2020-05-10", "2020-05-11"),
        ("2020-10-01", "2020-10-09"),
        ("2035-10-01", "2035-10-01"),
        ("2035-10-06", "2035-10-08"),
        ("2035-10-07", "2035-10-08"),
    ],
)
def test_a_day_of_rest_rolls_to_the_first_working_day(date: str, end: str) -> None:
    assert rolled(day(date)) == day(end)


@given(ordinary_days)
def test_rolling_ends_on_a_working_day_and_skips_none(date: dt.date) -> None:
    end = rolled(date)
    assert end >= date
    assert not is_rest_day(end)
    assert all(is_rest_day(date + dt.timedelta(days=skipped)) for skipped in range((end - date).days))


@given(ordinary_days)
def test_rolling_twice_is_rolling_once(date: dt.date) -> None:
    assert rolled(rolled(date)) == rolled(date)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        pytest.param("2020-02-24", 30, "2020-03-25", id="the first day does not count"),
        pytest.param("2020-02-20", 30, "2020-03-23", id="over a weekend"),
        pytest.param("2019-12-26", 30, "2020-02-03", id="over the Spring Festival"),
        pytest.param("2020-04-09", 30, "2020-05-09", id="a worked Saturday is a working day"),
        pytest.param("2020-02-24", 0, "2020-02-24", id="none"),
    ],
)
def test_a_period_of_days(start: str, days: int, end: str) -> None:
    assert days_after(day(start), days) == day(end)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        pytest.param("2020-02-20", 1, "2020-03-20", id="the same day"),
        pytest.param("2020-01-31", 1, "2020-03-02", id="29 February 2020 is a Saturday"),
        pytest.param("2019-12-24", 1, "2020-02-03", id="into the Spring Festival"),
        pytest.param("2020-04-09", 1, "2020-05-09", id="a worked Saturday is a working day"),
        pytest.param("2035-09-01", 1, "2035-10-01", id="past the tables, weekends only"),
        pytest.param("2035-09-06", 1, "2035-10-08", id="past the tables, a Saturday"),
    ],
)
def test_a_period_of_months(start: str, months: int, end: str) -> None:
    assert months_after(day(start), months) == day(end)
