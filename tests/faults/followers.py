"""Kill -9 under writers and followers: does every follower of the feed have the same events in the same order, none missing?

    python -m tests.faults.followers --database sqlite|postgres --rounds 10 --writers 16

A round: writers write and followers follow, the server is killed and started again. A follower goes on where it was: by poll
from the last `next`, by SSE from its Last-Event-ID, by webhook from what its receiver, which fails at random, has acknowledged.
In the end each reads to the head. What they have is compared with the log's own rows, read by SQL, and with each other's bytes.
"""

import argparse
import asyncio
import json
import sys
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.faults.crash import BOOK, CUT, PLACES, START_SECONDS, TOWN, Clients, Server, connected, serving
from tests.outbox.webhooks.receiver import Received, Receiver, Reply

GONE = (httpx.TransportError, *CUT)
"""What a follower meets when the server dies."""
CAUGHT_UP_SECONDS = 600
"""For what a receiver refused to come again: it takes some 6 seconds, and the entry's later events wait for it."""


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
            self.events += [(event["id"], _bytes(event)) for event in page["events"]]
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
            self.events.append((event["id"], _bytes(event)))


class Hook:
    """A webhook's receiver: it refuses at random, no event twice, and keeps what it acknowledged."""

    def __init__(self, name: str, start: int, chance: Random, failing: float) -> None:
        self.name = name
        self.start = start
        self.receiver = Receiver(self._reply)
        self.refused: set[str] = set()
        self._chance = chance
        self._failing = failing

    def _reply(self, got: Received) -> Reply:
        event = got.event["id"]
        if event not in self.refused and self._chance.random() < self._failing:
            self.refused.add(event)
            return self._chance.choice([500, 503, 302]), {"Retry-After": "1", "Location": "/elsewhere"}, b""
        return 204, {}, b""

    def has(self, head: int) -> bool:
        """Whether everything before position `head` has been acknowledged."""
        return len({event["id"] for event in self.receiver.good()}) >= head - self.start

    def faults(self, log: Sequence[int]) -> Iterator[str]:
        """As a set all from its start on; of each entry, in the order of its versions."""
        good = self.receiver.good()
        if {event["id"] for event in good} != {f"wm_{BOOK}_{position}-0" for position in log[self.start :]}:
            yield "events are missing, or none that the log has"
        versions: dict[str, list[int]] = defaultdict(list)
        for event in good:
            if event["entryversion"] not in versions[event["subject"]]:
                versions[event["subject"]].append(event["entryversion"])
        if any(each != sorted(each) for each in versions.values()):
            yield "an entry's events came in another order"
        if any(got.path != "/hook" for got in self.receiver.received):
            yield "a redirect was followed"


@dataclass
class Report:
    """What became of it."""

    log: int = 0
    events: int = 0
    cuts: int = 0
    delivered: int = 0
    """By webhook, repeats included."""
    refused: int = 0
    faults: Counter[str] = field(default_factory=Counter)


async def follow(
    database: str, rounds: int, writers: int, seed: int, *, failing: float = 0.1, moving: bool = True
) -> Report:
    """Run it all on one database, look at what every follower has.

    `failing` is how often the receivers refuse. `moving`: no kill before a webhook has delivered since the last one; it may take
    the 20 seconds for which a dead server's lease runs.
    """
    chance = Random(seed)
    hooks = [Hook(f"dashboard by webhook from {start}", start, chance, failing) for start in (0, 2)]
    with ExitStack() as receivers:
        for hook in hooks:
            receivers.enter_context(hook.receiver)
        async with (
            PLACES[database]() as place,
            serving(place, writers, chance, REGISTRY_WEBHOOK_ALLOW="127.0.0.1") as (server, clients),
        ):
            followers = await _followers(server, chance, hooks)
            for _ in range(rounds):
                await _round(server, clients, followers, hooks if moving else [], chance)
            ((head,),) = await place.query("SELECT next_position FROM books")
            with suppress(TimeoutError):  # the report says what is missing
                async with asyncio.timeout(CAUGHT_UP_SECONDS):
                    await asyncio.gather(*(each.follow(server.port, head) for each in followers))
                    while not all(hook.has(head) for hook in hooks):
                        await asyncio.sleep(0.1)
            rows = await place.query("SELECT position FROM log ORDER BY position")
            return _report([position for (position,) in rows], followers, hooks, clients)


async def _followers(server: Server, chance: Random, hooks: Sequence[Hook]) -> list[Follower]:
    """Of each reader: polls of several sizes and streams, from the beginning and from later on. Makes the webhooks too."""
    followers: list[Follower] = []
    for name, words in {"dashboard": (), "clerk": ("--division", TOWN)}.items():
        key = server.command("keys", "create", name, "--role", name, *words)
        followers += [Poller(f"{name} by poll of {limit}", key, 0, limit) for limit in (1, 7, 200)]
        followers += [Poller(f"{name} by poll from 2", key, 2, chance.randrange(2, 20))]
        followers += [Streamer(f"{name} by stream from {start}", key, start) for start in (0, 1)]
    administrator = server.command("keys", "create", "hooks", "--role", "administrator")
    async with connected(server.port, administrator) as wire:
        keys = (await wire.send("GET", "/v1/keys")).body["items"]
        reader = next(each["id"] for each in keys if each["role"] == "dashboard")
        for hook in hooks:
            body = {"url": hook.receiver.url, "principal": reader, "events": ["*"], "after": f"wm_{BOOK}_{hook.start}"}
            assert (await wire.send("POST", "/v1/webhooks", body)).status == 201
    return followers


async def _round(
    server: Server, clients: Clients, followers: Sequence[Follower], hooks: Sequence[Hook], chance: Random
) -> None:
    """Write and follow, kill the server in the middle of it, start it again."""
    following = [asyncio.create_task(each.follow(server.port)) for each in followers]
    await _delivered(server, clients, hooks)
    writing = asyncio.create_task(clients.write(server.port, asyncio.Event()))
    for _ in range(chance.randrange(5, 60)):
        await _acknowledged(clients)
    server.kill()
    await asyncio.gather(writing, *following)
    await server.start()
    await clients.send_again(server.port)


async def _delivered(server: Server, clients: Clients, hooks: Sequence[Hook]) -> None:
    """A few writes, and wait until each of these webhooks has delivered something."""
    before = [len(hook.receiver.good()) for hook in hooks]
    written = asyncio.Event()
    writing = asyncio.create_task(clients.write(server.port, written))
    await _acknowledged(clients)
    written.set()
    await writing
    async with asyncio.timeout(2 * START_SECONDS):
        while any(len(hook.receiver.good()) == count for hook, count in zip(hooks, before, strict=True)):
            await asyncio.sleep(0.01)


async def _acknowledged(clients: Clients) -> None:
    clients.acknowledged.clear()
    async with asyncio.timeout(START_SECONDS):
        await clients.acknowledged.wait()


def _report(log: Sequence[int], followers: Sequence[Follower], hooks: Sequence[Hook], clients: Clients) -> Report:
    """Each follower has each position once, from its start on, in order; the same event is the same bytes for a reader."""
    report = Report(log=len(log), faults=clients.faults)
    bodies: dict[tuple[str, str], bytes] = {}
    for each in followers:
        expected = [f"wm_{BOOK}_{position}-0" for position in log[each.start :]]
        ids = [event_id for event_id, _ in each.events]
        if ids != expected:
            kind = "events are missing" if set(expected) - set(ids) else "the order is another, or events came twice"
            report.faults[f"{each.name}: {kind}"] += 1
        report.faults.update(_other_bytes(each.name, each.events, bodies))
        report.events += len(ids)
        report.cuts += each.cut
    for hook in hooks:
        good = hook.receiver.good()
        report.faults.update(f"{hook.name}: {fault}" for fault in hook.faults(log))
        report.faults.update(_other_bytes(hook.name, [(event["id"], _bytes(event)) for event in good], bodies))
        report.delivered += len(good)
        report.refused += len(hook.refused)
    return report


def _other_bytes(name: str, events: Sequence[tuple[str, bytes]], bodies: dict[tuple[str, str], bytes]) -> Iterator[str]:
    """Events that another follower of the same reader (the name's first word) has with other bytes."""
    for event_id, body in events:
        if bodies.setdefault((name.partition(" ")[0], event_id), body) != body:
            yield f"{name}: an event has other bytes"


def _bytes(event: dict[str, Any]) -> bytes:
    return json.dumps(event, sort_keys=True).encode()


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
        f"{report.cuts} followers cut off, {report.delivered} events delivered and {report.refused} refused; "
        f"faults: {dict(report.faults) or 'none'}"
    )
    sys.exit(bool(report.faults))


if __name__ == "__main__":
    main()
