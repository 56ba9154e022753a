"""Asking the witnesses while the server runs: in the background, so that a slow one delays neither writes nor the shutdown."""

import asyncio
import logging
import ssl
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import httptools

from registry.audit.proof.witnesses import Answer, Question, due, question, settle
from registry.db.database import Database
from registry.ledger.clock import Clock, wall_clock
from registry.tasks import end_tasks

PATIENCE = 5.0
"""Seconds that a witness gets to answer."""
MOST_BYTES = 64 * 1024
"""Of an answer."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Asking:
    """Asks the witnesses of all books of a database."""

    database: Database
    clock: Clock = wall_clock
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Ask those who may be asked again, unless that is going on already."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._ask_quietly(), name="witnesses")

    async def close(self) -> None:
        """Stop, whatever is still unanswered."""
        await end_tasks([self._task])

    async def _ask_quietly(self) -> None:
        try:
            await self.ask()
        except Exception:
            log.exception("the witnesses were not asked")

    async def ask(self) -> None:
        """Ask each witness that may be asked again, all at once; return when all have answered or had their time."""
        waiting = await self.database.scan(partial(due, now=self.clock()))
        async with asyncio.TaskGroup() as group:
            for book, name in waiting:
                group.create_task(self._ask(book, name))

    async def _ask(self, book: str, name: str) -> None:
        asked = await self.database.scan(partial(question, book=book, name=name))
        if asked is None:
            return
        answer = await _answer(asked)
        known = answer.known_size()
        if known is not None and known <= asked.size and known != asked.old:
            asked = await self.database.scan(partial(question, book=book, name=name, old=known)) or asked
            answer = await _answer(asked)
        await self.database.write(partial(settle, asked=asked, answer=answer, now=self.clock()))


async def _answer(asked: Question) -> Answer:
    try:
        return await post(f"{asked.url}/add-checkpoint", asked.body.encode())
    except TimeoutError:
        return Answer(failure=f"no answer within {PATIENCE:.0f} s")
    except (OSError, ValueError, httptools.HttpParserError, httptools.HttpParserUpgrade) as fault:
        return Answer(failure=f"no answer: {fault}"[:200])


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


async def post(url: str, body: bytes) -> Answer:
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


async def _read(reader: asyncio.StreamReader) -> Answer:
    reply, received = _Reply(), 0
    parser = httptools.HttpResponseParser(reply)
    while not reply.complete and (part := await reader.read(MOST_BYTES)):
        received += len(part)
        if received > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        parser.feed_data(part)
    if not received:
        raise ConnectionError("the connection was closed")
    return Answer(parser.get_status_code(), reply.media, bytes(reply.body))
