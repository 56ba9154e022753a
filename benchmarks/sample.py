"""The data: one gathering as it is sent, and books filled with as many as wanted."""

import asyncio
import datetime as dt
import json
import re
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, insert, select, update
from stage import Home

from registry.core.fields import class_stamp
from registry.db.database import open_database
from registry.gatherings.models import GATHERINGS
from registry.gatherings.register import GATHERING_REGISTER
from registry.gatherings.schemas import Gathering
from registry.ledger.clock import wall_clock
from registry.ledger.ids import new_id
from registry.ledger.tables import BOOKS, LOG

BOOK = "440882"
TOWN = "440882102"
OTHER_TOWN = "440882103"
CHUNK = 10_000
HOT = 20
"""Entries that change much more often than others."""

DIVISIONS = [
    {"name": "雷州市", "level": "county", "code": BOOK, "valid_from": "1994-01-01"},
    {"name": "客路镇", "level": "town", "code": TOWN, "parent": BOOK, "valid_from": "1994-01-01"},
    {"name": "杨家镇", "level": "town", "code": OTHER_TOWN, "parent": BOOK, "valid_from": "1994-01-01"},
]

GATHERING: dict[str, Any] = {
    "division": TOWN,
    "title": "客路镇迈港村正月十五年例暨游神活动",
    "kind": "nianli",
    "disposition": "cancelled",
    "sessions": 3,
    "planned_from": "2020-02-08",
    "planned_to": "2020-02-10",
    "planned_lunar": "正月十五",
    "decided_on": "2020-01-25",
    "hamlet": "迈港村",
    "venue": "迈港村文化广场及村前戏台",
    "organiser": {"name": "张虚构", "phone": "13800001234", "role": "年例理事会理事长"},
    "expected_people": 1200,
    "handled_by": ["客路镇综治办", "客路派出所", "迈港村委会"],
    "notice": {
        "issuer": "雷州市新型冠状病毒感染的肺炎疫情防控指挥部",
        "title": "关于暂停举办年例、游神等群众性聚集活动的通告",
        "dated": "2020-01-24",
        "number": "雷疫指〔2020〕2号",
    },
    "promise_signed": True,
    "note": "理事会已在村口及祠堂张贴公告,外请戏班的定金由理事会与戏班协商退还。",
}
BODY = json.dumps(GATHERING, ensure_ascii=False).encode()


def _flat() -> dict[str, Any]:
    flat = {name: value for name, value in GATHERING.items() if not isinstance(value, dict)}
    for part in ("organiser", "notice"):
        flat |= {f"{part}_{name}": value for name, value in GATHERING[part].items()}
    return flat


FLAT_BODY = json.dumps(_flat(), ensure_ascii=False).encode()
"""The same fields side by side, as the peer has them."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a prepared home holds."""

    keys: dict[str, str]
    """API keys by role."""
    real: list[str]
    """Entries made through the API, last: their personal data can be opened."""
    filled: list[str]
    """Entries written into the tables directly."""
    document: bytes
    """An entry, masked, as it is stored and sent."""


def seed(home: Home, versions: int, entries: int, real: int = 100) -> Seeded:
    """Divisions, keys and entries in a home whose server runs."""
    keys = {role: home.key(role) for role in ("administrator", "supervisor", "dashboard")}
    for division in DIVISIONS:
        home.request("/v1/divisions", keys["administrator"], division)
    first = _create(home, keys["supervisor"])
    document = home.request(f"/v1/gatherings/{first}", keys["dashboard"])
    filled = fill(home.url, document, versions, entries)
    made = [first, *(_create(home, keys["supervisor"]) for _ in range(real - 1))]
    home.stage.vacuum(home.url)
    return Seeded(keys, made, filled, document)


def _create(home: Home, key: str) -> str:
    return str(json.loads(home.request("/v1/gatherings", key, GATHERING))["id"])


def fill(url: str, document: bytes, versions: int, entries: int, small_town: int = 60) -> list[str]:
    """Write versions by bulk SQL, alike but for ids and numbers; returns the entries' ids.

    `small_town` of the entries, spread evenly, lie in TOWN, the others in OTHER_TOWN. After all are created, they
    change in turn, and for the last quarter of the changes only HOT of them do.
    """
    ids = [new_id() for _ in range(entries)]
    template = _Template(document, _Story(entries, versions), max(entries // small_town, 1))

    async def work() -> None:
        database = open_database(url)
        start = await database.write(_start)
        for first in range(0, versions, CHUNK):
            steps = range(first, min(first + CHUNK, versions))
            rows = [template.rows(ids, step, start) for step in steps]
            await database.write(partial(_insert, rows))
        await database.close()

    asyncio.run(work())
    return ids


def _start(connection: Connection) -> int:
    start: int | None = connection.scalar(select(BOOKS.c.next_position).where(BOOKS.c.book == BOOK))
    if start is None:
        connection.execute(insert(BOOKS).values(book=BOOK, next_position=0, last_recorded_at=0))
    return start or 0


def _insert(rows: list[tuple[dict[str, object], dict[str, object]]], connection: Connection) -> None:
    connection.execute(insert(GATHERINGS), [row for row, _ in rows])
    connection.execute(insert(LOG), [row for _, row in rows])
    last = rows[-1][1]
    following = {"next_position": int(str(last["position"])) + 1, "last_recorded_at": last["recorded_at"]}
    connection.execute(update(BOOKS).where(BOOKS.c.book == BOOK).values(following))


@dataclass(frozen=True, slots=True)
class _Story:
    """Which entry changes at which step."""

    entries: int
    versions: int

    @property
    def calm(self) -> int:
        """The steps in which the entries change in turn."""
        return self.entries + (self.versions - self.entries) * 3 // 4

    def entry(self, step: int) -> int:
        return step % self.entries if step < self.calm else (step - self.calm) % HOT

    def number(self, step: int) -> int:
        rounds = (self.calm - 1 - self.entry(step)) // self.entries + 1
        return step // self.entries + 1 if step < self.calm else rounds + (step - self.calm) // HOT + 1

    def following(self, step: int) -> int | None:
        """The step at which the same entry changes again."""
        after = step + (self.entries if step < self.calm else HOT)
        if step < self.calm <= after:
            after = self.calm + self.entry(step) if self.entry(step) < HOT else self.versions
        return after if after < self.versions else None


@dataclass(slots=True)
class _Template:
    """Makes rows that differ from those of one real version only where they must."""

    document: bytes
    story: _Story
    every: int
    """Each so manieth entry lies in the small town."""
    started: int = field(default_factory=lambda: wall_clock() - 10**7)

    def rows(self, ids: list[str], step: int, start: int) -> tuple[dict[str, object], dict[str, object]]:
        """The rows of the register and of the log, of one version."""
        entry, following = self.story.entry(step), self.story.following(step)
        both = {
            "book": BOOK,
            "entry_id": ids[entry],
            "number": self.story.number(step),
            "position": start + step,
            "case_id": ids[entry],
            "division": OTHER_TOWN if entry % self.every else TOWN,
        }
        superseded_at = None if following is None else start + following
        return both | self._version(both, superseded_at), both | self._log(step)

    def _version(self, both: dict[str, Any], superseded_at: int | None) -> dict[str, object]:
        return {
            "superseded_at": superseded_at,
            "town": both["division"],
            "voided": False,
            "classes": class_stamp(Gathering),
            "schema_version": GATHERING_REGISTER.schema_version,
            "created_at": self.started,
            "document": self._document(both),
            "personal": bytes(200),
            "kind": "nianli",
            "measure": "cancelled",
            "sessions": 3,
            "planned_from": dt.date(2020, 2, 8),
            "decided_on": dt.date(2020, 1, 25),
        }

    def _document(self, both: dict[str, Any]) -> bytes:
        document = re.sub(
            rb'"id":"[0-9a-f-]{36}"(?=,"irregularities")', b'"id":"%s"' % both["entry_id"].encode(), self.document
        )
        document = re.sub(rb'"position":[0-9]+', b'"position":%d' % both["position"], document)
        return document.replace(b'"version":1', b'"version":%d' % both["number"])

    def _log(self, step: int) -> dict[str, object]:
        return {
            "register": "gatherings",
            "action": "created" if step < self.story.entries else "changed",
            "recorded_at": self.started + step,
            "replayed_at": None,
            "actor_id": BOOK,
            "public_sha256": bytes(32),
            "personal_commitment": bytes(32),
            "personal_fields": None,
            "columns_sha256": bytes(32),
        }
