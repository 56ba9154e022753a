"""Two servers on one database, killed (-9) while they remind: each step of each duty is in the log and in the feed once."""

import asyncio
import datetime as dt
from collections import Counter
from typing import Any

import pytest

from registry.ledger.clock import beijing_day, wall_clock
from tests.faults.crash import BOOK, COUNTY_BODY, PLACES, TOWN_BODY, Server, connected

pytestmark = pytest.mark.apart

PATIENTS, LATE, KILLS = 300, 10, 2
FIRST_VISIT = 14


def patient(number: int, today: dt.date) -> dict[str, Any]:
    """In care for two weeks and some days: the first visit is due today, or has been for up to so many days."""
    since = today - dt.timedelta(FIRST_VISIT + number % LATE)
    return {
        "division": TOWN_BODY["code"], "name": "示范孙", "sex": "female", "birth_date": "1949-12-31", "diagnosis": "bipolar",
        "risk_level": 0, "stability": "stable", "in_care_since": since.isoformat(), "consent": True,
    }  # fmt: skip


async def enrol(server: Server, key: str, numbers: range, today: dt.date) -> dict[str, tuple[str, int]]:
    """Patients by their duty: the day of the first visit, and the step that it has reached today."""
    found = {}
    async with connected(server.port, key) as wire:
        for number in numbers:
            body = patient(number, today)
            made = await wire.send("POST", "/v1/patients", body)
            assert made.status == 201, made.text
            late = number % LATE
            due_on = today - dt.timedelta(late)
            found[f"patients/{made.body['id']}/visit"] = due_on.isoformat(), 7 if late >= 7 else 0
    return found


async def listed(server: Server, key: str, path: str, name: str, after: str) -> list[dict[str, Any]]:
    """All pages of a list or of the feed."""
    found: list[dict[str, Any]] = []
    async with connected(server.port, key) as wire:
        at = "" if after == "next_cursor" else f"&after=wm_{BOOK}_0"
        while True:
            answer = await wire.send("GET", f"{path}{at}")
            assert answer.status == 200, answer.text
            found += answer.body[name]
            cursor = answer.body.get(after)
            if cursor is None or cursor == answer.body["watermark"]:
                return found
            at = f"&{'cursor' if after == 'next_cursor' else 'after'}={cursor}"


async def reminders(server: Server, key: str) -> list[dict[str, Any]]:
    return await listed(server, key, "/v1/reminders?limit=200", "items", "next_cursor")


async def grown(server: Server, key: str, said: int) -> int:
    """How many reminders there are, as soon as there are more."""
    async with asyncio.timeout(60):
        while (now := len(await reminders(server, key))) == said:
            await asyncio.sleep(0.005)
    return now


async def remind_and_kill(database: str) -> tuple[dict[str, tuple[str, int]], list[Any], list[Any]]:
    """Enrol, then kill both servers again and again while they remind. What is owed, the reminders, their events."""
    today = beijing_day(wall_clock())
    async with PLACES[database]() as place:
        servers = [Server(place.home, place.url) for _ in range(2)]
        servers[0].command("migrate")
        administrator, office = (
            servers[0].command("keys", "create", name, "--role", name) for name in ("administrator", "supervisor")
        )
        try:
            await servers[0].start()
            async with connected(servers[0].port, administrator) as wire:
                for body in (COUNTY_BODY, TOWN_BODY):
                    assert (await wire.send("POST", "/v1/divisions", body)).status == 201
            parts = [range(start, PATIENTS, 10) for start in range(10)]
            enrolled = await asyncio.gather(*(enrol(servers[0], office, part, today) for part in parts))
            owed = {duty: due for part in enrolled for duty, due in part.items()}
            servers[0].kill()
            said = 0
            for _ in range(KILLS):
                await asyncio.gather(*(server.start() for server in servers))
                said = await grown(servers[0], office, said) if said < len(owed) else said
                for server in servers:
                    server.kill()
            await asyncio.gather(*(server.start() for server in servers))
            while said < len(owed):
                said = await grown(servers[0], office, said)
            await asyncio.sleep(2)  # both have looked once more, and nothing more is said
            found = await reminders(servers[0], office)
            events = await listed(servers[1], office, "/v1/changes?registers=reminders&limit=200", "events", "next")
            return owed, found, events
        finally:
            for server in servers:
                server.kill()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_kill_9_of_two_servers_reminds_of_each_step_once(database: str) -> None:
    owed, found, events = asyncio.run(remind_and_kill(database))
    once = Counter({(duty, *due): 1 for duty, due in owed.items()})
    assert Counter((each["duty"], each["due_on"], each["step"]) for each in found) == once
    said = [event["data"] for event in events if event["type"].endswith("due.reminder")]
    assert Counter((each["duty"], each["due_on"], each["step"]) for each in said) == once
