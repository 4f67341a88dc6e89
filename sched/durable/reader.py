"""Reader: a look into a file, whoever has it; it never writes, and holds nobody up."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sched.arguments import LARGEST, SMALLEST, as_count, as_task_id
from sched.durable import schema
from sched.durable.counters import Counters
from sched.durable.damage import fetched
from sched.durable.disk_table import SELECT
from sched.durable.errors import StorageError
from sched.durable.opening import as_path, explained, look, require_file
from sched.durable.ownership import owner_of
from sched.durable.rows import item_of
from sched.durable.schema import CANCELLED, FAILED, READY, RUNNING, SUCCEEDED, WAITING
from sched.ledger import unknown
from sched.metrics import Metrics
from sched.task import Task, pending_task

T = TypeVar("T")

ENDED = "ended IS NOT NULL AND state"  # which lets SQLite use the index of what has ended


class Reader:
    """Of the file at a path. What is due counts as waiting until the owner has noticed.

    Each method opens the file anew and sees one moment of it. Raises StorageError if it is not a
    file of this scheduler; whether it is damaged is found out where it is read. Raises TypeError or
    ValueError for a bad argument."""

    def __init__(self, path: str | Path) -> None:
        self.path = as_path(path)
        self._look(lambda _: None)

    def owner(self) -> int | None:
        """The id of the process that has the file; None if none has. O(1)."""
        return owner_of(self.path)

    def metrics(self) -> Metrics:
        """As ``Scheduler.metrics``. O(running tasks + tasks that have ended)."""

        def read(connection: sqlite3.Connection) -> tuple[Counters, int, int]:
            count = "SELECT count(*) FROM sched_tasks WHERE"
            (running,) = connection.execute(f"{count} state = {RUNNING}").fetchone()
            (dead,) = connection.execute(f"{count} {ENDED} = {FAILED}").fetchone()
            return Counters.read(connection), running, dead

        c, running, dead = self._look(read)
        return Metrics(
            added=c.added,
            ready=c.ready,
            waiting=c.waiting,
            running=running,
            succeeded=c.succeeded,
            failed=c.failed,
            cancelled=c.cancelled,
            retried=c.retried,
            dead_letters=dead,
        )

    def aging(self) -> float | None:
        """The aging that the file's ranks were made with; None for none. O(1)."""
        row = self._look(lambda c: c.execute("SELECT aging FROM sched_file").fetchone())
        aging: float | None = row[0]
        return aging

    def next_run_time(self) -> float | None:
        """When the first pending task may run, epoch seconds; None if none is pending. O(log n)."""
        tasks = self.pending(1)
        return tasks[0].run_at if tasks else None

    def pending(self, limit: int = -1) -> list[Task]:
        """The first pending tasks, ready ones in order, then by run_at; -1 for all. O(limit)."""
        limit = _as_limit(limit)

        def read(connection: sqlite3.Connection) -> list[Task]:
            ready = f"WHERE state = {READY} ORDER BY rank, run_at, id LIMIT ?"
            found = _tasks(connection, ready, limit)
            if limit < 0 or len(found) < limit:
                left = -1 if limit < 0 else limit - len(found)
                waiting = f"WHERE state = {WAITING} ORDER BY run_at, id LIMIT ?"
                found += _tasks(connection, waiting, left)
            return found

        return self._look(read)

    def running(self) -> list[Task]:
        """The hand-outs that are not over, first handed out first. O(their number)."""
        return self._tasks(f"WHERE state = {RUNNING} ORDER BY number LIMIT ?", -1)

    def dead(self, limit: int = -1) -> list[Task]:
        """The dead letters, first failed first; -1 for all. O(tasks that have ended)."""
        return self._tasks(f"WHERE {ENDED} = {FAILED} ORDER BY ended LIMIT ?", _as_limit(limit))

    def finished(self, limit: int = -1) -> list[Task]:
        """The tasks of the history, last ended first; -1 for all. O(tasks that have ended)."""
        history = f"WHERE {ENDED} IN ({SUCCEEDED}, {CANCELLED})"
        return self._tasks(f"{history} ORDER BY ended DESC LIMIT ?", _as_limit(limit))

    def task(self, task_id: int) -> Task:
        """A snapshot of a task. O(log n). Raises UnknownTaskError."""
        task_id = as_task_id(task_id)
        known = SMALLEST <= task_id <= LARGEST  # SQLite has no larger numbers
        found = self._tasks("WHERE id = ?", task_id) if known else []
        if not found:
            raise unknown(task_id)
        return found[0]

    def _tasks(self, where: str, value: int) -> list[Task]:
        return self._look(lambda connection: _tasks(connection, where, value))

    def _look(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """What read(connection) returns, of one moment of a file of ours."""

        def read_ours(connection: sqlite3.Connection) -> T:
            if (flaw := schema.stranger(connection)) is not None:
                raise StorageError(self.path, flaw)
            return read(connection)

        try:
            require_file(self.path)
            if self.path.stat().st_size == 0:
                raise StorageError(self.path, "it is empty")
            return look(self.path, read_ours)
        except FileNotFoundError:
            raise StorageError(self.path, "there is no such file") from None
        except OSError as error:
            raise StorageError(self.path, error.strerror or str(error)) from None
        except sqlite3.Error as error:
            raise explained(self.path, error) from error


def _as_limit(limit: object) -> int:
    return min(as_count(limit, "limit", at_least=-1), LARGEST)


def _tasks(connection: sqlite3.Connection, where: str, value: int) -> list[Task]:
    (name,) = connection.execute("SELECT uuid FROM sched_file").fetchone()
    tasks = [item_of(row, name).task for row in fetched(connection, f"{SELECT} {where}", (value,))]
    return [pending_task(t, name) if isinstance(t, tuple) else t for t in tasks]
