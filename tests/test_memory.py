"""Memory is O(n): what was cancelled, taken or finished is given back."""

import gc
import tracemalloc

import pytest

from sched import HeapScheduler, NaiveSortScheduler, Scheduler, TaskStatus, VirtualClock
from sched.naive_sort import NaiveSortQueue
from tests.schedulers import in_memory, ledger_of


def kilobytes() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024


@pytest.fixture(autouse=True)
def traced() -> object:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize("delay", [None, 1e9], ids=["ready", "far in the future"])
def test_add_then_cancel_cycles_leave_memory_flat(
    scheduler_class: type[Scheduler], delay: float | None, request: pytest.FixtureRequest
) -> None:
    s = scheduler_class(clock=VirtualClock(), history=10)
    s.add_task(1, "stays", delay=delay)
    for _ in range(500):
        s.cancel(s.add_task(2, "t", delay=delay))
    cycles = request.config.getoption("--cancel-cycles")
    if "File" in scheduler_class.__name__:  # two commits each, twenty times as slow
        cycles = min(cycles, 100_000)
    before = kilobytes()
    for _ in range(cycles):
        s.cancel(s.add_task(2, "t", delay=delay))
    assert kilobytes() - before < 20
    s.check()


@pytest.mark.parametrize("delay", [None, 1e9], ids=["ready", "far in the future"])
def test_cancelling_a_backlog_gives_its_memory_back(
    scheduler_class: type[Scheduler], delay: float | None
) -> None:
    s = scheduler_class(clock=VirtualClock(), history=10)
    before = kilobytes()
    ids = s.add_tasks([(i % 7, "t") if delay is None else (i % 7, "t", delay) for i in range(2000)])
    full = kilobytes() - before
    for i in ids:
        s.cancel(i)
    del ids
    # Of a backlog in a file only ids are here, so little that what is kept once, however many
    # there were (12 kilobytes: the window, texts of statements), is more than a twentieth of it.
    assert kilobytes() - before < max(full / 20, 20)
    s.check()


def test_reprioritising_leaves_memory_flat(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(clock=VirtualClock())
    i = s.add_task(1, "a")
    s.add_task(9, "b")
    s.reprioritize(i, 1)
    before = kilobytes()
    for n in range(1_000):
        s.reprioritize(i, n % 5)
    assert kilobytes() - before < 20
    assert s.get_next_task().id == i


def test_add_then_take_cycles_leave_memory_flat(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(clock=VirtualClock(), history=10)
    for i in range(50):
        s.add_task(i, "stays")

    def cycle(times: int) -> None:
        for i in range(times):
            s.add_task(i % 3, "t", key=f"key {i}")
            task = s.get_next_task()
            if i % 2:
                s.complete(task)
            else:
                s.fail(task, "e")
                s.discard(task.id)

    cycle(300)
    before = kilobytes()
    cycle(1_000)
    assert kilobytes() - before < 20


@in_memory
def test_tombstones_leave_a_queue_that_shrinks(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(clock=VirtualClock())
    ids = s.add_tasks([(i, "t") for i in range(1000)])
    for i in ids[550:]:  # the least urgent ones, so that no take meets their tombstones
        s.cancel(i)
    for _ in range(500):
        s.complete(s.get_next_task())
        s.check()
    assert len(ledger_of(s).queue) <= 2 * len(s) + 64


def test_a_naive_sort_pays_one_sort_for_many_tombstones(monkeypatch: pytest.MonkeyPatch) -> None:
    s = NaiveSortScheduler(clock=VirtualClock())
    ids = s.add_tasks([(i, "t") for i in range(100)])
    for i in ids[:40]:
        s.cancel(i)
    sorts = []
    peek = NaiveSortQueue.peek
    monkeypatch.setattr(NaiveSortQueue, "peek", lambda self: sorts.append(1) or peek(self))
    assert s.get_next_task().id == ids[40]
    assert len(sorts) == 1


def test_a_long_history_is_cut_in_batches() -> None:
    s = HeapScheduler(clock=VirtualClock(), history=1000)
    ids = s.add_tasks([(1, "t")] * 3000)
    remembered = set()
    for done in range(1, 3001):
        task = s.get_next_task()
        assert task is not None
        s.complete(task)
        ended = s.metrics().succeeded
        assert ended == done  # what is forgotten still counts
        remembered.add(len(ledger_of(s).finished_ids))
        if done % 500 == 0:
            assert all(s.status(i) is TaskStatus.SUCCEEDED for i in ids[:done][-1000:])
            s.check()
    assert max(remembered) <= 1000 + 1000 // 32
    assert len(ledger_of(s).table) <= 1000 + 1000 // 32
