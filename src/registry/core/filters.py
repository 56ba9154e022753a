"""The clauses of a list's filters (筛选), from its query parameters."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    or_,
    select,
)

from registry.core.queries import ListQuery
from registry.ledger.tables import BLIND_INDEX, COMMON


def unfiltered(_query: object) -> Iterable[ColumnElement[bool]]:
    """Of a list that has no filters of its own."""
    return ()


@dataclass(frozen=True)
class Filters:
    """The filters of a register's list: its query parameters, and the clauses of what they ask for."""

    query: type[ListQuery]
    """With the register's own parameters."""
    matching: Callable[[Any], Iterable[ColumnElement[bool]]] = unfiltered
    elsewhere: Callable[[str], ColumnElement[bool]] | None = None
    """What the list of a division also has, though another keeps it: disputes with a party there. Its parameter `parties` leaves them out."""

    def parsed(self, params: Mapping[str, str]) -> Any:  # noqa: ANN401 - the query's own shape
        """The query of parameters as a link has them."""
        return msgspec.convert(params, self.query, strict=False)

    def clauses(self, params: Mapping[str, str]) -> Iterable[ColumnElement[bool]]:
        """The clauses of parameters as a link has them, without the division."""
        return self.matching(self.parsed(params))


def nulls(table: Table, absent: str | None, present: str | None) -> Iterator[ColumnElement[bool]]:
    """The clauses of the parameters `absent` and `present`: which columns are null and which are not, separated by commas."""
    for name in absent.split(",") if absent else ():
        yield table.c[name].is_(None)
    for name in present.split(",") if present else ():
        yield table.c[name].is_not(None)


def between(column: ColumnElement[Any], first: object, last: object) -> Iterator[ColumnElement[bool]]:
    """The clauses of a range's parameters; None is no bound."""
    if first is not None:
        yield column >= first
    if last is not None:
        yield column <= last


def equal(table: Table, wanted: Mapping[str, object]) -> Iterator[ColumnElement[bool]]:
    """The clauses of parameters that ask for a column's value, by column; None asks for nothing."""
    for name, value in wanted.items():
        if value is not None:
            yield table.c[name].is_(value) if isinstance(value, bool) else table.c[name] == value


@dataclass(frozen=True, eq=False)
class Sort:
    """In which order a list is: by a column, ties and entries without a value by last change; or, of position, by last change itself."""

    column: Column[Any]
    down: bool

    @property
    def by(self) -> tuple[ColumnElement[Any], ...]:
        """What to order by."""
        ordered = self.column.desc() if self.down else self.column.asc()
        return (ordered,) if self._is_position else (self.column.is_(None), ordered, self._position.desc())

    def past(self, value: object, position: int) -> ColumnElement[bool]:
        """The clause for what comes after a row."""
        if self._is_position:
            return self._position < position if self.down else self._position > position
        later = self._position < position
        if value is None:
            return and_(self.column.is_(None), later)
        further = self.column < value if self.down else self.column > value
        return or_(further, self.column.is_(None), and_(self.column == value, later))

    @property
    def _position(self) -> Column[Any]:
        return self.column.table.c.position

    @property
    def _is_position(self) -> bool:
        return self.column.name == "position"


def sorted_by(table: Table, wanted: str | None) -> Sort | None:
    """The order that the parameter `sort` asks for; None: last change first, as lists are."""
    if wanted is None or wanted == "-recorded_at":
        return None
    name = wanted.removeprefix("-")
    return Sort(table.c["position" if name == "recorded_at" else name], down=wanted.startswith("-"))


def has_digest(table: Table, book: str, kind: str, digest: bytes) -> ColumnElement[bool]:
    """The clause for entries whose version has this ID number or phone."""
    positions = select(BLIND_INDEX.c.position).where(
        BLIND_INDEX.c.book == book, BLIND_INDEX.c.kind == kind, BLIND_INDEX.c.digest == digest
    )
    return table.c.position.in_(positions)


def stored_columns(connection: Connection, book: str, table: Table, position: int) -> dict[str, object]:
    """A register's own filter columns of the version at a position, as they stand."""
    own = [column for column in table.columns if column.name not in COMMON]
    if not own:
        return {}
    at = (table.c.book == book, table.c.position == position)
    return dict(connection.execute(select(*own).where(*at)).mappings().one())
