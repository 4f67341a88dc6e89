"""simulate(): workers, failures and retries in virtual time, and the Timeline that comes of it.

Nothing here sleeps, and nothing pretends to be a scheduler: the real one hands out real tasks, its
real retry policy answers, and only the clock and the work are played. A day of ten
thousand tasks passes in about a second, and in the same way each time.

The one idea is the event list (K. D. Tocher, The Art of Simulation, 1963): keep what is going to
happen in a priority queue by time, take the earliest, jump the clock to it, let it happen, and put
in what follows from it. Such a queue is what this package builds: the event list is a
HeapScheduler, each of its tasks is "a worker finishes", and its action is called. What arrives is
known beforehand: a sorted list does.

    one event      O(log n)
    a simulation   O(n log n) for n attempts, and what the scheduler itself takes
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import groupby
from math import ceil, inf
from operator import itemgetter
from random import Random
from statistics import fmean
from typing import Any, Literal, NamedTuple, TypeAlias

from sched import arguments
from sched.base import Scheduler
from sched.clock import VirtualClock
from sched.heap import HeapScheduler
from sched.retry import RetryPolicy
from sched.task import QueueFullError, Task

Outcome: TypeAlias = Literal["succeeded", "retrying", "failed", "running"]
Arrival: TypeAlias = tuple[Any, ...]  # (time, priority, task_name[, delay]) or (time, {...})

_ROWS = 20  # what a table shows: a timeline may hold a million attempts


class Attempt(NamedTuple):
    """One attempt at a task: a worker had it from ``start`` to ``end``, in epoch seconds.

    attempt: 1 for the first. run_at: from when this attempt might start.
    end: None while it runs: it did when the simulation stopped.
    outcome: "succeeded", "retrying" (failed, and runs again), "failed" (for good) or "running".
    error: what went wrong, as text. timed_out: whether it was cut off at the task's timeout.
    """

    id: int
    name: str
    priority: int | float
    worker: int
    attempt: int
    added_at: float
    run_at: float
    start: float
    end: float | None = None
    outcome: Outcome = "running"
    error: str | None = None
    timed_out: bool = False

    @property
    def ready_at(self) -> float:
        """From when it waited for a worker alone, epoch seconds. O(1)."""
        return max(self.run_at, self.added_at)

    @property
    def wait(self) -> float:
        """The seconds for which it waited for a worker. O(1)."""
        return self.start - self.ready_at


class Depth(NamedTuple):
    """How many tasks stood where from ``time`` on, epoch seconds."""

    time: float
    ready: int
    waiting: int
    running: int


class Waits(NamedTuple):
    """How long tasks waited for a worker: how many waits there were, and their seconds.

    unserved: how many of them still waited at the end. What they had waited by then counts: a
    starving task is one that never shows up among those that were served.
    """

    number: int
    mean: float
    p95: float
    max: float
    unserved: int


@dataclass(frozen=True)
class Timeline:
    """Who ran what, when, and how it ended.

    workers: how many there were. start, end: of the simulation, epoch seconds.
    attempts: in the order in which the scheduler handed them out.
    pending: the tasks that were PENDING at the end, in the scheduler's order.
    running: the hand-outs that were RUNNING at the end. The scheduler takes ``complete`` and
    ``fail`` for them, as after any ``get_next_task``.
    rejected: the arrivals, (time, name), for which a scheduler with ``max_pending`` had no room.
    """

    workers: int
    start: float
    end: float
    attempts: list[Attempt] = field(repr=False)
    pending: list[Task] = field(repr=False)
    running: list[Task] = field(repr=False)
    rejected: list[tuple[float, str]] = field(repr=False)

    # --- numbers ----------------------------------------------------------------------------------

    @property
    def makespan(self) -> float:
        """Seconds from the start to the end of the last attempt; 0 if there was none. O(n)."""
        return max((self._end(a) for a in self.attempts), default=self.start) - self.start

    @property
    def utilisation(self) -> float:
        """The part of the workers' time that they were busy, 0 to 1. O(n)."""
        busy = sum(self._end(a) - a.start for a in self.attempts)
        span = self.workers * (self.end - self.start)
        return busy / span if span else 0.0

    def counts(self) -> dict[str, int]:
        """How many attempts had which outcome; "timed out" are among the failed ones. O(n)."""
        found = Counter[str](a.outcome for a in self.attempts)
        counts = {name: found[name] for name in ("succeeded", "retrying", "failed", "running")}
        return {**counts, "timed out": sum(a.timed_out for a in self.attempts)}

    def waits_by_priority(self) -> dict[int | float, Waits]:
        """How long the tasks of each priority waited for a worker, most urgent first. O(n log n).

        Every attempt counts, from when it might start; so does every task still ready at the end.
        p95: 95 of 100 waited no longer.
        """
        waits: dict[int | float, Waits] = {}
        for priority, rows in groupby(self.waits(), itemgetter(0)):
            seconds, served = zip(*((wait, ok) for _, wait, ok in rows), strict=True)
            n = len(seconds)
            p95 = seconds[ceil(0.95 * n) - 1]
            waits[priority] = Waits(n, fmean(seconds), p95, seconds[-1], served.count(False))
        return waits

    def waits(self) -> list[tuple[int | float, float, bool]]:
        """(priority, seconds waited for a worker, whether one came), ascending. O(n log n)."""
        rows = [(a.priority, a.start - max(a.ready_at, self.start), True) for a in self.attempts]
        for task in self.pending:
            since = max(task.run_at, task.added_at, self.start)
            if since <= self.end:
                rows.append((task.priority, self.end - since, False))
        return sorted(rows)

    def starts(self, per: float = 1.0, retries_only: bool = False) -> list[int]:
        """How many attempts started in each ``per`` seconds since the start. O(n).

        retries_only: leave first attempts out.
        """
        per = arguments.as_seconds(per, "per", positive=True)
        counts = [0] * (int((self.end - self.start) // per) + 1)
        for a in self.attempts:
            if a.attempt > 1 or not retries_only:
                counts[int((a.start - self.start) // per)] += 1
        return counts

    def depth(self) -> list[Depth]:
        """How many tasks were ready, waiting and running, at the start and at each change.

        O(n log n). Tasks that were cancelled without ever having run are not among them.
        """
        ready, waiting, running = (1, 0, 0), (0, 1, 0), (0, 0, 1)
        moves: list[tuple[float, tuple[int, int, int], int]] = [(self.start, ready, 0)]
        left: dict[int, float] = {}  # when the last attempt at a task ended

        def stand(task: Attempt | Task, attempt: int, until: float | None) -> None:
            """A task is pending from when it was added, or came back, until it starts."""
            due = max(task.run_at, task.added_at, self.start)
            since = max(task.added_at, self.start)
            if task.id in left:  # a retry; or, with attempt 1, a requeued dead letter
                since = left[task.id] if attempt > 1 else due
            moves.extend([(since, waiting, 1), (due, waiting, -1), (due, ready, 1)])
            if until is not None:
                moves.append((until, ready, -1))

        for a in self.attempts:
            stand(a, a.attempt, a.start)
            moves.append((a.start, running, 1))
            if a.end is not None:
                moves.append((a.end, running, -1))
                left[a.id] = a.end
        for task in self.pending:
            stand(task, task.attempts + 1, None)

        moves.sort(key=itemgetter(0))
        now = [0, 0, 0]
        steps: list[Depth] = []
        for time, group in groupby(moves, itemgetter(0)):
            if time > self.end:
                break
            for _, where, change in group:
                for i in range(3):
                    now[i] += change * where[i]
            if not steps or [*steps[-1][1:]] != now:
                steps.append(Depth(time, *now))
        return steps

    def _end(self, attempt: Attempt) -> float:
        return self.end if attempt.end is None else attempt.end

    # --- tables -----------------------------------------------------------------------------------

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row an attempt; needs pandas. O(n).

        Columns: the fields of ``Attempt``, and wait (seconds).
        """
        import pandas as pd

        frame = pd.DataFrame(self.attempts, columns=list(Attempt._fields))
        frame["wait"] = [a.wait for a in self.attempts]
        return frame

    def summary(self) -> str:
        """One line: how much was done, by how many, in what time, and how it ended. O(n)."""
        n, tasks = len(self.attempts), len({a.id for a in self.attempts})
        counts = ", ".join(f"{count} {name}" for name, count in self.counts().items() if count)
        rest = [(len(self.pending), "pending"), (len(self.rejected), "rejected")]
        return (
            f"{_number(n, 'attempt')} at {_number(tasks, 'task')}, "
            f"{_number(self.workers, 'worker')}, {self.end - self.start:.3f} s"
            + (f": {counts}" if counts else "")
            + "".join(f", {count} {name}" for count, name in rest if count)
        )

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The table as texts, its head first; seconds count from the start. O(n)."""
        yield ("start", "end", "worker", "priority", "task", "attempt", "outcome", "error")
        for a in self.attempts:
            end = "" if a.end is None else f"{a.end - self.start:.3f}"
            numbers = f"{a.start - self.start:.3f}", end, str(a.worker), f"{a.priority:g}"
            yield *numbers, a.name, str(a.attempt), a.outcome, a.error or ""

    def _shown(self) -> tuple[str, list[tuple[str, ...]]]:
        rows = [row for row, _ in zip(self.rows(), range(_ROWS + 1), strict=False)]
        more = len(self.attempts) - _ROWS
        return self.summary() + (f"; the first {_ROWS}:" if more > 0 else ""), rows

    def __repr__(self) -> str:
        headline, rows = self._shown()
        if len(rows) == 1:
            return headline
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        text = {4, 6, 7}
        lines = [
            "  ".join(
                f"{cell:<{width}}" if i in text else f"{cell:>{width}}"
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join([headline, *lines])


def _number(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


# --- the simulation -------------------------------------------------------------------------------

ServiceTime: TypeAlias = float | Callable[[Task, Random], float]
FailureRate: TypeAlias = float | Callable[[Task, Random], bool | str | BaseException | None]


def simulate(
    scheduler: Scheduler,
    workers: int = 4,
    service_time: ServiceTime = 1.0,
    failure_rate: FailureRate = 0.0,
    seed: int = 0,
    until: float | None = None,
    arrivals: Iterable[Arrival] = (),
) -> Timeline:
    """Let workers do what a scheduler holds, and what arrives meanwhile, in virtual time.

    scheduler: one whose clock is a VirtualClock. It is the real one: tasks are handed out,
    completed and failed, their retry policies asked, and the clock moved. Actions are not called:
    the next two arguments stand for them.
    service_time: the seconds that an attempt takes, or a function (task, random) that gives them.
    An attempt that would take longer than the task's timeout fails when that is over, and frees
    its worker then, as an action does that watches its time.
    failure_rate: the share of attempts that fail, 0 to 1, or a function (task, random) that says
    so: None or False for success; True, a text or an exception for a failure. It is asked when
    an attempt starts, and the failure comes when the service time is over. ``task.started_at``
    is that moment, so that a service may be down from 3 to 9: ``3 <= task.started_at < 9``.
    seed: what all luck hangs on, the jitter of retries included (a policy's own seed is not
    used). The luck of an attempt depends on the seed, its task's id and its number alone: under
    another scheduler, or with more workers, the same attempt takes as long and fails the same way.
    until: the moment to stop at, epoch seconds; None: when nothing is left to do. What runs then
    stays RUNNING, and is in ``Timeline.running``; what arrives later is not added.
    arrivals: tasks to add in the course of time, in any order: (time, priority, task_name),
    (time, priority, task_name, delay), or (time, {arguments of add_task}); time in epoch seconds.

    At one instant, attempts end first, then tasks arrive, then idle workers take tasks, lowest
    number first. What a function raises passes through, and leaves its task RUNNING.
    Raises TypeError or ValueError that names the argument, before anything has happened.
    O(log n) to sort each arrival, O(log workers) for each end: one event for each busy worker.
    """
    simulation = _Simulation(scheduler, workers, service_time, failure_rate, seed, until)
    return simulation.run(_as_arrivals(arrivals, simulation.began))


class _Simulation:
    """What is going to happen, who is idle, and what has happened so far."""

    def __init__(
        self,
        scheduler: Scheduler,
        workers: int,
        service_time: ServiceTime,
        failure_rate: FailureRate,
        seed: int,
        until: float | None,
    ) -> None:
        if not isinstance(scheduler, Scheduler):
            raise TypeError(f"scheduler must be a Scheduler, got {scheduler!r}")
        if not isinstance(scheduler.clock, VirtualClock):
            raise TypeError(
                f"scheduler must have a VirtualClock, whose time can be moved, "
                f"got clock={scheduler.clock!r}"
            )
        self.scheduler = scheduler
        self.clock = scheduler.clock
        self.workers = arguments.as_count(workers, "workers", at_least=1)
        if not callable(service_time):
            service_time = arguments.as_seconds(service_time, "service_time")
        self.service_time = service_time
        if not callable(failure_rate):
            failure_rate = arguments.as_number(failure_rate, "failure_rate", at_least=0)
            if failure_rate > 1:
                raise ValueError(f"failure_rate must be between 0 and 1, got {failure_rate!r}")
        self.failure_rate = failure_rate
        self.seed = arguments.as_count(seed, "seed", at_least=0)
        self.until = inf if until is None else arguments.as_timestamp(until, "until")
        self.began = self.clock.now()
        if self.until < self.began:
            raise ValueError(f"until must not be before the clock's {self.began!r}, got {until!r}")

        self.events = HeapScheduler(clock=self.clock, history=0)
        self.arrivals: list[tuple[float, Any]] = []  # the first to arrive is the last
        self.idle = list(range(1, self.workers + 1))  # a heap
        self.running: dict[int, Task] = {}  # by worker
        self.attempts: list[Attempt] = []
        self.rejected: list[tuple[float, str]] = []
        self.random = Random()

    def run(self, arrivals: list[tuple[float, Any]]) -> Timeline:
        """Jump from event to event until nothing is left to happen, or the time is over."""
        self.arrivals = arrivals
        arrivals.reverse()  # the next one is the last
        while (instant := self.next_instant()) <= self.until and instant < inf:
            self.clock.advance_to(instant)
            while (event := self.events.get_next_task()) is not None:
                assert event.action is not None
                event.action(*event.args)
                self.events.complete(event)
            while self.arrivals and self.arrivals[-1][0] <= instant:
                self.arrive(*self.arrivals.pop())
            self.dispatch()
        if self.until < inf:
            self.clock.advance_to(self.until)
        return Timeline(
            self.workers,
            self.began,
            self.clock.now(),
            self.attempts,
            list(self.scheduler.pending_tasks()),
            [task for _, task in sorted(self.running.items(), key=itemgetter(0))],
            self.rejected,
        )

    def next_instant(self) -> float:
        """When something happens next. What becomes due matters only to an idle worker."""
        event = self.events.next_run_time()
        due = self.scheduler.next_run_time() if self.idle else None
        return min(
            inf if event is None else event,
            inf if due is None else due,
            self.arrivals[-1][0] if self.arrivals else inf,
        )

    def plan(self, at: float, happen: Callable[..., None], *args: Any) -> None:
        """Put an event on the list."""
        self.events.add_task(0, happen.__name__, run_at=at, action=happen, args=args)

    def dispatch(self) -> None:
        """Hand tasks to idle workers until there are no more of the one or the other."""
        while self.idle and (task := self.scheduler.get_next_task()) is not None:
            self.start(task, heappop(self.idle))

    def start(self, task: Task, worker: int) -> None:
        """Begin an attempt, and decide how long it takes and how it will end."""
        service_time, failure_rate = self.service_time, self.failure_rate
        luck = self.random
        if callable(service_time) or failure_rate:
            self.draw_for(task, "attempt")
        if callable(service_time):
            drawn = service_time(task, luck)
            seconds = arguments.as_seconds(drawn, "service_time(task, random)")
        else:
            seconds = service_time
        if callable(failure_rate):
            error = _as_failure(failure_rate(task, luck))
        else:
            error = _as_failure(luck.random() < failure_rate)
        late = False
        if task.timeout is not None and seconds > task.timeout:
            late = True
            seconds, error = task.timeout, TimeoutError(f"timed out after {task.timeout:g} s")
        now = self.clock.now()
        number = task.attempts
        times = task.added_at, task.run_at, now
        self.running[worker] = task
        self.plan(now + seconds, self.finish, worker, len(self.attempts), error, late)
        self.attempts.append(Attempt(task.id, task.name, task.priority, worker, number, *times))

    def finish(
        self, worker: int, index: int, error: str | BaseException | None, late: bool
    ) -> None:
        """End an attempt: the scheduler decides what becomes of the task."""
        task = self.running.pop(worker)
        outcome: Outcome = "succeeded"
        if error is None:
            self.scheduler.complete(task)
        else:
            again = self.scheduler.fail(task, error, retry_in=self.pause(task))
            outcome = "retrying" if again else "failed"
        heappush(self.idle, worker)
        self.attempts[index] = self.attempts[index]._replace(
            end=self.clock.now(),
            outcome=outcome,
            error=None if error is None else arguments.as_error(error),
            timed_out=late,
        )

    def arrive(self, at: float, row: Any) -> None:
        """Add a task, if there is room."""
        try:
            if isinstance(row, Mapping):
                self.scheduler.add_task(**row)
            else:
                self.scheduler.add_task(*row)
        except QueueFullError:
            name = row["task_name"] if isinstance(row, Mapping) else row[1]
            self.rejected.append((at, arguments.as_name(name)))

    def draw_for(self, task: Task, what: str) -> None:
        """Give one attempt random numbers of its own, whatever has been drawn before."""
        self.random.seed(f"{self.seed} {task.id} {task.attempts} {what}")

    def pause(self, task: Task) -> float | None:
        """A jittered pause under the simulation's seed; None leaves it to the policy."""
        policy = task.retry
        if not isinstance(policy, RetryPolicy) or policy.jitter == "none":
            return None
        self.draw_for(task, "pause")
        return replace(policy, seed=self.random.getrandbits(64)).pause(task.attempts)


def _as_failure(value: object) -> str | BaseException | None:
    """What failure_rate returned, as an error or None."""
    if value is None or value is False:
        return None
    if value is True:
        return "simulated failure"
    if isinstance(value, str | BaseException):
        return value
    raise TypeError(
        "failure_rate(task, random) must return a bool, None, a text or an exception, "
        f"got {value!r}"
    )


def _as_arrivals(arrivals: object, now: float) -> list[tuple[float, Any]]:
    """The time and the row for add_tasks of each arrival, checked, in the order of time."""
    if not isinstance(arrivals, Iterable):
        raise TypeError(f"arrivals must be an iterable of tuples, got {arrivals!r}")
    checked: list[tuple[float, Any]] = []
    for number, arrival in enumerate(arrivals):
        try:
            if not isinstance(arrival, tuple | list) or not 2 <= len(arrival) <= 4:
                raise TypeError(
                    "must be (time, priority, task_name[, delay]) or (time, {...}), "
                    f"got {arrival!r}"
                )
            time = arguments.as_timestamp(arrival[0], "time")
            if time < now:
                raise ValueError(f"time must not be before the clock's {now!r}, got {time!r}")
            row = arrival[1] if len(arrival) == 2 else tuple(arrival[1:])
            arguments.as_rows([row])
        except (TypeError, ValueError) as error:
            message = str(error).removeprefix("row 0: ")
            raise type(error)(f"arrivals, row {number}: {message}") from None
        checked.append((time, row))
    return sorted(checked, key=itemgetter(0))
