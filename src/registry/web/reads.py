"""What handlers share for reads: how an entry or a page is answered. Each function is one request from top to bottom."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

import msgspec
from litestar import Response
from sqlalchemy import ColumnElement, Connection, or_

from registry.core.access_log import is_erased, noting, plain_reads, shows_plain
from registry.core.divisions import check_division
from registry.core.filters import Sort, has_digest, sorted_by
from registry.core.principals import Principal
from registry.core.queries import DayQuery, ListQuery, PageQuery, VersionQuery, check_ranges
from registry.core.reader import Reader, Shown
from registry.core.register import Register, Right
from registry.core.scope import NEVER, corrected_clause, inside
from registry.core.view import Seen, View, Wanted
from registry.core.watermarks import head_of, watermark_text
from registry.errors import Fault, Refused
from registry.web.call import Call, view_of
from registry.web.cursors import Cursor, Paged, Place, read_cursor, refused_cursor, written
from registry.web.partial import Selection, selected

T = TypeVar("T", bound=msgspec.Struct)

Answer = Response[bytes]
Where = Iterable[ColumnElement[bool]]


async def item(call: Call, register: Register, entry_id: str) -> Answer:
    """One entry as it stands, or stood."""
    who = await call.enter(register, Right.READ)
    query = call.params(DayQuery)
    chosen = selected(register, query.fields)
    who = chosen.masking(who)
    run = call.context.scan if query.on else call.context.read
    shown = await run(lambda connection: reader(call, who, register, query.as_of, connection).item(entry_id, query.on))
    await note(call, who, register, "item", shown.seen, chosen)
    if query.on is None and query.fields is None:
        return entry(call, who, register, shown)
    return made_entry(call, who, chosen.of(shown), query.on)


async def version(call: Call, register: Register, entry_id: str, number: int) -> Answer:
    """One version of an entry."""
    who = await call.enter(register, Right.READ)
    query = call.params(VersionQuery)
    recorded = query.form is not None
    shown = await call.context.read(
        lambda connection: reader(call, who, register, query.as_of, connection).version(
            entry_id, number, recorded=recorded
        )
    )
    await note(call, who, register, "version", shown.seen)
    return entry(call, who, register, shown)


async def versions(call: Call, register: Register, entry_id: str) -> Answer:
    """The versions of an entry, first to last."""
    who = await call.enter(register, Right.READ)
    query = call.params(PageQuery)
    cursor = read_cursor(query, call.url.path)
    after = cursor.last if cursor else 0
    shown = await call.context.read(
        lambda connection: page_reader(call, who, register, query, cursor, connection).versions(
            entry_id, query.limit + 1, after
        )
    )
    return await _page(call, who, register, "versions", query, shown, [seen.number for seen in shown.seen])


async def page(call: Call, register: Register) -> Answer:
    """A page of a register's list, by its declared filters; last change first, or in the order that is asked for."""
    who = await call.enter(register, Right.READ)
    query: ListQuery = call.params(register.filters.query)
    check_ranges(query)
    chosen, sort, cursor = selected(register, query.fields), _sort(register, query), read_cursor(query, call.url.path)
    who = chosen.masking(who)
    where = [*register.filters.matching(query), *_general(register, query), *_past(sort, cursor)]
    wanted = _wanted(register, query, sort, cursor)

    def read(connection: Connection) -> Shown:
        check_division(connection, who.book, query.division)
        return page_reader(call, who, register, query, cursor, connection).page(wanted, where, query.on)

    # A filter may have to look far for its fifty; such a list must not keep everybody else waiting.
    shown = await (call.context.scan if where or query.on or sort else call.context.read)(read)
    return await _page(call, who, register, "list", query, shown, _places(register, query, sort, shown), chosen)


def _wanted(register: Register, query: ListQuery, sort: Sort | None, cursor: Cursor | None) -> Wanted:
    before = cursor.last if cursor and not sort else NEVER
    division = None if _has_elsewhere(register, query) else query.division
    return Wanted(query.limit + 1, before, division, query.include_voided, sort)


def _places(register: Register, query: ListQuery, sort: Sort | None, shown: Shown) -> list[Place]:
    """What a cursor may go on from: the position, and of the row that ends a sorted page what it is sorted by."""
    places: list[Place] = [seen.position for seen in shown.seen]
    if sort and len(places) > query.limit:
        last = shown.seen[query.limit - 1]
        places[query.limit - 1] = last.position, written(register.sort_value(sort, last.document))
    return places


def _sort(register: Register, query: ListQuery) -> Sort | None:
    """The order that is asked for. Raises Refused with `on`, by what differs from day to day: rows are turned after they are sorted."""
    sort = sorted_by(register.table, query.sort)
    if sort and query.on and sort.column.name in register.days.turns:
        said = "与 on 同用时不能按此排序。", "Not in this order with `on`."
        raise Refused(faults=[Fault("#sort", "sort_on_day", *said)])
    return sort


def _past(sort: Sort | None, cursor: Cursor | None) -> Where:
    """The clause for what comes after a sorted page. Raises Refused where the cursor's value is none of the column: we made no such cursor."""
    if sort is None or cursor is None:
        return
    kind, value = sort.column.type.python_type, cast(object, cursor.value)
    try:
        value = dt.date.fromisoformat(str(value)) if kind is dt.date and value else value
    except ValueError:
        raise refused_cursor() from None
    odd = (isinstance(value, int) and abs(value) >= 2**31) or (isinstance(value, str) and not value.isprintable())
    if value is not None and (type(value) is not kind or odd):
        raise refused_cursor()
    yield sort.past(value, cursor.last)


def _has_elsewhere(register: Register, query: Any) -> bool:  # noqa: ANN401 - by register
    """Whether the list of a division shall also have what another division keeps."""
    return register.filters.elsewhere is not None and query.division is not None and query.parties


def _general(register: Register, query: ListQuery) -> Where:
    """The clauses of filters that every list has. Raises Refused for `division_only` without a division."""
    if query.corrected_after_days is not None:
        yield corrected_clause(register.table, register.name, query.corrected_after_days)
    elsewhere, division = register.filters.elsewhere, query.division
    if elsewhere and division and _has_elsewhere(register, query):
        yield or_(inside(register.table, division), elsewhere(division))
    if not query.division_only:
        return
    if division is None:
        said = "division_only 须与 division 同用。", "division_only goes with division."
        raise Refused(faults=[Fault("#division_only", "needs_division", *said)])
    yield register.table.c.division == division


async def search(call: Call, register: Register, shape: type[T]) -> Answer:
    """Entries that have this ID number or phone; asked by POST, so that neither stands in a URL."""
    who = await call.enter(register, Right.WRITE)
    query = call.params(PageQuery)
    where = _digests(call, who, register, msgspec.to_builtins(await call.sent(shape)))
    cursor = read_cursor(query, call.url.path)
    wanted = Wanted(query.limit + 1, cursor.last if cursor else NEVER)
    shown = await call.context.scan(
        lambda connection: page_reader(call, who, register, query, cursor, connection).page(wanted, where)
    )
    return await _page(call, who, register, "search", query, shown, [seen.position for seen in shown.seen])


def _digests(call: Call, who: Principal, register: Register, sent: dict[str, str | None]) -> list[ColumnElement[bool]]:
    """The clauses of a search, over the blind index. Raises Refused where nothing is looked for."""
    sealer = call.context.sealer
    where = [
        has_digest(register.table, who.book, kind, sealer.digest(who.book, kind, value))
        for kind, value in sent.items()
        if value is not None
    ]
    if not where:
        text = "请至少给出一项查找内容。", "Give at least one thing to look for."
        raise Refused(faults=[Fault("", "empty", *text)])
    return where


async def note(
    call: Call, who: Principal, register: Register, path: str, seen: Sequence[Seen], chosen: Selection | None = None
) -> None:
    """Write down that personal data is about to be shown; the answer waits for it."""
    if events := plain_reads(who, register, path, seen, call.request_id, chosen.names if chosen else None):
        await call.context.write(who.book, noting(*events))


def reader(call: Call, who: Principal, register: Register, as_of: str | None, connection: Connection) -> Reader:
    """What reads one entry, as of what was asked."""
    return Reader(connection, view_of(connection, who, as_of), call.context.sealer, register)


def page_reader(
    call: Call, who: Principal, register: Register, query: PageQuery, cursor: Cursor | None, connection: Connection
) -> Reader:
    """What reads a page."""
    return Reader(connection, page_view(connection, who, query.as_of, cursor), call.context.sealer, register)


def page_view(connection: Connection, who: Principal, as_of: str | None, cursor: Cursor | None) -> View:
    """The view of a page: later pages are of the same moment as the first. Raises Refused for a moment to come."""
    if cursor is None:
        return view_of(connection, who, as_of)
    if cursor.watermark > head_of(connection, who.book):
        raise refused_cursor()
    return View(who, cursor.watermark)


def entry(call: Call, who: Principal, register: Register, shown: Shown, status: int = 200) -> Answer:
    """The answer of one version; its tag says whether it is masked, erased, or shown in a later schema version than its own."""
    seen = shown.one
    masked = seen.personal is not None and not shows_plain(who, register, seen)
    form = "-masked" if masked else "-erased" if is_erased(seen) else ""
    schema = f"-s{register.schema_version}" if seen.upgraded else ""
    tag = f'"{seen.number}{form}{schema}"'
    return respond(call, shown.bodies[0], tag, watermark_text(who.book, shown.watermark), status)


def made_entry(call: Call, who: Principal, shown: Shown, on: dt.date | None) -> Answer:
    """The answer of an entry as it was on a day, or of a part of it: no version of the log, so its tag is of its bytes."""
    body = shown.bodies[0]
    return respond(call, body, body_tag(body), watermark_text(who.book, shown.watermark), on=on)


async def _page(
    call: Call, who: Principal, register: Register, path: str, query: PageQuery, shown: Shown, places: Sequence[Place],
    chosen: Selection | None = None,
) -> Answer:  # fmt: skip
    await note(call, who, register, path, shown.seen[: query.limit], chosen)
    mark = shown.watermark, watermark_text(who.book, shown.watermark)
    on = query.on if isinstance(query, ListQuery) else None
    return paged(call, query, (chosen.of(shown) if chosen else shown).bodies, places, mark, on)


def paged(
    call: Call, query: Paged, bodies: Sequence[bytes], places: Sequence[Place], mark: tuple[int, str],
    on: dt.date | None = None,
) -> Answer:  # fmt: skip
    """A page of finished items. `places` are what a cursor may go on from; one more than the limit says that there is more.
    `mark` is the watermark, as a number and as text.
    """
    watermark, text = mark
    cursor = None
    if len(places) > query.limit:
        last = places[query.limit - 1]
        ended = Cursor(watermark, *last) if isinstance(last, tuple) else Cursor(watermark, last)
        cursor = ended.text(query, call.url.path)
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
