"""The clauses of scope, of time and of the lists' filters over facts: which rows they choose, as truth values.

Beside `core.scope`, which says the same to the database; tests hold the two to each other.
"""

import datetime as dt
import operator
from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BinaryExpression, Column, ColumnElement
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BindParameter, BooleanClauseList, False_, Grouping, Null, True_

from registry.core.principals import Principal
from registry.reports.statistics.columns import Facts, day_number, is_text, null_of

Mask = NDArray[np.bool_]
COMPARED: dict[Any, Callable[[Any, Any], Any]] = {
    operators.eq: operator.eq,
    operators.ne: operator.ne,
    operators.lt: operator.lt,
    operators.le: operator.le,
    operators.gt: operator.gt,
    operators.ge: operator.ge,
}


def standing_mask(facts: Facts, watermark: int) -> Mask:
    """The versions that stood at a watermark, voided ones left out."""
    standing = facts.ended >= watermark
    if watermark < facts.watermark:
        standing &= facts.position < watermark
    standing &= facts.voided == 0
    return standing


def scope_mask(facts: Facts, who: Principal, opened: Iterable[str]) -> Mask | None:
    """What the caller may see: their own divisions, and the cases that were opened to them. None for everything."""
    if who.county_wide:
        return None
    own = _words(facts, "division", lambda code: code[:9] in who.towns or code in who.villages)
    numbers = facts.words["case_id"].numbers
    cases = [numbers[case] for case in opened if case in numbers]
    return own | np.isin(facts.columns["case_id"], cases) if cases else own


def within_mask(facts: Facts, division: str) -> Mask:
    """A division, and all below it."""
    return _words(facts, "division", lambda code: code.startswith(division))


def filter_mask(facts: Facts, clause: ColumnElement[bool]) -> Mask:
    """The rows for which a filter's clause holds, as the database would say."""
    if isinstance(clause, Grouping):
        return filter_mask(facts, cast(ColumnElement[bool], clause.element))
    if isinstance(clause, BooleanClauseList):
        join = np.logical_and if clause.operator is operators.and_ else np.logical_or
        return cast(Mask, join.reduce([filter_mask(facts, each) for each in clause.clauses]))
    if not isinstance(clause, BinaryExpression) or not isinstance(clause.left, Column):
        raise TypeError(f"no filter of facts: {clause}")
    return _compared(facts, clause.left, clause.operator, clause.right)


def _compared(facts: Facts, column: Column[Any], how: Any, right: Any) -> Mask:  # noqa: ANN401 - SQLAlchemy's own
    if how in (operators.is_, operators.is_not):
        wanted = _is(facts, column, right)
        return wanted if how is operators.is_ else ~wanted
    if isinstance(right, Column):
        both = COMPARED[how](facts.columns[column.name], facts.columns[right.name])
        return cast(Mask, both & ~_null(facts, column) & ~_null(facts, right))
    value: Any = cast(BindParameter[Any], right).value
    if how in (operators.in_op, operators.not_in_op):
        inside = _among(facts, column, value)
        return inside if how is operators.in_op else ~inside & ~_null(facts, column)
    if is_text(column):
        if how is operators.eq:
            return _among(facts, column, [value])
        return _words(facts, column.name, lambda text: bool(COMPARED[how](text, value)))
    found = COMPARED[how](facts.columns[column.name], _plain(value))
    return cast(Mask, found & ~_null(facts, column))


def _is(facts: Facts, column: Column[Any], right: object) -> Mask:
    if isinstance(right, Null):
        return _null(facts, column)
    if not isinstance(right, True_ | False_):
        raise TypeError(f"no filter of facts: {column} is {right}")
    return cast(Mask, facts.columns[column.name] == int(isinstance(right, True_)))


def _among(facts: Facts, column: Column[Any], values: Iterable[Any]) -> Mask:
    if not is_text(column):
        return np.isin(facts.columns[column.name], [_plain(value) for value in values])
    numbers = facts.words[column.name].numbers
    known = [numbers[str(value)] for value in values if str(value) in numbers]
    array = facts.columns[column.name]
    return cast(Mask, array == known[0]) if len(known) == 1 else np.isin(array, known)


def _null(facts: Facts, column: Column[Any]) -> Mask:
    return cast(Mask, facts.columns[column.name] == null_of(column))


def _words(facts: Facts, name: str, holds: Callable[[str], bool]) -> Mask:
    """The rows whose text passes; asked once for each different text."""
    texts = facts.words[name].texts[:]
    passed = np.fromiter((text is not None and holds(text) for text in texts), np.bool_, len(texts))
    return cast(Mask, passed[facts.columns[name]])


def _plain(value: object) -> int:
    return day_number(value) if isinstance(value, dt.date) else int(cast(int, value))
