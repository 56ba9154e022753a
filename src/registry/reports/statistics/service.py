"""Statistics (统计): a register's measures by its dimensions, each number with a link to the list that shows its rows.

A number and its link are made from the same parameters of the list, so they cannot say different things
(docs/decisions/0011).
"""

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, select

from registry.core.divisions import check_division, names_at
from registry.core.principals import TOWN, Principal
from registry.core.queries import check_ranges
from registry.core.register import Register
from registry.core.scope import STORED
from registry.core.valid_time_reads import being, page_on
from registry.core.view import View, Wanted, today
from registry.core.watermarks import head_of, last_day, resolve_as_of, watermark_text
from registry.db.database import computed
from registry.errors import Fault, Forbidden, Malformed, Refused
from registry.reports.statistics.answer import answer
from registry.reports.statistics.mirror import Mirror
from registry.reports.statistics.mirror_tables import mirrored
from registry.reports.statistics.people import DRIVE, PeopleAnswer, PeopleQuestion, month_end, told_measures
from registry.reports.statistics.question import CountedRows, StatisticsQuestion, measures_of, usual_measures
from registry.web import reads
from registry.web.call import Call
from registry.web.reads import Answer

MANY = 10_000_000
"""More entries than are ever turned to a day at once."""
OWN = frozenset({"measures", "group_by", "from", "to", "as_of", "on"})
"""The parameters that are of the statistics; the others are filters of the list."""
Registers = Mapping[str, Register]
"""By name: those whose entries are dimensions' values are among them."""


class Named(msgspec.Struct):
    """Of an entry's document, what it is called, and where it is."""

    name: str
    divisions: list[str] = []


async def read_statistics(call: Call, register: Register, registers: Registers, shape: type[msgspec.Struct]) -> Answer:
    """The statistics that the query asks for. Raises Forbidden, Malformed or Refused."""
    who = await call.caller()
    if who.role not in register.counters:
        raise Forbidden
    question = await _question(call, who, register, registers, call.params(shape))
    source = await _source(call, question, registers)
    body, tag = await asyncio.to_thread(_answered, question, source)
    return reads.respond(call, body, tag, watermark_text(who.book, question.watermark), on=question.on)


def _answered(question: StatisticsQuestion, source: CountedRows) -> tuple[bytes, str]:
    with source.pinned:
        body = answer(question, source)
    return body, reads.body_tag(body)


async def _question(
    call: Call, who: Principal, register: Register, registers: Registers, query: Any,  # noqa: ANN401 - by register
) -> StatisticsQuestion:  # fmt: skip
    measures = _chosen("measures", query.measures, measures_of(register), usual_measures(register))
    dimensions = _chosen("group_by", query.group_by, register.dimensions, ())
    if query.from_ is not None and query.to is not None and query.from_ > query.to:
        raise Refused(faults=[Fault("#from", "ends_before_start", "起始日期晚于截止日期。", "Starts after it ends.")])
    check_ranges(query)
    filters = _filters(call, query)
    watermark = await call.context.read(partial(_watermark, who.book, query))
    period = query.from_, query.to, query.on
    question = StatisticsQuestion(register, who, measures, dimensions, filters, *period, watermark)
    if register.people is None or who.sees_people:
        return question
    asked = PeopleQuestion(register, register.people, who, measures, dimensions, filters, *period)
    measures, of_people = told_measures(asked, named=query.measures is not None)
    told = await call.context.read(partial(_told, asked, registers, watermark, of_people))
    return replace(question, measures=measures, people=told)


def _filters(call: Call, query: Any) -> dict[str, str]:  # noqa: ANN401 - by register
    """The filters of the list, as they were sent. Raises Refused where they do not go together."""
    pairs = parse_qsl(call.scope["query_string"].decode("ascii"), keep_blank_values=True)
    filters = {name: value for name, value in pairs if name not in OWN}
    if "division_only" in filters and query.division is None:
        said = "division_only 须与 division 同用。", "division_only goes with division."
        raise Refused(faults=[Fault("#division_only", "needs_division", *said)])
    return filters


def _told(
    asked: PeopleQuestion, registers: Registers, watermark: int, of_people: bool, connection: Connection
) -> PeopleAnswer:  # fmt: skip
    """How the numbers are told. Raises Refused for a drive of less than whole towns."""
    month = month_end(connection, asked.who.book, watermark) if of_people else None
    drives = frozenset(_whole_towns(asked, View(asked.who, watermark), registers, connection))
    if asked.filters.get(DRIVE) not in {None, *drives}:
        text = "只公布整镇（街）开展的专项行动。", "Only drives of whole towns are told."
        raise Refused(faults=[Fault(f"#{DRIVE}", "below_town", *text)])
    return PeopleAnswer(asked.rule, month, asked.of_county, asked.by_town, asked.by_trait, drives)


def _whole_towns(asked: PeopleQuestion, view: View, registers: Registers, connection: Connection) -> Iterator[str]:
    """The drives of which every division is a town or more, by id; none where the question is not about drives."""
    kept = [each.entries for each in asked.register.dimensions if each.chooses == DRIVE and asked.of_drives]
    for name in kept:
        for drive, told in _entries(connection, view, registers[name]):
            if all(len(code) <= TOWN for code in told.divisions):
                yield drive


def _watermark(book: str, query: Any, connection: Connection) -> int:  # noqa: ANN401 - by register
    """As of when. Raises Refused for a moment to come, and for a division that there is not."""
    check_division(connection, book, query.division)
    return head_of(connection, book) if query.as_of is None else resolve_as_of(connection, book, query.as_of)


def _chosen(name: str, text: str | None, every: Sequence[Any], usual: Sequence[Any]) -> Sequence[Any]:
    """The declarations that a parameter names. Raises Malformed for unknown names, Refused for one given twice."""
    if text is None:
        return usual
    known, names = {each.name: each for each in every}, text.split(",")
    if unknown := [each for each in names if each not in known]:
        said = f"没有 {unknown[0]}；可选：{'、'.join(known)}。", f"There is no {unknown[0]}."
        raise Malformed(faults=[Fault(f"#{name}", "unknown_name", *said, tuple(known))])
    if len(set(names)) < len(names):
        raise Refused(faults=[Fault(f"#{name}", "repeated_name", "名称重复。", "A name is given twice.")])
    return [known[each] for each in names]


async def _source(call: Call, question: StatisticsQuestion, registers: Registers) -> CountedRows:
    """What the answer is made from: the mirror, or the documents turned to the day where they turn with it."""
    mirror: Mirror = call.app.state.mirror
    days = question.register.days
    if question.on is not None and (days.turns or days.beside is not None):
        return await call.context.scan(partial(_source_on_day, question, mirror, registers, question.on))
    async with mirror.turns[question.who.book, question.register.name]:
        return await call.context.scan(partial(_source_of_latest, question, mirror, registers))


def _source_of_latest(
    question: StatisticsQuestion, mirror: Mirror, registers: Registers, connection: Connection
) -> CountedRows:
    register, view = question.register, question.view
    pinned = mirror.at(connection, question.who.book, register)
    if (opened := view.opened(connection, register)) is not None:
        table, rows = opened
        computed(partial(pinned.bring, table, tuple(table.columns), rows))
    where = [*question.clauses(question.filters), *(being(register, question.on) if question.on else ())]
    day = _last_day(connection, question)
    return CountedRows(pinned, partial(_rows, view, register), where, _names(question, registers, connection), day)


def _last_day(connection: Connection, question: StatisticsQuestion) -> dt.date:
    """The last day that is told of."""
    told = question.people
    return told.month.day if told and told.month else last_day(connection, question.who.book, question.known)


def _rows(view: View, register: Register, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    return view.rows(register, columns).params(view.binds())


def _names(question: StatisticsQuestion, registers: Registers, connection: Connection) -> dict[str, str]:
    """What divisions are called, and entries that dimensions are of, as far as the caller may see them."""
    view = question.view
    names = names_at(connection, view)
    for dimension in question.dimensions:
        if dimension.entries:
            found = _entries(connection, view, registers[dimension.entries])
            names |= {entry_id: told.name for entry_id, told in found}
    return names


def _entries(connection: Connection, view: View, register: Register) -> Iterator[tuple[str, Named]]:
    """Of each entry of a register its id, and what it is called."""
    columns = [register.table.c.entry_id, *(register.table.c[name] for name in STORED)]
    for row in connection.execute(view.rows(register, columns), view.binds()):
        yield row.entry_id, msgspec.json.decode(today(register, row), type=Named)


def _source_on_day(
    question: StatisticsQuestion, mirror: Mirror, registers: Registers, on: dt.date, connection: Connection
) -> CountedRows:
    register = question.register
    found, _ = page_on(connection, question.view, register, Wanted(MANY), (), on)
    columns, rows = (register.table.c.book, *mirrored(register.table)), []
    for each in found:
        row = {
            **each.document,
            **register.columns(each.document),
            "position": 0,
            "superseded_at": None,
            "voided": False,
        }
        row |= {
            "book": question.who.book,
            "case_id": each.seen.case_id,
            "division": each.seen.division,
            "town": each.seen.division[:TOWN],
        }
        rows.append([row[column.name] for column in columns])
    pinned = computed(mirror.empty)
    computed(partial(pinned.bring, register.table, columns, rows))
    day = _last_day(connection, question)
    return CountedRows(pinned, _all, question.clauses(question.filters), _names(question, registers, connection), day)


def _all(columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    return select(*columns)
