"""What the tests of pools share.

``SCHED_POOL_TASKS=200000`` makes the longest test ten times as long. Nobody looks again unless told
here: a wake-up that is lost hangs a test, which fails when ``SCHED_PATIENCE`` seconds are over.
"""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sched import Metrics, RetryPolicy, Scheduler, SystemClock, Task, WorkerPool, wakeups
from tests.test_threads import PATIENCE

ROOT = Path(__file__).resolve().parent.parent
TASKS = int(os.environ.get("SCHED_POOL_TASKS", "20000"))
HOUR = 3600.0
YEAR = 365 * 24 * HOUR

AT_ONCE = RetryPolicy(max_attempts=3, base=0.0)


@pytest.fixture(autouse=True)
def who_is_not_told_waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "LONGEST", HOUR)


@pytest.fixture(autouse=True)
def nothing_hangs_and_no_thread_is_left() -> Iterator[None]:
    # A thread that is stuck may be waited for without a limit: then there is no way out but this.
    patience = PATIENCE * (2 + 2 * TASKS / 20_000)
    faulthandler.dump_traceback_later(patience, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()
    assert until(lambda: not any("-worker-" in t.name for t in threading.enumerate()))


def until(reached: Callable[[], object], patience: float = PATIENCE) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + patience
    while not reached():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def asleep(pool: WorkerPool, workers: int) -> bool:
    """Wait until so many workers sleep. One that is woken sleeps until it has the lock."""
    s = pool._sleepers
    return until(lambda: len(s.idle) == len(s._deadlines) == workers)


def succeeded(s: Scheduler, tasks: int) -> bool:
    """Wait until so many tasks have succeeded."""
    return succeeded_by(s.metrics, tasks)


def succeeded_by(count: Callable[[], Metrics], tasks: int) -> bool:
    """Wait until so many tasks have succeeded by this count."""
    return until(lambda: count().succeeded == tasks)


def runs_dry(pool: WorkerPool, s: Scheduler) -> bool:
    """Wait until the pool has run dry, however long that takes; False once nothing moves."""
    moved: Any = None
    while not pool.drain(PATIENCE):
        before, moved = moved, (s.metrics(), pool.wakeups)
        if moved == before:
            return False
    return True


def in_a_thread(call: Callable[[], object]) -> Callable[[], object]:
    """Begin a call in a thread of its own; returns how to wait for what it returns or raises."""
    outcome: list[object] = []

    def body() -> None:
        try:
            outcome.append(call())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()

    def wait() -> object:
        thread.join(PATIENCE)
        assert outcome, "it has not returned"
        return outcome[0]

    return wait


class Busy:
    """An action that runs until it is let go."""

    def __init__(self) -> None:
        self.running, self.go = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.running.set()
        self.go.wait(PATIENCE)


def crew_of(pool: WorkerPool, workers: int) -> bool:
    """Wait until so many workers are there."""
    return until(lambda: len(pool._crew) == workers)


def together(barrier: threading.Barrier) -> None:
    barrier.wait(PATIENCE)


def meeting(tasks: int) -> tuple[threading.Barrier, dict[str, Any]]:
    """A barrier, and a row for ``add_tasks`` of a task that waits there for the others."""
    barrier = threading.Barrier(tasks)
    return barrier, {"priority": 1, "task_name": "t", "action": together, "args": (barrier,)}


def recorded(s: Scheduler) -> list[tuple[int, str]]:
    """A list of (number of the hand-out, name) that grows as tasks are handed out."""
    take, names = s.get_next_task, []

    def get_next_task() -> Task | None:
        task = take()
        if task is not None:
            names.append((task.number, task.name))
        return task

    s.get_next_task = get_next_task
    return names


class Hands:
    """The hands of a clock that somebody may set while it runs."""

    def __init__(self) -> None:
        self.set_by = 0.0

    def wall(self) -> float:
        return time.time() + self.set_by

    def clock(self) -> SystemClock:
        return SystemClock(wall=self.wall)
