"""Watched: what tasks cost while a Monitor watches, in multiples of what they cost without one.

Two schedulers take turns at adding, taking and completing a block of tasks, dozens of times, so
that a machine that is slower for a while is so for both; a repeat compares their median blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import median
from time import perf_counter

from benchmarks.subjects import HEAP, MULTILEVEL
from sched import HeapScheduler, MultilevelScheduler, Scheduler
from sched.monitor import Monitor

BLOCK, BLOCKS = 2_000, 25
SCHEDULERS: dict[str, type[Scheduler]] = {MULTILEVEL: MultilevelScheduler, HEAP: HeapScheduler}


@dataclass(frozen=True)
class Watched:
    """What the watched scheduler took in one repeat, in multiples of the other's time."""

    scheduler: str
    tasks: int
    number: int
    add_and_take: float
    complete: float


def block(s: Scheduler, priorities: Sequence[int]) -> tuple[float, float]:
    """Seconds to add and take so many tasks, and to complete them."""
    add, take, complete = s.add_task, s.get_next_task, s.complete
    start = perf_counter()
    for priority in priorities:
        add(priority, "task")
    tasks = [take() for _ in priorities]
    between = perf_counter()
    for task in tasks:
        complete(task)  # type: ignore[arg-type]
    return between - start, perf_counter() - between


def measure(name: str, number: int, tasks: int = BLOCK, blocks: int = BLOCKS) -> list[Watched]:
    """One repeat."""
    luck = Random(f"watched {number}")
    plain, watched = SCHEDULERS[name](), SCHEDULERS[name]()
    seconds: dict[Scheduler, list[tuple[float, float]]] = {plain: [], watched: []}
    with Monitor(watched) as monitor:
        for _ in range(blocks):
            priorities = [luck.randrange(10) for _ in range(tasks)]
            for s in luck.sample([plain, watched], 2):
                seconds[s].append(block(s, priorities))
    if (seen := monitor.snapshot().run.count) != blocks * tasks:
        raise RuntimeError(f"{seen} of {blocks * tasks} ends were heard")
    # The first are there to warm up.
    both = [[median(part) for part in zip(*seconds[s][1:], strict=True)] for s in (watched, plain)]
    return [Watched(name, tasks, number, *(a / b for a, b in zip(*both, strict=True)))]
