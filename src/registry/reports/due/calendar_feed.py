"""Signed links to an office's calendar of what is due: a phone subscribes to it, and cannot send a key.

The token names the key that made it, the divisions and the last moment, under an HMAC. At each read the key must still be valid,
and cover the divisions: to revoke the key is to revoke its links.
"""

import base64
import datetime as dt
import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import Connection, select

from registry import __version__
from registry.core.divisions import find_place, name_of, names_at
from registry.core.duties import Window
from registry.core.fields import DivisionCode
from registry.core.principals import OFFICE, Principal, valid_principal
from registry.core.register import Register
from registry.core.schemas import Input
from registry.core.sealing import Sealer
from registry.core.view import View
from registry.core.watermarks import head_of, watermark_text
from registry.db.database import computed
from registry.deadlines.periods import add_days
from registry.errors import Fault, Forbidden, Unauthenticated, refuse
from registry.ledger.clock import EPOCH, beijing_day, moment, timestamp, wall_clock
from registry.ledger.tables import LOG
from registry.ledger.versions import encode
from registry.reports.due.icalendar import CalendarEvent, calendar
from registry.reports.due.service import DueSelection, Item, due_item, due_items, kinds_of_people, titles
from registry.web import reads
from registry.web.call import Call
from registry.web.reads import Answer

PURPOSE = "due.ics"
DAY = 86_400 * 1_000_000
"""Microseconds."""
BEHIND, AHEAD = 60, 90
"""Days of the calendar before and after today."""
MEDIA = "text/calendar"
LAST = 2**62
"""Later than any moment."""
OUTSIDE = Fault("/divisions", "outside_division", "辖区须在您的辖区之内。", "The divisions must lie within your own.")


class DueLinkIn(Input):
    """A link to make: for which divisions, for how long."""

    divisions: Annotated[
        list[DivisionCode], Meta(max_length=20, title="辖区", description="within your own; left out: all of them")
    ] = []
    days: Annotated[int, Meta(ge=1, le=366, title="有效天数")] = 180


class DueLink(msgspec.Struct, kw_only=True):
    """A link to a calendar (日历订阅链接). Whoever has it can read the calendar: it tells no person's name."""

    url: str
    divisions: list[str]
    expires_at: str


class CalendarQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Of the calendar."""

    token: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", max_length=1000)]


class Token(msgspec.Struct, array_like=True):
    """What a link's token says."""

    principal: str
    divisions: tuple[str, ...]
    expires_at: int


async def make_link(call: Call) -> Answer:
    """A link for an office's calendar."""
    who = await call.caller()
    if who.role not in OFFICE:
        raise Forbidden
    call.no_params()
    sent = await call.sent(DueLinkIn)
    divisions = tuple(sorted(set(sent.divisions))) or who.divisions
    refuse([] if all(who.covers(code) for code in divisions) else [OUTSIDE])
    refuse(await call.context.read(lambda connection: list(_unknown(connection, who, divisions))))
    expires_at = min(wall_clock() + sent.days * DAY, who.expires_at or LAST)
    signed = sign(call.context.sealer, Token(who.id, divisions, expires_at))
    link = DueLink(url=f"/v1/due.ics?token={signed}", divisions=list(divisions), expires_at=timestamp(expires_at))
    return reads.plain_json(encode(link), 201)


def _unknown(connection: Connection, who: Principal, divisions: Sequence[str]) -> Iterator[Fault]:
    for code in divisions:
        if find_place(connection, who.book, code) is None:
            yield Fault("/divisions", "unknown_division", f"没有行政区划 {code}。", f"There is no division {code}.")


async def read_calendar(call: Call, registers: Sequence[Register]) -> Answer:
    """The calendar that a link leads to. Who has it already is told so before anything is looked up."""
    token = read_token(call.context.sealer, call.params(CalendarQuery).token)
    who, head = await call.context.read(lambda connection: _holder_and_head(connection, token))
    today = beijing_day(wall_clock())
    body, watermark = b"", head
    if call.method != "GET" or _tag(who, head, today) not in call.headers.get("if-none-match", ""):
        body, watermark = await call.context.scan(partial(_calendar, who, registers, today))
    tag = _tag(who, watermark, today)
    return reads.respond(call, body, tag, watermark_text(who.book, watermark), media=MEDIA)


def _tag(who: Principal, watermark: int, today: dt.date) -> str:
    """Names all that a calendar is made from."""
    return reads.body_tag(f"{__version__} {watermark} {today} {' '.join(who.divisions)}".encode())


def sign(sealer: Sealer, token: Token) -> str:
    """The token as it stands in a link."""
    said = msgspec.json.encode(token)
    return f"{_text(said)}.{_text(hmac.digest(sealer.derived_key(PURPOSE), said, 'sha256'))}"


def read_token(sealer: Sealer, signed: str) -> Token:
    """What a token says. Raises Unauthenticated for one that we did not sign, or that has expired."""
    try:
        said, proof = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in signed.split("."))
    except ValueError:
        raise Unauthenticated from None
    if not hmac.compare_digest(proof, hmac.digest(sealer.derived_key(PURPOSE), said, "sha256")):
        raise Unauthenticated
    token = msgspec.json.decode(said, type=Token)
    if token.expires_at <= wall_clock():
        raise Unauthenticated
    return token


def holder(connection: Connection, token: Token) -> Principal:
    """Who reads by a link: its maker's key, narrowed to the link's divisions. Raises Unauthenticated where the key is no longer
    valid, or covers none of them.
    """
    who = valid_principal(connection, token.principal)
    divisions = tuple(code for code in token.divisions if who.covers(code))
    if not divisions or who.role not in OFFICE:
        raise Unauthenticated(who)
    return replace(who, divisions=divisions)


def _holder_and_head(connection: Connection, token: Token) -> tuple[Principal, int]:
    who = holder(connection, token)
    return who, head_of(connection, who.book)


def _calendar(
    who: Principal, registers: Sequence[Register], today: dt.date, connection: Connection
) -> tuple[bytes, int]:  # fmt: skip
    watermark = head_of(connection, who.book)
    view = View(who)
    first = add_days(today, -BEHIND)
    found = due_items(connection, view, registers, DueSelection(Window(today, add_days(today, AHEAD))))
    names, stamp = names_at(connection, view), _stamp(connection, who.book, watermark)
    items = [item for item in found if item.due_on >= first]
    title = f"{'、'.join(name_of(names, code) for code in who.divisions)} 应办事项"
    made = CalendarEvents(who.book, watermark, today, names, registers)
    return computed(lambda: calendar(title, stamp, made.events(items))), watermark


@dataclass(frozen=True, slots=True)
class CalendarEvents:
    """How items stand in a calendar, which anybody who has the link can read."""

    book: str
    watermark: int
    today: dt.date
    names: dict[str, str]
    registers: Sequence[Register]

    def events(self, items: Sequence[Item]) -> Iterator[CalendarEvent]:
        """An event for each item, and of people one for each kind, village and day: how many, not who or how ill."""
        people = kinds_of_people(self.registers)
        counts = Counter((item.due_on, item.kind, item.division) for item in items if item.kind in people)
        yield from (self._event(item) for item in items if item.kind not in people)
        yield from (self._count(*of, count) for of, count in counts.items())

    def _event(self, item: Item) -> CalendarEvent:
        shown = due_item(item, self.today, self.names, self.registers)
        note = "（供参考，须由承办人判断）\n" if item.candidate else ""
        note += "（节假日安排尚未公布，日期可能变动）\n" if shown.provisional else ""
        return CalendarEvent(
            uid=f"{item.id.replace('/', '-')}@{self.book}.registry",
            sequence=item.number,
            day=item.due_on,
            summary=item.title,
            description=f"{note}{shown.rule.name}\n依据：{shown.rule.source}\n{shown.entry}",
            location=shown.division_name,
            category=shown.kind_title,
        )

    def _count(self, day: dt.date, kind: str, division: str, count: int) -> CalendarEvent:
        title = titles(self.registers)[kind]
        return CalendarEvent(
            uid=f"{kind}-{division}-{day}@{self.book}.registry",
            sequence=self.watermark,
            day=day,
            summary=f"{title} {count}人",
            description=f"/v1/due?kinds={kind}&division={division}",
            location=name_of(self.names, division),
            category=title,
        )


def _stamp(connection: Connection, book: str, watermark: int) -> dt.datetime:
    """The time of the last version under the watermark."""
    last = select(LOG.c.recorded_at).where(LOG.c.book == book, LOG.c.position == watermark - 1)
    recorded_at = connection.scalar(last)
    return EPOCH if recorded_at is None else moment(recorded_at)


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
