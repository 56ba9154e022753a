"""What a division and a member of staff must satisfy; no database, no HTTP."""

import datetime as dt
from collections.abc import Iterator

from registry.divisions.codes import ABOVE, CODE_LENGTH, Level
from registry.divisions.schemas import DivisionIn, StaffIn
from registry.errors import Fault


def check_division(data: DivisionIn, parent_level: str | None, book: str) -> Iterator[Fault]:
    """The faults of a division; `parent_level` is that of the division named as parent, None if there is none."""
    code = data.code or ""
    if data.level is Level.COUNTY:
        if data.code != book or data.parent is not None:
            yield Fault(
                "/code", "county_code", f"县级代码须为 {book}，且无上级。", f"The county is {book}, without parent."
            )
        return
    if parent_level != ABOVE[data.level]:
        yield Fault("/parent", "wrong_parent", "上级须为存在的、高一级的区划。", "The parent must exist, one level up.")
    if data.level is Level.HAMLET:
        if data.code is not None:
            yield Fault("/code", "hamlet_code", "自然村没有官方代码。", "A hamlet has no official code.")
    elif len(code) != CODE_LENGTH[data.level] or not code.startswith(data.parent or " "):
        yield Fault("/code", "wrong_code", "代码须以上级代码开头，长度与层级相符。", "The code must extend the parent's, by three digits.")  # fmt: skip


def check_staff(data: StaffIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a member of staff."""
    if data.since is not None and data.since > today:
        yield Fault("/since", "in_future", "任职日期不能晚于今天。", "Must not be after today.")
    if data.left_on is not None and data.left_on > today:
        yield Fault("/left_on", "in_future", "离任日期不能晚于今天。", "Must not be after today.")
    if data.left_on is not None and data.since is not None and data.left_on < data.since:
        yield Fault("/left_on", "ends_before_start", "离任日期早于任职日期。", "Left before they came.")
