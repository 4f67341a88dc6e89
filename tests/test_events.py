"""Subscribers hear of every move, once, after it has happened and with no lock held."""

import gc
import logging
import threading
from functools import partial
from typing import Any

import pytest

from sched import HeapScheduler, Scheduler, Task, TaskEvent, TaskStatus, VirtualClock
from sched.audience import Audience

PENDING, RUNNING = TaskStatus.PENDING, TaskStatus.RUNNING


def heard(s: Scheduler, *kinds: Any) -> list[TaskEvent]:
    """A list that grows with each event from now on."""
    events: list[TaskEvent] = []
    s.subscribe(events.append, *kinds)
    return events


def test_each_move_is_told_in_its_kind_with_the_task_as_it_was_then(
    s: Scheduler, clock: VirtualClock
) -> None:
    events = heard(s)
    i = s.add_task(1, "a", action=print)
    s.fail(s.get_next_task(), "once", retry_in=5)
    clock.advance(5)
    s.fail(s.get_next_task(), "twice")
    s.requeue(i)
    s.complete(s.get_next_task(), result=42)
    j = s.add_task(1, "b", delay=9)
    s.reprioritize(j, 7)
    s.cancel(j)
    assert not s.cancel(j)
    told = [(event.kind, event.task.id, event.task.status, event.task.attempts) for event in events]
    assert told == [
        ("added", i, PENDING, 0),
        ("started", i, RUNNING, 1),
        ("retrying", i, PENDING, 1),
        ("started", i, RUNNING, 2),
        ("failed", i, TaskStatus.FAILED, 2),
        ("added", i, PENDING, 0),
        ("started", i, RUNNING, 1),
        ("succeeded", i, TaskStatus.SUCCEEDED, 1),
        ("added", j, PENDING, 0),
        ("cancelled", j, TaskStatus.CANCELLED, 0),
    ]
    assert [event.task.error for event in events[2:5]] == ["once", "once", "twice"]
    assert (events[2].task.run_at, events[7].task.result) == (1005.0, 42)
    assert {event.count for event in events} == {1}
    assert events[1].task == events[1].tasks[0] != events[3].task


def test_a_batch_is_told_once_with_all_its_new_tasks(s: Scheduler) -> None:
    s.add_task(1, "old", key="k")
    events = heard(s)
    s.add_tasks([(1, "a"), (2, "b", 3.0), {"priority": 1, "task_name": "old", "key": "k"}])
    s.add_tasks([{"priority": 1, "task_name": "old", "key": "k"}])
    s.add_task(1, "old", key="k")
    s.add_tasks([])
    (event,) = events
    assert (event.kind, event.count) == ("added", 2)
    assert [str(task) for task in event.tasks] == ["a", "b"]
    assert (str(event.task), event.tasks[0]) == ("a", s.task(2))
    assert "added" in repr(event) and "and 1 more" in repr(event)


def test_a_subscriber_hears_of_the_kinds_that_it_named_until_it_unsubscribes(s: Scheduler) -> None:
    kinds: list[str] = []
    end = s.subscribe(lambda event: kinds.append(event.kind), "started", "succeeded")
    everything = heard(s)
    s.add_task(1, "a")
    s.complete(s.get_next_task())
    assert kinds == ["started", "succeeded"]
    end()
    end()  # once is enough
    s.add_task(1, "b")
    s.complete(s.get_next_task())
    assert kinds == ["started", "succeeded"]
    assert len(everything) == 6


def test_one_function_may_subscribe_twice(s: Scheduler) -> None:
    kinds: list[str] = []

    def note(event: TaskEvent) -> None:
        kinds.append(event.kind)

    first, second = s.subscribe(note), s.subscribe(note, "started")
    s.add_task(1, "a")
    s.get_next_task()
    assert kinds == ["added", "started", "started"]
    first()
    s.add_task(1, "b")
    s.get_next_task()
    assert kinds == ["added", "started", "started", "started"]
    second()


def test_what_a_subscriber_raises_is_logged_and_the_others_are_told(
    s: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: TaskEvent) -> None:
        raise ValueError("no")

    s.subscribe(broken, "added")
    events = heard(s)
    assert s.add_task(1, "a") == 1
    assert [event.kind for event in events] == ["added"]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("sched", logging.ERROR)
    assert record.exc_info is not None and record.exc_info[0] is ValueError


def test_no_lock_is_held_while_subscribers_are_told(s: Scheduler) -> None:
    """One may ask the scheduler, from another thread even, and finds that it has happened."""
    statuses: list[TaskStatus] = []

    def ask(event: TaskEvent) -> None:
        thread = threading.Thread(target=lambda: statuses.append(s.status(event.task.id)))
        thread.start()
        thread.join(60)

    s.subscribe(ask)
    i = s.add_task(1, "a")
    s.complete(s.get_next_task())
    s.add_task(1, "b")
    s.cancel(i + 1)
    assert statuses == [PENDING, RUNNING, TaskStatus.SUCCEEDED, PENDING, TaskStatus.CANCELLED]


def test_subscribe_refuses_what_is_no_kind_and_what_cannot_be_called(s: Scheduler) -> None:
    with pytest.raises(ValueError, match="kinds must be of added, .*, got 'ended'"):
        s.subscribe(print, "added", "ended")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="function must be callable, got 3"):
        s.subscribe(3)  # type: ignore[arg-type]
    s.add_task(1, "a")


@pytest.mark.filterwarnings("error")
def test_a_subscriber_of_which_nothing_would_run_is_refused(
    s: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    async def coroutine(event: TaskEvent) -> None: ...

    def generator(event: TaskEvent) -> Any:
        yield event

    class Both:
        async def __call__(self, event: TaskEvent) -> Any:
            yield event

        async def method(self, event: TaskEvent) -> None: ...

    for function in (coroutine, generator, Both(), Both().method, partial(partial(generator))):
        with pytest.raises(TypeError, match="function must be a plain function, got .*not one"):
            s.subscribe(function)
    s.subscribe(lambda event: coroutine(event))  # nobody can see that before it is called
    s.subscribe(str)
    s.add_task(1, "a")
    gc.collect()  # it would be said now that nobody has awaited it
    assert "function must be a plain function, got one that returned a coroutine" in caplog.text
    assert len(caplog.records) == 1


def test_pools_are_told_of_each_task_that_becomes_pending(
    s: Scheduler, clock: VirtualClock
) -> None:
    moments: list[float] = []
    end = s.notices.subscribe(moments.append)
    i = s.add_task(1, "a")
    s.add_task(1, "b", delay=5, key="k")
    s.add_tasks([(1, "c", 9), (1, "d", 3), (1, "e", 7)])
    s.fail(s.get_next_task(), "e", retry_in=2)
    clock.advance(2)
    s.fail(s.get_next_task(), "e")
    s.requeue(i)
    assert moments == [1000.0, 1005.0, 1003.0, 1002.0, 1002.0]
    end()
    s.add_task(1, "f")
    assert len(moments) == 5


def test_an_event_keeps_the_task_as_it_was(s: Scheduler) -> None:
    events = heard(s, "added")
    i = s.add_task(3, "a")
    s.reprioritize(i, 9)
    s.complete(s.get_next_task())
    task: Task = events[0].task
    assert (task.priority, task.status) == (3, PENDING)


def test_a_scheduler_without_subscribers_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    s = HeapScheduler()
    end = s.subscribe(print)
    end()
    monkeypatch.setattr(s, "_tell", None)  # would raise if called
    s.add_task(1, "a")
    s.complete(s.get_next_task())


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit()], ids=lambda e: type(e).__name__)
def test_whatever_a_subscriber_or_logging_raises_the_move_has_happened(
    s: Scheduler, error: BaseException
) -> None:
    class Plugin(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise error

    def broken(event: TaskEvent) -> None:
        raise error

    plugin, log = Plugin(), logging.getLogger("sched")
    s.subscribe(broken)
    log.addFilter(plugin)
    try:
        i = s.add_task(1, "a")
        s.complete(s.get_next_task())
    finally:
        log.removeFilter(plugin)
    assert s.status(i) is TaskStatus.SUCCEEDED


def test_an_interrupt_while_a_subscriber_is_told_is_an_interrupt(s: Scheduler) -> None:
    def interrupted(event: TaskEvent) -> None:
        raise KeyboardInterrupt

    s.subscribe(interrupted, "added")
    with pytest.raises(KeyboardInterrupt):
        s.add_task(1, "a")
    assert len(s) == 1


def test_who_leaves_takes_nobody_along() -> None:
    anybody: list[object] = []
    first, second = Audience[str](anybody), Audience[str](anybody)
    first.join("a", "how a is told", anybody)
    second.join("b", "how b is told", anybody)
    first.leave("a")
    first.leave("a")  # twice is once
    assert (first, second, anybody) == ({}, {"b": "how b is told"}, ["b"])
    second.leave("b")
    assert anybody == []


def test_a_scheduler_forgets_whoever_has_left(s: Scheduler) -> None:
    for _ in range(3):
        s.subscribe(print)()
        s.notices.subscribe(print)()
    assert s._on_add == s._on_take == s._on_success == []


def test_a_move_that_nobody_is_to_be_told_of_tells_nothing(
    s: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(s, "_tell", lambda kind, *_, **__: told.append(kind))
    for kind in ("added", "started", "succeeded"):
        end = s.subscribe(print, kind)
        s.add_task(1, "a")
        s.complete(s.get_next_task())
        end()
        assert told == [kind]
        told.clear()


def test_the_attempt_that_failed_is_told_with_its_retry(s: Scheduler, clock: VirtualClock) -> None:
    events = heard(s)
    s.add_task(1, "a", delay=3)
    clock.advance(4)
    task = s.get_next_task()
    s.fail(task, "no", retry_in=5)
    *others, retrying = events
    assert [event.attempt for event in others] == [None, None]
    assert (retrying.attempt, retrying.attempt.started_at) == (task, 1004.0)
    assert (retrying.attempt.run_at, retrying.task.run_at) == (1003.0, 1009.0)
