"""ShardedLedger: one ledger over several, its shards, each of which holds a part of the tasks.

The next task is the smallest of the shards' heads. To find it and take it goes under one lock, as
does whatever could make another one the smallest meanwhile. All else that concerns several shards
is in sharded_standing.py.
"""

from math import inf
from typing import Any

from sched.arguments import Plain, Row
from sched.durable.shard import Numbered
from sched.durable.sharded_looks import ShardedLooks
from sched.entry import Details, TaskEntry
from sched.task import FinishedTask, RunningTask, Task, TaskStatus


class ShardedLedger(ShardedLooks):
    """See Ledger for what each method does, ShardedStanding for the arguments."""

    # --- adding -----------------------------------------------------------------------------------

    def add(
        self,
        priority: int | float,
        payload: str | Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry:
        row = self.shards[0].checked((priority, payload, delay, run_at))
        text = self._text(row)
        key = payload.key if isinstance(payload, Details) else None
        with self.lock:
            self._settle()
            if key is not None and self.adds_lock:
                holder: Any = self.shards[self.place(key)].task_of_key(key)
                if holder is not None:
                    return holder  # type: ignore[no-any-return]
            self._require_room(1)
            self.last_id = task_id = self.last_id + 1
            shard = self.shards[self.place(str(task_id) if text is None else text)]
            if self.adds_lock:
                return shard.add_numbered([(task_id, row)])[0]  # type: ignore[return-value]
        # A file is waited for outside of the lock, so that one commit serves many.
        return shard.add_numbered([(task_id, row)])[0]  # type: ignore[return-value]

    def add_keyed(
        self,
        priority: int | float,
        payload: Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry | int:
        return self.add(priority, payload, delay, run_at)

    def add_many(self, rows: list[Plain | Row]) -> tuple[list[int], list[TaskEntry]]:
        checked: list[tuple[str | None, Row]] = []
        for number, (priority, payload, *time) in enumerate(rows):
            delay, run_at = time or (None, None)
            try:
                row = self.shards[0].checked((priority, payload, delay, run_at))
                checked.append((self._text(row), row))
            except (TypeError, ValueError) as error:
                raise type(error)(f"row {number}: {error}") from error
        with self.lock:
            self._settle()
            with self.moment as now:
                ids, parts = self._number(checked, now)
                last = max(self.last_id, max(ids, default=0))
                self._require_room(last - self.last_id)
                self.last_id = last
                self.batch = list(parts.items())
                added = self._settle()
        entries = [what for what in added.values() if not isinstance(what, int)]
        ids = [_id_of(added.get(task_id, task_id)) for task_id in ids]
        return ids, sorted(entries, key=lambda entry: entry[2])

    def _number(
        self, rows: list[tuple[str | None, Row]], now: float
    ) -> tuple[list[int], dict[int, list[Numbered]]]:
        """The id of each row, and those that are new, by shard."""
        ids: list[int] = []
        parts: dict[int, list[Numbered]] = {}
        holders: dict[str, int] = {}
        last = self.last_id
        for text, (priority, payload, delay, run_at) in rows:
            key = payload.key if isinstance(payload, Details) else None
            task_id = None
            if key is not None:
                task_id = holders.get(key) or self.shards[self.place(key)].task_of_key(key)
            if task_id is None:
                last = task_id = last + 1
                moment = now + (delay or 0) if run_at is None else run_at
                k = self.place(str(task_id) if text is None else text)
                parts.setdefault(k, []).append((task_id, (priority, payload, None, moment)))
            if key is not None:
                holders[key] = task_id
            ids.append(task_id)
        return ids, parts

    # --- taking and ending ------------------------------------------------------------------------

    def take(self) -> RunningTask | None:
        if self.relaxed:
            return self.take_from(next(self.turns) % len(self.shards))
        with self.lock:
            self._settle()
            with self.moment:
                head = self._first()
                return None if head is None else self.ledgers[head[1]].take()

    def take_from(self, first: int) -> RunningTask | None:
        """The most urgent task of one shard; of the next one that has any, if it has none."""
        if self.batch is not None:
            with self.lock:
                self._settle()
        for ledger in (*self.ledgers[first:], *self.ledgers[:first]):
            task: Any = ledger.take()
            if task is not None:
                return task  # type: ignore[no-any-return]
        return None

    def complete(self, task: Task, result: Any) -> FinishedTask:
        done = self._there(task.id, task.key, lambda ledger: ledger.complete(task, result))
        self._forget()
        return done

    def bury(self, task: Task, error: str) -> FinishedTask:
        done = self._there(task.id, task.key, lambda ledger: ledger.bury(task, error))
        self._forget()
        return done

    def abort(self, task: Task) -> FinishedTask:
        done = self._there(task.id, task.key, lambda ledger: ledger.abort(task))
        self._forget()
        return done

    def retry(self, task: Task, error: str, retry_in: float) -> TaskEntry:
        with self.gate:
            return self._there(
                task.id, task.key, lambda ledger: ledger.retry(task, error, retry_in)
            )

    def cancel(self, task_id: int) -> FinishedTask | None:
        with self.gate:
            done = self._there(task_id, None, lambda ledger: ledger.cancel(task_id))
        self._forget()
        return done

    def reprioritize(self, task_id: int, priority: int | float) -> bool:
        with self.gate:
            return self._there(task_id, None, lambda ledger: ledger.reprioritize(task_id, priority))

    def requeue(self, task_id: int) -> TaskEntry:
        with self.lock:
            self._settle()
            if self.max_pending < inf:
                task = self.found(task_id)
                key = task.key
                taken = (
                    key is not None and self.shards[self.place(key)].task_of_key(key) is not None
                )
                if task.status is TaskStatus.FAILED and not taken:  # else its shard refuses it
                    self._require_room(1)
            return self._there(task_id, None, lambda ledger: ledger.requeue(task_id))

    def discard(self, task_id: int) -> None:
        self._there(task_id, None, lambda ledger: ledger.discard(task_id))


def _id_of(what: TaskEntry | int) -> int:
    task_id: int = what if isinstance(what, int) else what[2]
    return task_id
