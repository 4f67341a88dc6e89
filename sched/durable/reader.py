"""Reader: a look into a file, whoever has it; it never writes, and holds nobody up."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sched.durable import schema
from sched.durable.counters import Counters
from sched.durable.disk_table import SELECT
from sched.durable.errors import StorageError
from sched.durable.opening import as_path, connect, explained
from sched.durable.ownership import owner_of
from sched.durable.rows import Row, item_of
from sched.durable.schema import CANCELLED, FAILED, READY, RUNNING, SUCCEEDED, WAITING
from sched.ledger import unknown
from sched.metrics import Metrics
from sched.task import Task, pending_task


class Reader:
    """Of the file at a path. What is due counts as waiting until the owner has noticed.

    Each method opens the file anew and sees one moment of it. Raises StorageError if it is not a
    file of this scheduler; whether it is damaged is found out where it is read."""

    def __init__(self, path: str | Path) -> None:
        self.path = as_path(path)
        with self._connection():
            pass

    def owner(self) -> int | None:
        """The id of the process that has the file; None if none has. O(1)."""
        return owner_of(self.path)

    def metrics(self) -> Metrics:
        """As ``Scheduler.metrics``. O(running tasks + dead letters)."""
        with self._connection() as connection:
            c = Counters.read(connection)
            where = f"ended IS NOT NULL AND state = {FAILED}"
            count = "SELECT count(*) FROM sched_tasks WHERE"
            (running,) = connection.execute(f"{count} state = {RUNNING}").fetchone()
            (dead,) = connection.execute(f"{count} {where}").fetchone()
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
        with self._connection() as connection:
            aging: float | None = connection.execute("SELECT aging FROM sched_file").fetchone()[0]
        return aging

    def next_run_time(self) -> float | None:
        """When the first pending task may run, epoch seconds; None if none is pending. O(log n)."""
        tasks = self.pending(1)
        return tasks[0].run_at if tasks else None

    def pending(self, limit: int = -1) -> list[Task]:
        """The first pending tasks, ready ones in order, then by run_at; -1 for all. O(limit)."""
        with self._connection() as connection:
            ready = f"WHERE state = {READY} ORDER BY rank, run_at, id LIMIT ?"
            found = self._tasks(connection, ready, limit)
            if limit < 0 or len(found) < limit:
                left = -1 if limit < 0 else limit - len(found)
                waiting = f"WHERE state = {WAITING} ORDER BY run_at, id LIMIT ?"
                found += self._tasks(connection, waiting, left)
        return found

    def running(self) -> list[Task]:
        """The hand-outs that are not over, first handed out first. O(their number)."""
        with self._connection() as connection:
            return self._tasks(connection, f"WHERE state = {RUNNING} ORDER BY number LIMIT ?", -1)

    def dead(self, limit: int = -1) -> list[Task]:
        """The dead letters, first failed first; -1 for all. O(tasks that have ended)."""
        where = f"WHERE ended IS NOT NULL AND state = {FAILED} ORDER BY ended LIMIT ?"
        with self._connection() as connection:
            return self._tasks(connection, where, limit)

    def finished(self, limit: int = -1) -> list[Task]:
        """The tasks of the history, last ended first; -1 for all. O(tasks that have ended)."""
        where = f"WHERE ended IS NOT NULL AND state IN ({SUCCEEDED}, {CANCELLED})"
        with self._connection() as connection:
            return self._tasks(connection, f"{where} ORDER BY ended DESC LIMIT ?", limit)

    def task(self, task_id: int) -> Task:
        """A snapshot of a task. O(log n). Raises UnknownTaskError."""
        with self._connection() as connection:
            found = self._tasks(connection, "WHERE id = ?", task_id)
        if not found:
            raise unknown(task_id)
        return found[0]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            raise StorageError(self.path, "there is no such file") from None
        except OSError as error:
            raise StorageError(self.path, error.strerror or str(error)) from None
        if stat.S_ISDIR(found.st_mode):
            raise StorageError(self.path, "it is a directory")
        if found.st_size == 0:
            raise StorageError(self.path, "it is empty")
        try:
            with closing(connect(self.path, "ro")) as connection:
                connection.execute("BEGIN")  # one moment for all that is read
                if (flaw := schema.stranger(connection)) is not None:
                    raise StorageError(self.path, flaw)
                yield connection
        except sqlite3.Error as error:
            raise explained(self.path, error) from error

    def _tasks(self, connection: sqlite3.Connection, where: str, value: int) -> list[Task]:
        (name,) = connection.execute("SELECT uuid FROM sched_file").fetchone()
        rows: list[Row] = connection.execute(f"{SELECT} {where}", (value,)).fetchall()
        tasks = [item_of(row, name).task for row in rows]
        return [pending_task(t, name) if isinstance(t, tuple) else t for t in tasks]
