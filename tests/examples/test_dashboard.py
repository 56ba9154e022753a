"""The dashboard, driven in a browser: what it shows is what the registry says, live, and as of a day."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from playwright.sync_api import Locator, Page, Request, Route, expect

from registry.settings import read_settings
from tests import factories
from tests.api import Api
from tests.conftest import Template
from tests.examples.conftest import PATIENCE, ROOT, SCREENSHOTS, Running, screenshot, serving

pytestmark = [pytest.mark.apart, pytest.mark.parametrize("template", ["sqlite"], indirect=True)]

BEIJING = dt.timezone(dt.timedelta(hours=8))
PHONE = {"width": 375, "height": 812}
FOREIGN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


@pytest.fixture
def entries(there: Api) -> None:
    there.made("/v1/gatherings", factories.gathering(sessions=5))
    there.made("/v1/gatherings", factories.gathering(sessions=2, decided_on="2020-02-03"))
    elsewhere = factories.gathering(division=factories.OTHER_VILLAGE, sessions=1)
    there.made("/v1/gatherings", elsewhere, "neighbour")
    there.made("/v1/sheds", factories.shed(area_m2="10.25"))
    there.made("/v1/sheds", factories.shed(count=1, area_m2="20.10"))
    there.made("/v1/disputes", factories.dispute())
    patient = there.made("/v1/patients", factories.patient())["id"]
    there.made("/v1/visits", factories.visit(patient))


def enter(page: Page, files: str, server: Running, key: str) -> None:
    page.goto(f"{files}/dashboard/index.html")
    page.get_by_label("接口地址").fill(server.url)
    page.get_by_label("密钥").fill(key)
    page.get_by_role("button", name="进入").click()


@pytest.fixture
def board(page: Page, files: str, server: Running, template: Template, entries: None) -> Iterator[Page]:  # noqa: ARG001
    """The dashboard of the whole county, connected."""
    enter(page, files, server, template.keys["dashboard"])
    expect(page.locator("#live")).to_have_text("实时")
    yield page
    page.unroute_all(behavior="ignoreErrors")
    page.goto("about:blank")  # ends the stream before the server ends


def tile(board: Page, measure: str) -> Locator:
    return board.locator(f'.tile[name="{measure}"] b')


def bars(board: Page, place: str) -> list[Any]:
    return board.locator(f"#{place} .bar").all_text_contents()


def rows(board: Page) -> list[list[str]]:
    return [row.locator("td").all_text_contents() for row in board.locator("#rows-list tr").all()]


def failing(board: Page, what: str, status: int = 503, after: str = "1", body: str = "<h1>no JSON</h1>") -> None:
    """From now on these requests fail, until they are routed no more."""
    headers = {**FOREIGN, "Retry-After": after}
    board.route(re.compile(what), lambda route: route.fulfill(status=status, headers=headers, body=body))


def held(board: Page, what: str) -> list[Route]:
    """From now on these requests wait here."""
    waiting: list[Route] = []
    board.route(re.compile(what), lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright marks it
    return waiting


def until(board: Page, holds: Callable[[], bool]) -> None:
    for _ in range(PATIENCE * 20):
        if holds():
            return
        board.wait_for_timeout(50)
    pytest.fail("it did not come to that")


def as_sent(board: Page, what: str) -> list[Request]:
    """The requests of this kind that are sent from now on."""
    sent: list[Request] = []
    board.on("request", lambda request: sent.append(request) if re.search(what, request.url) else None)
    return sent


def test_totals_and_parts_are_those_of_the_registry(board: Page) -> None:
    expect(tile(board, "gatherings.gatherings")).to_have_text("8 场")
    expect(tile(board, "sheds.sheds")).to_have_text("3 个")
    expect(tile(board, "disputes.disputes_found")).to_have_text("1 宗")
    expect(board.locator("#place")).to_have_text("雷州市")
    expect(board.locator("#paragraph")).to_contain_text("雷州市")
    expect(board.locator("#towns .bar")).to_have_count(2)
    assert bars(board, "towns") == ["客路镇7 场", "白沙镇1 场"]
    assert bars(board, "trend") == ["2020年1月6 场", "2020年2月2 场"]


def test_people_are_told_as_of_a_month_end_and_open_no_rows(board: Page) -> None:
    expect(tile(board, "patients.patients_on_roster")).to_have_text("0 人")  # recorded this month
    expect(tile(board, "visits.visits")).to_have_text("1 人次")
    for measure in ("patients.patients_on_roster", "visits.visits"):
        expect(board.locator(f'.tile[name="{measure}"]')).to_be_disabled()
    expect(board.locator("#live")).to_have_text("实时")  # it is an answer, no failure


def test_what_could_not_be_read_is_no_number_and_is_read_again(board: Page, there: Api) -> None:
    failing(board, "/statistics/|/v1/bulletin")
    there.made("/v1/gatherings", factories.gathering(sessions=4))
    for place in ("#towns", "#trend", "#paragraph", "#live"):
        expect(board.locator(place)).to_have_text("暂无数据")
    assert board.locator(".tile b").all_text_contents() == ["暂无数据"] * 10
    expect(board.locator("#live")).not_to_have_class("on")
    expect(board.locator("main")).not_to_contain_text("未公布")
    board.unroute_all()
    expect(tile(board, "gatherings.gatherings")).to_have_text("12 场")  # though nothing more is recorded
    expect(tile(board, "visits.visits")).to_have_text("1 人次")
    expect(board.locator("#live")).to_have_text("实时")


def test_an_unreadable_bulletin_leaves_no_green_light(board: Page, there: Api) -> None:
    failing(board, "/v1/bulletin")
    there.made("/v1/gatherings", factories.gathering(sessions=4))
    expect(board.locator("#paragraph")).to_have_text("暂无数据")
    expect(board.locator("#place")).to_be_empty()
    expect(board.locator("#live")).to_have_text("暂无数据")
    expect(tile(board, "gatherings.gatherings")).to_have_text("12 场")
    board.unroute_all()
    expect(board.locator("#paragraph")).to_contain_text("取消或暂停各类聚集活动12场")
    expect(board.locator("#live")).to_have_text("实时")


def test_tries_again_wait_as_long_as_the_registry_asks_and_longer_each_time(
    page: Page,
    files: str,
    server: Running,
    template: Template,
    entries: None,  # noqa: ARG001
) -> None:
    page.clock.install()
    enter(page, files, server, template.keys["dashboard"])
    expect(tile(page, "sheds.sheds")).to_have_text("3 个")
    bulletins, streams = as_sent(page, "/v1/bulletin"), as_sent(page, "/v1/changes/stream")
    failing(page, "/v1/bulletin", after="50")
    failing(page, "/v1/changes/stream", after="")
    server.cut()
    expect(page.locator("#live")).not_to_have_text("实时")
    passed = 0
    while passed < 120_000:  # two minutes, each second of which may send and see the answer
        page.clock.run_for(1000)
        page.wait_for_timeout(20)
        passed += 1000
    assert 3 <= len(streams) <= 40  # 1 to 2, 4 … 30 s apart: about 12; always a second apart: 120
    page.get_by_label("指标").select_option("sheds.sheds")
    until(page, lambda: "简易棚" in (page.locator("#chosen").text_content() or ""))  # the answers have come
    bulletins.clear()
    page.clock.run_for(45_000)
    page.wait_for_timeout(100)
    assert bulletins == []
    page.clock.run_for(6_000)
    until(page, lambda: len(bulletins) == 1)
    page.unroute_all(behavior="ignoreErrors")
    page.goto("about:blank")


def test_a_key_that_is_revoked_is_told_and_asks_no_more(board: Page, there: Api) -> None:
    failing(board, "/v1/", 401, body=json.dumps({"detail": "密钥无效。"}))
    there.made("/v1/gatherings", factories.gathering())
    expect(board.locator("#live")).to_have_text("密钥无效")
    assert board.locator(".tile b").first.text_content() == "暂无数据"
    sent = as_sent(board, "/v1/")
    board.wait_for_timeout(2500)
    assert sent == []


def test_numbers_never_stand_under_another_title_or_date(board: Page, there: Api) -> None:
    waiting = held(board, "/v1/statistics/sheds.*group_by=town")
    board.get_by_label("指标").select_option("sheds.sheds")
    until(board, lambda: len(waiting) == 1)
    assert board.locator("#chosen").inner_text().strip() == "取消聚集活动台账：场次"
    assert bars(board, "towns") == ["客路镇7 场", "白沙镇1 场"]
    waiting.pop().continue_()
    expect(board.locator("#chosen")).to_contain_text("简易棚拆除台账：简易棚")
    assert bars(board, "towns") == ["客路镇3 个"]
    board.unroute_all()
    waiting = held(board, "/v1/bulletin.*as_of")
    board.locator("#as-of").press("ArrowLeft")
    until(board, lambda: len(waiting) == 1)
    there.made("/v1/divisions", factories.division(), "administrator")
    expect(board.locator("#events li")).to_have_count(1)
    assert board.locator("#as-of-text").text_content() == "现在"
    assert tile(board, "gatherings.gatherings").text_content() == "8 场"
    expect(board.locator("#live")).to_have_text("实时")
    waiting.pop().continue_()
    expect(board.locator("#as-of-text")).not_to_have_text("现在")
    assert tile(board, "gatherings.gatherings").text_content() == "0 场"
    expect(board.locator("#live")).to_have_text("往日")


def test_an_answer_that_comes_after_a_newer_question_is_not_shown(board: Page) -> None:
    waiting = held(board, "/v1/statistics/sheds.*group_by=town|/v1/gatherings")
    board.get_by_label("指标").select_option("sheds.sheds")
    tile(board, "gatherings.gatherings").click()
    until(board, lambda: len(waiting) == 2)
    board.get_by_label("指标").select_option("disputes.disputes_found")
    expect(board.locator("#chosen")).to_contain_text("排查发现")
    tile(board, "disputes.disputes_found").click()
    expect(board.locator("#sum")).to_have_text("合计 1 宗")
    for late in waiting:
        late.continue_()
    board.wait_for_timeout(500)
    assert "排查发现" in (board.locator("#chosen").text_content() or "")
    assert bars(board, "towns") == ["客路镇1 宗"]
    assert [row[-1] for row in rows(board)] == ["1"]


def test_a_register_without_months_has_no_trend(board: Page) -> None:
    board.get_by_label("指标").select_option("patients.patients_on_roster")
    expect(board.locator("#chosen")).to_contain_text("在管")
    expect(board.locator("#by-month")).to_be_hidden()
    expect(board.locator("#live")).to_have_text("实时")
    board.get_by_label("指标").select_option("visits.visits")
    expect(board.locator("#by-month")).to_be_visible()


def test_counts_of_people_say_of_which_day_they_are(board: Page, there: Api) -> None:
    def answered(route: Route) -> None:
        answer = route.fetch()
        if not answer.ok:  # by month, which patients have not
            route.fulfill(response=answer)
            return
        told = {**answer.json(), "as_of_day": "2020-01-31", "rounded_to": 5}
        told["total"] |= {"measures": {"patients_on_roster": None}, "small": {"patients_on_roster": True}}
        cell = {**told["total"], "labels": {"town": "客路镇"}, "measures": {"patients_on_roster": 10}, "small": {}}
        told["cells"] = [{**cell, "town": "440882102"}] if "group_by=town" in route.request.url else []
        route.fulfill(response=answer, json=told)

    assert [each.get_attribute("name") for each in board.locator(".tile", has_text="截至").all()] == [
        "patients.patients_on_roster"
    ]
    board.route(re.compile("/v1/statistics/patients"), answered)
    there.made("/v1/gatherings", factories.gathering(sessions=4))
    expect(tile(board, "patients.patients_on_roster")).to_have_text("不足5")
    expect(board.locator(".tile", has_text="截至1月31日")).to_have_count(1)
    expect(board.locator("#chosen")).not_to_contain_text("截至")
    board.get_by_label("指标").select_option("patients.patients_on_roster")
    expect(board.locator("#chosen")).to_contain_text("截至1月31日")
    expect(board.locator("#towns .bar").first).to_contain_text("约10 人")


def test_a_figure_opens_into_rows_that_add_up_to_it(board: Page) -> None:
    board.locator("#towns .bar", has_text="客路镇").click()
    expect(board.locator("#rows-title")).to_have_text("客路镇 7 场")
    expect(board.locator("#sum")).to_have_text("合计 7 场")
    place, title = "客路镇迈港村委会", "年例(示范)"
    assert rows(board) == [[place, title, "2020-02-03", "2"], [place, title, "2020-01-25", "5"]]
    tile(board, "sheds.sheds").click()
    expect(board.locator("#sum")).to_have_text("合计 3 个")
    assert [row[-1] for row in rows(board)] == ["1", "2"]
    tile(board, "sheds.sheds_area").click()
    expect(board.locator("#sum")).to_have_text("合计 30.35 平方米")
    assert tile(board, "sheds.sheds_area").text_content() == "30.35 平方米"
    tile(board, "disputes.disputes_found").click()
    expect(board.locator("#sum")).to_have_text("合计 1 宗")
    assert rows(board) == [[place, "林地纠纷(示范)", "2020-02-01", "1"]]
    expect(board.get_by_role("button", name="更多")).to_be_hidden()


def test_many_rows_are_paged_through_to_the_last(board: Page) -> None:
    def a_row_each(route: Route) -> None:
        route.continue_(url=route.request.url.replace("limit=200", "limit=1"))

    board.route(re.compile("/v1/gatherings"), a_row_each)
    tile(board, "gatherings.gatherings").click()
    for part in ("1", "3"):
        expect(board.locator("#sum")).to_have_text(f"小计 {part} 场，共 8 场")
        board.get_by_role("button", name="更多").click()
    expect(board.locator("#sum")).to_have_text("合计 8 场")
    assert [row[-1] for row in rows(board)] == ["1", "2", "5"]
    expect(board.get_by_role("button", name="更多")).to_be_hidden()


def test_rows_that_could_not_be_read_can_be_asked_for_again(board: Page) -> None:
    failing(board, "/v1/gatherings")
    tile(board, "gatherings.gatherings").click()
    again = board.get_by_role("button", name="再试")
    expect(again).to_be_visible()
    board.unroute_all()
    again.click()
    expect(board.locator("#sum")).to_have_text("合计 8 场")


def test_what_is_recorded_shows_at_once(board: Page, there: Api, server: Running) -> None:
    made = there.made("/v1/gatherings", factories.gathering(sessions=4))
    expect(tile(board, "gatherings.gatherings")).to_have_text("12 场")
    at = dt.datetime.fromisoformat(made["meta"]["recorded_at"]).astimezone(BEIJING)
    said = f"{at:%Y-%m-%d %H:%M} 客路镇迈港村委会 取消聚集活动台账 新增"
    expect(board.locator("#events li").first).to_have_text(said)
    board.context.set_offline(True)
    server.cut()
    expect(board.locator("#live")).not_to_have_text("实时")
    there.made("/v1/sheds", factories.shed(count=3))
    board.context.set_offline(False)
    expect(tile(board, "sheds.sheds")).to_have_text("6 个")  # nothing that came in between is missing
    expect(board.locator("#events li")).to_have_count(2)  # and nothing came twice


def test_numbers_are_read_anew_when_the_stream_is_back(board: Page, server: Running) -> None:
    bulletins = as_sent(board, "/v1/bulletin")
    server.cut()
    until(board, lambda: len(bulletins) == 1)
    expect(board.locator("#live")).to_have_text("实时")


def test_what_did_not_change_is_not_sent_again(board: Page, server: Running) -> None:
    statuses: list[int] = []
    network = board.context.new_cdp_session(board)  # a page is told 200, with what the browser had kept
    network.send("Network.enable")
    network.on("Network.responseReceivedExtraInfo", lambda answer: statuses.append(answer["statusCode"]))
    server.cut()
    until(board, lambda: statuses.count(304) == 9)  # the bulletin, six registers, towns, months
    network.detach()


def test_the_slider_shows_what_was_known(board: Page, there: Api) -> None:
    slider, day = board.locator("#as-of"), board.get_by_label("日期")
    assert (
        int(slider.get_attribute("max") or 0) < 4
    )  # from the day before the log began, not from the oldest event in it
    slider.press("ArrowLeft")
    expect(board.locator("#as-of-text")).to_have_text(re.compile(r"^\d{4}-\d{2}-\d{2} 24时$"))
    expect(tile(board, "gatherings.gatherings")).to_have_text("0 场")  # nothing was recorded then
    assert board.locator("#towns").text_content() == board.locator("#trend").text_content() == "无记录"
    there.made("/v1/gatherings", factories.gathering(sessions=4))
    expect(board.locator("#events li")).to_have_count(1)
    expect(tile(board, "gatherings.gatherings")).to_have_text("0 场")
    assert board.locator("#as-of-text").text_content() == f"{day.input_value()} 24时"
    slider.press("ArrowRight")
    expect(tile(board, "gatherings.gatherings")).to_have_text("12 场")
    assert bars(board, "towns") == ["客路镇11 场", "白沙镇1 场"]
    assert day.input_value() == day.get_attribute("max")


def test_the_date_and_the_slider_say_the_same(board: Page) -> None:
    slider, day = board.locator("#as-of"), board.get_by_label("日期")
    last, latest = slider.input_value(), day.input_value()
    earliest = day.get_attribute("min") or ""
    day.fill(earliest)
    day.dispatch_event("change")
    expect(board.locator("#as-of-text")).to_have_text(f"{earliest} 24时")
    assert slider.input_value() == "0"
    board.get_by_role("button", name="现在").click()
    expect(board.locator("#as-of-text")).to_have_text("现在")
    assert (slider.input_value(), day.input_value()) == (last, latest)
    slider.press("ArrowLeft")
    expect(board.locator("#as-of-text")).to_have_text(f"{day.input_value()} 24时")
    assert earliest <= day.input_value() < latest
    day.fill(latest)  # which is not over
    day.dispatch_event("change")
    expect(board.locator("#as-of-text")).to_have_text("现在")
    assert slider.input_value() == last
    day.fill("1999-01-01")  # nothing was known
    day.dispatch_event("change")
    board.wait_for_timeout(300)
    assert board.locator("#as-of-text").text_content() == "现在"


@pytest.mark.parametrize("where", ["login", "board"])
def test_it_fits_a_phone(where: str, request: pytest.FixtureRequest, page: Page, files: str) -> None:
    page.set_viewport_size(PHONE)
    if where == "login":
        page.goto(f"{files}/dashboard/index.html")
    else:
        board = request.getfixturevalue("board")
        board.locator("#towns .bar", has_text="客路镇").click()
        expect(board.locator("#rows-list tr")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    boxes = [each.bounding_box() for each in page.locator("button:visible, input:visible, select:visible").all()]
    assert boxes
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] for box in boxes)


def test_no_script_runs_but_its_own(board: Page) -> None:
    board.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.x = 1'}))"
    )
    assert board.evaluate("window.x") is None


def test_a_wrong_key_is_told(page: Page, files: str, server: Running) -> None:
    enter(page, files, server, "rk_wrong")
    expect(page.locator("#live")).to_contain_text("密钥")
    expect(page.locator("main")).to_be_hidden()


if SCREENSHOTS:  # half a minute, for a picture of more than two towns

    def test_the_demo_county_for_the_docs(page: Page, files: str, app: Litestar, tmp_path: Path) -> None:
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "REGISTRY_HOME": str(tmp_path / "demo")}
        for command in ("migrate", "demo"):
            subprocess.run(
                [sys.executable, "-m", "registry", command], env=environ, check=True, stdout=subprocess.DEVNULL
            )
        keys = json.loads((tmp_path / "demo" / "demo-keys.json").read_bytes())
        with serving(app, read_settings({"REGISTRY_HOME": str(tmp_path / "demo")}), files) as server:
            enter(page, files, server, keys["dashboard"])
            expect(page.locator("#towns .bar")).to_have_count(21)
            page.locator("#towns .bar", has_text="客路镇").click()
            expect(page.locator("#rows-title")).to_have_text("客路镇 155 场")
            expect(page.locator("#sum")).to_have_text("合计 155 场")
            expect(page.locator("#live")).to_have_text("实时")
            screenshot(page, "dashboard.png")
            page.goto("about:blank")
