"""Runner: how the workers of a pool run what they have taken, and end each hand-out.

Two things must hold, or tasks are lost one by one and nobody sees it. Every hand-out ends, be it
in a result, in an exception of any kind (SystemExit and KeyboardInterrupt are only what a task
happened to raise), or in a retry policy that raises itself. And nothing that a task does reaches
the worker that runs it, nor does anything that is plugged into logging.
"""

import logging
import threading
from collections.abc import Callable, Coroutine, Set
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any

from sched.arguments import as_error, class_name, shown
from sched.attempts import Attempt, Attempts
from sched.base import Scheduler
from sched.execution import log, log_safely, perform
from sched.task import InvalidTransitionError, Task, UnknownTaskError


class Runner:
    """How the workers of a pool run what they have taken: here, in the worker's own thread.

    run: called with each task that has no action.
    before_take: what a worker calls each time before it takes a task.
    seats: how many tasks may run at once, if a worker does not wait for the one that it has begun;
    seated: those, until their end is recorded.

    A subclass says where else an action runs (``perform``). The rest holds wherever that is.
    """

    name = "sched-pool"
    seats: int | None = None
    seated: Set[Attempt] = frozenset()

    def __init__(self, scheduler: Scheduler, run: Callable[[Task], Any] | None) -> None:
        self.scheduler, self.run = scheduler, run
        self.before_take: Callable[[], None] = scheduler.ledger.give_way
        self.attempts = Attempts()
        self.loop: Any = None  # where coroutines run, once there has been one
        self._lock = threading.Lock()
        self.crashed: Callable[[BaseException], object] = _nobody  # whom to tell of a fault
        self.is_empty: Callable[[], object] = _nobody  # whom to tell when nobody is seated
        self.is_stopping: Callable[[], bool] = bool
        self.takes_next: Callable[[], bool] = bool  # whether the worker that asks may take a task
        self.cancels_retries = False  # whether a task that would run again is cancelled instead
        self.broken: BaseException | None = None  # why nothing can run any more
        self.unrecorded: list[Callable[[], object]] = []  # ends that could not be recorded

    def attempt(self, task: Task, worker: str) -> Task | None:
        """Run a task that was handed out, and end the hand-out.

        Returns the next task, if it was taken in the same call that has ended this one.
        Raises nothing that comes from the task. O(1) beside the action, and what ``complete`` or
        ``fail`` costs.
        """
        attempt = self.begin(task, worker)
        try:
            result = self.perform(attempt)
        except BaseException as error:
            return self.end(attempt, worker, error=error)
        return self.end(attempt, worker, result, self.takes_next)

    def belong_to(self, pool: str) -> None:
        """The name of the pool, by which threads are called. O(1)."""
        self.name = pool

    def begin(self, task: Task, worker: str) -> Attempt:
        """A worker is about to run the task. O(1)."""
        if log.isEnabledFor(logging.DEBUG):
            _log(logging.DEBUG, task, worker, "starts")
        return self.attempts.begin(task)

    def perform(self, attempt: Attempt) -> Any:
        """The result of the action. Raises what it raises."""
        return perform(attempt.task, self.run, self._on_loop, attempt)

    def _on_loop(
        self,
        coroutine: Coroutine[Any, Any, Any],
        context: Context | None,
        attempt: Attempt | None,
    ) -> Any:
        """Wait for a coroutine, which runs on the pool's one loop."""
        return self.the_loop().run(attempt, context, coroutine)

    def the_loop(self) -> Any:
        """The pool's event loop, whose thread is started when it is first asked for. O(1)."""
        if self.loop is None:
            from sched.event_loop import EventLoop  # here: few need it, and it takes a while

            with self._lock:
                self.loop = self.loop or EventLoop(f"{self.name}-loop")
        return self.loop

    def runs_here(self) -> bool:
        """Whether the thread that asks is one in which tasks run, and no worker. O(1)."""
        return self.loop is not None and bool(self.loop.is_here())

    def have_begun(self, busy: int) -> bool:
        """Whether so many busy workers have begun with what they have, and have not ended. O(1)."""
        return busy <= len(self.attempts)

    def look_again(self) -> None:
        """The pool stops, or has another size. Takes no lock. O(1)."""

    def leave(self) -> None:
        """The worker that calls this ends. O(1)."""

    def close(self) -> None:
        """All workers have ended, and all tasks. Idempotent. O(1)."""
        if self.loop is not None:
            self.loop.close()

    def join(self) -> None:
        """Wait until what ``close`` ends has ended."""
        if self.loop is not None:
            self.loop.thread.join()

    def renew_after_fork(self) -> None:
        """In a forked child nothing runs, and no thread is there. O(1)."""
        self.attempts, self.loop, self._lock = Attempts(), None, threading.Lock()

    def end(
        self,
        attempt: Attempt,
        worker: str,
        result: Any = None,
        takes_next: Callable[[], bool] = bool,
        *,
        error: BaseException | None = None,
        counts: bool | None = None,
    ) -> Task | None:
        """End the hand-out. Returns the next task, if it was taken as well.

        counts: whether its action says how it ends, as nobody has cancelled it before; None to ask.
        """
        scheduler, task = self.scheduler, attempt.task
        how, following = "succeeded", None
        if counts is None:
            counts = self.attempts.end(attempt)
        try:
            if not counts:
                how = "was cancelled"
                scheduler.abort(task)
            elif error is None and takes_next():
                following = scheduler.complete_and_get_next_task(task, result)
            elif error is None:
                scheduler.complete(task, result)
            else:
                retry_in = None
                if attempt.stopped:  # it is for another pool to run
                    retry_in, error = 0.0, self.broken or InterruptedError("its pool was shut down")
                again = _fail(scheduler, task, error, worker, retry_in)
                if again and self.cancels_retries:
                    with suppress(UnknownTaskError):  # it has run and been evicted meanwhile
                        scheduler.cancel(task.id)
                return None
        except (InvalidTransitionError, UnknownTaskError) as stale:
            _log(logging.WARNING, task, worker, "ended before: its end comes too late: %s", stale)
        except BaseException:
            late = partial(self.end, attempt, worker, result, error=error, counts=counts)
            self.unrecorded.append(late)
            raise
        else:
            if log.isEnabledFor(logging.DEBUG):
                _log(logging.DEBUG, task, worker, how)
        return following

    def record_late(self) -> None:
        """Record the ends that could not be, if what kept them from it (a clock, a disk) is over.
        Idempotent. O(their number)."""
        with suppress(Exception):  # the pool has told of it, and the task stays RUNNING
            while self.unrecorded:
                self.unrecorded.pop()()


def _nobody(*_: object) -> None:
    """Who is told while a runner belongs to no pool."""


def _fail(
    scheduler: Scheduler,
    task: Task,
    error: BaseException | str,
    worker: str,
    retry_in: float | None = None,
) -> bool:
    """Hand a failure to the scheduler. True if the task is PENDING again."""
    trace = None if isinstance(error, str) else error
    try:
        text = as_error(error)
    except BaseException:
        error = text = f"{class_name(error)}, whose text cannot be made"
    try:
        again = scheduler.fail(task, error, retry_in)
    except BaseException as broken:  # the hand-out is over, or the policy raised: the user's code
        if scheduler.ledger.is_to_blame(broken):
            raise  # to end the task for good now would be to take an attempt from it
        text = f"{text}; and its retry policy raised {class_name(broken)}"
        again = scheduler.fail(task, text, final=True)
    how = "failed, and will run again: %s" if again else "failed for good: %s"
    _log(
        logging.INFO if again else logging.ERROR,
        task,
        worker,
        how,
        text,
        trace=None if again else trace,
    )
    return again


def _log(
    level: int,
    task: Task,
    worker: str,
    message: str,
    *values: object,
    trace: BaseException | None = None,
) -> None:
    """Log what has become of a task."""
    extra = {"task_id": task.id, "attempt": task.attempts, "worker": worker}
    log_safely(
        level, f"task %d %r {message}", task.id, task.name, *values, trace=trace, extra=extra
    )


def runner_of(
    executor: object, scheduler: Scheduler, workers: int, run: Callable[[Task], Any] | None
) -> Runner:
    """How the workers run what they take. What few need is imported here, when it is. O(1)."""
    if executor == "thread":
        return Runner(scheduler, run)
    if executor == "process":
        from sched.processes import Processes

        return Processes(scheduler, run)
    if executor == "async":
        from sched.coroutines import Coroutines

        return Coroutines(scheduler, run, workers)
    if isinstance(executor, Executor):
        from sched.elsewhere import Elsewhere

        return Elsewhere(scheduler, run, executor)
    error = ValueError if isinstance(executor, str) else TypeError
    raise error(
        'executor must be "thread", "process", "async" or an Executor of concurrent.futures, '
        f"got {shown(executor)}"
    )
