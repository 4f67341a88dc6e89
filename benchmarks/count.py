"""Counted: comparisons per operation at size n, exact and the same on every machine.

The entries count each time one is compared with another, and a scheduler's queue (``push``,
``pop``, ``load``) is driven with them, without names, clock or lock. A comparison is what a
data structure cannot do without, so this number, and no time, says how its cost grows.

Three things that would bend the counts, and how they are avoided:

- Counting while a queue fills would average over all smaller sizes. So n entries are loaded
  first, uncounted, and only a few operations (n/32) are counted at that size.
- Popping and pushing back the same entries leaves a heap in an order that random pushes never
  leave. So each case counts one kind of operation, on copies built afresh from their own seeds.
- A heap built by ``heapify`` is another kind of random heap than one grown by pushes: a push into
  it takes 2.6 comparisons instead of 2.3. Queues grow by pushes, so a heap is grown here too.

The average of a push into a grown heap, 2.28: R. Hayward and C. McDiarmid, "Average case analysis
of heap building by repeated insertion", Journal of Algorithms 12, 1991.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random
from typing import Any, TypeAlias

from benchmarks.subjects import (
    HEAP,
    LEVELS,
    MULTILEVEL,
    NAIVE,
    RESORTED,
    SORTED_LIST,
    sizes,
)
from benchmarks.sweep import Step
from sched.heap import HeapQueue
from sched.multilevel import MultilevelQueue
from sched.naive_sort import NaiveSortQueue
from sched.queue import Queue
from sched.sorted_list import SortedListQueue

# The ready side of each scheduler: what a task has beside its entry, it knows nothing of.
QUEUES: dict[str, Callable[[], Queue]] = {
    HEAP: HeapQueue,
    SORTED_LIST: SortedListQueue,
    NAIVE: NaiveSortQueue,
    MULTILEVEL: MultilevelQueue,
}

_comparisons = 0


class CountedEntry:
    """An entry that counts its comparisons, in one count for all."""

    __slots__ = ("rank",)

    def __init__(self, rank: float) -> None:
        self.rank = rank

    def __lt__(self, other: "CountedEntry") -> bool:
        global _comparisons  # a global is what Python increments fastest: this runs 10**8 times
        _comparisons += 1
        return self.rank < other.rank


class CountedPriority(float):
    """A priority that counts its comparisons in the same count: levels are compared by it."""

    __slots__ = ()

    def __lt__(self, other: float) -> bool:
        global _comparisons
        _comparisons += 1
        return float.__lt__(self, other)


class LevelEntry(tuple[CountedPriority, float, int, str, float]):
    """An entry as a scheduler makes them, that tells its level and counts its comparisons.

    One comparison is counted whether the priorities differ or the rest decides.
    """

    __slots__ = ()

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        global _comparisons
        _comparisons += 1
        return (float(self[0]), self[2]) < (float(other[0]), other[2])


def comparisons(operation: Callable[[], object]) -> int:
    """How many comparisons of CountedEntry the operation makes."""
    before = _comparisons
    operation()
    return _comparisons - before


@dataclass(frozen=True)
class Count:
    """Mean comparisons of one operation at size n, over so many operations."""

    subject: str
    operation: str
    n: int
    comparisons: float
    operations: int


Ranks: TypeAlias = Callable[[Random], Iterator[float]]
Experiment: TypeAlias = Callable[[Random, int], tuple[int, int]]  # -> comparisons, operations


def random_ranks(random: Random) -> Iterator[float]:
    return iter(random.random, None)


def descending_ranks(_: Random) -> Iterator[float]:
    """Each more urgent than all before: the worst case of a heap."""
    return (-float(i) for i in count(1))


def ascending_ranks(_: Random) -> Iterator[float]:
    """Each less urgent than all before: the best case of a heap, and a FIFO's only case."""
    return (1.0 + i for i in count(1))


def entries(ranks: Iterator[float], number: int) -> list[CountedEntry]:
    return [CountedEntry(next(ranks)) for _ in range(number)]


def loaded(name: str, random: Random, n: int) -> Queue:
    """A queue that holds n entries of random ranks, as if they had come one by one."""
    queue, fresh = QUEUES[name](), entries(random_ranks(random), n)
    if name == HEAP:
        for entry in fresh:
            queue.push(entry)
    else:  # the structure is the same however it was filled, and this way is quick
        if name == SORTED_LIST:
            fresh.sort(key=lambda entry: entry.rank)
        queue.load(fresh)
    return queue


def pushes(name: str, ranks: Ranks) -> Experiment:
    """Push some entries into a queue that holds n."""

    def experiment(random: Random, n: int) -> tuple[int, int]:
        queue, new = loaded(name, random, n), entries(ranks(random), few(n))
        return comparisons(lambda: [queue.push(entry) for entry in new]), len(new)

    return experiment


def pops(name: str) -> Experiment:
    """Pop some entries from a queue that holds n; a single one where each costs a sort."""

    def experiment(random: Random, n: int) -> tuple[int, int]:
        queue, times = loaded(name, random, n), 1 if name == NAIVE else few(n)
        return comparisons(lambda: [queue.pop() for _ in range(times)]), times

    return experiment


def loads(name: str) -> Experiment:
    """Load n entries at once into an empty queue: one operation."""

    def experiment(random: Random, n: int) -> tuple[int, int]:
        queue, new = QUEUES[name](), entries(random_ranks(random), n)
        return comparisons(lambda: queue.load(new)), 1

    return experiment


def level_entries(random: Random, number: int, *, levels: int | None) -> list[LevelEntry]:
    """Entries that came one after the other; levels: how many, or None for all different.

    All levels hold the same number, so that none runs empty while a few are popped.
    """
    priorities = [random.random() if levels is None else i % levels for i in range(number)]
    return [
        LevelEntry((CountedPriority(priority), float(i), i, "task", float(i)))
        for i, priority in enumerate(priorities)
    ]


def leveled(operation: str) -> Experiment:
    """Push some entries into ten levels that hold n, or pop some."""

    def experiment(random: Random, n: int) -> tuple[int, int]:
        queue, times = QUEUES[MULTILEVEL](), few(n)
        fresh = level_entries(random, n + times, levels=LEVELS)
        queue.load(fresh[:n])
        if operation == "push":
            return comparisons(lambda: [queue.push(entry) for entry in fresh[n:]]), times
        return comparisons(lambda: [queue.pop() for _ in range(times)]), times

    return experiment


def fill_and_drain_distinct() -> Experiment:
    """Push n entries that each have a priority of their own, and pop all: n times both.

    What is put off costs nothing in a push, and all of it in the first pop after it. So a push
    and a pop are counted together here, and on average.
    """

    def experiment(random: Random, n: int) -> tuple[int, int]:
        queue, fresh = QUEUES[MULTILEVEL](), level_entries(random, n, levels=None)

        def fill_and_drain() -> None:
            for entry in fresh:
                queue.push(entry)
            for _ in fresh:
                queue.pop()

        return comparisons(fill_and_drain), n

    return experiment


def resorts() -> Experiment:
    """Append one entry to a sorted list of n and sort it in place, some times.

    This is what the naive sort would be if it kept its list: Timsort finds the run of n that is
    in order already, and merges one entry into it.
    """

    def experiment(random: Random, n: int) -> tuple[int, int]:
        ranks = random_ranks(random)
        kept = sorted(entries(ranks, n), key=lambda entry: entry.rank)
        new = entries(ranks, min(few(n), 8))

        def add_each() -> None:
            for entry in new:
                kept.append(entry)
                kept.sort()

        return comparisons(add_each), len(new)

    return experiment


def few(n: int) -> int:
    """Operations on one copy: so few that the size stays n to within 3 %."""
    return min(n // 32, 1024)


ORDERS: dict[str, Ranks] = {
    "random": random_ranks,
    "descending": descending_ranks,
    "ascending": ascending_ranks,
}

EXPERIMENTS: dict[tuple[str, str], Experiment] = {
    **{(HEAP, f"push {order}"): pushes(HEAP, ranks) for order, ranks in ORDERS.items()},
    (HEAP, "pop"): pops(HEAP),
    (HEAP, "load"): loads(HEAP),
    **{
        (SORTED_LIST, f"push {order}"): pushes(SORTED_LIST, ranks)
        for order, ranks in ORDERS.items()
    },
    (SORTED_LIST, "pop"): pops(SORTED_LIST),
    (NAIVE, "push random"): pushes(NAIVE, random_ranks),
    (NAIVE, "pop"): pops(NAIVE),
    (RESORTED, "push random"): resorts(),
    (MULTILEVEL, "push 10 levels"): leveled("push"),
    (MULTILEVEL, "pop 10 levels"): leveled("pop"),
    (MULTILEVEL, "push + pop distinct"): fill_and_drain_distinct(),
}


ENTRIES = 2**14  # of all copies together, so that small sizes are no less exact


def count_at(subject: str, operation: str, n: int, at_least: int = ENTRIES) -> list[Count]:
    """Count one operation at one size, on so many copies that they hold that many entries."""
    total, operations = 0, 0
    for copy in range(max(1, at_least // n)):
        random = Random(f"{subject} {operation} {n} {copy}")
        counted, times = EXPERIMENTS[subject, operation](random, n)
        total, operations = total + counted, operations + times
    return [Count(subject, operation, n, total / operations, operations)]


def steps(max_n: int, at_least: int = ENTRIES) -> Sequence[Step]:
    """One step for each operation of each structure at each size to ``max_n``."""
    return [
        Step(
            f"{subject} {operation}, n = {n:,}",
            max(n, at_least),
            partial(count_at, subject, operation, n, at_least),
        )
        for n in sizes(max_n)
        for subject, operation in EXPERIMENTS
    ]
