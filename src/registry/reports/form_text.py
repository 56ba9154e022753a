"""The bulletin as plain Chinese text."""

from collections.abc import Iterator

from registry.reports.bulletin.schemas import Bulletin, Figure
from registry.reports.bulletin.wording import (
    line_of,
    note_of,
    numeral,
    rate_of,
    release_of,
    sections_of,
    source_of,
    stamp,
)


def as_text(bulletin: Bulletin) -> str:
    """The whole bulletin, ready for a chat group or a fax."""
    return "\n".join(_lines(bulletin)) + "\n"


def _lines(bulletin: Bulletin) -> Iterator[str]:
    yield f"《{bulletin.title}》"
    yield stamp(bulletin)
    yield ""
    yield bulletin.paragraph
    for earlier in bulletin.earlier:
        yield f"更正说明：{note_of(earlier)}"
    for number, (section, figures) in enumerate(sections_of(bulletin), 1):
        yield ""
        yield f"（{numeral(number)}）{section.title}"
        for figure in figures:
            yield from _figure(figure, release_of(figure, bulletin.to))
        yield from (rate_of(each) for each in section.rates)
        yield from section.told
    yield ""
    yield source_of(bulletin)


def _figure(figure: Figure, release: str) -> Iterator[str]:
    yield f"{figure.title}：{line_of(figure.today, figure.value, figure.unit, stands=figure.stands)}{release}"
    for part in figure.parts:
        yield f"  其中{part.title}：{line_of(part.today, part.value, figure.unit, stands=figure.stands)}"
