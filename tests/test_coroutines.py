"""Coroutines: many at once on one loop, which nothing that they do stops; and context variables."""

import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Any

import pytest

from sched import HeapScheduler, RetryPolicy, Scheduler, TaskStatus, WorkerPool, wakeups
from sched.entry import details_of
from sched.workers import current_task, time_left
from tests.pools import until
from tests.test_threads import PATIENCE

if sys.platform == "emscripten":  # a browser has no threads
    pytest.skip("needs threads", allow_module_level=True)

HOUR = 3600.0
AT_ONCE = RetryPolicy(max_attempts=2, base=0.0)

on_a_loop = pytest.mark.parametrize("executor", ["thread", "async"])


@pytest.fixture(autouse=True)
def _who_is_not_told_waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "LONGEST", HOUR)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    raised: list[Any] = []
    hook, threading.excepthook = threading.excepthook, raised.append
    yield
    assert until(lambda: not any("sched-pool" in each.name for each in threading.enumerate()))
    threading.excepthook = hook
    assert raised == []


class Meeting:
    """Coroutines that wait until so many of them are there."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.there, self.most = wanted, 0, 0
        self.all = asyncio.Event()

    async def __call__(self) -> None:
        self.there += 1
        self.most = max(self.most, self.there)
        if self.there >= self.wanted:
            self.all.set()
        await self.all.wait()
        await asyncio.sleep(0.005)  # so that one too many would meet them here
        self.there -= 1


def add_all(s: Scheduler, action: Any, n: int) -> list[int]:
    return s.add_tasks({"priority": 1, "task_name": f"{i}", "action": action} for i in range(n))


# --- many at once ---------------------------------------------------------------------------------


def test_two_thousand_run_at_once_on_a_few_threads(caplog: pytest.LogCaptureFixture) -> None:
    s = HeapScheduler()
    meeting = Meeting(2_000)
    before = threading.active_count()
    with WorkerPool(s, 2_000, executor="async") as pool:
        add_all(s, meeting, 2_000)
        assert pool.drain(PATIENCE)
        assert threading.active_count() - before < 20
    assert meeting.most == 2_000 and s.metrics().succeeded == 2_000
    assert caplog.records == []


def test_what_an_action_leaves_running_ends_with_the_pool(caplog: pytest.LogCaptureFixture) -> None:
    s = HeapScheduler()
    ended: list[str] = []

    async def goes_on() -> None:
        try:
            await asyncio.sleep(HOUR)
        finally:
            ended.append("cleaned up")

    async def starts_it() -> None:
        left.append(asyncio.ensure_future(goes_on()))
        await asyncio.sleep(0)

    left: list[Any] = []
    with WorkerPool(s, 2, executor="async") as pool:
        assert pool.wait(s.add_task(1, "t", action=starts_it), PATIENCE).error is None
        assert ended == []
    assert ended == ["cleaned up"] and caplog.records == []


def test_no_more_run_at_once_than_there_are_seats_and_as_many_do() -> None:
    s = HeapScheduler()
    meeting = Meeting(3)
    with WorkerPool(s, 3, executor="async") as pool:
        assert pool.workers == 3
        add_all(s, meeting, 30)
        assert pool.drain(PATIENCE)
        assert meeting.most == 3
        meeting.wanted, meeting.most = 5, 0
        meeting.all.clear()
        pool.resize(5)
        assert pool.workers == 5
        add_all(s, meeting, 30)
        assert pool.drain(PATIENCE)
        assert meeting.most == 5
        pool.resize(1)
        meeting.wanted, meeting.most = 1, 0
        add_all(s, meeting, 5)
        assert pool.drain(PATIENCE)
        assert meeting.most == 1
    assert s.metrics().succeeded == 65


def test_in_threads_too_coroutines_share_one_loop() -> None:
    s = HeapScheduler()
    meeting = Meeting(4)
    with WorkerPool(s, 4) as pool:
        add_all(s, meeting, 8)
        assert pool.drain(PATIENCE)
    assert meeting.most == 4 and s.metrics().succeeded == 8


def test_a_plain_function_blocks_no_coroutine() -> None:
    s = HeapScheduler()
    go = threading.Event()

    async def lets_it_go() -> None:
        await asyncio.sleep(0)
        go.set()

    with WorkerPool(s, 2, executor="async") as pool:
        i = s.add_task(1, "plain", action=go.wait, args=(PATIENCE,))
        s.add_task(2, "async", action=lets_it_go)
        assert pool.wait(i, PATIENCE).result is True


def test_a_pause_starts_no_coroutine_and_a_shutdown_waits_for_those_that_run() -> None:
    s = HeapScheduler()
    ended: list[int] = []

    async def slow() -> None:
        await asyncio.sleep(0.05)
        ended.append(1)

    with WorkerPool(s, 10, executor="async") as pool:
        s.add_task(1, "t", action=slow)
        assert until(lambda: s.metrics().running)
        pool.pause()
        add_all(s, slow, 5)
        assert until(lambda: ended)
        assert not pool.drain(0.01) and len(s) == 5
        pool.resume()
        assert until(lambda: s.metrics().running == 5)
    assert len(ended) == 6 and s.metrics().succeeded == 6


def test_drain_waits_for_the_last_coroutine() -> None:
    s = HeapScheduler()

    async def slow() -> None:
        await asyncio.sleep(0.02)

    with WorkerPool(s, 4, executor="async") as pool:
        for number in range(1, 20):
            s.add_task(1, "t", action=slow)
            assert pool.drain(PATIENCE)
            assert s.metrics().succeeded == number


def test_a_pool_that_nobody_shuts_down_lets_coroutines_end_at_exit() -> None:
    program = """
import asyncio, atexit
atexit.register(lambda: print(s.metrics().succeeded))  # called last
from sched import HeapScheduler, WorkerPool
async def slow():
    await asyncio.sleep(0.2)
s = HeapScheduler()
pool = WorkerPool(s, 9, executor="async").start()
s.add_tasks({"priority": 1, "task_name": "t", "action": slow} for _ in range(9))
while s.metrics().running < 9: pass
"""
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0 and "was not shut down" in done.stderr
    assert done.stdout == "9\n"


# --- what coroutines do ---------------------------------------------------------------------------


@on_a_loop
def test_a_timeout_cancels_a_coroutine_where_it_waits(executor: str) -> None:
    s = HeapScheduler()
    cleaned: list[int] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(HOUR)
        finally:
            cleaned.append(current_task().attempts)

    with WorkerPool(s, 2, executor=executor) as pool:
        i = s.add_task(1, "t", action=slow, timeout=0.02, retry=AT_ONCE)
        assert pool.drain(PATIENCE)
    assert cleaned == [1, 2]
    assert s.task(i).error.startswith("TimeoutError: timed out after 0.")
    assert s.task(i).error.endswith("its timeout is 0.02 s")


@on_a_loop
def test_a_coroutine_that_ignores_its_timeout_has_failed_when_it_comes_back(executor: str) -> None:
    s = HeapScheduler()

    async def stubborn() -> str:
        try:
            await asyncio.sleep(HOUR)
        except asyncio.CancelledError:
            pass
        return "never mind"

    with WorkerPool(s, 2, executor=executor) as pool:
        i = s.add_task(1, "t", action=stubborn, timeout=0.02)
        assert pool.drain(PATIENCE)
    assert s.task(i).error.startswith("TimeoutError: timed out after") and s.task(i).result is None


@on_a_loop
def test_a_timeout_error_of_its_own_is_told_as_it_is(executor: str) -> None:
    s = HeapScheduler()

    async def gives_up() -> None:
        raise TimeoutError("no answer from the bank")

    with WorkerPool(s, 2, executor=executor) as pool:
        i = s.add_task(1, "t", action=gives_up, timeout=HOUR)
        assert pool.wait(i, PATIENCE).error == "TimeoutError: no answer from the bank"


@on_a_loop
def test_a_coroutine_that_is_cancelled_ends_at_once_and_never_runs_again(executor: str) -> None:
    s = HeapScheduler()
    cleaned: list[bool] = []
    running = threading.Event()

    async def slow() -> None:
        running.set()
        try:
            await asyncio.sleep(HOUR)
        finally:
            cleaned.append(current_task().cancelled)

    with WorkerPool(s, 2, executor=executor) as pool:
        i = s.add_task(1, "t", action=slow, retry=RetryPolicy(max_attempts=None, base=0))
        assert running.wait(PATIENCE)
        assert pool.cancel(i)
        assert pool.wait(i, PATIENCE).status is TaskStatus.CANCELLED
        assert pool.drain(PATIENCE)
    assert cleaned == [True] and s.task(i).attempts == 1


@on_a_loop
def test_a_shutdown_stops_coroutines_when_its_time_is_over(executor: str) -> None:
    s = HeapScheduler()

    async def slow() -> None:
        await asyncio.sleep(HOUR)

    with WorkerPool(s, 2, executor=executor) as pool:
        i = s.add_task(1, "t", action=slow)
        assert until(lambda: s.metrics().running)
        assert pool.shutdown(timeout=0.01) is False
        assert until(lambda: s.status(i) is TaskStatus.PENDING)
    assert s.task(i).error == "InterruptedError: its pool was shut down"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
@on_a_loop
def test_whatever_a_coroutine_raises_the_loop_goes_on(executor: str, error: BaseException) -> None:
    s = HeapScheduler()

    async def raises() -> None:
        raise error

    async def starts_one_that_raises() -> str:
        task = asyncio.ensure_future(raises())
        await asyncio.sleep(0)
        del task
        return "done"

    async def fine() -> str:
        await asyncio.sleep(0.001)
        return "fine"

    with WorkerPool(s, 2, executor=executor) as pool:
        i = s.add_task(1, "t", action=raises)
        assert pool.wait(i, PATIENCE).error.startswith(type(error).__name__)
        j = s.add_task(1, "t", action=starts_one_that_raises)
        assert pool.wait(j, PATIENCE).result == "done"
        k = s.add_task(1, "t", action=fine)
        assert pool.wait(k, PATIENCE).result == "fine"


def test_whatever_is_plugged_into_logging_the_loop_goes_on() -> None:
    def refuse(record: logging.LogRecord) -> bool:
        raise SystemExit("a filter of the application")

    async def bad() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        raise ValueError

    s = HeapScheduler()
    logger = logging.getLogger("sched.workers")
    logger.addFilter(refuse)
    try:
        with WorkerPool(s, 2, executor="async") as pool:
            i = s.add_task(1, "bad", action=bad)
            j = s.add_task(2, "good", action=asyncio.sleep, args=(0, "good"))
            assert pool.wait(i, PATIENCE).error == "ValueError"
            assert pool.wait(j, PATIENCE).result == "good"
    finally:
        logger.removeFilter(refuse)


@on_a_loop
def test_a_coroutine_can_ask_for_its_task_and_its_time(executor: str) -> None:
    s = HeapScheduler()

    async def asks() -> tuple[str, bool, bool]:
        before = str(current_task())
        await asyncio.sleep(0.001)
        return before, before == str(current_task()), 0 < time_left() <= HOUR

    with WorkerPool(s, 8, executor=executor) as pool:
        ids = [s.add_task(1, f"{n}", action=asks, timeout=HOUR) for n in range(20)]
        assert pool.drain(PATIENCE)
    assert [s.task(i).result for i in ids] == [(f"{n}", True, True) for n in range(20)]
    assert current_task() is None and time_left() == float("inf")


@pytest.mark.parametrize("executor", ["thread", "async"])
def test_a_coroutine_that_a_plain_function_returns_runs_too(executor: str) -> None:
    s = HeapScheduler()

    async def double(x: int) -> int:
        await asyncio.sleep(0)
        return 2 * x

    with WorkerPool(s, 2, executor=executor) as pool:
        i = s.add_task(1, "t", action=lambda: double(21))
        assert pool.wait(i, PATIENCE).result == 42


@pytest.mark.parametrize("executor", ["thread", "async"])
def test_a_generator_is_refused_in_words(executor: str) -> None:
    s = HeapScheduler()

    def pages() -> Iterator[int]:
        yield 1

    async def messages() -> Any:
        yield 1

    with WorkerPool(s, 2, executor=executor) as pool:
        for action in (pages, messages):
            i = s.add_task(1, "t", action=action)
            error = str(pool.wait(i, PATIENCE).error)
            assert error.startswith("TypeError: the action returned a generator, of which not one")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("executor", ["thread", "async", "custom"])
def test_what_a_coroutine_has_not_awaited_is_refused_in_words(executor: str) -> None:
    s = HeapScheduler()

    async def fetch() -> int:
        return 1

    async def forgets() -> Any:
        return fetch()

    async def pages() -> Any:
        return (number for number in range(3))

    with ThreadPoolExecutor(2) as threads:
        where = threads if executor == "custom" else executor
        with WorkerPool(s, 2, executor=where) as pool:
            ids = [s.add_task(1, "t", action=f) for f in (forgets, lambda: forgets(), pages)]
            errors = [str(pool.wait(i, PATIENCE).error) for i in ids]
    coroutine = "TypeError: the action returned a coroutine, of which not one line has run: is an"
    assert errors[0].startswith(coroutine) and errors[1].startswith(coroutine)
    assert errors[2].startswith("TypeError: the action returned a generator, of which not one")
    gc.collect()  # it would be said now that nobody has awaited it


def test_what_a_function_returned_is_no_action() -> None:
    s = HeapScheduler()

    async def mail() -> None: ...

    coroutine = mail()
    with pytest.raises(TypeError, match=r"action must be callable, got <coroutine .*action=f, not"):
        s.add_task(1, "t", action=coroutine)
    coroutine.close()
    with pytest.raises(TypeError, match=r"got <generator .*: give the function itself, action=f"):
        s.add_task(1, "t", action=(i for i in range(3)))
    assert not len(s)


@on_a_loop
def test_a_coroutine_does_not_wait_for_its_pool(executor: str) -> None:
    s = HeapScheduler()

    async def drains() -> None:
        pool.drain()

    async def waits() -> None:
        pool.wait(3)

    async def stops() -> bool:
        return pool.shutdown()

    with WorkerPool(s, 2, executor=executor) as pool:
        i = s.add_task(1, "t", action=drains)
        j = s.add_task(1, "t", action=waits)
        k = s.add_task(1, "t", delay=HOUR)
        assert k == 3
        assert "wait for that task" in str(pool.wait(i, PATIENCE).error)
        assert "would block the event loop" in str(pool.wait(j, PATIENCE).error)
        assert pool.wait(s.add_task(1, "t", action=stops), PATIENCE).result is False


def test_a_clock_that_breaks_stops_the_pool_and_everybody_is_told() -> None:
    class Clock:
        broken = False

        def now(self) -> float:
            if self.broken:
                raise OSError("the clock stands still")
            return time.time()

    async def breaks() -> None:
        clock.broken = True

    clock = Clock()
    s = HeapScheduler(clock=clock)
    pool = WorkerPool(s, 2, executor="async").start()
    s.add_task(1, "t", action=breaks)
    assert until(lambda: pool._crash)
    with pytest.raises(RuntimeError, match="a worker crashed with OSError"):
        pool.drain(PATIENCE)
    pool.shutdown()
    clock.broken = False
    assert len(s.running_tasks()) == 1


# --- context variables ----------------------------------------------------------------------------

request_id: ContextVar[str] = ContextVar("request_id", default="none")


@pytest.mark.parametrize("executor", ["thread", "async"])
def test_context_variables_of_whoever_added_a_task_are_there_when_it_runs(executor: str) -> None:
    s = HeapScheduler()
    seen: list[str] = []

    def plain() -> None:
        seen.append(request_id.get())
        request_id.set("changed")  # for this attempt alone
        raise ValueError

    async def later() -> str:
        await asyncio.sleep(0.001)
        return request_id.get()

    def add(name: str) -> list[int]:
        request_id.set(name)
        row = {"priority": 1, "task_name": "t", "action": later}
        return [
            s.add_task(1, "t", action=plain, retry=AT_ONCE),
            s.add_task(1, "t", action=later),
            *s.add_tasks([row] * 3),
        ]

    with WorkerPool(s, 4, executor=executor) as pool:
        ids = {name: copy_context().run(add, name) for name in ("a", "b")}
        assert pool.drain(PATIENCE)
    assert sorted(seen) == ["a", "a", "b", "b"]
    for name, (_, *others) in ids.items():
        assert [s.task(i).result for i in others] == [name] * 4
    assert request_id.get() == "none"


def test_a_task_without_action_carries_no_context() -> None:
    s = HeapScheduler()

    def add() -> None:
        request_id.set("x")
        s.add_task(1, "simple")
        s.add_task(1, "with a key", key="k")

    copy_context().run(add)
    tasks = list(s.pending_tasks())
    assert isinstance(tasks[0].entry[3], str)
    assert details_of(tasks[1].entry).context is None


def test_a_file_keeps_no_context(tmp_path: Path) -> None:
    from sched.durable import SQLiteScheduler
    from tests import jobs

    def add() -> int:
        request_id.set("x")
        return s.add_task(1, "t", action=jobs.empty)

    with SQLiteScheduler(tmp_path / "tasks.db") as s:
        copy_context().run(add)
        assert details_of(s.get_next_task().entry).context is None
