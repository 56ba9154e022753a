"""Kill -9 under readers: is everything that anybody saw in plain in the access log, once, and does sealing never fork?

    python -m tests.faults.disclosure --database sqlite|postgres --rounds 20 --readers 32

A round: readers read (and change, and collide), the server is killed and started again; then what the clients received in
plain is looked for in the tables, and the checkpoints that a client kept are proved against the newest one. Every other
kill comes directly after an answer that showed personal data.
"""

import argparse
import asyncio
import base64
import json
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count, cycle
from random import Random
from typing import Any, NamedTuple

from registry.access.fields import ERASED, MASK, personal_paths, personal_values
from registry.app import REGISTERS
from registry.ledger.merkle import BadProof, grow, leaf_hash, root, verify_consistency
from registry.ledger.notes import BadNote, Verifier, open_note
from registry.ledger.seals import Head, read_head
from tests import factories
from tests.faults.crash import (
    BOOK,
    COUNTY_BODY,
    CUT,
    PLACES,
    START_SECONDS,
    TOWN,
    TOWN_BODY,
    Answer,
    Place,
    Query,
    Server,
    Wire,
    connected,
)

VILLAGE_BODY = {"name": "迈港村委会", "level": "village", "code": factories.VILLAGE, "parent": TOWN}
PATIENTS, DISPUTES, GATHERINGS = 150, 60, 60
"""How many there are; each patient has a visit, each dispute a mediation session."""
FILLERS = 32
"""Connections that fill the book."""
CHANGED = 2
"""Entries of each register that the readers change, so that they collide."""
PHONES = 40
PURPOSES = (None, "visit", "supervision", "emergency")
SHAPES = {register.name: register.entry for register in REGISTERS}
NOTES = {
    "patients": "note",
    "visits": "findings",
    "disputes": "summary",
    "mediation-sessions": "note",
    "gatherings": "note",
}
"""The registers that are read, and the field of each that is changed."""
CASE_PARTS = {"dispute": "disputes"} | {
    name.replace("-", "_"): name for name in ("proceedings", "mediation-sessions", "agreements", "return-visits")
}
TREES = ("log", "access")
URLS = {
    "item": "/v1/{register}/{entry}",
    "list": "/v1/{register}?limit=50",
    "versions": "/v1/{register}/{entry}/versions",
    "version": "/v1/{register}/{entry}/versions/1",
}
KINDS = (*URLS, "case", "search", "write", "item", "stale")
"""What is asked, in turn."""

Book = dict[str, list[str]]
"""The ids of what is in each register."""


class Key(NamedTuple):
    """Somebody's API key."""

    id: str
    key: str


class Ask(NamedTuple):
    """One request: what is asked, of which register, what for."""

    path: str
    """As the access log names it; of a change that collides, the log says `conflict` instead."""
    register: str
    method: str
    url: str
    purpose: str | None
    body: object = None
    match: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        purpose = {"Purpose-Of-Use": self.purpose} if self.purpose else {}
        return purpose | ({"If-Match": self.match} if self.match else {})


class Shown(NamedTuple):
    """What one answer showed in plain of one register; and what one event of the log says that it did."""

    request_id: str
    register: str
    path: str
    purpose: str | None
    who: str
    entries: tuple[str, ...]
    cases: tuple[str, ...]


def shown_by(ask: Ask, who: str, answer: Answer) -> Iterator[Shown]:
    """What a client sees in plain in an answer, judged by the answer alone."""
    path = "conflict" if answer.status == 412 else ask.path
    for register, documents in documents_of(ask, answer):
        plain = [document for document in documents if is_plain(register, document)]
        if plain:
            entries = tuple(sorted({document["id"] for document in plain}))
            cases = tuple(sorted({case_of(document) for document in plain}))
            yield Shown(answer.headers["request-id"], register, path, ask.purpose, who, entries, cases)


def documents_of(ask: Ask, answer: Answer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The entries in an answer, by register."""
    body = answer.body
    if answer.status == 412:
        yield ask.register, [body["current"]]
    elif ask.path == "case":
        for name, register in CASE_PARTS.items():
            yield register, [body[name]] if register == "disputes" else body[name]
    else:
        yield ask.register, body.get("items", [body])


def is_plain(register: str, document: dict[str, Any]) -> bool:
    """Whether any personal field of an entry is not a mask."""
    texts = (text for path, _ in personal_paths(SHAPES[register]) for _, text in personal_values(document, path))
    return any("*" not in text and text not in {MASK, ERASED} for text in texts)


def case_of(document: dict[str, Any]) -> str:
    """The case that an entry belongs to."""
    case: str = document.get("patient_id") or document.get("dispute_id") or document["id"]
    return case


class Readers:
    """The clients: what they asked, what they saw in plain, what came back wrong."""

    def __init__(self, keys: list[Key], book: Book, size: int, chance: Random) -> None:
        self._keys = keys
        self._book = book
        self._size = size
        self._chance = chance
        self._kinds = cycle(KINDS)
        self._number = count(1)
        self.tried = 0
        self.answered: set[str] = set()
        """The Request-Ids of all answers that came whole."""
        self.shown: list[Shown] = []
        self.faults: Counter[str] = Counter()
        self._saw = asyncio.Event()

    async def read(self, port: int) -> None:
        """All readers read until the server dies."""
        await asyncio.gather(*(self._read(port, self._keys[n % len(self._keys)]) for n in range(self._size)))

    async def see(self) -> None:
        """Wait for the next answer that shows personal data."""
        self._saw.clear()
        async with asyncio.timeout(START_SECONDS):
            await self._saw.wait()

    async def _read(self, port: int, key: Key) -> None:
        with suppress(*CUT):
            async with connected(port, key.key) as wire:
                while True:
                    ask = self._next()
                    self.tried += 1
                    self._take(ask, key, await wire.send(ask.method, ask.url, ask.body, ask.headers))

    def _take(self, ask: Ask, key: Key, answer: Answer) -> None:
        """Note what an answer shows, as soon as it was read whole."""
        self.answered.add(answer.headers["request-id"])
        if answer.status != 200 and (answer.status, ask.path) != (412, "write"):
            self.faults[f"{ask.method} was answered {answer.status}: {answer.text.decode()}"] += 1
            return
        shown = list(shown_by(ask, key.id, answer))
        self.shown += shown
        if shown:
            self._saw.set()

    def _next(self) -> Ask:
        """Each kind of request in turn, of any entry, for any purpose or without one."""
        register, purpose = self._chance.choice(list(self._book)), self._chance.choice(PURPOSES)
        entry = self._chance.choice(self._book[register])
        match next(self._kinds):
            case "case":
                dispute = self._chance.choice(self._book["disputes"])
                return Ask("case", "disputes", "GET", f"/v1/disputes/{dispute}/case", purpose)
            case "search":
                return self._search(purpose)
            case "write":
                return self._change(register, purpose, "*")
            case "stale":
                return self._change(register, purpose, '"1"')
            case path:
                return Ask(path, register, "GET", URLS[path].format(register=register, entry=entry), purpose)

    def _search(self, purpose: str | None) -> Ask:
        register = self._chance.choice(("patients", "disputes"))
        wanted = {"phone": phone(self._chance.randrange(PHONES))}
        return Ask("search", register, "POST", f"/v1/{register}/search", purpose, wanted)

    def _change(self, register: str, purpose: str | None, match: str) -> Ask:
        """A change like no other, so that it changes something; the answer shows more than was sent."""
        at = f"/v1/{register}/{self._chance.choice(self._book[register][:CHANGED])}"
        return Ask("write", register, "PATCH", at, purpose, {NOTES[register]: f"情况 {next(self._number)}"}, match)


def phone(number: int) -> str:
    """A phone of the right form."""
    return f"199000{number:05d}"


class Keeper:
    """A client that keeps checkpoints, and does not believe the server without a proof."""

    def __init__(self, key: str, verifiers: list[Verifier]) -> None:
        self._key = key
        self._verifiers = verifiers
        self._last: str | None = None
        self.kept: list[str] = []
        """The last checkpoint before each kill."""
        self.proved = 0
        self.forks: list[str] = []

    async def keep(self, port: int) -> None:
        """Fetch the checkpoint."""
        async with connected(port, self._key) as wire:
            self._last = await read_checkpoint(wire)

    async def watch(self, port: int) -> None:
        """Fetch the checkpoint over and over, until the server dies."""
        with suppress(*CUT):
            async with connected(port, self._key) as wire:
                while True:
                    self._last = await read_checkpoint(wire)
                    await asyncio.sleep(0.02)

    async def check(self, port: int) -> str:
        """Prove every checkpoint that was kept against the newest, which is returned."""
        self.kept += [self._last] if self._last else []
        async with connected(port, self._key) as wire:
            newest = await read_checkpoint(wire)
            for old in self.kept:
                for tree in TREES:
                    await self._prove(wire, tree, self._open(old), self._open(newest))
        return newest

    async def _prove(self, wire: Wire, tree: str, old: Head, new: Head) -> None:
        start, end = old.sizes[tree], new.sizes[tree]
        answer = await wire.send("GET", f"/v1/log/proof?tree={tree}&from={start}&to={end}")
        try:
            hashes = [base64.b64decode(each) for each in answer.body["hashes"]] if answer.status == 200 else []
            verify_consistency(start, end, hashes, old.roots[tree], new.roots[tree])
        except BadProof as fault:
            self.forks.append(f"{tree} {start} -> {end}: {fault} (answered {answer.status})")
        else:
            self.proved += 1

    def _open(self, note: str) -> Head:
        """What a checkpoint says, if the log's own key signed it and it is of the same log as ever."""
        open_note(note, self._verifiers)
        head = read_head(note)
        if head.origin != self._verifiers[0].name:
            raise BadNote(f"the checkpoint of another log: {head.origin}")
        return head


async def read_checkpoint(wire: Wire) -> str:
    """The newest checkpoint, as it is signed."""
    answer = await wire.send("GET", "/v1/log/checkpoint")
    assert answer.status == 200, answer.text
    return answer.text.decode()


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


def broken_events(tables: Tables, newest: Head) -> Iterator[str]:
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


@dataclass
class Built:
    """The tiles of a tree that was built from its leaves."""

    tiles: dict[tuple[int, int], bytes]

    def tile(self, level: int, index: int, width: int) -> bytes:
        return self.tiles[level, index][: 32 * width]


def root_of(leaves: list[bytes]) -> bytes:
    """The root over these leaves."""
    return root(len(leaves), Built(grow(0, {}, [leaf_hash(leaf) for leaf in leaves])))


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
