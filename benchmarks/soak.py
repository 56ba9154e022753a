"""A long mixed load: does the write-ahead log stay small, memory flat, and each read as quick as it was?

By hand: `python benchmarks/soak.py --minutes 10`. Writers create gatherings, one reader each asks for statistics, a filtered list and
the bulletin of a town that does not grow, again and again, so that long reads overlap all the time.
"""

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
import sample
from load import Client, Load, Sample
from stage import Home, Stage

SLICES = 10
"""The run is told of in so many parts."""
LEAST = 2
"""Minutes."""
LOG_LIMIT = 64
"""MB of the write-ahead log."""
GROWTH = 1.5
"""What the last third may take of memory, or a read's median, over the middle third; the book grows meanwhile."""
READS = {
    "statistics": "/v1/statistics/gatherings?group_by=town,month",
    "list": "/v1/gatherings?limit=50&kind=nianli",
    "bulletin": f"/v1/bulletin?division={sample.OTHER_TOWN}&from=2020-01-01&to=2020-02-29&format=json",
}


@dataclass(frozen=True, slots=True)
class Slice:
    """What one part of the run measured."""

    log: float
    memory: float
    """MB, the most that was seen."""
    samples: dict[str, Sample]

    def line(self, number: int) -> str:
        times = " | ".join(f"{self.samples[name].p50 or 0:.1f}" for name in READS)
        failed = sum(each.failed for each in self.samples.values())
        return f"| {number} | {self.log:.1f} | {self.memory:.0f} | {self.samples['create'].rate:.0f} | {times} | {failed} |"


async def measure(home: Home, loads: dict[str, Load], seconds: float) -> Slice:
    """Run all loads together for a while."""
    watching = asyncio.create_task(_watch(home, seconds))
    samples = await asyncio.gather(*(Client(load).run(seconds) for load in loads.values()))
    log, memory = await watching
    return Slice(log, memory, dict(zip(loads, samples, strict=True)))


async def _watch(home: Home, seconds: float) -> tuple[float, float]:
    log, memory, until = 0.0, 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        log, memory = max(log, _log_size(home)), max(memory, _memory(home.pid))
        await asyncio.sleep(0.2)
    return log, memory


def _log_size(home: Home) -> float:
    file = Path(home.url.removeprefix("sqlite:///") + "-wal")
    return file.stat().st_size / 1e6 if file.exists() else 0.0


def _memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS"))


def judge(slices: list[Slice], minutes: float) -> list[str]:
    """What was not as it should be. A short run is too noisy to say what grows."""
    found = [f"the write-ahead log had {part.log:.0f} MB" for part in slices if part.log > LOG_LIMIT]
    found += [f"{name}: {n} failed" for part in slices for name, each in part.samples.items() if (n := each.failed)]
    if minutes < LEAST:
        return found
    third = len(slices) // 3
    figures = {"memory": [part.memory for part in slices]}
    figures |= {name: [part.samples[name].p50 or 0 for part in slices] for name in READS}
    for name, values in figures.items():
        middle, last = (sorted(part)[third // 2] for part in (values[third : 2 * third], values[-third:]))
        if last > GROWTH * middle:
            found.append(f"{name} grew: {middle:.1f} -> {last:.1f}")
    return found


@click.command()
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--database", "kind", type=click.Choice(["sqlite", "postgres"]), default="sqlite", show_default=True)
@click.option("--writers", default=8, show_default=True)
def main(minutes: float, kind: str, writers: int) -> None:
    """Load a server for so long, tell of each tenth; exit with 1 where something grew."""
    with Stage(kind) as stage:
        home = stage.home("soak")
        home.start()
        keys = sample.seed(home, 1000, 1000, real=1).keys
        loads = {name: Load(home.port, [path], keys["dashboard"], clients=1) for name, path in READS.items()}
        loads["create"] = Load(home.port, ["/v1/gatherings"], keys["supervisor"], sample.BODY, writers)
        print(f"| part | log MB | memory MB | creates a second | {' ms | '.join(READS)} ms | failed |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        slices = []
        for number in range(1, SLICES + 1):
            slices.append(asyncio.run(measure(home, loads, minutes * 60 / SLICES)))
            print(slices[-1].line(number), flush=True)
    faults = judge(slices, minutes)
    print("\n".join(faults) or "nothing grew")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
