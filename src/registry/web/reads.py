"""What handlers share for reads: how an entry or a page is answered. Each function is one request from top to bottom."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from litestar import Response
from sqlalchemy import ColumnElement, Connection

from registry.core.access_log import noting, plain_reads
from registry.core.principals import Principal
from registry.core.register import Register, Right
from registry.core.scope import NEVER
from registry.core.sealing import Sealer
from registry.core.valid_time_reads import item_on, page_on, render_on
from registry.core.view import Seen, View, Wanted, has_digest, is_erased, render, shows_plain
from registry.core.watermarks import head_of, watermark_text
from registry.errors import Fault, Refused
from registry.web.call import Call, view_of
from registry.web.cursors import Cursor, Paged, read_cursor, refused_cursor
from registry.web.queries import AsOfQuery, DayQuery, ListQuery, PageQuery

T = TypeVar("T", bound=msgspec.Struct)
L = TypeVar("L", bound=ListQuery)

Answer = Response[bytes]
Where = Iterable[ColumnElement[bool]]


async def item(call: Call, register: Register, entry_id: str) -> Answer:
    """One entry as it stands, or stood."""
    who = await call.enter(register, Right.READ)
    query = call.params(DayQuery)
    if query.on is not None:
        return await _item_on(call, who, register, entry_id, query.as_of, query.on)
    seen, body = await call.context.read(partial(read_item, call.context.sealer, who, register, entry_id, query.as_of))
    await note(call, who, register, "item", [seen])
    return entry(call, who, register, seen, body)


async def _item_on(
    call: Call, who: Principal, register: Register, entry_id: str, as_of: str | None, on: dt.date
) -> Answer:
    work = partial(_read_item_on, call.context.sealer, who, register, entry_id, as_of, on)
    seen, body = await call.context.scan(work)
    await note(call, who, register, "item", [seen])
    return respond(call, body, body_tag(body), watermark_text(who.book, seen.watermark), on=on)


async def version(call: Call, register: Register, entry_id: str, number: int) -> Answer:
    """One version of an entry."""
    who = await call.enter(register, Right.READ)
    query = call.params(AsOfQuery)
    work = partial(read_version, call.context.sealer, who, register, entry_id, number, query.as_of)
    seen, body = await call.context.read(work)
    await note(call, who, register, "version", [seen])
    return entry(call, who, register, seen, body)


async def versions(call: Call, register: Register, entry_id: str) -> Answer:
    """The versions of an entry, first to last."""
    who = await call.enter(register, Right.READ)
    query = call.params(PageQuery)
    seen, bodies, watermark = await call.context.read(
        partial(_versions, call.context.sealer, who, register, entry_id, query, _cursor(call, query))
    )
    await note(call, who, register, "versions", seen[: query.limit])
    return _page(call, who, query, seen, bodies, watermark, lambda last: last.number)


async def page(call: Call, register: Register, shape: type[L], matching: Callable[[L], Where]) -> Answer:
    """A page of a list, last change first."""
    who = await call.enter(register, Right.READ)
    query = call.params(shape)
    where = [*matching(query), *_only(register, query)]
    # A filter may have to look far for its fifty; such a list must not keep everybody else waiting.
    run = call.context.scan if where or query.on else call.context.read
    cursor = _cursor(call, query)
    wanted = Wanted(query.limit + 1, cursor.last if cursor else NEVER, query.division, query.include_voided)
    listing = partial(_list_on, on=query.on) if query.on else _list
    work = partial(listing, call.context.sealer, who, register, query, cursor, wanted, where)
    seen, bodies, watermark = await run(work)
    await note(call, who, register, "list", seen[: query.limit])
    return _page(call, who, query, seen, bodies, watermark, lambda last: last.position, query.on)


def _only(register: Register, query: ListQuery) -> Where:
    """The clause of `division_only`. Raises Refused without a division."""
    if not query.division_only:
        return
    if query.division is None:
        said = "division_only 须与 division 同用。", "division_only goes with division."
        raise Refused(faults=[Fault("#division_only", "needs_division", *said)])
    yield register.table.c.division == query.division


async def search(call: Call, register: Register, shape: type[T]) -> Answer:
    """Entries that have this ID number or phone; asked by POST, so that neither stands in a URL."""
    who = await call.enter(register, Right.WRITE)
    query = call.params(PageQuery)
    sent = msgspec.to_builtins(await call.sent(shape))
    sealer = call.context.sealer
    where = [
        has_digest(register.table, who.book, kind, sealer.digest(who.book, kind, value))
        for kind, value in sent.items()
        if value is not None
    ]
    if not where:
        text = "请至少给出一项查找内容。", "Give at least one thing to look for."
        raise Refused(faults=[Fault("", "empty", *text)])
    cursor = _cursor(call, query)
    wanted = Wanted(query.limit + 1, cursor.last if cursor else NEVER)
    work = partial(_list, sealer, who, register, query, cursor, wanted, where)
    seen, bodies, watermark = await call.context.scan(work)
    await note(call, who, register, "search", seen[: query.limit])
    return _page(call, who, query, seen, bodies, watermark, lambda last: last.position)


async def note(call: Call, who: Principal, register: Register, path: str, seen: Sequence[Seen]) -> None:
    """Write down that personal data is about to be shown; the answer waits for it."""
    if events := plain_reads(who, register, path, seen, call.request_id):
        await call.context.write(who.book, noting(*events))


def read_item(
    sealer: Sealer, who: Principal, register: Register, entry_id: str, as_of: str | None, connection: Connection
) -> tuple[Seen, bytes]:
    seen = view_of(connection, who, as_of).item(connection, register, entry_id)
    return seen, render(sealer, who, register, seen)


def _read_item_on(
    sealer: Sealer, who: Principal, register: Register, entry_id: str, as_of: str | None, on: dt.date,
    connection: Connection,
) -> tuple[Seen, bytes]:  # fmt: skip
    found = item_on(connection, view_of(connection, who, as_of), register, entry_id, on)
    return found.seen, render_on(sealer, who, register, found)


def read_version(
    sealer: Sealer, who: Principal, register: Register, entry_id: str, number: int, as_of: str | None,
    connection: Connection,
) -> tuple[Seen, bytes]:  # fmt: skip
    seen = view_of(connection, who, as_of).version(connection, register, entry_id, number)
    return seen, render(sealer, who, register, seen)


def _versions(
    sealer: Sealer, who: Principal, register: Register, entry_id: str, query: PageQuery, cursor: Cursor | None,
    connection: Connection,
) -> tuple[list[Seen], list[bytes], int]:  # fmt: skip
    view = _pinned(connection, who, query, cursor)
    seen = view.versions(connection, register, entry_id, query.limit + 1, cursor.last if cursor else 0)
    bodies = [render(sealer, who, register, each) for each in seen]
    return seen, bodies, seen[0].watermark if seen else view.as_of or 0


def _list(
    sealer: Sealer, who: Principal, register: Register, query: PageQuery, cursor: Cursor | None, wanted: Wanted,
    where: Sequence[ColumnElement[bool]], connection: Connection,
) -> tuple[list[Seen], list[bytes], int]:  # fmt: skip
    seen, watermark = _pinned(connection, who, query, cursor).page(connection, register, wanted, where)
    return seen, [render(sealer, who, register, each) for each in seen], watermark


def _list_on(
    sealer: Sealer, who: Principal, register: Register, query: PageQuery, cursor: Cursor | None, wanted: Wanted,
    where: Sequence[ColumnElement[bool]], connection: Connection, *, on: dt.date,
) -> tuple[list[Seen], list[bytes], int]:  # fmt: skip
    found, watermark = page_on(connection, _pinned(connection, who, query, cursor), register, wanted, where, on)
    bodies = [render_on(sealer, who, register, each) for each in found]
    return [each.seen for each in found], bodies, watermark


def _cursor(call: Call, query: PageQuery) -> Cursor | None:
    return read_cursor(query, call.url.path)


def _pinned(connection: Connection, who: Principal, query: PageQuery, cursor: Cursor | None) -> View:
    """The view of a page: later pages are of the same moment as the first."""
    if cursor is None:
        return view_of(connection, who, query.as_of)
    if cursor.watermark > head_of(connection, who.book):
        raise refused_cursor()
    return View(who, cursor.watermark)


def entry(call: Call, who: Principal, register: Register, seen: Seen, body: bytes, status: int = 200) -> Answer:
    masked = seen.personal is not None and not shows_plain(who, register, seen)
    tag = f'"{seen.number}-masked"' if masked else f'"{seen.number}-erased"' if is_erased(seen) else f'"{seen.number}"'
    return respond(call, body, tag, watermark_text(who.book, seen.watermark), status)


def _page(
    call: Call, who: Principal, query: PageQuery, seen: list[Seen], bodies: list[bytes], watermark: int,
    last: Callable[[Seen], int], on: dt.date | None = None,
) -> Answer:  # fmt: skip
    mark = watermark, watermark_text(who.book, watermark)
    return paged(call, query, bodies, [last(each) for each in seen], mark, on)


def paged(
    call: Call, query: Paged, bodies: Sequence[bytes], places: Sequence[int], mark: tuple[int, str],
    on: dt.date | None = None,
) -> Answer:  # fmt: skip
    """A page of finished items. `places` are what a cursor may go on from; one more than the limit says that there is more.
    `mark` is the watermark, as a number and as text.
    """
    watermark, text = mark
    more = len(places) > query.limit
    cursor = Cursor(watermark, places[query.limit - 1]).text(query, call.url.path) if more else None
    ending = msgspec.json.encode({"next_cursor": cursor, "watermark": text})
    body = b'{"items":[' + b",".join(bodies[: query.limit]) + b"]," + ending[1:]
    return respond(call, body, body_tag(body), text, on=on)


def plain_json(body: bytes, status: int = 200) -> Answer:
    """An answer that belongs to no watermark."""
    return Response(body, status_code=status, media_type="application/json", headers={"Cache-Control": "no-store"})


def body_tag(body: bytes) -> str:
    """The ETag of an answer that is made from many entries: it changes when the bytes do, and only then."""
    return '"' + hashlib.sha256(body).hexdigest()[:32] + '"'


def respond(
    call: Call, body: bytes, tag: str, watermark: str | None, status: int = 200, on: dt.date | None = None,
    media: str = "application/json",
) -> Answer:  # fmt: skip
    """The answer to a read, or 304 where the caller has it already. What belongs to no book has no watermark."""
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Purpose-Of-Use"}
    if watermark is not None:
        headers["Registry-Watermark"] = watermark
    if on is not None:
        headers["Registry-On"] = on.isoformat()
    wanted = call.headers.get("if-none-match")
    if wanted is not None and call.method == "GET" and (wanted.strip() == "*" or tag in wanted.replace("W/", "")):
        return Response(b"", status_code=304, headers=headers, media_type=media)
    return Response(body, status_code=status, media_type=media, headers=headers)
