"""Standing: what is in memory of a ledger on disk, and the steps of which moves are made.

For the one thread that writes. In memory are the window of the next ready tasks, those that are
running, the ids of those that have ended as far as they are remembered, and the counters; all else
is in the file. Should a move break half-way, or a write fail, the transaction is undone, and
``load`` makes anew from the file all that is in memory.
"""

import sqlite3
from collections import OrderedDict, deque
from collections.abc import Callable
from math import inf
from typing import Any

from sched.durable.counters import Counters
from sched.durable.damage import DamagedError
from sched.durable.disk_table import DiskTable
from sched.durable.rows import Item
from sched.durable.schema import FAILED, READY, RUNNING, WAITING
from sched.durable.window import Window
from sched.entry import Details, TaskEntry, details_of, moved
from sched.ledger import over, unknown
from sched.queue import Queue
from sched.task import (
    FinishedTask,
    InvalidTransitionError,
    QueueFullError,
    RunningTask,
    Task,
    TaskStatus,
)

MANY = 1_000  # due tasks: more are promoted without being read


class Standing:
    """The arguments are as Scheduler has them; opening: how often the file has been opened.

    Hand-outs are numbered from the opening on: no number is given twice, whatever was lost."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        name: str,
        opening: int,
        *,
        queue: Callable[[], Queue],
        window: int,
        now: Callable[[], float],
        history: int,
        max_dead_letters: int | None,
        max_pending: int | None,
        aging: float | None,
    ) -> None:
        self.connection, self.name, self.clock = connection, name, now
        self.table = DiskTable(connection, name)
        self.window = Window(queue, window, self.table)
        self.history, self.aging = history, aging
        self.max_dead_letters = inf if max_dead_letters is None else max_dead_letters
        self.max_pending = inf if max_pending is None else max_pending
        self.opening, self.handed_out = opening, opening << 32
        self.load()

    # --- the transaction --------------------------------------------------------------------------

    def load(self) -> None:
        """Make all that is in memory anew from the file. O(window + what has ended)."""
        self.table.forget()
        self.window.clear()
        self.counters = Counters.read(self.connection)
        self.running: dict[int, RunningTask] = {
            item.task.id: item.task
            for item in self.table.running()
            if isinstance(item.task, RunningTask)
        }
        ended = list(self.table.ended())
        self.dead_ids = OrderedDict.fromkeys(i for i, state in ended if state == FAILED)
        self.finished_ids = deque(i for i, state in ended if state != FAILED)
        self.forget_oldest()
        self.forget_oldest_letters()
        self.due: float = -inf  # no waiting task is due before; looked up when it has come
        self.due_is_exact = False

    def write(self) -> None:
        """Write what has changed, into the transaction that is open. O(changes)."""
        self.table.write()

    def commit(self) -> None:
        """Make all that has changed last. O(changes)."""
        self.table.write()
        if self.connection.in_transaction:
            self.counters.write(self.connection, self.opening)
            self.connection.execute("COMMIT")

    def undo(self) -> None:
        """Make undone what has not been committed. O(window + what has ended)."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self.load()

    # --- the steps of a move ----------------------------------------------------------------------

    def move(
        self, entry: TaskEntry, run_at: float, now: float, state: int | None = None, **changes: Any
    ) -> TaskEntry:
        """A task is PENDING with another entry."""
        priority = changes.get("priority", details_of(entry).priority)
        new = moved(entry, self.rank(priority, run_at), run_at, **changes)
        self.table.put(new[2], Item(self.enter(new, now, state), new))
        return new

    def enter(self, entry: TaskEntry, now: float, state: int | None = None) -> int:
        """Count a task as ready or waiting, whichever it is, and offer it to the window."""
        if state is None:
            state = READY if entry[1] <= now else WAITING
        if state == READY:
            self.counters.ready += 1
            self.window.offer(entry)
        else:
            self.counters.waiting += 1
            self.due = min(self.due, entry[1])
        return state

    def leave(self, task_id: int, state: int) -> None:
        """A pending task stands where it stood no longer."""
        if state == READY:
            self.counters.ready -= 1
            self.window.forget(task_id)
        else:
            self.counters.waiting -= 1
            self.due_is_exact = False

    def succeed(self, done: FinishedTask, at: float, result: Any) -> None:
        """A task that ran has succeeded, and goes into the history. O(1)."""
        entry, counters = done.entry, self.counters
        task_id = entry[2]
        del self.running[task_id]
        counters.succeeded += 1
        counters.last_ended = ended = counters.last_ended + 1
        if type(entry[3]) is not str:  # most have no key
            self.free_key(entry)
        self.table.succeed(done, task_id, ended, at, result)
        self.finished_ids.append(task_id)
        if len(self.finished_ids) > self.history:
            self.forget_oldest()

    def end(self, done: FinishedTask, state: int) -> None:
        self.counters.last_ended += 1
        self.free_key(done.entry)
        self.table.put(done.entry[2], Item(state, done, self.counters.last_ended))

    def free_key(self, entry: TaskEntry) -> None:
        if isinstance(entry[3], Details) and entry[3].key is not None:
            self.table.keys[entry[3].key] = None

    def finish(self, done: FinishedTask, state: int) -> None:
        """A task has ended, and goes into the history."""
        self.end(done, state)
        self.finished_ids.append(done.entry[2])
        if len(self.finished_ids) > self.history:
            self.forget_oldest()

    def forget_oldest(self) -> None:
        while len(self.finished_ids) > self.history:
            self.table.delete(self.finished_ids.popleft())

    def forget_oldest_letters(self) -> None:
        """Keep no more dead letters than are to be kept. O(1) for each."""
        while len(self.dead_ids) > self.max_dead_letters:
            self.table.delete(self.dead_ids.popitem(last=False)[0])

    def enter_new(
        self,
        now: float,
        priority: int | float,
        payload: str | Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry:
        if run_at is None:
            run_at = now + (delay or 0)
        if self.aging is not None and isinstance(payload, str):
            payload = Details(payload, priority)
        self.counters.last_id = task_id = self.counters.last_id + 1
        entry = (self.rank(priority, run_at), run_at, task_id, payload, now)
        self.counters.added += 1
        if isinstance(payload, Details) and payload.key is not None:
            self.table.keys[payload.key] = task_id
        self.table.add(task_id, Item(self.enter(entry, now), entry))
        return entry

    def rank(self, priority: int | float, run_at: float) -> int | float:
        return priority if self.aging is None else priority + run_at / self.aging

    def give_up(self, task_id: int) -> None:
        """Forget a task whose row is damaged. O(log n), O(history) for one that has ended."""
        state = self.table.state_of(task_id)
        if state < RUNNING:
            self.leave(task_id, state)
        self.dead_ids.pop(task_id, None)
        if task_id in self.finished_ids:
            self.finished_ids.remove(task_id)
        self.table.delete(task_id)
        self.table.write()  # its key, which is not known, is free

    # --- time -------------------------------------------------------------------------------------

    def now(self) -> float:
        return float(self.clock())

    def catch_up(self) -> float:
        """Promote what is due. Returns now."""
        now = float(self.clock())
        if self.due <= now:
            self._promote(now)
        return now

    def _promote(self, now: float) -> None:
        try:
            due = self.table.due(now, MANY)
        except DamagedError:  # it is for whoever comes to take it, and keeps nobody else up
            due = None
        if due is not None and len(due) < MANY:
            for item in due:
                entry: Any = item.task
                self.table.put(entry[2], Item(READY, entry))
                self.window.offer(entry)
            promoted = len(due)
        else:
            promoted = self.table.promote(now)
            self.window.clear()
        self.counters.ready += promoted
        self.counters.waiting -= promoted
        self.look_up_due()

    def look_up_due(self) -> None:
        """Ask the table when the first waiting task is due. O(log n)."""
        first = self.table.first_due() if self.counters.waiting else None
        self.due = inf if first is None else first
        self.due_is_exact = True

    # --- refusals: before anything is changed -----------------------------------------------------

    def item(self, task_id: int) -> Item | None:
        """What a task is, wherever it is; None if there is none of this id. O(log n)."""
        if (task := self.running.get(task_id)) is not None:
            return Item(RUNNING, task)
        if (entry := self.window.live.get(task_id)) is not None:
            return Item(READY, entry)
        return self.table.get(task_id)

    def require_item(self, task_id: int) -> Item:
        if (item := self.item(task_id)) is None:
            raise unknown(task_id)
        return item

    def require_hand_out(self, task: Task) -> RunningTask:
        hand_out = self.running.get(task.id)
        if hand_out is not None and (hand_out is task or hand_out == task):
            return hand_out
        item = self.require_item(task.id).task
        status = TaskStatus.PENDING if isinstance(item, tuple) else item.status
        raise over(task, status)

    def require_letter(self, task_id: int) -> Task:
        item = self.require_item(task_id).task
        if isinstance(item, Task) and item.status is TaskStatus.FAILED:
            return item
        status = TaskStatus.PENDING if isinstance(item, tuple) else item.status
        raise InvalidTransitionError(f"task {task_id} is {status}, not a dead letter")

    def require_room(self, n: int) -> None:
        pending = self.counters.pending
        if n and pending + n > self.max_pending:
            raise QueueFullError(
                f"no room for {n} more: {pending} tasks are pending, "
                f"max_pending is {self.max_pending}"
            )
