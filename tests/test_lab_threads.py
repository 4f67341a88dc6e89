"""What notebook 03 needs of real threads holds on any machine, and whatever was run before."""

import heapq
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab.threads import (  # noqa: E402
    five_mails,
    four_take,
    gate,
    run_threads,
    two_loops,
    two_workers,
    who_sends_what,
)
from sched import HeapScheduler  # noqa: E402


def test_as_many_threads_run_as_are_asked_for_and_all_are_over() -> None:
    before = threading.active_count()
    ran: list[int] = []
    run_threads(lambda: ran.append(threading.get_ident()), 5)
    assert len(ran) == 5
    assert threading.active_count() == before


def test_each_thread_is_given_what_the_target_is_called_with() -> None:
    got: list[tuple[object, ...]] = []
    run_threads(lambda *args: got.append(args), 3, "queue", 7)
    assert got == [("queue", 7)] * 3


def locked_take(heap: list[tuple[int, str]], now: int, lock: Any) -> str | None:
    with lock:
        return heapq.heappop(heap)[1] if heap and heap[0][0] <= now else None


def test_four_threads_get_each_of_a_thousand_tasks_once() -> None:
    locks = set()

    def take(heap: list[tuple[int, str]], now: int, lock: Any) -> str | None:
        locks.add(lock)
        return locked_take(heap, now, lock)

    assert sorted(four_take(take)) == sorted(f"task {number}" for number in range(1000))
    assert len(locks) == 1  # for all of them


def test_of_five_mails_the_first_two_raise_an_error() -> None:
    scheduler, ends = five_mails(), []
    while task := scheduler.get_next_task():
        action: Any = task.action
        try:
            ends.append(action())
        except ValueError as error:
            ends.append(str(error))
    assert ends == ["no address: anna", "no address: ben", "sent", "sent", "sent"]


def test_the_five_mails_in_virtual_time_go_to_whoever_is_free() -> None:
    attempts = who_sends_what(2).attempts
    sent = [(a.name, a.worker, a.start, a.end, a.error is None) for a in attempts]
    assert sorted(sent, key=lambda row: row[2:3] + row[1:2]) == [
        ("mail to anna", 1, 0, 4, False),
        ("mail to ben", 2, 0, 3, False),
        ("mail to cy@home", 2, 3, 10, True),
        ("mail to di@work", 1, 4, 11, True),
        ("mail to eve@work", 2, 10, 18, True),
    ]


def test_two_loops_share_one_scheduler_and_a_flag_that_is_not_set() -> None:
    scheduler, met = five_mails(), threading.Barrier(2)
    given_to: list[HeapScheduler] = []
    stops = set()

    def work(given: HeapScheduler, stop: threading.Event) -> None:
        met.wait(60)  # neither is over before the other begins
        given_to.append(given)
        stops.add(stop)
        while not stop.is_set() and (task := given.get_next_task()):
            given.complete(task)

    two_loops(work, scheduler)
    assert given_to == [scheduler, scheduler]
    assert len(stops) == 1
    assert scheduler.metrics().succeeded == 5


def taker(tasks: list[str], lock: Any = None) -> object:
    if lock is not None:
        with lock:
            return taker(tasks)
    if not tasks:
        return None
    gate.wait()
    return tasks.pop()


def test_the_gate_lets_both_look_before_either_removes() -> None:
    for _ in range(20):
        tasks = ["mail"]
        assert two_workers(partial(taker, tasks)) == ["IndexError", "mail"]


def test_under_a_lock_nobody_else_comes_to_the_gate(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        tasks, lock = ["mail"], threading.Lock()
        got = two_workers(partial(taker, tasks, lock), patience=0.01)
        assert got == [None, "mail"]
    assert capsys.readouterr().out == "Nobody else came to the gate.\n" * 2
    test_the_gate_lets_both_look_before_either_removes()  # a gate that gave up is closed again


def test_an_open_gate_holds_nobody() -> None:
    tasks, lock = ["mail"], threading.Lock()
    assert two_workers(partial(taker, tasks, lock), patience=0) == [None, "mail"]
