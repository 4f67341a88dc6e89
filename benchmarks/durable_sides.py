"""The sides of ``python -m benchmarks durable``: who runs in it.

Each is given an empty folder and a number of tasks, and returns how many it got done in a second;
a RuntimeError is raised where not all of them were done.
"""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from sched import WorkerPool
from sched.durable import SQLiteScheduler


def rate(done: int, callers: int, work: Callable[[], Any]) -> float:
    """How many a second, if so many threads that do this work get so many done."""
    errors = list[BaseException]()

    def tried() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=tried) for _ in range(callers)]
    start = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = perf_counter() - start
    if errors:
        raise errors[0]
    return done / seconds


def require(done: int, asked: int) -> None:
    """Raise if not all has been done that is counted as done."""
    if done != asked:
        raise RuntimeError(f"{done} of {asked} tasks were done")


def our_adds(callers: int, folder: Path, tasks: int) -> float:
    """``add_task`` by so many threads."""
    each = tasks // callers

    def add() -> None:
        for _ in range(each):
            s.add_task(1, "task")

    with SQLiteScheduler(folder / "tasks.db") as s:
        found = rate(each * callers, callers, add)
        require(len(s), each * callers)
    return found


def our_bulk(folder: Path, tasks: int) -> float:
    """``add_tasks``, all in one call."""
    with SQLiteScheduler(folder / "tasks.db") as s:
        return rate(tasks, 1, lambda: s.add_tasks([(1, "task")] * tasks))


def our_claims(callers: int, folder: Path, tasks: int) -> float:
    """``get_next_task`` and ``complete`` by so many threads."""
    each = tasks // callers

    def claim() -> None:
        for _ in range(each):
            if (task := s.get_next_task()) is not None:
                s.complete(task)

    with SQLiteScheduler(folder / "tasks.db") as s:
        s.add_tasks([(1, "task")] * tasks)
        found = rate(each * callers, callers, claim)
        require(s.metrics().succeeded, each * callers)
    return found


def our_pool(workers: int, folder: Path, tasks: int) -> float:
    """A ``WorkerPool`` of so many workers, from its start until all tasks have run."""
    with SQLiteScheduler(folder / "tasks.db") as s:
        s.add_tasks([(1, "task")] * tasks)
        pool = WorkerPool(s, workers, run=lambda _: None)

        def work() -> None:
            with pool:
                pool.drain()

        found = rate(tasks, 1, work)
        require(s.metrics().succeeded, tasks)
    return found


def our_exchanges(callers: int, folder: Path, tasks: int) -> float:
    """``complete_and_get_next_task`` by so many threads, as a worker of a pool uses it."""

    def work() -> None:
        task = s.get_next_task()
        while task is not None:
            task = s.complete_and_get_next_task(task)

    with SQLiteScheduler(folder / "tasks.db") as s:
        s.add_tasks([(1, "task")] * tasks)
        found = rate(tasks, callers, work)
        require(s.metrics().succeeded, tasks)
    return found


def our_batches(batch: int, folder: Path, tasks: int) -> float:
    """``get_next_tasks`` and ``complete_tasks``, so many at a time, by one thread."""

    def work() -> None:
        while claimed := s.get_next_tasks(batch):
            s.complete_tasks(claimed)

    with SQLiteScheduler(folder / "tasks.db") as s:
        s.add_tasks([(1, "task")] * tasks)
        found = rate(tasks, 1, work)
        require(s.metrics().succeeded, tasks)
    return found


class Hueys:
    """A queue of huey's in a file, synced at each commit, with one task that does nothing."""

    def __init__(self, folder: Path) -> None:
        from huey import SqliteHuey

        path = str(folder / "tasks.db")
        self.huey: Any = SqliteHuey("tasks", filename=path, fsync=True, results=False)

        def task() -> None: ...

        self.task = self.huey.task()(task)

    def add(self, tasks: int) -> None:
        for _ in range(tasks):
            self.task()

    def run_all(self) -> None:
        while (task := self.huey.dequeue()) is not None:
            self.huey.execute(task)


def huey_adds(callers: int, folder: Path, tasks: int) -> float:
    """A task function called by so many threads."""
    queue, each = Hueys(folder), tasks // callers
    found = rate(each * callers, callers, lambda: queue.add(each))
    require(queue.huey.pending_count(), each * callers)
    return found


def huey_claims(callers: int, folder: Path, tasks: int) -> float:
    """``dequeue`` and ``execute`` by so many threads, until nothing is left."""
    queue = Hueys(folder)
    queue.add(tasks)
    found = rate(tasks, callers, queue.run_all)
    require(tasks - queue.huey.pending_count(), tasks)
    return found


def loop_claims(batch: int, folder: Path, tasks: int) -> float:
    """What a loop by hand gets done that claims so many rows at a time, and ends them."""
    connection = sqlite3.connect(folder / "loop.db", isolation_level=None, check_same_thread=False)
    execute, many = connection.execute, connection.executemany
    for statement in (
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE tasks (id INTEGER PRIMARY KEY, state INT, priority INT, run_at REAL, name)",
        "CREATE INDEX ready ON tasks (priority, run_at, id) WHERE state = 1",
        "BEGIN",
    ):
        execute(statement)
    many("INSERT INTO tasks VALUES (?, 1, 1, 0.0, 'task')", ((i,) for i in range(tasks)))
    execute("COMMIT")
    first = "SELECT id FROM tasks WHERE state = 1 ORDER BY priority, run_at, id LIMIT ?"

    def loop() -> None:
        while True:
            execute("BEGIN IMMEDIATE")
            ids = execute(first, (batch,)).fetchall()
            many("UPDATE tasks SET state = 2 WHERE id = ?", ids)
            execute("COMMIT")
            if not ids:
                return
            execute("BEGIN IMMEDIATE")
            many("UPDATE tasks SET state = 3 WHERE id = ?", ids)
            execute("COMMIT")

    found = rate(tasks, 1, loop)
    connection.close()
    return found
