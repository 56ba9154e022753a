"""The notes on earlier figures (更正说明): what bulletins that were handed out before would say otherwise now."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from registry.core.measures import Measure
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import last_day, position_at, resolve_as_of, watermark_text
from registry.errors import Fault, Refused
from registry.ledger.clock import BEIJING, microseconds
from registry.reports.bulletin.figures import Counting, Period
from registry.reports.bulletin.restatements import Comparison, change
from registry.reports.bulletin.schemas import Earlier
from registry.reports.bulletin.wording import day


@dataclass(frozen=True, slots=True)
class Printed:
    """A bulletin that was handed out, and until when it is followed: its last day, its watermark, the one to compare with."""

    to: dt.date
    start: int
    end: int


def earlier(
    counting: Counting, measures: Sequence[tuple[Register, Measure]], period: Period, watermark: int, since: str | None
) -> list[Earlier]:
    """The notes; none on a bulletin whose figures all stand, or that there cannot have been.

    Those compared with are of the same division and first day. Counts of people are left out for those who may not see personal
    data: a difference would tell what a small count was. Raises Refused where there is no bulletin of that `since`.
    """
    before = list(_usual(counting, period, watermark)) if since is None else [_last(counting, period, watermark, since)]
    told = [each for each in measures if counting.view.who.sees_personal or not each[1].sensitive]
    notes = (_note(counting, told, period.since, each) for each in before)
    return [note for note in notes if note is not None]


def _usual(counting: Counting, period: Period, watermark: int) -> Iterator[Printed]:
    """Where nobody says what was printed last: the bulletin of the day before, as far as the last day tells of it; and since
    then this very one.
    """
    yesterday = period.yesterday.to
    night, end = (min(_end_of(counting, date), watermark) for date in (yesterday, period.to))
    yield Printed(yesterday, night, end)
    yield Printed(period.to, end, watermark)


def _last(counting: Counting, period: Period, watermark: int, since: str) -> Printed:
    """The last one that was printed, by its watermark: of the day of its last version, as it would be without `to`."""
    book = counting.view.who.book
    start = resolve_as_of(counting.connection, book, since, "since")
    if start > watermark:
        text = "since 晚于本期的数据水位。", "`since` is later than the watermark of this bulletin."
        raise Refused(faults=[Fault("#since", "ends_before_start", *text)])
    return Printed(min(last_day(counting.connection, book, start), period.to), start, watermark)


def _note(
    counting: Counting, measures: Sequence[tuple[Register, Measure]], since: dt.date | None, printed: Printed
) -> Earlier | None:
    """What one bulletin would say otherwise at the end."""
    start, end, to = printed.start, printed.end, printed.to
    if not 0 < start < end or (since is not None and since > to):
        return None
    view = View(counting.view.who, end)
    compared = Comparison(counting.connection, view, start, counting.division, since, to, measures)
    changed = [(cell, deeds) for cell, deeds in compared.cells if cell.difference] if compared.moved else []
    if not changed:
        return None
    return Earlier(
        to=to,
        watermark=watermark_text(view.who.book, start),
        cells=[cell for cell, _ in changed],
        paragraph=f"前期公布的截至{day(to)}的数字有更正：" + "；".join(change(*each) for each in changed) + "。",
        rows=_link(view.who.book, counting.division, since, printed),
    )


def _end_of(counting: Counting, date: dt.date) -> int:
    """The watermark at the end of a day in Beijing."""
    last = dt.datetime.combine(date, dt.time.max, BEIJING)
    return position_at(counting.connection, counting.view.who.book, microseconds(last) + 1)


def _link(book: str, division: str, since: dt.date | None, printed: Printed) -> str:
    asked = {"from": watermark_text(book, printed.start), "to": watermark_text(book, printed.end), "division": division}
    asked |= {"period_from": since.isoformat()} if since else {}
    return "/v1/restatements?" + urlencode(asked | {"period_to": printed.to.isoformat()})
