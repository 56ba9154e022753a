"""Kill -9 under readers: is everything that anybody saw in plain in the access log, once, and does sealing never fork?

    python -m tests.faults.disclosure --database sqlite|postgres --rounds 20 --readers 32

A round: readers read (and change, and collide), the server is killed and started again; then what the clients received in
plain is looked for in the tables, and the checkpoints that a client kept are proved against the newest one. Every other
kill comes directly after an answer that showed personal data.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from registry.audit.proof.checkpoints import CheckpointHead, read_head
from registry.audit.proof.signed_notes import Verifier
from tests import factories
from tests.faults.crash import BOOK, COUNTY_BODY, PLACES, TOWN, TOWN_BODY, Place, Query, Server, Wire, connected
from tests.faults.keeper import Keeper, root_of
from tests.faults.readers import PHONES, Book, Key, Readers, Shown, phone

VILLAGE_BODY = {"name": "迈港村委会", "level": "village", "code": factories.VILLAGE, "parent": TOWN}
PATIENTS, DISPUTES, GATHERINGS = 150, 60, 60
"""How many there are; each patient has a visit, each dispute a mediation session."""
FILLERS = 32
"""Connections that fill the book."""


class Logged(NamedTuple):
    """A row of the access log."""

    position: int
    kind: str
    principal_id: str
    register: str | None
    document: bytes


class Tables(NamedTuple):
    """What the database holds of accesses."""

    events: list[Logged]
    next_event: int
    cases: set[tuple[str, str, int]]
    """Kind, case and position."""


async def read_tables(query: Query) -> Tables:
    """Read the tables as they are."""
    events = await query("SELECT position, kind, principal_id, register, document FROM access_events ORDER BY position")
    ((next_event,),) = await query("SELECT next_event FROM books")
    cases = await query("SELECT kind, case_id, position FROM access_event_cases")
    return Tables([Logged(*row) for row in events], next_event, {(kind, case, at) for kind, case, at in cases})


def broken_events(tables: Tables, newest: CheckpointHead) -> Iterator[str]:
    """What is wrong with the access log itself: its rows, its cases, its tree."""
    if [event.position for event in tables.events] != list(range(tables.next_event)):
        yield "positions of access events have a gap, or do not end at the book's next_event"
    said: set[tuple[str, str, int]] = set()
    for event in tables.events:
        document = json.loads(event.document)
        row = (document["position"], document["kind"], document["principal"]["id"], document["register"])
        if row != event[:4]:
            yield "an event's document differs from its row"
        said |= {(document["case_kind"], case, event.position) for case in document["cases"]}
    if said != tables.cases:
        yield "access_event_cases differ from the events"
    size = newest.sizes["access"]
    if (
        len(tables.events) < size
        or root_of([event.document for event in tables.events[:size]]) != newest.roots["access"]
    ):
        yield "the checkpoint's access tree is not made of the events that stand in the table"


def reads(events: Iterable[Logged]) -> Iterator[Shown]:
    """The events of personal data that was shown in plain."""
    for event in events:
        if event.kind == "read":
            document = json.loads(event.document)
            told = document["details"]
            yield Shown(
                told["request_id"], document["register"], told["path"], told["purpose"], document["principal"]["id"],
                tuple(sorted(told["entries"])), tuple(sorted(document["cases"])),
            )  # fmt: skip


@dataclass
class Count:
    """What became of what was received in plain; an entry in an answer counts one."""

    tried: int
    """Requests."""
    received: int
    found: int
    missing: int
    doubled: int
    wrong: int
    """Answers whose event says another person, purpose, path, or other entries or cases."""
    unseen: int
    """Entries logged for an answer that came whole and did not show them."""
    cut: int
    """Entries logged for answers that never came: killed between log and answer, which is no fault."""

    def __str__(self) -> str:
        return (
            f"tried {self.tried}, received in plain {self.received}, found in the log {self.found}, "
            f"missing {self.missing}, doubled {self.doubled} (wrong {self.wrong}, logged but not shown {self.unseen}, "
            f"logged but cut off {self.cut})"
        )


def count_shown(readers: Readers, logged: list[Shown]) -> Count:
    """Look for everything that was received in plain in the log, by request and entry."""
    times = Counter((event.request_id, entry) for event in logged for entry in event.entries)
    received = {(shown.request_id, entry) for shown in readers.shown for entry in shown.entries}
    events: dict[tuple[str, str], list[Shown]] = defaultdict(list)
    for event in logged:
        events[event.request_id, event.register].append(event)
    said = ((shown, events[shown.request_id, shown.register]) for shown in readers.shown)
    more = times.keys() - received
    return Count(
        tried=readers.tried,
        received=len(received),
        found=len(received & times.keys()),
        missing=len(received - times.keys()),
        doubled=sum(each - 1 for each in times.values()),
        wrong=sum(bool(found) and found != [shown] for shown, found in said),
        unseen=sum(request_id in readers.answered for request_id, _ in more),
        cut=sum(request_id not in readers.answered for request_id, _ in more),
    )


@dataclass
class Report:
    """How it went: what was shown, what is wrong, which proofs were checked."""

    count: Count
    paths: Counter[str]
    """How many answers showed personal data, by path."""
    faults: Counter[str]
    keeper: Keeper

    def __str__(self) -> str:
        return f"{self.count}; consistency proofs {self.keeper.proved}, forks {len(self.keeper.forks)}"


async def verify(place: Place, readers: Readers, keeper: Keeper, newest: str) -> Report:
    """Look at the whole access log."""
    tables = await read_tables(place.query)
    found = count_shown(readers, list(reads(tables.events)))
    faults = readers.faults + Counter(
        missing=found.missing, doubled=found.doubled, wrong=found.wrong, logged_but_not_shown=found.unseen
    )
    faults.update(broken_events(tables, read_head(newest)))
    faults.update(f"fork: {fork}" for fork in keeper.forks)
    return Report(found, Counter(shown.path for shown in readers.shown), +faults, keeper)


async def make_key(wire: Wire, role: str, division: str) -> Key:
    """A key of this role."""
    made = await wire.send("POST", "/v1/keys", {"name": role, "role": role, "divisions": [division]})
    assert made.status == 201, made.text
    return Key(made.body["id"], made.body["key"])


async def fill(port: int, key: str) -> Book:
    """A book of patients and visits, disputes and sessions, gatherings."""
    patients = [
        factories.patient(name=f"示范孙{n:04d}", id_number=None, phone=phone(n % PHONES)) for n in range(PATIENTS)
    ]
    book = {"patients": await post_all(port, key, "patients", patients)}
    book["visits"] = await post_all(port, key, "visits", [factories.visit(each) for each in book["patients"]])
    disputes = [factories.dispute(title=f"林地纠纷 {n}", parties=parties(n)) for n in range(DISPUTES)]
    book["disputes"] = await post_all(port, key, "disputes", disputes)
    sessions = [factories.session(each) for each in book["disputes"]]
    book["mediation-sessions"] = await post_all(port, key, "mediation-sessions", sessions)
    gatherings = [factories.gathering(title=f"年例 {n}") for n in range(GATHERINGS)]
    book["gatherings"] = await post_all(port, key, "gatherings", gatherings)
    return book


def parties(number: int) -> list[dict[str, Any]]:
    """Two households."""
    return [
        {"kind": "person", "person": {"name": f"示范郑{number:04d}", "phone": phone(number % PHONES)}},
        {"kind": "person", "person": {"name": f"示范冯{number:04d}"}},
    ]


async def post_all(port: int, key: str, register: str, bodies: list[dict[str, Any]]) -> list[str]:
    """Record them, over a few connections; their ids."""

    async def post(share: list[dict[str, Any]]) -> list[str]:
        async with connected(port, key) as wire:
            return [await made(wire, f"/v1/{register}", body) for body in share]

    shares = await asyncio.gather(*(post(bodies[share::FILLERS]) for share in range(FILLERS)))
    return [entry_id for share in shares for entry_id in share]


async def made(wire: Wire, at: str, body: dict[str, Any]) -> str:
    """The id of a new entry."""
    answer = await wire.send("POST", at, body)
    assert answer.status == 201, answer.text
    entry_id: str = answer.body["id"]
    return entry_id


@asynccontextmanager
async def serving(place: Place, readers: int, chance: Random) -> AsyncIterator[tuple[Server, Readers, Keeper]]:
    """A running server with a book to read, its readers, and somebody who keeps checkpoints."""
    server = Server(place.home, place.url)
    server.command("migrate")
    administrator = server.command("keys", "create", "admin", "--role", "administrator")
    try:
        await server.start()
        async with connected(server.port, administrator) as wire:
            for body in (COUNTY_BODY, TOWN_BODY, {**VILLAGE_BODY, "valid_from": "1994-01-01"}):
                await made(wire, "/v1/divisions", body)
            keys = [await make_key(wire, role, at) for role, at in (("clerk", TOWN), ("supervisor", BOOK))]
            listed = (await wire.send("GET", "/v1/log/keys")).body["items"]
        verifiers = [Verifier.parse(each["vkey"]) for each in listed if each["kind"] == "checkpoint"]
        book = await fill(server.port, keys[0].key)
        yield server, Readers(keys, book, readers, chance), Keeper(administrator, verifiers)
    finally:
        server.kill()


async def kill_once(server: Server, readers: Readers, keeper: Keeper, after: float, *, in_answers: bool) -> str:
    """One round: read, kill -9, start, prove; returns the newest checkpoint."""
    await keeper.keep(server.port)
    reading = asyncio.gather(readers.read(server.port), keeper.watch(server.port))
    await readers.see()
    await asyncio.sleep(after)
    if in_answers:
        await readers.see()
    server.kill()
    await reading
    await server.start()
    return await keeper.check(server.port)


async def disclose(database: str, rounds: int, readers: int, seed: int) -> Report:
    """Kill the server so many times; stops at the first round after which anything is wrong."""
    chance = Random(seed)
    async with PLACES[database]() as place, serving(place, readers, chance) as (server, clients, keeper):
        for number in range(1, rounds + 1):
            after = chance.uniform(0.3, 1.0)
            newest = await kill_once(server, clients, keeper, after, in_answers=number % 2 == 0)
            report = await verify(place, clients, keeper, newest)
            print(f"{database}, kill {number}: {report}", flush=True)
            if report.faults:
                break
        return report


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Kill -9 under readers, and count what was seen but not logged.")
    parser.add_argument("--database", choices=PLACES, default="sqlite")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--readers", type=int, default=32)
    parser.add_argument("--seed", type=int, default=Random().randrange(10**6))
    given = parser.parse_args()
    report = asyncio.run(disclose(given.database, given.rounds, given.readers, given.seed))
    print(f"{given.database}, {given.readers} readers, seed {given.seed}: {report}")
    print("  answers that showed personal data:", ", ".join(f"{path} {n}" for path, n in report.paths.most_common()))
    sys.exit("; ".join(f"{fault} ({times})" for fault, times in report.faults.items()) or None)


if __name__ == "__main__":
    main()
