"""What a server does with its time while gatherings are created: the shares of its event loop and of its writer's thread.

By hand, about three minutes: `python benchmarks/shares.py [sqlite|postgres …]`. py-spy looks into the server 100 times a second.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import sample
from load import Load, Sample
from stage import Stage, peer_python

SECONDS = 15
LEAVES = {
    "waiting for the disk": ("fdatasync", "fsync", "pwrite64"),
    "waiting for work": ("epoll_pwait", "PyThread_acquire_lock_timed"),
    "waiting for the interpreter's lock": ("pthread_cond_timedwait", "take_gil"),
}
"""What the innermost frames are called, by what that means."""
TASKS = {
    "store of data keys": ("registry/db/key_store.py",),
    "sealing, digests": ("registry/core/sealing.py",),
    "proof of the log": ("registry/audit/proof/",),
    "JSON": ("registry/web/strict_json.py", "json/", "msgspec"),
    "validation": ("registry/core/validation.py", "registry/core/fields.py", "registry/errors.py"),
    "identifiers": ("registry/ledger/ids.py",),
}
"""Modules by what they are for: with all that they call."""
MODULES = {
    "SQL": ("sqlalchemy/", "asyncpg/", "sqlite", "registry/db/"),
    "unit of work, batch, committer": ("registry/core/", "registry/ledger/", "registry/gatherings/"),
    "our web layer": ("registry/web/", "registry/app.py"),
    "routing (Litestar)": ("litestar/",),
    "HTTP (uvicorn, httptools)": ("uvicorn/protocols/", "uvicorn/middleware/"),
    "sockets, event loop": ("asyncio/", "loop.c", "concurrent/"),
}
"""The others: by the innermost frame that is of one of them."""


def group(frames: list[str]) -> str:
    """What the thread does whose stack this is, its innermost frame last."""
    modules = (_first(MODULES, [frame]) for frame in reversed(frames))
    return _first(LEAVES, frames[-4:]) or _first(TASKS, frames) or next(filter(None, modules), "other")


def _first(groups: dict[str, tuple[str, ...]], frames: list[str]) -> str | None:
    """The first group that any of the frames is of."""
    named = ((name, part, frame) for name, parts in groups.items() for part in parts for frame in frames)
    return next((name for name, part, frame in named if part in frame), None)


def samples(raw: str) -> Iterator[tuple[str, str, int]]:
    """Thread, group and number of each line of py-spy's raw output."""
    for line in raw.splitlines():
        stack, _, number = line.rpartition(" ")
        thread, *frames = stack.split(";")
        yield thread.rpartition(": ")[2].rpartition("_")[0] or "event loop", group(frames), int(number)


def look(pid: int, file: Path) -> Counter[tuple[str, str]]:
    """The samples of `SECONDS`, by thread and group."""
    spy = Path(peer_python("shares.txt")).with_name("py-spy")
    how = ["--native", "--idle", "--threads", "--function", "--format=raw", "--rate=100"]
    command = [spy, "record", f"--pid={pid}", f"--duration={SECONDS}", f"--output={file}", *how]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    counted: Counter[tuple[str, str]] = Counter()
    for thread, name, number in samples(file.read_text()):
        counted[thread, name] += number
    return counted


def measure(kind: str, clients: int) -> tuple[Sample, Counter[tuple[str, str]]]:
    with Stage(kind) as stage, ThreadPoolExecutor(1) as pool:
        home = stage.home("shares")
        home.start()
        key = sample.seed(home, 1000, 1000, 10).keys["supervisor"]
        load = Load(home.port, ["/v1/gatherings"], key, sample.BODY, clients)
        load(2)
        loaded = pool.submit(load, SECONDS + 3)
        counted = look(home.pid, stage.folder / "raw")
        return loaded.result(), counted


def columns(kinds: list[str]) -> Iterator[tuple[str, Counter[str]]]:
    """The samples by group, of each thread that has any, by what was run."""
    for kind, clients in product(kinds, (16, 64)):
        done, counted = measure(kind, clients)
        for thread in ("event loop", "sqlite-writer"):
            shares = Counter({name: number for (of, name), number in counted.items() if of == thread})
            if shares:
                yield f"{kind}, {clients} clients, {done.rate:.0f}/s: {thread}", shares


def report(kinds: list[str]) -> None:
    measured = dict(columns(kinds))
    print("|", " | ".join(["", *measured]), "|\n|", " --- |" * (len(measured) + 1))
    for name in [*LEAVES, *TASKS, *MODULES, "other"]:
        print("|", name, "|", " | ".join(f"{100 * of[name] / of.total():.0f} %" for of in measured.values()), "|")


if __name__ == "__main__":
    report(sys.argv[1:] or ["sqlite", "postgres"])
