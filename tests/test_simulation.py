"""simulate(): the real scheduler in virtual time, exact, repeatable, and nothing lost."""

import asyncio
import json
import math
from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sched import HeapScheduler, RetryPolicy, Scheduler, TaskStatus, VirtualClock
from sched.simulation import simulate
from sched.timeline import Depth, Timeline, Waits

AGAIN = RetryPolicy(max_attempts=3, base=1, jitter="none")


def a_scheduler(*rows: Any, **settings: Any) -> HeapScheduler:
    scheduler = HeapScheduler(clock=VirtualClock(), **settings)
    scheduler.add_tasks(rows)
    return scheduler


def attempts(timeline: Timeline) -> list[Any]:
    return timeline.attempts


def spans(timeline: Timeline) -> list[tuple[str, int, float, float]]:
    return [(a.name, a.worker, a.start, a.end) for a in attempts(timeline)]


# --- by hand, to the letter -----------------------------------------------------------------------


def test_two_workers_take_three_tasks_as_computed_by_hand(s: Scheduler, clock: VirtualClock):
    began = clock.now()
    s.add_tasks([(3, "Mail"), (1, "Fix"), (2, "Pay")])
    timeline = simulate(s, workers=2, service_time=lambda task, _: 1.0 + task.priority)
    assert [(n, w, a - began, b - began) for n, w, a, b in spans(timeline)] == [
        ("Fix", 1, 0.0, 2.0),
        ("Pay", 2, 0.0, 3.0),
        ("Mail", 1, 2.0, 6.0),
    ]
    assert timeline.makespan == 6.0
    assert timeline.utilisation == 9 / 12
    assert timeline.waits_by_priority() == {
        1: Waits(1, 0.0, 0.0, 0.0, 0),
        2: Waits(1, 0.0, 0.0, 0.0, 0),
        3: Waits(1, 2.0, 2.0, 2.0, 0),
    }
    s.check()
    assert clock.now() == began + 6.0


def a_small_day() -> Timeline:
    """A timeout, a retry that comes while all are busy, and an attempt that is not over."""

    def seconds(task: Any, _: Random) -> float:
        return 9.0 if task.name == "Report" else 1.5

    def failure(task: Any, _: Random) -> str | None:
        return "no" if task.name == "Mail" and task.attempts < 3 else None

    scheduler = a_scheduler(
        {"priority": 2, "task_name": "Mail", "retry": AGAIN},
        {"priority": 3, "task_name": "Report", "timeout": 4.0},
        (1, "Fix", 2.0),
        (2.5, "Pay"),
    )
    return simulate(scheduler, 2, seconds, failure, until=8.0)


def test_a_timeline_is_told_to_the_letter():
    head, *lines = repr(a_small_day()).splitlines()
    assert head == (
        "6 attempts at 4 tasks, 2 workers, 8.000 s: "
        "2 succeeded, 2 retrying, 1 failed, 1 running, 1 timed out"
    )
    assert lines == [
        "start    end  worker  priority  task    attempt  outcome    error",
        "0.000  1.500       1         2  Mail          1  retrying   no",
        "0.000  1.500       2       2.5  Pay           1  succeeded",
        (
            "1.500  5.500       1         3  Report        1  failed     "
            "TimeoutError: timed out after 4 s"
        ),
        "2.000  3.500       2         1  Fix           1  succeeded",
        "3.500  5.000       2         2  Mail          2  retrying   no",
        "7.000              1         2  Mail          3  running",
    ]


def test_the_depth_knows_when_a_task_became_ready_while_all_were_busy():
    assert a_small_day().depth() == [
        Depth(0.0, 1, 1, 2),
        Depth(1.5, 0, 2, 1),
        Depth(2.0, 0, 1, 2),
        Depth(2.5, 1, 0, 2),  # Mail is due again; Report and Fix are running
        Depth(3.5, 0, 0, 2),
        Depth(5.0, 0, 1, 1),
        Depth(5.5, 0, 1, 0),
        Depth(7.0, 0, 0, 1),
    ]


def test_the_frame_has_a_row_for_each_attempt():
    pytest.importorskip("pandas")
    frame = a_small_day().to_frame()
    assert [*frame.columns[:4]] == ["id", "name", "priority", "worker"]
    assert frame["wait"].tolist() == [0.0, 0.0, 1.5, 0.0, 1.0, 0.0]
    assert frame["end"].isna().tolist() == [False] * 5 + [True]
    assert len(simulate(a_scheduler()).to_frame()) == 0


def test_a_long_timeline_shows_twenty_rows_and_the_total():
    text = repr(simulate(a_scheduler(*[(1, "t")] * 50)))
    assert text.startswith("50 attempts at 50 tasks, 4 workers, 13.000 s: 50 succeeded; the first")
    assert len(text.splitlines()) == 22


# --- what is promised of every simulation ---------------------------------------------------------

rows = st.lists(
    st.builds(
        lambda at, priority, delay, timeout, attempts: (
            at,
            {
                "priority": priority,
                "task_name": f"p{priority}",
                "delay": delay,
                "timeout": timeout,
                "retry": attempts and RetryPolicy(max_attempts=attempts, base=2),
            },
        ),
        st.sampled_from([0.0, 0.5, 1.0, 7.25]),
        st.integers(1, 3),
        st.sampled_from([None, 0.5, 3.0]),
        st.sampled_from([None, 1.0]),
        st.sampled_from([None, 1, 3]),
    ),
    max_size=25,
)
loads = st.fixed_dictionaries(
    {
        "workers": st.integers(1, 4),
        "service_time": st.sampled_from([0.0, 0.5, lambda task, random: random.expovariate(1.0)]),
        "failure_rate": st.sampled_from([0.0, 0.4, 1.0]),
        "seed": st.integers(0, 99),
        "until": st.sampled_from([None, 0.0, 3.0, 8.0]),
    }
)


def simulated(arrivals: list[Any], load: dict[str, Any]) -> tuple[HeapScheduler, Timeline]:
    scheduler = a_scheduler(*(row for _, row in arrivals[::2]))
    return scheduler, simulate(scheduler, arrivals=arrivals[1::2], **load)


@given(rows, loads)
@settings(deadline=None)
def test_a_simulation_is_the_same_to_the_letter_under_a_seed(arrivals: Any, load: Any):
    (_, one), (_, other) = simulated(arrivals, load), simulated(arrivals, load)
    assert repr(one) == repr(other)
    assert attempts(one) == attempts(other)
    assert one.depth() == other.depth()


@given(rows, loads)
@settings(deadline=None)
def test_every_simulated_task_ends_once_or_is_still_there(arrivals: Any, load: Any):
    scheduler, timeline = simulated(arrivals, load)
    scheduler.check()
    came = [row for _, row in arrivals[::2]]
    came += [row for at, row in arrivals[1::2] if load["until"] is None or at <= load["until"]]
    tries: dict[int, list[Any]] = {}
    for a in attempts(timeline):
        tries.setdefault(a.id, []).append(a)
    pending = {task.id for task in timeline.pending}
    running = {task.id for task in timeline.running}
    assert len(tries.keys() | pending) == len(came)
    assert load["until"] is not None or not (pending | running)
    for i, own in tries.items():
        outcomes = [a.outcome for a in own]
        assert [a.attempt for a in own] == [*range(1, len(own) + 1)]
        assert set(outcomes[:-1]) <= {"retrying"}
        assert (outcomes[-1] == "retrying") == (i in pending)
        assert (outcomes[-1] == "running") == (i in running)
        policy = scheduler.task(i).retry
        limit = policy.max_attempts or 0 if policy else 1
        assert len(own) <= limit
        assert outcomes[-1] != "failed" or len(own) == limit
        assert all(b.start >= a.end for a, b in pairwise(own))
        assert {"succeeded": TaskStatus.SUCCEEDED, "failed": TaskStatus.FAILED}.get(
            outcomes[-1], scheduler.status(i)
        ) is scheduler.status(i)
    m = scheduler.metrics()
    counts = timeline.counts()
    assert [counts[name] for name in ("succeeded", "retrying", "failed", "running")] == [
        m.succeeded,
        m.retried,
        m.failed,
        m.running,
    ]


@given(rows, loads)
@settings(deadline=None)
def test_workers_are_never_more_than_they_are_nor_idle_while_a_task_is_ready(
    arrivals: Any, load: Any
):
    scheduler, timeline = simulated(arrivals, load)
    steps = timeline.depth()
    assert all(0 <= step.running <= load["workers"] for step in steps)
    assert all(step.running == load["workers"] for step in steps if step.ready)
    assert all(step.waiting >= 0 for step in steps)
    m = scheduler.metrics()
    assert steps[-1][1:] == (m.ready, m.waiting, m.running)
    for worker in range(1, load["workers"] + 1):
        own = [a for a in attempts(timeline) if a.worker == worker]
        assert all(b.start >= a.end for a, b in pairwise(own))
    busy = timeline.utilisation * timeline.workers * (timeline.end - timeline.start)
    area = sum(a.running * (b.time - a.time) for a, b in pairwise(steps))
    area += steps[-1].running * (timeline.end - steps[-1].time)
    assert busy == pytest.approx(area)


@given(rows, st.integers(0, 99))
@settings(deadline=None)
def test_one_worker_runs_tasks_in_the_order_of_the_scheduler(arrivals: Any, seed: int):
    _, timeline = simulated(arrivals, {"workers": 1, "service_time": 0.5, "seed": seed})
    for a, later in pairwise(attempts(timeline)):
        ready = [b for b in attempts(timeline) if b.added_at <= a.start and b.run_at <= a.start]
        left = [b for b in ready if b.start >= a.start]
        assert min(left, key=lambda b: (b.priority, b.run_at, b.id)) == a
        assert later.start >= a.start


# --- luck -----------------------------------------------------------------------------------------


def down_until_five(task: Any, random: Random) -> bool:
    return task.started_at < 5 or random.random() < 0.2


def storm(seed: int, workers: int = 50, policy_seed: int | None = None) -> Timeline:
    policy = RetryPolicy(max_attempts=9, base=1, seed=policy_seed)
    rows: list[Any] = [
        {"priority": i % 3, "task_name": f"c{i}", "retry": policy} for i in range(50)
    ]
    return simulate(
        a_scheduler(*rows),
        workers,
        lambda task, random: random.uniform(0.1, 0.5),
        down_until_five,
        seed=seed,
    )


def test_the_seed_decides_all_luck_and_that_of_a_policy_none():
    assert repr(storm(1)) == repr(storm(1, policy_seed=7))
    assert attempts(storm(1)) != attempts(storm(2))


def test_an_attempt_has_the_same_luck_whoever_runs_it_and_when():
    def luck(workers: int, delay: float, scheduler_class: type[Scheduler] = HeapScheduler) -> Any:
        scheduler = scheduler_class(clock=VirtualClock())
        scheduler.add_tasks([(i * 7 % 5, "t", delay * (i % 3)) for i in range(40)])
        timeline = simulate(scheduler, workers, lambda task, random: random.random(), 0.3, seed=4)
        return {a.id: (round(a.end - a.start, 9), a.outcome) for a in attempts(timeline)}

    assert luck(1, 0) == luck(7, 0) == luck(3, 5)


def test_the_share_that_fails_is_the_failure_rate():
    counts = simulate(a_scheduler(*[(1, "t")] * 4000), 8, 1.0, 0.25).counts()
    assert counts["failed"] / 4000 == pytest.approx(0.25, abs=0.03)


def test_jitter_is_full_in_a_simulation_too():
    seconds = [a for a in attempts(storm(1)) if a.attempt == 2]
    firsts = {a.id: a.end for a in attempts(storm(1)) if a.attempt == 1}
    pauses = [a.run_at - firsts[a.id] for a in seconds]
    assert len(set(pauses)) == len(pauses) == 50
    assert 0 <= min(pauses) < 0.1
    assert 0.9 < max(pauses) <= 1


def test_a_policy_of_the_users_own_is_asked_as_it_is():
    class Fixed:
        def allows(self, attempts: int, error: object) -> bool:
            return attempts < 3

        def pause(self, attempts: int) -> float:
            return 10.0 * attempts

    timeline = simulate(
        a_scheduler({"priority": 1, "task_name": "t", "retry": Fixed()}), 1, 1.0, 1.0
    )
    assert [a.start for a in attempts(timeline)] == [0.0, 11.0, 32.0]


def test_a_policy_with_other_arguments_keeps_its_own_pauses_and_draws_under_the_seed():
    class Twice(RetryPolicy):
        def __init__(self, longest: float) -> None:
            super().__init__(max_attempts=2, base=longest)

    def starts(policy: RetryPolicy, seed: int) -> list[float]:
        row = {"priority": 1, "task_name": "t", "retry": policy}
        timeline = simulate(a_scheduler(row), 1, 1.0, 1.0, seed)
        return [a.start for a in attempts(timeline)]

    assert starts(Twice(8.0), 1) == starts(RetryPolicy(2, base=8.0, seed=5), 1)
    assert starts(Twice(8.0), 1) != starts(Twice(8.0), 2)


def test_a_policy_that_draws_by_its_seed_is_given_one_for_each_attempt():
    class Mild(RetryPolicy):
        def pause(self, attempts: int) -> float:
            return Random(self.seed).uniform(0.9, 1.0) * self.longest_pause(attempts)

    def starts() -> list[float]:
        rows = [{"priority": 1, "task_name": "t", "retry": Mild(2, base=8.0)} for _ in range(20)]
        return [a.start for a in attempts(simulate(a_scheduler(*rows), 20, 1.0, 1.0))]

    assert starts() == starts()
    assert len({start for start in starts() if start > 0}) == 20


# --- far away -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [1e12, 1e300])
def test_what_hangs_is_running_at_the_end(seconds: float):
    for service_time in (seconds, lambda task, random: seconds):
        scheduler = a_scheduler((1, "hangs"), (2, "waits"))
        timeline = simulate(scheduler, 1, service_time, until=60.0)
        assert [t.name for t in timeline.running] == ["hangs"]
        assert [t.name for t in timeline.pending] == ["waits"]
        assert timeline.end == 60.0
        scheduler.check()


def test_a_simulation_goes_on_past_the_year_10000():
    far = 1e12 + 0.1
    again = RetryPolicy(2, base=far, cap=1e13, jitter="none")
    rows = [
        {"priority": 1, "task_name": "again", "retry": again},
        {"priority": 1, "task_name": "late", "delay": 3 * far, "timeout": far},
    ]
    luck = {"again": 0.5, "late": 9e99}
    timeline = simulate(a_scheduler(*rows), 1, lambda task, _: luck[task.name], 1.0)
    assert [(a.name, a.attempt) for a in attempts(timeline)] == [
        ("again", 1),
        ("again", 2),
        ("late", 1),
    ]
    starts = [a.start for a in attempts(timeline)]
    assert starts == pytest.approx([0.0, 0.5 + far, 3 * far], abs=1e-3)
    assert timeline.end == pytest.approx(4 * far, abs=1e-3)
    assert attempts(timeline)[2].timed_out and timeline.counts()["failed"] == 2
    assert all(a.start >= a.run_at for a in attempts(timeline))


# --- traffic --------------------------------------------------------------------------------------


def test_tasks_arrive_in_the_course_of_time_in_any_order():
    arrivals = [(4.0, 1, "late"), (1.0, {"priority": 2, "task_name": "early"}), (4.0, 1, "d", 2.5)]
    timeline = simulate(a_scheduler((9, "there")), 1, 2.0, arrivals=arrivals)
    assert spans(timeline) == [
        ("there", 1, 0.0, 2.0),
        ("early", 1, 2.0, 4.0),
        ("late", 1, 4.0, 6.0),
        ("d", 1, 6.5, 8.5),
    ]
    assert [a.added_at for a in attempts(timeline)] == [0.0, 1.0, 4.0, 4.0]


def test_of_what_comes_at_one_instant_the_most_urgent_is_taken():
    arrivals = [(3.0, 3, "c"), (3.0, 1, "a"), (3.0, 2, "b")]
    timeline = simulate(a_scheduler((1, "there")), 1, 3.0, arrivals=arrivals)
    assert [a.name for a in attempts(timeline)] == ["there", "a", "b", "c"]


def test_an_arrival_without_room_is_rejected_and_said():
    arrivals = [(1.0, 1, "x"), (1.0, {"priority": 1, "task_name": "y"}), (5.0, 1, "z")]
    scheduler = a_scheduler((1, "there"), max_pending=1)
    timeline = simulate(scheduler, 1, 2.0, arrivals=arrivals)
    assert timeline.rejected == [(1.0, "y")]
    assert [a.name for a in attempts(timeline)] == ["there", "x", "z"]
    assert timeline.summary().endswith("3 succeeded, 1 rejected")


def test_at_one_instant_attempts_end_before_tasks_arrive():
    task = {"priority": 1, "task_name": "there", "retry": AGAIN}
    scheduler = a_scheduler(task, max_pending=1)
    timeline = simulate(scheduler, 1, 2.0, 1.0, arrivals=[(2.0, 1, "late")])
    assert timeline.rejected == [(2.0, "late")], "the retry has the room by then"


def test_as_many_tasks_are_inside_as_arrive_times_how_long_they_stay():
    """L = lambda W: J. D. C. Little, 1961."""
    random = Random(2)
    arrivals = [(random.uniform(0, 1000), random.randint(1, 5), "t") for _ in range(1000)]
    scheduler = a_scheduler()
    timeline = simulate(scheduler, 2, lambda task, r: r.expovariate(0.7), arrivals=arrivals)
    inside = [(d.ready + d.waiting + d.running, d.time) for d in timeline.depth()]
    area = sum(n * (b - a) for (n, a), (_, b) in pairwise(inside))
    stays = sum(a.end - a.added_at for a in attempts(timeline))
    assert area == pytest.approx(stays)
    assert timeline.utilisation == pytest.approx(1000 / 0.7 / 2 / timeline.end, rel=0.1)


def test_what_starts_is_counted_by_the_second():
    timeline = storm(3)
    starts, retries = timeline.starts(), timeline.starts(retries_only=True)
    assert starts[0] >= 50
    assert sum(starts) == len(attempts(timeline))
    assert sum(retries) == sum(a.attempt > 1 for a in attempts(timeline))
    assert starts[0] - retries[0] == 50
    found = Counter(int(a.start // 2) for a in attempts(timeline))
    assert timeline.starts(per=2.0) == [found[i] for i in range(int(timeline.end // 2) + 1)]


# --- starvation -----------------------------------------------------------------------------------


def stream(aging: float | None) -> Timeline:
    scheduler = HeapScheduler(clock=VirtualClock(), aging=aging)
    scheduler.add_task(5, "Report")
    return simulate(
        scheduler, 1, 1.0, until=200, arrivals=[(float(t), 1, "Alert") for t in range(300)]
    )


def test_a_starving_task_counts_among_the_waits():
    assert stream(None).waits_by_priority()[5] == Waits(1, 200.0, 200.0, 200.0, 1)
    # four levels apart, ten seconds each; the alert of the second 40 goes first among equals
    assert stream(10).waits_by_priority()[5] == Waits(1, 40.0, 40.0, 40.0, 0)


def test_the_95th_of_a_hundred_waits_is_p95():
    waits = simulate(a_scheduler(*[(1, "t")] * 100), 1, 1.0).waits_by_priority()[1]
    assert waits == Waits(100, 49.5, 94.0, 99.0, 0)


# --- stopping -------------------------------------------------------------------------------------


def test_what_runs_at_the_end_can_still_be_ended_by_the_caller():
    scheduler = a_scheduler(*[(i, f"t{i}") for i in range(5)])
    timeline = simulate(scheduler, 2, 10.0, until=15.0)
    assert [t.name for t in timeline.running] == ["t2", "t3"]
    assert [t.name for t in timeline.pending] == ["t4"]
    assert scheduler.clock.now() == timeline.end == 15.0
    scheduler.complete(timeline.running[0])
    assert scheduler.fail(timeline.running[1], "stopped", retry_in=0) is True
    scheduler.check()
    rest = simulate(scheduler, 2, 10.0)
    assert spans(rest) == [("t3", 1, 15.0, 25.0), ("t4", 2, 15.0, 25.0)]
    assert rest.waits_by_priority()[4].max == 0.0, "it waits from the start of the simulation"


def test_what_ends_at_the_moment_of_stopping_has_ended():
    timeline = simulate(a_scheduler((1, "a"), (1, "b")), 1, 5.0, until=10.0)
    assert timeline.counts()["succeeded"] == 2
    assert not timeline.running


def test_a_requeued_dead_letter_is_pending_again_from_then_on():
    scheduler = a_scheduler((1, "poison"))

    def medic(task: Any, _: Random) -> str | None:
        if task.name == "poison":
            return None if scheduler.clock.now() else "bad"
        scheduler.requeue(1)
        return None

    timeline = simulate(scheduler, 1, 2.0, medic, arrivals=[(5.0, 1, "medic")])
    assert [(a.name, a.attempt, a.start) for a in attempts(timeline)] == [
        ("poison", 1, 0.0),
        ("medic", 1, 5.0),
        ("poison", 1, 7.0),
    ]
    assert [d[1:] for d in timeline.depth()] == [
        (0, 0, 1),
        (0, 0, 0),
        (1, 0, 1),
        (0, 0, 1),
        (0, 0, 0),
    ]


def test_an_error_that_a_service_gives_is_not_a_timeout():
    scheduler = a_scheduler({"priority": 1, "task_name": "t", "timeout": 5.0})
    timeline = simulate(scheduler, 1, 5.0, lambda task, _: TimeoutError("gateway"))
    assert attempts(timeline)[0].timed_out is False
    assert attempts(timeline)[0].error == "TimeoutError: gateway"
    assert scheduler.dead_letters()[0].error == "TimeoutError: gateway"


# --- bad input ------------------------------------------------------------------------------------


class Unreadable(float):
    def __float__(self) -> float:
        raise json.JSONDecodeError("no JSON", "doc", 0)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"workers": 0}, ValueError, "workers must be at least 1, got 0"),
        ({"workers": 10**400}, ValueError, "workers must be at most 1000000, got 10000"),
        ({"service_time": asyncio.sleep}, TypeError, "service_time must be a plain function, got"),
        ({"failure_rate": asyncio.sleep}, TypeError, "failure_rate must be a plain function, got"),
        ({"workers": 2.0}, TypeError, "workers must be an int, got 2.0"),
        ({"service_time": -1}, ValueError, "service_time .* >= 0, got -1"),
        ({"service_time": "1"}, TypeError, "service_time .* got '1'"),
        ({"service_time": lambda task, random: math.nan}, ValueError, "service_time.* got nan"),
        ({"failure_rate": 1.5}, ValueError, "failure_rate must be between 0 and 1, got 1.5"),
        ({"failure_rate": -0.5}, ValueError, "failure_rate .* got -0.5"),
        ({"failure_rate": None}, TypeError, "failure_rate .* got None"),
        ({"failure_rate": lambda task, random: 3}, TypeError, "failure_rate.* must return .* 3"),
        ({"seed": None}, TypeError, "seed must be an int, got None"),
        ({"until": -1.0}, ValueError, "until must not be before the clock's 0.0, got -1.0"),
        ({"until": math.inf}, ValueError, "until .* got inf"),
        ({"arrivals": 3}, TypeError, "arrivals must be an iterable of tuples, got 3"),
        ({"arrivals": [(1.0, 1, "a"), "b"]}, TypeError, "arrivals, row 1: must be .* got 'b'"),
        ({"arrivals": [(-1, 1, "a")]}, ValueError, "arrivals, row 0: time must not be .* got -1"),
        ({"arrivals": [(1, math.nan, "a")]}, ValueError, "arrivals, row 0: priority .* nan"),
        ({"arrivals": [(1, {"task_name": "a"})]}, TypeError, "row 0: .*missing.*priority"),
        ({"arrivals": [[*range(10**5)]]}, TypeError, r"row 0: .*got \[0, 1, 2, 3, 4, 5, \.\.\.\]$"),
        ({"arrivals": [(Unreadable(1), 1, "a")]}, ValueError, "arrivals, row 0: no JSON: line 1"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_a_bad_argument_is_refused_by_name_and_value(
    bad: dict[str, Any], error: type[Exception], message: str
):
    scheduler = a_scheduler((1, "there"))
    with pytest.raises(error, match=message):
        simulate(scheduler, **bad)
    scheduler.check()
    if not any(callable(value) for value in bad.values()):
        assert len(scheduler) == 1, "nothing has happened"


def test_a_scheduler_on_a_real_clock_is_refused():
    with pytest.raises(TypeError, match="scheduler must have a VirtualClock.*got clock=<SystemC"):
        simulate(HeapScheduler())
    with pytest.raises(TypeError, match="scheduler must be a Scheduler, got None"):
        simulate(None)
