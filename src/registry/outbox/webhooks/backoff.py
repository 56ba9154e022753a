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
MANY = 5
"""Failures running from which on a receiver counts as down: it is tried with one event at a time."""
LONGEST_RESPITE = 60 * SECOND
"""Between two tries of a receiver that is down."""
PATIENCE = 3 * 24 * 3600 * SECOND
"""After this time of nothing but failures an event is given up, and a webhook pauses."""
MOST_DIGITS = 9
"""Of a Retry-After in seconds; longer ones are capped all the same."""

Chance = Callable[[], float]
"""A random number from 0 to 1."""


def next_attempt(first_at: int, at: int, attempts: int, chance: Chance, retry_after: int | None = None) -> int | None:
    """When to try again after `attempts` attempts, the first at `first_at` and the last at `at`; None: give up.

    The wait is spread from half to one and a half of what the table says, so that receivers that came back are not met by all
    at once. The last attempt falls on the end of the three days. `at` is when the last attempt ended.
    """
    if at >= first_at + PATIENCE:
        return None
    base = WAITS[min(attempts, len(WAITS)) - 1] * SECOND
    least, most = max(base / 2, SHORTEST), min(base * 1.5, LONGEST)
    wait = int(least + chance() * (most - least))
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST))
    return min(at + wait, first_at + PATIENCE)


def respite(failures: int, chance: Chance, retry_after: int | None = None) -> int:
    """How long a receiver is left in peace after so many failures running, of whatever entries: no time at first, then longer
    and longer; what it asked for with Retry-After in any case.
    """
    wanted = min(retry_after or 0, LONGEST)
    if failures < MANY:
        return wanted
    return max(wanted, int(min(2 ** min(failures - MANY, 10) * SECOND, LONGEST_RESPITE) * (0.5 + chance() / 2)))


def parse_retry_after(text: str | None, now: int) -> int | None:
    """What a Retry-After asks to wait, in microseconds: seconds or an HTTP date (RFC 9110 10.2.3); None if it says nothing."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[: MOST_DIGITS + 1]) * SECOND, LONGEST)
    try:
        date = parsedate_to_datetime(text)
        at = microseconds(date if date.tzinfo else date.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return min(max(at - now, 0), LONGEST)
