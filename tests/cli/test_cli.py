"""The command line, on a database of the test's own."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from litestar import Litestar
from litestar.testing import TestClient

from registry.cli.main import COMMANDS, main
from registry.core.sealing import STOCK
from registry.settings import Settings
from tests import factories
from tests.api import Api
from tests.conftest import Template


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> "Command":
    monkeypatch.setenv("REGISTRY_HOME", str(settings.home))
    monkeypatch.setenv("REGISTRY_DATABASE", settings.database)
    monkeypatch.setenv("REGISTRY_KEY_FILE", str(settings.key_file))
    return Command()


class Command:
    def __call__(self, *args: str) -> Result:
        return CliRunner().invoke(main, list(args), catch_exceptions=False)


def test_keys_are_made_listed_and_revoked(command: Command, api: Api) -> None:
    made = command("keys", "create", "客路镇综治办", "--role", "clerk", "--division", "440882102")
    key = made.output.strip()
    assert re.fullmatch(r"rk_[A-Za-z0-9_-]{43}", key)
    api.keys["new"] = key
    assert api.get("/v1/gatherings", "new").status_code == 200
    listed = command("keys", "list").output
    assert key[:8] in listed
    assert key not in listed
    assert command("keys", "revoke", key[:8]).exit_code == 0
    api.client.app.state.context.keys._known.clear()  # type: ignore[attr-defined]
    assert api.get("/v1/gatherings", "new").status_code == 401


def test_a_key_expires(command: Command, api: Api) -> None:
    api.keys["old"] = command("keys", "create", "old", "--role", "bot", "--expires", "2020-01-01").output.strip()
    assert api.get("/v1/gatherings", "old").status_code == 401


def test_a_key_outside_the_book_is_refused(command: Command) -> None:
    done = command("keys", "create", "x", "--role", "clerk", "--division", "440981")
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_master_key_is_rotated_under_a_running_server(command: Command, api: Api, settings: Settings) -> None:
    before = api.made("/v1/patients", factories.patient())
    old = json.loads(settings.key_file.read_bytes())
    assert f"{1 + STOCK} data keys" in command("keys", "rotate-master").output
    new = json.loads(settings.key_file.read_bytes())
    assert new["current"] not in old["masters"]
    assert list(new["masters"]) == [new["current"]]
    assert new["index"] == old["index"]
    assert settings.key_file.stat().st_mode & 0o777 == 0o600
    assert api.get(f"/v1/patients/{before['id']}").json() == before
    after = api.made("/v1/patients", factories.patient(id_number=None))
    assert api.get(f"/v1/patients/{after['id']}").json() == after


def test_what_was_sealed_around_a_rotation_opens_after_a_restart(
    command: Command, app: Litestar, settings: Settings, template: Template
) -> None:
    app.state.settings = settings
    with TestClient(app) as client:
        before = Api(client, template.keys).made("/v1/patients", factories.patient())
        command("keys", "rotate-master")
        after = Api(client, template.keys).made("/v1/patients", factories.patient(id_number=None))
    with TestClient(app) as client:
        for patient in (before, after):  # the later one under a key that was kept in advance
            assert Api(client, template.keys).get(f"/v1/patients/{patient['id']}").json() == patient


def test_a_key_file_that_others_may_read_stops_the_start(command: Command, settings: Settings) -> None:
    settings.key_file.chmod(0o644)
    done = command("serve")
    assert done.exit_code == 2
    assert "REGISTRY_KEY_FILE" in done.stderr


def test_the_demo_goes_into_an_empty_book_only(command: Command) -> None:
    assert command("demo").exit_code == 2
    assert command("demo", "--if-empty").output == ""


def test_the_document_can_be_checked(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("openapi", "--check").exit_code == 2
    assert command("openapi").exit_code == 0
    assert command("openapi", "--check").exit_code == 0


def test_a_stray_key_file_stops_the_start(command: Command, api: Api, settings: Settings) -> None:
    api.made("/v1/patients", factories.patient())
    kept = settings.key_file.read_bytes()
    settings.key_file.unlink()
    for _ in range(2):
        assert "REGISTRY_KEY_FILE" in command("serve").stderr
        assert not settings.key_file.exists()
    settings.key_file.write_bytes(kept.replace(b'"m-', b'"m-0'))
    settings.key_file.chmod(0o600)
    assert "lacks the master key" in command("migrate").stderr


def test_a_clerks_key_names_its_division(command: Command) -> None:
    assert command("keys", "create", "x", "--role", "clerk").exit_code == 2


def test_an_erasure_is_asked_for_and_confirmed_on_the_server(command: Command, api: Api) -> None:
    at = f"/v1/patients/{api.made('/v1/patients', factories.patient())['id']}"
    ask = ["erase", at.rpartition("/")[2], "--basis", "retention_ended", "--note", "示范〔2020〕4号"]
    assert "asked for" in command(*ask).output
    assert api.get(at).json()["name"] == "示范孙"
    clerk = CliRunner().invoke(main, [*ask, "--confirm"], input=api.keys["clerk"] + "\n")
    assert (clerk.exit_code, api.get(at).json()["name"]) == (2, "示范孙")
    done = CliRunner().invoke(main, [*ask, "--confirm"], input=api.keys["supervisor"] + "\n", catch_exceptions=False)
    assert "the data key is destroyed" in done.output
    assert api.get(at).json()["name"] == "[已删除]"
    assert command(*ask[:1], "unknown", *ask[2:]).exit_code == 2


def test_every_command_of_the_help_is_there(command: Command) -> None:
    told = command("--help").output
    for name in COMMANDS:
        assert f"  {name} " in told
        assert command(name, "--help").output.startswith(f"Usage: main {name} ")
    assert command("unheard-of").exit_code == 2
