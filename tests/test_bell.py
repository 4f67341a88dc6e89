"""Bells: a wait ends when somebody rings or when its time is over, whatever disturbs it."""

import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from sched.bell import Bell
from tests.test_threads import PATIENCE


def test_a_ring_ends_one_wait_and_is_kept_for_one_that_comes_later() -> None:
    bell = Bell()
    for _ in range(3):
        bell.ring()
    bell.wait(PATIENCE)
    start = time.monotonic()
    bell.wait(0.01)
    assert time.monotonic() - start >= 0.01


@pytest.fixture
def _two_signals() -> Iterator[None]:
    """The handler of the first takes longer than the wait; the second comes if that never ends."""
    signals: list[int] = []

    def handle(number: int, _frame: object) -> None:
        signals.append(number)
        assert len(signals) == 1, "it still waits"
        time.sleep(0.3)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.05, PATIENCE)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs SIGALRM")
@pytest.mark.usefixtures("_two_signals")
def test_a_wait_ends_in_time_although_a_signal_disturbs_it() -> None:
    Bell().wait(0.2)


def test_a_wait_ends_in_time_although_others_are_faster() -> None:
    bell, over = Bell(), threading.Event()
    waits = [0] * 4

    def work(number: int) -> None:
        while not over.is_set():
            bell.wait(0.0005 * (number + 1))
            waits[number] += 1

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    crew = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(4)]
    try:
        for thread in crew:
            thread.start()
        for _ in range(300):
            bell.ring()
            time.sleep(0.0003)
        over.set()  # and nobody rings any more
        for thread in crew:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in crew), "it still waits"
    finally:
        sys.setswitchinterval(interval)
    assert min(waits) > 1
