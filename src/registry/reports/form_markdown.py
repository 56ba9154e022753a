"""The bulletin as Markdown."""

import re
from collections.abc import Iterator

from registry.reports.bulletin.schemas import Bulletin, Figure
from registry.reports.bulletin.wording import cells_of, rate_of, release_of, sections_of, source_of, stamp, tables_of

SPECIAL = re.compile(r"([\\`*\[\]<>#|~&])")


def as_markdown(bulletin: Bulletin) -> str:
    """The whole bulletin: a heading, the paragraph, notes; tables and what is told for each section."""
    return "\n".join(_lines(bulletin)) + "\n"


def _lines(bulletin: Bulletin) -> Iterator[str]:
    yield f"# {_text(bulletin.title)}"
    yield ""
    yield _text(stamp(bulletin))
    yield ""
    yield _text(bulletin.paragraph)
    for earlier in bulletin.earlier:
        yield from ("", f"> **更正说明** {_text(earlier.paragraph)}明细：`{earlier.rows}`")
    for section, figures in sections_of(bulletin):
        yield from ("", f"## {_text(section.title)}")
        for columns, rows in tables_of(figures):
            yield from ("", f"| 指标 | {' | '.join(columns)} | 单位 |", "| --- | ---: | ---: | --- |")
            for figure in rows:
                yield from _rows(figure, release_of(figure, bulletin.to))
        for line in [*(rate_of(each) for each in section.rates), *section.told]:
            yield from ("", _text(line))
    yield from ("", "---", "", _text(source_of(bulletin)))


def _rows(figure: Figure, release: str) -> Iterator[str]:
    today, value = cells_of(figure.today, figure.value, stands=figure.stands)
    yield f"| {_text(figure.title)}{release} | {today} | {value} | {figure.unit} |"
    for part in figure.parts:
        today, value = cells_of(part.today, part.value, stands=figure.stands)
        yield f"| 其中：{_text(part.title)} | {today} | {value} | {figure.unit} |"


def _text(text: str) -> str:
    """Text that stands as it is: what offices wrote makes no link, table or tag."""
    return SPECIAL.sub(r"\\\1", text)
