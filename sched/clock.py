"""Clocks: where a scheduler's "now" comes from.

A scheduler never calls time.time() itself. It asks its clock, so that a notebook or a test can
hand it one whose time moves only when told, and so that a wall clock set back does no harm.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from sched.arguments import as_seconds, as_timestamp


@runtime_checkable
class Clock(Protocol):
    """Anything with ``now()``, in seconds since the epoch, that does not run backwards.

    A scheduler reads its clock while it holds its lock, because the order of tasks depends on it:
    a clock's ``now()`` must not call the scheduler.
    """

    def now(self) -> float:
        """Return the time in seconds since the epoch. O(1)."""
        ...


class SystemClock:
    """The machine's wall clock, made safe against being set back.

    It never runs backwards and adopts forward jumps: each reading is the larger of the wall clock
    and of the last reading adopted from it plus the monotonic seconds gone by since. After the
    wall clock is set back an hour, a delay of 3 s still takes 3 s.

    wall, monotonic: functions without arguments that return seconds (a float).
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._anchor = (wall(), monotonic())  # a reading of the wall, and when it was taken

    def now(self) -> float:
        """Return the time in seconds since the epoch, never less than before. O(1)."""
        wall, elapsed = self._wall(), self._monotonic()
        start, since = self._anchor
        steady = start + (elapsed - since)
        if wall <= steady:
            return steady
        with self._lock:  # another thread may have adopted a later jump meanwhile
            start, since = self._anchor
            steady = start + (elapsed - since)
            if wall > steady:
                self._anchor = (wall, elapsed)
                return wall
            return steady

    def __repr__(self) -> str:
        return f"<SystemClock: {self.now():.3f}>"


class VirtualClock:
    """A clock that moves only when told, and only forwards: notebooks and tests never sleep.

    start: its first reading, seconds since the epoch.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._time = as_timestamp(start, "start")
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time in seconds since the epoch. O(1)."""
        return self._time

    def advance(self, seconds: float) -> None:
        """Move forwards by a finite number of seconds, 0 or more; else ValueError. O(1)."""
        seconds = as_seconds(seconds, "seconds")
        with self._lock:
            self._time += seconds

    def advance_to(self, t: float) -> None:
        """Move forwards to ``t``, seconds since the epoch; ValueError if that is behind. O(1)."""
        t = as_timestamp(t, "t")
        with self._lock:
            if t < self._time:
                raise ValueError(f"t must not be before the clock's {self._time!r}, got {t!r}")
            self._time = t

    def __repr__(self) -> str:
        return f"<VirtualClock: {self._time!r}>"
