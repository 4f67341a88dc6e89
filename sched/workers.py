"""WorkerPool: threads that run what a scheduler hands out.

A worker takes a task only when it is free to run it. So nothing queues anywhere but in the
scheduler, and an urgent task that comes late still overtakes the whole backlog.

One lock guards the pool. It is held while a task is taken, never while one runs; whoever holds it
may call the scheduler, which calls back without a lock. How workers sleep is told in sleepers.py,
how others wait for them in onlookers.py, how a task is run in attempt.py.
"""

import atexit
import logging
import os
import threading
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any

from sched.arguments import as_count, as_seconds
from sched.attempt import attempt, current_task, time_left
from sched.base import Scheduler
from sched.clock import VirtualClock
from sched.onlookers import Onlookers, progress_bar
from sched.sleepers import Sleeper, Sleepers
from sched.task import Task, UnknownTaskError

__all__ = ["WorkerPool", "current_task", "time_left"]

log = logging.getLogger("sched.workers")

_numbers = count(1)


class _Worker(threading.Thread):
    """A thread of a pool. It is a daemon: what happens at exit is the pool's to decide."""

    def __init__(self, pool: "WorkerPool", name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.pool = pool
        self.sleeper = Sleeper(pool._lock)
        self.busy = False

    def run(self) -> None:
        self.pool._work(self)


class WorkerPool:
    """Threads that take tasks from a scheduler and run them::

        with WorkerPool(scheduler, workers=4) as pool:
            pool.drain()

    scheduler: any Scheduler whose clock moves by itself.
    workers: how many threads.
    run: called with each Task that has no action; without it such a task fails.
    max_sleep: the longest sleep of the leader, in seconds, after which it notices a clock that
    was set forward.
    name: how its threads are called, with a number behind it; also ``worker`` in log records.

    Tasks start in the scheduler's order: when one starts, at most ``workers - 1`` that were handed
    out before it have yet to. Leaving the ``with`` block waits for running tasks alone; what is
    pending stays in the scheduler. A pool that nobody shuts down is shut down at exit.

    A task may do with its pool whatever it likes, except wait for it: ``shutdown`` does not wait
    when a task calls it, ``drain`` raises. A worker thread that dies (of a fault in the scheduler
    or its clock: no task can do that) stops the pool, and ``drain`` and the ``with`` block raise.

    Raises TypeError or ValueError for a bad argument, ValueError for a VirtualClock.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        workers: int = 4,
        *,
        run: Callable[[Task], Any] | None = None,
        max_sleep: float = 30.0,
        name: str | None = None,
    ) -> None:
        if not isinstance(scheduler, Scheduler):
            raise TypeError(f"scheduler must be a Scheduler, got {scheduler!r}")
        if isinstance(scheduler.clock, VirtualClock):
            raise ValueError(
                f"scheduler must have a clock that moves by itself, got {scheduler.clock!r}: "
                "in virtual time, use simulate()"
            )
        if run is not None and not callable(run):
            raise TypeError(f"run must be callable, got {run!r}")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a str, got {name!r}")
        self._scheduler = scheduler
        self._size = as_count(workers, "workers", at_least=1)
        self._run = run
        self.name = name or f"sched-pool-{next(_numbers)}"
        self._thread_numbers = count(1)
        self._lock = threading.Lock()  # never held while a task runs
        self._crew: set[_Worker] = set()
        max_sleep = as_seconds(max_sleep, "max_sleep", positive=True)
        self._sleepers = Sleepers(self._lock, self._next_due, max_sleep)
        self._in_flight = 0  # tasks that workers have in their hands
        self._onlookers = Onlookers(self._lock)
        self._started = self._paused = self._stopping = self._cancel_pending = False
        self._death: BaseException | None = None
        self._pid = os.getpid()

    @property
    def workers(self) -> int:
        """How many workers the pool has, or will have once surplus ones have ended. O(1)."""
        return self._size

    @property
    def wakeups(self) -> int:
        """How often a sleeping worker has woken up, for whatever reason. O(1)."""
        return self._sleepers.wakeups

    # --- for users --------------------------------------------------------------------------------

    def start(self) -> "WorkerPool":
        """Start the workers, unless they run already; ``with`` does it. O(workers).

        Raises RuntimeError after shutdown, or if the system gives no more threads.
        """
        with self._lock:
            self._refuse_if_over()
            if self._started:
                return self
            self._started = True
            self._pid = os.getpid()
        try:
            atexit.register(self._at_exit)
            with self._scheduler._lock:
                # A new list, because another thread may be going through the old one.
                self._scheduler._listeners = [*self._scheduler._listeners, self._heard]
            self.resize(self._size)
        except BaseException:
            self.shutdown(wait=False)
            raise
        return self

    def shutdown(self, wait: bool = True, cancel_pending: bool = False) -> None:
        """Start no more tasks, and end the workers. Again is no error. O(workers), O(n) to cancel.

        wait: return when the running tasks have ended; ignored when one of them calls this.
        cancel_pending: cancel what is pending, and running tasks instead of retrying them.
        Otherwise all of it stays PENDING in the scheduler, for another pool.
        """
        if os.getpid() != self._pid:
            return  # a forked child has none of the threads
        with self._lock:
            crew = tuple(self._crew)
            self._cancel_pending |= cancel_pending
            self._stop()
        with self._scheduler._lock:
            others = [each for each in self._scheduler._listeners if each != self._heard]
            self._scheduler._listeners = others
        if cancel_pending:
            for task in self._scheduler.pending_tasks():
                self._cancel(task)
        if wait and threading.current_thread() not in crew:
            self._onlookers.wait(lambda: not self._crew)
            for worker in crew:
                worker.join()
            atexit.unregister(self._at_exit)

    def drain(self, timeout: float | None = None, progress: bool = False) -> bool:
        """Wait until nothing is pending (delayed tasks and retries count) and no worker is busy.

        timeout: seconds to wait at most; None for no limit. progress: show a bar (needs tqdm).
        Returns False if time runs out first. Waits on while the pool is paused.
        Raises RuntimeError if the pool is shut down first or has not been started, and if a task
        of this pool calls it: it would wait for itself. O(1) each time the pool runs dry.
        """
        if timeout is not None:
            timeout = as_seconds(timeout, "timeout")
        if threading.current_thread() in self._crew:
            raise RuntimeError("drain() called by a task of this pool would wait for that task")

        def dry() -> bool:
            if self._death is not None:
                self._refuse_if_over()
            if self._in_flight:
                return False
            if not len(self._scheduler):
                return True
            self._refuse_if_over()
            return False

        self._refuse_if_not_started()
        if not progress:
            return self._onlookers.wait(dry, timeout)
        with progress_bar(self._scheduler, self.name) as draw:
            return self._onlookers.wait(dry, timeout, draw)

    def pause(self) -> None:
        """Start no more tasks until ``resume``; those taken already run on. O(1).

        Raises RuntimeError after shutdown.
        """
        with self._lock:
            self._refuse_if_over()
            self._paused = True

    def resume(self) -> None:
        """End a pause. O(1). Raises RuntimeError after shutdown."""
        with self._lock:
            self._refuse_if_over()
            self._paused = False
            self._sleepers.wake_next()

    def resize(self, workers: int) -> None:
        """Have so many workers from now on; busy surplus ones end after their task. O(workers).

        Raises RuntimeError if the pool does not run, or if the system gives no more threads.
        """
        size = as_count(workers, "workers", at_least=1)
        with self._lock:
            self._refuse_if_over()
            self._refuse_if_not_started()
            self._size = size
            while len(self._crew) < size:
                worker = _Worker(self, f"{self.name}-worker-{next(self._thread_numbers)}")
                self._crew.add(worker)
                try:
                    worker.start()
                except BaseException:
                    self._crew.discard(worker)  # should it run nevertheless, it ends at once
                    self._size = max(1, len(self._crew))
                    raise
            if len(self._crew) > size:
                self._sleepers.wake_all()

    def __enter__(self) -> "WorkerPool":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        if error is None and self._death is not None:
            self._refuse_if_over()

    def __repr__(self) -> str:
        state = "shut down" if self._stopping else "paused" if self._paused else "running"
        state = state if self._started else "not started"
        return f"<WorkerPool {self.name!r}: {self._size} workers, {state}>"

    # --- for workers ------------------------------------------------------------------------------

    def _work(self, me: _Worker) -> None:
        """What a worker does all its life."""
        try:
            while (task := self._next(me)) is not None:
                again = attempt(self._scheduler, task, self._run, me.name)
                if again and self._cancel_pending:
                    self._cancel(task)
                del task  # a worker that sleeps must not keep its last task in memory
        except BaseException as death:
            log.critical("%s died, %s stops", me.name, self.name, exc_info=True)
            with self._lock:
                self._death = death
                self._stop()
        finally:
            with self._lock:
                self._crew.discard(me)
                self._in_flight -= me.busy
                self._onlookers.tell()

    def _next(self, me: _Worker) -> Task | None:
        """Wait for a task and take it; None when this worker is to end."""
        with self._lock:
            self._in_flight -= me.busy
            me.busy = False
            while me in self._crew and len(self._crew) <= self._size and not self._stopping:
                if not self._paused and (task := self._scheduler.get_next_task()) is not None:
                    me.busy = True
                    self._in_flight += 1
                    if self._sleepers.announced:
                        self._sleepers.wake_next()  # if there is more
                    return task
                if not self._in_flight:
                    self._onlookers.tell()
                self._sleepers.sleep(me.sleeper)
            self._crew.discard(me)
            if not self._stopping:
                self._sleepers.wake_next()  # this one may have been woken for a task
            return None

    def _next_due(self) -> float | None:
        """In how many seconds something can run (0 or less: now), None if nothing is to."""
        if self._paused:
            return None
        due = self._scheduler.next_run_time()
        return None if due is None else due - self._scheduler.clock.now()

    def _heard(self, arrivals: int) -> None:
        """The scheduler has changed: called by whoever changed it.

        The lock is taken only if that may concern somebody: one who sleeps, or one who waits for
        the pool to run dry. A worker whose task ends later tells the latter itself.
        """
        if arrivals:
            if self._sleepers.announced:
                with self._lock:
                    self._sleepers.wake_next()
        elif not self._in_flight:
            with self._lock:
                self._onlookers.tell()

    def _stop(self) -> None:
        """End the workers, each after the task that it is running."""
        self._stopping = True
        self._sleepers.wake_all()
        self._onlookers.tell()

    # --- the ends of its life ---------------------------------------------------------------------

    def _cancel(self, task: Task) -> None:
        try:
            self._scheduler.cancel(task.id)
        except UnknownTaskError:
            pass  # it has run and been forgotten meanwhile

    def _at_exit(self) -> None:
        """Let running tasks end before the interpreter does."""
        if not self._stopping and os.getpid() == self._pid:
            log.warning("%s was not shut down: waiting for its running tasks", self.name)
        self.shutdown()

    def _refuse_if_not_started(self) -> None:
        if not self._started:
            raise RuntimeError(f"{self!r}: use it in a with statement, or call start()")

    def _refuse_if_over(self) -> None:
        if self._death is not None:
            raise RuntimeError(
                f"{self!r}: a worker died of {type(self._death).__name__}"
            ) from self._death
        if self._stopping:
            raise RuntimeError(f"{self!r}: make a new pool, the tasks are in the scheduler")
