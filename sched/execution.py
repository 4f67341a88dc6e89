"""One attempt at a task: call its action, and end its hand-out whatever happens.

Two things must hold, or tasks are lost one by one and nobody sees it. Every hand-out ends, be it
in a result, in an exception of any kind (SystemExit and KeyboardInterrupt are only what a task
happened to raise), or in a retry policy that raises itself. And nothing that a task does reaches
the worker that runs it, nor does anything that is plugged into logging.

In a thread a timeout is cooperative, and so is being cancelled: Python cannot stop a thread from
outside. The action may ask how long it has left (``time_left``) and whether it is wanted
(``current_task().cancelled``), and give up; one that comes back too late has failed, its result is
dropped, and its retry policy decides. It fails when it comes back, not when its time is up: to
run it again while it still runs would be two workers at one task. Until then it keeps its worker.
"""

import logging
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from sched.arguments import as_error, class_name, shown
from sched.attempts import Attempt, Attempts
from sched.base import Scheduler
from sched.entry import details_of
from sched.task import InvalidTransitionError, Task, UnknownTaskError

log = logging.getLogger("sched.workers")

NEVER_RUN = (CoroutineType, GeneratorType, AsyncGeneratorType)


class _Here(threading.local):
    """What the thread that asks is working on."""

    task: Task | None = None
    deadline: float = math.inf


_here = _Here()


def current_task() -> Task | None:
    """The task whose action is running in this thread, None outside of one. O(1)."""
    return _here.task


def time_left() -> float:
    """Seconds until the running task's timeout: 0 when it is over, infinite without one. O(1).

    An action that may take long asks now and then, and raises TimeoutError at 0.
    """
    return max(0.0, _here.deadline - monotonic())


def perform(task: Task, run: Callable[[Task], Any] | None) -> Any:
    """Call the task's action, or run(task) if it has none, here and now, and return its result.

    Raises what that raises, and TimeoutError if it comes back too late. O(1) beside the action.
    """
    details = details_of(task.entry)
    call: Callable[..., Any] | None = details.action
    args: tuple[Any, ...] = details.args
    if call is None:
        if run is None:
            raise TypeError(_no_action(task))
        call, args = run, (task,)
    timeout, start = details.timeout, 0.0
    _here.task = task
    if timeout is not None:
        start = monotonic()
        _here.deadline = start + timeout
    try:
        result = call(*args, **details.kwargs)
        if timeout is not None and (took := monotonic() - start) > timeout:
            raise TimeoutError(f"timed out after {took:.3f} s, its timeout is {timeout:g} s")
        if issubclass(type(result), NEVER_RUN):  # what it says of itself may be user code
            raise TypeError(_never_runs(result))
        return result
    finally:
        _here.task, _here.deadline = None, math.inf


class Runner:
    """How the workers of a pool run what they have taken: here, in the worker's own thread.

    run: called with each task that has no action.

    A subclass says where else an action runs (``perform``). The rest holds wherever that is.
    """

    def __init__(self, scheduler: Scheduler, run: Callable[[Task], Any] | None) -> None:
        self.scheduler, self.run = scheduler, run
        self.attempts = Attempts()
        self.cancels_retries = False  # whether a task that would run again is cancelled instead
        self.broken: BaseException | None = None  # why nothing can run any more

    def attempt(self, task: Task, worker: str) -> None:
        """Run a task that was handed out, and end the hand-out.

        Raises nothing that comes from the task. O(1) beside the action, and what ``complete`` or
        ``fail`` costs.
        """
        if log.isEnabledFor(logging.DEBUG):
            _log(logging.DEBUG, task, worker, "starts")
        attempt = self.attempts.begin(task)
        try:
            result = self.perform(attempt)
        except BaseException as error:
            self.end(attempt, worker, error=error)
        else:
            self.end(attempt, worker, result)

    def perform(self, attempt: Attempt) -> Any:
        """The result of the action. Raises what it raises."""
        return perform(attempt.task, self.run)

    def leave(self) -> None:
        """The worker that calls this ends. O(1)."""

    def end(
        self,
        attempt: Attempt,
        worker: str,
        result: Any = None,
        error: BaseException | None = None,
    ) -> None:
        """End the hand-out."""
        scheduler, task = self.scheduler, attempt.task
        how = "succeeded"
        try:
            if not self.attempts.end(attempt):
                how = "was cancelled"
                scheduler.abort(task)
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
                return
        except (InvalidTransitionError, UnknownTaskError) as stale:
            _log(
                logging.WARNING, task, worker, "ended before: its result comes too late: %s", stale
            )
        else:
            if log.isEnabledFor(logging.DEBUG):
                _log(logging.DEBUG, task, worker, how)


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
        try:
            text = f"{text}; and its retry policy raised {class_name(broken)}"
            again = scheduler.fail(task, text, final=True)
        except (InvalidTransitionError, UnknownTaskError) as stale:
            _log(
                logging.WARNING, task, worker, "ended before: its failure comes too late: %s", stale
            )
            return False
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
    """Log what has become of a task; log less, or nothing, if the application's plug-ins raise."""
    message, values = f"task %d %r {message}", (task.id, task.name, *values)
    extra = {"task_id": task.id, "attempt": task.attempts, "worker": worker}
    try:
        log.log(level, message, *values, exc_info=trace, extra=extra)
    except BaseException:  # a filter, a record factory with a field of one of these names
        try:
            log.log(level, message, *values)
        except BaseException:
            pass


def _no_action(task: Task) -> str:
    return (
        f"task {task.id} ({shown(task.name)}) has no action, and no run= was given for such tasks "
        "(action=f is the function; action=f() is what it returned, None perhaps)"
    )


def _never_runs(result: Any) -> str:
    """Close what an async or a generator function returned, and say so."""
    kind = {CoroutineType: "coroutine", GeneratorType: "generator"}.get(type(result), "generator")
    if not isinstance(result, AsyncGeneratorType):
        result.close()
    return f"the action returned a {kind}, of which not one line has run: give a plain function"
