"""NaiveSortScheduler: the ready tasks as they came, all of them sorted at every step.

The obvious way: keep a list, and to find the next task, sort it. It is right, and it forgets all
that the last sort found out, so every step pays O(n log n) again. It is here to be measured.

The sort is of a copy. Sorting the list in place would leave it nearly sorted for the next step,
and on such a list Python's sort takes about n comparisons, not n log n: it finds the runs that
are in order already (Timsort). That would be a better scheduler, but not the naive one.

    add         O(1)
    take next   O(n log n)
    look        O(n log n)
    load n      O(1)

T. Peters, "listsort.txt" in CPython's sources, 2002.
"""

from collections.abc import Iterator

from sched.base import Scheduler
from sched.queue import Entry, Queue


class NaiveSortQueue(Queue):
    """Invariant: none but that ``arrivals`` holds the entries; their order says nothing."""

    costly_pop = True  # it sorts

    def __init__(self) -> None:
        self.arrivals: list[Entry] = []

    def push(self, entry: Entry) -> None:
        self.arrivals.append(entry)

    def pop(self) -> Entry:
        first = self.peek()
        self.arrivals.remove(first)
        return first

    def peek(self) -> Entry:
        return sorted(self.arrivals)[0]

    def load(self, entries: list[Entry]) -> None:
        self.arrivals = entries

    def __len__(self) -> int:
        return len(self.arrivals)

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self.arrivals))

    def check(self) -> None:
        """Any order is a right one."""


class NaiveSortScheduler(Scheduler):
    """A scheduler that sorts everything to find one task: O(n log n) for each task taken."""

    queue = NaiveSortQueue
