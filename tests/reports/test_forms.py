"""The forms of a bulletin: which one Accept likes best, and that what offices wrote stays text in each."""

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.reports.bulletin import charts
from registry.reports.bulletin.html import as_html
from registry.reports.bulletin.negotiation import chosen
from registry.reports.bulletin.schemas import (
    Bulletin,
    Cell,
    Chart,
    DayValue,
    Earlier,
    Edition,
    Figure,
    FigurePart,
    Format,
    PlaceValue,
    RateFigure,
    Section,
)
from registry.reports.bulletin.wording import as_markdown, as_text, numeral, period, stamp

SVG = "{http://www.w3.org/2000/svg}"
DAYS = [dt.date(2020, 1, 22) + dt.timedelta(days=n) for n in range(44)]


def figure(**more: object) -> Figure:
    usual = {"name": "found", "title": "排查发现矛盾纠纷", "unit": "宗", "section": "矛盾纠纷", "stands": False}
    told = {"value": 7, "today": 2, "parts": [], "small": False, "as_of_day": None, "rounded_to": None}
    return Figure(**{**usual, **told, **more})  # type: ignore[arg-type] # fields by name


def bulletin(**more: object) -> Bulletin:
    usual: dict[str, object] = {
        "title": "雷州市综治维稳日报（第65期）", "issue": 65, "division": "440882", "division_name": "雷州市", "whole": True,
        "to": dt.date(2020, 3, 5), "figures": [figure()], "sections": [Section(title="矛盾纠纷", rates=[], told=[])],
        "charts": [], "earlier": [], "paragraph": "截至2020年3月5日，雷州市排查发现矛盾纠纷7宗。", "watermark": "wm_440882_9",
        "edition": Edition.INTERNAL, "as_of_day": None, "known_at": None,
    }  # fmt: skip
    return Bulletin(**{**usual, **more})  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("application/json", Format.JSON),
        ("text/plain", Format.TEXT),
        ("text/markdown, text/plain;q=0.5", Format.MARKDOWN),
        ("text/plain;q=0.5,text/markdown;q=0.9", Format.MARKDOWN),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format.HTML),
        ("TEXT/HTML;Q=1.0", Format.HTML),
        ("text/html;q=0, */*;q=0.1", Format.JSON),
        ("text/*, application/json;q=0.2", Format.TEXT),
        ("application/*", Format.JSON),
        ("image/png", Format.JSON),
        ("text/html;q=much, text/plain", Format.TEXT),
        (",, ;q=1,", Format.JSON),
    ],
)
def test_accept_chooses_the_form(accept: str, form: Format) -> None:
    assert chosen(accept) is form


@given(st.text(max_size=60))
def test_no_accept_header_is_too_strange(accept: str) -> None:
    assert chosen(accept) in Format


def test_the_text_has_both_columns_and_prints_nought() -> None:
    standing = figure(name="open", title="在办矛盾纠纷", stands=True, value=0, today=-3)
    part = FigurePart(code="land", title="涉土纠纷", value=5, today=0)
    rates = [RateFigure(name="r", title="调解成功率", unit="宗", percent=87.5, good=7, whole=8)]
    made = bulletin(
        figures=[figure(parts=[part]), standing], sections=[Section(title="矛盾纠纷", rates=rates, told=["一句。"])]
    )
    assert as_text(made) == (
        "《雷州市综治维稳日报（第65期）》\n截至时间：2020年3月5日24时；范围：雷州市\n\n"
        "截至2020年3月5日，雷州市排查发现矛盾纠纷7宗。\n\n（一）矛盾纠纷\n"
        "排查发现矛盾纠纷：今日2宗，累计7宗\n  其中涉土纠纷：今日0宗，累计5宗\n在办矛盾纠纷：现有0宗（较前日-3）\n"
        "调解成功率：87.5%（成功7宗，占办结8宗）\n一句。\n\n数据水位：wm_440882_9（按此水位可复现本期）\n"
    )


def test_a_share_of_nothing_is_not_computed() -> None:
    rates = [RateFigure(name="r", title="调解成功率", unit="宗", percent=None, good=0, whole=0)]
    assert "调解成功率：尚无办结，不计算" in as_text(
        bulletin(sections=[Section(title="矛盾纠纷", rates=rates, told=[])])
    )


def test_a_withheld_count_is_nowhere_a_number() -> None:
    made = bulletin(figures=[figure(value=None, today=None), figure(name="n", stands=True, value=None, today=None)])
    assert "今日未公布，累计未公布" in as_text(made)
    assert "现有未公布\n" in as_text(made)
    assert "| 未公布 | 未公布 |" in as_markdown(made)
    assert as_html(made).count("<td>未公布</td>") == 3
    assert not any("None" in render(made) for render in (as_text, as_markdown, as_html))


def test_who_does_not_see_it_all_is_told() -> None:
    for render in (as_text, as_markdown, as_html):
        assert "只含客路镇的记录" in render(bulletin(whole=False, division_name="客路镇"))
        assert "范围：仅含客路镇" in render(bulletin(whole=False, division_name="客路镇"))
        assert "只含" not in render(bulletin())
        assert "您" not in render(bulletin(whole=False))


@pytest.mark.parametrize("render", [as_text, as_markdown, as_html])
def test_a_count_of_people_says_of_which_day_it_is(render: Callable[[Bulletin], str]) -> None:
    told = figure(
        title="在管", unit="人", value=10, stands=True, today=None, rounded_to=5, as_of_day=dt.date(2020, 1, 31)
    )
    untold = msgspec.structs.replace(told, title="终止管理", value=None)
    page = render(bulletin(figures=[told, untold]))
    assert page.count("（截至1月31日）") == 1
    assert page.count("约10") == 1
    assert page.count("未公布") == 1
    small = render(bulletin(figures=[msgspec.structs.replace(untold, small=True, as_of_day=dt.date(2019, 12, 31))]))
    assert "（截至2019年12月31日）" in small
    assert "不足5" in small
    assert "截至" not in render(
        bulletin(figures=[msgspec.structs.replace(told, as_of_day=dt.date(2020, 3, 5))])
    ).replace("截至时间", "").replace("截至2020年3月5日", "")
    assert "公开版" in render(bulletin(edition=Edition.PUBLIC))
    assert "公开版" not in page


def test_what_stands_is_headed_as_that() -> None:
    standing = figure(name="open", title="在办矛盾纠纷", stands=True, value=4, today=-3)
    made = bulletin(figures=[standing, figure()])
    lines = as_markdown(made).splitlines()
    heads = [line for line in lines if line.startswith("| 指标")]
    assert heads == ["| 指标 | 今日 | 累计 | 单位 |", "| 指标 | 较前日 | 现有 | 单位 |"]
    assert lines[lines.index(heads[1]) + 2] == "| 在办矛盾纠纷 | -3 | 4 | 宗 |"
    assert as_html(made).count("<table>") == 2
    assert "<th>较前日</th><th>现有</th>" in as_html(made)


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (21, "二十一"), (99, "九十九"), (100, "100")],
)
def test_sections_have_numerals(number: int, text: str) -> None:
    assert numeral(number) == text


def test_no_section_is_dropped() -> None:
    sections = [Section(title=f"第{number}类", rates=[], told=[]) for number in range(1, 13)]
    lines = as_text(bulletin(sections=sections)).splitlines()
    assert [line for line in lines if line.startswith("（")][9:] == ["（十）第10类", "（十一）第11类", "（十二）第12类"]


@pytest.mark.parametrize(
    ("known_at", "until"),
    [
        (None, "2020年3月5日24时"),
        ("2020-03-05T16:30:00Z", "2020年3月5日24时"),
        ("2020-03-05T08:12:59Z", "2020年3月5日16时12分"),
        ("2020-03-04T16:00:00Z", "2020年3月5日0时0分"),
        ("2020-03-04T15:59:00Z", "2020年3月5日24时（数据截至2020年3月4日23时59分）"),
    ],
)
def test_the_stamp_says_until_when_it_is_known(known_at: str | None, until: str) -> None:
    at = None if known_at is None else dt.datetime.fromisoformat(known_at)
    assert stamp(bulletin(known_at=at)) == f"截至时间：{until}；范围：雷州市"


def test_one_day_is_one_day() -> None:
    day = dt.date(2020, 3, 5)
    assert (period(day, day), period(None, day)) == ("2020年3月5日", "截至2020年3月5日")
    assert stamp(bulletin(from_=day)).startswith("统计期间：2020年3月5日；截至时间：")
    assert stamp(bulletin(from_=dt.date(2020, 1, 22))).startswith("统计期间：自2020年1月22日起；")


@pytest.mark.parametrize("render", [as_text, as_markdown, as_html])
def test_a_note_is_read_first_and_its_path_as_text(render: Callable[[Bulletin], str]) -> None:
    rows = "/v1/restatements?then=wm_440882_1&now=wm_440882_9&division=440882"
    note = Earlier(to=DAYS[0], watermark="wm_440882_1", cells=[], paragraph="前期公布的数字有更正。", rows=rows)
    page = unescape(render(bulletin(earlier=[note])))
    places = [
        page.index(text)
        for text in (
            "雷州市排查发现",
            "更正说明",
            "前期公布的数字有更正。明细：",
            rows,
            "指标" if render is not as_text else "（一）",
        )
    ]
    assert places == sorted(places)
    assert "](" not in page
    assert "href" not in page


HOSTILE = "<script>alert(1)</script>&\"'|[x](http://x)`*\n#"


def hostile() -> Bulletin:
    """Text that offices may write, wherever it may come to stand."""
    chart = Chart(
        name="found", title=HOSTILE, unit="宗", places=[PlaceValue(code="440882102", name=HOSTILE, value=3)],
        days=[DayValue(day=day, value=1) for day in DAYS],
    )  # fmt: skip
    cell = Cell(name="found", title=HOSTILE, unit="宗", before=1, after=2, difference=1, rows_count=1)
    return bulletin(
        title=HOSTILE,
        division_name=HOSTILE,
        paragraph=HOSTILE,
        figures=[figure(parts=[FigurePart(code="x", title=HOSTILE, value=1, today=1)])],
        sections=[Section(title="矛盾纠纷", rates=[], told=[HOSTILE])],
        charts=[chart],
        earlier=[Earlier(to=DAYS[0], watermark="wm_440882_1", cells=[cell], paragraph=HOSTILE, rows="/v1/restatements?a=1&b=2")],
    )  # fmt: skip


def test_what_offices_wrote_stays_text_in_html() -> None:
    page = as_html(hostile())
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    tree = ET.fromstring(re.sub(r"<!DOCTYPE html>|<meta [^>]*>", "", page))  # noqa: S314 - well-formed but for these
    assert {each.tag.rpartition("}")[2] for each in tree.iter()} <= {
        "html", "head", "title", "style", "body", "header", "h1", "main", "p", "aside", "strong", "section", "h2",
        "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "small", "svg", "desc", "text", "rect", "line",
        "polygon", "polyline", "circle", "footer",
    }  # fmt: skip


def test_the_page_loads_nothing() -> None:
    page = as_html(hostile()).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"""(src|srcset|data|poster)=|url\(|@import|<(img|link|iframe|object)|\bon\w+=""", page)
    assert "http://x" in page  # as text
    assert "href=" not in page


def test_what_offices_wrote_makes_no_markdown() -> None:
    text = as_markdown(hostile())
    assert "\\<script\\>" in text
    assert "[x](" not in text.replace("\\[x\\](", "")
    assert "\\|" in text
    rows = [line for line in text.splitlines() if line.startswith("| 其中")]
    assert len(rows) == 1


# Charts


def shapes(picture: str, tag: str) -> list[ET.Element]:
    return list(ET.fromstring(picture).iter(SVG + tag))  # noqa: S314 - our own picture


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=20)


@given(st.lists(st.tuples(names, st.integers(0, 10**9)), min_size=1, max_size=30))
def test_a_bar_for_each_row_as_long_as_its_share(rows: list[tuple[str, int]]) -> None:
    picture = charts.bars("k", "标题", "场", rows)
    lengths = [float(each.get("width", "")) for each in shapes(picture, "rect")]
    most = max([value for _, value in rows] + [1])
    assert lengths == pytest.approx(
        [(charts.WIDTH - charts.LABEL - charts.VALUE) * value / most for _, value in rows], abs=0.06
    )
    numbers = [each.text for each in shapes(picture, "text")][1::2]
    assert numbers == [str(value) for _, value in rows]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_a_line_goes_through_every_day_and_stays_inside(values: list[int]) -> None:
    points = [(DAYS[0] + dt.timedelta(days=n), value) for n, value in enumerate(values)]
    picture = charts.line("k", "标题", "场", points)
    (line,) = shapes(picture, "polyline")
    spots = [tuple(map(float, spot.split(","))) for spot in line.get("points", "").split()]
    assert len(spots) == len(values)
    assert all(charts.LEFT <= x <= charts.WIDTH and charts.TOP <= y <= charts.HEIGHT for x, y in spots)
    assert spots[values.index(max(values))][1] == min(y for _, y in spots)


def test_a_chart_can_be_heard() -> None:
    picture = charts.bars("gatherings", "各地聚集活动", "场", [("客路镇", 155), ("湛江奋勇高新技术产业开发区", 0)])
    root = ET.fromstring(picture)  # noqa: S314 - our own picture
    assert root.get("role") == "img"
    ids = {each.get("id"): each.text for each in root.iter() if each.get("id")}
    told = [ids[each] for each in root.get("aria-labelledby", "").split()]
    assert told == ["各地聚集活动", "各地聚集活动（场）：客路镇155、湛江奋勇高新技术产业开发区0"]
