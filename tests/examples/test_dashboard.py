"""The dashboard, driven in a browser: what it shows is what the registry says, live, and as of a day."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from playwright.sync_api import Locator, Page, expect

from registry.settings import read_settings
from tests import factories
from tests.api import Api
from tests.conftest import Template
from tests.examples.conftest import ROOT, SCREENSHOTS, Running, screenshot, serving

pytestmark = pytest.mark.parametrize("template", ["sqlite"], indirect=True)


@pytest.fixture
def entries(there: Api) -> None:
    there.made("/v1/gatherings", factories.gathering(sessions=5))
    there.made("/v1/gatherings", factories.gathering(sessions=2, decided_on="2020-02-03"))
    elsewhere = factories.gathering(division=factories.OTHER_VILLAGE, sessions=1)
    there.made("/v1/gatherings", elsewhere, "neighbour")
    there.made("/v1/sheds", factories.shed())
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
    page.goto("about:blank")  # ends the stream before the server ends


def tile(board: Page, measure: str) -> Locator:
    return board.locator(f'[data-measure="{measure}"] b')


def bars(board: Page, place: str) -> list[Any]:
    return board.locator(f"#{place} .bar").all_text_contents()


def test_totals_and_parts_are_those_of_the_registry(board: Page) -> None:
    expect(tile(board, "gatherings.sessions")).to_have_text("8 场")
    expect(tile(board, "sheds.sheds")).to_have_text("2 个")
    expect(tile(board, "disputes.found")).to_have_text("1 宗")
    expect(board.locator("#place")).to_have_text("雷州市")
    expect(board.locator("#paragraph")).not_to_be_empty()
    expect(board.locator("#towns .bar")).to_have_count(2)
    assert bars(board, "towns") == ["客路镇7 场", "白沙镇1 场"]
    assert bars(board, "trend") == ["2020年1月6 场", "2020年2月2 场"]


def test_a_count_of_few_people_reads_withheld_and_never_nought(board: Page) -> None:
    expect(tile(board, "patients.on_roster")).to_have_text("未公布")
    expect(tile(board, "visits.made")).to_have_text("未公布")
    expect(board.locator('[data-measure="visits.made"]')).to_be_disabled()


def test_a_figure_opens_into_its_rows(board: Page) -> None:
    board.locator("#towns .bar", has_text="客路镇").click()
    expect(board.locator("#rows-title")).to_have_text("客路镇 7 场")
    expect(board.locator("#rows-list li")).to_have_count(2)
    tile(board, "disputes.found").click()
    expect(board.locator("#rows-list li")).to_have_text(["客路镇迈港村委会 林地纠纷(示范) 2020-02-01"])


def test_what_is_recorded_shows_at_once(board: Page, there: Api, server: Running) -> None:
    there.made("/v1/gatherings", factories.gathering(sessions=4))
    expect(tile(board, "gatherings.sessions")).to_have_text("12 场")
    expect(board.locator("#events li").first).to_have_text(re.compile("取消聚集活动台账 新增$"))
    board.context.set_offline(True)
    server.cut()
    expect(board.locator("#live")).not_to_have_text("实时")
    there.made("/v1/sheds", factories.shed(count=3))
    board.context.set_offline(False)
    expect(tile(board, "sheds.sheds")).to_have_text("5 个")  # nothing that came in between is missing
    expect(board.locator("#events li")).to_have_count(2)  # and nothing came twice


def test_the_slider_shows_what_was_known(board: Page, there: Api) -> None:
    slider = board.locator("#as-of")
    slider.focus()
    board.keyboard.press("ArrowLeft")
    expect(board.locator("#as-of-text")).to_have_text(re.compile(r"^\d{4}-\d{2}-\d{2}$"))
    expect(tile(board, "gatherings.sessions")).to_have_text("0 场")  # nothing was recorded then
    there.made("/v1/gatherings", factories.gathering(sessions=4))
    expect(board.locator("#events li")).to_have_count(1)
    expect(tile(board, "gatherings.sessions")).to_have_text("0 场")
    board.keyboard.press("ArrowRight")
    expect(tile(board, "gatherings.sessions")).to_have_text("12 场")


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
            screenshot(page, "dashboard.png")
            page.goto("about:blank")
