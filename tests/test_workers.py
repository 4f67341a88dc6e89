"""A pool of workers: every task has one end, in order, whatever tasks do to their pool."""

import logging
import random
import threading
import time
from collections import Counter
from typing import Any

import pytest

from sched import HeapScheduler, RetryPolicy, Scheduler, Task, TaskStatus, WorkerPool, execution
from sched.workers import current_task, time_left
from tests.pools import (  # noqa: F401
    AT_ONCE,
    HOUR,
    TASKS,
    crew_of,
    nothing_hangs_and_no_thread_is_left,
    recorded,
    together,
    until,
    who_is_not_told_waits_on,
)
from tests.schedulers import in_memory
from tests.test_threads import PATIENCE

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
