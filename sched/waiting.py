"""WaitingHeap: the tasks whose time is still to come.

A table from id to entry, and beside it a heap of (run_at, id). Only the table knows the entry, so
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


class WaitingHeap(dict[int, TaskEntry]):
    """Entries by id, and in the order of ``(run_at, id)``.

    Invariant: the heap holds the pair of each entry in the table once, and of no more removed
    ones than there are entries, plus a few.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []

    def add(self, entry: TaskEntry) -> None:
        """Put an entry in."""
        heappush(self._heap, (entry[1], entry[2]))
        self[entry[2]] = entry

    def remove(self, task_id: int) -> TaskEntry | None:
        """Take an entry out; None if there is none of this id."""
        entry = self.pop(task_id, None)
        if len(self._heap) > 2 * len(self) + SPARE:
            entries = dict(self)
            self.clear()  # a dict gives memory back only when it is cleared
            self.update(entries)
            self._heap = [(entry[1], entry[2]) for entry in entries.values()]
            heapify(self._heap)
        return entry

    def first_due(self) -> float | None:
        """The time of the entry that is due first, epoch seconds, or None."""
        while self._heap and self._heap[0][1] not in self:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> Iterator[TaskEntry]:
        """Take out the entries whose time has come, one by one, first due first."""
        while self._heap and self._heap[0][0] <= now:
            entry = self.pop(heappop(self._heap)[1], None)
            if entry is not None:
                yield entry

    def in_order(self) -> list[TaskEntry]:
        """All entries, first due first."""
        return sorted(self.values(), key=by_run_at)

    def check(self) -> None:
        """Raise AssertionError if the invariant does not hold."""
        heap = self._heap
        if any(heap[i] < heap[(i - 1) // 2] for i in range(1, len(heap))):
            raise AssertionError("the waiting tasks are not a heap")
        if sorted(pair for pair in heap if pair[1] in self) != [*map(by_run_at, self.in_order())]:
            raise AssertionError("a waiting task is not in the heap once")
        if len(heap) > 2 * len(self) + SPARE:
            raise AssertionError("removed tasks outnumber the waiting ones")


def by_run_at(entry: TaskEntry) -> tuple[float, int]:
    """The order of waiting tasks."""
    return entry[1], entry[2]
