"""The bulletin (日报): the totals of all registers for a division and a period, and what is told of single entries.

It is put together once, as a value; JSON, text, Markdown and HTML are forms of that value.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct, defstruct
from sqlalchemy import Connection, func, select

from registry.core.principals import READERS, Principal
from registry.core.register import Register, measures_of
from registry.core.watermarks import head_of, last_day, watermark_text
from registry.errors import Fault, Forbidden, Refused
from registry.ledger.clock import moment
from registry.ledger.tables import LOG
from registry.reports.bulletin.corrections import earlier
from registry.reports.bulletin.coverage_area import ground
from registry.reports.bulletin.figures import Counting, Period, chart, figure, rate, section_of
from registry.reports.bulletin.html import as_html
from registry.reports.bulletin.narrative import Asked
from registry.reports.bulletin.negotiation import FORMS, chosen
from registry.reports.bulletin.schemas import Bulletin, BulletinQuery, Figure, Format, Section
from registry.reports.bulletin.wording import paragraph
from registry.reports.form_json import as_json
from registry.reports.form_markdown import as_markdown
from registry.reports.form_text import as_text
from registry.reports.tomorrow import tomorrow
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


def published(registers: Sequence[Register]) -> type[Struct]:
    """The shape of the JSON: a bulletin, and the total of each measure of these registers under its name."""
    totals = [(each.name, int | None if each.sensitive else int) for _, each in measures_of(registers)]
    about = {"__doc__": Bulletin.__doc__}
    return defstruct(Bulletin.__name__, totals, bases=(Bulletin,), namespace=about, kw_only=True)


async def read_bulletin(call: Call, registers: Sequence[Register]) -> Answer:
    """The bulletin that the query asks for, in the form that it or `Accept` names. Raises Forbidden, Malformed or Refused."""
    who = await call.caller()
    if who.role not in READERS:
        raise Forbidden
    query = call.params(BulletinQuery)
    form = query.format or chosen(call.headers.get("accept", ""))
    work = partial(_rendered, who, registers, query, RENDERERS[form])
    name, body, watermark = await call.context.scan(work)
    answer = reads.respond(call, body, reads.body_tag(body), watermark, media=FORMS[form].media)
    answer.headers["Vary"] += ", Accept"
    answer.headers |= FORMS[form].headers(name)
    return answer


def _rendered(
    who: Principal, registers: Sequence[Register], query: BulletinQuery, render: Callable[[Bulletin], bytes],
    connection: Connection,
) -> tuple[str, bytes, str]:  # fmt: skip
    """The name of a file to keep it in, the bytes, the watermark."""
    made = bulletin(who, registers, query, connection)
    return f"bulletin-{made.division}-{made.to.isoformat()}", render(made), made.watermark


def bulletin(
    who: Principal, registers: Sequence[Register], query: BulletinQuery, connection: Connection
) -> Bulletin:  # fmt: skip
    """The bulletin as a value."""
    view = view_of(connection, who, query.as_of)
    watermark = view.as_of if view.as_of is not None else head_of(connection, who.book)
    period = _period(query, last_day(connection, who.book, watermark))
    at = ground(connection, view, query.division)
    counting, measures = Counting(connection, view, at.division), measures_of(registers)
    figures = [figure(counting, register, measure, period) for register, measure in measures]
    issue = period.to.timetuple().tm_yday
    return Bulletin(
        title=at.title(issue),
        issue=issue,
        division=at.division,
        division_name=at.name,
        whole=at.whole,
        from_=period.since,
        to=period.to,
        figures=figures,
        sections=[*_sections(counting, registers, period, figures), tomorrow(counting, registers, period.to)],
        charts=[chart(counting, r, m, period, at.below) for r, m in measures if m.charted],
        earlier=earlier(counting, measures, period, watermark, query.since),
        paragraph=paragraph(at.name, period.since, period.to, figures),
        released_on=next((each.released_on for each in figures if each.released_on), None),
        known_at=_known_at(connection, who.book, watermark),
        watermark=watermark_text(who.book, watermark),
    )


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


def _sections(
    counting: Counting, registers: Sequence[Register], period: Period, figures: Sequence[Figure]
) -> list[Section]:  # fmt: skip
    """The sections in the order of the registers, with what each register tells."""
    by_name = {register.name: register for register in registers}
    asked = Asked(counting.connection, counting.view, by_name, counting.division, period.since, period.to)
    found: dict[str, Section] = {}
    for register in registers:
        if register.section or register.measures:
            title = section_of(register)
            section = found.setdefault(title, Section(title=title, rates=[], told=[]))
            section.rates += [rate(each, figures) for each in register.rates]
            section.told += register.tell(asked) if register.tell else []
    return list(found.values())
