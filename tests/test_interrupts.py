"""Ctrl-C, and an error near the recursion limit, at every instant of every method: nothing is lost.

An interrupted call has happened or it has not. Whoever comes next finds everything in order.
"""

import gc
import inspect
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import product
from typing import Any

import pytest

from sched import HeapScheduler, Scheduler, VirtualClock, task_table, waiting
from sched.memory import MemoryLedger
from tests.instants import at_instant, handled_by
from tests.schedulers import IN_MEMORY, FileScheduler, ThreeShards, ledger_of
from tests.worlds import CALLS, World, verify

KINDS = ("usual", "crowded", "marked")
OPTIONS: tuple[dict[str, Any], ...] = ({}, {"max_pending": None}, {"aging": 5.0})
ADDING = [name for name in CALLS if name.startswith("add_task")]
# What is worth trying on every scheduler, in each kind of world.
QUEUING = {
    "usual": [
        *(ADDING[0], "add_tasks", "add_tasks with keys and delays", "get_next_task"),
        *("peek_next_task", "cancel a ready one", "reprioritize a ready one", "requeue"),
        *("fail with retry_in", "get_next_task beside a newcomer"),
    ],
    "crowded": ["cancel a ready one", "reprioritize a ready one", "get_next_task"],
    "marked": ["get_next_task"],
}
MARKED = ["complete", "add_task", "check"]
WAITING = ["cancel a waiting one", "reprioritize a waiting one"]
ASKING = [
    *("add_task with a delay", "get_next_task", "complete", "fail with a retry"),
    *("cancel a ready one", "requeue", "iterating"),
]
SHARING = [
    *(ADDING[0], "add_task with a key", "add_tasks", "get_next_task", "peek_next_task", "complete"),
    *("fail for good", "cancel a ready one", "reprioritize a ready one", "requeue", "metrics"),
]
MOVING = [*ADDING, "reprioritize a ready one", "requeue", "fail with a retry", "get_next_task"]
MOVING += ["get_next_task of a newcomer"]

Case = tuple[str, type[Scheduler], str, dict[str, Any]]


def cases(every: bool) -> Iterator[Case]:
    for name in CALLS if every else ASKING:  # a writer thread, which no signal reaches, does it all
        yield name, FileScheduler, "usual", {}
    for name, kind_of_scheduler, kind, options in product(CALLS, IN_MEMORY, KINDS, OPTIONS):
        heap, usual = kind_of_scheduler is HeapScheduler, kind == "usual"
        if (
            every
            or (heap and usual and (not options or name in MOVING))
            or (heap and kind == "crowded" and not options and name in WAITING)
            or (heap and kind == "marked" and not options and name in MARKED)
            or (not options and name in QUEUING[kind])
        ):
            yield name, kind_of_scheduler, kind, options
    for name, options in product(CALLS, OPTIONS):  # its shards are what is tried above
        if every or (not options and name in SHARING):
            yield name, ThreeShards, "usual", options


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-instant")
        metafunc.parametrize(
            "case",
            list(cases(every)),
            ids=lambda c: "-".join([c[0], c[1].__name__, c[2], *map(str, c[3])]),
        )


@pytest.fixture
def world_of(case: Case, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], World]]:
    _, kind_of_scheduler, kind, options = case
    if kind == "crowded":
        for module in (task_table, waiting):
            monkeypatch.setattr(module, "SPARE", 0)
        monkeypatch.setattr(task_table, "getsizeof", lambda table: 10**9)
    if kind_of_scheduler is FileScheduler:
        gc.disable()  # an interrupt in the finalizer of an earlier world would end there
    yield lambda: World(kind_of_scheduler, kind, **options)
    gc.enable()


def place(error: BaseException) -> list[tuple[Any, int]]:
    """Where an interrupt was delivered: the functions, and how far each had come."""
    found, trace = [], error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame.f_code, trace.tb_lasti))
        trace = trace.tb_next
    return found


def test_an_interrupt_at_any_instant_loses_nothing(
    case: Case,
    world_of: Callable[[], World],
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    call = CALLS[case[0]]
    every = request.config.getoption("--every-instant")
    broken, number, last = [], 0, None
    with handled_by(signal.default_int_handler):
        while True:
            number += 1
            world = world_of()
            made = call.make(world)
            reached, _, error = at_instant(number, made)
            if not reached:
                break
            assert isinstance(error, KeyboardInterrupt), error
            if last == (last := place(error)) and not every:
                continue  # the same instant, marked one instruction later
            try:
                verify(world, call, made)
            except Exception as wrong:
                broken.append(f"{number}: {type(wrong).__name__} {wrong}")
    assert number > 3, "there are instants"
    record_property("instants", number - 1)  # for --junitxml: how many there are
    assert not broken, broken


@contextmanager
def recursion_limit(low: int, before: int) -> Iterator[None]:
    sys.setrecursionlimit(low)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def test_no_instant_falls_into_what_the_garbage_collector_calls() -> None:
    def collected(_phase: str, _info: dict[str, int]) -> None:
        pass

    threshold = gc.get_threshold()
    gc.callbacks.append(collected)
    gc.set_threshold(1)
    try:
        with handled_by(signal.default_int_handler):
            number, reached = 0, True
            while reached:
                number += 1
                s = HeapScheduler()
                s.add_tasks([(1, "a"), (2, "b")])
                reached, _, error = at_instant(number, s.check)
                assert isinstance(error, KeyboardInterrupt) == reached
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(collected)
    assert number > 5
    assert gc.isenabled()


@pytest.mark.parametrize("name", CALLS)
def test_an_error_near_the_recursion_limit_loses_nothing(
    name: str, scheduler_class: type[Scheduler]
) -> None:
    call, broken, refused = CALLS[name], [], 0

    def at_depth(left: int, do: Callable[[], Any]) -> Any:
        return do() if left == 0 else at_depth(left - 1, do)

    limit = sys.getrecursionlimit()
    low = len(inspect.stack()) + 60
    deepest = 0  # which calls count is for each Python to say
    with suppress(RecursionError), recursion_limit(low, limit):
        while True:
            at_depth(deepest + 1, lambda: None)
            deepest += 1
    assert deepest > 15
    for frames in range(15):
        world = World(scheduler_class)
        made = call.make(world)
        with suppress(RecursionError), recursion_limit(low, limit):
            refused += 1
            at_depth(deepest - frames, made)
            refused -= 1
        try:
            verify(world, call, made)
        except Exception as wrong:
            broken.append(f"{frames}: {type(wrong).__name__} {wrong}")
    assert refused > 0
    assert not broken, broken


def test_an_interrupt_while_waiting_for_room_leaves_no_lock_held() -> None:
    s = HeapScheduler(max_pending=2, history=10)
    stop, taken, errors = threading.Event(), [], []

    def work() -> None:
        try:
            while not stop.is_set():
                if (task := s.get_next_task()) is not None:
                    time.sleep(0.0002)
                    taken.append(task.id)
                    s.complete(task)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for worker in workers:
        worker.start()
    rng, interrupts = random.Random(1), 0
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(150):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0002 + rng.random() * 0.003)
                for _ in range(50):
                    s.add_task(1, "x", wait=60)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupts += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        stop.set()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive()
    assert interrupts > 20
    assert not errors
    assert not ledger_of(s).lock.locked()
    lost = s.running_tasks()  # none: the workers are not interrupted
    assert lost == []
    assert len(set(taken)) == len(taken)
    s.check()


def test_the_history_keeps_its_order_after_an_interrupt() -> None:
    number = 0
    with handled_by(signal.default_int_handler):
        while True:
            number += 1
            world = World(HeapScheduler)
            s = world.s
            for name in ("first", "second"):
                s.add_task(-5, name)
                world.clock.advance(1)
                s.complete(s.get_next_task())
            second = max(ledger_of(s).finished_ids)
            reached, _, _ = at_instant(number, CALLS["complete"].make(world))
            if not reached:
                break
            if s.status(world.running[0].id).name == "SUCCEEDED":
                assert s.status(second).name == "SUCCEEDED", "the oldest is evicted, no other"


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_indexes_made_from_the_table_alone_keep_the_order_of_ends(end: str) -> None:
    clock = VirtualClock()
    s = HeapScheduler(clock=clock, history=2, max_dead_letters=3)
    for priority in (2, 2.5, 1, 3):  # the third ends first
        s.add_task(priority, "t")
    ledger = ledger_of(s)
    if end == "fail":
        ledger.max_dead_letters = 4
    for _ in range(3):
        clock.advance(1)
        ENDS[end](s, s.get_next_task())
    for ids in (ledger.finished_ids, ledger.dead_ids):
        ids.clear()
    ledger.max_dead_letters, ledger.mark = 2, True
    clock.advance(1)
    ENDS[end](s, s.get_next_task())
    s.check()
    assert [i for i in (1, 2, 3, 4) if i in ledger.table] == [2, 4], "the last to end"


class Handle:
    """A user's object, whose finalizer needs the lock."""

    def __init__(self, ledger: MemoryLedger, found: list[bool]) -> None:
        self.ledger, self.found = ledger, found

    def __del__(self) -> None:
        self.found.append(self.ledger.lock.locked())


ENDS: dict[str, Callable[[Scheduler, Any], Any]] = {
    "complete": lambda s, task: s.complete(task, "result"),
    "cancel": lambda s, task: s.cancel(s.add_task(2, "another")),
    "fail": lambda s, task: s.fail(task, "e"),
    "discard": lambda s, task: s.discard(s.dead_letters()[0].id),
}


# An interrupt in the finalizer itself is the user's: it ends there.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ENDS)
def test_what_an_interrupted_call_lets_go_of_is_dropped_after_the_lock(name: str) -> None:
    number, found = 0, list[bool]()
    with handled_by(signal.default_int_handler):
        while True:
            number += 1
            s = HeapScheduler(history=1, max_dead_letters=1)
            ledger = ledger_of(s)
            for end in ("complete", "fail"):
                s.add_task(1, "t", action=print, args=(Handle(ledger, found),))
                ENDS[end](s, s.get_next_task())
            s.add_task(1, "t")
            task = s.get_next_task()
            reached, _, _ = at_instant(number, partial(ENDS[name], s, task))
            if not reached:
                break
            s.check()
    assert found
    assert not any(found)
