"""Following the feed in tests: all of it, in pages of any size; and what a reader should be told, worked out from everything."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.api import Api
from tests.conftest import BAISHA, KELU

Event = dict[str, Any]
Told = tuple[str, str, str]
"""An event's id, type and subject."""

OWN = {"clerk": (KELU,), "neighbour": (BAISHA,), "town_dashboard": (KELU,), "village_clerk": ("440882102204",)}
OPEN = {"divisions", "campaigns"}
KINDS = {
    "disputes": "disputes", "proceedings": "disputes", "mediation-sessions": "disputes", "agreements": "disputes",
    "return-visits": "disputes", "patients": "patients", "visits": "patients",
}  # fmt: skip
"""By register: the register of its cases."""


def follow(api: Api, who: str, after: int = 0, limit: int = 200, more: str = "") -> list[Event]:
    """All events from a position on."""
    events, cursor = [], f"wm_440882_{after}"
    while True:
        page = api.get(f"/v1/changes?after={cursor}&limit={limit}{more}", who).json()
        events += page["events"]
        cursor = page["next"]
        if cursor == page["watermark"]:
            return events


def told(events: list[Event]) -> list[Told]:
    """What of an event does not depend on masks."""
    return [(event["id"], event["type"], event["subject"]) for event in events]


@dataclass(frozen=True)
class Span:
    """That a case was open to a town, from one position to another (None: still)."""

    kind: str
    case: str
    town: str
    since: int
    until: int | None

    def holds(self, position: int) -> bool:
        return self.since <= position and (self.until is None or position < self.until)


class Oracle:
    """What a reader is told, from what everybody together is told and from when cases were open to which town."""

    def __init__(self, everything: list[Event], spans: list[Span], who: str, inside: str = "") -> None:
        unseen = {"patients", "visits"} if "dashboard" in who else set()
        self._everything = [event for event in everything if event["data"]["meta"]["register"] not in unseen]
        self._own = OWN.get(who, ("440882",))
        self._mine = [span for span in spans if span.town in self._own]
        self._inside = inside

    def told(self) -> Iterator[Told]:
        latest: dict[str, Event] = {}
        order: dict[str, list[str]] = {}
        for event in self._everything:
            position, subject = event["data"]["meta"]["position"], event["subject"]
            if self._sees(event):
                yield event["id"], event["type"], subject
            elif subject in latest and self._left(latest[subject], event, position):
                yield event["id"], "scope.left", subject
            yield from self._parts(event, latest, order, position)
            latest[subject] = event
            case = self._case(event)
            if event["subject"] not in order.setdefault(case, []):
                order[case].append(subject)

    def _parts(
        self, event: Event, latest: dict[str, Event], order: dict[str, list[str]], position: int
    ) -> Iterator[Told]:
        """What else of the case leaves with the position that closes it."""
        case = self._case(event)
        if not any(f"{span.kind}/{span.case}" == case and span.until == position for span in self._mine):
            return
        parts = [subject for subject in order[case] if subject != event["subject"]]
        for part, subject in enumerate(parts, 1):
            if not self._sees(latest[subject]) and self._left(latest[subject], latest[subject], position):
                yield f"wm_440882_{position}-{part}", "scope.left", subject

    def _left(self, before: Event, after: Event, position: int) -> bool:
        return self._there(before, position - 1) and not self._there(after, position)

    def _sees(self, event: Event) -> bool:
        """Whether the reader may see the version today."""
        return self._there(event, 2**62)

    def _there(self, event: Event, position: int) -> bool:
        register, division = event["data"]["meta"]["register"], event["division"]
        if not division.startswith(self._inside):
            return False
        if register in OPEN or any(division.startswith(code) for code in self._own):
            return True
        case = self._case(event)
        return any(f"{span.kind}/{span.case}" == case and span.holds(position) for span in self._mine)

    def _case(self, event: Event) -> str:
        data, register = event["data"], event["data"]["meta"]["register"]
        kind = KINDS.get(register, register)
        case = data["id"] if register == kind else data["dispute_id" if kind == "disputes" else "patient_id"]
        return f"{kind}/{case}"
