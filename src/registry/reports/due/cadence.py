"""When a reminder of what is due is sent, and when again."""

import datetime as dt

import msgspec

LONGEST_OVERDUE = 365
"""Days after which nobody is reminded any more, from the due day or from the record that says so, whichever is later: what is that
late is in the due list, and more mail would not help. A book of past years that is replayed with its own times is not answered
by a flood.
"""


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """When to remind: so many days before the due day, then every so many days while overdue."""

    before: tuple[int, ...] = (7, 1, 0)
    every: int = 7

    def step(self, due_on: dt.date, today: dt.date, recorded_on: dt.date | None = None) -> int | None:
        """The last step that a due day has reached today; None where it has reached none, or is too long past and known."""
        late = (today - due_on).days
        if is_long_past(max(due_on, recorded_on or due_on), today):
            return None
        reached = [-days for days in self.before if -days <= late]
        weeks = late - late % self.every if late >= self.every else None
        return weeks if weeks is not None else max(reached, default=None)


def is_long_past(day: dt.date, today: dt.date) -> bool:
    """Whether what was due or recorded on a day is not reminded of any more."""
    return (today - day).days > LONGEST_OVERDUE
