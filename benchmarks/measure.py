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
from statistics import median

from benchmarks.repeats import Cost, marked, packed, quartiles, to_repeat
from benchmarks.subjects import HEAP, NAIVE, QUEUES, RAW_HEAP, Row, random_rows, sizes
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
    number: int
    operations: int
    ns: float


@dataclass(frozen=True)
class Time:
    """Nanoseconds per operation at size n: median and quartiles over the rounds, and each round.

    disturbed: 1 where it costs more than at the sizes on both sides (repeats.py).
    """

    queue: str
    operation: str
    n: int
    operations: int
    rounds: int
    median_ns: float
    q1_ns: float
    q3_ns: float
    disturbed: int = 0
    samples: str = ""


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
        Sample(name, "add", n, number, m, add_ns / m),
        Sample(name, "take", n, number, takes, take_ns / takes),
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
                todo.append(_step(f"round {number + 1} of {rounds}", name, n, number))
    return todo


def _step(which: str, name: str, n: int, number: int) -> Step:
    weight = (n + 1000) * (3 if name == NAIVE else 1)  # it also sorts them
    return Step(f"{which}, {name}, n = {n:,}", weight, partial(sample, name, n, number))


def again(samples: Sequence[Sample]) -> tuple[list[Sample], list[Step]]:
    """What is kept of the samples, and the steps that measure again what is disturbed."""
    dubious = {(t.n, t.queue) for t in summary(samples) if t.disturbed}
    kept, rounds = to_repeat(samples, dubious, lambda s: s.n, lambda s: s.queue, RAW_HEAP)
    return kept, [_step("again", name, r.group, r.number) for r in rounds for name in r.names]


def summary(samples: Iterable[Sample]) -> list[Time]:
    """Median and quartiles of the samples of each queue, operation and size, in that order."""
    groups: dict[tuple[str, str, int, int], list[tuple[int, float]]] = {}
    for s in samples:
        key = (s.queue, s.operation, s.n, s.operations)
        groups.setdefault(key, []).append((s.number, s.ns))
    rows = []
    for key, repeats in sorted(groups.items()):
        ns = [value for _, value in repeats]
        rows.append(Time(*key, len(ns), median(ns), *quartiles(ns), samples=packed(repeats)))
    return marked(
        rows,
        lambda t: (t.queue, t.operation),
        lambda t: Cost(t.n, t.median_ns, t.q1_ns, t.q3_ns),
    )
