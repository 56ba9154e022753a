"""The log's commands as an operator uses them: keys, witnesses, and what to do after a restored backup."""

import asyncio
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import Connection, text

from registry.audit.proof.signed_notes import BadSignature, Signer, Verifier, open_note, parse_checkpoint, split_note
from registry.cli.main import main
from registry.settings import Settings
from registry.web.server import ApiServer
from tests import factories
from tests.api import Api
from tests.conftest import COUNTY, Template, new_postgres_database

Run = Callable[[Callable[[Connection], Any]], Any]
Command = Callable[..., Result]
WITNESS = Signer("witness.example/w", Ed25519PrivateKey.from_private_bytes(b"w" * 32))
NAME = f"registry.example/{COUNTY}"


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("REGISTRY_HOME", str(settings.home))
    monkeypatch.setenv("REGISTRY_DATABASE", settings.database)
    monkeypatch.setenv("REGISTRY_KEY_FILE", str(settings.key_file))
    monkeypatch.setenv("REGISTRY_PORT", "0")
    # What is before listening is what is tested.
    monkeypatch.setattr(ApiServer, "run", lambda server, **_: setattr(server, "started", True))
    return lambda *args: CliRunner().invoke(main, list(args), catch_exceptions=False)


def events(run: Run, kind: str) -> list[dict[str, Any]]:
    find = text("select document from access_events where kind = :k order by position")
    return [json.loads(bytes(row))["details"] for row in run(lambda c: c.scalars(find, {"k": kind}).all())]


def printed(command: Command, *args: str) -> list[Verifier]:
    done = command(*args)
    assert done.exit_code == 0, done.stderr
    return [Verifier.parse(line) for line in done.output.splitlines()]


def test_a_rotated_key_signs_along_with_the_old_one(command: Command, run: Run) -> None:
    (old,) = printed(command, "log", "keys")
    before = command("log", "checkpoint").output
    assert [one.key_id for one in open_note(before, [old])[1]] == [old.key_id]
    new, same = printed(command, "log", "rotate-key")
    assert same == old
    note = command("log", "checkpoint").output
    assert [one.key_id for one in open_note(note, [old, new])[1]] == [new.key_id, old.key_id]
    open_note(note, [old])  # a holder of the old key alone still verifies
    (event,) = events(run, "log_key_rotated")
    assert (event["vkeys"], event["retired"]) == ([new.vkey, old.vkey], False)


def test_a_retired_key_signs_no_more(command: Command, settings: Settings) -> None:
    (old,) = printed(command, "log", "keys")
    (new,) = printed(command, "log", "rotate-key", "--retire")
    note = command("log", "checkpoint").output
    assert [one.key_id for one in open_note(note, [old, new])[1]] == [new.key_id]
    with pytest.raises(BadSignature):
        open_note(note, [old])
    assert settings.log_key_file.stat().st_mode & 0o777 == 0o600


def test_a_running_server_signs_with_the_new_key(command: Command, api: Api) -> None:
    api.get("/v1/log/checkpoint", "auditor")
    new, old = printed(command, "log", "rotate-key")
    note = api.get("/v1/log/checkpoint", "auditor").text
    assert len(open_note(note, [new, old])[1]) == 2
    listed = [item["vkey"] for item in api.get("/v1/log/keys", "auditor").json()["items"]]
    assert listed[:2] == [new.vkey, old.vkey]


def test_witnesses_are_added_listed_and_removed(command: Command, run: Run) -> None:
    assert command("witness", "add", WITNESS.name, WITNESS.witness_vkey, "https://witness.example/w").exit_code == 0
    assert "https://witness.example/w" in command("witness", "list").output
    for wrong in (("x", WITNESS.witness_vkey, "https://w.example"), (WITNESS.name, WITNESS.witness_vkey, "ftp://w.example"),
                  (WITNESS.name, WITNESS.witness_vkey, "https://w.example")):  # fmt: skip
        done = command("witness", "add", *wrong)
        assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1)
    assert command("witness", "remove", WITNESS.name).exit_code == 0
    assert command("witness", "remove", WITNESS.name).exit_code == 2
    assert [event["vkey"] for event in events(run, "witness_added")] == [WITNESS.witness_vkey]
    assert [event["name"] for event in events(run, "witness_removed")] == [WITNESS.name]


def test_neighbours_are_added_listed_and_removed(command: Command, run: Run) -> None:
    log = Signer("neighbour.example/440881", WITNESS.key)
    assert command("witness", "neighbour", "add", log.name, log.vkey).exit_code == 0
    assert log.name in command("witness", "neighbour", "list").output
    assert command("witness", "neighbour", "add", log.name, log.witness_vkey).exit_code == 2
    assert command("witness", "neighbour", "remove", log.name).exit_code == 0
    assert command("witness", "neighbour", "remove", log.name).exit_code == 2
    assert [event["origin"] for event in events(run, "neighbour_added")] == [log.name]
    assert [event["origin"] for event in events(run, "neighbour_removed")] == [log.name]


def test_our_witness_key_is_the_published_one(command: Command, api: Api) -> None:
    (key,) = printed(command, "witness", "key")
    assert key.vkey in {item["vkey"] for item in api.get("/v1/log/keys", "auditor").json()["items"]}


# A restored backup.


class Backup:
    """A copy of the database, put back as an operator would, while nobody has it open."""

    def __init__(self, kind: str, url: str, server: str | None) -> None:
        self._url = url
        self._server = server
        self._name = url.partition("?")[0].rpartition("/")[2]
        self._file = Path(url.removeprefix("sqlite:///")) if kind == "sqlite" else None

    def take(self) -> None:
        if self._file:
            shutil.copy(self._file, self._file.with_name("backup.db"))
        else:
            self._copy(self._name, f"{self._name}_backup")

    def restore(self) -> None:
        if self._file:
            for tail in ("-wal", "-shm"):
                self._file.with_name(self._file.name + tail).unlink(missing_ok=True)
            shutil.copy(self._file.with_name("backup.db"), self._file)
        else:
            self._copy(f"{self._name}_backup", self._name)

    def _copy(self, source: str, target: str) -> None:
        assert self._server
        asyncio.run(new_postgres_database(self._server, target, source))


@pytest.fixture
def backup(template: Template, settings: Settings, request: pytest.FixtureRequest) -> Backup:
    server = request.getfixturevalue("postgres") if template.kind == "postgres" else None
    return Backup(template.kind, settings.database, server)


@contextmanager
def served(app: Litestar, settings: Settings, template: Template) -> Iterator[Api]:
    app.state.settings = settings
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(client, template.keys)


def work(app: Litestar, settings: Settings, template: Template, count: int = 2) -> str:
    """Some entries, and the checkpoint over them."""
    with served(app, settings, template) as api:
        for _ in range(count):
            api.made("/v1/gatherings", factories.gathering())
        return api.get("/v1/log/checkpoint", "auditor").text


def size_of(note: str) -> int:
    return parse_checkpoint(split_note(note)[0]).size


def test_a_restored_backup_is_found_out_and_the_log_begun_anew(
    command: Command, app: Litestar, settings: Settings, template: Template, backup: Backup, run: Run
) -> None:
    kept = work(app, settings, template)
    backup.take()
    work(app, settings, template)
    lost = (settings.home / "checkpoints" / f"{COUNTY}.txt").read_text("utf-8")
    backup.restore()

    done = command("serve")
    assert done.exit_code == 2
    (line,) = done.stderr.strip().splitlines()
    for part in (f"had {size_of(lost)} leaves, and has {size_of(kept)}", "registry log restart --reason"):
        assert part in line
    with served(app, settings, template) as api:
        assert api.get("/readyz", None).json()["code"] == "log_rolled_back"

    done = command("log", "restart", "--reason", "磁盘损坏(示范)")
    assert done.exit_code == 0, done.stderr
    anew = parse_checkpoint(split_note(done.output)[0])
    assert (anew.origin, anew.size) == (f"{NAME}/1", size_of(kept))
    assert (settings.home / "checkpoints" / f"{COUNTY}-epoch0.txt").read_text("utf-8") == lost
    (event,) = events(run, "log_restarted")
    assert (event["reason"], event["epoch"], event["lost_checkpoint"]) == ("磁盘损坏(示范)", 1, lost)

    assert command("serve").exit_code == 0
    note = work(app, settings, template)
    keys = printed(command, "log", "keys")
    found = parse_checkpoint(open_note(note, keys)[0])
    assert (found.origin, found.size) == (f"{NAME}/1", size_of(kept) + 2)
    with served(app, settings, template) as api:
        assert api.get("/readyz", None).status_code == 200
        proof = api.get("/v1/log/proof?position=0", "auditor").json()
        assert proof["size"] == found.size


def test_a_restored_copy_that_was_written_to_is_found_out_too(
    command: Command, app: Litestar, settings: Settings, template: Template, backup: Backup
) -> None:
    """As long as what was lost, with other content, and sealed: only the root tells."""
    checkpoints = settings.home / "checkpoints"
    work(app, settings, template)
    backup.take()
    lost = work(app, settings, template)
    lost_file = (checkpoints / f"{COUNTY}.txt").read_text("utf-8")
    backup.restore()
    shutil.rmtree(checkpoints)
    assert size_of(work(app, settings, template)) == size_of(lost)  # elsewhere, under another home
    (checkpoints / f"{COUNTY}.txt").write_text(lost_file, "utf-8")
    assert command("serve").exit_code == 2
    with served(app, settings, template) as api:
        assert api.get("/readyz", None).json()["code"] == "log_rolled_back"
        assert api.get("/v1/log/checkpoint", "auditor").status_code == 503


def test_a_copy_from_before_the_log_was_begun_anew_is_found_out(
    command: Command, app: Litestar, settings: Settings, template: Template, backup: Backup
) -> None:
    work(app, settings, template)
    backup.take()
    work(app, settings, template)
    for epoch in (1, 2):  # the same old copy, twice: each time under a name that was never used
        backup.restore()
        assert command("serve").exit_code == 2
        note = command("log", "restart", "--reason", "示范").output
        assert parse_checkpoint(split_note(note)[0]).origin == f"{NAME}/{epoch}"
        assert command("serve").exit_code == 0


def test_a_whole_home_restored_is_found_out_by_a_witness(
    command: Command, app: Litestar, settings: Settings, template: Template, run: Run
) -> None:
    """What a witness answered stands in the database; the rest is as with a checkpoint of our own."""
    work(app, settings, template)
    command("witness", "add", WITNESS.name, WITNESS.witness_vkey, "https://witness.example/w")
    told = text("update witnesses set size = 1000, fault = 'log_rolled_back: …', asked_at = 9000000000000000")
    run(lambda c: c.execute(told))
    done = command("serve")
    assert (done.exit_code, "had 1000 leaves" in done.stderr) == (2, True)
    note = command("log", "restart", "--reason", "示范").output
    assert parse_checkpoint(split_note(note)[0]).origin == f"{NAME}/1"
    assert command("serve").exit_code == 0
    (event,) = events(run, "log_restarted")
    assert re.match(re.escape(f"{NAME}\n"), event["lost_checkpoint"])
    (row,) = run(lambda c: c.execute(text("select size, fault, asked_at from witnesses")).all())
    assert tuple(row) == (0, None, None)


def test_a_running_server_goes_on_under_the_new_name(command: Command, api: Api, run: Run) -> None:
    api.made("/v1/gatherings", factories.gathering())
    api.get("/v1/log/checkpoint", "auditor")
    command("witness", "add", WITNESS.name, WITNESS.witness_vkey, "http://127.0.0.1:1/w")
    run(
        lambda c: c.execute(
            text("update witnesses set size = 1000, fault = 'log_rolled_back', asked_at = 9000000000000000")
        )
    )
    assert api.get("/readyz", None).status_code == 503
    assert command("log", "restart", "--reason", "示范").exit_code == 0
    assert api.get("/readyz", None).status_code == 200
    api.made("/v1/gatherings", factories.gathering())
    assert api.get("/v1/log/checkpoint", "auditor").text.startswith(f"{NAME}/1\n")


def test_there_is_nothing_to_restart_without_a_restored_backup(command: Command, run: Run) -> None:
    assert command("log", "checkpoint").exit_code == 0
    done = command("log", "restart", "--reason", "示范")
    assert done.exit_code == 2
    assert "nothing to restart" in done.stderr
    assert command("log", "restart", "--reason", " ").exit_code == 2
    assert command("log", "restart").exit_code == 2
    assert events(run, "log_restarted") == []


def test_a_database_that_is_not_migrated_is_not_looked_at(
    command: Command, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_DATABASE", f"sqlite:///{settings.home / 'empty.db'}")
    assert command("serve").exit_code == 0
