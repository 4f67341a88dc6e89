"""Many tasks in one commit: taken, and ended."""

from collections.abc import Callable
from typing import Any

import pytest

from sched import InvalidTransitionError, Task, TaskStatus, VirtualClock
from sched.durable import SQLiteScheduler
from sched.durable.store import Store
from tests.schedulers import FileScheduler


def commits_of(s: SQLiteScheduler, call: Callable[[], Any]) -> int:
    """How many commits a call takes."""
    commits: list[str] = []

    def count(store: Store, function: Any) -> None:
        store.connection.set_trace_callback(function)

    s.ledger.ask(count, lambda sql: commits.append(sql) if sql == "COMMIT" else None)  # type: ignore[attr-defined]
    call()
    s.ledger.ask(count, None)  # type: ignore[attr-defined]
    return len(commits)


def test_many_are_taken_at_once_in_the_order_of_one_after_another() -> None:
    s, one_by_one = FileScheduler(clock=VirtualClock(0)), FileScheduler(clock=VirtualClock(0))
    rows = [(n * 7 % 5, f"task {n}", 5 if n % 4 == 0 else None) for n in range(40)]
    for each in (s, one_by_one):
        each.add_tasks(rows)
    expected = [one_by_one.get_next_task() for _ in range(31)]
    taken: list[Task] = []
    assert commits_of(s, lambda: taken.extend(s.get_next_tasks(12))) == 1
    assert [task.status for task in taken] == [TaskStatus.RUNNING] * 12
    taken += s.get_next_tasks(100)
    assert [task.name for task in taken] == [task.name for task in expected if task is not None]
    assert len(taken) == 30, "the others wait"
    assert s.get_next_tasks(3) == []
    assert s.running_tasks() == taken
    s.check()


def test_many_end_at_once_but_those_whose_hand_out_is_over() -> None:
    s = FileScheduler()
    s.add_tasks([(1, f"task {n}") for n in range(10)])
    taken = s.get_next_tasks(8)
    s.fail(taken[2], "e", retry_in=0)
    again = s.get_next_task()
    assert again is not None
    refused: list[Task] = []
    ends = [(task, task.id) for task in taken[:4]] + [*taken[4:6], taken[5]]
    assert commits_of(s, lambda: refused.extend(s.complete_tasks(ends))) == 1
    assert refused == [taken[2], taken[5]]
    assert [s.task(task.id).result for task in taken] == [1, 2, None, 4, None, None, None, None]
    assert s.running_tasks() == [*taken[6:], again]
    assert s.complete_tasks(iter([again])) == []
    with pytest.raises(InvalidTransitionError):
        s.complete(again)
    assert s.complete_tasks([]) == []
    assert s.metrics().succeeded == 6
    s.check()


def test_what_many_have_become_is_told_of_each() -> None:
    s = FileScheduler()
    told: list[tuple[str, int]] = []
    s.subscribe(lambda event: told.append((event.kind, event.task.id)), "started", "succeeded")
    s.add_tasks([(1, "t")] * 3)
    tasks = s.get_next_tasks(2)
    s.complete_tasks([*tasks, tasks[0]])
    assert told == [("started", 1), ("started", 2), ("succeeded", 1), ("succeeded", 2)]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s, _: s.get_next_tasks(0), ValueError, "limit must be at least 1, got 0"),
        (lambda s, _: s.get_next_tasks("2"), TypeError, "limit must be an int, got '2'"),
        (lambda s, _: s.complete_tasks(7), TypeError, "ends must be an iterable of tasks, got 7"),
        (
            lambda s, task: s.complete_tasks([task, "a"]),
            TypeError,
            r"row 1: task must be a Task from get_next_task\(\), got 'a'",
        ),
        (
            lambda s, task: s.complete_tasks([(task, 1, 2)]),
            TypeError,
            r"row 0: task must be a Task from get_next_task\(\), got \(",
        ),
    ],
    ids=["limit-0", "limit-of-str", "no-iterable", "row-of-str", "row-of-three"],
)
def test_a_bad_argument_changes_nothing(
    call: Callable[[SQLiteScheduler, Task], Any], error: type[Exception], message: str
) -> None:
    s = FileScheduler()
    s.add_tasks([(1, "a"), (2, "b")])
    task = s.get_next_task()
    assert task is not None
    with pytest.raises(error, match=message):
        call(s, task)
    assert s.running_tasks() == [task]
    assert len(s) == 1
