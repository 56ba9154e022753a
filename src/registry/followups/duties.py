"""What is owed to people in care: the next visit by class, four visits a year, being asked again; no database, no HTTP."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, or_

from registry.access.duties import Duty, Others, Owed, Window
from registry.deadline_rules import current
from registry.followups.models import PATIENTS, VISITS, CareStatus, Stability

A_YEAR = 4
"""每年至少随访四次."""
CLASSES = {Stability.UNSTABLE: "不稳定", Stability.BASICALLY_STABLE: "基本稳定", Stability.STABLE: "稳定"}
IN_CARE = PATIENTS.c.status == CareStatus.IN_CARE


def visits_due(window: Window) -> Sequence[ColumnElement[bool]]:
    """Those in care whose next visit is due, or who have not been visited at all."""
    never = and_(PATIENTS.c.next_visit_on.is_(None), PATIENTS.c.in_care_since <= window.before)
    return IN_CARE, or_(PATIENTS.c.next_visit_on <= window.before, never)


def visit_owed(row: Row[Any], _others: Others, _window: Window) -> Iterator[Owed]:
    """The next visit, by the class at the last (管理治疗工作规范 2018); the first visit to somebody new."""
    title = f"随访 {row.risk_level}级 {CLASSES[row.stability]}"
    if row.next_visit_on is None:
        yield Owed("visit_first", current("visit_first").ends(row.in_care_since), title, row.in_care_since)
    else:
        yield Owed(f"visit_{row.stability}", row.next_visit_on, title)


def at_years_end(window: Window) -> Sequence[ColumnElement[bool]] | None:
    """What is owed once in a calendar year is due on its last day: nobody, until that day is near."""
    new_year = dt.date(window.on.year, 1, 1)
    return (IN_CARE, PATIENTS.c.in_care_since < new_year) if window.before >= _years_end(window) else None


def year_owed(_row: Row[Any], others: Others, window: Window) -> Iterator[Owed]:
    """Four follow-ups in the calendar year at which the patient was seen, for those in care the whole of it."""
    made = sum(visit.seen and visit.visited_on.year == window.on.year for visit in others[0])
    if made < A_YEAR:
        title = f"{window.on.year}年随访 已{made}次,至少{A_YEAR}次"
        yield Owed("visits_a_year", _years_end(window), title, dt.date(window.on.year, 1, 1))


def consent_owed(row: Row[Any], _others: Others, window: Window) -> Iterator[Owed]:
    """Those who refused are asked again every year. The register does not say whether they were: a candidate."""
    if not msgspec.json.decode(row.document, type=_Consent).consent:
        title = f"{window.on.year}年再次询问知情同意"
        yield Owed("consent_yearly", _years_end(window), title, dt.date(window.on.year, 1, 1), candidate=True)


def _years_end(window: Window) -> dt.date:
    return dt.date(window.on.year, 12, 31)


class _Consent(msgspec.Struct):
    consent: bool


_VISIT = (PATIENTS.c.risk_level, PATIENTS.c.stability, PATIENTS.c.next_visit_on, PATIENTS.c.in_care_since)

PATIENT_DUTIES = (
    Duty("visit", "随访", _VISIT, visits_due, visit_owed),
    Duty("yearly_visits", "年度随访次数", (), at_years_end, year_owed, beside=((VISITS, ("visited_on", "seen")),)),
    Duty("consent", "再次询问知情同意", (PATIENTS.c.document,), at_years_end, consent_owed),
)
