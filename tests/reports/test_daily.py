"""The bulletin day by day: its columns add up, its forms say the same, and what it said before is put right."""

import datetime as dt
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from sqlalchemy import Connection

from registry.access.principals import Principal, Role
from registry.access.sealing import Sealer
from registry.access.writing import Tx, outcome
from registry.db.key_store import KeyStore
from registry.divisions.models import Level
from registry.divisions.schemas import DivisionIn
from registry.divisions.service import record_division
from registry.ledger.batch import Batch, Outcome
from registry.ledger.clock import BEIJING, beijing_day, microseconds, wall_clock
from registry.ledger.committer import commit
from registry.ledger.ids import new_id
from registry.reports.schemas import Totals
from registry.settings import Settings
from tests import factories
from tests.api import Api, pointers
from tests.conftest import COUNTY
from tests.reports.test_bulletin import KELU, SISTER, VILLAGE, fill
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
    assert "调解成功率:75.0%(成功3宗,占办结4宗)" in text


@pytest.mark.parametrize(
    ("query", "issue"),
    [("to=2020-03-05", 65), ("from=2020-01-22&to=2020-03-05", 44), ("from=2020-03-05&to=2020-03-05", 1)],
)
def test_the_issue_is_the_day_of_the_period_or_of_the_year(api: Api, query: str, issue: int) -> None:
    bulletin = api.get(f"{AT}?{query}", "bot").json()
    assert (bulletin["issue"], bulletin["title"]) == (issue, f"雷州市综治维稳日报(第{issue}期)")


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


# What is told of single entries


def test_a_major_dispute_is_told_and_nobody_in_it_named(api: Api) -> None:
    named = {"title": "示范郑与示范李林地纠纷", "risk": "major", "discovered_on": "2020-02-01"}
    major = api.made("/v1/disputes", factories.dispute(**named))
    api.made("/v1/disputes", factories.dispute(title="一般纠纷(示范)"))
    (told,) = api.get(f"{AT}?to=2020-02-06").json()["sections"][0]["told"]
    assert told == f"〔{major['case_number']}〕客路镇迈港村委会2方当事人林地林木纠纷:在办5天。"
    for to, on in (("accepted", "2020-02-03"), ("mediating", "2020-02-04")):
        api.act(f"/v1/disputes/{major['id']}/move", {"to": to, "on": on})
    (told,) = api.get(f"{AT}?to=2020-03-05").json()["sections"][0]["told"]
    assert told.endswith("在办33天,调解期限至3月3日(已超期)。")
    api.made("/v1/proceedings", factories.proceeding(major["id"]))
    api.made("/v1/agreements", factories.agreement(major["id"], title="示范郑调解协议书"))
    api.act(f"/v1/disputes/{major['id']}/move", {"to": "agreed", "on": "2020-02-08"})
    (told,) = api.get(f"{AT}?to=2020-03-05").json()["sections"][0]["told"]
    assert told == (
        f"〔{major['case_number']}〕2月1日,客路镇迈港村委会2方当事人因涉土问题引发纠纷;"
        "5天内促成双方签订1份协议,成功化解该宗历经复议的林地林木纠纷(复议1次)。"
    )
    assert "示范郑" not in api.get(f"{AT}?to=2020-03-05&format=html").text
    assert api.get(f"{AT}?to=2020-03-05", "neighbour").json()["sections"][0]["told"] == []
    assert api.get(f"{AT}?from=2020-02-09&to=2020-03-05").json()["sections"][0]["told"] == []


def test_a_drive_is_told_with_its_coverage(api: Api) -> None:
    api.made("/v1/campaigns", factories.campaign(purpose="逐户走访(示范)"), "supervisor")
    for number in range(8):
        patient = api.made("/v1/patients", factories.patient(division=SISTER, id_number=None))["id"]
        if number < 6:
            team = [{"role": "police", "name": "示范吴"}, {"role": "grid_worker", "name": "示范周"}][: 1 + (number > 0)]
            api.made("/v1/visits", factories.visit(patient, visited_on="2020-02-14", team=team))
    begun = "2月12日起,客路镇开展排查走访专项行动(示范),逐户走访(示范)"
    (told,) = api.get(f"{AT}?to=2020-02-20").json()["sections"][1]["told"]
    assert told == f"{begun}:在管患者8人,已走访见面6人(其中联合走访5人),覆盖率75.0%,尚未见面2人。"
    (told,) = api.get(f"{AT}?to=2020-02-13").json()["sections"][1]["told"]
    assert told.endswith("在管患者8人,已走访见面0人(其中联合走访0人),覆盖率0.0%,尚未见面8人。")
    assert api.get(f"{AT}?to=2020-02-20", "dashboard").json()["sections"][1]["told"] == [f"{begun}。"]
    assert api.get(f"{AT}?to=2020-02-20&division={SISTER}").json()["sections"][1]["told"] == [f"{begun}。"]
    assert api.get(f"{AT}?to=2020-02-11").json()["sections"][1]["told"] == []
    assert api.get(f"{AT}?to=2020-02-20&division=440882100", "neighbour").json()["sections"][1]["told"] == []


# What was said before


@pytest.fixture
def next_day(settings: Settings, run: Callable[[Callable[[Connection], Any]], Any]) -> Callable[[], tuple[str, str]]:
    """Records something tomorrow morning: the ledger's time never runs backwards, so that all later writes are of that day.
    Answers the two days.
    """

    def record() -> tuple[str, str]:
        today = beijing_day(wall_clock())
        morning = microseconds(dt.datetime.combine(today + dt.timedelta(days=1), dt.time(9), BEIJING))
        who = Principal(new_id(), COUNTY, "示范", Role.ADMINISTRATOR, (COUNTY,), None, None)
        sealer = Sealer(settings.key_file, KeyStore(settings.key_store))
        data = DivisionIn(name="新村(示范)", level=Level.HAMLET, valid_from=today, parent=VILLAGE)

        def work(batch: Batch) -> Outcome:
            return outcome(record_division(Tx(batch, who, sealer), new_id(), data))

        (result,) = run(lambda connection: commit(connection, COUNTY, [work], lambda: morning))
        assert not isinstance(result, Exception), result
        return today.isoformat(), (today + dt.timedelta(days=1)).isoformat()

    return record


def test_what_a_bulletin_said_before_is_put_right(api: Api, next_day: Callable[[], tuple[str, str]]) -> None:
    gathering = api.made("/v1/gatherings", factories.gathering(sessions=3))
    shed = api.made("/v1/sheds", factories.shed(count=2))
    yesterday, today = next_day()
    assert api.get(f"{AT}?to={today}", "supervisor").json()["earlier"] is None
    api.act(f"/v1/gatherings/{gathering['id']}/correct", {"reason": REASON, "changes": {"sessions": 5}}, 1)
    api.made("/v1/gatherings", factories.gathering(sessions=2))
    api.made("/v1/gatherings", factories.gathering(sessions=40, decided_on=today, planned_from=today))
    api.act(f"/v1/sheds/{shed['id']}/void", {"reason": REASON}, 1, "supervisor")
    api.made("/v1/patients", factories.patient())
    bulletin = api.get(f"{AT}?to={today}", "supervisor").json()
    assert (bulletin["gatherings_cancelled"], bulletin["sheds_demolished"]) == (47, 0)
    earlier = bulletin["earlier"]
    year, month, day = map(int, yesterday.split("-"))
    assert earlier["paragraph"] == (
        f"前期公布的截至{year}年{month}月{day}日的数字有更正:在管严重精神障碍患者由0人更正为1人(增加1人):新增1条;"
        "取消或暂停各类聚集活动由3场更正为7场(增加4场):新增1条、更正1条;"
        "铲除易诱发聚集赌博(娱乐)场所(简易棚)由2个更正为0个(减少2个):作废1条。"
    )
    then = api.get(f"{AT}?to={yesterday}&as_of={earlier['watermark']}", "supervisor").json()
    now = api.get(f"{AT}?to={yesterday}", "supervisor").json()
    cells = {cell["name"]: (cell["before"], cell["after"]) for cell in earlier["cells"]}
    assert cells == {name: (then[name], now[name]) for name in Totals.__struct_fields__ if then[name] != now[name]}
    restatement = api.get(earlier["rows"], "supervisor").json()
    assert [cell for cell in restatement["cells"] if cell["difference"]] == earlier["cells"]
    for form in ("text", "markdown", "html"):
        page = api.get(f"{AT}?to={today}&format={form}", "supervisor").text.replace("\\", "")
        assert earlier["paragraph"] in page
    assert "患者" not in api.get(f"{AT}?to={today}", "dashboard").json()["earlier"]["paragraph"]
    assert api.get(f"{AT}?to={today}", "neighbour").json()["earlier"] is None
    assert api.get(f"{AT}?from={today}&to={today}", "supervisor").json()["earlier"] is None
    assert api.get(f"{AT}?to={yesterday}", "supervisor").json()["earlier"] is None
    assert api.get(f"{AT}?to={today}&as_of={earlier['watermark']}", "supervisor").json()["earlier"] is None
