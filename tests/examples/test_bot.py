"""The bot, run as a process against a real server and a stand-in for the group robot on loopback."""

import datetime as dt
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests import factories
from tests.api import Api
from tests.conftest import Template
from tests.examples.conftest import PATIENCE, ROOT, Running

pytestmark = pytest.mark.parametrize("template", ["sqlite"], indirect=True)

OLD, NEW, STRANGE = ("whsec_" + letter * 32 for letter in "ABC")


@dataclass
class Robot:
    """What the group sees."""

    url: str = ""
    failing: int = 0
    """How many messages it refuses first."""
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
            failed, stand_in.failing = stand_in.failing > 0, max(0, stand_in.failing - 1)
            if not failed:
                stand_in.messages.put(message["markdown"]["content"])
            body = json.dumps({"errcode": 45009 if failed else 0}).encode()
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


@dataclass
class Bot:
    """The process, and how the registry would call it."""

    process: subprocess.Popen[str]
    url: str

    def deliver(self, event: dict[str, Any], secret: str = NEW, key: str | None = None) -> int:
        body, at, name = json.dumps(event), dt.datetime.now(dt.UTC), key or event["id"]
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(name, at, body),
        }
        return httpx.post(self.url, content=body, headers=headers, trust_env=False).status_code

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()


Start = Callable[..., Bot]


@pytest.fixture
def start(server: Running, template: Template, robot: Robot, tmp_path: Path) -> Iterator[Start]:
    """Start a bot; after a stop it may be started again, on the same state."""
    running: list[Bot] = []

    def starting(at: str = "23:59:59.999999") -> Bot:
        environ = {
            **os.environ,
            "BOT_REGISTRY": server.url,
            "BOT_KEY": template.keys["bot"],
            "BOT_SECRETS": f"{OLD},{NEW}",
            "BOT_ROBOT": robot.url,
            "BOT_PORT": "0",
            "BOT_AT": at,
            "BOT_STATE": str(tmp_path / "bot.db"),
        }
        command = [sys.executable, str(ROOT / "examples" / "bot" / "bot.py")]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        running.append(Bot(process, f"http://127.0.0.1:{port}/"))
        return running[-1]

    yield starting
    for bot in running:
        bot.stop()


def event(
    number: int, data: dict[str, Any], kind: str = "disputes.created", register: str = "disputes"
) -> dict[str, Any]:
    entry = f"01a209d8-2208-7857-ad56-{number:012d}"
    return {
        "specversion": "1.0", "id": f"wm_440882_{number}-0", "source": "/v1/books/440882", "type": kind,
        "subject": f"{register}/{entry}", "data": {"id": entry, **data},
    }  # fmt: skip


def mass(number: int) -> dict[str, Any]:
    return event(number, factories.dispute(scale="mass_major", summary="李某某聚众(示范)", title="示范王某家门口"))


def test_an_urgent_event_is_told_in_titles_and_links_without_a_word_of_the_record(start: Start, robot: Robot) -> None:
    bot = start()
    assert bot.deliver(mass(1)) == 204
    said = robot.next()
    assert "矛盾纠纷排查化解台账" in said
    assert "重大群体性事件" in said
    assert "/v1/disputes/01a209d8-2208-7857-ad56-000000000001" in said
    for text in ("示范", "李某某", "王某", "迈港", factories.PHONE, factories.ID_NUMBER):
        assert text not in said


def test_only_what_is_urgent_is_told(start: Start, robot: Robot) -> None:
    bot = start()
    quiet = [
        event(1, factories.dispute()),
        event(2, factories.dispute(scale="mass_major"), "disputes.voided"),
        event(3, factories.visit("x"), "visits.created", "visits"),
        event(4, {"step": -7}, "due.reminder", "reminders"),
    ]
    assert [bot.deliver(each) for each in quiet] == [204] * 4
    assert bot.deliver(event(5, {"kind": "break_glass", "title": "示范"}, "alert.raised", "alerts")) == 204
    assert "警示** 紧急查阅" in robot.next()
    due = {"step": 0, "kind_title": "随访到期", "due_on": "2020-03-05", "title": "示范王某家(示范)"}
    assert bot.deliver(event(6, due, "due.reminder", "reminders")) == 204
    said = robot.next()
    assert "**到期提醒** 随访到期 2020-03-05" in said
    assert "示范" not in said
    assert robot.messages.empty()


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


def test_an_event_that_comes_again_is_told_once_also_after_a_restart(start: Start, robot: Robot) -> None:
    bot = start()
    assert [bot.deliver(mass(1)) for _ in range(3)] == [204] * 3
    assert "000000000001" in robot.next()
    bot.stop()
    bot = start()
    assert bot.deliver(mass(1)) == 204
    assert bot.deliver(mass(2)) == 204
    assert "000000000002" in robot.next()
    assert robot.messages.empty()


def test_the_digest_is_posted_once_a_day(start: Start, robot: Robot, there: Api) -> None:
    there.made("/v1/gatherings", factories.gathering())
    bot = start(at="00:00")
    assert "取消" in robot.next()
    bot.stop()
    bot = start(at="00:00")
    assert bot.deliver(mass(1)) == 204
    assert "000000000001" in robot.next()
    assert robot.messages.empty()


def test_a_burst_is_told_in_no_more_messages_than_the_robot_takes(start: Start, robot: Robot) -> None:
    robot.failing = 1  # and what it refuses is not lost
    bot = start()
    assert {bot.deliver(mass(number)) for number in range(60)} == {204}
    told: list[str] = []
    while not all(f"{number:012d}" in "".join(told) for number in range(60)):
        told.append(robot.next())
    assert len(told) <= 20
    assert max(len(text.encode()) for text in told) <= 4096
    assert "".join(told).count("[查看]") == 60
