"""After os.fork(): the child's copy of a scheduler works; a pool says that it has no threads."""

import itertools
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from traceback import walk_stack
from types import FrameType
from typing import Any

import pytest

from sched import (
    HeapScheduler,
    MultilevelScheduler,
    RetryPolicy,
    Scheduler,
    VirtualClock,
    WorkerPool,
)
from tests.instants import at_instant, handled_by
from tests.worlds import CALLS, World, verify

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

TOO_LONG = 30  # seconds, until the alarm ends a child that hangs


@pytest.fixture(autouse=True)
def _forking_beside_threads_is_the_point() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def in_child(work: Callable[[], Any]) -> int:
    """Do it in a forked child; its exit code, negative for the signal that ended it."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(TOO_LONG)
            work()
            code = 0
        except BaseException as error:
            os.write(2, f"in the child: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_child_forked_from_a_busy_program_uses_its_copy(request: pytest.FixtureRequest) -> None:
    s = HeapScheduler(history=0)
    s.add_tasks([(i, "later", 3600) for i in range(2_000)])
    stop = threading.Event()

    def again() -> None:
        if not stop.is_set():
            s.add_task(1, "t", action=again)

    def list_all() -> None:
        while not stop.is_set():
            list(s.pending_tasks())

    def use() -> None:
        s.check()
        before = len(s)
        new = s.add_task(-1, "of the child", key="child")
        assert len(list(s.pending_tasks())) == before + 1
        while (task := s.get_next_task()).id != new:
            s.complete(task)
        s.complete(task)
        for lost in s.running_tasks():  # by threads that do not exist here
            s.complete(lost)
        s.check()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    lister = threading.Thread(target=list_all, daemon=True)
    try:
        with WorkerPool(s, 4):
            lister.start()
            for _ in range(4):
                s.add_task(1, "t", action=again)
            for _ in range(request.config.getoption("--forks")):
                assert in_child(use) == 0
            stop.set()
    finally:
        stop.set()
        sys.setswitchinterval(interval)
    lister.join(TOO_LONG)
    s.check()


def test_a_pool_can_be_started_anew_in_a_forked_child() -> None:
    s = HeapScheduler()
    held, forked = threading.Event(), threading.Event()
    with WorkerPool(s, 2) as pool:
        s.add_task(1, "in the parent", action=int)
        assert pool.drain(TOO_LONG)
        later = s.add_task(1, "later", delay=3600)

        def hold() -> None:
            with pool._lock:  # the child has no such thread, and the lock as this thread held it
                held.set()
                forked.wait(TOO_LONG)

        def use() -> None:
            assert "no threads in a forked child" in repr(pool)
            for refused in (pool.drain, lambda: pool.resize(3)):
                with pytest.raises(RuntimeError, match="no threads in .* in this process"):
                    refused()
            s.cancel(later)
            s.add_task(1, "in the child", action=int)
            with pool.start():
                assert "running" in repr(pool)
                assert pool.drain(TOO_LONG)
            assert s.metrics().succeeded == 2

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(TOO_LONG)
        try:
            assert in_child(use) == 0
        finally:
            forked.set()
            holder.join()
        assert "running" in repr(pool)
        assert (s.metrics().succeeded, s.metrics().waiting) == (1, 1)


def test_a_child_of_a_task_ends_with_the_task(capfd: pytest.CaptureFixture[str]) -> None:
    """An action that forks, and comes back twice: the child takes no task of its parent's."""
    s = HeapScheduler()
    parent, ran = os.getpid(), list[int]()

    def action() -> int:
        pid = os.fork()
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if pid else -1

    def other() -> None:
        ran.append(1)
        if os.getpid() != parent:
            os.write(2, b"ran in the child")

    with WorkerPool(s, 1) as pool:
        i = s.add_task(1, "forks", action=action)
        s.add_tasks([{"priority": 2, "task_name": "t", "action": other}] * 3)
        assert pool.drain(TOO_LONG)
    assert s.task(i).result == 0
    assert len(ran) == 3
    assert "in the child" not in capfd.readouterr().err


def test_a_child_rings_for_no_producer_of_its_parent() -> None:
    s = HeapScheduler(max_pending=1)
    s.add_task(1, "t")
    producer = threading.Thread(target=s.add_task, args=(1, "waits"), kwargs={"wait": TOO_LONG})
    producer.start()
    end = time.monotonic() + TOO_LONG
    while not s._room:
        assert time.monotonic() < end
        time.sleep(0.001)

    def use() -> None:
        assert not s._room  # or a bell would fill up that nobody hears
        s.complete(s.get_next_task())
        s.add_task(1, "in the child", wait=TOO_LONG)
        s.check()

    try:
        assert in_child(use) == 0
    finally:
        s.get_next_task()
        producer.join(TOO_LONG)
    assert len(s) == 1


class Same(VirtualClock):
    """A clock of somebody's own, that says that it equals all others, and has no hash."""

    def __eq__(self, other: object) -> bool:
        return True


def test_what_says_that_it_equals_another_has_its_lock_made_anew_all_the_same() -> None:
    clocks = [Same(), Same()]
    held, forked = threading.Event(), threading.Event()

    def hold() -> None:
        with clocks[0]._lock, clocks[1]._lock:
            held.set()
            forked.wait(TOO_LONG)

    def use() -> None:
        for clock in clocks:
            clock.advance(1)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(TOO_LONG)
    try:
        assert in_child(use) == 0
    finally:
        forked.set()
        holder.join()


def test_a_pool_that_was_shut_down_is_so_in_the_child() -> None:
    pool = WorkerPool(HeapScheduler(), 1).start()
    pool.shutdown()

    def use() -> None:
        assert "shut down" in repr(pool)
        pool.shutdown()

    assert in_child(use) == 0


def test_a_child_may_shut_down_the_pool_that_it_has_no_threads_of() -> None:
    with WorkerPool(HeapScheduler(), 2) as pool:
        assert in_child(pool.shutdown) == 0


def drawn_in_child(policies: list[RetryPolicy]) -> str:
    read, write = os.pipe()
    assert in_child(lambda: os.write(write, repr([p.pause(9) for p in policies]).encode())) == 0
    os.close(write)
    with os.fdopen(read) as pipe:
        return pipe.read()


def test_two_children_draw_different_jitter() -> None:
    policies = [RetryPolicy(), RetryPolicy()]  # equal ones, each with a generator of its own
    first, second = drawn_in_child(policies), drawn_in_child(policies)
    for a, b in zip(first.strip("[]").split(", "), second.strip("[]").split(", "), strict=True):
        assert a != b


def test_jitter_with_a_seed_is_repeatable_in_children_too() -> None:
    policies = [RetryPolicy(seed=1)]
    assert drawn_in_child(policies) == drawn_in_child(policies)


MOVES = ["add_task", "get_next_task", "complete", "cancel a ready one", "fail with a retry"]


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("scheduler_class", [HeapScheduler, MultilevelScheduler])
def test_a_fork_at_any_instant_leaves_the_child_all_tasks(
    name: str, scheduler_class: type[Scheduler]
) -> None:
    """As where another thread forks while this one is half-way through."""
    call, codes, seen = CALLS[name], list[int](), list[object]()
    for number in itertools.count(1):
        world = World(scheduler_class)
        made = call.make(world)

        def fork(
            _: int, at: FrameType | None, world: World = world, made: Callable[[], Any] = made
        ) -> None:
            place = [(frame.f_code, frame.f_lasti) for frame, _ in walk_stack(at)]
            if seen[-1:] != [place]:  # or it is the same instant, marked one instruction later
                codes.append(in_child(lambda: verify(world, call, made)))
            seen.append(place)

        with handled_by(fork):
            reached, _, error = at_instant(number, made)
        if not reached:
            break
        assert error is None
        verify(world, call, None if name != "add_task" else made)
    assert len(codes) > 10
    assert not any(codes), codes
