"""ShardedStanding: what a ledger over several others knows, and of what its moves are made.

A task stands in one shard from its beginning to its end: that of its key, or of its id. So every
move of one task is a move of one shard, and as atomic there as ever. What concerns several shards:

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
from sched.arguments import Row, shown
from sched.durable.errors import StorageError
from sched.durable.moment import Moment
from sched.durable.places import place
from sched.durable.shard import Ended, FileShard, MemoryShard, Numbered, Shard
from sched.entry import Details, TaskEntry
from sched.ledger import Ledger, unknown
from sched.task import QueueFullError, Task, UnknownTaskError, pending_task

T = TypeVar("T")

_number = attrgetter("number")


def _end(ended: tuple[Ended, MemoryShard]) -> tuple[float, int]:
    return ended[0].finished_at, ended[0].task_id


class ShardedStanding(Ledger):
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

    # --- a batch, and its room --------------------------------------------------------------------

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

    # --- what all shards are asked ----------------------------------------------------------------

    def _ask_all(self, look: Callable[[Ledger], T]) -> tuple[float, list[T]]:
        """What each shard says, at one moment in exact order."""
        with self.lock:
            self._settle()
            with self.moment as now:
                return now, list(map(look, self.ledgers))

    def _first(self) -> tuple[Task, int] | None:
        """The smallest of the heads, and whose it is. O(shards)."""
        first = None
        for k, ledger in enumerate(self.ledgers):
            head = ledger.peek()
            if head is not None and (first is None or head.entry[:3] < first[0].entry[:3]):
                first = (head, k)
        return first

    # --- forgetting -------------------------------------------------------------------------------

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
