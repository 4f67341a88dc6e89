"""What may be passed to a scheduler, and the error for what may not.

Every check happens before anything is changed, and every error names the argument and the value.
A wrong kind of thing is a TypeError, a wrong value of the right kind a ValueError.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from numbers import Integral, Rational, Real
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from sched.task import Details, Priority, Task

if TYPE_CHECKING:
    from sched.retry import RetryPolicy

SMALLEST, LARGEST = -(2**63), 2**63 - 1  # what a signed 64-bit column of a database holds


def _as_float(value: object) -> float | None:
    """The float that a real number stands for (NumPy's scalars included), or None."""
    if type(value) is float:  # nearly always
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    if isinstance(value, Rational) and not isinstance(value, Integral):
        return None  # a Fraction
    try:
        return float(value)
    except OverflowError:
        return math.inf


def as_priority(value: object) -> int | float:
    """An int of 64 bits or a finite float; NumPy scalars are converted."""
    number = _as_float(value)
    if number is None:
        raise TypeError(f"priority must be an int or a finite float, got {value!r}")
    if isinstance(value, Priority):
        return value
    if isinstance(value, Integral):
        if not SMALLEST <= int(value) <= LARGEST:
            raise ValueError(f"priority must fit in 64 bits, got {value!r}")
        return int(value)
    if not math.isfinite(number):
        raise ValueError(f"priority must be a finite number, got {value!r}")
    return number


def as_name(value: object) -> str:
    """A text that is not empty; a Task stands for its name."""
    if isinstance(value, Task):
        return value.name
    if not isinstance(value, str):
        raise TypeError(f"task_name must be a str or a Task, got {value!r}")
    if not value:
        raise ValueError(f"task_name must not be empty, got {value!r}")
    return str(value)


def as_seconds(value: object, argument: str, *, positive: bool = False) -> float:
    """A finite number of seconds, at least 0; above 0 if ``positive``."""
    number = _as_float(value)
    if number is not None and 0 <= number < math.inf and not (positive and number == 0):
        return number
    error = TypeError if number is None else ValueError
    bound = "> 0" if positive else ">= 0"
    raise error(f"{argument} must be a finite number of seconds {bound}, got {value!r}")


def as_timestamp(value: object, argument: str) -> float:
    """Seconds since the epoch, from a finite number or an aware datetime."""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError(f"{argument} must be an aware datetime (with a tzinfo), got {value!r}")
        return value.timestamp()
    number = _as_float(value)
    if number is not None and math.isfinite(number):
        return number
    error = TypeError if number is None else ValueError
    raise error(f"{argument} must be epoch seconds or an aware datetime, got {value!r}")


def as_number(value: object, argument: str, *, at_least: float) -> float:
    """A finite number, not below ``at_least``."""
    number = _as_float(value)
    if number is not None and at_least <= number < math.inf:
        return number
    error = TypeError if number is None else ValueError
    raise error(f"{argument} must be a finite number >= {at_least}, got {value!r}")


def as_count(value: object, argument: str, *, at_least: int) -> int:
    """An int, not below ``at_least``."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{argument} must be an int, got {value!r}")
    if int(value) < at_least:
        raise ValueError(f"{argument} must be at least {at_least}, got {value!r}")
    return int(value)


def as_action(value: object) -> Callable[..., Any] | None:
    """Something that can be called, or None."""
    if value is not None and not callable(value):
        raise TypeError(f"action must be callable, got {value!r}")
    return value


def as_args(value: object) -> tuple[Any, ...]:
    """The positional arguments of an action."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"args must be a tuple or list of arguments, got {value!r}")
    return tuple(value)


def as_kwargs(value: object) -> dict[str, Any]:
    """The keyword arguments of an action, copied."""
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"kwargs must be a dict with names as keys, got {value!r}")
    return dict(value)


def as_retry(value: object) -> "RetryPolicy | None":
    """Something with the two questions that a scheduler asks when a task has failed, or None."""
    if value is not None and not (hasattr(value, "allows") and hasattr(value, "pause")):
        raise TypeError(f"retry must be a RetryPolicy, got {value!r}")
    return cast("RetryPolicy | None", value)


def as_key(value: object) -> str | None:
    """A text that is not empty, or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"key must be a str or None, got {value!r}")
    if not value:
        raise ValueError(f"key must not be empty, got {value!r}")
    return str(value)


def as_task(value: object) -> Task:
    """What get_next_task returned."""
    if not isinstance(value, Task):
        raise TypeError(f"task must be a Task from get_next_task(), got {value!r}")
    return value


def as_error(value: object) -> str:
    """The text of an error: of an exception, its class and message."""
    if isinstance(value, BaseException):
        message = str(value)
        return f"{type(value).__name__}: {message}" if message else type(value).__name__
    if not isinstance(value, str):
        raise TypeError(f"error must be a str or an exception, got {value!r}")
    return value


def as_time(delay: object, run_at: object) -> tuple[float | None, float | None]:
    """At most one of delay and run_at, in seconds."""
    if delay is not None and run_at is not None:
        raise ValueError(f"give delay or run_at, not both: got delay={delay!r}, run_at={run_at!r}")
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
    return Details(
        name,
        priority,
        as_action(action),
        as_args(args),
        as_kwargs(kwargs),
        None if timeout is None else as_seconds(timeout, "timeout", positive=True),
        as_retry(retry),
        as_key(key),
    )


Plain: TypeAlias = tuple[int, str]
Row: TypeAlias = tuple[int | float, str | Details, float | None, float | None]


def as_rows(rows: object) -> list[Plain | Row]:
    """All rows of add_tasks, checked before any is added: priority, name or Details, and, unless
    neither is given, delay and run_at.
    """
    if not isinstance(rows, Iterable):
        raise TypeError(f"rows must be an iterable of tasks, got {rows!r}")
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
        raise TypeError(f"must be (priority, task_name[, delay]) or a dict, got {row!r}")
    except (TypeError, ValueError) as error:
        message = str(error).replace("_row()", "a task")
        raise type(error)(f"row {number}: {message}") from None


def _row(
    priority: object,
    task_name: object,
    delay: object = None,
    *,
    run_at: object = None,
    action: object = None,
    args: object = (),
    kwargs: object = None,
    timeout: object = None,
    retry: object = None,
    key: object = None,
) -> Row:
    number, name = as_priority(priority), as_name(task_name)
    payload: str | Details = name
    if not (action is kwargs is timeout is retry is key is None and args == ()):
        payload = as_details(number, name, action, args, kwargs, timeout, retry, key)
    return number, payload, *as_time(delay, run_at)
