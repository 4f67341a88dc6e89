"""Looks: what can be asked of a table of tasks, and what is refused. Nothing here is a move.

A look lets in what has arrived and what is due, so that it sees all that had come when it was made.
What takes long (sorting, making snapshots) is done on a copy, after the lock is released.
"""

from heapq import nsmallest
from math import inf
from typing import Any

from sched.entry import TaskEntry
from sched.ledger import over, unknown
from sched.metrics import Metrics
from sched.task import (
    InvalidTransitionError,
    QueueFullError,
    RunningTask,
    Task,
    TaskStatus,
    pending_task,
)
from sched.task_table import TaskTable
from sched.waiting import by_run_at


class Looks(TaskTable):
    """The half of a MemoryLedger that only looks; see Ledger for what each method returns."""

    name: str
    max_pending: float

    def peek(self) -> Task | None:
        found = None
        with self.lock:
            self.catch_up()
            if self.tombstones:
                self.clear_tombstones()
            if self.count_pending() > len(self.waiting):
                found = pending_task(self._first(), self.name)
        self.dropped.clear()
        return found

    def _first(self) -> TaskEntry:
        """The first current entry, left in the queue; there is one. O(log n) for each tombstone."""
        entry: TaskEntry
        while not self.is_current(entry := self.queue.peek()):
            self.mark = True
            self.dropped.append(self.queue.pop())
            self.tombstones -= 1
            self.mark = False
        return entry

    def find(self, task_id: int) -> Task | None:
        with self.lock:
            self.catch_up()
            item = self.table.get(task_id)
        self.dropped.clear()
        return pending_task(item, self.name) if isinstance(item, tuple) else item

    def pending(self, limit: int | None = None) -> tuple[float, list[Task]]:
        with self.lock:
            now = self.catch_up()
            items = list(self.table.values())
        self.dropped.clear()
        entries = [item for item in items if isinstance(item, tuple)]
        ready = [entry for entry in entries if entry[1] <= now]
        later = [entry for entry in entries if entry[1] > now]
        if limit is None:
            ready.sort()
            later.sort(key=by_run_at)
        else:
            ready = nsmallest(limit, ready)
            later = nsmallest(limit - len(ready), later, key=by_run_at)
        return now, [pending_task(entry, self.name) for entry in ready + later]

    def running(self) -> list[Task]:
        with self.lock:
            items = list(self.table.values())
        running = [item for item in items if type(item) is RunningTask]
        return sorted(running, key=lambda task: task.number)

    def dead(self) -> list[Task]:
        with self.lock:
            self.catch_up()
            return [self.table[task_id] for task_id in self.dead_ids]  # type: ignore[misc]

    def counts(self) -> Metrics:
        with self.lock:
            self.catch_up()
            waiting = len(self.waiting)
            return Metrics(
                added=self.added,
                ready=self.count_pending() - waiting,
                waiting=waiting,
                running=self.count_running(),
                succeeded=self.succeeded,
                failed=self.failed,
                cancelled=self.cancelled + self.aborted,
                retried=self.retried,
                dead_letters=len(self.dead_ids),
            )

    def __len__(self) -> int:
        with self.lock:
            if self.mark:
                self.catch_up()
            return self.count_pending() + len(self.arrivals)

    def next_run_time(self) -> float | None:
        with self.lock:
            now = self.catch_up()
            if self.count_pending() > len(self.waiting):
                return now
            return None if self.waiting.due == inf else self.waiting.due

    def check(self) -> None:
        with self.lock:
            now = self.catch_up()
            self.check_indexes(now)

    # --- refusals: with the lock held, before anything is changed ---------------------------------

    def require_hand_out(self, task: Task, now: float) -> RunningTask:
        """What the table has for a hand-out that is not over; or raise."""
        if self.mark:
            self.let_in(len(self.arrivals), now)
        item = self.table.get(task.id)
        if type(item) is RunningTask and item == task:
            return item
        status = (
            TaskStatus.PENDING if isinstance(item, tuple) else self.require_item(task.id).status
        )
        raise over(task, status)

    def require_item(self, task_id: int) -> Any:
        """What the table has for an id; or raise."""
        item = self.table.get(task_id)
        if item is None:
            raise unknown(task_id)
        return item

    def require_letter(self, task_id: int) -> Task:
        item = self.require_item(task_id)
        if isinstance(item, Task) and item.status is TaskStatus.FAILED:
            return item
        status = item.status if isinstance(item, Task) else TaskStatus.PENDING
        raise InvalidTransitionError(f"task {task_id} is {status}, not a dead letter")

    def require_room(self, n: int) -> None:
        pending = self.count_pending()
        if n and pending + n > self.max_pending:
            raise QueueFullError(
                f"no room for {n} more: {pending} tasks are pending, "
                f"max_pending is {self.max_pending}"
            )
