"""Arrivals: adding takes no lock; what comes while others are let in is not lost, and not early."""

import threading
from collections.abc import Callable

import pytest

from sched import HeapScheduler, Scheduler, VirtualClock, WorkerPool
from sched.memory import APPENDS_ARE_ATOMIC
from tests.schedulers import in_memory, ledger_of
from tests.test_threads import PATIENCE


class ClockThatAdds:
    """Moves a second at each reading; once, something is added while it is read.

    A signal handler may do that, or another thread: adding takes no lock.
    """

    def __init__(self) -> None:
        self.seconds = 0
        self.add: Callable[[], object] | None = None

    def now(self) -> float:
        self.seconds += 1
        now = float(self.seconds)
        if self.add is not None:
            add, self.add = self.add, None
            add()
        return now


@in_memory
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("look", ["get_next_task", "peek_next_task", "add_tasks"])
def test_what_arrives_while_others_are_let_in_stays(
    scheduler_class: type[Scheduler], look: str, number: int
) -> None:
    clock = ClockThatAdds()
    s = scheduler_class(clock=clock)
    for _ in range(number):
        s.add_task(2, "before")
    clock.add = lambda: s.add_task(1, "in between")
    if look == "add_tasks":
        s.add_tasks([(3, "batch")])
    else:
        assert str(getattr(s, look)()) == "before"  # the other one is from the future
    assert clock.add is None
    s.check()
    names = [str(task) for task in s.pending_tasks()]
    assert names[0] == "in between"
    assert s.metrics().added == number + 1 + (look == "add_tasks")


@in_memory
def test_a_newcomer_waits_its_turn(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(clock=VirtualClock())
    s.add_task(2, "before")
    s.metrics()  # lets it in
    s.add_task(3, "less urgent")
    assert str(s.get_next_task()) == "before"
    s.add_task(1, "most urgent")
    assert str(s.get_next_task()) == "most urgent"
    s.check()
    assert (s.metrics().added, s.metrics().running, len(s)) == (3, 2, 1)
    assert str(s.get_next_task()) == "less urgent"


@in_memory
def test_what_is_due_goes_before_a_newcomer(scheduler_class: type[Scheduler]) -> None:
    clock = VirtualClock()
    s = scheduler_class(clock=clock)
    s.add_task(1, "due", delay=5)
    s.metrics()
    clock.advance(5)
    s.add_task(2, "new")
    assert str(s.get_next_task()) == "due"
    s.check()
    assert str(s.get_next_task()) == "new"


class SetBack(VirtualClock):
    """A clock that breaks its word once: it runs backwards."""

    def set_back(self, seconds: float) -> None:
        self._time -= seconds


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("move", ["cancel", "reprioritize", "take"])
def test_a_clock_that_runs_back_leaves_every_task_on_one_side(
    scheduler_class: type[Scheduler], move: str, number: int
) -> None:
    clock = SetBack(1000.0)
    s = scheduler_class(clock=clock)
    s.add_task(5, "before")
    s.metrics()  # lets in what is due by now
    clock.set_back(50)
    ids = [s.add_task(1, "in between", delay=25) for _ in range(number)]
    assert s.metrics().pending == 1 + number
    if move == "cancel":
        assert s.cancel(ids[0])
    elif move == "reprioritize":
        assert s.reprioritize(ids[0], 9)
    elif (task := s.get_next_task()) is not None:
        s.fail(task, "once more", retry_in=10)
    clock.advance(100)
    s.check()
    left = [*ids[1:], 1] if move == "cancel" else [1, *ids]
    taken = []
    while (task := s.get_next_task()) is not None:
        taken.append(task.id)
        s.complete(task)
        s.check()
    assert sorted(taken) == sorted(left)
    assert len(s) == 0


@in_memory
def test_a_newcomer_that_has_to_wait_its_turn_is_ready(scheduler_class: type[Scheduler]) -> None:
    clock = SetBack(1000.0)
    s = scheduler_class(clock=clock)
    s.add_task(1, "before")
    s.metrics()
    clock.advance(50)
    new = s.add_task(2, "new")
    assert str(s.get_next_task()) == "before"
    clock.set_back(25)  # it is ready nevertheless
    assert s.cancel(new)
    s.check()
    assert s.get_next_task() is None


LOOKS: dict[str, Callable[[Scheduler], object]] = {
    "len": len,
    "iterate": lambda s: len(list(s.pending_tasks())),
    "table": lambda s: int(repr(s.pending_tasks())[0]),
    "peek": lambda s: s.peek_next_task().id,
    "task": lambda s: s.task(1).id,
    "next_run_time": lambda s: s.next_run_time() is not None,
    "metrics": lambda s: s.metrics().ready,
    "cancel": lambda s: s.cancel(1),
    "reprioritize": lambda s: s.reprioritize(1, 2),
    "take": lambda s: s.get_next_task().id,
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_whoever_looks_first_sees_what_has_arrived(
    s: Scheduler, look: Callable[[Scheduler], object]
) -> None:
    s.add_task(1, "t")
    assert look(s) == 1
    s.check()


@pytest.mark.skipif(not APPENDS_ARE_ATOMIC, reason="adds take the lock on this Python")
def test_adding_waits_for_no_lock() -> None:
    """So that a signal handler may add, whatever it has come in the middle of."""
    s = HeapScheduler()
    added, ran = threading.Event(), threading.Event()

    def add() -> None:
        s.add_task(1, "plain")
        s.add_task(1, "with details, later", action=int, delay=3600, timeout=1)
        s.add_task(1, "for a worker", action=ran.set)
        added.set()

    with WorkerPool(s, 1, max_sleep=3600) as pool:
        with ledger_of(s).lock, pool._lock:
            threading.Thread(target=add, daemon=True).start()
            assert added.wait(PATIENCE)
        assert ran.wait(PATIENCE)
    assert len(s) == 1
