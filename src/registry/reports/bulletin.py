"""The bulletin (日报): the totals of all registers for a division and a period."""

import datetime as dt
from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from registry.access.places import find_place, full_name
from registry.access.principals import READERS, Principal
from registry.access.register import Measure, Register, measures_of
from registry.access.view import View, head_of, watermark_text
from registry.errors import Fault, Forbidden, Malformed
from registry.ledger.clock import beijing_day, wall_clock
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
    text = watermark_text(who.book, watermark)
    return serve.respond(call, encode(answer), serve.page_tag(call, who, watermark), text)


def _bulletin(
    who: Principal, registers: Sequence[Register], query: BulletinQuery, connection: Connection
) -> tuple[Bulletin, int]:
    view = view_of(connection, who, query.as_of)
    division = query.division or who.book
    to = query.to or beijing_day(wall_clock())
    if query.from_ is not None and query.from_ > to:
        raise Malformed(faults=[Fault("#from", "ends_before_start", "起始日期晚于截止日期。", "Starts after it ends.")])
    figures = [_figure(connection, view, r, m, division, query.from_, to) for r, m in measures_of(registers)]
    watermark = view.as_of if view.as_of is not None else head_of(connection, who.book)
    name = _name(connection, who.book, division)
    return Bulletin(
        division=division,
        division_name=name,
        from_=query.from_,
        to=to,
        figures=figures,
        paragraph=paragraph(name, query.from_, to, figures),
        watermark=watermark_text(who.book, watermark),
        **{figure.name: figure.value for figure in figures},  # type: ignore[arg-type]
    ), watermark


def _figure(
    connection: Connection, view: View, register: Register, measure: Measure, division: str,
    since: dt.date | None, to: dt.date,
) -> Figure:  # fmt: skip
    query = view.rows(register, [measure.total]).where(serve.within(register, division), *measure.where)
    if measure.dated is not None:
        query = query.where(measure.dated <= to)
        if since is not None:
            query = query.where(measure.dated >= since)
    value = int(connection.scalar(query, view.binds()) or 0)
    told = shown(view.who, value) if measure.sensitive else value
    return Figure(name=measure.name, title=measure.title, unit=measure.unit, value=told)


def _name(connection: Connection, book: str, division: str) -> str:
    found = find_place(connection, book, division)
    return full_name(connection, book, found.name, found.level, found.parent) if found else division


def paragraph(name: str, since: dt.date | None, to: dt.date, figures: Sequence[Figure]) -> str:
    """The figures as one Chinese paragraph, ready to print."""
    period = f"自{_day(since)}至{_day(to)}" if since else f"截至{_day(to)}"
    told = [f"{figure.title}{'不足5' if figure.value is None else figure.value}{figure.unit}" for figure in figures]
    return f"{period},{name}" + ",".join(told) + "。"


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
