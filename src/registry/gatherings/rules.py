"""What a gathering and a shed must satisfy; no database, no HTTP."""

import datetime as dt
from collections.abc import Iterator

from registry.deadlines.periods import add_days
from registry.deadlines.rules import current
from registry.errors import Fault
from registry.gatherings.codes import DemolitionMethod, GatheringMeasure
from registry.gatherings.schemas import GatheringIn, ShedIn

DEMOLITION_RULE = current("shed_notice").cited


def check_gathering(data: GatheringIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a gathering."""
    ends = data.planned_to or data.planned_from
    if data.decided_on > today:
        yield Fault("/decided_on", "in_future", "处置日期不能晚于今天。", "Must not be after today.")
    if ends < data.planned_from:
        yield Fault("/planned_to", "ends_before_start", "结束日期早于开始日期。", "Ends before it starts.")
    if data.decided_on > ends:
        yield Fault(
            "/decided_on", "after_event", "活动结束后不能再取消。", "A gathering that is over cannot be called off."
        )
    if (data.measure is GatheringMeasure.POSTPONED) != (data.postponed_to is not None):
        yield Fault("/postponed_to", "postponed_to", "延期须填延期至的日期，其他处置方式不填。", "Needed when postponed, and only then.")  # fmt: skip
    if data.postponed_to is not None and data.postponed_to <= data.planned_from:
        yield Fault("/postponed_to", "not_later", "延期至的日期须晚于原定日期。", "Must be after the planned date.")
    if data.notice is not None and data.notice.dated > data.decided_on:
        yield Fault(
            "/notice/dated", "after_decision", "通告日期晚于处置日期。", "The notice is later than the decision."
        )


def check_shed(data: ShedIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a shed."""
    for name in ("found_on", "demolished_on", "rechecked_on"):
        if (day := getattr(data, name)) is not None and day > today:
            yield Fault(f"/{name}", "in_future", "日期不能晚于今天。", "Must not be after today.")
    if data.notice is not None and data.notice.served_on > today:
        yield Fault("/notice/served_on", "in_future", "送达日期不能晚于今天。", "Must not be after today.")
    if data.demolished_on is None:
        yield from _check_standing(data)
    else:
        yield from _check_demolished(data, data.demolished_on)
    if data.notice is not None and data.found_on is not None and data.notice.served_on < data.found_on:
        yield Fault("/notice/served_on", "before_found", "送达日期早于发现日期。", "Served before it was found.")


def _check_standing(data: ShedIn) -> Iterator[Fault]:
    if data.method is not None:
        yield Fault("/method", "not_demolished", "未拆除的不填拆除方式。", "Only a demolished shed has a method.")
    if data.demolished_by:
        yield Fault("/demolished_by", "not_demolished", "未拆除的不填参与单位。", "Only a demolished shed has these.")


def _check_demolished(data: ShedIn, on: dt.date) -> Iterator[Fault]:
    if data.method is None:
        yield Fault("/method", "required", "已拆除的须填拆除方式。", "A demolished shed needs its method.")
    if data.found_on is not None and on < data.found_on:
        yield Fault("/demolished_on", "before_found", "拆除日期早于发现日期。", "Demolished before it was found.")
    if data.rechecked_on is not None and data.rechecked_on < on:
        yield Fault(
            "/rechecked_on", "before_demolition", "复查日期早于拆除日期。", "Rechecked before it was demolished."
        )
    if data.method is DemolitionMethod.COMPULSORY:
        yield from _check_compulsory(data, on)
    elif data.notice is not None and on < data.notice.served_on:
        yield Fault(
            "/demolished_on", "before_notice", "拆除日期早于送达日期。", "Demolished before the notice was served."
        )


def _check_compulsory(data: ShedIn, on: dt.date) -> Iterator[Fault]:
    """行政强制法 §44: public notice with a period for self-demolition; only when that is over may it be demolished."""
    if data.notice is None:
        yield Fault("/notice", "required", "强制拆除须先公告（行政强制法第四十四条）。", "Compulsory demolition needs a notice first.")  # fmt: skip
    elif on < add_days(data.notice.served_on, data.notice.period_days):
        yield Fault(
            "/demolished_on", "within_notice_period", "自拆期限未满，不得强制拆除。", "The notice period is not over."
        )
