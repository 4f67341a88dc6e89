"""Store: the transitions of a ledger on disk, for the one thread that writes.

Every transition has the same shape, as in memory: read the clock, promote what is due, refuse what
cannot be (so far nothing has changed); then make the move. None commits: the writer does, for many
at once.
"""

from typing import Any

from sched.arguments import Plain, Row, as_seconds
from sched.durable.damage import DamagedError
from sched.durable.looks import Looks
from sched.durable.schema import CANCELLED, FAILED
from sched.entry import Details, TaskEntry
from sched.ledger import key_is_taken
from sched.retry import RetryPolicy
from sched.task import (
    FinishedTask,
    InvalidTransitionError,
    RunningTask,
    Task,
    TaskStatus,
    UnknownTaskError,
    cancelled_task,
    finished_task,
    running_task,
)

DONE = TaskStatus.SUCCEEDED  # slow to look up in an Enum
CRASHES = 5  # after so many a task without a policy runs again; after one more it does not
DIED = "the process that ran it died"


class Store(Looks):
    """See Ledger for what each method does."""

    # --- adding -----------------------------------------------------------------------------------

    def add(
        self,
        priority: int | float,
        payload: str | Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry | int:
        now = self.catch_up()
        key = payload.key if isinstance(payload, Details) else None
        if key is not None and (task_id := self.table.task_of_key(key)) is not None:
            return task_id
        self.require_room(1)
        return self.enter_new(now, priority, payload, delay, run_at)

    def add_many(self, rows: list[Plain | Row]) -> tuple[list[int], list[TaskEntry]]:
        now = self.catch_up()
        keys: dict[str, int | None] = {}
        for row in rows:
            if isinstance(row[1], Details) and row[1].key is not None and row[1].key not in keys:
                keys[row[1].key] = self.table.task_of_key(row[1].key)
        keyless = sum(not (isinstance(row[1], Details) and row[1].key) for row in rows)
        self.require_room(keyless + sum(task_id is None for task_id in keys.values()))
        ids, entries = [], []
        for row in rows:
            key = row[1].key if isinstance(row[1], Details) else None
            task_id = None if key is None else keys[key]
            if task_id is None:
                values: Any = row
                entry = self.enter_new(now, *values)
                task_id = entry[2]
                entries.append(entry)
                if key is not None:
                    keys[key] = task_id
            ids.append(task_id)
        return ids, entries

    # --- taking and ending ------------------------------------------------------------------------

    def take(self) -> RunningTask | None:
        now = self.catch_up()
        entry = self.window.pop()
        return None if entry is None else self.hand_out(entry, now)

    def take_many(self, limit: int) -> list[RunningTask]:
        now = self.catch_up()
        tasks: list[RunningTask] = []
        pop, hand_out = self.window.pop, self.hand_out
        try:
            while len(tasks) < limit and (entry := pop()) is not None:
                tasks.append(hand_out(entry, now))
        except DamagedError:  # told to who comes next, and to nobody who has taken something
            if not tasks:
                raise
        return tasks

    def hand_out(self, entry: TaskEntry, now: float) -> RunningTask:
        """A ready task, which has left the window, is RUNNING."""
        self.handed_out = number = self.handed_out + 1
        self.counters.ready -= 1
        task_id = entry[2]
        self.running[task_id] = task = running_task(entry, self.name, number, now)
        self.table.hand_out(task, task_id, number, now)
        return task

    def complete(self, task: Task, result: Any, now: float | None = None) -> FinishedTask:
        at = self.now() if now is None else now
        done = finished_task(self.require_hand_out(task), DONE, at, result)
        self.succeed(done, at, result)
        return done

    def complete_many(self, ends: list[tuple[Task, Any]]) -> list[FinishedTask | None]:
        """``complete`` each; None in place of one whose hand-out is over."""
        now, done = self.now(), list[FinishedTask | None]()
        for task, result in ends:
            try:
                done.append(self.complete(task, result, now))
            except (InvalidTransitionError, UnknownTaskError):
                done.append(None)
        return done

    def complete_and_take(self, task: Task, result: Any) -> tuple[FinishedTask, RunningTask | None]:
        done = self.complete(task, result)
        try:
            return done, self.take()
        except DamagedError:  # told to who comes next: what has ended has ended
            return done, None

    def bury(self, task: Task, error: str) -> FinishedTask:
        now = self.now()
        hand_out = self.require_hand_out(task)
        done = finished_task(hand_out, TaskStatus.FAILED, now, None, error)
        del self.running[done.id]
        self.counters.failed += 1
        self.dead_ids[done.id] = None
        self.end(done, FAILED)
        self.forget_oldest_letters()
        return done

    def abort(self, task: Task) -> FinishedTask:
        now = self.now()
        done = finished_task(self.require_hand_out(task), TaskStatus.CANCELLED, now)
        del self.running[done.id]
        self.counters.cancelled += 1
        self.finish(done, CANCELLED)
        return done

    def retry(self, task: Task, error: str, retry_in: float) -> TaskEntry:
        now = self.catch_up()
        hand_out = self.require_hand_out(task)
        del self.running[hand_out.id]
        self.counters.retried += 1
        return self.move(
            hand_out.entry, now + retry_in, now, attempts=hand_out.attempts, error=error
        )

    def cancel(self, task_id: int) -> FinishedTask | None:
        now = self.catch_up()
        item = self.require_item(task_id)
        if not isinstance(item.task, tuple):
            return None
        done = cancelled_task(item.task, self.name, now)
        self.leave(task_id, item.state)
        self.counters.cancelled += 1
        self.finish(done, CANCELLED)
        return done

    def reprioritize(self, task_id: int, priority: int | float) -> bool:
        now = self.catch_up()
        item = self.require_item(task_id)
        if not isinstance(item.task, tuple):
            return False
        self.leave(task_id, item.state)
        self.move(item.task, item.task[1], now, state=item.state, priority=priority)
        return True

    def requeue(self, task_id: int) -> TaskEntry:
        now = self.catch_up()
        letter = self.require_letter(task_id)
        key = letter.key
        if key is not None and (other := self.table.task_of_key(key)) is not None:
            raise key_is_taken(task_id, key, other)
        self.require_room(1)
        self.table.forget_crashes(task_id)  # writes first: who gave the key up goes before
        if key is not None:
            self.table.keys[key] = task_id
        del self.dead_ids[task_id]
        return self.move(letter.entry, now, now, attempts=0, error=None)

    def discard(self, task_id: int) -> None:
        try:
            self.require_letter(task_id)
        except DamagedError:
            self.give_up(task_id)
        else:
            del self.dead_ids[task_id]
            self.table.delete(task_id)

    # --- after a crash ----------------------------------------------------------------------------

    def recover(self) -> None:
        """End the hand-outs of an owner that is gone: each was an attempt, and runs again if its
        policy lets it. A crash is of no error class: a policy is asked for its number alone."""
        crashes = self.table.count_crashes() if self.running else {}
        for task in list(self.running.values()):
            policy, pause = task.retry, 0.0
            if policy is None:
                again = crashes[task.id] <= CRASHES
            else:
                try:
                    again = (
                        not policy.is_spent(task.attempts)
                        if isinstance(policy, RetryPolicy)
                        else policy.allows(task.attempts, DIED)
                    )
                    if again:
                        pause = as_seconds(policy.pause(task.attempts), "retry.pause()")
                except Exception:  # a policy of the user's own: no reason to lose the task
                    again, pause = True, 0.0
            if again:
                self.retry(task, DIED, pause)
            else:
                self.bury(task, DIED)
