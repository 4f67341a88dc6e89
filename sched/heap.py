"""HeapScheduler: the ready tasks in a binary heap.

A binary heap is a list in which no entry is smaller than its parent: the parent of the entry at
index i stands at index (i - 1) // 2, and the smallest entry of all at index 0. Nothing else is in
order, and that is the saving: to add or to remove one entry, it is enough to repair the one path
between the root and a leaf, and a heap of n entries is only log2 n levels deep.

    add         O(log n)    at the last leaf, then up while smaller than its parent
    take next   O(log n)    the last leaf fills the root's place: down to a leaf, then back up
    look        O(1)        the root
    load n      O(n)        heapify, from the last parent to the root

J. W. J. Williams, "Algorithm 232: Heapsort", 1964; heapify: R. W. Floyd, "Algorithm 245", 1964.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush, heappushpop

from sched.base import Scheduler
from sched.queue import Entry, Queue


class HeapQueue(Queue):
    """Invariant: no entry of ``heap`` is smaller than its parent."""

    def __init__(self) -> None:
        self.heap: list[Entry] = []

    def push(self, entry: Entry) -> None:
        heappush(self.heap, entry)

    def pop(self) -> Entry:
        return heappop(self.heap)

    def peek(self) -> Entry:
        return self.heap[0]

    def pushpop(self, entry: Entry) -> Entry:
        return heappushpop(self.heap, entry)

    def extend(self, entries: list[Entry]) -> None:
        if len(entries) < len(self.heap) + 1000:
            super().extend(entries)
        else:  # a heap need not be sorted, but what is drains faster: it is read in one direction
            self.load(sorted(self.heap + entries))

    def load(self, entries: list[Entry]) -> None:
        heapify(entries)
        self.heap = entries

    def __len__(self) -> int:
        return len(self.heap)

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self.heap))

    def check(self) -> None:
        for i in range(1, len(self.heap)):
            if self.heap[i] < self.heap[(i - 1) // 2]:
                raise AssertionError(f"heap[{i}] is smaller than its parent")


class HeapScheduler(Scheduler):
    """A scheduler that stays fast at any size: O(log n) for each task added or taken."""

    queue = HeapQueue
