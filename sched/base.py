"""Scheduler: the one interface, and everything that all schedulers share.

A task that is PENDING is on one of two sides. *Ready*: its time has come, and it stands in the
data structure of the subclass, ordered by (priority, run_at, id). *Waiting*: its time is still to
come, and it stands in lists sorted by run_at, from which it moves over when due. Two structures,
because there are two questions: "who is due first?" and "of those due, who is most urgent?".

Cancelling does not search a structure. It deletes the task from a table, and what it leaves in
the structure is a tombstone: an entry that is no longer its task's current one. Tombstones are
skipped when they come up, and cleared away before they outnumber the live entries, so that n
tasks take O(n) memory whatever is done to them.

A subclass names the Queue that holds its ready side.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import nsmallest
from itertools import count
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from sched import arguments
from sched.clock import Clock, SystemClock
from sched.metrics import Metrics
from sched.pending import PendingTasks
from sched.queue import Queue
from sched.task import (
    Details,
    InvalidTransitionError,
    QueueFullError,
    Task,
    TaskEntry,
    TaskStatus,
    UnknownTaskError,
    ended,
    snapshot,
)
from sched.waiting import SPARE, Waiting, by_run_at

if TYPE_CHECKING:
    from sched.retry import RetryPolicy

NOTHING: tuple[Any, ...] = ()
# What ``ended`` makes a Task of, if anyone asks: a task, how it ended, when, with what result.
Ended: TypeAlias = tuple[Task, TaskStatus, float, Any]

# Slow to look up in an Enum:
RUNNING, SUCCEEDED, CANCELLED = TaskStatus.RUNNING, TaskStatus.SUCCEEDED, TaskStatus.CANCELLED
_hand_outs = count(1)  # one series for all schedulers: no other scheduler's task passes for ours


class Scheduler:
    """Priority task scheduler: the interface of every scheduler in this package.

    clock: where "now" comes from, anything with ``now()`` in epoch seconds; a SystemClock if None.
    history: how many finished tasks are remembered (dead letters apart).
    max_pending: how many tasks may be pending; None for no limit.
    aging: seconds of waiting that count as much as one level of priority; None for no aging.

    The next task is the smallest ``(priority, run_at, id)`` among those whose time has come. With
    aging it is the smallest ``(priority + run_at / aging, run_at, id)``, and no task starves: one
    of priority p is overtaken only by tasks of a priority q < p that may run less than
    ``(p - q) * aging`` seconds after it. The rank of a task never changes while it waits (all
    grow older together), so nothing is ever sorted again.
    Every method may be called from any thread.
    """

    queue: ClassVar[type[Queue]]  # the structure of the ready side

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        history: int = 10_000,
        max_pending: int | None = None,
        aging: float | None = None,
    ) -> None:
        clock = SystemClock() if clock is None else clock
        if isinstance(clock, type) or not isinstance(clock, Clock):
            raise TypeError(f"clock must have a method now(), got {clock!r}")
        self.clock = clock
        self._now = clock.now
        self._history_limit = arguments.as_count(history, "history", at_least=0)
        self._max_pending = (
            None
            if max_pending is None
            else arguments.as_count(max_pending, "max_pending", at_least=1)
        )
        self._aging = None if aging is None else arguments.as_seconds(aging, "aging", positive=True)
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)  # notified when a pending task leaves
        self._next_id = 1
        self._ready: dict[int, TaskEntry] = {}  # the current entry of each task that is ready
        self._waiting = Waiting()
        self._tombstones = 0  # how many entries of the ready side are nobody's current one
        self._running: dict[int, Task] = {}
        self._dead: dict[int, Task] = {}
        self._history: dict[int, Ended] = {}
        self._finished: deque[int] = deque()  # who is in the history, first finished first
        self._keys: dict[str, int] = {}  # the unfinished task of each key
        # Called without the lock, with the number of tasks that came in, whenever tasks come or go.
        self._listeners: list[Callable[[int], None]] = []
        self._succeeded = self._cancelled = self._failed = self._retried = 0
        self._queue: Any = self.queue()

    # --- adding -----------------------------------------------------------------------------------

    def add_task(
        self,
        priority: int | float,
        task_name: str | Task,
        delay: float | None = None,
        *,
        run_at: Any = None,
        action: Callable[..., Any] | None = None,
        args: Iterable[Any] = NOTHING,
        kwargs: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        retry: "RetryPolicy | None" = None,
        key: str | None = None,
        wait: float | None = None,
    ) -> int:
        """Add one task and return its id, an int that increases. O(log n) in a heap.

        priority: an int of 64 bits or a finite float; lower is more urgent.
        task_name: a text that is not empty, or a Task, whose name is taken.
        delay: seconds from now until it may run; or
        run_at: the moment, in epoch seconds or as an aware datetime (one in the past is kept).
        action, args, kwargs: what a worker calls.
        timeout: seconds that one attempt may take.
        retry: whether and when it runs again after a failure.
        key: while a task with this key is unfinished, its id is returned and nothing is added.
        wait: seconds to wait for room if ``max_pending`` tasks are pending.

        Raises TypeError or ValueError for a bad argument, QueueFullError where there is no room;
        nothing is changed then.
        """
        if type(priority) is not int or not arguments.SMALLEST <= priority <= arguments.LARGEST:
            priority = arguments.as_priority(priority)
        if type(task_name) is not str or not task_name:
            task_name = arguments.as_name(task_name)
        if delay is not None or run_at is not None:
            delay, run_at = arguments.as_time(delay, run_at)
        payload: str | Details = task_name
        if not (
            action is None
            and kwargs is None
            and timeout is None
            and retry is None
            and key is None
            and args is NOTHING
        ):
            payload = arguments.as_details(
                priority, task_name, action, args, kwargs, timeout, retry, key
            )
        if wait is not None:
            wait = arguments.as_seconds(wait, "wait")
        with self._lock:
            if key is not None and key in self._keys:
                return self._keys[key]
            if self._max_pending is not None:
                self._await_room(1, wait)
                if key is not None and key in self._keys:  # added while this one waited
                    return self._keys[key]
            # The clock is read under the lock: run_at must not fall as ids rise.
            now = self._now()
            task_id = self._next_id
            self._next_id = task_id + 1
            if run_at is None:
                run_at = now if delay is None else now + delay
            entry: TaskEntry = (priority, run_at, task_id, payload, now)
            if self._aging is not None:
                entry = self._aged(entry)
            if run_at <= now:  # _enter, written out
                self._queue.push(entry)
                self._ready[task_id] = entry
            else:
                self._waiting.add(entry)
            if key is not None:
                self._keys[key] = task_id
        if self._listeners:
            self._tell(1)
        return task_id

    def add_tasks(self, rows: Iterable[Any]) -> list[int]:
        """Add many tasks at once, all or none, and return their ids. O(n) in a heap.

        rows: tuples (priority, task_name) or (priority, task_name, delay), or dicts of the
        arguments of ``add_task`` (without ``wait``).

        Raises what ``add_task`` raises, naming the row, counted from 0.
        """
        checked = arguments.as_rows(rows)
        with self._lock:
            if self._max_pending is not None and checked:
                named = [row[1].key if isinstance(row[1], Details) else None for row in checked]
                new_keys = {*named} - {None} - self._keys.keys()
                self._await_room(named.count(None) + len(new_keys), None)
            now = self._now()
            ids: list[int] = []
            ready: list[TaskEntry] = []
            waiting: list[TaskEntry] = []
            keys: dict[str, int] = {}
            task_id = self._next_id
            if self._aging is None and {*map(len, checked)} == {2}:  # the usual batch, fast
                ids = [*range(task_id, task_id + len(checked))]
                ready = [(r[0], now, i, r[1], now) for i, r in zip(ids, checked, strict=True)]
                task_id += len(ids)
                checked = []
            for row in checked:
                priority, payload, delay, run_at = row if len(row) == 4 else (*row, None, None)
                if isinstance(payload, Details) and payload.key is not None:
                    taken = self._keys.get(payload.key) or keys.get(payload.key)
                    if taken:
                        ids.append(taken)
                        continue
                    keys[payload.key] = task_id
                if run_at is None:
                    run_at = now if delay is None else now + delay
                entry: TaskEntry = (priority, run_at, task_id, payload, now)
                if self._aging is not None:
                    entry = self._aged(entry)
                (ready if run_at <= now else waiting).append(entry)
                ids.append(task_id)
                task_id += 1
            # Nothing has changed so far: an interrupt before this line adds no task at all.
            self._next_id = task_id
            self._keys.update(keys)
            for entry in waiting:
                self._waiting.add(entry)
            self._enter_all(ready)
        self._tell(len(ids))
        return ids

    # --- taking -----------------------------------------------------------------------------------

    def get_next_task(self) -> Task | None:
        """Take the most urgent task that is ready: it is RUNNING now. None if none is ready.

        Whoever takes a task must call ``complete`` or ``fail`` with it in the end.
        O(log n) in a heap, O(1) amortised in a sorted list, O(n log n) for the naive sort.
        """
        with self._lock:
            now = self._now()
            if self._waiting.due <= now:
                self._promote(now)
            if self._tombstones:
                self._clear_tombstones()
            ready = self._ready
            while ready:
                entry: TaskEntry = self._queue.pop()
                task_id = entry[2]
                if ready.get(task_id) is entry:
                    break
                self._tombstones -= 1
            else:
                return None
            payload = entry[3]
            attempts = 1 if isinstance(payload, str) else payload.attempts + 1
            task = Task()
            task._entry = entry
            task._state = (RUNNING, attempts, next(_hand_outs), now, None, None, None)
            self._running[task_id] = task
            del ready[task_id]
            if self._max_pending is not None:
                self._room.notify_all()
            return task

    def peek_next_task(self) -> Task | None:
        """The task that ``get_next_task`` would take, left where it is; None if none is ready.

        O(1) amortised, O(n log n) for the naive sort.
        """
        with self._lock:
            self._promote(self._now())
            if self._tombstones:
                self._clear_tombstones()
            while self._ready:
                entry: TaskEntry = self._queue.peek()
                if self._ready.get(entry[2]) is entry:
                    return snapshot(entry)
                self._queue.pop()
                self._tombstones -= 1
            return None

    def next_run_time(self) -> float | None:
        """When something can run next, epoch seconds: now if a task is ready, else when the
        first waiting one is due, or None if nothing is pending. O(1) amortised.
        """
        with self._lock:
            if self._ready:
                return self._now()
            due = self._waiting.due
            return None if due == inf else max(due, self._now())

    # --- ending -----------------------------------------------------------------------------------

    def complete(self, task: Task, result: Any = None) -> None:
        """End a task that was handed out: RUNNING to SUCCEEDED. O(1).

        task: the very one that ``get_next_task`` returned; InvalidTransitionError if that
        hand-out is over, UnknownTaskError if the task is forgotten.
        """
        with self._lock:
            self._take_back(task)
            self._succeeded += 1
            self._finish(task, SUCCEEDED, self._now(), result)
        if self._listeners:
            self._tell(0)

    def fail(self, task: Task, error: str | BaseException, retry_in: float | None = None) -> bool:
        """Record that a task that was handed out has failed; say whether it will run again.

        It runs again if its retry policy allows it: then it is PENDING, and True is returned.
        Otherwise it is FAILED, a dead letter, and False is returned.
        error: a text, or an exception, whose class and message are kept.
        retry_in: seconds until it may run again, in place of the policy's pause (the policy's
        limit holds; without a policy there is none).
        Raises as ``complete`` does. O(log n) for a retry in a heap, else O(1).
        """
        policy = arguments.as_task(task).retry
        text = arguments.as_error(error)
        if retry_in is not None:
            retry_in = arguments.as_seconds(retry_in, "retry_in")
        if policy is not None:
            if not policy.allows(task.attempts, error):
                retry_in = None
            elif retry_in is None:
                retry_in = arguments.as_seconds(policy.pause(task.attempts), "retry.pause()")
        with self._lock:
            self._take_back(task)
            now = self._now()
            if retry_in is None:
                self._failed += 1
                self._dead[task.id] = ended(task, TaskStatus.FAILED, now, None, text)
                self._release_key(task)
            else:
                self._retried += 1
                self._restart(task, now + retry_in, now, attempts=task.attempts, error=text)
        self._tell(0 if retry_in is None else 1)
        return retry_in is not None

    def cancel(self, task_id: int) -> bool:
        """Cancel a PENDING task; False if it is not PENDING. O(1) amortised.

        Raises UnknownTaskError for an id that is unknown or forgotten.
        """
        with self._lock:
            entry = self._ready.pop(task_id, None)
            if entry is not None:
                self._tombstones += 1
            else:
                entry = self._waiting.remove(task_id)
            if entry is None:
                self._find(task_id)
                return False
            self._cancelled += 1
            self._finish(snapshot(entry), CANCELLED, self._now())
            self._clear_tombstones()
            if self._max_pending is not None:
                self._room.notify_all()
        self._tell(0)
        return True

    def reprioritize(self, task_id: int, priority: int | float) -> bool:
        """Give a PENDING task another priority; False if it is not PENDING. O(log n) in a heap.

        Raises UnknownTaskError, and TypeError or ValueError for a bad priority.
        """
        priority = arguments.as_priority(priority)
        with self._lock:
            old = self._ready.get(task_id) or self._waiting.entries.get(task_id)
            if old is None:
                self._find(task_id)
                return False
            payload = old[3]
            if isinstance(payload, Details):
                payload = payload._replace(priority=priority)
            entry = self._aged((priority, old[1], task_id, payload, old[4]))
            if task_id in self._waiting.entries:
                self._waiting.replace(entry)
            else:
                self._queue.push(entry)
                self._ready[task_id] = entry
                self._tombstones += 1
                self._clear_tombstones()
            return True

    # --- dead letters -----------------------------------------------------------------------------

    def dead_letters(self) -> list[Task]:
        """The FAILED tasks, first failed first. O(their number)."""
        with self._lock:
            return list(self._dead.values())

    def requeue(self, task_id: int) -> None:
        """Give a dead letter a new life: same id, attempts 0, ready now. O(log n) in a heap.

        Raises InvalidTransitionError if it is not FAILED or its key is taken by another task,
        QueueFullError if there is no room, UnknownTaskError.
        """
        with self._lock:
            task = self._dead_letter(task_id)
            if task.key is not None and task.key in self._keys:
                raise InvalidTransitionError(
                    f"task {task_id} cannot be requeued: its key {task.key!r} is taken "
                    f"by task {self._keys[task.key]}"
                )
            if self._max_pending is not None:
                self._await_room(1, None)
            del self._dead[task_id]
            if task.key is not None:
                self._keys[task.key] = task_id
            now = self._now()
            self._restart(task, now, now, attempts=0, error=None)
        self._tell(1)

    def discard(self, task_id: int) -> None:
        """Forget a dead letter. O(1). Raises InvalidTransitionError if it is not FAILED."""
        with self._lock:
            self._dead_letter(task_id)
            del self._dead[task_id]

    # --- looking ----------------------------------------------------------------------------------

    def pending_tasks(self) -> PendingTasks:
        """A live view of the pending tasks: ``len``, ``bool``, iteration, a table. O(1) to make."""
        return PendingTasks(self)

    def status(self, task_id: int) -> TaskStatus:
        """Where a task stands. O(1). Raises UnknownTaskError if it is unknown or forgotten."""
        with self._lock:
            if task_id in self._ready or task_id in self._waiting.entries:
                return TaskStatus.PENDING
            return self._find(task_id).status

    def task(self, task_id: int) -> Task:
        """A fresh snapshot of a task. O(1). Raises UnknownTaskError."""
        with self._lock:
            entry = self._ready.get(task_id) or self._waiting.entries.get(task_id)
            return self._find(task_id) if entry is None else snapshot(entry)

    def metrics(self) -> Metrics:
        """How many tasks stand where, and how many have ended in which way. O(1) amortised."""
        with self._lock:
            self._promote(self._now())
            return Metrics(
                added=self._next_id - 1,
                ready=len(self._ready),
                waiting=len(self._waiting.entries),
                running=len(self._running),
                succeeded=self._succeeded,
                failed=self._failed,
                cancelled=self._cancelled,
                retried=self._retried,
                dead_letters=len(self._dead),
            )

    def __len__(self) -> int:
        """How many tasks are PENDING, ready or waiting. O(1)."""
        with self._lock:
            return len(self._ready) + len(self._waiting.entries)

    def __repr__(self) -> str:
        m = self.metrics()
        return (
            f"<{type(self).__name__}: {m.pending} pending ({m.ready} ready, {m.waiting} waiting), "
            f"{m.running} running>"
        )

    def check(self) -> None:
        """Verify every invariant; AssertionError names the first that does not hold. O(n log n)."""
        with self._lock:
            now = self._now()
            self._queue.check()
            self._waiting.check()
            ordered = list(iter(self._queue))
            live = self._live()
            unfinished = [
                *live,
                *self._waiting.entries.values(),
                *(t._entry for t in self._running.values()),
            ]
            ids = [entry[2] for entry in unfinished] + [*self._dead, *self._history]
            keys = {e[3].key: e[2] for e in unfinished if isinstance(e[3], Details) and e[3].key}
            for holds, invariant in [
                (live == sorted(self._ready.values()), "each ready task has one entry, in order"),
                (ordered == sorted(ordered), "the structure gives its entries in order"),
                (len(ordered) == len(self._queue), "the structure knows its size"),
                (len(self._queue) == len(live) + self._tombstones, "all tombstones are counted"),
                (self._tombstones <= len(live) + SPARE, "tombstones do not outnumber the tasks"),
                (all(entry[1] <= now for entry in live), "no task is ready before its time"),
                (len(ids) == len(set(ids)), "each task is in one state"),
                (all(0 < i < self._next_id for i in ids), "ids are those given out"),
                (keys == self._keys, "each unfinished key has its task, and no other key is kept"),
                (len(self._history) <= self._history_limit, "the history is bounded"),
                ([*self._history] == [*self._finished], "the history knows who finished first"),
            ]:
                if not holds:
                    raise AssertionError(f"broken: {invariant}")

    # --- transitions (called with the lock held, like all that follows) ---------------------------

    def _promote(self, now: float) -> None:
        """Move what is due from the waiting to the ready side."""
        waiting = self._waiting
        if waiting.due <= now:
            due = waiting.due_by(now)
            self._enter_all(due)  # in here before they are out there: an interrupt loses none
            waiting.drop_due(now, due)

    def _enter(self, entry: TaskEntry, now: float) -> None:
        """Make a task PENDING. The table comes last: what an interrupt leaves is a tombstone."""
        if entry[1] <= now:
            self._queue.push(entry)
            self._ready[entry[2]] = entry
        else:
            self._waiting.add(entry)

    def _enter_all(self, entries: list[TaskEntry]) -> None:
        """Make many tasks ready: rebuilding is cheaper once they outnumber what is there."""
        if len(entries) < len(self._ready):
            for entry in entries:
                self._queue.push(entry)
                self._ready[entry[2]] = entry
        elif entries:
            self._ready.update(zip(map(itemgetter(2), entries), entries, strict=True))
            self._queue.load(list(self._ready.values()))
            self._tombstones = 0

    def _restart(
        self, task: Task, run_at: float, now: float, *, attempts: int, error: str | None
    ) -> None:
        """Make a task that was handed out PENDING again."""
        _, _, task_id, payload, added_at = task._entry
        if isinstance(payload, str):
            payload = Details(payload, task.priority)
        payload = payload._replace(attempts=attempts, error=error)
        self._enter(self._aged((payload.priority, run_at, task_id, payload, added_at)), now)

    def _aged(self, entry: TaskEntry) -> TaskEntry:
        """The entry with its rank, which is the priority it comes with if there is no aging."""
        if self._aging is None:
            return entry
        priority, run_at, task_id, payload, added_at = entry
        if isinstance(payload, str):
            payload = Details(payload, priority)
        return (priority + run_at / self._aging, run_at, task_id, payload, added_at)

    def _tell(self, arrivals: int) -> None:
        for listener in self._listeners:
            listener(arrivals)

    def _take_back(self, task: Task) -> None:
        """End the hand-out of a RUNNING task, or raise."""
        task_id = arguments.as_task(task)._entry[2]
        running = self._running.get(task_id)
        if running is not task and (running is None or running.number != task.number):
            pending = task_id in self._ready or task_id in self._waiting.entries
            status = TaskStatus.PENDING if pending else self._find(task_id).status
            raise InvalidTransitionError(
                f"this hand-out of task {task_id} ({task.name!r}) is over: "
                f"the task is {status} by now"
            )
        del self._running[task_id]

    def _finish(self, task: Task, status: TaskStatus, now: float, result: Any = None) -> None:
        """Put a task that has ended into the history."""
        if isinstance(task._entry[3], Details):
            self._release_key(task)
        task_id = task._entry[2]
        self._history[task_id] = (task, status, now, result)
        self._finished.append(task_id)
        if len(self._finished) > self._history_limit:
            del self._history[self._finished.popleft()]

    def _release_key(self, task: Task) -> None:
        key = task.key
        if key is not None:
            del self._keys[key]

    def _clear_tombstones(self) -> None:
        """Rebuild the ready side without tombstones once they outnumber the live entries."""
        limit = len(self._ready) + SPARE if not self._queue.costly_pop else 1
        if self._tombstones >= limit:
            self._ready = dict(self._ready)  # a dict gives memory back only when copied
            self._queue.load(list(self._ready.values()))
            self._tombstones = 0

    def _await_room(self, n: int, wait: float | None) -> None:
        """Return when there is room for n more; QueueFullError when there is not in time."""
        limit = self._max_pending
        assert limit is not None

        def room() -> bool:
            return len(self._ready) + len(self._waiting.entries) + n <= limit

        if room() or (wait and self._room.wait_for(room, min(wait, threading.TIMEOUT_MAX))):
            return
        pending = len(self._ready) + len(self._waiting.entries)
        raise QueueFullError(
            f"no room for {n} more: {pending} tasks are pending, max_pending is {limit}"
        )

    def _find(self, task_id: int) -> Task:
        """The snapshot of a task that is not PENDING, or raise."""
        for table in (self._running, self._dead):
            if task_id in table:
                return table[task_id]
        if task_id in self._history:
            return ended(*self._history[task_id])
        raise UnknownTaskError(f"no task with id {task_id!r}, or it is forgotten by now")

    def _dead_letter(self, task_id: int) -> Task:
        if task_id in self._dead:
            return self._dead[task_id]
        pending = task_id in self._ready or task_id in self._waiting.entries
        status = TaskStatus.PENDING if pending else self._find(task_id).status
        raise InvalidTransitionError(f"task {task_id} is {status}, not a dead letter")

    def _live(self) -> list[TaskEntry]:
        """The current entries of the ready tasks, in order."""
        entries: Iterator[TaskEntry] = iter(self._queue)
        return [entry for entry in entries if entry is self._ready.get(entry[2])]

    def _pending_entries(self, limit: int | None) -> tuple[float, list[TaskEntry]]:
        """Now, and the pending entries (the first ``limit``): ready in order, then waiting."""
        with self._lock:
            now = self._now()
            self._promote(now)
            if limit is not None:
                first: list[TaskEntry] = nsmallest(limit, self._ready.values())
                rest = nsmallest(limit - len(first), self._waiting.entries.values(), key=by_run_at)
                return now, first + rest
            return now, [*self._live(), *self._waiting.in_order()]
