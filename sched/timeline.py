"""Timeline: what came of a simulation, as numbers and tables. Its pictures are in sched.plots."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from math import ceil
from operator import itemgetter
from statistics import fmean
from typing import Any, Literal, NamedTuple, TypeAlias

from sched import arguments
from sched.table import counted, text_table
from sched.task import Task

Outcome: TypeAlias = Literal["succeeded", "retrying", "failed", "running"]

_ROWS = 20  # what a table shows: a timeline may hold a million attempts
_TEXT = (4, 6, 7)  # the columns that hold words


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
        retries_only = arguments.as_flag(retries_only, "retries_only")
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
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts().items() if count)
        rest = [(len(self.pending), "pending"), (len(self.rejected), "rejected")]
        return (
            f"{counted(n, 'attempt')} at {counted(tasks, 'task')}, "
            f"{counted(self.workers, 'worker')}, {self.end - self.start:.3f} s"
            + (f": {counts}" if counts else "")
            + "".join(f", {count:,} {name}" for count, name in rest if count)
        )

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The table as rows of strings, its head first; seconds count from the start. O(n)."""
        yield ("start", "end", "worker", "priority", "task", "attempt", "outcome", "error")
        for a in self.attempts:
            end = "" if a.end is None else f"{a.end - self.start:.3f}"
            numbers = f"{a.start - self.start:.3f}", end, str(a.worker), _exact(a.priority)
            yield *numbers, a.name, str(a.attempt), a.outcome, a.error or ""

    def __repr__(self) -> str:
        headline = self.summary()
        if len(self.attempts) > _ROWS:
            headline += f"; the first {_ROWS}:"
        rows = list(islice(self.rows(), _ROWS + 1))
        return f"{headline}\n{text_table(rows, left=_TEXT)}" if self.attempts else headline


def _exact(priority: int | float) -> str:
    """As short as it can be said without rounding: 2 for 2.0, 0.1, 12345678."""
    if isinstance(priority, int):
        return str(int(priority))  # an IntEnum too
    short = f"{priority:g}"
    return short if float(short) == priority else repr(priority)
