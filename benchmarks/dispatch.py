"""Dispatched: how many empty tasks per second a WorkerPool gets done, beside ThreadPoolExecutor.

What is timed is all of it: tasks added one by one by one thread while four others run them, until
the last has ended. The executor keeps its tasks in a queue and knows no priorities, delays, retries
or states: the ratio is what those cost when the tasks themselves cost nothing. Threads and their
turns make the times vary by half; both are measured in each round, one right after the other, and
the ratio is the median of the ratios of the rounds.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from benchmarks import results
from benchmarks.repeats import packed, quartiles
from benchmarks.report import aligned
from benchmarks.sweep import Step
from sched import HeapScheduler, WorkerPool

WORKERS = 4
TASKS, ROUNDS = 20_000, 9
POOL, EXECUTOR = "WorkerPool", "ThreadPoolExecutor.submit"


def empty() -> None:
    """A task that costs nothing."""


def with_pool(tasks: int) -> float:
    """Seconds for so many empty tasks."""
    s = HeapScheduler()
    with WorkerPool(s, WORKERS) as pool:
        start = perf_counter()
        for _ in range(tasks):
            s.add_task(1, "empty", action=empty)
        pool.drain()
        seconds = perf_counter() - start
    if s.metrics().succeeded != tasks:
        raise RuntimeError(f"{s.metrics()} after {tasks} tasks")
    return seconds


def with_executor(tasks: int) -> float:
    """Seconds for so many empty tasks."""
    start = perf_counter()
    with ThreadPoolExecutor(WORKERS) as executor:
        for _ in range(tasks):
            executor.submit(empty)
    return perf_counter() - start


SUBJECTS: dict[str, Callable[[int], float]] = {POOL: with_pool, EXECUTOR: with_executor}


@dataclass(frozen=True)
class Dispatch:
    """Empty tasks per second in one round."""

    executor: str
    tasks: int
    number: int
    per_second: float


@dataclass(frozen=True)
class DispatchRate:
    """Empty tasks per second: median and quartiles of the rounds, and the ratio to the executor."""

    executor: str
    tasks: int
    rounds: int
    per_second: float
    q1_per_second: float
    q3_per_second: float
    ratio: float
    samples: str = ""


def measure(tasks: int, number: int, names: Sequence[str]) -> list[Dispatch]:
    """One round: each subject once."""
    return [Dispatch(name, tasks, number, tasks / SUBJECTS[name](tasks)) for name in names]


def steps(rounds: int = ROUNDS, tasks: int = TASKS) -> Sequence[Step]:
    """One step for each round, in which the two take turns at being first."""
    shuffle, todo = Random(), []
    for number in range(rounds):
        names = list(SUBJECTS)
        shuffle.shuffle(names)
        label = f"round {number + 1} of {rounds}, {tasks:,} tasks"
        todo.append(Step(label, tasks, partial(measure, tasks, number, names)))
    return todo


def summary(samples: Iterable[Dispatch]) -> list[DispatchRate]:
    """Median and quartiles of each subject, and the median of its ratios round by round."""
    samples = sorted(samples, key=lambda s: list(SUBJECTS).index(s.executor))
    yardstick = {(s.tasks, s.number): s.per_second for s in samples if s.executor == EXECUTOR}
    rates = []
    for name, tasks in dict.fromkeys((s.executor, s.tasks) for s in samples):
        own = [s for s in samples if (s.executor, s.tasks) == (name, tasks)]
        per_second = [s.per_second for s in own]
        ratio = median(s.per_second / yardstick[tasks, s.number] for s in own)
        low, high = quartiles(per_second)
        each = packed((s.number, s.per_second) for s in own)
        rates.append(
            DispatchRate(name, tasks, len(own), median(per_second), low, high, ratio, each)
        )
    return rates


def read(folder: Path) -> list[DispatchRate]:
    """What a folder holds; [] if the sweep has not run."""
    return results.read_rows(folder / "dispatch.csv", DispatchRate)


def findings(rates: Sequence[DispatchRate]) -> dict[str, list[dict[str, object]]]:
    """The rates as plain values, for run.json; nothing if there are none."""
    return {"dispatch": [asdict(rate) for rate in rates]} if rates else {}


def table(rates: Sequence[DispatchRate]) -> str:
    """The rates as text for a terminal; nothing if there are none."""
    if not rates:
        return ""
    head = ["dispatched", "tasks", "rounds", "tasks per second", "to the executor"]
    rows = [
        [r.executor, f"{r.tasks:,}", f"{r.rounds}", f"{r.per_second:,.0f}", f"{r.ratio:.2f} ×"]
        for r in rates
    ]
    return aligned([head, *rows], left=1)
