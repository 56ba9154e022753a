"""The notes on earlier figures (更正说明): what bulletins that were handed out before would say otherwise now."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from registry.core.view import View
from registry.core.watermarks import last_day, position_at, resolve_as_of, watermark_text
from registry.errors import Fault, Refused
from registry.ledger.clock import BEIJING, microseconds
from registry.reports.bulletin.restatements import Comparison, change
from registry.reports.bulletin.schemas import Earlier
from registry.reports.bulletin.sections import PrintedMeasure
from registry.reports.bulletin.totals import Period, Totals
from registry.reports.bulletin.wording import day


@dataclass(frozen=True, slots=True)
class IssuedBulletin:
    """A bulletin that was handed out, and until when it is followed: its last day, its watermark, the one to compare with."""

    to: dt.date
    start: int
    end: int


def earlier(
    totals: Totals, measures: Sequence[PrintedMeasure], period: Period, watermark: int, since: str | None
) -> list[Earlier]:
    """The notes; none on a bulletin whose figures all stand, or that there cannot have been.

    Those compared with are of the same division and first day. How many people there are is left out for those who see none of them:
    it is told as of month ends. Raises Refused where there is no bulletin of that `since`.
    """
    before = list(_usual(totals, period, watermark)) if since is None else [_last(totals, period, watermark, since)]
    told = [each for each in measures if each.exact_for(totals.view.who)]
    notes = (_note(totals, told, period.since, each) for each in before)
    return [note for note in notes if note is not None]


def _usual(totals: Totals, period: Period, watermark: int) -> Iterator[IssuedBulletin]:
    """Where nobody says what was printed last: the bulletin of the day before, as far as the last day tells of it; and since
    then this very one.
    """
    yesterday = period.yesterday.to
    night, end = (min(_end_of(totals, date), watermark) for date in (yesterday, period.to))
    yield IssuedBulletin(yesterday, night, end)
    yield IssuedBulletin(period.to, end, watermark)


def _last(totals: Totals, period: Period, watermark: int, since: str) -> IssuedBulletin:
    """The last one that was printed, by its watermark: of the day of its last version, as it would be without `to`."""
    book = totals.view.who.book
    start = resolve_as_of(totals.tables.connection, book, since, "since")
    if start > watermark:
        text = "参数 since 晚于本期的数据水位。", "`since` is later than the watermark of this bulletin."
        raise Refused(faults=[Fault("#since", "ends_before_start", *text)])
    return IssuedBulletin(min(last_day(totals.tables.connection, book, start), period.to), start, watermark)


def _note(
    totals: Totals, measures: Sequence[PrintedMeasure], since: dt.date | None, issued: IssuedBulletin
) -> Earlier | None:
    """What one bulletin would say otherwise at the end."""
    start, end, to = issued.start, issued.end, issued.to
    if not 0 < start < end or (since is not None and since > to):
        return None
    view = View(totals.view.who, end)
    compared = Comparison(totals.tables, view, start, totals.division, since, to, measures)
    changed = [(cell, actions) for cell, actions in compared.cells if cell.difference] if compared.moved else []
    if not changed:
        return None
    return Earlier(
        to=to,
        watermark=watermark_text(view.who.book, start),
        cells=[cell for cell, _ in changed],
        paragraph=f"前期公布的截至{day(to)}的数字有更正：" + "；".join(change(*each) for each in changed) + "。",
        rows=_link(view.who.book, totals.division, since, issued),
    )


def _end_of(totals: Totals, date: dt.date) -> int:
    """The watermark at the end of a day in Beijing."""
    last = dt.datetime.combine(date, dt.time.max, BEIJING)
    return position_at(totals.tables.connection, totals.view.who.book, microseconds(last) + 1)


def _link(book: str, division: str, since: dt.date | None, issued: IssuedBulletin) -> str:
    asked = {"then": watermark_text(book, issued.start), "now": watermark_text(book, issued.end), "division": division}
    asked |= {"period_from": since.isoformat()} if since else {}
    return "/v1/restatements?" + urlencode(asked | {"period_to": issued.to.isoformat()})
