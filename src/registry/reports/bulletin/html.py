"""The bulletin as one HTML page: no script, no outside file; made to be read on a phone and printed on A4."""

import datetime as dt
from collections.abc import Iterator, Sequence
from html import escape

from registry.reports.bulletin import charts
from registry.reports.bulletin.schemas import Bulletin, Chart, Figure, Section
from registry.reports.bulletin.wording import (
    cells_of,
    month_end_of,
    note_of,
    number,
    number_of,
    rate_of,
    sections_of,
    source_of,
    stamp,
    tables_of,
)

STYLE = """
:root { color-scheme: light }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 46rem; padding: 1.2rem 1rem 2rem; color: #1f2933; background: #fff;
  font: 16px/1.7 "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif }
header { border-bottom: 3px solid #b3261e; margin-bottom: 1rem; text-align: center }
h1 { color: #b3261e; font-size: 1.5rem; line-height: 1.35; margin: .4rem 0; overflow-wrap: anywhere; text-wrap: balance }
header p { color: #52606d; font-size: .85rem; margin: .2rem 0 .8rem }
h2 { border-left: 4px solid #b3261e; font-size: 1.1rem; margin: 1.6rem 0 .5rem; padding-left: .6rem; break-after: avoid }
p { margin: .5rem 0; overflow-wrap: anywhere }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .5rem 0; width: 100% }
th, td { border-bottom: 1px solid #d0d7de; padding: .25rem .5rem; text-align: right; vertical-align: top }
th { background: #f3f6f9; font-weight: 600 }
th:first-child, td:first-child { text-align: left }
tr.part td { color: #52606d; font-size: .9rem }
tr.part td:first-child { padding-left: 1.6rem }
tr, figure { break-inside: avoid }
th, td:nth-child(n+2) { white-space: nowrap }
.total td { font-weight: 600 }
aside { background: #fff8e1; border: 1px solid #e0b400; margin: 1rem 0; padding: .3rem .8rem; break-inside: avoid }
figure { margin: 1rem 0 }
figcaption { font-weight: 600 }
small { color: #52606d; font-size: .8rem; font-weight: 400 }
svg { display: block; height: auto; max-width: 31rem; width: 100% }
footer { border-top: 1px solid #d0d7de; color: #52606d; font-size: .8rem; margin-top: 1.5rem }
@page { size: A4; margin: 16mm 15mm }
@media print { body { font-size: 10.5pt; line-height: 1.5; max-width: none; padding: 0 } svg { max-width: 24rem } a { color: inherit; text-decoration: none } }
"""


def as_html(bulletin: Bulletin) -> str:
    """The whole page."""
    title = escape(bulletin.title)
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{title}</h1><p>{escape(stamp(bulletin))}</p></header>\n<main>\n"
        f"{''.join(_main(bulletin))}</main>\n<footer><p>{escape(source_of(bulletin))}</p></footer>\n</body>\n</html>\n"
    )


def _main(bulletin: Bulletin) -> Iterator[str]:
    yield f"<p>{escape(bulletin.paragraph)}</p>\n"
    for earlier in bulletin.earlier:
        yield f"<aside><p><strong>更正说明</strong> {escape(note_of(earlier))}</p></aside>\n"
    drawn = {chart.name: chart for chart in bulletin.charts}
    for section, figures in sections_of(bulletin):
        tables = "".join(_table(*table, bulletin.to) for table in tables_of(figures))
        yield _section(section, tables, [drawn[figure.name] for figure in figures if figure.name in drawn])


def _section(section: Section, tables: str, drawn: Sequence[Chart]) -> str:
    told = "".join(f"<p>{escape(each)}</p>\n" for each in [*map(rate_of, section.rates), *section.told])
    pictures = "".join(picture for chart in drawn for picture in _pictures(chart))
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{tables}{told}{pictures}</section>\n"


def _table(columns: tuple[str, str], figures: Sequence[Figure], to: dt.date) -> str:
    rows = "".join(row for figure in figures for row in _rows(figure, month_end_of(figure, to)))
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in ('指标', *columns, '单位'))}</tr>"
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def _rows(figure: Figure, as_of: str) -> Iterator[str]:
    yield _row(
        "total", figure.title + as_of, cells_of(figure.today, number_of(figure), stands=figure.stands), figure.unit
    )
    for part in figure.parts:
        yield _row("part", part.title, cells_of(part.today, number(part.value), stands=figure.stands), figure.unit)


def _row(kind: str, title: str, cells: tuple[str, str], unit: str) -> str:
    data = "".join(f"<td>{escape(text)}</td>" for text in (title, *cells, unit))
    return f'<tr class="{kind}">{data}</tr>\n'


def _pictures(chart: Chart) -> Iterator[str]:
    if rows := [(place.name, place.value) for place in chart.places if place.value]:
        title, none = f"各地{chart.title}", len(chart.places) - len(rows)
        note = f"其余{none}处为0" if none else ""  # a county has zones and farms beside its towns
        yield _figure(title, chart.unit, charts.bars(f"{chart.name}-places", title, chart.unit, rows), note)
    if chart.days:
        points = [(each.day, each.value) for each in chart.days]
        title = f"每日{chart.title}"
        yield _figure(title, chart.unit, charts.line(f"{chart.name}-days", title, chart.unit, points))


def _figure(title: str, unit: str, picture: str, note: str = "") -> str:
    head = f"{escape(title)} <small>单位：{escape(unit)}</small>"
    return f"<figure><figcaption>{head}</figcaption>{picture}{note and f'<small>{escape(note)}</small>'}</figure>\n"
