"""The bot: as a process against a real server and a stand-in for the group robot; what depends on time, under a clock of the test's."""

import datetime as dt
import importlib.util
import json
import os
import queue
import random
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests import factories
from tests.api import Api
from tests.conftest import Template
from tests.examples.conftest import PATIENCE, ROOT, Running

on_sqlite = pytest.mark.parametrize("template", ["sqlite"], indirect=True)

OLD, NEW, STRANGE = ("whsec_" + letter * 32 for letter in "ABC")
SOURCE = ROOT / "examples" / "bot" / "bot.py"
BEIJING = dt.timezone(dt.timedelta(hours=8))
MORNING = dt.datetime(2020, 3, 6, 8, 0, tzinfo=BEIJING)
NEVER = "23:59:59.999999"
MINUTE, HOUR, DAY = 60, 3600, 86400
LIMIT = 4096
"""Bytes that WeCom's robot takes."""


@dataclass
class Robot:
    """What the group sees."""

    url: str = ""
    messages: "queue.Queue[str]" = field(default_factory=queue.Queue)

    def next(self) -> str:
        return self.messages.get(timeout=PATIENCE)


@pytest.fixture
def robot() -> Iterator[Robot]:
    stand_in = Robot()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert message.keys() == {"msgtype", "markdown"}
            assert message["msgtype"] == "markdown"
            stand_in.messages.put(message["markdown"]["content"])
            body = b'{"errcode": 0, "errmsg": "ok"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}/robot"
    yield stand_in
    server.shutdown()
    server.server_close()
    thread.join()


def signed(body: str, name: str, secret: str = NEW) -> dict[str, str]:
    at = dt.datetime.now(dt.UTC)
    signature = Webhook(secret).sign(name, at, body)
    return {"webhook-id": name, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


@dataclass
class Bot:
    """The process, and how the registry would call it."""

    process: subprocess.Popen[str]
    port: int
    state: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def deliver(self, event: Any, secret: str = NEW, key: str | None = None) -> int:
        body = json.dumps(event)
        headers = signed(body, key or event["id"], secret)
        return httpx.post(self.url, content=body, headers=headers, trust_env=False).status_code

    def stop(self) -> int:
        self.process.terminate()
        try:
            status = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


Start = Callable[..., Bot]


@pytest.fixture
def start(server: Running, template: Template, robot: Robot, tmp_path: Path) -> Iterator[Start]:
    """Start a bot; after a stop it may be started again, on the same state."""
    running: list[Bot] = []

    def starting(at: str = NEVER) -> Bot:
        state = tmp_path / "bot.db"
        environ = {
            **os.environ,
            "BOT_REGISTRY": server.url,
            "BOT_KEY": template.keys["bot"],
            "BOT_SECRETS": f"{OLD},{NEW}",
            "BOT_ROBOT": robot.url,
            "BOT_LINKS": "https://registry.example/",
            "BOT_PORT": "0",
            "BOT_AT": at,
            "BOT_STATE": str(state),
        }
        process = subprocess.Popen([sys.executable, str(SOURCE)], env=environ, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        running.append(Bot(process, int(port), state))
        return running[-1]

    yield starting
    for bot in running:
        bot.stop()


@pytest.fixture(scope="module")
def source() -> Iterator[ModuleType]:
    """The bot's own module."""
    spec = importlib.util.spec_from_file_location("example_bot", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["example_bot"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["example_bot"]


@dataclass
class Desk:
    """A bot in this process, at a time that the test says, with a robot that answers as the test says."""

    source: ModuleType
    state: Path
    at: str = NEVER
    now: float = MORNING.timestamp()
    answer: Callable[[str], httpx.Response] = lambda _: httpx.Response(200, json={"errcode": 0})
    bulletin: str = "《日报》\n"
    sent: list[tuple[float, str]] = field(default_factory=list)
    """Every message that reached the robot, and when."""
    asked: list[httpx.URL] = field(default_factory=list)
    bot: Any = None

    def restart(self) -> "Desk":
        environ = {
            "BOT_REGISTRY": "http://registry.example", "BOT_KEY": "rk_", "BOT_SECRETS": NEW, "BOT_AT": self.at,
            "BOT_ROBOT": "http://robot.example/send?key=hush", "BOT_STATE": str(self.state),
        }  # fmt: skip
        self.close()
        self.bot = self.source.Bot(self.source.settings(environ), clock=lambda: self.now)
        self.bot.robot = httpx.Client(transport=httpx.MockTransport(self._robot))
        self.bot.registry = httpx.Client(
            transport=httpx.MockTransport(self._registry), base_url="http://registry.example"
        )
        return self

    def close(self) -> None:
        if self.bot is not None:
            self.bot.robot.close()
            self.bot.registry.close()
            self.bot.outbox._db.close()

    def _robot(self, request: httpx.Request) -> httpx.Response:
        text = json.loads(request.content)["markdown"]["content"]
        self.sent.append((self.now, text))
        return self.answer(text)

    def _registry(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if request.url.path == "/v1/divisions":
            return httpx.Response(200, json={"items": []})
        return httpx.Response(200, text=self.bulletin)

    def put(self, *texts: str) -> None:
        for text in texts:
            self.bot.outbox.put(f"{text[:40]}{len(self.sent)}", text, self.now)

    def told(self) -> str:
        return "\n".join(text for _, text in self.sent)

    def run(self, seconds: float, step: float = 1) -> None:
        end = self.now + seconds
        while self.now < end:
            self.bot.tick()
            self.now += step


@pytest.fixture
def desk(source: ModuleType, tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(source, tmp_path / "bot.db").restart()
    yield opened
    opened.close()


def event(
    number: int, data: dict[str, Any], kind: str = "disputes.created", register: str = "disputes", **more: Any
) -> dict[str, Any]:
    entry = f"01a209d8-2208-7857-ad56-{number:012d}"
    return {
        "specversion": "1.0", "id": f"wm_440882_{number}-0", "source": "/v1/books/440882", "type": kind,
        "subject": f"{register}/{entry}", "time": dt.datetime.now(dt.UTC).isoformat(), "data": {"id": entry, **data}, **more,
    }  # fmt: skip


def mass(number: int) -> dict[str, Any]:
    return event(number, factories.dispute(scale="mass_major", summary="李某某聚众(示范)", title="示范王某家门口"))


@on_sqlite
def test_an_urgent_event_says_what_where_and_which_case_without_a_word_of_the_record(
    start: Start, robot: Robot, there: Api
) -> None:
    typed = {"summary": "李某某聚众(示范)", "title": "示范王某家门口", "place_name": "示范陈家"}
    made = there.made("/v1/disputes", factories.dispute(scale="mass_major", people_involved=37, **typed))
    there.patch(f"/v1/disputes/{made['id']}", {"people_involved": 38})
    there.patch(f"/v1/disputes/{made['id']}", {"people_involved": 39})
    feed = there.get("/v1/changes?after=wm_440882_0&registers=disputes", "bot").json()["events"]
    bot = start()
    told = []
    for each in feed:
        assert bot.deliver(each) == 204
        told.append(robot.next())
    at = dt.datetime.fromisoformat(feed[0]["time"]).astimezone(BEIJING)
    assert told[0] == (
        f"**矛盾纠纷排查化解台账 新增** 客路镇迈港村委会 〔{made['case_number']}〕 重大群体性事件 林地林木纠纷 涉及37人 "
        f"{at.month}月{at.day}日{at:%H:%M} [查看](https://registry.example/v1/disputes/{made['id']})"
    ).replace("林地林木纠纷", title(there, "forest"))
    assert "台账 变更** 客路镇迈港村委会" in told[1]
    assert "第2版" in told[1]
    assert "第3版" in told[2]
    for text in ("示范", "李某某", "王某", "陈家", factories.PHONE, factories.ID_NUMBER):
        assert text not in "".join(told)


def title(there: Api, code: str) -> str:
    """Of a kind of dispute."""
    options = there.get("/v1/schemas/disputes", "bot").json()["$defs"]["DisputeKind"]["oneOf"]
    found: str = next(option["title"] for option in options if option["const"] == code)
    return found


@on_sqlite
def test_only_what_is_urgent_is_told(start: Start, robot: Robot) -> None:
    bot = start()
    quiet = [
        event(1, factories.dispute()),
        event(2, factories.dispute(scale="mass_major"), "disputes.voided"),
        event(3, factories.visit("x"), "visits.created", "visits"),
        event(4, {"step": -7}, "due.reminder", "reminders"),
    ]
    assert [bot.deliver(each) for each in quiet] == [204] * 4
    alert = event(5, {"kind": "break_glass", "title": "示范"}, "alert.raised", "alerts", division="440882102")
    assert bot.deliver(alert) == 204
    assert "**警示** 客路镇 紧急查阅" in robot.next()
    due = {"step": 0, "kind_title": "走访到期", "due_on": "2020-03-05", "title": "示范王某家(示范)"}
    placed = {
        **due,
        "division_name": "客路镇迈港村委会",
        "case_number": "示范王某",
    }  # typed, where the registry makes none
    assert bot.deliver(event(6, placed, "due.reminder", "reminders")) == 204
    said = robot.next()
    assert "**到期提醒** 客路镇迈港村委会 走访到期 2020-03-05" in said
    assert "示范" not in said
    assert robot.messages.empty()


@on_sqlite
def test_both_secrets_do_while_they_are_rotated_and_no_other(start: Start, robot: Robot) -> None:
    bot = start()
    assert bot.deliver(mass(1), STRANGE) == 401
    assert bot.deliver(mass(2), OLD) == 204
    assert bot.deliver(mass(3), NEW) == 204
    told = robot.next()
    while "000000000003" not in told:
        told += robot.next()
    assert "000000000002" in told
    assert "000000000001" not in told
    assert httpx.post(bot.url, content=b"{}", trust_env=False).status_code == 401
    garbage = {**signed("{}", "x"), "webhook-signature": "v1"}
    assert httpx.post(bot.url, content=b"{}", headers=garbage, trust_env=False).status_code == 401


@on_sqlite
def test_what_is_signed_but_no_event_is_answered(start: Start, robot: Robot) -> None:
    bot = start()
    assert bot.deliver({"id": "1", "type": "alert.raised"}) == 204
    assert bot.deliver({"id": "2", "type": "disputes.created", "data": None}) == 204
    assert bot.deliver({"id": "3", "type": "ping", "data": {}}) == 204
    assert bot.deliver(["no", "event"], key="4") == 204
    assert bot.deliver({"id": "5", "data": {}}) == 400
    for length in ("x", "-1", "99999999", ""):
        with socket.create_connection(("127.0.0.1", bot.port), timeout=PATIENCE) as client:
            client.sendall(f"POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
            assert client.recv(100).startswith(b"HTTP/1.0 413 ")
    assert bot.deliver(mass(7)) == 204
    assert "000000000007" in robot.next()


def test_a_silent_client_is_cut_off(source: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= source.Receiver.timeout <= 30
    monkeypatch.setattr(source.Receiver, "timeout", 0.2)
    with ThreadingHTTPServer(("127.0.0.1", 0), source.Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for beginning in (b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"):
            with socket.create_connection(("127.0.0.1", server.server_port), timeout=PATIENCE) as client:
                client.sendall(beginning)
                assert client.recv(100) == b""
        server.shutdown()
        thread.join()


@on_sqlite
def test_an_event_that_comes_again_is_told_once_also_after_a_restart(start: Start, robot: Robot) -> None:
    bot = start()
    assert [bot.deliver(mass(1)) for _ in range(3)] == [204] * 3
    assert "000000000001" in robot.next()
    assert bot.stop() == 0
    bot = start()
    assert bot.deliver(mass(1)) == 204
    assert bot.deliver(mass(2)) == 204
    assert "000000000002" in robot.next()
    assert robot.messages.empty()


@on_sqlite
def test_the_process_ends_with_an_error_where_posting_does(start: Start) -> None:
    bot = start()
    with sqlite3.connect(bot.state) as state:
        state.execute("drop table message")
    state.close()
    assert bot.process.wait(PATIENCE) == 1


@on_sqlite
def test_the_digest_is_posted_once_a_day(start: Start, robot: Robot, there: Api) -> None:
    there.made("/v1/gatherings", factories.gathering())
    bot = start(at="00:00")
    assert "取消或暂停各类聚集活动" in robot.next()
    bot.stop()
    bot = start(at="00:00")
    assert bot.deliver(mass(1)) == 204
    assert "000000000001" in robot.next()
    assert robot.messages.empty()


@on_sqlite
def test_the_digest_is_the_whole_bulletin_of_yesterday(
    desk: Desk, server: Running, template: Template, there: Api
) -> None:
    for day, sessions in (("2020-03-04", 2), ("2020-03-05", 3), ("2020-03-06", 50)):
        there.made("/v1/gatherings", factories.gathering(sessions=sessions, decided_on=day, planned_from="2020-04-01"))
    desk.at = "08:00"
    desk.now = MORNING.timestamp() - 10
    desk.restart()
    headers = {"Authorization": f"Bearer {template.keys['bot']}"}
    desk.bot.registry = httpx.Client(base_url=server.url, headers=headers, trust_env=False)
    desk.run(9)
    assert desk.sent == []
    desk.run(5)
    ((at, said),) = desk.sent
    assert at >= MORNING.timestamp()
    assert said == there.get("/v1/bulletin?to=2020-03-05&format=text", "bot").text
    assert re.search("取消或暂停各类聚集活动.今日3场.累计5场", said)
    desk.run(DAY + HOUR, step=MINUTE)
    assert len(desk.sent) == 2
    assert "今日50场" in desk.sent[1][1]


def test_visits_that_are_due_are_told_as_totals_of_towns(
    desk: Desk, server: Running, template: Template, there: Api
) -> None:
    for village, number in ((factories.VILLAGE, 2), (factories.OTHER_VILLAGE, 1)):
        for _ in range(number):
            body = factories.patient(division=village, id_number=None, in_care_since="2019-12-02")
            there.made("/v1/patients", body, "supervisor")
    desk.at = "08:00"
    desk.now = MORNING.timestamp() - 10
    desk.restart()
    headers = {"Authorization": f"Bearer {template.keys['bot']}"}
    desk.bot.registry = httpx.Client(base_url=server.url, headers=headers, trust_env=False)
    desk.run(20)
    told = [said for _, said in desk.sent if "走访到期" in said]
    assert told == ["**走访到期** 白沙镇1项（已逾期1项）、客路镇2项（已逾期2项）"]


def test_a_reminder_of_somebody_in_care_is_not_told_to_the_group(source: ModuleType) -> None:
    reminder = {
        "type": "due.reminder",
        "time": "2020-03-06T00:00:05+08:00",
        "data": {"step": 0, "due_register": "patients"},
    }
    now = dt.datetime.fromisoformat(reminder["time"]).timestamp()  # type: ignore[arg-type] # text
    assert not source.is_urgent(reminder, now)
    assert source.is_urgent({**reminder, "data": {"step": 0, "due_register": "disputes"}}, now)


def test_a_long_digest_is_cut_at_a_line_with_what_matters_first(desk: Desk) -> None:
    lines = [
        "《日报》",
        "截至时间",
        "",
        "更正说明：排查发现由1宗更正为2宗。明细：/v1/restatements?then=wm_440882_1",
        "",
    ]
    figures = [f"指标{number}：今日{number}宗 <@all> [x](http://evil)" for number in range(400)]
    desk.bulletin = "\n".join([*lines, *figures]) + "\n"
    desk.at = "08:00"
    desk.restart().run(5)
    (said,) = (text for _, text in desk.sent)
    assert desk.asked[0].params["to"] == "2020-03-05"
    assert desk.asked[0].params["format"] == "text"
    assert 3500 < len(said.encode()) <= LIMIT
    *kept, note = said.splitlines()
    assert note == "…（略）"
    assert kept[3] == "更正说明：排查发现由1宗更正为2宗。明细：http://registry.example/v1/restatements?then=wm_440882_1"
    assert re.fullmatch(r"指标[0-9]+：今日[0-9]+宗 ＜@all＞ ［x］\(http://evil\)", kept[-1])


def test_one_line_that_is_too_long_is_cut_where_a_message_ends(source: ModuleType) -> None:
    said = source.cut("《日报》\n" + "数" * 5000)
    assert 3900 < len(said.encode()) <= LIMIT
    assert said.endswith("数\n…（略）")


def test_a_burst_is_told_in_few_messages(desk: Desk) -> None:
    desk.put(
        *(f"**台账** {number:04d}号 [查看](https://registry.example/v1/disputes/{number:036d})" for number in range(60))
    )
    desk.run(10)
    assert len(desk.sent) < 10
    assert max(len(text.encode()) for _, text in desk.sent) <= LIMIT
    assert re.findall("[0-9]{4}号", desk.told()) == [f"{number:04d}号" for number in range(60)]


def long(number: int) -> str:
    return f"{number:04d}号" + "长" * 1300


def test_no_more_is_sent_in_any_minute_than_the_robot_takes_also_after_a_restart(desk: Desk) -> None:
    desk.put(*map(long, range(50)))
    desk.run(30)
    assert len(desk.sent) == 20
    desk.restart().run(30)
    assert len(desk.sent) == 20
    desk.restart().run(150)
    times = [at for at, _ in desk.sent]
    assert max(sum(at <= other < at + MINUTE for other in times) for at in times) == 20
    assert re.findall("[0-9]{4}号", desk.told()) == [f"{number:04d}号" for number in range(50)]


def test_the_limiter_lets_as_many_go_as_it_may_and_no_more(source: ModuleType) -> None:
    limiter, chance, now, taken = source.Limiter(20, 61), random.Random(4), 0.0, []
    for _ in range(5000):
        now += chance.choice((0, 0.1, 1, 5, 30))
        recent = sum(now - at < 61 for at in taken)
        assert limiter.take(now) is (recent < 20)
        if recent < 20:
            taken.append(now)
    assert limiter.take(now - DAY)  # the clock was put back: it does not wait a day


ODD: list[Callable[[], httpx.Response]] = [
    lambda: httpx.Response(200, text="<html>login</html>"),
    lambda: httpx.Response(200, content=b"\xff\xfe\x00"),
    *(lambda body=body: httpx.Response(200, json=body) for body in ([], [0], None, 0, "ok", {}, {"errcode": "0"}, {"errcode": []})),  # type: ignore[misc]
    *(lambda code=code: httpx.Response(200, json={"errcode": code}) for code in (-1, 45009)),  # type: ignore[misc]
    *(lambda status=status: httpx.Response(status, json={"errcode": 0}) for status in (302, 408, 429, 500, 503)),  # type: ignore[misc]
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_whatever_a_robot_answers_a_message_is_told_once_it_is_well(
    desk: Desk, odd: Callable[[], httpx.Response]
) -> None:
    desk.answer = lambda _: odd()
    desk.put("一号")
    desk.run(2 * HOUR, step=10)
    assert 20 < len(desk.sent) < 2 * 60  # again and again, and not each second
    desk.answer = lambda _: httpx.Response(200, json={"errcode": 0})
    desk.run(600)
    tries = len(desk.sent)
    desk.run(600)
    assert len(desk.sent) == tries
    desk.answer = lambda _: odd()
    desk.put("二号")
    desk.run(20)
    assert len(desk.sent) == tries + 3  # at once, after 5 s, after 10 s more: the first failures are forgotten


def test_a_robot_that_cannot_be_reached_is_tried_again_and_its_address_is_not_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable(_: str) -> httpx.Response:
        raise httpx.ConnectError("http://robot.example/send?key=hush")

    desk.answer = unreachable
    desk.put("一号")
    desk.run(60)
    desk.answer = lambda _: httpx.Response(404)
    desk.run(60)
    assert "again in 5 s: ConnectError" in caplog.text
    assert "refused (HTTP 404)" in caplog.text
    assert "hush" not in "".join(record.getMessage() for record in caplog.records if record.name == "bot")


@pytest.mark.parametrize("beside", [1, 9])
@pytest.mark.parametrize("refusal", [httpx.Response(200, json={"errcode": 40058}), httpx.Response(400)])
def test_a_message_that_is_refused_for_good_blocks_no_other_and_is_dropped(
    desk: Desk, caplog: pytest.LogCaptureFixture, beside: int, refusal: httpx.Response
) -> None:
    fine = httpx.Response(200, json={"errcode": 0})
    desk.answer = lambda text: refusal if "毒" in text else fine
    desk.put("毒", *(f"{number}号" for number in range(beside)))
    desk.run(5 * MINUTE)
    assert all(any(f"{number}号" in text and "毒" not in text for _, text in desk.sent) for number in range(beside))
    desk.run(DAY, step=30)
    tries = len([text for _, text in desk.sent if "毒" in text])
    assert 2 < tries < 12
    assert "dropped" in caplog.text
    desk.put("新")
    desk.run(5)
    assert desk.sent[-1][1] == "新"


def test_a_robot_that_refuses_all_for_an_hour_loses_nothing(desk: Desk) -> None:
    desk.answer = lambda _: httpx.Response(200, json={"errcode": 93000})
    desk.put(*(f"{number}号" for number in range(9)))
    desk.run(HOUR, step=5)
    desk.answer = lambda _: httpx.Response(200, json={"errcode": 0})
    desk.sent.clear()
    desk.run(2 * HOUR, step=5)
    assert all(f"{number}号" in desk.told() for number in range(9))


def test_the_registry_that_is_away_holds_up_no_message(desk: Desk) -> None:
    desk.at = "08:00"
    away = httpx.MockTransport(lambda _: httpx.Response(503))
    desk.restart().bot.registry = httpx.Client(transport=away, base_url="http://registry.example")
    desk.put("一号")
    desk.run(1)
    assert desk.told() == "一号"
    desk.put("二号")
    desk.run(10)
    assert desk.told() == "一号\n二号"


def test_what_was_seen_is_forgotten_after_two_weeks_and_a_replay_of_then_is_not_told(desk: Desk) -> None:
    desk.now = dt.datetime.now(dt.UTC).timestamp()
    desk.bot.registry = httpx.Client(
        base_url="http://registry.example",
        transport=httpx.MockTransport(
            lambda _: httpx.Response(200, json={"title": "台账", "properties": {}, "$defs": {}, "items": []})
        ),
    )

    def deliver(number: int, age: float) -> None:
        at = dt.datetime.fromtimestamp(desk.now - age, dt.UTC).isoformat()
        body = json.dumps({**mass(number), "time": at})
        desk.bot.receive(body.encode(), signed(body, f"wm_440882_{number}-0"))

    deliver(1, 0)
    desk.run(5)
    assert len(desk.sent) == 1
    desk.now += 13 * DAY
    deliver(1, 13 * DAY)
    desk.now += 2 * DAY
    deliver(2, 0)
    deliver(1, 15 * DAY)
    desk.run(5)
    assert len(desk.sent) == 2
    assert "000000000001" not in desk.sent[1][1]
    desk.now += 15 * DAY
    deliver(3, 0)
    with sqlite3.connect(desk.state) as state:
        counts = [state.execute(f"select count(*) from {table}").fetchone() for table in ("seen", "message", "attempt")]
    state.close()
    assert counts == [(1,), (1,), (1,)]  # the last event, which waits, and the last message sent
