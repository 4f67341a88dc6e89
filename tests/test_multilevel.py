"""MultilevelScheduler and its SortedRun: changing over, changing back, and any mixture."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import MultilevelScheduler, VirtualClock
from sched.multilevel import MOST_LEVELS, MultilevelQueue
from sched.sorted_run import SortedRun
from tests.schedulers import ledger_of


@given(
    st.lists(
        st.one_of(
            st.lists(st.integers(-50, 50), max_size=40),  # a batch comes in
            st.integers(1, 30),  # so many leave
        ),
        max_size=30,
    )
)
def test_a_run_gives_what_a_sorted_list_gives(steps: list[list[int] | int]) -> None:
    run = SortedRun()
    model: list[int] = []
    for step in steps:
        if isinstance(step, int):
            for _ in range(min(step, len(model))):
                assert run.peek() == model[0]
                assert run.pop() == model.pop(0)
        else:
            for entry in step:
                run.push(entry)
            model = sorted(model + step)
            if step:
                model = sorted([*model, step[0]])
                assert run.pushpop(step[0]) == model.pop(0)
        run.check()
        assert len(run) == len(model)
        assert list(run) == model


def test_what_trickles_into_a_long_run_leaves_in_its_place() -> None:
    run = SortedRun(list(range(0, 1000, 10)))
    left = [run.pop() for _ in range(3)]
    for late in (45, 995, 31, 31):  # too few to be merged: the next pop leaves them in the heap
        run.push(late)
        left += [run.pop() for _ in range(2)]
        run.check()
    left += [run.pop() for _ in range(len(run))]
    # 45 waits for its turn; 31 comes when all up to 50 have left, and goes first
    assert left[:11] == [0, 10, 20, 30, 40, 45, 50, 31, 60, 31, 70]
    assert left[11:] == [*range(80, 1000, 10), 995]


@pytest.mark.parametrize("pushpop", [False, True])
def test_a_trickle_into_a_long_run_is_not_sorted_each_time(pushpop: bool) -> None:
    compared = 0

    class Counted(int):
        def __lt__(self, other: int) -> bool:
            nonlocal compared
            compared += 1
            return int(self) < int(other)

    n = 4096
    rng = random.Random(1)
    run = SortedRun([Counted(rng.randrange(10**6)) for _ in range(n)])
    run.peek()
    compared = 0
    for _ in range(n):
        entry = Counted(rng.randrange(10**6))
        if pushpop:
            run.pushpop(entry)
        else:
            run.push(entry)
            run.pop()
    assert compared / n < 30  # log2 n is 12; a sort each time would be n


def test_many_levels_change_over_to_a_run_and_back() -> None:
    s = MultilevelScheduler(clock=VirtualClock())
    rng = random.Random(2)
    for _ in range(3):
        priorities = [rng.random() for _ in range(2 * MOST_LEVELS)]
        for n, priority in enumerate(priorities, 1):
            s.add_task(priority, "t")
            s.metrics()  # lets in what has been added
            assert bool(ledger_of(s).queue.run) is (n > MOST_LEVELS)
            if n % 50 == 0:
                s.check()
        s.cancel(s.add_task(-1.0, "cancelled"))
        taken = [s.get_next_task().priority for _ in priorities]
        assert taken == sorted(priorities)
        s.check()
        s.add_task(1, "t")
        s.metrics()
        assert not ledger_of(s).queue.run
        s.get_next_task()


def test_many_levels_with_aging_keep_the_order() -> None:
    clock = VirtualClock()
    s = MultilevelScheduler(clock=clock, aging=5)
    rng = random.Random(3)
    added = []
    for _ in range(2 * MOST_LEVELS):
        priority = rng.randrange(10**6)
        added.append((priority + clock.now() / 5, s.add_task(priority, "t")))
        clock.advance(1)
    s.check()
    assert [s.get_next_task().id for _ in added] == [i for _, i in sorted(added)]


def test_what_came_out_of_turn_goes_before_a_newcomer() -> None:
    queue = MultilevelQueue()
    queue.extend([(1, 5.0, 1), (1, 7.0, 2)])
    queue.push((1, 6.0, 3))  # out of turn
    assert queue.pushpop((1, 4.0, 4)) == (1, 4.0, 4)
    assert queue.pushpop((1, 8.0, 5)) == (1, 5.0, 1)
    assert queue.pushpop((1, 6.5, 6)) == (1, 6.0, 3)
    queue.check()
    assert [queue.pop() for _ in range(3)] == [(1, 6.5, 6), (1, 7.0, 2), (1, 8.0, 5)]
    assert queue.pushpop((2, 1.0, 7)) == (2, 1.0, 7)


def test_tasks_out_of_turn_keep_the_order_in_their_level() -> None:
    clock = VirtualClock(100)
    s = MultilevelScheduler(clock=clock)
    due = s.add_task(1, "delayed", delay=5)
    clock.advance(6)
    fresh = s.add_task(1, "fresh")
    past = s.add_task(1, "past", run_at=50)
    moved = s.add_task(2, "moved up", run_at=103)
    s.reprioritize(moved, 1)
    s.check()
    assert [s.get_next_task().id for _ in range(4)] == [past, moved, due, fresh]
