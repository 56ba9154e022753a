"""The bulletin as Markdown."""

import re
from collections.abc import Iterator

from registry.reports.schemas import Bulletin, Figure
from registry.reports.wording import cells_of, rate_of, sections_of, source_of, stamp

SPECIAL = re.compile(r"([\\`*\[\]<>#|~&])")


def as_markdown(bulletin: Bulletin) -> str:
    """The whole bulletin: a heading, the paragraph, a table and what is told for each section."""
    return "\n".join(_lines(bulletin)) + "\n"


def _lines(bulletin: Bulletin) -> Iterator[str]:
    yield f"# {_text(bulletin.title)}"
    yield ""
    yield _text(stamp(bulletin))
    yield ""
    yield _text(bulletin.paragraph)
    for section, figures in sections_of(bulletin):
        yield from ("", f"## {_text(section.title)}")
        if figures:
            yield from ("", "| 指标 | 今日 | 累计 | 单位 |", "| --- | ---: | ---: | --- |")
            for figure in figures:
                yield from _rows(figure)
        for line in [*(rate_of(each) for each in section.rates), *section.told]:
            yield from ("", _text(line))
    if bulletin.earlier is not None:
        yield from ("", f"> **更正说明** {_text(bulletin.earlier.paragraph)}[明细]({bulletin.earlier.rows})")
    yield from ("", "---", "", _text(source_of(bulletin)))


def _rows(figure: Figure) -> Iterator[str]:
    today, value = cells_of(figure.today, figure.value, stands=figure.stands)
    yield f"| {_text(figure.title)} | {today} | {value} | {figure.unit} |"
    for part in figure.parts:
        today, value = cells_of(part.today, part.value, stands=figure.stands)
        yield f"| 其中:{_text(part.title)} | {today} | {value} | {figure.unit} |"


def _text(text: str) -> str:
    """Text that stands as it is: what offices wrote makes no link, table or tag."""
    return SPECIAL.sub(r"\\\1", text)
