"""A Monitor: what waited how long, what is late and what is stuck, at no cost to adds and takes."""

import math
import os
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import HeapScheduler, RetryPolicy, Scheduler, VirtualClock, WorkerPool
from sched.histogram import BOUNDS, Histogram, Recorder
from sched.monitor import MOST, Monitor, Snapshot
from tests.test_forks import in_child
from tests.test_threads import PATIENCE, run_together


class Pool:
    """What a Monitor asks of a pool."""

    def __init__(self, workers: int, stuck: int) -> None:
        self.workers, self.stuck = workers, stuck


def seen(histogram: Histogram) -> tuple[list[float], float]:
    """The bounds of the buckets in which observations are, and their sum."""
    pairs = zip((*BOUNDS, math.inf), histogram.counts, strict=True)
    return [bound for bound, n in pairs for _ in range(n)], histogram.total


def run(s: Scheduler, clock: VirtualClock, seconds: float, error: str | None = None) -> None:
    task = s.get_next_task()
    clock.advance(seconds)
    if error is None:
        s.complete(task)
    else:
        s.fail(task, error)


# --- what is seen ---------------------------------------------------------------------------------


def test_waits_lateness_and_runs_are_those_of_the_attempts(s: Scheduler, clock: VirtualClock):
    monitor = Monitor(s)
    s.add_task(1, "at once")
    s.add_task(2, "delayed", delay=10)
    clock.advance(4)
    run(s, clock, 7)  # "at once" waited 4, ran 7
    clock.advance(1)
    run(s, clock, 0.02)  # "delayed" is 2 late
    now = monitor.snapshot()
    assert seen(now.wait) == ([2.5, 5.0], 6.0)
    assert seen(now.lateness) == ([2.5], 2.0)
    bounds, total = seen(now.run)
    assert bounds in ([0.025, 10.0], [0.05, 10.0]) and total == pytest.approx(7.02)
    assert now.at == clock.now()


def test_a_failure_that_is_tried_again_is_an_attempt_too(s: Scheduler, clock: VirtualClock) -> None:
    monitor = Monitor(s)
    s.add_task(1, "a")
    clock.advance(2)
    task = s.get_next_task()
    clock.advance(3)
    s.fail(task, "no", retry_in=5)
    clock.advance(6)
    run(s, clock, 30, "no")
    now = monitor.snapshot()
    assert seen(now.wait) == ([1.0, 2.5], 3.0)
    assert seen(now.lateness) == ([1.0], 1.0)  # the second was due 5 s after the first had failed
    assert seen(now.run) == ([5.0, 30.0], 33.0)
    assert (now.tasks.retried, now.tasks.failed) == (1, 1)


def test_a_timestamp_in_the_past_is_lateness_and_no_wait(s: Scheduler, clock: VirtualClock) -> None:
    monitor = Monitor(s)
    s.add_task(1, "a", run_at=clock.now() - 100)
    clock.advance(1)
    run(s, clock, 1)
    now = monitor.snapshot()
    assert (seen(now.wait), seen(now.lateness)) == (([1.0], 1.0), ([300.0], 101.0))


def test_timeouts_are_counted_by_attempt(s: Scheduler, clock: VirtualClock) -> None:
    monitor = Monitor(s)
    s.add_tasks([(1, "a"), (1, "b"), (1, "c"), (1, "d")])
    s.fail(s.get_next_task(), TimeoutError("timed out after 3 s"))
    s.fail(s.get_next_task(), "TimeoutError: timed out")
    s.fail(s.get_next_task(), ValueError("TimeoutError"))
    task = s.get_next_task()
    s.complete(task)
    assert monitor.snapshot().timeouts == 2
    assert monitor.snapshot().run.count == 4


def test_a_success_after_a_timeout_is_no_second_timeout() -> None:
    s = HeapScheduler(clock=VirtualClock())
    monitor = Monitor(s)
    s.add_task(1, "a", retry=RetryPolicy(max_attempts=3, base=0, jitter="none"))
    s.fail(s.get_next_task(), TimeoutError("too long"))
    assert monitor.snapshot().timeouts == 1
    s.complete(s.get_next_task())
    assert (monitor.snapshot().timeouts, monitor.snapshot().run.count) == (1, 2)


def test_a_task_cancelled_before_it_ran_is_in_no_histogram(s: Scheduler) -> None:
    monitor = Monitor(s)
    s.cancel(s.add_task(1, "a"))
    now = monitor.snapshot()
    assert (now.wait.count, now.run.count, now.tasks.cancelled) == (0, 0, 1)


def test_a_snapshot_counts_as_the_scheduler_does(s: Scheduler, clock: VirtualClock) -> None:
    s.add_tasks([(1, "a"), (2, "b"), (3, "c", 60)])
    pools = Pool(3, 1), Pool(1, 0)
    monitor = Monitor(s, *pools)
    s.get_next_task()
    now = monitor.snapshot()
    assert now.tasks == s.metrics()
    assert (now.workers, now.stuck, now.use) == (4, 1, 0.25)
    assert (Monitor(s).snapshot().workers, Monitor(s).snapshot().use) == (None, None)


def test_a_monitor_sees_what_comes_after_it_and_nothing_once_it_is_closed(s: Scheduler) -> None:
    s.add_tasks([(1, "a"), (1, "b"), (1, "c")])
    s.complete(s.get_next_task())
    with Monitor(s) as monitor:
        s.complete(s.get_next_task())
    s.complete(s.get_next_task())
    monitor.close()
    assert (monitor.snapshot().run.count, monitor.snapshot().tasks.succeeded) == (1, 3)


def test_adds_and_takes_do_nothing_for_a_monitor(s: Scheduler, monkeypatch: pytest.MonkeyPatch):
    def announced(*_: Any, **__: Any) -> None:
        raise AssertionError("adds and takes cost more while there is a monitor")

    Monitor(s)
    with monkeypatch.context() as patch:
        patch.setattr(s, "_announce", announced)
        patch.setattr(s, "_tell", announced)
        s.add_task(1, "a")
        task = s.get_next_task()
    s.complete(task)


def test_a_pool_says_how_many_are_stuck() -> None:
    s = HeapScheduler()
    with WorkerPool(s, workers=2) as pool, Monitor(s, pool) as monitor:
        s.add_tasks([{"priority": 1, "task_name": "a", "action": int}] * 10)
        assert pool.drain(timeout=PATIENCE)
        now = monitor.snapshot()
    assert (now.workers, now.stuck, now.tasks.succeeded, now.run.count) == (2, 0, 10, 10)


def test_threads_that_end_tasks_at_once_lose_no_observation() -> None:
    s = HeapScheduler()
    monitor = Monitor(s)
    s.add_tasks((1, "a") for _ in range(8_000))

    def work(_: int) -> None:
        while (task := s.get_next_task()) is not None:
            s.complete(task)

    run_together(work, threads=4)
    now = monitor.snapshot()
    assert now.wait.count == now.run.count == now.tasks.succeeded == 8_000


def test_what_ends_while_a_snapshot_is_made_is_in_the_next_one() -> None:
    class Meanwhile(list[Any]):
        """Another thread ends a task as soon as somebody reads."""

        def __getitem__(self, place: Any) -> Any:
            read = super().__getitem__(place)
            self.append((0.0, None, 0.0))
            return read

    s = HeapScheduler()
    monitor = Monitor(s)
    monitor._ended = Meanwhile([(0.0, None, 0.0)])
    assert [monitor.snapshot().run.count for _ in range(3)] == [1, 2, 3]


def test_what_has_ended_is_put_into_the_histograms_before_it_is_too_much() -> None:
    s = HeapScheduler()
    monitor = Monitor(s)
    s.add_tasks((1, "a") for _ in range(3 * MOST))
    most = 0
    while (task := s.get_next_task()) is not None:
        s.fail(task, TimeoutError("too long"))
        most = max(most, len(monitor._ended), len(monitor._timed_out))
    assert most < MOST
    now = monitor.snapshot()
    assert now.run.count == now.timeouts == 3 * MOST


def test_what_a_clock_raises_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(VirtualClock):
        broken = False

        def now(self) -> float:
            if self.broken:
                raise OSError("no time")
            return super().now()

    clock = Broken()
    s = HeapScheduler(clock=clock)
    s.subscribe(lambda _: setattr(clock, "broken", True), "retrying")  # told before the monitor
    monitor = Monitor(s)
    s.subscribe(lambda _: setattr(clock, "broken", False), "retrying")
    s.add_task(1, "a")
    assert s.fail(s.get_next_task(), "no", retry_in=0)
    assert "no time" in caplog.text
    s.complete(s.get_next_task())
    assert monitor.snapshot().run.count == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_a_forked_child_a_monitor_can_be_asked() -> None:
    s = HeapScheduler()
    monitor = Monitor(s)
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with monitor._lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()

    def use() -> None:
        s.add_task(1, "a")
        s.complete(s.get_next_task())
        assert monitor.snapshot().run.count == 1

    try:
        assert in_child(use) == 0
    finally:
        over.set()
        thread.join()


# --- histograms -----------------------------------------------------------------------------------

SECONDS = st.lists(st.floats(0, 1e6) | st.sampled_from(BOUNDS), max_size=40)


@given(SECONDS)
def test_a_histogram_counts_each_observation_in_the_bucket_it_belongs_to(seconds: list[float]):
    recorder = Recorder()
    recorder.observe(seconds[:3])
    recorder.observe(seconds[3:])
    histogram = recorder.histogram()
    assert histogram.count == len(seconds)
    assert histogram.total == pytest.approx(sum(seconds))
    for bound, up_to in histogram.cumulative():
        assert up_to == sum(each <= bound for each in seconds)


@given(SECONDS.filter(bool), st.floats(0, 1))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(seconds: list[float], q: float) -> None:
    recorder = Recorder()
    recorder.observe(seconds[:3])
    recorder.observe(seconds[3:])
    estimate = recorder.histogram().quantile(q)
    true = sorted(seconds)[max(0, math.ceil(q * len(seconds)) - 1)]
    edges = [0.0, *BOUNDS, math.inf]
    lower, upper = next((a, b) for a, b in pairwise(edges) if true <= b)
    assert lower <= estimate <= min(upper, BOUNDS[-1])


def test_quantiles_by_hand() -> None:
    recorder = Recorder()
    assert (recorder.histogram().quantile(0.5), recorder.histogram().mean) == (0.0, 0.0)
    recorder.observe([0.3, 1e9, 0.4, 0.45, 0.5])
    histogram = recorder.histogram()
    assert histogram.quantile(0.4) == 0.375  # two of the four between 0.25 and 0.5
    assert (histogram.quantile(0.8), histogram.quantile(1)) == (0.5, 86400.0)
    with pytest.raises(ValueError, match="q must be from 0 to 1, got 95"):
        histogram.quantile(95)
    with pytest.raises(TypeError, match="q must be a finite number >= 0, got '95'"):
        histogram.quantile("95")  # type: ignore[arg-type]


def test_time_that_a_clock_set_back_takes_away_counts_as_none() -> None:
    recorder = Recorder()
    recorder.observe([-5.0])
    assert (recorder.histogram().counts[0], recorder.histogram().total) == (1, 0.0)


# --- tables ---------------------------------------------------------------------------------------


def a_snapshot() -> Snapshot:
    clock = VirtualClock()
    s = HeapScheduler(clock=clock)
    monitor = Monitor(s, Pool(2, 1))
    s.add_tasks([(1, "a"), (2, "b"), (3, "c", 60)])
    clock.advance(1)
    run(s, clock, 4)
    s.get_next_task()
    return monitor.snapshot()


def test_a_snapshot_as_a_frame_has_a_row_for_each_number() -> None:
    frame = a_snapshot().to_frame()
    assert list(frame.columns) == ["metric", "up_to", "value"]
    plain = frame[frame["up_to"].isna()].set_index("metric")["value"].to_dict()
    counts = {"added": 3, "ready": 0, "waiting": 1, "running": 1, "succeeded": 1, "dead_letters": 0}
    assert counts.items() <= plain.items()
    assert {"workers": 2, "stuck": 1, "timeouts": 0, "run_sum": 4.0}.items() <= plain.items()
    runs = frame[frame["metric"] == "run_count"].set_index("up_to")["value"]
    assert (runs[2.5], runs[5.0], runs[math.inf]) == (0, 1, 1)


def test_a_snapshot_in_a_line() -> None:
    assert str(a_snapshot()) == (
        "0 ready, 1 waiting, 1 running of 2; 1 succeeded, 0 failed, 0 cancelled; "
        "0 retried, 0 timed out, 1 stuck; wait p50 0.75 s, p95 0.975 s; "
        "lateness p50 0 s, p95 0 s; run p50 3.75 s, p95 4.88 s"
    )


# --- bad arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Monitor([]), r"scheduler must be a Scheduler, got \[\]"),
        (lambda: Monitor(HeapScheduler(), 4), "pools must be worker pools, got 4"),
        (lambda: Monitor(HeapScheduler(), WorkerPool), "pools must be worker pools, got <class"),
    ],
)
def test_a_bad_argument_is_named(call: Callable[[], Monitor], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_a_monitor_says_what_it_watches() -> None:
    assert repr(Monitor(HeapScheduler())) == (
        "<Monitor of <HeapScheduler: 0 pending (0 ready, 0 waiting), 0 running>>"
    )
