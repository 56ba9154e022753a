"""The bulletin (日报): the totals of all registers for a division and a period, and what is told of single entries.

It is put together once, as a value; JSON, text, Markdown and HTML are forms of that value.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct, defstruct
from sqlalchemy import Connection, func, select

from registry.core.principals import READERS, Principal
from registry.core.register import Register
from registry.core.view import View
from registry.core.watermarks import head_of, last_day, watermark_text
from registry.errors import Fault, Forbidden, Refused
from registry.ledger.clock import moment
from registry.ledger.tables import LOG
from registry.reports.bulletin.corrections import earlier
from registry.reports.bulletin.coverage_area import coverage_area
from registry.reports.bulletin.figures import chart, figures, rate, tomorrow
from registry.reports.bulletin.html import as_html
from registry.reports.bulletin.narrative import NarrativeSource
from registry.reports.bulletin.negotiation import FORMS, chosen
from registry.reports.bulletin.schemas import Bulletin, BulletinQuery, Edition, Figure, Format, Section
from registry.reports.bulletin.sections import BulletinSection, PrintedMeasure, printed_measures
from registry.reports.bulletin.totals import Period, RegisterTables, Totals
from registry.reports.bulletin.wording import as_json, as_markdown, as_text, paragraph
from registry.web import reads
from registry.web.call import Call, view_of
from registry.web.reads import Answer

EARLIEST = 1900
"""The first year of bulletins; the days before a day are counted back from it."""
RENDERERS: dict[Format, Callable[[Bulletin], bytes]] = {
    Format.JSON: as_json,
    Format.TEXT: lambda bulletin: as_text(bulletin).encode(),
    Format.MARKDOWN: lambda bulletin: as_markdown(bulletin).encode(),
    Format.HTML: lambda bulletin: as_html(bulletin).encode(),
}


def published(sections: Sequence[BulletinSection]) -> type[Struct]:
    """The shape of the JSON: a bulletin, and the total of each measure that is printed, under its name."""
    totals = [(each.name, _total(each)) for each in printed_measures(sections)]
    about = {"__doc__": Bulletin.__doc__}
    return defstruct(Bulletin.__name__, totals, bases=(Bulletin,), namespace=about, kw_only=True)


def _total(printed: PrintedMeasure) -> Any:  # noqa: ANN401 - a type
    """What a total is: a number, or null where it is of people and not told."""
    value: Any = int | None if printed.register.people else int
    return Annotated[value, Meta(description=f"{printed.title} ({printed.measure.title_en}).")]


@dataclass(frozen=True)
class BulletinMaker:
    """What bulletins are made of: the sections that are printed, and the registers whose duties the last one tells."""

    sections: Sequence[BulletinSection]
    registers: Sequence[Register]

    def made(self, who: Principal, query: BulletinQuery, tables: RegisterTables) -> Bulletin:
        """The bulletin that is asked for, as its caller may see it. Raises Refused."""
        connection = tables.connection
        view = view_of(connection, who, query.as_of)
        watermark = view.as_of if view.as_of is not None else head_of(connection, who.book)
        period = _period(query, last_day(connection, who.book, watermark))
        area = coverage_area(connection, view, query.division)
        source = NarrativeSource(connection, view, area.division, period.since, period.to)
        totals = Totals(tables, View(who, watermark), area.division)
        measures, counted = printed_measures(self.sections), figures(totals, self.sections, period)
        issue = period.to.timetuple().tm_yday
        return Bulletin(
            title=area.title(issue),
            issue=issue,
            division=area.division,
            division_name=area.name,
            whole=area.whole,
            from_=period.since,
            to=period.to,
            figures=counted,
            sections=[*self._sections(source, counted), tomorrow(source, self.registers)],
            charts=[
                chart(totals, each, period, area.below, each.drawn_by) for each in measures if each.drawn_by is not None
            ],
            earlier=earlier(totals, measures, period, watermark, query.since),
            paragraph=paragraph(area.name, period.since, period.to, counted),
            edition=Edition.INTERNAL if who.sees_people else Edition.PUBLIC,
            as_of_day=next((each.as_of_day for each in counted if each.as_of_day), None),
            known_at=_known_at(connection, who.book, watermark),
            watermark=watermark_text(who.book, watermark),
        )

    def _sections(self, source: NarrativeSource, counted: Sequence[Figure]) -> Iterator[Section]:
        """What stands in each section beside its figures."""
        for section in self.sections:
            rates = [rate(each, counted) for each in section.rates]
            yield Section(title=section.title, rates=rates, told=section.narrative(source) if section.narrative else [])


async def read_bulletin(call: Call, maker: BulletinMaker) -> Answer:
    """The bulletin that the query asks for, in the form that it or `Accept` names. Raises Forbidden, Malformed or Refused."""
    who = await call.caller()
    if who.role not in READERS:
        raise Forbidden
    query = call.params(BulletinQuery)
    form = query.format or chosen(call.headers.get("accept", ""))

    def work(connection: Connection) -> tuple[Bulletin, bytes]:
        with RegisterTables(connection, call.app.state.mirror) as tables:
            made = maker.made(who, query, tables)
        return made, RENDERERS[form](made)

    made, body = await call.context.scan(work)
    answer = reads.respond(call, body, reads.body_tag(body), made.watermark, media=FORMS[form].media)
    answer.headers["Vary"] += ", Accept"
    answer.headers |= FORMS[form].headers(f"bulletin-{made.division}-{made.to.isoformat()}")
    return answer


def _period(query: BulletinQuery, last: dt.date) -> Period:
    """The period asked for. Without `to`, until the day of the last version: the same watermark gives the same answer later."""
    period = Period(query.from_, query.to or last)
    if query.from_ is not None and query.from_ > period.to:
        raise Refused(faults=[Fault("#from", "ends_before_start", "起始日期晚于截止日期。", "Starts after it ends.")])
    if period.to.year < EARLIEST:
        text = f"截止日期不能早于 {EARLIEST} 年。", f"Must not be before {EARLIEST}."
        raise Refused(faults=[Fault("#to", "too_early", *text)])
    return period


def _known_at(connection: Connection, book: str, watermark: int) -> dt.datetime | None:
    """When the last version under a watermark was written: a replayed one, when it was replayed; None where there is none."""
    written = func.coalesce(LOG.c.replayed_at, LOG.c.recorded_at)
    last = connection.scalar(select(written).where(LOG.c.book == book, LOG.c.position == watermark - 1))
    return None if last is None else moment(last)
