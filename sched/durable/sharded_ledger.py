"""ShardedLedger: one ledger over several, its shards, each of which holds a part of the tasks.

A task stands in one shard from its beginning to its end: that of its key, or of its id. So every
move of one task is a move of one shard, and as atomic there as ever. What concerns several shards:

- *The next task* is the smallest of the shards' heads. To find it and take it goes under one lock,
  as does whatever could make another one the smallest meanwhile.
- *Ids* are drawn here, so they increase over all shards; the files tell which was the last.
- *A batch* is noted first, with its ids, which is the one assignment that is the move; then each
  shard adds its part. If that is interrupted, whoever comes next finds the note, and has the shards
  add what is missing.
- *The history and the dead letters* of shards in memory are bounded over all of them: the first of
  all that ended is forgotten; where shards have ends of one moment, the smallest id. It needs no
  record: one too many, after an interrupt, is forgotten at the next end. A file bounds its own.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import count
from math import inf
from operator import attrgetter
from typing import Any, TypeVar

from sched import forks
from sched.arguments import Plain, Row, shown
from sched.clock import Clock
from sched.durable.errors import StorageError
from sched.durable.places import place
from sched.durable.shard import Ended, FileShard, MemoryShard, Numbered, Shard
from sched.entry import Details, TaskEntry
from sched.ledger import Ledger, unknown
from sched.metrics import Metrics
from sched.task import (
    FinishedTask,
    QueueFullError,
    RunningTask,
    Task,
    TaskStatus,
    UnknownTaskError,
    pending_task,
)
from sched.waiting import by_run_at

T = TypeVar("T")

_number = attrgetter("number")


def _end(ended: tuple[Ended, MemoryShard]) -> tuple[float, int]:
    return ended[0].finished_at, ended[0].task_id


class Moment:
    """The clock of all shards: while something concerns several of them, it stands still."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at: float | None = None

    def now(self) -> float:
        """Epoch seconds. O(1)."""
        at = self.at
        return self.clock.now() if at is None else at

    def __enter__(self) -> float:
        self.at = None
        self.at = now = self.clock.now()
        return now

    def __exit__(self, *_: object) -> None:
        self.at = None


class ShardedLedger(Ledger):
    """shards: all in memory, or all in files. The other arguments are as ShardedScheduler has them.

    Invariant: ``last_id`` is not below any id; ``batch`` is None unless a batch is unfinished."""

    def __init__(
        self,
        shards: Sequence[Shard],
        moment: Moment,
        *,
        history: int,
        max_dead_letters: int | None,
        max_pending: int | None,
        relaxed: bool,
        by: Callable[[Task], str | None] | None,
    ) -> None:
        self.shards, self.moment = shards, moment
        self.ledgers = [shard.ledger for shard in shards]
        self.name = self.ledgers[0].name
        self.relaxed, self.by = relaxed, by
        self.history = history
        self.max_dead_letters = inf if max_dead_letters is None else max_dead_letters
        self.max_pending = inf if max_pending is None else max_pending
        self.in_memory = [shard for shard in shards if isinstance(shard, MemoryShard)]
        files = [shard for shard in shards if isinstance(shard, FileShard)]
        self.adds_lock = not files or max_pending is not None
        self.last_id = max((file.last_id() for file in files), default=0)
        # Keys of tasks that were added when there were fewer shards: they stay where they are.
        self.moved = {
            key: k
            for k, file in enumerate(files)
            for key in file.unfinished_keys()
            if place(key, len(shards)) != k
        }
        self.batch: list[tuple[int, list[Numbered]]] | None = None
        self.turns = count()
        self.renew_after_fork()
        forks.note(self)

    def renew_after_fork(self) -> None:
        """Make the locks anew, in a forked child, and let the clock run. O(1)."""
        self.moment.at = None
        # Of the kind that its holder may take again: a finalizer that runs in its midst may call.
        self.lock = threading.RLock()
        # For a move of one shard, which matters to others only where the order is exact.
        self.gate: AbstractContextManager[Any] = nullcontext() if self.relaxed else self.lock

    # --- where a task stands ----------------------------------------------------------------------

    def _text(self, row: Row) -> str | None:
        """What a new task goes by; None if by its id. Calls the user's function: with no lock."""
        details = row[1]
        if isinstance(details, Details) and details.key is not None:
            return details.key
        if self.by is None:
            return None
        text = self.by(pending_task((row[0], self.moment.clock.now(), 0, details), self.name))
        if text is None or isinstance(text, str):
            return text
        raise TypeError(f"by(task) must return a str or None, got {shown(text)}")

    def place(self, text: str) -> int:
        """The number of the shard of a key, or of what a task goes by. O(log shards)."""
        at = self.moved.get(text)
        return place(text, len(self.shards)) if at is None else at

    def _there(self, task_id: int, key: str | None, move: Callable[[Ledger], T]) -> T:
        """Have the shard do something that has the task. O(1) where that is where it should be."""
        by = f"{task_id % 2**64}" if key is None else key  # of one that is too long, any will do
        first = self.place(by)
        for ledger in (self.ledgers[first], *self.ledgers[:first], *self.ledgers[first + 1 :]):
            try:
                return move(ledger)
            except UnknownTaskError:
                continue
        raise unknown(task_id)

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

    def _settle(self) -> dict[int, TaskEntry | int]:
        """Finish the batch that is noted, if one is: what each of its ids has become."""
        added: dict[int, TaskEntry | int] = {}
        if (batch := self.batch) is not None:
            try:
                for k, part in batch:
                    outcome = self.shards[k].add_numbered(part)
                    added.update(zip((i for i, _ in part), outcome, strict=True))
            except StorageError as error:  # what is in the other files stays there
                self.batch = None
                if added:
                    error.add_note(f"tasks {shown(sorted(added))} of the batch have been added")
                raise
            self.batch = None
        return added

    def _require_room(self, n: int) -> None:
        if n and self.max_pending < inf and (pending := self._size()) + n > self.max_pending:
            raise QueueFullError(
                f"no room for {n} more: {pending} tasks are pending, "
                f"max_pending is {self.max_pending}"
            )

    def _size(self) -> int:
        return sum(map(len, self.ledgers))

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

    def _first(self) -> tuple[Task, int] | None:
        """The smallest of the heads, and whose it is. O(shards)."""
        first = None
        for k, ledger in enumerate(self.ledgers):
            head = ledger.peek()
            if head is not None and (first is None or head.entry[:3] < first[0].entry[:3]):
                first = (head, k)
        return first

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
            if self.max_pending < inf and self.found(task_id).status is TaskStatus.FAILED:
                self._require_room(1)
            return self._there(task_id, None, lambda ledger: ledger.requeue(task_id))

    def discard(self, task_id: int) -> None:
        self._there(task_id, None, lambda ledger: ledger.discard(task_id))

    def _forget(self) -> None:
        """Forget what ended first, as long as too much is remembered. O(shards)."""
        for dead, most in ((False, self.history), (True, self.max_dead_letters)):
            while self._remembered(dead) > most and self._forget_one(dead, most):
                pass

    def _forget_one(self, dead: bool, most: float) -> bool:
        with self.lock:
            self._settle()  # a shard can tell by the ids that it has what is to be added
            ended = [*map(partial(MemoryShard.ended, dead=dead), self.in_memory)]
            if sum(map(_number, ended)) <= most:
                return False
            first = min(zip(ended, self.in_memory, strict=True), key=_end)
            first[1].forget(first[0].task_id, dead=dead)
            return True

    def _remembered(self, dead: bool) -> int:
        shards = self.in_memory
        return sum(len(shard.dead_ids if dead else shard.finished_ids) for shard in shards)

    # --- looking ----------------------------------------------------------------------------------

    def _ask_all(self, look: Callable[[Ledger], T]) -> tuple[float, list[T]]:
        """What each shard says, at one moment in exact order."""
        with self.lock:
            self._settle()
            with self.moment as now:
                return now, list(map(look, self.ledgers))

    def peek(self) -> Task | None:
        with self.lock:
            self._settle()
            with self.moment:
                head = self._first()
        return None if head is None else head[0]

    def find(self, task_id: int) -> Task | None:
        try:
            return self._there(task_id, None, lambda ledger: ledger.found(task_id))
        except UnknownTaskError:
            return None

    def pending(self, limit: int | None = None) -> tuple[float, list[Task]]:
        now, answers = self._ask_all(lambda ledger: ledger.pending(limit)[1])
        tasks = [task for answer in answers for task in answer]
        ready = [task for task in tasks if task.run_at <= now]
        later = [task for task in tasks if task.run_at > now]
        ready.sort(key=lambda task: task.entry[:3])
        later.sort(key=lambda task: by_run_at(task.entry))
        return now, (ready + later)[:limit]

    def running(self) -> list[Task]:
        tasks = [
            task for answer in self._ask_all(lambda each: each.running())[1] for task in answer
        ]
        return sorted(tasks, key=lambda task: (task.started_at, task.entry[:3]))

    def dead(self) -> list[Task]:
        tasks = [task for answer in self._ask_all(lambda each: each.dead())[1] for task in answer]
        return sorted(tasks, key=lambda task: (task.finished_at, task.id))

    def counts(self) -> Metrics:
        answers: list[Metrics] = []
        while True:
            before, (_, answers) = answers, self._ask_all(lambda ledger: ledger.counts())
            found = Metrics(*map(sum, zip(*answers, strict=True)))
            # While one shard was asked, the last task of another may have added to it and ended.
            idle = not (found.pending or found.running)
            if not idle or answers == before or (self.adds_lock and not self.relaxed):
                return found

    def __len__(self) -> int:
        with self.lock:
            self._settle()
            return self._size()

    def next_run_time(self) -> float | None:
        _, answers = self._ask_all(lambda ledger: ledger.next_run_time())
        return min((when for when in answers if when is not None), default=None)

    def check(self) -> None:
        self._forget()

        def look(ledger: Ledger) -> list[Task]:
            ledger.check()
            return [*ledger.pending()[1], *ledger.running()]

        _, answers = self._ask_all(look)
        tasks = [task for answer in answers for task in answer]
        keys = [task.key for task in tasks if task.key is not None]
        places = [(k, task.key) for k, answer in enumerate(answers) for task in answer if task.key]
        for holds, invariant in [
            (len({task.id for task in tasks}) == len(tasks), "each task stands in one shard"),
            (all(task.id <= self.last_id for task in tasks), "no id is to be given again"),
            (len({*keys}) == len(keys), "each unfinished key has one task"),
            (all(self.place(key) == k for k, key in places), "each key is at its place"),
        ]:
            if not holds:
                raise AssertionError(f"broken: {invariant}")


def _id_of(what: TaskEntry | int) -> int:
    task_id: int = what if isinstance(what, int) else what[2]
    return task_id
