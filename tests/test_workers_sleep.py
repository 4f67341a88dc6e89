"""Workers that sleep: one wakes for one task, in time, whatever becomes of the clock."""

import math
import random
import sys
import threading
import time

import pytest

from sched import HeapScheduler, SystemClock, Task, WorkerPool
from tests.pools import (  # noqa: F401
    HOUR,
    YEAR,
    Busy,
    Hands,
    asleep,
    crew_of,
    in_a_thread,
    meeting,
    nothing_hangs_and_no_thread_is_left,
    runs_dry,
    succeeded,
    until,
    who_is_not_told_waits_on,
)
from tests.test_threads import PATIENCE


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
