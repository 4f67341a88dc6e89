"""Transaction: a user's own rows and tasks in one commit (a transactional outbox).

"The order is saved and the mail is queued, or neither": with two commits, a crash between them
leaves one without the other. Here a function of the user's runs in the writer's thread, inside one
transaction of its own, with the one connection that writes. What it returns is returned when all is
on disk; if it raises, nothing has happened.

What this cannot promise: that the mail is sent once. The task runs at least once, as every task.
Only for an effect that is itself a row of this file there is more: done in the transaction that
completes the task, it happens exactly once.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sched.arguments import NOTHING, as_rows, as_task, require_plain
from sched.durable.rows import as_number, storable, storable_result
from sched.durable.store import Store
from sched.entry import TaskEntry
from sched.task import FinishedTask, Task

OURS = "sched_"  # how the names of our tables and indexes begin

# The tables, indexes and so on that are called so, whosever they are.
NAMES = " UNION ALL ".join(
    f"SELECT name FROM {schema} WHERE lower(name) GLOB '{OURS}*'"
    for schema in ("sqlite_schema", "sqlite_temp_schema")
)

# What may be done to what has such a name, which SQLite tells as the first argument or the second.
LOOKS = (sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION)
# What would end the transaction, or change what a commit means.
NEVER = (
    *(sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_PRAGMA),
    *(sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH),
)
FORBIDDEN = (
    "SQL in a transaction may not begin, commit or roll back, attach, set a PRAGMA, or make or "
    f"write tables whose names begin with {OURS}"
)


class Transaction:
    """What the function of ``SQLiteScheduler.transact`` is given, valid until it returns."""

    def __init__(self, store: Store) -> None:
        self._store: Store | None = store
        self.entries: list[TaskEntry] = []  # what was added
        self.completed: list[FinishedTask] = []
        self._spoilt: Exception | None = None

    def execute(self, sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        """Execute one statement of SQL on the file, and return its rows. O(what it takes)::

            [(order,)] = t.execute("INSERT INTO orders (item) VALUES (?) RETURNING id", ("tea",))

        It may read all tables and write all but those of the scheduler; it may not begin, commit
        or roll back. Raises PermissionError for that, and sqlite3.Error. An error that has rolled
        back (``INSERT OR ROLLBACK``, a full disk) ends the transaction: it is raised once more when
        the function returns. So does to give a table a name that begins as ours do."""
        return self._run(sql, lambda connection: connection.execute(sql, parameters))

    def executemany(self, sql: str, rows: Iterable[Any]) -> None:
        """Execute one statement for each of many rows. Raises as ``execute`` does. O(rows)."""
        self._run(sql, lambda connection: connection.executemany(sql, rows))

    def add_task(
        self,
        priority: int | float,
        task_name: str | Task,
        delay: float | None = None,
        *,
        run_at: Any = None,
        action: Callable[..., Any] | None = None,
        args: Sequence[Any] = NOTHING,
        **options: Any,
    ) -> int:
        """Add one task, as ``Scheduler.add_task`` does, and return its id. O(log n).

        options: kwargs, timeout, retry and key. There is no waiting for room.
        Raises as ``Scheduler.add_task`` does."""
        row = {"priority": priority, "task_name": task_name, "delay": delay, "run_at": run_at}
        if args is not NOTHING:
            row["args"] = args
        try:
            [task_id] = self.add_tasks([{**row, "action": action, **options}])
        except (TypeError, ValueError) as error:
            raise type(error)(str(error).removeprefix("row 0: ")) from error
        return task_id

    def add_tasks(self, rows: Iterable[Any]) -> list[int]:
        """Add many, as ``Scheduler.add_tasks`` does, and return their ids. O(n log n)."""
        checked: list[Any] = []
        for number, (priority, payload, *time) in enumerate(as_rows(rows)):
            try:
                checked.append((as_number(priority), storable(payload), *time))
            except (TypeError, ValueError) as error:
                raise type(error)(f"row {number}: {error}") from error
        ids, entries = self._valid().add_many(checked)
        self.entries += entries
        return ids

    def complete(self, task: Task, result: Any = None) -> None:
        """End a task that was handed out, as ``Scheduler.complete`` does. O(log n).

        Raises InvalidTransitionError if that hand-out is over: then let it raise, and what the
        function has written is undone."""
        done = self._valid().complete(as_task(task), storable_result(result))
        self.completed.append(done)

    def require(self) -> None:
        """Raise what is to undo all of it, if something is: it has rolled it back, and what came
        after would be committed without what came before; or it has taken a name of ours. O(1)."""
        if self._spoilt is not None:
            raise self._spoilt

    def end(self) -> None:
        """The function has returned: nothing more can be done with this. O(1)."""
        self._store = None

    def _valid(self) -> Store:
        if self._store is None:
            raise RuntimeError("a transaction ends when the function returns that was given it")
        return self._store

    def _run(
        self, sql: object, what: Callable[[sqlite3.Connection], sqlite3.Cursor]
    ) -> list[tuple[Any, ...]]:
        store = self._valid()
        self.require()
        store.table.write()  # what it has added is there to be read
        connection = store.connection
        # An authorizer is not told of the new name. (A temporary table would hide one of ours.)
        renames = "rename" in str(sql).lower()
        ours = connection.execute(NAMES).fetchall() if renames else None
        connection.set_authorizer(_authorize)
        try:
            found = what(connection).fetchall()
        except sqlite3.DatabaseError as error:
            if not connection.in_transaction:
                self._spoilt = error
            if getattr(error, "sqlite_errorname", "").startswith("SQLITE_AUTH"):
                raise PermissionError(FORBIDDEN) from error
            raise
        finally:
            connection.set_authorizer(None)
        if renames and connection.execute(NAMES).fetchall() != ours:
            self._spoilt = PermissionError(FORBIDDEN)
            raise self._spoilt
        return found


def _authorize(action: int, first: str | None, second: str | None, *_: Any) -> int:
    ours = any(name is not None and name.lower().startswith(OURS) for name in (first, second))
    forbidden = action in NEVER or (ours and action not in LOOKS)
    return sqlite3.SQLITE_DENY if forbidden else sqlite3.SQLITE_OK


class FunctionRaisedError(Exception):
    """For the writer: the function has raised ``error``.

    moved: whether tasks had been moved by then, so that there is more to undo than has been."""

    def __init__(self, error: BaseException, moved: bool) -> None:
        super().__init__(error)
        self.error, self.moved = error, moved


def transact(
    store: Store, function: Callable[[Transaction], Any]
) -> tuple[Any, list[TaskEntry], list[FinishedTask]]:
    """Call a function in the transaction that is open, or a new one; what came of it, what was
    added and what was completed. The writer runs this alone. O(what it takes)."""
    table, connection = store.table, store.connection
    store.catch_up()
    table.write()
    table.begin()
    connection.execute(f"SAVEPOINT {OURS}function")
    before = table.begun
    transaction = Transaction(store)
    try:
        value = function(transaction)
        require_plain(value, "function")
        transaction.require()
    except BaseException as error:  # a refusal too: what was done before it is undone
        moved = table.is_dirty or table.begun != before or not connection.in_transaction
        if not moved:  # most raise first: then nothing need be read from the file again
            connection.execute(f"ROLLBACK TO {OURS}function")
        raise FunctionRaisedError(error, moved) from None
    finally:
        transaction.end()
    return value, transaction.entries, transaction.completed
