"""The race: the same workloads for all, in turns, each as a ratio to the raw heap beside it.

10 levels        n tasks of ten priorities added one by one, then all taken
all distinct     the same with priorities that all differ
all delayed      n tasks with delays of an hour or two, all different; then all are due, and taken
steady state     n tasks of ten levels are there; then one is added and one taken, m times
steady, distinct the same with priorities that all differ
half cancelled   n tasks of ten levels added, a random half cancelled, the other half taken
bulk             n tasks of ten levels added at once, then all taken

Times are per task, in the steady state per pair. A bulk load counts with its takes, because what
is only put off until the first take is no saving; in a steady state neither the load is timed nor
the first turns, which do what it has put off. Everything runs with collection off; machines
speed up and slow down, so a ratio is taken between neighbours: in each repeat each peer runs once,
in shuffled order, and the ratio is the median of the ratios of the repeats. A large size is
repeated while there is time (``--minutes``): see the column ``repeats``.
"""

import gc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from heapq import heapify, heappushpop
from random import Random
from statistics import median
from time import monotonic, perf_counter_ns, sleep, time
from typing import Any

from benchmarks.peers.field import PEERS, taking_part
from benchmarks.peers.interface import (
    BULK,
    CANCELLED,
    DEADLINES,
    DELAYED,
    DISTINCT,
    LARGEST_IN,
    STEADY_DISTINCT,
    STEADY_STATES,
    TEN_LEVELS,
    WORKLOADS,
    Peer,
    Row,
)
from benchmarks.repeats import Cost, marked, packed, quartiles, to_repeat
from benchmarks.subjects import LEVELS, RAW_HEAP, names, random_rows, sizes
from benchmarks.sweep import Step

SMALLEST = 2**10
REPEATS, FEW_REPEATS, MANY = 5, 3, 2**16  # so many repeats for so many tasks and more
PATIENCE = 270.0  # seconds; after them no large size is repeated
FAR = 2**40  # the latest deadline, in ticks from the task taken last
FEW_PAIRS = 16  # one pair of a steady state for so many that are queued
WARM_UP = 8  # one pair of a steady state untimed for so many that are timed
BATCH = 250  # tasks that are taken before they are completed: they are in the cache by then
HOUR = 3600.0
NOTICED = 0.02  # seconds in which a clock that looks at the wall now and then has seen a jump


class JumpingWall:
    """A wall clock that jumps a day ahead when told: then all delays are over."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time() + self.ahead

    def jump(self) -> None:
        self.ahead += 24 * HOUR
        sleep(NOTICED)


@dataclass(frozen=True)
class Sample:
    """Nanoseconds per task in one repeat; cancelling is part of adding, completing of neither."""

    peer: str
    workload: str
    n: int
    number: int
    add_ns: float
    take_ns: float
    complete_ns: float

    @property
    def total_ns(self) -> float:
        return self.add_ns + self.take_ns


@dataclass(frozen=True)
class Race:
    """Nanoseconds per task: medians, quartiles of the sum, its ratio to the raw heap, and each sum.

    disturbed: 1 where the sum is more than at the sizes on both sides (repeats.py).
    """

    peer: str
    workload: str
    n: int
    repeats: int
    add_ns: float
    take_ns: float
    complete_ns: float
    total_ns: float
    q1_ns: float
    q3_ns: float
    ratio: float
    disturbed: int = 0
    samples: str = ""


def rows_of(workload: str, n: int) -> list[Row]:
    """The tasks of a workload, the same in each repeat and for each peer. O(n)."""
    keys = DISTINCT if workload == STEADY_DISTINCT else workload
    return _rows_of(keys if keys in (DISTINCT, DELAYED, DEADLINES) else TEN_LEVELS, n)


@lru_cache(4)
def _rows_of(keys: str, n: int) -> list[Row]:
    if keys == DISTINCT:
        return [*random_rows(n, "distinct")]
    if keys == DEADLINES:  # as dense as they are after many turns
        random = Random("deadlines")
        return [(int(FAR * (1 - random.random() ** 0.5)), name) for name in names(n)]
    if keys == DELAYED:
        order = Random("delays").sample(range(n), n)
        return [(HOUR + HOUR * i / n, name) for i, name in zip(order, names(n), strict=True)]
    return [*random_rows(n, "levels", 1, LEVELS + 1)]


@lru_cache(1)
def doomed(n: int) -> list[int]:
    """Which half is cancelled, in the order in which it is."""
    return Random("cancelled").sample(range(n), n // 2)


@lru_cache(3)
def new_rows(workload: str, n: int, pairs: int = 0) -> list[Row]:
    """What comes in during a steady state, with names of its own. O(pairs log n).

    pairs: how many are timed; by default so few that the most urgent level does not run out.
    Those of the warm-up are added to them.
    """
    pairs = pairs or n // FEW_PAIRS
    pairs += -(-pairs // WARM_UP)
    if workload == DEADLINES:
        return _next_deadlines(n, pairs)
    if workload == STEADY_DISTINCT:
        return [*random_rows(n + pairs, "new, distinct")[n:]]
    return [*random_rows(n + pairs, "new", 1, LEVELS + 1)[n:]]


def _next_deadlines(n: int, pairs: int) -> list[Row]:
    """Each as far ahead of the task taken last as chance will have it: no end of the queue is
    where they all come in, however long it lasts. The hold model: D. Jones, "An empirical
    comparison of priority-queue and event-set implementations", CACM 29, 1986.
    """
    random, taken = Random("next deadlines"), 0
    heap = [(key, number) for number, (key, _) in enumerate(rows_of(DEADLINES, n))]
    heapify(heap)
    rows = []
    for number, name in enumerate(names(n + pairs)[n:], n):
        key = taken + int(FAR * random.random())
        rows.append((key, name))
        taken, _ = heappushpop(heap, (key, number))
    return rows


def timed(operation: Callable[..., Any], *arguments: Any) -> tuple[int, Any]:
    """Nanoseconds that the call takes, and what it returns."""
    start = perf_counter_ns()
    result = operation(*arguments)
    return perf_counter_ns() - start, result


def play(
    name: str,
    workload: str,
    n: int,
    number: int = 0,
    seen: list[str] | None = None,
    pairs: int = 0,
) -> list[Sample]:
    """Run one workload once. The names of what is taken are appended to ``seen``, untimed.

    pairs: so many in a steady state, where 0 is few (see ``new_rows``).
    """
    gc.collect()  # some peers leave cycles behind
    wall = JumpingWall() if workload == DELAYED else time
    peer, rows = PEERS[name](wall), rows_of(workload, n)
    if workload in STEADY_STATES:
        peer.load(rows)
        new = new_rows(workload, n, pairs)
        pairs = pairs or n // FEW_PAIRS
        _exchange(peer, new[:-pairs], seen)
        add, complete = _exchange(peer, new[-pairs:], seen)
        return [Sample(name, workload, n, number, add / pairs, 0, complete / pairs)]
    left = n
    if workload == BULK:
        add, _ = timed(peer.load, rows)
    elif workload == DELAYED:
        add, _ = timed(peer.add_delayed, rows)
    elif workload == CANCELLED:
        add, handles = timed(peer.add_cancellable, rows)
        chosen = [handles[i] for i in doomed(n)]
        del handles
        cancel, _ = timed(peer.cancel, chosen)
        add, left = add + cancel, n - len(chosen)
    else:
        add, _ = timed(peer.add, rows)
    if isinstance(wall, JumpingWall):
        wall.jump()
    take, complete = _drain(peer, left, seen)
    return [Sample(name, workload, n, number, add / n, take / n, complete / n)]


def _drain(peer: Peer, left: int, seen: list[str] | None) -> tuple[int, int]:
    """Take all, and complete what is taken. Returns nanoseconds for each of the two."""
    batch, take, complete = left if peer.takes_all else BATCH, 0, 0
    for done in range(0, left, batch):
        elapsed, taken = timed(peer.take, min(batch, left - done))
        take += elapsed
        complete += _finished(peer, taken, seen)
    return take, complete


def _exchange(peer: Peer, new: Sequence[Row], seen: list[str] | None) -> tuple[int, int]:
    """Add and take in turns, and complete what is taken. Returns nanoseconds for each."""
    pairs, complete = 0, 0
    for done in range(0, len(new), BATCH):
        elapsed, taken = timed(peer.add_and_take, new[done : done + BATCH])
        pairs += elapsed
        complete += _finished(peer, taken, seen)
    return pairs, complete


def _finished(peer: Peer, taken: Sequence[Any], seen: list[str] | None) -> int:
    if seen is not None:
        seen += map(peer.name_of, taken)
    return timed(peer.finish, taken)[0]


def contenders(workload: str, n: int) -> list[str]:
    """Those who can do a workload, and are not too slow for n tasks."""
    return [
        name
        for name in taking_part()
        if workload not in PEERS[name].leaves_out
        and n <= PEERS[name].largest_in(workload)
        and n <= LARGEST_IN.get(workload, n)
    ]


class Patience:
    """The seconds since the first step: a repeat that comes too late is not run."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.start: float | None = None

    def play(self, name: str, workload: str, n: int, number: int) -> list[Sample]:
        """Run one workload once, unless it is a large repeat and patience is at its end."""
        self.start = self.start or monotonic()
        if number and n >= MANY and monotonic() - self.start > self.seconds:
            return []
        return play(name, workload, n, number)


def rounds(max_n: int, repeats: int, every: int) -> list[tuple[int, int]]:
    """Each size with the number of each of its repeats, in the order in which they are run.

    The large sizes take turns, the largest first: if time runs out, it has been repeated most.
    """
    here = [n for n in sizes(max_n, every=every) if n >= SMALLEST]
    small = [(n, number) for n in here if n < MANY for number in range(repeats)]
    large = [n for n in reversed(here) if n >= MANY]
    return small + [(n, number) for number in range(min(repeats, FEW_REPEATS)) for n in large]


def steps(
    max_n: int, repeats: int = REPEATS, every: int = 2, patience: float = PATIENCE
) -> Sequence[Step]:
    """One step for each peer in each repeat of each workload, at powers of four to ``max_n``.

    patience: seconds after which no large size is repeated.
    """
    shuffle, player = Random(), Patience(patience)
    todo: list[Step] = []
    for n, number in rounds(max_n, repeats, every):
        for workload in WORKLOADS:
            peers = contenders(workload, n)
            shuffle.shuffle(peers)
            for name in peers:
                run = partial(player.play, name, workload, n, number)
                todo.append(Step(f"{workload}, {name}, n = {n:,}", n + 500, run))
    return todo


def again(samples: Sequence[Sample]) -> tuple[list[Sample], list[Step]]:
    """What is kept of the samples, and the steps that measure again what is disturbed."""
    dubious = {((r.workload, r.n), r.peer) for r in summary(samples) if r.disturbed}
    kept, rounds = to_repeat(
        samples, dubious, lambda s: (s.workload, s.n), lambda s: s.peer, RAW_HEAP
    )
    todo = []
    for r in rounds:
        workload, n = r.group
        for name in r.names:
            run = partial(play, name, workload, n, r.number)
            todo.append(Step(f"again, {workload}, {name}, n = {n:,}", n + 500, run))
    return kept, todo


def summary(samples: Iterable[Sample]) -> list[Race]:
    """Medians over the repeats; a repeat in which the raw heap is missing gives no ratio."""
    groups: dict[tuple[str, str, int], list[Sample]] = {}
    for s in samples:
        groups.setdefault((s.workload, s.peer, s.n), []).append(s)
    raw = {
        (workload, n, s.number): s.total_ns
        for (workload, peer, n), repeats in groups.items()
        if peer == RAW_HEAP
        for s in repeats
    }
    races = []
    for (workload, peer, n), repeats in groups.items():
        ratios = [
            s.total_ns / raw[workload, n, s.number]
            for s in repeats
            if (workload, n, s.number) in raw
        ]
        races.append(
            Race(
                peer,
                workload,
                n,
                len(repeats),
                median(s.add_ns for s in repeats),
                median(s.take_ns for s in repeats),
                median(s.complete_ns for s in repeats),
                median(s.total_ns for s in repeats),
                *quartiles([s.total_ns for s in repeats]),
                median(ratios) if ratios else float("nan"),
                samples=packed((s.number, s.total_ns) for s in repeats),
            )
        )
    order = list(PEERS)
    races = marked(
        races, lambda r: (r.workload, r.peer), lambda r: Cost(r.n, r.total_ns, r.q1_ns, r.q3_ns)
    )
    return sorted(races, key=lambda r: (WORKLOADS.index(r.workload), order.index(r.peer), r.n))
