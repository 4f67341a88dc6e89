"""Weighed: bytes per task that waits its turn, names and priorities excluded.

tracemalloc counts what Python allocates, exactly. The tasks are added one by one, as a program
adds them, so that the room that lists and tables keep free for growth counts as well. Names and
priorities are made before: they are the user's, the same in any queue.
"""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.subjects import QUEUES, SCHEDULERS, SORTED_LIST, random_rows, sizes
from benchmarks.sweep import Step

LARGEST = 2**16  # from here on the bytes per task are the same at every power of two


@dataclass(frozen=True)
class Weight:
    """Bytes per task with n of them in the queue, ready to be taken or delayed."""

    queue: str
    state: str
    n: int
    bytes_per_task: float


def ready(name: str, n: int) -> list[Weight]:
    """Weigh n tasks that could be taken at once."""
    rows = random_rows(n, "rows")
    if name == SORTED_LIST:
        rows.sort(reverse=True)  # the bytes are the same, and no add moves all others
    queue = QUEUES[name]()
    return [Weight(name, "ready", n, traced(lambda: queue.add(rows)) / n)]


def delayed(name: str, n: int) -> list[Weight]:
    """Weigh n tasks whose time is hours away."""
    rows, scheduler = random_rows(n, "rows"), SCHEDULERS[name]()
    delays = [3600.0 + i for i in range(n)]

    def add_all() -> None:
        for (priority, task_name), delay in zip(rows, delays, strict=True):
            scheduler.add_task(priority, task_name, delay)
        scheduler.metrics()  # lets in what was added

    return [Weight(name, "delayed", n, traced(add_all) / n)]


def traced(fill: Callable[[], object]) -> int:
    """The bytes that filling has added, still in use after it."""
    gc.collect()  # empties Python's lists of freed tuples: what comes from them is not traced
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        fill()
        gc.collect()  # what is left behind in cycles does not wait in the queue
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def steps(max_n: int, every: int = 2) -> Sequence[Step]:
    """One step for each queue and state at every second size to ``max_n``."""
    todo: list[Step] = []
    for n in sizes(min(max_n, LARGEST), every=every):
        for name in QUEUES:
            todo.append(Step(f"{name}, n = {n:,}", n, partial(ready, name, n)))
        for name in SCHEDULERS:
            todo.append(Step(f"{name}, delayed, n = {n:,}", n, partial(delayed, name, n)))
    return todo
