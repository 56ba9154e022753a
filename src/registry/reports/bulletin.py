"""The bulletin (日报): the totals of all registers for a division and a period."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from sqlalchemy import ColumnElement, Connection, or_

from registry.access.clauses import within
from registry.access.moments import head_of, last_day, watermark_text
from registry.access.places import names_at
from registry.access.principals import READERS, Principal
from registry.access.register import Measure, Register, measures_of
from registry.access.view import View
from registry.errors import Fault, Forbidden, Refused
from registry.ledger.versions import encode
from registry.reports.schemas import Bulletin, BulletinQuery, Figure
from registry.reports.small import shown
from registry.web import serve
from registry.web.call import Call, view_of
from registry.web.serve import Answer


async def read_bulletin(call: Call, registers: Sequence[Register]) -> Answer:
    """The bulletin that the query asks for."""
    who = await call.caller()
    if who.role not in READERS:
        raise Forbidden
    query = call.params(BulletinQuery)
    answer, watermark = await call.context.scan(partial(_bulletin, who, registers, query))
    body = encode(answer)
    return serve.respond(call, body, serve.body_tag(body), watermark_text(who.book, watermark))


def _bulletin(
    who: Principal, registers: Sequence[Register], query: BulletinQuery, connection: Connection
) -> tuple[Bulletin, int]:
    view = view_of(connection, who, query.as_of)
    watermark = view.as_of if view.as_of is not None else head_of(connection, who.book)
    division = query.division or who.book
    # Without `to`, the day of the last version: the same watermark gives the same answer on any later day.
    to = query.to or last_day(connection, who.book, watermark)
    if query.from_ is not None and query.from_ > to:
        raise Refused(faults=[Fault("#from", "ends_before_start", "起始日期晚于截止日期。", "Starts after it ends.")])
    figures = [_figure(connection, view, r, m, division, query.from_, to) for r, m in measures_of(registers)]
    name = name_of(names_at(connection, view), division)
    return Bulletin(
        division=division,
        division_name=name,
        from_=query.from_,
        to=to,
        figures=figures,
        paragraph=paragraph(name, query.from_, to, figures),
        watermark=watermark_text(who.book, watermark),
        **{figure.name: figure.value for figure in figures},  # type: ignore[arg-type] # a test holds the names to Totals
    ), watermark


def _figure(
    connection: Connection, view: View, register: Register, measure: Measure, division: str,
    since: dt.date | None, to: dt.date,
) -> Figure:  # fmt: skip
    value = count(connection, view, register, measure, division, matching(register, measure, division, since, to))
    told = shown(view.who, value) if measure.sensitive else value
    return Figure(name=measure.name, title=measure.title, unit=measure.unit, value=told)


def count(
    connection: Connection, view: View, register: Register, measure: Measure, division: str,
    where: Iterable[ColumnElement[bool]],
) -> int:  # fmt: skip
    """The total of what stands, as the view sees it."""
    query = view.rows(register, [measure.total]).where(*where)
    return int(connection.scalar(query, {**view.binds(), "d": division}) or 0)


def matching(
    register: Register, measure: Measure, division: str, since: dt.date | None, to: dt.date
) -> Iterator[ColumnElement[bool]]:
    """The clauses of one figure: which versions it adds up, for a division (bound as :d) and a period."""
    yield within(register.table, len(division))
    yield from measure.where
    if measure.dated is not None:
        yield measure.dated <= to
        if since is not None:
            yield measure.dated >= since
    if measure.since is not None and measure.until is not None:
        yield measure.since <= to
        yield or_(measure.until.is_(None), measure.until > to)


def name_of(names: dict[str, str], division: str) -> str:
    """The name of a division; a village's after its town's."""
    village = names.get(division, division)
    return names.get(division[:9], "") + village if len(division) > 9 else village  # noqa: PLR2004 - a village's code has 12


def paragraph(name: str, since: dt.date | None, to: dt.date, figures: Sequence[Figure]) -> str:
    """The figures as one Chinese paragraph, ready to print."""
    told = [f"{figure.title}{'不足5' if figure.value is None else figure.value}{figure.unit}" for figure in figures]
    return f"{period(since, to)},{name}" + ",".join(told) + "。"


def period(since: dt.date | None, to: dt.date) -> str:
    """A period as a Chinese paragraph begins with it."""
    return f"自{_day(since)}至{_day(to)}" if since else f"截至{_day(to)}"


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
