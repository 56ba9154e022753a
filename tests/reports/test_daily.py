"""The bulletin day by day: its columns add up, its forms say the same, and what it said before is put right."""

import datetime as dt
import os
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from registry.core.principals import Principal, Role
from registry.core.sealing import Sealer
from registry.core.unit_of_work import Tx
from registry.core.use_cases import outcome
from registry.db.key_store import KeyStore
from registry.divisions.codes import Level
from registry.divisions.schemas import DivisionIn
from registry.divisions.service import record_division
from registry.ledger.batch import Batch, WriteOutcome
from registry.ledger.clock import BEIJING, beijing_day, microseconds, wall_clock
from registry.ledger.committer import commit
from registry.ledger.ids import new_id
from registry.ledger.tables import BOOKS
from registry.reports.statistics.people import last_of_month
from registry.settings import Settings
from tests import factories
from tests.api import Api, pointers
from tests.conftest import COUNTY, RULEBOOK
from tests.reports.test_bulletin import KELU, MEASURES, SISTER, VILLAGE, fill
from tests.reports.test_restatements import REGISTERS, head, perform, steps

AT = "/v1/bulletin"
REASON = {"code": "typing_error", "text": "录入有误(示范)"}
MEDIA = {"json": "application/json", "text": "text/plain", "markdown": "text/markdown", "html": "text/html"}
EXAMPLES = int(os.environ.get("REGISTRY_TEST_EXAMPLES", "3"))
Entry = dict[str, Any]


# Columns

DATES = [(dt.date(2020, 2, 1) + dt.timedelta(days=n)).isoformat() for n in range(28)]
STANDING = {"disputes_open", "disputes_overdue", "patients_on_roster"}


@hypothesis(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],  # as in test_restatements
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    history=steps,
    who=st.sampled_from(["supervisor", "clerk"]),
    asked=st.tuples(st.sampled_from(DATES), st.sampled_from(DATES)).map(sorted),
)
def test_the_days_add_up_to_the_period(
    api: Api, history: list[tuple[str, str, str, int, str, int]], who: str, asked: list[str]
) -> None:
    """With corrections, voidings and transfers among the history, at one watermark."""
    entries: dict[str, list[str]] = {register: [] for register in REGISTERS}
    for step in history:
        perform(api, entries, step)
    at, (since, to) = f"as_of=wm_440882_{head(api)}", asked
    division = KELU if who == "clerk" else "440882"
    period = api.get(f"{AT}?division={division}&from={since}&to={to}&{at}", who).json()
    days = [day for day in DATES if since <= day <= to]
    columns = [api.get(f"{AT}?division={division}&from={since}&to={day}&{at}", who).json()["figures"] for day in days]
    before = (dt.date.fromisoformat(since) - dt.timedelta(days=1)).isoformat()
    stood = api.get(f"{AT}?division={division}&to={before}&{at}", who).json()
    for index, figure in enumerate(period["figures"]):
        name = figure["name"]
        assert figure["stands"] is (name in STANDING)
        start = stood[name] if figure["stands"] else 0
        assert start + sum(column[index]["today"] for column in columns) == figure["value"] == period[name], name
        parts = {part["code"]: part for part in figure["parts"]}
        assert sum(part["value"] for part in parts.values()) <= figure["value"]
        if not figure["stands"] and parts:
            assert sum(part["today"] for part in parts.values()) <= figure["today"]
    for chart in period["charts"]:
        assert sum(day["value"] for day in chart["days"]) == period[chart["name"]]
        assert [day["day"] for day in chart["days"]] == days
        places = sum(place["value"] for place in chart["places"])
        assert places == period[chart["name"]] if len(division) == 6 else places <= period[chart["name"]]


def test_it_names_every_part_and_place(api: Api) -> None:
    fill(api)
    bulletin = api.get(f"{AT}?to=2020-02-11", "supervisor").json()
    figures = {figure["name"]: figure for figure in bulletin["figures"]}
    assert [(p["title"], p["value"], p["today"]) for p in figures["gatherings_cancelled"]["parts"]] == [("年例", 27, 0)]
    assert [(p["title"], p["value"], p["today"]) for p in figures["sheds_demolished"]["parts"]] == [("聚众赌博", 5, 3)]
    assert figures["disputes_found"]["parts"][0]["title"] == "涉土纠纷"
    (gatherings,) = [chart for chart in bulletin["charts"] if chart["name"] == "gatherings_cancelled"]
    assert [(p["name"], p["value"]) for p in gatherings["places"]] == [("客路镇", 15), ("白沙镇", 12)]
    town = api.get(f"{AT}?to=2020-02-11&division={KELU}").json()["charts"]
    (gatherings,) = [chart for chart in town if chart["name"] == "gatherings_cancelled"]
    assert [(p["name"], p["value"]) for p in gatherings["places"]] == [("客路村委会", 9), ("迈港村委会", 6)]
    assert len(gatherings["days"]) == 60


def test_the_share_of_the_settled_says_of_what(api: Api) -> None:
    fill(api)
    for to, expected in (("2020-02-07", (None, 0, 0)), ("2020-02-08", (100.0, 3, 3)), ("2020-02-12", (75.0, 3, 4))):
        (rate,) = api.get(f"{AT}?to={to}", "supervisor").json()["sections"][0]["rates"]
        assert (rate["percent"], rate["good"], rate["whole"]) == expected
    text = api.get(f"{AT}?to=2020-02-12&format=text", "supervisor").text
    assert "调解成功率：75.0%（成功3宗，占办结4宗）" in text


@pytest.mark.parametrize("since", ["", "&from=2020-01-22", "&from=2020-03-05", "&from=0001-01-01"])
def test_one_day_has_one_number(api: Api, since: str) -> None:
    bulletin = api.get(f"{AT}?to=2020-03-05{since}", "bot").json()
    assert (bulletin["issue"], bulletin["title"]) == (65, "雷州市综治维稳日报（第65期）")


# Forms


def test_the_forms_are_asked_for_by_query_or_accept(api: Api) -> None:
    fill(api)
    query = f"{AT}?division={KELU}&to=2020-02-20"
    for form, ending in {"json": "json", "text": "txt", "markdown": "md", "html": "html"}.items():
        asked = api.get(f"{query}&format={form}", "bot")
        assert asked.headers["content-type"].partition(";")[0] == MEDIA[form]
        assert "Accept" in asked.headers["Vary"]
        assert asked.headers["Content-Disposition"] == f'inline; filename="bulletin-{KELU}-2020-02-20.{ending}"'
        assert ("Content-Security-Policy" in asked.headers) is (form == "html")
        assert api.get(query, "bot", headers={"Accept": MEDIA[form]}).content == asked.content
        other = api.get(f"{query}&format={form}", "bot", headers={"Accept": "text/plain"})
        assert other.content == asked.content
        again = api.get(f"{query}&format={form}", "bot", headers={"If-None-Match": asked.headers["ETag"]})
        assert again.status_code == 304


def test_each_form_has_a_tag_of_its_own(api: Api) -> None:
    assert len({api.get(f"{AT}?format={form}").headers["ETag"] for form in MEDIA}) == len(MEDIA)


def test_there_is_no_other_form(api: Api) -> None:
    answer = api.get(f"{AT}?format=pdf")
    assert (answer.status_code, pointers(answer)) == (400, {"#format"})
    assert (
        api.get(AT, "administrator", headers={"Accept": "text/html"}).headers["content-type"]
        == "application/problem+json"
    )


def test_every_form_tells_every_figure(api: Api) -> None:
    fill(api)
    for who in ("supervisor", "dashboard"):
        bulletin = api.get(f"{AT}?to=2020-02-11", who).json()
        for form in ("text", "markdown", "html"):
            page = api.get(f"{AT}?to=2020-02-11&format={form}", who).text.replace("\\", "")
            for figure in bulletin["figures"]:
                value = "未公布" if figure["value"] is None else figure["value"]
                told = {
                    "text": f"{value}{figure['unit'] if figure['value'] is not None else ''}",
                    "markdown": f"| {value} | {figure['unit']} |",
                    "html": f"<td>{value}</td><td>{figure['unit']}</td>",
                }[form]
                assert told in page
                assert figure["title"] in page
            assert bulletin["paragraph"] in page
            assert bulletin["watermark"] in page


def test_a_watermark_gives_every_form_again(api: Api) -> None:
    fill(api)
    gathering = api.made("/v1/gatherings", factories.gathering())
    case = api.made("/v1/disputes", factories.dispute(risk="major"))
    asked = {form: f"{AT}?from=2020-01-01&to=2020-03-05&format={form}" for form in MEDIA}
    then = {form: api.get(asked[form], "supervisor") for form in MEDIA}
    api.act(f"/v1/gatherings/{gathering['id']}/void", {"reason": REASON}, 1, "supervisor")
    api.patch(f"/v1/disputes/{case['id']}", {"title": "另一标题(示范)"}, 1)
    api.made("/v1/campaigns", factories.campaign(), "supervisor")
    for form, answer in then.items():
        assert api.get(asked[form], "supervisor").content != answer.content
        again = api.get(f"{asked[form]}&as_of={answer.headers['Registry-Watermark']}", "supervisor")
        assert again.content == answer.content


HALF = re.compile(r"[\u4e00-\u9fff》〕」][,:;()]|[,:;()][\u4e00-\u9fff《〔「]")
"""ASCII punctuation beside Chinese, where GB/T 15834 has it full width."""


def test_punctuation_is_full_width(api: Api, next_day: Callable[[], tuple[str, str]]) -> None:
    fill(api)
    case = api.made("/v1/disputes", factories.dispute(risk="major"))["id"]
    api.made("/v1/agreements", factories.agreement(case))
    api.made("/v1/gatherings", factories.gathering(kind="opera"))
    api.made("/v1/campaigns", factories.campaign(purpose="逐户走访"), "supervisor")
    for to, on in (("accepted", "2020-02-03"), ("mediating", "2020-02-04"), ("agreed", "2020-02-08")):
        api.act(f"/v1/disputes/{case}/move", {"to": to, "on": on})
    _, day = next_day()
    api.made("/v1/gatherings", factories.gathering())
    for who in ("supervisor", "village_clerk", "dashboard"):
        for query in (f"to={day}", "from=2020-01-01&to=2020-03-05", "from=2020-03-05&to=2020-03-05"):
            for form in ("text", "markdown", "html"):
                page = api.get(f"{AT}?{query}&format={form}", who).text
                said = re.sub(r"(?s)<style>.*?</style>|<[^>]*>", "", page).replace("(示范)", "")
                assert HALF.search(said) is None, (query, form, said)


# What is told of single entries


def test_a_major_dispute_is_told_and_nobody_in_it_named(api: Api) -> None:
    named = {"title": "示范何与示范李林地纠纷", "risk": "major", "discovered_on": "2020-02-01"}
    major = api.made("/v1/disputes", factories.dispute(**named))
    api.made("/v1/disputes", factories.dispute(title="一般纠纷(示范)"))
    (told,) = api.get(f"{AT}?to=2020-02-06").json()["sections"][0]["told"]
    assert told == f"〔{major['case_number']}〕客路镇迈港村委会2方当事人林地林木纠纷：在办5天。"
    for to, on in (("accepted", "2020-02-03"), ("mediating", "2020-02-04")):
        api.act(f"/v1/disputes/{major['id']}/move", {"to": to, "on": on})
    (told,) = api.get(f"{AT}?to=2020-03-05").json()["sections"][0]["told"]
    assert told.endswith("在办33天，调解期限至3月3日（已超期）。")
    api.made("/v1/proceedings", factories.proceeding(major["id"]))
    api.made("/v1/agreements", factories.agreement(major["id"], title="示范何调解协议书"))
    api.act(f"/v1/disputes/{major['id']}/move", {"to": "agreed", "on": "2020-02-08"})
    (told,) = api.get(f"{AT}?to=2020-03-05").json()["sections"][0]["told"]
    assert told == (
        f"〔{major['case_number']}〕2月1日，客路镇迈港村委会2方当事人因涉土问题引发纠纷；"
        "5天内促成双方签订1份协议，成功化解该宗历经复议的林地林木纠纷（复议1次）。"
    )
    assert not {"示范郑", "示范何"} & set(re.findall("示范[郑何]", api.get(f"{AT}?to=2020-03-05&format=html").text))
    assert api.get(f"{AT}?to=2020-03-05", "neighbour").json()["sections"][0]["told"] == []
    assert api.get(f"{AT}?from=2020-02-09&to=2020-03-05").json()["sections"][0]["told"] == []


def test_a_drive_is_told_with_its_coverage(api: Api) -> None:
    api.made("/v1/campaigns", factories.campaign(purpose="逐户走访(示范)"), "supervisor")
    for number in range(8):
        patient = api.made("/v1/patients", factories.patient(division=SISTER, id_number=None))["id"]
        if number < 6:
            team = [{"role": "police", "name": "示范吴"}, {"role": "grid_worker", "name": "示范周"}][: 1 + (number > 0)]
            api.made("/v1/visits", factories.visit(patient, visited_on="2020-02-14", team=team))
    begun = "2月12日起，客路镇开展排查走访专项行动(示范)，逐户走访(示范)"
    (told,) = api.get(f"{AT}?to=2020-02-20").json()["sections"][1]["told"]
    assert told == f"{begun}：在管患者8人，已走访见面6人（其中联合走访5人），覆盖率75.0%，尚未见面2人。"
    (told,) = api.get(f"{AT}?to=2020-02-13").json()["sections"][1]["told"]
    assert told.endswith("在管患者8人，已走访见面0人（其中联合走访0人），覆盖率0.0%，尚未见面8人。")
    assert api.get(f"{AT}?to=2020-02-20", "dashboard").json()["sections"][1]["told"] == [f"{begun}。"]
    assert api.get(f"{AT}?to=2020-02-20&division={SISTER}").json()["sections"][1]["told"] == [f"{begun}。"]
    assert api.get(f"{AT}?to=2020-02-11").json()["sections"][1]["told"] == []
    assert api.get(f"{AT}?to=2020-02-20&division=440882100", "neighbour").json()["sections"][1]["told"] == []


# What was said before


@pytest.fixture
def next_day(settings: Settings, run: Callable[[Callable[[Connection], Any]], Any]) -> Callable[[], tuple[str, str]]:
    """Records something on the morning after the last version: the ledger's time never runs backwards, so that all later writes
    are of that day. Answers the two days.
    """

    def last(connection: Connection) -> int:
        return int(connection.execute(select(BOOKS.c.last_recorded_at).where(BOOKS.c.book == COUNTY)).scalar_one())

    def record() -> tuple[str, str]:
        today = beijing_day(run(last))
        morning = microseconds(dt.datetime.combine(today + dt.timedelta(days=1), dt.time(9), BEIJING))
        who = Principal(new_id(), COUNTY, "示范", Role.ADMINISTRATOR, (COUNTY,), None, None)
        sealer = Sealer(settings.key_file, KeyStore(settings.key_store))
        data = DivisionIn(name="新村(示范)", level=Level.HAMLET, valid_from=today, parent=VILLAGE)

        def work(batch: Batch) -> WriteOutcome:
            tx = Tx(batch, who, sealer, RULEBOOK)
            return outcome(tx, record_division(tx, new_id(), data))

        (result,) = run(lambda connection: commit(connection, COUNTY, [work], lambda: morning))
        assert not isinstance(result, Exception), result
        return today.isoformat(), (today + dt.timedelta(days=1)).isoformat()

    return record


def test_what_a_bulletin_said_before_is_put_right(api: Api, next_day: Callable[[], tuple[str, str]]) -> None:
    gathering = api.made("/v1/gatherings", factories.gathering(sessions=3))
    shed = api.made("/v1/sheds", factories.shed(count=2))
    yesterday, today = next_day()
    assert api.get(f"{AT}?to={today}", "supervisor").json()["earlier"] == []
    api.act(f"/v1/gatherings/{gathering['id']}/correct", {"reason": REASON, "changes": {"sessions": 5}}, 1)
    api.made("/v1/gatherings", factories.gathering(sessions=2))
    api.made("/v1/gatherings", factories.gathering(sessions=40, decided_on=today, planned_from=today))
    api.act(f"/v1/sheds/{shed['id']}/void", {"reason": REASON}, 1, "supervisor")
    api.made("/v1/patients", factories.patient())
    bulletin = api.get(f"{AT}?to={today}", "supervisor").json()
    assert (bulletin["gatherings_cancelled"], bulletin["sheds_demolished"]) == (47, 0)
    (earlier,) = bulletin["earlier"]
    year, month, day = map(int, yesterday.split("-"))
    assert earlier["paragraph"] == (
        f"前期公布的截至{year}年{month}月{day}日的数字有更正：在管严重精神障碍患者由0人更正为1人（增加1人）：新增1条；"
        "取消或暂停各类聚集活动由3场更正为7场（增加4场）：新增1条、更正1条；"
        "铲除易诱发聚集赌博（娱乐）场所（简易棚）由2个更正为0个（减少2个）：作废1条。"
    )
    then = api.get(f"{AT}?to={yesterday}&as_of={earlier['watermark']}", "supervisor").json()
    now = api.get(f"{AT}?to={yesterday}", "supervisor").json()
    cells = {cell["name"]: (cell["before"], cell["after"]) for cell in earlier["cells"]}
    assert cells == {name: (then[name], now[name]) for name in MEASURES if then[name] != now[name]}
    restatement = api.get(earlier["rows"], "supervisor").json()
    assert [cell for cell in restatement["cells"] if cell["difference"]] == earlier["cells"]
    for form in ("text", "markdown", "html"):
        page = api.get(f"{AT}?to={today}&format={form}", "supervisor").text.replace("\\", "")
        assert earlier["paragraph"] in page
    assert "患者" not in api.get(f"{AT}?to={today}", "dashboard").json()["earlier"][0]["paragraph"]
    assert api.get(f"{AT}?to={today}", "neighbour").json()["earlier"] == []
    assert api.get(f"{AT}?from={today}&to={today}", "supervisor").json()["earlier"] == []
    (own,) = api.get(f"{AT}?to={yesterday}", "supervisor").json()["earlier"]
    assert (own["to"], own["cells"]) == (yesterday, earlier["cells"])
    assert api.get(f"{AT}?to={today}&as_of={earlier['watermark']}", "supervisor").json()["earlier"] == []


def sessions(notes: list[Entry]) -> list[tuple[str, int, int]]:
    """The notes on gatherings: of which day, from what to what."""
    return [(note["to"], cell["before"], cell["after"]) for note in notes for cell in note["cells"]]


def test_a_reprint_tells_what_the_bulletin_said_at_first(api: Api, next_day: Callable[[], tuple[str, str]]) -> None:
    """The days before are put right once: by the bulletin of the day, and by the reprint as it was."""
    today = beijing_day(wall_clock()).isoformat()
    gathering = api.made("/v1/gatherings", factories.gathering(sessions=3))
    api.made("/v1/gatherings", factories.gathering(sessions=4, decided_on=today, planned_from=today))
    printed = api.get(f"{AT}?to={today}", "supervisor").json()
    assert printed["earlier"] == []
    _, tomorrow = next_day()
    api.act(f"/v1/gatherings/{gathering['id']}/correct", {"reason": REASON, "changes": {"sessions": 5}}, 1)
    reprinted = api.get(f"{AT}?to={today}", "supervisor").json()
    assert (printed["gatherings_cancelled"], reprinted["gatherings_cancelled"]) == (7, 9)
    assert sessions(reprinted["earlier"]) == [(today, 7, 9)]
    assert sessions(api.get(f"{AT}?to={tomorrow}", "supervisor").json()["earlier"]) == [(today, 7, 9)]
    (note,) = reprinted["earlier"]
    assert [cell for cell in api.get(note["rows"], "supervisor").json()["cells"] if cell["difference"]] == note["cells"]
    for form in ("text", "markdown", "html"):
        assert "由7场更正为9场" in api.get(f"{AT}?to={today}&format={form}", "supervisor").text
    _, after = next_day()
    api.act(f"/v1/gatherings/{gathering['id']}/correct", {"reason": REASON, "changes": {"sessions": 6}}, 2)
    again = api.get(f"{AT}?to={tomorrow}", "supervisor").json()["earlier"]
    assert sessions(again) == [(today, 7, 9), (tomorrow, 9, 10)]
    assert sessions(api.get(f"{AT}?to={after}", "supervisor").json()["earlier"]) == [(tomorrow, 9, 10)]


def test_what_was_printed_last_may_be_said(api: Api, next_day: Callable[[], tuple[str, str]]) -> None:
    """Monday's bulletin tells what was put right on Saturday, after Saturday's was printed."""
    gathering = api.made("/v1/gatherings", factories.gathering(sessions=3))
    saturday = beijing_day(wall_clock()).isoformat()
    printed = api.get(AT, "supervisor").json()["watermark"]
    api.act(f"/v1/gatherings/{gathering['id']}/correct", {"reason": REASON, "changes": {"sessions": 5}}, 1)
    next_day()
    _, monday = next_day()
    assert sessions(api.get(f"{AT}?to={monday}", "supervisor").json()["earlier"]) == []
    bulletin = api.get(f"{AT}?to={monday}&since={printed}", "supervisor").json()
    assert sessions(bulletin["earlier"]) == [(saturday, 3, 5)]
    assert bulletin["earlier"][0]["watermark"] == printed
    assert api.get(f"{AT}?to={monday}&since={bulletin['watermark']}", "supervisor").json()["earlier"] == []
    now = api.get(f"{AT}?to={monday}&since={printed}&as_of={bulletin['watermark']}", "supervisor").json()
    assert now == bulletin


def test_what_was_printed_last_is_of_this_book_and_before(api: Api) -> None:
    api.made("/v1/gatherings", factories.gathering())
    head = int(api.get(AT).json()["watermark"].rpartition("_")[2])
    for query in (
        f"since=wm_440882_{head + 1}",
        "since=wm_440883_1",
        "since=2999-01-01",
        f"since=wm_440882_{head}&as_of=wm_440882_1",
    ):
        answer = api.get(f"{AT}?{query}")
        assert (answer.status_code, pointers(answer)) == (422, {"#since"}), query
    assert api.get(f"{AT}?since=soon").status_code == 400


# Until when


def clock_of(moment: str) -> str:
    there = dt.datetime.fromisoformat(moment).astimezone(BEIJING)
    return f"{there.year}年{there.month}月{there.day}日{there.hour}时{there.minute}分"


def test_a_day_that_is_not_over_is_told_until_the_last_version(
    api: Api, next_day: Callable[[], tuple[str, str]]
) -> None:
    entry = api.made("/v1/gatherings", factories.gathering())
    bulletin = api.get(AT).json()
    assert bulletin["known_at"] == entry["meta"]["recorded_at"]
    text = api.get(f"{AT}?format=text").text
    assert f"截至时间：{clock_of(entry['meta']['recorded_at'])}；范围" in text
    today, tomorrow = next_day()
    assert api.get(f"{AT}?format=text&as_of={bulletin['watermark']}").text == text
    year, month, day = map(int, today.split("-"))
    assert f"截至时间：{year}年{month}月{day}日24时；" in api.get(f"{AT}?format=text&to={today}").text
    assert "日9时0分；" in api.get(f"{AT}?format=text&to={tomorrow}").text


# What is told of counts of people


def test_counts_of_people_say_of_which_day_they_are(api: Api, end_month: Callable[[], None]) -> None:
    for _ in range(7):
        api.made("/v1/patients", factories.patient(id_number=None))
    last = last_of_month(beijing_day(wall_clock()))
    end_month()
    bulletin = api.get(f"{AT}?to=2199-12-31", "bot").json()
    said = f"（截至{last.year}年{last.month}月{last.day}日）"
    assert f"在管严重精神障碍患者7人{said}，走访0人次，联合走访0人次" in bulletin["paragraph"]
    assert bulletin["as_of_day"] == last.isoformat()
    days = {figure["name"]: figure["as_of_day"] for figure in bulletin["figures"] if figure["as_of_day"]}
    assert days == {"patients_on_roster": last.isoformat()}
    for form in ("text", "markdown", "html"):
        assert api.get(f"{AT}?to=2199-12-31&format={form}", "bot").text.count(said) == 2
        assert said not in api.get(f"{AT}?to=2199-12-31&format={form}", "supervisor").text
    assert api.get(f"{AT}?to=2199-12-31", "supervisor").json()["as_of_day"] is None


def test_a_dashboard_is_not_told_how_many_a_drive_has_met(api: Api, end_month: Callable[[], None]) -> None:
    """That is how many people there are, town by town."""
    for _ in range(7):
        api.made("/v1/patients", factories.patient(id_number=None))
    day = (beijing_day(wall_clock()) + dt.timedelta(days=40)).isoformat()
    for starts_on in ("2020-02-12", day):
        api.made("/v1/campaigns", factories.campaign(starts_on=starts_on), "supervisor")
    end_month()
    told = api.get(f"{AT}?to=2199-12-31", "bot").json()["sections"][1]["told"]
    assert [each.partition("起，")[2] for each in told] == ["客路镇开展排查走访专项行动(示范)。"] * 2
    assert all("在管患者7人" in each for each in api.get(f"{AT}?to=2199-12-31").json()["sections"][1]["told"])


# Single entries of other years


def test_other_years_are_told_with_their_year(api: Api) -> None:
    case = api.made("/v1/disputes", factories.dispute(risk="major", discovered_on="2019-12-30"))["id"]
    for to, on in (("accepted", "2019-12-31"), ("mediating", "2020-01-02")):
        api.act(f"/v1/disputes/{case}/move", {"to": to, "on": on})
    (told,) = api.get(f"{AT}?to=2020-01-05").json()["sections"][0]["told"]
    assert told.endswith("在办6天，调解期限至2月3日。")
    (told,) = api.get(f"{AT}?to=2021-01-05").json()["sections"][0]["told"]
    assert told.endswith("调解期限至2020年2月3日（已超期）。")
    api.made("/v1/agreements", factories.agreement(case, signed_on="2020-01-03"))
    api.act(f"/v1/disputes/{case}/move", {"to": "agreed", "on": "2020-01-03"})
    (told,) = api.get(f"{AT}?to=2020-12-31").json()["sections"][0]["told"]
    assert "〕2019年12月30日，客路镇" in told
    assert api.get(f"{AT}?to=2021-01-01").json()["sections"][0]["told"] == []
    assert len(api.get(f"{AT}?from=2020-01-01&to=2021-01-01").json()["sections"][0]["told"]) == 1


def test_drives_of_other_years_are_told_where_the_period_has_them(api: Api) -> None:
    api.made("/v1/campaigns", factories.campaign(starts_on="2019-11-01", ends_on="2020-02-01"), "supervisor")
    (told,) = api.get(f"{AT}?to=2020-03-05&division={VILLAGE}").json()["sections"][1]["told"]
    assert told == "2019年11月1日至2月1日，客路镇开展排查走访专项行动(示范)。"
    assert api.get(f"{AT}?to=2021-03-05").json()["sections"][1]["told"] == []
    assert len(api.get(f"{AT}?from=2020-01-01&to=2021-03-05").json()["sections"][1]["told"]) == 1


def test_what_is_too_much_to_tell_is_counted(api: Api) -> None:
    for _ in range(22):
        api.made("/v1/disputes", factories.dispute(risk="major"))
    told = api.get(f"{AT}?to=2020-03-05").json()["sections"][0]["told"]
    assert len(told) == 21
    assert told[-1] == "另有2宗在办，详见台账。"


# What is due


def counts_due(api: Api, on: str, who: str) -> dict[str, Counter[str]]:
    """What the due list says of a day: due on the day after, on the day, before; a dashboard sees no items that are owed to people."""
    day = dt.date.fromisoformat(on)
    listed = api.get(
        f"/v1/due?on={on}&before={day + dt.timedelta(days=1)}&limit=200", "supervisor" if who == "dashboard" else who
    ).json()
    found: dict[str, Counter[str]] = {"明日到期": Counter(), "今日到期": Counter(), "已逾期": Counter()}
    for item in listed["items"]:
        heading = "已逾期" if item["days_left"] < 0 else "今日到期" if item["days_left"] == 0 else "明日到期"
        found[heading][item["kind_title"]] += 1
    return found


@pytest.mark.parametrize("who", ["supervisor", "clerk", "neighbour", "dashboard"])
def test_what_is_due_tomorrow_is_told_as_the_due_list_has_it(api: Api, who: str) -> None:
    fill(api)
    said = ""
    for to in ("2020-03-02", "2020-03-03", "2020-03-04", "2020-05-11", "2020-12-30"):
        section = api.get(f"{AT}?to={to}", who).json()["sections"][-1]
        assert section["title"] == "明日重点"
        told = dict(line.removesuffix("。").split("：") for line in section["told"])
        assert "未公布" not in told.values()
        for heading, counts in counts_due(api, to, who).items():
            listed = {title: int(number) for title, number in re.findall(r"(\D+?)(\d+)项、?", told[heading])}
            assert listed == counts, (to, heading)
            said += told[heading]
    assert "调解期限1项" in said or who == "neighbour"
    assert "走访" in said


def test_nothing_due_is_said(api: Api) -> None:
    assert api.get(f"{AT}?to=2020-03-05").json()["sections"][-1]["told"] == [
        "明日到期：无。",
        "今日到期：无。",
        "已逾期：无。",
    ]
    api.made("/v1/patients", factories.patient(in_care_since="2020-01-02"))
    told = api.get(f"{AT}?to=2020-01-15").json()["sections"][-1]["told"]
    assert told[0] == "明日到期：走访1项。"
    text = api.get(f"{AT}?to=2020-01-15&format=text", "bot").text
    assert "（五）明日重点\n明日到期：走访1项。\n今日到期：无。\n已逾期：无。\n" in text
    village = api.get(f"{AT}?to=2020-01-15&division={factories.VILLAGE}&format=text", "bot").text
    assert "已逾期：无。\n走访、年度走访次数、再次询问知情同意：未公布。" in village
