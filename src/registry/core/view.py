"""The one read path. A view is what one caller may see: who × which divisions × as of which watermark.

Nobody else writes a clause for scope or for time (a test proves it). Out of scope is not found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    bindparam,
    select,
)

from registry.core.filters import Sort
from registry.core.principals import Principal, Role
from registry.core.register import Register
from registry.core.scope import (
    NEVER,
    OPENED,
    SHOWN,
    STORED,
    Reach,
    began_query,
    case_log_query,
    ended_query,
    entry_steps_query,
    filtered_page_query,
    inside,
    item_query,
    log_query,
    opened_query,
    page_query,
    scope_clause,
    standing_clause,
    steps_at_query,
    version_query,
    versions_query,
)
from registry.core.watermarks import head_of
from registry.errors import NotFound
from registry.ledger.clock import timestamp

LAST = 2**31 - 1
"""The highest version number that the column holds, and that no entry will reach; a forged cursor or path may name a greater one."""
AT_A_TIME = 1000
"""Cases in one statement."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One version as the view shows it: its row, and the watermark of the answer."""

    entry_id: str
    number: int
    position: int
    case_id: str
    division: str
    document: bytes
    """In today's schema version."""
    personal: bytes | None
    voided: bool
    classes: str
    created_at: int
    watermark: int
    stored: bytes
    """As it was recorded: what the log's hash covers."""

    @property
    def upgraded(self) -> bool:
        """Whether it is shown in another schema version than it was recorded in."""
        return self.document is not self.stored


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of a list: how many, before which position, of which division, with the voided or without."""

    limit: int
    before: int = NEVER
    division: str | None = None
    voided: bool = False
    sort: Sort | None = None
    """None: last change first."""


@dataclass(frozen=True, slots=True)
class Step:
    """A version beside the one before it; None where there is none that the caller may see."""

    version: Seen
    before: Seen | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of the log is wanted: how many rows, from which position to before which, of which division."""

    limit: int
    since: int = 0
    before: int = NEVER
    division: str | None = None


Logged = tuple[int, str]
"""A place in the log: its position, and the register that it is of."""


@dataclass(frozen=True, slots=True)
class View:
    """What one caller may see, as of a watermark (None: now)."""

    who: Principal
    as_of: int | None = None

    def item(self, connection: Connection, register: Register, entry_id: str) -> Seen:
        """The version that stands. Raises NotFound, also for what is out of scope."""
        query = item_query(register.table, self.reach(register), self.as_of is not None)
        return self._one(connection, register, query, {"e": entry_id})

    def version(self, connection: Connection, register: Register, entry_id: str, number: int) -> Seen:
        """One version of an entry, by its number."""
        if number > LAST:
            raise NotFound
        query = version_query(register.table, self.reach(register))
        return self._one(connection, register, query, {"e": entry_id, "n": number})

    def versions(self, connection: Connection, register: Register, entry_id: str, limit: int, after: int) -> list[Seen]:
        """Up to `limit` versions past number `after` that the caller may see. Raises NotFound if there are none at all."""
        query = versions_query(register.table, self.reach(register)).limit(limit)
        binds = self.bound({"e": entry_id, "n": min(after, LAST)})
        rows = connection.execute(query, binds).all()
        if not rows:
            self.version(connection, register, entry_id, min(after, LAST))
        return [self._seen(register, row) for row in rows]

    def steps(self, connection: Connection, register: Register, entry_id: str, limit: int, after: int) -> list[Step]:
        """Up to `limit` versions past number `after`, each with the one before it. Raises NotFound if none can be seen at all."""
        query = entry_steps_query(register.table, self.reach(register))
        rows = connection.execute(query, self.bound({"e": entry_id, "n": min(after, LAST), "l": limit})).all()
        if not rows:
            self.versions(connection, register, entry_id, 1, 0)
        return [self._step(register, row) for row in rows]

    def steps_at(
        self, connection: Connection, registers: Iterable[Register], places: Sequence[Logged]
    ) -> list[tuple[Register, Step]]:
        """The versions at these places of the log, in their order; the places are of the view's own time."""
        found: dict[int, tuple[Register, Step]] = {}
        for register in registers:
            if positions := [position for position, name in places if name == register.name]:
                query = steps_at_query(register.table, self.reach(register))
                steps = (self._step(register, row) for row in connection.execute(query, self.bound({"ps": positions})))
                found |= {step.version.position: (register, step) for step in steps}
        return [found[position] for position, _ in places if position in found]

    def case_log(
        self, connection: Connection, case: Register, names: Sequence[str], case_id: str, limit: int, after: int
    ) -> list[Logged]:
        """Where the log tells of a case, past position `after`: of the entries that the caller may see in these registers."""
        binds = self.bound({"c": case_id, "rs": names, "p": after, "l": limit})
        return [(row.position, row.register) for row in connection.execute(case_log_query(self.reach(case)), binds)]

    def log(
        self,
        connection: Connection,
        registers: Sequence[Register],
        wanted: Stretch,
        where: Sequence[ColumnElement[bool]],
    ) -> list[Logged]:
        """A stretch of the log, last first: what lies in the caller's own divisions, and what is open to every reader."""
        reach = None if self.who.county_wide else Reach(len(self.who.towns), len(self.who.villages), "")
        binds: dict[str, object] = {
            "rs": [each.name for each in registers],
            "open": [each.name for each in registers if each.open],
            "from": wanted.since,
            "p": wanted.before if self.as_of is None else min(wanted.before, self.as_of),
            "l": wanted.limit,
            "d": wanted.division,
        }
        rows = connection.execute(log_query(reach, wanted.division, where), self.bound(binds))
        return [(row.position, row.register) for row in rows]

    def page(
        self,
        connection: Connection,
        register: Register,
        wanted: Wanted,
        where: Sequence[ColumnElement[bool]] = (),
    ) -> tuple[list[Seen], int]:
        """The latest versions that match, last change first or as `wanted.sort` says, and the watermark. Gives `limit` rows and no count."""
        depth = len(wanted.division) if wanted.division else 0
        asked = (register.table, self.reach(register), self.as_of is not None, wanted.voided, depth)
        plain = not where and wanted.sort is None
        query = page_query(*asked) if plain else filtered_page_query(*asked, where, wanted.sort)
        binds = self.bound({"p": wanted.before, "l": wanted.limit, "d": wanted.division})
        if self.as_of is not None:
            return [self._seen(register, row) for row in connection.execute(query, binds)], self.as_of
        before = None
        while not (found := connection.execute(query, binds).all()):
            # No row brought the watermark along; the list is empty as of a head that was there before and after the look.
            head = head_of(connection, self.who.book)
            if head == before:
                return [], head
            before = head
        return [self._seen(register, row) for row in found], found[0].next_position

    def rows(self, register: Register, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """A select over what stands and the caller may see, for totals; run it with `binds()`."""
        table = register.table
        scope = scope_clause(table, self.reach(register))
        return select(*columns).where(
            table.c.book == bindparam("b"), scope, self.standing(table), table.c.voided.is_(False)
        )

    def changes(
        self, register: Register, total: ColumnElement[int], where: Sequence[ColumnElement[bool]]
    ) -> tuple[Select[Any], Select[Any]]:
        """What moved a total of `rows` since an earlier watermark :a: two selects of (position, amount, seen) whose amounts
        add up to the difference. Run them with `binds(since)`; `seen` is 0 where the caller may not see that version.
        """
        asked = (register.table, self.reach(register), total)
        return began_query(*asked).where(*where), ended_query(*asked).where(*where)

    def documents(self, connection: Connection, register: Register, positions: Sequence[int]) -> dict[int, bytes]:
        """The documents of the versions at these positions that the caller may see, masked."""
        table = register.table
        scope = scope_clause(table, self.reach(register))
        query = select(table.c.position, *(table.c[name] for name in STORED)).where(
            table.c.book == bindparam("b"), scope, table.c.position.in_(positions)
        )
        rows = connection.execute(query, self.binds())
        return {row.position: today(register, row) for row in rows}

    def placed(self, register: Register, division: str | None, *, only: bool) -> list[ColumnElement[bool]]:
        """The clause for a division and all below it, or `only` for itself; none for None."""
        if division is None:
            return []
        return [register.table.c.division == division if only else inside(register.table, division)]

    def opened(self, connection: Connection, register: Register) -> tuple[Table, Sequence[Row[Any]]] | None:
        """What the clause of scope looks up of cases that were opened to the caller: a table, and its rows; None if it looks up nothing."""
        reach = self.reach(register)
        if reach is None or not reach.cases:
            return None
        return OPENED, connection.execute(opened_query(reach), self.binds()).all()

    def standing(self, table: Table) -> ColumnElement[bool]:
        """The versions that stand at the watermark."""
        return standing_clause(table, as_of=self.as_of is not None)

    def of_cases(
        self, connection: Connection, table: Table, columns: Sequence[ColumnElement[Any]], cases: Sequence[str]
    ) -> Sequence[Row[Any]]:
        """What stands of cases that the caller was shown an entry of, whoever keeps it, by case and as it was recorded: for
        values in that entry that are made from it. Nothing of it is shown itself.
        """
        of_these = (
            table.c.book == bindparam("b"),
            table.c.case_id.in_(bindparam("cs", expanding=True)),
            table.c.voided.is_(False),
        )
        query = select(table.c.case_id, *columns).where(*of_these, self.standing(table))
        query, known = query.order_by(table.c.case_id, table.c.position), sorted(set(cases))
        return [
            row
            for start in range(0, len(known), AT_A_TIME)
            for row in connection.execute(query, self.binds() | {"cs": known[start : start + AT_A_TIME]})
        ]

    def binds(self, since: int = 0) -> dict[str, object]:
        """The parameters of `rows` and, with the earlier watermark, of `changes`."""
        return self.bound({"a": since})

    def _one(self, connection: Connection, register: Register, query: Select[Any], binds: dict[str, object]) -> Seen:
        row = connection.execute(query, self.bound(binds)).one_or_none()
        if row is None:
            raise NotFound
        return self._seen(register, row)

    def _seen(self, register: Register, row: Sequence[Any]) -> Seen:
        """A row that brings the watermark along, which is the view's own where it has one."""
        return as_seen(register, row[:-1], row[-1] if self.as_of is None else self.as_of)

    def _step(self, register: Register, row: Sequence[Any]) -> Step:
        after, before = row[: len(SHOWN)], row[len(SHOWN) :]
        at = self.as_of or 0
        return Step(as_seen(register, after, at), as_seen(register, before, at) if before[0] is not None else None)

    def reach(self, register: Register) -> Reach | None:
        """What the clause of scope must name; None for everything."""
        without = () if self.who.sees_people else tuple(sorted(register.kinds_of_people))
        everywhere = register.open or self.who.county_wide
        if everywhere:
            return Reach(0, 0, "", everywhere, without) if without else None
        return Reach(len(self.who.towns), len(self.who.villages), register.cases, without=without)

    def bound(self, more: dict[str, object]) -> dict[str, object]:
        """These parameters, and those of the clauses of scope and time."""
        binds = {"b": self.who.book, "w": NEVER if self.as_of is None else self.as_of, **more}
        if not self.who.county_wide:
            binds |= {f"t{index}": code for index, code in enumerate(self.who.towns)}
            binds |= {f"v{index}": code for index, code in enumerate(self.who.villages)}
        return binds


def whole_book(book: str, as_of: int) -> View:
    """All of a book as of a watermark, for what is told to everybody alike."""
    return View(Principal("", book, "", Role.SUPERVISOR, (book,), None, None), as_of)


def as_seen(register: Register, row: Sequence[Any], watermark: int) -> Seen:
    """A row of the columns SHOWN as a view shows it: in today's schema version."""
    entry_id, number, position, case_id, division, stored, personal, voided, classes, version, created_at = row
    document = register.today(stored, version, timestamp(created_at))
    place = (entry_id, number, position, case_id, division)
    return Seen(*place, document, personal, voided, classes, created_at, watermark, stored)


def today(register: Register, row: Any) -> bytes:  # noqa: ANN401 - a row with the columns STORED
    """The document of a row with the columns STORED, in today's schema version."""
    return register.today(row.document, row.schema_version, timestamp(row.created_at))
