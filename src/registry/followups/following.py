"""What the roster takes from visits: when somebody was last seen, when they are due, their risk and class; no database, no HTTP."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from registry.followups import rules
from registry.followups.models import NotSeen

VISIT_COLUMNS = ("visited_on", "seen", "not_seen_reason", "risk_level", "stability", "next_visit_on")
"""What of a visit the roster looks at: columns of its table, and the first fields of `Known`."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the roster takes from a visit."""

    visited_on: dt.date
    seen: bool
    not_seen_reason: str | None
    risk_level: int | None
    stability: str | None
    next_visit_on: dt.date | None
    died_on: dt.date | None = None


def as_known(row: Row[Any]) -> Known:
    """A visit's row as the roster takes it."""
    return Known(**{name: getattr(row, name) for name in VISIT_COLUMNS})


def summary(visits: Sequence[Known]) -> dict[str, Any]:
    """What follows from all visits, earliest first: the latest decides."""
    seen = [known.visited_on for known in visits if known.seen]
    misses = _misses(visits)
    return {
        "last_visited_on": seen[-1] if seen else None,
        "next_visit_on": visits[-1].next_visit_on if visits else None,
        "consecutive_misses": misses,
        "lost_proposed": misses >= rules.MISSES,
    }


def last_seen(visits: Sequence[Known], since: dt.date) -> Known | None:
    """The last visit from a day on at which the patient was seen, and so assessed."""
    return next((known for known in reversed(visits) if known.seen and known.visited_on >= since), None)


def _misses(visits: Sequence[Known]) -> int:
    """At how many of the last visits in a row nobody was at home."""
    count = 0
    for known in reversed(visits):
        if known.not_seen_reason != NotSeen.NOT_HOME:
            break
        count += 1
    return count
