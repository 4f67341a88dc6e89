"""One attempt at a task: call its action, and end its hand-out whatever happens.

Two things must hold, or tasks are lost one by one and nobody sees it. Every hand-out ends, be it
in a result, in an exception of any kind (SystemExit and KeyboardInterrupt are only what a task
happened to raise), or in a retry policy that raises itself. And nothing that a task does reaches
the worker that runs it.

A timeout is cooperative: Python cannot stop a thread from outside. The action may ask how long it
has left (``time_left``) and give up; one that comes back too late has failed, its result is
dropped, and its retry policy decides. It fails when it comes back, not when its time is up: to
run it again while it still runs would be two workers at one task. Until then it keeps its worker.
"""

import logging
import math
import threading
from collections.abc import Callable
from copy import copy
from time import monotonic
from typing import Any

from sched.arguments import as_error
from sched.base import Scheduler
from sched.task import Details, InvalidTransitionError, Task, UnknownTaskError

log = logging.getLogger("sched.workers")


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


def attempt(
    scheduler: Scheduler, task: Task, run: Callable[[Task], Any] | None, worker: str
) -> bool:
    """Call the task's action, or run(task) if it has none, and end the hand-out.

    Returns True if the task is PENDING again, for another attempt. Raises nothing that comes from
    the task. O(1) beside the action, and what ``complete`` or ``fail`` costs.
    """
    call, args, kwargs = task.action, task.args, task.kwargs
    if call is None:
        if run is None:
            return _fail(scheduler, task, _no_action(task), worker)
        call, args, kwargs = run, (task,), {}
    if verbose := log.isEnabledFor(logging.DEBUG):
        log.debug("task %d %r starts", task.id, task.name, extra=_extra(task, worker))
    timeout, start = task.timeout, monotonic()
    _here.task = task
    _here.deadline = math.inf if timeout is None else start + timeout
    try:
        result = call(*args, **kwargs)
        if timeout is not None and (took := monotonic() - start) > timeout:
            raise TimeoutError(f"timed out after {took:.3f} s, its timeout is {timeout:g} s")
    except BaseException as error:
        return _fail(scheduler, task, error, worker)
    finally:
        _here.task, _here.deadline = None, math.inf
    try:
        scheduler.complete(task, result)
    except (InvalidTransitionError, UnknownTaskError) as stale:
        _log_stale(task, "result", stale, worker)
    else:
        if verbose:
            log.debug("task %d %r is done", task.id, task.name, extra=_extra(task, worker))
    return False


def _fail(scheduler: Scheduler, task: Task, error: str | BaseException, worker: str) -> bool:
    """Hand a failure to the scheduler. True if the task is PENDING again."""
    trace = None if isinstance(error, str) else error
    try:
        text = as_error(error)
    except BaseException:
        error = text = f"{type(error).__name__}, whose text cannot be made"
    try:
        again = scheduler.fail(task, error)
    except (InvalidTransitionError, UnknownTaskError) as stale:
        _log_stale(task, "failure", stale, worker)
        return False
    except BaseException as broken:  # a retry policy is the user's code, too
        text = f"{text}; and its retry policy raised {type(broken).__name__}"
        again = scheduler.fail(_without_policy(task), text)
    log.log(
        logging.INFO if again else logging.ERROR,
        "task %d %r failed %s: %s",
        task.id,
        task.name,
        "and will run again" if again else "for good",
        text,
        exc_info=None if again else trace,
        extra=_extra(task, worker),
    )
    return again


def _log_stale(task: Task, what: str, reason: Exception, worker: str) -> None:
    message = "the %s of task %d %r comes too late: %s"
    log.warning(message, what, task.id, task.name, reason, extra=_extra(task, worker))


def _no_action(task: Task) -> str:
    return f"task {task.id} ({task.name!r}) has no action, and no run= was given for such tasks"


def _extra(task: Task, worker: str) -> dict[str, object]:
    return {"task_id": task.id, "attempt": task.attempts, "worker": worker}


def _without_policy(task: Task) -> Task:
    """The same hand-out of a task that has no retry policy."""
    rank, run_at, task_id, payload, added_at = task._entry
    if isinstance(payload, Details):
        payload = payload._replace(retry=None)
    twin = copy(task)
    twin._entry = (rank, run_at, task_id, payload, added_at)
    return twin
