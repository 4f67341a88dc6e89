"""Clocks never run backwards, and a jump of the wall clock stretches no delay."""

import math
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from sched import Clock, HeapScheduler, SystemClock, VirtualClock
from tests.test_machine import Wall
from tests.test_threads import ObservedLock, run_together


def test_the_system_clock_follows_the_wall_clock() -> None:
    wall = iter([1000.1, 1000.1, 1000.7, 1003.3])
    clock = SystemClock(wall.__next__, iter([0.3, 0.3, 0.8, 3.0]).__next__, look_every=0)
    assert [clock.now() for _ in range(3)] == pytest.approx([1000.1, 1000.7, 1003.3], abs=1e-9)


def test_the_system_clock_looks_at_the_wall_clock_now_and_then() -> None:
    looks: list[float] = []
    elapsed = 0.0

    def wall() -> float:
        looks.append(elapsed)
        return 1000.0 + elapsed + (3600 if elapsed > 1 else 0)

    clock = SystemClock(wall, lambda: elapsed, look_every=0.5)
    for tenth in range(20):
        elapsed = tenth / 10
        adopted = elapsed >= 1.5  # the jump, after 1 s, is seen by the next look
        assert clock.now() == pytest.approx(1000.0 + elapsed + (3600 if adopted else 0))
    assert looks == [0.0, 0.5, 1.0, 1.5]


@pytest.mark.parametrize("bad", [{"wall": "x"}, {"monotonic": 7}, {"look_every": -1}], ids=str)
def test_the_system_clock_refuses_bad_settings(bad: dict[str, Any]) -> None:
    ((name, value),) = bad.items()
    with pytest.raises((TypeError, ValueError), match=f"{name}.*got {value!r}"):
        SystemClock(**bad)


def test_a_clock_set_back_stretches_no_delay() -> None:
    hands = Wall()
    s = HeapScheduler(clock=hands.clock())
    s.add_task(1, "in 3 s", delay=3)
    hands.wall -= 3600
    hands.wall += 3
    hands.monotonic += 3
    assert s.get_next_task().name == "in 3 s"


def test_a_forward_jump_is_adopted_and_kept() -> None:
    hands = Wall()
    s = HeapScheduler(clock=hands.clock())
    s.add_task(1, "in an hour", delay=3600)
    hands.wall += 3600
    assert s.get_next_task().name == "in an hour"
    hands.wall -= 3600
    assert s.clock.now() == 3700.0


def test_the_system_clock_stands_still_for_no_rounding() -> None:
    hands = Wall()
    hands.wall = 1.7e9
    clock = hands.clock()
    hands.wall -= 100
    start = clock.now()
    for _ in range(1_000):  # each step is below the rounding of a sum near 1.7e9
        hands.monotonic += 1e-7
        clock.now()
    assert clock.now() - start == pytest.approx(1e-4, rel=0.01)


def test_the_system_clock_rises_in_all_threads() -> None:
    clock = SystemClock()
    latest = [clock.now()]
    lock = threading.Lock()

    def work(number: int) -> None:
        for _ in range(2_000):
            with lock:  # so that readings have an order in time
                latest.append(clock.now())

    run_together(work, threads=4)
    assert latest == sorted(latest)
    assert latest[-1] == pytest.approx(datetime.now(UTC).timestamp(), abs=60)


@pytest.mark.parametrize("name", ["wall", "monotonic"])
@pytest.mark.parametrize("bad", ["1", None, math.nan, math.inf, 1e18])
def test_the_system_clock_names_what_it_was_told_and_does_not_keep_it(name: str, bad: Any) -> None:
    told: dict[str, Any] = {"wall": 1000.0, "monotonic": 0.0}
    clock = SystemClock(lambda: told["wall"], lambda: told["monotonic"], look_every=0)
    before, told[name] = told[name], bad
    with pytest.raises((TypeError, ValueError), match=rf"{name}\(\) must be epoch seconds, got"):
        clock.now()
    told[name] = before
    assert clock.now() == 1000.0


def test_the_virtual_clock_moves_only_when_told() -> None:
    clock = VirtualClock()
    assert clock.now() == clock.now() == 0.0
    clock.advance(2.5)
    clock.advance(0)
    clock.advance_to(10)
    clock.advance_to(10)
    assert clock.now() == 10.0
    assert VirtualClock(datetime(1970, 1, 2, tzinfo=UTC)).now() == 86400.0
    assert repr(clock) == "<VirtualClock: 10.0>"
    assert repr(SystemClock(lambda: 2.0, lambda: 0.0)) == "<SystemClock: 2.000>"


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "1", None, True])
def test_the_virtual_clock_refuses_to_go_back(seconds: Any) -> None:
    clock = VirtualClock(5)
    with pytest.raises((TypeError, ValueError), match="seconds.*got"):
        clock.advance(seconds)
    for t in (4.9, math.nan, "6"):
        with pytest.raises((TypeError, ValueError), match="t must"):
            clock.advance_to(t)
    with pytest.raises((TypeError, ValueError), match="start"):
        VirtualClock(math.nan)
    assert clock.now() == 5.0
    clock.advance(1.7e308)
    with pytest.raises(ValueError, match="seconds must lead to a finite time, got 1e\\+308"):
        clock.advance(1e308)
    assert clock.now() == 1.7e308


class Interrupted(float):
    """A number that lets another thread do its work when it is compared or added to.

    The other thread has then done it, or waits for the lock that the one who computes holds.
    """

    lock: ObservedLock
    others_work: list[Any]
    others: list[threading.Thread] = []  # noqa: RUF012 (all of them, to be waited for)

    def __new__(cls, value: float, lock: ObservedLock, others_work: list[Any]) -> "Interrupted":
        number = super().__new__(cls, value)
        number.lock, number.others_work = lock, others_work
        return number

    def let_another_in(self) -> None:
        if self.others_work:
            other = threading.Thread(target=self.others_work.pop())
            self.others.append(other)
            other.start()
            while other.is_alive() and other not in self.lock.asked:
                time.sleep(0.001)

    @classmethod
    def wait(cls) -> None:
        while cls.others:
            cls.others.pop().join()

    def __add__(self, other: float) -> float:
        self.let_another_in()
        return float(self) + other

    def __sub__(self, other: float) -> float:
        return Interrupted(float(self) - other, self.lock, self.others_work)

    def __gt__(self, other: float) -> bool:
        greater = float(self) > other
        self.let_another_in()
        return greater


def test_a_smaller_jump_never_replaces_a_larger_one_of_another_thread() -> None:
    hands = Wall()
    clock = hands.clock()
    lock = clock._lock = ObservedLock()

    def another_reads_the_clock() -> None:
        hands.wall = 7300.0
        clock.now()

    hands.wall = Interrupted(3700.0, lock, [another_reads_the_clock])
    clock.now()
    Interrupted.wait()
    hands.wall = 0.0  # what was adopted stays
    assert clock.now() == 7300.0


@pytest.mark.parametrize(("move", "end"), [("advance", 11.0), ("advance_to", 10.0)])
def test_no_move_of_a_virtual_clock_undoes_that_of_another_thread(move: str, end: float) -> None:
    clock = VirtualClock()
    lock = clock._lock = ObservedLock()
    clock._time = Interrupted(0.0, lock, [lambda: getattr(clock, move)(10)])
    getattr(clock, move)(1)
    Interrupted.wait()
    assert clock.now() == end


def test_anything_with_now_is_a_clock() -> None:
    assert isinstance(VirtualClock(), Clock)
    assert isinstance(SystemClock(), Clock)
    assert not isinstance(7, Clock)
