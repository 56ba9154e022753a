"""The peers: what else one might take. Each in an environment of its own, filled and served the way its documentation says."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from load import Load
from sample import FLAT_BODY, GATHERING
from stage import HERE, Stage, environment, free_port, peer_python

COUNT = "10000"
KINTO = HERE / "kinto_peer"
KINTO_RECORDS = "/v1/buckets/registry/collections/gatherings/records"
GUNICORN = ("gunicorn", "--workers=1", "--worker-class=gthread", "--threads=4", "--log-level=warning")


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer that is filled and serves."""

    port: int
    path: str
    page: str
    body: bytes
    ids: list[str]
    scheme: str = "Bearer"
    key: str | None = None

    def cells(self) -> dict[str, Load]:
        """What is measured of every server, by name."""
        entries = [f"{self.path}/{entry_id}" for entry_id in self.ids[:1000]]
        return {
            "get": self._load(entries),
            "list": self._load([self.page]),
            "create": self._load([self.path], self.body),
            "create 64": self._load([self.path], self.body, 64),
        }

    def _load(self, paths: list[str], body: bytes | None = None, clients: int = 16) -> Load:
        return Load(self.port, paths, self.key, body, clients, self.scheme)


def start_peers(stage: Stage) -> dict[str, Peer]:
    """All that run on this database, by name."""
    starts: dict[str, Callable[[Stage], Peer]] = {"fastapi": _start_fastapi}
    if stage.kind == "postgres":
        starts |= {"django": _start_django, "kinto": _start_kinto}
    return {name: start(stage) for name, start in starts.items()}


def _start_fastapi(stage: Stage) -> Peer:
    python, url, port = peer_python("requirements.txt"), stage.database("peer"), free_port()
    env = environment(PEER_DATABASE=url, PYTHONPATH=str(HERE))
    ids = _run([python, str(HERE / "peer.py"), COUNT], env, FLAT_BODY)
    stage.vacuum(url)
    command = [python, "-m", "uvicorn", "peer:app", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    stage.serve(command, env, port, "/healthz")
    return Peer(port, "/gatherings", "/gatherings?limit=50", FLAT_BODY, ids)


def _start_django(stage: Stage) -> Peer:
    python, url, port = peer_python("drf_peer/requirements.txt"), stage.database("django"), free_port()
    env = environment(PEER_DATABASE=url, PYTHONPATH=str(HERE), DJANGO_SETTINGS_MODULE="drf_peer.settings")
    key, *ids = _run([python, "-m", "drf_peer.seed", COUNT], env, FLAT_BODY)
    stage.vacuum(url)
    bind, app = f"--bind=127.0.0.1:{port}", "django.core.wsgi:get_wsgi_application()"
    stage.serve([python, "-m", *GUNICORN, bind, app], env, port, "/healthz")
    return Peer(port, "/gatherings", "/gatherings", FLAT_BODY, ids, "Token", key)


def _start_kinto(stage: Stage) -> Peer:
    python, url, port = peer_python("kinto_peer/requirements.txt"), stage.database("kinto"), free_port()
    env = environment(KINTO_STORAGE_URL=url, KINTO_PERMISSION_URL=url, KINTO_USERID_HMAC_SECRET="of a benchmark")
    env |= {"KINTO_INI": str(KINTO / "kinto.ini"), "PYTHONWARNINGS": "ignore"}
    kinto = str(Path(python).with_name("kinto"))
    _run([kinto, "migrate", "-q"], env)
    _run([kinto, "create-user", "-q", "-u", "admin", "-p", "a key of a benchmark"], env)
    ids = _run([python, str(KINTO / "seed.py"), COUNT], env, json.dumps(GATHERING).encode())
    stage.vacuum(url)
    stage.serve([kinto, "start", "-q", "--port", str(port)], env, port, "/v1/")
    body = json.dumps({"data": GATHERING}, ensure_ascii=False).encode()
    key = b64encode(b"admin:a key of a benchmark").decode()
    return Peer(port, KINTO_RECORDS, f"{KINTO_RECORDS}?_limit=50", body, ids, "Basic", key)


def _run(command: list[str], env: dict[str, str], given: bytes = b"") -> list[str]:
    """Run a command to its end; the words that it prints."""
    done = subprocess.run(command, env=env, input=given, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode().split()
