"""Figures: the few numbers that say what the schedulers cost, from one short run of their own.

    python -m benchmarks figures          # a million tasks, under five minutes
    python -m benchmarks figures --quick  # seconds

Each is a ratio of two who run beside each other, in shuffled order, in each repeat: the table has
the median of the ratios of the repeats and their quartiles, so a machine that is slower for a
while changes little. The workloads and what is left untimed are those of the race (peers/race.py).

The steady states have 100,000 tasks queued, and last for 200,000 pairs of an add and a take: what
a queue puts off it must do in that time. At ten levels, and with distinct priorities drawn from
one range, what is urgent is taken at once and the others stay; in the third, whose new task is due
a random time after the last that was taken, new tasks come in anywhere between the others.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from benchmarks import dispatch, results, watched
from benchmarks.dispatch import Dispatch
from benchmarks.memory import LARGEST as WEIGHED
from benchmarks.peers import race
from benchmarks.peers.field import installed
from benchmarks.peers.interface import (
    DEADLINES,
    DELAYED,
    DISTINCT,
    STEADY,
    STEADY_DISTINCT,
    TEN_LEVELS,
)
from benchmarks.peers.race import Sample
from benchmarks.peers.weigh import PeerWeight, weigh
from benchmarks.repeats import packed, quartiles
from benchmarks.report import aligned, short
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP
from benchmarks.sweep import Step
from benchmarks.watched import Watched

FILE = "figures"
REPEATS, MORE_REPEATS = 3, 5  # the second where a repeat takes a second or two
QUEUED, PAIRS, QUICK_PAIRS = 100_000, 200_000, 2_000
SORTED, LOCKED, STANDARD = "SortedList", "queue.PriorityQueue", "sched.scheduler"
POOL_AND_EXECUTOR = "empty tasks a second on 4 threads"
WITH_A_MONITOR, WITHOUT_ONE = "with a Monitor", "without one"

FILLED: dict[str, tuple[str, ...]] = {  # who is filled and drained in which workload
    TEN_LEVELS: (RAW_HEAP, MULTILEVEL, HEAP, SORTED, LOCKED, STANDARD),
    DISTINCT: (RAW_HEAP, MULTILEVEL, HEAP),
    DELAYED: (RAW_HEAP, MULTILEVEL, HEAP),
}
HELD: dict[str, tuple[str, ...]] = dict.fromkeys(
    (STEADY, STEADY_DISTINCT, DEADLINES), (RAW_HEAP, MULTILEVEL)
)


@dataclass(frozen=True)
class Figure:
    """One line of the table. samples: one for each repeat, of the ratio or what else it is."""

    figure: str
    against: str
    n: int
    unit: str
    repeats: int
    median: float
    q1: float
    q3: float
    samples: str = ""


def steps(max_n: int, *, quick: bool = False, repeats: int = REPEATS) -> Sequence[Step]:
    """All that the figures need, each repeat of everything before the next one of anything."""
    shuffle, todo = Random(), list[Step]()
    queued, pairs = min(QUEUED, max_n), QUICK_PAIRS if quick else PAIRS
    tasks = dispatch.TASKS // 10 if quick else dispatch.TASKS
    for number in range(repeats if quick else max(repeats, MORE_REPEATS)):
        workloads = [(w, peers, queued) for w, peers in HELD.items()]
        if number < repeats:
            workloads += [(w, peers, max_n) for w, peers in FILLED.items()]
        for workload, peers, n in workloads:
            for name in shuffle.sample(peers, len(peers)):
                if installed(name):
                    run = partial(race.play, name, workload, n, number, pairs=pairs)
                    weight = n if workload in FILLED else n + 2 * pairs
                    todo.append(Step(f"repeat {number + 1}, {workload}, {name}", weight, run))
        names = shuffle.sample(list(dispatch.SUBJECTS), 2)
        run_both = partial(dispatch.measure, tasks, number, names)
        todo.append(Step(f"repeat {number + 1}, {POOL_AND_EXECUTOR}", 20 * tasks, run_both))
        for name in watched.SCHEDULERS:
            size = watched.BLOCK // 10 if quick else watched.BLOCK
            watch = partial(watched.measure, name, number, size)
            weight = 2 * watched.BLOCKS * size
            todo.append(Step(f"repeat {number + 1}, {WITH_A_MONITOR}, {name}", weight, watch))
    for name in (HEAP, MULTILEVEL):
        n = min(WEIGHED, max_n)
        todo.append(Step(f"weighed, {name}", 10 * n, partial(weigh, name, TEN_LEVELS, n, 0)))
    return todo


# --- the table ------------------------------------------------------------------------------------

Part = Callable[[Sample], float]


def total(sample: Sample) -> float:
    return sample.total_ns


def adding(sample: Sample) -> float:
    return sample.add_ns


def completing(sample: Sample) -> float:
    return sample.complete_ns


def summary(samples: Iterable[Any]) -> list[Figure]:
    """The figures, as far as both that one compares were measured beside each other."""
    found = list(samples)
    races = [s for s in found if isinstance(s, Sample)]
    figures = [
        ratio(races, workload, name, RAW_HEAP) for workload in FILLED for name in (MULTILEVEL, HEAP)
    ]
    figures += [ratio(races, TEN_LEVELS, MULTILEVEL, other) for other in (SORTED, LOCKED, STANDARD)]
    figures += [ratio(races, TEN_LEVELS, HEAP, LOCKED)]
    figures += [ratio(races, workload, MULTILEVEL, RAW_HEAP) for workload in HELD]
    for name in (MULTILEVEL, HEAP):
        alone = {s.number: s for s in races if (s.peer, s.workload) == (name, TEN_LEVELS)}
        each = [(number, s.add_ns) for number, s in sorted(alone.items())]
        figures += [
            figure(f"{name}, add_task alone", "", sizes_of(alone.values()), "ns", each),
            ratio(races, TEN_LEVELS, name, RAW_HEAP, adding, adding, "add_task alone", "push"),
        ]
        figures.append(
            ratio(races, TEN_LEVELS, name, RAW_HEAP, completing, total, "complete", "push + pop")
        )
    figures.append(dispatched([s for s in found if isinstance(s, Dispatch)]))
    for name in watched.SCHEDULERS:
        own = [s for s in found if isinstance(s, Watched) and s.scheduler == name]
        size = max((s.tasks for s in own), default=0)
        for what, of in (("add + take", "add_and_take"), ("complete", "complete")):
            each = [(s.number, getattr(s, of)) for s in own]
            line = f"{name} {WITH_A_MONITOR}, {what}"
            figures.append(figure(line, WITHOUT_ONE, size, "×", each))
    for weight in (s for s in found if isinstance(s, PeerWeight)):
        each = [(0, weight.traced_bytes)]
        figures.append(figure(f"{weight.peer}, a waiting task", "", weight.n, "bytes", each))
    return [f for f in figures if f is not None]


def ratio(
    races: Sequence[Sample],
    workload: str,
    name: str,
    other: str,
    part: Part = total,
    other_part: Part = total,
    what: str = "",
    other_what: str = "",
) -> Figure | None:
    """What one peer costs in a workload, to what another costs in it, repeat by repeat.

    part, other_part: which costs; what, other_what: how they are called, if not add + take.
    """
    own, beside = (
        {s.number: s for s in races if (s.peer, s.workload) == (peer, workload)}
        for peer in (name, other)
    )
    each = [
        (number, part(own[number]) / other_part(beside[number]))
        for number in sorted(own.keys() & beside.keys())
    ]
    return figure(
        f"{name}, {what or workload}",
        f"{other} {other_what}".strip(),
        sizes_of(own.values()),
        "×",
        each,
    )


def sizes_of(samples: Iterable[Sample]) -> int:
    return max((s.n for s in samples), default=0)


def dispatched(samples: Sequence[Dispatch]) -> Figure | None:
    """Empty tasks a second of the pool, to those of the executor."""
    rates = {
        name: {s.number: s.per_second for s in samples if s.executor == name}
        for name in (dispatch.POOL, dispatch.EXECUTOR)
    }
    own, beside = rates[dispatch.POOL], rates[dispatch.EXECUTOR]
    each = [(number, own[number] / beside[number]) for number in sorted(own.keys() & beside.keys())]
    tasks = max((s.tasks for s in samples), default=0)
    return figure(f"{dispatch.POOL}, {POOL_AND_EXECUTOR}", dispatch.EXECUTOR, tasks, "×", each)


def figure(
    name: str, against: str, n: int, unit: str, each: Sequence[tuple[int, float]]
) -> Figure | None:
    """A line of the table; None if there is nothing to say in it. each: by number of the repeat."""
    if not each:
        return None
    values = [value for _, value in each]
    return Figure(
        name, against, n, unit, len(values), median(values), *quartiles(values), packed(each)
    )


def read(folder: Path) -> list[Figure]:
    """What a folder holds; [] if they were not measured."""
    return results.read_rows(folder / f"{FILE}.csv", Figure)


def table(figures: Sequence[Figure]) -> str:
    """The figures as text for a terminal."""
    rows = []
    for f in figures:
        spread = f"{short(f.q1)} to {short(f.q3)}" if f.repeats > 1 else ""
        sign = " ×" if f.unit == "×" else f" {f.unit}"
        rows.append(
            [f.figure, f.against, f"{f.n:,}", f"{short(f.median)}{sign}", spread, f"{f.repeats}"]
        )
    return aligned([["figure", "against", "n", "median", "quartiles", "repeats"], *rows], left=2)
