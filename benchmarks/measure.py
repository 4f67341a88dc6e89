"""Measured: nanoseconds per add and per take at size n, through the public methods.

What would distort a time, and what is done about it:

- Costs drift while a machine warms up or serves others. In each round every queue is measured at
  every size once, in shuffled order, so that a drift meets all of them alike; what is reported is
  the median of the rounds (fewer at the largest sizes) and the quartiles around it.
- The queue must have size n. Each sample is taken on a fresh copy, loaded untimed, with a few
  operations to warm it up; then m = clamp(n / 16, 8, 4000) adds are timed, and m takes.
- The takes come last. Some structures put the work of an add off until the next take: what the
  timed adds put off is timed as well. Priorities are all different, from one range, so that a new
  task is as likely to stand anywhere; drain.py has ten levels.
- Garbage collection interrupts at random. It is off, and one row has it on.
- A naive take sorts everything. From 2**14 on a sample is a single take, and rounds are three.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from random import Random
from statistics import median, quantiles

from benchmarks.subjects import HEAP, NAIVE, QUEUES, Row, random_rows, sizes
from benchmarks.sweep import Step, collector

ROUNDS = 9
FEW_ROUNDS = 3
LARGE, LARGE_ROUNDS = 2**17, 5  # to load a large queue takes longer than to measure it
ONE_TAKE_FROM, SORTED = 2**14, 2**16  # below it a sample of the naive sort is 2**16 tasks sorted
GC_ON = f"{HEAP}, GC on"

WARM_UP = 8  # one operation untimed for so many that are timed; a single sort needs no warm-up


@dataclass(frozen=True)
class Sample:
    """Nanoseconds per operation in one round, at size n."""

    queue: str
    operation: str
    n: int
    operations: int
    ns: float


@dataclass(frozen=True)
class Time:
    """Nanoseconds per operation at size n: median and quartiles over the rounds."""

    queue: str
    operation: str
    n: int
    operations: int
    rounds: int
    median_ns: float
    q1_ns: float
    q3_ns: float


def operations_at(n: int) -> int:
    """How many operations are one sample at size n."""
    return min(max(n // 16, 8), 4000)


def sample(name: str, n: int, number: int) -> list[Sample]:
    """Measure one add and one take of one queue at size n, in round ``number``."""
    m = operations_at(n)
    takes = m if name != NAIVE else 1 if n >= ONE_TAKE_FROM else min(m, SORTED // n)
    warm_up = takes // WARM_UP
    new = random_rows(warm_up + m, f"new {n} {number}")
    queue = QUEUES[HEAP if name == GC_ON else name]()
    queue.load(_rows(n))
    queue.add(new[:warm_up])
    queue.take(warm_up)
    with collector(on=name == GC_ON):
        add_ns = queue.add(new[warm_up:])
    with collector(on=name == GC_ON):
        take_ns = queue.take(takes)
    return [
        Sample(name, "add", n, m, add_ns / m),
        Sample(name, "take", n, takes, take_ns / takes),
    ]


@cache
def _rows(n: int) -> list[Row]:
    """Rows to load, the same in each round and for each queue."""
    return random_rows(n, "rows")


def steps(max_n: int, rounds: int = ROUNDS, few_rounds: int = FEW_ROUNDS) -> Sequence[Step]:
    """One step for each queue at each size to ``max_n`` in each round.

    few_rounds: so many for what is slow, the naive sort and the heap with collection on.
    """
    shuffle = Random()
    todo: list[Step] = []
    for number in range(rounds):
        names = [*QUEUES, GC_ON]
        if number >= few_rounds:
            names = [name for name in names if name not in (NAIVE, GC_ON)]
        for n in sizes(max_n):
            if n >= LARGE and number >= LARGE_ROUNDS:
                continue
            shuffle.shuffle(names)
            for name in names:
                label = f"round {number + 1} of {rounds}, {name}, n = {n:,}"
                weight = (n + 1000) * (3 if name == NAIVE else 1)  # it also sorts them
                todo.append(Step(label, weight, partial(sample, name, n, number)))
    return todo


def summary(samples: Iterable[Sample]) -> list[Time]:
    """Median and quartiles of the samples of each queue, operation and size, in that order."""
    groups: dict[tuple[str, str, int, int], list[float]] = {}
    for s in samples:
        groups.setdefault((s.queue, s.operation, s.n, s.operations), []).append(s.ns)
    return [
        Time(*key, len(times), median(times), *quartiles(times))
        for key, times in sorted(groups.items())
    ]


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The first and third quartile; of a single value, the value."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high
