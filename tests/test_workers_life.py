"""The life of a pool: it pauses, grows, is waited for, crashes and ends."""

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from sched import HeapScheduler, Metrics, RetryPolicy, TaskStatus, VirtualClock, WorkerPool
from tests.pools import (  # noqa: F401
    HOUR,
    Busy,
    Hands,
    asleep,
    crew_of,
    in_a_thread,
    meeting,
    nothing_hangs_and_no_thread_is_left,
    recorded,
    succeeded,
    succeeded_by,
    together,
    until,
    who_is_not_told_waits_on,
)
from tests.test_threads import PATIENCE, ObservedLock


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

    class LooksAgainError(Exception):
        pass

    def metrics() -> Any:
        """What drain sees; before it looks at the workers, a task has come and gone."""
        looks.append(count().pending)
        if len(looks) == 2:
            raise LooksAgainError
        found = count()
        s.add_task(1, "t", action=s.add_task, args=(1, "later", HOUR))
        assert succeeded_by(count, 1) and asleep(pool, 1)
        return found

    with WorkerPool(s, 1, max_sleep=HOUR) as pool:
        assert asleep(pool, 1)
        s.metrics = metrics
        with pytest.raises(LooksAgainError):
            pool.drain(timeout=PATIENCE)
    assert looks == [0, 1]  # there is a task more


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
        ({"workers": 10**9}, ValueError, "workers must be at most 10000, got 1000000000"),
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
        for wrong, bound in ((0, "at least 1"), (10**9, "at most 10000")):
            with pytest.raises(ValueError, match=f"workers must be {bound}, got {wrong}"):
                pool.resize(wrong)
        with pytest.raises(ValueError, match="timeout must be a finite number .* got -1"):
            pool.drain(-1)
        assert pool.workers == 2
