"""What is owed to people in care: the next visit by class, four visits a year, being asked again; no database, no HTTP."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, or_

from registry.core.duties import CaseRows, DutyKind, Others, Owed, Window
from registry.deadlines.rules import ends_on
from registry.followups.codes import CareStatus, Stability
from registry.followups.models import PATIENTS, VISITS
from registry.followups.rules import SET

A_YEAR = 4
"""每年至少随访四次."""
CLASSES = {Stability.UNSTABLE: "不稳定", Stability.BASICALLY_STABLE: "基本稳定", Stability.STABLE: "稳定"}
IN_CARE = PATIENTS.c.status == CareStatus.IN_CARE


def visits_due(window: Window) -> Sequence[ColumnElement[bool]]:
    """Those in care whose next visit is due, or who have not been visited at all."""
    never = and_(PATIENTS.c.next_visit_on.is_(None), PATIENTS.c.in_care_since <= window.before)
    return IN_CARE, or_(PATIENTS.c.next_visit_on <= window.before, never)


def visit_owed(row: Row[Any], _others: Others, _window: Window) -> Iterator[Owed]:
    """The next visit, by the rule that the last one set (管理治疗工作规范 2018), or the first to somebody new.

    Versions from before the rule was kept say no more than the day: it is taken as the one that the visit set.
    """
    title = f"走访 {row.risk_level}级 {CLASSES[row.stability]}"
    if row.next_visit_on is not None:
        known = msgspec.json.decode(row.document, type=_Patient)
        yield Owed(known.next_visit_rule or SET, row.next_visit_on, title, known.next_visit_from)
    elif (first := ends_on("visit_first", row.in_care_since)) is not None:
        yield Owed("visit_first", first, title, row.in_care_since)


def in_care_before_this_year(window: Window) -> Sequence[ColumnElement[bool]]:
    """Those in care since before the year began."""
    return IN_CARE, PATIENTS.c.in_care_since < dt.date(window.on.year, 1, 1)


def seen_in(years_ago: int) -> Callable[[Window], Sequence[ColumnElement[bool]]]:
    """The clauses for visits of this calendar year, or of one before, at which the patient was seen."""

    def clauses(window: Window) -> Sequence[ColumnElement[bool]]:
        year = max(window.on.year - years_ago, dt.MINYEAR)
        return VISITS.c.visited_on.between(dt.date(year, 1, 1), dt.date(year, 12, 31)), VISITS.c.seen.is_(True)

    return clauses


def year_owed(row: Row[Any], others: Others, window: Window) -> Iterator[Owed]:
    """Four follow-ups in the calendar year at which the patient was seen, for those in care the whole of it.

    What was missed in the year before stays until the patient is seen in the new one. Where there was no visit at all in it, the
    visit itself is overdue and says so.
    """
    made, made_before = others
    if made < A_YEAR:
        yield from _of_year(row, window.on.year, "visits_a_year", f"走访 已{made}次，至少{A_YEAR}次")
    if 0 < made_before < A_YEAR and not made:
        yield from _of_year(row, window.on.year - 1, "visits_a_year", f"走访 仅{made_before}次，至少{A_YEAR}次")


def consent_owed(row: Row[Any], _others: Others, window: Window) -> Iterator[Owed]:
    """Those who refused are asked again every year (`consent_asked_on`): the earliest year that they were not asked in, of this and
    the last. A candidate where it was never recorded.
    """
    known = msgspec.json.decode(row.document, type=_Patient)
    asked_on = known.consent_asked_on
    owed = (
        each
        for year in (window.on.year - 1, window.on.year)
        if not known.consent and (asked_on is None or asked_on.year < year)
        for each in _of_year(row, year, "consent_yearly", "再次询问知情同意", candidate=asked_on is None)
    )
    yield from islice(owed, 1)


def _of_year(row: Row[Any], year: int, rule: str, title: str, *, candidate: bool = False) -> Iterator[Owed]:
    """What is owed once in a calendar year is due on its last day, to those in care the whole of it."""
    if year < dt.MINYEAR:
        return
    begins = dt.date(year, 1, 1)
    returned_on = msgspec.json.decode(row.document, type=_Patient).returned_on
    if max(row.in_care_since, returned_on or dt.date.min) < begins:
        yield Owed(rule, dt.date(year, 12, 31), f"{year}年{title}", begins, str(year), candidate)


class _Patient(msgspec.Struct):
    consent: bool
    next_visit_rule: str | None = None
    next_visit_from: dt.date | None = None
    returned_on: dt.date | None = None
    consent_asked_on: dt.date | None = None


_P = PATIENTS.c
_IN_CARE = (_P.in_care_since, _P.document)

PATIENT_DUTIES = (
    DutyKind("visit", "走访", (_P.risk_level, _P.stability, _P.next_visit_on, *_IN_CARE), visits_due, visit_owed),
    DutyKind(
        "yearly_visits", "年度走访次数", _IN_CARE, in_care_before_this_year, year_owed,
        beside=(CaseRows(VISITS, count=seen_in(0)), CaseRows(VISITS, count=seen_in(1))),
    ),
    DutyKind("consent", "再次询问知情同意", _IN_CARE, in_care_before_this_year, consent_owed),
)  # fmt: skip
