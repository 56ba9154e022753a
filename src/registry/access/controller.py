"""Who saw what, for auditors; who has seen this person; and an auditor's break-glass."""

from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Meta
from sqlalchemy import Connection

from registry import errors
from registry.access.access_events import AccessEvent, Disclosure, EventCriteria, disclosure, end_of_events, find_events
from registry.access.break_glass import LONGEST, Opened, breaking, list_glasses, opened
from registry.core.fields import LongLine
from registry.core.principals import OFFICE, Principal, Role
from registry.core.queries import CursorParam, LimitParam, RecordedFrom, RecordedTo
from registry.core.register import Register, RegisterName, Right
from registry.core.schemas import Input
from registry.core.view import Seen
from registry.core.watermarks import recorded_between
from registry.errors import Fault, Forbidden, Malformed, NotFound, Refused
from registry.ledger.events import EventKind
from registry.ledger.ids import new_id
from registry.ledger.versions import encode
from registry.web import reads
from registry.web.call import Call, view_of
from registry.web.contract import GUARDED, Contract
from registry.web.cursors import read_cursor
from registry.web.reads import Answer

AUDITING = frozenset({Role.AUDITOR, Role.SUPERVISOR})

AccessAsOf = Annotated[
    str,
    Meta(
        pattern=r"^(wa_[0-9]{6}_[0-9]{1,18}|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+([+ -][0-9:]+|Z))?)$", min_length=10, max_length=48,
        description="What the access log held then: a past date, a timestamp with offset, or the `watermark` of an answer.",
        examples=["2020-02-21", "wa_440882_17"],
    ),
]  # fmt: skip


class AccessPageQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of a page of access events, newest first."""

    as_of: AccessAsOf | None = None
    limit: LimitParam = 50
    cursor: CursorParam | None = None


class AccessQuery(AccessPageQuery, kw_only=True):
    """Whose access, to what, when."""

    principal: Annotated[str, Meta(pattern="^[0-9A-Za-z-]+$", max_length=36, description="The id of a key.")] | None = None  # fmt: skip
    kind: EventKind | None = None
    register: RegisterName | None = None
    case: Annotated[UUID | None, Meta(description="A dispute or patient, or an entry of a register without cases.")] = (
        None
    )
    recorded_from: RecordedFrom | None = None
    recorded_to: RecordedTo | None = None


class GlassIn(Input):
    """What an auditor wants to see in plain, why, and for how long."""

    register: RegisterName
    entry_id: UUID
    reason: Annotated[LongLine, Meta(title="理由", description="is announced to the supervisor: name no person")]
    minutes: Annotated[int, Meta(ge=1, le=LONGEST, title="时长（分钟）")] = LONGEST


class OpenedList(msgspec.Struct, kw_only=True):
    """What auditors opened, newest first."""

    items: list[Opened]


LOGGED = Contract(AccessEvent, many=True, query=AccessQuery, headers=("If-None-Match",))
DISCLOSED = Contract(
    Disclosure, many=True, query=AccessPageQuery, headers=("If-None-Match",), problems=(*GUARDED, NotFound)
)
BREAKS = Contract(Opened, 201, body=GlassIn, problems=(*GUARDED, NotFound, errors.TooLarge, errors.WrongMediaType))
LISTS = Contract(OpenedList)


class AccessController(Controller):
    """The access log (查阅日志) and break-glass (紧急查阅)."""

    path = "/v1"

    @get("/access-log", operation_id="listAccessEvents", opt={"contract": LOGGED})
    async def list_access_events(self, request: Call) -> Answer:
        """List who saw personal data, was given or refused access, or opened an entry; newest first."""
        who = await _auditing(request)
        query = request.params(AccessQuery)
        kinds = tuple(sorted({register.case_kind for register in request.app.state.registers}))
        return await _listed(request, who, query, _criteria(query, kinds))

    @post("/break-glass", operation_id="breakGlass", opt={"contract": BREAKS})
    async def break_glass(self, request: Call) -> Answer:
        """Open one entry's personal data to the auditor who asks, for at most an hour; the supervisor is told."""
        who = await request.caller()
        if who.role is not Role.AUDITOR:
            raise Forbidden
        return await _break(request, who, await request.sent(GlassIn))

    @get("/break-glass", operation_id="listBreakGlass", opt={"contract": LISTS})
    async def list_break_glass(self, request: Call) -> Answer:
        """List what auditors opened, newest first; at most 200."""
        who = await _auditing(request)
        request.no_params()
        rows = await request.context.read(lambda connection: list_glasses(connection, who.book, 200))
        return reads.plain_json(encode(OpenedList(items=[opened(row) for row in rows])))


def disclosures(patients: Register) -> HTTPRouteHandler:
    """Who has seen this person."""

    @get("/v1/patients/{entry_id:uuid}/disclosures", operation_id="listDisclosures", opt={"contract": DISCLOSED})
    async def list_disclosures(request: Call, entry_id: FromPath[UUID]) -> Answer:
        """List who has seen this person's data in plain, on every path, newest first (谁看过此人的信息)."""
        who = await request.enter(patients, Right.READ)
        if who.role not in OFFICE | AUDITING:
            raise Forbidden
        query = request.params(AccessPageQuery)
        await request.context.read(partial(_seen, who, patients, str(entry_id)))
        return await _listed(
            request, who, query, EventCriteria(case=str(entry_id), case_kinds=(patients.case_kind,)), told=True
        )

    return list_disclosures


async def _auditing(call: Call) -> Principal:
    who = await call.caller()
    if who.role not in AUDITING or not who.county_wide:
        raise Forbidden
    return who


def _criteria(query: AccessQuery, kinds: tuple[str, ...]) -> EventCriteria:
    since, until = recorded_between(query.recorded_from, query.recorded_to)
    case = str(query.case) if query.case else None
    return EventCriteria(query.principal, query.kind, query.register, case, kinds, since or 0, until)


async def _listed(
    call: Call, who: Principal, query: AccessPageQuery, criteria: EventCriteria, *, told: bool = False
) -> Answer:
    cursor = read_cursor(query, call.url.path)

    def read(connection: Connection) -> tuple[list[tuple[int, bytes]], int]:
        end = cursor.watermark if cursor else end_of_events(connection, who.book, query.as_of)
        before = min(end, cursor.last) if cursor else end
        return find_events(connection, who.book, criteria, before, query.limit + 1), end

    found, end = await call.context.scan(read)
    bodies = [encode(disclosure(document)) if told else document for _, document in found]
    places = [position for position, _ in found]
    return reads.paged(call, query, bodies, places, (end, f"wa_{who.book}_{end}"))


def _seen(who: Principal, register: Register, entry_id: str, connection: Connection) -> Seen:
    return view_of(connection, who, None).item(connection, register, entry_id)


async def _break(call: Call, who: Principal, sent: GlassIn) -> Answer:
    register = next(each for each in call.app.state.registers if each.name == sent.register)
    seen = await call.context.read(partial(_seen, who, register, str(sent.entry_id)))
    if seen.personal is None:
        said = "该记录没有可查阅的个人信息。", "This entry holds no personal data."
        raise Refused(faults=[Fault("/entry_id", "nothing_personal", *said)])
    glass = new_id()
    done = await call.context.write(who.book, breaking(who, register, seen, glass, sent.reason, sent.minutes))
    if not isinstance(done.answer, Opened):
        raise Malformed
    return reads.plain_json(encode(done.answer), 201)
