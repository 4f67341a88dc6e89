"""Recurring tasks: every so many seconds, or at the moments that a line of cron names.

The one idea: a series is one task at a time. Each occurrence is an ordinary task with the series'
key, which only one unfinished task can have; when it has ended, whichever way, a subscriber adds
the next one, at the first moment of the schedule that is still to come. From that follows:

- Nothing drifts: moments are computed from the schedule, not from when the last run ended.
- What was missed, while the machine slept or no worker was free, is made up for by one run.
- A run that takes longer than the interval does not pile up: moments that pass meanwhile are
  left out.
- Exceptions, timeouts and dead letters do not end a series, and neither does cancelling one
  occurrence. A retried one is the same occurrence: the next comes when it has succeeded or failed
  for good.

In a file, the occurrence that is pending outlives the process; the schedule is code, and does not.
A program that calls ``every`` or ``cron`` again when it starts, with the same key, goes on with
what is there: an occurrence whose time has passed meanwhile runs once, and none is there twice.

    one run of a series     an add and an end, and O(1) beside
    a moment of cron        O(fields), tens of microseconds; milliseconds for rare dates
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from sched import arguments
from sched.arguments import NOTHING, YEAR_10000, as_seconds, as_timestamp, shown
from sched.base import Scheduler
from sched.clock import checked
from sched.entry import Details
from sched.schedules import CronLine, Interval, Schedule
from sched.series import Recurring, calendar_of

if TYPE_CHECKING:
    from sched.retry import RetryPolicy


def every(
    scheduler: Scheduler,
    seconds: float,
    *,
    priority: int | float,
    task_name: str,
    start: Any = None,
    key: str | None = None,
    action: Callable[..., Any] | None = None,
    args: tuple[Any, ...] | list[Any] = NOTHING,
    kwargs: Mapping[str, Any] | None = None,
    timeout: float | None = None,
    retry: "RetryPolicy | None" = None,
) -> Recurring:
    """Add a task again and again, every so many seconds, until the handle's ``stop()``::

        every(s, 60, priority=3, task_name="tidy up", action=tidy_up)

    scheduler: any; in an SQLiteScheduler the action is a registered one, as always there.
    seconds: from one moment to the next, above 0, whatever the clocks of a time zone do; not from
    the end of one run to the next.
    start: the first moment, epoch seconds or an aware datetime; in ``seconds`` from now if None.
    One in the past sets the rhythm alone: with ``start=0`` and 3600 it runs at each full hour.
    key: what the series is known by, "recurring: " and its name if None. A series of this key in
    this scheduler is replaced: a pending task of this key becomes the first occurrence, at its own
    time if that is not later than the first moment.
    All other arguments are those of ``add_task``.

    Raises TypeError or ValueError for a bad argument, QueueFullError where there is no room; then
    nothing is changed. Costs what an ``add_task`` does.
    """
    _require_scheduler(scheduler)
    seconds, now = as_seconds(seconds, "seconds", positive=True), checked(scheduler.clock).now()
    first = now + seconds if start is None else as_timestamp(start, "start")
    schedule = Interval(seconds, first, fixed=start is not None)
    if first < now:
        first = schedule.after(now)
    if first >= YEAR_10000:
        raise ValueError(f"seconds must end before the year 10000, got {shown(seconds)}")
    details = _details(priority, task_name, action, args, kwargs, timeout, retry, key)
    return _begin(scheduler, schedule, first, details)


def cron(
    scheduler: Scheduler,
    line: str,
    tz: str | tzinfo = "UTC",
    *,
    priority: int | float,
    task_name: str,
    key: str | None = None,
    action: Callable[..., Any] | None = None,
    args: tuple[Any, ...] | list[Any] = NOTHING,
    kwargs: Mapping[str, Any] | None = None,
    timeout: float | None = None,
    retry: "RetryPolicy | None" = None,
) -> Recurring:
    """Add a task at each moment that a line of cron names, until the handle's ``stop()``::

        cron(s, "30 2 * * mon-fri", "Europe/Berlin", priority=3, task_name="back up", action=f)

    line: minute, hour, day of the month, month, day of the week, as in crontab(5), and ``L`` for
    the last day of a month. For seconds there is ``every``.
    tz: the time zone whose clocks it is about: a name such as "Europe/Berlin", or a tzinfo.
    All other arguments are those of ``every``; what is said there of keys and errors holds here.

    The two odd hours of a year are as in Debian's cron. Where clocks go forward, what was to run
    in the hour that is left out runs right after it; where they go back, a time that comes twice is
    taken once. A line whose minute or hour begins with a star is about intervals, not times: it
    runs as often as the hours that pass have it.

    Needs the package cronsim (the extra ``cron``). Raises as ``every`` does, and ImportError.
    """
    _require_scheduler(scheduler)
    schedule = CronLine(line, tz)
    details = _details(priority, task_name, action, args, kwargs, timeout, retry, key)
    return _begin(scheduler, schedule, schedule.after(checked(scheduler.clock).now()), details)


def _require_scheduler(scheduler: object) -> None:
    if not isinstance(scheduler, Scheduler):
        raise TypeError(f"scheduler must be a Scheduler, got {shown(scheduler)}")


def _details(
    priority: object,
    task_name: object,
    action: object,
    args: object,
    kwargs: object,
    timeout: object,
    retry: object,
    key: object,
) -> Details:
    """What each occurrence has, checked."""
    number, name = arguments.as_priority(priority), arguments.as_name(task_name)
    key = arguments.as_key(key) or f"recurring: {name}"
    return arguments.as_details(number, name, action, args, kwargs, timeout, retry, key)


def _begin(scheduler: Scheduler, schedule: Schedule, first: float, details: Details) -> Recurring:
    series = Recurring(calendar_of(scheduler), schedule, details)
    series.begin(first)
    return series
