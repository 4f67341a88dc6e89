"""Executors: what a pool costs where its actions run elsewhere: ``python -m benchmarks executors``.

Two figures, each of two who take turns in each repeat. Empty tasks on four processes, added one by
one, beside ``ProcessPoolExecutor.submit``; the processes of both are started the same way and have
run something before. And ten thousand coroutines that sleep for a second at the same time, beside
plain asyncio with nothing around it: what is left of the ratio above 1 is what a task costs.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from random import Random
from time import perf_counter

from benchmarks import results
from benchmarks.dispatch import empty
from benchmarks.figures import Figure, figure, table
from benchmarks.sweep import Step
from sched import HeapScheduler, WorkerPool

__all__ = ["FILE", "read", "steps", "summary", "table"]

FILE = "executors"
PROCESSES, TASKS, QUICK_TASKS = 4, 10_000, 200
SLEEPERS, QUICK_SLEEPERS, SLEEP = 10_000, 200, 1.0
REPEATS, QUICK_REPEATS = 5, 1


@dataclass(frozen=True)
class Pair:
    """A ratio of one repeat."""

    figure: str
    against: str
    n: int
    number: int
    ratio: float


def in_processes(tasks: int) -> float:
    """Empty tasks a second in the processes of a pool."""
    s = HeapScheduler()
    with WorkerPool(s, PROCESSES, executor="process") as pool:
        s.add_tasks(
            {"priority": 1, "task_name": "warm", "action": time.sleep, "args": (0.1,)}
            for _ in range(2 * PROCESSES)
        )
        pool.drain()
        start = perf_counter()
        for _ in range(tasks):
            s.add_task(1, "empty", action=empty)
        pool.drain()
        seconds = perf_counter() - start
    return rate(s, tasks + 2 * PROCESSES, tasks, seconds)


def rate(s: HeapScheduler, wanted: int, tasks: int, seconds: float) -> float:
    """Tasks a second, if all were done."""
    if s.metrics().succeeded != wanted:
        raise RuntimeError(f"{s.metrics()} after {wanted} tasks")
    return tasks / seconds


def in_executor(tasks: int) -> float:
    """The same with ProcessPoolExecutor."""
    context = get_context("forkserver" if "forkserver" in get_all_start_methods() else "spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as executor:
        list(executor.map(time.sleep, [0.1] * (2 * PROCESSES)))
        start = perf_counter()
        futures = [executor.submit(empty) for _ in range(tasks)]
        for future in futures:
            future.result()
        return tasks / (perf_counter() - start)


def sleepers_in_pool(n: int) -> float:
    """Seconds until so many coroutines that sleep at once have ended."""
    s = HeapScheduler(history=n)
    with WorkerPool(s, n, executor="async") as pool:
        start = perf_counter()
        for _ in range(n):
            s.add_task(1, "sleeper", action=asyncio.sleep, args=(SLEEP,))
        pool.drain()
        seconds = perf_counter() - start
    rate(s, n, n, seconds)
    return seconds


def sleepers_alone(n: int) -> float:
    """The same with asyncio alone."""

    async def run() -> None:
        await asyncio.gather(*(asyncio.sleep(SLEEP) for _ in range(n)))

    start = perf_counter()
    asyncio.run(run())
    return perf_counter() - start


Measure = Callable[[int], float]
FIGURES: dict[tuple[str, str], tuple[Measure, Measure]] = {
    (f"empty tasks a second in {PROCESSES} processes", "ProcessPoolExecutor.submit"): (
        in_processes,
        in_executor,
    ),
    ("seconds for sleepers at once", "one sleep and the cost of plain asyncio"): (
        sleepers_in_pool,
        sleepers_alone,
    ),
}


def measure(name: tuple[str, str], n: int, number: int) -> list[Pair]:
    """One repeat of one figure: both, in whichever order."""
    both = FIGURES[name]
    order = Random(f"{name} {number}").sample((0, 1), 2)
    found = {which: both[which](n) for which in order}
    return [Pair(*name, n, number, found[0] / found[1])]


def steps(*, quick: bool = False) -> Sequence[Step]:
    """Each repeat of both figures before the next one of either."""
    processes, coroutines = FIGURES
    sizes = {
        processes: QUICK_TASKS if quick else TASKS,
        coroutines: QUICK_SLEEPERS if quick else SLEEPERS,
    }
    repeats = QUICK_REPEATS if quick else REPEATS
    return [
        Step(f"{name[0]}, {number + 1} of {repeats}", n, partial(measure, name, n, number))
        for number in range(repeats)
        for name, n in sizes.items()
    ]


def summary(pairs: Iterable[Pair]) -> list[Figure]:
    """Median and quartiles of the ratios."""
    pairs = list(pairs)
    lines = []
    for name, against in FIGURES:
        own = [pair for pair in pairs if (pair.figure, pair.against) == (name, against)]
        n = max((pair.n for pair in own), default=0)
        lines.append(figure(name, against, n, "×", [(pair.number, pair.ratio) for pair in own]))
    return [line for line in lines if line is not None]


def read(folder: Path) -> list[Figure]:
    """What a folder holds; [] if they were not measured."""
    return results.read_rows(folder / f"{FILE}.csv", Figure)
