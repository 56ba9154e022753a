"""Two servers killed (-9) in turn while they deliver to a receiver that fails at random: nothing is lost, each entry keeps its order."""

import asyncio
import random
import signal
import time
from collections import defaultdict
from typing import Any

import pytest

from tests.faults.crash import BOOK, COUNTY_BODY, GATHERING_BODY, GATHERINGS, PLACES, TOWN_BODY, Server, connected
from tests.outbox.webhooks.receiver import Received, Receiver

pytestmark = pytest.mark.apart

ENTRIES, CHANGES, KILLS = 12, 3, 2


async def written(server: Server, key: str, turn: int, entries: list[str]) -> None:
    """A new version of each entry, or the entries themselves."""
    async with connected(server.port, key) as wire:
        if not turn:
            for index in range(ENTRIES):
                answer = await wire.send("POST", GATHERINGS, {**GATHERING_BODY, "title": f"年例 {index}"})
                assert answer.status == 201
                entries.append(answer.body["id"])
        for entry in entries if turn else []:
            answer = await wire.send("PATCH", f"{GATHERINGS}/{entry}", {"title": f"改 {turn}"}, {"If-Match": "*"})
            assert answer.status == 200


async def deliver(database: str, receiver: Receiver) -> tuple[int, float]:
    """Write and kill. Returns the first position that the webhook is for, and how long a clean stop took in seconds."""
    async with PLACES[database]() as place:
        servers = [Server(place.home, place.url, REGISTRY_WEBHOOK_ALLOW="127.0.0.1") for _ in range(2)]
        servers[0].command("migrate")
        administrator, office = (
            servers[0].command("keys", "create", name, "--role", name) for name in ("administrator", "supervisor")
        )
        try:
            for server in servers:
                await server.start()
            async with connected(servers[0].port, administrator) as wire:
                for body in (COUNTY_BODY, TOWN_BODY):
                    assert (await wire.send("POST", "/v1/divisions", body)).status == 201
                keys = (await wire.send("GET", "/v1/keys")).body["items"]
                reader = next(each["id"] for each in keys if each["role"] == "supervisor")
                hook = {"url": receiver.url, "principal": reader, "events": ["gatherings.*"]}
                made = await wire.send("POST", "/v1/webhooks", hook)
                assert made.status == 201
            start = int(made.body["next"].rpartition("_")[2])
            entries: list[str] = []
            for turn in range(CHANGES):
                await written(servers[turn % 2], office, turn, entries)
                if turn < KILLS:
                    servers[turn % 2].kill()
                    await servers[turn % 2].start()
            async with asyncio.timeout(120):
                while len({event["id"] for event in receiver.good()}) < ENTRIES * CHANGES:
                    await asyncio.sleep(0.1)
            process = servers[0]._process
            assert process is not None
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 10)
            return start, time.monotonic() - begun
        finally:
            for server in servers:
                server.kill()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_kill_9_of_two_servers_loses_no_delivery(database: str) -> None:
    chance, refused = random.Random(2020), set[str]()

    def reply(got: Received) -> Any:
        """Refuses at random, no event twice: the next wait would be half a minute."""
        refuses = chance.random() < 0.2 and got.event["id"] not in refused
        refused.update([got.event["id"]] if refuses else [])
        return (500 if refuses else 204), {}, b""

    with Receiver(reply) as receiver:
        start, stopped = asyncio.run(deliver(database, receiver))
    good = receiver.good()
    assert {event["id"] for event in good} == {f"wm_{BOOK}_{start + n}-0" for n in range(ENTRIES * CHANGES)}
    order: dict[str, list[int]] = defaultdict(list)
    for event in good:
        if event["entryversion"] not in order[event["subject"]]:
            order[event["subject"]].append(event["entryversion"])
    assert list(order.values()) == [list(range(1, CHANGES + 1))] * ENTRIES
    assert stopped < 2
