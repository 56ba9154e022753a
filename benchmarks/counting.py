"""Measures statistics over a million versions of visits. By hand: `python benchmarks/counting.py [sqlite|postgres] [versions]`.

(Not named `statistics`: beside `run.py` that would hide the standard library's module.)
"""

import asyncio
import datetime as dt
import itertools
import json
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert, select, update
from stage import Home, Stage

from registry.db.database import open_database
from registry.followups.models import VISITS
from registry.ledger.clock import wall_clock
from registry.ledger.ids import new_id
from registry.ledger.tables import BOOKS, LOG, SEALS

BOOK = "440882"
CHUNK = 20_000
DAY = 86_400_000_000
"""Microseconds."""
PATIENTS = 10_000
VILLAGES = [f"{BOOK}{100 + town}{200 + village}" for town in range(21) for village in range(23)]
TEAMS = ["grid_worker", "grid_worker,police", "mental_health_doctor,police", "village_doctor"]
START = dt.date(2018, 1, 1)
ROUNDS = 15

GROUPINGS = [
    "", "group_by=town", "group_by=village", "group_by=month", "group_by=town,month", "group_by=town,team,seen",
    "group_by=village,joint", "group_by=village,month&measures=visits", "group_by=town,campaign,form,risk",
    "group_by=month&joint=true&from=2019-01-01&to=2019-12-31", "group_by=town&measures=patients_seen,visits_in_time,visits_late",
    "group_by=village&division=440882102", "group_by=team,month&measures=visits,visits_joint,visits_seen,visits_not_seen",
    "group_by=village,month&measures=patients_visited", "group_by=team,month,form,risk", "group_by=village,month",
]  # fmt: skip
GUARDED = ["", "group_by=town", "group_by=month", "group_by=risk", "group_by=town,seen", "group_by=town,month"]
"""For a caller without personal rights, who is told what is published."""
MONTHS = 36
"""Over which the log grew, so that there are as many releases."""


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

    began = wall_clock() - MONTHS * 30 * DAY

    async def work() -> int:
        database = open_database(url)
        await database.write(lambda c: c.execute(update(LOG).values(recorded_at=began)))
        start = await database.read(lambda c: c.scalar(select(BOOKS.c.next_position).where(BOOKS.c.book == BOOK)) or 0)
        every = rows(start, versions)
        while chunk := list(itertools.islice(every, CHUNK)):
            at = began + (int(str(chunk[0]["position"])) - start) * MONTHS * 30 * DAY // versions
            await database.write(partial(_insert, chunk, at))
        await database.close()
        return start + versions

    return asyncio.run(work())


def _insert(chunk: list[dict[str, object]], recorded_at: int, connection: Connection) -> None:
    connection.execute(insert(VISITS), chunk)
    told = {"register": "visits", "action": "created", "recorded_at": recorded_at, "actor_id": BOOK,
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


def timed(home: Home, path: str, key: str) -> tuple[float, bytes]:
    """Milliseconds of an answer over HTTP, and its body."""
    began = time.perf_counter()
    body = home.request(path, key)
    return (time.perf_counter() - began) * 1000, body


def measure(home: Home, key: str, name: str, more: str, groupings: Sequence[str] = GROUPINGS) -> None:
    """Print a table of each question, and of them all."""
    print(
        f"\n{name}\n\n| question | p50 ms | max ms | server's CPU ms | cells | bytes |\n| --- | --- | --- | --- | --- | --- |"
    )
    every = []
    for grouping in groupings:
        before = cpu(home.pid)
        answers = [timed(home, f"/v1/statistics/visits?{grouping}{more}", key) for _ in range(ROUNDS)]
        spent, body = (cpu(home.pid) - before) * 1000 / ROUNDS, answers[-1][1]
        times = sorted(each for each, _ in answers)
        cells = len(json.loads(body)["cells"])
        told = f"{statistics.median(times):.1f} | {times[-1]:.1f} | {spent:.1f} | {cells} | {len(body)}"
        print(f"| {grouping or 'none'} | {told} |", flush=True)
        every += times
    every.sort()
    print(
        f"\n{name}: p50 {statistics.median(every):.1f} ms, p95 {every[len(every) * 95 // 100]:.1f} ms, max {every[-1]:.1f} ms"
    )


def measure_after_writes(home: Home, key: str, head: int) -> None:
    """The first question after a visit is as of a moment that nobody asked for yet."""
    question, times = "/v1/statistics/visits?group_by=town,month", []

    async def write(position: int) -> None:
        database = open_database(home.url)
        await database.write(partial(_insert, list(rows(position, 1)), wall_clock()))
        await database.close()

    for position in range(head, head + ROUNDS):
        asyncio.run(write(position))
        times.append(timed(home, question, key)[0])
    print(f"\ngroup_by=town,month right after a visit: p50 {statistics.median(times):.1f} ms, max {max(times):.1f} ms")


def measure_a_restart(home: Home, key: str) -> None:
    """From a start with the files of statistics to the first figure, written when the server before it stopped."""
    before = json.loads(home.request("/v1/statistics/visits", key))["total"]["measures"]
    os.kill(home.pid, signal.SIGTERM)
    while home.answers():
        time.sleep(0.1)
    time.sleep(3)
    home.start()
    told, body = timed(home, "/v1/statistics/visits", key)
    assert json.loads(body)["total"]["measures"] == before
    size = sum(each.stat().st_size for each in (home.folder / "statistics").glob("*.parquet"))
    print(f"\nfirst figure after a restart: {told / 1000:.2f} s; files of {size / 1e6:.1f} MB; {memory(home.pid)}")


def cpu(pid: int) -> float:
    """Seconds that a process has computed; its load on a machine that others use too."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> str:
    """Megabytes of a process that are its own, and the most that it ever had with what it shares."""
    told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return ", ".join(f"{name} {int(told[name].split()[0]) // 1024} MB" for name in ("RssAnon", "VmHWM"))


def main(kind: str = "sqlite", versions: str = "1000000") -> None:
    with Stage(kind) as stage:
        home = stage.home("counting")
        key, guarded, writer = (home.key(role) for role in ("supervisor", "dashboard", "administrator"))
        home.start()
        home.request(
            "/v1/divisions", writer, {"name": "雷州市", "level": "county", "code": BOOK, "valid_from": "1994-01-01"}
        )
        for town in sorted({village[:9] for village in VILLAGES}):
            place = {
                "name": f"{town}镇（示范）",
                "level": "town",
                "code": town,
                "parent": BOOK,
                "valid_from": "1994-01-01",
            }
            home.request("/v1/divisions", writer, place)
        print(f"empty: {memory(home.pid)}")
        head = fill(home.url, int(versions))
        stage.vacuum(home.url)
        wait_until_sealed(home.url, head)
        print(
            f"first question, with {versions} versions to load: {timed(home, '/v1/statistics/visits', key)[0] / 1000:.1f} s; {memory(home.pid)}"
        )
        measure(home, key, "current", "")
        measure(home, key, "as of a past watermark", f"&as_of=wm_{BOOK}_{head // CHUNK // 2 * CHUNK}")
        print(f"\nfirst question of a dashboard: {timed(home, '/v1/statistics/visits', guarded)[0] / 1000:.1f} s")
        measure(home, guarded, f"for a dashboard, {MONTHS} months", "", GUARDED)
        measure_after_writes(home, key, head)
        print(f"\nat the end: {memory(home.pid)}")
        measure_a_restart(home, key)


if __name__ == "__main__":
    main(*sys.argv[1:])
