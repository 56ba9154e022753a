"""The demo county leizhou-2020: it says what the article says, comes out alike every time, and is marked as a replay."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from rich.console import Console
from sqlalchemy import Connection, select

from registry.app import REGISTERS, create_app
from registry.db.key_store import KeyStore
from registry.demo.loader import load
from registry.errors import Conflict
from registry.ledger.tables import LOG
from registry.settings import Settings, read_settings
from tests.api import Api
from tests.conftest import COUNTY, KELU, RULEBOOK, load_demo, new_postgres_database, opened

pytestmark = pytest.mark.slow
QUIET = Console(quiet=True)
ZONE = "440882450"
BULLETIN = "/v1/bulletin?to=2020-03-05"
ARTICLE = {"gatherings_cancelled": 2339, "sheds_demolished": 584}
CLERK = f"clerk-{KELU}"


@dataclass
class Demo:
    """A loaded demo county, and its running application."""

    settings: Settings
    api: Api

    @cached_property
    def entries(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that stands, by register, as its most general reader sees it."""
        return {register.name: everything(self.api, register.name) for register in REGISTERS}

    @cached_property
    def log(self) -> list[tuple[Any, ...]]:
        """What was written, in order."""
        columns = (LOG.c.position, LOG.c.register, LOG.c.entry_id, LOG.c.number, LOG.c.action, LOG.c.recorded_at)

        def read(connection: Connection) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(LOG.c.position))]

        async def job() -> list[tuple[Any, ...]]:
            async with opened(self.settings.database) as database:
                return await database.read(read)

        return asyncio.run(job())


def everything(api: Api, register: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = api.get(f"/v1/{register}?limit=200{cursor and '&cursor=' + cursor}", "auditor").json()
        found += page["items"]
        cursor = page["next_cursor"]
    return found


def started(settings: Settings) -> Iterator[Demo]:
    keys = json.loads((settings.home / "demo-keys.json").read_bytes())
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield Demo(settings, Api(client, keys))


@pytest.fixture(scope="module")
def on_sqlite(loaded_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo-sqlite")
    shutil.copytree(loaded_demo, home, dirs_exist_ok=True)
    yield from started(read_settings({"REGISTRY_HOME": str(home)}))


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[Demo]:
    name = f"registry_demo_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = asyncio.run(new_postgres_database(postgres, name))
    home = tmp_path_factory.mktemp("demo-postgres")
    settings = read_settings({"REGISTRY_HOME": str(home), "REGISTRY_DATABASE": url})
    asyncio.run(load_demo(settings))
    yield from started(settings)


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def demo(request: pytest.FixtureRequest) -> Demo:
    found: Demo = request.getfixturevalue(request.param)
    return found


def test_the_bulletin_gives_the_figures_of_the_article(demo: Demo) -> None:
    bulletin = demo.api.get(f"{BULLETIN}&division={COUNTY}", "dashboard").json()
    assert {name: bulletin[name] for name in ARTICLE} == ARTICLE
    assert "2339场" in bulletin["paragraph"]
    assert "584个" in bulletin["paragraph"]


SENTENCES = (
    "取消或暂停各类聚集活动2339场，铲除易诱发聚集赌博（娱乐）场所（简易棚）584个",
    "2月18日，客路镇迈港村和龙秋村因涉土问题引发纠纷",
    "迅速控制局面、平息事态",
    "市委政法委牵头成立工作专班，进驻客路镇",
    "6天内促成两村签订《土地调解协议》和《和谐共建平安村协议》，成功化解该宗涉及两村长达10余年之久、历经多次裁决、复议、判决的土地权属纠纷",
    "严重精神障碍患者排查走访专项行动",
    "地毯式",
)
"""What the article says (雷州政法 2020-03-05, 精准施策，源头治理防患未然), word for word but for officials' names and posts."""


def test_the_bulletin_says_the_sentences_of_the_article(demo: Demo) -> None:
    for form in ("text", "html", "markdown"):
        page = demo.api.get(f"{BULLETIN}&division={COUNTY}&format={form}", "dashboard").text.replace("\\", "")
        assert [sentence for sentence in SENTENCES if sentence not in page] == []
        assert "2月12日起，雷州市开展2020年严重精神障碍患者排查走访专项行动" in page
        assert "（裁决2次、复议2次、判决2次）" in page
        assert "截至时间：2020年3月5日24时；" in page  # a replayed day was over
    for day, sentences in (("2020-02-17", 0), ("2020-02-25", 1), ("2020-02-26", 1)):
        told = demo.api.get(f"/v1/bulletin?to={day}", "dashboard").json()["sections"][0]["told"]
        assert len(told) == sentences
        assert ("成功化解" in "".join(told)) is (day == "2020-02-26")


def test_counts_of_people_are_told_as_of_the_month_end(demo: Demo) -> None:
    asked = "/v1/bulletin?to=2020-02-26&as_of=2020-02-26"
    bulletin = demo.api.get(asked, "bot").json()
    assert "在管严重精神障碍患者1050人（截至1月31日），走访" in bulletin["paragraph"]
    assert bulletin["as_of_day"] == "2020-01-31"
    assert {each["as_of_day"] for each in bulletin["figures"]} == {"2020-01-31", None}
    assert "截至1月31日" not in "".join(bulletin["sections"][1]["told"])  # the drive began later
    office = demo.api.get(asked, "supervisor").json()
    assert office["as_of_day"] is None
    assert office["visits"] == bulletin["visits"] > 0


def test_what_is_due_is_told_as_the_due_list_counts_it(demo: Demo) -> None:
    told = demo.api.get(BULLETIN, "supervisor").json()["sections"][-1]["told"]
    counts = demo.api.get("/v1/due?on=2020-03-05&before=2020-03-06&limit=1", "supervisor").json()["counts"]
    (late,) = [line for line in told if line.startswith("已逾期：")]
    assert (
        late
        == "已逾期：" + "、".join(f"{each['title']}{each['overdue']}项" for each in counts if each["overdue"]) + "。"
    )
    assert sum(map(int, re.findall(r"([0-9]+)项", "".join(told)))) == sum(each["due"] for each in counts)


def test_the_drive_is_told_as_its_coverage_is_counted(demo: Demo) -> None:
    (campaign,) = demo.entries["campaigns"]
    total = demo.api.get(f"/v1/campaigns/{campaign['id']}/coverage", "supervisor").json()["total"]
    (told,) = demo.api.get(BULLETIN, "supervisor").json()["sections"][1]["told"]
    visited = total["visited_jointly"] + total["visited_otherwise"]
    assert f"21个镇（街）在管患者{total['on_roster']}人，已走访见面{visited}人" in told
    assert f"覆盖率{100 * visited / total['on_roster']:.1f}%，尚未见面{total['not_yet']}人" in told


def test_the_towns_add_up_to_the_county(demo: Demo) -> None:
    towns = [place["code"] for place in demo.entries["divisions"] if place["level"] == "town"]
    rows = [demo.api.get(f"{BULLETIN}&division={code}", "dashboard").json() for code in towns if code != ZONE]
    assert len(rows) == 21
    assert {name: sum(row[name] for row in rows) for name in ARTICLE} == ARTICLE
    assert all(row[name] > 0 for row in rows for name in ARTICLE)


def test_a_towns_clerk_gets_only_the_towns_figures(demo: Demo) -> None:
    whole = demo.api.get(BULLETIN, CLERK).json()
    town = demo.api.get(f"{BULLETIN}&division={KELU}", "supervisor").json()
    assert {name: whole[name] for name in ARTICLE} == {name: town[name] for name in ARTICLE}
    assert 0 < whole["gatherings_cancelled"] < ARTICLE["gatherings_cancelled"]
    assert (whole["whole"], whole["division_name"]) == (False, "客路镇")
    assert demo.api.get(f"{BULLETIN}&division=440882100", CLERK).status_code == 422


def maigang(demo: Demo) -> str:
    (found,) = [entry["id"] for entry in demo.entries["disputes"] if "迈港村与龙秋村" in entry["title"]]
    return str(found)


@pytest.mark.parametrize(
    ("as_of", "stage", "agreements"),
    [("2020-02-19", "reported", 0), ("2020-02-21", "mediating", 0), ("2020-02-26", "agreed", 2)],
)
def test_the_dispute_of_the_article_stood_as_it_was_known(demo: Demo, as_of: str, stage: str, agreements: int) -> None:
    case = demo.api.get(f"/v1/disputes/{maigang(demo)}/case?as_of={as_of}", CLERK).json()
    assert (case["dispute"]["stage"], len(case["agreements"])) == (stage, agreements)


def test_the_dispute_of_the_article_was_not_known_before_it_was_found(demo: Demo) -> None:
    assert demo.api.get(f"/v1/disputes/{maigang(demo)}?as_of=2020-02-17", CLERK).status_code == 404


def test_the_dispute_of_the_article_is_settled_in_six_days(demo: Demo) -> None:
    case = demo.api.get(f"/v1/disputes/{maigang(demo)}/case", CLERK).json()
    assert (case["dispute"]["stage"], case["dispute"]["days_to_settle"]) == ("agreed", 6)
    assert {agreement["title"] for agreement in case["agreements"]} == {"土地调解协议", "和谐共建平安村协议"}
    assert len(case["agreements"]) == 2
    assert len(case["proceedings"]) == 6


OF_THE_SERVER = {register.name for register in REGISTERS if not register.writers}


def test_every_entry_says_where_it_comes_from(demo: Demo) -> None:
    for register, entries in demo.entries.items():
        assert entries or register in OF_THE_SERVER, register  # it writes of today, not of 2020
        for entry in entries:
            assert entry["meta"]["provenance"]["kind"] in {"article", "synthetic"}, entry["id"]
            assert entry["meta"]["recorded_at"] < "2020-03-06" < entry["meta"]["replayed_at"], entry["id"]


def test_the_divisions_carry_the_counts_of_the_article(demo: Demo) -> None:
    places = demo.entries["divisions"]
    (county,) = [place for place in places if place["level"] == "county"]
    towns = [place for place in places if place["level"] == "town" and place["code"] != ZONE]
    assert len(towns) == 21
    for field, total in (("hamlets", 2308), ("grid_staff", 7627)):
        assert county[field] == total
        assert sum(town[field] for town in towns) == total
    staff = demo.entries["grid-staff"]
    assert len(staff) == 7627
    assert sum(entry["tier"] in {"village", "natural_village"} for entry in staff) == 6364


def test_all_people_are_fictional(demo: Demo) -> None:
    found = demo.api.get(f"/v1/grid-staff?division={KELU}&limit=200", CLERK).json()["items"]
    found += demo.api.get(f"/v1/patients?division={KELU}&limit=200", CLERK).json()["items"]
    assert {entry["name"][:2] for entry in found} == {"示范"}


def test_loading_twice_is_refused(demo: Demo) -> None:
    async def again(*, if_empty: bool) -> None:
        async with opened(demo.settings.database) as database:
            await load(demo.settings, database, KeyStore(demo.settings.key_store), QUIET, RULEBOOK, if_empty=if_empty)

    before = demo.settings.home.joinpath("demo-keys.json").read_bytes()
    with pytest.raises(Conflict):
        asyncio.run(again(if_empty=False))
    asyncio.run(again(if_empty=True))
    assert demo.settings.home.joinpath("demo-keys.json").read_bytes() == before


def test_the_keys_are_for_their_owner_alone(demo: Demo) -> None:
    path = demo.settings.home / "demo-keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    keys = json.loads(path.read_bytes())
    assert set(keys) == {"supervisor", "dashboard", "bot", "auditor", "administrator", CLERK}
    for name in keys:
        assert demo.api.get("/v1/divisions?limit=1", name).status_code == 200


def test_the_replay_comes_out_alike_every_time(on_sqlite: Demo, on_postgres: Demo) -> None:
    assert len(on_sqlite.log) > 10_000
    assert on_sqlite.log == on_postgres.log
