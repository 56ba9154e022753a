"""When a delivery that failed is tried again: pure functions of times (microseconds since 1970)."""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from registry.ledger.clock import microseconds

SECOND = 1_000_000
WAITS = (5, 30, 2 * 60, 10 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600, 7 * 3600, 10 * 3600)
"""Seconds before each retry; after the last of them, the last again."""
SHORTEST, LONGEST = WAITS[0] * SECOND, WAITS[-1] * SECOND
"""Of a wait, jitter included, and the most that a Retry-After may ask for."""
PATIENCE = 3 * 24 * 3600 * SECOND
"""After this time of nothing but failures an event is given up, and a webhook pauses."""
MOST_DIGITS = 9
"""Of a Retry-After in seconds; longer ones are capped all the same."""

Chance = Callable[[], float]
"""A random number from 0 to 1."""


def next_attempt(first_at: int, at: int, attempts: int, chance: Chance, retry_after: int | None = None) -> int | None:
    """When to try again after `attempts` attempts, the first at `first_at` and the last at `at`; None: give up.

    The wait is spread from half to one and a half of what the table says, so that receivers that came back are not met by all
    at once. The last attempt falls on the end of the three days.
    """
    if at >= first_at + PATIENCE:
        return None
    base = WAITS[min(attempts, len(WAITS)) - 1] * SECOND
    wait = min(max(int(base * (0.5 + chance())), SHORTEST), LONGEST)
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST))
    return min(at + wait, first_at + PATIENCE)


def parse_retry_after(text: str | None, now: int) -> int | None:
    """What a Retry-After asks to wait, in microseconds: seconds or an HTTP date (RFC 9110 10.2.3); None if it says nothing."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[: MOST_DIGITS + 1]) * SECOND, LONGEST)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = microseconds(date if date.tzinfo else date.replace(tzinfo=UTC))
    return min(max(at - now, 0), LONGEST)
