"""The bulletin as plain Chinese text."""

from collections.abc import Iterator

from registry.reports.schemas import Bulletin, Figure
from registry.reports.wording import line_of, rate_of, sections_of, source_of, stamp

NUMERALS = "一二三四五六七八九十"


def as_text(bulletin: Bulletin) -> str:
    """The whole bulletin, ready for a chat group or a fax."""
    return "\n".join(_lines(bulletin)) + "\n"


def _lines(bulletin: Bulletin) -> Iterator[str]:
    yield f"《{bulletin.title}》"
    yield stamp(bulletin)
    yield ""
    yield bulletin.paragraph
    for numeral, (section, figures) in zip(NUMERALS, sections_of(bulletin), strict=False):
        yield ""
        yield f"({numeral}){section.title}"
        for figure in figures:
            yield from _figure(figure)
        yield from (rate_of(each) for each in section.rates)
        yield from section.told
    if bulletin.earlier is not None:
        yield ""
        yield f"更正说明:{bulletin.earlier.paragraph}"
    yield ""
    yield source_of(bulletin)


def _figure(figure: Figure) -> Iterator[str]:
    yield f"{figure.title}:{line_of(figure.today, figure.value, figure.unit, stands=figure.stands)}"
    for part in figure.parts:
        yield f"  其中{part.title}:{line_of(part.today, part.value, figure.unit, stands=figure.stands)}"
