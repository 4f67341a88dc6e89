"""The waiting side: each task falls due once and in time, and for each only a few are looked at.

How many are looked at is counted, not timed: an entry here counts how often somebody reads it.
"""

import gc
import weakref
from collections.abc import Callable
from math import inf, log2
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sched import waiting
from sched.entry import TaskEntry
from sched.waiting import Waiting


class Table(dict[int, TaskEntry]):
    """The current entries, by id, as a ledger's table has them, and the waiting side over it."""

    def __init__(self) -> None:
        self.dropped: list[Any] = []
        self.waiting = Waiting(self.get, self.dropped)
        self.ids = 0

    def entry(self, run_at: float, task_id: int | None = None) -> TaskEntry:
        """The current entry from now on, of a new task or of one that is there."""
        if task_id is None:
            self.ids += 1
            task_id = self.ids
        entry = self[task_id] = self.kind((0, run_at, task_id, "t"))
        return entry

    kind: Callable[[TaskEntry], TaskEntry] = tuple

    def add(self, run_at: float) -> TaskEntry:
        entry = self.entry(run_at)
        self.waiting.add(entry)
        return entry

    def cancel(self, task_id: int) -> None:
        self.waiting.forget(self.pop(task_id))

    def take_due(self, now: float) -> list[TaskEntry]:
        due = self.waiting.take_due(now)
        for entry in due:
            del self[entry[2]]
        return due


HOUR = 3600.0
moments = st.integers(0, 20)
any_task = st.integers(0, 1000)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), moments),
        st.tuples(st.just("extend"), st.lists(moments, max_size=8)),
        st.tuples(st.just("cancel"), any_task),
        st.tuples(st.just("move"), any_task, moments),
        st.tuples(st.just("pass"), st.integers(0, 3)),
    ),
    max_size=60,
)


@example(  # the others are gone before those that were cancelled would be due
    steps=[("add", 2), ("extend", [1, 1]), ("cancel", 74), ("move", 0, 0), ("pass", 1)], spare=0
)
@given(steps=steps, spare=st.integers(0, 3))
def test_whatever_comes_and_goes_each_task_falls_due_once_and_in_time(
    steps: list[Any], spare: int
) -> None:
    table, now = Table(), 0
    side = table.waiting
    with mock.patch.object(waiting, "SPARE", spare):  # few, so that they are cleared away often
        for step, *values in steps:
            if step == "add":
                table.add(now + 1 + values[0])
            elif step == "extend":
                side.extend([table.entry(now + 1 + moment) for moment in values[0]])
            elif step == "cancel" and table:
                table.cancel(sorted(table)[values[0] % len(table)])
            elif step == "move" and table:
                task_id = sorted(table)[values[0] % len(table)]
                old = table[task_id]
                side.add(table.entry(now + 1 + values[1], task_id))
                side.forget(old)
            elif step == "pass":
                now += values[0]
                wanted = {task_id for task_id, entry in table.items() if entry[1] <= now}
                due = table.take_due(now)
                assert sorted(entry[2] for entry in due) == sorted(wanted)
                assert [entry[1] for entry in due] == sorted(entry[1] for entry in due)
            side.check()
            assert len(side) == len(table)
            assert side.due == min((entry[1] for entry in table.values()), default=inf)


def test_what_is_due_together_comes_in_the_order_in_which_it_was_added() -> None:
    table = Table()
    for n in range(30):
        table.add(5.0 + n // 10)
    assert [entry[2] for entry in table.take_due(6.0)] == list(range(1, 21))
    assert [entry[2] for entry in table.take_due(9.0)] == list(range(21, 31))


# --- what it costs --------------------------------------------------------------------------------


class CountedEntry(tuple[Any, ...]):
    """An entry that counts how often any of them has been read."""

    reads = 0

    def __getitem__(self, place: Any) -> Any:
        CountedEntry.reads += 1
        return super().__getitem__(place)


@pytest.fixture
def counted() -> Table:
    CountedEntry.reads = 0
    table = Table()
    table.kind = CountedEntry
    return table


N = 2048
FEW = 6 * log2(N)  # reads for one task; a walk through all that wait takes N


def test_tasks_that_fall_due_one_by_one_cost_log_n_each(counted: Table) -> None:
    counted.waiting.extend([counted.entry(float(n)) for n in range(N)])
    for n in range(N):
        assert len(counted.take_due(float(n))) == 1
    assert N < CountedEntry.reads < FEW * N


def test_a_trickle_of_tasks_costs_log_n_for_each(counted: Table) -> None:
    for n in range(N):  # each is settled before the next one comes
        counted.add(float(n + N))
        assert not counted.take_due(0.0)
    assert N < CountedEntry.reads < FEW * N


def test_cancelling_all_that_wait_costs_log_n_for_each(
    counted: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SPARE", 0)
    for order in (1, -1):  # the first due first, and the other way round
        for n in range(N):
            counted.add(float(n))
        for task_id in sorted(counted)[::order]:
            counted.cancel(task_id)
        assert len(counted.waiting) == 0
    assert N < CountedEntry.reads < 2 * FEW * N


def test_what_is_cancelled_behind_the_first_gives_its_memory_back() -> None:
    table = Table()
    table.add(1.0)
    for n in range(N):
        table.add(2.0 + n)
        assert not table.take_due(0.5)
    for task_id in sorted(table)[1:]:
        table.cancel(task_id)
        stored = sum(map(len, [table.waiting.fresh, *table.waiting.runs]))
        assert stored <= 2 * len(table) + waiting.SPARE


def test_what_is_cancelled_gives_its_memory_back_when_the_others_have_fallen_due() -> None:
    table = Table()
    for n in range(N):
        table.add(1.0 + n)
        table.add(HOUR + n)
    for task_id in [task_id for task_id, entry in table.items() if entry[1] >= HOUR]:
        table.cancel(task_id)
    for n in range(N):
        assert len(table.take_due(1.0 + n)) == 1
        table.waiting.check()
        stored = sum(map(len, [table.waiting.fresh, *table.waiting.runs]))
        assert stored <= 2 * len(table) + waiting.SPARE
    assert table.add(2.0 * HOUR) in table.waiting.fresh


# --- what is let go of ----------------------------------------------------------------------------


class Thing:
    """What a user gave: its end might call the scheduler, so it must not die under the lock."""


@pytest.mark.parametrize("how", ["first cancelled", "due after its cancel", "cleared away"])
def test_what_is_let_go_of_is_handed_to_whoever_drops_it(how: str) -> None:
    table = Table()
    first = table.add(1.0)
    thing = Thing()
    gone = weakref.ref(thing)
    own: TaskEntry = (0, 1.0 if how == "first cancelled" else 2.0, 99, thing)
    del thing
    table[99] = own
    table.waiting.add(own)
    if how == "first cancelled":
        table.cancel(first[2])
    table.waiting.forget(table.pop(99))
    del own
    if how == "due after its cancel":
        table.take_due(3.0)
    elif how == "cleared away":
        for _ in range(2 * waiting.SPARE):
            table.cancel(table.add(9.0)[2])
    table.waiting.check()
    gc.collect()
    assert gone() is not None
    table.dropped.clear()
    gc.collect()
    assert gone() is None
