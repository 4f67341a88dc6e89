"""SQLiteLedger: a ledger in a file. Each call is a request to the writer (writer.py), and waits.

Callers wait on a SimpleQueue, which is written in C, and hold no lock. So an interrupt leaves
nothing half done: the request has been appended, and is done before any that the same thread
appends after it, or it has not.
"""

import atexit
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from sched import forks
from sched.arguments import Plain, Row
from sched.durable.copying import copy_file
from sched.durable.errors import StorageError
from sched.durable.opening import Durability
from sched.durable.plain import as_text
from sched.durable.rows import as_number, storable, storable_result
from sched.durable.store import Store
from sched.durable.transaction import Transaction, transact
from sched.durable.writer import Inbox, Outcome, Request, Writer, serve
from sched.entry import Details, TaskEntry
from sched.ledger import Ledger
from sched.metrics import Metrics
from sched.task import FinishedTask, RunningTask, Task

HAS_THREADS = sys.platform != "emscripten"  # a browser has none

_open: "weakref.WeakSet[SQLiteLedger]" = weakref.WeakSet()


class SQLiteLedger(Ledger):
    """The arguments are as SQLiteScheduler has them. Raises StorageError.

    One that nobody refers to is closed, and at exit every one is.

    Whoever calls from the writer's own thread (from a transaction's function, or from a finalizer
    that happens to run there) would wait for itself, and gets a RuntimeError."""

    commits = True

    def __init__(self, path: Path, durability: Durability, **options: Any) -> None:
        self.path, self.at_exit = path, f"stay in {path}"
        self._forked = False
        self._inbox = inbox = Inbox(path)
        self._local: Writer | None = None
        self._lock = threading.Lock()  # for a writer that has no thread of its own
        self._finalizer = weakref.finalize(self, inbox.let_go)
        if not HAS_THREADS:
            self._local = writer = Writer(inbox, durability, options)
            self._finalizer.detach()
            self._finalizer = weakref.finalize(self, writer.close)
            self.name = writer.store.name
        else:
            opened: SimpleQueue[Outcome] = SimpleQueue()
            threading.Thread(
                target=serve,
                args=(inbox, opened.put, durability, options),
                name=f"sched-writer-{path.name}",
                daemon=True,  # what happens at exit is close_all's to decide
            ).start()
            self.name = _value(opened.get())
        self._finalizer.atexit = False
        forks.note(self)
        _open.add(self)

    def close(self) -> None:
        """Finish what has been asked for, close the file and let it go. Idempotent. O(1)."""
        if not self._forked:
            self._refuse_the_writer()
            self._inbox.letting_go = True  # should this be interrupted, it is closed all the same
            self._request(None)
            self._finalizer.detach()

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if self._forked:
            raise StorageError(
                self.path,
                "it belongs to the process that this one was forked from",
            )
        self._refuse_the_writer()
        return self._request(function, *arguments)

    def _refuse_the_writer(self) -> None:
        if self._inbox.thread == threading.get_ident():
            raise RuntimeError(
                f"{self.path}: this call would wait for the writer, and it is the writer that "
                "makes it: in a transaction, use what its function is given"
            )

    def _request(self, function: Callable[..., Any] | None, *arguments: Any) -> Any:
        answer: SimpleQueue[Outcome] = SimpleQueue()
        request = Request(answer.put, function, arguments)
        if self._local is None or self._inbox.closed:
            self._inbox.put(request)
        else:
            with self._lock:
                self._inbox.thread = threading.get_ident()
                try:
                    self._local.run([request])
                finally:
                    self._inbox.thread = None
        return _value(answer.get())

    def is_to_blame(self, error: BaseException) -> bool:
        return isinstance(error, StorageError) and error.path == self.path

    def renew_after_fork(self) -> None:
        """In a forked child: the file is the parent's. O(1)."""
        self._forked = True
        self._finalizer.detach()

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What function(store, *arguments) returns, called by the writer in its turn."""
        return self._call(function, *arguments)

    def transact(
        self, function: Callable[[Transaction], Any]
    ) -> tuple[Any, list[TaskEntry], list[FinishedTask]]:
        """See ``SQLiteScheduler.transact``; what came of it, what was added and completed."""
        outcome: tuple[Any, list[TaskEntry], list[FinishedTask]] = self._call(transact, function)
        return outcome

    def backup(self, target: Path) -> None:
        """See ``SQLiteScheduler.backup``."""
        self._call(Store.size)  # whatever has been answered before is committed by now
        copy_file(self.path, target)

    # --- adding -----------------------------------------------------------------------------------

    def add(
        self,
        priority: int | float,
        payload: str | Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry:
        entry: TaskEntry = self._call(
            Store.add, as_number(priority), storable(payload), delay, run_at
        )
        return entry

    def add_keyed(
        self,
        priority: int | float,
        payload: Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry | int:
        return self.add(priority, payload, delay, run_at)

    def add_many(self, rows: list[Plain | Row]) -> tuple[list[int], list[TaskEntry]]:
        checked: list[Any] = []
        for number, (priority, payload, *time) in enumerate(rows):
            try:
                checked.append((as_number(priority), storable(payload), *time))
            except (TypeError, ValueError) as error:
                raise type(error)(f"row {number}: {error}") from error
        added: tuple[list[int], list[TaskEntry]] = self._call(Store.add_many, checked)
        return added

    # --- taking and ending ------------------------------------------------------------------------

    def take(self) -> RunningTask | None:
        task: RunningTask | None = self._call(Store.take)
        return task

    def complete(self, task: Task, result: Any) -> FinishedTask:
        done: FinishedTask = self._call(Store.complete, task, storable_result(result))
        return done

    def take_many(self, limit: int) -> list[RunningTask]:
        """``take`` so often at most, in one commit. O(limit log n)."""
        tasks: list[RunningTask] = self._call(Store.take_many, limit)
        return tasks

    def complete_many(self, ends: list[tuple[Task, Any]]) -> list[FinishedTask | None]:
        """``complete`` each, in one commit; None in place of one whose hand-out is over. O(n)."""
        rows = [(t, None if result is None else storable_result(result)) for t, result in ends]
        done: list[FinishedTask | None] = self._call(Store.complete_many, rows)
        return done

    def complete_and_take(self, task: Task, result: Any) -> tuple[FinishedTask, RunningTask | None]:
        both: tuple[FinishedTask, RunningTask | None] = self._call(
            Store.complete_and_take, task, storable_result(result)
        )
        return both

    def bury(self, task: Task, error: str) -> FinishedTask:
        done: FinishedTask = self._call(Store.bury, task, as_text(error))
        return done

    def abort(self, task: Task) -> FinishedTask:
        done: FinishedTask = self._call(Store.abort, task)
        return done

    def retry(self, task: Task, error: str, retry_in: float) -> TaskEntry:
        entry: TaskEntry = self._call(Store.retry, task, as_text(error), retry_in)
        return entry

    def cancel(self, task_id: int) -> FinishedTask | None:
        done: FinishedTask | None = self._call(Store.cancel, task_id)
        return done

    def reprioritize(self, task_id: int, priority: int | float) -> bool:
        moved: bool = self._call(Store.reprioritize, task_id, as_number(priority))
        return moved

    def requeue(self, task_id: int) -> TaskEntry:
        entry: TaskEntry = self._call(Store.requeue, task_id)
        return entry

    def discard(self, task_id: int) -> None:
        self._call(Store.discard, task_id)

    # --- looking ----------------------------------------------------------------------------------

    def peek(self) -> Task | None:
        task: Task | None = self._call(Store.peek)
        return task

    def find(self, task_id: int) -> Task | None:
        task: Task | None = self._call(Store.find, task_id)
        return task

    def pending(self, limit: int | None = None) -> tuple[float, list[Task]]:
        found: tuple[float, list[Task]] = self._call(Store.pending, limit)
        return found

    def running(self) -> list[Task]:
        tasks: list[Task] = self._call(Store.all_running)
        return tasks

    def dead(self) -> list[Task]:
        tasks: list[Task] = self._call(Store.dead)
        return tasks

    def counts(self) -> Metrics:
        metrics: Metrics = self._call(Store.counts)
        return metrics

    def __len__(self) -> int:
        size: int = self._call(Store.size)
        return size

    def next_run_time(self) -> float | None:
        when: float | None = self._call(Store.next_run_time)
        return when

    def check(self) -> None:
        self._call(Store.check)


@atexit.register
def close_all() -> None:
    """Close every file of this process, after the tasks that worker pools are running. O(files)."""
    if (workers := sys.modules.get("sched.workers")) is not None:
        workers.shutdown_all()
    for ledger in list(_open):
        ledger.close()


def _value(outcome: Outcome) -> Any:
    value, error = outcome
    if error is not None:
        raise error
    return value
