"""Capacity: the machines that a load needs, and where each design stops.

Two numbers bound every design. Its dispatcher, whatever hands out the tasks, passes on so many a
second: that is measured. And its workers must be so many that a task seldom waits for one: that is
simulated (crews.py).
``python -m benchmarks capacity`` does both.

What is assumed is in ``Assumptions``, and is there to be changed.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import ceil
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import dispatch, engines, machine, results, shards, sweep
from benchmarks.crews import Crew, busiest, steps
from benchmarks.engine_programs import CELERY, CHUNKS
from benchmarks.report import aligned
from benchmarks.sweep import Step
from sched import arguments

LOADS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
ROUNDS = 3
OUT = Path(__file__).parent / "out"
CREW_FILE, RATE_FILE = "capacity_crews", "capacity_rates"
ONE, FILE, SHARDS = "one process", "one file", "a file on each machine"
DASK, BROKER, BROKERS = "one process, Dask's workers", "one broker", "several brokers"


@dataclass(frozen=True)
class Assumptions:
    """What the answer hangs on beside what is measured.

    seconds: how long one task keeps a worker, beside what the design costs the worker.
    wait: how long 95 of 100 tasks may wait for a worker at most, in seconds.
    workers: how many run on one machine: its cores where tasks compute, many more where they wait
    for others (threads, or processes that sleep).
    headroom: which part of the rate that was measured a dispatcher is planned with. Measured it
    was on the machine of run.json; yours is another.

    Tasks come at random (Poisson), take times that vary much (exponential), and do not fail. All
    have one priority. The network carries everything, and machines do not break.
    """

    seconds: float = 0.010
    wait: float = 0.010
    workers: int = 64
    headroom: float = 0.7

    def __post_init__(self) -> None:
        for name in ("seconds", "wait"):
            arguments.as_seconds(getattr(self, name), name, positive=True)
        arguments.as_count(self.workers, "workers", at_least=1)
        if not 0 < arguments.as_number(self.headroom, "headroom", at_least=0) <= 1:
            raise ValueError(
                f"headroom must be above 0 and at most 1, got {arguments.shown(self.headroom)}"
            )


@dataclass(frozen=True)
class Rate:
    """What was measured of a design.

    per_second: tasks that one dispatcher passes on. overhead: seconds that one costs its worker.
    """

    design: str
    per_second: float
    overhead: float
    source: str


# --- dispatchers: measured ------------------------------------------------------------------------


def rate_steps(quick: bool = False) -> list[Step]:
    """What the designs pass on that no other sweep measures: one file, every move on disk."""

    def file_rate() -> list[Rate]:
        tasks, rounds = (320, 1) if quick else (shards.TASKS, ROUNDS)
        measured = [shards.per_second(shards.one_file, tasks) for _ in range(rounds)]
        how = f"{shards.THREADS} threads, median of {rounds}"
        return [Rate(FILE, median(measured), 0.0, f"SQLiteScheduler at full: {how}")]

    return [Step("one file", 1, file_rate)]


# --- workers: simulated ---------------------------------------------------------------------------


def workers_for(
    load: float, crews: Sequence[Crew], assumed: Assumptions, overhead: float = 0.0
) -> int:
    """How many workers a load of so many tasks a second needs, a crew of one kind."""
    task = assumed.seconds + overhead
    work, wait = load * task, assumed.wait / task  # workers that it would keep busy for ever
    shares = {crew.workers: busiest(crews, crew.workers, wait) for crew in crews}
    enough = [max(size, ceil(work / share - 1e-9)) for size, share in shares.items() if share]
    if not enough:
        raise ValueError(f"wait must be longer: no crew that was simulated has {wait:g} of a task")
    return min(enough)


# --- designs: both together -----------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """How tasks get to workers. many: whether there may be several dispatchers; remote: whether
    workers may be on other machines than their dispatcher."""

    name: str
    rate: str  # the design whose rate was measured
    many: bool
    remote: bool


DESIGNS = (
    Design(ONE, ONE, many=False, remote=False),
    Design(FILE, FILE, many=False, remote=False),
    Design(DASK, DASK, many=False, remote=True),
    Design(BROKER, BROKER, many=False, remote=True),
    Design(SHARDS, FILE, many=True, remote=False),
    Design(BROKERS, BROKER, many=True, remote=True),
)


@dataclass(frozen=True)
class Need:
    """What a load needs of a design: machines, or nothing of it is enough, and why."""

    design: str
    load: float
    workers: int
    dispatchers: int
    machines: int | None
    stops: str = ""


def need(
    design: Design, rate: Rate, load: float, crews: Sequence[Crew], assumed: Assumptions
) -> Need:
    """Machines for a load: each dispatcher passes on its part, all workers find room."""
    passed = rate.per_second * assumed.headroom
    dispatchers = ceil(load / passed)
    workers = workers_for(load, crews, assumed, rate.overhead)
    machines = ceil(workers / assumed.workers)
    stops = ""
    if design.many and not design.remote:  # a dispatcher on each machine, and its workers
        machines = max(machines, dispatchers)
        dispatchers = machines
    elif dispatchers > 1 and not design.many:
        stops = f"its dispatcher passes on {passed:,.0f} a second"
    elif machines > 1 and not design.remote:
        stops = f"one machine has {assumed.workers} workers"
    elif design.remote:
        machines += dispatchers
    return Need(design.name, load, workers, dispatchers, None if stops else machines, stops)


def stops_at(
    design: Design, rate: Rate, crews: Sequence[Crew], assumed: Assumptions
) -> float | None:
    """The largest load that it serves, to 1 %; None if there is none below 100M a second."""
    low, high = 1.0, 1e8
    if need(design, rate, high, crews, assumed).machines is not None:
        return None
    while high > low * 1.01:
        middle = (low * high) ** 0.5
        if need(design, rate, middle, crews, assumed).machines is None:
            high = middle
        else:
            low = middle
    return low


def read(folder: Path) -> tuple[list[Crew], dict[str, Rate]]:
    """The crews and rates that a folder holds, those that other sweeps have measured among them."""
    crews = results.read_rows(folder / f"{CREW_FILE}.csv", Crew)
    rates = {r.design: r for r in results.read_rows(folder / f"{RATE_FILE}.csv", Rate)}
    for measured in dispatch.read(folder):
        if measured.executor == dispatch.POOL:
            source = f"WorkerPool, empty tasks on {dispatch.WORKERS} threads (dispatch.csv)"
            rates[ONE] = Rate(ONE, measured.per_second, 0.0, source)
    for run in engines.read(folder):
        if run.engine == CHUNKS:
            source = f"empty tasks, all of it on one machine ({engines.FILE_NAME}.csv)"
            rates[DASK] = Rate(DASK, run.per_second, 0.0, source)
        elif run.engine == CELERY and run.broker_us:
            source = f"what a task costs Redis and a worker ({engines.FILE_NAME}.csv)"
            rates[BROKER] = Rate(BROKER, 1e6 / run.broker_us, run.worker_us / 1e6, source)
    return crews, rates


def table(
    crews: Sequence[Crew],
    rates: dict[str, Rate],
    assumed: Assumptions | None = None,
    loads: Sequence[float] = LOADS,
) -> str:
    """The answer as text: what was measured, and the machines for each load."""
    assumed = assumed or Assumptions()
    known = [design for design in DESIGNS if design.rate in rates]
    if not crews or not known:
        return ""
    head = ["design", "passes on", *(f"{load:,.0f}/s" for load in loads), "stops at"]
    rows = []
    for design in known:
        rate = rates[design.rate]
        found = [need(design, rate, load, crews, assumed).machines for load in loads]
        last = stops_at(design, rate, crews, assumed)
        rows.append(
            [
                design.name,
                f"{rate.per_second:,.0f}/s",
                *("-" if machines is None else f"{machines:,}" for machines in found),
                "" if last is None else f"{last:,.0f}/s",
            ]
        )
    told = ", ".join(f"{name} {value:g}" for name, value in asdict(assumed).items())
    return f"{aligned([head, *rows], left=1)}\n\nmachines; assumed: {told}"


# --- the command ----------------------------------------------------------------------------------


def measure(folder: Path, quick: bool, parts: Sequence[str]) -> None:
    """Simulate the crews, measure the rates, and store both."""
    for name in parts:
        todo = steps(quick) if name == CREW_FILE else rate_steps(quick)
        rows, start = list[Any](), perf_counter()
        sweep.run(name, todo, rows)
        results.write_rows(folder / f"{name}.csv", rows)
        about = {"seconds": round(perf_counter() - start, 1), "arguments": {"quick": quick}}
        results.update_run(folder, "sweeps", {name: {**about, **machine.description()}})


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table and draw the picture. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks capacity", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="small crews: seconds, not minutes")
    parser.add_argument("--stored", action="store_true", help="measure nothing, use what is there")
    parts = [CREW_FILE, RATE_FILE]
    parser.add_argument("--only", action="append", choices=parts, help="measure this part alone")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="default %(default)s")
    for each in fields(Assumptions):
        parser.add_argument(f"--{each.name}", type=type(each.default), default=each.default)
    given = parser.parse_args(argv)
    try:
        assumed = Assumptions(**{f.name: getattr(given, f.name) for f in fields(Assumptions)})
    except ValueError as error:
        parser.error(str(error))
    given.out.mkdir(parents=True, exist_ok=True)
    if not given.stored:
        measure(given.out, given.quick, given.only or [CREW_FILE, RATE_FILE])
    crews, rates = read(given.out)
    told = table(crews, rates, assumed)
    if not told:
        print(f"There is nothing of it in {given.out}: run it without --stored.", file=sys.stderr)
        return 1
    print(f"\n{told}\n")
    from benchmarks.capacity_plot import draw  # here: matplotlib takes a second

    print(draw(crews, rates, assumed, given.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
