"""Random histories of a case, over HTTP: after every request that was accepted all rules hold over the whole case, at every day.

The oracle is written out here, over what the API answers; it knows nothing of the registry's own rules. `CASE_HISTORIES=2000` by hand.
"""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests import factories
from tests.api import Api

HISTORIES = int(os.environ.get("CASE_HISTORIES", "200"))
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
DAYS = [f"2020-02-{day:02}" for day in range(1, 13)]
Entry = dict[str, Any]
CHILDREN: dict[str, tuple[Callable[..., Entry], str]] = {
    "mediation-sessions": (factories.session, "held_on"),
    "agreements": (factories.agreement, "signed_on"),
    "return-visits": (factories.return_visit, "visited_on"),
    "proceedings": (factories.proceeding, "decided_on"),
}
PARTS = {name: name.replace("-", "_") for name in CHILDREN}
AFTER = {
    "reported": ("accepted", "withdrawn"), "accepted": ("mediating", "withdrawn"), "mediating": ("agreed", "failed", "withdrawn"),
    "agreed": ("performed", "mediating"), "performed": ("closed",), "failed": ("mediating",), "closed": ("mediating",),
    "withdrawn": ("mediating",),
}  # fmt: skip


class DisputeHistory:
    """A dispute and what belongs to it, written at random."""

    def __init__(self, api: Api, luck: random.Random) -> None:
        self.api, self.luck = api, luck
        self.id = api.made("/v1/disputes", factories.dispute(discovered_on=luck.choice(DAYS[:6])))["id"]
        self.known: dict[str, list[str]] = {name: [] for name in CHILDREN}

    def step(self) -> httpx.Response:
        """One request, likely enough to be accepted."""
        verbs = [
            self.add,
            self.add,
            self.move,
            self.move,
            self.move,
            self.correct_child,
            self.correct,
            self.void_child,
            self.void,
        ]
        return self.luck.choices(verbs, [3, 3, 3, 3, 3, 3, 2, 1, 0.3])[0]()

    def add(self) -> httpx.Response:
        register = self.luck.choice([*CHILDREN, "agreements"])
        make, date = CHILDREN[register]
        more: Entry = {date: self.luck.choice(DAYS)}
        if register == "agreements":
            more |= {"mediator_signed": self.luck.random() < 0.8, "terms": self.terms(more[date])}
        if register == "return-visits" and self.known["agreements"] and self.luck.random() < 0.6:
            more["agreement_id"] = self.luck.choice(self.known["agreements"])
        answer = self.api.post(f"/v1/{register}", make(self.id, **more))
        if answer.status_code == 201:
            self.known[register].append(answer.json()["id"])
        return answer

    def terms(self, since: str) -> list[Entry]:
        performed = self.luck.choice([None, *(day for day in DAYS if day >= since)])
        return [{"text": "交还(示范)", "performed_on": performed}] if self.luck.random() < 0.6 else []

    def move(self) -> httpx.Response:
        dispute = self.api.get(f"/v1/disputes/{self.id}").json()
        last = dispute["moves"][-1]["on"] if dispute["moves"] else dispute["discovered_on"]
        later = [day for day in DAYS if day >= last] or [DAYS[-1]]
        on = self.luck.choice(later[:3]) if self.luck.random() < 0.9 else self.luck.choice(DAYS)
        to = self.luck.choice(AFTER[dispute["stage"]])
        return self.api.act(f"/v1/disputes/{self.id}/move", {"to": to, "on": on, "reason": "示范"})

    def correct_child(self) -> httpx.Response:
        register = self.luck.choice(list(CHILDREN))
        if not self.known[register]:
            return self.correct()
        date, day = CHILDREN[register][1], self.luck.choice(DAYS)
        changes: Entry = {date: day}
        if register == "agreements":
            changes = self.luck.choice(
                [
                    {date: day},
                    {"mediator_signed": self.luck.random() < 0.5},
                    {"terms": self.terms(day)},
                    {"kind": "peace_pact"},
                ]
            )
        at = f"/v1/{register}/{self.luck.choice(self.known[register])}"
        return self.api.act(f"{at}/correct", {"changes": changes, "reason": REASON})

    def correct(self) -> httpx.Response:
        changes = {"discovered_on": self.luck.choice(DAYS)}
        return self.api.act(f"/v1/disputes/{self.id}/correct", {"changes": changes, "reason": REASON})

    def void_child(self) -> httpx.Response:
        register = self.luck.choice(list(CHILDREN))
        if not self.known[register]:
            return self.correct()
        at = f"/v1/{register}/{self.luck.choice(self.known[register])}"
        return self.api.act(f"{at}/void", {"reason": REASON}, who="supervisor")

    def void(self) -> httpx.Response:
        body = {"reason": REASON, "children": self.luck.random() < 0.5}
        return self.api.act(f"/v1/disputes/{self.id}/void", body, who="supervisor")

    def faults(self, on: str | None = None) -> list[str]:
        """What does not hold of the case as it stands, or as it was on a day."""
        case = self.api.get(f"/v1/disputes/{self.id}/case" + (f"?on={on}" if on else ""))
        if case.status_code == 404:
            return []  # the day is before its discovery
        return list(dispute_faults(case.json()))


def dispute_faults(case: Entry) -> Iterator[str]:
    """The oracle."""
    dispute = case["dispute"]
    parts = {name: [each for each in case[key] if not each["meta"]["voided"]] for name, key in PARTS.items()}
    if dispute["meta"]["voided"]:
        yield from (f"{name} of a voided dispute" for name, found in parts.items() if found)
        return
    found_on, moves = dispute["discovered_on"], dispute["moves"]
    days = [found_on, *(move["on"] for move in moves)]
    if days != sorted(days):
        yield f"moves out of order: {days}"
    for name in ("mediation-sessions", "agreements", "return-visits"):
        yield from (f"{name} before discovery" for each in parts[name] if each[CHILDREN[name][1]] < found_on)
    yield from agreement_faults(parts)
    yield from move_faults(moves, parts)


def agreement_faults(parts: dict[str, list[Entry]]) -> Iterator[str]:
    """Of what rests on an agreement's own day."""
    signed = {each["id"]: each for each in parts["agreements"]}
    for visit in parts["return-visits"]:
        if visit["agreement_id"] is not None:
            agreement = signed.get(visit["agreement_id"])
            if agreement is None or visit["visited_on"] < agreement["signed_on"]:
                yield "a return visit without its agreement"


def move_faults(moves: list[Entry], parts: dict[str, list[Entry]]) -> Iterator[str]:
    """Of what the moves rest on."""
    signed = {each["id"]: each for each in parts["agreements"]}
    since = ""
    for at, move in enumerate(moves):
        if move["to"] == "mediating":
            since = move["on"]
        live = [
            each for each in signed.values()
            if each["effective_on"] and each["kind"] != "peace_pact" and since <= each["effective_on"] <= move["on"]
        ]  # fmt: skip
        if move["to"] in {"agreed", "performed"} and not live:
            yield f"{move['to']} on {move['on']} without an agreement"
        if move["to"] == "performed" and any((each["performed_on"] or "9999") > move["on"] for each in live):
            yield "performed with a term that was not"
        if move["to"] == "withdrawn":
            until = moves[at + 1]["on"] if at + 1 < len(moves) else "9999"
            busy = [each["held_on"] for each in parts["mediation-sessions"]] + [
                each["signed_on"] for each in signed.values()
            ]
            yield from (f"something on {day}, while withdrawn" for day in busy if move["on"] < day < until)


class PatientHistory:
    """Somebody in care and the visits to them, written at random."""

    def __init__(self, api: Api, luck: random.Random) -> None:
        self.api, self.luck = api, luck
        self.id = api.made("/v1/patients", factories.patient(id_number=None, in_care_since=luck.choice(DAYS[:4])))["id"]
        self.visits: list[str] = []

    def step(self) -> httpx.Response:
        verbs = [self.visit, self.correct_visit, self.correct, self.void_visit, self.void]
        return self.luck.choices(verbs, [6, 3, 2, 1.5, 0.3])[0]()

    def told(self) -> Entry:
        """What a visit tells: seen, not at home, or a death."""
        day = self.luck.choice(DAYS)
        unseen: Entry = {"seen": False, "risk_level": None, "stability": None, "findings": None, "incidents": None}
        kind = self.luck.random()
        if kind < 0.6:
            return {"visited_on": day, "incidents": {"disturbance": self.luck.randrange(3)}}
        if kind < 0.8:
            return {"visited_on": day, **unseen, "not_seen_reason": "not_home"}
        died = self.luck.choice([each for each in DAYS if each <= day])
        return {"visited_on": day, **unseen, "not_seen_reason": "deceased", "died_on": died}

    def visit(self) -> httpx.Response:
        answer = self.api.post("/v1/visits", factories.visit(self.id, **self.told()))
        if answer.status_code == 201:
            self.visits.append(answer.json()["id"])
        return answer

    def correct_visit(self) -> httpx.Response:
        if not self.visits:
            return self.visit()
        at = f"/v1/visits/{self.luck.choice(self.visits)}/correct"
        changes = self.luck.choice(
            [{"visited_on": self.luck.choice(DAYS)}, {"incidents": {"serious": 1}}, {"sleep": "good"}]
        )
        return self.api.act(at, {"changes": changes, "reason": REASON})

    def correct(self) -> httpx.Response:
        changes: Entry = self.luck.choice(
            [
                {"in_care_since": self.luck.choice(DAYS)},
                {"status": "died", "left_care_on": self.luck.choice(DAYS)},
                {"incident_count": 4},
            ]
        )
        return self.api.act(f"/v1/patients/{self.id}/correct", {"changes": changes, "reason": REASON})

    def void_visit(self) -> httpx.Response:
        if not self.visits:
            return self.visit()
        return self.api.act(f"/v1/visits/{self.luck.choice(self.visits)}/void", {"reason": REASON}, who="supervisor")

    def void(self) -> httpx.Response:
        body = {"reason": REASON, "children": self.luck.random() < 0.5}
        return self.api.act(f"/v1/patients/{self.id}/void", body, who="supervisor")

    def faults(self, on: str | None = None) -> list[str]:
        """What does not hold of the patient as they stand, or stood on a day."""
        asked = f"&on={on}" if on else ""
        patient = self.api.get(f"/v1/patients/{self.id}" + (f"?on={on}" if on else ""))
        if patient.status_code == 404:
            return []
        visits = self.api.get(f"/v1/visits?patient_id={self.id}&limit=200{asked}").json()["items"]
        return list(patient_faults(patient.json(), visits, whole=on is None))


def patient_faults(patient: Entry, visits: list[Entry], *, whole: bool) -> Iterator[str]:
    """The oracle. How many incidents there were by a past day is answered as recorded: that is counted of the `whole` only."""
    if patient["meta"]["voided"]:
        if visits:
            yield "visits to a voided patient"
        return
    deaths = {visit["died_on"] for visit in visits if visit["died_on"]}
    deaths |= {patient["left_care_on"]} if patient["status"] == "died" else set()
    if len(deaths) > 1:
        yield f"died on {sorted(deaths)}"
    if deaths and any(visit["seen"] and visit["visited_on"] > min(deaths) for visit in visits):
        yield "seen after death"
    if whole and deaths and patient["status"] == "in_care":
        yield "in care after death"
    if any(visit["visited_on"] < patient["in_care_since"] for visit in visits):
        yield "visited before care"
    told = [
        visit["incidents"]
        for visit in visits
        if visit["incidents"] and visit["visited_on"] >= patient["incidents_from"]
    ]
    count = patient["entered_incident_count"] + sum(each["disturbance"] + each["serious"] for each in told)
    if whole and patient["incident_count"] != count:
        yield f"{patient['incident_count']} incidents on the roster, {count} told"


@pytest.mark.parametrize(("make", "share"), [(DisputeHistory, 0.6), (PatientHistory, 0.4)], ids=["dispute", "patient"])
def test_all_rules_hold_after_whatever_was_accepted(
    api: Api, make: type[DisputeHistory] | type[PatientHistory], share: float
) -> None:
    api.client.event_hooks = {}
    accepted = refused = 0
    for seed in range(int(HISTORIES * share)):
        history = make(api, random.Random(seed))
        for _ in range(8):
            answer = history.step()
            assert answer.status_code in {200, 201, 409, 422}, answer.text
            if answer.status_code >= 400:
                refused += 1
                continue
            accepted += 1
            assert history.faults() == [], (
                seed,
                answer.request.method,
                answer.request.url.path,
                answer.request.content,
            )
        for day in DAYS[1::4]:
            assert history.faults(day) == [], (seed, day)
    assert min(accepted, refused) > 3 * HISTORIES * share * 0.3
