"""Statistics (统计): a register's measures by its dimensions, each number with a link to the list that shows its rows.

A number and its link are made from the same parameters of the list, so they cannot say different things
(docs/decisions/0011).
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import numpy as np
from sqlalchemy import Connection

from registry.access.facts import Array, Facts, fact_columns, facts_of
from registry.access.masks import Mask, filter_mask, scope_mask, standing_mask, within_mask
from registry.access.moments import head_of, last_day, resolve_as_of, watermark_text
from registry.access.on import being, page_on
from registry.access.places import names_at
from registry.access.principals import Principal
from registry.access.register import Register, Right
from registry.access.statistics import Dimension, How, Statistic, Statistics
from registry.access.view import View, Wanted
from registry.errors import Fault, Malformed, Refused
from registry.ledger.versions import encode
from registry.reports.cells import Cells, Counted
from registry.reports.counting import Grouping, Number, Value, counts, grouped, numbers
from registry.reports.held import Held
from registry.reports.links import Links, Params, narrowed
from registry.reports.publication import Publication, published
from registry.reports.schemas import DimensionTitle, MeasureTitle, StatisticsAnswer, Total
from registry.web import serve
from registry.web.call import Call
from registry.web.serve import Answer

MANY = 10_000_000
"""More entries than are ever turned to a day at once."""
MOST_CELLS = 20_000
OWN = frozenset({"measures", "group_by", "from", "to", "as_of", "on"})
"""The parameters that are of the statistics; the others are filters of the list."""


@dataclass(frozen=True)
class Question:
    """What is asked: typed, checked, as of one watermark."""

    register: Register
    who: Principal
    declared: Statistics
    statistics: Sequence[Statistic]
    dimensions: Sequence[Dimension]
    filters: Params
    since: dt.date | None
    until: dt.date | None
    on: dt.date | None
    watermark: int
    publication: Publication | None = None
    """Of people, for a caller without personal rights: what is published of them."""

    @property
    def known(self) -> int:
        """As of which watermark is counted: that of the question, or of the release before it."""
        return self.watermark if self.publication is None else self.publication.watermark

    @property
    def held(self) -> Held:
        """What holds numbers back."""
        period = self.since, self.until, self.on
        return Held(self.who, self.register, self.publication, self.dimensions, self.filters, *period)

    @property
    def pinned(self) -> dict[str, str]:
        """The parameters of time that every link carries."""
        day = {} if self.on is None else {"on": self.on.isoformat()}
        return {"as_of": watermark_text(self.who.book, self.known), **day}

    def own(self, statistic: Statistic, day: dt.date) -> dict[str, str] | None:
        """The parameters that choose a statistic's rows in the period, apart from the filters."""
        period: dict[str, str] = {}
        if statistic.dated and self.since is not None:
            period[f"{statistic.dated}_from"] = self.since.isoformat()
        if statistic.dated and self.until is not None:
            period[f"{statistic.dated}_to"] = self.until.isoformat()
        if statistic.day:
            period[statistic.day] = (self.until or self.on or day).isoformat()
        return narrowed(statistic.where, period)


@dataclass(frozen=True)
class Ground:
    """What the answer is made from."""

    facts: Facts
    seen: Mask
    """The rows that stand, that the caller may see, and that the filters choose."""
    names: Mapping[str, str]
    """Of divisions, by code."""
    day: dt.date
    """The last day that the watermark knows."""


async def read_statistics(call: Call, register: Register, shape: type[msgspec.Struct]) -> Answer:
    """The statistics that the query asks for. Raises Forbidden, Malformed or Refused."""
    who = await call.enter(register, Right.READ)
    query: Any = call.params(shape)
    asked = await _question(call, who, register, query)
    ground = await _ground(call, asked)
    body = await asyncio.to_thread(_answer, asked, ground)
    return serve.respond(call, body, serve.body_tag(body), watermark_text(who.book, asked.watermark), on=asked.on)


async def _question(call: Call, who: Principal, register: Register, query: Any) -> Question:  # noqa: ANN401 - by register
    declared = register.statistics
    assert declared is not None  # noqa: S101 - only registers with statistics have the endpoint
    statistics = _chosen("measures", query.measures, {each.name: each for each in declared.statistics})
    dimensions = _chosen("group_by", query.group_by, {each.name: each for each in declared.dimensions}, none=())
    if query.from_ is not None and query.to is not None and query.from_ > query.to:
        raise Refused(faults=[Fault("#from", "ends_before_start", "起始日期晚于截止日期。", "Starts after it ends.")])
    pairs = parse_qsl(call.scope["query_string"].decode("ascii"))
    filters = {name: value for name, value in pairs if name not in OWN}
    if "division_only" in filters and query.division is None:
        said = "division_only 须与 division 同用。", "division_only goes with division."
        raise Refused(faults=[Fault("#division_only", "needs_division", *said)])
    watermark = await call.context.read(partial(_watermark, who.book, query.as_of))
    guarded = register.menu is not None and not who.sees_personal
    found = await call.context.scan(partial(_published, who, register, watermark)) if guarded else None
    period = query.from_, query.to, query.on
    return Question(register, who, declared, statistics, dimensions, filters, *period, watermark, found)


def _published(who: Principal, register: Register, watermark: int, connection: Connection) -> Publication | None:
    return published(connection, View(who, watermark), register)


def _watermark(book: str, as_of: str | None, connection: Connection) -> int:
    return head_of(connection, book) if as_of is None else resolve_as_of(connection, book, as_of)


def _chosen(name: str, text: str | None, known: Mapping[str, Any], none: Sequence[Any] | None = None) -> Sequence[Any]:
    """The declarations that a parameter names. Raises Malformed for unknown names, Refused for one given twice."""
    if text is None:
        return list(known.values()) if none is None else none
    names = text.split(",")
    if unknown := [each for each in names if each not in known]:
        said = f"没有 {unknown[0]};可选:{'、'.join(known)}。", f"There is no {unknown[0]}."
        raise Malformed(faults=[Fault(f"#{name}", "unknown_name", *said, tuple(known))])
    if len(set(names)) < len(names):
        raise Refused(faults=[Fault(f"#{name}", "repeated_name", "名称重复。", "A name is given twice.")])
    return [known[each] for each in names]


async def _ground(call: Call, asked: Question) -> Ground:
    """What the answer is made from: facts, or the documents turned to the day where they turn with it."""
    days = asked.register.days
    if asked.on is not None and (days.turns or days.beside is not None):
        return await call.context.scan(partial(_turned_ground, asked, asked.on))
    facts = await call.context.facts.facts(asked.who.book, asked.register)
    opened, names, day = await call.context.scan(partial(_beside, asked))
    return await asyncio.to_thread(_standing_ground, asked, facts, opened, names, day)


def _beside(asked: Question, connection: Connection) -> tuple[frozenset[str], dict[str, str], dt.date]:
    view = View(asked.who, asked.known)
    opened = view.opened(connection, asked.register)
    return opened, names_at(connection, view), last_day(connection, asked.who.book, asked.known)


def _standing_ground(
    asked: Question, facts: Facts, opened: frozenset[str], names: Mapping[str, str], day: dt.date
) -> Ground:
    seen = standing_mask(facts, asked.known)
    if (scope := scope_mask(facts, asked.who, opened)) is not None:
        seen &= scope
    for clause in being(asked.register, asked.on) if asked.on else ():
        seen &= filter_mask(facts, clause)
    return Ground(facts, seen & _filtered(asked, facts, asked.filters), names, day)


def _turned_ground(asked: Question, on: dt.date, connection: Connection) -> Ground:
    register, view = asked.register, View(asked.who, asked.known)
    found, _ = page_on(connection, view, register, Wanted(MANY), (), on)
    rows = []
    for each in found:
        row = {**each.document, **register.copied(each.document)}
        row |= {"case_id": each.seen.case_id, "division": each.seen.division}
        rows.append([_stored(row[column.name], column.type.python_type) for column in fact_columns(register.table)])
    facts = facts_of(asked.who.book, register.table, asked.known, rows)
    seen = _filtered(asked, facts, asked.filters)
    return Ground(facts, seen, names_at(connection, view), last_day(connection, asked.who.book, asked.known))


def _stored(value: object, kind: type) -> object:
    """A document's value as its column has it."""
    return dt.date.fromisoformat(value) if kind is dt.date and isinstance(value, str) else value


def _filtered(asked: Question, facts: Facts, params: Params) -> Mask:
    """The rows that the list would show with these parameters."""
    query: Any = msgspec.convert(params, asked.declared.query, strict=False)
    mask: Mask = np.ones(len(facts), np.bool_)
    for clause in asked.declared.matching(query):
        mask &= filter_mask(facts, clause)
    if query.division is not None:
        only = asked.register.table.c.division == query.division
        mask &= filter_mask(facts, only) if query.division_only else within_mask(facts, query.division)
    return mask


def _answer(asked: Question, ground: Ground) -> bytes:
    own = [asked.own(statistic, ground.day) for statistic in asked.statistics]
    shared = _shared(own)
    seen = ground.seen & _filtered(asked, ground.facts, shared) if shared else ground.seen
    rows = np.flatnonzero(seen)
    grouping = grouped(ground.facts, rows, asked.dimensions)
    if len(grouping.values) > MOST_CELLS:
        text = f"分组过细,超过 {MOST_CELLS} 格。", f"More than {MOST_CELLS} cells; group by less."
        raise Refused(faults=[Fault("#group_by", "too_many_cells", *text)])
    counted = _counted(asked, ground.facts, own, shared, rows, grouping)
    return encode(_told(asked, ground, counted, grouping, _links(asked, shared)))


def _shared(own: Sequence[Params | None]) -> dict[str, str]:
    """The parameters that all statistics have: they choose the rows of a cell as a whole."""
    first, *others = [params or {} for params in own]
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}


def _links(asked: Question, own: Params | None) -> Links | None:
    """The links to rows that these parameters choose, beside the filters; None where they exclude each other."""
    params = narrowed(asked.pinned, asked.filters, own)
    return None if params is None else Links(f"/v1/{asked.register.name}", params, asked.dimensions)


def _counted(
    asked: Question, facts: Facts, own: Sequence[Params | None], shared: Params, rows: Array, grouping: Grouping
) -> list[Counted]:
    """All statistics; those that are counts together."""
    conditions = [None if params in (None, shared) else _filtered(asked, facts, params or {})[rows] for params in own]
    counting = [
        condition for each, condition in zip(asked.statistics, conditions, strict=True) if each.how is How.COUNT
    ]
    counted = iter(counts(grouping, counting))
    told = []
    for statistic, condition, params in zip(asked.statistics, conditions, own, strict=True):
        if statistic.how is How.COUNT:
            cells: Sequence[Number] = next(counted)
            total: Number = sum(cells)  # type: ignore[arg-type] # whole numbers
        else:
            inside = slice(None) if condition is None else condition
            mine = rows[inside], grouping.cells[inside]
            cells, total = numbers(statistic, facts, *mine, len(grouping.values))
        told.append(Counted(statistic, cells, total, _links(asked, params)))
    return told


def _told(
    asked: Question, ground: Ground, counted: Sequence[Counted], grouping: Grouping, links: Links | None
) -> StatisticsAnswer:
    held = asked.held
    listed = [cell for cell, values in enumerate(grouping.values) if held.lists(asked.statistics, values)]
    order = sorted(listed, key=lambda cell: _order(grouping.values[cell]))
    cells = Cells(held, asked.dimensions, counted, links, ground.names)
    total = cells.opened([each.total for each in counted])
    return StatisticsAnswer(
        register=asked.register.name,
        title=asked.register.title,
        measures=[_measure(each.statistic) for each in counted],
        dimensions=[DimensionTitle(name=each.name, title=each.title) for each in asked.dimensions],
        cells=[cells.cell(grouping.values[cell], [each.cells[cell] for each in counted]) for cell in order],
        total=msgspec.convert(total, Total),
        released=watermark_text(asked.who.book, asked.known) if asked.publication else None,
        watermark=watermark_text(asked.who.book, asked.watermark),
    )


def _measure(statistic: Statistic) -> MeasureTitle:
    return MeasureTitle(
        name=statistic.name, title=statistic.title, unit=statistic.unit, additive=statistic.how.additive
    )


def _order(values: Sequence[Value]) -> list[tuple[bool, Any]]:
    """By value, null last."""
    return [(value is None, 0 if value is None else value) for value in values]
