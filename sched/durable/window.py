"""Window: the next ready tasks, in memory; the others stay on disk, and the order is exact.

Invariant: each ready task that is not in the window is greater than the *boundary*, and each that
is in it is not. So the smallest one in the window is the smallest of all. A task that becomes ready
(added, due, or with a new priority) enters if it is at or below the boundary, and stays on disk
otherwise. When the window is empty, the next ones are read; when it has grown to twice its size,
the greater half is dropped, which loses nothing, for all of it is on disk. Both cost O(log n) a
task, spread over those that came and went.
"""

from collections.abc import Callable
from math import inf
from typing import Any

from sched.durable.disk_table import DiskTable
from sched.entry import TaskEntry
from sched.queue import Queue

NOTHING: tuple[Any, ...] = (-inf,)  # as a boundary: all ready tasks are on disk alone
SPARE = 64  # entries that are left behind in a small queue, and not cleared away yet


class Window:
    """queue: the class that holds the entries; size: how many tasks are read at once."""

    def __init__(self, queue: Callable[[], Queue], size: int, table: DiskTable) -> None:
        self.new_queue, self.size, self.table = queue, size, table
        self.queue = queue()
        self.live: dict[int, TaskEntry] = {}
        self.left_behind = 0  # the others in the queue
        self.boundary: tuple[Any, ...] | None = NOTHING  # None: all that is ready is here

    def offer(self, entry: TaskEntry) -> None:
        """A task has become ready. O(log n) amortised."""
        if self.boundary is None or entry[:3] <= self.boundary:
            self.queue.push(entry)
            self.live[entry[2]] = entry
            if len(self.live) > 2 * self.size:
                self._shrink()

    def forget(self, task_id: int) -> None:
        """A task is no longer ready, or no longer with this entry. O(1) amortised."""
        if self.live.pop(task_id, None) is not None:
            self.left_behind += 1
            if self.left_behind > len(self.live) + SPARE:
                self._load(list(self.live.values()))

    def clear(self) -> None:
        """More has become ready than anybody has looked at: read it all anew. O(1)."""
        self._load([])
        self.boundary = NOTHING

    def peek(self) -> TaskEntry | None:
        """The first ready task of all, left where it is. O(log n) amortised."""
        while True:
            try:
                entry: TaskEntry = self.queue.peek()
            except IndexError:
                if self.boundary is None:
                    return None
                self._refill()
                continue
            if self.live.get(entry[2]) is entry:
                return entry
            self.queue.pop()
            self.left_behind -= 1

    def pop(self) -> TaskEntry | None:
        """The first ready task of all, taken out. O(log n) amortised."""
        while True:
            try:
                entry: TaskEntry = self.queue.pop()
            except IndexError:
                if self.boundary is None:
                    return None
                self._refill()
                continue
            if self.live.get(entry[2]) is entry:
                del self.live[entry[2]]
                return entry
            self.left_behind -= 1

    def _refill(self) -> None:
        entries, more = self.table.ready_entries(self.size)
        self.boundary = entries[-1][:3] if more else None
        self._load(entries)

    def _shrink(self) -> None:
        kept = sorted(self.live.values())[: self.size]
        self.boundary = kept[-1][:3]
        self._load(kept)

    def _load(self, entries: list[TaskEntry]) -> None:
        self.live = {entry[2]: entry for entry in entries}
        self.queue, self.left_behind = self.new_queue(), 0
        self.queue.load(entries)
