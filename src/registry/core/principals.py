"""Who is asking: roles, API keys, and the principal that a key stands for."""

import hashlib
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    bindparam,
    select,
    update,
)

from registry.code_lists import CodeList
from registry.db.database import Database
from registry.db.schema import metadata
from registry.errors import NotFound, Unauthenticated
from registry.ledger.clock import wall_clock
from registry.ledger.versions import Actor

TOWN = 9
"""Digits of a town's code."""
VILLAGE = 12
"""Digits of a village's code."""
CACHED_SECONDS = 5.0
"""A revoked key works at most this much longer."""
CACHE_SIZE = 10_000
LONGEST = 100 * 366 * 86_400 * 1_000_000
"""Microseconds that a key may be valid for."""

PRINCIPALS = Table(
    "principals",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("book", String(6), nullable=False),
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("divisions", Text, nullable=False, comment="division codes, separated by spaces"),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True, comment="SHA-256 of the key"),
    Column("key_start", String(8), nullable=False, comment="the key's first characters, to name it by"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
    comment="who may call: one row for each API key",
)

BREAK_GLASS = Table(
    "break_glass",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("book", String(6), nullable=False),
    Column("principal_id", String(36), nullable=False),
    Column("register", String(32), nullable=False),
    Column("entry_id", String(36), nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_by", Text, nullable=False, comment="name of the key, as it was"),
    Column("opened_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index(None, "book", "principal_id", "until"),
    comment="an auditor's plain view of one entry, for at most an hour (紧急查阅)",
)

FIND = select(PRINCIPALS).where(PRINCIPALS.c.key_hash == bindparam("h"))
RENEW = select(PRINCIPALS).where(PRINCIPALS.c.id == bindparam("p"))


class Role(CodeList):
    """What a key may do."""

    CLERK = "clerk", "镇（街）综治办", "Clerk"
    """镇(街)综治办: reads and writes its own divisions, sees personal data there."""
    SUPERVISOR = "supervisor", "县级主管", "Supervisor"
    """County: reads and writes the whole book; also voids and transfers."""
    DASHBOARD = "dashboard", "大屏", "Dashboard"
    """Masked reads and totals; of people in care totals alone, by the rule of docs/decisions/0012."""
    BOT = "bot", "机器人", "Bot"
    """As a dashboard: what it is told is passed on to a group."""
    AUDITOR = "auditor", "审计员", "Auditor"
    """Reads everything in every version, masked."""
    ADMINISTRATOR = "administrator", "管理员", "Administrator"
    """Keys and divisions; no register contents."""


class Purpose(CodeList):
    """What personal data is looked at for (查阅目的)."""

    VISIT = "visit", "走访随访", "Visit"
    """走访随访"""
    EMERGENCY = "emergency", "应急处置", "Emergency"
    """应急处置"""
    SUPERVISION = "supervision", "督导检查", "Supervision"
    """督导检查"""
    CORRECTION = "correction", "更正记录", "Correction"
    """更正记录"""
    SUBJECT_REQUEST = "subject_request", "本人或监护人申请", "Request of the person or guardian"
    """本人或监护人申请"""
    AUDIT = "audit", "审计", "Audit"
    """审计"""


OFFICE = frozenset({Role.CLERK, Role.SUPERVISOR})
"""Roles that write, and see personal data in plain within their divisions."""
SEE_PEOPLE = OFFICE | {Role.AUDITOR}
"""Who see the entries of people in care (精神卫生法 §4(3)), the auditor masked, and count them exactly."""
READERS = SEE_PEOPLE | {Role.DASHBOARD, Role.BOT}
EVERYONE = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Glass:
    """A break-glass (紧急查阅) that is open: one entry's personal data, for an auditor."""

    id: str
    register: str
    entry_id: str


@dataclass(frozen=True)
class Principal:
    """The caller: one API key."""

    id: str
    book: str
    name: str
    role: Role
    divisions: tuple[str, ...]
    expires_at: int | None
    revoked_at: int | None
    purpose: Purpose | None = None
    """What this request looks at personal data for; None where it did not say."""
    glasses: tuple[Glass, ...] = ()
    """The entries that an auditor has broken the glass of."""
    masked: bool = False
    """Whether it is shown no personal data, whatever its role: a webhook without a purpose."""

    def glass_of(self, register: str, entry_id: str) -> str | None:
        """The break-glass under which the caller sees this entry in plain, if there is one."""
        return next((g.id for g in self.glasses if (g.register, g.entry_id) == (register, entry_id)), None)

    @cached_property
    def county_wide(self) -> bool:
        return self.book in self.divisions

    @cached_property
    def towns(self) -> tuple[str, ...]:
        return tuple(code for code in self.divisions if len(code) == TOWN)

    @cached_property
    def villages(self) -> tuple[str, ...]:
        return tuple(code for code in self.divisions if len(code) == VILLAGE)

    @property
    def sees_people(self) -> bool:
        """Whether it sees entries of people in care, and counts of them as they are."""
        return self.role in SEE_PEOPLE

    @property
    def sees_personal(self) -> bool:
        return self.role in OFFICE and not self.masked

    def covers(self, division: str) -> bool:
        """Whether a division is within the caller's own."""
        return any(division.startswith(code) for code in self.divisions)

    def is_valid(self, now: int) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    @cached_property
    def actor(self) -> Actor:
        return Actor(self.id, self.name, self.role, " ".join(self.divisions))


def list_keys(connection: Connection, book: str) -> list[Row[Any]]:
    """All keys of a book, oldest first, without anything that could be used to call."""
    return list(connection.execute(select(PRINCIPALS).where(PRINCIPALS.c.book == book).order_by(PRINCIPALS.c.id)))


def find_key(connection: Connection, book: str, principal: str) -> Row[Any]:
    """One key of a book, as in their list. Raises NotFound."""
    query = select(PRINCIPALS).where(PRINCIPALS.c.book == book, PRINCIPALS.c.id == principal)
    if (row := connection.execute(query).one_or_none()) is None:
        raise NotFound
    return row


class Keys:
    """Finds the principal for a key, remembering it for at most 5 seconds; notes when each was last used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[bytes, tuple[Principal, float]] = {}
        self._used: dict[str, int] = {}

    async def authenticate(self, key: str) -> Principal:
        """The principal. Raises Unauthenticated for a key that is unknown, expired or revoked."""
        digest = hashlib.sha256(key.encode()).digest()
        principal, until = self._known.get(digest, (None, 0.0))
        if principal is None or until < time.monotonic():
            principal = await self._database.read(lambda connection: _find(connection, digest))
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            self._known[digest] = (principal, time.monotonic() + CACHED_SECONDS)
        now = wall_clock()
        if principal.expires_at is not None and principal.expires_at <= now:
            raise Unauthenticated(principal)
        self._used[principal.id] = now
        return principal

    async def save_last_used(self) -> None:
        """Write down when keys were last used (called about once a minute and at the end)."""
        used, self._used = self._used, {}
        if used:
            await self._database.write(lambda connection: _save_last_used(connection, used))


def find_principal(connection: Connection, book: str, principal: str) -> Principal | None:
    """The principal of that id as it is today, valid or not; None if the book has no such key."""
    query = select(PRINCIPALS).where(PRINCIPALS.c.book == book, PRINCIPALS.c.id == principal)
    row = connection.execute(query).one_or_none()
    return None if row is None else _principal(row)


def _principal(row: Row[Any]) -> Principal:
    divisions = tuple(row.divisions.split())
    return Principal(row.id, row.book, row.name, Role(row.role), divisions, row.expires_at, row.revoked_at)


def valid_principal(connection: Connection, principal: str) -> Principal:
    """The principal of that id as it is today. Raises Unauthenticated if its key is unknown, expired or revoked."""
    who = _valid(connection.execute(RENEW, {"p": principal}).one_or_none())
    if who.expires_at is not None and who.expires_at <= wall_clock():
        raise Unauthenticated(who)
    return who


def renewed(connection: Connection, who: Principal) -> Principal:
    """The same caller with the rights of this moment, for what goes on after the request that it began with.

    Raises Unauthenticated where the key was revoked or has expired.
    """
    today = valid_principal(connection, who.id)
    return replace(today, purpose=who.purpose, glasses=who.glasses, masked=who.masked)


def _find(connection: Connection, digest: bytes) -> Principal:
    return _valid(connection.execute(FIND, {"h": digest}).one_or_none())


def _valid(row: Row[Any] | None) -> Principal:
    if row is None:
        raise Unauthenticated
    who = _principal(row)
    if row.revoked_at is not None:
        raise Unauthenticated(who)
    return who


def _save_last_used(connection: Connection, used: dict[str, int]) -> None:
    statement = update(PRINCIPALS).where(PRINCIPALS.c.id == bindparam("p")).values(last_used_at=bindparam("t"))
    connection.execute(statement, [{"p": principal, "t": at} for principal, at in used.items()])


OPEN = select(BREAK_GLASS.c.id, BREAK_GLASS.c.register, BREAK_GLASS.c.entry_id).where(
    BREAK_GLASS.c.book == bindparam("b"),
    BREAK_GLASS.c.principal_id == bindparam("p"),
    BREAK_GLASS.c.until > bindparam("now"),
)


def open_glasses(connection: Connection, who: Principal) -> tuple[Glass, ...]:
    """What the caller has open now."""
    rows = connection.execute(OPEN, {"b": who.book, "p": who.id, "now": wall_clock()})
    return tuple(Glass(row.id, row.register, row.entry_id) for row in rows)
