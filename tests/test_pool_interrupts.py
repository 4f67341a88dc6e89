"""Ctrl-C at every instant of every method of a pool: it goes on, or it ends; nothing hangs."""

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from sched import HeapScheduler, TaskStatus, WorkerPool
from tests.instants import at_instant, handled_by
from tests.pools import until
from tests.test_interrupts import place
from tests.test_threads import PATIENCE

HOUR = 3600.0


def use(pool: WorkerPool) -> None:
    with pool:
        pass


def paused(pool: WorkerPool) -> WorkerPool:
    pool.pause()
    return pool


def wait_for_the_last(pool: WorkerPool) -> None:
    with suppress(TimeoutError):
        pool.wait(4, 0.001)


def cancel_all(pool: WorkerPool) -> None:
    for task_id in (1, 2, 3, 4):
        pool.cancel(task_id)


CALLS: dict[str, Callable[[WorkerPool], Callable[[], Any]]] = {
    "start": lambda pool: pool.start,
    "with": lambda pool: lambda: use(pool),
    "resize to more": lambda pool: lambda: pool.resize(4),
    "resize to fewer": lambda pool: lambda: pool.resize(1),
    "pause": lambda pool: pool.pause,
    "resume": lambda pool: paused(pool).resume,
    "drain": lambda pool: lambda: pool.drain(0.001),
    "wait": lambda pool: lambda: wait_for_the_last(pool),
    "cancel": lambda pool: lambda: cancel_all(pool),
    "shutdown": lambda pool: pool.shutdown,
    "shutdown with a limit": lambda pool: lambda: pool.shutdown(timeout=30),
    "shutdown without waiting": lambda pool: lambda: pool.shutdown(wait=False),
    "shutdown that cancels": lambda pool: lambda: pool.shutdown(cancel_pending=True),
    "the end of the interpreter": lambda pool: pool.stop_at_exit,
    "repr": lambda pool: pool.__repr__,
}
WITHOUT_WORKERS = ("start", "with")
QUICK = ("start", "resize to more", "drain", "shutdown")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-instant")
        metafunc.parametrize("name", CALLS if every else QUICK)


# One that arrives in a callback of the interpreter's own, which looks after weak references, ends
# there.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_instant_leaves_a_pool_that_works_or_ends(
    name: str, request: pytest.FixtureRequest
) -> None:
    every = request.config.getoption("--every-instant")
    number, last, broken = 0, None, list[str]()
    with handled_by(signal.default_int_handler):
        while True:
            number += 1
            s = HeapScheduler()
            pool = WorkerPool(s, 2)
            if name not in WITHOUT_WORKERS:
                pool.start()
            ids = [s.add_task(1, "t", action=int) for _ in range(3)]
            ids += [s.add_task(1, "later", delay=HOUR, action=int)]
            reached, _, error = at_instant(number, CALLS[name](pool))
            assert error is None or isinstance(error, KeyboardInterrupt), error
            if error is not None and last == (last := place(error)) and not every:
                pool.shutdown()
                continue  # the same instant, marked one instruction later
            wrong = what_is_wrong(s, pool, ids)
            broken += [f"{number}: {each}" for each in wrong]
            if not reached or wrong:
                break
    assert not broken, broken
    assert number > 3


def what_is_wrong(s: HeapScheduler, pool: WorkerPool, ids: list[int]) -> list[str]:
    """Use the pool unless it is shut down, shut it down, and count."""
    wrong = []
    if "shut down" not in repr(pool):
        with pool:
            pool.resume()
            i = s.add_task(0, "after", action=int)
            if not until(lambda: s.status(i) is TaskStatus.SUCCEEDED):
                wrong.append(f"{pool!r} runs nothing")
    ended = threading.Event()
    threading.Thread(target=lambda: (pool.shutdown(), ended.set()), daemon=True).start()
    if not ended.wait(PATIENCE):
        wrong.append("shutdown() never returns")
        pool._crew.clear()  # so that the interpreter can end
    if not until(lambda: not any(t.name.startswith(pool.name) for t in threading.enumerate())):
        wrong.append("threads are left")
    s.check()
    if s.running_tasks():
        wrong.append("a task is RUNNING, and nobody runs it")
    if {s.status(i) for i in ids} - {
        TaskStatus.PENDING,
        TaskStatus.SUCCEEDED,
        TaskStatus.CANCELLED,
    }:
        wrong.append("a task has failed")
    return wrong
