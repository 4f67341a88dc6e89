"""simulate(): workers, failures and retries in virtual time; what comes of it is a Timeline.

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

from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush
from math import inf
from operator import itemgetter
from random import Random
from typing import Any, TypeAlias

from sched import arguments
from sched.base import Scheduler
from sched.clock import VirtualClock
from sched.heap import HeapScheduler
from sched.retry import RetryPolicy
from sched.task import QueueFullError, Task
from sched.timeline import Attempt, Outcome, Timeline

Arrival: TypeAlias = tuple[Any, ...]  # (time, priority, task_name[, delay]) or (time, {...})
ServiceTime: TypeAlias = float | Callable[[Task, Random], float]
FailureRate: TypeAlias = float | Callable[[Task, Random], bool | str | BaseException | None]

MOST = 1_000_000  # workers


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
    so: None or False for success; True, a string or an exception for a failure. It is asked when
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
            raise TypeError(f"scheduler must be a Scheduler, got {arguments.shown(scheduler)}")
        if not isinstance(scheduler.clock, VirtualClock):
            raise TypeError(
                f"scheduler must have a VirtualClock, whose time can be moved, "
                f"got clock={arguments.shown(scheduler.clock)}"
            )
        self.scheduler = scheduler
        self.clock = scheduler.clock
        self.workers = arguments.as_count(workers, "workers", at_least=1, at_most=MOST)
        if callable(service_time):
            arguments.as_plain(service_time, "service_time")
        else:
            service_time = arguments.as_seconds(service_time, "service_time")
        self.service_time = service_time
        if callable(failure_rate):
            arguments.as_plain(failure_rate, "failure_rate")
        else:
            failure_rate = arguments.as_number(failure_rate, "failure_rate", at_least=0)
            if failure_rate > 1:
                raise ValueError(
                    f"failure_rate must be between 0 and 1, got {arguments.shown(failure_rate)}"
                )
        self.failure_rate = failure_rate
        self.seed = arguments.as_count(seed, "seed", at_least=0)
        self.until = inf if until is None else arguments.as_timestamp(until, "until")
        self.began = self.clock.now()
        if self.until < self.began:
            raise ValueError(
                f"until must not be before the clock's {self.began!r}, got {self.until!r}"
            )

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
            self.move_to(instant)
            while (event := self.events.get_next_task()) is not None:
                assert event.action is not None
                event.action(*event.args)
                self.events.complete(event)
            while self.arrivals and self.arrivals[-1][0] <= instant:
                self.arrive(*self.arrivals.pop())
            self.dispatch()
        if self.until < inf:
            self.move_to(self.until)
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

    def move_to(self, instant: float) -> None:
        """Jump there. Beyond the year 10,000, where no timestamp is taken for one, step by step:
        a delay may end there, and a service that hangs."""
        if instant < arguments.YEAR_10000:
            self.clock.advance_to(instant)
        while (now := self.clock.now()) < instant:  # twice, where the sum is rounded down
            self.clock.advance(instant - now)

    def plan(self, seconds: float, happen: Callable[..., None], *args: Any) -> None:
        """Put an event on the list, so many seconds from now."""
        self.events.add_task(0, happen.__name__, seconds, action=happen, args=args)

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
        self.plan(seconds, self.finish, worker, len(self.attempts), error, late)
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
        return policy.seeded(self.random.getrandbits(64)).pause(task.attempts)


def _as_failure(value: object) -> str | BaseException | None:
    """What failure_rate returned, as an error or None."""
    if value is None or value is False:
        return None
    if value is True:
        return "simulated failure"
    if isinstance(value, str | BaseException):
        return value
    raise TypeError(
        "failure_rate(task, random) must return a bool, None, a string or an exception, "
        f"got {arguments.shown(value)}"
    )


def _as_arrivals(arrivals: object, now: float) -> list[tuple[float, Any]]:
    """The time and the row for add_tasks of each arrival, checked, in the order of time."""
    if not isinstance(arrivals, Iterable):
        raise TypeError(f"arrivals must be an iterable of tuples, got {arguments.shown(arrivals)}")
    checked: list[tuple[float, Any]] = []
    for number, arrival in enumerate(arrivals):
        try:
            if not isinstance(arrival, tuple | list) or not 2 <= len(arrival) <= 4:
                raise TypeError(
                    "must be (time, priority, task_name[, delay]) or (time, {...}), "
                    f"got {arguments.shown(arrival)}"
                )
            time = arguments.as_timestamp(arrival[0], "time")
            if time < now:
                raise ValueError(f"time must not be before the clock's {now!r}, got {time!r}")
            row = arrival[1] if len(arrival) == 2 else tuple(arrival[1:])
            arguments.as_rows([row])
        except (TypeError, ValueError) as error:
            message = str(error).removeprefix("row 0: ")
            # Of the two kinds, not of its own class, which may want other arguments.
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"arrivals, row {number}: {message}") from error
        checked.append((time, row))
    return sorted(checked, key=itemgetter(0))
