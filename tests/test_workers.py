"""A pool of workers: every task has one end, in order, whatever tasks, clocks and people do to it.

``SCHED_POOL_TASKS=200000`` makes the longest test ten times as long. Nobody looks again unless told
here: a wake-up that is lost hangs a test, which fails when ``SCHED_PATIENCE`` seconds are over.
"""

import faulthandler
import gc
import json
import logging
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sched import (
    HeapScheduler,
    Metrics,
    RetryPolicy,
    Scheduler,
    SystemClock,
    Task,
    TaskStatus,
    VirtualClock,
    WorkerPool,
    execution,
    wakeups,
)
from sched.workers import current_task, time_left
from tests.schedulers import in_memory
from tests.test_threads import PATIENCE, ObservedLock

ROOT = Path(__file__).resolve().parent.parent
TASKS = int(os.environ.get("SCHED_POOL_TASKS", "20000"))
HOUR = 3600.0
YEAR = 365 * 24 * HOUR

AT_ONCE = RetryPolicy(max_attempts=3, base=0.0)


@pytest.fixture(autouse=True)
def _who_is_not_told_waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "LONGEST", HOUR)


@pytest.fixture(autouse=True)
def _nothing_hangs_and_no_thread_is_left() -> Iterator[None]:
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


# --- one end for each task ------------------------------------------------------------------------


def test_no_task_runs_twice_at_once_and_each_comes_to_one_end() -> None:
    s = HeapScheduler(history=TASKS, max_dead_letters=TASKS)
    rng = random.Random(4)
    failures = [rng.choice([0, 0, 0, 0, 1, 2, 3]) for _ in range(TASKS)]
    attempts: Counter[int] = Counter()
    inside: set[int] = set()
    overlaps: list[int] = []

    def action(i: int) -> int:
        if i in inside:
            overlaps.append(i)
        inside.add(i)
        attempts[i] += 1
        if i % 7 == 0:
            time.sleep(0)  # let another thread in
        inside.discard(i)
        if attempts[i] <= failures[i]:
            raise ValueError(i)
        return i

    logging.disable()
    try:
        with WorkerPool(s, workers=8) as pool:
            ids = [
                s.add_task(rng.randrange(5), f"{i}", action=action, args=(i,), retry=AT_ONCE)
                for i in range(TASKS)
            ]
            assert pool.drain(timeout=PATIENCE * (1 + TASKS / 20_000))
    finally:
        logging.disable(logging.NOTSET)
    s.check()
    assert not overlaps
    assert [attempts[i] for i in range(TASKS)] == [min(f + 1, 3) for f in failures]
    lost = sum(f == 3 for f in failures)
    m = s.metrics()
    assert (m.pending, m.running) == (0, 0)
    assert (m.succeeded, m.failed, m.retried) == (
        TASKS - lost,
        lost,
        sum(min(f, 2) for f in failures),
    )
    for i, task_id in enumerate(ids):
        task = s.task(task_id)
        assert task.attempts == attempts[i]
        if failures[i] == 3:
            assert task.status is TaskStatus.FAILED and task.error == f"ValueError: {i}"
        else:
            assert task.status is TaskStatus.SUCCEEDED and task.result == i


@in_memory
@pytest.mark.parametrize("workers", [1, 4])
def test_tasks_start_in_order_up_to_the_number_of_workers(
    scheduler_class: type[Scheduler], workers: int
) -> None:
    n = 200 if "Naive" in scheduler_class.__name__ else 2000
    s = scheduler_class()
    handed_out = recorded(s)
    rng = random.Random(1)
    started: list[int] = []
    priorities = [rng.randrange(6) for _ in range(n)]
    for i, priority in enumerate(priorities):
        s.add_task(priority, f"{i}", action=started.append, args=(i,))
    with WorkerPool(s, workers) as pool:
        assert pool.drain(PATIENCE)
    order = sorted(range(n), key=lambda i: (priorities[i], i))
    assert [name for _, name in sorted(handed_out)] == [f"{i}" for i in order]
    assert sorted(started) == list(range(n))
    place = {i: number for number, i in enumerate(order)}
    # When one starts, at most workers - 1 that come before it have yet to.
    assert all(number >= place[i] - (workers - 1) for number, i in enumerate(started))


def test_an_urgent_task_overtakes_a_backlog_within_one_task() -> None:
    s = HeapScheduler()
    handed_out = recorded(s)
    workers = 3
    running, go = threading.Barrier(workers + 1), threading.Event()
    done = threading.Event()

    def busy() -> None:
        together(running)
        go.wait(PATIENCE)

    for _ in range(workers):
        s.add_task(1, "busy", action=busy)
    s.add_tasks({"priority": 5, "task_name": "backlog", "action": int} for _ in range(100_000))
    with WorkerPool(s, workers) as pool:
        together(running)
        s.add_task(0, "urgent", action=done.set)
        go.set()
        assert done.wait(PATIENCE)
        pool.shutdown(cancel_pending=True)
    names = [name for _, name in sorted(handed_out)]
    assert names[: workers + 1] == ["busy"] * workers + ["urgent"]
    m = s.metrics()
    assert m.succeeded + m.cancelled == 100_000 + workers + 1 and not m.pending


def test_a_bounded_queue_holds_a_fast_producer_back_and_loses_nothing() -> None:
    s = HeapScheduler(max_pending=10, history=10_000)
    n, sizes = 3000, []
    with WorkerPool(s, 4) as pool:
        for i in range(n):
            s.add_task(i % 3, "t", action=int, wait=PATIENCE)
            sizes.append(len(s))
        assert pool.drain(PATIENCE)
    assert max(sizes) <= 10
    assert s.metrics().succeeded == n


# --- sleeping and waking --------------------------------------------------------------------------


def test_one_worker_wakes_for_one_task() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 6) as pool:
        assert asleep(pool, 6)
        before = pool.wakeups
        for number in range(1, 51):
            s.add_task(1, "t", action=int)
            assert succeeded(s, number) and asleep(pool, 6)
        assert pool.wakeups - before == 50


def test_nobody_is_woken_while_another_is_on_its_way() -> None:
    class ObservedLock:
        def __init__(self, lock: threading.Lock) -> None:
            self.acquire, self.lock, self.rings = lock.acquire, lock, 0

        def release(self) -> None:
            self.rings += 1
            self.lock.release()

    s = HeapScheduler()
    pool = WorkerPool(s, 6)
    bell = pool._sleepers.bell.lock = ObservedLock(pool._sleepers.bell.lock)
    with pool:
        assert asleep(pool, 6)
        before, bell.rings = pool.wakeups, 0
        interval = sys.getswitchinterval()
        sys.setswitchinterval(60)  # no worker comes before all are added
        try:
            for _ in range(6):
                s.add_task(1, "t", action=int)
            rung = bell.rings
        finally:
            sys.setswitchinterval(interval)
        assert succeeded(s, 6) and asleep(pool, 6)
        assert rung == 1
        assert 1 <= pool.wakeups - before <= 6


def test_a_task_due_in_an_hour_wakes_nobody() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 4) as pool:
        assert asleep(pool, 4)
        before = pool.wakeups
        s.add_task(1, "in an hour", delay=HOUR, action=int)
        time.sleep(2)
        assert pool.wakeups == before


def test_a_task_that_comes_due_wakes_one_worker() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 8) as pool:
        assert asleep(pool, 8)
        before = pool.wakeups
        s.add_task(1, "soon", delay=0.2, action=int)
        assert succeeded(s, 1) and asleep(pool, 8)
        # Once to look at the clock anew, once for the task.
        assert 1 <= pool.wakeups - before <= 2


def test_one_worker_times_the_task_that_all_wait_for() -> None:
    s = HeapScheduler()
    s.add_task(1, "soon", delay=0.5, action=int)
    with WorkerPool(s, 8) as pool:
        assert succeeded(s, 1) and asleep(pool, 8)
        assert pool.wakeups <= 2


def test_a_sooner_task_cuts_the_sleep_of_the_leader_short() -> None:
    s = HeapScheduler()
    ran = threading.Event()
    s.add_task(1, "in an hour", delay=HOUR, action=int)
    with WorkerPool(s, 2, max_sleep=2 * HOUR) as pool:
        assert asleep(pool, 2)
        s.add_task(1, "soon", delay=0.05, action=ran.set)
        assert ran.wait(PATIENCE)


@pytest.mark.parametrize("delay", [0.0, 0.05])
def test_tasks_that_come_together_run_side_by_side(delay: float) -> None:
    s = HeapScheduler()
    _, meet = meeting(4)
    with WorkerPool(s, 4, max_sleep=HOUR) as pool:
        for _ in range(20):
            assert asleep(pool, 4)
            s.add_tasks([meet | {"delay": delay}] * 4)
            assert pool.drain(PATIENCE)
    assert s.metrics().succeeded == 80


def test_a_leader_that_runs_a_task_leaves_the_next_one_to_another() -> None:
    s = HeapScheduler()
    go = threading.Event()
    s.add_task(1, "first", delay=0.05, action=go.wait, args=(PATIENCE,))
    s.add_task(1, "second", delay=0.15, action=go.set)
    start = time.monotonic()
    with WorkerPool(s, 2, max_sleep=HOUR) as pool:
        assert pool.drain(PATIENCE)
    assert time.monotonic() - start < PATIENCE
    assert [s.task(i).result for i in (1, 2)] == [True, None]


def test_a_worker_that_is_woken_for_two_tasks_and_gets_one_leaves_the_other_to_another() -> None:
    hands, ran, armed = Hands(), threading.Event(), threading.Event()
    s = HeapScheduler(clock=SystemClock(wall=hands.wall, look_every=0))
    take = s.get_next_task

    def get_next_task() -> Task | None:
        """The first of the two comes due between the two looks of the worker that was woken."""
        task = take()
        if armed.is_set():
            hands.set_by = 1.0
        return task

    s.get_next_task = get_next_task
    with WorkerPool(s, 2, max_sleep=HOUR) as pool:
        assert asleep(pool, 2)
        soon = {"priority": 1, "task_name": "t", "delay": 1.0, "action": ran.wait}
        armed.set()
        ids = s.add_tasks([soon | {"args": (PATIENCE,)}, soon | {"delay": 1.1, "action": ran.set}])
        assert pool.drain(PATIENCE)
    assert s.task(ids[0]).result, "the second has waited for the first, though a worker was idle"


def test_a_task_added_while_a_worker_falls_asleep_is_not_overlooked() -> None:
    s = HeapScheduler()
    ran = threading.Event()
    look = s.next_run_time
    looks: list[float | None] = []

    def next_run_time() -> float | None:
        """The last look of the worker; before it acts on what it saw, a task is added."""
        looks.append(look())
        if len(looks) == 1:
            s.add_task(1, "t", action=ran.set)
        return looks[-1]

    s.next_run_time = next_run_time
    with WorkerPool(s, 1, max_sleep=HOUR):
        assert ran.wait(PATIENCE)
    assert looks[0] is None


def test_a_task_added_before_a_worker_announces_that_it_sleeps_is_not_overlooked() -> None:
    s = HeapScheduler()
    ran = threading.Event()
    take = s.get_next_task
    takes: list[Task | None] = []

    def get_next_task() -> Task | None:
        """The first look of the worker; before it announces that it sleeps, a task is added."""
        takes.append(take())
        if len(takes) == 1:
            s.add_task(1, "t", action=ran.set)
        return takes[-1]

    s.get_next_task = get_next_task
    with WorkerPool(s, 1, max_sleep=HOUR):
        assert ran.wait(PATIENCE)
    assert takes[0] is None


def test_a_surplus_worker_that_is_woken_for_a_task_wakes_another() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 3, max_sleep=HOUR) as pool:
        assert asleep(pool, 3)
        pool._size = 1  # resize(1), which was interrupted before it woke anybody
        for number in (1, 2, 3):
            s.add_task(1, "t", action=int)
            assert succeeded(s, number)
        assert crew_of(pool, 1)


def test_a_requeue_wakes_a_worker() -> None:
    s = HeapScheduler()
    ran: list[int] = []

    def action() -> None:
        ran.append(1)
        if len(ran) == 1:
            raise ValueError("the first time")

    with WorkerPool(s, 1, max_sleep=HOUR) as pool:
        i = s.add_task(1, "t", action=action)
        assert pool.drain(PATIENCE) and asleep(pool, 1)
        s.requeue(i)
        assert succeeded(s, 1)


def test_a_retry_by_somebody_else_wakes_a_worker() -> None:
    s = HeapScheduler()
    s.add_task(1, "t", action=int)
    task = s.get_next_task()
    with WorkerPool(s, 1, max_sleep=HOUR) as pool:
        assert asleep(pool, 1)
        assert s.fail(task, "e", retry_in=0)
        assert succeeded(s, 1)


def test_who_comes_last_times_a_task_that_is_due_sooner() -> None:
    s = HeapScheduler()
    busy = Busy()

    with WorkerPool(s, 2, max_sleep=HOUR) as pool:
        s.add_task(1, "busy", action=busy)
        assert busy.running.wait(PATIENCE) and asleep(pool, 1)
        s._announce = lambda *news: None  # an add that is interrupted before it tells the pool
        s.add_task(1, "soon", delay=0.3, action=int)
        del s._announce
        busy.go.set()
        assert succeeded(s, 2)


def test_nobody_wakes_for_a_task_in_a_pause() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 2, max_sleep=HOUR) as pool:
        assert asleep(pool, 2)
        pool.pause()
        s.add_task(1, "t", action=int)  # it wakes one, who sees that there is a pause
        assert until(lambda: pool._sleepers.wakes_at == -math.inf) and asleep(pool, 2)
        assert pool.wakeups == 1
        for _ in range(10):
            s.add_task(1, "t", action=int)
            assert not pool._sleepers.bell.rung
        pool.resume()
        assert pool.drain(PATIENCE)


def test_many_producers_lose_no_wake_up() -> None:
    s = HeapScheduler(history=10_000)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with WorkerPool(s, 4, max_sleep=HOUR) as pool:

            def produce(seed: int) -> None:
                rng = random.Random(seed)
                for _ in range(300):
                    s.add_task(1, "t", delay=rng.choice([None, 0.0, 1e-4, 2e-3]), action=int)
                    if rng.random() < 0.1:
                        time.sleep(1e-3)  # long enough for workers to fall asleep

            crew = [threading.Thread(target=produce, args=(n,)) for n in range(4)]
            for thread in crew:
                thread.start()
            for thread in crew:
                thread.join()
            assert runs_dry(pool, s)
    finally:
        sys.setswitchinterval(interval)
    assert s.metrics().succeeded == 1200


def test_a_clock_set_back_in_mid_run_neither_stalls_nor_storms() -> None:
    hands = Hands()
    s = HeapScheduler(clock=hands.clock())
    with WorkerPool(s, 4) as pool:
        s.add_tasks(
            {"priority": 1, "task_name": "t", "delay": i / 100, "action": int} for i in range(40)
        )
        assert until(lambda: s.metrics().succeeded >= 5)
        hands.set_by = -HOUR
        assert pool.drain(PATIENCE)
        assert asleep(pool, 4)
        assert pool.wakeups < 200
    assert s.metrics().succeeded == 40


def test_a_clock_set_forward_in_mid_run_neither_stalls_nor_storms() -> None:
    hands = Hands()
    s = HeapScheduler(clock=hands.clock())
    s.add_tasks({"priority": 1, "task_name": "t", "delay": HOUR, "action": int} for _ in range(40))
    with WorkerPool(s, 4, max_sleep=0.1) as pool:
        assert asleep(pool, 4)
        hands.set_by = HOUR
        start = time.monotonic()
        assert pool.drain(PATIENCE)
        asked = (time.monotonic() - start) / 0.1  # how often the leader may have looked
        assert pool.wakeups < 100 + 2 * asked
    assert s.metrics().succeeded == 40


def test_a_clock_set_forward_after_a_wake_up_is_noticed() -> None:
    hands = Hands()
    s = HeapScheduler(clock=hands.clock())
    s.add_task(1, "in an hour", delay=HOUR, action=int)
    with WorkerPool(s, 2, max_sleep=0.05) as pool:
        s.add_task(1, "at once", action=int)
        assert succeeded(s, 1) and until(lambda: pool.wakeups >= 2) and asleep(pool, 2)
        hands.set_by = HOUR
        assert pool.drain(PATIENCE)


@pytest.mark.parametrize("years", [10, 1000])  # the longest wait for a lock is 292 years on Linux
def test_a_wait_of_ten_or_a_thousand_years_does_not_overflow(years: int) -> None:
    s = HeapScheduler()
    i = s.add_task(1, "t", delay=years * YEAR, action=int)
    with WorkerPool(s, 2, max_sleep=years * YEAR) as pool:
        assert asleep(pool, 2)
        drained = in_a_thread(lambda: pool.drain(years * YEAR))
        assert until(lambda: pool._onlookers._bells)
        assert s.cancel(i)
        assert drained() is True


# --- what tasks do to their pool ------------------------------------------------------------------


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Own(BaseException):
    pass


class EndingError(Exception):
    def __str__(self) -> str:
        raise SystemExit


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        Own("x"),
        SilentError(),
        EndingError(),
    ],
    ids=lambda e: type(e).__name__,
)
def test_whatever_a_task_raises_its_worker_lives_on(error: BaseException) -> None:
    s = HeapScheduler()

    def action() -> None:
        raise error

    with WorkerPool(s, 2) as pool:
        crew = set(pool._crew)
        ids = [s.add_task(1, "t", action=action) for _ in range(4)]
        assert pool.drain(PATIENCE)
        assert pool._crew == crew and all(thread.is_alive() for thread in crew)
        for i in ids:
            assert s.status(i) is TaskStatus.FAILED
            assert str(s.task(i).error).startswith(type(error).__name__)


def test_whatever_is_plugged_into_logging_no_worker_dies_of_it() -> None:
    def refuse(record: logging.LogRecord) -> bool:
        raise Own("a filter of the application")

    s = HeapScheduler()
    logger = logging.getLogger("sched.workers")
    logger.addFilter(refuse)
    try:
        with WorkerPool(s, 1) as pool:
            i = s.add_task(1, "bad", action=int, args=("x",))
            j = s.add_task(1, "good", action=int)
            assert pool.drain(PATIENCE)
    finally:
        logger.removeFilter(refuse)
    assert (s.status(i), s.status(j)) == (TaskStatus.FAILED, TaskStatus.SUCCEEDED)


def test_a_retry_policy_that_raises_makes_a_dead_letter() -> None:
    class Broken(RetryPolicy):
        def allows(self, attempts: int, error: object) -> bool:
            raise ZeroDivisionError("policy")

    s = HeapScheduler()
    with WorkerPool(s, 1) as pool:
        i = s.add_task(1, "t", action=int, args=("no number",), retry=Broken(), key="k")
        assert pool.drain(PATIENCE)
    s.check()
    task = s.task(i)
    assert task.status is TaskStatus.FAILED and task.action is int and task.key == "k"
    assert "invalid literal" in str(task.error) and "ZeroDivisionError" in str(task.error)


def test_a_task_may_add_tasks() -> None:
    s = HeapScheduler(history=2000)

    def spread(depth: int) -> None:
        if depth:
            for _ in range(2):
                s.add_task(depth, "child", action=spread, args=(depth - 1,))

    with WorkerPool(s, 4) as pool:
        s.add_task(1, "root", action=spread, args=(9,))
        assert pool.drain(PATIENCE)
    assert s.metrics().succeeded == 2**10 - 1


def test_a_task_may_cancel_itself_and_ends_as_if_it_had_not() -> None:
    s = HeapScheduler()

    def action() -> bool:
        return s.cancel(current_task().id)

    with WorkerPool(s, 1) as pool:
        i = s.add_task(1, "t", action=action)
        assert pool.drain(PATIENCE)
    assert s.task(i).result is False
    assert s.status(i) is TaskStatus.SUCCEEDED


@pytest.mark.parametrize("cancel_pending", [False, True])
def test_tasks_may_shut_their_pool_down(cancel_pending: bool) -> None:
    s = HeapScheduler()
    barrier = threading.Barrier(2)
    with WorkerPool(s, 2) as pool:

        def stop() -> None:
            together(barrier)
            pool.shutdown(wait=True, cancel_pending=cancel_pending)

        late = s.add_tasks([(5, "late", HOUR)] * 3)
        s.add_tasks([{"priority": 1, "task_name": "stop", "action": stop}] * 2)
        if cancel_pending:
            assert pool.drain(PATIENCE)
        else:
            with pytest.raises(RuntimeError, match="shut down"):
                pool.drain(PATIENCE)
    assert s.metrics().succeeded == 2
    wanted = TaskStatus.CANCELLED if cancel_pending else TaskStatus.PENDING
    assert {s.status(i) for i in late} == {wanted}


def test_a_task_may_pause_resume_and_resize_its_pool() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 2) as pool:

        def action(size: int) -> None:
            pool.pause()
            pool.resize(size)
            pool.resume()

        for size in (5, 1, 3, 1, 2):
            s.add_task(1, "t", action=action, args=(size,))
            assert pool.drain(PATIENCE)
            assert pool.workers == size and crew_of(pool, size)
    assert s.metrics().succeeded == 5


def test_a_task_that_waits_for_its_own_pool_fails_at_once() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 2) as pool:
        i = s.add_task(1, "t", action=lambda: pool.drain())
        assert pool.drain(PATIENCE)
    assert "wait for that task" in str(s.task(i).error)


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_result_that_comes_after_the_end_is_logged_and_dropped(
    forgotten: bool, caplog: pytest.LogCaptureFixture
) -> None:
    s = HeapScheduler()

    def ends_itself(error: bool) -> str:
        task = current_task()
        s.fail(task, "ended by the action")
        if forgotten:
            s.discard(task.id)
        if error:
            raise ValueError("too late")
        return "too late"

    with WorkerPool(s, 1) as pool:
        ids = [s.add_task(1, "t", action=ends_itself, args=(error,)) for error in (False, True)]
        assert pool.drain(PATIENCE)
        assert len(pool._crew) == 1
    if not forgotten:
        assert [s.task(i).error for i in ids] == ["ended by the action"] * 2
    late = [vars(r) for r in caplog.records if "comes too late" in r.message]
    assert [(r["levelname"], r["task_id"]) for r in late] == [("WARNING", i) for i in ids]


def test_a_task_without_action_goes_to_run() -> None:
    s = HeapScheduler()
    names: list[str] = []

    def run(task: Task) -> str:
        names.append(task.name)
        return task.name.upper()

    with WorkerPool(s, 2, run=run) as pool:
        i = s.add_task(1, "a")
        j = s.add_task(1, "b", action=lambda: "own")
        assert pool.drain(PATIENCE)
    assert names == ["a"]
    assert (s.task(i).result, s.task(j).result) == ("A", "own")


def test_a_result_that_raises_whatever_it_is_asked_is_a_result() -> None:
    class Odd:
        def _refuse(self, *_: object) -> Any:
            raise RuntimeError("not to be asked")

        __class__ = property(_refuse)  # type: ignore[assignment]
        __eq__ = __hash__ = __bool__ = __len__ = __repr__ = __str__ = _refuse  # type: ignore[assignment]

    s = HeapScheduler(history=1)
    with WorkerPool(s, 1) as pool:
        s.add_task(1, "t", action=lambda _, b: Odd(), args=(Odd(),), kwargs={"b": Odd()})
        s.add_task(1, "t", action=lambda: Odd())
        assert pool.drain(PATIENCE)
    s.check()
    assert s.metrics().succeeded == 2


def test_a_task_without_action_and_without_run_fails() -> None:
    s = HeapScheduler()
    with WorkerPool(s) as pool:
        i = s.add_task(1, "a")
        assert pool.drain(PATIENCE)
    assert s.status(i) is TaskStatus.FAILED
    assert "task 1 ('a') has no action" in str(s.task(i).error)


# --- timeouts -------------------------------------------------------------------------------------


def test_an_attempt_that_takes_longer_than_its_timeout_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s = HeapScheduler()
    inside = threading.Semaphore()
    attempts: list[int] = []
    stopwatch = threading.local()
    monkeypatch.setattr(
        execution, "monotonic", lambda: time.monotonic() + vars(stopwatch).get("hours", 0) * HOUR
    )

    def takes_an_hour() -> None:
        stopwatch.hours = vars(stopwatch).get("hours", 0) + 1

    def action() -> str:
        assert inside.acquire(blocking=False), "it runs again while it still runs"
        attempts.append(current_task().attempts)
        if len(attempts) < 3:
            takes_an_hour()
        inside.release()
        return "done"

    with WorkerPool(s, 4) as pool:
        i = s.add_task(1, "once", action=takes_an_hour, timeout=60)
        j = s.add_task(1, "again", action=action, timeout=HOUR / 2, retry=AT_ONCE)
        k = s.add_task(1, "in time", action=takes_an_hour, timeout=2 * HOUR)
        assert pool.drain(PATIENCE)
    assert s.status(i) is TaskStatus.FAILED and s.task(i).result is None
    assert s.task(i).error.startswith("TimeoutError: timed out after 36")
    assert s.task(i).error.endswith("its timeout is 60 s")
    assert s.task(j).result == "done" and attempts == [1, 2, 3]
    assert s.status(k) is TaskStatus.SUCCEEDED


def test_an_action_can_ask_for_its_task_and_the_time_it_has_left() -> None:
    s = HeapScheduler()

    def action() -> tuple[str, float]:
        return str(current_task()), time_left()

    def polite() -> None:
        assert until(lambda: time_left() == 0)
        raise TimeoutError("gave up in time")

    with WorkerPool(s, 1) as pool:
        i = s.add_task(1, "limited", action=action, timeout=HOUR)
        j = s.add_task(1, "unlimited", action=action)
        k = s.add_task(1, "polite", action=polite, timeout=0.02)
        assert pool.drain(PATIENCE)
    name, left = s.task(i).result
    assert name == "limited" and 0 < left <= HOUR
    assert s.task(j).result == ("unlimited", float("inf"))
    assert s.task(k).error == "TimeoutError: gave up in time"
    assert current_task() is None and time_left() == float("inf")


# --- the life of a pool ---------------------------------------------------------------------------


def test_a_pause_starts_nothing_and_a_resume_goes_on() -> None:
    s = HeapScheduler()
    busy = Busy()

    with WorkerPool(s, 2, max_sleep=HOUR) as pool:
        s.add_task(1, "busy", action=busy)
        assert busy.running.wait(PATIENCE)
        pool.pause()
        s.add_tasks([{"priority": 1, "task_name": "t", "action": int}] * 10)
        busy.go.set()  # the task that was taken before runs on
        assert asleep(pool, 2)
        assert (s.metrics().succeeded, len(s)) == (1, 10)
        assert not pool.drain(timeout=0)
        pool.resume()
        assert pool.drain(PATIENCE)
    assert s.metrics().succeeded == 11


def test_a_pool_grows_and_shrinks() -> None:
    s = HeapScheduler()
    _, meet = meeting(6)
    with WorkerPool(s, 2) as pool:
        pool.resize(6)
        s.add_tasks([meet] * 6)
        assert pool.drain(PATIENCE) and s.metrics().succeeded == 6
        assert asleep(pool, 6)
        pool.resize(1)
        assert crew_of(pool, 1)
        assert asleep(pool, 1)
        alone = threading.Semaphore()

        def action() -> None:
            assert alone.acquire(blocking=False)
            time.sleep(0.001)
            alone.release()

        s.add_tasks([{"priority": 1, "task_name": "t", "action": action}] * 20)
        assert pool.drain(PATIENCE) and s.metrics().succeeded == 26


def test_a_pool_that_shrinks_keeps_as_many_workers_as_it_should() -> None:
    s = HeapScheduler()
    barrier, meet = meeting(7)
    with WorkerPool(s, 6) as pool:
        s.add_tasks([meet] * 6)
        assert until(lambda: s.metrics().running == 6)
        pool.resize(2)
        lock = pool._lock = ObservedLock()
        with lock:  # so that all six see that there are too many of them
            together(barrier)
            assert until(lambda: len(lock.asked) == 7)
        assert asleep(pool, 2) and len(pool._crew) == 2


def test_a_busy_pool_shrinks_when_its_tasks_end() -> None:
    s = HeapScheduler()
    barrier, meet = meeting(5)
    with WorkerPool(s, 4) as pool:
        s.add_tasks([meet] * 4)
        assert until(lambda: s.metrics().running == 4)
        pool.resize(2)
        s.add_tasks([{"priority": 1, "task_name": "t", "action": int}] * 20)
        together(barrier)
        assert pool.drain(PATIENCE)
        assert crew_of(pool, 2)
    assert s.metrics().succeeded == 24


def test_leaving_the_block_waits_for_running_tasks_and_keeps_pending_ones() -> None:
    s = HeapScheduler()
    running = threading.Event()
    ended: list[bool] = []

    def busy() -> None:
        running.set()
        ended.append(until(lambda: pool._onlookers._bells))  # until somebody waits for it

    with WorkerPool(s, 1) as pool:
        s.add_task(1, "busy", action=busy)
        s.add_tasks([{"priority": 5, "task_name": "t", "action": int}] * 10)
        assert running.wait(PATIENCE)
    assert ended == [True]
    m = s.metrics()
    assert (m.succeeded, m.pending, m.running) == (1, 10, 0)
    assert not any(t.name.startswith(pool.name) for t in threading.enumerate())
    assert not s.notices
    with WorkerPool(s, 3) as another:
        assert another.drain(PATIENCE)
    assert s.metrics().succeeded == 11


def test_a_shutdown_that_cancels_leaves_nothing_pending() -> None:
    s = HeapScheduler()
    running, go = threading.Event(), threading.Event()

    def busy() -> None:
        running.set()
        go.wait(PATIENCE)
        raise ValueError("would be retried")

    with WorkerPool(s, 1) as pool:
        i = s.add_task(1, "busy", action=busy, retry=RetryPolicy(base=HOUR, jitter="none"))
        ids = s.add_tasks([(5, "t"), (5, "t", HOUR)])
        assert running.wait(PATIENCE)
        pool.shutdown(wait=False, cancel_pending=True)
        assert [s.status(each) for each in ids] == [TaskStatus.CANCELLED] * 2
        assert s.status(i) is TaskStatus.RUNNING
        go.set()
    assert s.status(i) is TaskStatus.CANCELLED
    assert not len(s)


def test_a_pool_is_not_used_after_its_shutdown() -> None:
    s = HeapScheduler()
    pool = WorkerPool(s, name="crew")
    with pytest.raises(RuntimeError, match="not started"):
        pool.drain()
    with pytest.raises(RuntimeError, match="not started"):
        pool.resize(2)
    with pool as same:
        assert same is pool
        assert pool.start() is pool
    pool.shutdown()
    pool.shutdown(wait=False)
    s.add_task(1, "t")
    uses: list[Callable[[], object]] = [
        pool.start, pool.drain, pool.pause, pool.resume, pool.__enter__, lambda: pool.resize(3)
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(RuntimeError, match=r"'crew': 4 workers, shut down>: make a new pool"):
            use()
    assert len(s) == 1


def test_drain_waits_for_delays_and_retries_and_says_when_time_is_up() -> None:
    hands = Hands()
    s = HeapScheduler(clock=hands.clock())
    hourly = RetryPolicy(base=HOUR, cap=HOUR, jitter="none")
    seen: list[int] = []

    def flaky() -> None:
        seen.append(1)
        if len(seen) < 3:
            raise ValueError("again")

    with WorkerPool(s, 2, max_sleep=0.05) as pool:
        assert pool.drain(timeout=0)
        s.add_task(1, "t", action=flaky, retry=hourly)
        s.add_task(1, "t", delay=HOUR, action=int)
        for attempts in (1, 2):
            assert until(lambda: s.metrics().retried == attempts)  # noqa: B023
            assert not pool.drain(timeout=0)
            assert not pool.drain(timeout=0.01)
            hands.set_by += HOUR + 1
        assert pool.drain(PATIENCE)
        assert len(seen) == 3 and s.metrics().succeeded == 2


def test_drain_ends_when_the_last_pending_task_is_cancelled() -> None:
    s = HeapScheduler()
    i = s.add_task(1, "t", delay=HOUR)
    with WorkerPool(s, 2, max_sleep=HOUR) as pool:
        assert asleep(pool, 2)
        drained = in_a_thread(pool.drain)
        assert until(lambda: pool._onlookers._bells)
        assert s.cancel(i)
        assert drained() is True


def test_drain_ends_at_once_when_the_pool_is_shut_down() -> None:
    s = HeapScheduler()
    busy = Busy()

    with WorkerPool(s, 1, max_sleep=HOUR) as pool:
        s.add_tasks([{"priority": 1, "task_name": "busy", "action": busy}] * 2)
        assert busy.running.wait(PATIENCE)
        drained = in_a_thread(pool.drain)
        assert until(lambda: pool._onlookers._bells)
        pool.shutdown(wait=False)
        error = drained()
        assert isinstance(error, RuntimeError) and "shut down" in str(error)
        assert s.metrics().running == 1
        busy.go.set()


def test_drain_waits_for_a_task_that_is_taken_while_it_looks() -> None:
    s = HeapScheduler()
    s.add_task(1, "somebody else's, so that drain looks at the workers")
    s.get_next_task()
    count, looks = s.metrics, []

    def metrics() -> Any:
        """What drain sees; before it looks at the workers, a task has come and gone."""
        looks.append(count())
        if len(looks) == 1:
            s.add_task(1, "t", action=s.add_task, args=(1, "later", HOUR))
            assert succeeded_by(count, 1) and asleep(pool, 1)
        return looks[-1]

    with WorkerPool(s, 1, max_sleep=HOUR) as pool:
        assert asleep(pool, 1)
        s.metrics = metrics
        assert not pool.drain(timeout=0.01)  # there is a task more
    assert looks[0].pending == 0 and looks[-1].pending == 1


def test_drain_waits_for_tasks_that_run() -> None:
    s = HeapScheduler()
    busy = Busy()

    with WorkerPool(s, 2) as pool:
        i = s.add_task(1, "busy", action=busy)
        assert busy.running.wait(PATIENCE)
        assert not len(s) and not pool.drain(timeout=0.01)
        busy.go.set()
        assert pool.drain(PATIENCE)
        assert s.status(i) is TaskStatus.SUCCEEDED


def test_drain_counts_only_what_this_pool_runs() -> None:
    s = HeapScheduler()
    s.add_task(1, "taken by somebody else")
    s.get_next_task()
    with WorkerPool(s) as pool:
        assert pool.drain(PATIENCE)


def test_drain_shows_progress(capsys: pytest.CaptureFixture[str]) -> None:
    s = HeapScheduler()
    count, looks = s.metrics, []

    def metrics() -> Metrics:
        looks.append(1)
        return count()

    def action() -> None:
        assert until(lambda: len(looks) > 2)  # for drain, for the bar, and for drain once more

    with WorkerPool(s, 2, name="crew") as pool:
        s.metrics = metrics
        s.add_tasks([{"priority": 1, "task_name": "t", "action": action}] * 3)
        assert pool.drain(PATIENCE, progress=True)
    shown = capsys.readouterr().err
    assert "crew" in shown and "0/3" in shown and "3/3" in shown


def test_two_pools_share_a_scheduler() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 2) as first:
        with WorkerPool(s, 2) as second:
            _, meet = meeting(4)
            s.add_tasks([meet] * 4)
            assert first.drain(PATIENCE) and second.drain(PATIENCE)
        s.add_tasks([{"priority": 1, "task_name": "t", "action": int}] * 10)
        assert first.drain(PATIENCE)
    assert s.metrics().succeeded == 14


def test_a_worker_that_sleeps_keeps_no_task_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    class Thing:
        pass

    s = HeapScheduler(history=0)
    caplog.set_level(logging.CRITICAL, logger="sched.workers")  # a record keeps its traceback
    with WorkerPool(s, 1) as pool:
        for action in (id, int):  # one that succeeds, one that raises
            thing = Thing()
            gone = weakref.ref(thing)
            i = s.add_task(1, "t", action=action, args=(thing,))
            del thing
            assert pool.drain(PATIENCE) and asleep(pool, 1)
            if action is int:
                s.discard(i)
            gc.collect()
            assert gone() is None


class BrokenClock:
    """Works until told otherwise, for workers only."""

    broken, threads = False, "-worker-"

    def now(self) -> float:
        if self.broken and self.threads in threading.current_thread().name:
            raise OSError("the clock stands still")
        return time.time()


def test_a_worker_that_crashes_stops_the_pool_and_everybody_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = BrokenClock()
    s = HeapScheduler(clock=clock)
    s.add_task(1, "t", delay=HOUR)
    pool = WorkerPool(s, 2, max_sleep=0.05).start()
    clock.broken = True
    assert until(lambda: not pool._crew)
    with pytest.raises(RuntimeError, match="a worker crashed with OSError") as caught:
        pool.drain(PATIENCE)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(RuntimeError, match="a worker crashed"):
        pool.resize(3)
    with pytest.raises(RuntimeError, match="a worker crashed"):
        pool.__exit__(None, None, None)
    assert {r.levelname for r in caplog.records} == {"CRITICAL"}


def test_drain_is_told_of_a_crash_though_nothing_is_pending() -> None:
    clock = BrokenClock()
    s = HeapScheduler(clock=clock)
    waited_for = threading.Event()

    def action() -> None:
        assert waited_for.wait(PATIENCE)
        clock.broken = True  # so that its end cannot be recorded

    pool = WorkerPool(s, 2, max_sleep=HOUR).start()
    s.add_task(1, "t", action=action)
    assert until(lambda: s.metrics().running)
    drained = in_a_thread(pool.drain)
    assert until(lambda: pool._onlookers._bells)
    waited_for.set()
    error = drained()
    assert isinstance(error, RuntimeError) and "a worker crashed with OSError" in str(error)
    assert until(lambda: not pool._crew)
    assert [str(task) for task in s.running_tasks()] == ["t"]


@pytest.mark.parametrize("error", [None, ValueError("no")])
def test_an_end_that_could_not_be_recorded_is_recorded_at_shutdown(error: Exception | None) -> None:
    clock = BrokenClock()
    s = HeapScheduler(clock=clock)

    def action() -> str:
        clock.broken = True
        if error is not None:
            raise error
        return "done"

    i = s.add_task(1, "t", action=action)
    pool = WorkerPool(s, 2).start()
    with pytest.raises(RuntimeError, match="a worker crashed with OSError"):
        pool.drain(PATIENCE)
    clock.threads = ""  # of all threads
    assert pool.shutdown()
    clock.broken = False
    assert [task.id for task in s.running_tasks()] == [i]
    for _ in range(2):
        assert pool.shutdown()
        assert (s.task(i).result, s.task(i).error) == (
            ("done", None) if error is None else (None, "ValueError: no")
        )
    s.check()


def test_a_pool_that_gets_no_more_threads_works_on_with_those_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s = HeapScheduler()
    with WorkerPool(s, 2) as pool:
        start = threading.Thread.start

        def refuse(self: threading.Thread) -> None:
            if len(pool._crew) > 3:
                raise RuntimeError("can't start new thread")
            start(self)

        monkeypatch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            pool.resize(8)
        monkeypatch.undo()
        assert pool.workers == 3 and asleep(pool, 3)
        _, meet = meeting(3)
        s.add_tasks([meet] * 3)
        assert pool.drain(PATIENCE) and s.metrics().succeeded == 3


def test_a_system_that_gives_no_threads_is_reported_and_leaves_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, started = threading.Thread.start, []

    def refuse(self: threading.Thread) -> None:
        started.append(self)
        if len(started) > 2:
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    s = HeapScheduler()
    pool = WorkerPool(s, 8)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        pool.start()
    assert until(lambda: not pool._crew)
    assert not s.notices


def test_log_records_say_which_task_attempt_and_worker(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="sched.workers")
    s = HeapScheduler()
    once = RetryPolicy(max_attempts=2, base=0)
    with WorkerPool(s, 1, name="crew") as pool:
        i = s.add_task(1, "bad", action=int, args=("x",), retry=once)
        assert pool.drain(PATIENCE)
        j = s.add_task(1, "good", action=int)
        assert pool.drain(PATIENCE)
    fields = ("levelname", "task_id", "attempt", "worker")
    assert [tuple(vars(r)[field] for field in fields) for r in caplog.records] == [
        ("DEBUG", i, 1, "crew-worker-1"),
        ("INFO", i, 1, "crew-worker-1"),
        ("DEBUG", i, 2, "crew-worker-1"),
        ("ERROR", i, 2, "crew-worker-1"),
        ("DEBUG", j, 1, "crew-worker-1"),
        ("DEBUG", j, 1, "crew-worker-1"),
    ]
    dead = caplog.records[3]
    assert "ValueError: invalid literal" in dead.message
    assert dead.exc_info and dead.exc_info[0] is ValueError


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"scheduler": 3}, TypeError, "scheduler must be a Scheduler, got 3"),
        ({"scheduler": HeapScheduler(clock=VirtualClock())}, ValueError, "simulate()"),
        ({"workers": 0}, ValueError, "workers must be at least 1, got 0"),
        ({"workers": 2.5}, TypeError, "workers must be an int, got 2.5"),
        ({"workers": True}, TypeError, "workers must be an int, got True"),
        ({"run": "print"}, TypeError, "run must be callable, got 'print'"),
        ({"max_sleep": 0}, ValueError, "max_sleep must be a finite number of seconds > 0, got 0"),
        ({"max_sleep": float("nan")}, ValueError, "max_sleep must be a finite number"),
        ({"name": 7}, TypeError, "name must be a str, got 7"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        WorkerPool(**{"scheduler": HeapScheduler(), **arguments})
    assert message in str(caught.value)


def test_bad_arguments_of_methods_are_named_and_change_nothing() -> None:
    with WorkerPool(HeapScheduler(), 2) as pool:
        with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
            pool.resize(0)
        with pytest.raises(ValueError, match="timeout must be a finite number .* got -1"):
            pool.drain(-1)
        assert pool.workers == 2


# --- Ctrl-C, and the end of the interpreter -------------------------------------------------------

PREAMBLE = """
import json, sys, threading, time
from sched import HeapScheduler, RetryPolicy, WorkerPool
s = HeapScheduler(history=10**6)
say = lambda *words: print(" ".join(map(str, words)) + "\\n", end="", flush=True)
"""


class Child:
    """Another Python that runs some code, and is killed if it does not end in time."""

    def __init__(self, code: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + code],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.watch = threading.Timer(PATIENCE, os.killpg, (self.process.pid, signal.SIGKILL))
        self.watch.start()

    def reads(self) -> str:
        """The next line that it prints."""
        return self.process.stdout.readline().rstrip()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def finish(self, words: str = "") -> list[str]:
        """The rest of what it prints, once it has ended by itself."""
        self.process.stdin.write(words)
        self.process.stdin.close()
        with self.process.stdout as out:
            lines = out.read().splitlines()
        code = self.process.wait()
        self.watch.cancel()
        assert code == 0, lines
        return lines


INTERRUPTED = """
import logging
logging.disable()
begun, ended, ids = [], [], []
def action():
    begun.append(1)
    time.sleep(0.003)
    ended.append(1)
    add()  # so that it never runs dry
    if len(ended) % 5 == 0:
        raise ValueError("again")
def add():
    ids.append(s.add_task(1, "t", action=action, retry=RetryPolicy(base=0.01)))
try:
    with WorkerPool(s, 4) as pool:
        for _ in range(400): add()
        say("running")
        MAIN
except KeyboardInterrupt:
    say("interrupted")
m = s.metrics()
say(json.dumps({
    "begun": len(begun), "ended": len(ended), "running": m.running, "pending": m.pending,
    "threads": [t.name for t in threading.enumerate() if "-worker-" in t.name],
    "statuses": sorted({str(s.status(i)) for i in ids}),
}))
"""


@pytest.mark.parametrize(
    ("main", "after"), [("drain", 0), ("add", 0), ("add", 0.05), ("wait", 0.05), ("leave", 0)]
)
def test_ctrl_c_ends_running_tasks_and_loses_none(main: str, after: float) -> None:
    does = {
        "drain": "pool.drain()",
        "add": "while True: add()",
        "wait": "while True: time.sleep(0.01)",
        "leave": "pool.shutdown()\n        while True: time.sleep(0.01)",
    }
    child = Child(INTERRUPTED.replace("MAIN", does[main]))
    assert child.reads() == "running"
    time.sleep(after)
    child.interrupt()
    first, report = child.finish()
    found = json.loads(report)
    assert first == "interrupted"
    assert found["begun"] == found["ended"]
    assert found["running"] == 0 and found["threads"] == []
    assert found["pending"]
    assert set(found["statuses"]) <= {"PENDING", "SUCCEEDED", "FAILED"}


def test_a_second_ctrl_c_stops_the_waiting_and_the_task_ends_at_exit() -> None:
    child = Child("""
def action():
    say("running")
    sys.stdin.readline()
    say("task ended")
leaves = threading.Semaphore(0)
def tell_when_waited_for():  # begun here: at exit no thread can be started
    for _ in range(2):
        leaves.acquire()
        while not pool._onlookers._bells: time.sleep(0.001)
        say("waiting")
threading.Thread(target=tell_when_waited_for, daemon=True).start()
class Pool(WorkerPool):
    def shutdown(self, *args):
        say("leaving")
        leaves.release()
        super().shutdown(*args)
try:
    with Pool(s) as pool:
        s.add_task(1, "t", action=action)
        pool.drain()
except KeyboardInterrupt:
    say("left, task is", s.status(1))
""")
    assert child.reads() == "running"
    child.interrupt()
    assert [child.reads(), child.reads()] == ["leaving", "waiting"]
    child.interrupt()
    assert child.reads() == "left, task is RUNNING"
    assert [child.reads(), child.reads()] == ["leaving", "waiting"]  # again, at exit
    assert child.finish("go\n") == ["task ended"]


def test_a_pool_that_nobody_shuts_down_lets_running_tasks_end_at_exit() -> None:
    child = Child("""
begun = threading.Event()
def action():
    begun.set()
    while not pool._onlookers._bells: time.sleep(0.001)  # until somebody waits for it
    say("task ended")
pool = WorkerPool(s, 1).start()
for _ in range(100): s.add_task(1, "t", action=action)
begun.wait()
say("leaving")
""")
    leaving, warning, ended = child.finish()
    assert (leaving, ended) == ("leaving", "task ended")
    assert "was not shut down: waiting for its running tasks; pending ones, 99, are lost" in warning


def test_no_pool_starts_a_task_while_another_is_waited_for_at_exit() -> None:
    child = Child("""
import logging
logging.disable()
begun = threading.Barrier(3)
def first():
    begun.wait()
    while not any(pool._onlookers._bells for pool in pools): time.sleep(0.001)
    say("ended")
def later():
    say("started")
others = [HeapScheduler(), HeapScheduler()]
pools = [WorkerPool(each, 1).start() for each in others]
for each in others:
    each.add_task(1, "t", action=first)
    for _ in range(50): each.add_task(2, "t", action=later)
begun.wait()
""")
    assert child.finish() == ["ended", "ended"]


def test_a_log_that_raises_at_exit_ends_no_task() -> None:
    child = Child("""
import logging
def refuse(record): raise SystemExit("a filter of the application")
logging.getLogger("sched.workers").addFilter(refuse)
begun = threading.Event()
def action():
    begun.set()
    while not pool._onlookers._bells: time.sleep(0.001)
    say("task ended")
pool = WorkerPool(s, 1).start()
s.add_task(1, "t", action=action)
begun.wait()
""")
    assert child.finish() == ["task ended"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_ends_although_it_has_none_of_the_workers() -> None:
    child = Child("""
import os, warnings
warnings.simplefilter("ignore")
with WorkerPool(s) as pool:
    while len(pool._sleepers.idle) < 4: time.sleep(0.001)
    pid = os.fork()
    if not pid:
        sys.exit(7)
    say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
""")
    assert child.finish() == ["7"]
