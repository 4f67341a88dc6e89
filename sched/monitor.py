"""Monitor: what a scheduler and its pools are doing, in numbers, for whoever looks.

It hears of ends alone. Adding and taking cost no more while somebody watches, for what an attempt
waited and how long it ran can be read off at its end; the price is that an attempt that still runs
is not in the histograms yet. Counts of tasks cost nothing at all: the scheduler has them anyway.

    an end that is heard    O(1), about a microsecond
    a snapshot              O(workers + bounds), and what ``Scheduler.metrics()`` costs
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, runtime_checkable

from sched import forks
from sched.arguments import shown
from sched.base import Scheduler
from sched.clock import checked
from sched.entry import added_at
from sched.events import TaskEvent
from sched.histogram import Histogram, Recorder
from sched.metrics import Metrics

FAILURES = ("retrying", "failed")
MOST = 1024  # ends that are kept as they are, until they are put into the histograms


@runtime_checkable
class Pool(Protocol):
    """What a Monitor asks of a pool. One that has ``stuck`` as well is asked for that."""

    @property
    def workers(self) -> int:
        """How many workers it has."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a Monitor saw at one moment.

    at: that moment, epoch seconds.
    tasks: how many stand where, as ``Scheduler.metrics()`` counts them.
    workers: how many the pools have, None without a pool. stuck: how many of them are kept by a
    task that runs on past its timeout.
    timeouts: attempts that ended in a TimeoutError since the monitor was made.
    wait: of the attempts that have ended since then, the seconds from ready to started.
    lateness: from due to started, of those with a time of their own (delayed, recurring, tried
    again): what becomes of appointments is not to be hidden behind a crowd without one.
    run: from started to ended.
    """

    at: float
    tasks: Metrics
    workers: int | None
    stuck: int
    timeouts: int
    wait: Histogram
    lateness: Histogram
    run: Histogram

    @property
    def use(self) -> float | None:
        """Running tasks for each worker: 1 if all are busy; None without a pool. O(1)."""
        return self.tasks.running / self.workers if self.workers else None

    def rows(self) -> Iterator[tuple[str, float | None, float]]:
        """All of it as (name, upper bound or None, value); buckets are cumulative. O(bounds)."""
        numbers = {**self.tasks._asdict(), "timeouts": self.timeouts, "stuck": self.stuck}
        for name, value in numbers.items():
            yield name, None, value
        if self.workers is not None:
            yield "workers", None, self.workers
        for name in ("wait", "lateness", "run"):
            histogram: Histogram = getattr(self, name)
            for bound, count in histogram.cumulative():
                yield f"{name}_count", bound, count
            yield f"{name}_sum", None, histogram.total

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row for each number; needs pandas. O(bounds).

        Columns: metric, up_to (seconds; missing for what is no bucket), value."""
        import pandas as pd

        return pd.DataFrame(list(self.rows()), columns=["metric", "up_to", "value"])

    def __str__(self) -> str:
        """One line for a log. O(bounds)."""
        t = self.tasks
        workers = "" if self.workers is None else f" of {self.workers}"
        parts = [
            f"{t.ready:,} ready, {t.waiting:,} waiting, {t.running:,} running{workers}",
            f"{t.succeeded:,} succeeded, {t.failed:,} failed, {t.cancelled:,} cancelled",
            f"{t.retried:,} retried, {self.timeouts:,} timed out, {self.stuck:,} stuck",
        ]
        for name in ("wait", "lateness", "run"):
            seconds: Histogram = getattr(self, name)
            parts.append(
                f"{name} p50 {seconds.quantile(0.5):.3g} s, p95 {seconds.quantile(0.95):.3g} s"
            )
        return "; ".join(parts)


class Monitor:
    """Watches a scheduler, and the pools that work for it::

        with WorkerPool(s, 4) as pool, Monitor(s, pool) as monitor:
            ...
            print(monitor.snapshot())

    scheduler: any. pools: each WorkerPool, or whatever else has ``workers``; none is fine.

    It watches until ``close()``. Raises TypeError for a bad argument.
    """

    def __init__(self, scheduler: Scheduler, *pools: Pool) -> None:
        if not isinstance(scheduler, Scheduler):
            raise TypeError(f"scheduler must be a Scheduler, got {shown(scheduler)}")
        for pool in pools:
            if isinstance(pool, type) or not isinstance(pool, Pool):
                raise TypeError(f"pools must be worker pools, got {shown(pool)}")
        self._scheduler, self._pools = scheduler, pools
        self._lock = threading.Lock()
        self._wait, self._lateness, self._run = Recorder(), Recorder(), Recorder()
        self._ended: list[tuple[float, float | None, float]] = []  # wait, lateness, run
        self._timed_out: list[None] = []
        self._timeouts = 0
        forks.note(self)
        self._unsubscribe = scheduler.subscribe(
            self._hear, "succeeded", "retrying", "failed", "cancelled"
        )

    def renew_after_fork(self) -> None:
        """Make the lock anew, in a forked child. O(1)."""
        self._lock = threading.Lock()

    def _hear(self, event: TaskEvent) -> None:
        """An attempt has ended. Whoever ends it waits for this: so it is but one append."""
        task = event.task
        attempt, end = event.attempt or task, task.finished_at
        if end is None:  # it is to be tried again
            end = checked(self._scheduler.clock).now()
        start, entry = attempt.started_at, attempt.entry
        if start is None:  # it was cancelled without having run
            return
        due, added, late = entry[1], added_at(entry), None
        ready = due
        if due != added:
            late = start - due
            ready = max(due, added)
        self._ended.append((start - ready, late, end - start))
        if event.kind in FAILURES and (task.error or "").startswith("TimeoutError"):
            self._timed_out.append(None)
        if len(self._ended) >= MOST:
            with self._lock:
                self._take_in()

    def _take_in(self) -> None:
        """Put what has ended into the histograms. With the lock held: others only append."""
        n = len(self._ended)
        if not n:
            return
        wait, late, run = zip(*self._ended[:n], strict=True)
        del self._ended[:n]
        timed_out = len(self._timed_out)
        del self._timed_out[:timed_out]
        self._timeouts += timed_out
        self._wait.observe(wait)
        self._lateness.observe(seconds for seconds in late if seconds is not None)
        self._run.observe(run)

    def snapshot(self) -> Snapshot:
        """How it stands now. Raises what ``Scheduler.metrics`` does (a closed file, say).
        O(workers + bounds)."""
        tasks, at = self._scheduler.metrics(), checked(self._scheduler.clock).now()
        workers = sum(pool.workers for pool in self._pools) if self._pools else None
        stuck = sum(getattr(pool, "stuck", 0) for pool in self._pools)
        with self._lock:
            self._take_in()
            return Snapshot(
                at,
                tasks,
                workers,
                stuck,
                self._timeouts,
                self._wait.histogram(),
                self._lateness.histogram(),
                self._run.histogram(),
            )

    def close(self) -> None:
        """Watch no more. Idempotent; ``snapshot`` gives what it has seen. O(1)."""
        self._unsubscribe()

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Monitor of {self._scheduler!r}>"
