"""The command line of the registry as anybody runs it, and its server, with a clock that can be set to a past day."""

import datetime as dt
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

CLOCK = """
import os, runpy, time
ahead, real = int(os.environ.pop("FROZEN_AHEAD")), time.time_ns
time.time_ns = lambda: real() + ahead
runpy.run_module("registry", run_name="__main__")
"""
"""Runs the registry with all that it writes down dated so many nanoseconds ahead."""
BEIJING = ZoneInfo("Asia/Shanghai")
OFFICES = {"clerk", "neighbour", "village_clerk", "supervisor"}
"""Callers who say what they look for, unless the request's headers say otherwise."""


@dataclass
class Home:
    """A home of the registry, its database, and the keys that were made in it."""

    folder: Path
    database: str
    keys: dict[str, str] = field(default_factory=dict)
    origin: str = "registry.example"

    def environment(self, now: dt.datetime) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
        return kept | {
            "PYTHONPATH": "src",
            "REGISTRY_HOME": str(self.folder),
            "REGISTRY_DATABASE": self.database,
            "REGISTRY_ORIGIN": self.origin,
            "REGISTRY_WEBHOOK_ALLOW": "127.0.0.0/8",
            "FROZEN_AHEAD": str(int(now.timestamp() * 1e9) - time.time_ns()),
        }

    def command(self, now: dt.datetime, *arguments: str) -> str:
        """What a command prints. It must end with status 0."""
        line = [sys.executable, "-c", CLOCK, *arguments]
        done = subprocess.run(line, env=self.environment(now), capture_output=True, text=True, check=False)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    @contextmanager
    def served(self, now: dt.datetime) -> Iterator["Office"]:
        """The server, at that moment."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        line = [sys.executable, "-c", CLOCK, "serve"]
        server = subprocess.Popen(line, env=self.environment(now) | {"REGISTRY_PORT": str(port)})
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                _wait(client)
                yield Office(client, self.keys)
        finally:
            server.terminate()
            server.wait(30)


def _wait(client: httpx.Client) -> None:
    for _ in range(300):
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError


def beijing(text: str, hour: int = 9) -> dt.datetime:
    """An hour of a day in Beijing."""
    return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(hour), BEIJING)


@dataclass
class Office:
    """Calls the server as any caller; None is nobody."""

    client: httpx.Client
    keys: dict[str, str]

    def ask(self, who: str | None, method: str, path: str, body: Any = None, **headers: str | None) -> httpx.Response:
        sent = headers_of(who, {name.replace("_", "-"): value for name, value in headers.items()})
        if who is not None:
            sent["Authorization"] = f"Bearer {self.keys[who]}"
        more = {} if body is None else {"json": body}
        return self.client.request(method, path, headers=sent, **more)

    def get(self, path: str, who: str = "auditor", **headers: str | None) -> Any:
        return self._well(self.ask(who, "GET", path, **headers))

    def post(self, path: str, body: Any = None, who: str = "clerk", **headers: str | None) -> Any:
        return self._well(self.ask(who, "POST", path, body, **headers))

    def patch(self, path: str, body: Any, who: str = "clerk", **headers: str | None) -> Any:
        return self._well(self.ask(who, "PATCH", path, body, **({"If_Match": "*"} | headers)))

    def act(self, path: str, body: Any, who: str = "clerk") -> Any:
        return self.post(path, body, who, If_Match="*")

    @staticmethod
    def _well(answer: httpx.Response) -> Any:
        assert answer.status_code < 300, (answer.request.method, answer.request.url.path, answer.text)
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text


def headers_of(who: str | None, headers: dict[str, str | None]) -> dict[str, str]:
    """The headers of a request: an office says what it looks for unless they say otherwise (None: it does not say)."""
    usual: dict[str, str | None] = {"Purpose-Of-Use": "visit"} if who in OFFICES else {}
    return {name: value for name, value in (usual | headers).items() if value is not None}
