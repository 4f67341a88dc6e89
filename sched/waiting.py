"""WaitingHeap: the tasks whose time is still to come.

A heap of (run_at, id), and beside it a table from id to entry. Only the table knows the entry, so
that a waiting task gets another priority by one assignment, and is cancelled by one deletion; the
pair it leaves in the heap is skipped when its time comes.

    add         O(log n)
    first due   O(1) amortised
    remove      O(1) amortised
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

from sched.task import TaskEntry

SPARE = 64  # tombstones that are never worth clearing away


class WaitingHeap:
    """Entries by id, and in the order of ``(run_at, id)``.

    Invariant: the heap holds the pair of each entry in the table once, and of no more removed
    ones than there are entries, plus a few.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        self._entries: dict[int, TaskEntry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, task_id: int) -> bool:
        return task_id in self._entries

    def __iter__(self) -> Iterator[TaskEntry]:
        return iter(self._entries.values())

    def get(self, task_id: int) -> TaskEntry | None:
        return self._entries.get(task_id)

    def add(self, entry: TaskEntry) -> None:
        heappush(self._heap, (entry[1], entry[2]))
        self._entries[entry[2]] = entry

    def replace(self, entry: TaskEntry) -> None:
        """Exchange an entry for one with the same run_at and id."""
        self._entries[entry[2]] = entry

    def remove(self, task_id: int) -> TaskEntry | None:
        entry = self._entries.pop(task_id, None)
        if len(self._heap) > 2 * len(self._entries) + SPARE:
            self._entries = dict(self._entries)  # a dict gives memory back only when copied
            self._heap = [(entry[1], entry[2]) for entry in self._entries.values()]
            heapify(self._heap)
        return entry

    def first_due(self) -> float | None:
        """The time of the entry that is due first, epoch seconds, or None."""
        while self._heap and self._heap[0][1] not in self._entries:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> Iterator[TaskEntry]:
        """Remove the entries whose time has come, one by one, first due first."""
        while self._heap and self._heap[0][0] <= now:
            entry = self._entries.pop(heappop(self._heap)[1], None)
            if entry is not None:
                yield entry

    def check(self) -> None:
        """Raise AssertionError if the invariant does not hold."""
        heap = self._heap
        if any(heap[i] < heap[(i - 1) // 2] for i in range(1, len(heap))):
            raise AssertionError("the waiting tasks are not a heap")
        pairs = sorted(pair for pair in heap if pair[1] in self._entries)
        if pairs != sorted((entry[1], entry[2]) for entry in self):
            raise AssertionError("a waiting task is not in the heap once")
        if len(heap) > 2 * len(self._entries) + SPARE:
            raise AssertionError("removed tasks outnumber the waiting ones")
