"""What a gathering and a shed must satisfy; no database, no HTTP."""

import datetime as dt
from collections.abc import Iterator

from registry.core.register import Applies
from registry.core.schemas import Irregularity
from registry.deadlines.periods import add_days
from registry.deadlines.rules import current, ends_on
from registry.errors import Fault
from registry.gatherings.codes import DemolitionMethod, GatheringMeasure
from registry.gatherings.schemas import GatheringIn, ShedIn

DEMOLITION_RULE = current("shed_notice").cited


GATHERING_FIELDS = (
    Applies(
        field="postponed_to", where="disposition", values=frozenset({GatheringMeasure.POSTPONED}), needed=True,
        code="postponed_to", missing="postponed_to",
        zh="延期须填延期至的日期，其他处置方式不填。", en="Needed when postponed, and only then.",
    ),
)  # fmt: skip
SHED_FIELDS = (
    Applies(
        field="method", where="demolished_on", needed=True, code="not_demolished",
        zh="已拆除的须填拆除方式，未拆除的不填。", en="Needed once demolished, and only then.",
    ),
    Applies(field="demolished_by", where="demolished_on", code="not_demolished", zh="未拆除的不填参与单位。", en="Only a demolished shed has these."),
    Applies(field="rebuilt", where="demolished_on", code="not_demolished", zh="未拆除的不填是否复建。", en="Only a demolished shed can be rebuilt."),
)  # fmt: skip
"""When their fields apply."""


def check_gathering(data: GatheringIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a gathering."""
    ends = data.planned_to or data.planned_from
    if data.decided_on > today:
        yield Fault("/decided_on", "in_future", "处置日期不能晚于今天。", "Must not be after today.")
    if ends < data.planned_from:
        yield Fault("/planned_to", "ends_before_start", "结束日期早于开始日期。", "Ends before it starts.")
    for each in GATHERING_FIELDS:
        yield from each.fault(data)
    if data.postponed_to is not None and data.postponed_to <= data.planned_from:
        yield Fault("/postponed_to", "not_later", "延期至的日期须晚于原定日期。", "Must be after the planned date.")
    if data.notice is not None and data.notice.dated > data.decided_on:
        yield Fault(
            "/notice/dated", "after_decision", "通告日期晚于处置日期。", "The notice is later than the decision."
        )


def irregular_gathering(data: GatheringIn) -> Iterator[Irregularity]:
    """What is true of a gathering, but not as it should be."""
    if data.decided_on > (data.planned_to or data.planned_from):
        yield Irregularity(
            code="after_event",
            pointer="/decided_on",
            rule="本县设定",
            zh="处置日期在活动结束之后。",
            en="Decided after it was over.",
        )


def check_shed(data: ShedIn, today: dt.date) -> Iterator[Fault]:
    """The faults of a shed."""
    for name in ("found_on", "demolished_on", "rechecked_on"):
        if (day := getattr(data, name)) is not None and day > today:
            yield Fault(f"/{name}", "in_future", "日期不能晚于今天。", "Must not be after today.")
    if data.notice is not None and data.notice.served_on > today:
        yield Fault("/notice/served_on", "in_future", "送达日期不能晚于今天。", "Must not be after today.")
    for each in SHED_FIELDS:
        yield from each.fault(data)
    if data.demolished_on is None:
        yield from _check_standing(data)
    else:
        yield from _check_demolished(data, data.demolished_on)
    if data.notice is not None and data.found_on is not None and data.notice.served_on < data.found_on:
        yield Fault("/notice/served_on", "before_found", "送达日期早于发现日期。", "Served before it was found.")


def _check_standing(data: ShedIn) -> Iterator[Fault]:
    if data.found_on is not None and data.rechecked_on is not None and data.rechecked_on < data.found_on:
        yield Fault("/rechecked_on", "before_found", "复查日期早于发现日期。", "Rechecked before it was found.")


def _check_demolished(data: ShedIn, on: dt.date) -> Iterator[Fault]:
    if data.found_on is not None and on < data.found_on:
        yield Fault("/demolished_on", "before_found", "拆除日期早于发现日期。", "Demolished before it was found.")
    if data.rechecked_on is not None and data.rechecked_on < on:
        yield Fault(
            "/rechecked_on", "before_demolition", "复查日期早于拆除日期。", "Rechecked before it was demolished."
        )
    if data.method is not DemolitionMethod.COMPULSORY and data.notice is not None and on < data.notice.served_on:
        yield Fault(
            "/demolished_on", "before_notice", "拆除日期早于送达日期。", "Demolished before the notice was served."
        )


def notice_ends_on(served_on: dt.date, period_days: int) -> dt.date:
    """The last day of the period for self-demolition: all of it is the owner's (行政强制法 §44)."""
    return add_days(served_on, period_days)


def irregular_shed(data: ShedIn) -> Iterator[Irregularity]:
    """行政强制法 §44: public notice with a period for self-demolition; only when that and the times for reconsideration (行政复议法
    §20) and suit (行政诉讼法 §46) are over may it be demolished by force. Whether it was lawful no software says.
    """
    on, notice = data.demolished_on, data.notice
    if data.method is not DemolitionMethod.COMPULSORY or on is None:
        return
    if notice is None:
        yield _off("no_notice", "/notice", "强制拆除前没有公告。", "Demolished by force without a notice.")
        return
    if on <= notice_ends_on(notice.served_on, notice.period_days):
        yield _off(
            "within_notice_period", "/demolished_on", "自拆期限未满即强制拆除。", "Before the notice period was over."
        )
    open_until = ends_on("admin_sue_direct", notice.served_on)
    if open_until is not None and on <= open_until:
        yield _off(
            "remedies_open",
            "/demolished_on",
            f"复议、诉讼期限（至{open_until}）未满。",
            f"Reconsideration or suit was open until {open_until}.",
        )


def _off(code: str, pointer: str, zh: str, en: str) -> Irregularity:
    return Irregularity(code=code, pointer=pointer, rule="行政强制法第四十四条", zh=zh, en=en)
