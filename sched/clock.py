"""Clocks: where a scheduler's "now" comes from.

A scheduler never calls time.time() itself. It asks its clock, so that a notebook or a test can
hand it one whose time moves only when told, and so that a wall clock set back does no harm.

Reading a clock takes no lock, so that a signal handler may add a task. The locks here are
reentrant, and guard moves in which nothing is called: a handler finds them done or not begun.
"""

import threading
import time
from collections.abc import Callable
from math import inf
from numbers import Real
from typing import Any, Protocol, runtime_checkable

from sched import forks
from sched.arguments import YEAR_10000, as_plain, as_seconds, as_timestamp, shown


@runtime_checkable
class Clock(Protocol):
    """Anything with ``now()``, in seconds since the epoch, that does not run backwards.

    A scheduler reads its clock while it holds its lock, because the order of tasks depends on it:
    a clock's ``now()`` must not call the scheduler. What it raises, or returns in place of a finite
    number, is an error of the call that reads it, which changes nothing then.
    """

    def now(self) -> float:
        """Return the time in seconds since the epoch. O(1)."""
        ...


def as_clock(value: object) -> Clock:
    """Something whose now() gives epoch seconds; None stands for a SystemClock. O(1)."""
    if value is None:
        return SystemClock()
    if isinstance(value, type) or not isinstance(value, Clock):
        raise TypeError(f"clock must have a method now(), got {shown(value)}")
    _as_reading(value.now(), "clock.now()")
    return value


def checked(clock: Clock) -> Clock:
    """One whose readings are times: the clock itself, or, where it is of the user's own making, one
    that reads it and looks at what comes. O(1).

    A text, a nan or an infinity among the times of tasks would break the order of all of them."""
    return clock if type(clock) in (SystemClock, VirtualClock) else CheckedClock(clock)


class CheckedClock:
    """A clock of the user's own, which may return anything at any reading."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Return the time in seconds since the epoch. O(1). Raises what the clock raises, and
        TypeError or ValueError, naming what it returned, if that is no time."""
        return _as_reading(self._clock.now(), "clock.now()")


def _as_reading(value: Any, what: str) -> float:
    """A time that the user's own code has told."""
    if isinstance(value, float) and abs(value) < YEAR_10000:  # nearly always
        return value
    if type(value) is bool or not isinstance(value, Real):
        raise TypeError(f"{what} must be epoch seconds, got {shown(value)}")
    number: Any = value
    if not abs(number) < YEAR_10000:
        hint = ": in what unit?" if abs(number) < inf else ""
        raise ValueError(f"{what} must be epoch seconds, got {shown(value)}{hint}")
    return float(number)


def _checked(function: object, argument: str) -> Callable[[], float]:
    read = as_plain(function, argument)
    return lambda: _as_reading(read(), f"{argument}()")


class SystemClock:
    """The machine's wall clock, made safe against being set back.

    It never runs backwards and adopts forward jumps. A reading is the monotonic clock plus an
    offset that only grows: where the wall clock is found ahead of the two, by that much. After the
    wall clock is set back an hour, a delay of 3 s still takes 3 s.

    wall, monotonic: functions without arguments that return seconds (a float).
    look_every: seconds between two looks at the wall clock, which cost as much as a reading; 0 for
    one at each reading.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        look_every: float = 0.01,
    ) -> None:
        self._given = wall, monotonic
        self._wall = _checked(wall, "wall")
        # Read for each task: the machine's own needs no check.
        own = monotonic is time.monotonic
        self._monotonic = time.monotonic if own else _checked(monotonic, "monotonic")
        self._look_every = as_seconds(look_every, "look_every")
        self._lock = threading.RLock()
        self._offset: float = -inf
        self._next_look: float = -inf
        self._look(self._monotonic())
        forks.note(self)

    def now(self) -> float:
        """Return the time in seconds since the epoch, never less than before. O(1)."""
        monotonic = self._monotonic  # called as a method, it would be looked for in the class
        elapsed = monotonic()
        if elapsed >= self._next_look:
            self._look(elapsed)
        return elapsed + self._offset

    def _look(self, elapsed: float) -> None:
        """Adopt what the wall clock is ahead by."""
        offset = self._wall() - elapsed
        with self._lock:
            if offset > self._offset:  # another thread may have adopted a later jump meanwhile
                self._offset = offset
            self._next_look = elapsed + self._look_every

    def renew_after_fork(self) -> None:
        """Make the lock anew, in a forked child. O(1)."""
        self._lock = threading.RLock()

    def __reduce__(self) -> Any:
        """A copy looks at the clocks of the machine that it is on. O(1)."""
        return type(self), (*self._given, self._look_every)

    def __repr__(self) -> str:
        return f"<SystemClock: {self.now():.3f}>"


class VirtualClock:
    """A clock that moves only when told, and only forwards: notebooks and tests never sleep.

    start: its first reading, seconds since the epoch.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._time = as_timestamp(start, "start")
        self._lock = threading.RLock()
        forks.note(self)

    def now(self) -> float:
        """Return the time in seconds since the epoch. O(1)."""
        return self._time

    def advance(self, seconds: float) -> None:
        """Move forwards by a finite number of seconds, 0 or more; else ValueError. O(1)."""
        seconds = as_seconds(seconds, "seconds")
        with self._lock:
            there = self._time + seconds
            if there == inf:
                raise ValueError(f"seconds must lead to a finite time, got {shown(seconds)}")
            self._time = there

    def advance_to(self, t: float) -> None:
        """Move forwards to ``t``, seconds since the epoch; ValueError if that is behind. O(1)."""
        t = as_timestamp(t, "t")
        with self._lock:
            if t < self._time:
                raise ValueError(f"t must not be before the clock's {self._time!r}, got {shown(t)}")
            self._time = t

    def renew_after_fork(self) -> None:
        """Make the lock anew, in a forked child. O(1)."""
        self._lock = threading.RLock()

    def __reduce__(self) -> Any:
        """A copy shows the same time, and moves by itself from then on. O(1)."""
        return type(self), (self._time,)

    def __repr__(self) -> str:
        return f"<VirtualClock: {self._time!r}>"
