"""WorkerPool: threads that run what a scheduler hands out.

A worker takes a task only when it is free to run it. So nothing queues anywhere but in the
scheduler, and an urgent task that comes late still overtakes the whole backlog.

One lock guards the pool. A worker takes it when it falls asleep or wakes up, not for each task, and
nobody calls the scheduler while holding it. How workers sleep, and how others wait for them, is
told in wakeups.py; how a task is run in execution.py.
"""

import atexit
import logging
import threading
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any, NoReturn
from weakref import WeakValueDictionary

from sched import forks
from sched.arguments import as_callable, as_count, as_seconds, class_name, shown
from sched.base import Scheduler
from sched.clock import VirtualClock
from sched.execution import attempt, current_task, time_left
from sched.progress import progress_bar
from sched.task import Task, UnknownTaskError
from sched.wakeups import Onlookers, Sleepers

__all__ = ["WorkerPool", "current_task", "time_left"]

log = logging.getLogger("sched.workers")

_numbers = count(1)
# By id, and weakly: a pool is kept alive by its threads alone.
_running: "WeakValueDictionary[int, WorkerPool]" = WeakValueDictionary()


class WorkerPool:
    """Threads that take tasks from a scheduler and run them::

        with WorkerPool(scheduler, workers=4) as pool:
            pool.drain()

    scheduler: any Scheduler whose clock moves by itself.
    workers: how many threads.
    run: called with each Task that has no action; without it such a task fails.
    max_sleep: the longest sleep of an idle worker, in seconds, after which it notices a clock that
    was set forward.
    name: how its threads are called, with a number behind it; also ``worker`` in log records.

    Tasks start in the scheduler's order: when one starts, at most ``workers - 1`` that were handed
    out before it have yet to. Leaving the ``with`` block waits for running tasks alone; what is
    pending stays in the scheduler. A pool that nobody shuts down is shut down at exit.

    A task may do with its pool whatever it likes, except wait for it: ``shutdown`` does not wait
    when a task calls it, ``drain`` raises. A worker that crashes (for a fault in the scheduler or
    its clock: no task can do that) stops the pool, and ``drain`` and the ``with`` block raise.
    In a forked child a pool that was started before has no threads, and says so.

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
            raise TypeError(f"scheduler must be a Scheduler, got {shown(scheduler)}")
        if isinstance(scheduler.clock, VirtualClock):
            raise ValueError(
                f"scheduler must have a clock that moves by itself, got {scheduler.clock!r}: "
                "in virtual time, use simulate()"
            )
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a str, got {shown(name)}")
        self._scheduler = scheduler
        self._size = as_count(workers, "workers", at_least=1)
        self._run = None if run is None else as_callable(run, "run")
        self.name = name or f"sched-pool-{next(_numbers)}"
        self._thread_numbers = count(1)
        self._lock = threading.Lock()  # never held while a task runs, or the scheduler is called
        self._crew: set[threading.Thread] = set()
        self._max_sleep = as_seconds(max_sleep, "max_sleep", positive=True)
        self._sleepers, self._onlookers = Sleepers(self._max_sleep), Onlookers()
        self._end_notices: Callable[[], None] = _nothing
        self._started = self._paused = self._stopping = self._forked = False
        self._cancel_pending = False
        self._crash: BaseException | None = None
        forks.note(self)

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

    def shutdown(self, wait: bool = True, cancel_pending: bool = False) -> None:
        """Start no more tasks, and end the workers. Idempotent. O(workers), O(n) to cancel.

        wait: return when the running tasks have ended; ignored when one of them calls this.
        cancel_pending: cancel what is pending, and running tasks instead of retrying them.
        Otherwise all of it stays PENDING in the scheduler, for another pool.

        With ``wait=False`` and without ``cancel_pending`` it may be called in a signal handler.
        """
        for argument, value in (("wait", wait), ("cancel_pending", cancel_pending)):
            if not isinstance(value, bool):
                raise TypeError(f"{argument} must be True or False, got {shown(value)}")
        self._cancel_pending |= cancel_pending
        self._stop()
        if cancel_pending:
            for task in self._scheduler.pending_tasks():
                self._cancel(task)
        crew = list(self._crew)
        if wait and threading.current_thread() not in crew:
            self._onlookers.wait(lambda: not self._crew)
            for worker in crew:
                worker.join()

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
        self._refuse_if_not_started()
        unsubscribe = self._scheduler.subscribe(self._onlookers.tell, "cancelled")
        try:
            if not progress:
                return self._onlookers.wait(self._is_dry, timeout)
            with progress_bar(self._scheduler, self.name) as draw:
                return self._onlookers.wait(self._is_dry, timeout, draw)
        finally:
            unsubscribe()

    def _is_dry(self) -> bool:
        """Whether nothing is pending and no worker has a task; raises if that will never be."""
        if self._crash is not None:
            self._refuse_if_over()
        before = self._sleepers.rises
        m = self._scheduler.metrics()
        if m.pending:
            self._refuse_if_over()
            return False
        if not m.running:
            return True
        # What runs may be somebody else's. Who is idle here takes nothing without rising first.
        with self._lock:
            return self._sleepers.rises == before and self._sleepers.idle >= self._crew

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
            self._size = size
            self._grow()
        if len(self._crew) > size:
            self._sleepers.wake_all()

    def _grow(self) -> None:
        """Start the workers that are missing. With the lock held. O(their number)."""
        while len(self._crew) < self._size:
            worker = self._new_worker()
            try:
                self._crew.add(worker)
                self._sleepers.idle.add(worker)
                worker.start()
            except BaseException:
                self._crew.discard(worker)  # should it run nevertheless, it ends at once
                self._sleepers.idle.discard(worker)
                self._size = max(1, len(self._crew))
                raise

    def __enter__(self) -> "WorkerPool":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
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
        return f"<WorkerPool {self.name!r}: {self._size} workers, {state}>"

    # --- for workers ------------------------------------------------------------------------------

    def _new_worker(self) -> threading.Thread:
        """A daemon: what happens at exit is the pool's to decide."""
        name = f"{self.name}-worker-{next(self._thread_numbers)}"
        return threading.Thread(target=self._work, name=name, daemon=True)

    def _work(self) -> None:
        """What a worker does all its life."""
        me = threading.current_thread()
        with self._lock:
            self._sleepers.rise(me, slept=False)
        try:
            while (task := self._next(me)) is not None:
                again = attempt(self._scheduler, task, self._run, me.name)
                if again and self._cancel_pending:
                    self._cancel(task)
                del task  # a worker that sleeps must not keep its last task in memory
        except BaseException as crash:
            self._crash = self._crash or crash
            self._stop()
            try:
                log.critical("%s crashed, %s stops", me.name, self.name, exc_info=crash)
            except BaseException:  # what is plugged into logging
                pass
        finally:
            with self._lock:
                self._crew.discard(me)
                self._sleepers.rise(me)
            self._onlookers.tell()
            if self._stopping:
                self._sleepers.wake_all()
            else:
                self._pass_on()  # this one may have been woken for a task

    def _next(self, me: threading.Thread) -> Task | None:
        """Wait for a task and take it; None when this worker is to end."""
        take, woken = self._scheduler.get_next_task, False
        give_way = self._scheduler.ledger.give_way
        while not self._stopping:
            if len(self._crew) > self._size or me not in self._crew:
                with self._lock:
                    if len(self._crew) > self._size or me not in self._crew:
                        self._crew.discard(me)
                        return None
            give_way()
            if not self._paused and (task := take()) is not None:
                if woken:
                    self._pass_on()
                return task
            if (task := self._sleep(me)) is not None:
                return task
            woken = True
        return None

    def _sleep(self, me: threading.Thread) -> Task | None:
        """Announce, look once more, and sleep; the task if there was one after all."""
        now = self._scheduler.clock.now
        with self._lock:
            self._sleepers.announce(me, now())
        due = None
        if not self._paused:
            if (task := self._scheduler.get_next_task()) is not None:
                with self._lock:
                    self._sleepers.rise(me)
                return task
            due = self._scheduler.next_run_time()
        with self._lock:
            seconds = self._sleepers.plan(me, now(), due)
            self._sleepers.attend(paused=self._paused)
            all_idle = len(self._sleepers.idle) == len(self._crew)
        if all_idle:
            self._onlookers.tell()
        if not self._stopping and me in self._crew and len(self._crew) <= self._size:
            self._sleepers.wait(seconds)
        with self._lock:
            self._sleepers.rise(me)
        return None

    def _pass_on(self) -> None:
        """Have somebody attend to what can run next, if nobody does."""
        if not self._paused and (due := self._scheduler.next_run_time()) is not None:
            self._sleepers.notice(due)

    def _stop(self) -> None:
        """End the workers, each after the task that it is running. Takes no lock."""
        self._stopping = True
        self._end_notices()
        self._sleepers.wake_all()
        self._onlookers.tell()

    # --- the ends of its life ---------------------------------------------------------------------

    def _cancel(self, task: Task) -> None:
        try:
            self._scheduler.cancel(task.id)
        except UnknownTaskError:
            pass  # it has run and been evicted from history meanwhile

    def stop_at_exit(self) -> bool:
        """Start no more tasks, and say what is lost. Whether there are workers left. O(workers)."""
        if self._crew and not self._stopping:
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
        return bool(self._crew)

    def renew_after_fork(self) -> None:
        """In a forked child: a pool that had been started has no threads there. O(1)."""
        self._lock, self._crew = threading.Lock(), set()
        self._sleepers, self._onlookers = Sleepers(self._max_sleep), Onlookers()
        self._forked = self._started and not self._stopping
        if self._forked:
            self._end_notices()
            self._started = False

    def _refuse_if_not_started(self) -> None:
        if not self._started:
            here = " in this process" if self._forked else ""
            raise RuntimeError(f"{self!r}: use it in a with statement, or call start(){here}")

    def _refuse_if_over(self) -> None:
        if self._crash is not None:
            raise RuntimeError(
                f"{self!r}: a worker crashed with {class_name(self._crash)}"
            ) from self._crash
        if self._stopping:
            raise RuntimeError(f"{self!r}: make a new pool, the tasks are in the scheduler")


def _nothing() -> None:
    """What ends the notices of a pool that has not been started."""


@atexit.register
def shutdown_all() -> None:
    """Shut down every pool of this process that runs. Idempotent. O(workers)."""
    pools = [pool for pool in _running.values() if pool.stop_at_exit()]
    for pool in pools:
        pool.shutdown()
