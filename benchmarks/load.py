"""Closed-loop load over keep-alive connections: wrk where it is installed, else a small asyncio client."""

import asyncio
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one cell did in one round."""

    rate: float
    """Good answers (or transactions) a second."""
    p50: float | None = None
    p99: float | None = None
    """Milliseconds."""
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """Requests to a server on this machine, sent in turn by some clients; called, it runs for some seconds."""

    port: int
    paths: list[str]
    key: str | None = None
    body: bytes | None = None
    clients: int = 16
    scheme: str = "Bearer"

    def __call__(self, seconds: float) -> Sample:
        if shutil.which("wrk"):
            return _wrk(self, seconds)
        return asyncio.run(Client(self).run(seconds))

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    @property
    def authorization(self) -> str | None:
        return f"{self.scheme} {self.key}" if self.key else None


def _wrk(load: Load, seconds: float) -> Sample:
    with tempfile.TemporaryDirectory() as folder:
        paths, body = Path(folder, "paths"), Path(folder, "body")
        paths.write_text("\n".join(load.paths))
        body.write_bytes(load.body or b"")
        url = f"http://127.0.0.1:{load.port}/"
        command = [
            "wrk",
            "-t1",
            f"-c{load.clients}",
            f"-d{max(1, round(seconds))}s",
            "--timeout=30s",
            "-s",
            str(SCRIPT),
            url,
        ]
        arguments = ["--", load.method, str(paths), load.authorization or "-", "-" if load.body is None else str(body)]
        printed = subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout
    result = json.loads(printed.rpartition("\nresult ")[2])
    rate = (result["answers"] - result["failed"]) / result["seconds"]
    return Sample(rate, result["p50"], result["p99"], result["failed"])


@dataclass(slots=True)
class Client:
    """The fallback. It is slower than wrk, so it understates the fastest cells (the constant body) most."""

    load: Load
    times: list[float] = field(default_factory=list)
    failed: int = 0

    async def run(self, seconds: float) -> Sample:
        start = time.perf_counter()
        requests = itertools.cycle([self._request(path) for path in self.load.paths])
        clients = [self._converse(requests, start + seconds) for _ in range(self.load.clients)]
        await asyncio.gather(*clients)
        took = time.perf_counter() - start
        times = sorted(self.times)
        p50, p99 = (1000 * times[int(len(times) * part)] for part in (0.5, 0.99))
        return Sample((len(times) - self.failed) / took, p50, p99, self.failed)

    def _request(self, path: str) -> bytes:
        lines = [f"{self.load.method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        if self.load.authorization:
            lines.append(f"Authorization: {self.load.authorization}")
        body = self.load.body or b""
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def _converse(self, requests: Iterator[bytes], until: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.load.port)
        while (sent := time.perf_counter()) < until:
            writer.write(next(requests))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
            self.failed += not head.startswith(b"http/1.1 2")
            self.times.append(time.perf_counter() - sent)
        writer.close()
        await writer.wait_closed()
