"""Shard: what a ledger must do beyond being one to hold a part of the tasks of another.

The ids come from outside, and adding twice under one id adds once: so a batch that was interrupted
between two shards can be finished by whoever comes next.
"""

from abc import ABC, abstractmethod
from math import inf
from typing import Any, NamedTuple

from sched.arguments import Row
from sched.clock import Clock
from sched.durable.ledger import SQLiteLedger
from sched.durable.rows import as_number, storable
from sched.durable.schema import FAILED, RUNNING
from sched.durable.store import Store
from sched.entry import Details, TaskEntry
from sched.ledger import Ledger
from sched.memory import MemoryLedger
from sched.queue import Queue
from sched.task import FinishedTask

Numbered = tuple[int, Row]  # an id and a row


class Ended(NamedTuple):
    """How many tasks a shard remembers that have ended, and which of them ended first."""

    number: int
    finished_at: float = inf
    task_id: int = 0


class Shard(ABC):
    """A part of a ShardedLedger. ledger: where its tasks stand."""

    ledger: Ledger

    @abstractmethod
    def add_numbered(self, rows: list[Numbered]) -> list[TaskEntry | int]:
        """Add those that are not there, all of them or none. O(log n) each.

        For each its entry; or the id of who has its key, or its own if it was there already."""

    @abstractmethod
    def task_of_key(self, key: str) -> int | None:
        """The id of the unfinished task with this key, if there is one. O(1), O(log n) on disk."""

    def checked(self, row: Row) -> Row:
        """The row as it will be kept. Raises TypeError or ValueError. O(size of arguments)."""
        return row


class MemoryShard(MemoryLedger, Shard):
    """Forgets nothing by itself: which task has ended first is known only to all shards."""

    def __init__(self, queue: type[Queue], clock: Clock, name: str, aging: float | None) -> None:
        super().__init__(
            queue, clock, history=2**63, max_dead_letters=None, max_pending=None, aging=aging
        )
        self.name, self.ledger = name or self.name, self

    def add_numbered(self, rows: list[Numbered]) -> list[TaskEntry | int]:
        with self.lock:
            now = self.catch_up()
            found, keys = self._sort_out(rows, now)
            self._record([each for each in found if not isinstance(each, int)], keys)
        self.dropped.clear()
        return found

    def _sort_out(
        self, rows: list[Numbered], now: float
    ) -> tuple[list[TaskEntry | int], dict[str, int]]:
        """What is to be returned, and the new keys."""
        found: list[TaskEntry | int] = []
        keys: dict[str, int] = {}
        for task_id, row in rows:
            key = row[1].key if isinstance(row[1], Details) else None
            holder = None if key is None else self.keys.get(key, keys.get(key))
            if task_id in self.table:
                found.append(task_id)
            elif holder is not None:
                found.append(holder)
            else:
                found.append(self._entry(task_id, now, *row))
                if key is not None:
                    keys[key] = task_id
        return found, keys

    def task_of_key(self, key: str) -> int | None:
        with self.lock:
            self.catch_up()
            return self.keys.get(key)

    def ended(self, *, dead: bool) -> Ended:
        """Those of the history, or the dead letters. O(1)."""
        with self.lock:
            if self.mark:
                self.catch_up()
            ids = self.dead_ids if dead else self.finished_ids
            if not ids:
                return Ended(0)
            first: Any = self.table[next(iter(ids))]
            return Ended(len(ids), first.finished_at, first.id)

    def forget(self, task_id: int, *, dead: bool) -> None:
        """Forget the one that ended first, which is this one. O(1)."""
        with self.lock:
            item = self.table.get(task_id)
            if isinstance(item, FinishedTask):
                self.mark = True
                self.dropped.append(item)
                del self.table[task_id]
                if dead:
                    self.dead_ids.pop(task_id, None)
                else:
                    del self.finished_ids[0]
                self.mark = False
        self.dropped.clear()


class FileShard(Shard):
    """A file, of a ledger that nobody else uses. Forgets by itself, as every file does."""

    def __init__(self, ledger: SQLiteLedger, name: str) -> None:
        self.ledger = self.file = ledger
        self.name = ledger.name = name or ledger.name
        ledger.ask(_rename, self.name)

    def add_numbered(self, rows: list[Numbered]) -> list[TaskEntry | int]:
        found: list[TaskEntry | int] = self.file.ask(_add_numbered, rows)
        return found

    def checked(self, row: Row) -> Row:
        return (as_number(row[0]), storable(row[1]), *row[2:])

    def task_of_key(self, key: str) -> int | None:
        task_id: int | None = self.file.ask(_task_of_key, key)
        return task_id

    def last_id(self) -> int:
        """The greatest id that was ever given to a task of this file. O(1)."""
        last: int = self.file.ask(_last_id)
        return last

    def unfinished_keys(self) -> list[str]:
        """The keys of tasks that are unfinished or dead letters. O(n)."""
        keys: list[str] = self.file.ask(_keys)
        return keys


# --- what the thread does that writes a file ------------------------------------------------------


def _add_numbered(store: Store, rows: list[Numbered]) -> list[TaskEntry | int]:
    now = store.catch_up()
    found: list[TaskEntry | int] = []
    for task_id, row in rows:
        last = store.counters.last_id
        key = row[1].key if isinstance(row[1], Details) else None
        holder = None if key is None else store.table.task_of_key(key)
        if task_id <= last and store.item(task_id) is not None:
            found.append(task_id)
        elif holder is not None:
            found.append(holder)
        else:
            store.counters.last_id = task_id - 1
            found.append(store.enter_new(now, *row))
            store.counters.last_id = max(last, task_id)
    return found


def _task_of_key(store: Store, key: str) -> int | None:
    return store.table.task_of_key(key)


def _last_id(store: Store) -> int:
    return store.counters.last_id


def _keys(store: Store) -> list[str]:
    store.table.write()
    states = f"(state <= {RUNNING} OR state = {FAILED})"
    question = f"SELECT key FROM sched_tasks WHERE key IS NOT NULL AND {states}"
    return [key for (key,) in store.connection.execute(question)]


def _rename(store: Store, name: str) -> None:
    store.name = store.table.name = name
