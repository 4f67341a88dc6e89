"""Every scheduler keeps every promise of the interface. One test, one promise."""

import contextvars
import copy
import pickle
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from sched import (
    HeapScheduler,
    InvalidTransitionError,
    Priority,
    QueueFullError,
    RetryPolicy,
    Scheduler,
    Task,
    TaskStatus,
    UnknownTaskError,
    VirtualClock,
)
from tests.model import Model
from tests.schedulers import in_memory, ledger_of


def named(name: str) -> Task:
    s = HeapScheduler()
    return s.task(s.add_task(1, name))


def drain(s: Scheduler) -> list[str]:
    """The names of all that is ready, in the order in which it is handed out."""
    names = []
    while (task := s.get_next_task()) is not None:
        s.check()
        names.append(task.name)
        s.complete(task)
    return names


# --- order ----------------------------------------------------------------------------------------


def test_the_most_urgent_task_comes_first(s: Scheduler) -> None:
    s.add_task(priority=5, task_name="low")
    s.add_task(priority=1, task_name="critical")
    s.add_task(priority=2, task_name="medium")
    assert drain(s) == ["critical", "medium", "low"]


def test_an_urgent_task_added_later_overtakes(s: Scheduler, clock: VirtualClock) -> None:
    s.add_task(5, "first and trivial")
    clock.advance(1e-6)  # the 20-line scheduler compares these two moments, never the priorities
    s.add_task(1, "later and urgent")
    assert drain(s) == ["later and urgent", "first and trivial"]


def test_equal_priorities_come_out_in_the_order_added(s: Scheduler) -> None:
    names = [f"task {i}" for i in range(200)]
    for name in names:
        s.add_task(3, name)
    assert drain(s) == names


def test_equal_priorities_come_out_in_the_order_of_run_at(
    s: Scheduler, clock: VirtualClock
) -> None:
    s.add_task(3, "due third", delay=3)
    s.add_task(3, "due second", delay=2)
    s.add_task(3, "due first", run_at=clock.now() - 50)
    clock.advance(10)
    assert drain(s) == ["due first", "due second", "due third"]


def test_an_earlier_timestamp_in_the_past_goes_first_among_equals(
    s: Scheduler, clock: VirtualClock
) -> None:
    s.add_task(3, "now")
    s.add_task(3, "an hour ago", run_at=clock.now() - 3600)
    assert s.task(2).run_at == clock.now() - 3600
    assert drain(s) == ["an hour ago", "now"]


def test_ints_floats_and_members_of_priority_compare_by_value(s: Scheduler) -> None:
    s.add_task(Priority.NORMAL, "3")
    s.add_task(2.5, "2.5")
    s.add_task(-7, "-7")
    s.add_task(2**63 - 1, "largest")
    s.add_task(-(2**63), "smallest")
    s.add_task(Priority.CRITICAL, "1")
    assert drain(s) == ["smallest", "-7", "1", "2.5", "3", "largest"]
    assert [p.value for p in Priority] == [1, 2, 3, 4, 5]


def test_numpy_scalars_are_converted(s: Scheduler) -> None:
    i = s.add_task(np.int64(2), "int", delay=np.float32(0.5))
    j = s.add_task(np.float32(1.5), "float")
    assert type(s.task(i).priority) is int
    assert type(s.task(i).run_at) is float
    assert type(s.task(j).priority) is float
    assert s.cancel(i)
    assert drain(s) == ["float"]


def test_the_order_is_that_of_a_sorted_list_whatever_the_tasks(
    scheduler_class: type[Scheduler],
) -> None:
    for seed in range(20):
        rng = random.Random(seed)
        clock = VirtualClock(100.0)
        s, model = scheduler_class(clock=clock), Model()
        for _ in range(60):
            priority = rng.choice([1, 2, 2.0, 2.5, 3])
            delay = rng.choice([0, 0, 1, 2.5, 4])
            model.add(s.add_task(priority, "t", delay=delay), priority, clock.now() + delay)
            clock.advance(rng.choice([0, 0.5]))
        for _ in range(100):
            ready = model.ready(clock.now())
            task = s.get_next_task()
            assert (None if task is None else task.id) == (ready[0].id if ready else None)
            if task is None:
                clock.advance(0.25)
            else:
                model.tasks.pop(task.id)
        assert not model.tasks
        assert len(s) == 0


# --- the listings that learners know --------------------------------------------------------------


class TickingClock:
    """A clock that moves 0.1 s at each reading."""

    def __init__(self) -> None:
        self.readings = 0

    def now(self) -> float:
        self.readings += 1
        return 1_700_000_000 + self.readings / 10


def test_the_first_listing_runs_unchanged(
    scheduler_class: type[Scheduler], capsys: pytest.CaptureFixture[str]
) -> None:
    scheduler = scheduler_class(clock=TickingClock())
    scheduler.add_task(priority=1, task_name="Critical Fix")
    scheduler.add_task(priority=5, task_name="Low Priority Task")
    scheduler.add_task(priority=2, task_name="Medium Task")
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        if task:
            print("Executing:", task)
    assert capsys.readouterr().out.splitlines() == [
        "Executing: Critical Fix",
        "Executing: Medium Task",
        "Executing: Low Priority Task",
    ]


def test_the_delay_listing_runs_unchanged(scheduler_class: type[Scheduler]) -> None:
    clock = TickingClock()
    scheduler = scheduler_class(clock=clock)
    scheduler.add_task(priority=1, task_name="Run after 3 seconds", delay=3)
    added, tries = clock.readings, 0
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        tries += 1
    assert str(task) == "Run after 3 seconds"
    assert clock.readings - added == 30
    assert tries == 30


def test_the_retry_and_worker_listings_run_unchanged(
    scheduler_class: type[Scheduler], capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(7)

    def execute_task(scheduler: Any, task_name: Any) -> None:
        if rng.choice([True, False]):
            print("Task completed:", task_name)
        else:
            print("Task failed. Retrying...")
            scheduler.add_task(priority=1, task_name=task_name, delay=2)

    def worker(name: str, scheduler: Any) -> None:
        task = scheduler.get_next_task()
        if task:
            print(f"{name} executing {task}")
            execute_task(scheduler, task)

    scheduler = scheduler_class(clock=TickingClock())
    for i in range(10):
        scheduler.add_task(priority=i % 3, task_name=f"Task_{i}")
    while scheduler.pending_tasks():
        worker("Worker1", scheduler)
        worker("Worker2", scheduler)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Worker1 executing Task_0"
    done = [line.removeprefix("Task completed: ") for line in lines if "completed" in line]
    assert sorted(done) == [f"Task_{i}" for i in range(10)]


# --- delays ---------------------------------------------------------------------------------------


def test_a_task_never_runs_before_its_time(s: Scheduler, clock: VirtualClock) -> None:
    s.add_task(1, "later", delay=3)
    clock.advance(2.999)
    assert s.get_next_task() is None
    clock.advance_to(1003.0)
    assert s.get_next_task().name == "later"


def test_a_waiting_urgent_task_does_not_block_a_ready_one(s: Scheduler) -> None:
    s.add_task(1, "urgent, in an hour", delay=3600)
    s.add_task(9, "trivial, now")
    assert drain(s) == ["trivial, now"]
    assert len(s) == 1


def test_run_at_takes_epoch_seconds_and_aware_datetimes(s: Scheduler, clock: VirtualClock) -> None:
    when = datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert s.task(s.add_task(1, "a", run_at=when)).run_at == when.timestamp()
    assert s.task(s.add_task(1, "b", run_at=1234.5)).run_at == 1234.5
    past = datetime(1960, 1, 1, tzinfo=UTC)
    assert s.task(s.add_task(1, "c", run_at=past)).run_at == past.timestamp()
    assert s.get_next_task().name == "c"


def test_next_run_time_is_now_then_the_first_due_then_none(
    s: Scheduler, clock: VirtualClock
) -> None:
    assert s.next_run_time() is None
    late = s.add_task(1, "late", delay=10)
    soon = s.add_task(1, "soon", delay=5)
    s.add_task(1, "now")
    assert s.next_run_time() == 1000.0
    drain(s)
    assert s.next_run_time() == 1005.0
    s.cancel(soon)
    assert s.next_run_time() == 1010.0
    clock.advance(60)
    assert s.next_run_time() == 1060.0
    s.cancel(late)
    assert s.next_run_time() is None


# --- one hand-out, one end ------------------------------------------------------------------------


def test_a_task_that_was_handed_out_is_running_until_it_ends(
    s: Scheduler, clock: VirtualClock
) -> None:
    i = s.add_task(2, "work")
    assert s.status(i) is TaskStatus.PENDING
    task = s.get_next_task()
    assert (task.status, task.attempts, task.started_at) == (TaskStatus.RUNNING, 1, 1000.0)
    assert s.status(i) is TaskStatus.RUNNING
    assert s.get_next_task() is None
    assert len(s) == 0
    clock.advance(4)
    assert s.complete(task, result=42) is None
    done = s.task(i)
    assert (done.status, done.result, done.finished_at) == (TaskStatus.SUCCEEDED, 42, 1004.0)
    assert (done.started_at, done.added_at, done.attempts) == (1000.0, 1000.0, 1)


def test_a_failure_without_retry_is_a_dead_letter(s: Scheduler) -> None:
    i = s.add_task(2, "work")
    assert s.fail(s.get_next_task(), ValueError("boom")) is False
    assert s.status(i) is TaskStatus.FAILED
    assert [(t.id, t.error, t.attempts) for t in s.dead_letters()] == [(i, "ValueError: boom", 1)]
    assert s.task(i).finished_at == 1000.0
    s.check()


def test_a_failure_with_a_retry_is_pending_again_after_its_delay(
    s: Scheduler, clock: VirtualClock
) -> None:
    i = s.add_task(2, "work", key="k", action=print, args=[1], kwargs={"sep": ""}, timeout=3)
    first = s.get_next_task()
    assert s.fail(first, "try later", retry_in=5) is True
    s.check()
    again = s.task(i)
    assert (again.status, again.attempts, again.run_at) == (TaskStatus.PENDING, 1, 1005.0)
    assert again.error == "try later"
    assert s.get_next_task() is None
    clock.advance(5)
    second = s.get_next_task()
    assert (second.id, second.attempts, second.key) == (i, 2, "k")
    assert (second.action, second.args, second.kwargs) == (print, (1,), {"sep": ""})
    assert second.timeout == 3.0
    assert second != first
    assert second.error == "try later"


def test_a_hand_out_that_is_aborted_is_cancelled_and_never_runs_again(s: Scheduler) -> None:
    told: list[tuple[str, int]] = []
    s.subscribe(lambda event: told.append((event.kind, event.task.id)), "cancelled", "retrying")
    i = s.add_task(1, "work", key="k", retry=RetryPolicy(max_attempts=None, base=0))
    task = s.get_next_task()
    assert not task.cancelled
    s.abort(task)
    assert (s.status(i), s.task(i).attempts, s.task(i).cancelled) == (TaskStatus.CANCELLED, 1, True)
    assert told == [("cancelled", i)]
    assert s.get_next_task() is None and s.running_tasks() == []
    m = s.metrics()
    assert (m.cancelled, m.failed, m.succeeded, m.retried) == (1, 0, 0, 0)
    for again in (s.abort, s.complete):
        with pytest.raises(InvalidTransitionError, match="CANCELLED"):
            again(task)
    assert s.add_task(1, "again", key="k") != i
    with pytest.raises(TypeError, match="task must be a Task"):
        s.abort(i)
    s.check()


@pytest.mark.parametrize("end", ["complete", "fail", "abort"])
def test_a_stale_hand_out_is_refused(s: Scheduler, clock: VirtualClock, end: str) -> None:
    def finish(task: Task) -> None:
        if end == "fail":
            s.fail(task, "e")
        else:
            getattr(s, end)(task)

    i = s.add_task(2, "work")
    first = s.get_next_task()
    s.fail(first, "e", retry_in=0)
    with pytest.raises(InvalidTransitionError, match="PENDING"):
        finish(first)
    second = s.get_next_task()
    assert second.id == first.id
    with pytest.raises(InvalidTransitionError, match="RUNNING"):
        finish(first)
    assert s.status(i) is TaskStatus.RUNNING
    finish(second)
    with pytest.raises(InvalidTransitionError, match="SUCCEEDED|FAILED|CANCELLED"):
        finish(second)
    with pytest.raises(InvalidTransitionError):
        finish(s.task(i))
    s.check()


def test_a_task_of_another_scheduler_is_refused(scheduler_class: type[Scheduler]) -> None:
    a, b = scheduler_class(), scheduler_class()
    a.add_task(1, "a")
    b.add_task(1, "b")
    from_a, from_b = a.get_next_task(), b.get_next_task()
    assert from_a.id == from_b.id
    with pytest.raises(InvalidTransitionError):
        b.complete(from_a)
    b.complete(from_b)


def test_complete_takes_a_task_only(s: Scheduler) -> None:
    s.add_task(1, "a")
    s.get_next_task()
    with pytest.raises(TypeError, match="task must be a Task.*got 1"):
        s.complete(1)
    with pytest.raises(TypeError, match="task must be a Task.*got None"):
        s.fail(None, "e")


def test_one_call_ends_a_task_and_takes_the_next(s: Scheduler, clock: VirtualClock) -> None:
    s.add_tasks([(2, "second"), (1, "first"), (3, "later", 5)])
    told: list[tuple[str, str]] = []
    s.subscribe(lambda event: told.append((event.kind, event.task.name)))
    first = s.get_next_task()
    second = s.complete_and_get_next_task(first, "fine")
    assert (second.name, second.status, s.task(first.id).result) == (
        "second",
        TaskStatus.RUNNING,
        "fine",
    )
    assert s.complete_and_get_next_task(second) is None, "nothing is ready"
    assert told == [
        *(("started", "first"), ("succeeded", "first"), ("started", "second")),
        ("succeeded", "second"),
    ]
    assert s.metrics()[:5] == (3, 0, 1, 0, 2)
    s.check()


def test_if_the_hand_out_is_over_no_next_task_is_taken(s: Scheduler) -> None:
    s.add_tasks([(1, "a"), (2, "b")])
    task = s.get_next_task()
    s.fail(task, "e", retry_in=0)
    with pytest.raises(InvalidTransitionError, match="PENDING"):
        s.complete_and_get_next_task(task)
    with pytest.raises(TypeError, match="task must be a Task.*got 'a'"):
        s.complete_and_get_next_task("a")
    assert s.metrics().running == 0
    assert drain(s) == ["a", "b"]


# --- cancel, reprioritize -------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0, 5])
def test_a_cancelled_task_never_runs(s: Scheduler, clock: VirtualClock, delay: float) -> None:
    keep = s.add_task(2, "keep", delay=delay)
    i = s.add_task(1, "cancel me", delay=delay)
    assert s.cancel(i) is True
    s.check()
    assert (s.status(i), len(s)) == (TaskStatus.CANCELLED, 1)
    clock.advance(10)
    assert s.peek_next_task().id == keep
    assert drain(s) == ["keep"]
    assert s.cancel(i) is False
    assert s.cancel(keep) is False


def test_a_running_task_is_not_cancelled(s: Scheduler) -> None:
    i = s.add_task(1, "a")
    task = s.get_next_task()
    assert s.cancel(i) is False
    assert s.reprioritize(i, 5) is False
    s.complete(task)


def test_a_task_takes_its_new_priority(s: Scheduler, clock: VirtualClock) -> None:
    a, b = s.add_task(1, "a"), s.add_task(2, "b")
    c = s.add_task(3, "c", delay=1)
    assert s.reprioritize(a, 4)
    assert s.reprioritize(c, Priority.CRITICAL)
    s.check()
    assert (s.task(a).priority, s.task(c).priority) == (4, 1)
    clock.advance(1)
    assert drain(s) == ["c", "b", "a"]
    assert s.reprioritize(b, 1) is False


def test_a_task_reprioritised_there_and_back_comes_out_once(s: Scheduler) -> None:
    i = s.add_task(1, "a")
    for priority in (2, 1, 2, 1):
        assert s.reprioritize(i, priority)
        s.check()
    assert drain(s) == ["a"]
    assert len(s) == 0


# --- keys -----------------------------------------------------------------------------------------


def test_a_key_names_one_unfinished_task(s: Scheduler) -> None:
    i = s.add_task(3, "mail", key="mail-7")
    assert s.add_task(1, "other", key="mail-7", delay=9) == i
    assert (len(s), s.task(i).name, s.task(i).priority) == (1, "mail", 3)
    task = s.get_next_task()
    assert s.add_task(1, "other", key="mail-7") == i
    s.complete(task)
    assert s.add_task(1, "other", key="mail-7") == i + 1
    assert s.cancel(i + 1)
    assert s.add_task(1, "third", key="mail-7") == i + 2
    s.check()


def test_a_requeue_is_refused_while_its_key_is_taken(s: Scheduler) -> None:
    i = s.add_task(1, "a", key="k")
    s.fail(s.get_next_task(), "e")
    j = s.add_task(1, "b", key="k")
    assert j != i
    with pytest.raises(InvalidTransitionError, match="key 'k' is taken"):
        s.requeue(i)
    s.check()
    s.cancel(j)
    s.requeue(i)
    s.check()
    assert s.add_task(1, "c", key="k") == i


# --- dead letters ---------------------------------------------------------------------------------


def test_a_requeued_dead_letter_starts_a_new_life(s: Scheduler, clock: VirtualClock) -> None:
    i = s.add_task(4, "a", delay=1)
    clock.advance(1)
    s.fail(s.get_next_task(), "e")
    clock.advance(7)
    s.requeue(i)
    s.check()
    t = s.task(i)
    assert (t.status, t.attempts, t.run_at, t.error) == (TaskStatus.PENDING, 0, 1008.0, None)
    assert (t.priority, t.added_at) == (4, 1000.0)
    assert s.dead_letters() == []
    assert s.get_next_task().attempts == 1


def test_a_discarded_dead_letter_is_forgotten(s: Scheduler) -> None:
    i = s.add_task(1, "a")
    s.fail(s.get_next_task(), "e")
    s.discard(i)
    assert s.dead_letters() == []
    with pytest.raises(UnknownTaskError):
        s.status(i)


def test_only_a_dead_letter_is_requeued_or_discarded(s: Scheduler) -> None:
    i = s.add_task(1, "a")
    for move in (s.requeue, s.discard):
        with pytest.raises(InvalidTransitionError, match="PENDING"):
            move(i)
    task = s.get_next_task()
    for move in (s.requeue, s.discard):
        with pytest.raises(InvalidTransitionError, match="RUNNING"):
            move(i)
    s.complete(task)
    for move in (s.requeue, s.discard):
        with pytest.raises(InvalidTransitionError, match="SUCCEEDED"):
            move(i)


def test_dead_letters_outlive_the_history(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(history=0)
    i = s.add_task(1, "dead")
    s.fail(s.get_next_task(), "e")
    j = s.add_task(1, "done")
    s.complete(s.get_next_task())
    assert s.status(i) is TaskStatus.FAILED
    with pytest.raises(UnknownTaskError, match=f"{j}"):
        s.status(j)


# --- what is remembered ---------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["complete", "cancel"])
def test_the_history_keeps_the_last_finished_tasks(
    scheduler_class: type[Scheduler], end: str
) -> None:
    s = scheduler_class(history=3)
    ids = s.add_tasks([(1, "x")] * 5)
    for i in ids:
        if end == "complete":
            s.complete(s.get_next_task())
        else:
            s.cancel(i)
    s.check()
    for forgotten in ids[:2]:
        with pytest.raises(UnknownTaskError):
            s.task(forgotten)
    ended = TaskStatus.SUCCEEDED if end == "complete" else TaskStatus.CANCELLED
    assert [s.status(i) for i in ids[2:]] == [ended] * 3


@pytest.mark.parametrize("method", ["status", "task", "cancel", "requeue", "discard"])
def test_an_unknown_id_is_a_key_error_that_names_it(s: Scheduler, method: str) -> None:
    with pytest.raises(UnknownTaskError, match="99") as caught:
        getattr(s, method)(99)
    assert isinstance(caught.value, KeyError)
    with pytest.raises(UnknownTaskError):
        s.reprioritize(99, 1)


# --- a bounded queue ------------------------------------------------------------------------------


def test_a_full_scheduler_refuses_and_changes_nothing(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(max_pending=2)
    s.add_task(1, "a", key="a")
    s.add_task(1, "b", delay=5)
    with pytest.raises(QueueFullError, match="max_pending is 2"):
        s.add_task(1, "c")
    with pytest.raises(QueueFullError):
        s.add_tasks([(1, "c")])
    with pytest.raises(QueueFullError):
        s.add_task(1, "c", wait=0.001)
    s.check()
    assert len(s) == 2
    assert s.add_task(9, "again", key="a") == 1  # nothing is added, so there is room
    assert s.add_tasks([{"priority": 9, "task_name": "again", "key": "a"}]) == [1]
    assert s.add_tasks([]) == []
    task = s.get_next_task()
    assert s.add_task(1, "c") == 3
    assert s.fail(task, "e", retry_in=1) is True  # retries are exempt
    assert len(s) == 3


def test_a_requeue_needs_room(scheduler_class: type[Scheduler]) -> None:
    s = scheduler_class(max_pending=1)
    i = s.add_task(1, "a")
    s.fail(s.get_next_task(), "e")
    j = s.add_task(1, "b")
    with pytest.raises(QueueFullError):
        s.requeue(i)
    assert [t.id for t in s.dead_letters()] == [i]
    s.cancel(j)
    s.requeue(i)
    s.check()


def test_without_room_either_a_requeue_is_refused_for_its_key(
    scheduler_class: type[Scheduler],
) -> None:
    s = scheduler_class(max_pending=1)
    dead = s.add_task(1, "a", key="k")
    s.fail(s.get_next_task(), "for good")
    s.add_task(1, "b", key="k")
    with pytest.raises(InvalidTransitionError, match="its key"):
        s.requeue(dead)
    s.check()


# --- many at once ---------------------------------------------------------------------------------


def test_many_are_added_at_once_in_the_order_of_their_ids(
    s: Scheduler, clock: VirtualClock
) -> None:
    s.add_task(2, "before")
    ids = s.add_tasks(
        [
            (1, "a"),
            [2, "b", 3.0],
            {"priority": 1, "task_name": "c", "action": print, "key": "k"},
            {"priority": 0, "task_name": "d", "run_at": 1001.0},
            {"priority": 0, "task_name": "again", "key": "k"},
            (2, named("named after a task")),
        ]
    )
    assert ids == [2, 3, 4, 5, 4, 6]
    s.check()
    assert s.task(4).action is print
    assert drain(s) == ["a", "c", "before", "named after a task"]
    clock.advance(3)
    assert drain(s) == ["d", "b"]


def test_a_batch_larger_or_smaller_than_what_is_there_keeps_the_order(
    scheduler_class: type[Scheduler],
) -> None:
    for first, second in [(2, 50), (50, 2), (0, 1), (30, 30)]:
        s = scheduler_class(clock=VirtualClock())
        rng = random.Random(first)
        rows = [(rng.randrange(5), f"{i}") for i in range(first + second)]
        s.add_tasks(rows[:first])
        s.add_tasks(iter(rows[first:]))
        s.check()
        assert drain(s) == [name for _, name in sorted(rows, key=lambda row: row[0])]


def test_a_batch_among_tombstones_keeps_new_priorities(s: Scheduler) -> None:
    ids = s.add_tasks([(5, f"{i}") for i in range(10)])
    s.cancel(ids[0])
    s.reprioritize(ids[1], 9)
    s.add_tasks([(7, f"new {i}") for i in range(20)])
    s.check()
    assert drain(s) == [*"23456789", *(f"new {i}" for i in range(20)), "1"]


# --- looking --------------------------------------------------------------------------------------


def test_peek_shows_the_next_task_and_leaves_it(s: Scheduler, clock: VirtualClock) -> None:
    assert s.peek_next_task() is None
    i = s.add_task(2, "a", delay=1)
    assert s.peek_next_task() is None
    clock.advance(1)
    peeked = s.peek_next_task()
    assert (peeked.id, peeked.status, peeked.attempts) == (i, TaskStatus.PENDING, 0)
    assert len(s) == 1
    assert s.get_next_task().id == i


def test_peek_passes_over_what_a_task_left_behind(s: Scheduler) -> None:
    a, b = s.add_tasks([(1, "a"), (2, "b")])
    s.reprioritize(a, 3)
    assert (s.peek_next_task().id, s.get_next_task().id) == (b, b)
    assert s.peek_next_task().priority == 3
    s.check()


def test_the_view_of_pending_tasks_is_live(s: Scheduler, clock: VirtualClock) -> None:
    view = s.pending_tasks()
    assert (len(view), bool(view), list(view)) == (0, False, [])
    s.add_task(3, "waits longer", delay=9)
    s.add_task(3, "waits", delay=4)
    s.add_task(2, "second")
    i = s.add_task(1, "first")
    s.add_task(0, "cancelled")
    s.cancel(5)
    assert (len(view), bool(view)) == (4, True)
    assert [t.name for t in view] == ["first", "second", "waits", "waits longer"]
    clock.advance(4)
    s.reprioritize(i, 5)
    assert [t.name for t in view] == ["second", "waits", "first", "waits longer"]
    assert {t.status for t in view} == {TaskStatus.PENDING}


def test_iterating_goes_through_one_snapshot(s: Scheduler) -> None:
    s.add_tasks([(1, "a"), (2, "b"), (3, "c")])
    seen = []
    for task in s.pending_tasks():
        seen.append(task.name)
        s.cancel(3)
        s.add_task(0, "new")
    assert seen == ["a", "b", "c"]


def test_the_table_shows_twenty_rows_and_the_total(s: Scheduler) -> None:
    s.add_task(1, "<b>&", delay=3)
    assert repr(s.pending_tasks()).splitlines() == [
        "1 pending task",
        "id  priority  due     name",
        " 1         1  in 3 s  <b>&",
    ]
    assert "&lt;b&gt;&amp;" in s.pending_tasks()._repr_html_()
    s.add_tasks([(2, f"task {i}") for i in range(30)])
    lines = repr(s.pending_tasks()).splitlines()
    assert lines[0] == "31 pending tasks, the first 20:"
    assert len(lines) == 22
    assert "task 0" in lines[2]
    html = s.pending_tasks()._repr_html_()
    assert html.count("<tr>") == 21
    assert "31 pending tasks" in html


@pytest.mark.parametrize(
    ("delay", "due"),
    [
        (0.25, "in 0.25 s"),
        (119, "in 119 s"),
        (150, "in 2.5 min"),
        (3600, "in 60 min"),
        (4 * 3600, "in 4 h"),
        (36 * 86400, "in 36 d"),
        (10 * 365 * 86400, "in 3,650 d"),
        (1e300, "in 1.16e+295 d"),
    ],
)
def test_the_table_says_when_as_a_person_would(s: Scheduler, delay: float, due: str) -> None:
    s.add_task(1, "t", delay=delay)
    assert due in repr(s.pending_tasks())


def test_the_empty_table_says_so(s: Scheduler) -> None:
    assert repr(s.pending_tasks()) == "0 pending tasks"
    assert s.pending_tasks()._repr_html_() == "<p>0 pending tasks</p>"


def test_the_view_as_a_frame_has_a_row_for_each_task(s: Scheduler) -> None:
    s.add_task(2, "b", delay=3, key="k")
    s.add_task(1, "a")
    frame = s.pending_tasks().to_frame()
    assert frame.name.tolist() == ["a", "b"]
    assert frame.due_in.tolist() == [0.0, 3.0]
    assert frame.id.tolist() == [2, 1]
    assert frame.key.tolist()[1] == "k"


def test_metrics_count_every_task_once(s: Scheduler, clock: VirtualClock) -> None:
    s.add_tasks([(i, f"{i}") for i in range(8)] + [(1, "later", 9)])
    s.complete(s.get_next_task())
    s.fail(s.get_next_task(), "e")
    s.fail(s.get_next_task(), "e", retry_in=1)
    s.get_next_task()
    s.cancel(8)
    m = s.metrics()
    assert (m.added, m.pending, m.ready, m.waiting, m.running) == (9, 5, 3, 2, 1)
    assert (m.succeeded, m.failed, m.cancelled, m.retried, m.dead_letters) == (1, 1, 1, 1, 1)
    clock.advance(1)
    assert (s.metrics().ready, s.metrics().waiting) == (4, 1)


def test_a_task_is_a_read_only_snapshot(s: Scheduler) -> None:
    kwargs = {"sep": "-"}
    i = s.add_task(3, "a", action=print, kwargs=kwargs)
    before = s.task(i)
    kwargs["sep"] = "changed by the caller"
    before.kwargs["sep"] = "changed through the snapshot"
    s.reprioritize(i, 1)
    running = s.get_next_task()
    assert running.kwargs == {"sep": "-"}
    assert (before.priority, before.status, before.attempts) == (3, TaskStatus.PENDING, 0)
    for name in ("id", "name", "status", "priority", "anything"):
        with pytest.raises(AttributeError):
            setattr(running, name, 1)


def test_tasks_are_equal_when_of_the_same_hand_out(s: Scheduler) -> None:
    i = s.add_task(3, "a")
    pending = s.task(i)
    assert pending == s.task(i)
    assert hash(pending) == hash(s.task(i))
    first = s.get_next_task()
    assert first != pending
    assert first == s.task(i)
    assert {first, s.task(i)} == {first}
    assert first != "a"
    s.complete(first)
    assert s.task(i) == first


def test_a_task_shows_its_name(s: Scheduler) -> None:
    s.add_task(1, "Critical Fix")
    task = s.get_next_task()
    assert str(task) == f"{task}" == "%s" % task == "Critical Fix"  # noqa: UP031
    assert f"{task:>14}" == "  Critical Fix"
    assert repr(task) == (
        "Task(id=1, name='Critical Fix', priority=1, run_at=1000.0, status=RUNNING, attempts=1)"
    )


def test_a_task_survives_pickling(s: Scheduler) -> None:
    s.add_task(1, "a", key="k")
    task = s.get_next_task()
    there = pickle.loads(pickle.dumps(task))
    assert there == task
    assert there.key == "k"
    s.complete(there)  # as a process that ran it would report it


def test_a_task_survives_copying_whatever_the_context_of_whoever_added_it(s: Scheduler) -> None:
    context = contextvars.copy_context()
    context.run(contextvars.ContextVar[int]("test").set, 1)
    i = context.run(s.add_task, 1, "a", action=print, args=([1],))
    task = s.get_next_task()
    for duplicate in (pickle.loads(pickle.dumps(task)), copy.deepcopy(task)):
        assert duplicate == task and duplicate.action is print
        assert duplicate.args == ([1],) and duplicate.args[0] is not task.args[0]
    assert s.fail(duplicate, "again", retry_in=0)
    assert [*s.pending_tasks()] == copy.deepcopy([*s.pending_tasks()])
    assert s.get_next_task().id == i


def test_repr_counts(s: Scheduler) -> None:
    s.add_task(1, "a")
    s.add_task(1, "b", delay=1)
    name = type(s).__name__
    assert repr(s) == f"<{name}: 2 pending (1 ready, 1 waiting), 0 running>"


# --- check() itself, of what is in memory ---------------------------------------------------------


def damage_entry_lost(ledger: Any) -> None:
    ledger.queue.load([])


def damage_entry_twice(ledger: Any) -> None:
    ledger.queue.push(ledger.table[1])


def damage_too_early(ledger: Any) -> None:
    ledger.clock = VirtualClock(0.0)


def damage_item_elsewhere(ledger: Any) -> None:
    ledger.table[99] = ledger.table[1]


def damage_unknown_key(ledger: Any) -> None:
    ledger.keys["k"] = 1


def damage_lost_key(ledger: Any) -> None:
    del ledger.keys["kept"]


def damage_history(ledger: Any) -> None:
    ledger.history = ledger.evicts_at = 0


def damage_forgotten_end(ledger: Any) -> None:
    ledger.finished_ids.clear()


def damage_dead_letters(ledger: Any) -> None:
    ledger.dead_ids.clear()


def damage_uncounted_hand_out(ledger: Any) -> None:
    ledger.handed_out += 1


def damage_arrival_twice(ledger: Any) -> None:
    ledger.catch_up = lambda: ledger.clock.now()
    ledger.arrivals.append(ledger.table[1])


def damage_waiting(ledger: Any) -> None:
    ledger.waiting.__init__(ledger.item, ledger.dropped)


def damage_waiting_first(ledger: Any) -> None:
    ledger.waiting.due += 1


def damage_uncounted_tombstone(ledger: Any) -> None:
    ledger.tombstones += 1


@pytest.mark.parametrize(
    "damage",
    [value for name, value in sorted(globals().items()) if name.startswith("damage_")],
    ids=lambda f: f.__name__,
)
@in_memory
def test_check_notices_damage(s: Scheduler, damage: Any) -> None:
    s.add_tasks([(1, "a"), (2, "b"), (3, "c", 5), (3, "d", 7), (3, "e", 9), (0, "f"), (0, "g")])
    s.add_task(5, "h", key="kept")
    s.complete(s.get_next_task())
    s.fail(s.get_next_task(), "e")
    s.check()
    damage(s.ledger)
    with pytest.raises(AssertionError):
        s.check()


def test_check_notices_a_heap_out_of_order() -> None:
    s = HeapScheduler()
    s.add_tasks([(1, "a"), (2, "b")])
    ledger_of(s).queue.heap.reverse()
    with pytest.raises(AssertionError, match="smaller than its parent"):
        s.check()


def test_a_task_that_was_only_shown_is_refused_as_that(s: Scheduler) -> None:
    s.add_task(1, "a")
    for shown in (s.peek_next_task(), s.task(1), next(iter(s.pending_tasks()))):
        with pytest.raises(
            InvalidTransitionError, match=r"task 1 .*was not handed out, only shown"
        ):
            s.complete(shown)
    task = s.get_next_task()
    s.complete(task)
    with pytest.raises(InvalidTransitionError, match=r"this hand-out of task 1 .* is over"):
        s.complete(task)
