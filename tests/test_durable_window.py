"""The window: whatever stays on disk, the order is exact, and memory is bounded."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import HeapScheduler, VirtualClock
from sched.durable import SQLiteScheduler, standing
from sched.durable.store import Store
from tests.schedulers import FileScheduler


def window_of(s: SQLiteScheduler) -> tuple[int, int, Any]:
    """How many tasks are in memory, how many entries its queue has, and the boundary."""

    def look(store: Store) -> tuple[int, int, Any]:
        window = store.window
        return len(window.live), len(window.queue), window.boundary

    found: tuple[int, int, Any] = s.ledger._call(look)  # type: ignore[attr-defined]
    return found


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "take", "move", "cancel", "wait", "reopen"]),
        st.integers(0, 3),
        st.sampled_from([0, 0, 1, 2]),
    ),
    max_size=60,
)


@given(steps=steps, size=st.integers(1, 4), many=st.integers(1, 3))
def test_the_order_is_that_of_memory_whatever_the_window(
    steps: list[tuple[str, int, int]], size: int, many: int
) -> None:
    """Also where more falls due at once than is promoted one by one, and over reopenings."""
    clock = VirtualClock(100.0)
    usual, standing.MANY = standing.MANY, many
    try:
        s, model = FileScheduler(clock=clock, window=size), HeapScheduler(clock=clock)
        path, known = s.path, list[int]()
        for step, n, delay in steps:
            if step == "add":
                known.append(s.add_task(n, "t", delay=delay))
                assert model.add_task(n, "t", delay=delay) == known[-1]
            elif step == "wait":
                clock.advance(delay)
            elif step == "take":
                taken, expected = s.get_next_task(), model.get_next_task()
                assert (taken and taken.id) == (expected and expected.id)
                if taken and expected:
                    s.complete(taken)
                    model.complete(expected)
            elif step == "reopen":
                s.close()
                s = SQLiteScheduler(path, window=size, durability="normal", clock=clock)
            elif known:
                task_id = known[(n * 7) % len(known)]
                if step == "move":
                    assert s.reprioritize(task_id, delay) is model.reprioritize(task_id, delay)
                else:
                    assert s.cancel(task_id) is model.cancel(task_id)
            s.check()
        order = [task.entry[:3] for task in s.pending_tasks()]
        assert order == [task.entry[:3] for task in model.pending_tasks()]
        s.close()
    finally:
        standing.MANY = usual


def test_the_window_is_bounded_whatever_is_added_and_in_whatever_order() -> None:
    s = FileScheduler(window=10)
    rng = random.Random(1)
    s.peek_next_task()  # from now on the window has all that is ready: nothing
    for n in range(300):
        s.add_task(-n, "each more urgent than the last")
        s.add_task(rng.random(), "anywhere")
    live, queued, boundary = window_of(s)
    assert live <= 20
    assert queued <= 2 * 20 + 64
    assert boundary is not None
    assert len(s) == 600
    s.check()
    s.add_tasks([(5, "t")] * 300)
    assert window_of(s)[0] <= 20
    order = []
    while (task := s.get_next_task()) is not None:
        order.append(task.entry[:3])
        s.complete(task)
        assert window_of(s)[0] <= 20
    assert order == sorted(order)
    assert len(order) == 900


def test_what_is_beyond_the_boundary_is_not_in_memory() -> None:
    s = FileScheduler(window=5)
    s.add_tasks([(n, "t") for n in range(50)])
    first = s.get_next_task()
    live, _, boundary = window_of(s)
    s.add_task(1000, "beyond")
    assert window_of(s) == (live, live, boundary)
    urgent = s.add_task(-1, "before it")
    assert window_of(s)[0] == live + 1
    assert s.peek_next_task().id == urgent
    s.complete(first)


def test_a_later_priority_brings_a_task_from_disk_to_the_front() -> None:
    s = FileScheduler(window=3)
    ids = s.add_tasks([(n, "t") for n in range(30)])
    s.get_next_task()
    assert s.reprioritize(ids[-1], -1)
    assert s.reprioritize(ids[1], 100)
    s.check()
    assert [s.get_next_task().id for _ in range(2)] == [ids[-1], ids[2]]


@pytest.mark.parametrize("look", ["get_next_task", "peek_next_task"])
def test_what_a_task_leaves_behind_in_the_window_is_counted(look: str) -> None:
    s = FileScheduler(window=10)
    ids = s.add_tasks([(i, "t") for i in range(5)])
    s.peek_next_task()
    s.cancel(ids[0])
    s.reprioritize(ids[1], 9)
    s.check()
    assert getattr(s, look)().id == ids[2]
    s.check()


def test_what_was_cancelled_is_cleared_from_the_queue() -> None:
    s = FileScheduler(window=1000)
    ids = s.add_tasks([(n, "t") for n in range(500)])
    s.peek_next_task()  # reads them
    for task_id in ids[100:]:
        s.cancel(task_id)
    live, queued, _ = window_of(s)
    assert (live, queued <= 2 * 100 + 64) == (100, True)
    s.check()


@pytest.mark.parametrize("many", [2, 5000])
def test_all_that_falls_due_at_once_is_ready_at_once(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read one by one, or, where it is much, moved on disk without being read."""
    monkeypatch.setattr(standing, "MANY", many)
    clock = VirtualClock(0.0)
    s = FileScheduler(clock=clock, window=4)
    s.add_tasks([(5, "ready")] * 10)
    s.add_tasks([(n % 7, "t", 1 + n % 3) for n in range(100)])
    s.get_next_task()
    clock.advance(3)
    assert s.metrics()[1:3] == (109, 0)
    s.check()
    order = [s.get_next_task().entry[:3] for _ in range(109)]
    assert order == sorted(order)


def test_readiness_is_stored_and_not_worked_out_again(tmp_path: Path) -> None:
    """A wall clock that is set back while nobody looks leaves ready what was ready."""
    path = tmp_path / "t.db"
    with SQLiteScheduler(path, clock=VirtualClock(1000.0)) as s:
        s.add_task(2, "ready")
        s.add_task(1, "waits", delay=10)
    with SQLiteScheduler(path, clock=VirtualClock(500.0)) as s:
        s.check()
        assert s.metrics()[1:3] == (1, 1)
        assert s.next_run_time() == 500.0
        assert s.get_next_task().name == "ready"
        assert s.next_run_time() == 1010.0


def test_ranks_are_made_anew_where_the_aging_is_another(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    clock = VirtualClock(1000.0)
    with SQLiteScheduler(path, clock=clock) as s:
        s.add_task(5, "old and trivial")
        clock.advance(100)
        s.add_task(1, "new and urgent")
    for aging, first in [(10.0, "old and trivial"), (None, "new and urgent"), (30.0, "new and")]:
        with SQLiteScheduler(path, clock=clock, aging=aging) as s:
            assert s.peek_next_task().name.startswith(first)
            assert s.peek_next_task().priority == (5 if "old" in first else 1)
            s.check()
