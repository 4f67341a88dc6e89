"""The shop of notebook 08: a night that is the same each time, and a pool that is always left."""

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))  # where `lab` is

from lab import shop
from sched import HeapScheduler, SystemClock, TaskStatus, Timeline, VirtualClock, WorkerPool
from sched.workers import current_task, time_left


def played(start: float = 0.0, **how: Any) -> Timeline:
    return shop.night(HeapScheduler(clock=VirtualClock(start)), **how)


def test_a_night_is_the_same_each_time_and_whenever_it_begins() -> None:
    first, again, later = played(), played(), played(start=1000.0)
    assert first.attempts == again.attempts
    assert [a.name for a in first.attempts] == [a.name for a in later.attempts]
    assert later.attempts[0].start == first.attempts[0].start + 1000


def test_only_the_stuck_payments_are_still_running_and_nothing_waits() -> None:
    night = played()
    assert tuple(task.name for task in night.running) == shop.STUCK
    assert night.pending == []
    assert [a for a in night.attempts if a.outcome == "failed"] == []
    assert [a for a in night.attempts if a.outcome == "retrying"]


def test_with_levels_a_payment_does_not_wait_for_the_newsletter() -> None:
    assert shop.longest_wait(levels=True) < 12  # for what runs: no task is interrupted
    assert shop.longest_wait(levels=False) > 200


def test_what_is_in_a_file_is_there_after_a_restart() -> None:
    assert shop.after_restart() == (0, 40)


def test_a_night_needs_a_clock_that_can_be_moved() -> None:
    with pytest.raises(TypeError, match="scheduler must have a VirtualClock, got <SystemClock"):
        shop.night(HeapScheduler(clock=SystemClock()))


@pytest.fixture(params=[True, False], ids=["threads", "no threads"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(shop, "has_threads", lambda: request.param)
    return bool(request.param)


def told(capsys: pytest.CaptureFixture[str], threads: bool) -> bool:
    """Whether it is said, where there are no threads, and not where there are."""
    return ("no threads" in capsys.readouterr().out) is not threads


def test_while_both_workers_are_stuck_no_mail_is_sent(
    threads: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = Event()
    found = shop.forty_mails(lambda order: answer.wait(60), answer, seconds=0.3)
    assert (found.sent, found.resized) == (0, 40)
    assert (found.numbers.running, found.numbers.ready) == (2, 40)
    assert told(capsys, threads)


def test_a_pool_has_the_size_that_each_look_gives_it(
    threads: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = shop.looks_at_pool(lambda workers, stuck, ready: workers + stuck, looks=3)
    assert looks == ([4, 6, 8], 40)
    asked: list[tuple[int, int]] = []

    def too_few(workers: int, stuck: int, ready: int) -> int:
        asked.append((stuck, ready))
        return workers

    assert shop.looks_at_pool(too_few, looks=2) == ([2, 2], 0)
    assert asked == [(2, 40)] * 2
    assert told(capsys, threads)


def test_a_size_that_raises_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Event] = []

    class Noted(Event):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(shop, "has_threads", lambda: True)
    monkeypatch.setattr(shop, "Event", Noted)
    with pytest.raises(ZeroDivisionError):
        shop.looks_at_pool(lambda workers, stuck, ready: workers // 0)
    assert made[0].is_set()  # the bank has answered


def first_of_the_most_urgent(lanes: dict[int, list[str]]) -> str | None:
    return next((lanes[p].pop(0) for p in sorted(lanes) if lanes[p]), None)


def test_in_lanes_no_payment_waits_for_the_newsletter_which_ends_hardly_later() -> None:
    one = shop.night_in_lanes(first_of_the_most_urgent, levels=False)
    own = shop.night_in_lanes(first_of_the_most_urgent, levels=True)
    assert one.payment > 200
    assert own.payment < 12
    assert 0 < own.last_mail - one.last_mail < 30


def test_who_takes_nothing_from_full_lanes_does_not_go_on_for_ever() -> None:
    with pytest.raises(ValueError, match="empty"):
        shop.night_in_lanes(lambda _lanes: None, levels=True)


def test_who_never_looks_compresses_all_five_although_cancelled(
    threads: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    files = shop.FiveFiles()
    task = shop.cancelled_at_second(files, lambda: [step() for step in files.steps])
    assert (task.status, files.compressed) == (TaskStatus.CANCELLED, 5)
    assert told(capsys, threads)


def looking(steps: list[Callable[[], None]]) -> None:
    for step in steps:
        task = current_task()
        assert task is not None
        if task.cancelled or time_left() == 0:
            raise RuntimeError("stopped")
        step()


def test_who_looks_stops_after_the_second(threads: bool) -> None:
    files = shop.FiveFiles()
    task = shop.cancelled_at_second(files, lambda: looking(files.steps))
    assert (task.status, files.compressed) == (TaskStatus.CANCELLED, 2)


def test_who_looks_stops_when_the_time_is_over(threads: bool) -> None:
    task, did = shop.in_time(looking)
    assert task.status is TaskStatus.FAILED
    assert str(task.error).startswith("RuntimeError: stopped")
    assert 0 < did < 10_000


def test_a_live_night_is_done_in_the_end_and_four_payments_are_tried_again() -> None:
    scheduler = shop.live_night()
    with WorkerPool(scheduler, workers=8) as pool:
        pool.drain()
    numbers = scheduler.metrics()
    assert (numbers.succeeded, numbers.retried, numbers.failed) == (153, 4, 0)


def test_whether_there_are_threads_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop.has_threads()

    def refuse(*_args: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refuse)
    assert not shop.has_threads()
