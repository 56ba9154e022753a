"""A change of the law, for tests."""

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest

from registry.deadlines import rules

Amend = Callable[[str, str, int], None]


@pytest.fixture
def amend(monkeypatch: pytest.MonkeyPatch) -> Amend:
    """Let a rule have another limit for periods that start on a day or after it."""
    rows = rules._BY_ID

    def change(rule_id: str, since: str, limit: int) -> None:
        (*before, last) = rows[rule_id]
        on = dt.date.fromisoformat(since)
        old = dataclasses.replace(last, until=on - dt.timedelta(1))
        new = dataclasses.replace(last, since=on, limit=limit, source="新办法")
        monkeypatch.setitem(rows, rule_id, (*before, old, new))

    return change
