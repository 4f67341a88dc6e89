"""What is measured: each scheduler, and the bare heap that all of them are compared with.

A scheduler joins the benchmarks by one line in SCHEDULERS; anything else that can be loaded,
added to and taken from joins by a subclass of Queue and one line in QUEUES. The loops that are
timed live here, in each class its own, so that no call stands between the loop and what it times.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random
from time import perf_counter_ns

from sched import (
    HeapScheduler,
    MultilevelScheduler,
    NaiveSortScheduler,
    Scheduler,
    SortedListScheduler,
    Task,
)

SMALLEST = 2**7
LARGEST = 2**20
QUICK = 2**14
LEVELS = 10  # different priorities, where there are few

HEAP, SORTED_LIST, NAIVE = "HeapScheduler", "SortedListScheduler", "NaiveSortScheduler"
MULTILEVEL = "MultilevelScheduler"
RAW_HEAP = "raw heapq"  # the floor: tuples (priority, n, name), heappush and heappop
RESORTED = "re-sorted list"  # counted only: append, then list.sort() in place

SCHEDULERS: dict[str, Callable[[], Scheduler]] = {
    HEAP: HeapScheduler,
    SORTED_LIST: SortedListScheduler,
    NAIVE: NaiveSortScheduler,
    MULTILEVEL: MultilevelScheduler,
}

Row = tuple[int, str]  # priority and name, made before any clock starts


def sizes(largest: int, *, every: int = 1) -> list[int]:
    """The powers of two from 2**7 to ``largest``, ascending. O(log largest).

    every: 2 for every second one, and so on, counted from the largest down.
    """
    smallest = SMALLEST.bit_length() - 1
    return [2**exponent for exponent in range(largest.bit_length() - 1, smallest - 1, -every)][::-1]


@cache
def names(number: int) -> list[str]:
    """Names for so many tasks, made once."""
    return [f"task {i}" for i in range(number)]


def random_rows(number: int, seed: str, lowest: int = 0, highest: int = 2**40) -> list[Row]:
    """Rows of random priorities from ``lowest`` to below ``highest``. O(number)."""
    random = Random(seed)
    span = highest - lowest
    return [(lowest + int(random.random() * span), name) for name in names(number)]


class Queue(ABC):
    """One queue under measurement: filled untimed, then timed for some operations."""

    @abstractmethod
    def load(self, rows: Sequence[Row]) -> None:
        """Put all rows into this empty queue, untimed, as fast as it can."""

    @abstractmethod
    def add(self, rows: Sequence[Row]) -> int:
        """Add the rows one by one. Returns nanoseconds for all of them."""

    @abstractmethod
    def take(self, number: int) -> int:
        """Take so many out, one by one. Returns nanoseconds for all of them."""


class SchedulerQueue(Queue):
    """A scheduler through its public methods, with all it does: checks, lock, clock, states."""

    def __init__(self, make: Callable[[], Scheduler]) -> None:
        self.scheduler = make()

    def load(self, rows: Sequence[Row]) -> None:
        self.scheduler.add_tasks(rows)

    def add(self, rows: Sequence[Row]) -> int:
        add_task = self.scheduler.add_task
        start = perf_counter_ns()
        for priority, name in rows:
            add_task(priority, name)
        self.scheduler.metrics()  # lets in what was added: nothing is put off until a take
        return perf_counter_ns() - start

    def take(self, number: int) -> int:
        take, times = self.scheduler.get_next_task, range(number)
        start = perf_counter_ns()
        tasks = [take() for _ in times]
        elapsed = perf_counter_ns() - start
        # Untimed: a worker completes what it takes, so that no table of RUNNING tasks grows.
        for task in tasks:
            assert isinstance(task, Task)
            self.scheduler.complete(task)
        return elapsed


class RawHeap(Queue):
    """The standard library's heap of tuples: what a user would write without a scheduler."""

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, str]] = []
        self.number = count()

    def load(self, rows: Sequence[Row]) -> None:
        self.heap = [(priority, next(self.number), name) for priority, name in rows]
        heapify(self.heap)

    def add(self, rows: Sequence[Row]) -> int:
        heap, number = self.heap, self.number
        start = perf_counter_ns()
        for priority, name in rows:
            heappush(heap, (priority, next(number), name))
        return perf_counter_ns() - start

    def take(self, number: int) -> int:
        heap, times = self.heap, range(number)
        start = perf_counter_ns()
        taken = [heappop(heap) for _ in times]
        elapsed = perf_counter_ns() - start
        del taken
        return elapsed


def _queue_of(make: Callable[[], Scheduler]) -> Callable[[], Queue]:
    return lambda: SchedulerQueue(make)


QUEUES: dict[str, Callable[[], Queue]] = {
    **{name: _queue_of(make) for name, make in SCHEDULERS.items()},
    RAW_HEAP: RawHeap,
}
