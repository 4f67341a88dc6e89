"""Schedules: the moments at which something recurring happens, in epoch seconds."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from math import inf, nextafter
from typing import Protocol

from sched import arguments
from sched.arguments import shown

FIELDS = 5  # of a line of cron


class Schedule(Protocol):
    """The moments at which something is to happen, in epoch seconds."""

    def after(self, t: float) -> float:
        """The first moment after this one."""
        ...

    def keeps(self, moment: float, first: float) -> bool:
        """Whether an occurrence planned by an earlier series may stay where it is."""
        ...


class Interval:
    """start, start + seconds, start + 2 * seconds, ...: multiplied, so that no error adds up.

    fixed: whether the start was given, or is where it happened to be begun.
    """

    def __init__(self, seconds: float, start: float, *, fixed: bool) -> None:
        self._seconds, self._start, self._fixed = seconds, start, fixed

    def after(self, t: float) -> float:
        if t < self._start:
            return self._start
        n = (t - self._start) // self._seconds  # may be one off, for rounding
        moments = (self._start + k * self._seconds for k in (n, n + 1, n + 2))
        return next((m for m in moments if t < m < inf), nextafter(t, inf))

    def keeps(self, moment: float, first: float) -> bool:
        """Where no start was given, the rhythm of the earlier series goes on."""
        if self._fixed or moment > first:
            return moment == first
        self._start = moment
        return True

    def __str__(self) -> str:
        return f"every {self._seconds:g} s"


class CronLine:
    """A line of cron in a time zone."""

    def __init__(self, line: str, tz: str | tzinfo) -> None:
        try:
            from cronsim import CronSim, CronSimError
        except ImportError as error:
            error.msg += ": cron() needs it, pip install 'priority-sched[cron]'"
            raise
        self._line = arguments.as_text(line, "line", "a str, a line of cron")
        # A sixth would be the seconds: the last field for some versions, the first for others.
        if len(line.split()) != FIELDS:
            raise ValueError(f"line must have the five fields of cron, got {shown(line)}")
        self._tz, self._moments_from = _as_zone(tz), CronSim
        try:
            self.after(0.0)
        except CronSimError as error:
            raise ValueError(f"line must be a line of cron, got {shown(line)}: {error}") from None

    def after(self, t: float) -> float:
        # From the hour that comes twice it may go back to the first of the two: hence the "if".
        moments: Iterable[datetime] = self._moments_from(
            self._line, datetime.fromtimestamp(t, self._tz)
        )
        for moment in moments:
            if (seconds := moment.timestamp()) > t:
                return seconds
        raise ValueError(f"line must name a date that comes, got {shown(self._line)}")

    def keeps(self, moment: float, first: float) -> bool:
        return moment == first

    def __str__(self) -> str:
        return f"cron {shown(self._line)} {self._tz}"


def _as_zone(tz: object) -> tzinfo:
    """The time zone of a name, or the tzinfo that is given."""
    if isinstance(tz, tzinfo):
        if hasattr(tz, "localize"):  # pytz: its zones have the wrong offset unless asked its way
            raise ValueError(f"tz must be a zoneinfo.ZoneInfo or a name, got pytz's: {shown(tz)}")
        return tz
    name = arguments.as_text(tz, "tz", "the name of a time zone or a tzinfo")
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except Exception:  # of many kinds: KeyError, ValueError, OSError where it is a folder
        raise ValueError(
            f"tz must be a time zone that is known here, such as 'Europe/Berlin', got {shown(name)}"
        ) from None
