"""Shards: what two files take in and get done beside one: ``python -m benchmarks.shards``.

Threads add a task, take one and complete it, each move on disk before it returns. Of one file all
threads share the one writer and its commits. Of two each has its own, and the two wait for the disk
at the same time; the threads are shared out between them, in relaxed order.
"""

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sched import Scheduler
from sched.durable import ShardedScheduler, SQLiteScheduler

THREADS, TASKS, ROUNDS = 32, 6_000, 3


def one_file(folder: Path) -> tuple[Scheduler, Callable[[int], Any]]:
    """A scheduler, and what a thread of this number takes tasks from."""
    s = SQLiteScheduler(folder / "tasks.db")
    return s, lambda _number: s


def two_files(folder: Path) -> tuple[Scheduler, Callable[[int], Any]]:
    """The same, over two files."""
    s = ShardedScheduler(
        2,
        factory=lambda k, **options: SQLiteScheduler(folder / f"{k}.db", **options),
        relaxed=True,
    )
    return s, lambda number: s.shard(number % 2)


def per_second(
    make: Callable[[Path], tuple[Any, Callable[[int], Any]]],
    tasks: int = TASKS,
    threads: int = THREADS,
) -> float:
    """Tasks that are added, taken and completed in a second."""
    with tempfile.TemporaryDirectory() as folder:
        s, source = make(Path(folder))

        def work(number: int) -> None:
            taken = source(number)
            for i in range(tasks // threads):
                s.add_task(i % 5, "task")
                if (task := taken.get_next_task()) is not None:
                    s.complete(task)

        crew = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
        start = perf_counter()
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        seconds = perf_counter() - start
        done: int = s.metrics().succeeded
        s.close()
    if done < 0.9 * (tasks // threads * threads):
        raise RuntimeError(f"{done} of {tasks} tasks were done")
    return done / seconds


def main(rounds: int = ROUNDS, tasks: int = TASKS) -> str:
    """One line: medians, and the ratio of each round's two, the one right after the other."""
    pairs = [(per_second(one_file, tasks), per_second(two_files, tasks)) for _ in range(rounds)]
    one, two = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(b / a for a, b in pairs)
    return f"one file {one:,.0f} tasks a second, two files {two:,.0f}: {ratio:.2f} times"


if __name__ == "__main__":
    print(main())
