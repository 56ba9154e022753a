"""When a failed delivery is tried again."""

from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.ledger.clock import moment
from registry.outbox.webhooks.backoff import (
    LONGEST,
    PATIENCE,
    SECOND,
    SHORTEST,
    next_attempt,
    parse_retry_after,
    respite,
)

NOW = 1_582_000_000 * SECOND
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 6.25), (2, 30), (3, 120), (4, 600), (5, 1800), (6, 3600), (7, 7200), (8, 14400), (9, 24300), (10, 27000), (40, 27000)],
)  # fmt: skip
def test_the_table(attempts: int, seconds: float) -> None:
    assert next_attempt(NOW, NOW, attempts, lambda: 0.5) == NOW + seconds * SECOND


@given(st.lists(st.floats(0, 1), min_size=200, max_size=200))
def test_three_days_of_failures(chances: list[float]) -> None:
    """Whatever the chance: from 5 seconds to 10 hours apart, the last at the end of the third day, then given up."""
    times, chance = [NOW], iter(chances)
    while (following := next_attempt(NOW, times[-1], len(times), lambda: next(chance))) is not None:
        times.append(following)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert all(SHORTEST <= wait <= LONGEST for wait in waits[:-1])
    assert 0 < waits[-1] <= LONGEST
    assert times[-1] == NOW + PATIENCE
    assert 12 <= len(times) <= 40


@given(st.floats(0, 1), st.integers(0, 100 * HOUR), st.integers(1, 20))
def test_retry_after_only_delays_and_is_capped(chance: float, asked: int, attempts: int) -> None:
    usual = next_attempt(NOW, NOW, attempts, lambda: chance)
    told = next_attempt(NOW, NOW, attempts, lambda: chance, asked)
    assert usual is not None
    assert told == max(usual, NOW + min(asked, LONGEST))


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", 120 * SECOND), (" 7 ", 7 * SECOND), ("0", 0), ("999999999999999999999", LONGEST), ("-5", None), ("soon", None),
        ("", None), (None, None), ("１２", None), ("1.5", None),
        (format_datetime(moment(NOW + HOUR), usegmt=True), HOUR),
        (format_datetime(moment(NOW - HOUR), usegmt=True), 0),
        (format_datetime(moment(NOW + 99 * HOUR), usegmt=True), LONGEST),
        ("Tuesday, 18-Feb-20 05:26:40 GMT", HOUR), ("Fri, 99 Foo 2020 00:00:00 GMT", None),
        ("1 Jan 99999999999999999999 00:00:00 GMT", None), ("Fri, 31 Dec 9999 23:59:59 -0100", LONGEST),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text: str | None, wait: int | None) -> None:
    assert parse_retry_after(text, NOW) == wait


def test_a_receiver_is_left_in_peace_longer_and_longer() -> None:
    assert [respite(failures, lambda: 1.0) // SECOND for failures in range(14)] == [0] * 5 + [
        1,
        2,
        4,
        8,
        16,
        32,
        60,
        60,
        60,
    ]
    assert respite(10**9, lambda: 0.0) == 30 * SECOND
    assert respite(1, lambda: 0.0, 90 * SECOND) == respite(9, lambda: 0.0, 90 * SECOND) == 90 * SECOND
    assert respite(1, lambda: 0.0, 99 * HOUR) == LONGEST
