"""SortedListScheduler: the ready tasks in a list that is kept sorted.

The next task is always the first, so taking it costs nothing: a head index moves on by one, and
the part behind it is cut off now and then. Adding pays. Bisection finds the place in log2 n
comparisons, then every later entry moves up by one: O(n) moves. A move is one pointer of a block
that the processor copies at once, hundreds of times cheaper than a comparison, which is why this
list keeps up with a heap to about a thousand tasks, and then no longer.

    add         O(n)              log2 n comparisons, then up to n moves
    take next   O(1) amortised    the head moves on
    look        O(1)
    load n      O(n log n)        one sort

Binary search: D. E. Knuth, "The Art of Computer Programming", vol. 3, 6.2.1, 1973.
"""

from bisect import insort
from collections.abc import Iterator

from sched.base import Scheduler
from sched.queue import Entry, Queue


class SortedListQueue(Queue):
    """Invariant: ``list`` ascends from index ``head`` on; before it there is only None."""

    def __init__(self) -> None:
        self.list: list[Entry] = []
        self.head = 0

    def push(self, entry: Entry) -> None:
        insort(self.list, entry, lo=self.head)

    def pop(self) -> Entry:
        entry = self.list[self.head]
        self.list[self.head] = None  # the entry must not outlive its task
        self.head += 1
        if self.head * 2 > len(self.list):  # n moves every n takes: O(1) for each
            del self.list[: self.head]
            self.head = 0
        return entry

    def peek(self) -> Entry:
        return self.list[self.head]

    def extend(self, entries: list[Entry]) -> None:
        if len(entries) < len(self):
            super().extend(entries)
        else:  # one sort, which finds the part that is in order already
            self.load(self.list[self.head :] + entries)

    def load(self, entries: list[Entry]) -> None:
        entries.sort()
        self.list, self.head = entries, 0

    def __len__(self) -> int:
        return len(self.list) - self.head

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.list[self.head :])

    def check(self) -> None:
        if any(entry is not None for entry in self.list[: self.head]):
            raise AssertionError("an entry is left before the head")
        for i in range(self.head + 1, len(self.list)):
            if self.list[i] < self.list[i - 1]:
                raise AssertionError(f"list[{i}] is smaller than the entry before it")


class SortedListScheduler(Scheduler):
    """A scheduler with nothing to do when a task is taken, and everything when one is added."""

    queue = SortedListQueue
