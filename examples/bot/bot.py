"""A group-chat bot: the morning digest and urgent events, as Markdown messages of a group robot, at most twenty a minute.

Events come by webhook (Standard Webhooks). A message holds counts, titles of codes and links, never text that somebody typed:
what a record says of people does not leave the registry, though the bot's key reads masked anyway.
"""

import datetime as dt
import json
import logging
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

BEIJING = dt.timezone(dt.timedelta(hours=8))
PER_MINUTE = 20
"""Messages that a group robot takes."""
ONE_BY_ONE = 3
"""More than these waiting are put together into one message."""
LONGEST = 4000
"""Bytes of a message's text; group robots cut or refuse longer ones."""
LARGEST = 1024 * 1024
"""Bytes of an event."""
SERVER_MADE = {"reminders": ("kind_title", "due_on")}
"""Texts that the registry makes itself, by register: what is due, and when."""
PAUSE = 5
"""Seconds after a failure."""

log = logging.getLogger("bot")


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    registry: str
    """Where the registry is: `https://registry.example`."""
    key: str
    """A key of the role bot."""
    secrets: Sequence[str]
    """The webhook's secret; while it is being rotated, the old one and the new one."""
    robot: str
    """Where the group robot takes messages."""
    port: int
    at: dt.time
    """When the digest goes out (Beijing)."""
    state: str
    """The file that remembers what was seen and what waits."""


def settings(environ: Mapping[str, str]) -> Settings:
    """Read from BOT_REGISTRY, BOT_KEY, BOT_SECRETS (commas between), BOT_ROBOT, BOT_PORT, BOT_AT, BOT_STATE."""
    return Settings(
        registry=environ["BOT_REGISTRY"].rstrip("/"),
        key=environ["BOT_KEY"],
        secrets=[secret for secret in environ["BOT_SECRETS"].split(",") if secret],
        robot=environ["BOT_ROBOT"],
        port=int(environ.get("BOT_PORT", "8090")),
        at=dt.time.fromisoformat(environ.get("BOT_AT", "08:00")),
        state=environ.get("BOT_STATE", "bot.db"),
    )


class Outbox:
    """What was seen and what waits to be posted, in one file: an event that was acknowledged is not lost, nor told twice."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.executescript(
            "create table if not exists seen (id text primary key);"
            "create table if not exists message (id integer primary key, text text not null, posted_at real);"
        )

    def put(self, key: str, text: str | None) -> bool:
        """Remember that this was seen, and what is to be posted about it. Returns whether it is new."""
        with self._lock, self._db:
            new = self._db.execute("insert or ignore into seen values (?)", (key,)).rowcount == 1
            if new and text is not None:
                self._db.execute("insert into message (text) values (?)", (text,))
            return new

    def has(self, key: str) -> bool:
        """Whether this was seen."""
        with self._lock:
            return self._db.execute("select 1 from seen where id = ?", (key,)).fetchone() is not None

    def waiting(self) -> list[tuple[int, str]]:
        """What is to be posted, oldest first."""
        with self._lock:
            return self._db.execute("select id, text from message where posted_at is null order by id").fetchall()

    def posted(self, ids: Sequence[int]) -> None:
        """Remember that one message told of all these."""
        now = time.time()
        with self._lock, self._db:
            # One message was posted, so one row of it carries the time; the others have none to count (0).
            rows = [(now if place == 0 else 0, each) for place, each in enumerate(ids)]
            self._db.executemany("update message set posted_at = ? where id = ?", rows)

    def recent(self) -> int:
        """How many messages were posted in the last minute, before a restart too."""
        with self._lock:
            (count,) = self._db.execute(
                "select count(*) from message where posted_at > ?", (time.time() - 60,)
            ).fetchone()
        return int(count)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Bot:
    """Turns events into messages and posts them."""

    def __init__(self, read: Settings) -> None:
        self.settings = read
        self.outbox = Outbox(read.state)
        self.wake, self.ending = threading.Event(), threading.Event()
        headers = {"Authorization": f"Bearer {read.key}", "Accept-Language": "zh"}
        self.registry = httpx.Client(base_url=read.registry, headers=headers, timeout=10)
        self.robot = httpx.Client(timeout=10)
        self._titles: dict[str, dict[str, Any]] = {}

    def receive(self, body: bytes, headers: Mapping[str, str]) -> None:
        """One delivery. Raises WebhookVerificationError where none of the secrets made the signature."""
        event = self._verified(body, headers)
        text = self._message(event) if is_urgent(event) else None
        if self.outbox.put(headers["webhook-id"], text):
            self.wake.set()

    def _verified(self, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        for secret in self.settings.secrets:
            try:
                Webhook(secret).verify(body, dict(headers))
            except WebhookVerificationError:
                continue
            event: dict[str, Any] = json.loads(body)
            return event
        raise WebhookVerificationError("no secret fits")

    def _message(self, event: Mapping[str, Any]) -> str:
        """One line about an event: its register, titles of its codes, a link. Nothing else of the record."""
        name, _, _entry = event["subject"].partition("/")
        schema = self._schema(name)
        codes = {field: self._title(schema, field, event["data"].get(field)) for field in ("kind", "scale", "stage")}
        made = [event["data"].get(field) for field in SERVER_MADE.get(name, ())]
        said = " ".join(title for title in [*codes.values(), *made] if title)
        return f"**{schema['title']}** {said} [查看]({self.settings.registry}/v1/{event['subject']})"

    def _schema(self, name: str) -> dict[str, Any]:
        """The register's schema, which gives its title and those of its codes; read once."""
        if name not in self._titles:
            answer = self.registry.get(f"/v1/schemas/{name}")
            self._titles[name] = answer.raise_for_status().json()
        return self._titles[name]

    def _title(self, schema: Mapping[str, Any], field: str, code: object) -> str | None:
        """The Chinese title of a code. Text that is no code of a list has none, so it is never told."""
        rule = schema["properties"].get(field, {})
        options = schema["$defs"].get(rule.get("$ref", "").rpartition("/")[2], rule).get("oneOf", ())
        return next((option["title"] for option in options if option.get("const") == code), None)

    def digest(self) -> None:
        """Put today's digest into the outbox once it is time; once a day, whatever restarts there are."""
        now = dt.datetime.now(BEIJING)
        key = f"digest-{now.date()}"
        if now.time() >= self.settings.at and not self.outbox.has(key):
            answer = self.registry.get("/v1/bulletin", headers={"Accept": "text/markdown"}).raise_for_status()
            self.outbox.put(key, answer.text)

    def post(self) -> None:
        """Post what waits, as far as the robot's limit goes; much at once is put together into few messages."""
        for ids, text in packed(self.outbox.waiting()):
            if self.outbox.recent() >= PER_MINUTE:
                return
            message = {"msgtype": "markdown", "markdown": {"content": text}}
            answer = self.robot.post(self.settings.robot, json=message).raise_for_status().json()
            if answer.get("errcode", 0) != 0:
                raise httpx.HTTPError(f"the robot refused it: {answer['errcode']}")
            self.outbox.posted(ids)

    def run(self) -> None:
        """Until the end: digest, messages; a failure is tried again."""
        while not self.ending.is_set():
            try:
                self.digest()
                self.post()
                self.wake.wait(1)
            except httpx.HTTPError as fault:
                log.warning("again in %s s: %s", PAUSE, type(fault).__name__)
                self.ending.wait(PAUSE)
            self.wake.clear()


def is_urgent(event: Mapping[str, Any]) -> bool:
    """What the group is told at once: alerts, what is due today, disputes of a major mass incident."""
    kind, data = event["type"], event["data"]
    if kind == "due.reminder":
        return bool(data.get("step") == 0)
    moved_on = kind in {"disputes.created", "disputes.changed", "disputes.corrected"}
    return kind == "alert.raised" or (moved_on and data.get("scale") == "mass_major")


def packed(waiting: Sequence[tuple[int, str]]) -> list[tuple[list[int], str]]:
    """The messages to post and what each tells of: few are told one by one, many together, each within the limit."""
    if len(waiting) <= ONE_BY_ONE:
        return [([each], cut(text)) for each, text in waiting]
    packs: list[tuple[list[int], str]] = []
    for each, text in waiting:
        joined = f"{packs[-1][1]}\n{text}" if packs else ""
        if packs and len(joined.encode()) <= LONGEST:
            packs[-1] = ([*packs[-1][0], each], joined)
        else:
            packs.append(([each], cut(text)))
    return packs


def cut(text: str) -> str:
    """The whole lines of a text that a message holds."""
    if len(text.encode()) <= LONGEST:
        return text
    return text.encode()[:LONGEST].decode(errors="ignore").rpartition("\n")[0] + "\n…"


class Receiver(BaseHTTPRequestHandler):
    """Takes deliveries: 204 once an event is remembered, 401 where the signature is none of ours."""

    bot: Bot

    def do_POST(self) -> None:
        """One delivery."""
        length = int(self.headers.get("Content-Length", "0"))
        if length > LARGEST:
            self._answer(413)
            return
        body = self.rfile.read(length)
        try:
            self.bot.receive(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError:
            self._answer(401)
        except httpx.HTTPError:
            self._answer(503)  # the registry is away: it will send the event again
        else:
            self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: the log is the bot's own."""


def main() -> None:
    """Serve until interrupted."""
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, and the robot's has its key in it
    bot = Receiver.bot = Bot(settings(os.environ))
    poster = threading.Thread(target=bot.run)
    poster.start()
    server = ThreadingHTTPServer(("127.0.0.1", bot.settings.port), Receiver)
    sys.stdout.write(f"listening on port {server.server_port}\n")
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # through `finally`: what was posted is remembered
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        log.info("ending")
    finally:
        bot.ending.set()
        bot.wake.set()
        poster.join()
        server.server_close()
        bot.outbox.close()


if __name__ == "__main__":
    main()
