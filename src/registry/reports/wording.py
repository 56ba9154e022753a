"""The words of a bulletin that all its forms share."""

import datetime as dt
from collections.abc import Iterator, Sequence

from registry.reports.schemas import Bulletin, Figure, RateFigure, Section

UNTOLD = "未公布"
"""In the place of a count of people that is withheld."""


def number(value: int | None) -> str:
    """A count; nought is printed, as a report of nothing (零报告) is not the same as no report."""
    return UNTOLD if value is None else str(value)


def amount(value: int | None, unit: str) -> str:
    """A count with its unit."""
    return UNTOLD if value is None else f"{value}{unit}"


def name_of(names: dict[str, str], division: str) -> str:
    """The name of a division; a village's after its town's."""
    village = names.get(division, division)
    return names.get(division[:9], "") + village if len(division) > 9 else village  # noqa: PLR2004 - a village's code has 12


def paragraph(name: str, since: dt.date | None, to: dt.date, figures: Sequence[Figure]) -> str:
    """The figures as one Chinese paragraph, ready to print."""
    told = [f"{figure.title}{amount(figure.value, figure.unit)}" for figure in figures]
    return f"{period(since, to)},{name}" + ",".join(told) + "。"


def period(since: dt.date | None, to: dt.date) -> str:
    """A period as a Chinese paragraph begins with it."""
    return f"自{day(since)}至{day(to)}" if since else f"截至{day(to)}"


def day(date: dt.date) -> str:
    """A date as documents write it: 2020年3月5日."""
    return f"{date.year}年{date.month}月{date.day}日"


def sections_of(bulletin: Bulletin) -> Iterator[tuple[Section, list[Figure]]]:
    """The sections, each with its figures."""
    for section in bulletin.sections:
        yield section, [figure for figure in bulletin.figures if figure.section == section.title]


def change_of(value: int | None) -> str:
    """By how much what stands is more than the day before: +3, -2, 持平."""
    return UNTOLD if value is None else f"{value:+d}" if value else "持平"


def line_of(today: int | None, value: int | None, unit: str, *, stands: bool) -> str:
    """A figure's two columns (今日、累计) in one line."""
    if stands:
        more = "" if today is None else f"(较前一日{change_of(today)})"
        return f"现有{amount(value, unit)}{more}"
    return f"今日{amount(today, unit)},累计{amount(value, unit)}"


def cells_of(today: int | None, value: int | None, *, stands: bool) -> tuple[str, str]:
    """A figure's two columns (今日、累计) in a table; of what stands, the first is the change, and a part has none."""
    if stands:
        return "" if today is None else change_of(today), number(value)
    return number(today), number(value)


def rate_of(rate: RateFigure) -> str:
    """A share, and what of what it is."""
    if rate.percent is None:
        return f"{rate.title}:尚无办结,不计算"
    return f"{rate.title}:{rate.percent}%(成功{rate.good}{rate.unit},占办结{rate.whole}{rate.unit})"


def stamp(bulletin: Bulletin) -> str:
    """Of what, and until when."""
    since = f"统计期间:自{day(bulletin.from_)}起;" if bulletin.from_ else ""
    return f"{since}截至时间:{day(bulletin.to)}24时;范围:{bulletin.division_name}"


def source_of(bulletin: Bulletin) -> str:
    """What gives the same bulletin again."""
    note = "" if bulletin.whole else "以上只含您有权查阅的记录。"
    return f"{note}数据水位:{bulletin.watermark}(按此水位可复现本期)"
