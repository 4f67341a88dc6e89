"""Retries: bounded, spread in time, and never for what is not worth another attempt."""

import copy
import math
import pickle
from fractions import Fraction
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import HeapScheduler, RetryPolicy, Scheduler, TaskStatus, VirtualClock
from tests.schedulers import in_memory


def test_pauses_double_up_to_the_cap() -> None:
    policy = RetryPolicy(max_attempts=9, base=1, factor=2, cap=10, jitter="none")
    assert [policy.pause(n) for n in range(1, 7)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@given(
    attempts=st.integers(1, 10_000),
    base=st.floats(0, 1e9),
    factor=st.floats(1, 1e9),
    cap=st.floats(0, 1e9),
    jitter=st.sampled_from(["full", "none"]),
)
def test_a_pause_is_never_longer_than_the_cap(
    attempts: int, base: float, factor: float, cap: float, jitter: Any
) -> None:
    policy = RetryPolicy(base=base, factor=factor, cap=cap, jitter=jitter)
    longest = policy.longest_pause(attempts)
    assert 0 <= policy.pause(attempts) <= longest <= cap
    exact = Fraction(base) * Fraction(factor) ** (attempts - 1)
    assert longest == pytest.approx(float(min(exact, Fraction(cap))), rel=1e-6)


@pytest.mark.parametrize(
    ("base", "factor", "attempts", "cap", "longest"),
    [
        (5e-324, 2, 1025, 60, 2.0**-50),
        (5e-324, 2, 2000, 60, 60),
        (5e-324, 1e300, 3, 1e308, 5e-324 * 1e300 * 1e300),
        (1e-307, 10, 310, 1e3, 1e2),
        (1e-300, 2, 1025, 1e308, 1e-300 * 2.0**512 * 2.0**512),
        (5e-324, 2, 10**9, 5e-324, 5e-324),
        (5e-324, 2, 10**9, 0, 0),
        (0, 1e300, 10**9, 60, 0),
    ],
)
def test_a_pause_is_exact_where_its_power_overflows(
    base: float, factor: float, attempts: int, cap: float, longest: float
) -> None:
    policy = RetryPolicy(base=base, factor=factor, cap=cap, jitter="none")
    assert policy.pause(attempts) == pytest.approx(longest, rel=1e-6, abs=0)


def test_attempt_ten_thousand_pauses_for_the_cap() -> None:
    assert RetryPolicy(jitter="none").pause(10_000) == 60.0
    assert 0 <= RetryPolicy().pause(10_000) <= 60.0


def test_full_jitter_spreads_evenly_from_zero() -> None:
    policy = RetryPolicy(base=8, seed=1)
    pauses = [policy.pause(1) for _ in range(4_000)]
    assert fmean(pauses) == pytest.approx(4, abs=0.2)
    assert min(pauses) < 0.1
    assert max(pauses) > 7.9


def test_a_seed_makes_the_pauses_repeatable() -> None:
    def pauses(seed: int | None) -> list[float]:
        policy = RetryPolicy(seed=seed)
        return [policy.pause(n) for n in range(1, 20)]

    assert pauses(3) == pauses(3)
    assert pauses(3) != pauses(4)
    assert pauses(None) != pauses(None)


@pytest.mark.parametrize("seed", [None, 7])
def test_copies_of_a_policy_draw_different_jitter(seed: int | None) -> None:
    """One unpickled in each of many processes, say. With a seed they agree: it asks for that."""
    policy = RetryPolicy(seed=seed)
    stored = pickle.dumps(policy)
    copies = [*(pickle.loads(stored) for _ in range(3)), copy.deepcopy(policy), policy]
    assert len({each.pause(9) for each in copies}) == (5 if seed is None else 1)
    assert {*copies} == {policy}


def test_without_a_limit_a_task_is_tried_for_ever(s: Scheduler, clock: VirtualClock) -> None:
    i = s.add_task(1, "t", retry=RetryPolicy(max_attempts=None, base=1, cap=1, jitter="none"))
    for attempt in range(1, 51):
        clock.advance(1)
        assert s.fail(s.get_next_task(), "e") is True
        assert s.task(i).attempts == attempt
    assert RetryPolicy(max_attempts=None).allows(10**9, "e")


def test_a_task_fails_for_good_after_its_last_attempt(s: Scheduler, clock: VirtualClock) -> None:
    policy = RetryPolicy(max_attempts=3, base=2, jitter="none")
    i = s.add_task(1, "t", retry=policy)
    assert s.task(i).retry == policy
    outcomes = []
    for pause in (2, 4, 0):
        task = s.get_next_task()
        outcomes.append((task.attempts, s.fail(task, ValueError("no"))))
        s.check()
        if pause:
            assert s.next_run_time() == clock.now() + pause
        clock.advance(pause)
    assert outcomes == [(1, True), (2, True), (3, False)]
    assert s.status(i) is TaskStatus.FAILED
    assert [t.id for t in s.dead_letters()] == [i]
    assert s.metrics().retried == 2


def test_a_requeued_task_has_all_its_attempts_again(s: Scheduler) -> None:
    i = s.add_task(1, "t", retry=RetryPolicy(max_attempts=2, base=0))
    assert [s.fail(s.get_next_task(), "e") for _ in range(2)] == [True, False]
    s.requeue(i)
    assert [s.fail(s.get_next_task(), "e") for _ in range(2)] == [True, False]


def test_a_new_priority_leaves_the_attempts_counted(s: Scheduler) -> None:
    i = s.add_task(1, "t", retry=RetryPolicy(max_attempts=2, base=0))
    assert s.fail(s.get_next_task(), "e") is True
    assert s.reprioritize(i, 0)
    assert (s.task(i).attempts, s.task(i).error) == (1, "e")
    assert s.fail(s.get_next_task(), "e") is False


def test_the_limit_of_the_policy_holds_for_a_given_pause(s: Scheduler, clock: VirtualClock) -> None:
    s.add_task(1, "t", retry=RetryPolicy(max_attempts=2))
    assert s.fail(s.get_next_task(), "e", retry_in=7) is True
    assert s.next_run_time() == clock.now() + 7
    clock.advance(7)
    assert s.fail(s.get_next_task(), "e", retry_in=7) is False


@in_memory
def test_only_the_errors_named_are_retried(s: Scheduler) -> None:
    policy = RetryPolicy(
        max_attempts=9,
        base=0,
        retry_on=(OSError, KeyboardInterrupt),
        give_up_on=(FileNotFoundError,),
    )
    for error, again in [
        (OSError("x"), True),
        (ConnectionError("x"), True),
        (KeyboardInterrupt(), True),
        (FileNotFoundError("x"), False),
        (ValueError("x"), False),
        (SystemExit(1), False),
        ("a text", False),
    ]:
        s.add_task(1, "t", retry=policy)
        task = s.get_next_task()
        assert s.fail(task, error) is again, error
        if again:
            s.cancel(task.id)


def test_a_text_counts_as_an_exception(s: Scheduler) -> None:
    s.add_task(1, "t", retry=RetryPolicy(base=0))
    assert s.fail(s.get_next_task(), "a text") is True


def test_a_policy_runs_without_the_lock() -> None:
    s = HeapScheduler()

    class Nosy(RetryPolicy):
        def allows(self, attempts: int, error: object) -> bool:
            return len(s) == 0 and super().allows(attempts, error)

        def pause(self, attempts: int) -> float:
            return float(len(s))

    s.add_task(1, "t", retry=Nosy())
    assert s.fail(s.get_next_task(), "e") is True


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"max_attempts": 0}, "max_attempts.*got 0"),
        ({"max_attempts": 2.0}, "max_attempts.*got 2.0"),
        ({"max_attempts": True}, "max_attempts.*got True"),
        ({"max_attempts": -1}, "max_attempts.*, or None to retry for .*got -1"),
        ({"base": -1}, "base.*got -1"),
        ({"base": math.nan}, "base.*got nan"),
        ({"factor": 0.5}, "factor.*>= 1, got 0.5"),
        ({"factor": "2"}, "factor.*got '2'"),
        ({"cap": -1}, "cap.*got -1"),
        ({"cap": "60"}, "cap.*got '60'"),
        ({"cap": math.inf}, r"cap.*\(a very large one for pauses that grow .*got inf"),
        ({"jitter": "some"}, "jitter.*got 'some'"),
        ({"retry_on": "OSError"}, "retry_on.*got 'OSError'"),
        ({"retry_on": (int,)}, "retry_on.*int"),
        ({"give_up_on": (OSError("x"),)}, "give_up_on.*OSError"),
        ({"seed": "7"}, "seed.*got '7'"),
    ],
    ids=str,
)
def test_a_policy_refuses_bad_settings(bad: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        RetryPolicy(**bad)


def test_one_class_needs_no_tuple() -> None:
    assert RetryPolicy(retry_on=OSError).retry_on == (OSError,)  # type: ignore[arg-type]


@pytest.mark.parametrize("attempts", [None, True, 1.0, 0, -1])
def test_a_pause_names_the_attempts_that_it_is_not_asked_for(attempts: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=f"attempts must be .*got {attempts}"):
        RetryPolicy().pause(attempts)
