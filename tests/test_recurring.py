"""Recurring tasks: at their moments, one at a time, and whatever happens to one, the next."""

import gc
import itertools
import math
import os
import threading
import weakref
from collections.abc import Callable
from contextvars import Context, ContextVar
from fractions import Fraction
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import (
    HeapScheduler,
    RetryPolicy,
    Scheduler,
    TaskEvent,
    TaskStatus,
    VirtualClock,
    WorkerPool,
    every,
    simulate,
)
from sched.durable import SQLiteScheduler, StorageError, action
from sched.entry import details_of
from sched.schedules import Interval
from sched.series import Recurring
from tests.test_forks import in_child
from tests.test_threads import PATIENCE, run_together

ONCE_MORE = RetryPolicy(max_attempts=2, base=5, jitter="none")


@action("tests.recurring.note", retry=ONCE_MORE)
def note(*_: Any) -> None:
    """What a file can name."""


def tidy(s: Scheduler, seconds: float = 60, **options: Any) -> Recurring:
    return every(s, seconds, **{"priority": 3, "task_name": "tidy", **options})


def work(
    s: Scheduler, clock: VirtualClock, until: float, seconds: float = 0.0, error: str | None = None
) -> list[tuple[float, float]]:
    """A loop as a user writes one: what was due when, and when it started."""
    ran = []
    while (due := s.next_run_time()) is not None and due <= until:
        clock.advance_to(max(due, clock.now()))
        task = s.get_next_task()
        assert task is not None
        ran.append((task.run_at, clock.now()))
        clock.advance(seconds)
        if error is None:
            s.complete(task)
        else:
            s.fail(task, error)
    clock.advance_to(max(until, clock.now()))
    s.check()
    return ran


# --- the moments ----------------------------------------------------------------------------------


def test_a_series_runs_at_its_moments_and_never_drifts(s: Scheduler, clock: VirtualClock) -> None:
    series = tidy(s, 60)
    assert series.next_run == 1060.0
    ran = work(s, clock, 1_000 + 60 * 50, seconds=7.3)
    assert ran == [(t, t) for t in (1_000.0 + 60 * n for n in range(1, 51))]
    assert series.next_run == 1_000 + 60 * 51


def test_what_was_missed_is_made_up_for_by_one_run(s: Scheduler, clock: VirtualClock) -> None:
    tidy(s, 60)
    clock.advance(6_030)  # the machine was asleep
    assert len(s) == 1
    assert work(s, clock, clock.now() + 100) == [
        (1060.0, 7030.0),
        (7060.0, 7060.0),
        (7120.0, 7120.0),
    ]


def test_a_run_that_takes_long_piles_nothing_up(s: Scheduler, clock: VirtualClock) -> None:
    series = tidy(s, 60)
    clock.advance(60)
    task = s.get_next_task()
    clock.advance(150)
    assert (s.get_next_task(), len(s)) == (None, 0)  # one at a time
    assert series.next_run == 1240.0  # were it to end now
    s.complete(task)
    assert series.next_run == 1240.0
    assert work(s, clock, 1500, seconds=150) == [(1240.0, 1240.0), (1420.0, 1420.0)]


def test_the_first_moment_is_the_one_given(s: Scheduler, clock: VirtualClock) -> None:
    tidy(s, 60, start=1010)
    assert work(s, clock, 1100) == [(1010.0, 1010.0), (1070.0, 1070.0)]


def test_a_start_in_the_past_sets_the_rhythm_alone(s: Scheduler, clock: VirtualClock) -> None:
    series = tidy(s, 600, start=0)
    assert series.next_run == 1200.0
    assert work(s, clock, 1900) == [(1200.0, 1200.0), (1800.0, 1800.0)]


def test_a_start_that_is_now_counts(s: Scheduler, clock: VirtualClock) -> None:
    tidy(s, 60, start=1000)
    assert work(s, clock, 1070) == [(1000.0, 1000.0), (1060.0, 1060.0)]


@given(
    seconds=st.floats(1e-4, 1e7),
    start=st.floats(-1e9, 4e9),
    passed=st.floats(0, 1e9) | st.integers(0, 10**7),
)
def test_the_next_moment_is_the_first_of_the_rhythm_that_is_still_to_come(
    seconds: float, start: float, passed: float
) -> None:
    interval = Interval(seconds, start, fixed=True)
    # An int: so many moments further, where rounding might find the same one again.
    t = start + (passed * seconds if isinstance(passed, int) else passed)
    moment = interval.after(t)
    n = round((Fraction(moment) - Fraction(start)) / Fraction(seconds))
    assert moment == start + n * seconds
    assert start + (n - 1) * seconds <= t < moment


@pytest.mark.parametrize("seconds", [5e-324, 1e-300, 1e-12])
def test_an_interval_too_short_for_the_clock_still_moves_on(seconds: float) -> None:
    interval = Interval(seconds, 0.0, fixed=True)
    assert 1.7e9 < interval.after(1.7e9) < math.inf


def test_a_thousand_tenths_do_not_drift() -> None:
    clock = VirtualClock(1_764_137_000.123)
    s = HeapScheduler(clock=clock)
    tidy(s, 0.1)
    ran = work(s, clock, clock.now() + 100.05)
    assert [due for due, _ in ran] == [1_764_137_000.123 + 0.1 + n * 0.1 for n in range(1_000)]


# --- whatever happens to an occurrence ------------------------------------------------------------


def test_a_failure_does_not_end_a_series(s: Scheduler, clock: VirtualClock) -> None:
    tidy(s, 60)
    assert len(work(s, clock, 1_000 + 60 * 5, error="no")) == 5
    assert [letter.error for letter in s.dead_letters()] == ["no"] * 5
    assert len(s) == 1


def test_a_loop_that_ends_and_takes_at_once_has_the_next_occurrence(
    s: Scheduler, clock: VirtualClock
) -> None:
    series = tidy(s, 60)
    clock.advance(60)
    assert s.complete_and_get_next_task(s.get_next_task()) is None
    assert (len(s), series.next_run) == (1, 1120.0)


def test_a_retried_occurrence_is_the_same_one(s: Scheduler, clock: VirtualClock) -> None:
    options = {"action": note} if isinstance(s, SQLiteScheduler) else {"retry": ONCE_MORE}
    series = tidy(s, 60, **options)
    clock.advance(60)
    s.fail(s.get_next_task(), "once")
    assert (len(s), series.next_run) == (1, 1065.0)
    clock.advance(5)
    task = s.get_next_task()
    assert (task.attempts, len(s)) == (2, 0)
    s.fail(task, "twice")
    assert (len(s), series.next_run, len(s.dead_letters())) == (1, 1120.0, 1)


def test_a_cancelled_occurrence_is_left_out(s: Scheduler, clock: VirtualClock) -> None:
    series = tidy(s, 60)
    (task,) = s.pending_tasks()
    s.cancel(task.id)
    assert series.next_run == 1120.0
    assert work(s, clock, 1200) == [(1120.0, 1120.0), (1180.0, 1180.0)]


def test_an_occurrence_without_room_is_added_when_there_is(
    scheduler_class: type[Scheduler], clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    s = scheduler_class(clock=clock, max_pending=2)
    series = tidy(s, 60)
    s.add_task(9, "other")
    clock.advance(60)
    task = s.get_next_task()
    s.add_task(9, "another")
    s.complete(task)  # there are two pending, and no room for the next run
    assert "QueueFullError" in caplog.text
    assert series.next_run == 1120.0
    other = s.get_next_task()
    assert [t.name for t in s.pending_tasks()] == ["another", "tidy"]
    s.complete(other)
    assert work(s, clock, 1180)[-1] == (1180.0, 1180.0)


def test_what_could_not_be_added_is_tried_again_and_heard_of_once(
    s: Scheduler,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: Any) -> Any:
        raise OSError("the disk is full")

    series = tidy(s, 60)
    s.add_tasks([(9, "a"), (9, "b")])
    clock.advance(60)
    task = s.get_next_task()
    monkeypatch.setattr(s.ledger, "add_keyed", full)
    s.complete(task)
    s.complete(s.get_next_task())
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        "the disk is full"
    ]
    assert (len(s), series.next_run) == (1, 1120.0)
    monkeypatch.undo()
    s.get_next_task()
    assert (len(s), series.next_run, series.stopped) == (1, 1120.0, False)
    assert len(work(s, clock, 1300)) == 4


def test_once_nothing_is_owed_nothing_is_tried(
    s: Scheduler, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError("the disk is full")

    series = tidy(s, 60)
    s.add_task(9, "a")
    clock.advance(60)
    task = s.get_next_task()
    with monkeypatch.context() as patch:
        patch.setattr(s.ledger, "add_keyed", full)
        s.complete(task)
    s.complete(s.get_next_task())
    assert len(s) == 1
    series.stop()
    assert not s._subscribers


def test_after_an_interrupt_whoever_asks_has_the_next_one_added(
    s: Scheduler, clock: VirtualClock
) -> None:
    def interrupt(_: TaskEvent) -> None:
        raise KeyboardInterrupt

    unsubscribe = s.subscribe(interrupt, "succeeded")  # told before the series is
    series = tidy(s, 60)
    clock.advance(60)
    with pytest.raises(KeyboardInterrupt):
        s.complete(s.get_next_task())
    unsubscribe()
    assert len(s) == 0
    assert (series.next_run, len(s)) == (1120.0, 1)


def test_an_interrupt_while_the_next_one_is_added_hides_it_from_nobody(
    s: Scheduler, clock: VirtualClock
) -> None:
    def interrupt(_: TaskEvent) -> None:
        raise KeyboardInterrupt

    series = tidy(s, 60)
    clock.advance(60)
    task = s.get_next_task()
    unsubscribe = s.subscribe(interrupt, "added")
    with pytest.raises(KeyboardInterrupt):
        s.complete(task)
    unsubscribe()
    assert len(s) == 1  # it was added, and the series does not know its id
    series.stop()
    assert len(s) == 0


def test_a_series_goes_on_though_nobody_has_its_handle(s: Scheduler, clock: VirtualClock) -> None:
    tidy(s, 60)
    gc.collect()
    assert len(work(s, clock, 1300)) == 5


def test_with_no_history_a_series_goes_on(scheduler_class: type[Scheduler], clock: VirtualClock):
    s = scheduler_class(clock=clock, history=0)
    series = tidy(s, 60)
    assert len(work(s, clock, 1300)) == 5
    series.stop()
    assert len(s) == 0


def test_a_series_in_simulated_time(s: Scheduler, clock: VirtualClock) -> None:
    tidy(s, 60)
    timeline = simulate(s, workers=2, service_time=70, failure_rate=0.5, seed=3, until=2030)
    assert [a.start for a in timeline.attempts] == [1060.0 + 120 * n for n in range(9)]
    assert {a.outcome for a in timeline.attempts} == {"succeeded", "failed", "running"}


# --- stopping and replacing -----------------------------------------------------------------------


def test_a_stopped_series_leaves_nothing_behind(s: Scheduler, clock: VirtualClock) -> None:
    series = tidy(s, 60)
    work(s, clock, 1070)
    assert not series.stopped
    series.stop()
    series.stop()
    assert (series.stopped, series.next_run, len(s)) == (True, None, 0)
    assert work(s, clock, 2000) == []
    assert not s._subscribers, "while there is no series, nobody pays for any"


def test_a_series_stopped_while_it_runs_ends_with_that_run(s: Scheduler, clock: VirtualClock):
    series = tidy(s, 60)
    clock.advance(60)
    task = s.get_next_task()
    series.stop()
    s.complete(task)
    assert (s.status(task.id), len(s)) == (TaskStatus.SUCCEEDED, 0)


def test_a_series_stopped_in_the_midst_of_an_add_leaves_nothing_pending(
    s: Scheduler, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = tidy(s, 60)
    clock.advance(60)
    task, add = s.get_next_task(), s.ledger.add_keyed

    def add_late(*given: Any) -> Any:
        monkeypatch.undo()
        series.stop()  # another thread's, which knows nothing of what is being added
        return add(*given)

    monkeypatch.setattr(s.ledger, "add_keyed", add_late)
    s.complete(task)
    assert (len(s), series.next_run) == (0, None)


def test_a_series_of_the_same_key_replaces_the_earlier_one(s: Scheduler, clock: VirtualClock):
    old = tidy(s, 60)
    clock.advance(10)
    new = tidy(s, 60, priority=7)
    assert (old.stopped, old.next_run, new.next_run) == (True, None, 1060.0)  # the rhythm goes on
    assert [(t.run_at, t.priority) for t in s.pending_tasks()] == [(1060.0, 7)]
    old.stop()
    assert [(t.run_at, t.priority) for t in s.pending_tasks()] == [(1060.0, 7)]
    assert [due for due, _ in work(s, clock, 1200)] == [1060.0, 1120.0, 1180.0]
    assert s.metrics().cancelled == 1


def test_what_is_the_same_is_left_where_it_is(s: Scheduler, clock: VirtualClock) -> None:
    old = tidy(s, 60)
    (before,) = s.pending_tasks()
    new = tidy(s, 60)
    old.stop()
    (after,) = s.pending_tasks()
    assert (before.id, s.metrics().cancelled, new.next_run) == (after.id, 0, 1060.0)


def test_a_shorter_interval_does_not_wait_for_the_longer_one(s: Scheduler, clock: VirtualClock):
    tidy(s, 3600)
    tidy(s, 60)
    assert work(s, clock, 1070) == [(1060.0, 1060.0)]
    tidy(s, 100, start=1100)
    assert work(s, clock, 1210) == [(1100.0, 1100.0), (1200.0, 1200.0)]


def test_a_series_begun_while_the_earlier_one_runs_waits_for_its_end(
    s: Scheduler, clock: VirtualClock
) -> None:
    tidy(s, 60)
    clock.advance(60)
    task = s.get_next_task()
    series = tidy(s, 100)
    assert len(s) == 0
    s.complete(task)
    assert (len(s), series.next_run) == (1, 1160.0)


def test_two_names_are_two_series_and_two_schedulers_too(s: Scheduler, clock: VirtualClock) -> None:
    other = HeapScheduler(clock=clock)
    a, b, c = tidy(s), tidy(s, task_name="mail"), tidy(other)
    assert (a.key, b.key, c.key) == ("recurring: tidy", "recurring: mail", "recurring: tidy")
    assert (len(s), len(other)) == (2, 1)
    a.stop()
    assert (len(s), len(other)) == (1, 1)
    assert len(work(s, clock, 1130)) == 2


def test_a_task_of_another_key_has_nothing_to_do_with_it(s: Scheduler, clock: VirtualClock) -> None:
    series = tidy(s, 60)
    s.add_task(1, "tidy", key="tidy")
    s.complete(s.get_next_task())
    assert (len(s), series.next_run) == (1, 1060.0)


# --- in a file ------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


def test_a_restart_goes_on_with_the_occurrence_in_the_file(path: Path, clock: VirtualClock):
    with SQLiteScheduler(path, clock=clock) as s:
        tidy(s, 60, action=note, args=(1, [2]))
    with SQLiteScheduler(path, clock=clock) as s:
        series = tidy(s, 60, action=note, args=(1, [2]))
        assert (len(s), series.next_run) == (1, 1060.0)


def test_what_was_missed_while_nobody_had_the_file_runs_once(path: Path, clock: VirtualClock):
    with SQLiteScheduler(path, clock=clock) as s:
        tidy(s, 60, action=note)
    clock.advance(600)
    with SQLiteScheduler(path, clock=clock) as s:
        tidy(s, 60, action=note, args=(2,))
        assert [(t.run_at, t.args) for t in s.pending_tasks()] == [(1060.0, (2,))]
        assert work(s, clock, 1700) == [(1060.0, 1600.0), (1660.0, 1660.0)]


def test_without_a_new_series_the_occurrence_in_the_file_runs_and_is_the_last(
    path: Path, clock: VirtualClock
) -> None:
    with SQLiteScheduler(path, clock=clock) as s:
        tidy(s, 60, action=note)
    with SQLiteScheduler(path, clock=clock) as s:
        assert work(s, clock, 1700) == [(1060.0, 1060.0)]


def test_an_occurrence_that_ended_with_its_process_has_a_next_one(path: Path, clock: VirtualClock):
    with SQLiteScheduler(path, clock=clock) as s:
        tidy(s, 60, action=note).stop()
    with SQLiteScheduler(path, clock=clock) as s:
        assert tidy(s, 60, action=note).next_run == 1060.0


def test_an_occurrence_that_kills_the_process_does_not_do_so_for_ever(
    path: Path, clock: VirtualClock
) -> None:
    for attempt in range(6):
        with SQLiteScheduler(path, clock=clock) as s:
            every(s, 60, priority=1, task_name="poison", kwargs={"n": attempt}, action=bare)
            clock.advance(60)
            task = s.get_next_task()
            assert task.attempts == attempt + 1
    with SQLiteScheduler(path, clock=clock) as s:  # closed in mid-run six times
        series = every(s, 60, priority=1, task_name="poison", action=bare)
        assert [letter.name for letter in s.dead_letters()] == ["poison"]
        assert (len(s), series.next_run) == (1, 1420.0)


@action("tests.recurring.bare")
def bare(**_: Any) -> None:
    """One without a policy."""


def test_an_action_that_no_file_can_name_is_refused(path: Path, clock: VirtualClock) -> None:
    with SQLiteScheduler(path, clock=clock) as s:
        with pytest.raises(ValueError, match="action must be registered"):
            tidy(s, action=lambda: None)
        assert len(s) == 0


def test_a_series_keeps_no_scheduler_alive(path: Path, clock: VirtualClock) -> None:
    s = SQLiteScheduler(path, clock=clock)
    series, there = tidy(s, action=note), weakref.ref(s)
    gc.disable()
    try:
        del s
        assert there() is None
    finally:
        gc.enable()
    assert series.next_run is None
    series.stop()
    with SQLiteScheduler(path, clock=clock) as s:  # it was let go, with what was pending
        assert len(s) == 1


def test_to_stop_a_series_after_its_file_is_closed_is_an_error(path: Path, clock: VirtualClock):
    with SQLiteScheduler(path, clock=clock) as s:
        series = tidy(s, action=note)
    with pytest.raises(StorageError, match="closed"):
        series.stop()
    assert series.stopped


# --- with workers and threads ---------------------------------------------------------------------


def test_a_pool_runs_a_series_whatever_its_action_raises() -> None:
    s = HeapScheduler()
    runs: SimpleQueue[int] = SimpleQueue()
    numbers = itertools.count()

    def act() -> None:
        number = next(numbers)
        runs.put(number)
        raise (SystemExit, ValueError, KeyboardInterrupt)[number % 3](number)

    with WorkerPool(s, workers=3) as pool:
        series = tidy(s, 0.001, action=act)
        assert [runs.get(timeout=PATIENCE) for _ in range(30)] == list(range(30))
        series.stop()
        assert pool.drain(timeout=PATIENCE)
        assert (len(s), s.metrics().succeeded) == (0, 0)
    assert s.metrics().failed == next(numbers)


@pytest.mark.parametrize("executor", ["thread", "async"])
def test_a_coroutine_recurs(executor: str) -> None:
    s = HeapScheduler()
    runs: SimpleQueue[None] = SimpleQueue()

    async def act() -> None:
        runs.put(None)
        raise ValueError("no")

    with WorkerPool(s, workers=2, executor=executor) as pool:
        series = tidy(s, 0.001, action=act)
        for _ in range(5):
            runs.get(timeout=PATIENCE)
        series.stop()
        assert pool.drain(timeout=PATIENCE)
    assert s.metrics().failed >= 5


def test_each_run_has_the_context_of_whoever_began_the_series() -> None:
    user: ContextVar[str] = ContextVar("user", default="nobody")
    seen: SimpleQueue[str] = SimpleQueue()

    def act() -> None:
        seen.put(user.get())
        user.set("whoever ran before")

    s = HeapScheduler()
    with WorkerPool(s, workers=2):
        token = user.set("ada")
        named = tidy(s, 0.001, action=act)
        user.reset(token)
        assert [seen.get(timeout=PATIENCE) for _ in range(5)] == ["ada"] * 5
        named.stop()


def test_a_series_begun_without_a_context_gets_none_on_the_way(clock: VirtualClock) -> None:
    user: ContextVar[str] = ContextVar("user")
    s = HeapScheduler(clock=clock)
    Context().run(tidy, s, 60, action=int)
    clock.advance(60)
    task = s.get_next_task()
    user.set("ada")
    s.complete(task)
    (following,) = s.pending_tasks()
    assert details_of(following.entry).context is None


def test_an_action_can_stop_its_own_series() -> None:
    s = HeapScheduler()
    done: SimpleQueue[None] = SimpleQueue()

    def act() -> None:
        series.stop()
        done.put(None)

    with WorkerPool(s, workers=2) as pool:
        series = tidy(s, 0.01, action=act)
        done.get(timeout=PATIENCE)
        assert pool.drain(timeout=PATIENCE)
    assert (s.metrics().added, s.metrics().succeeded) == (1, 1)


def test_a_series_stopped_while_workers_run_it_leaves_nothing_pending() -> None:
    s = HeapScheduler()
    with WorkerPool(s, workers=4) as pool:
        for _ in range(200):
            series = tidy(s, 1e-6, action=int)
            series.stop()
            assert pool.drain(timeout=PATIENCE)
            assert (len(s), series.next_run) == (0, None)
    assert not s.dead_letters()


def test_threads_that_begin_one_series_at_once_have_one(clock: VirtualClock) -> None:
    for _ in range(50):
        s = HeapScheduler(clock=clock)
        handles: list[Recurring] = []

        def begin(_: int, s: Scheduler = s, handles: list[Recurring] = handles) -> None:
            handles.append(tidy(s, 60))

        run_together(begin, threads=4)
        assert len(s) == 1
        assert len([h for h in handles if not h.stopped]) == 1
        ran = work(s, clock, clock.now() + 130)
        assert len(ran) == 2
        for handle in handles:
            handle.stop()
        assert len(s) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_a_forked_child_a_series_goes_on_in_its_copy(clock: VirtualClock) -> None:
    s = HeapScheduler(clock=clock)
    series = tidy(s, 60)
    lock = series._calendar.lock
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()

    def use() -> None:
        assert len(work(s, clock, 1200)) == 3
        series.stop()
        assert len(s) == 0

    try:
        assert in_child(use) == 0
    finally:
        over.set()
        thread.join()
    assert series.next_run == 1060.0


# --- bad arguments --------------------------------------------------------------------------------

BAD: dict[str, tuple[Callable[[Scheduler], Any], type[Exception], str]] = {
    "no scheduler": (
        lambda s: every([], 60, priority=1, task_name="a"),
        TypeError,
        r"scheduler must be a Scheduler, got \[\]",
    ),
    "no seconds": (
        lambda s: tidy(s, 0),
        ValueError,
        "seconds must be a finite number of seconds > 0, got 0",
    ),
    "less than none": (lambda s: tidy(s, -1), ValueError, "seconds must be .* > 0, got -1"),
    "not a number": (lambda s: tidy(s, math.nan), ValueError, "seconds must be .* > 0, got nan"),
    "without end": (lambda s: tidy(s, math.inf), ValueError, "seconds must be .* > 0, got inf"),
    "words": (lambda s: tidy(s, "60"), TypeError, "seconds must be .* > 0, got '60'"),
    "for ages": (lambda s: tidy(s, 1e15), ValueError, "seconds must end before the year 10000"),
    "no start": (
        lambda s: tidy(s, start="noon"),
        TypeError,
        "start must be epoch seconds .*'noon'",
    ),
    "a key": (lambda s: tidy(s, key=7), TypeError, "key must be a str or None, got 7"),
    "an empty key": (lambda s: tidy(s, key=""), ValueError, "key must not be empty"),
    "a name": (lambda s: tidy(s, task_name=""), ValueError, "task_name must not be empty"),
    "a priority": (lambda s: tidy(s, priority="high"), TypeError, "priority must be .*'high'"),
    "an action": (lambda s: tidy(s, action=3), TypeError, "action must be callable, got 3"),
    "only args": (lambda s: tidy(s, args=(1,)), TypeError, "args must come with an action"),
    "a timeout": (lambda s: tidy(s, timeout=0), ValueError, "timeout must be .* > 0, got 0"),
    "a retry": (lambda s: tidy(s, retry=3), TypeError, "retry must be a RetryPolicy, got 3"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_argument_is_named_and_changes_nothing(
    case: str, s: Scheduler, clock: VirtualClock
) -> None:
    call, error, message = BAD[case]
    series = tidy(s, 60)
    with pytest.raises(error, match=message):
        call(s)
    assert (len(s), series.stopped, series.next_run) == (1, False, 1060.0)


def test_a_series_says_what_it_is(s: Scheduler) -> None:
    series = tidy(s, 60)
    assert repr(series) == "<Recurring 'tidy': every 60 s>"
    series.stop()
    assert repr(series) == "<Recurring 'tidy': every 60 s, stopped>"
