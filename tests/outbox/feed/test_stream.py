"""The stream of a real server: resumed, kept alive, ended by the key and by the server's own end. On SQLite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import httpx
import msgspec
import pytest

from tests.faults.crash import GATHERING_BODY, START_SECONDS, Server, serving, sqlite_place

pytestmark = pytest.mark.slow

Told = dict[str, str]


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Server, httpx.AsyncClient, str]]:
    """A server, a client of it as the supervisor, and the key of an administrator."""
    async with sqlite_place() as place, serving(place, 1, Random(1)) as (server, _):
        office = server.command("keys", "create", "reader", "--role", "supervisor")
        administrator = server.command("keys", "create", "second", "--role", "administrator")
        at, headers = f"http://127.0.0.1:{server.port}", {"Authorization": f"Bearer {office}"}
        async with httpx.AsyncClient(base_url=at, headers=headers, timeout=START_SECONDS) as client:
            yield server, client, administrator


async def messages(stream: httpx.Response) -> AsyncIterator[Told]:
    """The messages of a stream; a comment has the name ''."""
    told: Told = {}
    async for line in stream.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            told[name] = value.strip()
        else:
            yield told
            told = {}


async def record(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post("/v1/gatherings", json={**GATHERING_BODY, "title": "年例(示范)"})
    entry: dict[str, Any] = answer.raise_for_status().json()
    return entry


def opened(client: httpx.AsyncClient, **headers: str) -> Any:
    return client.stream("GET", "/v1/changes/stream?heartbeat=1", headers=headers)


def test_a_stream_is_resumed_where_it_was_cut_off_and_is_kept_alive() -> None:
    async def story() -> None:
        async with served() as (_, client, _):
            async with opened(client) as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                told = messages(stream)
                assert (await anext(told)) == {"retry": "2000"}
                beat = await anext(told)
                assert set(beat) == {"", "id"}
                first = await record(client)
                event = await anext(told)
                while "data" not in event:
                    event = await anext(told)
                assert event["event"] == "gatherings.created"
                assert msgspec.json.decode(event["data"])["data"] == first
                assert event["id"] == f"wm_440882_{first['meta']['position'] + 1}"
            missed = [await record(client) for _ in range(3)]
            async with opened(client, **{"Last-Event-ID": event["id"]}) as stream:
                told = messages(stream)
                assert "retry" in await anext(told)
                again = [msgspec.json.decode((await anext(told))["data"])["data"] for _ in missed]
            assert again == missed

    asyncio.run(story())


def test_the_server_stops_at_once_under_streams_and_long_polls() -> None:
    async def story() -> None:
        async with served() as (server, client, _), opened(client) as stream:
            told = messages(stream)
            await anext(told)
            waiting = asyncio.create_task(client.get("/v1/changes?wait=60"))
            await anext(told)  # a heartbeat: by now the poll waits too
            seconds = await asyncio.to_thread(server.stop)
            assert [message async for message in told if "data" in message] == []
            assert (await waiting).json()["events"] == []
            assert seconds < 2

    asyncio.run(story())


def test_a_stream_ends_with_its_key() -> None:
    async def story() -> None:
        async with served() as (server, client, administrator), opened(client) as stream:
            told = messages(stream)
            await anext(told)
            admin = {"Authorization": f"Bearer {administrator}"}
            keys = (await client.get("/v1/keys", headers=admin)).json()["items"]
            (mine,) = [key["id"] for key in keys if key["name"] == "reader"]
            await client.post(f"/v1/keys/{mine}/revoke", headers=admin)
            async with asyncio.timeout(10):
                assert [message async for message in told if "data" in message] == []
            assert server.stop() < 2

    asyncio.run(story())
