"""Witnesses (C2SP tlog-witness): we cosign neighbours' logs, they cosign ours, and a restored backup is found out by them."""

import asyncio
import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import Connection, text

from registry.access.keys_service import issue_key
from registry.app import create_app
from registry.audit.proof import merkle
from registry.audit.proof.checkpoints import StoredTiles
from registry.audit.proof.cosigner import add_neighbour, list_neighbours, remove_neighbour
from registry.audit.proof.sealer_job import LogSealer
from registry.audit.proof.signed_notes import (
    Checkpoint,
    Signer,
    Verifier,
    cosign,
    format_add_checkpoint,
    open_note,
    parse_add_checkpoint,
    sign_note,
    split_note,
)
from registry.audit.proof.signing_keys import LogKeys
from registry.audit.proof.witness_job import MOST_BYTES, ask_witnesses
from registry.audit.proof.witnesses import SIZE_MEDIA, add_witness, list_witnesses, remove_witness
from registry.core.principals import Role
from registry.db.database import Database
from registry.db.migrate import upgrade
from registry.errors import Conflict, LogRolledBack, NotFound, Refused
from registry.ledger.clock import wall_clock
from registry.settings import Settings, read_settings
from tests import factories
from tests.api import Api
from tests.audit.proof.test_merkle import tree
from tests.conftest import COUNTY, Template, opened
from tests.go import Go

Run = Callable[[Callable[[Connection], Any]], Any]
Reply = tuple[int, str, str | bytes]
ADD = "/v1/witness/add-checkpoint"


def signer(name: str, seed: bytes) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(seed * 32))


LOG = signer("neighbour.example/440881", b"n")
OTHER = signer("neighbour.example/440881", b"o")
WITNESS = signer("witness.example/w", b"w")


# We as a witness.


def signed(size: int, by: Signer = LOG, root: bytes | None = None) -> str:
    found = merkle.root(size, tree(300)) if root is None else root
    return sign_note(Checkpoint(by.name, size, found, ("access 0 x",)).text(), [by])


def asking(old: int, size: int, **more: Any) -> str:
    return format_add_checkpoint(old, merkle.consistency(old, size, tree(300)), signed(size, **more))


def submit(api: Api, body: str | bytes, **more: Any) -> httpx.Response:
    return api.client.post(ADD, content=body, headers={"Content-Type": "text/plain"}, **more)


@pytest.fixture
def neighbour(run: Run) -> None:
    """The log LOG is cosigned here."""
    run(lambda c: add_neighbour(c, LOG.name, LOG.vkey))


def witness_key(api: Api) -> Verifier:
    (key,) = [k for k in api.get("/v1/log/keys", "auditor").json()["items"] if k["kind"] == "witness"]
    return Verifier.parse(key["vkey"])


@pytest.mark.usefixtures("neighbour")
def test_a_log_that_only_grows_is_cosigned(api: Api, run: Run) -> None:
    for old, size in [(0, 0), (0, 70), (70, 70), (70, 256), (256, 300)]:
        answer = submit(api, asking(old, size))
        assert answer.status_code == 200, answer.text
        found, [by_log, by_us] = open_note(signed(size) + answer.text, [Verifier.parse(LOG.vkey), witness_key(api)])
        assert (by_log.name, by_us.name) == (LOG.name, "registry.example/witness")
        assert abs((by_us.seconds or 0) - time.time()) < 60
        assert found == split_note(signed(size))[0]
    (row,) = run(list_neighbours)
    assert (row.size, row.root) == (300, merkle.root(300, tree(300)))


REFUSED: dict[str, tuple[str | bytes, int, str]] = {
    "nothing": ("", 400, "malformed"),
    "not UTF-8": (b"old 70\n\xff", 400, "malformed"),
    "a zero byte": (asking(70, 100).replace("access", "acc\0ss"), 400, "malformed"),
    "no old size": (asking(70, 100).replace("old 70\n", ""), 400, "malformed"),
    "a negative size": (asking(70, 100).replace("old 70", "old -1"), 400, "malformed"),
    "a huge size": (asking(70, 100).replace("old 70", "old " + "9" * 19), 400, "malformed"),
    "over 63 hashes": (format_add_checkpoint(70, [b"h" * 32] * 64, signed(100)), 400, "malformed"),
    "no signature": (asking(70, 100).partition("— ")[0], 400, "malformed"),
    "older than its old size": (asking(70, 70).replace("old 70", "old 71"), 400, "malformed"),
    "another log": (asking(70, 100, by=signer("other.example/1", b"n")), 404, "unknown_log"),
    "a very long name": (asking(70, 100, by=signer("x" * 5000, b"n")), 404, "unknown_log"),
    "another key": (asking(70, 100, by=OTHER), 403, "unknown_signer"),
    "a changed size": (asking(70, 100).replace("\n100\n", "\n101\n"), 403, "unknown_signer"),
    "a short proof": (format_add_checkpoint(70, [], signed(100)), 422, "not_consistent"),
    "another root": (asking(70, 100, root=b"r" * 32), 422, "not_consistent"),
    "a needless proof": (format_add_checkpoint(70, [b"h" * 32], signed(70)), 422, "not_consistent"),
    "over the limit": ("old 0\n" * 20_000, 413, "too_large"),
}


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_cosigned_is_refused(api: Api, run: Run, name: str) -> None:
    assert submit(api, asking(0, 70)).status_code == 200
    before = run(list_neighbours)
    body, status, code = REFUSED[name]
    answer = submit(api, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert run(list_neighbours) == before


@pytest.mark.usefixtures("neighbour")
@pytest.mark.parametrize("body", [asking(0, 100), asking(69, 100), asking(71, 100), asking(70, 70, root=b"r" * 32)])
def test_who_starts_from_elsewhere_is_told_what_was_seen(api: Api, run: Run, body: str) -> None:
    assert submit(api, asking(0, 70)).status_code == 200
    before = run(list_neighbours)
    answer = submit(api, body)
    assert (answer.status_code, answer.text) == (409, "70\n")
    assert answer.headers["content-type"].startswith(SIZE_MEDIA)
    assert run(list_neighbours) == before


@pytest.mark.usefixtures("neighbour")
def test_two_forks_at_once_are_not_both_cosigned(api: Api) -> None:
    bodies = [format_add_checkpoint(0, [], signed(50 + n, root=bytes([n]) * 32)) for n in range(8)]
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda b=b: statuses.append(submit(api, b).status_code)) for b in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 7


@pytest.mark.usefixtures("neighbour")
def test_a_neighbours_new_key_goes_on_where_the_old_one_was(api: Api, run: Run) -> None:
    submit(api, asking(0, 70))
    run(lambda c: add_neighbour(c, OTHER.name, OTHER.vkey))
    assert submit(api, asking(70, 100)).status_code == 403
    assert submit(api, asking(70, 100, by=OTHER)).status_code == 200
    run(lambda c: remove_neighbour(c, OTHER.name))
    assert submit(api, asking(100, 120, by=OTHER)).status_code == 404


@pytest.mark.parametrize(
    ("origin", "vkey"), [(LOG.name, "x"), (LOG.name, LOG.witness_vkey), ("", LOG.vkey), ("a\nb", LOG.vkey), ("x" * 201, LOG.vkey)]
)  # fmt: skip
def test_keys_and_names_that_no_log_has_are_refused(run: Run, origin: str, vkey: str) -> None:
    with pytest.raises(Refused):
        run(lambda c: add_neighbour(c, origin, vkey))


# Others as our witnesses.


@contextmanager
def serving(reply: Callable[[str], Reply]) -> Iterator[str]:
    """A witness on the loopback, which answers what `reply` makes of a body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/w/add-checkpoint"
            status, media, body = reply(self.rfile.read(int(self.headers["Content-Length"])).decode())
            raw = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/w"
        finally:
            server.shutdown()
            thread.join()


def forwarding(client: httpx.Client) -> Callable[[str], Reply]:
    def reply(body: str) -> Reply:
        answer = client.post(ADD, content=body)
        return answer.status_code, answer.headers["content-type"], answer.content

    return reply


def ask(settings: Settings, later: int = 0) -> None:
    """Ask all witnesses once, this many seconds from now."""

    async def job() -> None:
        async with opened(settings.database) as database:
            await ask_witnesses(database, lambda: wall_clock() + later * 1_000_000)

    asyncio.run(job())


def notarise(settings: Settings, *, check: bool = False) -> None:
    async def job() -> None:
        async with opened(settings.database) as database:
            sealer = LogSealer(database, LogKeys(settings.log_key_file), settings.origin, settings.home)
            await (sealer.check() if check else sealer.seal())

    asyncio.run(job())


def witnesses(run: Run) -> Any:
    return run(lambda c: list_witnesses(c, COUNTY))


@pytest.fixture
def second(tmp_path: Path) -> Iterator[tuple[Api, Settings]]:
    """Another office's server, on a database of its own."""
    read = read_settings({"REGISTRY_HOME": str(tmp_path / "second"), "REGISTRY_ORIGIN": "second.example"})

    async def prepare() -> str:
        async with opened(read.database) as database:
            await database.write(lambda connection: upgrade(connection, read.key_store))
            return await database.write(lambda c: issue_key(c, COUNTY, "审计", Role.AUDITOR, [COUNTY])[1])

    key = asyncio.run(prepare())
    with TestClient(create_app(read), raise_server_exceptions=False) as client:
        yield Api(client, {"auditor": key}), read


def runner(settings: Settings) -> Run:
    def run(work: Callable[[Connection], Any]) -> Any:
        async def job() -> Any:
            async with opened(settings.database) as database:
                return await database.write(work)

        return asyncio.run(job())

    return run


def log_keys(api: Api) -> tuple[str, str, str]:
    keys = api.get("/v1/log/keys", "auditor").json()
    by = {item["kind"]: item["vkey"] for item in keys["items"]}
    return keys["origin"], by["checkpoint"], by["witness"]


def test_two_servers_cosign_one_another(
    api: Api, settings: Settings, second: tuple[Api, Settings], run: Run, go: Go
) -> None:
    entry = api.made("/v1/gatherings", factories.gathering())
    ours = api, run, settings
    theirs = second[0], runner(second[1]), second[1]
    for (log, log_run, read), (witness, witness_run, _) in ((ours, theirs), (theirs, ours)):
        origin, vkey, _ = log_keys(log)
        key = log_keys(witness)[2]
        name = Verifier.parse(key).name
        witness_run(lambda c, o=origin, v=vkey: add_neighbour(c, o, v))
        with serving(forwarding(witness.client)) as url:
            log_run(lambda c, n=name, k=key, u=url: add_witness(c, COUNTY, n, k, u))
            assert log.get("/v1/log/checkpoint", "auditor").status_code == 200  # it is sealed
            ask(read, later=61)
            note = log.get("/v1/log/checkpoint", "auditor").text
            _, verified = open_note(note, [Verifier.parse(vkey), Verifier.parse(key)])
            assert [one.name for one in verified] == [origin, name]
    origin, vkey, _ = log_keys(api)
    receipt = api.get(f"/v1/gatherings/{entry['id']}/versions/1/receipt", "auditor").text
    leaf = receipt.split("\n")[1].removeprefix("extra ")
    good = {
        "name": "good",
        "vkey": vkey,
        "witnesses": [log_keys(second[0])[2]],
        "receipt": receipt,
        "leaf_base64": leaf,
    }
    verdicts = go([good, {**good, "name": "another witness", "witnesses": [WITNESS.witness_vkey]}])
    assert verdicts["good"] == "ok"
    assert verdicts["another witness"] != "ok"


class Remembering:
    """A witness that follows the protocol, and remembers sizes only."""

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self.asked: list[int] = []

    def __call__(self, body: str) -> Reply:
        old, _, note = parse_add_checkpoint(body)
        self.asked.append(old)
        if old != self.size:
            return 409, SIZE_MEDIA, f"{self.size}\n"
        text = split_note(note)[0]
        self.size = int(text.split("\n")[1])
        return 200, "text/plain", cosign(text, signer("unknown.example", b"u"), 1) + cosign(text, WITNESS, 1)


def add(run: Run, url: str) -> None:
    run(lambda c: add_witness(c, COUNTY, WITNESS.name, WITNESS.witness_vkey, url))


def test_a_witness_that_saw_more_than_we_thought_is_asked_again_at_once(settings: Settings, run: Run) -> None:
    notarise(settings)
    witness = Remembering(3)
    with serving(witness) as url:
        add(run, url)
        ask(settings)
    assert witness.asked == [0, 3]
    (row,) = witnesses(run)
    assert (row.size, row.fault) == (witness.size, None)
    assert row.cosignature.startswith(f"— {WITNESS.name} ")


def test_nothing_is_asked_twice_or_too_soon(settings: Settings, run: Run) -> None:
    notarise(settings)
    witness = Remembering()
    with serving(witness) as url:
        add(run, url)
        ask(settings)
        ask(settings, later=120)  # it has cosigned the newest checkpoint
        assert len(witness.asked) == 1
        run(lambda c: add_neighbour(c, LOG.name, LOG.vkey))
        run(lambda c: issue_key(c, COUNTY, "又一", Role.AUDITOR, [COUNTY]))  # an access event: same log, new checkpoint
        notarise(settings)
        ask(settings, later=2)
        assert len(witness.asked) == 1
        ask(settings, later=6)
    assert witness.asked == [0, witness.size]


def bad_cosignature(body: str) -> Reply:
    return 200, "text/plain", cosign(split_note(parse_add_checkpoint(body)[2])[0], signer(WITNESS.name, b"z"), 1)


def of_another_text(_: str) -> Reply:
    return 200, "text/plain", cosign(Checkpoint("x", 1, b"r" * 32).text(), WITNESS, 1)


def too_much(body: str) -> Reply:
    line = cosign(split_note(parse_add_checkpoint(body)[2])[0], WITNESS, 1)
    return 200, "text/plain", f"{line}— another.example/w {'AAAA' * (MOST_BYTES // 4)}\n"


FAULTY: dict[str, Callable[[str], Reply]] = {
    "500": lambda _: (500, "text/plain", "no"),
    "403": lambda _: (403, "text/plain", ""),
    "redirect": lambda _: (302, "text/plain", ""),
    "nothing": lambda _: (200, "text/plain", ""),
    "no text": lambda _: (200, "text/plain", b"\xff\xfe"),
    "another key": bad_cosignature,
    "another text": of_another_text,
    "too much": too_much,
    "no number": lambda _: (409, SIZE_MEDIA, "many\n"),
    "no size": lambda _: (409, "text/plain", "1000\n"),
    "turning round": lambda body: (409, SIZE_MEDIA, "1\n" if body.startswith("old 0\n") else "0\n"),
    "422 from nothing": lambda _: (422, "text/plain", ""),
}


@pytest.mark.parametrize("name", FAULTY)
def test_an_answer_without_cosignature_is_a_fault_of_the_witness(settings: Settings, run: Run, name: str) -> None:
    notarise(settings)
    with serving(FAULTY[name]) as url:
        add(run, url)
        ask(settings)
    (row,) = witnesses(run)
    assert row.fault
    assert (row.size, row.cosignature) == (0, None)
    notarise(settings, check=True)
    witness = Remembering()
    with serving(witness) as url:
        run(lambda c: c.execute(text("update witnesses set url = :u"), {"u": url}))
        ask(settings, later=30)
        assert witness.asked == []
        ask(settings, later=70)
    (row,) = witnesses(run)
    assert (row.fault, row.size) == (None, witness.size)


def test_nobody_listening_is_a_fault(settings: Settings, run: Run) -> None:
    notarise(settings)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    add(run, f"http://127.0.0.1:{port}/w")
    ask(settings)
    assert witnesses(run)[0].fault.startswith("no answer")


@contextmanager
def saying(raw: bytes) -> Iterator[str]:
    """A listener that says these bytes, whatever it is asked."""

    def talk() -> None:
        asked, _ = listener.accept()
        with asked:
            asked.recv(MOST_BYTES)
            asked.sendall(raw)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/w"
        finally:
            thread.join()


NO_ANSWERS = [
    b"",
    b"SSH-2.0-OpenSSH\r\n",
    b"HTTP/1.1 200",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nmore",
    b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab and more",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * MOST_BYTES,
]


@pytest.mark.parametrize("raw", NO_ANSWERS)
def test_whatever_is_said_is_a_fault_of_that_witness_alone(settings: Settings, run: Run, raw: bytes) -> None:
    notarise(settings)
    witness, other = Remembering(), signer("another.example/w", b"x")
    with saying(raw) as bad, serving(witness) as good:
        run(lambda c: add_witness(c, COUNTY, other.name, other.witness_vkey, bad))
        add(run, good)
        ask(settings)
    faulty, sound = witnesses(run)
    assert (faulty.name, bool(faulty.fault), faulty.cosignature) == (other.name, True, None)
    assert (sound.fault, sound.size) == (None, witness.size)


LONGER: dict[str, tuple[int, Callable[[str], Reply]]] = {
    "a longer log": (0, lambda _: (409, SIZE_MEDIA, "100000\n")),
    "another log of the same length": (0, lambda body: (409, SIZE_MEDIA, split_note(body.partition("\n\n")[2])[0].split("\n")[1] + "\n")),
    "a proof that leads elsewhere": (1, lambda _: (422, "text/plain", "")),
}  # fmt: skip


async def nobody(_: Database) -> None:
    """Asks no witness."""


@pytest.mark.parametrize("name", LONGER)
def test_a_witness_that_knows_another_log_finds_a_restored_backup(
    api: Api, settings: Settings, run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "registry.app.ask_witnesses", nobody
    )  # the server itself would ask a witness that is gone again
    api.made("/v1/gatherings", factories.gathering())
    assert api.get("/v1/log/checkpoint", "auditor").status_code == 200
    size, reply = LONGER[name]
    with serving(reply) as url:
        add(run, url)
        run(lambda c: c.execute(text("update witnesses set size = :s"), {"s": size}))
        ask(settings, later=61)
    assert witnesses(run)[0].fault.startswith("log_rolled_back")
    assert api.get("/readyz", None).json()["code"] == "log_rolled_back"
    assert api.get("/v1/log/checkpoint", "auditor").json()["code"] == "log_rolled_back"
    assert api.post("/v1/gatherings", factories.gathering()).status_code == 201  # work goes on
    with pytest.raises(LogRolledBack):
        notarise(settings)
    run(lambda c: remove_witness(c, COUNTY, WITNESS.name))
    assert api.get("/readyz", None).status_code == 200


def test_what_another_server_sealed_meanwhile_is_no_rollback(settings: Settings, run: Run) -> None:
    notarise(settings)

    def reply(_: str) -> Reply:
        run(lambda c: c.execute(text("update seals set log_size = log_size + 5")))
        return 409, SIZE_MEDIA, f"{run(sealed_size)}\n"

    with serving(reply) as url:
        add(run, url)
        ask(settings)
    assert not witnesses(run)[0].fault.startswith("log_rolled_back")


def sealed_size(connection: Connection) -> Any:
    return connection.scalar(text("select log_size from seals"))


def test_a_witness_that_hangs_delays_nothing(app: Litestar, settings: Settings, run: Run, template: Template) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        hanging.settimeout(20)
        add(run, f"http://127.0.0.1:{hanging.getsockname()[1]}/w")
        app.state.settings = settings
        with TestClient(app, raise_server_exceptions=False) as client:
            api = Api(client, template.keys)
            asked, _ = hanging.accept()  # the server asks, and gets no answer
            started = time.monotonic()
            made = api.made("/v1/gatherings", factories.gathering())
            note = api.get("/v1/log/checkpoint", "auditor").text
            assert int(note.split("\n")[1]) == made["meta"]["position"] + 1
        assert time.monotonic() - started < 3
        asked.close()


LONG = signer("x" * 201, b"w")
NO_KEYS = [
    ("x", WITNESS.witness_vkey),
    (WITNESS.name, WITNESS.vkey),
    (WITNESS.name, "x"),
    (LONG.name, LONG.witness_vkey),
]
NO_URLS = [
    "ftp://x/w", "file:///etc/passwd", "witness.example", "http://", "http://u@x/", "http://x:99999/", "http://x/?a",
    "http://x/a b", "http://[x", "http://示范/",
]  # fmt: skip


def test_what_cannot_be_a_witness_is_refused(run: Run) -> None:
    url = "https://witness.example/w"
    for name, vkey in NO_KEYS:
        with pytest.raises(Refused):
            run(lambda c, n=name, v=vkey: add_witness(c, COUNTY, n, v, url))
    for bad in NO_URLS:
        with pytest.raises(Refused):
            add(run, bad)
    assert witnesses(run) == []
    add(run, url + "/")
    assert witnesses(run)[0].url == url
    with pytest.raises(Conflict):
        add(run, url)
    with pytest.raises(NotFound):
        run(lambda c: remove_witness(c, COUNTY, "x"))


def test_a_proof_sent_to_a_witness_is_the_logs_own(settings: Settings, run: Run) -> None:
    """From the size that it saw to the newest, checked as a witness would."""
    notarise(settings)
    seen: list[str] = []
    with serving(lambda body: (seen.append(body), (409, SIZE_MEDIA, "3\n"))[1]) as url:
        add(run, url)
        ask(settings)
    old, proof, note = parse_add_checkpoint(seen[-1])
    lines = split_note(note)[0].split("\n")
    three = run(lambda c: merkle.root(3, StoredTiles(c, COUNTY, "log")))
    merkle.verify_consistency(old, int(lines[1]), proof, three, base64.b64decode(lines[2]))
