"""The small shop of notebook 08: half an hour of its night in virtual time, and its pool.

    timeline = night(scheduler)             # payments, mail, logs, sums, backup, as they come
    forty_mails(charge, answer).sent        # what a real pool gets done beside stuck payments
    cancelled_at_second(files, action)      # how a task ends that is cancelled while it runs

Where there are no threads (Python in a browser), the real pool is played, and it is said so.
"""

import _thread
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, NamedTuple

from sched import (
    HeapScheduler,
    Metrics,
    RetryPolicy,
    Scheduler,
    Task,
    Timeline,
    VirtualClock,
    WorkerPool,
    simulate,
)
from sched.execution import current_task, perform
from sched.task import RunningTask, ask_to_cancel

MINUTE = 60.0
HALF_AN_HOUR = 30 * MINUTE
STUCK = ("charge order 13", "charge order 32")  # the bank never answers these
NEVER = 1e6  # seconds: longer than any night

# What a kind of work takes, in seconds: at least, at most.
TAKES = {
    "charge": (1.0, 3.0),
    "mail": (1.5, 2.5),
    "compress": (8.0, 12.0),
    "sum": (50.0, 70.0),
    "backup": (240.0, 240.0),
}


def arrivals(levels: bool = True) -> list[tuple[float, dict[str, Any]]]:
    """What comes in during the half hour: when, and what add_task is called with.

    levels: with the priority of its kind; else all are alike.
    """
    again = RetryPolicy(max_attempts=5, base=2.0)
    comes: list[tuple[float, dict[str, Any]]] = []

    def add(at: float, priority: int, name: str, **more: Any) -> None:
        comes.append((at, {"priority": priority if levels else 3, "task_name": name, **more}))

    for order in range(1, 91):
        add(20.0 * (order - 1), 1, f"charge order {order}", retry=again)
    for customer in range(1, 401):
        add(5 * MINUTE, 3, f"mail {customer}")
    for minute in range(30):
        add(minute * MINUTE, 4, f"compress log {minute}")
    for ten in range(3):
        add(ten * 10 * MINUTE, 4, f"sum up {ten}")
    add(15 * MINUTE, 5, "backup")
    return comes


def night(
    scheduler: Scheduler, workers: int = 3, levels: bool = True, stuck: tuple[str, ...] = STUCK
) -> Timeline:
    """Play the half hour on a scheduler with a VirtualClock: a Timeline. It begins at its now.

    stuck: the payments that are never answered. One payment in ten fails, and is tried again.
    """
    if not isinstance(scheduler.clock, VirtualClock):
        raise TypeError(f"scheduler must have a VirtualClock, got {scheduler.clock!r}")
    start = scheduler.clock.now()

    def takes(task: Any, luck: Random) -> float:
        return NEVER if task.name in stuck else luck.uniform(*TAKES[task.name.split()[0]])

    def fails(task: Any, luck: Random) -> str | None:
        busy = task.name.startswith("charge") and luck.random() < 0.1
        return "the bank is busy" if busy and task.name not in stuck else None

    return simulate(
        scheduler,
        workers=workers,
        service_time=takes,
        failure_rate=fails,
        seed=8,
        until=start + HALF_AN_HOUR,
        arrivals=[(start + at, row) for at, row in arrivals(levels)],
    )


def longest_wait(levels: bool) -> float:
    """How long a payment waits at most in a night without stuck ones, in seconds."""
    scheduler = HeapScheduler(clock=VirtualClock())
    attempts = night(scheduler, levels=levels, stuck=()).attempts
    return max(a.wait for a in attempts if a.name.startswith("charge"))


def after_restart() -> tuple[int, int]:
    """Of 40 pending mails, how many a program finds that is started again: in memory, on disk."""
    from sched.durable import SQLiteScheduler

    mails = [(3, f"mail {number}") for number in range(1, 41)]
    HeapScheduler().add_tasks(mails)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "mails.db"
        with SQLiteScheduler(path) as on_disk:
            on_disk.add_tasks(mails)
        with SQLiteScheduler(path) as again:
            return len(HeapScheduler()), len(again)


def has_threads() -> bool:
    """Whether a thread can be started here."""
    try:
        _thread.start_new_thread(lambda: None, ())
    except RuntimeError:
        return False
    return True


class BankBusyError(ConnectionError):
    """The bank asks to come back later."""


def live_night() -> HeapScheduler:
    """Five seconds of the shop's work for a real pool: 153 tasks, of which four fail once."""
    scheduler = HeapScheduler()

    def charge(order: int) -> None:
        time.sleep(0.05)
        task = current_task()
        if order % 10 == 0 and task is not None and task.attempts == 1:
            raise BankBusyError("come back later")

    again = RetryPolicy(max_attempts=3, base=0.2)
    for order in range(1, 41):
        name, delay = f"charge order {order}", order / 8
        scheduler.add_task(1, name, delay, action=charge, args=[order], retry=again)
    others = [("mail", 3, 0.05)] * 100 + [("compress", 4, 0.1)] * 10
    for name, priority, seconds in [*others, *[("sum up", 4, 0.3)] * 2, ("backup", 5, 0.6)]:
        scheduler.add_task(priority, name, action=time.sleep, args=[seconds])
    return scheduler


def has_processes() -> bool:
    """Whether a process can be started here."""
    return sys.platform not in ("emscripten", "wasi")


class Stuck(NamedTuple):
    """sent: mails sent while both workers were stuck. numbers: the metrics of that moment.
    resized: mails sent after the pool was given two workers more."""

    sent: int
    numbers: Metrics
    resized: int


def forty_mails(charge: Callable[[int], object], answer: Event, seconds: float = 1.0) -> Stuck:
    """Two payments with a timeout of 0.1 s, then 40 mails, and a pool of two workers.

    charge: the action of a payment, which waits for `answer`. seconds: how long to look at it.
    In the end the bank answers, or the pool could never be left.
    """
    answer.clear()
    scheduler = HeapScheduler()
    sent: list[int] = []
    last = Event()

    def mail(number: int) -> None:
        sent.append(number)
        if len(sent) == 40:
            last.set()

    for order in (1, 2):
        scheduler.add_task(1, f"charge order {order}", action=charge, args=[order], timeout=0.1)
    for number in range(1, 41):
        scheduler.add_task(3, f"mail {number}", action=mail, args=[number])
    if not has_threads():
        print("There are no threads here: the pool is played, with two workers that never return.")
        for _ in range(2):
            scheduler.get_next_task()
        return Stuck(0, scheduler.metrics(), 40)
    with WorkerPool(scheduler, workers=2) as pool:
        pool.drain(timeout=seconds)
        by_then, numbers = len(sent), scheduler.metrics()
        pool.resize(4)
        last.wait(60)
        resized = len(sent)
        answer.set()
        pool.drain()
    return Stuck(by_then, numbers, resized)


class Looks(NamedTuple):
    """workers: how many the pool had after each look. sent: mails sent in the end."""

    workers: list[int]
    sent: int


def looks_at_pool(new_size: Callable[[int, int, int], int], looks: int = 10) -> Looks:
    """Two workers stuck in payments, 40 mails, and somebody who looks and resizes the pool.

    new_size: called with how many workers there are, how many are stuck, how many tasks are ready.
    The bank answers after the last look.
    """
    scheduler, answer, sent = HeapScheduler(), Event(), list[int]()
    last, sizes = Event(), list[int]()

    def mail(number: int) -> None:
        sent.append(number)
        if len(sent) == 40:
            last.set()

    for order in (1, 2):
        name = f"charge order {order}"
        scheduler.add_task(1, name, action=answer.wait, args=[60], timeout=0.05)
    if not has_threads():
        print("There are no threads here: the pool is played, with two workers that never return.")
        size, ready = 2, 40
        for _ in range(looks):
            size = int(new_size(size, 2, ready))
            sizes.append(size)
            ready = 0 if size > 2 else ready
        return Looks(sizes, 40 - ready)
    with WorkerPool(scheduler, workers=2) as pool:
        try:
            while pool.stuck < 2:
                time.sleep(0.01)
            for number in range(1, 41):
                scheduler.add_task(3, f"mail {number}", action=mail, args=[number])
            for _ in range(looks):
                pool.resize(int(new_size(pool.workers, pool.stuck, scheduler.metrics().ready)))
                sizes.append(pool.workers)
                if pool.workers > 2:
                    last.wait(60)
            by_then = len(sent)
        finally:  # or the pool would wait a minute for the two, where new_size raises
            answer.set()
        pool.drain()
    return Looks(sizes, by_then)


class Waits(NamedTuple):
    """Of a night: how long a payment waited at most, and the second in which the last mail of the
    newsletter began."""

    payment: float
    last_mail: float


def night_in_lanes(take: Callable[[dict[int, list[str]]], str | None], levels: bool) -> Waits:
    """The half hour of `night`, with nobody stuck, as three workers have it who take from lanes.

    take: takes a name out of lists of names, by priority; None if there is none. levels: a list
    for each priority; else one for all.
    """
    luck, came = Random(8), dict[str, float]()
    todo = sorted(
        ((at, row["priority"], row["task_name"]) for at, row in arrivals(levels)),
        key=lambda each: each[0],
    )
    lanes: dict[int, list[str]] = {priority: [] for _, priority, _ in todo}
    free, now, payment, last_mail = [0.0, 0.0, 0.0], 0.0, 0.0, 0.0
    while todo or any(lanes.values()):
        while todo and todo[0][0] <= now:
            at, priority, name = todo.pop(0)
            came[name] = at
            lanes[priority].append(name)
        worker = min(range(3), key=free.__getitem__)
        if free[worker] > now or (taken := take(lanes)) is None:
            times = [free[worker]] if free[worker] > now else []
            now = min([*times, *[at for at, _, _ in todo[:1]]])
            continue
        kind = taken.split()[0]
        free[worker] = now + luck.uniform(*TAKES[kind])
        if kind == "charge":
            payment = max(payment, now - came[taken])
        elif kind == "mail":
            last_mail = now
    return Waits(payment, last_mail)


class FiveFiles:
    """Five log files, a step for each; told when the second is at work.

    steps: functions, each of which compresses one file. undo(): throws away what is there.
    """

    def __init__(self) -> None:
        self.compressed = 0
        self.undone = False
        self.at_second, self.go_on = Event(), Event()
        self.tell: Callable[[], object] = self.at_second.set
        self.steps: list[Callable[[], None]] = [partial(self._compress, n) for n in range(1, 6)]

    def _compress(self, number: int) -> None:
        if number == 2:
            self.tell()
            self.go_on.wait(60)
        self.compressed += 1

    def undo(self) -> None:
        self.undone = True


def cancelled_at_second(files: FiveFiles, action: Callable[[], object]) -> Task:
    """A pool runs the action, which is cancelled at the second file: the task as it ended."""
    scheduler = HeapScheduler()
    number = scheduler.add_task(4, "compress", action=action)
    if not has_threads():
        print("There are no threads here: the second file itself has the task cancelled.")
        task = scheduler.get_next_task()
        assert isinstance(task, RunningTask)
        files.go_on.set()
        files.tell = partial(ask_to_cancel, task)
        _quietly(task)
        scheduler.abort(task)
        return scheduler.task(number)
    with WorkerPool(scheduler, workers=1) as pool:
        files.at_second.wait(60)
        pool.cancel(number)
        files.go_on.set()
        pool.drain()
    return scheduler.task(number)


def in_time(action: Callable[[list[Callable[[], None]]], object]) -> tuple[Task, int]:
    """The action gets ten thousand steps of a hundredth of a second, and half a second for them.

    Returns the task as it ended, and how many steps were done.
    """
    scheduler = HeapScheduler()
    did: list[int] = []

    def step() -> None:
        time.sleep(0.01)
        did.append(1)

    number = scheduler.add_task(4, "long", action=action, args=[[step] * 10_000], timeout=0.5)
    if not has_threads():
        task = scheduler.get_next_task()
        assert task is not None
        scheduler.fail(task, _quietly(task) or "")
        return scheduler.task(number), len(did)
    with WorkerPool(scheduler, workers=1) as pool:
        pool.drain()
    return scheduler.task(number), len(did)


def _quietly(task: Task) -> Exception | None:
    """Run a task in this thread; what it raises."""
    try:
        perform(task, None)
    except Exception as error:
        return error
    return None
