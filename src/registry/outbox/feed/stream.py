"""The change feed (变更流) over HTTP: fetched in pages, perhaps waiting for the next event, or as a stream of server-sent events.

A reader who has all of a page asks for what comes after `next`; nothing is missed and nothing comes twice. Filters and
rights change what is shown of a position, never the order.
"""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, get_args

import msgspec
from litestar.response import Stream
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Connection

from registry.core.access_log import noting
from registry.core.divisions import check_division
from registry.core.principals import Principal
from registry.core.queries import DivisionParam
from registry.core.register import RegisterName, Right
from registry.core.watermarks import WATERMARK, head_of, watermark_text
from registry.db.outages import is_outage
from registry.errors import Fault, Malformed, Refused, Unauthenticated
from registry.ledger.versions import encode
from registry.outbox.feed.events import FeedRequest, Page, read_events
from registry.outbox.feed.followers import Followers
from registry.web.call import Call
from registry.web.reads import Answer, plain_json

ROUNDS = 10
"""Stretches of the log that a request without `wait` walks over at most where it finds nothing for the reader."""
RETRY = 2000
"""Milliseconds after which a client that lost the stream comes back."""
PAGE = 100
"""Positions that a stream reads at a time: all that it ever holds for a client."""

log = logging.getLogger(__name__)

NAME = "|".join(get_args(RegisterName))

After = Annotated[
    str,
    Meta(pattern=r"^wm_[0-9]{6}_[0-9]{1,18}$", max_length=28, examples=["wm_440882_812"],
        description="A cursor: `next` of the page before, or any watermark. Everything before it has been seen. Without it: from now."),
]  # fmt: skip
Names = Annotated[
    str,
    Meta(
        min_length=1, max_length=400, examples=["disputes,agreements"],
        description="Only of these registers, separated by commas.",
        extra_json_schema={"pattern": f"^({NAME})(,({NAME}))*$"},
    ),
]  # fmt: skip


class FeedQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which changes."""

    after: After | None = None
    registers: Names | None = None
    division: DivisionParam | None = None


class ChangesQuery(FeedQuery, kw_only=True):
    """Of a page of the feed."""

    limit: Annotated[int, Meta(ge=1, le=200, description="How many positions of the log at most.")] = 100
    wait: Annotated[int, Meta(ge=0, le=60, description="Seconds to wait for something where there is nothing yet (long poll).")] = 0  # fmt: skip


class StreamQuery(FeedQuery, kw_only=True):
    """Of the stream."""

    heartbeat: Annotated[int, Meta(ge=1, le=60, description="Seconds of silence after which a comment is sent.")] = 15


class ChangeEvent(msgspec.Struct, kw_only=True):
    """One change, as a CloudEvent 1.0 in JSON."""

    specversion: str
    id: Annotated[str, Meta(description="book, position and part: stable, to know a repeated event by")]
    source: str
    type: Annotated[str, Meta(description="`<register>.<action>`, or the register's own name for it; `scope.left`")]
    subject: Annotated[str, Meta(description="`<register>/<entry id>`")]
    time: Annotated[str, Meta(description="when it was recorded")]
    datacontenttype: str
    sequence: Annotated[str, Meta(description="the position, to be ordered by as text")]
    data: Annotated[dict[str, Any], Meta(description="the version as the reader may see it; of `scope.left` what left")]  # fmt: skip
    division: str | UnsetType = UNSET
    entryversion: int | UnsetType = UNSET


class Changes(msgspec.Struct, kw_only=True):
    """Changes in the order of the log."""

    events: list[ChangeEvent]
    next: Annotated[str, Meta(description="what to ask `after` next; where it is `watermark`, there is no more yet")]
    watermark: Annotated[str, Meta(description="how long the log was")]


async def poll(call: Call) -> Answer:
    """A page of the feed; where there is nothing yet, it may wait for it."""
    who = await call.caller()
    query = call.params(ChangesQuery)
    request = replace(await _feed_request(call, who, query, query.after, "after"), limit=query.limit)
    followers = _followers(call)
    if query.wait:
        followers.check(who.id)
    with followers.following(who.id) if query.wait else nullcontext():
        page = await _wait_for_page(call, who, request, query.wait)
    await _note(call, page)
    ending = {"next": page.cursor, "watermark": watermark_text(who.book, page.head)}
    return plain_json(b'{"events":[' + b",".join(event.body for event in page.events) + b"]," + encode(ending)[1:])


async def stream(call: Call) -> Stream:
    """The feed as server-sent events, from Last-Event-ID, `after` or now, until the client, the key or the server ends."""
    who = await call.caller()
    query = call.params(StreamQuery)
    last = call.headers.get("last-event-id")
    request = await _feed_request(call, who, query, last or query.after, "Last-Event-ID" if last else "after")
    _followers(call).check(who.id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_frames(call, who, request, query.heartbeat), media_type="text/event-stream", headers=headers)


def _followers(call: Call) -> Followers:
    followers: Followers = call.app.state.followers
    return followers


async def _feed_request(call: Call, who: Principal, query: FeedQuery, after: str | None, name: str) -> FeedRequest:
    """Where to read from, and what; without a cursor, from now."""

    def begin(connection: Connection) -> int:
        check_division(connection, who.book, query.division)
        return head_of(connection, who.book)

    head = await call.context.read(begin)
    names = _registers(call, who, query.registers) if query.registers is not None else None
    return FeedRequest(head if after is None else _position(who, after, name, head), PAGE, names, query.division)


def _position(who: Principal, after: str, name: str, head: int) -> int:
    """Where a cursor stands. Raises Malformed for no cursor, Refused for one of another book or beyond the log's end."""
    match = WATERMARK.fullmatch(after)
    if match is None:
        said = f"{name} 不是游标（wm_…）。", f"{name} is no cursor (wm_…)."
        raise Malformed(faults=[Fault(f"#{name}", "cursor", *said)])
    if match[1] != who.book or int(match[2]) > head:
        said = (
            f"{name} 不是本县变更流的游标，或超出其末尾。",
            f"{name} is of another book, or lies beyond the log's end.",
        )
        raise Refused(faults=[Fault(f"#{name}", "cursor", *said)])
    return int(match[2])


def _registers(call: Call, who: Principal, text: str) -> frozenset[str]:
    known = {register.name: register for register in call.app.state.registers}
    names = frozenset(text.split(","))
    if names - known.keys():
        said = "没有这个台账。", "There is no such register."
        raise Malformed(faults=[Fault("#registers", "unknown_register", *said, tuple(known))])
    for name in names:
        known[name].require(who.role, Right.READ)
    return names


async def _wait_for_page(call: Call, who: Principal, request: FeedRequest, wait: int) -> Page:
    """The next page that has something, or the last one looked at where the time is up."""
    wakeups, until = call.context.wakeups, time.monotonic() + wait
    behind, rounds = True, 0
    while True:
        grown = wakeups.next(who.book)
        page = await _page(call, who, request, behind=behind)
        request, behind, rounds = replace(request, after=page.next), page.next < page.head, rounds + 1
        left = until - time.monotonic()
        if page.events or wakeups.closing or (behind and left <= 0 and rounds >= ROUNDS):
            return page
        if not behind and not await wakeups.wait(grown, left):
            return page


async def _frames(call: Call, who: Principal, request: FeedRequest, heartbeat: float) -> AsyncIterator[bytes]:
    """The stream's bytes. A page is read when the last one was taken: a slow client holds up nobody and fills nothing."""
    wakeups, behind, sent = call.context.wakeups, True, time.monotonic()
    yield f"retry: {RETRY}\n\n".encode()
    with _followers(call).following(who.id):
        while not wakeups.closing:
            grown = wakeups.next(who.book)
            page = await _page_or_none(call, who, request, behind=behind)
            if page is None:
                return  # the client comes back and is told why
            request, behind = replace(request, after=page.next), page.next < page.head
            if page.events or time.monotonic() - sent >= heartbeat:
                yield b"".join(_lines(page)) or f":\nid: {page.cursor}\n\n".encode()
                sent = time.monotonic()
            if not behind:
                await wakeups.wait(grown, heartbeat - (time.monotonic() - sent))


async def _page_or_none(call: Call, who: Principal, request: FeedRequest, *, behind: bool) -> Page | None:
    """The next page, written down; None where the key has ended, or the database is away."""
    try:
        page = await _page(call, who, request, behind=behind)
        await _note(call, page)
    except Exception as fault:
        if not isinstance(fault, Unauthenticated) and not is_outage(fault):
            log.exception("a stream broke off")
        return None
    return page


def _lines(page: Page) -> list[bytes]:
    """Each event with the cursor after it. Only the last of a position leads past it: a client that broke off between them gets
    them all again, under the same ids.
    """
    last = {event.position: event for event in page.events}
    lines = []
    for event in page.events:
        cursor = watermark_text(page.who.book, event.position + (last[event.position] is event))
        lines.append(f"id: {cursor}\nevent: {event.type}\ndata: ".encode() + event.body + b"\n\n")
    return lines


async def _page(call: Call, who: Principal, request: FeedRequest, *, behind: bool) -> Page:
    """One read: in a thread where there is much to catch up with, at once at the log's end."""
    context = call.context
    work = partial(_read, call, who, request)
    return await _followers(call).read(
        (who.id, who.purpose, who.masked, request, behind), lambda: context.scan(work) if behind else context.read(work)
    )


def _read(call: Call, who: Principal, request: FeedRequest, connection: Connection) -> Page:
    return read_events(connection, call.context.sealer, who, call.app.state.registers, request)


async def _note(call: Call, page: Page) -> None:
    """Write down what the reader is about to see in plain; it leaves after that."""
    if reads := page.reads("changes", call.request_id):
        await call.context.write(page.who.book, noting(*reads))
