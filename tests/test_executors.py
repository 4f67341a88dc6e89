"""The same promises wherever actions run: in threads, in processes, on somebody's executor."""

import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sched import HeapScheduler, RetryPolicy, Scheduler, TaskStatus, WorkerPool, outcomes, processes
from tests.pools import until
from tests.test_threads import PATIENCE

if sys.platform == "emscripten":  # Pyodide's core has no threads
    pytest.skip("needs threads", allow_module_level=True)

from sched.attempts import Attempts
from sched.durable import SQLiteScheduler
from sched.workers import current_task
from tests import jobs
from tests.jobs import lines

ROOT = Path(__file__).resolve().parent.parent
TASKS = int(os.environ.get("SCHED_POOL_TASKS", "20000"))
HOUR = 3600.0
AT_ONCE = RetryPolicy(max_attempts=3, base=0.0)
FOR_EVER = RetryPolicy(max_attempts=None, base=0.0)

EXECUTORS = ["thread", "process", "async", "custom", "dask", "dask cluster"]
SCHEDULERS = ["heap", "file"]
everywhere = pytest.mark.parametrize("executor", EXECUTORS)
hard = pytest.mark.parametrize("executor", ["process"])
soft = pytest.mark.parametrize("executor", ["thread", "async", "custom"])


@pytest.fixture(params=SCHEDULERS)
def s(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scheduler]:
    if request.param == "heap":
        yield HeapScheduler(history=max(TASKS, 100_000), max_dead_letters=TASKS)
    else:
        with SQLiteScheduler(tmp_path / "tasks.db", durability="normal", history=100_000) as s:
            yield s


@pytest.fixture
def here(tmp_path: Path) -> str:
    """The folder that jobs write into."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    return str(folder)


@pytest.fixture(scope="module")
def dask_executors(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Executor]]:
    """One on a cluster of its own, one on a cluster of others, made when they are asked for."""
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    from sched.engines.dask import DaskExecutor
    from tests.dask_cluster import DaskCluster

    made: dict[str, Any] = {}

    def get(name: str) -> Executor:
        if name not in made:
            address = None
            if name == "dask cluster":
                made["cluster"] = DaskCluster(tmp_path_factory.mktemp("cluster"), workers=3)
                address = made["cluster"].address
            made[name] = DaskExecutor(address, 3, patience=30)
            assert until(lambda: made[name].slots == 3)
        executor: Executor = made[name]
        return executor

    yield get
    for name in ("dask", "dask cluster"):
        if name in made:
            made[name].shutdown()
    if "cluster" in made:
        made["cluster"].close()


@pytest.fixture
def make(executor: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., WorkerPool]]:
    """A pool of this kind; an executor of more threads than workers shows who queues there."""
    if executor == "custom":
        with ThreadPoolExecutor(16) as threads:
            yield lambda s, workers=2, **options: WorkerPool(
                s, workers, executor=threads, **options
            )
    elif executor.startswith("dask"):
        on_dask = request.getfixturevalue("dask_executors")(executor)
        yield lambda s, workers=2, **options: WorkerPool(s, workers, executor=on_dask, **options)
    else:
        yield lambda s, workers=2, **options: WorkerPool(s, workers, executor=executor, **options)
    assert until(lambda: not any("-worker-" in each.name for each in threading.enumerate()))


Make = Callable[..., WorkerPool]


# --- order and ends -------------------------------------------------------------------------------


@everywhere
def test_elsewhere_too_tasks_start_in_order(make: Make, s: Scheduler, here: str) -> None:
    priorities = [3, 1, 2, 1, 3, 2, 0, 1]
    for i, priority in enumerate(priorities):
        s.add_task(priority, "t", action=jobs.note, args=(here, "log", f"{i}"))
    with make(s, 1) as pool:
        assert pool.drain(PATIENCE)
    order = sorted(range(len(priorities)), key=lambda i: (priorities[i], i))
    assert lines(here, "log") == [f"{i}" for i in order]


@everywhere
def test_a_result_comes_back_with_its_task(make: Make, s: Scheduler, here: str) -> None:
    with make(s, name="crew") as pool:
        i = s.add_task(1, "t", action=jobs.note, args=(here, "log"), kwargs={"line": "x"})
        j = s.add_task(1, "asks", action=jobs.who, timeout=HOUR)
        assert pool.drain(PATIENCE)
    assert s.task(i).result == "x"
    assert s.task(j).result == [j, "asks", 1, True]


@everywhere
def test_failures_are_retried_and_counted(make: Make, s: Scheduler, here: str) -> None:
    with make(s) as pool:
        ids = [
            s.add_task(1, f"{n}", action=jobs.fails, args=(here, f"{n}", n), retry=AT_ONCE)
            for n in range(4)
        ]
        assert pool.drain(PATIENCE)
    tasks = [s.task(i) for i in ids]
    assert [task.attempts for task in tasks] == [1, 2, 3, 3]
    assert [task.result for task in tasks] == [1, 2, 3, None]
    assert tasks[3].status is TaskStatus.FAILED and tasks[3].error == "ValueError: 3, 3"
    assert lines(here, "3") == ["1", "2", "3"]


@everywhere
@pytest.mark.parametrize("name", ["ValueError", "SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_elsewhere_too_no_worker_is_lost_whatever_a_task_raises(
    make: Make, s: Scheduler, name: str
) -> None:
    with make(s) as pool:
        bad = [s.add_task(1, "bad", action=jobs.raises, args=(name,)) for _ in range(3)]
        good = s.add_task(2, "good", action=jobs.empty)
        assert pool.drain(PATIENCE)
        assert len(pool._crew) == (1 if pool._runner.seats else 2)
    assert {s.status(i) for i in bad} == {TaskStatus.FAILED}
    assert all(s.task(i).error.startswith(name) for i in bad)
    assert s.status(good) is TaskStatus.SUCCEEDED


@everywhere
def test_a_policy_is_asked_with_the_exception_itself(make: Make, s: Scheduler) -> None:
    class Asked(RetryPolicy):
        def allows(self, attempts: int, error: object) -> bool:
            errors.append(error)
            return False

    errors: list[object] = []
    if isinstance(s, SQLiteScheduler):
        pytest.skip("a policy of one's own belongs to an action there")
    with make(s) as pool:
        s.add_task(1, "t", action=jobs.raises, args=("ValueError",), retry=Asked())
        assert pool.drain(PATIENCE)
    assert [type(error) for error in errors] == [ValueError]


@everywhere
def test_a_task_without_action_goes_to_run_elsewhere_too(make: Make, s: Scheduler) -> None:
    with make(s, run=str) as pool:
        i = s.add_task(1, "a name")
        assert pool.drain(PATIENCE)
    assert s.task(i).result == "a name"
    with make(s) as pool:
        i = s.add_task(1, "nobody's")
        assert pool.drain(PATIENCE)
    assert "has no action, and no run= was given" in str(s.task(i).error)


@everywhere
def test_never_more_run_than_there_are_workers(make: Make, s: Scheduler, here: str) -> None:
    ids = [s.add_task(1, "t", action=jobs.waits, args=(here, "begun")) for _ in range(6)]
    with make(s, 3) as pool:
        assert until(lambda: len(lines(here, "begun")) == 3)
        assert s.metrics().running == 3
        Path(here, "go").touch()
        assert pool.drain(PATIENCE)
    assert {s.task(i).result for i in ids} == {"went"}


@everywhere
def test_events_come_from_everywhere_and_a_subscriber_that_raises_harms_nobody(
    make: Make, s: Scheduler, here: str
) -> None:
    told: list[tuple[str, int]] = []

    def raises(event: Any) -> None:
        raise SystemExit("a subscriber")

    def interrupts(event: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise KeyboardInterrupt

    s.subscribe(raises)
    s.subscribe(interrupts)
    s.subscribe(
        lambda event: told.append((event.kind, event.task.id)),
        *("started", "succeeded", "retrying", "failed", "cancelled"),
    )
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.fails, args=(here, "t", 1), retry=AT_ONCE)
        assert pool.drain(PATIENCE)
        j = s.add_task(1, "t", action=jobs.raises, args=("ValueError",))
        assert pool.drain(PATIENCE)
    wanted = [("started", i), ("retrying", i), ("started", i), ("succeeded", i)]
    wanted += [("started", j), ("failed", j)]
    # Between threads no order is promised, and what is told last may be told after the drain.
    assert until(lambda: sorted(told) == sorted(wanted)), told


@everywhere
def test_an_async_function_runs_to_its_end_everywhere(make: Make, s: Scheduler) -> None:
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.async_sleeps, args=(0.01, "done"))
        assert pool.wait(i, PATIENCE).result == "done"


@everywhere
def test_the_timeout_of_an_async_function_is_real(make: Make, s: Scheduler, here: str) -> None:
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.async_hangs, args=(here, "t"), timeout=0.3)
        assert str(pool.wait(i, PATIENCE).error).startswith("TimeoutError: ")
        assert pool.drain(PATIENCE)


# --- timeouts -------------------------------------------------------------------------------------


@soft
def test_what_runs_on_past_its_timeout_is_stuck_until_it_returns(
    make: Make, s: Scheduler, here: str
) -> None:
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.waits, args=(here, "t"), timeout=0.01, retry=AT_ONCE)
        assert until(lambda: pool.stuck == 1)
        assert s.status(i) is TaskStatus.RUNNING and lines(here, "t") != []
        assert len(lines(here, "t")) == 1  # it is not tried again before it has returned
        assert pool.cancel(i)
        assert pool.stuck == 1
        Path(here, "go").touch()
        assert pool.drain(PATIENCE)
        assert pool.stuck == 0
    assert s.status(i) is TaskStatus.CANCELLED


@soft
def test_an_action_that_comes_back_too_late_has_failed(make: Make, s: Scheduler, here: str) -> None:
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.polite, args=(here, "t"), timeout=0.02, retry=AT_ONCE)
        assert pool.drain(PATIENCE)
    assert s.status(i) is TaskStatus.FAILED and s.task(i).attempts == 3
    assert s.task(i).error.startswith("TimeoutError: timed out after 0.")


@hard
def test_a_process_is_killed_at_its_timeout_and_replaced(
    make: Make, s: Scheduler, here: str
) -> None:
    once = RetryPolicy(max_attempts=2, base=0.0)
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.hangs, args=(here, "t"), timeout=0.3, retry=once)
        others = [s.add_task(2, "t", action=jobs.empty) for _ in range(20)]
        assert pool.drain(PATIENCE)
        assert pool.stuck == 0
    assert s.status(i) is TaskStatus.FAILED
    assert s.task(i).error == "TimeoutError: killed after its timeout of 0.3 s"
    assert s.task(i).attempts == 2
    pids = lines(here, "t")  # fewer than two, if one was killed before it had come so far
    assert len({*pids}) == len(pids) and until(lambda: not any(map(alive, pids)))
    assert {s.task(j).attempts for j in others} == {1}


def alive(pid: str) -> bool:
    return Path("/proc", pid).exists()


# --- cancelling what runs -------------------------------------------------------------------------


@everywhere
def test_a_task_that_runs_is_cancelled_and_never_runs_again(
    make: Make, s: Scheduler, here: str, executor: str
) -> None:
    others = {"process": jobs.hangs, "dask": jobs.waits, "dask cluster": jobs.waits}
    action = others.get(executor, jobs.polite)
    told: list[str] = []
    with make(s) as pool:
        i = s.add_task(1, "t", action=action, args=(here, "t"), retry=FOR_EVER, key="k")
        assert until(lambda: lines(here, "t"))
        s.subscribe(lambda event: told.append(event.kind))
        assert not s.cancel(i)
        assert pool.cancel(i)
        assert pool.cancel(i) or s.status(i) is TaskStatus.CANCELLED
        Path(here, "go").touch()  # for an action that nobody can tell
        assert pool.drain(PATIENCE)
        assert not pool.cancel(i)
    assert s.status(i) is TaskStatus.CANCELLED
    assert told == ["cancelled"]
    assert s.task(i).result is None and s.task(i).attempts == 1
    assert s.metrics().cancelled == 1 and s.metrics().retried == 0
    assert len(lines(here, "t")) == 1
    if executor == "process":
        assert until(lambda: not alive(lines(here, "t")[0]))
    assert s.add_task(1, "again", key="k") != i  # its key is free


@everywhere
def test_what_is_pending_is_cancelled_by_the_pool_too(make: Make, s: Scheduler) -> None:
    with make(s) as pool:
        i = s.add_task(1, "t", delay=HOUR)
        assert pool.cancel(i)
        assert not pool.cancel(i)
        with pytest.raises(KeyError, match="unknown task id 99"):
            pool.cancel(99)
    assert s.status(i) is TaskStatus.CANCELLED


def test_what_somebody_else_runs_is_not_cancelled() -> None:
    s = HeapScheduler()
    i = s.add_task(1, "t")
    task = s.get_next_task()
    with WorkerPool(s) as pool:
        assert not pool.cancel(i)
    s.complete(task)
    assert not task.cancelled


def test_a_subscriber_may_cancel_what_is_about_to_start() -> None:
    s = HeapScheduler()
    ran: list[int] = []
    with WorkerPool(s, 1) as pool:
        s.subscribe(lambda event: pool.cancel(event.task.id), "started")
        i = s.add_task(1, "t", action=lambda: ran.append(current_task().cancelled))
        assert pool.drain(PATIENCE)
    assert s.status(i) is TaskStatus.CANCELLED and ran in ([], [True])


def test_cancelling_and_ending_at_once_agree_on_one_end() -> None:
    s = HeapScheduler()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with WorkerPool(s, 2) as pool:
            for _ in range(300):
                i = s.add_task(1, "t", action=int)
                cancelled = pool.cancel(i)
                assert pool.wait(i, PATIENCE).cancelled is cancelled
    finally:
        sys.setswitchinterval(interval)
    assert not pool._runner.attempts and not pool._runner.attempts.wanted


def test_two_who_cancel_the_same_task_are_both_told_the_truth() -> None:
    s = HeapScheduler()
    i = s.add_task(1, "t")
    attempts = Attempts()
    assert [attempts.withdraw(token) for token in (attempts.want(i), attempts.want(i))] == [
        False
    ] * 2
    tokens = attempts.want(i), attempts.want(i + 1), attempts.want(i)
    attempt = attempts.begin(s.get_next_task())
    assert [attempts.withdraw(token) for token in tokens] == [True, False, True]
    assert attempt.task.cancelled and not attempts.end(attempt)
    assert not attempts.wanted


@pytest.fixture
def _nobody_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "IN_BETWEEN", PATIENCE)


@pytest.mark.usefixtures("_nobody_gives_up")
@pytest.mark.parametrize("executor", ["thread", "process", "async", "custom"])
def test_a_task_whose_failure_is_being_recorded_is_cancelled_too(make: Make) -> None:
    s = HeapScheduler()
    fail, recording, go = s.fail, threading.Event(), threading.Event()

    def slowly(*args: Any, **kwargs: Any) -> bool:
        recording.set()
        assert go.wait(PATIENCE)
        return fail(*args, **kwargs)

    s.fail = slowly
    again = RetryPolicy(max_attempts=None, base=HOUR)
    with make(s) as pool, ThreadPoolExecutor(1) as caller:
        i = s.add_task(1, "t", action=jobs.raises, args=("ValueError",), retry=again)
        assert recording.wait(PATIENCE)
        cancelled = caller.submit(pool.cancel, i)
        time.sleep(0.01)  # it may say at once that it cannot
        go.set()
        assert cancelled.result(PATIENCE)
        assert s.status(i) is TaskStatus.CANCELLED
        assert not pool._runner.attempts.wanted


# --- many -----------------------------------------------------------------------------------------


@everywhere
def test_nothing_is_lost_and_nothing_runs_twice_at_once_wherever_it_runs(
    make: Make, s: Scheduler, here: str, executor: str
) -> None:
    many = executor == "process" and isinstance(s, HeapScheduler)
    n = TASKS if many else TASKS // (80 if "dask" in executor else 20)  # a hundred a second there
    retry = RetryPolicy(max_attempts=4, base=0.0)
    failures = [(0, 0, 0, 0, 0, 0, 0, 0, 1, 4)[i % 10] for i in range(n)]
    deaths = [int(executor == "process" and i % (n // 5) == 7) for i in range(n)]
    logging.disable()
    try:
        with make(s, 4) as pool:
            ids = s.add_tasks(
                {
                    "priority": i % 3,
                    "task_name": f"{i}",
                    "action": jobs.counted,
                    "args": (here, f"{i}", failures[i], deaths[i]),
                    "retry": retry,
                }
                for i in range(n)
            )
            assert pool.drain(PATIENCE * (1 + TASKS / 20_000))
    finally:
        logging.disable(logging.NOTSET)
    s.check()
    assert lines(here, "overlaps") == []
    ran = Counter(line.rsplit(" ", 1)[0] for line in lines(here, "log"))
    wanted = [min(f + d + 1, 4) for f, d in zip(failures, deaths, strict=True)]
    assert ran == Counter(f"{i} {a}" for i in range(n) for a in range(1, wanted[i] + 1))
    m = s.metrics()
    lost = failures.count(4)
    assert (m.pending, m.running, m.succeeded, m.failed) == (0, 0, n - lost, lost)
    for i in (*range(10), n - 1):
        assert s.task(ids[i]).attempts == wanted[i]


@hard
def test_processes_that_are_killed_at_any_moment_lose_nothing(
    make: Make, s: Scheduler, here: str
) -> None:
    n, stop = 300, threading.Event()
    killed: set[str] = set()
    rng = random.Random(3)

    def kill() -> None:
        while not stop.wait(rng.uniform(0.0, 0.1)) and len(killed) < 10:
            if log := lines(here, "log"):
                pid = log[-1].split()[2]
                if pid not in killed and alive(pid):
                    killed.add(pid)
                    os.kill(int(pid), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    logging.disable()
    try:
        with make(s, 2) as pool:
            i = 0
            while i < n or len(killed) < 5:
                s.add_task(1, f"{i}", action=jobs.logged, args=(here, f"{i}"), retry=FOR_EVER)
                i += 1
                if i % 50 == 0:
                    assert pool.drain(PATIENCE)
            assert pool.drain(PATIENCE)
            assert len(pool._crew) == 2
    finally:
        stop.set()
        killer.join()
        logging.disable(logging.NOTSET)
    assert s.metrics().succeeded == i and s.metrics().failed == 0
    assert {line.split()[0] for line in lines(here, "log")} == {f"{j}" for j in range(i)}


# --- waiting for one task -------------------------------------------------------------------------


@everywhere
def test_wait_returns_the_task_when_it_has_ended(make: Make, s: Scheduler, here: str) -> None:
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.fails, args=(here, "t", 2), retry=AT_ONCE)
        assert pool.wait(i, PATIENCE).result == 3
        assert pool.wait(i).result == 3
        j = s.add_task(1, "t", action=jobs.raises, args=("ValueError",))
        assert pool.wait(j).status is TaskStatus.FAILED


def test_wait_says_when_time_is_up_and_for_what() -> None:
    s = HeapScheduler()
    with WorkerPool(s) as pool:
        i = s.add_task(1, "t", delay=HOUR)
        with pytest.raises(TimeoutError, match="task 1 is PENDING after 0.01 s"):
            pool.wait(i, 0.01)
        with pytest.raises(KeyError, match="unknown task id 7"):
            pool.wait(7, 0.01)
        with pytest.raises(ValueError, match="timeout must be a finite number .* got -1"):
            pool.wait(i, -1)
        assert s.cancel(i)
        assert pool.wait(i).status is TaskStatus.CANCELLED


def test_wait_is_told_of_the_end_though_nothing_is_remembered() -> None:
    s = HeapScheduler(history=0)
    with WorkerPool(s) as pool:
        i = s.add_task(1, "t", delay=0.05, action=lambda: "result")
        assert pool.wait(i, PATIENCE).result == "result"


def test_a_task_may_wait_for_another_but_not_for_itself() -> None:
    s = HeapScheduler()
    with WorkerPool(s, 2) as pool:
        i = s.add_task(1, "t", action=lambda: pool.wait(s.add_task(1, "u", action=int)).result)
        j = s.add_task(1, "t", action=lambda: pool.wait(j))
        assert pool.wait(i).result == 0
        assert "wait for that task" in str(pool.wait(j).error)


def test_wait_ends_when_the_pool_does() -> None:
    s = HeapScheduler()
    i = s.add_task(1, "t", delay=HOUR)
    with pytest.raises(RuntimeError, match="not started"):
        WorkerPool(s).wait(i)
    with WorkerPool(s) as pool:
        threading.Timer(0.05, pool.shutdown, (False,)).start()
        with pytest.raises(RuntimeError, match="shut down"):
            pool.wait(i, PATIENCE)


# --- a shutdown with a limit ----------------------------------------------------------------------


@everywhere
def test_a_shutdown_that_is_given_time_enough_lets_tasks_end(
    make: Make, s: Scheduler, here: str
) -> None:
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.waits, args=(here, "t"))
        assert until(lambda: lines(here, "t"))
        threading.Timer(0.05, Path(here, "go").touch).start()
        assert pool.shutdown(timeout=PATIENCE) is True
        assert s.status(i) is TaskStatus.SUCCEEDED
        assert pool.shutdown() is True


@hard
def test_what_a_shutdown_stops_runs_again_in_another_pool(
    make: Make, s: Scheduler, here: str
) -> None:
    spent = RetryPolicy(max_attempts=1)
    with make(s, 3) as pool:
        i = s.add_task(1, "t", action=jobs.waits, args=(here, "t"))
        j = s.add_task(1, "u", action=jobs.waits, args=(here, "u"), retry=spent)
        assert until(lambda: lines(here, "t") and lines(here, "u"))
        assert pool.shutdown(timeout=0.1) is False
        assert until(lambda: not alive(lines(here, "t")[0]))  # its parent has yet to notice
        assert (s.status(i), s.status(j)) == (TaskStatus.PENDING, TaskStatus.FAILED)
        assert s.task(i).error == s.task(j).error == "InterruptedError: its pool was shut down"
    Path(here, "go").touch()
    with make(s) as pool:
        assert pool.drain(PATIENCE)
    assert s.task(i).result == "went" and s.task(i).attempts == 2


@hard
def test_a_shutdown_stops_what_a_worker_is_about_to_begin_with(make: Make, here: str) -> None:
    s = HeapScheduler()
    take, taken, go = s.get_next_task, threading.Event(), threading.Event()

    def get_next_task() -> Any:
        if (task := take()) is not None:
            taken.set()
            assert go.wait(PATIENCE)
        return task

    s.get_next_task = get_next_task
    i = s.add_task(1, "t", action=jobs.waits, args=(here, "t"))
    with make(s, 1) as pool:
        assert taken.wait(PATIENCE)
        assert pool.shutdown(timeout=0) is False
        go.set()
        assert until(lambda: s.status(i) is TaskStatus.PENDING)
    assert s.task(i).error == "InterruptedError: its pool was shut down"


@soft
def test_what_is_left_alone_fails_for_reasons_of_its_own(make: Make) -> None:
    s = HeapScheduler()
    running, go = threading.Event(), threading.Event()

    def action() -> None:
        running.set()
        assert go.wait(PATIENCE)
        raise ValueError("its own")

    i = s.add_task(1, "t", action=action)
    with make(s) as pool:
        assert running.wait(PATIENCE)
        assert pool.shutdown(timeout=0.01) is False
        go.set()
        assert until(lambda: s.status(i) is not TaskStatus.RUNNING)
    assert (s.status(i), s.task(i).error) == (TaskStatus.FAILED, "ValueError: its own")


@soft
def test_a_thread_that_does_not_end_in_time_is_left_alone(
    make: Make, s: Scheduler, here: str
) -> None:
    with make(s) as pool:
        i = s.add_task(1, "t", action=jobs.waits, args=(here, "t"))
        assert until(lambda: lines(here, "t"))
        assert pool.shutdown(timeout=0.01) is False
        assert s.status(i) is TaskStatus.RUNNING
        Path(here, "go").touch()
        assert until(lambda: s.status(i) is TaskStatus.SUCCEEDED)


# --- processes that die ---------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@hard
def test_a_process_is_never_forked_from_the_one_that_has_threads(make: Make) -> None:
    s = HeapScheduler()
    with make(s) as pool:
        assert pool.wait(s.add_task(1, "t", action=os.getppid), PATIENCE).result != os.getpid()


@hard
def test_a_process_that_is_killed_is_an_attempt_and_others_never_notice(
    make: Make, s: Scheduler, here: str
) -> None:
    with make(s) as pool:
        once = s.add_task(1, "t", action=jobs.dies, args=(here, "once", 1), retry=AT_ONCE)
        poison = s.add_task(1, "t", action=jobs.dies, args=(here, "poison", 99), retry=AT_ONCE)
        leaves = s.add_task(1, "t", action=jobs.exits, args=(3,))
        others = [s.add_task(2, "t", action=jobs.empty) for _ in range(50)]
        assert pool.drain(PATIENCE)
        assert len(pool._crew) == 2
    assert (s.task(once).result, s.task(once).attempts) == ("done", 2)
    assert s.status(poison) is TaskStatus.FAILED and len(lines(here, "poison")) == 3
    assert s.task(poison).error == "ProcessDiedError: the process that ran it was killed by SIGKILL"
    assert s.task(leaves).error.endswith("the process that ran it ended with exit code 3")
    assert {(s.status(i), s.task(i).attempts) for i in others} == {(TaskStatus.SUCCEEDED, 1)}


@hard
def test_a_process_that_is_killed_while_it_has_nothing_to_do_is_replaced(
    make: Make, s: Scheduler, here: str
) -> None:
    with make(s, 1) as pool:
        for number in range(3):
            i = s.add_task(1, "t", action=jobs.dies, args=(here, f"{number}", 0))
            assert pool.wait(i, PATIENCE).attempts == 1
            pid = lines(here, f"{number}")[0]
            os.kill(int(pid), signal.SIGKILL)
            assert until(lambda: not alive(pid))  # noqa: B023
    assert s.metrics().succeeded == 3 and s.metrics().failed == 0


@hard
def test_a_process_that_is_killed_while_it_is_being_cancelled_is_no_fault(
    make: Make, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = HeapScheduler()
    faults: list[object] = []
    monkeypatch.setattr(threading, "excepthook", faults.append)
    with make(s, 1) as pool:
        for name in ("a", "b", "c"):
            i = s.add_task(1, name, action=jobs.hangs, args=(here, name))
            assert until(lambda: lines(here, name))  # noqa: B023
            assert pool.cancel(i)
            with suppress(ProcessLookupError):
                os.kill(int(lines(here, name)[0]), signal.SIGKILL)
            assert pool.wait(i, PATIENCE).status is TaskStatus.CANCELLED
    assert until(lambda: not any(t.name == "sched-process" for t in threading.enumerate()))
    assert not faults


@hard
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_what_an_action_forks_answers_for_no_other_task(make: Make) -> None:
    s = HeapScheduler()
    with make(s, 1) as pool:
        twice = [s.add_task(1, "t", action=jobs.comes_back_twice) for _ in range(3)]
        others = [s.add_task(2, "t", action=jobs.same, args=(n,)) for n in range(20)]
        assert pool.drain(PATIENCE)
        ends = [
            s.add_task(1, "t", action=jobs.exit_code_of, args=(s.task(i).result,)) for i in twice
        ]
        assert [pool.wait(i, PATIENCE).result for i in ends] == [-signal.SIGKILL] * 3
    assert [s.task(i).result for i in others] == [*range(20)]


@hard
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_process_that_is_killed_is_missed_though_a_child_of_it_lives_on(
    make: Make, here: str
) -> None:
    s = HeapScheduler()
    with make(s, 1) as pool:
        i = s.add_task(1, "t", action=jobs.dies_but_for_a_child, args=(here, "child"))
        j = s.add_task(2, "t", action=jobs.same, args=(5,))
        try:
            error = str(pool.wait(i, PATIENCE).error)
            assert "ProcessDiedError: the process that ran it was killed by SIGKILL" in error
            assert pool.wait(j, PATIENCE).result == 5
        finally:
            os.kill(int(lines(here, "child")[0]), signal.SIGKILL)


@hard
def test_a_timeout_of_a_month_and_longer_is_none_that_is_over(make: Make) -> None:
    s = HeapScheduler()
    with make(s, 1) as pool:
        ids = [
            s.add_task(1, "t", action=jobs.same, args=(n,), timeout=timeout)
            for n, timeout in enumerate((30 * 86400.0, None, 1e18, 1e300, None))
        ]
        assert [pool.wait(i, PATIENCE).result for i in ids] == [*range(5)]


@hard
def test_what_fails_while_an_answer_is_read_leaves_it_to_no_other_task(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(seconds: float, pipe: Any) -> bool:
        raise MemoryError  # its answer is still to come, and would be the next one that is read

    monkeypatch.setattr(processes, "comes_within", no_memory)
    s = HeapScheduler()
    with make(s, 1) as pool:
        bad = s.add_task(1, "t", action=jobs.same, args=(0, 0.3), timeout=PATIENCE)
        ids = [s.add_task(2, "t", action=jobs.same, args=(n,)) for n in range(1, 4)]
        assert [pool.wait(i, PATIENCE).result for i in ids] == [1, 2, 3]
        assert pool.wait(bad, PATIENCE).error == "MemoryError"


@hard
def test_what_cannot_go_over_or_come_back_fails_that_task_alone(make: Make) -> None:
    s = HeapScheduler()
    with make(s) as pool:
        ids = [
            s.add_task(1, "t", action=lambda: None),
            s.add_task(1, "t", action=jobs.empty, args=(threading.Lock(),)),
            s.add_task(1, "t", action=jobs.odd_result),
            s.add_task(1, "t", action=jobs.raises, args=("OddError",)),
            s.add_task(1, "t", action=jobs.raises, args=("SilentError",)),
            s.add_task(1, "t", action=jobs.unwritable, args=("gone",)),
            s.add_task(1, "t", action=jobs.unwritable, args=("",)),
        ]
        good = s.add_task(2, "t", action=jobs.empty)
        assert pool.drain(PATIENCE)
    errors = [s.task(i).error for i in ids]
    assert errors[0].startswith("TypeError: what goes to a process must be picklable: ")
    assert errors[1].startswith("TypeError: what goes to a process must be picklable: ")
    assert errors[2].startswith("TypeError: the result cannot be pickled: ")
    assert errors[5] == "TypeError: the result cannot be pickled: Leaves: gone"
    assert errors[6].endswith("cannot be pickled: an error whose text cannot be made")
    assert "OddError: 1" in str(errors[3])
    assert "SilentError" in str(errors[4])
    assert s.status(good) is TaskStatus.SUCCEEDED


PROGRAM = """
import atexit, sys, threading
from pathlib import Path
from sched import HeapScheduler, WorkerPool
from tests import jobs

def main():
    s = HeapScheduler()
    atexit.register(lambda: print(s.metrics().succeeded))
    pool = WorkerPool(s, 2, executor="process").start()
    for name in ("a", "b"):
        s.add_task(1, name, action=jobs.ACTION, args=("HERE", name))
    THEN

GUARD
"""
GUARD = 'if __name__ == "__main__": main()'


def program(here: str, action: str, then: str, guard: str = GUARD) -> "subprocess.Popen[str]":
    """A program of its own whose processes run tasks."""
    path, text = Path(here, "program.py"), PROGRAM
    for word, what in (("ACTION", action), ("THEN", then), ("HERE", here), ("GUARD", guard)):
        text = text.replace(word, what)
    path.write_text(text, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_no_process_is_left_when_the_one_that_has_the_pool_is_killed(here: str) -> None:
    with program(here, "hangs", "sys.stdin.read()") as parent:
        assert until(lambda: lines(here, "a") and lines(here, "b"))
        pids = [lines(here, name)[0] for name in ("a", "b")]
        assert all(map(alive, pids))
        parent.kill()
    assert until(lambda: not any(map(alive, pids)))


def test_at_exit_tasks_in_processes_come_to_their_end(here: str) -> None:
    go = """
    while not (jobs.lines("HERE", "a") and jobs.lines("HERE", "b")): pass
    timer = threading.Timer(0.3, Path("HERE", "go").touch)
    timer.daemon = True
    timer.start()"""
    with program(here, "waits", go) as parent:
        out, err = parent.communicate(timeout=PATIENCE)
    assert (out, parent.returncode) == ("2\n", 0), err
    assert "was not shut down: waiting for its running tasks" in err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_what_an_action_forks_keeps_the_pipes_of_the_program(here: str) -> None:
    with program(here, "hears_a_child", "pool.drain(), pool.shutdown()") as parent:
        out, err = parent.communicate(timeout=PATIENCE)
    assert out == "2\n", err
    assert (lines(here, "a"), lines(here, "b")) == (["a"], ["b"])


def test_a_program_that_no_process_can_begin_with_is_told(here: str) -> None:
    with program(here, "waits", "pool.drain()", "main()") as parent:
        _, err = parent.communicate(timeout=PATIENCE)
    assert parent.returncode == 1
    assert "a worker crashed with StartError" in err
    assert 'is what starts this program below if __name__ == "__main__"?' in err


# --- an executor that breaks ----------------------------------------------------------------------


class Broken(Executor):
    """Takes a few tasks, and then none."""

    def __init__(self, takes: int, error: BaseException) -> None:
        self.takes, self.error = takes, error

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if not self.takes:
            raise self.error
        self.takes -= 1
        future: Future[Any] = Future()
        future.set_result(function(*args, **kwargs))
        return future


@pytest.mark.parametrize(
    "error", [BrokenExecutor("broken"), RuntimeError("cannot schedule new futures")], ids=repr
)
def test_an_executor_that_takes_nothing_more_stops_the_pool_and_loses_nothing(
    error: BaseException,
) -> None:
    s = HeapScheduler()
    ids = [s.add_task(1, "t", action=int) for _ in range(10)]
    with (
        pytest.raises(RuntimeError, match=f"a worker crashed with {type(error).__name__}"),
        WorkerPool(s, 2, executor=Broken(3, error)) as pool,
    ):
        pool.drain(PATIENCE)
    assert s.metrics().succeeded == 3 and s.metrics().running == 0 and s.metrics().pending == 7
    with WorkerPool(s) as pool:
        assert pool.drain(PATIENCE)
    assert {s.status(i) for i in ids} == {TaskStatus.SUCCEEDED}


def test_what_an_executor_had_yet_to_begin_when_it_was_shut_down_is_not_lost() -> None:
    s = HeapScheduler()
    busy, go = threading.Event(), threading.Event()

    def action() -> None:
        busy.set()
        assert go.wait(PATIENCE)

    one_thread = ThreadPoolExecutor(1)
    pool = WorkerPool(s, 2, executor=one_thread).start()
    i = s.add_task(1, "t", action=action)
    assert busy.wait(PATIENCE)
    j = s.add_task(1, "queued in the executor", action=int)
    assert until(lambda: one_thread._work_queue.qsize())
    one_thread.shutdown(wait=False, cancel_futures=True)
    go.set()
    with pytest.raises(RuntimeError, match="a worker crashed with CancelledError"):
        pool.drain(PATIENCE)
    pool.shutdown()
    assert (s.status(i), s.status(j)) == (TaskStatus.SUCCEEDED, TaskStatus.PENDING)


def test_an_executor_that_refuses_one_task_fails_that_task() -> None:
    s = HeapScheduler()
    executor = Broken(0, TypeError("cannot be serialized"))
    with WorkerPool(s, 1, executor=executor) as pool:
        i = s.add_task(1, "t", action=int)
        assert pool.wait(i, PATIENCE).error == "TypeError: cannot be serialized"
        executor.takes = 1
        assert pool.wait(s.add_task(1, "t", action=int), PATIENCE).result == 0


@pytest.mark.parametrize(
    ("executor", "error", "message"),
    [
        ("fork", ValueError, 'executor must be "thread", "process", "async".* got \'fork\''),
        (3, TypeError, "executor must be .* got 3"),
        (ThreadPoolExecutor, TypeError, "executor must be .* got <class"),
        (None, TypeError, "executor must be .* got None"),
    ],
    ids=str,
)
def test_an_executor_that_is_none_is_refused(
    executor: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        WorkerPool(HeapScheduler(), executor=executor)
