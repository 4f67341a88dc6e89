"""Bad input is refused with an error that names the argument and the value; nothing changes."""

import copy
import json
import math
import pickle
import re
import reprlib
from collections import UserDict
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sched import (
    HeapScheduler,
    InvalidTransitionError,
    Monitor,
    RetryPolicy,
    Scheduler,
    SystemClock,
    UnknownTaskError,
    VirtualClock,
    WorkerPool,
    every,
    simulate,
)


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class NoZone(tzinfo):
    def utcoffset(self, _: Any) -> Any:
        raise RuntimeError("no offset")

    dst = tzname = utcoffset


class Full(str):
    """Says that it is not empty, whatever it holds."""

    def __bool__(self) -> bool:
        return True


WEST = timezone(timedelta(hours=-12))

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
    ({"priority": list(range(10**5))}, TypeError, r"priority.*got \[0, 1, 2, 3, 4, 5, \.\.\.\]$"),
    ({"priority": Broken()}, TypeError, "priority.*got <Broken instance"),
    ({"priority": np.timedelta64(5, "ns")}, TypeError, "priority.*got"),
    ({"priority": 2**63}, ValueError, "priority.*64 bits.*got 9223372036854775808"),
    ({"priority": -(2**63) - 1}, ValueError, "priority.*64 bits.*got -9223372036854775809"),
    ({"priority": 10**400}, ValueError, "priority.*64 bits"),
    ({"priority": 10**5000}, ValueError, "priority.*64 bits.*got <int that cannot be shown>"),
    ({"task_name": ""}, ValueError, "task_name.*got ''"),
    ({"task_name": Full("")}, ValueError, "task_name.*empty"),
    ({"task_name": None}, TypeError, "task_name.*got None"),
    ({"task_name": 7}, TypeError, "task_name.*got 7"),
    ({"task_name": b"x"}, TypeError, "task_name.*got b'x'"),
    ({"delay": -1}, ValueError, "delay must be a finite number of seconds >= 0, got -1"),
    ({"delay": math.nan}, ValueError, "delay.*got nan"),
    ({"delay": math.inf}, ValueError, "delay.*got inf"),
    ({"delay": "3"}, TypeError, "delay.*got '3'"),
    ({"delay": True}, TypeError, "delay.*got True"),
    ({"delay": 10**400}, ValueError, "delay"),
    ({"delay": 10**5000}, ValueError, "delay.*got <int that cannot be shown>"),
    (
        {"delay": timedelta(seconds=3)},
        TypeError,
        r"delay.*seconds=3.*: give its .total_seconds\(\)",
    ),
    ({"delay": np.timedelta64(5, "ns")}, TypeError, "delay.*got"),  # 5, were it a number of seconds
    ({"delay": np.timedelta64(5, "s")}, TypeError, "delay.*got"),
    (
        {"run_at": datetime(2030, 1, 1)},
        ValueError,
        r"run_at.*2030.*give its .astimezone\(\)",
    ),
    ({"run_at": datetime(2030, 1, 1, tzinfo=NoZone())}, TypeError, "run_at.*got .*NoZone"),
    ({"run_at": datetime.max.replace(tzinfo=WEST)}, ValueError, "run_at.*9999"),
    ({"run_at": pd.NaT}, TypeError, "run_at.*got NaT"),
    ({"run_at": 1.7e12}, ValueError, "run_at.*after the year 9999; are these milliseconds"),
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
    ({"args": {"a": 1}}, TypeError, r"args must be a tuple or list.*got \{'a': 1\}"),
    ({"args": {1}}, TypeError, r"args.*got \{1\}"),
    ({"args": iter([1])}, TypeError, "args.*got <list_iterator"),
    ({"args": np.array([1, 2])}, TypeError, "args.*got array"),
    ({"args": (1,)}, TypeError, r"args must come with an action, got args=\(1,\).*action=f\(\)"),
    ({"action": None, "kwargs": {"a": 1}}, TypeError, r"kwargs must come with.*.*=f\(\)"),
    ({"kwargs": [1]}, TypeError, r"kwargs.*got \[1\]"),
    ({"kwargs": {1: 2}}, TypeError, r"kwargs.*got \{1: 2\}"),
    ({"timeout": 0}, ValueError, "timeout.*> 0, got 0"),
    ({"timeout": -1}, ValueError, "timeout.*got -1"),
    ({"timeout": math.inf}, ValueError, "timeout.*got inf"),
    ({"timeout": "5"}, TypeError, "timeout.*got '5'"),
    ({"retry": 3}, TypeError, "retry must be a RetryPolicy, got 3"),
    ({"retry": RetryPolicy}, TypeError, "retry must be a RetryPolicy, got <class"),
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


@pytest.mark.parametrize(
    ("bad", "error", "message"), BAD, ids=lambda x: x if isinstance(x, str) else ""
)
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
    ("bad", "error", "message"),
    [b for b in BAD if "wait" not in b[0]],
    ids=lambda x: x if isinstance(x, str) else "",
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


class Says:
    """A clock that says always the same."""

    def __init__(self, now: Any) -> None:
        self.now = lambda: now
        self.said = now

    def __repr__(self) -> str:  # in the id of a test: the same in every process
        return f"Says({self.said!r})"


def test_a_clock_that_returns_no_time_is_named_and_changes_nothing(
    scheduler_class: type[Scheduler],
) -> None:
    clock = Says(1000.0)
    clock.now = lambda: clock.said
    s = scheduler_class(clock=clock)
    for name in ("running", "dead"):
        s.add_task(1, name)
    running: Any = s.get_next_task()
    s.fail(s.get_next_task(), "no")  # type: ignore[arg-type]
    s.add_task(1, "ready", key="k")
    s.add_task(1, "waiting", delay=5)
    before = [s.task(i).status for i in (1, 2, 3, 4)], s.metrics()
    for said in ("1000", None, True, math.nan, math.inf, -math.inf, 1.7e18, 10**400):
        clock.said = said
        for call in (
            *(lambda: s.add_task(2, "new"), lambda: s.add_task(2, "new", key="n", delay=1)),
            *(lambda: s.add_tasks([(2, "new")]), s.get_next_task, s.peek_next_task),
            *(lambda: s.complete(running), lambda: s.complete_and_get_next_task(running)),
            *(lambda: s.fail(running, "e"), lambda: s.fail(running, "e", retry_in=1)),
            *(lambda: s.abort(running), lambda: s.cancel(3), lambda: s.reprioritize(3, 5)),
            *(lambda: s.requeue(2), s.next_run_time, lambda: list(s.pending_tasks())),
            *(s.metrics, s.check, Monitor(s).snapshot),
            lambda: every(s, 60, priority=1, task_name="again"),
        ):
            with pytest.raises((TypeError, ValueError), match=r"clock\.now\(\) must be") as caught:
                call()
            assert reprlib.repr(said)[:5] in str(caught.value)
    clock.said = 1000
    assert ([s.task(i).status for i in (1, 2, 3, 4)], s.metrics()) == before
    s.check()
    s.complete(running)
    assert type(s.task(1).finished_at) is float


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
        ({"clock": Says(None)}, TypeError, r"clock.now\(\) must be epoch seconds, got None"),
        ({"clock": Says(datetime.max)}, TypeError, r"clock.now\(\).*got datetime.datetime\(9999"),
        ({"clock": Says(math.nan)}, ValueError, r"clock.now\(\).*got nan"),
        ({"clock": Says(1.7e18)}, ValueError, r"clock.now\(\).*got 1.7e\+18: in what unit"),
        ({"max_dead_letters": 0}, ValueError, "max_dead_letters.*got 0"),
        ({"aging": 0}, ValueError, "aging.*> 0, got 0"),
        ({"aging": math.nan}, ValueError, "aging.*got nan"),
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


@pytest.mark.filterwarnings("error")
def test_a_policy_whose_answer_is_still_to_come_is_named_and_changes_nothing() -> None:
    class Policy(RetryPolicy):
        async def allows(self, attempts: int, error: object) -> bool:  # type: ignore[override]
            return False

    s = HeapScheduler()
    s.add_task(1, "t", retry=Policy())
    task: Any = s.get_next_task()
    with pytest.raises(TypeError, match="retry.allows must be a plain function, got one that"):
        s.fail(task, "e")
    s.complete(task)


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


@pytest.mark.parametrize("flag", [1, 0, None, "no", np.bool_(True)], ids=repr)
def test_what_only_counts_as_true_or_false_is_refused(flag: Any) -> None:
    s = HeapScheduler()
    s.add_task(1, "t")
    task = s.get_next_task()
    refused = f"must be True or False, got {re.escape(repr(flag))}"
    with pytest.raises(TypeError, match=f"final {refused}"):
        s.fail(task, "e", final=flag)
    s.complete(task)
    timeline = simulate(HeapScheduler(clock=VirtualClock()))
    with pytest.raises(TypeError, match=f"retries_only {refused}"):
        timeline.starts(retries_only=flag)
    with WorkerPool(s) as pool, pytest.raises(TypeError, match=f"progress {refused}"):
        pool.drain(progress=flag)


def test_an_empty_batch_is_no_task(s: Scheduler) -> None:
    assert s.add_tasks([]) == []
    assert HeapScheduler(max_pending=1).add_tasks(iter(())) == []


USES: list[Callable[[Scheduler, Any], object]] = [
    lambda s, i: s.cancel(i),
    lambda s, i: s.status(i),
    lambda s, i: s.task(i),
    lambda s, i: s.requeue(i),
    lambda s, i: s.discard(i),
    lambda s, i: s.reprioritize(i, 5),
]


@pytest.mark.parametrize("use", USES)
def test_what_is_no_id_is_refused_in_words(
    use: Callable[[Scheduler, Any], object], s: Scheduler
) -> None:
    i = s.add_task(3, "t")
    with pytest.raises(TypeError, match=f"task_id must be an int, got a Task: give its id, {i}"):
        use(s, s.task(i))
    for bad in (True, np.bool_(True), 1.0, "1", None, np.timedelta64(1, "ns")):
        with pytest.raises(TypeError, match="task_id must be an int, got "):
            use(s, bad)
    with pytest.raises(UnknownTaskError, match="unknown task id <int that cannot be shown>"):
        use(s, 10**5000)
    assert [task.id for task in s.pending_tasks()] == [i]


def test_a_numpy_int_is_an_id(s: Scheduler) -> None:
    assert s.cancel(np.int64(s.add_task(3, "t")))


class OddError(Exception):
    """Its text is of a class that runs code when it is looked at."""

    class Text(str):
        def __bool__(self) -> bool:
            raise RuntimeError("no truth")

        def __format__(self, spec: str) -> str:
            raise RuntimeError("no format")

    def __str__(self) -> str:
        return self.Text("its text")


def test_the_text_of_an_error_is_plain(s: Scheduler) -> None:
    s.add_task(1, "t")
    s.fail(s.get_next_task(), OddError())
    assert s.dead_letters()[0].error == "OddError: its text"


def test_no_message_is_as_long_as_what_it_names(s: Scheduler) -> None:
    long = "x" * 10**5
    s.add_task(1, long, key=long)
    task = s.get_next_task()
    s.fail(task, "e")
    with pytest.raises(InvalidTransitionError, match="x[.]{3}x") as over:
        s.complete(task)
    s.add_task(1, "t", key=long)
    with pytest.raises(InvalidTransitionError, match="x[.]{3}x") as taken:
        s.requeue(task.id)
    assert max(len(str(over.value)), len(str(taken.value))) < 500


def test_a_row_with_an_error_of_another_signature_is_named(s: Scheduler) -> None:
    class Odd(UserDict[str, Any]):
        def keys(self) -> Any:
            raise json.JSONDecodeError("bad", "doc", 0)

    with pytest.raises(ValueError, match="row 1: bad: line 1") as caught:
        s.add_tasks([(1, "a"), Odd(priority=1, task_name="t")])
    assert isinstance(caught.value.__cause__, json.JSONDecodeError)
    assert len(s) == 0


COPIES: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    lambda thing: pickle.loads(pickle.dumps(thing)),
]


@pytest.mark.parametrize("copied", COPIES)
def test_a_scheduler_its_view_and_its_pool_refuse_in_words_to_be_copied(
    copied: Callable[[Any], Any], scheduler_class: type[Scheduler]
) -> None:
    s = scheduler_class()
    with pytest.raises(TypeError, match="cannot be copied or pickled: its tasks would run twice"):
        copied(s)
    with pytest.raises(TypeError, match="WorkerPool cannot be copied or pickled"):
        copied(WorkerPool(s))
    if copied is not copy.copy:  # that is a view of the same tasks
        with pytest.raises(TypeError, match=r"copied or pickled.*list\(scheduler.pending_tasks"):
            copied(s.pending_tasks())


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_of_a_clock_is_a_clock_of_its_own(copied: Callable[[Any], Any]) -> None:
    clock = VirtualClock(5.0)
    other = copied(clock)
    other.advance(1)
    assert (clock.now(), other.now()) == (5.0, 6.0)
    assert copied(SystemClock(look_every=7)).now() == pytest.approx(SystemClock().now(), abs=60)


def test_a_scheduler_is_true_even_when_it_is_empty(s: Scheduler) -> None:
    assert len(s) == 0
    assert (s or None) is s
