"""SQLiteScheduler: a scheduler whose tasks survive the process, and outnumber its memory."""

import os
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeVar, get_args

from sched import arguments
from sched.base import Scheduler
from sched.clock import Clock
from sched.durable.ledger import SQLiteLedger
from sched.durable.opening import Durability, as_path
from sched.durable.transaction import Transaction
from sched.multilevel import MultilevelQueue
from sched.task import RunningTask, Task

T = TypeVar("T")


class SQLiteScheduler(Scheduler):
    """A scheduler that keeps its tasks in a file; the order is that of every other one::

        with SQLiteScheduler("tasks.db") as s:
            s.add_task(1, "mail", action=send_mail, args=("ada@example.org",))

    path: the file, which is made if it is missing; one process at a time has it.
    window: how many ready tasks are held in memory, twice as many at most; the others wait on disk.
    Who goes through all tasks (``pending_tasks``, ``dead_letters``) holds all of them meanwhile.
    durability: what is on disk when a method returns. "full": all that it has done, whatever
    happens then. "normal": so if the process dies; a power cut may take the last moments.
    "async": the process may take the last moments with it as well. Under each, what is left after
    is a moment of the file's past, whole and in order.
    All other arguments are those of every Scheduler.

    Actions are functions registered with ``@action(name)``, arguments values that come back from
    JSON as they were, and a retry policy's classes belong to the action: anything else is refused
    by ``add_task`` with a TypeError or ValueError. A result that JSON does not know is kept as its
    repr.

    Every task runs at least once. One that was running when the process died runs again when the
    file is opened, and has had an attempt; without a retry policy five times, then it is a dead
    letter.

    Raises StorageError, which names the file, where it cannot be used, and whenever it cannot be
    written later on; what is in it then stays as it was. So does whoever comes to take a task whose
    row is damaged: nobody goes past it, for the order, and what else is in that file, would be in
    doubt. Restore a backup, or give up that task: ``discard(id)``, of any task that is damaged.
    """

    queue = MultilevelQueue

    def __init__(
        self,
        path: str | os.PathLike[str],
        window: int = 10_000,
        durability: Durability = "full",
        **options: Any,
    ) -> None:
        self.path = as_path(path)
        if durability not in get_args(Durability):
            names = ", ".join(map(repr, get_args(Durability)))
            raise ValueError(
                f"durability must be one of {names}, got {arguments.shown(durability)}"
            )
        self.window = arguments.as_count(window, "window", at_least=1, at_most=arguments.LARGEST)
        self.durability: Durability = durability
        super().__init__(**options)

    def make_ledger(self, clock: Clock, **limits: Any) -> SQLiteLedger:
        """In the file. Raises StorageError. O(size of the file): it is checked."""
        self._file = SQLiteLedger(
            self.path,
            self.durability,
            queue=self.queue,
            window=self.window,
            now=clock.now,
            **limits,
        )
        return self._file

    def get_next_tasks(self, limit: int) -> list[Task]:
        """Take so many tasks at most, in one commit: what ``get_next_task`` would return one after
        another. All of them are RUNNING now. O(limit log n)."""
        tasks = self._file.take_many(arguments.as_count(limit, "limit", at_least=1))
        if tasks:
            self._room.tell()
            if self._on_take:
                for task in tasks:
                    self._tell("started", task)
        return [*tasks]

    def complete_tasks(self, ends: Iterable[Task | tuple[Task, Any]]) -> list[Task]:
        """``complete`` many, in one commit. O(n).

        ends: tasks, or tuples (task, result). Returns those whose hand-out was over before, with
        which nothing is done; the others have succeeded. Raises TypeError, naming the row, for
        what is no Task; then nothing is done at all."""
        rows = _as_ends(ends)
        outcomes = self._file.complete_many(rows)
        if self._on_success:
            for done in filter(None, outcomes):
                self._tell("succeeded", done)
        return [task for (task, _), done in zip(rows, outcomes, strict=True) if done is None]

    def transact(self, function: Callable[[Transaction], T]) -> T:
        """Add tasks, or complete one, in the same commit as rows of your own in the same file::

            def save(t):
                t.execute("INSERT INTO orders VALUES (?, ?)", (7, "tea"))
                t.add_task(1, "mail", action=send_mail, args=(7,))

            s.transact(save)

        The order is saved and the mail is queued, or neither. The function is called with a
        Transaction, in the thread that writes, where everybody else waits for it: let it be short.
        The scheduler's own methods raise RuntimeError there, for they would wait for themselves.
        Returns what it returns, raises what it raises; then nothing of it has happened. It is
        called once. O(what it takes)."""
        value, entries, completed = self._file.transact(arguments.as_plain(function, "function"))
        if entries:
            self._announce("added", *entries)
        for done in completed:
            self._tell("succeeded", done)
        return value  # type: ignore[no-any-return]

    def backup(self, path: str | os.PathLike[str]) -> None:
        """Copy the file, as it is now, to a new one, while others go on. O(size of the file).

        A copy made in another way, of the file alone, would lack its last commits. Raises
        StorageError if there is a file already, or it cannot be written."""
        self._file.backup(as_path(path))

    def close(self) -> None:
        """Close the file, for another process to have. Idempotent. O(1).

        Tasks that are RUNNING then run again when the file is opened. A scheduler that nothing
        refers to is closed, and at exit, every one is."""
        self._file.close()

    def __repr__(self) -> str:
        try:
            return super().__repr__()
        except RecursionError:
            raise
        except RuntimeError as error:  # it is closed; a repr that raises would hide how that came
            return f"<{type(self).__name__}: {error}>"

    def __enter__(self) -> "SQLiteScheduler":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _as_ends(ends: object) -> list[tuple[Task, Any]]:
    """All rows of complete_tasks, checked before any is ended."""
    if not isinstance(ends, Iterable):
        raise TypeError(f"ends must be an iterable of tasks, got {arguments.shown(ends)}")
    rows: list[tuple[Task, Any]] = []
    for number, end in enumerate(ends):
        if type(end) is RunningTask:  # the usual kind, fast
            rows.append((end, None))
            continue
        task, result = end if isinstance(end, tuple) and len(end) == 2 else (end, None)
        try:
            rows.append((arguments.as_task(task), result))
        except TypeError as error:
            raise TypeError(f"row {number}: {error}") from error
    return rows
