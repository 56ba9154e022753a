"""What handlers share: how an entry, a page or a write is answered. Each function is one request from top to bottom."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from litestar import Response
from sqlalchemy import ColumnElement, Connection, and_, select

from registry.access.access_log import disclosed, note_access
from registry.access.principals import Principal
from registry.access.register import Register, Right
from registry.access.sealing import Sealer
from registry.access.view import Seen, View, has_digest, render, shows_plain, watermark_text
from registry.access.writing import Change, Tx, outcome, plain_answer
from registry.errors import EntryExists, KeyReused, PreconditionFailed
from registry.ledger.batch import Batch, Outcome
from registry.ledger.ids import check_chosen_id, new_id
from registry.ledger.tables import IDEMPOTENCY
from registry.ledger.versions import Append
from registry.web.call import Call, Voiding, view_of
from registry.web.cursors import Cursor, read_cursor
from registry.web.queries import AsOfQuery, ListQuery, NoQuery, PageQuery

T = TypeVar("T", bound=msgspec.Struct)
L = TypeVar("L", bound=ListQuery)

Answer = Response[bytes]
Written = Append | None | tuple[Append | None, ...]
Where = Iterable[ColumnElement[bool]]


async def item(call: Call, register: Register, entry_id: str) -> Answer:
    """One entry as it stands, or stood."""
    who = await call.enter(register, Right.READ)
    query = call.params(AsOfQuery)
    seen, body = await call.context.read(partial(_item, call.context.sealer, who, register, entry_id, query.as_of))
    await note(call, who, register, "item", [seen])
    return _entry(call, who, register, seen, body)


async def version(call: Call, register: Register, entry_id: str, number: int) -> Answer:
    """One version of an entry."""
    who = await call.enter(register, Right.READ)
    query = call.params(AsOfQuery)
    work = partial(_version, call.context.sealer, who, register, entry_id, number, query.as_of)
    seen, body = await call.context.read(work)
    await note(call, who, register, "version", [seen])
    return _entry(call, who, register, seen, body)


async def versions(call: Call, register: Register, entry_id: str) -> Answer:
    """The versions of an entry, first to last."""
    who = await call.enter(register, Right.READ)
    query = call.params(PageQuery)
    seen, bodies, watermark = await call.context.read(
        partial(_versions, call.context.sealer, who, register, entry_id, query)
    )
    await note(call, who, register, "versions", seen)
    return _page(call, who, query, seen, bodies, watermark, lambda last: last.number)


async def page(call: Call, register: Register, shape: type[L], matching: Callable[[L], Where]) -> Answer:
    """A page of a list, last change first."""
    who = await call.enter(register, Right.READ)
    query = call.params(shape)
    where = [*_common(register, query), *matching(query)]
    seen, bodies, watermark = await call.context.read(partial(_list, call.context.sealer, who, register, query, where))
    await note(call, who, register, "list", seen)
    return _page(call, who, query, seen, bodies, watermark, lambda last: last.position)


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
    seen, bodies, watermark = await call.context.read(partial(_list, sealer, who, register, query, where))
    await note(call, who, register, "search", seen)
    return _page(call, who, query, seen, bodies, watermark, lambda last: last.position)


async def create(
    call: Call,
    register: Register,
    shape: type[T],
    service: Callable[[Tx, str, T], Written],
    entry_id: str | None = None,
) -> Answer:
    """A new entry. The id is the client's (PUT) or ours (POST)."""
    who = await call.enter(register, Right.WRITE)
    call.params(NoQuery)
    chosen = check_chosen_id(entry_id) if entry_id else None
    must_be_new = call.only_if_new() if chosen else False
    data = await call.sent(shape)
    # A PUT names its entry, so its path does for an Idempotency-Key: sent again alike, it is answered alike.
    key = call.idempotency_key() or (chosen and "put")
    made = chosen or new_id()
    try:
        return await write(call, who, register, made, lambda tx: service(tx, made, data), key=key, status=201)
    except (EntryExists, KeyReused):
        if must_be_new:
            raise PreconditionFailed from None
        if chosen and call.idempotency_key() is None:
            raise EntryExists from None
        raise


async def change(
    call: Call, register: Register, service: Callable[[Tx, str, Change], Written], entry_id: str
) -> Answer:
    """A merge patch: the world moved on."""
    who = await call.enter(register, Right.WRITE)
    call.params(NoQuery)
    wanted = await call.change(register.shape)
    return await write(call, who, register, entry_id, lambda tx: service(tx, entry_id, wanted))


async def correct(
    call: Call, register: Register, service: Callable[[Tx, str, Change], Written], entry_id: str
) -> Answer:
    """A correction: what was recorded was wrong."""
    who = await call.enter(register, Right.WRITE)
    call.params(NoQuery)
    wanted = await call.correction(register.shape)
    return await write(call, who, register, entry_id, lambda tx: service(tx, entry_id, wanted))


async def void(call: Call, register: Register, service: Callable[[Tx, str, Change], Written], entry_id: str) -> Answer:
    """A voiding: it should never have been entered."""
    who = await call.enter(register, Right.VOID)
    call.params(NoQuery)
    expected = call.expected_version()
    sent = await call.sent(Voiding)
    wanted = Change({}, expected, sent.reason)
    return await write(call, who, register, entry_id, lambda tx: service(tx, entry_id, wanted))


async def act(
    call: Call,
    register: Register,
    shape: type[T],
    service: Callable[[Tx, str, T, Change], Written],
    entry_id: str,
    right: Right = Right.WRITE,
) -> Answer:
    """A verb of the domain (a move to another stage, a transfer), done to an entry."""
    who = await call.enter(register, right)
    call.params(NoQuery)
    expected = call.expected_version()
    sent = await call.sent(shape)
    wanted = Change({}, expected)
    return await write(call, who, register, entry_id, lambda tx: service(tx, entry_id, sent, wanted))


async def write(
    call: Call,
    who: Principal,
    register: Register,
    entry_id: str,
    service: Callable[[Tx], Written],
    *,
    key: str | None = None,
    status: int = 200,
) -> Answer:
    """Run a service in the committer's next batch and answer with the version it wrote, once that is committed."""
    key = key or call.idempotency_key()
    fingerprint = await call.fingerprint()
    route = f"{call.method} {call.url.path}"
    sealer = call.context.sealer

    def work(batch: Batch) -> Outcome:
        if key is not None and (number := _replayed(batch, who, route, key, fingerprint)):
            return Outcome(answer=number)
        result = service(Tx(batch, who, sealer))
        done = outcome(*(result if isinstance(result, tuple) else (result,)))
        if key is not None and done.appends:
            done.rows.append((IDEMPOTENCY, _record(batch, who, route, key, fingerprint, done.appends[0])))
        return done

    done = await call.context.write(who.book, work)
    if done.appends:
        return _written(who, register, done.appends[0], status)
    replay = done.answer if isinstance(done.answer, tuple) else None
    return await _stands(call, who, register, entry_id, replay, status)


def _replayed(batch: Batch, who: Principal, route: str, key: str, fingerprint: bytes) -> tuple[str, int] | None:
    """What this key was used for before: entry and version. Raises KeyReused if the body was another."""
    batch.claim((who.id, route, key))
    table = IDEMPOTENCY.c
    used = select(table.fingerprint, table.entry_id, table.number).where(
        and_(table.book == who.book, table.principal_id == who.id, table.route == route, table.key == key)
    )
    row = batch.connection.execute(used).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused
    return row.entry_id, row.number


def _record(
    batch: Batch, who: Principal, route: str, key: str, fingerprint: bytes, append: Append
) -> dict[str, object]:
    return {
        "book": who.book,
        "principal_id": who.id,
        "route": route,
        "key": key,
        "fingerprint": fingerprint,
        "register": append.register,
        "entry_id": append.entry_id,
        "number": append.number,
        "recorded_at": batch.now,
    }


def _written(who: Principal, register: Register, append: Append, status: int) -> Answer:
    position = append.meta["position"]
    headers = {
        "ETag": f'"{append.number}"',
        "Registry-Watermark": watermark_text(who.book, int(str(position)) + 1),
        "Cache-Control": "private, no-cache",
    }
    if status == 201:  # noqa: PLR2004 - Created
        headers["Location"] = f"/v1/{register.name}/{append.entry_id}"
    return Response(plain_answer(append), status_code=status, media_type="application/json", headers=headers)


async def _stands(
    call: Call, who: Principal, register: Register, entry_id: str, replay: tuple[str, int] | None, status: int
) -> Answer:
    """The answer where nothing was written: the stored answer again, under today's rights, or what stands unchanged."""
    sealer = call.context.sealer
    if replay is not None:
        seen, body = await call.context.read(partial(_version, sealer, who, register, replay[0], replay[1], None))
    else:
        seen, body = await call.context.read(partial(_item, sealer, who, register, entry_id, None))
    await note(call, who, register, "item", [seen])
    answer = _entry(call, who, register, seen, body, status=status if replay else 200)
    if replay:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


async def note(call: Call, who: Principal, register: Register, path: str, seen: Sequence[Seen]) -> None:
    """Write down that personal data is about to be shown; the answer waits for it."""
    if entries := disclosed(who, register, seen):
        await call.context.write(who.book, note_access(who, register, path, entries, new_id()))


def _item(
    sealer: Sealer, who: Principal, register: Register, entry_id: str, as_of: str | None, connection: Connection
) -> tuple[Seen, bytes]:
    seen = view_of(connection, who, as_of).item(connection, register, entry_id)
    return seen, render(connection, sealer, who, register, seen)


def _version(
    sealer: Sealer, who: Principal, register: Register, entry_id: str, number: int, as_of: str | None,
    connection: Connection,
) -> tuple[Seen, bytes]:  # fmt: skip
    seen = view_of(connection, who, as_of).version(connection, register, entry_id, number)
    return seen, render(connection, sealer, who, register, seen)


def _versions(
    sealer: Sealer, who: Principal, register: Register, entry_id: str, query: PageQuery, connection: Connection
) -> tuple[list[Seen], list[bytes], int]:
    cursor = read_cursor(query)
    view = _pinned(connection, who, query, cursor)
    seen = view.versions(connection, register, entry_id, query.limit + 1, cursor.last if cursor else 0)
    bodies = [render(connection, sealer, who, register, each) for each in seen]
    return seen, bodies, seen[0].watermark if seen else view.as_of or 0


def _list(
    sealer: Sealer, who: Principal, register: Register, query: PageQuery, where: Sequence[ColumnElement[bool]],
    connection: Connection,
) -> tuple[list[Seen], list[bytes], int]:  # fmt: skip
    cursor = read_cursor(query)
    view = _pinned(connection, who, query, cursor)
    before = cursor.last if cursor else None
    seen, watermark = view.page(connection, register, where, query.limit + 1, before)
    return seen, [render(connection, sealer, who, register, each) for each in seen], watermark


def _pinned(connection: Connection, who: Principal, query: PageQuery, cursor: Cursor | None) -> View:
    """The view of a page: later pages are of the same moment as the first."""
    return View(who, cursor.watermark) if cursor else view_of(connection, who, query.as_of)


def _common(register: Register, query: ListQuery) -> Where:
    """The filters that every list has."""
    table = register.table
    if not query.include_voided:
        yield table.c.voided.is_(False)
    if query.division is not None:
        yield within(register, query.division)


def within(register: Register, division: str) -> ColumnElement[bool]:
    """A division and all below it."""
    table = register.table
    match len(division):
        case 6:
            return table.c.book == division
        case 9:
            return table.c.town == division
        case _:
            return table.c.division == division


def _entry(call: Call, who: Principal, register: Register, seen: Seen, body: bytes, status: int = 200) -> Answer:
    masked = seen.personal is not None and not shows_plain(who, register, seen)
    tag = f'"{seen.number}-masked"' if masked else f'"{seen.number}"'
    return respond(call, body, tag, watermark_text(who.book, seen.watermark), status)


def _page(
    call: Call, who: Principal, query: PageQuery, seen: list[Seen], bodies: list[bytes], watermark: int,
    last: Callable[[Seen], int],
) -> Answer:  # fmt: skip
    more = len(seen) > query.limit
    cursor = Cursor(watermark, last(seen[query.limit - 1])).text(query) if more else None
    ending = msgspec.json.encode({"next_cursor": cursor, "watermark": watermark_text(who.book, watermark)})
    body = b'{"items":[' + b",".join(bodies[: query.limit]) + b"]," + ending[1:]
    return respond(call, body, page_tag(call, who, watermark), watermark_text(who.book, watermark))


def page_tag(call: Call, who: Principal, watermark: int) -> str:
    """The ETag of an answer that is made from many entries: of the question, the rights and the watermark."""
    rights = " ".join((who.id, who.role, *who.divisions))
    question = call.scope["raw_path"] + b"?" + call.scope["query_string"]
    return '"' + hashlib.sha256(f"{rights} {watermark} ".encode() + question).hexdigest()[:32] + '"'


def respond(call: Call, body: bytes, tag: str, watermark: str, status: int = 200) -> Answer:
    """The answer to a read, or 304 where the caller has it already."""
    headers = {
        "ETag": tag,
        "Registry-Watermark": watermark,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization",
    }
    wanted = call.headers.get("if-none-match")
    if wanted is not None and call.method == "GET" and (wanted.strip() == "*" or tag in wanted.replace("W/", "")):
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(body, status_code=status, media_type="application/json", headers=headers)
