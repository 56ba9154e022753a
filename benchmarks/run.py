"""Measures the ratios that the owner asked for. By hand: `python benchmarks/run.py --help`."""

import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import bare
import click
import sample
from load import Load, Sample
from peers import start_peers
from stage import HERE, Home, Stage

Cell = Callable[[float], Sample]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One cell over another, and the goal; `informative` ones have none."""

    above: str
    below: str
    least: float | None = None
    most: float | None = None

    def line(self, rates: dict[str, float]) -> str:
        value = rates[self.above] / rates[self.below] if rates[self.below] else math.inf
        goal = f">= {self.least}" if self.least else f"<= {self.most}" if self.most else "-"
        met = (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
        verdict = "-" if goal == "-" else "met" if met else "MISSED"
        return f"| {self.above} / {self.below} | {value:.2f} | {goal} | {verdict} |"


@dataclass(slots=True)
class Benchmark:
    """Cells that are run alternately, and what is made of their rates."""

    name: str
    cells: dict[str, Cell]
    ratios: list[Ratio]
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def run(self, seconds: float, rounds: int) -> None:
        for cell in self.cells.values():
            cell(min(1, seconds))
        for _ in range(rounds):
            for name, cell in self.cells.items():
                self.samples.setdefault(name, []).append(cell(seconds))
                time.sleep(min(0.3, seconds))

    def report(self, kind: str) -> None:
        print(f"\n### {self.name}, {kind}\n\n| cell | per second: median (min-max) | p50 ms | p99 ms | failed |")
        print("| --- | --- | --- | --- | --- |")
        for name, samples in self.samples.items():
            print(_cell_line(name, samples))
        rates = {name: statistics.median(s.rate for s in samples) for name, samples in self.samples.items()}
        for part in ("p50", "p99"):
            rates |= {f"{name} {part}": _time(samples, part) or math.nan for name, samples in self.samples.items()}
        print("\n| ratio | value | goal | |\n| --- | --- | --- | --- |")
        for ratio in self.ratios:
            print(ratio.line(rates))


def _cell_line(name: str, samples: list[Sample]) -> str:
    rates = [each.rate for each in samples]
    spread = f"{statistics.median(rates):.0f} ({min(rates):.0f}-{max(rates):.0f})"
    times = [f"{time_:.2f}" if (time_ := _time(samples, part)) else "-" for part in ("p50", "p99")]
    return f"| {name} | {spread} | {times[0]} | {times[1]} | {sum(each.failed for each in samples)} |"


def _time(samples: list[Sample], part: str) -> float | None:
    known = [value for each in samples if (value := getattr(each, part)) is not None]
    return statistics.median(known) if known else None


def _entries(ids: list[str], prefix: str = "/v1") -> list[str]:
    return [f"{prefix}/gatherings/{entry_id}" for entry_id in ids[:1000]]


def _seeded(
    stage: Stage, name: str, versions: int = 10_000, entries: int = 10_000, real: int = 100
) -> tuple[Home, sample.Seeded]:
    home = stage.home(name)
    home.start()
    return home, sample.seed(home, versions, entries, real)


def measure_get(stage: Stage) -> Benchmark:
    """Get by id, against a constant body of the same bytes from the same process."""
    home, seeded = _seeded(stage, "get")
    constant = Home(stage, home.folder, home.url)
    constant.start(str(HERE / "constant.py"), str(len(seeded.document)))
    keys, port = seeded.keys, constant.port
    cells: dict[str, Cell] = {
        "constant": Load(port, ["/constant"]),
        "get": Load(port, _entries(seeded.filled), keys["dashboard"]),
        "get in plain": Load(port, _entries(seeded.real), keys["supervisor"]),
        "list": Load(port, ["/v1/gatherings?limit=50"], keys["dashboard"]),
        "list in plain": Load(port, ["/v1/gatherings?limit=50"], keys["supervisor"]),
    }
    goal = 0.30 if stage.kind == "sqlite" else 0.10
    return Benchmark("get", cells, [Ratio("get", "constant", goal), Ratio("get in plain", "constant")])


def measure_create(stage: Stage) -> Benchmark:
    """Create, against the bare database."""
    home, seeded = _seeded(stage, "server")
    recording = bare.record(home, seeded.keys["supervisor"])
    other = stage.home("bare")
    sample.fill(other.url, seeded.document, 10_000, 10_000)
    stage.vacuum(other.url)
    positions, clients = bare.positions(), 1 if stage.kind == "sqlite" else 32
    cells: dict[str, Cell] = {
        "create": _create(home, seeded),
        "bare": bare.Replay(other.url, recording.writes(), positions, clients),
        "bare with reads": bare.Replay(other.url, recording, positions, clients),
    }
    return Benchmark("create", cells, [Ratio("create", "bare", 0.5), Ratio("create", "bare with reads")])


def _create(home: Home, seeded: sample.Seeded, clients: int = 64) -> Load:
    return Load(home.port, ["/v1/gatherings"], seeded.keys["supervisor"], sample.BODY, clients)


def measure_peers(stage: Stage) -> Benchmark:
    """Get, page of 50 and create, against each peer: a cell of ours, then the same one of each peer."""
    home, seeded = _seeded(stage, "ours")
    key = seeded.keys["dashboard"]
    get, page = Load(home.port, _entries(seeded.filled), key), Load(home.port, ["/v1/gatherings?limit=50"], key)
    ours = {"get": get, "list": page, "create": _create(home, seeded, 16), "create 64": _create(home, seeded)}
    theirs = {name: peer.cells() for name, peer in start_peers(stage).items()}
    cells: dict[str, Cell] = {}
    for cell, load in ours.items():
        cells |= {cell: load} | {f"{peer} {cell}": loads[cell] for peer, loads in theirs.items()}
    ratios = [Ratio(cell, f"{peer} {cell}", _peer_goal(peer, cell)) for peer in theirs for cell in ours]
    return Benchmark("peers", cells, [*ratios, *(Ratio(f"{cell} p99", f"{cell} p50", most=5) for cell in ours)])


def _peer_goal(peer: str, cell: str) -> float:
    if peer == "fastapi":
        return 2
    return 6 if cell.startswith("create") else 8


def measure_growth(stage: Stage, large: int) -> Benchmark:
    """Reads of a book of 1000 versions (200 entries), against a large one (five versions an entry too)."""
    cells: dict[str, Cell] = {}
    for size, versions in (("1k", 1000), ("large", large)):
        home, seeded = _seeded(stage, f"book_{size}", versions, versions // 5, real=1)
        cells |= {f"{name} {size}": cell for name, cell in _reads(home, seeded).items()}
    names = [name.removesuffix(" 1k") for name in cells if name.endswith(" 1k")]
    ordered = {f"{name} {size}": cells[f"{name} {size}"] for name in names for size in ("1k", "large")}
    return Benchmark("growth", ordered, [Ratio(f"{name} 1k", f"{name} large", most=1.3) for name in names])


def _reads(home: Home, seeded: sample.Seeded) -> dict[str, Cell]:
    """One client each: on SQLite, a slow read that was given up would hold up the next cell."""
    key, entries = seeded.keys["dashboard"], _entries(seeded.filled)
    small, big = (home.key("dashboard", town) for town in (sample.TOWN, sample.OTHER_TOWN))
    middle = f"as_of=wm_{sample.BOOK}_{len(seeded.filled) * 3}"
    page = "/v1/gatherings?limit=50"
    asked = {
        "get": (key, entries),
        "version": (key, [f"{path}/versions/2" for path in entries]),
        "versions": (key, [f"{path}/versions" for path in entries]),
        "get as of": (key, [f"{path}?{middle}" for path in entries]),
        "list": (key, [page]),
        "list as of": (key, [f"{page}&{middle}"]),
        "list of a small town's key": (small, [page]),
        "list of a big town's key": (big, [page]),
        "list of a small town": (key, [f"{page}&division={sample.TOWN}"]),
        "list of a rare kind": (key, [f"{page}&kind=sports"]),
    }
    return {name: Load(home.port, paths, who, clients=1) for name, (who, paths) in asked.items()}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(["get", "create", "peers", "growth"]))
@click.option(
    "--database", "kinds", type=click.Choice(["sqlite", "postgres"]), multiple=True, default=["sqlite", "postgres"]
)
@click.option("--seconds", default=3.0, show_default=True, help="Of each cell in each round.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--versions", default=1_000_000, show_default=True, help="In the large book of `growth`.")
def main(names: tuple[str, ...], kinds: tuple[str, ...], seconds: float, rounds: int, versions: int) -> None:
    """Run the benchmarks NAMES, or all: get, create, peers, growth."""
    load = os.getloadavg()[0]
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {rounds} rounds of {seconds:g} s a cell, load {load:.1f} before")
    makers: dict[str, Callable[[Stage], Benchmark]] = {
        "get": measure_get,
        "create": measure_create,
        "peers": measure_peers,
        "growth": lambda stage: measure_growth(stage, versions),
    }
    for kind in kinds:
        for name in names or makers:
            with Stage(kind) as stage:
                benchmark = makers[name](stage)
                benchmark.run(seconds, rounds)
            benchmark.report(kind)


if __name__ == "__main__":
    main()
