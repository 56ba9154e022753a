"""`registry evidence`: a bundle that a third party checks with the verifier in it, and nothing of ours."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from litestar import Litestar
from litestar.testing import TestClient

from registry.cli.main import main
from registry.settings import Settings
from tests import factories
from tests.api import Api
from tests.conftest import Template
from tests.go import Go

SECRETS = ("示范孙", "示范路1号", factories.ID_NUMBER, factories.PHONE)


@pytest.fixture
def patient(app: Litestar, settings: Settings, template: Template, monkeypatch: pytest.MonkeyPatch) -> str:
    """A patient of two versions, who was looked at; the server is down."""
    monkeypatch.setenv("REGISTRY_HOME", str(settings.home))
    monkeypatch.setenv("REGISTRY_DATABASE", settings.database)
    app.state.settings = settings
    with TestClient(app, raise_server_exceptions=False) as client:
        api = Api(client, template.keys)
        entry: str = api.made("/v1/patients", factories.patient())["id"]
        api.made("/v1/gatherings", factories.gathering())
        assert api.patch(f"/v1/patients/{entry}", {"hospital": "示范医院"}, 1).status_code == 200
        assert api.get(f"/v1/patients/{entry}").status_code == 200
    return entry


def bundle(patient: str, target: Path, *more: str) -> Path:
    """The unpacked bundle."""
    done = command(patient, target / "bundle.zip", *more)
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(target / "bundle.zip") as archive:
        archive.extractall(target / "bundle")
    return target / "bundle"


def command(patient: str, target: Path, *more: str) -> Result:
    arguments = ["evidence", f"patients/{patient}", "-o", str(target), *more]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def judge(folder: Path, *arguments: str) -> tuple[int, str]:
    """What the verifier in the bundle says: run by a bare Python, outside the project."""
    line = [sys.executable, "-I", str(folder / "verify.py"), *arguments]
    done = subprocess.run(line, cwd="/", capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_bundle_holds_and_says_what_it_shows(patient: str, tmp_path: Path) -> None:
    folder = bundle(patient, tmp_path)
    status, said = judge(folder)
    assert status == 0, said
    assert f"patients/{patient}, versions 1 to 2" in said
    assert "2 access events" not in said.splitlines()[0]
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names >= {
        "README.txt", "manifest.json", "manifest.sig", "checkpoint.txt", "keys.txt", "schema.json", "rules.json", "verify.py",
        "versions/0001.json", "versions/0002.json", "leaves/0001.json", "receipts/0002.txt",
    }  # fmt: skip
    everything = b"".join((folder / name).read_bytes() for name in names).decode()
    assert not any(secret in everything for secret in SECRETS)
    assert judge(folder, str(tmp_path / "bundle.zip")) == (0, said)


def test_the_access_log_of_the_case_is_in_it(patient: str, tmp_path: Path) -> None:
    folder = bundle(patient, tmp_path)
    events = [json.loads(path.read_bytes()) for path in sorted(folder.glob("access/*.json"))]
    assert events
    assert all(patient in event["cases"] for event in events)
    assert events[-1]["kind"] == "read"


KINDS = [
    "README.txt", "manifest.json", "manifest.sig", "checkpoint.txt", "keys.txt", "schema.json", "rules.json", "verify.py",
    "versions/0001.json", "leaves/0002.json", "receipts/0001.txt", "personal/0001.json", "access/*.json", "access/*.proof",
]  # fmt: skip


def test_a_changed_file_is_named(patient: str, tmp_path: Path) -> None:
    folder = bundle(patient, tmp_path, "--plain", "--reason", "本人申请查阅(示范)")
    assert judge(folder)[0] == 0
    for kind in KINDS:
        file = next(iter(folder.glob(kind)))
        content = file.read_bytes()
        at = content.index(b"evidence") if kind == "verify.py" else -3
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at:][1:])
        status, said = judge(folder)
        assert (status, kind.partition("*")[0] in said) == (1, True), (kind, said)
        file.write_bytes(content)
    assert judge(folder)[0] == 0


def test_a_file_more_or_less_is_named(patient: str, tmp_path: Path) -> None:
    folder = bundle(patient, tmp_path)
    (folder / "versions" / "0003.json").write_bytes(b"{}")
    assert judge(folder) == (1, "WRONG 不符: versions/0003.json: is not in manifest.json\n")
    (folder / "versions" / "0003.json").unlink()
    (folder / "leaves" / "0001.json").unlink()
    assert judge(folder) == (1, "WRONG 不符: leaves/0001.json: is missing\n")


FORGERIES: dict[str, tuple[str, str, str]] = {
    "versions/0001.json": ('"hospital":null', '"hospital":"x"', "is not what its leaf commits to"),
    "leaves/0001.json": ("created", "voided", "is not the leaf of its receipt"),
    "receipts/0001.txt": ("index ", "index 1", "is not in the signed tree"),
    "personal/0001.json": ("示范孙", "示范王", "is not what its leaf commits to"),
    "access/*.json": ('"purpose":"visit"', '"purpose":"audit"', "is not in the signed tree"),
    "access/*.proof": ("\n", "\n" + "A" * 43 + "=\n", "the proof is too long"),
    "checkpoint.txt": ("access ", "access 1", "no known key"),
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_the_office_itself_cannot_forge_what_the_log_has(
    patient: str, tmp_path: Path, settings: Settings, kind: str
) -> None:
    """Whoever holds the log's key can sign another manifest; the tree still says otherwise."""
    folder = bundle(patient, tmp_path, "--plain", "--reason", "本人申请查阅(示范)")
    old, new, said = FORGERIES[kind]
    file = next(path for path in sorted(folder.glob(kind)) if old in path.read_text("utf-8"))
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    sign_again(folder, settings)
    status, verdict = judge(folder)
    assert status == 1
    assert said in verdict
    assert f"{file.parent.name}/{file.stem}".removeprefix("bundle/") in verdict


def sign_again(folder: Path, settings: Settings) -> None:
    import hashlib

    from registry.audit.proof.signed_notes import sign_note
    from registry.audit.proof.signing_keys import LogKeys

    manifest = json.loads((folder / "manifest.json").read_bytes())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    raw = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(raw)
    signers = LogKeys(settings.log_key_file).signers("registry.example/440882")
    text = f"registry evidence\n{hashlib.sha256(raw).hexdigest()}\n"
    (folder / "manifest.sig").write_text(sign_note(text, signers), "utf-8")


def test_other_keys_do_not_do(patient: str, tmp_path: Path) -> None:
    folder = bundle(patient, tmp_path)
    (vkey,) = (folder / "keys.txt").read_text("utf-8").split()
    assert judge(folder, str(folder), vkey)[0] == 0
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from registry.audit.proof.signed_notes import Signer

    other = Signer("registry.example/440882", Ed25519PrivateKey.from_private_bytes(bytes(32))).vkey
    assert judge(folder, str(folder), other) == (1, "WRONG 不符: manifest.sig: no known key has signed it\n")


def test_go_accepts_the_receipts(patient: str, tmp_path: Path, go: Go) -> None:
    folder = bundle(patient, tmp_path)
    (vkey,) = (folder / "keys.txt").read_text("utf-8").split()
    cases: list[dict[str, Any]] = [
        {"name": number, "vkey": vkey, "receipt": (folder / f"receipts/{number}.txt").read_text("utf-8"),
         "leaf": (folder / f"leaves/{number}.json").read_text("utf-8")}
        for number in ("0001", "0002")
    ]  # fmt: skip
    assert go(cases) == {"0001": "ok", "0002": "ok"}


def test_a_disclosure_is_an_access_event_and_in_the_bundle(patient: str, tmp_path: Path) -> None:
    folder = bundle(patient, tmp_path, "--plain", "--reason", "审计核对(示范)", "--purpose", "audit")
    plain = json.loads((folder / "personal/0001.json").read_bytes())["fields"]
    assert plain["/name"] == "示范孙"
    event = json.loads(max(folder.glob("access/*.json")).read_bytes())
    assert (event["details"]["path"], event["details"]["purpose"], event["details"]["reason"]) == (
        "evidence",
        "audit",
        "审计核对(示范)",
    )
    assert event["principal"]["name"] == "registry"


def test_the_schema_is_that_of_the_entry(patient: str, tmp_path: Path) -> None:
    import jsonschema_rs

    folder = bundle(patient, tmp_path)
    schema = json.loads((folder / "schema.json").read_bytes())
    document = json.loads((folder / "versions/0001.json").read_bytes())
    assert jsonschema_rs.validator_for(schema).is_valid(document)
    assert not jsonschema_rs.validator_for(schema).is_valid({**document, "id": 7})
    assert "registry " in json.loads((folder / "rules.json").read_bytes())["software"]


@pytest.mark.parametrize(
    ("more", "status"), [(["--plain"], 2), (["--reason", "x"], 2), (["--plain", "--reason", " "], 2)]
)
def test_a_disclosure_has_a_reason(patient: str, tmp_path: Path, more: list[str], status: int) -> None:
    assert command(patient, tmp_path / "bundle.zip", *more).exit_code == status
    assert not (tmp_path / "bundle.zip").exists()


def test_what_is_not_there_has_no_evidence(patient: str, tmp_path: Path) -> None:
    assert command("0" * 36, tmp_path / "bundle.zip").exit_code == 2
    done = CliRunner().invoke(main, ["evidence", f"people/{patient}", "-o", str(tmp_path / "bundle.zip")])
    assert done.exit_code == 2
    assert not (tmp_path / "bundle.zip").exists()
