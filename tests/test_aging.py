"""Aging: nobody waits forever, and the bound is exact."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import Scheduler, VirtualClock
from tests.schedulers import SCHEDULERS


def test_without_aging_a_trivial_task_starves(scheduler_class: type[Scheduler]) -> None:
    assert waits_behind_an_urgent_stream(scheduler_class(clock=VirtualClock())) is None


def test_with_aging_no_task_starves(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(clock=VirtualClock(), aging=10)
    # four levels apart, ten seconds each: overtaken by what is added within 40 s, and no longer
    assert waits_behind_an_urgent_stream(s) == 40


def waits_behind_an_urgent_stream(s: Any) -> float | None:
    """How long a task of priority 5 waits while a task of priority 1 comes in each second."""
    low = s.add_task(5, "low")
    for second in range(200):
        s.add_task(1, "urgent")
        task = s.get_next_task()
        s.complete(task)
        s.check()
        if task.id == low:
            return float(second)
        s.clock.advance(1)
    return None


@given(
    cls=st.sampled_from(SCHEDULERS),
    aging=st.sampled_from([0.5, 3, 60]),
    tasks=st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 2, 30])), max_size=25),
)
def test_the_bound_on_being_overtaken_is_exact(
    cls: type[Scheduler], aging: float, tasks: list[tuple[int, float]]
) -> None:
    clock = VirtualClock()
    s = cls(clock=clock, aging=aging)
    for priority, gap in tasks:
        clock.advance(gap)
        s.add_task(priority, "t")
    order = []
    while (task := s.get_next_task()) is not None:
        order.append(task)
    for n, earlier in enumerate(order):
        for later in order[n + 1 :]:
            ahead = (later.run_at - earlier.run_at) + (later.priority - earlier.priority) * aging
            assert ahead >= -1e-9, "a task was overtaken by one that was not urgent enough for it"


def test_a_task_keeps_its_priority_and_a_retry_restarts_its_age(
    scheduler_class: type[Scheduler],
) -> None:
    clock = VirtualClock()
    s = scheduler_class(clock=clock, aging=10)
    old = s.add_task(5, "old")
    clock.advance(100)
    fresh = s.add_task(1, "fresh")
    task = s.get_next_task()
    assert (task.id, task.priority) == (old, 5)
    s.fail(task, "e", retry_in=0)
    s.check()
    assert s.task(old).priority == 5
    assert s.get_next_task().id == fresh


def test_a_new_priority_counts_from_the_same_age(scheduler_class: type[Scheduler]) -> None:
    clock = VirtualClock()
    s = scheduler_class(clock=clock, aging=10)
    a = s.add_task(5, "a")
    clock.advance(15)
    b = s.add_task(3, "b")  # 5 + 0/10 against 3 + 15/10
    s.reprioritize(a, 4)
    s.check()
    assert s.task(a).priority == 4
    assert [s.get_next_task().id, s.get_next_task().id] == [a, b]
    c = s.add_tasks([(2, "c"), (9, "d", 5)])
    s.check()
    assert s.get_next_task().id == c[0]


def test_an_aging_so_small_that_ranks_are_infinite_leaves_the_order_of_time(
    scheduler_class: type[Scheduler],
) -> None:
    clock = VirtualClock(1e9)
    s = scheduler_class(clock=clock, aging=1e-300)
    s.add_task(2, "first")
    clock.advance(1)
    s.add_task(1, "second")
    assert [str(s.get_next_task()) for _ in range(2)] == ["first", "second"]
    assert s.task(1).priority == 2
    s.check()


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, "1", True])
def test_a_bad_aging_is_refused(scheduler_class: type[Scheduler], bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="aging.*got"):
        scheduler_class(aging=bad)
