"""The one read path. A view is what one caller may see: who × which divisions × as of which watermark.

Nobody else writes a clause for scope or for time (a test proves it). Out of scope is not found.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
    union,
)

from registry.access.fields import put
from registry.access.principals import Principal
from registry.access.register import Register
from registry.access.sealing import Sealer
from registry.errors import Fault, NotFound, Refused
from registry.ledger.clock import BEIJING, beijing_day, microseconds, wall_clock
from registry.ledger.tables import BLIND_INDEX, BOOKS, LOG, SHARING
from registry.ledger.versions import encode

SHOWN = ("entry_id", "number", "position", "case_id", "division", "document", "personal", "voided")
NEVER = 2**62
"""A position that no log will reach."""
WATERMARK = re.compile(r"wm_([0-9]{6})_([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Reach:
    """How many towns and villages a clause of scope names, and whether cases opened by others count."""

    towns: int
    villages: int
    cases: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One version as the view shows it: its row, and the watermark of the answer."""

    entry_id: str
    number: int
    position: int
    case_id: str
    division: str
    document: bytes
    personal: bytes | None
    voided: bool
    watermark: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of a list: how many, before which position, of which division, with the voided or without."""

    limit: int
    before: int = NEVER
    division: str | None = None
    voided: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What one caller may see, as of a watermark (None: now)."""

    who: Principal
    as_of: int | None = None

    def item(self, connection: Connection, register: Register, entry_id: str) -> Seen:
        """The version that stands. Raises NotFound, also for what is out of scope."""
        query = _item_query(register.table, self._reach(register), self.as_of is not None)
        return self._one(connection, query, {"e": entry_id})

    def version(self, connection: Connection, register: Register, entry_id: str, number: int) -> Seen:
        """One version of an entry, by its number."""
        return self._one(
            connection, _version_query(register.table, self._reach(register)), {"e": entry_id, "n": number}
        )

    def versions(self, connection: Connection, register: Register, entry_id: str, limit: int, after: int) -> list[Seen]:
        """Up to `limit` versions past number `after` that the caller may see. Raises NotFound if there are none at all."""
        query = _versions_query(register.table, self._reach(register)).limit(limit)
        binds = self._binds({"e": entry_id, "n": after})
        rows = connection.execute(query, binds).all()
        if not rows:
            self.version(connection, register, entry_id, after)
        return [_seen(row, self.as_of) for row in rows]

    def page(
        self,
        connection: Connection,
        register: Register,
        wanted: Wanted,
        where: Sequence[ColumnElement[bool]] = (),
    ) -> tuple[list[Seen], int]:
        """The latest versions that match, last change first, and the watermark. Gives `limit` rows and no count."""
        depth = len(wanted.division) if wanted.division else 0
        asked = (register.table, self._reach(register), self.as_of is not None, wanted.voided, depth)
        query = _filtered_page_query(*asked, where) if where else _page_query(*asked)
        binds = self._binds({"p": wanted.before, "l": wanted.limit, "d": wanted.division})
        found = connection.execute(query, binds).all()
        if found:
            return [_seen(row, self.as_of) for row in found], found[
                0
            ].next_position if self.as_of is None else self.as_of
        if self.as_of is not None:
            return [], self.as_of
        # No row brought the watermark along; so that the two are of one moment, look again as of the one that stands.
        return View(self.who, head_of(connection, self.who.book)).page(connection, register, wanted, where)

    def rows(self, register: Register, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """A select over what stands and the caller may see, for totals; run it with `binds()`."""
        table = register.table
        scope = _scope(table, self._reach(register))
        return select(*columns).where(
            table.c.book == bindparam("b"), scope, self.standing(table), table.c.voided.is_(False)
        )

    def standing(self, table: Table) -> ColumnElement[bool]:
        """The versions that stand at the watermark."""
        return _standing(table, as_of=self.as_of is not None)

    def binds(self) -> dict[str, object]:
        """The parameters of `rows`."""
        return self._binds({})

    def _one(self, connection: Connection, query: Select[Any], binds: dict[str, object]) -> Seen:
        row = connection.execute(query, self._binds(binds)).one_or_none()
        if row is None:
            raise NotFound
        return _seen(row, self.as_of)

    def _reach(self, register: Register) -> Reach | None:
        """What the clause of scope must name; None for everything."""
        if register.open or self.who.county_wide:
            return None
        return Reach(len(self.who.towns), len(self.who.villages), register.cases)

    def _binds(self, more: dict[str, object]) -> dict[str, object]:
        binds = {"b": self.who.book, "w": NEVER if self.as_of is None else self.as_of, **more}
        if not self.who.county_wide:
            binds |= {f"t{index}": code for index, code in enumerate(self.who.towns)}
            binds |= {f"v{index}": code for index, code in enumerate(self.who.villages)}
        return binds


def _own(table: Table, reach: Reach) -> ColumnElement[bool]:
    """The caller's own divisions."""
    towns = [table.c.town == bindparam(f"t{index}", type_=String) for index in range(reach.towns)]
    villages = [table.c.division == bindparam(f"v{index}", type_=String) for index in range(reach.villages)]
    return or_(false(), *towns, *villages)


def _opened(table: Table, reach: Reach) -> ColumnElement[bool]:
    """Cases that another town opened to one of the caller's. Rights are today's, whatever the watermark."""
    towns = [SHARING.c.town == bindparam(f"t{index}", type_=String) for index in range(reach.towns)]
    cases = select(SHARING.c.case_id).where(
        SHARING.c.book == bindparam("b"), or_(false(), *towns), SHARING.c.until.is_(None)
    )
    return table.c.case_id.in_(cases)


def _scope(table: Table, reach: Reach | None) -> ColumnElement[bool]:
    """What the caller may see."""
    if reach is None:
        return true()
    return or_(_own(table, reach), _opened(table, reach)) if reach.cases else _own(table, reach)


def _standing(table: Table, *, as_of: bool) -> ColumnElement[bool]:
    """The versions that stand now, or stood at the watermark :w."""
    if not as_of:
        return table.c.superseded_at.is_(None)
    # coalesce, so that no index over superseded_at is chosen: the log's order is the way to walk the past
    return and_(table.c.position < bindparam("w"), func.coalesce(table.c.superseded_at, NEVER) >= bindparam("w"))


def within(table: Table, depth: int) -> ColumnElement[bool]:
    """The division :d, whose code has so many digits, and all below it."""
    columns = {6: table.c.book, 9: table.c.town, 12: table.c.division}
    return columns[depth] == bindparam("d", type_=String) if depth else true()


def _filtered_page_query(
    table: Table, reach: Reach | None, as_of: bool, voided: bool, depth: int,
    where: Sequence[ColumnElement[bool]],
) -> Select[Any]:  # fmt: skip
    asked = [_standing(table, as_of=as_of), table.c.position < bindparam("p"), within(table, depth), *where]
    if not voided:
        asked.append(table.c.voided.is_(False))
    if reach is None or not reach.cases:
        chosen = _shown(table, _scope(table, reach)).where(*asked)
    else:
        # Two short walks and their union: one `or` over both would keep either index from being used.
        walks = [_walk(table, clause, asked) for clause in (_own(table, reach), _opened(table, reach))]
        chosen = _shown(table, true()).where(table.c.position.in_(union(*walks)))
    return chosen.order_by(table.c.position.desc()).limit(bindparam("l"))


def _walk(table: Table, clause: ColumnElement[bool], asked: list[ColumnElement[bool]]) -> Select[Any]:
    latest = select(table.c.position).where(table.c.book == bindparam("b"), clause, *asked)
    return select(latest.order_by(table.c.position.desc()).limit(bindparam("l")).subquery().c.position)


@lru_cache(maxsize=512)
def _page_query(
    table: Table,
    reach: Reach | None,
    as_of: bool,
    voided: bool,
    depth: int,
) -> Select[Any]:
    return _filtered_page_query(table, reach, as_of, voided, depth, ())


def _shown(table: Table, scope: ColumnElement[bool]) -> Select[Any]:
    watermark = select(BOOKS.c.next_position).where(BOOKS.c.book == bindparam("b")).scalar_subquery()
    columns = [table.c[name] for name in SHOWN]
    return select(*columns, watermark.label("next_position")).where(table.c.book == bindparam("b"), scope)


@lru_cache(maxsize=512)
def _item_query(table: Table, reach: Reach | None, as_of: bool) -> Select[Any]:
    query = _shown(table, _scope(table, reach)).where(table.c.entry_id == bindparam("e"))
    if not as_of:
        return query.where(table.c.superseded_at.is_(None))
    then = table.alias()
    last = (
        select(then.c.position)
        .where(then.c.book == bindparam("b"), then.c.entry_id == bindparam("e"), then.c.position < bindparam("w"))
        .order_by(then.c.position.desc())
        .limit(1)
    )
    return query.where(table.c.position == last.scalar_subquery())


@lru_cache(maxsize=512)
def _version_query(table: Table, reach: Reach | None) -> Select[Any]:
    query = _shown(table, _scope(table, reach))
    at = (table.c.entry_id == bindparam("e"), table.c.number == bindparam("n"), table.c.position < bindparam("w"))
    return query.where(*at)


@lru_cache(maxsize=512)
def _versions_query(table: Table, reach: Reach | None) -> Select[Any]:
    query = _shown(table, _scope(table, reach)).order_by(table.c.number)
    at = (table.c.entry_id == bindparam("e"), table.c.number > bindparam("n"), table.c.position < bindparam("w"))
    return query.where(*at)


def _seen(row: Sequence[Any], watermark: int | None = None) -> Seen:
    fields = (*row[:-1], row[-1] if watermark is None else watermark)
    return Seen(*fields)


def has_digest(table: Table, book: str, kind: str, digest: bytes) -> ColumnElement[bool]:
    """The clause for entries whose version has this ID number or phone."""
    positions = select(BLIND_INDEX.c.position).where(
        BLIND_INDEX.c.book == book, BLIND_INDEX.c.kind == kind, BLIND_INDEX.c.digest == digest
    )
    return table.c.position.in_(positions)


def plain_document(connection: Connection, sealer: Sealer, book: str, register: str, seen: Seen) -> dict[str, Any]:
    """The document with its personal fields laid over in plain. Whoever calls this logs it before the answer leaves."""
    document = cast(dict[str, Any], msgspec.json.decode(seen.document))
    if seen.personal is not None:
        place = place_of(book, register, seen.entry_id, seen.number)
        for pointer, value in sealer.open(connection, book, seen.case_id, place, seen.personal).items():
            put(document, pointer, value)
    return document


def shows_plain(who: Principal, register: Register, seen: Seen) -> bool:
    """Whether the caller is shown the personal fields of this version in plain; what has none shows none."""
    if seen.personal is None or not who.sees_personal:
        return False
    return not register.open or who.covers(seen.division)


def render(connection: Connection, sealer: Sealer, who: Principal, register: Register, seen: Seen) -> bytes:
    """The bytes to answer with: the stored ones, or with plain personal fields for those who may see them."""
    if not shows_plain(who, register, seen):
        return seen.document
    return encode(plain_document(connection, sealer, who.book, register.name, seen))


def place_of(book: str, register: str, entry_id: str, number: int) -> str:
    """What a sealed box is bound to."""
    return f"{book}/{register}/{entry_id}/{number}"


def resolve_as_of(connection: Connection, book: str, text: str) -> int:
    """The watermark that `as_of` names: `wm_440882_81234`, a timestamp with offset, or a date (its end, Beijing time).

    Raises Refused for anything else, and for what lies in the future: such an answer could not be given again.
    """
    head = head_of(connection, book)
    if match := WATERMARK.fullmatch(text):
        if match[1] != book or int(match[2]) > head:
            raise _bad_as_of
        return int(match[2])
    until = _end_of(text)
    if until is None:
        raise _bad_as_of
    last = (
        select(LOG.c.position)
        .where(LOG.c.book == book, LOG.c.recorded_at <= until)
        .order_by(LOG.c.recorded_at.desc())
        .limit(1)
    )
    position = connection.scalar(last)
    return 0 if position is None else position + 1


def last_day(connection: Connection, book: str, watermark: int) -> dt.date:
    """The day in Beijing of the last version under a watermark; today where there is none."""
    last = select(LOG.c.recorded_at).where(LOG.c.book == book, LOG.c.position == watermark - 1)
    recorded_at = connection.scalar(last)
    return beijing_day(wall_clock() if recorded_at is None else recorded_at)


def head_of(connection: Connection, book: str) -> int:
    """The watermark now: how long the log is."""
    return connection.scalar(select(BOOKS.c.next_position).where(BOOKS.c.book == book)) or 0


def _end_of(text: str) -> int | None:
    """The last microsecond that the text covers; None if it is no time, or a future one."""
    now = wall_clock()
    try:
        if len(text) == 10:  # noqa: PLR2004 - YYYY-MM-DD
            day = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), BEIJING)
            start = microseconds(day)
            return min(microseconds(day + dt.timedelta(days=1)) - 1, now) if start <= now else None
        # An unescaped + in a query string arrives as a blank.
        at = dt.datetime.fromisoformat(text.replace(" ", "+"))
        until = microseconds(at) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return until if until is not None and until <= now else None


_bad_as_of = Refused(
    faults=[
        Fault(
            "#as_of",
            "as_of",
            "as_of 须为过去的日期、带时区的时间,或本县的水位号(wm_…)。",
            "as_of must be a past date, a past timestamp with its offset, or a watermark of this book (wm_…).",
        )
    ]
)


def watermark_text(book: str, watermark: int) -> str:
    """A watermark as it stands on answers."""
    return f"wm_{book}_{watermark}"
