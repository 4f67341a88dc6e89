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

from benchmarks.measure import GC_ON
from benchmarks.repeats import Cost, marked, packed, quartiles, to_repeat
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
    number: int
    fill_ns: float
    drain_ns: float

    @property
    def total_ns(self) -> float:
        return self.fill_ns + self.drain_ns


@dataclass(frozen=True)
class DrainTime:
    """Nanoseconds per task to add and to take n tasks: medians, quartiles of the sum, and each sum.

    disturbed: 1 where the sum is more than at the sizes on both sides (repeats.py).
    """

    queue: str
    n: int
    repeats: int
    fill_ns: float
    drain_ns: float
    total_ns: float
    q1_ns: float
    q3_ns: float
    disturbed: int = 0
    samples: str = ""


def fill_and_drain(name: str, n: int, number: int) -> list[Drain]:
    """Add n tasks of ten levels to an empty queue one by one, then take all of them."""
    rows, queue = _rows(n), QUEUES[DRAINED[name]]()
    with collector(on=name in (GC_ON, RAW_GC_ON)):
        fill = queue.add(rows)
        drain = sum(queue.take(min(BATCH, n - done)) for done in range(0, n, BATCH))
    return [Drain(name, n, number, fill / n, drain / n)]


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
                todo.append(_step(f"repeat {number + 1} of {times}", name, n, number))
    return todo


def _step(which: str, name: str, n: int, number: int) -> Step:
    return Step(f"{which}, {name}, n = {n:,}", n + 100, partial(fill_and_drain, name, n, number))


def again(drains: Sequence[Drain]) -> tuple[list[Drain], list[Step]]:
    """What is kept of the repeats, and the steps that measure again what is disturbed."""
    dubious = {(d.n, d.queue) for d in summary(drains) if d.disturbed}
    kept, rounds = to_repeat(drains, dubious, lambda d: d.n, lambda d: d.queue, RAW_HEAP)
    return kept, [_step("again", name, r.group, r.number) for r in rounds for name in r.names]


def summary(drains: Iterable[Drain]) -> list[DrainTime]:
    """Medians of the repeats of each queue and size."""
    groups: dict[tuple[str, int], list[Drain]] = {}
    for drain in drains:
        groups.setdefault((drain.queue, drain.n), []).append(drain)
    times = []
    for key, repeats in sorted(groups.items()):
        totals = [d.total_ns for d in repeats]
        times.append(
            DrainTime(
                *key,
                len(repeats),
                median(d.fill_ns for d in repeats),
                median(d.drain_ns for d in repeats),
                median(totals),
                *quartiles(totals),
                samples=packed((d.number, d.total_ns) for d in repeats),
            )
        )
    return marked(times, lambda t: t.queue, lambda t: Cost(t.n, t.total_ns, t.q1_ns, t.q3_ns))
