"""The log read upwards through a view: what a reader is told of each position that the log has passed.

A version that the reader may see today is shown. Where it is not, and the entry was in the reader's scope until just before
that position, the reader is told once that it left; nothing of it comes after. An entry leaves with its own version (it
was moved), or with its case's (the case was closed to the reader's town).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    String,
    Table,
    and_,
    bindparam,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from registry.core.register import Register
from registry.core.scope import SHOWN, Reach, own_clause, scope_clause, within
from registry.core.view import Seen, View, as_seen
from registry.ledger.tables import LOG, SHARING


@dataclass(frozen=True, slots=True)
class Upwards:
    """Which part of the log is wanted: from a position to before another, so many of its rows at most, of a division."""

    after: int
    stop: int
    limit: int
    division: str | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """What a reader is told of a position: a version, or (`seen` is None) that an entry left their scope there."""

    position: int
    part: int
    """0 for the version's own entry; from 1 on, the other entries of its case in the order of their first versions."""
    register: Register
    entry_id: str
    action: str
    recorded_at: int
    seen: Seen | None


def walk(
    connection: Connection, view: View, registers: Sequence[Register], names: Iterable[str], wanted: Upwards
) -> tuple[list[Passed], int]:
    """What the reader is told of a stretch of the log, in its order, and the position to go on from.

    `registers` are all, `names` those that are wanted. At most `limit` rows of the log are looked at, with everything that
    left at one of them; the position to go on from lies past whatever the reader may not see.
    """
    told = {register.name: register for register in registers if register.name in set(names)}
    rows = _rows(connection, view, told.values(), wanted)
    following = rows[-1].position + 1 if len(rows) == wanted.limit else wanted.stop
    found = [
        *_versions(connection, view, told.values(), rows, wanted),
        *_parts(connection, view, registers, rows, wanted),
    ]
    found = [each for each in found if each.register.name in told]
    return sorted(found, key=lambda each: (each.position, each.part)), following


def _rows(connection: Connection, view: View, told: Iterable[Register], wanted: Upwards) -> Sequence[Row[Any]]:
    """The rows that the reader may have to be told of: a case's own row may take its parts along."""
    names = {name for register in told for name in (register.name, register.case_kind)}
    reach = None if view.who.county_wide else Reach(len(view.who.towns), len(view.who.villages), "")
    query = rows_query(reach, len(wanted.division) if wanted.division else 0)
    binds = {
        "rs": sorted(names),
        "open": [register.name for register in told if register.open],
        "from": wanted.after,
        "stop": wanted.stop,
        "l": wanted.limit,
        "d": wanted.division,
    }
    return connection.execute(query, view.bound(binds)).all()


def _versions(
    connection: Connection, view: View, told: Iterable[Register], rows: Sequence[Row[Any]], wanted: Upwards
) -> Iterable[Passed]:
    depth = len(wanted.division) if wanted.division else 0
    for register in told:
        mine = {row.position: row for row in rows if row.register == register.name}
        if not mine:
            continue
        query = passed_query(register.table, view.reach(register), depth)
        for row in connection.execute(query, view.bound({"ps": list(mine), "d": wanted.division})):
            logged = mine[row.position]
            seen = as_seen(register, row[: len(SHOWN)], wanted.stop) if row.seen else None
            yield Passed(row.position, 0, register, row.entry_id, logged.action, logged.recorded_at, seen)


def _parts(
    connection: Connection, view: View, registers: Sequence[Register], rows: Sequence[Row[Any]], wanted: Upwards
) -> Iterable[Passed]:
    """The entries of a case that left when it was closed to the reader's towns."""
    depth = len(wanted.division) if wanted.division else 0
    for case in registers:
        closing = {row.position: row for row in rows if row.register == case.name == case.cases and row.number > 1}
        reach = view.reach(case)
        if reach is None or not closing:
            continue
        parts = {register.name: register for register in registers if register.cases == case.name}
        cases = [row.case_id for row in closing.values()]
        for closed in connection.execute(closed_query(reach), view.bound({"ps": list(closing), "cs": cases})).all():
            row = closing[closed.until]
            binds = {"c": closed.case_id, "p": closed.until, "rs": list(parts), "d": wanted.division}
            left = connection.execute(parts_query(reach, depth), view.bound(binds)).all()
            for part, each in enumerate(left, 1):
                if each.left:
                    at = (closed.until, part, parts[each.register], each.entry_id)
                    yield Passed(*at, row.action, row.recorded_at, None)


@lru_cache(maxsize=64)
def rows_query(reach: Reach | None, depth: int) -> Select[Any]:
    """The log from :from to before :stop: what the reader may see, and every later version, with which an entry may leave."""
    columns = (LOG.c.position, LOG.c.register, LOG.c.number, LOG.c.action, LOG.c.recorded_at, LOG.c.case_id)
    at = (
        LOG.c.book == bindparam("b"),
        LOG.c.position >= bindparam("from"),
        LOG.c.position < bindparam("stop"),
        LOG.c.register.in_(bindparam("rs", expanding=True)),
    )
    shown: ColumnElement[bool] = true()
    if reach is not None:
        opened = exists().where(_mine(LOG, reach), SHARING.c.until.is_(None))
        shown = or_(LOG.c.register.in_(bindparam("open", expanding=True)), own_clause(LOG, reach), opened)
    if reach is not None or depth:
        shown = or_(LOG.c.number > 1, and_(shown, _inside(LOG, depth)))
    return select(*columns).where(*at, shown).order_by(LOG.c.position).limit(bindparam("l"))


@lru_cache(maxsize=512)
def passed_query(table: Table, reach: Reach | None, depth: int) -> Select[Any]:
    """Of the versions at positions :ps: those that the reader may see (`seen`), and those with which an entry left."""
    last = table.alias("last")
    preceding = and_(
        last.c.book == table.c.book, last.c.entry_id == table.c.entry_id, last.c.number == table.c.number - 1
    )
    seen = and_(scope_clause(table, reach), within(table, depth))
    before = and_(
        last.c.position.is_not(None), _stood(last, reach, table.c.position, before=True), _inside(last, depth)
    )
    after = and_(_stood(table, reach, table.c.position, before=False), within(table, depth))
    columns = [table.c[name] for name in SHOWN]
    return (
        select(*columns, seen.label("seen"))
        .select_from(table.outerjoin(last, preceding))
        .where(table.c.book == bindparam("b"), table.c.position.in_(bindparam("ps", expanding=True)))
        .where(or_(seen, and_(before, not_(after))))
    )


@lru_cache(maxsize=64)
def closed_query(reach: Reach) -> Select[Any]:
    """Which of the cases :cs were closed to the reader's towns at one of the positions :ps."""
    at = (
        SHARING.c.case_id.in_(bindparam("cs", expanding=True)),
        SHARING.c.until.in_(bindparam("ps", expanding=True)),
    )
    return select(SHARING.c.case_id, SHARING.c.until).distinct().where(_opened_to(reach), *at)


@lru_cache(maxsize=64)
def parts_query(reach: Reach, depth: int) -> Select[Any]:
    """The other entries of the case :c that were there before position :p, and whether each left the reader's scope at it."""
    itself = and_(LOG.c.register == reach.cases, LOG.c.entry_id == bindparam("c"))
    of_case = (LOG.c.book == bindparam("b"), LOG.c.case_id == bindparam("c"), LOG.c.position < bindparam("p"))
    entries = (
        select(LOG.c.entry_id, func.min(LOG.c.position).label("first"), func.max(LOG.c.position).label("last"))
        .where(*of_case, LOG.c.register.in_(bindparam("rs", expanding=True)), not_(itself))
        .group_by(LOG.c.register, LOG.c.entry_id)
        .subquery()
    )
    latest = LOG.alias("latest")
    position: ColumnElement[Any] = bindparam("p")
    left = and_(
        _stood(latest, reach, position, before=True),
        not_(_stood(latest, reach, position, before=False)),
        not_(scope_clause(latest, reach)),
        _inside(latest, depth),
    )
    return (
        select(latest.c.register, latest.c.entry_id, left.label("left"))
        .select_from(entries.join(latest, and_(latest.c.book == bindparam("b"), latest.c.position == entries.c.last)))
        .order_by(entries.c.first)
    )


def _stood(
    table: FromClause, reach: Reach | None, position: ColumnElement[Any], *, before: bool
) -> ColumnElement[bool]:
    """Whether a version was in the reader's scope just before a position, or just after it: their own, or of a case that
    was open to one of their towns then.
    """
    if reach is None:
        return true()
    if not reach.cases:
        return own_clause(table, reach)
    since, until = SHARING.c.since, SHARING.c.until
    open_then = (
        and_(since < position, or_(until.is_(None), until >= position))
        if before
        else and_(since <= position, or_(until.is_(None), until > position))
    )
    return or_(own_clause(table, reach), exists().where(_mine(table, reach), open_then))


def _mine(table: FromClause, reach: Reach) -> ColumnElement[bool]:
    """The sharing of a row's case with the reader's towns; of cases of whichever register where the reach names none."""
    return and_(SHARING.c.case_id == table.c.case_id, _opened_to(reach))


def _opened_to(reach: Reach) -> ColumnElement[bool]:
    towns = [SHARING.c.town == bindparam(f"t{index}", type_=String) for index in range(reach.towns)]
    of_kind = SHARING.c.kind == reach.cases if reach.cases else true()
    return and_(SHARING.c.book == bindparam("b"), of_kind, or_(false(), *towns))


def _inside(table: FromClause, depth: int) -> ColumnElement[bool]:
    """As `within`, for any table that has the division's code."""
    return func.substr(table.c.division, 1, depth) == bindparam("d", type_=String) if depth else true()
