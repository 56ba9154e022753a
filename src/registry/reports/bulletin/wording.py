"""The words of a bulletin that all its forms share, and its forms as JSON, text and Markdown."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence

import msgspec

from registry.ledger.clock import BEIJING, beijing_day, microseconds
from registry.ledger.versions import encode
from registry.reports.bulletin.narrative import as_of_month_end
from registry.reports.bulletin.schemas import Bulletin, Earlier, Edition, Figure, RateFigure, Section

UNTOLD = "未公布"
"""In the place of a count of people that is not told."""
SMALL = "不足5"
"""In the place of one from 1 to 4."""
PUBLIC = "公开版：除全县在管人数外，患者人数按上月末取约数，不足5的不列"
COLUMNS = {False: ("今日", "累计"), True: ("较前日", "现有")}
"""What a figure's two columns are called: of what happened in the period, and of what stands at its end."""
DIGITS = "零一二三四五六七八九"
MARKDOWN_SPECIAL = re.compile(r"([\\`*\[\]<>#|~&])")


def number(value: int | None) -> str:
    """A count; nought is printed, as a report of nothing (零报告) is not the same as no report."""
    return UNTOLD if value is None else str(value)


def amount(value: int | None, unit: str) -> str:
    """A count with its unit."""
    return UNTOLD if value is None else f"{value}{unit}"


def number_of(figure: Figure) -> str:
    """A figure's value: rounded ones are 约, and people from 1 to 4 are 不足5."""
    if figure.small:
        return SMALL
    return f"约{figure.value}" if figure.value is not None and figure.rounded_to else number(figure.value)


def amount_of(figure: Figure) -> str:
    """A figure's value with its unit."""
    return UNTOLD if figure.value is None and not figure.small else f"{number_of(figure)}{figure.unit}"


def paragraph(name: str, since: dt.date | None, to: dt.date, figures: Sequence[Figure]) -> str:
    """The figures as one Chinese paragraph, ready to print."""
    told = [f"{figure.title}{amount_of(figure)}{month_end_of(figure, to)}" for figure in figures]
    return f"{period(since, to)}，{name}" + "，".join(told) + "。"


def month_end_of(figure: Figure, to: dt.date) -> str:
    """Said of a count of people that is as of an earlier day: （截至1月31日）."""
    told = figure.value is not None or figure.small
    return as_of_month_end(figure.as_of_day, to) if told else ""


def period(since: dt.date | None, to: dt.date) -> str:
    """A period as a Chinese paragraph begins with it."""
    if since == to:
        return day(to)
    return f"自{day(since)}至{day(to)}" if since else f"截至{day(to)}"


def day(date: dt.date) -> str:
    """A date as documents write it: 2020年3月5日."""
    return f"{date.year}年{date.month}月{date.day}日"


def sections_of(bulletin: Bulletin) -> Iterator[tuple[Section, list[Figure]]]:
    """The sections, each with its figures."""
    for section in bulletin.sections:
        yield section, [figure for figure in bulletin.figures if figure.section == section.title]


def tables_of(figures: Sequence[Figure]) -> Iterator[tuple[tuple[str, str], list[Figure]]]:
    """The figures in tables: what happened, what stands; each under the names of its two columns."""
    for stands, columns in COLUMNS.items():
        if found := [figure for figure in figures if figure.stands is stands]:
            yield columns, found


def numeral(number: int) -> str:
    """A section's number in Chinese: 一, 十一, 二十; past 99 in digits."""
    tens, ones = divmod(number, 10)
    if tens >= len(DIGITS):
        return str(number)
    return f"{DIGITS[tens] if tens > 1 else ''}{'十' if tens else ''}{DIGITS[ones] if ones else ''}"


def change_of(value: int | None) -> str:
    """By how much what stands is more than the day before: +3, -2, 持平."""
    return UNTOLD if value is None else f"{value:+d}" if value else "持平"


def line_of(today: int | None, told: str, unit: str, *, stands: bool) -> str:
    """A figure's two columns in one line; the second, with its unit, as it is told."""
    if stands:
        more = "" if today is None else f"（较前日{change_of(today)}）"
        return f"现有{told}{more}"
    return f"今日{amount(today, unit)}，累计{told}"


def cells_of(today: int | None, told: str, *, stands: bool) -> tuple[str, str]:
    """A figure's two columns in a table; of what stands, the first is the change, and a part has none. The second is as it is told."""
    if stands:
        return "" if today is None else change_of(today), told
    return number(today), told


def rate_of(rate: RateFigure) -> str:
    """A share, and what of what it is."""
    if rate.percent is None:
        return f"{rate.title}：尚无办结，不计算"
    return f"{rate.title}：{rate.percent}%（成功{rate.good}{rate.unit}，占办结{rate.whole}{rate.unit}）"


def stamp(bulletin: Bulletin) -> str:
    """Of what, and until when."""
    first = bulletin.from_
    since = "" if first is None else f"统计期间：{day(first) if first == bulletin.to else f'自{day(first)}起'}；"
    only = "" if bulletin.whole else "仅含"
    edition = f"；{PUBLIC}" if bulletin.edition is Edition.PUBLIC else ""
    return f"{since}截至时间：{_until(bulletin.to, bulletin.known_at)}；范围：{only}{bulletin.division_name}{edition}"


def _until(to: dt.date, known_at: dt.datetime | None) -> str:
    """Until when the last day is told: to its end where the log went on after it; else as far as the log had come."""
    if known_at is None or beijing_day(microseconds(known_at)) > to:
        return f"{day(to)}24时"
    known = known_at.astimezone(BEIJING)
    clock = f"{known.hour}时{known.minute}分"
    return f"{day(to)}{clock}" if known.date() == to else f"{day(to)}24时（数据截至{day(known.date())}{clock}）"


def note_of(earlier: Earlier) -> str:
    """A note on an earlier bulletin, and where its particulars are read."""
    return f"{earlier.paragraph}明细：{earlier.rows}"


def source_of(bulletin: Bulletin) -> str:
    """What gives the same bulletin again."""
    note = "" if bulletin.whole else f"以上只含{bulletin.division_name}的记录。"
    return f"{note}数据水位：{bulletin.watermark}（按此水位可复现本期）"


def as_json(bulletin: Bulletin) -> bytes:
    """The bulletin as it is, and the total of each figure under its name."""
    return encode({figure.name: figure.value for figure in bulletin.figures} | msgspec.to_builtins(bulletin))


def as_text(bulletin: Bulletin) -> str:
    """The whole bulletin, ready for a chat group or a fax."""
    return "\n".join(_text_lines(bulletin)) + "\n"


def _text_lines(bulletin: Bulletin) -> Iterator[str]:
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
            yield from _text_figure(figure, month_end_of(figure, bulletin.to))
        yield from (rate_of(each) for each in section.rates)
        yield from section.told
    yield ""
    yield source_of(bulletin)


def _text_figure(figure: Figure, as_of: str) -> Iterator[str]:
    yield f"{figure.title}：{line_of(figure.today, amount_of(figure), figure.unit, stands=figure.stands)}{as_of}"
    for part in figure.parts:
        yield f"  其中{part.title}：{line_of(part.today, amount(part.value, figure.unit), figure.unit, stands=figure.stands)}"


def as_markdown(bulletin: Bulletin) -> str:
    """The whole bulletin: a heading, the paragraph, notes; tables and what is told for each section."""
    return "\n".join(_markdown_lines(bulletin)) + "\n"


def _markdown_lines(bulletin: Bulletin) -> Iterator[str]:
    yield f"# {_escaped(bulletin.title)}"
    yield ""
    yield _escaped(stamp(bulletin))
    yield ""
    yield _escaped(bulletin.paragraph)
    for earlier in bulletin.earlier:
        yield from ("", f"> **更正说明** {_escaped(earlier.paragraph)}明细：`{earlier.rows}`")
    for section, figures in sections_of(bulletin):
        yield from ("", f"## {_escaped(section.title)}")
        for columns, rows in tables_of(figures):
            yield from ("", f"| 指标 | {' | '.join(columns)} | 单位 |", "| --- | ---: | ---: | --- |")
            for figure in rows:
                yield from _markdown_rows(figure, month_end_of(figure, bulletin.to))
        for line in [*(rate_of(each) for each in section.rates), *section.told]:
            yield from ("", _escaped(line))
    yield from ("", "---", "", _escaped(source_of(bulletin)))


def _markdown_rows(figure: Figure, as_of: str) -> Iterator[str]:
    today, value = cells_of(figure.today, number_of(figure), stands=figure.stands)
    yield f"| {_escaped(figure.title)}{as_of} | {today} | {value} | {figure.unit} |"
    for part in figure.parts:
        today, value = cells_of(part.today, number(part.value), stands=figure.stands)
        yield f"| 其中：{_escaped(part.title)} | {today} | {value} | {figure.unit} |"


def _escaped(text: str) -> str:
    """Text that stands as it is: what offices wrote makes no link, table or tag."""
    return MARKDOWN_SPECIAL.sub(r"\\\1", text)
