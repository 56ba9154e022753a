"""The office's visit form, driven in a browser as a clerk would."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests import factories
from tests.api import Api
from tests.conftest import Template
from tests.examples.conftest import Running, screenshot, stored

pytestmark = pytest.mark.parametrize("template", ["sqlite"], indirect=True)


@pytest.fixture
def patient(there: Api) -> str:
    made: str = there.made("/v1/patients", factories.patient())["id"]
    return made


@pytest.fixture
def form(page: Page, files: str, server: Running, template: Template, patient: str) -> Page:  # noqa: ARG001 - is in the list to pick from
    """The form, the clerk logged in."""
    page.goto(f"{files}/form/index.html")
    page.get_by_label("接口地址").fill(server.url)
    page.get_by_label("密钥").fill(template.keys["clerk"])
    page.get_by_role("button", name="进入").click()
    expect(page.locator("#entry fieldset").first).to_be_visible()
    return page


def field(page: Page, pointer: str, tag: str = "input, select, textarea") -> Page:
    found: Page = page.locator(f'[data-pointer="{pointer}"]').locator(tag).first  # type: ignore[assignment]
    return found


def fill(page: Page, patient: str) -> None:
    field(page, "/patient_id").fill(patient)
    field(page, "/visited_on").fill("2020-02-14")
    field(page, "/form").select_option("家庭访视")
    for place, role in enumerate(("网格员", "民警")):
        page.locator('[data-pointer="/team"] > .list > button').click()
        field(page, f"/team/{place}/role").select_option(role)
        field(page, f"/team/{place}/name").fill("示范周")
    field(page, "/seen").select_option("是")
    field(page, "/risk_level").fill("0")
    field(page, "/stability").select_option("稳定")


def visits(there: Api) -> list[str]:
    return [item["id"] for item in there.get("/v1/visits").json()["items"]]


def test_the_form_is_built_from_the_schema(form: Page, there: Api) -> None:
    schema = there.get("/v1/schemas/visits").json()
    expect(form.locator("#title")).to_have_text(schema["title"])
    assert form.locator("#entry > fieldset > legend").all_text_contents() == [g["title"] for g in schema["x-groups"]]
    ordered = sorted(schema["properties"].values(), key=lambda each: each["x-order"])
    labels = form.locator("#entry > fieldset > .field > label")
    assert labels.all_text_contents() == [each["title"] for each in ordered]
    assert field(form, "/form").locator("option").all_text_contents() == ["请选择", "门诊", "家庭访视", "电话"]
    assert form.locator("#people option").count() == 1


def test_every_fault_stands_beside_its_field(form: Page, there: Api, patient: str) -> None:
    fill(form, patient)
    field(form, "/patient_id").fill("not an id")
    field(form, "/risk_level").fill("9")
    field(form, "/team/1/name").fill("周*")
    field(form, "/seen").select_option("请选择")
    form.get_by_role("button", name="保存并发送").click()
    for pointer in ("/patient_id", "/risk_level", "/team/1/name", "/seen"):
        expect(form.locator(f'[data-pointer="{pointer}"] > .fault')).to_have_count(1)
    expect(form.locator(".fault")).to_have_count(4)
    expect(form.locator("#summary li")).to_have_count(4)
    expect(form.locator("#summary")).to_contain_text("见到对象:缺少必填项。")
    expect(field(form, "/team/0/name")).to_have_value("示范周")  # what was typed is still there
    screenshot(form, "form.png")
    assert visits(there) == []
    field(form, "/patient_id").fill(patient)
    field(form, "/risk_level").fill("0")
    field(form, "/team/1/name").fill("示范吴")
    field(form, "/seen").select_option("是")
    form.get_by_role("button", name="保存并发送").click()
    expect(form.locator("#outbox")).to_contain_text("已发送")
    expect(form.locator("#summary")).to_be_hidden()
    assert len(visits(there)) == 1


def test_a_rule_s_refusal_stands_beside_its_field_too(form: Page, patient: str) -> None:
    fill(form, patient)
    field(form, "/visited_on").fill("2999-01-01")
    form.get_by_role("button", name="保存并发送").click()
    expect(form.locator('[data-pointer="/visited_on"] > .fault')).to_have_count(1)


def test_what_was_typed_offline_is_kept_and_sent_once_when_back(form: Page, there: Api, patient: str) -> None:
    form.context.set_offline(True)
    fill(form, patient)
    expect(form.locator("#state")).to_contain_text("离线")
    form.get_by_role("button", name="保存并发送").click()
    expect(form.locator("#state")).to_contain_text("待发送 1 条")
    field(form, "/findings").fill("半张表(示范)")
    kept = stored(form)
    assert kept["visit-draft"] == {"findings": "半张表(示范)"}
    (waiting,) = kept["visit-outbox"]
    assert visits(there) == []
    form.context.set_offline(False)
    expect(form.locator("#outbox")).to_contain_text(f"{waiting['id']} 已发送")
    assert visits(there) == [waiting["id"]]
    assert stored(form)["visit-outbox"] == []  # no personal data stays once it is sent
    expect(field(form, "/findings")).to_have_value("半张表(示范)")


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


@pytest.mark.parametrize("lose", [lost, broken], ids=["lost", "broken"])
def test_an_entry_whose_answer_was_lost_is_not_doubled(
    form: Page, there: Api, patient: str, lose: Callable[[Route], None]
) -> None:
    form.route("**/v1/visits/*", lose, times=1)
    fill(form, patient)
    form.get_by_role("button", name="保存并发送").click()
    expect(form.locator("#state")).to_contain_text("待发送 1 条")
    made = visits(there)
    form.evaluate("dispatchEvent(new Event('online'))")
    expect(form.locator("#outbox")).to_contain_text("已发送")
    assert len(visits(there)) == 1
    assert made in ([], visits(there))


def test_the_browser_is_left_clean(form: Page) -> None:
    field(form, "/findings").fill("半张表(示范)")
    assert "visit-people" in stored(form)
    form.get_by_role("button", name="退出并清除本机数据").click()
    expect(form.get_by_label("密钥")).to_be_visible()
    assert stored(form) == {}
