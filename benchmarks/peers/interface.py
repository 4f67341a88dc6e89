"""Peer: what a queue must be able to do to take part.

A method is called once for many tasks and timed as a whole. So each holds its own loop, with no
call between the loop and what it times, and what a loop needs is looked up before it starts.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from time import time
from typing import Any, ClassVar

from benchmarks.subjects import LARGEST

# The workloads, by the names that tables and plots give them.
TEN_LEVELS = "10 levels"
DISTINCT = "all distinct"
DELAYED = "all delayed"
STEADY = "steady state"
STEADY_DISTINCT = "steady, distinct"
DEADLINES = "steady, deadlines"  # for ``figures`` alone
CANCELLED = "half cancelled"
BULK = "bulk"
WORKLOADS = (TEN_LEVELS, DISTINCT, DELAYED, STEADY, STEADY_DISTINCT, CANCELLED, BULK)
STEADY_STATES = (STEADY, STEADY_DISTINCT, DEADLINES)

# Beyond it a workload would take minutes and show nothing new.
LARGEST_IN = {CANCELLED: 2**18}

Row = tuple[Any, str]  # key and name: the smallest key goes first, the first added among equals
NO_CANCEL = "cannot cancel"
NO_BULK = "adds one by one only"


class Peer(ABC):
    """One empty queue.

    package: what must be installed for it. note: what a reader must know to compare it.
    leaves_out: workloads that it cannot do, and why. largest: the largest n that it is asked for,
    in workloads by name and, under "", in all others: a slow one would take the others' time.
    takes_all: it hands out all that is due at once, and nothing less.
    """

    package: ClassVar[str | None] = None
    note: ClassVar[str] = ""
    leaves_out: ClassVar[dict[str, str]] = {}
    largest: ClassVar[dict[str, int]] = {}
    takes_all: ClassVar[bool] = False

    def __init__(self, wall: Callable[[], float] = time) -> None:
        """wall: the clock, for those that read one; it jumps when all delays are to be over."""
        self.wall = wall
        self.open()

    @abstractmethod
    def open(self) -> None:
        """Make the empty queue."""

    @classmethod
    def largest_in(cls, workload: str) -> int:
        """The largest n that it is asked for in a workload."""
        return cls.largest.get(workload, cls.largest.get("", 16 * LARGEST))

    @abstractmethod
    def add(self, rows: Sequence[Row]) -> None:
        """Add the rows one by one."""

    @abstractmethod
    def take(self, number: int) -> list[Any]:
        """Take so many out, one by one, skipping what is cancelled."""

    def add_delayed(self, rows: Sequence[Row]) -> None:
        """Add rows whose keys are delays, in seconds. To most peers a due time is a key."""
        self.add(rows)

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        """For each row add it, then take one."""
        raise NotImplementedError

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        """Add the rows one by one. Returns for each what ``cancel`` wants to know."""
        raise NotImplementedError

    def cancel(self, handles: Sequence[Any]) -> None:
        """Cancel these, one by one."""
        raise NotImplementedError

    def load(self, rows: Sequence[Row]) -> None:
        """Add all rows to the empty queue at once, as fast as it can."""
        self.add(rows)

    def settle(self) -> None:  # noqa: B027  # most have nothing to do
        """Do what an add has put off, so that it can be weighed."""

    def finish(self, taken: Sequence[Any]) -> None:  # noqa: B027  # most have nothing to do
        """Say that what was taken is done, if the peer wants to know."""

    def name_of(self, item: Any) -> str:
        """The name of what ``take`` returned."""
        name: str = item[-1]
        return name
