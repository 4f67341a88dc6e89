"""Bad input is refused with an error that names the argument and the value; nothing changes."""

import math
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sched import HeapScheduler, Scheduler, VirtualClock

BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"priority": math.nan}, ValueError, "priority.*got nan"),
    ({"priority": math.inf}, ValueError, "priority.*got inf"),
    ({"priority": -math.inf}, ValueError, "priority.*got -inf"),
    ({"priority": np.float64("nan")}, ValueError, "priority.*nan"),
    ({"priority": True}, TypeError, "priority.*got True"),
    ({"priority": np.bool_(True)}, TypeError, "priority.*True"),
    ({"priority": None}, TypeError, "priority.*got None"),
    ({"priority": "1"}, TypeError, "priority.*got '1'"),
    ({"priority": Decimal(1)}, TypeError, r"priority.*got Decimal\('1'\)"),
    ({"priority": Fraction(1, 2)}, TypeError, r"priority.*got Fraction\(1, 2\)"),
    ({"priority": 1j}, TypeError, "priority.*got 1j"),
    ({"priority": [1]}, TypeError, r"priority.*got \[1\]"),
    ({"priority": 2**63}, ValueError, "priority.*64 bits.*got 9223372036854775808"),
    ({"priority": -(2**63) - 1}, ValueError, "priority.*64 bits.*got -9223372036854775809"),
    ({"priority": 10**400}, ValueError, "priority.*64 bits"),
    ({"task_name": ""}, ValueError, "task_name.*got ''"),
    ({"task_name": None}, TypeError, "task_name.*got None"),
    ({"task_name": 7}, TypeError, "task_name.*got 7"),
    ({"task_name": b"x"}, TypeError, "task_name.*got b'x'"),
    ({"delay": -1}, ValueError, "delay must be a finite number of seconds >= 0, got -1"),
    ({"delay": math.nan}, ValueError, "delay.*got nan"),
    ({"delay": math.inf}, ValueError, "delay.*got inf"),
    ({"delay": "3"}, TypeError, "delay.*got '3'"),
    ({"delay": True}, TypeError, "delay.*got True"),
    ({"delay": 10**400}, ValueError, "delay"),
    ({"run_at": datetime(2030, 1, 1)}, ValueError, "run_at.*aware.*2030"),
    ({"run_at": math.nan}, ValueError, "run_at.*got nan"),
    ({"run_at": math.inf}, ValueError, "run_at.*got inf"),
    ({"run_at": "tomorrow"}, TypeError, "run_at.*got 'tomorrow'"),
    ({"run_at": True}, TypeError, "run_at.*got True"),
    ({"delay": 1, "run_at": 5}, ValueError, "delay or run_at, not both.*delay=1, run_at=5"),
    ({"delay": 0, "run_at": 5}, ValueError, "delay=0, run_at=5"),
    ({"action": "print"}, TypeError, "action must be callable, got 'print'"),
    ({"action": 0}, TypeError, "action.*got 0"),
    ({"args": "abc"}, TypeError, "args.*got 'abc'"),
    ({"args": 7}, TypeError, "args.*got 7"),
    ({"args": None}, TypeError, "args.*got None"),
    ({"kwargs": [1]}, TypeError, r"kwargs.*got \[1\]"),
    ({"kwargs": {1: 2}}, TypeError, r"kwargs.*got \{1: 2\}"),
    ({"timeout": 0}, ValueError, "timeout.*> 0, got 0"),
    ({"timeout": -1}, ValueError, "timeout.*got -1"),
    ({"timeout": math.inf}, ValueError, "timeout.*got inf"),
    ({"timeout": "5"}, TypeError, "timeout.*got '5'"),
    ({"retry": 3}, TypeError, "retry must be a RetryPolicy, got 3"),
    ({"key": ""}, ValueError, "key.*got ''"),
    ({"key": 7}, TypeError, "key.*got 7"),
    ({"key": ["k"]}, TypeError, r"key.*got \['k'\]"),
    ({"wait": -1}, ValueError, "wait.*got -1"),
    ({"wait": "1"}, TypeError, "wait.*got '1'"),
]
GOOD: dict[str, Any] = {"priority": 1, "task_name": "t"}


def state(s: Scheduler) -> tuple[Any, ...]:
    tasks = [*s.pending_tasks(), *s.running_tasks()]
    return repr(s.pending_tasks()), s.metrics(), {task.key: task.id for task in tasks if task.key}


@pytest.mark.parametrize(("bad", "error", "message"), BAD, ids=lambda x: str(x)[:40])
def test_add_task_refuses_and_changes_nothing(
    s: Scheduler, bad: dict[str, Any], error: type[Exception], message: str
) -> None:
    s.add_task(3, "already there", key="k")
    before = state(s)
    with pytest.raises(error, match=message):
        s.add_task(**(GOOD | bad))
    assert state(s) == before
    s.check()


@pytest.mark.parametrize(
    ("bad", "error", "message"), [b for b in BAD if "wait" not in b[0]], ids=lambda x: str(x)[:40]
)
def test_add_tasks_names_the_row_and_adds_none(
    s: Scheduler, bad: dict[str, Any], error: type[Exception], message: str
) -> None:
    before = state(s)
    with pytest.raises(error, match=f"row 2: .*{message}"):
        s.add_tasks([(1, "a"), (2, "b", 4), GOOD | bad, (3, "c")])
    assert state(s) == before
    s.check()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((1,), r"row 0: .*got \(1,\)"),
        ((1, "a", 2, 3), r"row 0: .*got \(1, 'a', 2, 3\)"),
        ("ab", "row 0: .*got 'ab'"),
        (7, "row 0: .*got 7"),
        ({"priority": 1}, "row 0: .*task_name"),
        ({"priority": 1, "task_name": "a", "prio": 2}, "row 0: .*'prio'"),
        ({"priority": 1, "task_name": "a", "wait": 2}, "row 0: .*'wait'"),
        ({1: 2}, "row 0: "),
    ],
    ids=str,
)
def test_a_row_of_the_wrong_shape_is_named(s: Scheduler, row: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        s.add_tasks([row])
    assert len(s) == 0


def test_rows_must_be_iterable(s: Scheduler) -> None:
    with pytest.raises(TypeError, match="rows must be an iterable of tasks, got 7"):
        s.add_tasks(7)


def test_a_generator_that_fails_adds_nothing(s: Scheduler) -> None:
    def rows() -> Any:
        yield (1, "a")
        raise RuntimeError("while reading")

    with pytest.raises(RuntimeError, match="while reading"):
        s.add_tasks(rows())
    assert len(s) == 0


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"history": -1}, ValueError, "history.*got -1"),
        ({"history": None}, TypeError, "history.*got None"),
        ({"history": True}, TypeError, "history.*got True"),
        ({"max_pending": 0}, ValueError, "max_pending.*got 0"),
        ({"max_pending": 2.5}, TypeError, "max_pending.*got 2.5"),
        ({"clock": 7}, TypeError, "clock.*now.*got 7"),
        ({"clock": VirtualClock}, TypeError, "clock.*now.*VirtualClock"),
    ],
    ids=str,
)
def test_a_scheduler_refuses_bad_settings(
    scheduler_class: type[Scheduler], bad: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        scheduler_class(**bad)


def test_settings_are_keyword_only(scheduler_class: type[Scheduler]) -> None:
    with pytest.raises(TypeError):
        scheduler_class(VirtualClock())


@pytest.mark.parametrize("bad", [math.nan, True, "1", None, 2**63])
def test_reprioritize_refuses_a_bad_priority(s: Scheduler, bad: Any) -> None:
    i = s.add_task(3, "t")
    with pytest.raises((TypeError, ValueError), match="priority"):
        s.reprioritize(i, bad)
    assert s.task(i).priority == 3


@pytest.mark.parametrize(
    ("error", "retry_in", "message"),
    [
        ("e", -1, "retry_in.*got -1"),
        ("e", math.inf, "retry_in.*got inf"),
        ("e", "1", "retry_in.*got '1'"),
        (None, None, "error.*got None"),
        (7, None, "error.*got 7"),
    ],
)
def test_fail_refuses_and_the_task_runs_on(
    s: Scheduler, error: Any, retry_in: Any, message: str
) -> None:
    s.add_task(3, "t")
    task = s.get_next_task()
    with pytest.raises((TypeError, ValueError), match=message):
        s.fail(task, error, retry_in=retry_in)
    s.complete(task)


def test_an_empty_batch_is_no_task(s: Scheduler) -> None:
    assert s.add_tasks([]) == []
    assert HeapScheduler(max_pending=1).add_tasks(iter(())) == []
