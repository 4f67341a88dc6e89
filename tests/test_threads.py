"""Threads share a scheduler: nothing is lost, nothing is handed out twice, nobody waits forever."""

import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sched import HeapScheduler, Scheduler, TaskStatus, VirtualClock, WorkerPool, room
from sched.bell import Bell
from tests.schedulers import IN_MEMORY, ledger_of

THREADS = 8
PATIENCE = float(os.environ.get("SCHED_PATIENCE", "60"))  # seconds after which something is stuck


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    """Five milliseconds, the usual interval, is long enough for most races never to show."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def run_together(
    work: Callable[[int], object], threads: int = THREADS, patience: float = PATIENCE
) -> None:
    """Run work(0), work(1), ... at once; an error in any of them is raised here."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(threads)

    def body(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except BaseException as error:
            errors.append(error)

    crew = [threading.Thread(target=body, args=(n,), daemon=True) for n in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join(patience)
    assert not any(thread.is_alive() for thread in crew), "a thread is stuck"
    if errors:
        raise errors[0]


class ObservedLock:
    """A lock that shows who has asked for it: those wait for it, or have had it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.asked: list[threading.Thread] = []

    def __enter__(self) -> None:
        self.asked.append(threading.current_thread())
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_threads_that_add_take_and_cancel_lose_nothing_and_repeat_nothing(
    scheduler_class: type[Scheduler],
) -> None:
    s = scheduler_class(history=10**6)
    each = 150 if "Naive" in scheduler_class.__name__ else 600
    taken: list[list[int]] = [[] for _ in range(THREADS)]
    cancelled: list[list[int]] = [[] for _ in range(THREADS)]
    added: list[list[int]] = [[] for _ in range(THREADS)]

    def work(number: int) -> None:
        rng = random.Random(number)
        for i in range(each):
            if i % 50 == 0:
                added[number] += s.add_tasks([(rng.randrange(4), "batch")] * 5)
            added[number].append(
                s.add_task(rng.randrange(4), f"{number}-{i}", delay=rng.choice([None, 0.0, 1e-4]))
            )
            if rng.random() < 0.3:
                victim = rng.choice(added[rng.randrange(THREADS)] or [1])
                if s.cancel(victim):
                    cancelled[number].append(victim)
            if rng.random() < 0.1:
                s.reprioritize(rng.choice(added[number]), rng.randrange(4))
            if rng.random() < 0.6 and (task := s.get_next_task()) is not None:
                taken[number].append(task.id)
                s.complete(task)

    run_together(work)
    s.check()
    all_added = [i for ids in added for i in ids]
    ended = Counter(i for ids in taken + cancelled for i in ids)
    left = [task.id for task in s.pending_tasks()]
    assert sorted(all_added) == list(range(1, len(all_added) + 1))
    assert max(ended.values()) == 1, "a task ended twice"
    assert sorted([*ended, *left]) == sorted(all_added)
    assert any(taken)
    assert any(cancelled)
    for number in range(THREADS):
        assert all(s.status(i) is TaskStatus.SUCCEEDED for i in taken[number])
        assert all(s.status(i) is TaskStatus.CANCELLED for i in cancelled[number])


def test_what_one_thread_adds_in_turn_comes_out_in_turn(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class()
    added: list[list[int]] = [[] for _ in range(THREADS)]
    run_together(
        lambda number: added[number].extend(s.add_task(1, "t") for _ in range(300)) and None
    )
    tasks = [s.get_next_task() for _ in range(300 * THREADS)]
    place = {task.id: n for n, task in enumerate(tasks)}
    assert sorted(place) == sorted(i for ids in added for i in ids), "ids are unique"
    for ids in added:
        assert [place[i] for i in ids] == sorted(place[i] for i in ids)
    assert all(a.run_at <= b.run_at for a, b in zip(tasks, tasks[1:], strict=False))


class TableThatLetsOthersIn(dict[int, Any]):
    """Between looking a task up and what is done next, the other threads have their turn."""

    def get(self, *arguments: Any) -> Any:
        found = super().get(*arguments)
        time.sleep(0)
        return found


def test_one_hand_out_is_completed_by_one_thread_only(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class()
    if scheduler_class in IN_MEMORY:
        ledger_of(s).table = TableThatLetsOthersIn()
    for _ in range(50):
        s.add_task(1, "t")
        task = s.get_next_task()
        outcomes: list[str] = []

        def work(number: int, task=task, outcomes=outcomes) -> None:
            try:
                s.complete(task)
                outcomes.append("completed")
            except RuntimeError:
                outcomes.append("refused")

        run_together(work, threads=4)
        assert Counter(outcomes) == {"completed": 1, "refused": 3}


def test_a_key_is_added_once_by_many_threads(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class()
    ids: list[int] = []
    run_together(lambda number: ids.extend(s.add_task(1, "t", key="k") for _ in range(50)))
    assert set(ids) == {1}
    assert len(s) == 1


def test_a_producer_waits_for_room(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(max_pending=3)
    total = 400
    names: list[str] = []
    sizes: list[int] = []

    def work(number: int) -> None:
        if number == 0:
            for i in range(total):
                s.add_task(1, f"{i}", wait=PATIENCE)
                sizes.append(len(s))
        else:
            while len(names) < total:
                if (task := s.get_next_task()) is not None:
                    names.append(task.name)
                    s.complete(task)

    run_together(work, threads=2)
    assert names == [f"{i}" for i in range(total)]
    assert max(sizes) <= 3


def when_waiting(monkeypatch: pytest.MonkeyPatch, adders: int) -> threading.Event:
    """An event that is set once so many calls of add_task wait for room, until they are told."""
    reached, waiting = threading.Event(), []

    class ObservedBell(Bell):
        def wait(self, seconds: float) -> None:
            waiting.append(self)
            if len(waiting) == adders:
                reached.set()
            super().wait(seconds)

    monkeypatch.setattr(room, "Bell", ObservedBell)
    monkeypatch.setattr(room, "LONGEST", 3600.0)  # so that nobody looks again unless told
    return reached


@pytest.mark.parametrize("make_room", ["cancel", "take"])
def test_room_is_given_at_once_to_a_producer_that_waits(
    make_room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = HeapScheduler(max_pending=1)
    i = s.add_task(1, "in the way")
    waiting = when_waiting(monkeypatch, 1)

    def work(number: int) -> None:
        if number == 0:
            assert s.add_task(1, "next", wait=3600) == 2
        else:
            assert waiting.wait(PATIENCE)
            assert s.cancel(i) if make_room == "cancel" else s.get_next_task()

    run_together(work, threads=2)


def test_a_key_added_while_another_add_of_it_waits_is_added_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s = HeapScheduler(max_pending=2)
    blockers = s.add_tasks([(5, "in the way", 1000)] * 2)
    waiting = when_waiting(monkeypatch, 2)
    ids: list[int] = []

    def work(number: int) -> None:
        if number < 2:
            ids.append(s.add_task(1, "t", key="k", wait=PATIENCE))
        else:
            assert waiting.wait(PATIENCE)
            for i in blockers:
                s.cancel(i)

    run_together(work, threads=3)
    assert ids == [3, 3]
    assert len(s) == 1


def test_no_lock_is_held_while_a_snapshot_is_read() -> None:
    s = HeapScheduler(clock=VirtualClock())
    s.add_tasks([(1, "a"), (2, "b")])
    for _ in s.pending_tasks():
        run_together(lambda number: s.add_task(3, "added meanwhile") and None, threads=2)
    assert len(s) == 6


def test_a_worker_does_not_queue_for_a_lock_that_is_taken() -> None:
    ledger = ledger_of(HeapScheduler())
    with ledger.lock:
        worker = threading.Thread(target=ledger.give_way, daemon=True)
        worker.start()
        worker.join(PATIENCE / 2)
        assert not worker.is_alive(), "it waits for the lock"
    ledger.give_way()
    assert not ledger.lock.locked()


def test_a_worker_gives_way_before_each_take(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    s = HeapScheduler()
    monkeypatch.setattr(ledger_of(s), "give_way", lambda: looks.append("a look"))
    for _ in range(10):
        s.add_task(1, "a", action=int)
    with WorkerPool(s, workers=2) as pool:
        pool.drain()
    assert len(looks) >= 10
