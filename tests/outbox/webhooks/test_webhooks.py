"""Webhooks over HTTP and on the wire: real deliveries to a receiver on loopback, which the setting allows."""

import asyncio
import base64
import json
import os
import random
import shutil
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, update
from standardwebhooks import Webhook, WebhookVerificationError

from registry.app import REGISTERS
from registry.core.principals import PRINCIPALS
from registry.core.view import Seen, render
from registry.ledger.clock import wall_clock
from registry.ledger.tables import EVENTS
from registry.outbox.feed import events
from registry.outbox.feed.events import FeedEvent
from registry.outbox.webhooks import backoff, queue
from registry.outbox.webhooks.backoff import SECOND
from registry.outbox.webhooks.queue import LEASE, DeliveryResult, claim, enqueue, heads, leased, settle
from registry.outbox.webhooks.subscription import wanted_registers, wants
from registry.outbox.webhooks.tables import DELIVERIES, QUEUE, WEBHOOKS
from registry.outbox.webhooks.worker import Worker
from registry.settings import Settings
from tests.api import Api, pointers
from tests.conftest import COUNTY, KELU
from tests.factories import gathering, patient, shed
from tests.outbox.webhooks.receiver import Received, Receiver

Run = Callable[[Callable[[Connection], Any]], Any]
TOWN = "/v1/gatherings"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback is allowed, as an operator would list a neighbour on the same machine."""
    return msgspec.structs.replace(settings, webhook_allow="127.0.0.0/8, inside.example")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come at once; the table itself is tested apart."""
    monkeypatch.setattr(backoff, "WAITS", (0.01,))
    monkeypatch.setattr(backoff, "SHORTEST", 0)
    monkeypatch.setattr(backoff, "LONGEST_RESPITE", 0)


@pytest.fixture
def hooks(api: Api) -> Api:
    api.client.app.state.webhooks.tick = 0.02
    return api


def key_of(api: Api, name: str) -> str:
    keys = api.get("/v1/keys", "administrator").json()["items"]
    return next(str(key["id"]) for key in keys if key["name"] == name)


def make(api: Api, url: str, reader: str = "supervisor", **more: Any) -> dict[str, Any]:
    body = {"url": url, "principal": key_of(api, reader), "events": ["*"], **more}
    return api.made("/v1/webhooks", body, "administrator")


def act(api: Api, hook: dict[str, Any], verb: str, body: Any = None) -> Any:
    return api.post(f"/v1/webhooks/{hook['id']}/{verb}", body, "administrator")


def read(api: Api, hook: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = api.get(f"/v1/webhooks/{hook['id']}", "administrator").json()
    return told


def deliveries(api: Api, hook: dict[str, Any], query: str = "limit=200") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/v1/webhooks/{hook['id']}/deliveries?{query}", "administrator").json()[
        "items"
    ]
    return found


def events_of(api: Api, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/v1/access-log?kind={kind}", "auditor").json()["items"]
    return found


@pytest.mark.parametrize("who", ["clerk", "supervisor", "dashboard", "auditor"])
def test_only_administrators(hooks: Api, who: str) -> None:
    assert hooks.get("/v1/webhooks", None).status_code == 401
    assert hooks.get("/v1/webhooks", who).status_code == 403
    body = {"url": "https://127.0.0.1/", "principal": key_of(hooks, who), "events": ["*"]}
    assert hooks.post("/v1/webhooks", body, who).status_code == 403


@pytest.mark.parametrize(
    ("more", "status", "pointer"),
    [
        ({"url": "http://10.0.0.1/"}, 422, "/url"), ({"url": "https://169.254.169.254/latest"}, 422, "/url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, 422, "/url"), ({"url": "https://0x7f.1/"}, 422, "/url"),
        ({"url": "https://u@127.0.0.1/"}, 422, "/url"), ({"url": "https://nowhere.invalid/"}, 422, "/url"),
        ({"url": 5}, 400, "/url"), ({"events": []}, 400, "/events"), ({"events": ["no such"]}, 400, "/events/0"),
        ({"events": ["disputes.*", "nope.*"]}, 422, "/events/1"), ({"events": ["reminders.created"]}, 422, "/events/0"),
        ({"events": ["disputes.nonsense"]}, 422, "/events/0"), ({"events": ["scope.left", "gatherings.erased"]}, 422, "/events/1"),
        ({"principal": "01a209d8-2208-7857-ad56-0c039969eb4c"}, 422, "/principal"), ({"division": "440883"}, 422, "/division"),
        ({"after": "wm_440882_99999999"}, 422, "/after"), ({"secret": "whsec_x"}, 400, "/secret"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(hooks: Api, more: dict[str, Any], status: int, pointer: str) -> None:
    body = {"url": "http://127.0.0.1/", "principal": key_of(hooks, "clerk"), "events": ["*"], **more}
    response = hooks.post("/v1/webhooks", body, "administrator")
    assert response.status_code == status, response.text
    assert pointer in pointers(response)


def test_a_key_that_may_not_see_personal_data_is_given_no_purpose(hooks: Api) -> None:
    body = {"url": "http://127.0.0.1/", "principal": key_of(hooks, "dashboard"), "events": ["*"], "purpose": "visit"}
    assert pointers(hooks.post("/v1/webhooks", body, "administrator")) == {"/purpose"}


def test_the_secret_is_shown_once_and_kept_sealed(hooks: Api, run: Run) -> None:
    made = make(hooks, "http://127.0.0.1:9/")
    assert made["secret"].startswith("whsec_")
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    for text in (json.dumps(read(hooks, made)), hooks.get("/v1/webhooks", "administrator").text, json.dumps(events_of(hooks, "webhook_created"))):  # fmt: skip
        assert made["secret"] not in text
        assert made["id"] in text
    (row,) = run(lambda connection: connection.execute(select(WEBHOOKS)).all())
    assert base64.b64decode(made["secret"].removeprefix("whsec_")) not in row.secrets
    assert made["secret"].encode() not in row.secrets


def test_signed_as_standard_webhooks(hooks: Api) -> None:
    with Receiver() as receiver:
        made = make(hooks, receiver.url)
        entry = hooks.made(TOWN, gathering())
        receiver.wait(lambda: len(receiver.received) == 1)
    (got,) = receiver.received
    event = Webhook(made["secret"]).verify(got.body, got.headers)
    assert got.headers["content-type"] == "application/cloudevents+json"
    assert got.headers["webhook-id"] == event["id"]
    assert (event["type"], event["subject"]) == ("gatherings.created", f"gatherings/{entry['id']}")
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(got.body.replace(b"created", b"changed"), got.headers)


NODE = """
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
const given = JSON.parse(readFileSync(0, "utf8"));
console.log(new Webhook(given.secret).verify(given.body, given.headers).id);
try { new Webhook(given.secret).verify(given.body + " ", given.headers); console.log("accepted"); } catch { console.log("refused"); }
"""


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with npm's standardwebhooks; skipped with the reason where it cannot be had."""
    folder = tmp_path_factory.mktemp("node")
    reason = None if shutil.which("npm") else "npm is not installed"
    if reason is None:
        install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "standardwebhooks@1.0.0"]
        done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
        reason = None if done.returncode == 0 else f"npm did not install standardwebhooks: {done.stderr[-200:]}"
    if reason:
        (pytest.fail if os.environ.get("REGISTRY_TEST_NO_SKIP") else pytest.skip)(reason)
    (folder / "verify.mjs").write_text(NODE)
    return folder


def test_npm_accepts_the_signature(hooks: Api, node: Path) -> None:
    with Receiver() as receiver:
        made = make(hooks, receiver.url)
        hooks.made(TOWN, gathering())
        receiver.wait(lambda: len(receiver.received) == 1)
    (got,) = receiver.received
    given = json.dumps({"secret": made["secret"], "body": got.body.decode(), "headers": got.headers})
    done = subprocess.run(
        ["node", "verify.mjs"], cwd=node, input=given, capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.split() == [got.event["id"], "refused"]


def test_both_secrets_sign_for_a_day(hooks: Api, run: Run) -> None:
    with Receiver() as receiver:
        made = make(hooks, receiver.url)
        fresh = act(hooks, made, "rotate").json()["secret"]
        assert act(hooks, made, "test").json()["outcome"] == "delivered"
        (both,) = receiver.received
        assert len(both.headers["webhook-signature"].split()) == 2
        for secret in (made["secret"], fresh):
            Webhook(secret).verify(both.body, both.headers)
        day = 24 * 3600 * SECOND
        run(lambda c: c.execute(update(WEBHOOKS).values(rotated_at=wall_clock() - day)).rowcount)
        act(hooks, made, "test")
    later = receiver.received[-1]
    Webhook(fresh).verify(later.body, later.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(later.body, later.headers)


def test_a_receiver_that_fails_at_random_gets_the_feeds_set_in_order_for_each_entry(hooks: Api) -> None:
    chance = random.Random(2020)
    replies = [
        (204, {}, b""),
        (500, {}, b""),
        (302, {"Location": "/elsewhere"}, b""),
        (503, {"Retry-After": "0"}, b""),
        (400, {}, b"no"),
    ]

    def reply(_received: Received) -> Any:
        return chance.choice(replies) if chance.random() < 0.6 else replies[0]

    with Receiver(reply) as receiver:
        made = make(hooks, receiver.url)
        begin = hooks.get(TOWN).headers["registry-watermark"]
        entries = [hooks.made(TOWN, gathering(title=f"年例 {index}"))["id"] for index in range(6)]
        for turn in range(4):
            for entry in entries:
                assert hooks.patch(f"{TOWN}/{entry}", {"title": f"年例 改 {turn}"}).status_code == 200
        receiver.wait(lambda: len({event["id"] for event in receiver.good()}) == 30)
        receiver.wait(lambda: read(hooks, made)["waiting"] == 0)
    assert {got.path for got in receiver.received} == {"/hook"}  # a redirect is not followed
    log = hooks.get("/v1/history?limit=200", "supervisor").json()["items"]
    start = int(begin.rpartition("_")[2])
    assert {event["id"] for event in receiver.good()} == {f"wm_440882_{place}-0" for place in range(start, start + 30)}
    assert len(log) >= 30
    order: dict[str, list[int]] = defaultdict(list)
    for got in receiver.received:
        if got.status < 300 and (
            not order[got.event["subject"]] or order[got.event["subject"]][-1] != got.event["entryversion"]
        ):
            order[got.event["subject"]].append(got.event["entryversion"])
    assert list(order.values()) == [[1, 2, 3, 4, 5]] * 6
    told = deliveries(hooks, made)
    assert len(told) == len(receiver.received)
    assert {each["outcome"] for each in told} == {"delivered", "failed"}
    assert all((each["next_at"] is None) == (each["outcome"] == "delivered") for each in told)
    paged = hooks.get(f"/v1/webhooks/{made['id']}/deliveries?limit=7&status=delivered", "administrator").json()
    assert len(paged["items"]) == 7
    rest = deliveries(hooks, made, f"limit=200&status=delivered&cursor={paged['next_cursor']}")
    assert len(rest) == 23


def test_an_event_is_made_once_for_each_attempt(hooks: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the log on only needs to know which events there are: nothing is unsealed and rendered for that."""
    made: list[object] = []

    def counted(*about: Any) -> bytes:
        made.append(about)
        return render(*about)

    monkeypatch.setattr(events, "render", counted)
    with Receiver(lambda _: (204, {}, b"")) as receiver:
        make(hooks, receiver.url)
        hooks.made(TOWN, gathering())
        receiver.wait(lambda: len(receiver.good()) == 1)
    assert len(made) == 1


def test_410_stops_for_good(hooks: Api) -> None:
    with Receiver(lambda _: (410, {}, b"")) as receiver:
        made = make(hooks, receiver.url)
        hooks.made(TOWN, gathering())
        receiver.wait(lambda: read(hooks, made)["status"] == "stopped")
        assert read(hooks, made)["reason"] == "gone"
        assert act(hooks, made, "resume").status_code == 409
    (alert,) = hooks.get("/v1/alerts", "administrator").json()["items"]
    assert (alert["kind"], alert["webhook_id"]) == ("webhook_paused", made["id"])
    assert events_of(hooks, "webhook_paused")[0]["details"]["webhook"]["reason"] == "gone"


def test_retry_after_is_obeyed(hooks: Api) -> None:
    with Receiver(lambda _: (429, {"Retry-After": "3600"}, b"")) as receiver:
        made = make(hooks, receiver.url)
        hooks.made(TOWN, gathering())
        receiver.wait(lambda: bool(deliveries(hooks, made)))
    (told,) = deliveries(hooks, made)
    assert told["next_at"][:13] > told["at"][:13]
    assert (told["status"], told["outcome"]) == (429, "failed")


def test_a_huge_answer_is_not_read_to_its_end_and_a_slow_one_times_out(hooks: Api) -> None:
    hold = threading.Event()

    def reply(got: Received) -> Any:
        if got.event["type"] == "ping" and len(receiver.received) == 1:
            hold.wait(10)
        return 200, {}, b"x" * 50_000_000 if not receiver.received else b""

    with Receiver(reply) as receiver:
        made = make(hooks, receiver.url)
        assert act(hooks, made, "test").json()["outcome"] == "delivered"
        receiver.wait(lambda: len(receiver.received) == 1)
        assert receiver.received[0].status == 0  # the connection was closed before its end
        hooks.client.app.state.webhooks.sender.timeout = 0.2
        assert act(hooks, made, "test").json()["fault"] == "timeout"
        hold.set()
    assert act(hooks, made, "test").json()["fault"] == "connect"


def test_rights_are_those_of_the_attempt(hooks: Api, run: Run) -> None:
    """The key loses the village between an event and its retry: nothing more of it is sent."""

    def reply(_got: Received) -> Any:
        lost = update(PRINCIPALS).where(PRINCIPALS.c.name == "clerk").values(divisions="440882102200")
        run(lambda connection: connection.execute(lost).rowcount)
        return 500, {}, b""

    with Receiver(reply) as receiver:
        made = make(hooks, receiver.url, "clerk", purpose="visit")
        hooks.made(TOWN, gathering(), "supervisor")
        receiver.wait(lambda: len(deliveries(hooks, made)) == 2)
    assert [each["outcome"] for each in deliveries(hooks, made)] == ["dropped", "failed"]
    assert len(receiver.received) == 1
    assert "示范赵" in receiver.received[0].body.decode()


def test_a_retry_is_masked_once_the_purpose_is_gone(hooks: Api) -> None:
    def reply(_got: Received) -> Any:
        if receiver.received:
            return 204, {}, b""
        hooks.patch(f"/v1/webhooks/{made['id']}", {"purpose": None}, None, "administrator")
        return 500, {}, b""

    with Receiver(reply) as receiver:
        made = make(hooks, receiver.url, "clerk", purpose="visit")
        hooks.made(TOWN, gathering(), "supervisor")
        receiver.wait(lambda: len(receiver.received) == 2)
    first, second = receiver.received
    assert (first.event["id"], first.event["data"]["organiser"]["name"]) == (second.event["id"], "示范赵")
    assert second.event["data"]["organiser"]["name"] == "示*"


def test_plain_only_with_a_purpose_and_then_in_the_access_log_before_it_leaves(hooks: Api, run: Run) -> None:
    logged: list[str] = []

    def reply(_got: Received) -> Any:
        known = select(EVENTS.c.document).where(EVENTS.c.kind == "read").order_by(EVENTS.c.position.desc())
        logged.append(run(lambda connection: connection.scalars(known).first()).decode())
        return 204, {}, b""

    with Receiver(reply) as plain, Receiver() as masked:
        seeing = make(hooks, plain.url, "clerk", purpose="visit", events=["patients.*"])
        make(hooks, masked.url, "clerk", events=["patients.*", "gatherings.*"])
        entry = hooks.made("/v1/patients", patient())
        hooks.made(TOWN, gathering())
        plain.wait(lambda: len(plain.received) == 1)
        masked.wait(lambda: len(masked.received) == 2)
    assert plain.received[0].event["data"]["name"] == "示范孙"
    assert "示范孙" not in masked.received[0].body.decode()
    assert "示范赵" not in b"".join(got.body for got in masked.received).decode()
    reads = [event for event in events_of(hooks, "read") if event["details"]["path"] == "webhook"]
    (told,) = reads
    assert told["details"]["request_id"] == seeing["id"]
    assert (told["details"]["purpose"], told["cases"]) == ("visit", [entry["id"]])
    assert len(logged) == 1
    assert '"path":"webhook"' in logged[0]  # it was there when the bytes arrived
    assert seeing["id"] in logged[0]


def test_a_revoked_key_pauses_with_an_alert(hooks: Api) -> None:
    with Receiver() as receiver:
        made = make(hooks, receiver.url, "clerk")
        hooks.post(f"/v1/keys/{key_of(hooks, 'clerk')}/revoke", None, "administrator")
        hooks.made(TOWN, gathering(), "supervisor")
        receiver.wait(lambda: read(hooks, made)["status"] == "paused")
    assert read(hooks, made)["reason"] == "key_revoked"
    assert receiver.received == []
    assert len(hooks.get("/v1/alerts", "administrator").json()["items"]) == 1
    assert act(hooks, made, "resume").status_code == 422


def test_filters_division_and_start(hooks: Api) -> None:
    begin = hooks.get(TOWN, "supervisor").headers["registry-watermark"]
    hooks.made(TOWN, gathering())
    hooks.made("/v1/sheds", shed())
    hooks.made("/v1/sheds", shed(division="440882100200"), "neighbour")
    with Receiver() as receiver:
        made = make(hooks, receiver.url, events=["sheds.*"], division=KELU, after=begin)
        receiver.wait(lambda: len(receiver.received) == 1)
        receiver.wait(lambda: read(hooks, made)["next"] != begin)
        assert receiver.received[0].event["type"] == "sheds.created"
        changed = hooks.patch(f"/v1/webhooks/{made['id']}", {"division": None, "events": ["*"]}, None, "administrator")
        assert changed.json()["division"] is None
        assert act(hooks, made, "replay", {"after": begin}).status_code == 200
        receiver.wait(lambda: len(receiver.received) == 4)
    assert sorted(got.event["type"] for got in receiver.received[1:]) == [
        "gatherings.created",
        "sheds.created",
        "sheds.created",
    ]


def test_another_towns_administrator_neither_sees_nor_touches_it(hooks: Api) -> None:
    made, own = make(hooks, "https://127.0.0.1/hook"), make(hooks, "https://127.0.0.1/own", "clerk")
    key = {"name": "town administrator", "role": "administrator", "divisions": [KELU]}
    hooks.keys["town_administrator"] = hooks.made("/v1/keys", key, "administrator")["key"]
    told = hooks.get("/v1/webhooks", "town_administrator").json()["items"]
    assert [each["id"] for each in told] == [own["id"]]
    at = f"/v1/webhooks/{made['id']}"
    for verb, body in (("rotate", None), ("replay", {"after": "wm_440882_0"}), ("pause", None), ("stop", None), ("test", None), ("resume", None)):  # fmt: skip
        assert hooks.post(f"{at}/{verb}", body, "town_administrator").status_code == 404
    assert hooks.patch(at, {"events": ["sheds.*"]}, None, "town_administrator").status_code == 404
    assert hooks.get(at, "town_administrator").status_code == 404
    assert hooks.get(f"{at}/deliveries", "town_administrator").status_code == 404
    assert read(hooks, made)["status"] == "active"
    assert act(hooks, made, "rotate").status_code == 200


def test_what_begins_late_goes_out_as_the_webhook_is_then(hooks: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery knows neither the old address nor the old purpose."""
    begun, go_on, deliver = threading.Event(), threading.Event(), Worker._deliver

    async def late(worker: Worker, *given: Any) -> None:
        begun.set()
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        await deliver(worker, *given)

    monkeypatch.setattr(Worker, "_deliver", late)
    with Receiver() as old, Receiver() as new:
        made = make(hooks, old.url, "clerk", purpose="visit", events=["patients.*"])
        hooks.made("/v1/patients", patient())
        assert begun.wait(20)
        hooks.patch(f"/v1/webhooks/{made['id']}", {"url": new.url, "purpose": None}, None, "administrator")
        go_on.set()
        new.wait(lambda: len(new.received) == 1)
    assert (old.received, new.received[0].event["data"]["name"]) == ([], "示*")


def test_a_receiver_that_asks_for_time_is_left_in_peace_whatever_the_entry(hooks: Api) -> None:
    with Receiver(lambda _: (429, {"Retry-After": "3600"}, b"")) as receiver:
        made = make(hooks, receiver.url)
        hooks.made(TOWN, gathering())
        receiver.wait(lambda: read(hooks, made)["not_before"] is not None)
        for _ in range(3):
            hooks.made(TOWN, gathering())
        receiver.wait(lambda: read(hooks, made)["waiting"] == 4)
        assert len(receiver.received) == 1
        act(hooks, made, "pause")
        receiver.reply = lambda _: (204, {}, b"")
        assert act(hooks, made, "resume").json()["not_before"] is None
        receiver.wait(lambda: read(hooks, made)["waiting"] == 0)


def test_a_receiver_that_is_down_is_tried_with_one_event_at_a_time(hooks: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "WAITS", (3600,))
    monkeypatch.setattr(backoff, "LONGEST_RESPITE", 3600 * SECOND)
    with Receiver(lambda _: (500, {}, b"")) as receiver:
        made = make(hooks, receiver.url)
        act(hooks, made, "pause")
        for _ in range(30):
            hooks.made(TOWN, gathering())
        act(hooks, made, "resume")
        receiver.wait(lambda: read(hooks, made)["not_before"] is not None and read(hooks, made)["waiting"] == 30)
        assert len(receiver.received) < 2 * backoff.MANY


def test_receivers_that_hang_hold_up_no_other(hooks: Api) -> None:
    hold = threading.Event()

    def hang(_: Received) -> Any:
        hold.wait(30)
        return 204, {}, b""

    with Receiver(hang) as hanging, Receiver() as good:
        for _ in range(5):
            make(hooks, hanging.url)
        make(hooks, good.url)
        for _ in range(8):
            hooks.made(TOWN, gathering())
        good.wait(lambda: len(good.received) == 8)
        assert hanging.received == []
        hold.set()


def test_what_breaks_on_our_side_is_a_failed_attempt_and_not_tried_at_once(
    hooks: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "WAITS", (3600,))
    with Receiver() as receiver:
        made = make(hooks, receiver.url)
        with monkeypatch.context() as broken:
            broken.setattr(type(hooks.client.app.state.webhooks.sender), "send", None)
            hooks.made(TOWN, gathering())
            receiver.wait(lambda: bool(deliveries(hooks, made)))
    (told,) = deliveries(hooks, made)
    assert (told["outcome"], told["fault"]) == ("failed", "internal")
    assert told["next_at"] > told["at"]


def test_what_is_no_longer_wanted_is_dropped(hooks: Api) -> None:
    with Receiver(lambda got: (204 if got.event["type"].startswith("sheds") else 500, {}, b"")) as receiver:
        made = make(hooks, receiver.url, events=["gatherings.*", "sheds.*"])
        hooks.made(TOWN, gathering())
        receiver.wait(lambda: bool(receiver.received))
        hooks.patch(f"/v1/webhooks/{made['id']}", {"events": ["sheds.*"]}, None, "administrator")
        receiver.wait(lambda: deliveries(hooks, made, "status=dropped") != [])
        hooks.made("/v1/sheds", shed())
        receiver.wait(lambda: len(receiver.good()) == 1 and read(hooks, made)["waiting"] == 0)
    (dropped,) = deliveries(hooks, made, "status=dropped")
    assert dropped["fault"] == "not_wanted"


def test_which_registers_a_filter_needs() -> None:
    assert wanted_registers("disputes.* alert.raised", REGISTERS) == {"disputes", "alerts"}
    assert wanted_registers("disputes.created *", REGISTERS) is None
    assert wanted_registers("scope.left", REGISTERS) is None
    assert wants("disputes.*", "scope.left")
    assert not wants("disputes.*", "agreements.created")


def test_a_filter_of_one_register_is_told_what_left(hooks: Api) -> None:
    with Receiver() as receiver:
        make(hooks, receiver.url, "clerk", events=["patients.*"])
        entry = hooks.made("/v1/patients", patient())
        moved = {"to_division": "440882100200", "on": "2020-02-20", "reason": "迁居(示范)"}
        assert hooks.act(f"/v1/patients/{entry['id']}/transfer", moved, who="supervisor").status_code == 200
        receiver.wait(lambda: len(receiver.received) == 2)
    assert [got.event["type"] for got in receiver.received] == ["patients.created", "scope.left"]


def test_replay_of_one_event_and_what_cannot_be_replayed(hooks: Api) -> None:
    with Receiver() as receiver:
        made = make(hooks, receiver.url)
        hooks.made(TOWN, gathering())
        receiver.wait(lambda: len(receiver.received) == 1)
        event = receiver.received[0].event["id"]
        assert act(hooks, made, "replay", {"event": event}).status_code == 200
        receiver.wait(lambda: len(receiver.received) == 2)
    assert receiver.received[0].body == receiver.received[1].body
    for body, status in (
        ({}, 422),
        ({"event": "wm_440882_999999-0"}, 422),
        ({"event": "x"}, 400),
        ({"after": "wm_440882_0", "event": event}, 422),
    ):
        assert act(hooks, made, "replay", body).status_code == status


def test_three_days_of_nothing_but_failure_pause_it_and_resuming_loses_nothing(
    hooks: Api, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: Connection) -> str | None:
        waits = connection.execute(select(QUEUE)).one()
        hook = connection.execute(select(WEBHOOKS)).one()
        return settle(connection, hook, waits, DeliveryResult(500, None, 1), waits.due_at, lambda: 1.0)

    def enter(connection: Connection) -> None:
        row = connection.execute(select(WEBHOOKS)).one()
        seen = Seen("x", 1, row.next_position, "x", KELU, b"", None, voided=False, classes="", watermark=0)
        event = FeedEvent(
            f"wm_{COUNTY}_{row.next_position}-0", "gatherings.created", row.next_position, 0, "x", b"", None, seen
        )
        enqueue(connection, row, [event], row.next_position + 1, wall_clock())

    with Receiver() as receiver:
        made = make(hooks, receiver.url, events=["gatherings.*"])
        act(hooks, made, "pause")
        hooks.made(TOWN, gathering())
        run(enter)
        run(
            lambda c: (
                c.execute(update(WEBHOOKS).values(status="active", leased_by="another", leased_until=2**60)).rowcount
            )
        )
        with monkeypatch.context() as slow:
            slow.setattr(backoff, "WAITS", (36000,))
            reasons = [run(fail) for _ in range(9)]
        assert reasons == [None] * 8 + ["failing"]
        assert (read(hooks, made)["status"], read(hooks, made)["waiting"]) == ("paused", 1)
        act(hooks, made, "resume")
        receiver.wait(lambda: len(receiver.good()) == 1)
    assert len(hooks.get("/v1/alerts", "administrator").json()["items"]) == 1


def test_what_is_given_up_is_told_to_the_administrators_once_a_day(hooks: Api, run: Run) -> None:
    made = make(hooks, "http://127.0.0.1:9/")
    act(hooks, made, "pause")

    def give_up(connection: Connection) -> None:
        hook, now = connection.execute(select(WEBHOOKS)).one(), wall_clock()
        for position in (1, 2):
            place = {
                "webhook_id": made["id"],
                "position": position,
                "event_id": f"e{position}",
                "subject": f"s{position}",
            }
            old = {"attempts": 12, "first_at": now - backoff.PATIENCE, "due_at": now}
            connection.execute(QUEUE.insert().values(**place, **old))
            item = connection.execute(select(QUEUE).where(QUEUE.c.position == position)).one()
            assert settle(connection, hook, item, DeliveryResult(500, None, 1), now, lambda: 0.5) is None

    run(give_up)
    assert read(hooks, made)["waiting"] == 0
    (alert,) = hooks.get("/v1/alerts?kind=webhook_behind", "administrator").json()["items"]
    assert alert["webhook_id"] == made["id"]


def test_a_full_queue_is_told_to_the_administrators(hooks: Api, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_WAITING", 3)
    with Receiver(lambda _: (500, {}, b"")) as receiver:
        make(hooks, receiver.url)
        for _ in range(5):
            hooks.made(TOWN, gathering())
        receiver.wait(lambda: len(hooks.get("/v1/alerts?kind=webhook_behind", "administrator").json()["items"]) == 1)
    assert run(lambda c: queue.waiting(c, c.scalar(select(WEBHOOKS.c.id)))) == 3


def test_one_server_at_a_time(hooks: Api, run: Run) -> None:
    made = make(hooks, "http://127.0.0.1:9/")
    with hooks.client.portal() as portal:
        portal.call(hooks.client.app.state.webhooks.close)  # this test claims by itself; what was claimed is given back
    now = wall_clock()
    assert run(lambda c: claim(c, "one", now)) == [made["id"]]
    assert run(lambda c: claim(c, "two", now)) == []
    assert run(lambda c: leased(c, made["id"], "two", now)) is None
    renewed = now + LEASE // 2
    assert run(lambda c: claim(c, "one", renewed)) == [made["id"]]
    assert run(lambda c: claim(c, "two", renewed + LEASE)) == []
    over = renewed + LEASE + SECOND
    assert run(lambda c: leased(c, made["id"], "one", over)) is None
    assert run(lambda c: claim(c, "two", over)) == [made["id"]]
    assert run(lambda c: claim(c, "one", over)) == []


def test_the_head_of_each_entry_only(hooks: Api, run: Run) -> None:
    made = make(hooks, "http://127.0.0.1:9/")
    act(hooks, made, "pause")
    rows = [(1, "a", 0), (2, "b", 50), (3, "a", 0), (4, "c", 0)]

    def fill(connection: Connection) -> list[str]:
        for position, subject, due in rows:
            place = {
                "webhook_id": made["id"],
                "position": position,
                "event_id": f"wm_{COUNTY}_{position}-0",
                "subject": subject,
            }
            connection.execute(QUEUE.insert().values(**place, attempts=0, due_at=due))
        return [row.event_id for row in heads(connection, made["id"], 10, 8)]

    assert run(fill) == ["wm_440882_1-0", "wm_440882_4-0"]


def test_the_queue_and_the_place_move_together(hooks: Api, run: Run) -> None:
    """Where the place was moved meanwhile (a replay), nothing is put into the queue."""
    made = make(hooks, "http://127.0.0.1:9/")
    act(hooks, made, "pause")

    def stale(connection: Connection) -> tuple[int, int]:
        row = connection.execute(select(WEBHOOKS)).one()
        connection.execute(update(WEBHOOKS).values(next_position=0))
        enqueue(connection, row, [], 99, 0)
        return connection.execute(select(WEBHOOKS)).one().next_position, queue.waiting(connection, made["id"])

    assert run(stale) == (0, 0)


def test_the_delivery_log_is_kept_thirty_days(hooks: Api, run: Run) -> None:
    with Receiver() as receiver:
        made = make(hooks, receiver.url)
        act(hooks, made, "test")
    assert len(deliveries(hooks, made)) == 1
    run(lambda c: queue.forget_old(c, wall_clock() + 29 * 24 * 3600 * SECOND))
    assert len(run(lambda c: c.execute(select(DELIVERIES)).all())) == 1
    run(lambda c: queue.forget_old(c, wall_clock() + 31 * 24 * 3600 * SECOND))
    assert deliveries(hooks, made) == []
