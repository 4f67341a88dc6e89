"""What may be passed to a scheduler, and the error for what may not.

Every check happens before anything is changed, and every error names the argument and the value.
A wrong kind of thing is a TypeError, a wrong value of the right kind a ValueError. Values are
shown shortened, and an error is raised even for one that cannot be shown.
"""

import math
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Mapping
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from numbers import Integral, Rational, Real
from operator import index
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from sched.entry import Details
from sched.task import Priority, Task

if TYPE_CHECKING:
    from sched.retry import RetryPolicy

SMALLEST, LARGEST = -(2**63), 2**63 - 1  # what a signed 64-bit column of a database holds
NOTHING: tuple[Any, ...] = ()
# What a call of an async or a generator function returns, and the flags of their code.
NEVER_RUN = (CoroutineType, GeneratorType, AsyncGeneratorType)
RUNS_LATER = 0x20 | 0x80 | 0x200  # inspect's CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
YEAR_10000 = 253402300800.0  # epoch seconds; what lies beyond was meant in another unit


def shown(value: object) -> str:
    """The value for an error message, shortened where it is long. Never raises. O(1)."""
    from reprlib import Repr  # here: few programs need it

    short = Repr()
    short.maxstring = short.maxother = 120
    try:
        return short.repr(value)
    except Exception:  # an int of more digits than Python prints, say
        return f"<{class_name(value)} that cannot be shown>"


def class_name(value: object) -> str:
    """The name of its class, even where a metaclass hides it. O(1)."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name


def _as_float(value: object) -> float | None:
    """The float that a real number stands for (NumPy's scalars included), or None."""
    if type(value) is float:  # nearly always
        return value
    number: Any = value
    if isinstance(value, Integral):
        number = _as_int(value)
    elif isinstance(value, Rational) or not isinstance(value, Real):  # a Fraction, a Decimal
        number = None
    try:
        return None if number is None else float(number)
    except OverflowError:
        return math.inf


def _as_int(value: object) -> int | None:
    """The int that an integer stands for (NumPy's included), or None. No bool is one."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        return None
    try:
        return index(value)
    except TypeError:  # NumPy's timedelta64, which would count nanoseconds as seconds
        return None


def as_priority(value: object) -> int | float:
    """An int of 64 bits or a finite float; NumPy scalars are converted."""
    if type(value) is float and -math.inf < value < math.inf:  # the usual kind that comes here
        return value
    number = _as_float(value)
    if number is None:
        raise TypeError(f"priority must be an int or a finite float, got {shown(value)}")
    if isinstance(value, Priority):
        return value
    if isinstance(value, Integral):
        if not SMALLEST <= int(value) <= LARGEST:
            raise ValueError(f"priority must fit in 64 bits, got {shown(value)}")
        return int(value)
    if not math.isfinite(number):
        raise ValueError(f"priority must be a finite number, got {shown(value)}")
    return number


def as_name(value: object) -> str:
    """A non-empty string; a Task stands for its name."""
    return value.name if isinstance(value, Task) else as_text(value, "task_name", "a str or a Task")


def as_text(value: object, argument: str, kind: str) -> str:
    """A non-empty string. A member of a str Enum stands for the text that it holds."""
    if not isinstance(value, str):
        raise TypeError(f"{argument} must be {kind}, got {shown(value)}")
    text = str.__str__(value)
    if not text:
        raise ValueError(f"{argument} must not be empty, got {shown(value)}")
    return text


def as_seconds(value: object, argument: str, *, positive: bool = False) -> float:
    """A finite number of seconds, at least 0; above 0 if ``positive``."""
    number = _as_float(value)
    if number is not None and 0 <= number < math.inf and not (positive and number == 0):
        return number
    error = TypeError if number is None else ValueError
    bound = "> 0" if positive else ">= 0"
    hint = ": give its .total_seconds()" if isinstance(value, timedelta) else ""
    raise error(f"{argument} must be a finite number of seconds {bound}, got {shown(value)}{hint}")


def as_timestamp(value: object, argument: str) -> float:
    """Seconds since the epoch, before the year 10,000, from a number or an aware datetime."""
    number = _as_float(value)
    if isinstance(value, datetime):
        try:
            aware = value.utcoffset() is not None
            number = float(value.timestamp()) if aware else None
        except Exception:  # a pandas.NaT is a datetime, of a kind; a time zone is user code
            aware = True
        if not aware:
            raise ValueError(
                f"{argument} must be an aware datetime, got {shown(value)}: "
                "give its .astimezone(), which takes it for local time"
            )
    if number is not None and -YEAR_10000 < number < YEAR_10000:
        return number
    error = TypeError if number is None else ValueError
    hint = ""
    if number is not None and YEAR_10000 <= number < math.inf:
        hint = ": after the year 9999; are these milliseconds?"
    raise error(f"{argument} must be epoch seconds or an aware datetime, got {shown(value)}{hint}")


def as_number(value: object, argument: str, *, at_least: float) -> float:
    """A finite number, not below ``at_least``."""
    number = _as_float(value)
    if number is not None and at_least <= number < math.inf:
        return number
    error = TypeError if number is None else ValueError
    raise error(f"{argument} must be a finite number >= {at_least}, got {shown(value)}")


def as_count(value: object, argument: str, *, at_least: int, at_most: int | None = None) -> int:
    """An int, not below ``at_least``, and not above ``at_most``."""
    number = _as_int(value)
    if number is None:
        raise TypeError(f"{argument} must be an int, got {shown(value)}")
    if number < at_least:
        raise ValueError(f"{argument} must be at least {at_least}, got {shown(value)}")
    if at_most is not None and number > at_most:
        raise ValueError(f"{argument} must be at most {at_most}, got {shown(value)}")
    return number


def as_limit(value: object, argument: str) -> int | None:
    """An int of at least 1, or None for no limit."""
    return None if value is None else as_count(value, argument, at_least=1)


def as_flag(value: object, argument: str) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, bool):
        raise TypeError(f"{argument} must be True or False, got {shown(value)}")
    return value


def as_callable(value: object, argument: str) -> Callable[..., Any]:
    """Something that can be called."""
    if not callable(value):
        raise TypeError(f"{argument} must be callable, got {shown(value)}")
    return value


def as_plain(value: object, argument: str) -> Callable[..., Any]:
    """Something that does its work when it is called: no async and no generator function. O(1)."""
    function = as_callable(value, argument)
    called: Any = function
    while isinstance(called, partial):
        called = called.func
    called = getattr(called, "__func__", called)  # of a method
    code = getattr(called, "__code__", getattr(type(called).__call__, "__code__", None))
    if code is not None and code.co_flags & RUNS_LATER:
        raise TypeError(
            f"{argument} must be a plain function, got {shown(value)}: calling one that is async, "
            "or a generator function, runs not one line of it"
        )
    return function


def require_plain(value: object, argument: str) -> None:
    """Raise TypeError if what a function has returned is work that is still to be done. O(1)."""
    if issubclass(type(value), NEVER_RUN):  # what it says of itself may be user code
        if not isinstance(value, AsyncGeneratorType):  # which has nothing to close either
            cast(Any, value).close()
        raise TypeError(
            f"{argument} must be a plain function, got one that returned a {class_name(value)}, "
            "of which not one line has run"
        )


def as_action(value: object) -> Callable[..., Any]:
    """What a worker calls."""
    if not callable(value) and isinstance(value, (Coroutine, Generator, AsyncGenerator)):
        raise TypeError(
            f"action must be callable, got {shown(value)}: give the function itself, action=f, not "
            "what it returns, action=f()"
        )
    return as_callable(value, "action")


def as_args(value: object) -> tuple[Any, ...]:
    """The positional arguments of an action."""
    if not isinstance(value, tuple | list):
        raise TypeError(f"args must be a tuple or list of arguments, got {shown(value)}")
    return tuple(value)


def as_kwargs(value: object) -> dict[str, Any]:
    """The keyword arguments of an action, copied."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"kwargs must be a dict with names as keys, got {shown(value)}")
    return dict(value)


def as_retry(value: object) -> "RetryPolicy | None":
    """Something with the two questions that a scheduler asks when a task has failed, or None."""
    if value is None:
        return None
    if isinstance(value, type) or not (hasattr(value, "allows") and hasattr(value, "pause")):
        raise TypeError(f"retry must be a RetryPolicy, got {shown(value)}")
    return cast("RetryPolicy", value)


def as_key(value: object) -> str | None:
    """A non-empty string, or None."""
    return None if value is None else as_text(value, "key", "a str or None")


def as_task(value: object) -> Task:
    """What get_next_task returned."""
    if not isinstance(value, Task):
        raise TypeError(f"task must be a Task from get_next_task(), got {shown(value)}")
    return value


def as_task_id(value: object) -> int:
    """What add_task returned."""
    if isinstance(value, Task):
        raise TypeError(f"task_id must be an int, got a Task: give its id, {value.id}")
    number = _as_int(value)
    if number is None:
        raise TypeError(f"task_id must be an int, got {shown(value)}")
    return number


def as_error(value: object) -> str:
    """The text of an error: of an exception, its class and message."""
    if isinstance(value, str):
        return str.__str__(value)
    if not isinstance(value, BaseException):
        raise TypeError(f"error must be a str or an exception, got {shown(value)}")
    try:
        message = str.__str__(str(value))  # which may be of a class of the user's own
    except Exception:  # its __str__ is the user's code
        message = "its message cannot be shown"
    return f"{class_name(value)}: {message}" if message else class_name(value)


def as_pause(task: Task, error: str | BaseException, retry_in: object, final: bool) -> float | None:
    """Seconds until a task that has failed runs again, as it is told and its policy says; None if
    it does not."""
    seconds = None if retry_in is None else as_seconds(retry_in, "retry_in")
    policy = task.retry
    if as_flag(final, "final"):
        return None
    if policy is None:
        return seconds
    allowed = policy.allows(task.attempts, error)
    require_plain(allowed, "retry.allows")
    if not allowed:
        return None
    return as_seconds(policy.pause(task.attempts), "retry.pause()") if seconds is None else seconds


def as_time(delay: object, run_at: object) -> tuple[float | None, float | None]:
    """At most one of delay and run_at, in seconds."""
    if delay is not None and run_at is not None:
        raise ValueError(
            f"give delay or run_at, not both: got delay={shown(delay)}, run_at={shown(run_at)}"
        )
    return (
        None if delay is None else as_seconds(delay, "delay"),
        None if run_at is None else as_timestamp(run_at, "run_at"),
    )


def as_details(
    priority: int | float,
    name: str,
    action: object,
    args: object,
    kwargs: object,
    timeout: object,
    retry: object,
    key: object,
) -> Details:
    """All that a task has beyond a name."""
    checked_args, checked_kwargs = as_args(args), as_kwargs(kwargs)
    if action is None and (args is not NOTHING or kwargs is not None):
        given = "kwargs" if args is NOTHING else "args"
        raise TypeError(
            f"{given} must come with an action, got {given}="
            f"{shown(kwargs if args is NOTHING else args)} and action=None: "
            "give the function itself, action=f, not what it returns, action=f()"
        )
    return Details(
        name,
        priority,
        None if action is None else as_action(action),
        checked_args,
        checked_kwargs,
        None if timeout is None else as_seconds(timeout, "timeout", positive=True),
        as_retry(retry),
        as_key(key),
        context=None if action is None else copy_context() or None,
    )


Plain: TypeAlias = tuple[int, str]
Row: TypeAlias = tuple[int | float, str | Details, float | None, float | None]


def as_rows(rows: object) -> list[Plain | Row]:
    """All rows of add_tasks, checked before any is added: priority, name or Details, and, unless
    neither is given, delay and run_at.
    """
    if not isinstance(rows, Iterable):
        raise TypeError(f"rows must be an iterable of tasks, got {shown(rows)}")
    checked: list[Plain | Row] = []
    for number, row in enumerate(rows):
        if type(row) is tuple and len(row) == 2:  # the usual row, a million times
            priority, name = row
            usual = type(priority) is int and SMALLEST <= priority <= LARGEST
            if usual and type(name) is str and name:
                checked.append(row)
                continue
        checked.append(_as_row(number, row))
    return checked


def _as_row(number: int, row: object) -> Row:
    """One row of add_tasks: its priority, name or Details, delay and run_at."""
    try:
        if isinstance(row, Mapping):
            return _row(**row)
        if isinstance(row, (tuple, list)) and 2 <= len(row) <= 3:
            return _row(*row)
        raise TypeError(f"must be (priority, task_name[, delay]) or a dict, got {shown(row)}")
    except (TypeError, ValueError) as error:
        message = str(error).replace("_row()", "a task")
        # Of the two kinds, not of its own class, which may want other arguments.
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"row {number}: {message}") from error


def _row(
    priority: object,
    task_name: object,
    delay: object = None,
    *,
    run_at: object = None,
    action: object = None,
    args: object = NOTHING,
    kwargs: object = None,
    timeout: object = None,
    retry: object = None,
    key: object = None,
) -> Row:
    number, name = as_priority(priority), as_name(task_name)
    payload: str | Details = name
    if not (action is kwargs is timeout is retry is key is None and args is NOTHING):
        payload = as_details(number, name, action, args, kwargs, timeout, retry, key)
    return number, payload, *as_time(delay, run_at)
