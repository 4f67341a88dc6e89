"""Many moves in one commit: many tasks taken, or ended; one ended, and the next taken."""

import os
from collections.abc import Callable
from functools import partial
from time import sleep
from typing import Any

import pytest

from sched import InvalidTransitionError, Task, TaskStatus, VirtualClock, WorkerPool
from sched.durable import SQLiteScheduler
from sched.durable.store import Store
from tests.schedulers import FileScheduler

PATIENCE = float(os.environ.get("SCHED_PATIENCE", "60"))


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


# --- the next task in the commit that ends the last -----------------------------------------------


class Calls:
    """What a pool has the ledger do."""

    def __init__(self, s: SQLiteScheduler, patch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        for name in ("take", "complete", "complete_and_take", "retry"):
            move = getattr(s.ledger, name)
            patch.setattr(s.ledger, name, partial(self.note, name, move), raising=False)

    def note(self, name: str, move: Callable[..., Any], *arguments: Any) -> Any:
        outcome = move(*arguments)
        self.names.append("looked in vain" if outcome is None else name)
        return outcome


def test_a_worker_ends_a_task_and_takes_the_next_in_one_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s, ran = FileScheduler(), list[str]()
    s.add_tasks([(n % 3, f"task {n}") for n in range(10)])
    calls = Calls(s, monkeypatch)
    with WorkerPool(s, 1, run=lambda task: ran.append(task.name)) as pool:
        assert pool.drain(PATIENCE)
    assert calls.names.count("complete_and_take") == 10
    assert calls.names.count("take") == 1, "the first one"
    assert "complete" not in calls.names
    assert ran == [f"task {n}" for n in sorted(range(10), key=lambda n: (n % 3, n))]
    assert s.metrics()[:5] == (10, 0, 0, 0, 10)


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (lambda pool: pool.pause(), 4),
        (lambda pool: pool.shutdown(), 4),
        (lambda pool: pool.resize(1), 0),
    ],
    ids=["pause", "shutdown", "resize"],
)
def test_a_worker_that_is_to_stop_takes_no_next_task(
    told: Callable[[WorkerPool], Any], left: int
) -> None:
    """A pool that is told to end, or to rest, by its task, has started its last one."""
    s, running = FileScheduler(), list[int]()
    s.add_tasks([(1, "t")] * 5)

    def run(task: Task) -> None:
        if task.id == 1:
            told(pool)
        running.append(s.metrics().running)

    with WorkerPool(s, 1, run=run) as pool:
        if left:
            while s.metrics().running or not s.metrics().succeeded:
                sleep(0.001)
        else:
            assert pool.drain(PATIENCE)
        assert len(s) == left
    assert s.metrics().succeeded == 5 - left
    assert {*running} == {1}


def test_a_task_that_was_taken_with_the_end_of_another_is_not_lost_in_a_broken_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s = FileScheduler()
    s.add_tasks([(1, "t")] * 4)
    exchange = s.ledger.complete_and_take

    def breaks_then(task: Task, result: Any) -> Any:
        both = exchange(task, result)
        pool._runner.broken = RuntimeError("nothing can run any more")
        return both

    monkeypatch.setattr(s.ledger, "complete_and_take", breaks_then)
    pool = WorkerPool(s, 1, run=lambda task: None)
    with pytest.raises(RuntimeError, match="a worker crashed with RuntimeError"), pool:
        pool.drain(PATIENCE)
    assert s.metrics()[:5] == (4, 2, 0, 0, 2)


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
