"""Crew: the threads of a pool, and what each of them does all its life.

A worker takes a task only when it is free to run it. So nothing queues anywhere but in the
scheduler, and an urgent task that comes late still overtakes the whole backlog.

One lock guards the crew. A worker takes it when it falls asleep or wakes up, not for each task, and
nobody calls the scheduler while holding it. How workers sleep, and how others wait for them, is
told in wakeups.py; how a task is run in execution.py.
"""

import logging
import threading
from collections.abc import Callable
from itertools import count

from sched.arguments import as_count, class_name
from sched.base import Scheduler
from sched.clock import checked
from sched.execution import log_safely
from sched.runner import Runner
from sched.task import Task
from sched.wakeups import Onlookers, Sleepers

MOST = 10_000  # threads: more than most systems give, and less than would bring one down


class Crew:
    """The arguments are as WorkerPool has them; runner: how they run what they have taken."""

    def __init__(
        self, scheduler: Scheduler, workers: int, runner: Runner, max_sleep: float, name: str
    ) -> None:
        self.name = name
        self._scheduler, self._runner = scheduler, runner
        runner.belong_to(name)
        self._size = self._threads_for(workers)
        runner.crashed, runner.is_empty = self._crashed, self._is_over
        runner.is_stopping = lambda: self._stopping
        if scheduler.ledger.commits:
            runner.takes_next = self._takes_next
        self._thread_numbers = count(1)
        self._lock = threading.Lock()  # never held while a task runs, or the scheduler is called
        self._crew: set[threading.Thread] = set()
        self._max_sleep = max_sleep
        self._sleepers, self._onlookers = Sleepers(max_sleep), Onlookers()
        self._end_notices: Callable[[], None] = _nothing
        self._started = self._paused = self._stopping = self._forked = False
        self._crash: BaseException | None = None

    def _threads_for(self, workers: int) -> int:
        """How many threads so many workers are. O(1). Raises ValueError for too many."""
        if self._runner.seats is None:
            return as_count(workers, "workers", at_least=1, at_most=MOST)
        self._runner.seats = workers
        self._runner.look_again()
        return 1

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

    def _new_worker(self) -> threading.Thread:
        """A daemon: what happens at exit is the pool's to decide."""
        name = f"{self.name}-worker-{next(self._thread_numbers)}"
        return threading.Thread(target=self._work, name=name, daemon=True)

    def _work(self) -> None:
        """What a worker does all its life."""
        me, runner = threading.current_thread(), self._runner
        with self._lock:
            self._sleepers.rise(me, slept=False)
        try:
            following: Task | None = None
            while (task := following or self._next(me)) is not None:
                following = runner.attempt(task, me.name)
                del task  # a worker that sleeps must not keep its last task in memory
                if runner.broken is not None and following is None:
                    raise runner.broken
        except BaseException as crash:
            self._crashed(crash)
        finally:
            runner.leave()
            with self._lock:
                self._crew.discard(me)
                self._sleepers.rise(me)
            self._is_over()
            if self._stopping or len(self._crew) > self._size:
                self._sleepers.bell.ring()  # for the next one that is to end
            else:
                self._pass_on()  # this one may have been woken for a task

    def _takes_next(self) -> bool:
        """Whether the worker that ends a task is to take the next one in the same breath. O(1)."""
        wanted = len(self._crew) <= self._size and threading.current_thread() in self._crew
        broken = self._runner.broken is not None
        return wanted and not (self._paused or self._stopping or broken)

    def _crashed(self, crash: BaseException) -> None:
        """A fault of the scheduler, its clock or the executor: end, and let everybody know."""
        self._crash = self._crash or crash
        self._stop()
        who = threading.current_thread().name
        log_safely(logging.CRITICAL, "%s crashed, %s stops", who, self.name, trace=crash)

    def _is_over(self) -> bool:
        """Whether nothing runs, and no worker is there. Tells those who wait for that. O(1)."""
        if self._crew or self._runner.seated:
            self._onlookers.tell()
            return False
        self._runner.close()
        self._onlookers.tell()
        return True

    def _next(self, me: threading.Thread) -> Task | None:
        """Wait for a task and take it; None when this worker is to end."""
        take, woken = self._scheduler.get_next_task, False
        before_take = self._runner.before_take
        while not self._stopping:
            if len(self._crew) > self._size or me not in self._crew:
                with self._lock:
                    if len(self._crew) > self._size or me not in self._crew:
                        self._crew.discard(me)
                        return None
            before_take()
            if not self._paused and (task := take()) is not None:
                if woken:
                    self._pass_on()
                return task
            if (task := self._sleep(me)) is not None:
                if woken:  # for several, of which this one was due when it looked once more
                    self._pass_on()
                return task
            woken = True
        return None

    def _sleep(self, me: threading.Thread) -> Task | None:
        """Announce, look once more, and sleep; the task if there was one after all."""
        now = checked(self._scheduler.clock).now
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
        self._stopping = self._paused = True
        self._end_notices()
        self._sleepers.bell.ring()  # for one, who does so for the next
        self._runner.look_again()
        self._onlookers.tell()

    def renew_after_fork(self) -> None:
        """In a forked child: a pool that had been started has no threads there. O(1)."""
        self._lock, self._crew = threading.Lock(), set()
        self._sleepers, self._onlookers = Sleepers(self._max_sleep), Onlookers()
        self._runner.renew_after_fork()
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
