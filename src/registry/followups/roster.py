"""What the roster takes from visits: when somebody was last seen, when they are due, their risk and class; no database, no HTTP."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from registry.deadlines.rules import ends_on
from registry.followups import rules
from registry.followups.codes import NotSeen, Stability

VISIT_COLUMNS = ("visited_on", "seen", "not_seen_reason", "risk_level", "stability", "next_visit_on")
"""What of a visit the roster looks at: columns of its table, and the first fields of `Known`."""

RETURN = "visit_return"
"""The row of the deadline table for a return to care."""


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
    incidents: int = 0
    """肇事 and 肇祸 since the visit before."""


def as_known(row: Row[Any]) -> Known:
    """A visit's row as the roster takes it."""
    return Known(**{name: getattr(row, name) for name in VISIT_COLUMNS})


def summary(visits: Sequence[Known], returned_on: dt.date | None = None) -> dict[str, Any]:
    """What follows from all visits, earliest first, and from a return to care: the latest decides."""
    seen = [known.visited_on for known in visits if known.seen]
    misses = _misses(visits)
    return {
        "last_visited_on": seen[-1] if seen else None,
        **next_visit(visits, returned_on),
        "consecutive_misses": misses,
        "lost_proposed": misses >= rules.MISSES,
    }


def next_visit(visits: Sequence[Known], returned_on: dt.date | None) -> dict[str, Any]:
    """The next visit's day, the row of the deadline table that sets it, and the day that its period runs from. The row is the one
    that gives the day, at a recheck or not: a visit recorded late in between does not change what was set.
    """
    if returned_on is not None and (not visits or visits[-1].visited_on < returned_on):
        return _due(ends_on(RETURN, returned_on), RETURN, returned_on)
    if not visits or visits[-1].next_visit_on is None:
        return _due(None, None, None)
    last = visits[-1]
    by_rule = (rules.visit_rule(last, before) for before in (None, Stability.BASICALLY_STABLE))
    found = (rule for rule in by_rule if rule and ends_on(rule, last.visited_on) == last.next_visit_on)
    return _due(last.next_visit_on, next(found, rules.SET), last.visited_on)


def _due(day: dt.date | None, rule: str | None, start: dt.date | None) -> dict[str, Any]:
    return {"next_visit_on": day, "next_visit_rule": rule, "next_visit_from": start}


def last_seen(visits: Sequence[Known], since: dt.date) -> Known | None:
    """The last visit from a day on at which the patient was seen, and so assessed."""
    return next((known for known in reversed(visits) if known.seen and known.visited_on >= since), None)


def incidents_on(visits: Sequence[Known], document: Mapping[str, Any]) -> dict[str, Any]:
    """How many incidents there were and when the last one was told of: those that the office entered, and those of visits since."""
    told = [known for known in visits if known.incidents and known.visited_on.isoformat() >= document["incidents_from"]]
    entered = document["entered_last_incident_on"]
    days = [known.visited_on for known in told] + ([dt.date.fromisoformat(entered)] if entered else [])
    count = document["entered_incident_count"] + sum(known.incidents for known in told)
    return {"incident_count": count, "last_incident_on": max(days, default=None)}


def _misses(visits: Sequence[Known]) -> int:
    """At how many of the last visits in a row nobody was at home."""
    count = 0
    for known in reversed(visits):
        if known.not_seen_reason != NotSeen.NOT_HOME:
            break
        count += 1
    return count
