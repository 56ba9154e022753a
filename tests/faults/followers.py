"""Kill -9 under writers and followers: does every follower of the feed have the same events in the same order, none missing?

    python -m tests.faults.followers --database sqlite|postgres --rounds 10 --writers 16

A round: writers write and followers follow, the server is killed and started again. A follower goes on where it was: by poll
from the last `next`, by SSE from its Last-Event-ID. In the end each reads to the head. What they have is compared with the
log's own rows, read by SQL, and with each other's bytes.
"""

import argparse
import asyncio
import json
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import httpx

from tests.faults.crash import BOOK, CUT, PLACES, START_SECONDS, TOWN, Clients, Server, serving

GONE = (httpx.TransportError, *CUT)
"""What a follower meets when the server dies."""


class Follower(ABC):
    """One client of the feed, from one cursor."""

    def __init__(self, name: str, key: str, start: int) -> None:
        self.name = name
        self.start = start
        self.cursor = f"wm_{BOOK}_{start}"
        self.events: list[tuple[str, bytes]] = []
        """Ids and bytes, in the order in which they came."""
        self.cut = 0
        """How often the server died under it."""
        self._headers = {"Authorization": f"Bearer {key}"}

    async def follow(self, port: int, until: int | None = None) -> None:
        """Follow until the server dies, or until everything before position `until` was told."""
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=START_SECONDS) as client:
                await self._follow(client, until)
        except GONE:
            self.cut += 1

    def _is_past(self, until: int | None) -> bool:
        return until is not None and int(self.cursor.rpartition("_")[2]) >= until

    @abstractmethod
    async def _follow(self, client: httpx.AsyncClient, until: int | None) -> None: ...


class Poller(Follower):
    """Asks for pages, waiting for something to come."""

    def __init__(self, name: str, key: str, start: int, limit: int) -> None:
        super().__init__(name, key, start)
        self._limit = limit

    async def _follow(self, client: httpx.AsyncClient, until: int | None) -> None:
        while not self._is_past(until):
            asked = {"after": self.cursor, "limit": self._limit, "wait": 5}
            answer = await client.get("/v1/changes", params=asked, headers=self._headers)
            if answer.status_code == 503:
                continue
            page = answer.raise_for_status().json()
            self.events += [(event["id"], json.dumps(event, sort_keys=True).encode()) for event in page["events"]]
            self.cursor = page["next"]


class Streamer(Follower):
    """Reads the stream, and comes back with the last id."""

    async def _follow(self, client: httpx.AsyncClient, until: int | None) -> None:
        headers = {**self._headers, "Last-Event-ID": self.cursor}
        async with client.stream("GET", "/v1/changes/stream?heartbeat=1", headers=headers) as stream:
            stream.raise_for_status()
            told: dict[str, str] = {}
            async for line in stream.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    told[name] = value
                    continue
                self._take(told)
                told = {}
                if self._is_past(until):
                    return

    def _take(self, told: dict[str, str]) -> None:
        """One message: an event, or a comment with the cursor alone. What was cut off in the middle never gets here."""
        self.cursor = told.get("id", self.cursor)
        if "data" in told:
            event = json.loads(told["data"])
            self.events.append((event["id"], json.dumps(event, sort_keys=True).encode()))


@dataclass
class Report:
    """What became of it."""

    log: int = 0
    events: int = 0
    cuts: int = 0
    faults: Counter[str] = field(default_factory=Counter)


async def follow(database: str, rounds: int, writers: int, seed: int) -> Report:
    """Run it all on one database, look at what every follower has."""
    chance = Random(seed)
    async with PLACES[database]() as place, serving(place, writers, chance) as (server, clients):
        followers = _followers(server, chance)
        for _ in range(rounds):
            await _round(server, clients, followers, chance)
        ((head,),) = await place.query("SELECT next_position FROM books")
        async with asyncio.timeout(10 * START_SECONDS):
            await asyncio.gather(*(each.follow(server.port, head) for each in followers))
        rows = await place.query("SELECT position FROM log ORDER BY position")
        return _report([position for (position,) in rows], followers, clients)


def _followers(server: Server, chance: Random) -> list[Follower]:
    """Of each reader: polls of several sizes and streams, from the beginning and from later on."""
    followers: list[Follower] = []
    for name, words in {"dashboard": (), "clerk": ("--division", TOWN)}.items():
        key = server.command("keys", "create", name, "--role", name, *words)
        followers += [Poller(f"{name} by poll of {limit}", key, 0, limit) for limit in (1, 7, 200)]
        followers += [Poller(f"{name} by poll from 2", key, 2, chance.randrange(2, 20))]
        followers += [Streamer(f"{name} by stream from {start}", key, start) for start in (0, 1)]
    return followers


async def _round(server: Server, clients: Clients, followers: Sequence[Follower], chance: Random) -> None:
    """Write and follow, kill the server in the middle of it, start it again."""
    following = [asyncio.create_task(each.follow(server.port)) for each in followers]
    writing = asyncio.create_task(clients.write(server.port, asyncio.Event()))
    for _ in range(chance.randrange(5, 60)):
        clients.acknowledged.clear()
        async with asyncio.timeout(START_SECONDS):
            await clients.acknowledged.wait()
    server.kill()
    await asyncio.gather(writing, *following)
    await server.start()
    await clients.send_again(server.port)


def _report(log: list[int], followers: Sequence[Follower], clients: Clients) -> Report:
    """Each follower has each position once, from its start on, in order; the same event is the same bytes for a reader."""
    report = Report(log=len(log), faults=clients.faults)
    bodies: dict[tuple[str, str], bytes] = {}
    for each in followers:
        expected = [f"wm_{BOOK}_{position}-0" for position in log[each.start :]]
        ids = [event_id for event_id, _ in each.events]
        if ids != expected:
            kind = "events are missing" if set(expected) - set(ids) else "the order is another, or events came twice"
            report.faults[f"{each.name}: {kind}"] += 1
        for event_id, body in each.events:
            if bodies.setdefault((each.name.partition(" ")[0], event_id), body) != body:
                report.faults[f"{each.name}: an event has other bytes"] += 1
        report.events += len(ids)
        report.cuts += each.cut
    return report


def main() -> None:
    """Run it and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=PLACES, default="sqlite")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seed", type=int, default=2020)
    asked = parser.parse_args()
    report = asyncio.run(follow(asked.database, asked.rounds, asked.writers, asked.seed))
    print(
        f"{asked.database}: {asked.rounds} kills, log {report.log}, {report.events} events followed, "
        f"{report.cuts} followers cut off; faults: {dict(report.faults) or 'none'}"
    )
    sys.exit(bool(report.faults))


if __name__ == "__main__":
    main()
