"""Execution: call the action of a task, here and now.

In a thread a timeout is cooperative, and so is being cancelled: Python cannot stop a thread from
outside. The action may ask how long it has left (``time_left``) and whether it is wanted
(``current_task().cancelled``), and give up; one that comes back too late has failed, its result is
dropped, and its retry policy decides. It fails when it comes back, not when its time is up: to
run it again while it still runs would be two workers at one task. Until then it keeps its worker.

What a call of an ``async`` function returns is run to its end, on an event loop. What a generator
function returns would not run at all: it is refused, as is a coroutine that one has not awaited.
"""

import logging
import math
import threading
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from time import monotonic
from types import AsyncGeneratorType, CoroutineType
from typing import Any

from sched.arguments import NEVER_RUN, shown
from sched.attempts import Attempt
from sched.entry import details_of
from sched.task import Task

log = logging.getLogger("sched.workers")


class _Here(threading.local):
    """What the thread that asks is working on."""

    task: Task | None = None
    deadline: float = math.inf


_here = _Here()

# The same of a coroutine: many share one thread.
on_loop: ContextVar[tuple[Task, float] | None] = ContextVar("sched_on_loop", default=None)


def current_task() -> Task | None:
    """The task whose action is running in this thread or coroutine, None outside of one. O(1)."""
    if _here.task is None and (here := on_loop.get()) is not None:
        return here[0]
    return _here.task


def time_left() -> float:
    """Seconds until the running task's timeout: 0 when it is over, infinite without one. O(1).

    An action that may take long asks now and then, and raises TimeoutError at 0.
    """
    deadline = _here.deadline
    if _here.task is None and (here := on_loop.get()) is not None:
        deadline = here[1]
    return max(0.0, deadline - monotonic())


# Runs a coroutine to its end: called with it, the context it is to have, and the attempt.
OnCoroutine = Callable[[Coroutine[Any, Any, Any], Context | None, Attempt | None], Any]


def alone(
    coroutine: Coroutine[Any, Any, Any], context: Context | None, _attempt: Attempt | None
) -> Any:
    """Run a coroutine in this thread, on a loop of its own, within the time that is left. O(1)
    beside it."""
    import asyncio  # here: few need it, and it takes a while

    async def in_time() -> Any:
        async with asyncio.timeout(None if _here.deadline == math.inf else time_left()):
            return await coroutine

    with asyncio.Runner() as runner:
        return runner.run(in_time(), context=context)


def perform(
    task: Task,
    run: Callable[[Task], Any] | None,
    on_coroutine: OnCoroutine = alone,
    attempt: Attempt | None = None,
) -> Any:
    """Call the task's action, or run(task) if it has none, here and now, and return its result.

    on_coroutine: what is called with a coroutine that it returns, and with the attempt.

    Raises what that raises, and TimeoutError if it comes back too late. O(1) beside the action.
    """
    details = details_of(task.entry)
    call: Callable[..., Any] | None = details.action
    args: tuple[Any, ...] = details.args
    if call is None:
        if run is None:
            raise TypeError(_no_action(task))
        call, args = run, (task,)
    timeout, start, context = details.timeout, 0.0, details.context
    _here.task = task
    if timeout is not None:
        start = monotonic()
        _here.deadline = start + timeout
    try:
        if context is None:
            result = call(*args, **details.kwargs)
        else:
            context = context.copy()  # each attempt begins with what was there when it was added
            result = context.run(call, *args, **details.kwargs)
        if issubclass(type(result), NEVER_RUN):  # what it says of itself may be user code
            if issubclass(type(result), CoroutineType):
                result = on_coroutine(result, context, attempt)
            require_run(result)
        if timeout is not None and monotonic() - start > timeout:
            raise TimeoutError
        return result
    except TimeoutError as error:
        if timeout is None or (took := monotonic() - start) <= timeout or error.args:
            raise  # the action's own
        raise TimeoutError(timed_out(took, timeout)) from None
    finally:
        _here.task, _here.deadline = None, math.inf


def timed_out(took: float, timeout: float) -> str:
    """What is said of an attempt that took too long. O(1)."""
    return f"timed out after {took:.3f} s, its timeout is {timeout:g} s"


def log_safely(
    level: int,
    message: str,
    *values: object,
    trace: BaseException | None = None,
    extra: dict[str, object] | None = None,
) -> None:
    """Log; log less, or nothing, if the application's plug-ins raise. O(1)."""
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


def require_run(result: Any) -> None:
    """Raise TypeError if an action, or its coroutine, returned what would not run. O(1)."""
    kind = type(result)
    if issubclass(kind, NEVER_RUN):
        what, hint = "generator", "give a plain function"
        if issubclass(kind, CoroutineType):
            what, hint = "coroutine", "is an await missing?"
        if not issubclass(kind, AsyncGeneratorType):
            result.close()
        raise TypeError(f"the action returned a {what}, of which not one line has run: {hint}")
