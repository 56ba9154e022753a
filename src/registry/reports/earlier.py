"""The note on earlier figures (更正说明): what the bulletin of the day before would say otherwise now."""

import datetime as dt
from collections.abc import Sequence
from urllib.parse import urlencode

from registry.access.moments import position_at, watermark_text
from registry.access.register import Measure, Register
from registry.access.view import View
from registry.ledger.clock import BEIJING, microseconds
from registry.reports.figures import Counting, Period
from registry.reports.restatements import Comparison, Deeds, Moved, change
from registry.reports.schemas import Cell, Earlier, Figure
from registry.reports.wording import day


def earlier(
    counting: Counting, measures: Sequence[tuple[Register, Measure]], figures: Sequence[Figure], period: Period,
    watermark: int,
) -> Earlier | None:  # fmt: skip
    """The note, from the figures of this bulletin; None where there was no such bulletin, or all its figures stand.

    That bulletin is of the same division and first day, and of what was known at the end of its last day in Beijing. Counts of
    people are left out for those who may not see personal data: a difference would tell what a small count was.
    """
    view, last = View(counting.view.who, watermark), period.yesterday
    start = min(_end_of(counting, last.to), watermark)
    if not start or (last.since is not None and last.since > last.to):
        return None
    told = [(m, f) for m, f in zip(measures, figures, strict=True) if view.who.sees_personal or not m[1].sensitive]
    asked = [measure for measure, _ in told]
    compared = Comparison(counting.connection, view, start, counting.division, last.since, last.to, asked)
    cells = [_cell(told[index][1], compared.moved[index]) for index in sorted(compared.moved)]
    changed = [(cell, deeds) for cell, deeds in cells if cell.difference]
    if not changed:
        return None
    return Earlier(
        to=last.to,
        watermark=watermark_text(view.who.book, start),
        cells=[cell for cell, _ in changed],
        paragraph=f"前期公布的截至{day(last.to)}的数字有更正:" + ";".join(change(*each) for each in changed) + "。",
        rows=_link(view.who.book, start, watermark, counting.division, last),
    )


def _cell(figure: Figure, moved: Moved) -> tuple[Cell, Deeds]:
    """What the figure was the day before as known now, and as known then."""
    after = (figure.value or 0) - (figure.today or 0)
    difference = sum(amount for _, amount in moved.values())
    return Cell(
        name=figure.name,
        title=figure.title,
        unit=figure.unit,
        before=after - difference,
        after=after,
        difference=difference,
        rows_count=sum(rows for rows, _ in moved.values()),
    ), {action: rows for action, (rows, _) in moved.items()}


def _end_of(counting: Counting, date: dt.date) -> int:
    """The watermark at the end of a day in Beijing."""
    midnight = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), BEIJING)
    return position_at(counting.connection, counting.view.who.book, microseconds(midnight))


def _link(book: str, start: int, end: int, division: str, last: Period) -> str:
    asked = {"from": watermark_text(book, start), "to": watermark_text(book, end), "division": division}
    asked |= {"period_from": last.since.isoformat()} if last.since else {}
    return "/v1/restatements?" + urlencode(asked | {"period_to": last.to.isoformat()})
