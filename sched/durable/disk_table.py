"""DiskTable: the tasks of a file, with what has changed since the last write in front of it.

A move is one assignment, ``put``, as it is in memory. What has been assigned is written many rows
at a time, before anything is read that it could concern and before each commit; a task that is
added, taken and completed between two commits is written once, as what it is in the end.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from sched.durable.damage import DamagedError, fetched
from sched.durable.plain import to_json
from sched.durable.rows import (
    COLUMNS,
    DELETE,
    ENTRY,
    HAND_OUT,
    INSERT,
    SUCCEED,
    UPDATE,
    Item,
    Row,
    changing,
    entry_of,
    item_of,
    row_of,
)
from sched.durable.schema import FAILED, READY, RUNNING, SUCCEEDED, WAITING
from sched.entry import TaskEntry
from sched.task import FinishedTask, RunningTask

SELECT = f"SELECT {COLUMNS} FROM sched_tasks"
MOST = 10_000  # changes that are kept before they are written, though nothing is read


class DiskTable:
    """Used by one thread. name: that of the ledger, for the tasks that are read."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self.connection, self.name = connection, name
        self.begun = 0  # how often something was about to be written
        # Since the last write; each task is in one of these, or it was changed and is handed out:
        self.new: dict[int, Item] = {}  # not on disk yet
        self.handed_out: dict[int, Row] = {}  # was ready and runs: what HAND_OUT writes
        self.succeeded: dict[int, Row] = {}  # ran and has succeeded: what SUCCEED writes
        self.changed: dict[int, Item] = {}  # in another way: the whole row is written anew
        self.deleted: dict[int, None] = {}
        self.keys: dict[str, int | None] = {}  # taken, or free again

    # --- moves ------------------------------------------------------------------------------------

    def add(self, task_id: int, item: Item) -> None:
        """A task that has not been there. O(1)."""
        self.new[task_id] = item
        if len(self.new) > MOST:
            self.write()

    def put(self, task_id: int, item: Item) -> None:
        """What a task is from now on. O(1)."""
        if task_id in self.new:
            self.new[task_id] = item
        else:
            self.handed_out.pop(task_id, None)
            self.succeeded.pop(task_id, None)
            self.changed[task_id] = item
            if len(self.changed) > MOST:
                self.write()

    # Two moves that nearly every task makes, and that change little of its row.

    def hand_out(self, task: RunningTask, task_id: int, number: int, at: float) -> None:
        """A task was ready, and runs from this moment on. O(1)."""
        if task_id in self.new:
            self.new[task_id] = Item(RUNNING, task)
        else:
            self.handed_out[task_id] = (number, at, task_id)
            if len(self.handed_out) > MOST:
                self.write()

    def succeed(self, done: FinishedTask, task_id: int, ended: int, at: float, result: Any) -> None:
        """A task ran, and has succeeded at this moment, as which of those that have ended. O(1)."""
        if task_id in self.new or task_id in self.changed or task_id in self.handed_out:
            self.put(task_id, Item(SUCCEEDED, done, ended))
        else:
            text = None if result is None else to_json(result)
            self.succeeded[task_id] = (at, ended, text, task_id)
            if len(self.succeeded) > MOST:
                self.write()

    def delete(self, task_id: int) -> None:
        """The task is forgotten. O(1)."""
        if self.new.pop(task_id, None) is None:
            self.handed_out.pop(task_id, None)
            self.succeeded.pop(task_id, None)
            self.changed.pop(task_id, None)
            self.deleted[task_id] = None

    @property
    def is_dirty(self) -> bool:
        """Whether something has been assigned and not written. O(1)."""
        return bool(self.handed_out or self.succeeded or self.new or self.changed or self.deleted)

    def write(self) -> None:
        """Write what has changed, in the transaction that is open or a new one. O(changes)."""
        if not self.is_dirty:
            return
        self.begin()
        # Who gives up a key goes before who takes it, and what was changed before it ran.
        anew = [(*changing(item), i) for i, item in self.changed.items()]
        for statement, rows in (
            (UPDATE, anew),
            (SUCCEED, [*self.succeeded.values()]),
            (HAND_OUT, [*self.handed_out.values()]),
            (DELETE, [(i,) for i in self.deleted]),
            (INSERT, [row_of(i, item) for i, item in self.new.items()]),
        ):
            if rows:
                statement.execute(self.connection, rows)
        self.forget()

    def begin(self) -> None:
        """Open a transaction unless one is open. O(1).

        Never a deferred one: that would find out only at its first write that somebody else
        writes, and then waiting does not help."""
        self.begun += 1
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")

    def forget(self) -> None:
        """Nothing has changed: it is written, or it is to be undone. O(1)."""
        self.new, self.handed_out, self.succeeded = {}, {}, {}
        self.changed, self.deleted, self.keys = {}, {}, {}

    # --- looks ------------------------------------------------------------------------------------

    def get(self, task_id: int) -> Item | None:
        """What a task is; None if there is none of this id. O(log n)."""
        if task_id in self.succeeded or task_id in self.handed_out:
            self.write()
        item = self.new.get(task_id) or self.changed.get(task_id)
        if item is not None or task_id in self.deleted or not -(2**63) <= task_id < 2**63:
            return item
        rows = fetched(self.connection, f"{SELECT} WHERE id = ?", (task_id,))
        return item_of(rows[0], self.name) if rows else None

    def state_of(self, task_id: int) -> int:
        """The state that its row has, which is there. O(log n)."""
        self.write()
        question = "SELECT state FROM sched_tasks WHERE id = ?"
        state: int = self.connection.execute(question, (task_id,)).fetchone()[0]
        return state

    def task_of_key(self, key: str) -> int | None:
        """The id of the unfinished task with this key, if there is one. O(log n)."""
        if key in self.keys:
            return self.keys[key]
        question = f"SELECT id FROM sched_tasks WHERE key = ? AND state <= {RUNNING}"
        row = self.connection.execute(question, (key,)).fetchone()
        return None if row is None else row[0]

    def ready(self, limit: int) -> list[Item]:
        """The first ready tasks, in order; all if the limit is -1. O(limit)."""
        return self._read(f"WHERE state = {READY} ORDER BY rank, run_at, id LIMIT ?", limit)

    def ready_entries(self, limit: int) -> tuple[list[TaskEntry], bool]:
        """The entries of the first ready tasks, in order; whether there may be more. O(limit).

        They end before one that is damaged; raises DamagedError if that is the first."""
        self.write()
        order = f"WHERE state = {READY} ORDER BY rank, run_at, id LIMIT ?"
        question = f"SELECT {ENTRY} FROM sched_tasks {order}"
        entries: list[TaskEntry] = []
        rows = fetched(self.connection, question, (limit,))
        try:
            entries.extend(map(entry_of, rows))  # which keeps those before the one that raises
        except DamagedError:
            if not entries:
                raise
        return entries, len(entries) < len(rows) or len(rows) == limit

    def waiting(self, limit: int) -> list[Item]:
        """The first waiting tasks, by run_at; all if the limit is -1. O(limit)."""
        return self._read(f"WHERE state = {WAITING} ORDER BY run_at, id LIMIT ?", limit)

    def due(self, now: float, limit: int) -> list[Item]:
        """The first waiting tasks whose time has come. O(limit)."""
        where = f"WHERE state = {WAITING} AND run_at <= ? ORDER BY run_at, id LIMIT ?"
        return self._read(where, now, limit)

    def first_due(self) -> float | None:
        """When the first waiting task is due. O(log n)."""
        self.write()
        question = f"SELECT run_at FROM sched_tasks WHERE state = {WAITING} ORDER BY run_at LIMIT 1"
        row = self.connection.execute(question).fetchone()
        return None if row is None else row[0]

    def promote(self, now: float) -> int:
        """Make all ready whose time has come, without reading them. Returns how many. O(n)."""
        self.write()
        self.begin()
        move = f"UPDATE sched_tasks SET state = {READY} WHERE state = {WAITING} AND run_at <= ?"
        return self.connection.execute(move, (now,)).rowcount

    def dead(self) -> list[Item]:
        """The dead letters, first failed first. O(number of tasks that have ended)."""
        return self._read(f"WHERE state = {FAILED} AND ended IS NOT NULL ORDER BY ended")

    def running(self) -> list[Item]:
        """The tasks that are handed out, first handed out first. O(n)."""
        return self._read(f"WHERE state = {RUNNING} ORDER BY number")

    def count_crashes(self) -> dict[int, int]:
        """The owner of all hand-outs has died: how often, of each of their tasks. O(number)."""
        self.write()
        self.begin()
        where = f"WHERE state = {RUNNING}"
        self.connection.execute(f"UPDATE sched_tasks SET crashes = crashes + 1 {where}")
        return dict(self.connection.execute(f"SELECT id, crashes FROM sched_tasks {where}"))

    def forget_crashes(self, task_id: int) -> None:
        """The task starts a new life. O(log n)."""
        self.write()
        self.begin()
        self.connection.execute("UPDATE sched_tasks SET crashes = 0 WHERE id = ?", (task_id,))

    def ended(self) -> Iterable[tuple[int, int]]:
        """Id and state of the tasks that have ended, first ended first. O(their number)."""
        self.write()
        question = "SELECT id, state FROM sched_tasks WHERE ended IS NOT NULL ORDER BY ended"
        return self.connection.execute(question).fetchall()

    def _read(self, where: str, *values: float) -> list[Item]:
        self.write()
        rows = fetched(self.connection, f"{SELECT} {where}", values)
        return [item_of(row, self.name) for row in rows]
