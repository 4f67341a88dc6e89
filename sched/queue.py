"""Queue: the ready tasks of a scheduler, and the one question asked of them: which is next?

A queue holds entries and compares them, smallest first. That is all it knows: nothing of times,
ids, statuses or locks, so that you can write one, count its comparisons, or draw it step by step.
An entry is whatever compares with ``<``; a scheduler's entries are tuples that begin with
(priority, run_at, id).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, TypeAlias

Entry: TypeAlias = Any  # compared, and otherwise left alone


class Queue(ABC):
    """A priority queue. ``pop`` and ``peek`` raise IndexError when it is empty.

    costly_pop: a pop takes as long as a load; what would be popped only to be thrown away is then
    better cleared beforehand.
    """

    costly_pop = False

    @abstractmethod
    def push(self, entry: Entry) -> None:
        """Put one entry in."""

    @abstractmethod
    def pop(self) -> Entry:
        """Take the smallest entry out."""

    @abstractmethod
    def peek(self) -> Entry:
        """Return the smallest entry and leave it in."""

    def pushpop(self, entry: Entry) -> Entry:
        """Put one entry in and take the smallest out, be it the same: never empty."""
        self.push(entry)
        return self.pop()

    def extend(self, entries: list[Entry]) -> None:
        """Put a batch in, in any order. The list may be the queue's own from now on."""
        for entry in entries:
            self.push(entry)

    @abstractmethod
    def load(self, entries: list[Entry]) -> None:
        """Replace everything by these entries, in any order. The list is the queue's own now."""

    @abstractmethod
    def __len__(self) -> int:
        """How many entries there are."""

    @abstractmethod
    def __iter__(self) -> Iterator[Entry]:
        """All entries, ascending."""

    @abstractmethod
    def check(self) -> None:
        """Raise AssertionError if the queue's own invariant does not hold."""
