"""Adding takes no lock: in a signal handler, in a finalizer, beside threads that do all else."""

import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from sched import (
    HeapScheduler,
    MultilevelScheduler,
    Scheduler,
    TaskStatus,
    VirtualClock,
    WorkerPool,
    memory,
)
from tests.instants import at_instant, handled_by
from tests.schedulers import in_memory, ledger_of
from tests.worlds import CALLS, World, verify

PATIENCE = 60  # seconds


@pytest.fixture
def alarm() -> Iterator[None]:
    """A call that waits for a lock of its own thread is ended."""

    def too_long(*_: object) -> None:
        raise AssertionError("it waits for itself")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="this system has no alarm")
@pytest.mark.parametrize("name", CALLS)
def test_a_signal_handler_may_add_at_any_instant(name: str, alarm: None) -> None:
    call, number = CALLS[name], 0
    expected = replace(call, added=(call.added[0] + 1,))
    while True:
        number += 1
        world = World(HeapScheduler, max_pending=None)
        added: list[int] = []

        def add(
            *_: object, world: World = world, added: list[int] = added, number: int = number
        ) -> None:
            delay = 5.0 if number % 2 else None
            added.append(world.s.add_task(1, "by the handler", delay))

        with handled_by(add):
            reached, _, error = at_instant(number, call.make(world))
        if not reached:
            break
        assert error is None
        assert len(added) == 1
        assert world.s.status(added[0]) in (TaskStatus.PENDING, TaskStatus.RUNNING)
        verify(world, expected, None)
    assert number > 3


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer")
def test_a_signal_handler_adds_to_a_pool_that_works() -> None:
    s = HeapScheduler(history=0)
    ran: list[None] = []
    rings: list[int] = []

    def ring(*_: object) -> None:
        rings.append(s.add_task(0, "by the handler", action=ran.append, args=(None,)))
        if len(rings) < 100:
            signal.setitimer(signal.ITIMER_REAL, 0.0005)

    before = signal.signal(signal.SIGALRM, ring)
    try:
        with WorkerPool(s, 2) as pool:
            signal.setitimer(signal.ITIMER_REAL, 0.0005)
            while len(rings) < 100:
                s.add_task(1, "t", action=int)
                len(s)
                s.metrics()
            assert pool.drain(PATIENCE)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(ran) == len(rings) == 100
    s.check()


class Handle:
    """What a user hands to a task. Once nobody has it, it calls the scheduler."""

    def __init__(self, call: Callable[[], Any], *, cycle: bool) -> None:
        self.call = call
        self.itself = self if cycle else None  # then the collector finds it, whenever it likes

    def __del__(self) -> None:
        self.call()


def _ends(s: Scheduler, kind: str, handle: Any) -> None:
    """Drop the last reference to the handle."""
    use = {"action": print, "args": (handle,)}
    if kind == "a result":
        s.add_task(1, "t")
        s.complete(s.get_next_task(), handle)
    elif kind == "an argument":
        s.add_task(1, "t", **use)
        s.complete(s.get_next_task())
    elif kind == "discard":
        i = s.add_task(1, "t", **use)
        s.fail(s.get_next_task(), "e")
        del handle, use
        s.discard(i)
        return
    elif kind == "the oldest letter":
        s.add_task(1, "t", **use)
        s.fail(s.get_next_task(), "e")
    else:
        s.cancel(s.add_task(1, "t", delay=5 if kind == "a waiting tombstone" else 0, **use))
    del handle, use
    for _ in range(100):
        if kind == "the oldest letter":
            s.add_task(1, "next")
            s.fail(s.get_next_task(), "e")
        else:
            s.cancel(s.add_task(1, "next", delay=5 if kind == "a waiting tombstone" else 0))


DROPS = ["a result", "an argument", "discard", "the oldest letter", "a tombstone"]
DROPS += ["a waiting tombstone"]


@pytest.mark.parametrize("calls", ["add_task", "cancel", "metrics"])
@pytest.mark.parametrize("kind", DROPS)
@pytest.mark.parametrize("scheduler_class", [HeapScheduler, MultilevelScheduler])
def test_a_finalizer_may_call_the_scheduler_that_drops_its_object(
    kind: str, calls: str, scheduler_class: type[Scheduler], alarm: None
) -> None:
    s = scheduler_class(clock=VirtualClock(), history=1, max_dead_letters=1)
    victim = s.add_task(9, "victim")
    done: list[bool] = []

    def call() -> None:
        done.append(ledger_of(s).lock.locked())
        {"add_task": lambda: s.add_task(9, "x"), "metrics": s.metrics}.get(
            calls, lambda: s.cancel(victim)
        )()

    _ends(s, kind, Handle(call, cycle=False))
    gc.collect()
    assert done == [False], "once, with no lock held"
    s.check()


def test_a_finalizer_that_the_collector_calls_anywhere_may_add() -> None:
    s = HeapScheduler(clock=VirtualClock(), history=2)
    added: list[int] = []
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for i in range(300):
            Handle(lambda: added.append(s.add_task(1, "by a finalizer")), cycle=True)
            s.cancel(s.add_task(2, "t", key=f"{i}"))
            s.add_task(2, "t", delay=1)
            if (task := s.get_next_task()) is not None:
                s.fail(task, "e")
            list(s.pending_tasks())
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert len(set(added)) == 300
    s.check()
    assert s.metrics().added == 900


@in_memory
@pytest.mark.parametrize("atomic", [True, False])
def test_threads_that_add_beside_others_lose_nothing_and_keep_their_order(
    atomic: bool, scheduler_class: type[Scheduler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "APPENDS_ARE_ATOMIC", atomic)
    s = scheduler_class(history=10**6)
    assert ledger_of(s).adds_lock is not atomic
    each, adders = 150, 5
    added: list[list[int]] = [[] for _ in range(adders)]
    taken: list[int] = []
    cancelled: list[int] = []
    errors: list[BaseException] = []
    over = threading.Event()

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                errors.append(error)

        return run

    def adder(mine: list[int]) -> Callable[[], None]:
        def work() -> None:
            for _ in range(each):
                mine.append(s.add_task(1, "t"))
                assert s.status(mine[-1]) is not None

        return work

    def taker() -> None:
        while not over.is_set() or len(s):
            if (task := s.get_next_task()) is not None:
                taken.append(task.id)
                s.complete(task)

    def canceller() -> None:
        while not over.is_set():
            for mine in added:
                if mine and len(cancelled) < 100 and s.cancel(victim := mine[-1]):
                    cancelled.append(victim)

    def looker() -> None:
        while not over.is_set():
            m = s.metrics()
            assert m.added >= m.succeeded + m.cancelled
            list(s.pending_tasks())
            len(s)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        crew = [threading.Thread(target=guarded(adder(mine)), daemon=True) for mine in added]
        others = [
            threading.Thread(target=guarded(work), daemon=True)
            for work in (taker, canceller, looker)
        ]
        for thread in [*crew, *others]:
            thread.start()
        for thread in crew:
            thread.join(PATIENCE)
        over.set()
        for thread in others:
            thread.join(PATIENCE)
            assert not thread.is_alive()
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]
    s.check()
    everything = [i for mine in added for i in mine]
    assert len(set(everything)) == len(everything) == each * adders
    assert sorted(taken + cancelled) == sorted(everything)
    place = {task_id: n for n, task_id in enumerate(taken)}
    for mine in added:
        order = [place[i] for i in mine if i in place]
        assert order == sorted(order), "what one thread adds in turn comes out in turn"


LOOKS: dict[str, Callable[[Scheduler], Any]] = {
    "len": lambda s: len(s),
    "status": lambda s: s.status(1).name == "PENDING",
    "task": lambda s: s.task(1).id,
    "metrics": lambda s: s.metrics().pending,
    "iterating": lambda s: len(list(s.pending_tasks())),
    "peek": lambda s: s.peek_next_task().id,
    "next_run_time": lambda s: s.next_run_time() is not None,
    "take": lambda s: s.get_next_task().id,
    "cancel": lambda s: s.cancel(1),
    "reprioritize": lambda s: s.reprioritize(1, 5),
}


@pytest.mark.parametrize("look", LOOKS)
def test_whatever_comes_next_sees_what_was_added(look: str, s: Scheduler) -> None:
    assert s.add_task(1, "t") == 1
    assert LOOKS[look](s) == 1


class Nosy(str):
    """A name or key whose every method would notice that a lock is held."""

    ledger: Any = None
    found: list[bool] = []  # noqa: RUF012

    def _look(self) -> None:
        if self.ledger is not None:
            self.found.append(self.ledger.lock.locked())

    def __eq__(self, other: object) -> bool:
        self._look()
        return False

    def __hash__(self) -> int:
        self._look()
        return 1

    def __repr__(self) -> str:
        self._look()
        return "nosy"

    def __str__(self) -> str:
        self._look()
        return "nosy"

    def __lt__(self, other: str) -> bool:
        self._look()
        return False


@in_memory
def test_nothing_of_a_users_runs_under_the_lock(s: Scheduler, clock: VirtualClock) -> None:
    ledger, Nosy.found = ledger_of(s), []
    Nosy.ledger = ledger
    try:

        class Policy:
            def allows(self, attempts: int, error: object) -> bool:
                Nosy.found.append(ledger.lock.locked())
                return attempts < 2

            def pause(self, attempts: int) -> float:
                Nosy.found.append(ledger.lock.locked())
                return 0.0

        s.subscribe(lambda event: Nosy.found.append(ledger.lock.locked()))
        s.notices.subscribe(lambda run_at: Nosy.found.append(ledger.lock.locked()))
        things = {"action": print, "args": (Nosy("a"),), "kwargs": {"b": Nosy("b")}}
        i = s.add_task(1, Nosy("x"), key=Nosy("k"), retry=Policy(), **things)
        assert s.add_task(1, "again", key="k") == i, "the text that it holds is the key"
        s.add_tasks([{"priority": 1, "task_name": Nosy("y"), "key": Nosy("k2"), **things}])
        task = s.get_next_task()
        assert task.name == "x"
        assert s.fail(task, Nosy("an error"))
        s.reprioritize(i, 0)
        assert not s.fail(s.get_next_task(), Nosy("an error"))
        assert s.dead_letters()[0].error == "an error"
        s.requeue(i)
        s.complete(s.get_next_task(), Nosy("a result"))
        s.cancel(2)
        repr(list(s.pending_tasks()))
        s.check()
        assert Nosy.found
        assert not any(Nosy.found)
    finally:
        Nosy.ledger = None
