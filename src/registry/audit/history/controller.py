"""The auditor's history (修改历史): of an entry, of a whole case, of all that somebody did."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta
from sqlalchemy import ColumnElement, Connection

from registry.audit.history.service import Diff, History, HistoryItem, Told
from registry.core.divisions import check_division
from registry.core.principals import OFFICE, Principal, Role
from registry.core.queries import AsOfQuery, DivisionParam, PageQuery, RecordedFrom, RecordedTo
from registry.core.register import Register, RegisterName, Right
from registry.core.scope import NEVER
from registry.core.sealing import Sealer
from registry.core.view import Stretch, View
from registry.core.watermarks import head_of, position_at, recorded_between, resolve_as_of, watermark_text
from registry.errors import Forbidden, NotFound, RegistryError
from registry.ledger.tables import LOG
from registry.ledger.versions import Action, encode
from registry.web import contract, reads
from registry.web.call import Call
from registry.web.contract import GUARDED, Contract
from registry.web.cursors import Cursor, read_cursor
from registry.web.reads import Answer

MASKED = "Personal fields are masked, whoever asks: a history shows that they changed, not what they were."
AUDITING = OFFICE | {Role.AUDITOR}
"""Who may ask what somebody did."""
Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]
ActorId = Annotated[
    str, Meta(pattern="^[0-9A-Za-z-]+$", max_length=36, description="The id of the key that recorded it.")
]
Ask = Callable[[History, int | None], list[Told]]
"""What to read of a history, after the place that the page before ended with."""

Run = Callable[[Callable[[Connection], tuple[list[Told], int]]], Awaitable[tuple[list[Told], int]]]
"""`read` or `scan` of the context: a short read, or one that may walk far."""


def _lists(query: type[PageQuery], *more: type[RegistryError]) -> dict[str, Any]:
    """Versions, with who made them and what they changed."""
    promise = Contract(HistoryItem, many=True, query=query, headers=("If-None-Match",), problems=(*GUARDED, *more))
    return {"contract": promise}


class DiffQuery(AsOfQuery, kw_only=True, rename={"from_": "from"}):
    """Which two versions to compare."""

    from_: Annotated[Number, Meta(description="The number of the version to start from.")]
    to: Annotated[Number, Meta(description="The number of the version to arrive at; may be the earlier one.")]


class HistoryQuery(PageQuery, kw_only=True):
    """Whose doings, of which register and division, recorded when."""

    actor: ActorId | None = None
    register: RegisterName | None = None
    division: DivisionParam | None = None
    recorded_from: RecordedFrom | None = None
    recorded_to: RecordedTo | None = None
    action: Action | None = None


def history_handlers(registers: Sequence[Register]) -> list[HTTPRouteHandler]:
    """The endpoints. Those of a register are made for each: the router does not come back from `/v1/disputes` to a path
    that begins `/v1/{register}`.
    """
    entries = [handler for register in registers for handler in entry_handlers(register)]
    cases = [
        case_handler(case, [each for each in registers if each.cases == case.name])
        for case in registers
        if case.cases == case.name
    ]
    return [*entries, *cases, book_history]


def entry_handlers(register: Register) -> list[HTTPRouteHandler]:
    """What every entry of a register has."""
    at, name = f"/v1/{register.name}/{{entry_id:uuid}}", register.entry.__name__

    async def history(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await entry_history(request, register, str(entry_id))

    async def diff(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await entry_diff(request, register, str(entry_id))

    history.__doc__ = f"List who changed an entry of {register.name} ({register.title}), when, why, and what, first to last.\n\n{MASKED}"
    diff.__doc__ = f"Compare two versions of an entry of {register.name} ({register.title}).\n\n{MASKED}"
    listed = _lists(PageQuery, NotFound)
    return [
        get(f"{at}/history", operation_id=f"list{name}History", opt=listed)(history),
        get(f"{at}/diff", operation_id=f"compare{name}Versions", opt=contract.reads(Diff, DiffQuery))(diff),
    ]


def case_handler(case: Register, parts: Sequence[Register]) -> HTTPRouteHandler:
    """What a case has besides: one stream of all that belongs to it."""

    async def history(request: Call, entry_id: FromPath[UUID]) -> Answer:
        return await case_history(request, case, parts, str(entry_id))

    names = ", ".join(part.name for part in parts)
    history.__doc__ = f"List the history of a whole case in one stream, in the order of the log: {names}.\n\n{MASKED}"
    return get(
        f"/v1/{case.name}/{{entry_id:uuid}}/case/history",
        operation_id=f"list{case.entry.__name__}CaseHistory",
        opt=_lists(PageQuery, NotFound),
    )(history)


@get("/v1/history", operation_id="listHistory", opt=_lists(HistoryQuery))
async def book_history(request: Call) -> Answer:
    """List what somebody changed, or anybody, last change first.

    For auditors and supervisors, and for clerks within their own divisions. What another town opened to the caller is not
    here, but in the history of its case. Personal fields are masked, whoever asks.
    """
    who = await request.caller()
    if who.role not in AUDITING:
        raise Forbidden
    query = request.params(HistoryQuery)
    registers = [each for each in request.app.state.registers if who.role in each.readers]
    return await _listed(request, request.context.scan, who, query, partial(_of_book, registers, query))


async def entry_history(call: Call, register: Register, entry_id: str) -> Answer:
    """The versions of one entry."""
    who = await call.enter(register, Right.READ)
    query = call.params(PageQuery)
    return await _listed(call, call.context.read, who, query, partial(_of_entry, register, entry_id, query.limit + 1))


async def entry_diff(call: Call, register: Register, entry_id: str) -> Answer:
    """What differs between two versions of one entry."""
    who = await call.enter(register, Right.READ)
    query = call.params(DiffQuery)
    body, watermark = await call.context.read(partial(_diff, call.context.sealer, who, register, entry_id, query))
    return reads.respond(call, body, reads.body_tag(body), watermark_text(who.book, watermark))


async def case_history(call: Call, case: Register, parts: Sequence[Register], entry_id: str) -> Answer:
    """The versions of a case and of all that belongs to it."""
    who = await call.enter(case, Right.READ)
    query = call.params(PageQuery)
    mine = [part for part in parts if who.role in part.readers]
    return await _listed(call, call.context.scan, who, query, partial(_of_case, case, mine, entry_id, query.limit + 1))


async def _listed(call: Call, run: Run, who: Principal, query: PageQuery, ask: Ask) -> Answer:
    cursor = read_cursor(query, call.url.path)
    told, watermark = await run(partial(_read, call.context.sealer, who, query.as_of, cursor, ask))
    places, bodies = [place for place, _ in told], [body for _, body in told]
    return reads.paged(call, query, bodies, places, (watermark, watermark_text(who.book, watermark)))


def _read(
    sealer: Sealer, who: Principal, as_of: str | None, cursor: Cursor | None, ask: Ask, connection: Connection
) -> tuple[list[Told], int]:
    watermark = cursor.watermark if cursor else _moment(connection, who, as_of)
    past = History(connection, sealer, View(who, watermark))
    return ask(past, cursor.last if cursor else None), watermark


def _diff(
    sealer: Sealer, who: Principal, register: Register, entry_id: str, query: DiffQuery, connection: Connection
) -> tuple[bytes, int]:
    watermark = _moment(connection, who, query.as_of)
    diff = History(connection, sealer, View(who, watermark)).diff(register, entry_id, (query.from_, query.to))
    return encode(diff), watermark


def _moment(connection: Connection, who: Principal, as_of: str | None) -> int:
    """The watermark to read at: what was asked, else that of now; all pages are of it."""
    return head_of(connection, who.book) if as_of is None else resolve_as_of(connection, who.book, as_of)


def _of_entry(register: Register, entry_id: str, limit: int, past: History, last: int | None) -> list[Told]:
    return past.of_entry(register, entry_id, limit, last or 0)


def _of_case(
    case: Register, parts: Sequence[Register], entry_id: str, limit: int, past: History, last: int | None
) -> list[Told]:
    return past.of_case(case, parts, entry_id, limit, -1 if last is None else last)


def _of_book(registers: Sequence[Register], query: HistoryQuery, past: History, last: int | None) -> list[Told]:
    book, connection = past.view.who.book, past.connection
    check_division(connection, book, query.division)
    first, last_moment = recorded_between(query.recorded_from, query.recorded_to)
    since = 0 if first is None else position_at(connection, book, first)
    before = NEVER if last_moment is None else position_at(connection, book, last_moment + 1)
    before = before if last is None else min(before, last)
    wanted = Stretch(query.limit + 1, since, before, query.division)
    return past.of_book(registers, wanted, _matching(query))


def _matching(query: HistoryQuery) -> list[ColumnElement[bool]]:
    asked = {LOG.c.actor_id: query.actor, LOG.c.register: query.register, LOG.c.action: query.action}
    return [column == value for column, value in asked.items() if value is not None]
