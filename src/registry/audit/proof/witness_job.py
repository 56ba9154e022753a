"""Has the witnesses cosign while the server runs: in the background, so that a slow one delays neither writes nor the shutdown."""

import asyncio
import ssl
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import httptools

from registry.audit.proof.witnesses import CosignRequest, CosignResponse, due, next_request, settle
from registry.db.database import Database
from registry.ledger.clock import Clock, wall_clock

ASK_EVERY = 1.0
"""Seconds between looks for witnesses that may be asked again; each is asked less often."""
PATIENCE = 5.0
"""Seconds that a witness gets to answer."""
MOST_BYTES = 64 * 1024
"""Of an answer."""


async def ask_witnesses(database: Database, clock: Clock = wall_clock) -> None:
    """Ask each witness of each book that may be asked again, all at once; return when all have answered or had their time."""
    waiting = await database.scan(partial(due, now=clock()))
    async with asyncio.TaskGroup() as group:
        for book, name in waiting:
            group.create_task(_ask(database, clock, book, name))


async def _ask(database: Database, clock: Clock, book: str, name: str) -> None:
    request = await database.scan(partial(next_request, book=book, name=name))
    if request is None:
        return
    response = await _send(request)
    known = response.known_size()
    if known is not None and known <= request.size and known != request.old:
        request = await database.scan(partial(next_request, book=book, name=name, old=known)) or request
        response = await _send(request)
    await database.write(partial(settle, request=request, response=response, now=clock()))


async def _send(request: CosignRequest) -> CosignResponse:
    try:
        return await post(f"{request.url}/add-checkpoint", request.body.encode())
    except TimeoutError:
        return CosignResponse(failure=f"no answer within {PATIENCE:.0f} s")
    except (OSError, ValueError, httptools.HttpParserError, httptools.HttpParserUpgrade) as fault:
        return CosignResponse(failure=f"no answer: {fault}"[:200])


@dataclass(slots=True)
class _Reply:
    """What httptools has read of an answer; it calls these methods."""

    media: str = ""
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self.media = value.decode("latin-1").partition(";")[0].strip().lower()

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.complete = True


async def post(url: str, body: bytes) -> CosignResponse:
    """The answer to a POST of text; redirects are not followed. Raises TimeoutError, OSError, ValueError, or
    an error of httptools.
    """
    parts = urlsplit(url)
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or (443 if tls else 80), ssl=tls)
        try:
            head = (
                f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: registry\r\nConnection: close\r\n"
                f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode("ascii") + body)
            await writer.drain()
            return await _read(reader)
        finally:
            writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> CosignResponse:
    reply, received = _Reply(), 0
    parser = httptools.HttpResponseParser(reply)
    while not reply.complete and (part := await reader.read(MOST_BYTES)):
        received += len(part)
        if received > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        parser.feed_data(part)
    if not received:
        raise ConnectionError("the connection was closed")
    return CosignResponse(parser.get_status_code(), reply.media, bytes(reply.body))
