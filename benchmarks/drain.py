"""Filled and drained: what a queue costs over its whole life, n tasks added and n taken.

The everyday question behind the curves: ten priority levels, n tasks added one by one, then all
of them taken. The bare heap is the yardstick, measured in turns with the others, in the same run.
Collection is off, except in the rows that say so: they show what it costs to have it on while
many objects wait.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from random import Random
from statistics import median

from benchmarks.measure import GC_ON, quartiles
from benchmarks.subjects import (
    HEAP,
    LEVELS,
    MULTILEVEL,
    QUEUES,
    RAW_HEAP,
    SORTED_LIST,
    Row,
    random_rows,
    sizes,
)
from benchmarks.sweep import Step, collector

RAW_GC_ON = f"{RAW_HEAP}, GC on"
REPEATS = 9
FEW_REPEATS, MANY = 3, 2**17  # so many repeats for so many tasks and more
SORTED_LIST_TO = 2**16  # n adds of n moves: at 2**20 they would take minutes
BATCH = 4000  # tasks that are taken before they are completed, untimed

DRAINED = {
    HEAP: HEAP,
    SORTED_LIST: SORTED_LIST,
    MULTILEVEL: MULTILEVEL,
    RAW_HEAP: RAW_HEAP,
    GC_ON: HEAP,
    RAW_GC_ON: RAW_HEAP,
}


@dataclass(frozen=True)
class Drain:
    """Nanoseconds per task in one repeat."""

    queue: str
    n: int
    fill_ns: float
    drain_ns: float


@dataclass(frozen=True)
class DrainTime:
    """Nanoseconds per task to add and to take n tasks: medians, and quartiles of the sum."""

    queue: str
    n: int
    repeats: int
    fill_ns: float
    drain_ns: float
    total_ns: float
    q1_ns: float
    q3_ns: float


def fill_and_drain(name: str, n: int) -> list[Drain]:
    """Add n tasks of ten levels to an empty queue one by one, then take all of them."""
    rows, queue = _rows(n), QUEUES[DRAINED[name]]()
    with collector(on=name in (GC_ON, RAW_GC_ON)):
        fill = queue.add(rows)
        drain = sum(queue.take(min(BATCH, n - done)) for done in range(0, n, BATCH))
    return [Drain(name, n, fill / n, drain / n)]


@lru_cache(1)
def _rows(n: int) -> list[Row]:
    return random_rows(n, "levels", 1, LEVELS + 1)


def steps(max_n: int, repeats: int = REPEATS, every: int = 2) -> Sequence[Step]:
    """One step for each queue in each repeat, for every second size to ``max_n``."""
    shuffle = Random()
    todo: list[Step] = []
    for n in sizes(max_n, every=every):
        names = [name for name in DRAINED if name != SORTED_LIST or n <= SORTED_LIST_TO]
        times = repeats if n < MANY else FEW_REPEATS
        for number in range(times):
            shuffle.shuffle(names)
            for name in names:
                if number and times <= FEW_REPEATS and name in (GC_ON, RAW_GC_ON):
                    continue  # these answer "how much worse?", and once is enough
                label = f"repeat {number + 1} of {times}, {name}, n = {n:,}"
                todo.append(Step(label, n + 100, partial(fill_and_drain, name, n)))
    return todo


def summary(drains: Iterable[Drain]) -> list[DrainTime]:
    """Medians of the repeats of each queue and size."""
    groups: dict[tuple[str, int], list[Drain]] = {}
    for drain in drains:
        groups.setdefault((drain.queue, drain.n), []).append(drain)
    times = []
    for key, repeats in sorted(groups.items()):
        totals = [d.fill_ns + d.drain_ns for d in repeats]
        fill, drained = median(d.fill_ns for d in repeats), median(d.drain_ns for d in repeats)
        times.append(
            DrainTime(*key, len(repeats), fill, drained, median(totals), *quartiles(totals))
        )
    return times
