"""The clauses of scope and of time, and the queries made with them. `core/view.py` and `core/log_reader.py` ask with them.

Nobody else writes such a clause; a test holds that (`tests/test_architecture.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
    union,
)
from sqlalchemy.types import NULLTYPE

from registry.core.filters import Sort
from registry.ledger.tables import BOOKS, LOG, SHARING
from registry.ledger.versions import Action

SHOWN = (
    "entry_id", "number", "position", "case_id", "division", "document", "personal", "voided", "classes",
    "schema_version", "created_at",
)  # fmt: skip
STORED = ("document", "schema_version", "created_at")
"""What a document in today's schema version is made from."""
NEVER = 2**62
"""A position that no log will reach."""
OPENED = SHARING
"""The table in which the clause of scope looks up what others opened."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many towns and villages a clause of scope names, of which register the cases are that others opened (none if empty), and
    which kinds of rows are kept back.
    """

    towns: int
    villages: int
    cases: str
    everywhere: bool = False
    """Whether all divisions are in scope."""
    without: tuple[str, ...] = ()
    """Values of the column `kind`: rows about people in care, for those who see none (`Register.kinds_of_people`)."""


def own_clause(table: FromClause, reach: Reach) -> ColumnElement[bool]:
    """The caller's own divisions."""
    if reach.everywhere:
        return true()
    town = table.c.town if "town" in table.c else func.substr(table.c.division, 1, 9)
    towns = [town == bindparam(f"t{index}", type_=String) for index in range(reach.towns)]
    villages = [table.c.division == bindparam(f"v{index}", type_=String) for index in range(reach.villages)]
    return or_(false(), *towns, *villages)


def _opened(table: FromClause, reach: Reach) -> ColumnElement[bool]:
    """Cases that another town opened to one of the caller's. Rights are today's, whatever the watermark."""
    towns = [SHARING.c.town == bindparam(f"t{index}", type_=String) for index in range(reach.towns)]
    cases = select(SHARING.c.case_id).where(
        SHARING.c.book == bindparam("b"), SHARING.c.kind == reach.cases, or_(false(), *towns), SHARING.c.until.is_(None)
    )
    return table.c.case_id.in_(cases)


def scope_clause(table: FromClause, reach: Reach | None) -> ColumnElement[bool]:
    """What the caller may see."""
    if reach is None:
        return true()
    shown = or_(own_clause(table, reach), _opened(table, reach)) if reach.cases else own_clause(table, reach)
    return and_(shown, table.c.kind.not_in(reach.without)) if reach.without else shown


def standing_clause(table: Table, *, as_of: bool) -> ColumnElement[bool]:
    """The versions that stand now, or stood at the watermark :w."""
    if not as_of:
        return table.c.superseded_at.is_(None)
    # coalesce, so that no index over superseded_at is chosen: the log's order is the way to walk the past
    return and_(table.c.position < bindparam("w"), func.coalesce(table.c.superseded_at, NEVER) >= bindparam("w"))


def within(table: Table, depth: int) -> ColumnElement[bool]:
    """The division :d, whose code has so many digits, and all below it."""
    return _level(table, depth) == bindparam("d", type_=String) if depth else true()


def corrected_clause(table: Table, register: str, days: int) -> ColumnElement[bool]:
    """Entries with a correction, as far as is known at :w, more than so many days after their first version."""
    late, first, made = LOG.alias("late"), table.alias("first"), LOG.alias("made")
    begun = and_(first.c.book == late.c.book, first.c.entry_id == late.c.entry_id, first.c.number == 1)
    logged = and_(made.c.book == first.c.book, made.c.position == first.c.position)
    corrections = (late.c.book == bindparam("b"), late.c.register == register, late.c.action == Action.CORRECTED)
    waited = late.c.recorded_at - made.c.recorded_at > days * 86_400_000_000
    found = select(late.c.entry_id).select_from(late.join(first, begun).join(made, logged))
    return table.c.entry_id.in_(found.where(*corrections, late.c.position < bindparam("w"), waited))


def inside(table: Table, division: str) -> ColumnElement[bool]:
    """This division, and all below it."""
    return _level(table, len(division)) == division


def _level(table: Table, digits: int) -> Column[Any]:
    return {6: table.c.book, 9: table.c.town, 12: table.c.division}[digits]


def filtered_page_query(
    table: Table, reach: Reach | None, as_of: bool, voided: bool, depth: int,
    where: Sequence[ColumnElement[bool]], sort: Sort | None = None,
) -> Select[Any]:  # fmt: skip
    order = sort.by if sort else (table.c.position.desc(),)
    asked = [standing_clause(table, as_of=as_of), table.c.position < bindparam("p"), within(table, depth), *where]
    if not voided:
        asked.append(table.c.voided.is_(False))
    if reach is None or not reach.cases:
        chosen = _shown(table, scope_clause(table, reach)).where(*asked)
    else:
        # Two short walks and their union: one `or` over both would keep either index from being used.
        walks = [_walk(table, clause, asked, order) for clause in (own_clause(table, reach), _opened(table, reach))]
        chosen = _shown(table, true()).where(table.c.position.in_(union(*walks)))
    return chosen.order_by(*order).limit(bindparam("l"))


def _walk(
    table: Table, clause: ColumnElement[bool], asked: list[ColumnElement[bool]], order: tuple[ColumnElement[Any], ...]
) -> Select[Any]:  # fmt: skip
    latest = select(table.c.position).where(table.c.book == bindparam("b"), clause, *asked)
    return select(latest.order_by(*order).limit(bindparam("l")).subquery().c.position)


@lru_cache(maxsize=512)
def page_query(
    table: Table,
    reach: Reach | None,
    as_of: bool,
    voided: bool,
    depth: int,
) -> Select[Any]:
    return filtered_page_query(table, reach, as_of, voided, depth, ())


def _shown(table: Table, scope: ColumnElement[bool]) -> Select[Any]:
    watermark = select(BOOKS.c.next_position).where(BOOKS.c.book == bindparam("b")).scalar_subquery()
    columns = [table.c[name] for name in SHOWN]
    return select(*columns, watermark.label("next_position")).where(table.c.book == bindparam("b"), scope)


@lru_cache(maxsize=512)
def item_query(table: Table, reach: Reach | None, as_of: bool) -> Select[Any]:
    query = _shown(table, scope_clause(table, reach)).where(table.c.entry_id == bindparam("e"))
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
def version_query(table: Table, reach: Reach | None) -> Select[Any]:
    query = _shown(table, scope_clause(table, reach))
    at = (table.c.entry_id == bindparam("e"), table.c.number == bindparam("n"), table.c.position < bindparam("w"))
    return query.where(*at)


@lru_cache(maxsize=512)
def versions_query(table: Table, reach: Reach | None) -> Select[Any]:
    query = _shown(table, scope_clause(table, reach)).order_by(table.c.number)
    at = (table.c.entry_id == bindparam("e"), table.c.number > bindparam("n"), table.c.position < bindparam("w"))
    return query.where(*at)


def began_query(table: Table, reach: Reach | None, total: ColumnElement[int]) -> Select[Any]:
    """What the versions appended from watermark :a to watermark :w brought into a total, by position."""
    return (
        select(table.c.position, total.label("amount"), literal_column("1").label("seen"))
        .where(_between(table), scope_clause(table, reach), table.c.voided.is_(False))
        .group_by(table.c.position)
    )


def ended_query(table: Table, reach: Reach | None, total: ColumnElement[int]) -> Select[Any]:
    """What the versions that they superseded took out of it, by the position of the superseding one; `seen` is 0 where
    the caller may not see that one.

    The predecessors are found by number, from the new versions: it costs as much as there is between the watermarks.
    """
    new = table.alias("new")
    seen = func.max(case((scope_clause(new, reach), literal_column("1")), else_=literal_column("0")))
    predecessor = and_(
        table.c.book == new.c.book, table.c.entry_id == new.c.entry_id, table.c.number == new.c.number - 1
    )
    return (
        select(new.c.position, (-total).label("amount"), seen.label("seen"))
        .select_from(new.join(table, predecessor))
        .where(_between(new), scope_clause(table, reach), table.c.voided.is_(False))
        .group_by(new.c.position)
    )


def _between(table: FromClause) -> ColumnElement[bool]:
    return and_(table.c.book == bindparam("b"), table.c.position >= bindparam("a"), table.c.position < bindparam("w"))


def _steps_query(table: Table, reach: Reach | None) -> Select[Any]:
    """Versions, each beside the one before it as far as that is in scope."""
    last = table.alias("last")
    columns = [*(table.c[name] for name in SHOWN), *(last.c[name].label(f"last_{name}") for name in SHOWN)]
    preceding = and_(
        last.c.book == table.c.book,
        last.c.entry_id == table.c.entry_id,
        last.c.number == table.c.number - 1,
        scope_clause(last, reach),
    )
    at = (table.c.book == bindparam("b"), scope_clause(table, reach))
    return select(*columns).select_from(table.outerjoin(last, preceding)).where(*at)


@lru_cache(maxsize=512)
def entry_steps_query(table: Table, reach: Reach | None) -> Select[Any]:
    at = (table.c.entry_id == bindparam("e"), table.c.number > bindparam("n"), table.c.position < bindparam("w"))
    return _steps_query(table, reach).where(*at).order_by(table.c.number).limit(bindparam("l"))


@lru_cache(maxsize=512)
def steps_at_query(table: Table, reach: Reach | None) -> Select[Any]:
    return _steps_query(table, reach).where(table.c.position.in_(bindparam("ps", expanding=True)))


@lru_cache(maxsize=64)
def checked_query(table: Table) -> Select[Any]:
    """All versions from position :start to before :stop, whole, each with where it `ended`, where the `next` one stands, and
    when the first one of its entry was `made`.
    """
    following = table.alias("following")
    own = [column for column in table.columns if column.name != "superseded_at"]
    after = and_(
        following.c.book == table.c.book,
        following.c.entry_id == table.c.entry_id,
        following.c.number == table.c.number + 1,
    )
    first = table.alias("first")
    made = (
        select(LOG.c.recorded_at)
        .select_from(first.join(LOG, and_(LOG.c.book == first.c.book, LOG.c.position == first.c.position)))
        .where(first.c.book == table.c.book, first.c.entry_id == table.c.entry_id, first.c.number == 1)
        .scalar_subquery()
    )
    return (
        select(*own, table.c.superseded_at.label("ended"), following.c.position.label("next"), made.label("made"))
        .select_from(table.outerjoin(following, after))
        .where(table.c.book == bindparam("b"))
        .where(table.c.position >= bindparam("start"), table.c.position < bindparam("stop"))
        .order_by(table.c.position)
    )


def case_log_query(reach: Reach | None) -> Select[Any]:
    """The log of the case :c past position :p, in its order."""
    at = (LOG.c.case_id == bindparam("c"), LOG.c.position > bindparam("p"), LOG.c.position < bindparam("w"))
    return _log_query(scope_clause(LOG, reach)).where(*at).order_by(LOG.c.position)


def log_query(reach: Reach | None, division: str | None, where: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The log from :from to before :p, last first: of the caller's own divisions, and of the registers :open to all."""
    scope = or_(LOG.c.register.in_(bindparam("open", expanding=True)), scope_clause(LOG, reach)) if reach else true()
    inside = func.substr(LOG.c.division, 1, len(division)) == bindparam("d", type_=String) if division else true()
    # One bound on either side: with a second, SQLite no longer chooses the index by actor.
    between = (LOG.c.position >= bindparam("from"), LOG.c.position < bindparam("p"))
    return _log_query(scope).where(*between, inside, *where).order_by(LOG.c.position.desc())


def _log_query(scope: ColumnElement[bool]) -> Select[Any]:
    at = (LOG.c.book == bindparam("b"), LOG.c.register.in_(bindparam("rs", expanding=True)), scope)
    return select(LOG.c.position, LOG.c.register).where(*at).limit(bindparam("l"))


@lru_cache(maxsize=64)
def opened_query(reach: Reach) -> Select[Any]:
    """The rows that `_opened` looks up."""
    towns = [SHARING.c.town == bindparam(f"t{index}", type_=String) for index in range(reach.towns)]
    here = (SHARING.c.book == bindparam("b"), SHARING.c.kind == reach.cases, SHARING.c.until.is_(None))
    return select(SHARING).where(*here, or_(false(), *towns))


def facts_query(table: Table, columns: Sequence[Column[Any]]) -> Select[Any]:
    """All versions from position :a on, in the order of the log. Their values are as the driver gives them: to make dates of
    SQLite's texts takes as long as to read them.
    """
    told: Any = select(*(type_coerce(column, NULLTYPE).label(str(column.name)) for column in columns))
    told = told.where(table.c.book == bindparam("b"), table.c.position >= bindparam("a"))
    return cast(Select[Any], told.order_by(table.c.position))


def superseded_query(table: Table) -> Select[Any]:
    """What was superseded from position :a on, of the versions before it: (its position, that of the next version)."""
    new = table.alias("new")
    before = and_(table.c.book == new.c.book, table.c.entry_id == new.c.entry_id, table.c.number == new.c.number - 1)
    return (
        select(table.c.position, new.c.position.label("ended"))
        .select_from(new.join(table, before))
        .where(new.c.book == bindparam("b"), new.c.position >= bindparam("a"), table.c.position < bindparam("a"))
    )
