"""Measures statistics over a million versions of visits. By hand: `python benchmarks/counting.py [sqlite|postgres] [versions]`.

(Not named `statistics`: beside `run.py` that would hide the standard library's module.)
"""

import asyncio
import datetime as dt
import itertools
import random
import statistics
import sys
import time
from collections.abc import Iterator
from functools import partial

from sqlalchemy import Connection, insert, select, update
from stage import Home, Stage

from registry.db.database import open_database
from registry.followups.models import VISITS
from registry.ledger.clock import wall_clock
from registry.ledger.ids import new_id
from registry.ledger.tables import BOOKS, LOG, SEALS

BOOK = "440882"
CHUNK = 20_000
PATIENTS = 10_000
VILLAGES = [f"{BOOK}{100 + town}{200 + village}" for town in range(21) for village in range(23)]
TEAMS = ["grid_worker", "grid_worker,police", "mental_health_doctor,police", "village_doctor"]
START = dt.date(2018, 1, 1)
ROUNDS = 15

GROUPINGS = [
    "", "group_by=town", "group_by=village", "group_by=month", "group_by=town,month", "group_by=town,team,seen",
    "group_by=village,joint", "group_by=village,month&measures=made", "group_by=town,campaign,form,risk",
    "group_by=month&joint=true&from=2019-01-01&to=2019-12-31", "group_by=town&measures=patients_seen,in_time,late",
    "group_by=village&division=440882102", "group_by=team,month&measures=made,joint,seen,not_seen",
]  # fmt: skip


def rows(start: int, versions: int) -> Iterator[dict[str, object]]:
    """Visits; each eighth version changes the visit before it."""
    luck = random.Random(1)
    patients = [(new_id(), luck.choice(VILLAGES)) for _ in range(PATIENTS)]
    campaigns = [None, None, new_id(), new_id()]
    row: dict[str, object] = {}
    for position in range(start, start + versions):
        if (position - start) % 8 == 7:
            row = {**row, "number": 2, "position": position, "superseded_at": None}
            yield row
            continue
        patient, division = luck.choice(patients)
        visited_on, seen = START + dt.timedelta(days=luck.randrange(1095)), luck.random() < 0.9
        followed = (position - start) % 8 == 6 and position + 1 < start + versions
        row = {
            "book": BOOK, "entry_id": new_id(), "number": 1, "position": position,
            "superseded_at": position + 1 if followed else None,
            "case_id": patient, "division": division, "town": division[:9], "voided": False, "classes": "",
            "document": b"{}", "personal": None, "visited_on": visited_on, "form": luck.choice(["home", "phone", "clinic"]),
            "seen": seen, "not_seen_reason": None if seen else "not_home", "joint": luck.random() < 0.4,
            "risk_level": luck.randrange(6) if seen else None, "stability": "stable" if seen else None,
            "next_visit_on": visited_on + dt.timedelta(days=90), "campaign_id": luck.choice(campaigns),
            "due_on": visited_on + dt.timedelta(days=luck.randrange(-9, 30)), "team": luck.choice(TEAMS),
        }  # fmt: skip
        yield row


def fill(url: str, versions: int) -> int:
    """Put so many versions into the book. Returns its watermark."""

    async def work() -> int:
        database = open_database(url)
        start = await database.read(lambda c: c.scalar(select(BOOKS.c.next_position).where(BOOKS.c.book == BOOK)) or 0)
        every = rows(start, versions)
        while chunk := list(itertools.islice(every, CHUNK)):
            await database.write(partial(_insert, chunk))
        await database.close()
        return start + versions

    return asyncio.run(work())


def _insert(chunk: list[dict[str, object]], connection: Connection) -> None:
    connection.execute(insert(VISITS), chunk)
    told = {"register": "visits", "action": "created", "recorded_at": wall_clock(), "actor_id": BOOK,
            "public_sha256": bytes(32), "columns_sha256": bytes(32)}  # fmt: skip
    same = ("book", "position", "entry_id", "number", "division", "case_id")
    connection.execute(insert(LOG), [{name: row[name] for name in same} | told for row in chunk])
    head = int(str(chunk[-1]["position"])) + 1
    connection.execute(update(BOOKS).where(BOOKS.c.book == BOOK).values(next_position=head))


def wait_until_sealed(url: str, head: int) -> None:
    """The server adds what was put in to its trees first; measure it at rest."""

    async def sealed() -> int:
        database = open_database(url)
        try:
            return await database.read(lambda c: c.scalar(select(SEALS.c.log_size).where(SEALS.c.book == BOOK))) or 0
        finally:
            await database.close()

    while asyncio.run(sealed()) < head:
        time.sleep(1)


def measure(home: Home, key: str, more: str) -> list[float]:
    """Milliseconds of each answer, over HTTP."""
    found = []
    for grouping in GROUPINGS:
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            body = home.request(f"/v1/statistics/visits?{grouping}{more}", key)
            times.append((time.perf_counter() - began) * 1000)
        times.sort()
        print(f"| {grouping}{more} | {statistics.median(times):.1f} | {times[-1]:.1f} | {len(body)} |", flush=True)
        found += times
    return found


def main(kind: str = "sqlite", versions: str = "1000000") -> None:
    with Stage(kind) as stage:
        home = stage.home("counting")
        key = home.key("supervisor")
        home.start()
        for division in ({"name": "雷州市", "level": "county", "code": BOOK, "valid_from": "1994-01-01"},):
            home.request("/v1/divisions", home.key("administrator"), division)
        head = fill(home.url, int(versions))
        stage.vacuum(home.url)
        wait_until_sealed(home.url, head)
        began = time.perf_counter()
        home.request("/v1/statistics/visits", key)
        print(f"first question, with {versions} versions to load: {time.perf_counter() - began:.1f} s\n")
        print("| question | p50 ms | max ms | bytes |\n| --- | --- | --- | --- |")
        now = measure(home, key, "")
        then = measure(home, key, f"&as_of=wm_{BOOK}_{head // CHUNK // 2 * CHUNK}")
        for name, times in (("current", now), ("as of a past watermark", then)):
            p95 = sorted(times)[len(times) * 95 // 100]
            print(f"\n{name}: p50 {statistics.median(times):.1f} ms, p95 {p95:.1f} ms, max {max(times):.1f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
