"""The office's visit form, driven in a browser as a clerk would."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from tests import factories
from tests.api import Api
from tests.conftest import Template
from tests.examples.conftest import ROOT, Running, screenshot

pytestmark = [pytest.mark.apart, pytest.mark.parametrize("template", ["sqlite"], indirect=True)]

NAME, PERSON = "示范孙", "示范孙 客路镇迈港村委会 1949年生"
AWAY = "服务器暂不可用,将自动重试"


@pytest.fixture
def patient(there: Api) -> str:
    made: str = there.made("/v1/patients", factories.patient())["id"]
    return made


@pytest.fixture
def form(page: Page, files: str, server: Running, template: Template, patient: str) -> Page:  # noqa: ARG001 - is in the list to pick from
    """The form, the clerk logged in."""
    entered = opened(page, files, server, template.keys["clerk"])
    expect(field(entered, "所属患者").locator("option")).to_have_text(["请选择", PERSON])
    return entered


def opened(page: Page, files: str, server: Running, key: str) -> Page:
    page.goto(f"{files}/form/index.html")
    return enter(page, server, key)


def enter(page: Page, server: Running, key: str, old: str = "") -> Page:
    page.get_by_label("接口地址").fill(server.url)
    page.get_by_label("密钥", exact=True).fill(key)
    page.get_by_label("原密钥").fill(old)
    page.get_by_role("button", name="进入").click()
    expect(page.get_by_role("button", name="保存并发送")).to_be_visible()
    return page


def field(page: Page | Locator, title: str) -> Locator:
    return page.get_by_label(title, exact=True)


def member(page: Page, number: int) -> Locator:
    return page.get_by_role("group", name=f"走访人员 {number}", exact=True)


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def fill(page: Page, day: str = "2020-02-14") -> None:
    field(page, "所属患者").select_option(label=PERSON)
    field(page, "走访日期").fill(day)
    field(page, "走访形式").select_option("家庭访视")
    for number, role in enumerate(("网格员", "民警"), start=1):
        button(page.get_by_role("group", name="走访人员", exact=True), "添加一项").click()
        field(member(page, number), "角色").select_option(role)
        field(member(page, number), "姓名").fill("示范周")
    field(page, "见到对象").select_option("是")
    field(page, "危险性评估").fill("0")
    field(page, "病情分类").select_option("稳定")


def save(page: Page) -> None:
    button(page, "保存并发送").click()


def state(page: Page) -> Locator:
    return page.locator("#state")


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=text)


def visits(there: Api) -> list[str]:
    return sorted(item["visited_on"] for item in there.get("/v1/visits").json()["items"])


def is_faulty(control: Locator, message: str | re.Pattern[str]) -> None:
    """A person sees the fault beside the field, and a screen reader tells it with the field."""
    expect(control).to_have_attribute("aria-invalid", "true")
    expect(control).to_have_accessible_description(message)
    expect(control.locator("xpath=following-sibling::p")).to_have_text(message)


def test_the_form_is_built_from_the_schema(form: Page, there: Api) -> None:
    schema = there.get("/v1/schemas/visits").json()
    expect(form.get_by_role("heading", level=1)).to_have_text(schema["title"])
    assert form.locator("#entry > fieldset > legend").all_text_contents() == [g["title"] for g in schema["x-groups"]]
    ordered = sorted(schema["properties"].values(), key=lambda each: each["x-order"])
    titles = form.locator("#entry > fieldset > .field > :is(label, legend):first-child")
    assert titles.all_text_contents() == [each["title"] for each in ordered]
    for each in ordered:
        named = field(form, each["title"]).or_(form.get_by_role("group", name=each["title"], exact=True))
        expect(named.first).to_be_visible()
    assert field(form, "走访形式").locator("option").all_text_contents() == ["请选择", "门诊", "家庭访视", "电话"]


def test_every_fault_stands_beside_its_field(form: Page, there: Api) -> None:
    fill(form, "2020-02-13")
    save(form)
    expect(row(form, f"{PERSON} 2020-02-13 已发送")).to_be_visible()
    fill(form)
    field(form, "走访形式").select_option("请选择")
    field(form, "危险性评估").fill("9")
    field(member(form, 2), "姓名").fill("周*")
    field(form, "见到对象").select_option("请选择")
    save(form)
    is_faulty(field(form, "走访形式"), "缺少必填项。")
    is_faulty(field(form, "危险性评估"), "不得大于 5。")
    is_faulty(field(member(form, 2), "姓名"), "这是遮蔽后的内容（含 *），不能作为数据提交。")
    is_faulty(field(form, "见到对象"), "缺少必填项。")
    expect(form.locator(".fault")).to_have_count(4)
    summary = form.get_by_role("alert")
    expect(summary.get_by_role("listitem")).to_have_count(4)
    expect(summary).to_contain_text("有 4 处须改正")
    expect(summary).to_contain_text("走访人员 2 姓名:这是遮蔽后的内容")
    expect(summary).not_to_contain_text("errors")
    expect(state(form)).to_contain_text("被退回 1 条")
    expect(field(member(form, 1), "姓名")).to_have_value("示范周")  # what was typed is still there
    form.evaluate("scrollTo(0, 0)")
    screenshot(form, "form.png")
    assert visits(there) == ["2020-02-13"]
    field(form, "走访形式").select_option("家庭访视")
    field(form, "危险性评估").fill("0")
    field(member(form, 2), "姓名").fill("示范吴")
    field(form, "见到对象").select_option("是")
    save(form)
    expect(row(form, f"{PERSON} 2020-02-14 已发送")).to_be_visible()
    expect(summary).to_be_hidden()
    expect(form.locator("[aria-invalid]")).to_have_count(0)
    expect(state(form)).to_have_text("在线")
    assert visits(there) == ["2020-02-13", "2020-02-14"]


def test_a_rule_s_refusal_stands_beside_its_field_too(form: Page) -> None:
    fill(form, "2999-01-01")
    save(form)
    is_faulty(field(form, "走访日期"), re.compile("."))


def test_a_fault_of_a_whole_group_stands_in_it(form: Page) -> None:
    fill(form)
    for _ in range(2):
        button(member(form, 1), "删除本项").click()
    save(form)
    expect(form.get_by_role("group", name="走访人员", exact=True)).to_have_accessible_description("缺少必填项。")


def test_a_day_that_is_half_typed_is_not_left_out_silently(form: Page, there: Api) -> None:
    fill(form)
    field(form, "下次走访日期").press_sequentially("02")
    save(form)
    is_faulty(field(form, "下次走访日期"), "没有填完整。")
    assert visits(there) == []


def test_an_item_can_be_taken_away_again(form: Page, server: Running, template: Template, there: Api) -> None:
    fill(form)
    button(form.get_by_role("group", name="走访人员", exact=True), "添加一项").click()
    field(member(form, 2), "姓名").fill("示范吴")
    button(member(form, 1), "删除本项").click()
    expect(member(form, 3)).to_have_count(0)
    expect(field(member(form, 1), "姓名")).to_have_value("示范吴")
    button(member(form, 2), "删除本项").click()
    form.reload()
    enter(form, server, template.keys["clerk"])
    expect(member(form, 1)).to_be_visible()
    expect(member(form, 2)).to_have_count(0)
    save(form)
    expect(row(form, "已发送")).to_be_visible()
    (visit,) = there.get("/v1/visits").json()["items"]
    assert [(each["role"], each["name"]) for each in visit["team"]] == [("police", "示范吴")]


def star(page: Page | Locator, title: str) -> bool:
    """Whether a field is marked as one that must be filled in."""
    label = page.locator("label").filter(has_text=re.compile(f"^{title}$"))
    return "*" in label.evaluate("label => getComputedStyle(label, '::after').content")


def test_only_what_must_be_filled_in_is_marked_so(form: Page) -> None:
    assert star(form, "走访日期")
    assert not star(form, "病情分类")
    assert not star(form, "转诊原因")
    field(form, "转至机构及科室").fill("示范医院")
    assert star(form, "转诊原因")
    field(form, "转至机构及科室").fill("")
    assert not star(form, "转诊原因")


def test_all_who_are_in_care_are_offered_and_nobody_else(
    page: Page, files: str, server: Running, template: Template, there: Api, patient: str
) -> None:
    there.made("/v1/campaigns", factories.campaign(), "supervisor")
    left = {"status": "died", "left_care_on": "2019-05-01", "id_number": None, "name": "示范已故"}
    there.made("/v1/patients", factories.patient(**left))
    for number in range(11):
        there.made("/v1/patients", factories.patient(name=f"示范{'甲乙丙丁戊己庚辛壬癸子'[number]}", id_number=None))

    def in_small_pages(route: Route) -> None:
        route.continue_(url=route.request.url.replace("limit=200", "limit=5"))

    page.route("**/v1/patients?*", in_small_pages)
    form = opened(page, files, server, template.keys["clerk"])
    choices = field(form, "所属患者").locator("option")
    expect(choices).to_have_count(1 + 12)
    assert PERSON in choices.all_text_contents()
    assert not [text for text in choices.all_text_contents() if "已故" in text]
    form.get_by_label("查找所属患者").fill("孙")
    assert choices.all_text_contents() == ["请选择", PERSON]
    fill(form)
    form.get_by_label("查找所属患者").fill("没有")
    expect(field(form, "所属患者")).to_have_value(patient)  # what was chosen stays chosen
    field(form, "所属专项行动").select_option("排查走访专项行动(示范)")
    save(form)
    expect(row(form, "已发送")).to_be_visible()
    (visit,) = there.get("/v1/visits").json()["items"]
    assert visit["campaign_id"] == there.get("/v1/campaigns").json()["items"][0]["id"]


def test_who_was_chosen_stays_chosen_though_no_longer_offered(
    form: Page, server: Running, template: Template, there: Api, patient: str
) -> None:
    fill(form)
    there.patch(f"/v1/patients/{patient}", {"status": "moved", "left_care_on": "2020-02-16"})
    form.reload()
    enter(form, server, template.keys["clerk"])
    expect(field(form, "所属患者").locator("option:checked")).to_have_text("已选定(不在名单内)")
    save(form)
    expect(row(form, "已发送")).to_be_visible()
    assert visits(there) == ["2020-02-14"]


def test_a_double_click_saves_once_and_says_so(form: Page, there: Api) -> None:
    expect(button(form, "保存并发送")).to_be_disabled()  # nothing is typed yet
    fill(form)
    sent: list[str] = []
    form.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    button(form, "保存并发送").dblclick()
    expect(row(form, "已发送")).to_be_visible()
    expect(form.locator("#said")).to_have_text(f"已发送:{PERSON} 2020-02-14")
    expect(button(form, "保存并发送")).to_be_disabled()
    expect(form.locator(".fault")).to_have_count(0)
    button(form, "保存并发送").dispatch_event("click")
    assert visits(there) == ["2020-02-14"]
    assert len(sent) == 1


def test_it_says_that_it_is_saved_before_it_is_sent(form: Page) -> None:
    form.context.set_offline(True)
    fill(form)
    save(form)
    expect(form.locator("#said")).to_have_text(f"已保存:{PERSON} 2020-02-14")
    expect(row(form, f"{PERSON} 2020-02-14 待发送")).to_be_visible()


def test_what_was_typed_offline_is_kept_and_sent_once_when_back(form: Page, there: Api) -> None:
    form.context.set_offline(True)
    fill(form)
    expect(state(form)).to_contain_text("离线")
    save(form)
    expect(state(form)).to_contain_text("待发送 1 条")
    field(form, "现实表现、存在问题、处置措施").fill("半张表(示范)")
    assert visits(there) == []
    form.context.set_offline(False)
    expect(row(form, "已发送")).to_be_visible()
    assert visits(there) == ["2020-02-14"]
    assert "2020-02-14" not in kept(form)  # no personal data stays once it is sent
    expect(field(form, "现实表现、存在问题、处置措施")).to_have_value("半张表(示范)")
    expect(state(form)).to_have_text("在线")


def kept(page: Page) -> str:
    """All that the browser would still have tomorrow."""
    text: str = page.evaluate("JSON.stringify({...localStorage})")
    return text


def test_a_reload_without_a_network_loses_nothing(form: Page, there: Api, template: Template, server: Running) -> None:
    form.wait_for_function("navigator.serviceWorker.getRegistration().then((known) => Boolean(known?.active))")
    form.wait_for_function("caches.match('widgets.js').then(Boolean)")
    form.context.set_offline(True)
    fill(form)
    save(form)
    fill(form, "2020-02-15")
    form.reload()
    enter(form, server, template.keys["clerk"])
    expect(state(form)).to_contain_text("待发送 1 条")
    expect(row(form, f"{PERSON} 2020-02-14 待发送")).to_be_visible()
    expect(field(form, "走访日期")).to_have_value("2020-02-15")
    expect(field(form, "所属患者").locator("option:checked")).to_have_text(PERSON)
    expect(field(member(form, 2), "姓名")).to_have_value("示范周")
    assert visits(there) == []
    form.context.set_offline(False)
    expect(row(form, "已发送")).to_be_visible()
    assert visits(there) == ["2020-02-14"]
    save(form)
    expect(row(form, "已发送")).to_have_count(2)
    assert visits(there) == ["2020-02-14", "2020-02-15"]


def lost(route: Route) -> None:
    """The server has it; the answer does not come back."""
    if route.request.method == "OPTIONS":
        route.continue_()
        return
    route.fetch()
    route.abort("connectionreset")


def broken(route: Route) -> None:
    """The server is away."""
    route.abort("connectionrefused")


def answers(status: int, body: str = "<h1>Bad gateway</h1>", **headers: str) -> Callable[[Route], None]:
    """What stands between answers, in HTML as it does."""
    said = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*", "Content-Type": "text/html"}
    return lambda route: route.fulfill(status=status, body=body, headers=said | headers)


TROUBLES = {
    "lost": lost,
    "broken": broken,
    "500": answers(500),
    "503": answers(503, '{"code": "unavailable", "errors": []}'),
    "429": answers(429, '{"code": "too_many", "errors": []}'),
    "a portal": answers(200, "<h1>Please log in to the network</h1>"),
    "a proxy": answers(200, '{"ok": true}'),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_it_tries_again_by_itself_and_makes_one_visit(form: Page, there: Api, trouble: Callable[[Route], None]) -> None:
    form.route("**/v1/visits/*", trouble, times=2)
    fill(form)
    save(form)
    expect(state(form)).to_have_text(f"{AWAY},待发送 1 条")
    expect(form.get_by_role("alert")).to_be_hidden()
    expect(row(form, "已发送")).to_be_visible()
    expect(state(form)).to_have_text("在线")
    assert visits(there) == ["2020-02-14"]


def test_it_waits_as_long_as_the_server_asks(form: Page) -> None:
    asked: list[float] = []

    def busy(route: Route) -> None:
        asked.append(time.monotonic())
        answers(503, "{}", **{"Retry-After": "4"})(route)

    form.route("**/v1/visits/*", busy, times=1)
    fill(form)
    save(form)
    expect(row(form, "已发送")).to_be_visible()
    assert time.monotonic() - asked[0] > 3.9


def test_a_server_that_never_answers_does_not_hold_it_up(form: Page, there: Api) -> None:
    form.evaluate("{ const after = AbortSignal.timeout; AbortSignal.timeout = () => after.call(AbortSignal, 300) }")
    form.route("**/v1/visits/*", lambda _: None, times=1)
    fill(form)
    save(form)
    expect(state(form)).to_contain_text(AWAY)
    expect(row(form, "已发送")).to_be_visible()
    assert visits(there) == ["2020-02-14"]


@pytest.mark.usefixtures("patient")
def test_names_that_could_not_be_read_come_when_the_server_is_back(
    page: Page, files: str, server: Running, template: Template
) -> None:
    page.route("**/v1/patients?*", answers(500), times=2)
    form = opened(page, files, server, template.keys["clerk"])
    expect(state(form)).to_contain_text(AWAY)
    expect(field(form, "所属患者").locator("option")).to_have_text(["请选择", PERSON])
    expect(state(form)).to_have_text("在线")


def test_a_key_that_ended_is_asked_for_again_and_nothing_is_lost(
    form: Page, there: Api, template: Template, server: Running
) -> None:
    form.route("**/v1/visits/*", answers(401, '{"code": "unauthenticated"}'), times=1)
    form.evaluate("window.same = true")
    fill(form)
    save(form)
    expect(form.get_by_label("密钥", exact=True)).to_be_visible()
    expect(state(form)).to_contain_text("密钥已失效")
    expect(form.get_by_text(NAME)).to_have_count(0)
    enter(form, server, template.keys["clerk"])
    expect(row(form, "已发送")).to_be_visible()
    assert form.evaluate("window.same")  # without a reload
    assert visits(there) == ["2020-02-14"]


def test_a_draft_is_there_again_after_the_key_was(form: Page, template: Template, there: Api, server: Running) -> None:
    with_one_waiting_and_a_draft(form)
    form.route("**/v1/visits/*", answers(401, '{"code": "unauthenticated"}'), times=1)
    expect(state(form)).to_contain_text("密钥已失效")
    form.unroute("**/v1/visits/*", broken)
    enter(form, server, template.keys["clerk"], old=template.keys["clerk"])  # by mistake
    expect(field(form, "走访日期")).to_have_value("2020-02-15")
    expect(row(form, "已发送")).to_be_visible()
    assert visits(there) == ["2020-02-14"]


def test_a_wrong_key_is_told_plainly(page: Page, files: str, server: Running, template: Template) -> None:
    page.goto(f"{files}/form/index.html")
    page.get_by_label("接口地址").fill(server.url)
    page.get_by_label("密钥", exact=True).fill(template.keys["clerk"][:-1])
    button(page, "进入").click()
    expect(state(page)).to_have_text("密钥无效,请核对后重新输入")
    expect(page.get_by_role("alert")).to_be_hidden()
    enter(page, server, template.keys["clerk"])


def with_one_waiting_and_a_draft(form: Page, trouble: Callable[[Route], None] = broken) -> None:
    form.route("**/v1/visits/*", trouble)
    fill(form)
    save(form)
    fill(form, "2020-02-15")
    expect(state(form)).to_contain_text("待发送 1 条")


def test_the_next_person_neither_sees_nor_sends_it(form: Page, there: Api, template: Template, server: Running) -> None:
    with_one_waiting_and_a_draft(form)
    assert NAME not in kept(form)
    form.reload()
    form.unroute("**/v1/visits/*")
    tried: list[str] = []
    form.on("request", lambda request: tried.append(request.url) if "/v1/visits/" in request.url else None)
    form.route("**/v1/patients?*", broken)
    enter(form, server, template.keys["neighbour"])
    expect(state(form)).to_have_text(AWAY)  # of the names: visits would have been sent before
    expect(form.get_by_role("listitem")).to_have_count(0)
    expect(field(form, "走访日期")).to_have_value("")
    expect(field(form, "所属患者").locator("option")).to_have_text(["请选择"])
    assert NAME not in form.evaluate("JSON.stringify({...sessionStorage})")
    assert tried == []
    form.unroute("**/v1/patients?*")
    button(form, "退出并清除本机数据").click()  # what is another's stays, and is not asked about
    enter(form, server, template.keys["clerk"])
    expect(row(form, f"{PERSON} 2020-02-14 已发送")).to_be_visible()
    button(row(form, f"{PERSON} 2020-02-15 草稿"), "填写").click()
    expect(field(form, "走访日期")).to_have_value("2020-02-15")
    assert visits(there) == ["2020-02-14"]


def test_who_gets_a_new_key_takes_along_what_the_old_one_left(
    form: Page, there: Api, template: Template, server: Running
) -> None:
    with_one_waiting_and_a_draft(form, lost)  # the server has it under the old key
    form.reload()
    form.unroute("**/v1/visits/*")
    enter(form, server, template.keys["village_clerk"], old=template.keys["clerk"])
    expect(row(form, f"{PERSON} 2020-02-14 已发送")).to_be_visible()
    expect(row(form, f"{PERSON} 2020-02-15 草稿")).to_be_visible()
    assert visits(there) == ["2020-02-14"]


def test_a_refused_visit_waits_and_does_not_push_out_what_is_being_typed(
    form: Page, there: Api, template: Template, server: Running
) -> None:
    form.context.set_offline(True)
    fill(form, "2999-01-01")
    save(form)
    fill(form, "2020-02-15")
    form.context.set_offline(False)
    expect(state(form)).to_have_text("在线,被退回 1 条")
    expect(row(form, f"{PERSON} 2999-01-01 被退回 走访日期:")).to_be_visible()
    expect(field(form, "走访日期")).to_have_value("2020-02-15")
    form.reload()
    enter(form, server, template.keys["clerk"])
    expect(field(form, "走访日期")).to_have_value("2020-02-15")
    button(row(form, "被退回"), "修改").click()
    is_faulty(field(form, "走访日期"), re.compile("."))
    expect(field(form, "走访日期")).to_have_value("2999-01-01")
    expect(row(form, f"{PERSON} 2020-02-15 草稿")).to_be_visible()
    field(form, "走访日期").fill("2020-02-14")
    save(form)
    expect(row(form, f"{PERSON} 2020-02-14 已发送")).to_be_visible()
    button(row(form, "2020-02-15 草稿"), "填写").click()
    expect(field(form, "走访日期")).to_have_value("2020-02-15")
    save(form)
    expect(row(form, f"{PERSON} 2020-02-15 已发送")).to_be_visible()
    assert visits(there) == ["2020-02-14", "2020-02-15"]


def test_a_row_can_be_thrown_away_once_it_was_asked(form: Page) -> None:
    form.context.set_offline(True)
    fill(form, "2999-01-01")
    save(form)
    field(form, "现实表现、存在问题、处置措施").fill("另一张(示范)")
    form.context.set_offline(False)
    form.once("dialog", lambda dialog: dialog.dismiss())
    button(row(form, "被退回"), "删除").click()
    expect(row(form, "被退回")).to_be_visible()
    form.once("dialog", lambda dialog: dialog.accept())
    button(row(form, "被退回"), "删除").click()
    expect(form.get_by_role("listitem")).to_have_count(0)
    expect(state(form)).to_have_text("在线")


@pytest.fixture
def second(form: Page, files: str, server: Running, template: Template) -> Page:
    """The same clerk in a second tab of the same browser."""
    entered = opened(form.context.new_page(), files, server, template.keys["clerk"])
    expect(field(entered, "所属患者").locator("option")).to_have_text(["请选择", PERSON])
    return entered


def test_two_tabs_leave_each_other_s_drafts_alone(
    form: Page, second: Page, template: Template, there: Api, server: Running
) -> None:
    fill(form, "2020-02-14")
    fill(second, "2020-02-15")
    save(second)
    expect(row(second, f"{PERSON} 2020-02-15 已发送")).to_be_visible()
    expect(field(form, "走访日期")).to_have_value("2020-02-14")
    form.reload()
    enter(form, server, template.keys["clerk"])
    expect(field(form, "走访日期")).to_have_value("2020-02-14")
    save(form)
    expect(row(form, f"{PERSON} 2020-02-14 已发送")).to_be_visible()
    assert visits(there) == ["2020-02-14", "2020-02-15"]


def test_a_draft_is_in_one_tab_at_a_time(form: Page, second: Page, there: Api) -> None:
    fill(form)
    button(row(second, f"{PERSON} 2020-02-14 草稿"), "填写").click()
    expect(field(form, "走访日期")).to_have_value("")
    expect(button(form, "保存并发送")).to_be_disabled()
    save(second)
    expect(row(second, "已发送")).to_be_visible()
    assert visits(there) == ["2020-02-14"]


def test_a_tab_that_was_duplicated_does_not_save_its_draft_again(
    form: Page, files: str, server: Running, template: Template
) -> None:
    form.context.route("**/v1/visits/*", broken)
    fill(form)
    copy = form.context.new_page()
    copy.goto(f"{files}/form/index.html")
    copy.evaluate("visits => { sessionStorage.visits = visits }", form.evaluate("sessionStorage.visits"))
    save(form)
    enter(copy, server, template.keys["clerk"])
    expect(row(copy, f"{PERSON} 2020-02-14 待发送")).to_be_visible()
    expect(field(copy, "走访日期")).to_have_value("")


def test_the_browser_is_left_clean_once_that_was_asked(form: Page) -> None:
    field(form, "现实表现、存在问题、处置措施").fill("半张表(示范)")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        (dialog.accept if len(asked) > 1 else dialog.dismiss)()

    form.on("dialog", answer)
    button(form, "退出并清除本机数据").click()
    expect(field(form, "现实表现、存在问题、处置措施")).to_have_value("半张表(示范)")
    button(form, "退出并清除本机数据").click()
    expect(form.get_by_label("密钥", exact=True)).to_be_visible()
    assert ["1 条" in message for message in asked] == [True, True]
    assert form.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.usefixtures("template")
def test_no_line_is_long() -> None:
    code = [path for path in (ROOT / "examples" / "form").iterdir() if path.suffix in {".js", ".html", ".css"}]
    assert [line for path in code for line in path.read_text("utf-8").splitlines() if len(line) > 120] == []
