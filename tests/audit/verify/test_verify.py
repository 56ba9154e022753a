"""`registry verify`: whatever is changed in the database behind the application's back is found, and named."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar
from litestar.testing import TestClient

from registry.audit.proof.signed_notes import Signer
from registry.audit.verify import database
from registry.audit.verify.database import VerifyOptions, verify_database
from registry.cli.main import main
from registry.cli.runner import registers
from registry.core.fields import ERASED, put
from registry.db.key_store import KeyStore, Tombstone
from registry.ledger.versions import encode
from registry.settings import Settings
from tests import factories
from tests.api import Api
from tests.conftest import WORKER, Template
from tests.raw import Raw

T = TypeVar("T")


@dataclass
class Home:
    """A filled database that no server runs on, and who may change it behind its back."""

    settings: Settings
    raw: Raw
    entry: str
    """A gathering of two versions, at `position` and the next one."""
    position: int
    other: str
    patient: str
    event: int
    """The read of the patient."""
    serve: Callable[[Callable[[Api], Any]], Any]

    def findings(self, **options: Any) -> list[str]:
        return [str(each) for each in verify_database(self.settings, VerifyOptions(registers, **options)).findings]


@dataclass(frozen=True)
class Filled:
    """A home with some of everything in it, to copy."""

    template: Template
    entry: str
    position: int
    other: str
    patient: str


@pytest.fixture(scope="module")
def filled(app: Litestar, template: Template, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Filled through the application, once for each kind of database."""
    folder, name = tmp_path_factory.mktemp("filled"), f"registry_filled_{WORKER}"
    return served(
        app, template.copied(folder, name), template, lambda api: _fill(api, replace(template, home=folder, name=name))
    )


def served(app: Litestar, settings: Settings, template: Template, work: Callable[[Api], T]) -> T:
    """Run the application for some work."""
    app.state.settings = settings
    with TestClient(app, raise_server_exceptions=False) as client:
        return work(Api(client, template.keys))


def _fill(api: Api, template: Template) -> Filled:
    entry = api.made("/v1/gatherings", factories.gathering())
    changed = api.patch(f"/v1/gatherings/{entry['id']}", {"sessions": 5}, 1)
    assert changed.status_code == 200, changed.text
    other = api.made(
        "/v1/gatherings", factories.gathering(title="神诞(示范)", organiser={"name": "示范钱", "phone": "19900007777"})
    )
    patient = api.made("/v1/patients", factories.patient())
    api.made("/v1/visits", factories.visit(patient["id"]))
    api.made("/v1/sheds", factories.shed())
    dispute = api.made("/v1/disputes", factories.dispute())
    api.made("/v1/mediation-sessions", factories.session(dispute["id"]))
    assert api.get(f"/v1/patients/{patient['id']}").status_code == 200
    return Filled(template, entry["id"], entry["meta"]["position"], other["id"], patient["id"])


@pytest.fixture
def home(app: Litestar, filled: Filled, folder: Path) -> Home:
    template = filled.template
    settings = template.copied(folder, f"registry_test_{WORKER}")
    raw = Raw(settings)
    event = raw.one("select max(position) from access_events")
    places = filled.entry, filled.position, filled.other, filled.patient, event
    return Home(settings, raw, *places, lambda work: served(app, settings, template, work))


def test_nothing_is_wrong_with_an_untouched_database(home: Home) -> None:
    assert home.findings() == []


def test_what_is_not_sealed_yet_is_checked_for_itself(home: Home) -> None:
    home.raw.run("delete from seals")
    home.raw.run("delete from tiles")
    shutil.rmtree(home.settings.home / "checkpoints")
    report = verify_database(home.settings, VerifyOptions(registers))
    assert report.findings == []
    assert any("not sealed yet" in note for note in report.heads[0].notes)
    assert any("cut off" in note for note in report.heads[0].notes)
    home.raw.run(f"update gatherings set sessions = 9 where position = {home.position}")
    assert "columns_sha256" in home.findings()[0]


Tamper = Callable[[Home], Any]


def sql(statement: str) -> Tamper:
    """One statement; {p} is the position of the entry's first version."""
    return lambda home: home.raw.run(statement.format(p=home.position, q=home.position + 1, r=home.position + 2))


def replaced(old: str, new: str, table: str = "gatherings") -> Tamper:
    return lambda home: home.raw.replace(table, "document", home.position, old.encode(), new.encode())


def flipped(table: str, column: str) -> Tamper:
    return lambda home: home.raw.flip(table, column, f"position = {home.position}")


def swapped(column: str) -> Tamper:
    def swap(home: Home) -> None:
        here, there = home.position, home.position + 2
        values = [home.raw.one(f"select {column} from gatherings where position = {at}") for at in (here, there)]
        for at, value in zip((there, here), values, strict=True):
            home.raw.run(f"update gatherings set {column} = ? where position = {at}", value)

    return swap


def swap_positions(home: Home) -> None:
    for old, new in ((home.position, -1), (home.position + 2, home.position), (-1, home.position + 2)):
        home.raw.run(f"update gatherings set position = {new} where position = {old}")


VERSIONS: dict[str, tuple[Tamper, str]] = {
    "document": (replaced("年例", "庙会"), "public_sha256"),
    "document, no JSON": (replaced('"title"', '"title'), "not JSON"),
    "document, another list": (replaced('"meta":', '"mata":'), "cannot be read"),
    "document, not canonical": (replaced('"title":', '"title": '), "canonical"),
    "mask": (replaced("示*", "王*"), "/organiser/name"),
    "mask taken out": (replaced('"name":"示*",', ""), "cannot be read"),
    "header": (replaced('"version":1', '"version":3'), "meta.version"),
    "header, who": (replaced('"office":"440882102"', '"office":"440882100"'), "public_sha256"),
    "header, erased": (replaced('"meta":{', '"meta":{"erased":{"id":"x"},'), "knows of no erasure"),
    "sealed part": (flipped("gatherings", "personal"), "does not open"),
    "sealed part, none": (sql("update gatherings set personal = null where position = {p}"), "sealed part is missing"),
    "sealed part of another": (swapped("personal"), "does not open"),
    "documents of two": (swapped("document"), "meta.position"),
    "positions of two": (swap_positions, "column entry_id"),
    "number": (sql("update gatherings set number = 7 where position = {p}"), "column number"),
    "entry": (sql("update gatherings set entry_id = 'x' where position = {p}"), "column entry_id"),
    "division": (sql("update gatherings set division = '440882100200' where position = {p}"), "column division"),
    "town": (sql("update gatherings set town = '440882100' where position = {p}"), "column town"),
    "case": (sql("update gatherings set case_id = 'x' where position = {p}"), "column case_id"),
    "voided": (sql("update gatherings set voided = true where position = {p}"), "column voided"),
    "filter": (sql("update gatherings set sessions = 30 where position = {p}"), "columns_sha256"),
    "filter, a day": (sql("update gatherings set decided_on = '2020-01-26' where position = {p}"), "columns_sha256"),
    "copy": (sql("update gatherings set notice = 'x' where position = {p}"), "column notice does not match the document"),
    "superseded later": (sql("update gatherings set superseded_at = superseded_at + 1 where position = {p}"), "superseded_at"),
    "deleted version": (sql("delete from gatherings where position = {p}"), "the version is missing"),
    "deleted log row": (sql("delete from log where position = {p}"), "missing from the log"),
    "blind index": (sql("delete from blind_index where position = {p}"), "blind index"),
    "blind index, more": (sql("insert into blind_index select book, 'id_number', digest, position from blind_index where position = {p}"), "blind index"),
    "log: register": (sql("update log set register = 'sheds' where position = {p}"), "leaf hash"),
    "log: entry": (sql("update log set entry_id = 'x' where position = {p}"), "leaf hash"),
    "log: number": (sql("update log set number = 9 where position = {p}"), "leaf hash"),
    "log: action": (sql("update log set action = 'voided' where position = {p}"), "leaf hash"),
    "log: time": (sql("update log set recorded_at = recorded_at + 1 where position = {p}"), "leaf hash"),
    "log: replayed": (sql("update log set replayed_at = 1 where position = {p}"), "leaf hash"),
    "log: actor": (sql("update log set actor_id = 'x' where position = {p}"), "leaf hash"),
    "log: division": (sql("update log set division = '440882100200' where position = {p}"), "leaf hash"),
    "log: case": (sql("update log set case_id = 'x' where position = {p}"), "leaf hash"),
    "log: document": (flipped("log", "public_sha256"), "leaf hash"),
    "log: sealed part": (flipped("log", "personal_commitment"), "leaf hash"),
    "log: fields": (sql("update log set personal_fields = '/organiser/name' where position = {p}"), "leaf hash"),
    "log: columns": (flipped("log", "columns_sha256"), "leaf hash"),
}  # fmt: skip


@pytest.mark.parametrize("name", VERSIONS)
def test_a_changed_version_is_named(home: Home, name: str) -> None:
    tamper, said = VERSIONS[name]
    tamper(home)
    assert home.findings() != []
    first, *_ = found = home.findings(most=1000)
    assert first.startswith(f"book 440882, position {home.position}")
    assert any(said in line for line in found)
    if name not in {"log: register", "log: entry", "log: number"}:
        assert "gatherings/" in first
    assert not any(secret in line for line in found for secret in ("示范赵", "示范钱", factories.PHONE))


def second_current(home: Home) -> None:
    home.raw.run("drop index ix_gatherings_current")
    columns = home.raw.run("select * from gatherings where position = ?", home.position + 1)[0]
    row = [*columns[:2], 3, 999, *columns[4:]]
    home.raw.run(f"insert into gatherings values ({', '.join('?' * len(row))})", *row)


def hide(home: Home) -> None:
    home.raw.run(f"update gatherings set superseded_at = 99 where position = {home.position + 1}")


def swap_data_keys(home: Home) -> None:
    subjects = [f"gatherings/{entry}" for entry in (home.entry, home.other)]
    keys = [home.raw.on_keys("select wrapped from data_keys where subject = ?", subject)[0][0] for subject in subjects]
    for subject, key in zip(subjects, reversed(keys), strict=True):
        home.raw.on_keys("update data_keys set wrapped = ? where subject = ?", key, subject)


def lose_data_key(home: Home) -> None:
    home.raw.on_keys("delete from data_keys where subject = ?", f"gatherings/{home.entry}")


def change_tile(home: Home) -> None:
    home.raw.flip("tiles", "hashes", "tree = 'log' and level = 0")


def more_tiles(home: Home) -> None:
    home.raw.run("insert into tiles select book, tree, 5, tile, hashes from tiles where tree = 'log' and level = 0")


def add_key(home: Home) -> None:
    row = list(home.raw.rows("principals")[0])
    row[0], row[5] = "0" * 36, bytes(32)
    row[7] += 10**12
    home.raw.run(f"insert into principals values ({', '.join('?' * len(row))})", *row)


OTHERS: dict[str, tuple[Tamper, str]] = {
    "a second current version": (second_current, "superseded_at"),
    "a current version hidden": (hide, "superseded_at"),
    "a data key swapped": (swap_data_keys, "does not open"),
    "a data key lost": (lose_data_key, "does not open"),
    "a tile": (change_tile, "tree"),
    "a tile missing": (sql("delete from tiles where tree = 'access'"), "tree"),
    "a tile too many": (more_tiles, "beyond the tree"),
    "a key added": (add_key, "no event says that it was issued"),
    "a key's role": (sql("update principals set role = 'supervisor' where role = 'clerk'"), "role is not what"),
    "a key's secret": (sql("update principals set key_start = 'rk_xxxxx' where role = 'auditor'"), "key_start"),
    "a key deleted": (sql("delete from principals where role = 'auditor'"), "was issued, but is missing"),
    "a key revoked in silence": (sql("update principals set revoked_at = 1 where role = 'auditor'"), "revoked"),
    "the checkpoint's sizes": (sql("update seals set log_size = log_size - 1"), "tree"),
    "the checkpoint": (sql("update seals set checkpoint = replace(checkpoint, 'registry.', 'retsigry.')"), "checkpoint"),
    "no checkpoint": (sql("delete from seals"), "the log is not the one that was signed"),
    "the log's length": (sql("update books set next_position = next_position + 1"), "missing from the log"),
    "an absurd length": (sql("update books set next_position = 1000000000000"), "missing from the log"),
    "a tile cut short": (sql("update tiles set hashes = substr(hashes, 1, 40) where tree = 'log'"), "leaf hash"),
    "a shorter log": (sql("update books set next_position = next_position - 1"), "beyond the log"),
    "a book deleted": (sql("delete from books"), "has no such book"),
    "another book": (sql("update log set book = '440883' where position = {p}"), "missing from the log"),
    "an event deleted": (sql("delete from access_events where position = 0"), "access event 0: is missing"),
    "a case beyond the events": (sql("insert into access_event_cases values ('440882', 'patients', 'x', 999)"), "beyond"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_else_is_changed_is_found(home: Home, name: str) -> None:
    tamper, said = OTHERS[name]
    tamper(home)
    assert home.findings() != []
    found = home.findings(most=1000)
    assert any(said in line for line in found), found
    assert all(line.startswith("book 44088") for line in found)


EVENTS: dict[str, str] = {
    "kind": "update access_events set kind = 'refusal' where position = {}",
    "time": "update access_events set recorded_at = recorded_at + 1 where position = {}",
    "who": "update access_events set principal_id = 'x' where position = {}",
    "register": "update access_events set register = 'visits' where position = {}",
    "a case fewer": "delete from access_event_cases where position = {}",
    "a case more": "insert into access_event_cases values ('440882', 'patients', 'x', {})",
    "another case": "update access_event_cases set case_id = 'x' where position = {}",
}


@pytest.mark.parametrize("name", EVENTS)
def test_a_changed_access_event_is_named(home: Home, name: str) -> None:
    home.raw.run(EVENTS[name].format(home.event))
    assert home.findings()[0].startswith(f"book 440882, access event {home.event} (")


@pytest.mark.parametrize(
    ("old", "said"), [('"purpose":"visit"', "leaf hash"), ('"kind":"read"', "leaf hash"), ("{", "cannot")]
)
def test_a_changed_event_document_is_named(home: Home, old: str, said: str) -> None:
    home.raw.replace(
        "access_events", "document", home.event, old.encode(), old.swapcase().encode() if said[0] == "l" else b""
    )
    found = home.findings(most=1000)
    assert found[0].startswith(f"book 440882, access event {home.event} (read)")
    assert any(said in line for line in found)


def test_a_log_that_was_cut_back_in_every_table_is_found_by_the_home(home: Home) -> None:
    """What an administrator with all the time in the world would do; only a checkpoint kept elsewhere tells."""
    tables = ("books", "seals", "tiles", "log", "gatherings", "blind_index", "access_events", "access_event_cases")
    before = {table: home.raw.rows(table) for table in tables}
    older = before["seals"][0][4]
    home.serve(lambda api: api.made("/v1/gatherings", factories.gathering()))
    assert home.findings(earlier=older) == []
    kept = home.raw.rows("seals")[0][4]
    for table, rows in before.items():
        home.raw.restore(table, rows)
    assert "the log is not the one that was signed" in home.findings()[0]
    shutil.rmtree(home.settings.home / "checkpoints")
    assert home.findings() == []
    assert "checkpoint given" in home.findings(earlier=kept)[0]


def test_a_garbled_value_is_named(home: Home) -> None:
    if not home.raw.sqlite:
        pytest.skip("PostgreSQL keeps no value that is not of its column's type")
    home.raw.run(f"update gatherings set planned_from = 'garbled' where position = {home.position}")
    assert home.findings()[0].startswith(f"book 440882, position {home.position}: cannot be read")


def test_a_garbled_grant_is_named(home: Home) -> None:
    home.raw.run("update access_events set document = ? where position = 0", b'{"key":7}')
    assert home.findings()[0].startswith("book 440882, access event 0 (key_issued)")


def test_a_file_that_is_no_database_is_a_finding(home: Home) -> None:
    if not home.raw.sqlite:
        pytest.skip("of the one file")
    Path(home.settings.database.removeprefix("sqlite:///")).write_bytes(b"garbled" * 10000)
    (finding,) = home.findings()
    assert finding.startswith("database: cannot be read")


def erase(home: Home) -> None:
    """What an erasure leaves: no sealed parts, no masks, no digests, no key; a tombstone."""
    positions = [
        (table, row[0]) for table in ("patients", "visits") for row in home.raw.run(f"select position from {table}")
    ]
    for table, position in positions:
        document = msgspec.json.decode(home.raw.one(f"select document from {table} where position = {position}"))
        document["meta"]["erased"] = {"id": "e1", "basis": "subject_request", "at": "2026-01-01T00:00:00.000000Z"}
        for pointer in (home.raw.one(f"select personal_fields from log where position = {position}") or "").split():
            put(document, pointer, ERASED)
        home.raw.run(f"update {table} set document = ?, personal = null where position = {position}", encode(document))
        home.raw.run(f"delete from blind_index where position = {position}")
    store = KeyStore(home.settings.key_store)
    store.destroy(Tombstone("440882", f"patients/{home.patient}", "e1", "subject_request", 1))
    store.close()


def test_an_erasure_is_no_tampering(home: Home) -> None:
    erase(home)
    assert home.findings() == []


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("delete from erased", "knows of no erasure"),
        ("update erased set erasure_id = 'e2'", "does not name the erasure"),
    ],
)
def test_an_erasure_without_its_tombstone_is(home: Home, after: str, said: str) -> None:
    erase(home)
    home.raw.on_keys(after)
    assert said in home.findings()[0]


def test_what_an_erasure_left_over_is_named(home: Home) -> None:
    box = home.raw.one("select personal from patients where number = 1")
    erase(home)
    home.raw.run("update patients set personal = ? where number = 1", box)
    assert any("the sealed part is there" in line for line in home.findings(most=1000))


def test_the_server_may_write_on_meanwhile(home: Home) -> None:
    def check(api: Api) -> None:
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                entry = api.made("/v1/gatherings", factories.gathering())
                api.patch(f"/v1/gatherings/{entry['id']}", {"sessions": 5}, 1)
                api.get(f"/v1/gatherings/{entry['id']}")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(10):
                assert home.findings() == []
        finally:
            stop.set()
            writer.join()

    home.serve(check)


def test_a_damaged_file_is_a_finding(home: Home) -> None:
    if not home.raw.sqlite:
        pytest.skip("of the one file")
    file = Path(home.settings.database.removeprefix("sqlite:///"))
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(4096 * 3)
        opened.write(b"\xff" * (size // 2))
    (finding,) = home.findings()
    assert "cannot be read" in finding


def test_stretches_are_checked_in_other_processes_alike(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "FEW", 0)
    assert home.findings() == []
    home.raw.run(f"update gatherings set sessions = 9 where position = {home.position}")
    assert f"position {home.position}," in home.findings()[0]


@pytest.fixture
def command(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator["Command"]:
    monkeypatch.setenv("REGISTRY_HOME", str(home.settings.home))
    monkeypatch.setenv("REGISTRY_DATABASE", home.settings.database)
    return Command()


class Command:
    def __call__(self, *args: str) -> Result:
        return CliRunner().invoke(main, list(args), catch_exceptions=False)


def test_the_command_line_tells_by_its_status(command: Command, home: Home) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "registry", "verify"]
        env = {**os.environ, "PYTHONPATH": "src"}
        return subprocess.run(line, env=env, capture_output=True, text=True, check=False)

    good = run()
    assert (good.returncode, good.stderr) == (0, "")
    assert "book 440882: OK, " in good.stdout
    home.raw.replace("gatherings", "document", home.position, "年例".encode(), "庙会".encode())
    bad = run()
    assert bad.returncode == 1
    assert bad.stdout == (
        f"book 440882, position {home.position}, gatherings/{home.entry} version 1: "
        "document does not match the log (public_sha256)\n"
    )
    assert command("verify", "--all").exit_code == 1


def test_the_logs_key_may_be_got_elsewhere(command: Command, home: Home) -> None:
    vkey = home.serve(lambda api: api.get("/v1/log/keys", "auditor").json()["items"][0]["vkey"])
    assert command("verify", "--key", vkey).exit_code == 0
    home.settings.log_key_file.unlink()
    assert command("verify", "--key", vkey).exit_code == 0
    missing = command("verify")
    assert (missing.exit_code, "REGISTRY_LOG_KEY_FILE" in missing.stderr) == (2, True)
    assert not home.settings.log_key_file.exists()
    assert command("verify", "--key", "nonsense").exit_code == 2


def test_nothing_is_made_where_nothing_is(
    command: Command, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REGISTRY_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("REGISTRY_DATABASE", f"sqlite:///{tmp_path}/nowhere/registry.db")
    assert home.findings() == []
    assert command("verify").exit_code == 2
    assert not (tmp_path / "nowhere").exists()


def test_an_earlier_checkpoint_is_given_as_a_file(command: Command, home: Home, tmp_path: Path) -> None:
    note = tmp_path / "kept.txt"
    shutil.copy(home.settings.home / "checkpoints" / "440882.txt", note)
    home.serve(lambda api: api.made("/v1/gatherings", factories.gathering()))
    assert command("verify", "--checkpoint", str(note)).exit_code == 0
    note.write_text(
        note.read_text("utf-8")
        .replace("registry.example/440882\n", "registry.example/440882\n", 1)
        .replace("\n\n", "\nmore\n\n"),
        "utf-8",
    )
    assert command("verify", "--checkpoint", str(note)).exit_code == 1
    note.write_text("no checkpoint", "utf-8")
    assert command("verify", "--checkpoint", str(note)).exit_code == 1


@pytest.fixture
def receipt(home: Home, tmp_path: Path) -> Path:
    file = tmp_path / "receipt.txt"
    text = home.serve(lambda api: api.get(f"/v1/gatherings/{home.entry}/versions/1/receipt", "auditor").text)
    file.write_text(text, "utf-8")
    return file


def test_a_receipt_is_checked_without_the_database(command: Command, home: Home, receipt: Path) -> None:
    if home.raw.sqlite:
        Path(home.settings.database.removeprefix("sqlite:///")).unlink()
    done = command("verify", "--receipt", str(receipt))
    assert done.exit_code == 0, done.output
    for fact in (f"gatherings/{home.entry}", "1 (created)", f"{home.position} of book", "registry.example/440882"):
        assert fact in done.output


def other_vkey() -> str:
    return Signer("registry.example/440882", Ed25519PrivateKey.from_private_bytes(bytes(32))).vkey


def test_a_receipt_is_checked_with_keys_got_elsewhere(command: Command, home: Home, receipt: Path) -> None:
    items = home.serve(lambda api: api.get("/v1/log/keys", "auditor").json()["items"])
    for item, status in zip(items, (0, 1), strict=True):  # a witness's key alone is not enough
        assert command("verify", "--receipt", str(receipt), "--key", item["vkey"]).exit_code == status
    done = command("verify", "--receipt", str(receipt), "--key", other_vkey())
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("index ", "index 1"),
        ("extra ey", "extra eZ"),
        ("proof@v1", "proof@v2"),
        ("440882\n", "440883\n"),
        ("\n\n", "\n"),
    ],
)
def test_a_forged_receipt_is_refused(command: Command, receipt: Path, old: str, new: str) -> None:
    text = receipt.read_text("utf-8")
    assert old in text
    receipt.write_text(text.replace(old, new, 1), "utf-8")
    done = command("verify", "--receipt", str(receipt))
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)


@pytest.mark.parametrize("who", ["clerk", "auditor"])
def test_a_document_is_checked_against_its_receipt(
    command: Command, home: Home, receipt: Path, tmp_path: Path, who: str
) -> None:
    file = tmp_path / "document.json"
    answer = home.serve(lambda api: api.get(f"/v1/gatherings/{home.entry}/versions/1", who))
    assert (factories.PHONE in answer.text) is (who == "clerk")
    file.write_bytes(msgspec.json.format(answer.content))
    arguments = ("verify", "--receipt", str(receipt), "--document", str(file))
    assert command(*arguments).exit_code == 0
    for old, new in (("年例", "庙会"), ('"name":', '"nama":'), ("{", "[")):
        file.write_text(answer.text.replace(old, new, 1), "utf-8")
        assert command(*arguments).exit_code == 1
    assert command("verify", "--document", str(file)).exit_code == 2
