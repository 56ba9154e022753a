"""A group-chat bot: the morning digest and urgent events, as Markdown messages of a group robot, at most 20 a minute.

Events come by webhook (Standard Webhooks). A message of one holds counts, titles of codes, places, case numbers and a
link, never text that somebody typed: what a record says of people stays in the registry.
"""

import datetime as dt
import logging
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

BEIJING = dt.timezone(dt.timedelta(hours=8))
PER_MINUTE, MINUTE = 20, 61.0  # what a group robot takes; a second more, as some messages are longer on their way
ONE_BY_ONE = 3  # more than these waiting are put together
LONGEST = 4000  # bytes of a message's text; robots cut or refuse longer ones
LARGEST = 1024 * 1024  # bytes of an event
PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds after a failure, doubled after each further one
BUSY = {-1, 45009, 45033, 130101, 410100}  # WeCom's and DingTalk's codes for "later"; all others are of the message
TRIES, REFUSED_PAUSE = 8, 60.0  # of a refused message, seconds that double: two hours to put a wrong address right
KEPT = 14 * 86400.0  # seconds for which events are remembered; one that is older when it comes is a replay, not told
ACTIONS = {"created": "新增", "changed": "变更", "corrected": "更正"}
PEOPLE = {"patients", "visits"}  # registers of people in care: nothing of an entry of theirs is told to a group
SERVER_MADE = {"reminders": ("kind_title", "due_on")}  # texts that the registry makes itself: what is due, and when
CASE_NUMBER = re.compile(r"[0-9]{6,12}-[0-9]{4}-[0-9]+")
PLAIN = str.maketrans("<>[]*`#~", "＜＞［］＊｀＃～")  # so that no text becomes a link, a mention or a heading

log = logging.getLogger("bot")


class Again(Exception):
    """The robot did not take a message now; it may later."""


class Refused(Exception):
    """The robot does not take this message."""


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    registry: str
    key: str
    secrets: Sequence[str]  # of the webhook; while it is being rotated, the old one and the new one
    robot: str  # where the group robot takes messages
    links: str  # where those who read the chat reach the registry
    port: int
    at: dt.time  # when the digest goes out (Beijing)
    state: str  # the file that remembers what was seen and what waits


def settings(environ: Mapping[str, str]) -> Settings:
    return Settings(
        registry=environ["BOT_REGISTRY"].rstrip("/"),
        key=environ["BOT_KEY"],
        secrets=[secret for secret in environ["BOT_SECRETS"].split(",") if secret],
        robot=environ["BOT_ROBOT"],
        links=environ.get("BOT_LINKS", environ["BOT_REGISTRY"]).rstrip("/"),
        port=int(environ.get("BOT_PORT", "8090")),
        at=dt.time.fromisoformat(environ.get("BOT_AT", "08:00")),
        state=environ.get("BOT_STATE", "bot.db"),
    )


class Limiter:
    """At most so many in so many seconds, whenever these begin. Knows no clock."""

    def __init__(self, most: int, seconds: float, taken: Iterable[float] = ()) -> None:
        self._seconds = seconds
        self._taken = deque(taken, maxlen=most)

    def take(self, now: float) -> bool:
        """Whether one more may go now; if so, it counts."""
        full = len(self._taken) == self._taken.maxlen
        if full and 0 <= now - self._taken[0] < self._seconds:  # below 0 the clock was put back
            return False
        self._taken.append(now)
        return True


class Outbox:
    """What was seen and what waits to be posted, in one file: what was acknowledged is not lost, nor told twice."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.executescript(
            "create table if not exists seen (id text primary key, at real not null);"
            "create table if not exists message (id integer primary key, text text, tries int default 0, after real);"
            "create table if not exists attempt (at real not null);"
        )

    def _do(self, statement: str, *values: float | str) -> sqlite3.Cursor:
        return self._db.execute(statement, values)

    def put(self, key: str, text: str | None, now: float) -> None:
        """Remember that this was seen, and if it is new, what is to be posted about it."""
        with self._lock, self._db:
            self._do("delete from seen where at < ?", now - KEPT)
            new = self._do("insert or ignore into seen values (?, ?)", key, now).rowcount == 1
            if new and text is not None:
                self._do("insert into message (text, after) values (?, ?)", text, now)

    def has(self, key: str) -> bool:
        with self._lock:
            return self._do("select 1 from seen where id = ?", key).fetchone() is not None

    def waiting(self, now: float) -> list[tuple[int, str, int]]:
        """What is to be posted, oldest first, and how often each was refused; not what waits to be tried again."""
        with self._lock:
            return self._do("select id, text, tries from message where after <= ? order by id", now).fetchall()

    def attempts(self) -> list[float]:
        """When messages were sent to the robot in the last minute, before a restart too."""
        with self._lock:
            return [at for (at,) in self._do("select at from attempt order by at")]

    def attempted(self, now: float) -> None:
        with self._lock, self._db:
            self._do("delete from attempt where at < ?", now - MINUTE)
            self._do("insert into attempt values (?)", now)

    def posted(self, ids: Sequence[int]) -> None:
        with self._lock, self._db:
            self._db.executemany("delete from message where id = ?", [(each,) for each in ids])

    def refused(self, ids: Sequence[int], now: float) -> int:
        """Try these again later, each alone. Returns how many were tried often enough, and are dropped."""
        with self._lock, self._db:
            later = "update message set tries = tries + 1, after = ? + ? * (1 << tries) where id = ?"
            self._db.executemany(later, [(now, REFUSED_PAUSE, each) for each in ids])
            return self._do("delete from message where tries >= ?", TRIES).rowcount


class Bot:
    """Turns events into messages and posts them."""

    def __init__(self, read: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings, self.clock = read, clock
        self.outbox = Outbox(read.state)
        self.limiter = Limiter(PER_MINUTE, MINUTE, self.outbox.attempts())
        self.wake, self.ending = threading.Event(), False
        headers = {"Authorization": f"Bearer {read.key}", "Accept-Language": "zh"}
        self.registry = httpx.Client(base_url=read.registry, headers=headers, timeout=10)
        self.robot = httpx.Client(timeout=10)
        self._read: dict[str, Any] = {}
        self._failures, self._rest = 0, 0.0

    def receive(self, body: bytes, headers: Mapping[str, str]) -> None:
        """One delivery. Raises WebhookVerificationError where none of the secrets made the signature."""
        event, name = self._verified(body, headers), headers["webhook-id"]
        if not self.outbox.has(name):
            self.outbox.put(name, self._message(event) if is_urgent(event, self.clock()) else None, self.clock())
            self.wake.set()

    def _verified(self, body: bytes, headers: Mapping[str, str]) -> Any:  # noqa: ANN401 - whatever was signed
        for secret in self.settings.secrets:
            try:
                return Webhook(secret).verify(body, dict(headers))
            except (WebhookVerificationError, ValueError):  # the latter where a signature is no base64
                continue
        raise WebhookVerificationError("no secret fits")

    def _message(self, event: Mapping[str, Any]) -> str:
        """One line about an event: what, where, which case, titles of its codes, a link. Nothing else of the record."""
        name, data = event["subject"].partition("/")[0], event["data"]
        schema = self._json(f"/v1/schemas/{name}")
        number, people = str(data.get("case_number")), data.get("people_involved")
        at, version = dt.datetime.fromisoformat(event["time"]).astimezone(BEIJING), event.get("entryversion", 1)
        said = [
            data.get("division_name") or self._place(event.get("division")),
            f"〔{number}〕" if CASE_NUMBER.fullmatch(number) else None,
            *(title_of(schema, field, data.get(field)) for field in ("scale", "kind")),
            f"涉及{people}人" if isinstance(people, int) else None,
            *(data.get(field) for field in SERVER_MADE.get(name, ())),
            f"{at.month}月{at.day}日{at:%H:%M}" + (f"第{version}版" if version > 1 else ""),
        ]
        title = f"{schema['title']} {ACTIONS.get(event['type'].rpartition('.')[2], '')}".strip()
        text = " ".join(str(each) for each in said if each).translate(PLAIN)
        return f"**{title}** {text} [查看]({self.settings.links}/v1/{event['subject']})"

    def _place(self, code: str | None) -> str | None:
        found = self._json(f"/v1/divisions?code={code}")["items"] if code else []
        return found[0]["name"] if found else None

    def _json(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What the registry answers, read once: schemas and divisions change seldom."""
        if path not in self._read:
            self._read[path] = self.registry.get(path).raise_for_status().json()
        return self._read[path]

    def digest(self) -> None:
        """Put yesterday's bulletin into the outbox once it is time; once a day, whatever restarts there are."""
        now = dt.datetime.fromtimestamp(self.clock(), BEIJING)
        key = f"digest-{now.date()}"
        if now.time() >= self.settings.at and not self.outbox.has(key):
            asked = {"to": (now.date() - dt.timedelta(days=1)).isoformat(), "format": "text"}
            answer = self.registry.get("/v1/bulletin", params=asked).raise_for_status()
            text = answer.text.translate(PLAIN).replace("：/v1/", f"：{self.settings.links}/v1/")
            self.outbox.put(f"{key}-visits", self._visits_due(now.date().isoformat()), self.clock())
            self.outbox.put(key, cut(text), self.clock())

    def _visits_due(self, day: str) -> str | None:
        """The visits to people in care that are due, as totals by town: a group is told no more of them."""
        said = []
        for town in self._json("/v1/divisions?level=town&limit=200")["items"]:
            asked = {"division": town["code"], "on": day, "before": day, "kinds": "visit", "limit": 1}
            (count,) = self.registry.get("/v1/due", params=asked).raise_for_status().json()["counts"]
            if count["due"]:
                said.append(f"{town['name']}{count['due']}项（已逾期{count['overdue']}项）")
        return cut(f"**走访到期** {'、'.join(said)}") if said else None

    def post(self) -> None:
        """Post what waits, as far as the robot's limit goes; much at once is put together into few messages."""
        for ids, text in packed(self.outbox.waiting(self.clock())):
            now = self.clock()
            if not self.limiter.take(now):
                return
            self.outbox.attempted(now)
            try:
                self._send(text)
            except Refused as why:
                dropped = self.outbox.refused(ids, now)
                log.warning("refused (%s): %s", why, "dropped" if dropped else "each is tried again alone")
            else:
                self.outbox.posted(ids)

    def _send(self, text: str) -> None:
        """Raises Again or Refused, without the robot's address, which has its key in it."""
        try:
            answer = self.robot.post(self.settings.robot, json={"msgtype": "markdown", "markdown": {"content": text}})
            said = answer.json() if answer.is_success else None
        except (httpx.HTTPError, ValueError) as fault:
            raise Again(type(fault).__name__) from None
        if answer.is_client_error and answer.status_code not in {408, 429}:
            raise Refused(f"HTTP {answer.status_code}")
        code = said.get("errcode") if isinstance(said, dict) else None
        if not isinstance(code, int) or code in BUSY:
            raise Again(f"HTTP {answer.status_code}, errcode {code}")
        if code != 0:
            raise Refused(f"errcode {code}")

    def tick(self) -> None:
        """What is to be done now; after a failure nothing for a while, and longer each time."""
        if self.clock() < self._rest:
            return
        try:
            self.post()
            self.digest()
        except (httpx.HTTPError, Again) as fault:
            pause = min(PAUSE * 2**self._failures, LONGEST_PAUSE)
            self._failures, self._rest = self._failures + 1, self.clock() + pause
            log.warning("again in %.0f s: %s", pause, fault if isinstance(fault, Again) else type(fault).__name__)
        else:
            self._failures = 0

    def run(self) -> None:
        while not self.ending:
            self.tick()
            self.wake.wait(1)
            self.wake.clear()


def is_urgent(event: Any, now: float) -> bool:  # noqa: ANN401 - whatever was signed
    """What the group is told at once: alerts, what is due today, disputes of a major mass incident."""
    if not isinstance(event, dict) or not isinstance(data := event.get("data"), dict):
        return False
    kind, told_of = event["type"], {f"disputes.{action}" for action in ACTIONS}
    due = kind == "due.reminder" and data.get("step") == 0 and data.get("due_register") not in PEOPLE
    urgent = kind == "alert.raised" or due or (kind in told_of and data.get("scale") == "mass_major")
    return urgent and dt.datetime.fromisoformat(event["time"]).timestamp() > now - KEPT


def title_of(schema: Mapping[str, Any], field: str, code: object) -> str | None:
    """The Chinese title of a code. Text that is no code of a list has none, so it is never told."""
    rule = schema["properties"].get(field, {})
    options = schema["$defs"].get(rule.get("$ref", "").rpartition("/")[2], rule).get("oneOf", ())
    return next((option["title"] for option in options if option.get("const") == code), None)


def packed(waiting: Sequence[tuple[int, str, int]]) -> list[tuple[list[int], str]]:
    """The messages to post and what each tells of: few one by one, many together; what was refused, alone."""
    packs: list[tuple[list[int], str]] = []
    fresh = [(each, text) for each, text, tries in waiting if not tries]
    for each, text in fresh:
        joined = f"{packs[-1][1]}\n{text}" if packs and len(fresh) > ONE_BY_ONE else ""
        if joined and len(joined.encode()) <= LONGEST:
            packs[-1] = ([*packs[-1][0], each], joined)
        else:
            packs.append(([each], cut(text)))
    return packs + [([each], cut(text)) for each, text, tries in waiting if tries]


def cut(text: str) -> str:
    """As many whole lines of a text as a message holds, and a note where there are more."""
    if len(text.encode()) <= LONGEST:
        return text
    more = "\n…（略）"
    held = text.encode()[: LONGEST - len(more.encode())].decode(errors="ignore")
    line = held.rfind("\n")
    return held[: line if line > len(held) // 2 else None].rstrip() + more


class Receiver(BaseHTTPRequestHandler):
    """Takes deliveries: 204 once an event is remembered, 401 where the signature is none of ours."""

    bot: Bot
    timeout = 10  # seconds for which a client may keep silent

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,7}", length) or int(length) > LARGEST:
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        try:
            self.bot.receive(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError:
            self._answer(401)
        except (KeyError, TypeError, ValueError):
            self._answer(400)  # signed, but no event of ours
        except (httpx.HTTPError, sqlite3.Error):
            self._answer(503)  # the registry is away, or the disk is full: it will send the event again
        else:
            self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass  # the log is the bot's own


def main() -> None:
    """Serve until interrupted. If posting ends by a fault, so does the process: whoever runs it starts it again."""
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, and the robot's has its key in it
    bot = Receiver.bot = Bot(settings(os.environ))
    server = ThreadingHTTPServer(("127.0.0.1", bot.settings.port), Receiver)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(bot, "ending", True))  # after the message that is on its way
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"listening on port {server.server_port}\n")
    sys.stdout.flush()
    bot.run()


if __name__ == "__main__":
    main()
