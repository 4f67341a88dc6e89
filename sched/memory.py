"""MemoryLedger: a ledger that keeps all in memory, in one table (see task_table.py).

Every transition has the same shape. Under the lock: let in what has arrived, read the clock, refuse
what cannot be (so far nothing has changed); then, between setting the mark and clearing it, the one
assignment in the table that is the move, and the indexes that follow from it. After the lock: drop
what nobody refers to any more.
"""

import os
import sys
from itertools import islice
from math import inf
from typing import Any

from sched.arguments import Plain, Row
from sched.clock import Clock
from sched.entry import Details, TaskEntry, details_of, moved
from sched.ledger import Ledger, key_is_taken
from sched.looks import Looks
from sched.queue import Queue
from sched.task import (
    FinishedTask,
    RunningTask,
    Task,
    TaskStatus,
    cancelled_task,
    finished_task,
    running_task,
)

# Slow to look up in an Enum:
SUCCEEDED, FAILED, CANCELLED = TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED

# Appending to a list is one step for other threads only where one thread runs at a time.
APPENDS_ARE_ATOMIC: bool = getattr(sys, "_is_gil_enabled", lambda: True)()


class MemoryLedger(Looks, Ledger):
    """The arguments are as Scheduler has them; queue: the class of the ready side."""

    def __init__(
        self,
        queue: type[Queue],
        clock: Clock,
        *,
        history: int,
        max_dead_letters: int | None,
        max_pending: int | None,
        aging: float | None,
    ) -> None:
        super().__init__(queue, clock, history)
        self.name = os.urandom(8).hex()
        self.max_dead_letters = inf if max_dead_letters is None else max_dead_letters
        self.max_pending, self.aging = inf if max_pending is None else max_pending, aging
        self.adds_lock = max_pending is not None or aging is not None or not APPENDS_ARE_ATOMIC

    # --- adding -----------------------------------------------------------------------------------

    def add(
        self,
        priority: int | float,
        payload: str | Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry:
        if self.adds_lock:
            locked: TaskEntry = self._add_locked(None, (priority, payload, delay, run_at))
            return locked
        entry: TaskEntry
        if run_at is None and not delay:
            entry = (priority, self.clock.now(), next(self.ids), payload)
        else:
            self.timed = True
            now = self.clock.now()
            run_at = now + (delay or 0) if run_at is None else run_at
            entry = (priority, run_at, next(self.ids), payload, now)
        self.arrivals.append(entry)
        return entry

    def add_keyed(
        self,
        priority: int | float,
        payload: Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry | int:
        added: TaskEntry | int = self._add_locked(payload.key, (priority, payload, delay, run_at))
        return added

    def _add_locked(self, key: str | None, row: Row) -> Any:
        with self.lock:
            now = self.catch_up()
            if key is not None and key in self.keys:
                return self.keys[key]
            self.require_room(1)
            entry = self._entry(next(self.ids), now, *row)
            self._record([entry], {} if key is None else {key: entry[2]})
        self.dropped.clear()
        return entry

    def add_many(self, rows: list[Plain | Row]) -> tuple[list[int], list[TaskEntry]]:
        with self.lock:
            now = self.catch_up()
            if self.aging is None and {*map(len, rows)} == {2}:  # the usual batch, fast
                self.require_room(len(rows))
                ids = [*islice(self.ids, len(rows))]
                entries: list[TaskEntry] = [
                    (row[0], now, i, row[1]) for i, row in zip(ids, rows, strict=True)
                ]
                self._record(entries, {})
            else:
                ids, new, keys = self._numbered(rows)
                self.require_room(len(new))
                entries = [self._entry(i, now, *row) for i, row in new]
                self._record(entries, keys)
        self.dropped.clear()
        return ids, entries

    def _numbered(
        self, rows: list[Plain | Row]
    ) -> tuple[list[int], list[tuple[int, Any]], dict[str, int]]:
        """The id of each row; the rows that are new, with theirs; whose each key is then."""
        ids: list[int] = []
        new: list[tuple[int, Any]] = []
        keys: dict[str, int] = {}
        for row in rows:
            key = row[1].key if isinstance(row[1], Details) else None
            task_id = None if key is None else self.keys.get(key, keys.get(key))
            if task_id is None:
                task_id = next(self.ids)
                new.append((task_id, row))
            if key is not None:
                keys[key] = task_id
            ids.append(task_id)
        return ids, new, keys

    def _entry(
        self,
        task_id: int,
        now: float,
        priority: int | float,
        payload: str | Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry:
        """A new task's entry, with its rank: the priority, unless there is aging."""
        if run_at is None:
            run_at = now + (delay or 0)
        self.timed |= run_at != now
        if self.aging is None:
            return (priority, run_at, task_id, payload, now)
        if isinstance(payload, str):
            payload = Details(payload, priority)
        return (priority + run_at / self.aging, run_at, task_id, payload, now)

    def _record(self, entries: list[TaskEntry], keys: dict[str, int]) -> None:
        """Make new tasks PENDING, all of them or, if interrupted, none."""
        self.mark = True
        self.table.update([(entry[2], entry) for entry in entries])
        self.keys.update(keys)
        self.added += len(entries)
        self.enter_all(entries)
        self.mark = False

    # --- taking and ending ------------------------------------------------------------------------

    def take(self) -> RunningTask | None:
        with self.lock:
            arrived = len(self.arrivals)
            now = self.clock.now()
            newcomer = None  # the only one that has come, if it may run at once
            if arrived or self.mark:
                if arrived == 1 and not self.mark and self.arrivals[0][1] <= now < self.waiting.due:
                    newcomer = self.arrivals[0]
                    if now > self.horizon:
                        self.horizon = now
                else:
                    self.let_in(arrived, now)
            elif self.waiting.due <= now:
                self.promote(now)
            if self.tombstones:
                self.clear_tombstones()
            task = None
            self.mark = True
            try:
                if newcomer is None:
                    entry = self.queue.pop()
                else:  # as let_in(1, now) and a pop would, at two thirds of the cost
                    self.table[newcomer[2]] = newcomer
                    del self.arrivals[0]
                    self.added += 1
                    entry = self.queue.pushpop(newcomer)
                if self.tombstones and not self.is_current(entry):
                    entry = self.past_tombstones(entry)
            except IndexError:  # it is empty
                pass
            else:
                self.handed_out = number = self.handed_out + 1
                self.table[entry[2]] = task = running_task(entry, self.name, number, now)
            self.mark = False
        if self.dropped:
            self.dropped.clear()
        return task

    def complete(self, task: Task, result: Any) -> FinishedTask:
        task_id = task.id
        with self.lock:
            now = self.clock.now()
            hand_out: Any = self.table.get(task_id)
            if hand_out is not task or type(task) is not RunningTask or self.mark:
                hand_out = self.require_hand_out(task, now)
            done = finished_task(hand_out, SUCCEEDED, now, result)
            self.mark = True
            self.table[task_id] = done  # from here on as in finish(): a call costs a twentieth
            self.finished_ids.append(task_id)
            if self.keys:
                self.release_key(done.entry)
            if len(self.finished_ids) > self.evicts_at:
                self.evict()
            self.succeeded += 1
            self.mark = False
        if self.dropped:
            self.dropped.clear()
        return done

    def bury(self, task: Task, error: str) -> FinishedTask:
        with self.lock:
            now = self.clock.now()
            done = finished_task(self.require_hand_out(task, now), FAILED, now, None, error)
            task_id = done.id
            self.mark = True
            self.table[task_id] = done
            self.dead_ids[task_id] = None
            self.release_key(done.entry)
            self.failed += 1
            self.evict_dead(self.max_dead_letters)
            self.mark = False
        self.dropped.clear()
        return done

    def abort(self, task: Task) -> FinishedTask:
        with self.lock:
            now = self.clock.now()
            done = finished_task(self.require_hand_out(task, now), CANCELLED, now)
            self.mark = True
            self.finish(done.id, done)
            self.aborted += 1
            self.mark = False
        self.dropped.clear()
        return done

    def retry(self, task: Task, error: str, retry_in: float) -> TaskEntry:
        with self.lock:
            now = self.catch_up()
            item = self.require_hand_out(task, now)
            entry = self._moved(item.entry, now + retry_in, attempts=item.attempts, error=error)
            self.mark = True
            self.table[entry[2]] = entry
            self.retried += 1
            self.enter(entry)
            self.mark = False
        self.dropped.clear()
        return entry

    def cancel(self, task_id: int) -> FinishedTask | None:
        with self.lock:
            now = self.catch_up()
            entry = self.require_item(task_id)
            if not isinstance(entry, tuple):
                return None
            done = cancelled_task(entry, self.name, now)
            self.mark = True
            self.finish(done.id, done)
            self.cancelled += 1
            self.leave_behind(entry)
            self.mark = False
        self.dropped.clear()
        return done

    def reprioritize(self, task_id: int, priority: int | float) -> bool:
        with self.lock:
            self.catch_up()
            entry = self.require_item(task_id)
            if not isinstance(entry, tuple):
                return False
            new = self._moved(entry, entry[1], priority=priority)
            self.mark = True
            self.table[task_id] = new
            self.enter(new)
            self.leave_behind(entry)
            self.mark = False
        self.dropped.clear()
        return True

    def requeue(self, task_id: int) -> TaskEntry:
        with self.lock:
            now = self.catch_up()
            letter = self.require_letter(task_id)
            key = letter.key
            if key is not None and key in self.keys:
                raise key_is_taken(task_id, key, self.keys[key])
            self.require_room(1)
            entry = self._moved(letter.entry, now, attempts=0, error=None)
            self.mark = True
            self.table[task_id] = entry
            del self.dead_ids[task_id]
            if key is not None:
                self.keys[key] = task_id
            self.enter(entry)
            self.mark = False
        self.dropped.clear()
        return entry

    def discard(self, task_id: int) -> None:
        with self.lock:
            self.catch_up()
            self.dropped.append(self.require_letter(task_id))
            self.mark = True
            del self.table[task_id]
            del self.dead_ids[task_id]
            self.mark = False
        self.dropped.clear()

    def _moved(self, entry: TaskEntry, run_at: float, **changes: Any) -> TaskEntry:
        """Another entry for a task, with its rank."""
        priority = changes.get("priority", details_of(entry).priority)
        rank = priority if self.aging is None else priority + run_at / self.aging
        return moved(entry, rank, run_at, **changes)
