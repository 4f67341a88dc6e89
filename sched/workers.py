"""WorkerPool: workers that run what a scheduler hands out, in threads, processes or elsewhere.

What users call is here. What the workers do all their life is told in crew.py, how a task is run
in execution.py, and where else than in a thread in processes.py and elsewhere.py.
"""

import atexit
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from itertools import count
from types import TracebackType
from typing import Any, NoReturn
from weakref import WeakValueDictionary

from sched import forks
from sched.arguments import as_callable, as_count, as_flag, as_seconds, shown
from sched.base import Scheduler
from sched.clock import VirtualClock
from sched.execution import current_task, time_left
from sched.outcomes import Outcomes
from sched.runner import runner_of
from sched.signals import StopSignals
from sched.task import Task, UnknownTaskError

__all__ = ["WorkerPool", "current_task", "time_left"]

log = logging.getLogger("sched.workers")

KILLED_IN = 10.0  # seconds in which what is stopped from outside has ended

_numbers = count(1)
# By id, and weakly: a pool is kept alive by its threads alone.
_running: "WeakValueDictionary[int, WorkerPool]" = WeakValueDictionary()


class WorkerPool(Outcomes):
    """Workers that take tasks from a scheduler and run them::

        with WorkerPool(scheduler, workers=4) as pool:
            pool.drain()

    scheduler: any Scheduler whose clock moves by itself.
    workers: how many, and so how many tasks run at once: 10,000 at most, unless ``async``.
    executor: where they run: "thread"; "process", in processes that can be killed (needs pebble;
    what goes there and comes back is pickled); "async", on one event loop, thousands of ``async``
    functions at once (plain ones in at most 16 threads beside it); or any Executor of
    ``concurrent.futures``, which is yours to shut down, and never has more than ``workers`` tasks
    of this pool.
    run: called with each Task that has no action; without it such a task fails.
    max_sleep: the longest sleep of an idle worker, in seconds, after which it notices a clock that
    was set forward.
    name: how its threads are called, with a number behind it; also ``worker`` in log records.
    signals: whether SIGTERM and SIGINT end the ``with`` block: nothing more starts, SystemExit or
    KeyboardInterrupt is raised in the main thread, and tasks that run have so many seconds to end:
    grace: as the ``timeout`` of ``shutdown``. A second signal ends the block at once.

    Tasks start in the scheduler's order: when one starts, at most ``workers - 1`` that were handed
    out before it have yet to. Leaving the ``with`` block waits for running tasks alone; what is
    pending stays in the scheduler. A pool that nobody shuts down is shut down at exit.

    An ``async`` function runs to its end on one event loop of the pool's; if its worker is a
    thread, that waits for it. There a timeout cancels it. In a process a timeout is hard: it is
    killed, and replaced. (``kill PID`` does nothing to such a process, ``kill -9 PID`` ends it.)
    In a thread, or on your executor, the attempt has failed when it comes back too late; until
    then it is RUNNING, has its worker, and counts as ``stuck``.

    The context variables of whoever added a task are there when it runs in a thread or on the loop.

    A task may do with its pool whatever it likes, except wait for it: ``shutdown`` does not wait
    when a task calls it, ``drain`` raises. A worker that crashes (for a fault in the scheduler, its
    clock or the executor: no task can do that) stops the pool, and ``drain`` and the ``with`` block
    raise. An end that it could not record is recorded by ``shutdown``; if that fails, too, the task
    stays RUNNING, and ``running_tasks()`` lists it. In a forked child a pool that was started
    before has no threads, and says so.

    Raises TypeError or ValueError for a bad argument, ValueError for a VirtualClock, ImportError
    if what the executor needs is missing.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        workers: int = 4,
        *,
        executor: str | Executor = "thread",
        run: Callable[[Task], Any] | None = None,
        max_sleep: float = 30.0,
        name: str | None = None,
        signals: bool = False,
        grace: float = 30.0,
    ) -> None:
        if not isinstance(scheduler, Scheduler):
            raise TypeError(f"scheduler must be a Scheduler, got {shown(scheduler)}")
        if isinstance(scheduler.clock, VirtualClock):
            raise ValueError(
                f"scheduler must have a clock that moves by itself, got {scheduler.clock!r}: "
                "in virtual time, use simulate()"
            )
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a str, got {shown(name)}")
        size = as_count(workers, "workers", at_least=1)
        super().__init__(
            scheduler,
            size,
            runner_of(executor, scheduler, size, None if run is None else as_callable(run, "run")),
            as_seconds(max_sleep, "max_sleep", positive=True),
            name or f"sched-pool-{next(_numbers)}",
        )
        if executor == "process":
            # Once more, to be called before multiprocessing ends the processes at exit.
            atexit.register(shutdown_all)
        grace = as_seconds(grace, "grace")
        self._signals = StopSignals(self._stop, grace) if as_flag(signals, "signals") else None
        self._abandoned = False  # whether nobody waits any more for what runs
        forks.note(self)

    @property
    def workers(self) -> int:
        """How many workers the pool has, or will have once surplus ones have ended. O(1)."""
        return self._runner.seats or self._size

    @property
    def wakeups(self) -> int:
        """How often a sleeping worker has woken up, for whatever reason. O(1)."""
        return self._sleepers.wakeups

    @property
    def stuck(self) -> int:
        """How many tasks run on past their timeout: each keeps a worker. O(workers)."""
        return self._runner.attempts.stuck()

    # --- for users --------------------------------------------------------------------------------

    def start(self) -> "WorkerPool":
        """Start the workers, unless they run already; ``with`` does it. O(workers).

        In a forked child it starts workers there, where there are none, whatever ran before.
        Raises RuntimeError after shutdown, or if the system gives no more threads.
        """
        with self._lock:
            self._refuse_if_over()
            if self._started:
                return self
            try:
                _running[id(self)] = self
                self._end_notices = self._scheduler.notices.subscribe(self._sleepers.notice)
                self._grow()
                self._started, self._forked = True, False  # last: if interrupted, it has not
            except BaseException:
                self._stop()
                raise
        return self

    def shutdown(
        self, wait: bool = True, cancel_pending: bool = False, timeout: float | None = None
    ) -> bool:
        """Start no more tasks, and end the workers. Idempotent. O(workers), O(n) to cancel.

        wait: return when the running tasks have ended; ignored when one of them calls this.
        cancel_pending: cancel what is pending, and running tasks instead of retrying them.
        Otherwise all of it stays PENDING in the scheduler, for another pool.
        timeout: seconds to wait at most; None for no limit. What then still runs is stopped where
        that can be done, as in a process, and runs again in another pool as far as its retry
        policy allows. What cannot be stopped runs on; nobody waits for it, at exit either.

        Returns whether all running tasks had ended by themselves.
        With ``wait=False`` and without ``cancel_pending`` it may be called in a signal handler.
        """
        wait, cancel_pending = as_flag(wait, "wait"), as_flag(cancel_pending, "cancel_pending")
        if timeout is not None:
            timeout = as_seconds(timeout, "timeout")
        self._runner.cancels_retries |= cancel_pending
        self._stop()
        if cancel_pending:
            for task in self._scheduler.pending_tasks():
                try:
                    self._scheduler.cancel(task.id)
                except UnknownTaskError:
                    pass  # it has run and been evicted from history meanwhile
        crew = list(self._crew)
        if not wait or self._is_own_thread():
            return self._has_ended()
        if not self._onlookers.wait(self._has_ended, timeout):
            self._abandoned = True
            if self._runner.attempts.stop_all():
                self._onlookers.wait(self._has_ended, KILLED_IN)
            return False
        for worker in crew:
            worker.join()
        self._runner.join()
        self._runner.record_late()
        return True

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
            self._sleepers.attend(paused=False)
            self._paused = False
        self._pass_on()

    def resize(self, workers: int) -> None:
        """Have so many workers from now on; busy surplus ones end after their task. O(workers).

        Raises RuntimeError if the pool does not run, or if the system gives no more threads.
        """
        size = as_count(workers, "workers", at_least=1)
        with self._lock:
            self._refuse_if_over()
            self._refuse_if_not_started()
            self._size = self._threads_for(size)
            self._grow()
        if len(self._crew) > self._size:
            self._sleepers.bell.ring()  # for one, who does so for the next

    def __enter__(self) -> "WorkerPool":
        self.start()
        if self._signals is not None:
            try:
                self._signals.install()
            except BaseException:  # the first of them may have come
                self._stop()
                self._signals.run_out(self.shutdown)
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._signals is None:
            self.shutdown()
        else:
            self._signals.run_out(self.shutdown)
        if error is None and self._crash is not None:
            self._refuse_if_over()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse to be copied or pickled. O(1)."""
        raise TypeError("a WorkerPool cannot be copied or pickled: make a new one")

    def __repr__(self) -> str:
        state = "paused" if self._paused else "running"
        if self._forked:
            state = "has no threads in a forked child"
        elif self._stopping:
            state = "shut down"
        elif not self._started:
            state = "not started"
        return f"<WorkerPool {self.name!r}: {self.workers} workers, {state}>"

    # --- the ends of its life ---------------------------------------------------------------------

    def stop_at_exit(self) -> bool:
        """Start no more tasks, and say what is lost. Whether there are workers left. O(workers)."""
        if self._abandoned:
            return False
        if not self._has_ended() and not self._stopping:
            self._stop()
            try:
                log.warning(
                    "%s was not shut down: waiting for its running tasks; pending ones, %d, %s",
                    self.name,
                    len(self._scheduler),
                    self._scheduler.ledger.at_exit,
                )
            except BaseException:  # at exit, what is plugged into logging
                pass
        return not self._has_ended()


@atexit.register
def shutdown_all() -> None:
    """Shut down every pool of this process that runs. Idempotent. O(workers)."""
    pools = [pool for pool in _running.values() if pool.stop_at_exit()]
    for pool in pools:
        pool.shutdown()
